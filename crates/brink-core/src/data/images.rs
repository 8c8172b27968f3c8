//! Labelled image sets: selection of the first images of each class, and normalization per channel.

use super::error::DataError;
use super::{Split, Targets};
use candle_core::{Device, Tensor};
use std::array::from_fn;

/// Selection of the training images of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Total number of images: the first n/classes images of each class.
    pub n: usize,
    /// Number of classes, counted from the first.
    pub classes: usize,
    /// Whether to treat two classes as a binary task with one output.
    pub binary: bool,
    /// Whether to load the test split.
    pub test: bool,
}

impl Selection {
    /// Checks the selection against a set of `most` training images in ten classes.
    pub(super) fn check(&self, most: usize) -> Result<(), DataError> {
        let Self { n, classes, binary, test: _ } = *self;
        let refuse = |key, value: usize, allowed: String| {
            Err(DataError::Setting { key, value: value.to_string(), allowed })
        };
        if !(2..=CLASSES).contains(&classes) {
            return refuse("data.classes", classes, format!("the set has 2 to {CLASSES} classes"));
        }
        if binary && classes != 2 {
            return refuse("data.classes", classes, "data.binary = true has 2 classes".into());
        }
        if n == 0 || n > most || !n.is_multiple_of(classes) {
            let allowed = format!(
                "a multiple of data.classes = {classes}, from {classes} to the set's {most} training images"
            );
            return refuse("data.n", n, allowed);
        }
        Ok(())
    }

    fn targets(&self, labels: &[u8]) -> Targets {
        let labels = labels.iter().map(|&y| i64::from(y)).collect();
        if self.binary {
            Targets::Binary { labels }
        } else {
            Targets::Classes { labels, count: self.classes }
        }
    }
}

/// Number of classes of the image sets.
pub const CLASSES: usize = 10;

/// Counts images per class, and accepts an equal number of the first images of each class.
pub(super) struct Quota {
    per_class: usize,
    taken: Vec<usize>,
}

impl Quota {
    pub(super) fn new(per_class: usize, classes: usize) -> Self {
        Self { per_class, taken: vec![0; classes] }
    }

    /// Whether the next image, of class `label`, is accepted. Accepted images are counted.
    pub(super) fn takes(&mut self, label: u8) -> bool {
        match self.taken.get_mut(usize::from(label)) {
            Some(taken) if *taken < self.per_class => {
                *taken += 1;
                true
            }
            _ => false,
        }
    }

    /// Number of accepted images of the smallest class.
    pub(super) fn fewest(&self) -> usize {
        self.taken.iter().copied().min().unwrap_or(0)
    }

    /// Whether no further image can be accepted.
    pub(super) fn is_full(&self) -> bool {
        self.fewest() == self.per_class
    }
}

/// Normalization `x = (pixel − mean_c)/std_c` for channel c, rounded to f32 and converted to f64, so that
/// both precisions use the same data.
pub(super) struct PixelScale<const CHANNELS: usize> {
    pub(super) mean: [f64; CHANNELS],
    pub(super) std: [f64; CHANNELS],
}

impl<const CHANNELS: usize> PixelScale<CHANNELS> {
    /// Converts images of bytes (channel by channel, row by row) to inputs of shape
    /// `[n, CHANNELS, side, side]`.
    pub(super) fn split(
        &self,
        pixels: &[u8],
        labels: &[u8],
        side: usize,
        selection: &Selection,
    ) -> Result<Split, DataError> {
        let value = |c: usize, v: u8| round((f64::from(v) - self.mean[c]) / self.std[c]);
        let tables: [Vec<f64>; CHANNELS] = from_fn(|c| (0..=u8::MAX).map(|v| value(c, v)).collect());
        let planes = pixels.chunks_exact(side * side).zip(tables.iter().cycle());
        let x: Vec<f64> =
            planes.flat_map(|(plane, table)| plane.iter().map(|&v| table[usize::from(v)])).collect();
        let x = Tensor::from_vec(x, (labels.len(), CHANNELS, side, side), &Device::Cpu)?;
        Ok(Split { x, targets: selection.targets(labels) })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what this does")]
pub(super) fn round(x: f64) -> f64 {
    f64::from(x as f32)
}
