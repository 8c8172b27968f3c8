//! What goes over the channels between the training thread and whoever watches it.

use crate::run::engine::breakpoint::{Breakpoint, Hit};
use brink_core::dynamics::StepRecord;
use brink_core::space::{SpaceView, SurveyRequest};
use std::sync::Arc;

/// A wish of the watcher, applied by the training thread between two steps.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkerCommand {
    /// Go on training.
    Play,
    /// Wait for [`WorkerCommand::Play`] or [`WorkerCommand::Step`].
    Pause,
    /// Take one step, then wait.
    Step,
    /// Train with this learning rate from the next step on.
    SetEta(f64),
    /// At most this many steps a second; `None` is unlimited.
    SetSpeed(Option<f64>),
    /// Anchor central and gradient flow anew at gradient descent's current weights.
    RestartFlows,
    /// Take so many steps in all. A run that has taken all its steps, or found its memory full, goes on where there are more.
    SetSteps(usize),
    /// Pause where this happens. Setting one anew forgets what it has seen.
    SetBreakpoint(Breakpoint),
    /// Pause there no more.
    ClearBreakpoint(Breakpoint),
    /// Look at weight space around a step, in the time between two steps; with `None`, no more. What was being looked at is
    /// given up at once.
    Look(Option<Arc<SurveyRequest>>),
    /// End the thread.
    Stop,
}

/// What the training thread has seen of weight space.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// What is known so far; more follows until its progress is 1.
    View(Arc<SpaceView>),
    /// It does not keep the weights of this step: the request needs the rows of a replay.
    NotKept {
        /// The step.
        step: usize,
    },
}

/// News from the training thread.
#[derive(Clone, Debug)]
pub enum Message {
    /// Steps in order, none left out.
    Frames(Vec<StepRecord>),
    /// A breakpoint was hit: the thread waits for [`WorkerCommand::Play`] or [`WorkerCommand::Step`]. The rows up to its step have been
    /// sent.
    Hit(Hit),
    /// The checkpoints have used up their budget: every other one goes from now on, and going back takes longer. Said once.
    Thinned {
        /// The budget in bytes.
        budget: usize,
    },
    /// The run has ended in good order; the last message, unless [`WorkerCommand::SetSteps`] lets it go on.
    Finished(Ending),
    /// The thread has failed (a panic, or an error that ends all processes); what was sent before stays valid. The
    /// last message.
    Failed(String),
}

/// Why a run ended in good order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It has taken all its steps.
    AllSteps,
    /// Every process has stopped (diverged, or too sharp to go on).
    NothingAdvances,
    /// The watcher asked for it.
    Stopped,
    /// What was recorded has reached the memory budget.
    MemoryBudget {
        /// The budget in bytes.
        bytes: usize,
    },
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AllSteps => write!(f, "all steps taken"),
            Self::NothingAdvances => write!(f, "every process has stopped"),
            Self::Stopped => write!(f, "stopped"),
            Self::MemoryBudget { bytes } => write!(
                f,
                "the recorded steps of all runs have reached the memory budget of {} MiB; close forks and comparisons, \
                 export the run, or record fewer eigenvalues (eigen.max_tracked)",
                bytes >> 20
            ),
        }
    }
}
