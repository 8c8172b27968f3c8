//! Bundled checkpoints: the weights of the three processes in the middle of a run, so that a preset can start at an
//! interesting point.
//!
//! A file of `assets/checkpoints` is a safetensors file: `gd`, `gf` and `cf` are the weights, each `[dim]` (f32);
//! `seen` holds the values that the original run recorded at that step (f64, see [`seen`]). Eigenpairs are not
//! stored; the first step recomputes them.

use super::Engine;
use crate::preset::checkpoint::CHECKPOINTS;
use brink_core::data::DataError;
use brink_core::dynamics::{Process, StepRecord};
use candle_core::{Device, Tensor};
use std::collections::HashMap;
use std::path::Path;

/// The weights of the three processes at the start of a step, and the values recorded there.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundled {
    /// Weights of gradient descent, gradient flow and central flow. Each `[dim]`.
    pub weights: [Vec<f64>; 3],
    /// The recorded values; see [`seen`].
    pub seen: Vec<f64>,
}

const PROCESSES: [(&str, Process); 3] =
    [("gd", Process::GradientDescent), ("gf", Process::GradientFlow), ("cf", Process::CentralFlow)];

/// A checkpoint that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum BundledError {
    /// Not all three processes run at this step.
    #[error("{0} does not run at this step; a checkpoint needs all three processes")]
    Missing(&'static str),
    /// The file cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: std::path::PathBuf,
        /// The cause.
        source: candle_core::Error,
    },
}

/// The values of a record that identify its state: the losses of the three processes, the sharpness of gradient
/// descent and of the central flow, and their distance.
pub fn seen(record: &StepRecord) -> Vec<f64> {
    let descent = record.gradient_descent.as_ref();
    let central = record.central_flow.as_ref();
    [
        descent.map(|p| p.loss),
        record.gradient_flow.as_ref().map(|p| p.loss),
        central.map(|p| p.state.loss),
        descent.and_then(|p| p.lambda.first().copied()),
        central.and_then(|p| p.state.lambda.first().copied()),
        record.distance_gd_cf,
    ]
    .map(|value| value.unwrap_or(f64::NAN))
    .to_vec()
}

impl Bundled {
    /// The checkpoint of a name.
    ///
    /// # Errors
    /// If no checkpoint has this name, or the asset is damaged.
    pub fn named(name: &str) -> Result<Self, DataError> {
        let path = || format!("assets/checkpoints/{name}.safetensors").into();
        let missing =
            |array: &str| DataError::MissingArray { path: path(), name: array.into(), has: "others".into() };
        let (_, file) = CHECKPOINTS.iter().find(|(known, _)| *known == name).ok_or_else(|| missing("gd"))?;
        let arrays = candle_core::safetensors::load_buffer(file, &Device::Cpu)?;
        let array = |name: &str| -> Result<Vec<f64>, DataError> {
            let array = arrays.get(name).ok_or_else(|| missing(name))?;
            Ok(array.to_dtype(candle_core::DType::F64)?.to_vec1()?)
        };
        Ok(Self { weights: [array("gd")?, array("gf")?, array("cf")?], seen: array("seen")? })
    }

    /// Writes the state of a run before its next step; `record` is the record of that step.
    ///
    /// # Errors
    /// If a process does not run, or the file cannot be written.
    pub fn save(
        weights: &[Option<Vec<f64>>; 3],
        record: &StepRecord,
        path: &Path,
    ) -> Result<(), BundledError> {
        let failed = |source| BundledError::Write { path: path.into(), source };
        let mut arrays = HashMap::new();
        for ((name, process), weights) in PROCESSES.into_iter().zip(weights) {
            let weights = weights.as_ref().ok_or(BundledError::Missing(process.name()))?;
            #[expect(clippy::cast_possible_truncation, reason = "weights in single precision")]
            let narrow: Vec<f32> = weights.iter().map(|&w| w as f32).collect();
            arrays.insert(name.to_owned(), Tensor::new(narrow, &Device::Cpu).map_err(failed)?);
        }
        arrays.insert("seen".to_owned(), Tensor::new(seen(record), &Device::Cpu).map_err(failed)?);
        candle_core::safetensors::save(&arrays, path).map_err(failed)
    }

    /// The weights of the three processes of an engine.
    pub fn weights_of(engine: &dyn Engine) -> [Option<Vec<f64>>; 3] {
        PROCESSES.map(|(_, process)| engine.weights(process))
    }
}
