//! Gradient descent, gradient flow and central flow from one initial point (Cohen, Damian, Talwalkar, Kolter
//! and Lee, "Understanding Optimization in Deep Learning with Central Flows", ICLR 2025).
//!
//! | process | definition |
//! |---|---|
//! | gradient descent | `w_{t+1} = w_t − η ∇L(w_t)` |
//! | gradient flow | `dw/dt = −η ∇L(w)` |
//! | central flow | `dw/dt = −η [∇L(w) + ½ ∇⟨H(w), Σ(t)⟩]` |
//!
//! The dynamics access a loss only through [`crate::objective::Objective`]. They are independent of threads,
//! channels and files.
//!
//! Non-finite contract: a process whose loss or gradient becomes non-finite stops, reports the divergence and
//! returns to its last valid weights. The other processes continue. No function panics.

mod central_flow;
pub mod complementarity;
mod edge;
mod gradient_descent;
mod gradient_flow;
pub mod inspection;
pub mod record;
pub mod settings;
pub mod smoothing;
mod state;

pub use inspection::{InspectError, Inspection};
pub use record::{CentralFlowRecord, Event, Process, ProcessRecord, StepOutcome, StepRecord, rank};
pub use settings::{
    CentralFlowSettings, EigenSettings, FlowsStart, GradientFlowSettings, Processes, Settings, SettingsError,
};
pub use state::State;

use central_flow::CentralFlow;
use gradient_descent::GradientDescent;
use gradient_flow::GradientFlow;

use crate::calculus::Real;
use crate::objective::Objective;
use crate::spectrum::{Preconditioner, Tracker, distance};

/// The learning rate η and the preconditioner P = I/η.
#[derive(Clone, Debug)]
struct StepScale<T> {
    eta: f64,
    preconditioner: Preconditioner<T>,
}

impl<T> StepScale<T> {
    fn new(eta: f64) -> Self {
        Self { eta, preconditioner: Preconditioner::Uniform(1.0 / eta) }
    }

    /// Eigenvalues of H from eigenvalues of P⁻¹H.
    fn hessian_eigenvalues(&self, effective: &[f64]) -> Vec<f64> {
        effective.iter().map(|x| x / self.eta).collect()
    }
}

/// Divergence bound on the loss, given the initial loss.
fn bounded(loss: f64) -> f64 {
    1e12 * loss.abs().max(1.0)
}

/// The three processes of one run, advanced together step by step.
#[derive(Clone, Debug)]
pub struct Dynamics<T: Real> {
    settings: Settings,
    state: State<T>,
}

impl<T: Real> Dynamics<T> {
    /// A run from the weights `w0` of shape `[dim]`. The settings are not checked; see
    /// [`Settings::validate`].
    pub fn new(w0: Vec<T>, settings: Settings) -> Self {
        Self { settings, state: State::new(w0) }
    }

    /// The state that the next step reads, apart from the settings.
    pub fn state(&self) -> &State<T> {
        &self.state
    }

    /// Replaces the state by that of a run with the same settings and loss; see [`State::fits`].
    pub fn restore(&mut self, state: State<T>) {
        self.state = state;
    }

    /// The settings of the run.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The step that the next call of [`Dynamics::step`] records.
    pub fn next_step(&self) -> usize {
        self.state.step
    }

    /// Records the state at the start of step t and advances all processes to t + 1 with the learning rate
    /// `eta` > 0. The objective must have as many parameters as the initial weights, and must be the same in
    /// all steps. Failures are reported as [`Event`]s in the record.
    pub fn step(&mut self, objective: &mut dyn Objective<T>, eta: f64) -> StepRecord {
        self.step_watched(objective, eta, &mut |_, _| ())
    }

    /// A version of [`Dynamics::step`] with an observer: `watch` receives the weights (shape `[dim]`) of each
    /// active process at the start of the step.
    pub fn step_watched(
        &mut self,
        objective: &mut dyn Objective<T>,
        eta: f64,
        watch: &mut (dyn FnMut(Process, &[T]) + Send),
    ) -> StepRecord {
        let scale = StepScale::new(eta);
        let mut record = StepRecord { step: self.state.step, eta, ..StepRecord::default() };
        match self.state.eta {
            None => self.warm_start(objective, &scale),
            Some(before) if before != eta => {
                record.events.push(Event::EtaChanged { eta });
                self.state.gradient_descent.iter_mut().for_each(GradientDescent::forget_edge);
                self.state.central_flow.iter_mut().for_each(CentralFlow::eta_changed);
            }
            Some(_) => {}
        }
        self.state.eta = Some(eta);
        let tracker = self.settings.eigen.tracker();

        let mut eta_s = None;
        if let Some(descent) = self.state.gradient_descent.as_mut().filter(|descent| !descent.diverged) {
            let observed = descent.observe(objective, &scale, &tracker, &mut record.events);
            if !descent.diverged {
                record.hvps += descent.tracker.pairs().hvps;
                eta_s = descent.tracker.pairs().values.first().copied();
            }
            record.gradient_descent = Some(observed);
        }
        self.start_flows_if_due(eta_s, &mut record.events);
        record.positions = self.positions();
        self.state.running().for_each(|(process, w)| watch(process, w));

        let descent = self.state.gradient_descent.as_ref().filter(|descent| !descent.diverged);
        let from_descent = |w: &[T]| descent.map(|descent| distance(&descent.w, w));
        record.distance_gd_cf = self.state.central_flow.as_ref().and_then(|flow| from_descent(&flow.w));
        record.distance_gd_gf = self.state.gradient_flow.as_ref().and_then(|flow| from_descent(&flow.w));

        if let Some(flow) = self.state.central_flow.as_mut().filter(|flow| !flow.stopped()) {
            let (observed, displacement) = flow.step(
                objective,
                &scale,
                &self.settings.central_flow,
                &tracker,
                descent.map(|descent| descent.w.as_slice()),
                &mut record.events,
            );
            record.central_flow = Some(observed);
            record.displacement = displacement;
            record.hvps += flow.hvps();
        }
        if let Some(flow) = self.state.gradient_flow.as_mut().filter(|flow| !flow.diverged) {
            let settings = &self.settings.gradient_flow;
            record.gradient_flow = Some(flow.step(objective, &scale, settings, &tracker, &mut record.events));
            record.hvps += flow.hvps();
        }
        record.ema_loss = self.ema_loss(objective);
        if let Some(descent) = &mut self.state.gradient_descent {
            descent.advance(&scale);
        }
        self.state.step += 1;
        record
    }

    /// Restarts central flow and gradient flow at the weights of gradient descent, at the start of the next
    /// step.
    pub fn restart_flows(&mut self) {
        self.state.restart_wanted = true;
    }

    /// Whether no process can advance.
    pub fn finished(&self) -> bool {
        let Processes { gradient_descent: _, gradient_flow, central_flow } = self.settings.processes;
        if self.state.eta.is_none() {
            return false;
        }
        let descends = self.state.gradient_descent.as_ref().is_some_and(|descent| !descent.diverged);
        let flows = (gradient_flow && self.state.gradient_flow.as_ref().is_some_and(|flow| !flow.diverged))
            || (central_flow && self.state.central_flow.as_ref().is_some_and(|flow| !flow.stopped()));
        !(descends || flows)
    }

    /// Weights of a process at the start of the next step, or its last valid weights if it has stopped.
    /// `None` before the process has started and before a warm start. Shape `[dim]`.
    pub fn weights(&self, process: Process) -> Option<&[T]> {
        let observed = self.settings.processes.gradient_descent || process != Process::GradientDescent;
        let warm = self.state.eta.is_some() || self.settings.warm_start == 0;
        self.state.weights(process).filter(|_| observed && warm)
    }

    /// Whether a process has started and has stopped advancing.
    pub fn stopped(&self, process: Process) -> bool {
        match process {
            Process::GradientDescent => self.state.gradient_descent.as_ref().is_some_and(|p| p.diverged),
            Process::GradientFlow => self.state.gradient_flow.as_ref().is_some_and(|p| p.diverged),
            Process::CentralFlow => self.state.central_flow.as_ref().is_some_and(CentralFlow::stopped),
        }
    }

    /// Positions of the active processes if there are exactly two parameters; otherwise empty.
    fn positions(&self) -> Vec<(Process, [f64; 2])> {
        let place = |process: Process| match self.weights(process)? {
            [x, y] => Some((process, [x.widen(), y.widen()])),
            _ => None,
        };
        Process::ALL.into_iter().filter(|&process| !self.stopped(process)).filter_map(place).collect()
    }

    /// Takes the unrecorded steps of gradient descent before step 0.
    fn warm_start(&mut self, objective: &mut dyn Objective<T>, scale: &StepScale<T>) {
        let mut descent =
            GradientDescent::new(std::mem::take(&mut self.state.w0), self.settings.eigen.initial);
        for _ in 0..self.settings.warm_start {
            descent.warm_up(objective, scale);
        }
        if self.settings.processes.gradient_descent {
            self.state.gradient_descent = Some(descent);
        } else {
            self.state.w0 = descent.w;
        }
    }

    fn start_flows_if_due(&mut self, eta_s: Option<f64>, events: &mut Vec<Event>) {
        let Processes { gradient_descent: _, gradient_flow, central_flow } = self.settings.processes;
        let due = !self.state.flows_started
            && match self.settings.flows_start {
                FlowsStart::Step(step) => self.state.step >= step,
                FlowsStart::Edge => eta_s.is_some_and(|eta_s| eta_s >= 2.0),
            };
        let wanted = std::mem::take(&mut self.state.restart_wanted);
        if !(due || wanted) || !(gradient_flow || central_flow) {
            return;
        }
        let initial = self.settings.eigen.initial;
        let (w, tracker) = match &self.state.gradient_descent {
            // Warm start of the eigensolver: eigenpairs of gradient descent at the same weights.
            Some(descent) if !descent.diverged => (descent.w.clone(), Some(&descent.tracker)),
            Some(_) => return,
            None => (self.state.w0.clone(), None),
        };
        let fork = |tracked: Option<usize>| {
            tracker.map_or_else(
                || Tracker::new(initial),
                |tracker| tracker.forked(tracked.unwrap_or_else(|| tracker.tracked())),
            )
        };
        if central_flow {
            self.state.central_flow = Some(CentralFlow::new(w.clone(), fork(None)));
        }
        if gradient_flow {
            self.state.gradient_flow = Some(GradientFlow::new(w, fork(Some(initial))));
        }
        self.state.flows_started = true;
        if self.state.step > 0 {
            events.push(Event::FlowsStarted);
        }
    }

    /// Loss at the exponential moving average of the weights of gradient descent. The average starts at the
    /// first weights.
    fn ema_loss(&mut self, objective: &mut dyn Objective<T>) -> Option<f64> {
        let decay = self.settings.ema?;
        let descent = self.state.gradient_descent.as_ref().filter(|descent| !descent.diverged)?;
        let average = self.state.moving_average.get_or_insert_with(|| descent.w.clone());
        let (keep, add) = (T::of(decay), T::of(1.0 - decay));
        for (average, &w) in average.iter_mut().zip(&descent.w) {
            *average = keep * *average + add * w;
        }
        Some(objective.loss(average))
    }
}
