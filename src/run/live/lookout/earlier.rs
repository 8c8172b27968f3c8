//! The early paths of a run that was resumed from a file: its first steps are taken again on the replay thread, at
//! half its speed, and the part that a trail keeps of them is handed to the training thread.

use crate::run::engine::past::Past;
use crate::run::live::replay::{Answer, Moment, Replay, Reply};
use brink_core::space::{Budget, PROCESSES, Row, Trail};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Duration of work between two rests of the same duration.
const WORK: Duration = Duration::from_millis(20);

/// Progress of repeating the early steps.
#[derive(Default)]
pub(super) struct Earlier {
    /// The first step that need not be repeated.
    end: usize,
    /// The task in progress on the replay thread.
    answer: Option<Answer<()>>,
    kept: Arc<Kept>,
    known: Option<Arc<Trail>>,
}

/// The rows that the replay thread has collected so far; they survive other tasks of that thread.
#[derive(Default)]
struct Kept {
    trail: Mutex<Option<Trail>>,
    /// The next step.
    next: AtomicUsize,
}

impl Kept {
    fn trail(&self) -> MutexGuard<'_, Option<Trail>> {
        // a push leaves a trail consistent
        self.trail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Earlier {
    /// For a run with checkpoints from before its thread has begun; empty for a run that begins at its first step.
    pub(super) fn of(past: &Past) -> Self {
        let taken_up = past.checkpoints().iter().any(|checkpoint| checkpoint.step() > 0);
        Self { end: if taken_up { past.steps_taken() } else { 0 }, ..Self::default() }
    }

    /// Whether steps remain to be taken.
    pub(super) fn is_wanted(&self) -> bool {
        self.end > 0
    }

    /// Number of steps taken, and to be taken; `None` if there are none, or all are done.
    pub(super) fn progress(&self) -> Option<[usize; 2]> {
        self.is_wanted().then(|| [self.kept.next.load(Ordering::Relaxed).min(self.end), self.end])
    }

    /// The collected rows, until they have been passed on.
    pub(super) fn known(&self) -> Option<Arc<Trail>> {
        self.known.clone()
    }

    /// Notes that the rows are part of the training thread's trail.
    pub(super) fn passed_on(&mut self) {
        self.known = None;
    }

    /// Requests the missing steps; returns whether all are available.
    ///
    /// # Errors
    /// If they cannot be repeated: reported once, and the paths begin where the run was resumed.
    pub(super) fn go_on(&mut self, replay: &Replay) -> Result<bool, String> {
        match self.answer.as_ref().map(Answer::poll) {
            Some(Reply::Pending) => return Ok(false),
            Some(Reply::Ready(Err(reason))) => {
                let end = std::mem::take(&mut self.end);
                return Err(format!(
                    "The steps before {end} cannot be taken once more, so the paths begin there: {reason}"
                ));
            }
            Some(Reply::Ready(Ok(())) | Reply::Superseded) | None => {}
        }
        let next = self.kept.next.load(Ordering::Relaxed);
        if next >= self.end {
            self.known = self.kept.trail().take().map(Arc::new);
            (self.end, self.answer) = (0, None);
            return Ok(true);
        }
        let (kept, end) = (Arc::clone(&self.kept), self.end);
        self.answer = Some(replay.ask(next, move |moment: &mut Moment<'_>| keep(moment, &kept, end)));
        Ok(false)
    }
}

/// Takes steps up to `end`, or until there is another request.
fn keep(moment: &mut Moment<'_>, kept: &Kept, end: usize) {
    let budget = Budget { rows: 0, ..Budget::default() };
    let mut begun = Instant::now();
    while moment.step() < end && !moment.superseded() {
        let (step, before) = (moment.step(), PROCESSES.map(|process| moment.weights(process)));
        let Some(record) = moment.advance() else { return };
        let row = Row::of_step(&before, &record);
        let trail = &mut *kept.trail();
        if step >= row.dim().map_or(0, |dim| Trail::first_before(end, dim, budget)) {
            trail.get_or_insert_with(|| Trail::new(budget)).push(row);
        }
        kept.next.store(step + 1, Ordering::Relaxed);
        if begun.elapsed() >= WORK {
            // the run itself continues meanwhile
            std::thread::sleep(begun.elapsed());
            begun = Instant::now();
        }
    }
}
