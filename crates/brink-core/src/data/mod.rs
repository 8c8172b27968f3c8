//! Training and test data: bundled, synthetic, and imported.

pub mod bundled;
pub mod cifar;
pub mod digits;
pub mod error;
pub mod fashion;
pub mod images;
pub mod import;
mod packed;
pub mod random;
pub mod sequence;
pub mod synthetic;

pub use error::DataError;

use candle_core::Tensor;

/// Largest number of entries of a data set, and of the outputs of a network on it: 2 GiB in f64.
pub const MOST_NUMBERS: usize = 1 << 28;

/// Targets of the network, one per row.
#[derive(Clone, Debug)]
pub enum Targets {
    /// Classification: one class in `0..count` per row. The label −1 leaves a row out of the loss.
    Classes {
        /// Class of each row. Shape `[rows]`.
        labels: Vec<i64>,
        /// Number of classes and of network outputs.
        count: usize,
    },
    /// Binary classification with one output. Labels are 0 or 1.
    Binary {
        /// Class of each row. Shape `[rows]`.
        labels: Vec<i64>,
    },
    /// Regression. Shape `[n, outputs]`, f64.
    Regression(Tensor),
}

impl Targets {
    /// Number of output columns that a network needs for these targets.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Classes { count, .. } => *count,
            Self::Binary { .. } => 1,
            Self::Regression(y) => y.dims().get(1).copied().unwrap_or(1),
        }
    }
}

/// Inputs and targets.
#[derive(Clone, Debug)]
pub struct Split {
    /// Inputs. Shape `[n, …]`, f64 (converted exactly if the source is f32).
    pub x: Tensor,
    /// Targets of the same n examples.
    pub targets: Targets,
}

/// A training set and, if available, a test set.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Training split: defines the loss.
    pub train: Split,
    /// Test split: for test loss and accuracy.
    pub test: Option<Split>,
}
