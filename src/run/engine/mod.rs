//! The interface that the training thread drives: the three processes of one preset, whatever its precision or
//! objective.

pub mod assemble;
pub mod branch;
pub mod breakpoint;
pub mod bundled;
pub mod checkpoint;
pub mod course;
#[cfg(test)]
pub(crate) mod fake;
pub mod memory;
pub mod past;
pub mod problem;
pub mod rewind;
pub mod watched;

use super::record::predictions::example::Examples;
use brink_core::dynamics::{InspectError, Inspection, Process, StepRecord};
use brink_core::space::Probe;
use brink_core::spectrum::{Distribution, SpectrumError};
use checkpoint::{Checkpoint, RestoreError};
use std::sync::Arc;

/// The processes of a run behind one step function.
pub trait Engine: Send {
    /// Records the state at the start of step t, advances every process to t + 1 and returns the record.
    fn step(&mut self, eta: f64) -> StepRecord;

    /// Anchors central and gradient flow at gradient descent's current weights.
    fn restart_flows(&mut self);

    /// Whether no process can advance any more.
    fn finished(&self) -> bool;

    /// Number of parameters.
    fn dim(&self) -> usize;

    /// The step that [`Engine::step`] will record next.
    fn next_step(&self) -> usize;

    /// Everything that the next step reads.
    fn checkpoint(&self) -> Checkpoint;

    /// Goes back, or ahead, to a checkpoint of an engine of the same preset; the records that follow are identical,
    /// to the last bit.
    ///
    /// # Errors
    /// If the checkpoint belongs to another run; the engine is then unchanged.
    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), RestoreError>;

    /// A process's weights at the start of the next step, converted to f64. Shape `[dim]`; `None` before it has
    /// started.
    fn weights(&self, process: Process) -> Option<Vec<f64>>;

    /// Inspects the step that [`Engine::step`] would take next; the engine does not change.
    ///
    /// # Errors
    /// If gradient descent does not run, or there is nothing to compare it with.
    fn inspect(&mut self, eta: f64) -> Result<Inspection, InspectError>;

    /// Evaluates the loss at arbitrary weights, without effect on any step.
    fn probe(&mut self) -> Box<dyn Probe + '_>;

    /// The examples whose outputs [`Engine::step`] records; `None` without a network.
    fn examples(&self) -> Option<Arc<Examples>>;

    /// The spectrum of the Hessian at a process's weights at the start of the next step: all eigenvalues of a small
    /// Hessian, otherwise their density. `go_on` receives the completed share before every few Hessian-vector
    /// products, and returns whether to continue. `None` before the process has started, and after it has stopped.
    ///
    /// # Errors
    /// If the Hessian is not finite or too large, or when told to stop.
    fn spectrum(
        &mut self,
        process: Process,
        go_on: &mut (dyn FnMut(f32) -> bool + Send),
    ) -> Option<Result<Distribution, SpectrumError>>;
}
