//! The loss of a network on a data set.
//!
//! Non-finite contract: the contract of [`Objective`]. Data must be finite; [`NetworkObjective::new`] checks
//! this.

use candle_core::{DType, Tensor};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Objective;
use crate::calculus::evaluator::{Estimate, Evaluator};
use crate::calculus::tape::{NodeId, Tape};
use crate::calculus::{Block, Real, Stop};
use crate::data::{Split, Targets};
use crate::network::{Architecture, NetworkError};

/// The loss function. The objective is its mean over rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LossKind {
    /// Squared error. Classification: ½ Σ_classes (f − onehot(y))². Two classes with one output: ½
    /// (f − (2y − 1))². Regression: ½ Σ (f − y)².
    #[serde(rename = "mse")]
    Mse,
    /// Cross-entropy logsumexp(f) − f\[y\]. Two classes with one output: the logistic loss.
    #[serde(rename = "ce")]
    CrossEntropy,
}

/// Largest memory, in bytes, that a network and its data may use. The memory is estimated before any large
/// allocation.
pub const MOST_BYTES: usize = 8 << 30;

/// A network and a data set that cannot be combined into an objective.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ObjectiveError {
    /// The network is invalid.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// Cross-entropy was requested for a regression task.
    #[error("cross-entropy needs classes, but the targets are real numbers; use the loss \"mse\"")]
    RegressionNeedsMse,
    /// A label is not a valid class.
    #[error("row {row} has label {label}, but there are {classes} classes (0 to {}, or -1 to leave a row out)", .classes - 1)]
    Label {
        /// Index of the row.
        row: usize,
        /// Label of the row.
        label: i64,
        /// Number of classes.
        classes: usize,
    },
    /// A token is outside the vocabulary.
    #[error("sequence {row} holds {token} at position {position}, but its tokens are the integers 0 to {}: as many as \
             there are classes", .vocabulary - 1)]
    Token {
        /// Index of the sequence.
        row: usize,
        /// Position in the sequence.
        position: usize,
        /// The invalid token.
        token: f64,
        /// Vocabulary size.
        vocabulary: usize,
    },
    /// All rows are left out of the loss.
    #[error("the data has no row to learn from: {rows} rows, {masked} of them left out by the label -1")]
    NoRows {
        /// Number of rows.
        rows: usize,
        /// Number of rows left out.
        masked: usize,
    },
    /// The numbers of inputs and targets differ.
    #[error("there are {targets} targets for {rows} rows of inputs")]
    RowCount {
        /// Number of output rows of the network.
        rows: usize,
        /// Number of targets.
        targets: usize,
    },
    /// The data contains a NaN or an infinity.
    #[error("{what} holds {value} in row {row}; all data must be finite")]
    NonFinite {
        /// Name of the array: "the inputs x" or "the targets y".
        what: &'static str,
        /// Index of the row.
        row: usize,
        /// The non-finite value.
        value: f64,
    },
    /// The estimated memory exceeds [`MOST_BYTES`].
    #[error(
        "training on {} takes about {} of memory, {} of it for {part}; at most {} are allowed: fewer or smaller examples, or \
         a smaller network, take less",
        counted(*.samples), gigabytes(*.bytes), gigabytes(*.of_part), gigabytes(MOST_BYTES)
    )]
    Memory {
        /// Number of examples.
        samples: usize,
        /// Estimated memory in bytes.
        bytes: usize,
        /// Name of the largest contribution.
        part: &'static str,
        /// Size of the largest contribution in bytes.
        of_part: usize,
    },
    /// An array cannot be converted to numbers.
    #[error("the data cannot be read: {reason}")]
    Data {
        /// Error message of candle.
        reason: String,
    },
}

/// A number of examples as text.
fn counted(examples: usize) -> String {
    if examples == 1 { "1 example".into() } else { format!("{examples} examples") }
}

/// A number of bytes as text: "8.0 GiB".
fn gigabytes(bytes: usize) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}

/// The full-batch loss of a network on a training or test set, with exact derivatives up to order three.
#[derive(Debug)]
pub struct NetworkObjective<T> {
    evaluator: Evaluator<T>,
    output: NodeId,
    samples: usize,
    /// Class of each row (−1 leaves the row out of the loss). Empty for regression.
    labels: Vec<i64>,
    /// Reusable buffer.
    second_derivatives: Block<T>,
}

impl<T: Real> NetworkObjective<T> {
    /// Combines a network, a data split and a loss function.
    ///
    /// # Errors
    /// An invalid network, an estimated memory above [`MOST_BYTES`], or data that do not fit the network or
    /// the loss function.
    pub fn new(architecture: &Architecture, split: &Split, loss: LossKind) -> Result<Self, ObjectiveError> {
        let (&samples, shape) =
            split.x.dims().split_first().ok_or(ObjectiveError::NoRows { rows: 0, masked: 0 })?;
        let outputs = split.targets.outputs();
        let mut tape = Tape::new();
        let (input, output) = architecture.build(&mut tape, shape, outputs)?;
        let rows_per_sample = tape.shape(output).0;
        let rows = samples * rows_per_sample;

        let (labels, classes) = match &split.targets {
            Targets::Classes { labels, count } => (labels.as_slice(), *count),
            Targets::Binary { labels } => (labels.as_slice(), 2),
            Targets::Regression(_) => (&[][..], 0),
        };
        check_labels(labels, classes)?;
        let targets = match &split.targets {
            Targets::Regression(y) => y.dims().first().copied().unwrap_or(0),
            _ => labels.len(),
        };
        if targets != rows {
            return Err(ObjectiveError::RowCount { rows, targets });
        }
        let masked = labels.iter().filter(|&&y| y < 0).count();
        if rows == masked {
            return Err(ObjectiveError::NoRows { rows, masked });
        }
        let scale = 1.0 / (rows - masked) as f64;

        let (y, mask) = match loss {
            LossKind::Mse => {
                let (y, mask) = (tape.data(rows_per_sample, outputs), tape.data(rows_per_sample, 1));
                tape.mean_squared_error(output, y, mask, scale);
                (y, Some(mask))
            }
            LossKind::CrossEntropy => {
                let y = tape.data(rows_per_sample, 1);
                match split.targets {
                    Targets::Classes { .. } => tape.cross_entropy(output, y, scale),
                    Targets::Binary { .. } => tape.binary_cross_entropy(output, y, scale),
                    Targets::Regression(_) => return Err(ObjectiveError::RegressionNeedsMse),
                };
                (y, None)
            }
        };
        check_memory(&Evaluator::estimate(&tape, samples), samples)?;

        let x = numbers::<T>(&split.x, "the inputs x")?;
        if architecture.reads_tokens() {
            check_tokens(&x, rows_per_sample, outputs)?;
        }
        let mut data = vec![(input, x)];
        if let Some(mask) = mask {
            data.push((y, answers(&split.targets, outputs)?));
            let counts = |&y: &i64| T::of(if y < 0 { 0.0 } else { 1.0 });
            let all = vec![T::one(); rows];
            data.push((mask, if labels.is_empty() { all } else { labels.iter().map(counts).collect() }));
        } else {
            data.push((y, labels.iter().map(|&y| T::of(y as f64)).collect()));
        }
        let evaluator = Evaluator::new(tape, &data, samples).with_output(output);
        Ok(Self { evaluator, output, samples, labels: labels.to_vec(), second_derivatives: Block::default() })
    }

    /// Number of examples.
    pub fn examples(&self) -> usize {
        self.samples
    }

    /// Rows of the output of one example: the sequence length if the network has an output at every position,
    /// otherwise 1.
    pub fn rows_per_example(&self) -> usize {
        self.evaluator.tape().shape(self.output).0
    }

    /// Runs work on this loss inside the thread pool if its passes are parallel, and on the calling thread otherwise.
    /// From inside the pool, a sequence of passes wakes the pool's threads once and not once a pass.
    pub fn in_pool<R: Send>(&mut self, work: impl FnOnce(&mut Self) -> R + Send) -> R {
        if self.evaluator.is_parallel() { rayon::scope(|_| work(self)) } else { work(self) }
    }

    /// Fraction of rows classified correctly at `w` (shape `[dim]`), in [0, 1]. `None` for regression.
    ///
    /// # Panics
    /// If the length of `w` is not the number of parameters.
    pub fn accuracy(&mut self, w: &[T]) -> Option<f64> {
        if self.labels.is_empty() {
            return None;
        }
        self.evaluator.loss(w);
        let (rows, columns) = self.evaluator.tape().shape(self.output);
        let (mut right, mut counted) = (0_usize, 0_usize);
        for sample in 0..self.samples {
            let f = self.evaluator.output(sample);
            for (f, &label) in f.chunks_exact(columns).zip(&self.labels[sample * rows..(sample + 1) * rows]) {
                let Ok(label) = usize::try_from(label) else { continue };
                let answer = if columns == 1 { usize::from(f[0] > T::zero()) } else { largest(f) };
                counted += 1;
                right += usize::from(answer == label);
            }
        }
        Some(right as f64 / counted as f64)
    }
}

/// Rejects an estimated memory above [`MOST_BYTES`].
fn check_memory(estimate: &Estimate, samples: usize) -> Result<(), ObjectiveError> {
    let (bytes, (part, of_part)) = (estimate.bytes(), estimate.largest());
    if bytes > MOST_BYTES { Err(ObjectiveError::Memory { samples, bytes, part, of_part }) } else { Ok(()) }
}

fn check_labels(labels: &[i64], classes: usize) -> Result<(), ObjectiveError> {
    let wrong = labels.iter().position(|&y| y < -1 || usize::try_from(y).is_ok_and(|y| y >= classes));
    wrong.map_or(Ok(()), |row| Err(ObjectiveError::Label { row, label: labels[row], classes }))
}

fn check_tokens<T: Real>(tokens: &[T], length: usize, vocabulary: usize) -> Result<(), ObjectiveError> {
    let known =
        |token: &T| token.fract() == T::zero() && *token >= T::zero() && *token < T::of(vocabulary as f64);
    let wrong = tokens.iter().position(|token| !known(token));
    wrong.map_or(Ok(()), |i| {
        let (row, position, token) = (i / length, i % length, tokens[i].widen());
        Err(ObjectiveError::Token { row, position, token, vocabulary })
    })
}

/// All entries of a tensor, checked for finiteness and rounded to T. Rows are read in blocks to avoid a
/// second copy.
fn numbers<T: Real>(tensor: &Tensor, what: &'static str) -> Result<Vec<T>, ObjectiveError> {
    let rows = tensor.dims()[0];
    let columns = (tensor.elem_count() / rows.max(1)).max(1);
    let at_a_time = (AT_A_TIME / columns).max(1);
    let mut all = Vec::with_capacity(tensor.elem_count());
    for first in (0..rows).step_by(at_a_time) {
        let part = tensor.narrow(0, first, at_a_time.min(rows - first)).and_then(|t| t.to_dtype(DType::F64));
        let part = part.and_then(|t| t.flatten_all()).and_then(|t| t.to_vec1::<f64>());
        let part = part.map_err(|error| ObjectiveError::Data { reason: error.to_string() })?;
        if let Some(i) = part.iter().position(|x| !x.is_finite()) {
            return Err(ObjectiveError::NonFinite { what, row: first + i / columns, value: part[i] });
        }
        all.extend(part.into_iter().map(T::of));
    }
    Ok(all)
}

/// Number of entries read per block.
const AT_A_TIME: usize = 1 << 20;

/// Targets of the squared error. Shape `[rows, outputs]`; rows left out of the loss are zero.
fn answers<T: Real>(targets: &Targets, outputs: usize) -> Result<Vec<T>, ObjectiveError> {
    Ok(match targets {
        Targets::Regression(y) => numbers(y, "the targets y")?,
        Targets::Binary { labels } => labels.iter().map(|&y| T::of(2.0 * y as f64 - 1.0)).collect(),
        Targets::Classes { labels, .. } => {
            let mut y = vec![T::zero(); labels.len() * outputs];
            for (row, &label) in y.chunks_exact_mut(outputs).zip(labels) {
                if let Ok(label) = usize::try_from(label) {
                    row[label] = T::one();
                }
            }
            y
        }
    })
}

/// Index of the largest entry; the first index in case of a tie.
fn largest<T: Real>(x: &[T]) -> usize {
    (1..x.len()).fold(0, |best, i| if x[i] > x[best] { i } else { best })
}

impl<T: Real> Objective<T> for NetworkObjective<T> {
    fn dim(&self) -> usize {
        self.evaluator.dim()
    }

    fn examples(&self) -> usize {
        self.samples
    }

    fn loss(&mut self, w: &[T]) -> f64 {
        self.evaluator.loss(w)
    }

    fn gradient(&mut self, w: &[T], nabla_l: &mut [T]) -> f64 {
        self.evaluator.gradient(w, nabla_l)
    }

    fn hessian_vector_products(&mut self, w: &[T], v: &Block<T>, hv: &mut Block<T>) {
        self.evaluator.hessian_vector_products(w, v, hv);
    }

    fn third_derivatives(&mut self, w: &[T], u: &Block<T>, t: &mut Block<T>) {
        self.evaluator.third_derivatives(w, u, t);
    }

    fn hessian_vector_products_unless(
        &mut self,
        w: &[T],
        v: &Block<T>,
        hv: &mut Block<T>,
        stop: Stop<'_>,
    ) -> bool {
        self.evaluator.hessian_vector_products_unless(w, v, hv, stop)
    }

    fn third_derivatives_unless(&mut self, w: &[T], u: &Block<T>, t: &mut Block<T>, stop: Stop<'_>) -> bool {
        self.evaluator.third_derivatives_unless(w, u, t, stop)
    }

    fn third_derivatives_and_curvatures(
        &mut self,
        w: &[T],
        u: &Block<T>,
        t: &mut Block<T>,
        curvatures: &mut Vec<f64>,
    ) -> usize {
        let mut hu = std::mem::take(&mut self.second_derivatives);
        self.evaluator.second_and_third_derivatives(w, u, &mut hu, t);
        curvatures.clear();
        curvatures.extend(u.columns().zip(hu.columns()).map(|(u, hu)| super::inner_product(u, hu)));
        self.second_derivatives = hu;
        0
    }

    fn outputs(&mut self, w: &[T], examples: &[usize]) -> Vec<Vec<f64>> {
        self.evaluator.loss(w);
        let row = |&i: &usize| self.evaluator.output(i).iter().map(|x| x.widen()).collect();
        examples.iter().map(row).collect()
    }
}
