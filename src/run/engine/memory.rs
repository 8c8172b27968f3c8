//! What all runs of one window may take together: a budget for recorded steps and one for checkpoints.
//!
//! Every run has an [`Account`] of the recorded steps: the training thread adds what a step will take, the watcher puts in
//! its place what the history takes. Where the budget is used up, every run in it ends. Checkpoints are on one [`Shelf`]: one
//! that several runs share counts once, and where there is no more room, the run that keeps most gives up every other one.
//!
//! What copies of a history share with it (see `chunks.rs`) is counted with each run that holds it. A copy that is being written
//! to a file is not counted: all but a few bytes a row are shared.

use super::checkpoint::Checkpoint;
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Time that the steps between two checkpoints take at first: going back to any step then takes no longer. It doubles
/// each time the run gives up every other one.
pub(super) const SPACING: Duration = Duration::from_millis(250);

/// The memory of the runs of one window. Clones share it.
#[derive(Clone, Debug)]
pub struct Memory {
    /// For recorded steps, and what is derived from them.
    pub recorded: Pool,
    /// For checkpoints.
    pub checkpoints: Shelf,
}

impl Memory {
    /// Bytes for recorded steps: 2 GiB, some three million steps of one run with three tracked eigenvalues.
    pub const RECORDED: usize = 2 << 30;

    /// Bytes for checkpoints: 512 MiB, some two minutes of the default preset before the first thinning.
    pub const CHECKPOINTS: usize = 512 << 20;

    /// So many bytes for recorded steps and for checkpoints.
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
    /// Nothing of so many bytes is used.
    pub fn new(budget: usize) -> Self {
        Self(Arc::new(Counter { budget, used: AtomicUsize::new(0) }))
    }

    /// Bytes that may be used.
    pub fn budget(&self) -> usize {
        self.0.budget
    }

    /// Bytes that are used.
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }

    /// Bytes that are left.
    pub fn left(&self) -> usize {
        self.budget().saturating_sub(self.used())
    }

    /// A new account.
    pub fn open(&self) -> Account {
        Account { pool: self.clone(), bytes: AtomicUsize::new(0) }
    }
}

/// What one user of a [`Pool`] takes; given back when it is dropped.
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

    /// Takes bytes, whether or not they are left.
    pub fn take(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.pool.0.used.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Gives back bytes that it has taken.
    pub fn give_back(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.pool.0.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Takes as many bytes as are said, instead of those that it had. For an account with one owner.
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
/// One lock is behind it, and nobody holds it for longer than it takes to move some pointers.
#[derive(Clone, Debug)]
pub struct Shelf(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    budget: usize,
    /// What is kept takes no more.
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

    /// Lets checkpoints go until the others fit, or every run has but one. Returns whether some went.
    fn thin(&mut self) -> bool {
        if self.bytes > self.budget {
            // what is shared was counted with each newcomer
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
    /// Nothing is kept. A run's first checkpoint stays whatever the budget: one before step 0 costs next to nothing.
    pub fn new(budget: usize) -> Self {
        Self(Arc::new(Mutex::new(Inner { budget, bytes: 0, runs: Vec::new(), made: 0 })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // What is behind the lock is whole between any two of its statements.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that checkpoints may take.
    pub fn budget(&self) -> usize {
        self.inner().budget
    }

    /// Bytes that they take, those that runs share counted once.
    pub fn bytes(&self) -> usize {
        self.inner().counted()
    }

    /// A place for the checkpoints of one more run.
    pub(super) fn place(&self) -> Place {
        let place = self.inner().add(Vec::new(), SPACING);
        Place { shelf: self.clone(), place }
    }
}

/// The checkpoints of one run on a [`Shelf`]; gone when it is dropped, but for those that other runs share.
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

    /// All of them, ascending in steps.
    pub fn all(&self) -> Vec<Arc<Checkpoint>> {
        self.shelf.inner().run(self.place).map_or(Vec::new(), |run| run.kept.clone())
    }

    /// The latest one at or before the start of a step.
    pub fn nearest(&self, step: usize) -> Option<Arc<Checkpoint>> {
        let inner = &mut *self.shelf.inner();
        let run = inner.run(self.place)?;
        let after = run.kept.partition_point(|checkpoint| checkpoint.step() <= step);
        after.checked_sub(1).map(|place| Arc::clone(&run.kept[place]))
    }

    /// Time of stepping after which the next one is due.
    pub fn spacing(&self) -> Duration {
        self.shelf.inner().run(self.place).map_or(SPACING, |run| run.spacing)
    }

    /// Keeps one behind those that are kept. Returns whether others had to go, of whichever run.
    pub fn keep(&self, checkpoint: Arc<Checkpoint>) -> bool {
        self.push(checkpoint) && self.shelf.inner().thin()
    }

    /// As [`Place::keep`], and lets nothing go for it.
    pub fn keep_at_any_cost(&self, checkpoint: Arc<Checkpoint>) {
        self.push(checkpoint);
    }

    /// Whether it lies behind all others, and so was put there.
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

    /// Sixteen bytes each.
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
