//! The threads behind the runs of the state: what trains them, what looks into them, and what was heard of them.

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

/// Least part of the time between two repaints that is left to the training, in multiples of what a frame costs.
const BREATHER: u32 = 3;

/// The threads behind the runs.
pub(in crate::app) struct Fleet {
    /// Trains the run that is no fork, or plays it.
    pub first: Option<Worker>,
    /// Train the forks.
    pub forks: ForkThreads,
    /// Train the runs beside it.
    pub beside: BesideThreads,
    /// Looks into steps of the run.
    pub inspector: Option<Inspector>,
    /// Looks at its weights.
    pub weight_space: Option<WeightSpace>,
    /// The weights that a recording has kept.
    pub recorded_paths: Option<RecordedPaths>,
    /// How many runs were started before this one.
    pub number: u64,
    /// What all runs may take together.
    pub memory: Memory,
    /// What is taken beside the histories of the run and its forks.
    pub extra: Account,
    /// What was told already.
    pub heard: Heard,
    /// Nanoseconds between a message of a training thread and the repaint it asks for.
    pause: Arc<AtomicU64>,
    /// Makes the engines.
    pub assemble: Arc<Assemble>,
    context: Context,
}

/// What was heard of the runs, and told.
#[derive(Default)]
pub(in crate::app) struct Heard {
    /// Events of the run.
    pub events: usize,
    /// Its values that are not finite.
    pub gaps: Gaps,
    /// The same of the forks, by their numbers.
    pub fork_gaps: Vec<(usize, Gaps)>,
    /// When its steps were last counted, and how many there were.
    pub pace: Option<(Instant, usize)>,
}

impl Fleet {
    /// Nothing runs yet.
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

    /// Tells the forks, and the runs beside the first one.
    pub fn tell_others(&mut self, runs: &mut Runs, command: &WorkerCommand) {
        self.forks.send(&mut runs.forks, command);
        self.beside.send(&mut runs.beside, command);
    }

    /// Ends every run, and forgets the forks and the runs beside the first one.
    pub fn end(&mut self, runs: &mut Runs) {
        self.end_first();
        (self.inspector, self.weight_space, self.recorded_paths) = (None, None, None);
        self.forks.clear(&mut runs.forks);
        self.beside.clear(&mut runs.beside);
    }

    /// Ends the training thread of the run; at most half a second.
    pub fn end_first(&mut self) {
        if let Some(worker) = self.first.take() {
            worker.shut_down();
        }
    }

    /// Counts what is taken beside the histories.
    pub fn count_extra(&mut self, bytes: usize) {
        self.extra.set(bytes);
    }

    /// How long drawing a frame takes: the repaints that training asks for leave a multiple of it to the training.
    pub fn frame_took(&self, time: Duration) {
        let pause = (time * BREATHER).min(Duration::from_millis(500));
        self.pause.store(u64::try_from(pause.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Asks for a repaint, from a training thread: not so soon that drawing takes the time of the training.
    pub fn wake(&self) -> impl Fn() + Send + Clone + use<> {
        let (context, pause) = (self.context.clone(), Arc::clone(&self.pause));
        move || context.request_repaint_after(Duration::from_nanos(pause.load(Ordering::Relaxed)))
    }
}
