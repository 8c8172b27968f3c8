//! The messages between the training thread and its receiver.

use crate::run::engine::breakpoint::{Breakpoint, Hit};
use brink_core::dynamics::StepRecord;
use brink_core::space::{SpaceView, SurveyRequest};
use std::sync::Arc;

/// A command from the receiver, applied by the training thread between two steps.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkerCommand {
    /// Continue training.
    Play,
    /// Wait for [`WorkerCommand::Play`] or [`WorkerCommand::Step`].
    Pause,
    /// Take one step, then wait.
    Step,
    /// Train with this learning rate from the next step on.
    SetEta(f64),
    /// Take at most this many steps per second; `None` is unlimited.
    SetSpeed(Option<f64>),
    /// Anchor central and gradient flow at gradient descent's current weights.
    RestartFlows,
    /// Set the total number of steps. A run that has taken all its steps, or filled its memory, continues if there
    /// are more.
    SetSteps(usize),
    /// Pause when this condition holds. Setting a breakpoint again resets its state.
    SetBreakpoint(Breakpoint),
    /// Remove this breakpoint.
    ClearBreakpoint(Breakpoint),
    /// Survey weight space around a step, in the time between two steps; `None` stops this. A survey in progress is
    /// cancelled at once.
    Look(Option<Arc<SurveyRequest>>),
    /// End the thread.
    Stop,
}

/// The training thread's answer to a request for a survey.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// The present state of the survey; more follows until its progress is 1.
    View(Arc<SpaceView>),
    /// The weights of this step are not kept: the request needs the rows of a replay.
    NotKept {
        /// The step.
        step: usize,
    },
}

/// A message from the training thread.
#[derive(Clone, Debug)]
pub enum Message {
    /// Steps in order, without gaps.
    Frames(Vec<StepRecord>),
    /// A breakpoint was hit: the thread waits for [`WorkerCommand::Play`] or [`WorkerCommand::Step`]. The rows up to
    /// its step have been sent.
    Hit(Hit),
    /// The checkpoints have used up their budget: every other one is dropped from now on, and going back takes
    /// longer. Sent once.
    Thinned {
        /// The budget in bytes.
        budget: usize,
    },
    /// The run has ended normally; this is the last message, unless [`WorkerCommand::SetSteps`] continues the run.
    Finished(Ending),
    /// The thread has failed (a panic, or an error that ends all processes); everything sent before remains valid.
    /// This is the last message.
    Failed(String),
}

/// The reason why a run ended normally.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It has taken all its steps.
    AllSteps,
    /// Every process has stopped (diverged, or too sharp to go on).
    NothingAdvances,
    /// The receiver requested it.
    Stopped,
    /// The recorded history has reached the memory budget.
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
