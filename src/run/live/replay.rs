//! Going back to earlier steps: a second thread with its own engine restores the nearest checkpoint, repeats
//! the steps after it, and lets a job inspect the run as it was at the start of a step.
//!
//! ```no_run
//! # use brink::run::live::replay::{Moment, Replay, Reply};
//! # fn example(replay: &Replay) {
//! // Request a job without waiting …
//! let answer = replay.ask(412, |moment: &mut Moment<'_>| {
//!     let inspection = moment.inspect();
//!     (inspection, moment.advance())
//! });
//! // … and poll for its answer in every frame.
//! if let Reply::Ready(Ok((inspection, record))) = answer.poll() { /* show them */ }
//! # }
//! ```

use super::worker::panic_text;
use crate::run::engine::Engine;
use crate::run::engine::course::Course;
use crate::run::engine::past::Past;
use crate::run::engine::rewind::Rewind;
use brink_core::dynamics::{InspectError, Inspection, Process, StepRecord};
use brink_core::space::{Probe, Stop};
use brink_core::spectrum::{Distribution, SpectrumError};
use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Maximum number of pending requests to the thread. A watcher typically makes three requests about one step;
/// requests about another step supersede them and are soon discarded.
const REQUESTS: usize = 64;

/// Creates the engine, on the replay thread and only at the first request, because it costs as much as
/// opening the preset.
pub type Make = dyn Fn() -> Result<Box<dyn Engine>, String> + Send;

/// Why a moment cannot be shown.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReplayError {
    /// The run has not reached the step.
    #[error("step {step} has not been reached: {taken} steps are taken")]
    NotReached {
        /// The requested step.
        step: usize,
        /// The number of steps taken.
        taken: usize,
    },
    /// The second engine cannot be created, does not fit the checkpoints, or has panicked.
    #[error("going back to step {step} failed: {reason}; the run itself goes on")]
    Failed {
        /// The requested step.
        step: usize,
        /// The cause.
        reason: String,
    },
}

/// The state of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply<A> {
    /// The request is being processed.
    Pending,
    /// The answer; it is returned once.
    Ready(Result<A, ReplayError>),
    /// A request about another step has followed, or the answer was already taken.
    Superseded,
}

/// The receiver of the answer to one request. It may be dropped at any time.
#[derive(Debug)]
pub struct Answer<A> {
    step: usize,
    receiver: Receiver<Result<A, ReplayError>>,
}

impl<A> Answer<A> {
    /// The step of the request.
    pub fn step(&self) -> usize {
        self.step
    }

    /// The state of the request, without waiting.
    pub fn poll(&self) -> Reply<A> {
        match self.receiver.try_recv() {
            Ok(answer) => Reply::Ready(answer),
            Err(TryRecvError::Empty) => Reply::Pending,
            Err(TryRecvError::Disconnected) => Reply::Superseded,
        }
    }

    /// The final state of the request; waits for it.
    pub fn wait(&self) -> Reply<A> {
        self.receiver.recv().map_or(Reply::Superseded, Reply::Ready)
    }
}

/// The run as it was at the start of a step, lent to one job. The job may take further steps exactly as the
/// run took them; the next job starts from its own step again.
pub struct Moment<'a> {
    engine: &'a mut dyn Engine,
    /// The number of steps whose course is fixed.
    taken: usize,
    course: &'a Course,
    superseded: Box<dyn Fn() -> bool + Sync + 'a>,
}

impl<'a> Moment<'a> {
    /// A moment of an engine at the start of a step of a run with `taken` steps and the given course; setting
    /// `cancel` stops long jobs.
    pub(crate) fn new(
        engine: &'a mut dyn Engine,
        taken: usize,
        course: &'a Course,
        cancel: &'a AtomicBool,
    ) -> Self {
        Self { engine, taken, course, superseded: Box::new(|| cancel.load(Ordering::Relaxed)) }
    }
}

impl Moment<'_> {
    /// The step at whose start the run is.
    pub fn step(&self) -> usize {
        self.engine.next_step()
    }

    /// The learning rate of that step.
    pub fn eta(&self) -> f64 {
        self.course.eta_at(self.step())
    }

    /// Inspects the step, with the learning rate with which it was taken; the run does not advance.
    ///
    /// # Errors
    /// If gradient descent does not run, or if there is nothing to compare it with.
    pub fn inspect(&mut self) -> Result<Inspection, InspectError> {
        self.engine.inspect(self.eta())
    }

    /// The spectrum of the Hessian at a process's weights; `progress` receives the completed fraction. `None`
    /// before the process has started, and after it has stopped.
    ///
    /// # Errors
    /// If the spectrum cannot be computed, or if a request about another step has arrived.
    pub fn spectrum(
        &mut self,
        process: Process,
        progress: &mut (dyn FnMut(f32) + Send),
    ) -> Option<Result<Distribution, SpectrumError>> {
        let superseded = &self.superseded;
        let mut go_on = |share| {
            progress(share);
            !superseded()
        };
        self.engine.spectrum(process, &mut go_on)
    }

    /// The learning rate of any step of the run.
    pub fn eta_at(&self, step: usize) -> f64 {
        self.course.eta_at(step)
    }

    /// Evaluates the loss at any point without affecting the run; also returns the signal that a request
    /// about another step has arrived.
    pub fn probe(&mut self) -> (Box<dyn Probe + '_>, Stop<'_>) {
        (self.engine.probe(), &*self.superseded)
    }

    /// A process's weights, converted to `f64`. Shape `[dim]`; `None` before the process has started.
    pub fn weights(&self, process: Process) -> Option<Vec<f64>> {
        self.engine.weights(process)
    }

    /// Takes the step as the run took it and returns its record, bit-identical to the run's own. `None` if
    /// the run has not advanced further.
    pub fn advance(&mut self) -> Option<StepRecord> {
        (self.step() < self.taken).then(|| self.course.step(self.engine))
    }

    /// Whether a request about another step has arrived, so that a long job should stop.
    pub fn superseded(&self) -> bool {
        (self.superseded)()
    }
}

/// The work of a request: it receives its moment, or the reason why there is none.
type Job = Box<dyn FnOnce(Result<&mut Moment<'_>, ReplayError>) + Send>;

struct ReplayRequest {
    step: usize,
    generation: u64,
    job: Job,
}

/// The watcher's handle to the replay thread of one run. Dropping it ends the thread.
pub struct Replay {
    requests: Sender<ReplayRequest>,
    /// Counts the changes of the requested step: requests made under a smaller count are superseded.
    generation: Arc<AtomicU64>,
    step: std::cell::Cell<Option<usize>>,
}

impl Replay {
    /// Starts the thread. It calls `wake` after each answer; `wake` must not block.
    ///
    /// # Errors
    /// If the operating system cannot start a thread.
    pub fn spawn(
        past: Arc<Past>,
        make: Box<Make>,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<Self> {
        // Bounded: the watcher sends without blocking, and the thread answers into channels with room for one
        // answer.
        let (requests, receiver) = bounded(REQUESTS);
        let generation = Arc::new(AtomicU64::new(0));
        let mut thread =
            Thread { past, make, engine: None, generation: Arc::clone(&generation), wake: Box::new(wake) };
        std::thread::Builder::new().name("replay".into()).spawn(move || {
            for request in receiver {
                thread.serve(request);
            }
        })?;
        Ok(Self { requests, generation, step: std::cell::Cell::new(None) })
    }

    /// Lets a job inspect the run as it was at the start of `step`, on the replay thread. Never blocks.
    /// Requests about the same step are served in order; a request about another step supersedes all earlier
    /// ones.
    pub fn ask<A: Send + 'static>(
        &self,
        step: usize,
        job: impl FnOnce(&mut Moment<'_>) -> A + Send + 'static,
    ) -> Answer<A> {
        if self.step.replace(Some(step)) != Some(step) {
            self.generation.fetch_add(1, Ordering::Relaxed);
        }
        let (sender, receiver) = bounded(1);
        let job = Box::new(move |moment: Result<&mut Moment<'_>, ReplayError>| {
            let (answer, panic) = match catch_unwind(AssertUnwindSafe(|| moment.map(job))) {
                Ok(answer) => (answer, None),
                Err(panic) => {
                    let reason = panic_text(panic.as_ref()).to_owned();
                    (Err(ReplayError::Failed { step, reason }), Some(panic))
                }
            };
            // The watcher may have moved on.
            let _ = sender.send(answer);
            if let Some(panic) = panic {
                // Passed on to the thread, which drops its engine.
                resume_unwind(panic);
            }
        });
        let request = ReplayRequest { step, generation: self.generation.load(Ordering::Relaxed), job };
        // If the channel is full, the answer's sender is dropped with the request: the request reads as
        // superseded and is made again.
        let _ = self.requests.try_send(request);
        Answer { step, receiver }
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }
}

/// The state of the replay thread.
struct Thread {
    past: Arc<Past>,
    make: Box<Make>,
    engine: Option<Box<dyn Engine>>,
    generation: Arc<AtomicU64>,
    wake: Box<dyn Fn() + Send>,
}

impl Thread {
    fn serve(&mut self, ReplayRequest { step, generation, job }: ReplayRequest) {
        let current = Arc::clone(&self.generation);
        let superseded = move || current.load(Ordering::Relaxed) != generation;
        if superseded() {
            return;
        }
        let taken = self.past.steps_taken();
        if step > taken {
            job(Err(ReplayError::NotReached { step, taken }));
            return (self.wake)();
        }
        let course = self.past.course();
        let mut job = Some(job);
        let done = catch_unwind(AssertUnwindSafe(|| -> Result<(), String> {
            let Some(engine) = self.go_to(step, &course, &superseded)? else { return Ok(()) };
            let moment = &mut Moment { engine, taken, course: &course, superseded: Box::new(&superseded) };
            if let Some(job) = job.take() {
                job(Ok(moment));
            }
            Ok(())
        }));
        let reason = match done {
            Ok(Ok(())) => None,
            Ok(Err(reason)) => Some(reason),
            Err(panic) => Some(panic_text(panic.as_ref()).to_owned()),
        };
        if let Some(reason) = reason {
            // Its state may be inconsistent.
            self.engine = None;
            if let Some(job) = job {
                job(Err(ReplayError::Failed { step, reason }));
            }
        }
        (self.wake)();
    }

    /// Brings the engine to the start of a step. `None` if the request is superseded meanwhile.
    fn go_to(
        &mut self,
        step: usize,
        course: &Course,
        superseded: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<&mut dyn Engine>, String> {
        let engine = match &mut self.engine {
            Some(engine) => engine,
            none => none.insert((self.make)()?),
        };
        let nearest = self.past.nearest(step);
        let way = Rewind { step, course, checkpoints: nearest.as_slice() };
        if way.restore(engine.as_mut(), false).is_err() {
            *engine = (self.make)()?;
        }
        Ok(if way.advance(engine.as_mut(), superseded) { Some(engine.as_mut()) } else { None })
    }
}
