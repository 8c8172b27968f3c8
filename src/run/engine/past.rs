//! Data for going back in a run: its course, and checkpoints within a budget of memory.
//!
//! The training thread writes it; the replay thread and the window read it. The lock is never held for longer than it
//! takes to move a few pointers.

use super::checkpoint::Checkpoint;
use super::course::Course;
use super::memory::{Place, Shelf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The past of one run.
#[derive(Debug)]
pub struct Past {
    course: Mutex<Course>,
    kept: Place,
    /// Number of steps taken.
    taken: AtomicUsize,
}

impl Past {
    /// The past of a run before its first step, whose checkpoints go on this shelf.
    pub fn new(course: Course, shelf: &Shelf) -> Self {
        Self { course: Mutex::new(course), kept: shelf.place(), taken: AtomicUsize::new(0) }
    }

    /// The past of a run read from a file. Checkpoints ascend in steps. The newest is kept even beyond the budget
    /// until there is a newer one: without it all steps would have to be repeated to continue.
    pub fn of(course: Course, checkpoints: Vec<Arc<Checkpoint>>, taken: usize, shelf: &Shelf) -> Self {
        let past = Self::new(course, shelf);
        past.extend(checkpoints, taken);
        past
    }

    /// Adds further data from a file; as [`Past::of`].
    pub(crate) fn extend(&self, mut checkpoints: Vec<Arc<Checkpoint>>, taken: usize) {
        let newest = checkpoints.pop();
        for checkpoint in checkpoints {
            self.kept.keep(checkpoint);
        }
        if let Some(newest) = newest {
            self.kept.keep_at_any_cost(newest);
        }
        self.advance(taken);
    }

    fn lock(&self) -> MutexGuard<'_, Course> {
        // A course is consistent between any two statements.
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Number of steps taken: the start of any step up to this one can be restored.
    pub fn steps_taken(&self) -> usize {
        self.taken.load(Ordering::Acquire)
    }

    /// The course of the run, including planned changes.
    pub fn course(&self) -> Course {
        self.lock().clone()
    }

    /// The latest checkpoint at or before the start of a step.
    pub fn nearest(&self, step: usize) -> Option<Arc<Checkpoint>> {
        self.kept.nearest(step)
    }

    /// All checkpoints, ascending in steps.
    pub fn checkpoints(&self) -> Vec<Arc<Checkpoint>> {
        self.kept.all()
    }

    /// The past of a run that leaves this one at the start of a step. The checkpoints are shared.
    #[must_use]
    pub fn until(&self, step: usize) -> Self {
        let course = Mutex::new(self.lock().until(step));
        Self { course, kept: self.kept.until(step), taken: AtomicUsize::new(step.min(self.steps_taken())) }
    }

    /// Budget of the checkpoints in bytes, shared with the runs on the same shelf.
    pub fn budget(&self) -> usize {
        self.kept.shelf().budget()
    }

    /// Stepping time after which the next checkpoint is due.
    pub(crate) fn spacing(&self) -> Duration {
        self.kept.spacing()
    }

    /// Notes that the steps before `taken` have been taken.
    pub(crate) fn advance(&self, taken: usize) {
        self.taken.store(taken, Ordering::Release);
    }

    /// Changes the course of the run.
    pub(crate) fn steer(&self, change: impl FnOnce(&mut Course)) {
        change(&mut self.lock());
    }

    /// Adds a checkpoint; those that exceed the budget are dropped. Returns whether any were dropped, of this run or
    /// of another one on the same shelf.
    pub(crate) fn keep(&self, checkpoint: impl Into<Arc<Checkpoint>>) -> bool {
        self.kept.keep(checkpoint.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::engine::Engine;
    use crate::run::engine::fake::Fake;
    use crate::run::engine::memory::SPACING;

    /// A checkpoint of sixteen bytes.
    fn checkpoint(step: usize) -> Checkpoint {
        Fake { step, ..Fake::default() }.checkpoint()
    }

    #[test]
    fn beyond_the_budget_checkpoints_are_thinned_evenly() {
        let size = checkpoint(1).bytes();
        let past = Past::new(Course::new(0.1), &Shelf::new(10 * size));
        let mut thinned = 0;
        for step in 0..100 {
            thinned += usize::from(past.keep(checkpoint(step)));
        }
        let steps: Vec<usize> = past.checkpoints().iter().map(|kept| kept.step()).collect();
        assert!(steps.len() >= 5 && steps.len() <= 10 && steps[0] == 0, "{steps:?}");
        assert!(thinned > 3 && past.spacing() == SPACING * 2u32.pow(thinned.try_into().unwrap()));
        assert_eq!(past.nearest(steps[3] + 1).unwrap().step(), steps[3]);
        assert_eq!(past.nearest(0).unwrap().step(), 0);
    }

    #[test]
    fn without_a_budget_only_the_start_is_kept() {
        let past = Past::new(Course::new(0.1), &Shelf::new(0));
        for step in 0..5 {
            past.keep(checkpoint(step));
        }
        assert_eq!(past.checkpoints().len(), 1);
    }

    #[test]
    fn a_run_from_a_file_goes_on_from_its_newest_checkpoint_whatever_the_budget() {
        let checkpoints: Vec<_> = [0, 40, 90].map(|step| Arc::new(checkpoint(step))).into();
        for budget in [0, 2 * checkpoints[0].bytes(), usize::MAX] {
            let past = Past::of(Course::new(0.1), checkpoints.clone(), 100, &Shelf::new(budget));
            assert_eq!(past.nearest(100).unwrap().step(), 90, "{budget}");
        }
        assert!(Past::of(Course::new(0.1), Vec::new(), 0, &Shelf::new(0)).nearest(0).is_none());
    }

    #[test]
    fn a_run_that_leaves_shares_what_lies_before() {
        let past = Past::new(Course::new(0.1), &Shelf::new(usize::MAX));
        for step in 0..10 {
            past.keep(checkpoint(step));
        }
        past.advance(10);
        past.steer(|course| course.set_eta(7, 0.3));
        let forked = past.until(5);
        assert_eq!((forked.checkpoints().len(), forked.steps_taken()), (6, 5));
        assert_eq!(forked.course(), Course::new(0.1));
        assert!(Arc::ptr_eq(&forked.checkpoints()[3], &past.checkpoints()[3]));
        assert_eq!(past.course().eta_at(8), 0.3);
    }
}
