//! Weight space in the training thread's spare time: maintains the trail, works on one survey, and returns its
//! results.

use crate::run::engine::Engine;
use crate::run::live::message::Seen;
use brink_core::dynamics::StepRecord;
use brink_core::space::{Budget, PROCESSES, Probe, Row, Stop, Survey, SurveyRequest, Trail};
use crossbeam_channel::{Sender, TrySendError};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time that a survey may take between steps at full speed, as a share of the steps' own time.
const SHARE: f64 = 0.4;

/// Upper bound of the saved-up time, in seconds: after a step of a small problem a survey takes too little time to be
/// noticed.
const MOST_CREDIT: f64 = 0.02;

/// Minimum time between two views of one survey, except the last.
const VIEW_INTERVAL: Duration = Duration::from_millis(150);

/// The weights of the processes before a step.
pub(super) type Before = [Option<Vec<f64>>; 3];

/// The training thread's work on weight space.
pub(super) struct SurveyWork {
    views: Sender<Seen>,
    trail: Option<Trail>,
    look: Option<Survey>,
    /// An answer for which the channel had no room.
    waiting: Option<Seen>,
    last_view: Option<Instant>,
    /// Seconds that the steps have left for surveys; negative if a survey took more.
    credit: f64,
}

impl SurveyWork {
    /// Without a budget nothing is kept, and no request is answered.
    pub(super) fn new(views: Sender<Seen>, budget: Option<Budget>) -> Self {
        let trail = budget.map(Trail::new);
        Self { views, trail, look: None, waiting: None, last_view: None, credit: 0.0 }
    }

    /// The weights that [`SurveyWork::after_step`] needs; `None` if nothing is kept.
    pub(super) fn before_step(&self, engine: &dyn Engine) -> Option<Before> {
        self.trail.is_some().then(|| PROCESSES.map(|process| engine.weights(process)))
    }

    /// Keeps the step, and adds the time that it has earned.
    pub(super) fn after_step(&mut self, before: Option<Before>, record: &StepRecord, took: Duration) {
        if let (Some(trail), Some(before)) = (&mut self.trail, before) {
            trail.push(Row::of_step(&before, record));
        }
        self.credit = (self.credit + SHARE * took.as_secs_f64()).min(MOST_CREDIT);
    }

    /// The end of the next slice, if there is a survey to work on and time for it.
    pub(super) fn earned(&self, now: Instant) -> Option<Instant> {
        (self.is_busy() && self.credit > 0.0).then(|| now + Duration::from_secs_f64(self.credit))
    }

    /// Subtracts time from the earned time.
    pub(super) fn spend(&mut self, time: Duration) {
        self.credit -= time.as_secs_f64();
    }

    /// Whether there is any work.
    pub(super) fn is_busy(&self) -> bool {
        self.look.is_some() || self.waiting.is_some()
    }

    /// Cancels the survey in progress, and begins another.
    pub(super) fn begin(&mut self, request: Option<&SurveyRequest>) {
        (self.look, self.waiting, self.last_view) = (None, None, None);
        // time that the old survey overspent does not count against the new one
        self.credit = self.credit.max(0.0);
        let Some((request, trail)) = request.zip(self.trail.as_mut()) else { return };
        if let Some(earlier) = &request.earlier {
            trail.precede(earlier);
        }
        match Survey::new(request.clone(), trail) {
            Ok(look) => self.look = Some(look),
            Err(not_kept) => self.waiting = Some(Seen::NotKept { step: not_kept.step }),
        }
    }

    /// Continues the survey, or the delivery of the last answer. Returns whether there is news for the receiver.
    pub(super) fn advance(&mut self, probe: &mut dyn Probe, until: Instant, stop: Stop<'_>) -> bool {
        if let (Some(look), Some(trail)) = (&mut self.look, &self.trail) {
            look.advance(probe, trail, until, stop);
            let view = || Seen::View(Arc::new(look.view().clone()));
            if look.done() {
                self.waiting = Some(view());
                self.look = None;
            } else if !look.view().axes.is_empty()
                && self.last_view.is_none_or(|last| last.elapsed() >= VIEW_INTERVAL)
            {
                // one that finds no room is replaced by a newer one
                let sent = self.views.try_send(view()).is_ok();
                if sent {
                    self.last_view = Some(Instant::now());
                }
                return sent;
            }
        }
        let Some(last) = self.waiting.take() else { return false };
        match self.views.try_send(last) {
            Ok(()) => true,
            Err(TrySendError::Full(last)) => {
                // offered until there is room
                self.waiting = Some(last);
                std::thread::sleep(
                    until.saturating_duration_since(Instant::now()).min(Duration::from_millis(1)),
                );
                false
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }
}
