//! The paths of a run that was taken up again from a file, before it was: its first steps are taken once more on the replay
//! thread, at half its speed, and what a trail keeps of them is handed to the training thread.

use crate::run::engine::past::Past;
use crate::run::live::replay::{Answer, Moment, Replay, Reply};
use brink_core::space::{Budget, PROCESSES, Row, Trail};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Work between two rests as long.
const WORK: Duration = Duration::from_millis(20);

/// How far the steps before are taken once more.
#[derive(Default)]
pub(super) struct Earlier {
    /// The first step that need not be.
    end: usize,
    /// Under way on the replay thread.
    answer: Option<Answer<()>>,
    kept: Arc<Kept>,
    known: Option<Arc<Trail>>,
}

/// What the replay thread has kept so far; it survives that thread's other tasks.
#[derive(Default)]
struct Kept {
    trail: Mutex<Option<Trail>>,
    /// The step that comes next.
    next: AtomicUsize,
}

impl Kept {
    fn trail(&self) -> MutexGuard<'_, Option<Trail>> {
        // pushing a row leaves a trail whole
        self.trail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Earlier {
    /// Of a run with checkpoints from before its thread has begun; nothing of one that begins at its first step.
    pub(super) fn of(past: &Past) -> Self {
        let taken_up = past.checkpoints().iter().any(|checkpoint| checkpoint.step() > 0);
        Self { end: if taken_up { past.steps_taken() } else { 0 }, ..Self::default() }
    }

    /// Whether there are steps to be taken.
    pub(super) fn is_wanted(&self) -> bool {
        self.end > 0
    }

    /// Steps taken, and to be taken; `None` where there are none, or all are.
    pub(super) fn progress(&self) -> Option<[usize; 2]> {
        self.is_wanted().then(|| [self.kept.next.load(Ordering::Relaxed).min(self.end), self.end])
    }

    /// All of it, until it has been passed on.
    pub(super) fn known(&self) -> Option<Arc<Trail>> {
        self.known.clone()
    }

    /// It is part of the training thread's trail.
    pub(super) fn passed_on(&mut self) {
        self.known = None;
    }

    /// Asks for the steps that are missing; whether they all are there now.
    ///
    /// # Errors
    /// When they cannot be taken once more: said once, and the paths begin where the run was taken up.
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

/// Takes steps up to `end`, or until something else is asked for.
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
            // the run itself goes on meanwhile
            std::thread::sleep(begun.elapsed());
            begun = Instant::now();
        }
    }
}
