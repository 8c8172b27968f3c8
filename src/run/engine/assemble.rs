//! Construction of an engine from a preset: its problem and its dynamics.

use super::Engine;
use super::bundled::Bundled;
use super::checkpoint::{Checkpoint, RestoreError};
pub use super::problem::{AssembleError, MOST_PARAMETERS, Sources};
use super::problem::{Network, Problem, TrainedLoss, problem};
use crate::preset::{self, Precision, Preset, ProcessName};
use crate::run::record::predictions::example::Examples;
use brink_core::calculus::Real;
use brink_core::dynamics::{
    CentralFlowSettings, Dynamics, EigenSettings, FlowsStart, GradientFlowSettings, InspectError, Inspection,
    Process, Processes, Settings, State, StepRecord,
};
use brink_core::objective::Objective;
use brink_core::space::{ObjectiveProbe, Probe, ProbeMemory};
use brink_core::spectrum::{
    Distribution, PreconditionedHessian, Preconditioner, SpectrumError, SpectrumSettings, spectrum,
};
use std::sync::Arc;

/// Builds the engine of a preset in the preset's precision.
///
/// # Errors
/// If the preset, the data or the weights are not valid or do not fit together.
pub fn assemble(preset: &Preset, sources: &Sources) -> Result<Box<dyn Engine>, AssembleError> {
    preset.validate()?;
    match preset.run.precision {
        Precision::F32 => assemble_in::<f32>(preset, sources),
        Precision::F64 => assemble_in::<f64>(preset, sources),
    }
}

fn assemble_in<T: Precise>(preset: &Preset, sources: &Sources) -> Result<Box<dyn Engine>, AssembleError> {
    let Problem { start, parameters: _, loss } =
        problem::<T>(preset, sources, preset.run.test_every.is_some())?;
    let start: Vec<T> = start.into_iter().map(T::of).collect();
    let settings = settings(preset);
    settings.validate()?;
    let dim = start.len();
    let mut dynamics = Dynamics::new(start, settings);
    if let Some(name) = &preset.run.checkpoint {
        let weights = Bundled::named(name)?.weights.map(|w| w.into_iter().map(T::of).collect::<Vec<T>>());
        let state = State::under_way(weights, preset.eigen.initial);
        if !state.fits(dim, dynamics.settings()) {
            return Err(AssembleError::Checkpoint { name: name.clone(), dim });
        }
        dynamics.restore(state);
    }
    let probe = ProbeMemory::default();
    Ok(Box::new(Run { dynamics, loss, test_every: preset.run.test_every, probe }))
}

/// Warnings that a user must read before trusting the run; empty for most presets.
pub fn warnings(preset: &Preset) -> Vec<&'static str> {
    preset.model.network().and_then(|network| network.warning()).into_iter().collect()
}

fn settings(preset: &Preset) -> Settings {
    let runs = |process| preset.run.processes.contains(&process);
    let preset::Eigen { initial, track_threshold, max_tracked, tolerance, max_hvps } = preset.eigen;
    let preset::CentralFlow { substeps, candidate_threshold, resolve_every_substep } = preset.central_flow;
    let preset::GradientFlow { min_substeps, max_eta_s } = preset.gradient_flow;
    Settings {
        processes: Processes {
            gradient_descent: runs(ProcessName::Gd),
            gradient_flow: runs(ProcessName::Gf),
            central_flow: runs(ProcessName::Cf),
        },
        eigen: EigenSettings { initial, track_threshold, max_tracked, tolerance, max_hvps },
        central_flow: CentralFlowSettings { substeps, candidate_threshold, resolve_every_substep },
        gradient_flow: GradientFlowSettings { min_substeps, max_eta_s },
        flows_start: match preset.run.flows_start {
            preset::FlowsStart::Step(step) => FlowsStart::Step(step),
            preset::FlowsStart::Edge => FlowsStart::Edge,
        },
        warm_start: preset.run.warm_start,
        ema: preset.run.ema,
    }
}

/// The dynamics in one precision, with their loss.
struct Run<T: Precise> {
    dynamics: Dynamics<T>,
    loss: TrainedLoss<T>,
    test_every: Option<usize>,
    probe: ProbeMemory<T>,
}

impl<T: Precise> Run<T> {
    /// Measures test loss and accuracies of gradient descent at the start of a step, if they are requested
    /// and due.
    fn measure(&mut self, w: &[T], record: &mut StepRecord) {
        let TrainedLoss::Network(network) = &mut self.loss else { return };
        let Network { train, test, watched: _ } = network.as_mut();
        record.train_accuracy = train.accuracy(w);
        if let Some(test) = test {
            record.test_loss = Some(test.loss(w));
            record.test_accuracy = test.accuracy(w);
        }
    }
}

impl<T: Precise> Engine for Run<T> {
    fn step(&mut self, eta: f64) -> StepRecord {
        let is_due = self.test_every.is_some_and(|every| self.dynamics.next_step().is_multiple_of(every));
        let dynamics = &mut self.dynamics;
        let network = match &mut self.loss {
            TrainedLoss::Network(network) => network.as_mut(),
            TrainedLoss::Landscape(loss) => return dynamics.step(loss.as_mut(), eta),
        };
        let Network { train, watched, test: _ } = network;
        let (mut descent, mut outputs) = (None, <[Vec<f64>; 3]>::default());
        let mut watch = |process, w: &[T]| {
            outputs[process as usize] = watched.outputs(w);
            if is_due && process == Process::GradientDescent {
                descent = Some(w.to_vec());
            }
        };
        // a step makes about a hundred passes
        let mut record = train.in_pool(|train| dynamics.step_watched(train, eta, &mut watch));
        record.outputs = outputs;
        if let Some(w) = descent {
            self.measure(&w, &mut record);
        }
        record
    }

    fn restart_flows(&mut self) {
        self.dynamics.restart_flows();
    }

    fn finished(&self) -> bool {
        self.dynamics.finished()
    }

    fn dim(&self) -> usize {
        match &self.loss {
            TrainedLoss::Network(network) => network.train.dim(),
            TrainedLoss::Landscape(loss) => loss.dim(),
        }
    }

    fn next_step(&self) -> usize {
        self.dynamics.next_step()
    }

    fn checkpoint(&self) -> Checkpoint {
        T::checkpoint(self.dynamics.state().clone())
    }

    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), RestoreError> {
        let dim = self.dim();
        let state = T::state(checkpoint).filter(|state| state.fits(dim, self.dynamics.settings()));
        let state = state.ok_or(RestoreError { step: checkpoint.step(), dim })?;
        self.dynamics.restore(state.clone());
        Ok(())
    }

    fn weights(&self, process: Process) -> Option<Vec<f64>> {
        self.dynamics.weights(process).map(|w| w.iter().map(|x| x.widen()).collect())
    }

    fn inspect(&mut self, eta: f64) -> Result<Inspection, InspectError> {
        self.dynamics.inspect(self.loss.objective(), eta)
    }

    fn probe(&mut self) -> Box<dyn Probe + '_> {
        Box::new(ObjectiveProbe::new(self.loss.objective(), &mut self.probe))
    }

    fn examples(&self) -> Option<Arc<Examples>> {
        match &self.loss {
            TrainedLoss::Network(network) => Some(Arc::clone(network.watched.examples())),
            TrainedLoss::Landscape(_) => None,
        }
    }

    fn spectrum(
        &mut self,
        process: Process,
        go_on: &mut (dyn FnMut(f32) -> bool + Send),
    ) -> Option<Result<Distribution, SpectrumError>> {
        let w = self.dynamics.weights(process).filter(|_| !self.dynamics.stopped(process))?;
        Some(self.loss.in_pool(|loss| {
            let identity = Preconditioner::Uniform(1.0);
            let mut hessian = PreconditionedHessian::new(loss, w, &identity);
            spectrum(&mut hessian, &SpectrumSettings::default(), go_on)
        }))
    }
}

/// The two precisions, by name.
trait Precise: Real {
    fn checkpoint(state: State<Self>) -> Checkpoint;
    fn state(checkpoint: &Checkpoint) -> Option<&State<Self>>;
}

macro_rules! precise {
    ($real:ty, $name:ident) => {
        impl Precise for $real {
            fn checkpoint(state: State<Self>) -> Checkpoint {
                Checkpoint::$name(state)
            }
            fn state(checkpoint: &Checkpoint) -> Option<&State<Self>> {
                if let Checkpoint::$name(state) = checkpoint { Some(state) } else { None }
            }
        }
    };
}

precise!(f32, F32);
precise!(f64, F64);
