//! The start of a run in the window, and the pending requests of the command line; the fleet controls the
//! threads.

use super::{Lab, Plan};
use crate::app::state::phase::RunPhase;
use crate::app::work::outside::Opening;
use crate::run::engine::breakpoint::Breakpoint;
use crate::run::engine::course::Course;
use crate::run::file::session::{Session, SessionKind};
use crate::run::live::message::WorkerCommand;

impl Lab {
    /// Opens the window's run as the command line requests.
    pub(super) fn open(&mut self, opening: Opening) {
        let Opening { session, course, forks, at } = opening;
        // a recording plays from its first step
        let goes_on = session.as_ref().filter(|session| session.kind == SessionKind::Session);
        let reached = goes_on.zip(at).is_some_and(|(session, at)| session.history.rows() > at);
        match (session, course) {
            (Some(session), _) => self.open_session(session),
            (None, Some(course)) => self.begin(course, None, false),
            (None, None) => self.start(false),
        }
        (self.plan.forks, self.plan.at) = (forks, at);
        if let Some(at) = at.filter(|_| !reached) {
            self.fleet.tell_first(&mut self.model, WorkerCommand::SetBreakpoint(Breakpoint::Step(at)));
            if self.model.runs.first.phase == RunPhase::Paused {
                self.fleet.play_pause(&mut self.model);
            }
        }
    }

    /// Creates the forks whose steps have been reached, and places the cursor as the command line requests.
    pub(super) fn follow_plan(&mut self) {
        let rows = self.model.runs.first.history.rows();
        while let Some(place) = self.plan.forks.iter().position(|fork| fork.step() <= rows) {
            let fork = self.plan.forks.remove(place);
            let paused = self.plan.at.is_none() && self.model.runs.first.phase == RunPhase::Paused;
            if let (Some(id), Some(at)) =
                (self.fleet.depart(&mut self.model, None, &fork, paused), self.plan.at)
            {
                // this command accepts any step
                let _ = self.fleet.forks.send_to(id, WorkerCommand::SetBreakpoint(Breakpoint::Step(at)));
            }
        }
        if self.plan.forks.is_empty()
            && let Some(at) = self.plan.at.filter(|&at| rows > at)
        {
            self.plan.at = None;
            self.model.view.plots.cursor = Some(at);
        }
    }

    /// Starts the current preset at step 0 with the current learning rate.
    pub(super) fn start(&mut self, paused: bool) {
        self.begin(Course::new(self.model.runs.first.eta()), None, paused);
    }

    /// Starts the current preset at step 0, or at the step where a session of it ended.
    pub(super) fn begin(&mut self, course: Course, session: Option<Session>, paused: bool) {
        self.forget_autosave();
        self.plan = Plan::default();
        self.fleet.begin(&mut self.model, course, session, paused);
    }
}
