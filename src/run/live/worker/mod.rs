//! The training thread and the handle its watcher holds.
//!
//! One channel carries [`WorkerCommand`]s to the thread, one carries [`Message`]s back; both are bounded. Nothing recorded is
//! dropped: when the watcher does not keep up, the thread waits, and while it waits it goes on obeying commands. A panic
//! of the engine becomes [`Message::Failed`], after everything recorded before it.
//!
//! A third channel carries what the thread has [`Seen`] of weight space. A watcher that does not look misses what is in
//! between: the newest view replaces the one that found no room. After the last step the thread stays for more looks, until
//! its watcher lets go of it.

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

/// Commands under way to the thread. The watcher never waits: what does not fit stays in its outbox.
const COMMANDS: usize = 32;

/// Batches under way to the watcher; with at most [`BATCH_ROWS`] rows each, the thread is at most 16,384 steps ahead.
const BATCHES: usize = 64;

/// Views of weight space under way to the watcher.
const VIEWS: usize = 2;

/// How long [`Worker::shut_down`] waits for the step under way.
const PATIENCE: Duration = Duration::from_millis(250);

/// How a run starts and how far it goes.
#[derive(Clone, Debug)]
pub struct Options {
    /// Steps to take; the records are those of steps 0 to `steps` − 1.
    pub steps: usize,
    /// How to steer from step 0 on, until a command says otherwise; a run that is resumed has its own.
    pub course: Course,
    /// At most this many steps a second; `None` is unlimited.
    pub speed: Option<f64>,
    /// Whether to wait for [`WorkerCommand::Play`] or [`WorkerCommand::Step`] before the first step.
    pub paused: bool,
    /// What the recorded steps and the checkpoints of this run may take, together with those of the runs that share it. The
    /// run ends where no more steps fit; checkpoints are thinned evenly, and a [`Message::Thinned`] says so once.
    pub memory: Memory,
    /// Bytes that its history takes before its first own step.
    pub recorded: usize,
    /// Memory for looks at weight space; without it there are none.
    pub trail: Option<Budget>,
}

impl Options {
    /// `steps` steps with `eta`, at full speed, from now on, within a memory of its own.
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

/// A command that the worker does not take.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum CommandError {
    /// A learning rate that is zero, negative or not finite.
    #[error("the learning rate η = {0} is refused; it must be a positive finite number")]
    Eta(f64),
    /// A speed that is zero, negative or not finite.
    #[error("the speed of {0} steps a second is refused; it must be a positive finite number, or unlimited")]
    Speed(f64),
    /// A breakpoint that nothing can hit.
    #[error("the breakpoint {0:?} is refused; eigenvalues count from 1, and a spike is a factor above 1")]
    Breakpoint(Breakpoint),
}

/// What [`Worker::try_drain`] found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drained {
    /// Rows appended to the history.
    pub rows: usize,
    /// Breakpoints hit.
    pub hits: Vec<Hit>,
    /// Bytes of the budget that made checkpoints go, if that happened for the first time in this call.
    pub thinned: Option<usize>,
    /// How the run ended, if it did in this call.
    pub end: Option<Result<Ending, String>>,
}

/// The watcher's handle on the training thread. Dropping it stops the thread.
#[derive(Debug)]
pub struct Worker {
    commands: Sender<WorkerCommand>,
    messages: Receiver<Message>,
    seen: Receiver<Seen>,
    outbox: VecDeque<WorkerCommand>,
    cancel: Arc<AtomicBool>,
    past: Arc<Past>,
    /// What the history takes, and what is under way to it.
    account: Arc<Account>,
    /// The history's part of it.
    recorded: usize,
    /// Disconnects when the thread is gone.
    gone: Receiver<()>,
    ended: bool,
}

impl Worker {
    /// Starts the training thread. `wake` is called on that thread after each message, so that the watcher can be told
    /// to look; it must not block.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn spawn(
        engine: Box<dyn Engine>,
        options: &Options,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<Self> {
        let past = Past::new(options.course.clone(), &options.memory.checkpoints);
        Self::resume(engine, past, options, wake)
    }

    /// As [`Worker::spawn`], for a run whose first steps are in the past: the thread goes back to the nearest checkpoint,
    /// takes the steps after it once more, unrecorded, and goes on from [`Past::steps_taken`]. The engine is one before its
    /// first step, of the same preset.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn resume(
        engine: Box<dyn Engine>,
        past: Past,
        options: &Options,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<Self> {
        let past = Arc::new(past);
        // The rule of both channels: bounded, and neither side is ever stuck. The watcher only tries to send
        // (`flush`), the thread waits for room in `messages` while it listens to `commands`, and each side takes the
        // other's disconnection as the end.
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
            // gone before anyone hears that the thread is, and its part of the memory with it
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

    /// Sends a command, or keeps it for the next call or drain when the thread is in the middle of a long step. Never
    /// blocks. Once the run has ended, only a [`WorkerCommand::Look`] has an effect at once: the others count when
    /// [`WorkerCommand::SetSteps`] lets it go on.
    ///
    /// # Errors
    /// When the command carries a value outside its range.
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
        // A slider sends many values; only the last one that waits matters.
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
                    // it goes on
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

    /// Puts what the history takes in the place of what was under way to it.
    fn settle(&mut self, arrived: usize, recorded: usize) {
        self.account.take(recorded);
        self.account.give_back(arrived + self.recorded);
        self.recorded = recorded;
    }

    /// What has been seen of weight space since the last call, without waiting. Empty where the thread has failed.
    pub fn try_seen(&mut self) -> Vec<Seen> {
        self.flush();
        self.seen.try_iter().collect()
    }

    /// The next message, waiting for it up to `timeout`; `None` when there was none, or when the last one was given out
    /// already.
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

    /// How the run was steered, and the checkpoints to go back to.
    pub fn past(&self) -> &Arc<Past> {
        &self.past
    }

    /// Whether the last message was given out.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Stops the thread and waits for it, at most a quarter of a second: a step of a large network can take longer, and the
    /// thread then ends after that step (or with the process). Returns whether it is gone.
    pub fn shut_down(self) -> bool {
        let Self { commands, messages, cancel, gone, .. } = self;
        cancel.store(true, Ordering::Relaxed);
        drop((commands, messages));
        matches!(gone.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected))
    }
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}

#[cfg(test)]
mod tests;
