//! The state of the run.

use crate::run::live::message::Ending;

/// What the run is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunPhase {
    /// Steps are being taken.
    Training,
    /// Waiting for the user.
    Paused,
    /// Ended in good order.
    Ended(Ending),
    /// Nothing could be started, or the training thread has failed.
    Failed,
}
