//! What goes over the channels between the training thread and whoever watches it.

use crate::dynamics::StepRecord;

/// A wish of the watcher, applied by the training thread between two steps.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Go on training.
    Play,
    /// Wait for [`Command::Play`] or [`Command::Step`].
    Pause,
    /// Take one step, then wait.
    Step,
    /// Train with this learning rate from the next step on.
    SetEta(f64),
    /// At most this many steps a second; `None` is unlimited.
    SetSpeed(Option<f64>),
    /// Anchor central and gradient flow anew at gradient descent's current weights.
    RestartFlows,
    /// End the thread.
    Stop,
}

/// News from the training thread.
#[derive(Clone, Debug)]
pub enum Message {
    /// Steps in order, none left out.
    Frames(Vec<StepRecord>),
    /// The run has taken all its steps.
    Finished,
    /// The thread has failed (a panic, or an error that ends all processes); what was sent before stays valid.
    Failed(String),
}
