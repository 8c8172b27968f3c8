//! The steps at which eigenvalues of gradient descent first crossed 2/η.

use crate::run::record::history::History;
use crate::run::record::series::Series;
use std::fmt;

/// The steps at which the 1st, 2nd, … eigenvalue of gradient descent first exceeded 2/η, and at which the central flow
/// first had 1, 2, … critical ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Milestones {
    /// Of gradient descent, in the order of the eigenvalues.
    pub crossings: Vec<usize>,
    /// Of the central flow's Σ, in the order of the rank.
    pub ranks: Vec<usize>,
}

impl Milestones {
    /// Determines them from the history of a run.
    pub fn of(history: &History) -> Self {
        let mut found = Self::default();
        for row in 0..history.rows() {
            let Some(eta) = history.value(Series::Eta, row) else { continue };
            while found.crossings.len() < history.max_tracked()
                && history
                    .value(Series::GdLambda(found.crossings.len()), row)
                    .is_some_and(|lambda| lambda * eta > 2.0)
            {
                found.crossings.push(row);
            }
            let rank = history.rank(row).max(found.ranks.len());
            found.ranks.resize(rank, row);
        }
        found
    }
}

impl fmt::Display for Milestones {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |steps: &[usize]| match steps {
            [step] => format!("step {step}"),
            _ => format!("steps {}", steps.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
        };
        if self.crossings.is_empty() {
            write!(f, "no eigenvalue of gradient descent exceeded 2/η")?;
        } else {
            let at = at(&self.crossings);
            write!(f, "gradient descent's eigenvalues, the largest first, exceeded 2/η at {at}")?;
        }
        if !self.ranks.is_empty() {
            write!(f, "; Σ first had rank 1, 2, … at {}", at(&self.ranks))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use brink_core::dynamics::{CentralFlowRecord, ProcessRecord, StepRecord};

    #[test]
    fn an_eigenvalue_of_sigma_that_is_rounding_is_no_rank() {
        let mut history = History::new(3);
        for (step, sigma) in [vec![], vec![2e-4, 3e-25], vec![2e-4, 1e-5, 1e-26]].into_iter().enumerate() {
            let sigma_trace = sigma.iter().sum();
            history.push(&StepRecord {
                step,
                eta: 0.5,
                central_flow: Some(CentralFlowRecord { sigma, sigma_trace, ..CentralFlowRecord::default() }),
                ..StepRecord::default()
            });
        }
        assert_eq!(Milestones::of(&history).ranks, [1, 2]);
        assert_eq!([0, 1, 2].map(|row| history.rank(row)), [0, 1, 2]);
    }

    #[test]
    fn crossings_come_in_the_order_of_eigenvalues() {
        let mut history = History::new(3);
        for (step, lambda) in [[3.0, 1.0], [5.0, 1.0], [3.0, 2.0], [6.0, 4.5]].into_iter().enumerate() {
            history.push(&StepRecord {
                step,
                eta: 0.5,
                gradient_descent: Some(ProcessRecord { lambda: lambda.to_vec(), ..ProcessRecord::default() }),
                ..StepRecord::default()
            });
        }
        let found = Milestones::of(&history);
        assert_eq!((found.crossings.as_slice(), found.ranks.as_slice()), ([1, 3].as_slice(), [].as_slice()));
        assert!(found.to_string().contains("1, 3"));
    }
}
