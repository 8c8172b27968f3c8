//! The bundled starting point of the default preset: initial weights and noisy labels. They make the default
//! run identical on all machines and in all versions.

use super::error::DataError;
use candle_core::{Device, Tensor};
use std::collections::HashMap;

/// `assets/digits-noise.safetensors`: the parameters of a 64-32-32-10 MLP with PyTorch names (f32), and
/// `labels` (u8, `[500]`).
static FILE: &[u8] = include_bytes!("../../assets/digits-noise.safetensors");

/// Probability with which each label of [`Start::labels`] was replaced.
pub const LABEL_NOISE: f64 = 0.3;

/// Number of bundled labels.
pub const LABELS: usize = 500;

/// Initial weights and the corresponding labels.
#[derive(Debug)]
pub struct Start {
    /// Parameters of a 64-32-32-10 MLP with PyTorch names.
    pub weights: HashMap<String, Tensor>,
    /// Labels of the first 500 digits, each replaced with probability 0.3 by a random label. Shape `[500]`.
    pub labels: Vec<u8>,
}

/// Reads the bundled starting point.
///
/// # Errors
/// A damaged asset.
pub fn start() -> Result<Start, DataError> {
    let mut weights = candle_core::safetensors::load_buffer(FILE, &Device::Cpu)?;
    let labels = weights.remove("labels").ok_or_else(|| DataError::MissingArray {
        path: "assets/digits-noise.safetensors".into(),
        name: "labels".into(),
        has: "only weights".into(),
    })?;
    Ok(Start { weights, labels: labels.to_vec1()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;

    #[test]
    fn about_thirty_percent_of_the_bundled_labels_are_random() {
        let start = start().unwrap();
        assert_eq!(start.labels.len(), 500);
        let clean = digits::dataset(500, 10, digits::Labels::Drawn { p: 0.0, seed: 0 }).unwrap();
        let crate::data::Targets::Classes { labels, .. } = clean.train.targets else { panic!("classes") };
        let changed = labels.iter().zip(&start.labels).filter(|(a, b)| **a != i64::from(**b)).count();
        assert_eq!(changed, 117);
        assert_eq!(start.weights["1.weight"].dims(), [32, 64]);
        assert_eq!(start.weights["5.bias"].dims(), [10]);
        assert_eq!(start.weights.len(), 6);
    }
}
