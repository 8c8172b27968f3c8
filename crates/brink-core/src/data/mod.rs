//! Built-in data, synthetic data and import: what a network is trained on.

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

/// Most numbers that a data set may have, and most that a network may answer on it: 2 GiB in f64.
pub const MOST_NUMBERS: usize = 1 << 28;

/// What the network should answer, one entry a row.
#[derive(Clone, Debug)]
pub enum Targets {
    /// One class a row in `0..count`; −1 marks a row that is left out of the loss.
    Classes {
        /// The class of each row.
        labels: Vec<i64>,
        /// Number of classes, and of the network's outputs.
        count: usize,
    },
    /// Two classes and one output; labels are 0 or 1.
    Binary {
        /// The class of each row.
        labels: Vec<i64>,
    },
    /// Real targets. Shape `[n, outputs]`, f64.
    Regression(Tensor),
}

impl Targets {
    /// Columns that a network needs to answer them.
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
    /// Inputs. Shape `[n, …]`, f64 (widened exactly from f32 where that is what the data is).
    pub x: Tensor,
    /// Targets of the same n examples.
    pub targets: Targets,
}

/// A training set and, where the data has one, a test set.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// What the loss is taken over.
    pub train: Split,
    /// What test loss and accuracy are taken over.
    pub test: Option<Split>,
}
