//! What the training thread drives: the three processes of one preset, whatever its precision or objective.

use crate::dynamics::{InspectError, Inspection, StepRecord};

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

    /// Looks into the step that [`Engine::step`] would take next; the engine stays as it is.
    ///
    /// # Errors
    /// Where gradient descent does not run, or there is nothing to compare it with.
    fn inspect(&mut self, eta: f64) -> Result<Inspection, InspectError>;
}
