//! An engine for tests that records artificial numbers, and can diverge, panic or run slowly.

use super::Engine;
use super::checkpoint::{Checkpoint, RestoreError};
use crate::run::record::predictions::example::Examples;
use brink_core::dynamics::{
    CentralFlowRecord, Event, InspectError, Inspection, Process, ProcessRecord, State, StepOutcome,
    StepRecord,
};
use brink_core::objective::Quadratic;
use brink_core::space::{Probe, Solved, Stop};
use brink_core::spectrum::{
    Distribution, PreconditionedHessian, Preconditioner, SpectrumError, SpectrumSettings, spectrum,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// An engine that records artificial numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fake {
    pub step: usize,
    pub step_time: Duration,
    pub diverges_at: Option<usize>,
    pub above_edge_at: Option<usize>,
    pub panics_at: Option<usize>,
    /// The step at which gradient descent's eigenvalue is NaN.
    pub gap_at: Option<usize>,
    pub restart: bool,
    /// The period, in steps, with which S oscillates about 2/η.
    pub cycle_steps: Option<u8>,
    /// Duration of one evaluation of the loss at other weights.
    pub loss_time: Duration,
    /// Counter of these evaluations.
    pub losses: Arc<AtomicUsize>,
    /// Duration of one Hessian-vector product at other weights, which consists of sixteen parts between which it can
    /// be stopped.
    pub product_time: Duration,
    /// Counter of these parts.
    pub parts: Arc<AtomicUsize>,
    /// The number of weights, if not two.
    pub weights: Option<usize>,
    /// Examples whose outputs count up: step + process + index.
    pub examples: Option<Arc<Examples>>,
}

impl Fake {
    fn outputs(&self, step: usize) -> [Vec<f64>; 3] {
        let numbers = self.examples.as_ref().map_or(0, |all| all.list.len() * all.rows * all.columns);
        std::array::from_fn(|process| (0..numbers).map(|i| (step + process + i) as f64).collect())
    }

    fn parameters(&self) -> usize {
        self.weights.unwrap_or(2)
    }

    /// The weights encode the next step and whether the flows restart.
    fn state(&self) -> State<f64> {
        State::at(self.step, vec![self.step as f64, f64::from(u8::from(self.restart))])
    }
}

fn central_flow(process: &ProcessRecord) -> CentralFlowRecord {
    CentralFlowRecord { state: process.clone(), ..CentralFlowRecord::default() }
}

impl Engine for Fake {
    fn step(&mut self, eta: f64) -> StepRecord {
        let step = self.step;
        assert!(self.panics_at != Some(step), "the answer at step {step} is not 42");
        std::thread::sleep(self.step_time);
        self.step += 1;
        let diverged = self.diverges_at == Some(step);
        let loss = if diverged { f64::INFINITY } else { 1.0 / (1.0 + step as f64) };
        let mut events = Vec::new();
        if diverged {
            events.push(Event::Outcome(Process::GradientDescent, StepOutcome::Diverged { loss }));
        }
        if self.above_edge_at == Some(step) {
            events.push(Event::StartedAboveEdge { eta_s: 2.5 });
        }
        if std::mem::take(&mut self.restart) {
            events.push(Event::FlowsStarted);
        }
        let lambda = self.cycle_steps.map_or(1.0, |length| {
            let turn = std::f64::consts::TAU * step as f64 / f64::from(length);
            2.0 / eta * (1.0 - 0.1 * turn.cos())
        });
        let process = ProcessRecord { loss, lambda: vec![lambda], ..ProcessRecord::default() };
        let descent_lambda = if self.gap_at == Some(step) { f64::NAN } else { lambda };
        StepRecord {
            step,
            eta,
            central_flow: self.diverges_at.is_none().then(|| central_flow(&process)),
            gradient_descent: Some(ProcessRecord { lambda: vec![descent_lambda], ..process }),
            events,
            outputs: self.outputs(step),
            ..StepRecord::default()
        }
    }

    fn restart_flows(&mut self) {
        self.restart = true;
    }

    fn finished(&self) -> bool {
        self.diverges_at.is_some_and(|at| self.step > at)
    }

    fn dim(&self) -> usize {
        self.parameters()
    }

    fn next_step(&self) -> usize {
        self.step
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::F64(self.state())
    }

    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), RestoreError> {
        let Checkpoint::F64(state) = checkpoint else {
            return Err(RestoreError { step: checkpoint.step(), dim: self.dim() });
        };
        self.step = state.step();
        self.restart = state.weights(Process::GradientDescent).is_some_and(|w| w[1] == 1.0);
        Ok(())
    }

    fn weights(&self, _: Process) -> Option<Vec<f64>> {
        Some(vec![self.step as f64; self.parameters()])
    }

    fn examples(&self) -> Option<Arc<Examples>> {
        self.examples.clone()
    }

    /// Eigenvalues of diag(0, 1, …, step).
    fn spectrum(
        &mut self,
        process: Process,
        go_on: &mut (dyn FnMut(f32) -> bool + Send),
    ) -> Option<Result<Distribution, SpectrumError>> {
        let mut loss = Quadratic::diagonal((0..=self.step).map(|i| i as f64).collect());
        let (w, hessian) = (vec![0.0; self.step + 1], Preconditioner::Uniform(1.0));
        let mut hessian = PreconditionedHessian::new(&mut loss, &w, &hessian);
        let found = || spectrum(&mut hessian, &SpectrumSettings::default(), go_on);
        (process != Process::GradientFlow).then(found)
    }

    fn inspect(&mut self, _: f64) -> Result<Inspection, InspectError> {
        Err(InspectError::NoGradientDescent { step: self.step })
    }

    fn probe(&mut self) -> Box<dyn Probe + '_> {
        Box::new(FakeProbe { fake: self })
    }
}

/// A bowl: ½‖w‖².
struct FakeProbe<'a> {
    fake: &'a Fake,
}

impl FakeProbe<'_> {
    /// Waits for the duration of a Hessian-vector product; returns whether it was completed.
    fn multiplies(&self, stop: Stop<'_>) -> bool {
        (0..PARTS).all(|_| {
            let goes_on = !stop();
            if goes_on {
                std::thread::sleep(self.fake.product_time / PARTS);
                self.fake.parts.fetch_add(1, Ordering::Relaxed);
            }
            goes_on
        })
    }
}

/// Parts of a Hessian-vector product.
const PARTS: u32 = 16;

impl Probe for FakeProbe<'_> {
    fn dim(&self) -> usize {
        self.fake.parameters()
    }

    fn loss(&mut self, w: &[f64]) -> f64 {
        std::thread::sleep(self.fake.loss_time);
        self.fake.losses.fetch_add(1, Ordering::Relaxed);
        0.5 * w.iter().map(|x| x * x).sum::<f64>()
    }

    fn sharpness(&mut self, _: &[f64], stop: Stop<'_>) -> Solved {
        let value = if self.multiplies(stop) { 1.0 } else { f64::NAN };
        Solved { value, converged: true }
    }

    fn eigenpairs(&mut self, w: &[f64], count: usize, stop: Stop<'_>) -> Vec<(f64, Vec<f64>)> {
        let unit = |i: usize| (0..w.len()).map(|j| f64::from(u8::from(i == j))).collect();
        let entry = |stopped: bool, i: usize| if stopped { vec![f64::NAN; w.len()] } else { unit(i) };
        (0..count.min(w.len())).map(|i| (1.0 / (1.0 + i as f64), entry(!self.multiplies(stop), i))).collect()
    }

    fn sharpness_gradient(&mut self, w: &[f64], _: &[f64], stop: Stop<'_>) -> Vec<f64> {
        // along the last axis, so that it spans a plane with the first axis
        let mut gradient = vec![0.0; w.len()];
        gradient[w.len() - 1] = if self.multiplies(stop) { 1.0 } else { f64::NAN };
        gradient
    }
}
