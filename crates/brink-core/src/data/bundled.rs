//! The start of the default preset that comes with the program: initial weights and noisy labels, so that the
//! default shows the same run on every machine and in every version.

use super::error::DataError;
use candle_core::{Device, Tensor};
use std::collections::HashMap;

/// `assets/digits-noise.safetensors`: the parameters of a 64-32-32-10 MLP under their PyTorch names (f32), and
/// `labels` (u8, `[500]`).
static FILE: &[u8] = include_bytes!("../../assets/digits-noise.safetensors");

/// Probability with which a label of [`Start::labels`] was replaced.
pub const LABEL_NOISE: f64 = 0.3;

/// Number of bundled labels.
pub const LABELS: usize = 500;

/// Initial weights and labels that belong together.
#[derive(Debug)]
pub struct Start {
    /// Parameters of a 64-32-32-10 MLP under their PyTorch names.
    pub weights: HashMap<String, Tensor>,
    /// Labels of the first 500 digits, 30% of them replaced by random ones.
    pub labels: Vec<u8>,
}

/// Reads the bundled start.
///
/// # Errors
/// When the asset is damaged.
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
