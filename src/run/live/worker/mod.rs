//! The training thread and the handle that its receiver holds.
//!
//! One channel carries [`WorkerCommand`]s to the thread, one carries [`Message`]s back; both are bounded. Nothing
//! recorded is dropped: when the receiver does not keep up, the thread waits, and while it waits it continues to obey
//! commands. A panic of the engine becomes [`Message::Failed`], after everything recorded before it.
//!
//! A third channel carries the views of weight space that the thread has [`Seen`]. A receiver that does not read it
//! misses intermediate views: the newest view replaces one that found no room. After the last step the thread stays
//! available for surveys until its receiver releases it.

pub mod looking;
pub mod training;

use super::message::{Ending, Message, Seen, WorkerCommand};
use crate::run::engine::Engine;
use crate::run::engine::breakpoint::{Breakpoint, Hit};
use crate::run::engine::course::Course;
use crate::run::engine::memory::{Account, Memory};
use crate::run::engine::past::Past;
use crate::run::record::history::History;
use brink_core::space::Budget;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, TrySendError, bounded};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use training::{Shared, Training, recorded_bytes, under_way_bytes};

/// Commands on their way to the thread. The receiver never waits: commands that do not fit stay in its outbox.
const COMMANDS: usize = 32;

/// Batches on their way to the receiver; with at most [`BATCH_ROWS`] rows each, the thread is at most 16,384 steps
/// ahead.
const BATCHES: usize = 64;

/// Views of weight space on their way to the receiver.
const VIEWS: usize = 2;

/// How long [`Worker::shut_down`] waits for the step in progress.
const PATIENCE: Duration = Duration::from_millis(250);

/// The start and the extent of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Steps to take; the records are those of steps 0 to `steps` − 1.
    pub steps: usize,
    /// The course from step 0 on, until a command changes it; a resumed run has its own.
    pub course: Course,
    /// Maximum number of steps per second; `None` is unlimited.
    pub speed: Option<f64>,
    /// Whether to wait for [`WorkerCommand::Play`] or [`WorkerCommand::Step`] before the first step.
    pub paused: bool,
    /// Memory for the recorded steps and the checkpoints of this run, shared with other runs of the window. The run
    /// ends when no more steps fit; checkpoints are thinned evenly, and a [`Message::Thinned`] reports this once.
    pub memory: Memory,
    /// Bytes of its history before its first own step.
    pub recorded: usize,
    /// Memory for surveys of weight space; without it there are none.
    pub trail: Option<Budget>,
}

impl Options {
    /// `steps` steps with `eta`, at full speed, starting immediately, with separate memory.
    pub fn new(steps: usize, eta: f64) -> Self {
        Self {
            steps,
            course: Course::new(eta),
            speed: None,
            paused: false,
            memory: Memory::default(),
            recorded: 0,
            trail: None,
        }
    }
}

/// A command that the worker rejects.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum CommandError {
    /// A learning rate that is zero, negative or not finite.
    #[error("the learning rate η = {0} is refused; it must be a positive finite number")]
    Eta(f64),
    /// A speed that is zero, negative or not finite.
    #[error("the speed of {0} steps a second is refused; it must be a positive finite number, or unlimited")]
    Speed(f64),
    /// A breakpoint that can never be hit.
    #[error("the breakpoint {0:?} is refused; eigenvalues count from 1, and a spike is a factor above 1")]
    Breakpoint(Breakpoint),
}

/// The result of [`Worker::try_drain`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drained {
    /// Rows appended to the history.
    pub rows: usize,
    /// Breakpoints hit.
    pub hits: Vec<Hit>,
    /// Size in bytes of the budget that caused checkpoints to be dropped, if that happened for the first time in this
    /// call.
    pub thinned: Option<usize>,
    /// How the run ended, if it ended in this call.
    pub end: Option<Result<Ending, String>>,
}

/// The receiver's handle on the training thread. Dropping it stops the thread.
#[derive(Debug)]
pub struct Worker {
    commands: Sender<WorkerCommand>,
    messages: Receiver<Message>,
    seen: Receiver<Seen>,
    outbox: VecDeque<WorkerCommand>,
    cancel: Arc<AtomicBool>,
    past: Arc<Past>,
    /// The size of the history, including rows in transit.
    account: Arc<Account>,
    /// The history's share of this size.
    recorded: usize,
    /// Disconnects when the thread has ended.
    gone: Receiver<()>,
    ended: bool,
}

impl Worker {
    /// Starts the training thread. `wake` is called on that thread after each message to notify the receiver; it must
    /// not block.
    ///
    /// # Errors
    /// If the operating system provides no thread.
    pub fn spawn(
        engine: Box<dyn Engine>,
        options: &Options,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<Self> {
        let past = Past::new(options.course.clone(), &options.memory.checkpoints);
        Self::resume(engine, past, options, wake)
    }

    /// As [`Worker::spawn`], for a run whose first steps are in the past: the thread goes back to the nearest
    /// checkpoint, repeats the steps after it without recording them, and continues from [`Past::steps_taken`]. The
    /// engine must be before its first step, and of the same preset.
    ///
    /// # Errors
    /// If the operating system provides no thread.
    pub fn resume(
        engine: Box<dyn Engine>,
        past: Past,
        options: &Options,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<Self> {
        let past = Arc::new(past);
        // The rule of both channels: they are bounded, and neither side can block forever. The receiver only tries to
        // send (`flush`), the thread waits for room in `messages` while it listens to `commands`, and each side takes
        // the other's disconnection as the end.
        let (command_sender, commands) = bounded(COMMANDS);
        let (messages, message_receiver) = bounded(BATCHES);
        let (views, seen) = bounded(VIEWS);
        let (alive, gone) = bounded::<()>(0);
        let cancel = Arc::new(AtomicBool::new(false));
        let account = Arc::new(options.memory.recorded.open());
        account.take(options.recorded);
        let shared =
            Shared { cancel: Arc::clone(&cancel), past: Arc::clone(&past), account: Arc::clone(&account) };
        let training = Training::new((commands, messages, views), shared, options, wake);
        std::thread::Builder::new().name("training".into()).spawn(move || {
            let _alive = alive;
            // dropped before anyone is told that the thread has ended, together with its share of the memory
            let mut training = training;
            training.run(engine);
        })?;
        Ok(Self {
            commands: command_sender,
            messages: message_receiver,
            seen,
            outbox: VecDeque::new(),
            cancel,
            past,
            account,
            recorded: options.recorded,
            gone,
            ended: false,
        })
    }

    /// Sends a command, or keeps it for the next call or drain if the thread is in the middle of a long step. Never
    /// blocks. After the run has ended, only a [`WorkerCommand::Look`] has an immediate effect: other commands take
    /// effect when [`WorkerCommand::SetSteps`] continues the run.
    ///
    /// # Errors
    /// If the command carries a value outside its range.
    pub fn send(&mut self, command: WorkerCommand) -> Result<(), CommandError> {
        match command {
            WorkerCommand::SetEta(eta) if !(eta.is_finite() && eta > 0.0) => {
                return Err(CommandError::Eta(eta));
            }
            WorkerCommand::SetSpeed(Some(speed)) if !(speed.is_finite() && speed > 0.0) => {
                return Err(CommandError::Speed(speed));
            }
            WorkerCommand::SetBreakpoint(breakpoint) if !breakpoint.is_valid() => {
                return Err(CommandError::Breakpoint(breakpoint));
            }
            WorkerCommand::Stop => self.cancel.store(true, Ordering::Relaxed),
            _ => {}
        }
        // A slider sends many values; only the last pending one matters.
        let replaces = |waiting: &WorkerCommand| {
            matches!(
                command,
                WorkerCommand::SetEta(_)
                    | WorkerCommand::SetSpeed(_)
                    | WorkerCommand::SetSteps(_)
                    | WorkerCommand::Look(_)
            ) && std::mem::discriminant(waiting) == std::mem::discriminant(&command)
        };
        match self.outbox.back_mut() {
            Some(waiting) if replaces(waiting) => *waiting = command,
            _ => self.outbox.push_back(command),
        }
        self.flush();
        Ok(())
    }

    fn flush(&mut self) {
        while let Some(command) = self.outbox.pop_front() {
            match self.commands.try_send(command) {
                Ok(()) => {}
                Err(TrySendError::Full(command)) => {
                    self.outbox.push_front(command);
                    return;
                }
                Err(TrySendError::Disconnected(_)) => self.outbox.clear(),
            }
        }
    }

    /// Appends everything that has arrived to the history, without waiting.
    pub fn try_drain(&mut self, history: &mut History) -> Drained {
        self.flush();
        let mut drained = Drained::default();
        let mut under_way = 0;
        loop {
            let message = match self.messages.try_recv() {
                Ok(message) => message,
                Err(TryRecvError::Disconnected) if !self.ended => Self::vanished(),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            };
            match message {
                Message::Frames(frames) => {
                    // the run continues
                    drained.end = None;
                    drained.rows += frames.len();
                    for frame in &frames {
                        under_way += under_way_bytes(frame);
                        history.push(frame);
                    }
                }
                Message::Hit(hit) => drained.hits.push(hit),
                Message::Thinned { budget } => drained.thinned = Some(budget),
                Message::Finished(ending) => drained.end = Some(Ok(ending)),
                Message::Failed(reason) => drained.end = Some(Err(reason)),
            }
            self.ended = drained.end.is_some() || self.ended && drained.rows == 0;
        }
        if drained.rows > 0 {
            self.settle(under_way, history.most_bytes());
        }
        drained
    }

    /// Replaces the size of rows in transit by the size of the history.
    fn settle(&mut self, arrived: usize, recorded: usize) {
        self.account.take(recorded);
        self.account.give_back(arrived + self.recorded);
        self.recorded = recorded;
    }

    /// The views of weight space since the last call, without waiting. Empty if the thread has failed.
    pub fn try_seen(&mut self) -> Vec<Seen> {
        self.flush();
        self.seen.try_iter().collect()
    }

    /// The next message, waiting for it up to `timeout`; `None` if there was none, or the last one has already been
    /// returned.
    pub fn receive(&mut self, timeout: Duration) -> Option<Message> {
        self.flush();
        let message = match self.messages.recv_timeout(if self.ended { Duration::ZERO } else { timeout }) {
            Ok(message) => message,
            Err(RecvTimeoutError::Disconnected) if !self.ended => Self::vanished(),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
        };
        self.ended = matches!(message, Message::Finished(_) | Message::Failed(_));
        if let Message::Frames(frames) = &message {
            let recorded: usize = frames.iter().map(recorded_bytes).sum();
            self.settle(frames.iter().map(under_way_bytes).sum(), self.recorded + recorded);
        }
        Some(message)
    }

    fn vanished() -> Message {
        Message::Failed("the training thread ended without a word; what it recorded is kept".into())
    }

    /// The course of the run, and the checkpoints to go back to.
    pub fn past(&self) -> &Arc<Past> {
        &self.past
    }

    /// Whether the last message has been returned.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Stops the thread and waits for it, at most a quarter of a second: a step of a large network can take longer,
    /// and the thread then ends after that step (or with the process). Returns whether it has ended.
    pub fn shut_down(self) -> bool {
        let Self { commands, messages, cancel, gone, .. } = self;
        cancel.store(true, Ordering::Relaxed);
        drop((commands, messages));
        matches!(gone.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected))
    }
}

/// The message of a panic.
pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}

#[cfg(test)]
mod tests;
