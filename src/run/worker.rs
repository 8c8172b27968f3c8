//! The training thread and the handle its watcher holds.
//!
//! One channel carries [`Command`]s to the thread, one carries [`Message`]s back; both are bounded. Nothing recorded is
//! dropped: when the watcher does not keep up, the thread waits, and while it waits it goes on obeying commands. A panic
//! of the engine becomes [`Message::Failed`], after everything recorded before it.

use super::breakpoint::{Breakpoint, Breakpoints, Hit};
use super::course::Course;
use super::engine::Engine;
use super::history::History;
use super::message::{Command, Ending, Message};
use super::past::Past;
use crate::dynamics::StepRecord;
use crossbeam_channel::{
    Receiver, RecvTimeoutError, Sender, TryRecvError, TrySendError, bounded, never, select,
};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Commands under way to the thread. The watcher never waits: what does not fit stays in its outbox.
const COMMANDS: usize = 32;

/// Batches under way to the watcher; with at most [`BATCH_ROWS`] rows each, the thread is at most 16,384 steps ahead.
const BATCHES: usize = 64;

/// A batch leaves when it holds this many rows …
const BATCH_ROWS: usize = 256;

/// … or this long after the one before: 30 pictures a second, and the screen leaves the cores to the training.
const BATCH_INTERVAL: Duration = Duration::from_millis(33);

/// How long the last rows may wait for a watcher that has asked to stop.
const PARTING: Duration = Duration::from_millis(200);

/// How long [`Worker::shut_down`] waits for the step under way.
const PATIENCE: Duration = Duration::from_millis(250);

/// Bytes one recorded number costs in a [`History`]: 8 for itself, 2.5 for its pyramid, and the growth reserve of the
/// vectors that hold both.
const BYTES_PER_VALUE: usize = 21;

/// How a run starts and how far it goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Steps to take; the records are those of steps 0 to `steps` − 1.
    pub steps: usize,
    /// How to steer from step 0 on, until a command says otherwise; a run that is resumed has its own.
    pub course: Course,
    /// At most this many steps a second; `None` is unlimited.
    pub speed: Option<f64>,
    /// Whether to wait for [`Command::Play`] or [`Command::Step`] before the first step.
    pub paused: bool,
    /// The run ends when its history may have grown to this many bytes.
    pub memory_budget: usize,
    /// Bytes that checkpoints may take; beyond them they are thinned evenly, and a [`Message::Thinned`] says so once.
    pub checkpoint_budget: usize,
}

impl Options {
    /// Memory a run's history may take unless another budget is set: 2 GiB, some three million steps with three tracked
    /// eigenvalues.
    pub const MEMORY_BUDGET: usize = 2 << 30;

    /// Memory a run's checkpoints may take unless another budget is set: 512 MiB, some two minutes of the default preset
    /// before the first thinning.
    pub const CHECKPOINT_BUDGET: usize = 512 << 20;

    /// `steps` steps with `eta`, at full speed, from now on, within [`Options::MEMORY_BUDGET`] and
    /// [`Options::CHECKPOINT_BUDGET`].
    pub fn new(steps: usize, eta: f64) -> Self {
        Self {
            steps,
            course: Course::new(eta),
            speed: None,
            paused: false,
            memory_budget: Self::MEMORY_BUDGET,
            checkpoint_budget: Self::CHECKPOINT_BUDGET,
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
    commands: Sender<Command>,
    messages: Receiver<Message>,
    outbox: VecDeque<Command>,
    cancel: Arc<AtomicBool>,
    past: Arc<Past>,
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
        let past = Past::new(options.course.clone(), options.checkpoint_budget);
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
        let (alive, gone) = bounded::<()>(0);
        let cancel = Arc::new(AtomicBool::new(false));
        let mut training = Training {
            commands,
            messages,
            cancel: Arc::clone(&cancel),
            wake: Box::new(wake),
            pace: Pace::new(options),
            course: past.course(),
            breakpoints: Breakpoints::default(),
            past: Arc::clone(&past),
            since_checkpoint: Duration::MAX,
            has_thinned: false,
            steps: options.steps,
            memory_budget: options.memory_budget,
            next_step: past.steps_taken(),
            bytes: 0,
            batch: Vec::new(),
            last_sent: None,
        };
        std::thread::Builder::new().name("training".into()).spawn(move || {
            let _alive = alive;
            training.run(engine);
        })?;
        Ok(Self {
            commands: command_sender,
            messages: message_receiver,
            outbox: VecDeque::new(),
            cancel,
            past,
            gone,
            ended: false,
        })
    }

    /// Sends a command, or keeps it for the next call or drain when the thread is in the middle of a long step. Never
    /// blocks. Does nothing once the run has ended.
    ///
    /// # Errors
    /// When the command carries a value outside its range.
    pub fn send(&mut self, command: Command) -> Result<(), CommandError> {
        match command {
            Command::SetEta(eta) if !(eta.is_finite() && eta > 0.0) => return Err(CommandError::Eta(eta)),
            Command::SetSpeed(Some(speed)) if !(speed.is_finite() && speed > 0.0) => {
                return Err(CommandError::Speed(speed));
            }
            Command::SetBreakpoint(breakpoint) if !breakpoint.is_valid() => {
                return Err(CommandError::Breakpoint(breakpoint));
            }
            Command::Stop => self.cancel.store(true, Ordering::Relaxed),
            _ => {}
        }
        // A slider sends many values; only the last one that waits matters.
        let replaces = |waiting: &Command| {
            matches!(command, Command::SetEta(_) | Command::SetSpeed(_))
                && std::mem::discriminant(waiting) == std::mem::discriminant(&command)
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
        while !self.ended {
            let message = match self.messages.try_recv() {
                Ok(message) => message,
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => Self::vanished(),
            };
            match message {
                Message::Frames(frames) => {
                    drained.rows += frames.len();
                    for frame in &frames {
                        history.push(frame);
                    }
                }
                Message::Hit(hit) => drained.hits.push(hit),
                Message::Thinned { budget } => drained.thinned = Some(budget),
                Message::Finished(ending) => drained.end = Some(Ok(ending)),
                Message::Failed(reason) => drained.end = Some(Err(reason)),
            }
            self.ended = drained.end.is_some();
        }
        drained
    }

    /// The next message, waiting for it up to `timeout`; `None` when there was none, or when the last one was given out
    /// already.
    pub fn receive(&mut self, timeout: Duration) -> Option<Message> {
        if self.ended {
            return None;
        }
        self.flush();
        let message = match self.messages.recv_timeout(timeout) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => return None,
            Err(RecvTimeoutError::Disconnected) => Self::vanished(),
        };
        self.ended = matches!(message, Message::Finished(_) | Message::Failed(_));
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

/// What has been asked of the pace of the steps.
#[derive(Debug)]
struct Pace {
    playing: bool,
    /// Single steps still to take while paused.
    single_steps: usize,
    /// Least time between the starts of two steps.
    interval: Duration,
    /// When the next step may start.
    due: Instant,
}

impl Pace {
    fn new(options: &Options) -> Self {
        let mut pace =
            Self { playing: !options.paused, single_steps: 0, interval: Duration::ZERO, due: Instant::now() };
        pace.set_speed(options.speed);
        pace
    }

    fn set_speed(&mut self, speed: Option<f64>) {
        // A thousand seconds a step is as slow as anyone wants, and keeps the arithmetic of instants in range.
        self.interval = speed.map_or(Duration::ZERO, |speed| Duration::from_secs_f64((1.0 / speed).min(1e3)));
        self.due = Instant::now();
    }

    /// When the next step may start; `None` while paused.
    fn next_due(&self, now: Instant) -> Option<Instant> {
        if self.single_steps > 0 { Some(now) } else { self.playing.then_some(self.due) }
    }

    fn stepped(&mut self) {
        self.single_steps = self.single_steps.saturating_sub(1);
        // Steps that come late do not make the following ones hurry by more than one interval.
        let now = Instant::now();
        self.due = (self.due + self.interval).max(now.checked_sub(self.interval).unwrap_or(now));
    }
}

/// The end of the thread is at hand: the watcher asked for it, or is gone.
#[derive(Debug)]
struct Stop;

/// The training thread's side.
struct Training {
    commands: Receiver<Command>,
    messages: Sender<Message>,
    cancel: Arc<AtomicBool>,
    wake: Box<dyn Fn() + Send>,
    pace: Pace,
    course: Course,
    past: Arc<Past>,
    breakpoints: Breakpoints,
    /// Time of stepping since the last checkpoint.
    since_checkpoint: Duration,
    has_thinned: bool,
    steps: usize,
    memory_budget: usize,
    next_step: usize,
    /// What the history has cost so far.
    bytes: usize,
    batch: Vec<StepRecord>,
    /// When the last batch left.
    last_sent: Option<Instant>,
}

impl Training {
    fn run(&mut self, engine: Box<dyn Engine>) {
        // The engine moves in, so a panic in its destructor is caught as well.
        let outcome = catch_unwind(AssertUnwindSafe(|| self.train(engine)));
        let last = match outcome {
            Ok(Ok(ending)) => Message::Finished(ending),
            Ok(Err(Stop)) => Message::Finished(Ending::Stopped),
            Err(panic) => Message::Failed(format!(
                "the training thread failed at step {}: {}; the steps before it are kept",
                self.next_step,
                panic_text(panic.as_ref())
            )),
        };
        if self.send_batch().and_then(|()| self.deliver(last.clone())).is_err() {
            self.part(last);
        }
    }

    fn train(&mut self, mut engine: Box<dyn Engine>) -> Result<Ending, Stop> {
        self.catch_up(engine.as_mut())?;
        loop {
            if self.next_step >= self.steps {
                return Ok(Ending::AllSteps);
            }
            if engine.finished() {
                return Ok(Ending::NothingAdvances);
            }
            if self.bytes >= self.memory_budget {
                return Ok(Ending::MemoryBudget { bytes: self.memory_budget });
            }
            self.wait_for_turn()?;
            self.keep_checkpoint(engine.as_ref())?;
            let begun = Instant::now();
            let record = self.course.step(engine.as_mut());
            self.since_checkpoint = self.since_checkpoint.saturating_add(begun.elapsed());
            self.next_step += 1;
            self.past.advance(self.next_step);
            self.pace.stepped();
            let hits = self.breakpoints.observe(&record);
            self.record(record)?;
            self.pause_at(hits)?;
        }
    }

    /// Takes the steps between the nearest checkpoint and the first one to record.
    fn catch_up(&mut self, engine: &mut dyn Engine) -> Result<(), Stop> {
        if let Some(checkpoint) = self.past.nearest(self.next_step) {
            engine.restore(&checkpoint).unwrap_or_else(|error| panic!("{error}"));
        }
        while engine.next_step() < self.next_step {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(Stop);
            }
            self.course.step(engine);
        }
        Ok(())
    }

    /// Waits for the watcher's next wish, and says why.
    fn pause_at(&mut self, hits: Vec<Hit>) -> Result<(), Stop> {
        if hits.is_empty() {
            return Ok(());
        }
        self.obey(&Command::Pause);
        self.send_batch()?;
        hits.into_iter().try_for_each(|hit| self.deliver(Message::Hit(hit)))
    }

    /// Keeps a checkpoint where one is due. Its cost is that of a copy of some eighty vectors.
    fn keep_checkpoint(&mut self, engine: &dyn Engine) -> Result<(), Stop> {
        if self.since_checkpoint < self.past.spacing() {
            return Ok(());
        }
        self.since_checkpoint = Duration::ZERO;
        let thinned = self.past.keep(engine.checkpoint());
        if thinned && !std::mem::replace(&mut self.has_thinned, true) {
            self.deliver(Message::Thinned { budget: self.past.budget() })?;
        }
        Ok(())
    }

    /// Obeys commands until the next step is due.
    fn wait_for_turn(&mut self) -> Result<(), Stop> {
        loop {
            while let Ok(command) = self.commands.try_recv() {
                self.obey(&command);
            }
            if self.cancel.load(Ordering::Relaxed) {
                return Err(Stop);
            }
            let now = Instant::now();
            let due = self.pace.next_due(now);
            if due.is_some_and(|due| due <= now) {
                return Ok(());
            }
            // Nobody should wait for rows because the next step is far away.
            let flush_due = self.last_sent.map_or(now, |sent| sent + BATCH_INTERVAL);
            if due.is_none() || flush_due <= now {
                self.send_batch()?;
            }
            let flush_due = (!self.batch.is_empty()).then_some(flush_due);
            let received = match due.into_iter().chain(flush_due).min() {
                Some(instant) => self.commands.recv_deadline(instant),
                None => self.commands.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match received {
                Ok(command) => self.obey(&command),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Stop),
            }
        }
    }

    fn obey(&mut self, command: &Command) {
        match *command {
            Command::Play => self.pace.playing = true,
            Command::Pause => (self.pace.playing, self.pace.single_steps) = (false, 0),
            Command::Step => {
                self.pace.playing = false;
                self.pace.single_steps += 1;
            }
            Command::SetEta(eta) => self.steer(|course, step| course.set_eta(step, eta)),
            Command::SetSpeed(speed) => self.pace.set_speed(speed),
            Command::RestartFlows => self.steer(Course::restart_flows),
            Command::SetBreakpoint(breakpoint) => self.breakpoints.set(breakpoint, self.next_step),
            Command::ClearBreakpoint(breakpoint) => self.breakpoints.clear(breakpoint),
            Command::Stop => self.cancel.store(true, Ordering::Relaxed),
        }
    }

    /// Changes the course from the next step on.
    fn steer(&mut self, change: impl Fn(&mut Course, usize)) {
        let step = self.next_step;
        change(&mut self.course, step);
        self.past.steer(|course| change(course, step));
    }

    fn record(&mut self, record: StepRecord) -> Result<(), Stop> {
        self.bytes += numbers(&record) * BYTES_PER_VALUE;
        self.batch.push(record);
        let rested = self.last_sent.is_none_or(|sent| sent.elapsed() >= BATCH_INTERVAL);
        if self.batch.len() >= BATCH_ROWS || rested {
            self.send_batch()?;
        }
        Ok(())
    }

    fn send_batch(&mut self) -> Result<(), Stop> {
        if self.batch.is_empty() {
            return Ok(());
        }
        self.last_sent = Some(Instant::now());
        let frames = Message::Frames(std::mem::take(&mut self.batch));
        self.deliver(frames)
    }

    /// Waits for room in the channel, obeying commands. After [`Stop`] the rows of an undelivered message are back in
    /// the batch.
    fn deliver(&mut self, message: Message) -> Result<(), Stop> {
        let mut message = Some(message);
        let mut commands = self.commands.clone();
        while let Some(waiting) = message.take() {
            if self.cancel.load(Ordering::Relaxed) {
                self.take_back(waiting);
                return Err(Stop);
            }
            match self.messages.try_send(waiting) {
                Ok(()) => (self.wake)(),
                Err(TrySendError::Disconnected(_)) => return Err(Stop),
                Err(TrySendError::Full(waiting)) => {
                    // `after` bounds how late a cancellation is noticed; commands wake at once.
                    select! {
                        recv(commands) -> command => match command {
                            Ok(command) => self.obey(&command),
                            Err(_) => commands = never(),
                        },
                        default(Duration::from_millis(10)) => {}
                    }
                    message = Some(waiting);
                }
            }
        }
        Ok(())
    }

    fn take_back(&mut self, message: Message) {
        if let Message::Frames(frames) = message {
            self.batch = frames;
        }
    }

    /// Hands over the last rows to a watcher that asked to stop and may still be listening.
    fn part(&mut self, last: Message) {
        let deadline = Instant::now() + PARTING;
        let rows = (!self.batch.is_empty()).then(|| Message::Frames(std::mem::take(&mut self.batch)));
        for message in rows.into_iter().chain([last]) {
            if self.messages.send_deadline(message, deadline).is_err() {
                return;
            }
            (self.wake)();
        }
    }
}

/// How many numbers a record adds to the columns of a [`History`].
fn numbers(record: &StepRecord) -> usize {
    let gd = record.gradient_descent.as_ref().map_or(0, |process| 3 + process.lambda.len());
    let gf = record.gradient_flow.as_ref().map_or(0, |_| 4);
    let cf = record.central_flow.as_ref().map_or(0, |flow| 8 + flow.state.lambda.len() + flow.sigma.len());
    let rest = [
        record.distance_gd_cf,
        record.distance_gd_gf,
        record.ema_loss,
        record.test_loss,
        record.train_accuracy,
        record.test_accuracy,
    ];
    2 + gd + gf + cf + record.displacement.len() + rest.iter().flatten().count()
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
