//! The memory shared by all runs of one window: a budget for recorded steps and one for checkpoints.
//!
//! Every run has an [`Account`] of its recorded steps: the training thread adds the size of a step in advance, and
//! the receiver replaces it by the size of the history. When the budget is used up, every run in it ends. Checkpoints
//! are on one [`Shelf`]: a checkpoint that several runs share counts once, and when there is no more room, the run
//! that keeps most drops every other one.
//!
//! The parts of a history that its copies share (see `src/run/record/chunks.rs`) are counted with each run that holds
//! them. A copy that is being written to a file is not counted: all but a few bytes per row are shared.

use super::checkpoint::Checkpoint;
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Initial stepping time between two checkpoints: going back to any step then takes no longer. It doubles each time
/// the run drops every other checkpoint.
pub(super) const SPACING: Duration = Duration::from_millis(250);

/// The memory of the runs of one window. Clones share it.
#[derive(Clone, Debug)]
pub struct Memory {
    /// Budget for recorded steps and for data derived from them.
    pub recorded: Pool,
    /// Budget for checkpoints.
    pub checkpoints: Shelf,
}

impl Memory {
    /// Bytes for recorded steps: 2 GiB, about three million steps of one run with three tracked eigenvalues.
    pub const RECORDED: usize = 2 << 30;

    /// Bytes for checkpoints: 512 MiB, about two minutes of the default preset before the first thinning.
    pub const CHECKPOINTS: usize = 512 << 20;

    /// Budgets in bytes for recorded steps and for checkpoints.
    pub fn new(recorded: usize, checkpoints: usize) -> Self {
        Self { recorded: Pool::new(recorded), checkpoints: Shelf::new(checkpoints) }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new(Self::RECORDED, Self::CHECKPOINTS)
    }
}

/// A number of bytes that several accounts draw from. Clones share it.
#[derive(Clone, Debug)]
pub struct Pool(Arc<Counter>);

#[derive(Debug)]
struct Counter {
    budget: usize,
    used: AtomicUsize,
}

impl Pool {
    /// A pool of the given number of bytes, none of them used.
    pub fn new(budget: usize) -> Self {
        Self(Arc::new(Counter { budget, used: AtomicUsize::new(0) }))
    }

    /// The total number of bytes.
    pub fn budget(&self) -> usize {
        self.0.budget
    }

    /// The number of bytes in use.
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }

    /// The number of bytes left.
    pub fn left(&self) -> usize {
        self.budget().saturating_sub(self.used())
    }

    /// A new account.
    pub fn open(&self) -> Account {
        Account { pool: self.clone(), bytes: AtomicUsize::new(0) }
    }
}

/// The bytes that one user of a [`Pool`] has taken; returned when it is dropped.
#[derive(Debug)]
pub struct Account {
    pool: Pool,
    bytes: AtomicUsize,
}

impl Account {
    /// The pool it draws from.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Takes bytes, whether or not they are available.
    pub fn take(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.pool.0.used.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Returns bytes that it has taken.
    pub fn give_back(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.pool.0.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Sets the number of bytes taken, replacing the previous number. For an account with one owner.
    pub fn set(&mut self, bytes: usize) {
        let before = *self.bytes.get_mut();
        self.take(bytes);
        self.give_back(before);
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let bytes = *self.bytes.get_mut();
        self.give_back(bytes);
    }
}

/// The checkpoints of several runs within one budget. Clones share it.
///
/// It has a single lock, which is never held for longer than it takes to move some pointers.
#[derive(Clone, Debug)]
pub struct Shelf(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    budget: usize,
    /// Upper bound in bytes for all checkpoints.
    bytes: usize,
    runs: Vec<Run>,
    made: usize,
}

#[derive(Debug)]
struct Run {
    place: usize,
    /// Ascending in steps.
    kept: Vec<Arc<Checkpoint>>,
    spacing: Duration,
}

impl Run {
    fn bytes(&self) -> usize {
        self.kept.iter().map(|checkpoint| checkpoint.bytes()).sum()
    }
}

impl Inner {
    fn counted(&self) -> usize {
        let mut seen = HashSet::new();
        let all = self.runs.iter().flat_map(|run| &run.kept);
        all.filter(|kept| seen.insert(Arc::as_ptr(kept))).map(|kept| kept.bytes()).sum()
    }

    fn add(&mut self, kept: Vec<Arc<Checkpoint>>, spacing: Duration) -> usize {
        self.made += 1;
        self.runs.push(Run { place: self.made, kept, spacing });
        self.made
    }

    fn run(&mut self, place: usize) -> Option<&mut Run> {
        self.runs.iter_mut().find(|run| run.place == place)
    }

    /// Drops checkpoints until the others fit, or every run has only one. Returns whether any were dropped.
    fn thin(&mut self) -> bool {
        if self.bytes > self.budget {
            // shared checkpoints were counted again with each new run
            self.bytes = self.counted();
        }
        let mut thinned = false;
        while self.bytes > self.budget {
            let several = self.runs.iter_mut().filter(|run| run.kept.len() > 1);
            let Some(most) = several.max_by_key(|run| run.bytes()) else { break };
            let mut place = 0;
            most.kept.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            most.spacing = most.spacing.saturating_mul(2);
            self.bytes = self.counted();
            thinned = true;
        }
        thinned
    }
}

impl Shelf {
    /// An empty shelf. A run's first checkpoint stays whatever the budget: one before step 0 costs almost nothing.
    pub fn new(budget: usize) -> Self {
        Self(Arc::new(Mutex::new(Inner { budget, bytes: 0, runs: Vec::new(), made: 0 })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // The value behind the lock is consistent between any two statements.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Budget for checkpoints in bytes.
    pub fn budget(&self) -> usize {
        self.inner().budget
    }

    /// Bytes in use by checkpoints; those that runs share count once.
    pub fn bytes(&self) -> usize {
        self.inner().counted()
    }

    /// A place for the checkpoints of one more run.
    pub(super) fn place(&self) -> Place {
        let place = self.inner().add(Vec::new(), SPACING);
        Place { shelf: self.clone(), place }
    }
}

/// The checkpoints of one run on a [`Shelf`]; released when it is dropped, except those that other runs share.
#[derive(Debug)]
pub(super) struct Place {
    shelf: Shelf,
    place: usize,
}

impl Place {
    /// A place for a run that leaves this one at the start of a step. The checkpoints are shared.
    pub fn until(&self, step: usize) -> Self {
        let inner = &mut *self.shelf.inner();
        let (mut kept, spacing) =
            inner.run(self.place).map_or((Vec::new(), SPACING), |run| (run.kept.clone(), run.spacing));
        kept.retain(|checkpoint| checkpoint.step() <= step);
        Self { shelf: self.shelf.clone(), place: inner.add(kept, spacing) }
    }

    /// The shelf.
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// All checkpoints, ascending in steps.
    pub fn all(&self) -> Vec<Arc<Checkpoint>> {
        self.shelf.inner().run(self.place).map_or(Vec::new(), |run| run.kept.clone())
    }

    /// The latest checkpoint at or before the start of a step.
    pub fn nearest(&self, step: usize) -> Option<Arc<Checkpoint>> {
        let inner = &mut *self.shelf.inner();
        let run = inner.run(self.place)?;
        let after = run.kept.partition_point(|checkpoint| checkpoint.step() <= step);
        after.checked_sub(1).map(|place| Arc::clone(&run.kept[place]))
    }

    /// Stepping time after which the next checkpoint is due.
    pub fn spacing(&self) -> Duration {
        self.shelf.inner().run(self.place).map_or(SPACING, |run| run.spacing)
    }

    /// Adds a checkpoint after those that are kept. Returns whether others, of any run, had to be dropped.
    pub fn keep(&self, checkpoint: Arc<Checkpoint>) -> bool {
        self.push(checkpoint) && self.shelf.inner().thin()
    }

    /// As [`Place::keep`], but drops nothing to make room.
    pub fn keep_at_any_cost(&self, checkpoint: Arc<Checkpoint>) {
        self.push(checkpoint);
    }

    /// Adds the checkpoint if it is later than all others; returns whether it was added.
    fn push(&self, checkpoint: Arc<Checkpoint>) -> bool {
        let inner = &mut *self.shelf.inner();
        let Some(run) = inner.run(self.place) else { return false };
        if run.kept.last().is_some_and(|last| last.step() >= checkpoint.step()) {
            return false;
        }
        let bytes = checkpoint.bytes();
        run.kept.push(checkpoint);
        inner.bytes += bytes;
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let inner = &mut *self.shelf.inner();
        inner.runs.retain(|run| run.place != self.place);
        inner.bytes = inner.counted();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::engine::Engine;
    use crate::run::engine::fake::Fake;
    use crate::run::record::history::History;

    /// A checkpoint of sixteen bytes.
    fn checkpoint(step: usize) -> Arc<Checkpoint> {
        Arc::new(Fake { step, ..Fake::default() }.checkpoint())
    }

    #[test]
    fn accounts_draw_from_one_pool_and_give_back() {
        let pool = Pool::new(100);
        let (first, mut second) = (pool.open(), pool.open());
        first.take(70);
        second.set(50);
        assert_eq!((pool.used(), pool.left()), (120, 0));
        second.set(20);
        first.give_back(10);
        assert_eq!((pool.used(), pool.left()), (80, 20));
        drop(first);
        assert_eq!((pool.used(), second.pool().left()), (20, 80));
    }

    #[test]
    fn the_run_that_keeps_most_gives_way() {
        let size = checkpoint(1).bytes();
        let shelf = Shelf::new(12 * size);
        let (long, short) = (shelf.place(), shelf.place());
        assert!((0..12).all(|step| !long.keep(checkpoint(step))));
        assert!(short.keep(checkpoint(3)), "a thirteenth has no room");
        assert_eq!((long.all().len(), short.all().len()), (6, 1));
        assert!(long.spacing() > short.spacing());
        assert!((4..9).all(|step| !short.keep(checkpoint(step))));
        assert!(shelf.bytes() <= shelf.budget());
    }

    #[test]
    fn what_is_shared_counts_once_and_what_is_dropped_makes_room() {
        let size = checkpoint(1).bytes();
        let shelf = Shelf::new(12 * size);
        let first = shelf.place();
        (0..10).for_each(|step| assert!(!first.keep(checkpoint(step))));
        let forks: Vec<Place> = (0..4).map(|_| first.until(9)).collect();
        assert_eq!(shelf.bytes(), 10 * size);
        assert!(!forks[0].keep(checkpoint(20)) && !forks[1].keep(checkpoint(21)), "there was room for two");
        drop(forks);
        assert_eq!((shelf.bytes(), first.all().len()), (10 * size, 10));
        assert!(!first.keep(checkpoint(10)) && !first.keep(checkpoint(11)));
        assert!(first.keep(checkpoint(12)));
    }

    #[test]
    fn a_history_takes_no_more_than_it_says() {
        let mut engine = Fake { cycle_steps: Some(40), ..Fake::default() };
        let mut history = History::new(1);
        for rows in 1..5000 {
            history.push(&engine.step(0.1));
            assert!(history.heap_bytes() <= history.most_bytes() + 4096, "{rows} rows");
        }
        let forked = history.until(3000);
        assert!(forked.heap_bytes() <= forked.most_bytes() + 4096);
        assert!(history.most_bytes() < 3 * history.heap_bytes());
    }
}
