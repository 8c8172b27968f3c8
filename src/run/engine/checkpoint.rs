//! The state of a run between two steps, stored so that the following steps can be repeated.

use brink_core::dynamics::State;
use serde::{Deserialize, Serialize};

/// Everything that the next step of an engine reads, in the engine's precision.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Checkpoint {
    /// State of a run with `run.precision = "f32"`.
    F32(State<f32>),
    /// State of a run with `run.precision = "f64"`.
    F64(State<f64>),
}

impl Checkpoint {
    /// The next step.
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

/// A checkpoint that an engine cannot continue from.
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
