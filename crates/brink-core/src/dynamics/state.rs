//! The state of a run between two steps: everything that the next step reads, apart from the settings. It
//! serves as a checkpoint.

use super::central_flow::CentralFlow;
use super::gradient_descent::GradientDescent;
use super::gradient_flow::GradientFlow;
use super::record::Process;
use super::settings::Settings;
use crate::calculus::Real;
use crate::spectrum::Tracker;
use serde::{Deserialize, Serialize};

/// Bound on the number of steps; only a damaged file exceeds it.
const MOST_STEPS: usize = 1 << 40;

/// State of the three processes between two steps. A clone, or a state read back from a file, continues with
/// bitwise identical steps.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "T: Real")]
pub struct State<T: Real> {
    pub(super) step: usize,
    pub(super) eta: Option<f64>,
    /// Initial weights before the first step. Later they are kept only if gradient descent does not run.
    pub(super) w0: Vec<T>,
    pub(super) gradient_descent: Option<GradientDescent<T>>,
    pub(super) gradient_flow: Option<GradientFlow<T>>,
    pub(super) central_flow: Option<CentralFlow<T>>,
    pub(super) flows_started: bool,
    pub(super) restart_wanted: bool,
    pub(super) moving_average: Option<Vec<T>>,
}

impl<T: Real> State<T> {
    /// The state before step 0 at the weights `w0` of shape `[dim]`.
    pub fn new(w0: Vec<T>) -> Self {
        Self {
            step: 0,
            eta: None,
            w0,
            gradient_descent: None,
            gradient_flow: None,
            central_flow: None,
            flows_started: false,
            restart_wanted: false,
            moving_average: None,
        }
    }

    /// A state before step 0 in which all three processes have started, each at its own weights (gradient
    /// descent, gradient flow, central flow). Initially `initial` eigenpairs are tracked. Shapes `[dim]`.
    pub fn under_way([descent, flow, central]: [Vec<T>; 3], initial: usize) -> Self {
        Self {
            gradient_flow: Some(GradientFlow::new(flow, Tracker::new(initial))),
            central_flow: Some(CentralFlow::new(central, Tracker::new(initial))),
            flows_started: true,
            ..Self::new(descent)
        }
    }

    /// A state at the given step for an engine without dynamics. `w0` has shape `[dim]`.
    pub fn at(step: usize, w0: Vec<T>) -> Self {
        Self { step, ..Self::new(w0) }
    }

    /// The next step.
    pub fn step(&self) -> usize {
        self.step
    }

    /// Memory of the vectors in bytes.
    pub fn bytes(&self) -> usize {
        let own = self.w0.len() + self.moving_average.as_ref().map_or(0, Vec::len);
        own * size_of::<T>()
            + self.gradient_descent.as_ref().map_or(0, GradientDescent::bytes)
            + self.gradient_flow.as_ref().map_or(0, GradientFlow::bytes)
            + self.central_flow.as_ref().map_or(0, CentralFlow::bytes)
    }

    /// Whether a run with `dim` parameters and these settings can continue from this state. A state read from
    /// a file may be damaged or belong to another run.
    pub fn fits(&self, dim: usize, settings: &Settings) -> bool {
        let Self {
            step,
            eta,
            w0,
            gradient_descent,
            gradient_flow,
            central_flow,
            flows_started: _,
            restart_wanted: _,
            moving_average,
        } = self;
        let runs = settings.processes;
        let none_beyond_settings = (runs.gradient_descent || gradient_descent.is_none())
            && (runs.gradient_flow || gradient_flow.is_none())
            && (runs.central_flow || central_flow.is_none());
        let begun = eta.is_some() && gradient_descent.is_some();
        let start = begun || w0.len() == dim;
        start
            && none_beyond_settings
            && *step < MOST_STEPS
            && eta.is_none_or(|eta| eta.is_finite() && eta > 0.0)
            && gradient_descent.as_ref().is_none_or(|descent| descent.fits(dim))
            && gradient_flow.as_ref().is_none_or(|flow| flow.fits(dim))
            && central_flow.as_ref().is_none_or(|flow| flow.fits(dim))
            && moving_average.as_ref().is_none_or(|average| average.len() == dim)
    }

    /// The active processes (started and not stopped) and their weights.
    pub(super) fn running(&self) -> impl Iterator<Item = (Process, &[T])> {
        let descent = self.gradient_descent.as_ref().filter(|descent| !descent.diverged);
        let flow = self.gradient_flow.as_ref().filter(|flow| !flow.diverged);
        let central = self.central_flow.as_ref().filter(|flow| !flow.stopped());
        let descent = descent.map(|descent| (Process::GradientDescent, descent.w.as_slice()));
        let flow = flow.map(|flow| (Process::GradientFlow, flow.w.as_slice()));
        let central = central.map(|flow| (Process::CentralFlow, flow.w.as_slice()));
        descent.into_iter().chain(flow).chain(central)
    }

    /// Weights of a process, or its last valid weights if it has stopped. `None` before it has started. Shape
    /// `[dim]`.
    pub fn weights(&self, process: Process) -> Option<&[T]> {
        match process {
            Process::GradientDescent if self.eta.is_none() => Some(&self.w0),
            Process::GradientDescent => self.gradient_descent.as_ref().map(|descent| descent.w.as_slice()),
            Process::GradientFlow => self.gradient_flow.as_ref().map(|flow| flow.w.as_slice()),
            Process::CentralFlow => self.central_flow.as_ref().map(|flow| flow.w.as_slice()),
        }
    }
}
