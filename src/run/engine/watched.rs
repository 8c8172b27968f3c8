//! The watched examples have a network objective of their own, so that their outputs cost a forward pass of only
//! these examples.

use crate::run::record::predictions::example::{ExampleKind, Examples};
use brink_core::calculus::Real;
use brink_core::data::{Split, Targets};
use brink_core::network::Architecture;
use brink_core::objective::Objective;
use brink_core::objective::network::{LossKind, NetworkObjective, ObjectiveError};
use candle_core::{Device, Tensor};
use std::sync::Arc;

/// A network on a few examples of its training set.
pub(crate) struct Watched<T: Real> {
    loss: NetworkObjective<T>,
    examples: Arc<Examples>,
    /// The indices 0, 1, …
    all: Vec<usize>,
}

impl<T: Real> Watched<T> {
    /// The network on the training examples with these indices; each answer has `rows` rows.
    ///
    /// # Errors
    /// As for the network on the whole set.
    pub(in crate::run) fn new(
        architecture: &Architecture,
        split: &Split,
        kind: LossKind,
        rows: usize,
        indices: &[usize],
    ) -> Result<Self, ObjectiveError> {
        let unreadable = |error: candle_core::Error| ObjectiveError::Data { reason: error.to_string() };
        let loss =
            NetworkObjective::new(architecture, &part(split, rows, indices).map_err(unreadable)?, kind)?;
        let examples = Examples::read(split, kind, (rows, architecture.reads_tokens()), indices);
        Ok(Self {
            loss,
            examples: Arc::new(examples.map_err(unreadable)?),
            all: (0..indices.len()).collect(),
        })
    }

    /// The watched examples.
    pub(in crate::run) fn examples(&self) -> &Arc<Examples> {
        &self.examples
    }

    /// The outputs, or class probabilities, at the weights w. Shape `[examples · rows · columns]`.
    pub(in crate::run) fn outputs(&mut self, w: &[T]) -> Vec<f64> {
        let mut outputs = self.loss.outputs(w, &self.all).concat();
        if self.examples.kind == ExampleKind::Probabilities {
            outputs.chunks_exact_mut(self.examples.columns).for_each(probabilities);
        }
        outputs
    }
}

/// Softmax; for a single logit, the logistic function.
fn probabilities(logits: &mut [f64]) {
    if let [logit] = logits {
        *logit = 1.0 / (1.0 + (-*logit).exp());
        return;
    }
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for x in logits.iter_mut() {
        *x = (*x - largest).exp();
    }
    let sum: f64 = logits.iter().sum();
    for x in logits {
        *x /= sum;
    }
}

/// A few examples of a set.
fn part(split: &Split, rows: usize, indices: &[usize]) -> candle_core::Result<Split> {
    let select = |tensor: &Tensor, indices: &[usize]| {
        #[expect(clippy::cast_possible_truncation, reason = "places in a tensor")]
        let indices: Vec<u32> = indices.iter().map(|&i| i as u32).collect();
        let count = indices.len();
        tensor.index_select(&Tensor::from_vec(indices, count, &Device::Cpu)?, 0)
    };
    let of_rows: Vec<usize> = indices.iter().flat_map(|&i| i * rows..(i + 1) * rows).collect();
    let some = |labels: &[i64]| of_rows.iter().map(|&row| labels[row]).collect();
    Ok(Split {
        x: select(&split.x.contiguous()?, indices)?,
        targets: match &split.targets {
            Targets::Classes { labels, count } => Targets::Classes { labels: some(labels), count: *count },
            Targets::Binary { labels } => Targets::Binary { labels: some(labels) },
            Targets::Regression(y) => Targets::Regression(select(&y.contiguous()?, &of_rows)?),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::probabilities;

    #[test]
    fn probabilities_are_those_of_the_logits_however_large() {
        let of = |mut logits: Vec<f64>| {
            probabilities(&mut logits);
            logits
        };
        assert_eq!(of(vec![0.0]), [0.5]);
        assert_eq!(of(vec![-1e4]), [0.0]);
        assert_eq!(of(vec![1e4, 1e4, -1e4]), [0.5, 0.5, 0.0]);
        let found = of(vec![1.0, 2.0]);
        assert!((found[1] - 1.0 / (1.0 + (-1.0_f64).exp())).abs() < 1e-15);
        assert!(of(vec![f64::NAN, 1.0]).iter().all(|p| p.is_nan()));
    }
}
