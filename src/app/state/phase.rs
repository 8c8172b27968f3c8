//! The phase of the run.

use crate::run::live::message::Ending;

/// The current activity of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunPhase {
    /// Steps are being taken.
    Training,
    /// Waiting for the user.
    Paused,
    /// Ended normally.
    Ended(Ending),
    /// The run could not be started, or the training thread has failed.
    Failed,
}
