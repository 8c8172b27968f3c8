//! A moment of a run, computed without a training thread: its history, its forks, and the data to display
//! there.

use super::address::Address;
use super::beginning::{Beginning, BeginningError};
use crate::preset::Preset;
use crate::run::engine::Engine;
use crate::run::engine::assemble::assemble;
use crate::run::engine::branch::Branch;
use crate::run::engine::checkpoint::Checkpoint;
use crate::run::engine::course::Course;
use crate::run::engine::problem::{AssembleError, Sources};
use crate::run::engine::rewind::Rewind;
use crate::run::file::recording::Recording;
use crate::run::file::session::forks::MOST_FORKS;
use crate::run::file::session::{Session, SessionKind};
use crate::run::live::lookout::{self, REPLAYED_HALF};
use crate::run::live::replay::Moment;
use crate::run::record::history::History;
use brink_core::dynamics::StepRecord;
use brink_core::space::{Axis, Budget, PROCESSES, Row, SpaceView, Trail};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The result of computing an address.
pub struct Computed<'a> {
    /// The preset's name.
    pub name: String,
    /// The preset.
    pub preset: Preset,
    /// The course of the run.
    pub course: Course,
    /// The recorded history.
    pub history: History,
    /// The forks: first own step, course and recorded history of each.
    pub forks: Vec<(usize, Course, History)>,
    /// The recording, if the address leads to one.
    pub recording: Option<Box<Recording>>,
    /// Access to earlier steps of the run; a recording has no states to return to.
    pub walk: Option<Walk<'a>>,
}

/// Why a moment cannot be computed.
#[derive(Debug, thiserror::Error)]
pub enum ComputeError {
    /// The preset or the session cannot be used.
    #[error(transparent)]
    Beginning(#[from] BeginningError),
    /// The data or the weights do not fit.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    /// The run does not have the step.
    #[error(
        "{option} {step}: the run has {steps} steps (run.steps); name an earlier one, or give it more steps"
    )]
    Beyond {
        /// The command-line option.
        option: &'static str,
        /// The step.
        step: usize,
        /// The number of steps of the run.
        steps: usize,
    },
    /// The run has not reached the step.
    #[error("step {step} has not been reached: {taken} steps are taken")]
    NotTaken {
        /// The step.
        step: usize,
        /// The number of steps taken.
        taken: usize,
    },
    /// The recording does not have the step.
    #[error("--at {step}: the recording has {steps} steps; name an earlier one")]
    NotRecorded {
        /// The step.
        step: usize,
        /// The number of steps of the recording.
        steps: usize,
    },
    /// There are more forks than allowed.
    #[error("{0} forks; at most {MOST_FORKS} run side by side")]
    TooManyForks(usize),
    /// A recording has no weights from which to continue, or to display.
    #[error("{what}: this is a recording, which keeps no weights; its preset runs live: brink {preset}")]
    Recorded {
        /// The request that needs the weights.
        what: String,
        /// The preset.
        preset: String,
    },
    /// The user asked to stop.
    #[error("interrupted; nothing is written")]
    Interrupted,
}

/// Access to any step of the run: an engine, and stored states from which it continues.
pub struct Walk<'a> {
    engine: Box<dyn Engine>,
    course: Course,
    /// The number of steps that the run has taken.
    taken: usize,
    /// In ascending order of steps, including the state before step 0.
    kept: Vec<Arc<Checkpoint>>,
    /// Whether the engine is at a step of a fork.
    astray: bool,
    /// The source of the paths through weight space.
    trail: Option<Trail>,
    cancel: &'a AtomicBool,
}

impl Walk<'_> {
    /// Moves the engine to the start of a step of a run with this course.
    fn go_to(&mut self, step: usize, course: &Course) -> Result<(), ComputeError> {
        let after = self.kept.partition_point(|kept| kept.step() <= step);
        let before = &self.kept[..after];
        let way = Rewind { step, course, checkpoints: before };
        way.restore(self.engine.as_mut(), self.astray)
            .expect("the state before step 0 is among the checkpoints");
        self.astray = false;
        while self.engine.next_step() < step {
            self.step(course)?;
        }
        Ok(())
    }

    fn step(&mut self, course: &Course) -> Result<StepRecord, ComputeError> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(ComputeError::Interrupted);
        }
        let Some(trail) = self.trail.as_mut().filter(|_| !self.astray) else {
            return Ok(course.step(self.engine.as_mut()));
        };
        // repeated steps that are already on the trail would restart it
        let next = trail.newest().map_or(self.engine.next_step(), |newest| newest.step() + 1);
        if self.engine.next_step() != next {
            return Ok(course.step(self.engine.as_mut()));
        }
        let before = PROCESSES.map(|process| self.engine.weights(process));
        let record = course.step(self.engine.as_mut());
        trail.push(Row::of_step(&before, &record));
        Ok(record)
    }

    /// Records the steps that are missing in a history.
    fn record(
        &mut self,
        history: &mut History,
        course: &Course,
        rows: usize,
        advanced: &mut dyn FnMut(&StepRecord),
    ) -> Result<(), ComputeError> {
        while history.rows() < rows && !self.engine.finished() {
            let record = self.step(course)?;
            history.push(&record);
            advanced(&record);
        }
        Ok(())
    }

    /// The run as it was at the start of a step; steps are recomputed if necessary. Access in ascending order
    /// is the cheapest.
    ///
    /// # Errors
    /// If the run has not reached the step, or if its computation was cancelled.
    pub fn moment(&mut self, step: usize) -> Result<Moment<'_>, ComputeError> {
        if step > self.taken {
            return Err(ComputeError::NotTaken { step, taken: self.taken });
        }
        let course = self.course.clone();
        self.go_to(step, &course)?;
        Ok(Moment::new(self.engine.as_mut(), self.taken, &self.course, self.cancel))
    }

    /// Weight space around a step: the recorded paths, and the loss and the sharpness around them.
    ///
    /// # Errors
    /// See [`Walk::moment`].
    pub fn look(&mut self, step: usize, axes: &[Axis]) -> Result<SpaceView, ComputeError> {
        let kept = self.trail.take();
        let trail = kept.unwrap_or_else(|| Trail::new(Budget::default()));
        let first = if trail.row(step).is_some() { step } else { step.saturating_sub(REPLAYED_HALF) };
        let view = self.moment(first).map(|mut moment| lookout::look(&mut moment, step, axes, &trail));
        self.trail = Some(trail);
        view?.ok_or(ComputeError::Interrupted)
    }

    /// Stores the current state of the engine if it lies beyond the stored states.
    fn keep(&mut self) {
        if self.engine.next_step() > self.kept.last().map_or(0, |kept| kept.step()) {
            self.kept.push(Arc::new(self.engine.checkpoint()));
        }
    }
}

impl fmt::Debug for Computed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, course, history, forks, .. } = self;
        let mut computed = f.debug_struct("Computed");
        computed.field("name", name).field("course", course).field("rows", &history.rows());
        computed.field("forks", &forks.len()).finish_non_exhaustive()
    }
}

impl<'a> Computed<'a> {
    /// Computes the moment of an address: up to its step, or to the run's end. A session is computed up to
    /// the step at which it was saved, with its forks; for a recording, nothing is computed. `advanced` is
    /// called after every step. With a `trail`, the paths through weight space are stored.
    ///
    /// # Errors
    /// If the run cannot start, if it does not have the requested steps, or if `cancel` is set.
    pub fn at(
        address: &Address,
        trail: Option<Budget>,
        cancel: &'a AtomicBool,
        advanced: &mut dyn FnMut(&StepRecord),
    ) -> Result<Self, ComputeError> {
        let Beginning { name, preset, course, session } = Beginning::at(address)?;
        let session = match session {
            Some(session) if session.kind == SessionKind::Recording => {
                return Self::of_recording(address, course, session);
            }
            session => session,
        };
        let steps = preset.run.steps.max(session.as_ref().map_or(0, |session| session.history.rows()));
        let beyond = |option, step: usize| {
            if step < steps { Ok(()) } else { Err(ComputeError::Beyond { option, step, steps }) }
        };
        address.at.map_or(Ok(()), |at| beyond("--at", at))?;
        address.forks.iter().try_for_each(|fork| beyond("--fork", fork.step()))?;
        let saved_forks = session.as_ref().map_or(Vec::new(), |session| session.forks.clone());
        let all_forks = saved_forks.len() + address.forks.len();
        if all_forks > MOST_FORKS {
            return Err(ComputeError::TooManyForks(all_forks));
        }
        let engine = assemble(&preset, &Sources::default())?;
        let engine_examples = engine.examples();
        let mut kept = vec![Arc::new(engine.checkpoint())];
        let (saved, checkpoints) = match session {
            Some(session) => (session.history, session.checkpoints),
            None => (History::new(preset.eigen.max_tracked), Vec::new()),
        };
        kept.extend(checkpoints.into_iter().filter(|kept| kept.step() > 0));
        let trail = trail.map(Trail::new);
        let mut walk = Walk { engine, course: course.clone(), taken: 0, kept, astray: false, trail, cancel };
        let end = if saved.rows() > 0 { saved.rows() } else { steps };
        let rows = address.at.map_or(end, |at| at + 1);
        let mut history = saved.until(rows);
        if let Some(examples) = engine_examples {
            history.watch(examples);
        }
        if history.rows() < rows {
            walk.go_to(history.rows(), &course)?;
            // the steps at which forks leave, and the last step, so that they need not be computed from the
            // beginning
            let mut stops: Vec<usize> =
                address.forks.iter().map(Branch::step).chain([rows.saturating_sub(1), rows]).collect();
            stops.sort_unstable();
            for stop in stops {
                walk.record(&mut history, &course, stop.min(rows), advanced)?;
                walk.keep();
            }
        }
        // the forks of the session, with the steps they had when it was saved
        let kept = saved_forks.into_iter().filter(|fork| fork.step < rows);
        let mut forks: Vec<_> = kept.map(|fork| (fork.step, fork.course, fork.history.until(rows))).collect();
        for fork in &address.forks {
            let step = fork.step();
            let mut steered = course.until(step);
            walk.go_to(step, &course)?;
            walk.astray = true;
            fork.steer(&mut steered);
            let mut own = history.until(step);
            walk.record(&mut own, &steered, rows, advanced)?;
            forks.push((step, steered, own));
        }
        walk.taken = history.rows();
        Ok(Self { name, preset, course, history, forks, recording: None, walk: Some(walk) })
    }

    /// The moment of a recording: its recorded steps up to the requested one. No engine is created, and no
    /// data is read.
    fn of_recording(address: &Address, course: Course, session: Session) -> Result<Self, ComputeError> {
        let steps = session.history.rows();
        if let Some(step) = address.at.filter(|&at| at >= steps) {
            return Err(ComputeError::NotRecorded { step, steps });
        }
        if let Some(fork) = address.forks.first() {
            let what = format!("--fork {fork}");
            return Err(ComputeError::Recorded { what, preset: session.name });
        }
        let rows = address.at.map_or(steps, |at| at + 1);
        let recording = Recording::of(session);
        Ok(Self {
            name: recording.name.clone(),
            preset: recording.preset.clone(),
            course,
            history: recording.history.until(rows),
            forks: Vec::new(),
            recording: Some(Box::new(recording)),
            walk: None,
        })
    }

    /// The command that reopens the moment.
    pub fn address(&self, at: Option<usize>) -> Address {
        if let Some(recording) = &self.recording {
            return Address::of_recording(recording, at);
        }
        let forks: Vec<_> = self.forks.iter().map(|(step, course, _)| (*step, course.clone())).collect();
        Address::of(&self.name, &self.preset, &self.course, &forks, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::file::session::Session;
    use crate::run::record::series::Series;
    use crate::run::start::address::Chosen;
    use brink_core::dynamics::Inspection;

    static GO_ON: AtomicBool = AtomicBool::new(false);

    fn computed(address: &Address) -> Result<Computed<'static>, String> {
        Computed::at(address, None, &GO_ON, &mut |_| ()).map_err(|error| error.to_string())
    }

    fn inspected(computed: &mut Computed, step: usize) -> Inspection {
        computed.walk.as_mut().unwrap().moment(step).unwrap().inspect().unwrap()
    }

    fn valley() -> Address {
        Address { chosen: Chosen { name: Some("valley".into()), set: Vec::new() }, ..Address::default() }
    }

    #[test]
    fn a_moment_of_a_session_is_that_of_its_run() {
        let address =
            Address { forks: vec![Branch::new(30, 0.4), Branch::new(10, 0.3)], at: Some(50), ..valley() };
        let mut through = computed(&address).unwrap();
        assert_eq!(through.history.rows(), 51);
        let looked = inspected(&mut through, 50);
        assert_eq!(looked.step, 50);
        let short = computed(&Address { at: Some(35), ..valley() }).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.brink");
        Session::new("valley", short.preset, short.course, short.history).write(&path).unwrap();
        let chosen = Chosen { name: path.to_str().map(str::to_owned), set: Vec::new() };
        let mut again = computed(&Address { chosen, ..address }).unwrap();
        assert_eq!(again.name, "valley");
        for row in 0..51 {
            let loss = |history: &History| history.value(Series::GdLoss, row).map(f64::to_bits);
            assert_eq!(loss(&again.history), loss(&through.history), "row {row}");
            for (one, other) in again.forks.iter().zip(&through.forks) {
                assert_eq!(loss(&one.2), loss(&other.2), "row {row} of the fork at {}", one.0);
            }
        }
        assert_eq!(through.forks[0].2.value(Series::Eta, 30), Some(0.4));
        // in any order, even if the engine has just been at a step of a fork
        for step in [50, 12, 40, 50] {
            assert_eq!(
                format!("{:?}", inspected(&mut again, step)),
                format!("{:?}", inspected(&mut through, step))
            );
        }
        assert_eq!(inspected(&mut again, 50), looked);
        let refused = again.walk.as_mut().unwrap().moment(52).map(drop).unwrap_err().to_string();
        assert!(refused.contains("step 52") && refused.contains("51 steps"), "{refused}");
    }

    #[test]
    fn weight_space_is_looked_at_with_and_without_a_trail() {
        let set = ["run.steps=60", "model.width=6"].map(str::to_owned).to_vec();
        let chosen = Chosen { name: Some("chebyshev".into()), set };
        let address = Address { chosen, ..Address::default() };
        let axes = [Axis::Eigenvector(0), Axis::Drift];
        let look = |trail| {
            let mut computed = Computed::at(&address, trail, &GO_ON, &mut |_| ()).unwrap();
            computed.walk.as_mut().unwrap().look(40, &axes).unwrap()
        };
        let (kept, again) = (look(Some(Budget::default())), look(None));
        assert!(kept.progress == 1.0 && kept.surface.is_some() && kept.axes.len() == 2, "{:?}", kept.notes);
        // the same weights, and therefore bit-identical axes and losses
        assert_eq!((&kept.axes[0].axis, &kept.surface), (&again.axes[0].axis, &again.surface));
        assert_eq!(kept.paths.len(), again.paths.len());
    }

    #[test]
    fn a_recording_is_read_and_not_computed() {
        // no data directory is given, so nothing could be computed
        let chosen = Chosen { name: Some("cifar-vit.brink".into()), set: Vec::new() };
        let address = Address { chosen, at: Some(100), ..Address::default() };
        let found = computed(&address).unwrap();
        assert!(found.history.rows() == 101 && found.walk.is_none() && found.recording.is_some());
        assert_eq!(found.address(Some(7)).to_string(), "brink cifar-vit.brink --at 7");
        let error = computed(&Address { at: Some(1 << 30), ..address.clone() }).unwrap_err();
        assert!(error.contains("--at 1073741824") && error.contains("the recording has"), "{error}");
        let error = computed(&Address { forks: vec![Branch::new(3, 0.1)], ..address }).unwrap_err();
        assert!(
            error.contains("--fork 3=0.1: this is a recording") && error.contains("brink cifar-vit"),
            "{error}"
        );
    }

    #[test]
    fn steps_that_a_run_does_not_have_are_said() {
        let error = computed(&Address { at: Some(1 << 30), ..valley() }).unwrap_err();
        assert!(error.contains("--at 1073741824") && error.contains("run.steps"), "{error}");
        let error = computed(&Address { forks: vec![Branch::new(3, 0.1); 5], ..valley() }).unwrap_err();
        assert!(error.contains("5 forks"), "{error}");
        let set = vec!["run.seed=3".to_owned()];
        let chosen = Chosen { name: Some("none.brink".into()), set };
        let error = computed(&Address { chosen, ..Address::default() }).unwrap_err();
        assert!(error.contains("--set run.seed=3 has no place beside a session"), "{error}");
    }
}
