//! Changes of η and forks, as words of a command line.

use super::course::Course;
use std::fmt;
use std::str::FromStr;

/// A learning rate that applies from a step on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EtaAt {
    /// The first step with it.
    pub step: usize,
    /// The learning rate.
    pub eta: f64,
}

/// A fork: the step at which it leaves with its learning rate, and later changes, ascending in steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch(pub(crate) Vec<EtaAt>);

/// A word of the command line that cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not STEP=VALUE with a whole step and a learning rate > 0, such as 400=0.1{more}")]
pub struct WordError {
    text: String,
    more: &'static str,
}

impl Branch {
    /// A fork that leaves at a step.
    pub fn new(step: usize, eta: f64) -> Self {
        Self(vec![EtaAt { step, eta }])
    }

    /// The first step of the fork.
    pub fn step(&self) -> usize {
        self.0[0].step
    }

    /// Applies the changes to the course that the fork has left.
    pub fn steer(&self, course: &mut Course) {
        for EtaAt { step, eta } in &self.0 {
            course.set_eta(*step, *eta);
        }
    }
}

impl fmt::Display for EtaAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.step, self.eta)
    }
}

impl FromStr for EtaAt {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let read = || {
            let (step, eta) = text.split_once('=')?;
            let eta: f64 = eta.trim().parse().ok()?;
            let step = step.trim().parse().ok()?;
            (eta.is_finite() && eta > 0.0).then_some(Self { step, eta })
        };
        read().ok_or_else(|| WordError { text: text.into(), more: "" })
    }
}

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, change) in self.0.iter().enumerate() {
            write!(f, "{}{change}", if place > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

impl FromStr for Branch {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let wrong = || WordError { text: text.into(), more: ", or several with commas, the steps ascending" };
        let changes: Result<Vec<EtaAt>, _> = text.split(',').map(str::parse).collect();
        let changes = changes.map_err(|_| wrong())?;
        if changes.is_sorted_by(|a, b| a.step < b.step) { Ok(Self(changes)) } else { Err(wrong()) }
    }
}
