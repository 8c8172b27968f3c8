//! Summary of a run in a few numbers derived from its history: for recordings, the tour's walls and the command line.

use super::milestones::Milestones;
use crate::run::record::history::History;
use crate::run::record::series::Series;
use brink_core::dynamics::smoothing::gaussian;
use std::fmt;

/// Amount by which the two-step mean of S·η/2 must fall from a peak to count as a drop, and rise again before the
/// next peak.
const DROP: f64 = 0.02;

/// The summary of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outline {
    /// Number of recorded steps.
    pub steps: usize,
    /// The steps at which eigenvalues crossed 2/η, and at which the rank of Σ rose.
    pub milestones: Milestones,
    /// Number of times S fell by more than 2% of 2/η from a peak above 2/η; S is averaged over two steps, since it
    /// flickers.
    pub drops: usize,
    /// Median of |predicted − smoothed| / smoothed loss from the first step at the edge on.
    pub loss_error: Option<f64>,
}

impl Outline {
    /// Computes the summary; `smoothed` is gradient descent's smoothed loss at a row.
    pub fn of(history: &History, smoothed: impl Fn(usize) -> Option<f64>) -> Self {
        let milestones = Milestones::of(history);
        let loss_error = milestones.crossings.first().and_then(|&first| loss_error(history, smoothed, first));
        Self { steps: history.rows(), drops: drops(history), milestones, loss_error }
    }

    /// As [`Outline::of`], with the loss smoothed by a Gaussian whose standard deviation is given in steps.
    pub fn smoothed_by(history: &History, smoothing_steps: f64) -> Self {
        let column = |series| -> Vec<f64> {
            (0..history.rows()).map(|row| history.value(series, row).unwrap_or(f64::NAN)).collect()
        };
        let smooth = gaussian(&column(Series::GdLoss), &column(Series::Eta), smoothing_steps);
        Self::of(history, |row| smooth.get(row).copied())
    }

    /// The first step at the edge.
    pub fn edge(&self) -> Option<usize> {
        self.milestones.crossings.first().copied()
    }

    /// The number of eigenvalues of gradient descent that reached the edge.
    pub fn k(&self) -> usize {
        self.milestones.crossings.len()
    }
}

impl fmt::Display for Outline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} steps; {}", self.steps, self.milestones)?;
        if let Some(edge) = self.edge() {
            write!(f, "; S dropped {} times after step {edge}, k = {} reached", self.drops, self.k())?;
        }
        if let Some(error) = self.loss_error {
            write!(
                f,
                "; predicted against smoothed loss off by {:.2}% in the median since then",
                100.0 * error
            )?;
        }
        Ok(())
    }
}

/// The median of fewer steps would not be meaningful.
const FEW: usize = 15;

/// The median of |predicted − smoothed|/smoothed loss, from a step on.
fn loss_error(history: &History, smoothed: impl Fn(usize) -> Option<f64>, first: usize) -> Option<f64> {
    let error = |row| {
        let measured = smoothed(row)?;
        Some((history.value(Series::CfPredictedLoss, row)? - measured).abs() / measured)
    };
    let mut errors: Vec<f64> = (first..history.rows()).filter_map(error).filter(|e| e.is_finite()).collect();
    errors.sort_by(f64::total_cmp);
    errors.get(errors.len() / 2).copied().filter(|_| errors.len() >= FEW)
}

fn drops(history: &History) -> usize {
    let scaled = |row| {
        let eta = history.value(Series::Eta, row)?;
        Some(0.5 * eta * history.value(Series::GdLambda(0), row)?)
    };
    let means = (1..history.rows()).filter_map(|row| Some(0.5 * (scaled(row - 1)? + scaled(row)?)));
    // the highest value since the last drop while S rises, the lowest since then while S falls
    let (mut extreme, mut falls, mut drops) = (f64::NEG_INFINITY, false, 0);
    for mean in means.filter(|mean| mean.is_finite()) {
        if falls {
            extreme = f64::min(extreme, mean);
            if mean > extreme + DROP {
                (extreme, falls) = (mean, false);
            }
        } else {
            extreme = f64::max(extreme, mean);
            if extreme > 1.0 && mean < extreme - DROP {
                drops += 1;
                (extreme, falls) = (mean, true);
            }
        }
    }
    drops
}

#[cfg(test)]
mod tests {
    use super::*;
    use brink_core::dynamics::{CentralFlowRecord, ProcessRecord, StepRecord};

    fn history(sharpness: &[f64]) -> History {
        let mut history = History::new(1);
        for (step, &s) in sharpness.iter().enumerate() {
            let state = ProcessRecord { loss: 1.0, lambda: vec![2.0 * s], ..ProcessRecord::default() };
            history.push(&StepRecord {
                step,
                eta: 1.0,
                gradient_descent: Some(state.clone()),
                central_flow: Some(CentralFlowRecord {
                    state,
                    predicted_loss: Some(1.25),
                    ..CentralFlowRecord::default()
                }),
                ..StepRecord::default()
            });
        }
        history
    }

    #[test]
    fn drops_are_falls_from_above_the_edge_and_flicker_is_none() {
        // S flickers by a fifth at every step, both below and above the edge
        let flicker = |mean: f64| [mean + 0.1, mean - 0.1];
        let waves = [0.5, 0.9, 0.6, 1.1, 1.2, 0.9, 0.95, 1.3, 0.8, 1.01, 1.0];
        let run: Vec<f64> = waves.into_iter().flat_map(flicker).collect();
        let found = Outline::smoothed_by(&history(&run), 0.0);
        assert_eq!((found.drops, found.k(), found.edge()), (2, 1, Some(6)));
        assert_eq!(found.loss_error, Some(0.25));
        let said = found.to_string();
        assert!(said.contains("dropped 2 times after step 6") && said.contains("25.00%"), "{said}");
    }

    #[test]
    fn a_run_that_never_gets_to_the_edge_has_no_drops() {
        let found = Outline::smoothed_by(&history(&[0.3, 0.8, 0.2, 0.9]), 5.0);
        assert_eq!((found.drops, found.k(), found.loss_error), (0, 0, None));
    }
}
