//! The training thread's side of a worker: steps, pace, checkpoints and breakpoints, in batches to the receiver.

use super::looking::SurveyWork;
use super::{Options, panic_text};
use crate::run::engine::Engine;
use crate::run::engine::breakpoint::{Breakpoints, Hit};
use crate::run::engine::course::Course;
use crate::run::engine::memory::Account;
use crate::run::engine::past::Past;
use crate::run::engine::rewind::Rewind;
use crate::run::live::message::{Ending, Message, Seen, WorkerCommand};
use crate::run::record::pyramid::Column;
use brink_core::dynamics::StepRecord;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, TrySendError, never, select};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A batch is sent when it holds this many rows …
pub(super) const BATCH_ROWS: usize = 256;

/// … or this long after the previous one: 30 pictures per second leave enough of the cores to the training.
const BATCH_INTERVAL: Duration = Duration::from_millis(33);

/// A slice of a survey while no step is due: the delay with which a command may be noticed if the loss is cheap.
const SLICE: Duration = Duration::from_millis(10);

/// How long the last rows may wait for a receiver that has requested the end.
const PARTING: Duration = Duration::from_millis(200);

/// The requested pace of the steps.
#[derive(Debug)]
struct Pace {
    playing: bool,
    /// Single steps still to take while paused.
    single_steps: usize,
    /// Minimum time between the starts of two steps.
    interval: Duration,
    /// The earliest time of the next step.
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
        // A thousand seconds per step is slow enough for any use, and keeps the arithmetic of instants in range.
        self.interval = speed.map_or(Duration::ZERO, |speed| Duration::from_secs_f64((1.0 / speed).min(1e3)));
        self.due = Instant::now();
    }

    /// The earliest time of the next step; `None` while paused.
    fn next_due(&self, now: Instant) -> Option<Instant> {
        if self.single_steps > 0 { Some(now) } else { self.playing.then_some(self.due) }
    }

    fn stepped(&mut self) {
        self.single_steps = self.single_steps.saturating_sub(1);
        // Late steps make the following ones hurry by at most one interval.
        let now = Instant::now();
        self.due = (self.due + self.interval).max(now.checked_sub(self.interval).unwrap_or(now));
    }
}

/// The thread is about to end: the receiver requested it, or has been dropped.
#[derive(Debug)]
struct Stop;

/// The state that the thread shares with its receiver, besides the channels.
pub(super) struct Shared {
    pub cancel: Arc<AtomicBool>,
    pub past: Arc<Past>,
    pub account: Arc<Account>,
}

/// The training thread's side.
pub(super) struct Training {
    commands: Receiver<WorkerCommand>,
    messages: Sender<Message>,
    cancel: Arc<AtomicBool>,
    wake: Box<dyn Fn() + Send>,
    pace: Pace,
    course: Course,
    past: Arc<Past>,
    breakpoints: Breakpoints,
    /// Stepping time since the last checkpoint.
    since_checkpoint: Duration,
    has_thinned: bool,
    steps: usize,
    /// The size of the history, including rows in transit.
    account: Arc<Account>,
    next_step: usize,
    batch: Vec<StepRecord>,
    /// The time of the last batch.
    last_sent: Option<Instant>,
    looking: SurveyWork,
}

impl Training {
    /// The state before the first step to record; `wake` is called after each message.
    pub(super) fn new(
        (commands, messages, views): (Receiver<WorkerCommand>, Sender<Message>, Sender<Seen>),
        Shared { cancel, past, account }: Shared,
        options: &Options,
        wake: impl Fn() + Send + 'static,
    ) -> Self {
        Self {
            commands,
            messages,
            cancel,
            wake: Box::new(wake),
            pace: Pace::new(options),
            course: past.course(),
            breakpoints: Breakpoints::default(),
            since_checkpoint: Duration::MAX,
            has_thinned: false,
            steps: options.steps,
            account,
            next_step: past.steps_taken(),
            past,
            batch: Vec::new(),
            last_sent: None,
            looking: SurveyWork::new(views, options.trail),
        }
    }

    /// Trains to the end, reports the reason, and continues if more steps are requested.
    pub(super) fn run(&mut self, mut engine: Box<dyn Engine>) {
        let engine_mut = engine.as_mut();
        let mut outcome = catch_unwind(AssertUnwindSafe(|| {
            self.catch_up(engine_mut)?;
            self.train(engine_mut)
        }));
        loop {
            let ended = matches!(outcome, Ok(Ok(_)));
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
                break;
            }
            // Its last message has been sent: a panic here ends the views, and nothing else.
            let asked = ended
                && catch_unwind(AssertUnwindSafe(|| self.keep_looking(engine.as_mut()))).unwrap_or(false);
            if !asked {
                break;
            }
            outcome = catch_unwind(AssertUnwindSafe(|| self.train(engine.as_mut())));
        }
        // Nor does anyone wait for a message from its destructor.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(engine)));
    }

    fn train(&mut self, engine: &mut dyn Engine) -> Result<Ending, Stop> {
        loop {
            if self.next_step >= self.steps {
                // a session of the run continues from here, with more steps
                self.past.keep(engine.checkpoint());
                return Ok(Ending::AllSteps);
            }
            if engine.finished() {
                return Ok(Ending::NothingAdvances);
            }
            let memory = self.account.pool();
            if memory.left() == 0 {
                return Ok(Ending::MemoryBudget { bytes: memory.budget() });
            }
            self.wait_for_turn(engine)?;
            self.keep_checkpoint(engine)?;
            let before = self.looking.before_step(engine);
            let begun = Instant::now();
            let record = self.course.step(engine);
            let took = begun.elapsed();
            self.since_checkpoint = self.since_checkpoint.saturating_add(took);
            self.looking.after_step(before, &record, took);
            self.next_step += 1;
            self.past.advance(self.next_step);
            self.pace.stepped();
            let hits = self.breakpoints.observe(&record);
            self.record(record)?;
            self.pause_at(hits)?;
            let now = Instant::now();
            if let Some(until) = self.looking.earned(now) {
                self.look(engine, until);
                self.looking.spend(now.elapsed());
            }
        }
    }

    /// Works on surveys of weight space until the time is up or a command waits.
    fn look(&mut self, engine: &mut dyn Engine, until: Instant) {
        let (commands, cancel) = (&self.commands, &self.cancel);
        let stop = || !commands.is_empty() || cancel.load(Ordering::Relaxed);
        if self.looking.advance(engine.probe().as_mut(), until, &stop) {
            (self.wake)();
        }
    }

    /// After the last step: answers requests until the receiver is dropped or requests more steps; returns whether it
    /// does.
    fn keep_looking(&mut self, engine: &mut dyn Engine) -> bool {
        while !self.cancel.load(Ordering::Relaxed) {
            let command = if self.looking.is_busy() {
                self.look(engine, Instant::now() + SLICE);
                self.commands.try_recv().map_err(|error| error == TryRecvError::Disconnected)
            } else {
                self.commands.recv().map_err(|_| true)
            };
            match command {
                Ok(WorkerCommand::Stop) | Err(true) => return false,
                Ok(command) => {
                    self.obey(&command);
                    if matches!(command, WorkerCommand::SetSteps(_)) {
                        return true;
                    }
                }
                Err(false) => {}
            }
        }
        false
    }

    /// Takes the steps between the nearest checkpoint and the first one to record.
    fn catch_up(&mut self, engine: &mut dyn Engine) -> Result<(), Stop> {
        let nearest = self.past.nearest(self.next_step);
        let way = Rewind { step: self.next_step, course: &self.course, checkpoints: nearest.as_slice() };
        way.restore(engine, nearest.is_some()).expect("the checkpoint is of this run");
        if way.advance(engine, || self.cancel.load(Ordering::Relaxed)) { Ok(()) } else { Err(Stop) }
    }

    /// Notifies the receiver that the run waits, and why.
    fn pause_at(&mut self, hits: Vec<Hit>) -> Result<(), Stop> {
        if hits.is_empty() {
            return Ok(());
        }
        self.obey(&WorkerCommand::Pause);
        self.send_batch()?;
        hits.into_iter().try_for_each(|hit| self.deliver(Message::Hit(hit)))
    }

    /// Keeps a checkpoint if one is due. It costs as much as a copy of about eighty vectors.
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

    /// Obeys commands until the next step is due, and works on surveys of weight space meanwhile.
    fn wait_for_turn(&mut self, engine: &mut dyn Engine) -> Result<(), Stop> {
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
            // Rows should not be delayed because the next step is far away.
            let flush_due = self.last_sent.map_or(now, |sent| sent + BATCH_INTERVAL);
            if due.is_none() || flush_due <= now {
                self.send_batch()?;
            }
            if self.looking.is_busy() {
                self.look(engine, due.map_or(now + SLICE, |due| due.min(now + SLICE)));
                continue;
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

    fn obey(&mut self, command: &WorkerCommand) {
        match *command {
            WorkerCommand::Play => self.pace.playing = true,
            WorkerCommand::Pause => (self.pace.playing, self.pace.single_steps) = (false, 0),
            WorkerCommand::Step => {
                self.pace.playing = false;
                self.pace.single_steps += 1;
            }
            WorkerCommand::SetEta(eta) => self.steer(|course, step| course.set_eta(step, eta)),
            WorkerCommand::SetSpeed(speed) => self.pace.set_speed(speed),
            WorkerCommand::SetSteps(steps) => self.steps = steps,
            WorkerCommand::RestartFlows => self.steer(Course::restart_flows),
            WorkerCommand::SetBreakpoint(breakpoint) => self.breakpoints.set(breakpoint, self.next_step),
            WorkerCommand::ClearBreakpoint(breakpoint) => self.breakpoints.clear(breakpoint),
            WorkerCommand::Look(ref request) => self.looking.begin(request.as_deref()),
            WorkerCommand::Stop => self.cancel.store(true, Ordering::Relaxed),
        }
    }

    /// Changes the course from the next step on.
    fn steer(&mut self, change: impl Fn(&mut Course, usize)) {
        let step = self.next_step;
        change(&mut self.course, step);
        self.past.steer(|course| change(course, step));
    }

    fn record(&mut self, record: StepRecord) -> Result<(), Stop> {
        self.account.take(under_way_bytes(&record));
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
                    // `after` bounds the delay with which a cancellation is noticed; commands wake the thread at
                    // once.
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

    /// Delivers the last rows to a receiver that has requested the end and may still be listening.
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

/// Maximum number of bytes of a record in a [`History`](crate::run::record::history::History), without outputs, which
/// have a separate budget.
pub(super) fn recorded_bytes(record: &StepRecord) -> usize {
    numbers(record) * Column::BYTES_PER_VALUE
}

/// Bytes reserved for a record before it is in a history.
pub(super) fn under_way_bytes(record: &StepRecord) -> usize {
    let outputs: usize = record.outputs.iter().map(Vec::len).sum();
    recorded_bytes(record) + outputs * size_of::<f64>()
}

/// How many numbers a record adds to the columns of a history.
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
    2 + gd + gf + cf + record.displacement.len() + 2 * record.positions.len() + rest.iter().flatten().count()
}
