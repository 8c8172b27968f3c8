//! The threads behind the runs: training, inspection, and the messages received from them.

pub(in crate::app) mod begin;
pub(in crate::app) mod beside;
pub(in crate::app) mod heard;
pub(in crate::app) mod steer;

use crate::app::state::gaps::Gaps;
use crate::app::state::runs::Runs;
use crate::app::work::inspector::Inspector;
use crate::app::work::outside::Assemble;
use crate::app::work::weight_space::{RecordedPaths, WeightSpace};
use crate::run::engine::memory::{Account, Memory};
use crate::run::live::fork::ForkThreads;
use crate::run::live::message::WorkerCommand;
use crate::run::live::worker::Worker;
use beside::BesideThreads;
use egui::Context;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Minimum part of the time between two repaints that is left to training, as a multiple of the time of a
/// frame.
const BREATHER: u32 = 3;

/// The threads behind the runs.
pub(in crate::app) struct Fleet {
    /// Trains the first run, or plays its recording.
    pub first: Option<Worker>,
    /// The threads that train the forks.
    pub forks: ForkThreads,
    /// The threads that train the runs alongside the first one.
    pub beside: BesideThreads,
    /// Inspects steps of the run.
    pub inspector: Option<Inspector>,
    /// Evaluates weight space around the run's weights.
    pub weight_space: Option<WeightSpace>,
    /// The weights stored in a recording.
    pub recorded_paths: Option<RecordedPaths>,
    /// The number of runs started before this one.
    pub number: u64,
    /// The memory limit shared by all runs.
    pub memory: Memory,
    /// The memory used in addition to the histories of the run and its forks.
    pub extra: Account,
    /// The messages already reported.
    pub heard: Heard,
    /// Nanoseconds between a message of a training thread and the repaint that it requests.
    pause: Arc<AtomicU64>,
    /// Creates the engines.
    pub assemble: Arc<Assemble>,
    context: Context,
}

/// The messages received from the runs and reported so far.
#[derive(Default)]
pub(in crate::app) struct Heard {
    /// The number of reported events of the run.
    pub events: usize,
    /// The reported non-finite values of the run.
    pub gaps: Gaps,
    /// The reported non-finite values of the forks, by fork number.
    pub fork_gaps: Vec<(usize, Gaps)>,
    /// The time at which the run's steps were last counted, and their number.
    pub pace: Option<(Instant, usize)>,
}

impl Fleet {
    /// A fleet in which nothing runs yet.
    pub fn new(assemble: &Arc<Assemble>, context: &Context) -> Self {
        let memory = Memory::default();
        Self {
            first: None,
            forks: ForkThreads::default(),
            beside: BesideThreads::default(),
            inspector: None,
            weight_space: None,
            recorded_paths: None,
            number: 0,
            extra: memory.recorded.open(),
            memory,
            heard: Heard::default(),
            pause: Arc::default(),
            assemble: Arc::clone(assemble),
            context: context.clone(),
        }
    }

    /// Sends a command to the forks and to the runs alongside the first one.
    pub fn tell_others(&mut self, runs: &mut Runs, command: &WorkerCommand) {
        self.forks.send(&mut runs.forks, command);
        self.beside.send(&mut runs.beside, command);
    }

    /// Ends every run, and removes the forks and the runs alongside the first one.
    pub fn end(&mut self, runs: &mut Runs) {
        self.end_first();
        (self.inspector, self.weight_space, self.recorded_paths) = (None, None, None);
        self.forks.clear(&mut runs.forks);
        self.beside.clear(&mut runs.beside);
    }

    /// Ends the training thread of the run; takes at most half a second.
    pub fn end_first(&mut self) {
        if let Some(worker) = self.first.take() {
            worker.shut_down();
        }
    }

    /// Accounts for the memory used in addition to the histories.
    pub fn count_extra(&mut self, bytes: usize) {
        self.extra.set(bytes);
    }

    /// Records the time that drawing a frame took. Repaints requested by training leave a multiple of it to
    /// the training.
    pub fn frame_took(&self, time: Duration) {
        let pause = (time * BREATHER).min(Duration::from_millis(500));
        self.pause.store(u64::try_from(pause.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Requests a repaint from a training thread, delayed so that drawing does not take the time of training.
    pub fn wake(&self) -> impl Fn() + Send + Clone + use<> {
        let (context, pause) = (self.context.clone(), Arc::clone(&self.pause));
        move || context.request_repaint_after(Duration::from_nanos(pause.load(Ordering::Relaxed)))
    }
}
