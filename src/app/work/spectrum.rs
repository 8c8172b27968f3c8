//! Computes the spectra on the replay thread while their panel is shown: at the cursor, or, during training,
//! of the newest checkpoint from time to time.

use crate::app::state::Model;
use crate::app::state::phase::RunPhase;
use crate::run::engine::past::Past;
use crate::run::live::replay::{Answer, Moment, Replay, Reply};
use crate::run::live::spectra::FoundSpectra;
use brink_core::spectrum::SpectrumError;
use egui::Context;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Minimum time between two computations during training …
const LEAST_PAUSE: Duration = Duration::from_secs(3);
/// … and as a multiple of the time of the last computation: training keeps nine tenths of the machine even if
/// both use every core.
const PAUSE: u32 = 9;
/// Interval between two updates of the progress.
const PROGRESS: Duration = Duration::from_millis(100);

/// The last request to the replay thread.
#[derive(Default)]
pub(super) struct Spectrum {
    answer: Option<Answer<Result<FoundSpectra, SpectrumError>>>,
    /// The completed fraction, as bits.
    share: Arc<AtomicU32>,
    /// The step whose answer has arrived, which may be an error.
    answered: Option<usize>,
    /// The time at which it arrived, and the duration of its computation.
    rested: Option<(Instant, Duration)>,
}

impl Spectrum {
    /// Requests the spectra if they are shown and not known, and processes the answer.
    pub fn update(
        &mut self,
        replay: &Replay,
        past: &Past,
        context: &Context,
        (model, shown): (&mut Model, bool),
    ) {
        let wanted = if shown { self.wanted(model, past) } else { None };
        if let Some(step) = wanted.filter(|&step| self.answered != Some(step)) {
            let asked = self.answer.as_ref().map(Answer::step);
            // at the cursor, a request for another step supersedes the current one; during training, the
            // current one is finished first
            if asked.is_none() || (asked != Some(step) && model.view.plots.cursor.is_some()) {
                self.ask(step, replay, context);
            }
        }
        let Some(answer) = &self.answer else { return };
        let step = answer.step();
        match answer.poll() {
            Reply::Pending => {
                let share = f32::from_bits(self.share.load(Ordering::Relaxed));
                model.runs.first.spectra.progress = Some((step, share));
                return;
            }
            Reply::Superseded | Reply::Ready(Ok(Err(SpectrumError::Stopped))) => {}
            Reply::Ready(found) => {
                self.answered = Some(step);
                let (found, trouble) = match found {
                    Ok(Ok(found)) => (Some(found), None),
                    Ok(Err(error)) => (None, Some(format!("Step {step}: {error}"))),
                    Err(error) => (None, Some(error.to_string())),
                };
                let took = found.as_ref().map_or(Duration::ZERO, |found| found.took);
                self.rested = Some((Instant::now(), took));
                (model.runs.first.spectra.found, model.runs.first.spectra.trouble) = (found, trouble);
            }
        }
        self.answer = None;
        model.runs.first.spectra.progress = None;
    }

    /// The step whose spectra are requested now.
    fn wanted(&self, model: &Model, past: &Past) -> Option<usize> {
        let newest = model.runs.first.history.rows().checked_sub(1)?;
        if let Some(cursor) = model.view.plots.cursor {
            return Some(cursor.min(newest));
        }
        if model.runs.first.phase != RunPhase::Training {
            return Some(newest);
        }
        let rested = self.rested.is_none_or(|(since, took)| since.elapsed() >= LEAST_PAUSE.max(PAUSE * took));
        // at a checkpoint, no step has to be repeated
        past.nearest(newest).filter(|_| rested).map(|checkpoint| checkpoint.step())
    }

    fn ask(&mut self, step: usize, replay: &Replay, context: &Context) {
        let share = Arc::new(AtomicU32::new(0));
        self.share = Arc::clone(&share);
        let context = context.clone();
        self.answer = Some(replay.ask(step, move |moment: &mut Moment<'_>| {
            let mut progress = |done: f32| {
                share.store(done.to_bits(), Ordering::Relaxed);
                context.request_repaint_after(PROGRESS);
            };
            FoundSpectra::at(moment, &mut progress)
        }));
    }
}
