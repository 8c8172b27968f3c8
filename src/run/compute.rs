//! A moment of a run, computed without a training thread: its history, its forks, and what the inspector sees.

use super::address::{Address, Branch};
use super::assemble::{AssembleError, Sources, assemble};
use super::beginning::{Beginning, BeginningError};
use super::checkpoint::Checkpoint;
use super::course::Course;
use super::engine::Engine;
use super::fork::MOST_FORKS;
use super::history::History;
use super::preset::Preset;
use crate::dynamics::{Inspection, StepRecord};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What an address leads to.
#[derive(Debug)]
pub struct Computed {
    /// The preset's name.
    pub name: String,
    /// The preset.
    pub preset: Preset,
    /// How the run was steered.
    pub course: Course,
    /// What it recorded.
    pub history: History,
    /// Its forks: the first own step, how it was steered, what it recorded.
    pub forks: Vec<(usize, Course, History)>,
    /// The step of the cursor, looked into; nothing where that cannot be.
    pub inspection: Option<Inspection>,
}

/// A moment that cannot be computed.
#[derive(Debug, thiserror::Error)]
pub enum ComputeError {
    /// The preset or the session cannot be used.
    #[error(transparent)]
    Beginning(#[from] BeginningError),
    /// Data or weights do not fit.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    /// A step that the run does not have.
    #[error(
        "{option} {step}: the run has {steps} steps (run.steps); name an earlier one, or give it more steps"
    )]
    Beyond {
        /// The option.
        option: &'static str,
        /// The step.
        step: usize,
        /// Steps of the run.
        steps: usize,
    },
    /// More forks than there may be.
    #[error("{0} forks; at most {MOST_FORKS} run side by side")]
    TooManyForks(usize),
    /// The user asked to stop.
    #[error("interrupted; nothing is written")]
    Interrupted,
}

/// An engine, and states of the run to go back to.
struct Walk<'a> {
    engine: Box<dyn Engine>,
    kept: Vec<Arc<Checkpoint>>,
    cancel: &'a AtomicBool,
}

impl Walk<'_> {
    /// Goes to the start of a step of a run that is steered so.
    fn go_to(&mut self, step: usize, course: &Course) -> Result<(), ComputeError> {
        let after = self.kept.partition_point(|kept| kept.step() <= step);
        let restored = self.kept[..after].iter().rev().any(|kept| self.engine.restore(kept).is_ok());
        debug_assert!(restored, "the state before step 0 is among them");
        while self.engine.next_step() < step {
            self.step(course)?;
        }
        Ok(())
    }

    fn step(&mut self, course: &Course) -> Result<StepRecord, ComputeError> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(ComputeError::Interrupted);
        }
        Ok(course.step(self.engine.as_mut()))
    }

    /// Records the steps that a history lacks.
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
}

impl Computed {
    /// Computes the moment of an address: up to its step, or to the run's end; of a session, up to where it was saved.
    /// `advanced` hears of every step.
    ///
    /// # Errors
    /// When the run cannot begin, does not have the steps, or `cancel` is set.
    pub fn at(
        address: &Address,
        cancel: &AtomicBool,
        advanced: &mut dyn FnMut(&StepRecord),
    ) -> Result<Self, ComputeError> {
        let Beginning { name, preset, course, session } = Beginning::at(address)?;
        let steps = preset.run.steps.max(session.as_ref().map_or(0, |session| session.history.rows()));
        let beyond = |option, step: usize| {
            if step < steps { Ok(()) } else { Err(ComputeError::Beyond { option, step, steps }) }
        };
        address.at.map_or(Ok(()), |at| beyond("--at", at))?;
        address.forks.iter().try_for_each(|fork| beyond("--fork", fork.step()))?;
        if address.forks.len() > MOST_FORKS {
            return Err(ComputeError::TooManyForks(address.forks.len()));
        }
        let engine = assemble(&preset, &Sources::default())?;
        let engine_examples = engine.examples();
        let mut kept = vec![Arc::new(engine.checkpoint())];
        let (saved, checkpoints) = match session {
            Some(session) => (session.history, session.checkpoints),
            None => (History::new(preset.eigen.max_tracked), Vec::new()),
        };
        kept.extend(checkpoints.into_iter().filter(|kept| kept.step() > 0));
        let mut walk = Walk { engine, kept, cancel };
        let end = if saved.rows() > 0 { saved.rows() } else { steps };
        let rows = address.at.map_or(end, |at| at + 1);
        let mut history = saved.until(rows);
        if let Some(examples) = engine_examples {
            history.watch(examples);
        }
        if history.rows() < rows {
            walk.go_to(history.rows(), &course)?;
            // where forks leave, so that they need not start from the beginning
            let mut stops: Vec<usize> = address.forks.iter().map(Branch::step).chain([rows]).collect();
            stops.sort_unstable();
            for stop in stops {
                walk.record(&mut history, &course, stop.min(rows), advanced)?;
                if walk.engine.next_step() > walk.kept.last().map_or(0, |kept| kept.step()) {
                    walk.kept.push(Arc::new(walk.engine.checkpoint()));
                }
            }
        }
        let mut forks = Vec::new();
        for fork in &address.forks {
            let step = fork.step();
            let mut steered = course.until(step);
            walk.go_to(step, &course)?;
            fork.steer(&mut steered);
            let mut own = history.until(step);
            walk.record(&mut own, &steered, rows, advanced)?;
            forks.push((step, steered, own));
        }
        let inspection = match address.at {
            Some(at) => {
                walk.go_to(at, &course)?;
                walk.engine.inspect(course.eta_at(at)).ok()
            }
            None => None,
        };
        Ok(Self { name, preset, course, history, forks, inspection })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::address::Chosen;
    use crate::run::series::Series;
    use crate::run::session::Session;

    fn computed(address: &Address) -> Result<Computed, String> {
        Computed::at(address, &AtomicBool::new(false), &mut |_| ()).map_err(|error| error.to_string())
    }

    fn valley() -> Address {
        Address { chosen: Chosen { name: Some("valley".into()), set: Vec::new() }, ..Address::default() }
    }

    #[test]
    fn a_moment_of_a_session_is_that_of_its_run() {
        let address =
            Address { forks: vec![Branch::new(30, 0.4), Branch::new(10, 0.3)], at: Some(50), ..valley() };
        let through = computed(&address).unwrap();
        assert_eq!(through.history.rows(), 51);
        assert_eq!(through.inspection.as_ref().unwrap().step, 50);
        let short = computed(&Address { at: Some(35), ..valley() }).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.brink");
        Session::new("valley", short.preset, short.course, short.history).write(&path).unwrap();
        let chosen = Chosen { name: path.to_str().map(str::to_owned), set: Vec::new() };
        let again = computed(&Address { chosen, ..address }).unwrap();
        assert_eq!(again.name, "valley");
        for row in 0..51 {
            let loss = |history: &History| history.value(Series::GdLoss, row).map(f64::to_bits);
            assert_eq!(loss(&again.history), loss(&through.history), "row {row}");
            for (one, other) in again.forks.iter().zip(&through.forks) {
                assert_eq!(loss(&one.2), loss(&other.2), "row {row} of the fork at {}", one.0);
            }
        }
        assert_eq!(through.forks[0].2.value(Series::Eta, 30), Some(0.4));
        assert_eq!(format!("{:?}", again.inspection), format!("{:?}", through.inspection));
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
