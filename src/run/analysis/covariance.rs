//! Σ compared with the measured covariance of the oscillation, both in the basis of Σ's eigenvectors.
//!
//! Non-finite contract: displacements that are absent or not finite have no weight; an entry without any other data
//! is NaN.

use crate::run::record::history::History;
use crate::run::record::series::Series;
use brink_core::dynamics::Event;
use brink_core::dynamics::smoothing::Kernel;
use std::ops::Range;

/// Share of tr Σ below which an eigenvalue counts as zero.
const NEGLIGIBLE: f64 = 1e-9;

/// Predicted and measured covariance at one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Covariance {
    /// Eigenvalues of Σ, descending: the predicted covariance is diagonal in its own basis. Shape `[k]`.
    pub predicted: Vec<f64>,
    /// Smoothed products of displacements ⟨v_i, w_t − w(t)⟩⟨v_j, w_t − w(t)⟩, row-major. Shape `[k, k]`.
    pub measured: Vec<f64>,
}

impl Covariance {
    /// The covariance at a row, smoothed by a Gaussian of standard deviation `smoothing_steps` that extends neither
    /// across a change of η nor across a restart of the flows; 0 uses only the row itself. `None` if Σ = 0.
    pub fn at(history: &History, row: usize, smoothing_steps: f64) -> Option<Self> {
        let trace = history.value(Series::CfSigmaTrace, row)?;
        let sigma = (0..history.max_tracked()).map_while(|i| history.value(Series::CfSigma(i), row));
        let predicted: Vec<f64> = sigma.take_while(|&sigma| sigma > NEGLIGIBLE * trace).collect();
        let k = predicted.len();
        if k == 0 {
            return None;
        }
        let stretch = stretch(history, row);
        let kernel = (smoothing_steps > 0.0).then(|| Kernel::new(smoothing_steps, history.rows()));
        let product = |i: usize, j: usize| {
            let value = |row: usize| {
                let x = |i| history.value(Series::Displacement(i), row);
                Some(x(i)? * x(j)?)
            };
            match &kernel {
                Some(kernel) => kernel.average(value, row, &stretch),
                None => value(row).unwrap_or(f64::NAN),
            }
        };
        let mut measured = vec![0.0; k * k];
        for i in 0..k {
            for j in i..k {
                measured[i * k + j] = product(i, j);
                measured[j * k + i] = measured[i * k + j];
            }
        }
        Some(Self { predicted, measured })
    }

    /// Number of eigenvectors of Σ.
    pub fn rank(&self) -> usize {
        self.predicted.len()
    }

    /// The measured variance along the i-th eigenvector of Σ.
    pub fn variance(&self, i: usize) -> f64 {
        self.measured[i * self.rank() + i]
    }

    /// Deviation of the i-th eigenvalue of Σ from the measured variance, relative to the latter.
    pub fn relative_error(&self, i: usize) -> f64 {
        self.predicted[i] / self.variance(i) - 1.0
    }
}

/// The rows around a given row that share its learning rate and its anchor of the flows.
fn stretch(history: &History, row: usize) -> Range<usize> {
    let starts = history.events().iter().filter_map(|(step, event)| {
        matches!(event, Event::EtaChanged { .. } | Event::FlowsStarted).then_some(*step)
    });
    let (mut first, mut end) = (0, history.rows());
    for start in starts {
        if start <= row {
            first = start;
        } else {
            end = end.min(start);
        }
    }
    first..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use brink_core::dynamics::{CentralFlowRecord, StepRecord};

    fn history(x: impl Fn(usize) -> [f64; 2], change: usize) -> History {
        let mut history = History::new(3);
        for step in 0..400 {
            let eta = if step < change { 0.1 } else { 0.2 };
            history.push(&StepRecord {
                step,
                eta,
                central_flow: Some(CentralFlowRecord {
                    sigma: vec![4.0, 1.0, 0.0],
                    sigma_trace: 5.0,
                    ..CentralFlowRecord::default()
                }),
                displacement: x(step).to_vec(),
                events: if step == change { vec![Event::EtaChanged { eta }] } else { Vec::new() },
                ..StepRecord::default()
            });
        }
        history
    }

    fn sign(t: usize) -> f64 {
        if t.is_multiple_of(2) { 1.0 } else { -1.0 }
    }

    #[test]
    fn products_of_displacements_are_averaged() {
        // Perfectly correlated at first, then uncorrelated: the slow displacement has period 8.
        let together = history(|t| [2.0 * sign(t), sign(t)], 400);
        let found = Covariance::at(&together, 200, 20.0).unwrap();
        assert_eq!(found.rank(), 2);
        for (value, expected) in found.measured.iter().zip([4.0, 2.0, 2.0, 1.0]) {
            assert!((value - expected).abs() < 1e-12, "{found:?}");
        }
        assert!(found.relative_error(0).abs() < 1e-12 && found.relative_error(1).abs() < 1e-12);
        let apart = history(|t| [2.0 * sign(t), sign(t / 4)], 400);
        let found = Covariance::at(&apart, 200, 20.0).unwrap();
        assert!(found.measured[1].abs() < 1e-4 && (found.variance(1) - 1.0).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn nothing_is_averaged_across_a_change_of_eta() {
        let found = history(|t| if t < 200 { [1.0, 0.0] } else { [3.0, 0.0] }, 200);
        assert!((Covariance::at(&found, 199, 30.0).unwrap().variance(0) - 1.0).abs() < 1e-12);
        assert!((Covariance::at(&found, 200, 30.0).unwrap().variance(0) - 9.0).abs() < 1e-12);
        assert_eq!(Covariance::at(&found, 210, 0.0).unwrap().variance(0), 9.0);
        assert!(
            (Covariance::at(&found, 210, 30.0).unwrap().relative_error(0) - (4.0 / 9.0 - 1.0)).abs() < 1e-12
        );
    }

    #[test]
    fn without_sigma_there_is_none() {
        let mut history = History::new(2);
        history.push(&StepRecord::default());
        assert_eq!(Covariance::at(&history, 0, 5.0), None);
        assert_eq!(Covariance::at(&history, 7, 5.0), None);
    }
}
