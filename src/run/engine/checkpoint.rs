//! A run between two steps, kept so that the steps after it can be taken again.

use brink_core::dynamics::State;
use serde::{Deserialize, Serialize};

/// All that the next step of an engine reads, in the engine's precision.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Checkpoint {
    /// Of a run with `run.precision = "f32"`.
    F32(State<f32>),
    /// Of a run with `run.precision = "f64"`.
    F64(State<f64>),
}

impl Checkpoint {
    /// The step that comes next.
    pub fn step(&self) -> usize {
        match self {
            Self::F32(state) => state.step(),
            Self::F64(state) => state.step(),
        }
    }

    /// Bytes of its vectors.
    pub fn bytes(&self) -> usize {
        match self {
            Self::F32(state) => state.bytes(),
            Self::F64(state) => state.bytes(),
        }
    }
}

/// A checkpoint that an engine cannot go on from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the checkpoint at step {step} does not belong to this run of {dim} parameters: its precision, its number of \
     parameters or its processes are others; run the preset from step 0"
)]
pub struct RestoreError {
    /// The step of the checkpoint.
    pub step: usize,
    /// Number of parameters of the run.
    pub dim: usize,
}
