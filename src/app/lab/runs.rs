//! Runs that begin, go on, leave one another, and are steered.

use super::Lab;
use crate::app::state::banner::{Banner, Level};
use crate::app::state::gaps::Gaps;
use crate::app::state::phase::RunPhase;
use crate::app::work::inspector::Inspector;
use crate::app::work::outside::Opening;
use crate::app::work::weight_space::{RecordedPaths, WeightSpace};
use crate::run::engine::Engine;
use crate::run::engine::branch::Branch;
use crate::run::engine::breakpoint::Breakpoint;
use crate::run::engine::course::Course;
use crate::run::file::session::Session;
use crate::run::file::session::{SavedFork, SessionKind};
use crate::run::live::message::WorkerCommand;
use crate::run::live::spectra::RECORDED;
use crate::run::live::worker::Options;
use crate::run::live::worker::Worker;
use crate::run::start::beginning::Beginning;
use brink_core::space::Budget;

impl Lab {
    /// Begins as the command line says.
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

    /// Makes the forks whose steps have come, and puts the cursor where the command line wants it.
    pub(super) fn follow_plan(&mut self) {
        let rows = self.model.runs.first.history.rows();
        while let Some(place) = self.plan.forks.iter().position(|fork| fork.step() <= rows) {
            let fork = self.plan.forks.remove(place);
            let paused = self.plan.at.is_none() && self.model.runs.first.phase == RunPhase::Paused;
            if let (Some(id), Some(at)) = (self.depart(None, &fork, paused), self.plan.at) {
                // it accepts any step
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

    /// Starts the current preset at step 0 with the present learning rate.
    pub(super) fn start(&mut self, paused: bool) {
        self.begin(Course::new(self.model.runs.first.eta()), None, paused);
    }

    /// Starts the current preset at step 0, or where a session of it left off.
    pub(super) fn begin(&mut self, course: Course, session: Option<Session>, paused: bool) {
        self.fleet.end(&mut self.model.runs);
        let recorded = self.model.runs.recording.as_ref().and_then(|recording| recording.paths.clone());
        self.fleet.recorded_paths = recorded.map(RecordedPaths::new);
        self.fleet.number += 1;
        self.forget_autosave();
        self.model.clear();
        if self.model.runs.recording.is_some() {
            self.model.runs.first.spectra.trouble = Some(RECORDED.into());
        }
        (self.fleet.heard.events, self.fleet.heard.pace) = (0, None);
        (self.plan.forks, self.plan.at) = (Vec::new(), None);
        if let Some(session) = &session {
            self.model.runs.first.history = session.history.clone();
            self.fleet.heard.events = session.history.events().len();
        }
        let rows = self.model.runs.first.history.rows();
        (self.fleet.heard.gaps, self.fleet.heard.fork_gaps) = (Gaps::after(rows), Vec::new());
        (self.model.runs.first.course, self.model.runs.first.eta_sent) = (course.clone(), None);
        let mut preset = self.model.current().clone();
        preset.optimizer.eta = course.eta_at(0);
        let made = match &self.model.runs.recording {
            Some(recording) => Ok(Box::new(recording.player()) as Box<dyn Engine>),
            None => (self.outside.assemble)(&preset),
        };
        let mut engine = match made {
            Ok(engine) => engine,
            Err(reason) => return self.model.fail(&reason),
        };
        self.model.runs.first.parameters = engine.dim();
        // two weights need no look: their plane is drawn from the formula
        let live = self.model.runs.recording.is_none();
        let trail = live && preset.landscape.as_ref().is_none_or(|landscape| landscape.start.len() != 2);
        let recorded = self.model.runs.first.history.most_bytes();
        let options = Options {
            trail: trail.then(Budget::default),
            recorded,
            ..self.fleet.options(&self.model, paused)
        };
        let name = self.model.runs.facts.preset.clone();
        let beginning = Beginning { name, preset: preset.clone(), course, session };
        let past = beginning.past(engine.as_mut(), &options.memory.checkpoints);
        if let Some(examples) = engine.examples() {
            self.model.runs.first.history.watch(examples);
        }
        match Worker::resume(engine, past, &options, self.fleet.wake(&self.context)) {
            Ok(worker) => {
                if trail {
                    let (past, assemble) = (worker.past(), &self.outside.assemble);
                    self.fleet.weight_space =
                        Some(WeightSpace::new(past, assemble, preset.clone(), &self.context));
                }
                // a recording has no weights to look into
                let inspect = || Inspector::new(worker.past(), &self.outside.assemble, preset, &self.context);
                match live.then(inspect).transpose() {
                    Ok(inspector) => self.fleet.inspector = inspector,
                    Err(error) => {
                        let text = format!("No thread to look into single steps: {error}; all else works");
                        self.model.raise(Banner::new(Level::Warning, text));
                    }
                }
                self.fleet.first = Some(worker);
                for breakpoint in self.model.runs.breakpoints.clone() {
                    self.fleet.tell_first(&mut self.model, WorkerCommand::SetBreakpoint(breakpoint));
                }
                self.model.runs.first.phase = if paused { RunPhase::Paused } else { RunPhase::Training };
            }
            Err(error) => self.model.fail(&format!("cannot start the training thread: {error}")),
        }
    }

    /// Lets a run leave another one at the cursor's step, or at the newest, as the form says.
    pub(super) fn fork(&mut self) {
        if self.model.runs.recording.is_some() {
            let text =
                "No fork: this is a recording, which keeps no weights to go on from. Its preset runs live";
            self.model.raise(Banner::new(Level::Note, text));
            return;
        }
        let form = self.model.forms.fork;
        // of a run that has ended, it goes on at once
        let paused = self.model.runs.first.phase == RunPhase::Paused;
        self.depart(form.parent, &Branch::new(self.model.departure(), form.eta), paused);
    }

    /// Lets a run leave another one. Returns its number.
    fn depart(&mut self, parent: Option<usize>, branch: &Branch, paused: bool) -> Option<usize> {
        let worker = self.fleet.first.as_ref()?;
        let (preset, options) = (self.model.preset_from_start(), self.fleet.options(&self.model, paused));
        let wake = self.fleet.wake(&self.context);
        let model = &mut self.model;
        let first = (&model.runs.first.history, worker.past().as_ref());
        let make = || (self.outside.assemble)(&preset);
        match self.fleet.forks.start(&mut model.runs.forks, parent, first, branch, make, &options, wake) {
            Ok(id) => Some(id),
            Err(error) => {
                model.raise(Banner::new(Level::Warning, format!("No fork: {error}")));
                None
            }
        }
    }

    /// Goes on with the forks of a session; `steered` is the place of the one that was chosen.
    pub(super) fn restore_forks(&mut self, saved: Vec<SavedFork>, steered: Option<usize>) {
        let Some(worker) = self.fleet.first.as_ref().filter(|_| !saved.is_empty()) else { return };
        let (preset, options) = (self.model.preset_from_start(), self.fleet.options(&self.model, true));
        let wake = self.fleet.wake(&self.context);
        let make = || (self.outside.assemble)(&preset);
        match self.fleet.forks.restore(&mut self.model.runs.forks, saved, worker.past(), make, &options, wake)
        {
            Ok(ids) => self.model.forms.fork.parent = steered.and_then(|place| ids.get(place).copied()),
            Err(error) => {
                let text = format!("Not all forks of the session are here: {error}");
                self.model.raise(Banner::new(Level::Warning, text));
            }
        }
    }
}
