//! What a run leaves behind for going back: how it was steered, and checkpoints within a budget of memory.
//!
//! The training thread writes, the replay thread and the window read. Nobody holds the lock for longer than it takes to
//! move a few pointers.

use super::checkpoint::Checkpoint;
use super::course::Course;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Time that the steps between two checkpoints take at first: going back to any step then takes no longer. It doubles
/// each time the budget is used up.
const SPACING: Duration = Duration::from_millis(250);

/// The past of one run.
#[derive(Debug)]
pub struct Past {
    inner: Mutex<Inner>,
    /// Steps taken.
    taken: AtomicUsize,
}

#[derive(Clone, Debug)]
struct Inner {
    course: Course,
    /// Ascending in steps.
    kept: Vec<Arc<Checkpoint>>,
    bytes: usize,
    budget: usize,
    spacing: Duration,
}

impl Past {
    /// Of a run before its first step. Its checkpoints may take `budget` bytes; one before step 0 costs next to nothing
    /// and is always kept.
    pub fn new(course: Course, budget: usize) -> Self {
        let inner = Inner { course, kept: Vec::new(), bytes: 0, budget, spacing: SPACING };
        Self { inner: Mutex::new(inner), taken: AtomicUsize::new(0) }
    }

    /// The past of a run that has read its own from a file. Checkpoints ascend in steps. The newest is kept even beyond
    /// the budget, until there is a newer one: without it all steps would have to be taken again to go on.
    pub fn of(course: Course, mut checkpoints: Vec<Arc<Checkpoint>>, taken: usize, budget: usize) -> Self {
        let past = Self::new(course, budget);
        let newest = checkpoints.pop();
        for checkpoint in checkpoints {
            past.keep(checkpoint);
        }
        if let Some(newest) = newest {
            let inner = &mut *past.inner();
            inner.bytes += newest.bytes();
            inner.kept.push(newest);
        }
        past.taken.store(taken, Ordering::Release);
        past
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // What is behind the lock is whole between any two of its statements.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Steps taken: the start of any step up to this one can be restored.
    pub fn steps_taken(&self) -> usize {
        self.taken.load(Ordering::Acquire)
    }

    /// How the run was steered, and what is planned.
    pub fn course(&self) -> Course {
        self.inner().course.clone()
    }

    /// The latest checkpoint at or before the start of a step.
    pub fn nearest(&self, step: usize) -> Option<Arc<Checkpoint>> {
        let inner = self.inner();
        let after = inner.kept.partition_point(|checkpoint| checkpoint.step() <= step);
        after.checked_sub(1).map(|place| Arc::clone(&inner.kept[place]))
    }

    /// All checkpoints, ascending in steps.
    pub fn checkpoints(&self) -> Vec<Arc<Checkpoint>> {
        self.inner().kept.clone()
    }

    /// The past of a run that leaves this one at the start of a step. The checkpoints are shared.
    #[must_use]
    pub fn until(&self, step: usize) -> Self {
        let mut inner = self.inner().clone();
        inner.course = inner.course.until(step);
        inner.kept.retain(|checkpoint| checkpoint.step() <= step);
        inner.bytes = inner.kept.iter().map(|checkpoint| checkpoint.bytes()).sum();
        Self { inner: Mutex::new(inner), taken: AtomicUsize::new(step.min(self.steps_taken())) }
    }

    /// Bytes that its checkpoints may take.
    pub fn budget(&self) -> usize {
        self.inner().budget
    }

    /// Time of stepping after which the next checkpoint is due.
    pub(super) fn spacing(&self) -> Duration {
        self.inner().spacing
    }

    /// The steps before `taken` are taken.
    pub(super) fn advance(&self, taken: usize) {
        self.taken.store(taken, Ordering::Release);
    }

    /// Changes how the run is steered.
    pub(super) fn steer(&self, change: impl FnOnce(&mut Course)) {
        change(&mut self.inner().course);
    }

    /// Keeps a checkpoint; those that the budget has no room for go, evenly, every other one. Returns whether some
    /// went.
    pub(super) fn keep(&self, checkpoint: impl Into<Arc<Checkpoint>>) -> bool {
        let (inner, checkpoint) = (&mut *self.inner(), checkpoint.into());
        if inner.kept.last().is_some_and(|last| last.step() >= checkpoint.step()) {
            return false;
        }
        inner.bytes += checkpoint.bytes();
        inner.kept.push(checkpoint);
        let mut thinned = false;
        while inner.bytes > inner.budget && inner.kept.len() > 1 {
            let mut place = 0;
            inner.kept.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            inner.bytes = inner.kept.iter().map(|checkpoint| checkpoint.bytes()).sum();
            inner.spacing = inner.spacing.saturating_mul(2);
            thinned = true;
        }
        thinned
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Engine;
    use crate::run::fake::Fake;

    /// Sixteen bytes each.
    fn checkpoint(step: usize) -> Checkpoint {
        Fake { step, ..Fake::default() }.checkpoint()
    }

    #[test]
    fn beyond_the_budget_checkpoints_are_thinned_evenly() {
        let size = checkpoint(1).bytes();
        let past = Past::new(Course::new(0.1), 10 * size);
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
        let past = Past::new(Course::new(0.1), 0);
        for step in 0..5 {
            past.keep(checkpoint(step));
        }
        assert_eq!(past.checkpoints().len(), 1);
    }

    #[test]
    fn a_run_from_a_file_goes_on_from_its_newest_checkpoint_whatever_the_budget() {
        let checkpoints: Vec<_> = [0, 40, 90].map(|step| Arc::new(checkpoint(step))).into();
        for budget in [0, 2 * checkpoints[0].bytes(), usize::MAX] {
            let past = Past::of(Course::new(0.1), checkpoints.clone(), 100, budget);
            assert_eq!(past.nearest(100).unwrap().step(), 90, "{budget}");
        }
        assert!(Past::of(Course::new(0.1), Vec::new(), 0, 0).nearest(0).is_none());
    }

    #[test]
    fn a_run_that_leaves_shares_what_lies_before() {
        let past = Past::new(Course::new(0.1), usize::MAX);
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
