//! Runs that begin, go on, leave one another, and are steered.

use super::Lab;
use crate::app::command::Command;
use crate::app::state::banner::{Banner, Level};
use crate::app::state::gaps::Gaps;
use crate::app::state::phase::RunPhase;
use crate::app::work::inspector::Inspector;
use crate::app::work::outside::Opening;
use crate::app::work::weight_space::{RecordedPaths, WeightSpace};
use crate::preset::Preset;
use crate::run::engine::Engine;
use crate::run::engine::branch::Branch;
use crate::run::engine::breakpoint::Breakpoint;
use crate::run::engine::course::Course;
use crate::run::file::session::Session;
use crate::run::file::session::{SavedFork, SessionKind};
use crate::run::live::message::{Ending, WorkerCommand};
use crate::run::live::spectra::RECORDED;
use crate::run::live::worker::Options;
use crate::run::live::worker::Worker;
use crate::run::record::series::Series;
use crate::run::start::beginning::Beginning;
use brink_core::space::Budget;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

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
        (self.forks, self.at) = (forks, at);
        if let Some(at) = at.filter(|_| !reached) {
            self.tell_first(WorkerCommand::SetBreakpoint(Breakpoint::Step(at)));
            if self.model.phase == RunPhase::Paused {
                self.apply(Command::PlayPause);
            }
        }
    }

    /// Makes the forks whose steps have come, and puts the cursor where the command line wants it.
    pub(super) fn follow_plan(&mut self) {
        let rows = self.model.history.rows();
        while let Some(place) = self.forks.iter().position(|fork| fork.step() <= rows) {
            let fork = self.forks.remove(place);
            let paused = self.at.is_none() && self.model.phase == RunPhase::Paused;
            if let (Some(id), Some(at)) = (self.depart(None, &fork, paused), self.at) {
                // it accepts any step
                let _ = self.model.forks.send_to(id, WorkerCommand::SetBreakpoint(Breakpoint::Step(at)));
            }
        }
        if self.forks.is_empty()
            && let Some(at) = self.at.filter(|&at| rows > at)
        {
            self.at = None;
            self.model.view.cursor = Some(at);
        }
    }

    /// Starts the current preset at step 0 with the present learning rate.
    pub(super) fn start(&mut self, paused: bool) {
        self.begin(Course::new(self.model.eta), None, paused);
    }

    /// Starts the current preset at step 0, or where a session of it left off.
    pub(super) fn begin(&mut self, course: Course, session: Option<Session>, paused: bool) {
        if let Some(worker) = self.worker.take() {
            worker.shut_down();
        }
        (self.inspector, self.weight_space) = (None, None);
        let recorded = self.model.recording.as_ref().and_then(|recording| recording.paths.clone());
        self.recorded_paths = recorded.map(RecordedPaths::new);
        self.run_number += 1;
        self.forget_autosave();
        self.model.clear();
        if self.model.recording.is_some() {
            self.model.spectra.trouble = Some(RECORDED.into());
        }
        (self.noted_events, self.pace) = (0, None);
        (self.forks, self.at) = (Vec::new(), None);
        if let Some(session) = &session {
            self.model.history = session.history.clone();
            self.noted_events = session.history.events().len();
        }
        let rows = self.model.history.rows();
        (self.gaps, self.fork_gaps) = (Gaps::after(rows), Vec::new());
        self.model.eta = course.eta_at(rows);
        self.planned = course.eta_changes().last().is_some_and(|&(step, _)| step >= rows);
        let mut preset = self.model.current().clone();
        preset.optimizer.eta = course.eta_at(0);
        let made = match &self.model.recording {
            Some(recording) => Ok(Box::new(recording.player()) as Box<dyn Engine>),
            None => (self.outside.assemble)(&preset),
        };
        let mut engine = match made {
            Ok(engine) => engine,
            Err(reason) => return self.fail(&reason),
        };
        self.model.parameters = engine.dim();
        // two weights need no look: their plane is drawn from the formula
        let live = self.model.recording.is_none();
        let trail = live && preset.landscape.as_ref().is_none_or(|landscape| landscape.start.len() != 2);
        let recorded = self.model.history.most_bytes();
        let options = Options { trail: trail.then(Budget::default), recorded, ..self.options(paused) };
        let name = self.model.facts.preset.clone();
        let beginning = Beginning { name, preset: preset.clone(), course, session };
        let past = beginning.past(engine.as_mut(), &options.memory.checkpoints);
        if let Some(examples) = engine.examples() {
            self.model.history.watch(examples);
        }
        match Worker::resume(engine, past, &options, self.wake()) {
            Ok(worker) => {
                if trail {
                    let (past, assemble) = (worker.past(), &self.outside.assemble);
                    self.weight_space = Some(WeightSpace::new(past, assemble, preset.clone(), &self.context));
                }
                // a recording has no weights to look into
                let inspect = || Inspector::new(worker.past(), &self.outside.assemble, preset, &self.context);
                match live.then(inspect).transpose() {
                    Ok(inspector) => self.inspector = inspector,
                    Err(error) => {
                        let text = format!("No thread to look into single steps: {error}; all else works");
                        self.model.raise(Banner::new(Level::Warning, text));
                    }
                }
                self.worker = Some(worker);
                for breakpoint in self.model.breakpoints.clone() {
                    self.tell_first(WorkerCommand::SetBreakpoint(breakpoint));
                }
                self.model.phase = if paused { RunPhase::Paused } else { RunPhase::Training };
            }
            Err(error) => self.fail(&format!("cannot start the training thread: {error}")),
        }
    }

    /// Tells the run that is chosen in the tree.
    pub(super) fn tell_steered(&mut self, command: WorkerCommand) {
        let Some(id) = self.model.fork_form.parent else { return self.tell_first(command) };
        if let Err(error) = self.model.forks.send_to(id, command) {
            self.model.raise(Banner::new(Level::Warning, error.to_string()));
        }
    }

    /// Gives the run that is chosen in the tree another learning rate; what was planned for it is dropped.
    pub(super) fn steer_eta(&mut self, eta: f64) {
        if self.model.fork_form.parent.is_none() && eta.is_finite() && eta > 0.0 {
            self.model.eta = eta;
            self.planned = false;
            if self.model.phase == RunPhase::Ended(Ending::AllSteps) {
                // the same words for every η, so that one note is there while the slider moves
                let text =
                    "All steps are taken, so nothing moves yet: “More steps” (M) goes on with the new η";
                self.model.raise(Banner::why_it_waits(text));
            }
        }
        self.tell_steered(WorkerCommand::SetEta(eta));
    }

    /// Tells the run and its forks.
    pub(super) fn tell(&mut self, command: WorkerCommand) {
        self.model.forks.send(&command);
        self.model.beside.send(&command);
        self.tell_first(command);
    }

    /// Tells the run itself.
    pub(super) fn tell_first(&mut self, command: WorkerCommand) {
        if let Some(worker) = &mut self.worker
            && let Err(error) = worker.send(command)
        {
            self.model.raise(Banner::new(Level::Warning, error.to_string()));
        }
    }

    /// Lets a run leave another one at the cursor's step, or at the newest, as the form says.
    pub(super) fn fork(&mut self) {
        if self.model.recording.is_some() {
            let text =
                "No fork: this is a recording, which keeps no weights to go on from. Its preset runs live";
            self.model.raise(Banner::new(Level::Note, text));
            return;
        }
        let form = self.model.fork_form;
        // of a run that has ended, it goes on at once
        let paused = self.model.phase == RunPhase::Paused;
        self.depart(form.parent, &Branch::new(self.model.departure(), form.eta), paused);
    }

    /// Lets a run leave another one. Returns its number.
    fn depart(&mut self, parent: Option<usize>, branch: &Branch, paused: bool) -> Option<usize> {
        let worker = self.worker.as_ref()?;
        let (preset, options) = (self.preset_from_start(), self.options(paused));
        let wake = self.wake();
        let model = &mut self.model;
        let first = (&model.history, worker.past().as_ref());
        let make = || (self.outside.assemble)(&preset);
        match model.forks.start(parent, first, branch, make, &options, wake) {
            Ok(id) => Some(id),
            Err(error) => {
                model.raise(Banner::new(Level::Warning, format!("No fork: {error}")));
                None
            }
        }
    }

    /// Goes on with the forks of a session; `steered` is the place of the one that was chosen.
    pub(super) fn restore_forks(&mut self, saved: Vec<SavedFork>, steered: Option<usize>) {
        let Some(worker) = self.worker.as_ref().filter(|_| !saved.is_empty()) else { return };
        let (preset, options) = (self.preset_from_start(), self.options(true));
        let wake = self.wake();
        let make = || (self.outside.assemble)(&preset);
        match self.model.forks.restore(saved, worker.past(), make, &options, wake) {
            Ok(ids) => self.model.fork_form.parent = steered.and_then(|place| ids.get(place).copied()),
            Err(error) => {
                let text = format!("Not all forks of the session are here: {error}");
                self.model.raise(Banner::new(Level::Warning, text));
            }
        }
    }

    /// The preset with the learning rate of its first step.
    fn preset_from_start(&self) -> Preset {
        let mut preset = self.model.current().clone();
        let first = self.model.history.value(Series::Eta, 0);
        preset.optimizer.eta = first.unwrap_or(preset.optimizer.eta);
        preset
    }

    /// How a run of the window goes.
    fn options(&self, paused: bool) -> Options {
        let preset = self.model.current();
        Options {
            speed: self.model.speed,
            paused,
            memory: self.memory.clone(),
            ..Options::new(preset.run.steps, preset.optimizer.eta)
        }
    }

    /// Asks for a repaint, from a training thread: not so soon that drawing takes the time of the training.
    pub(super) fn wake(&self) -> impl Fn() + Send + Clone + use<> {
        let (context, pause) = (self.context.clone(), Arc::clone(&self.pause));
        move || context.request_repaint_after(Duration::from_nanos(pause.load(Ordering::Relaxed)))
    }

    /// Lets the run take as many more steps as its preset has.
    pub(super) fn more_steps(&mut self) {
        let own = self.model.presets[self.model.preset].1.run.steps;
        let steps = self.model.current().run.steps.max(self.model.history.rows());
        self.train_to(steps.saturating_add(own));
    }

    /// Lets the run and its forks take so many steps in all; where they had ended at their last one, they go on.
    pub(super) fn train_to(&mut self, steps: usize) {
        let model = &mut self.model;
        let note = |text: String| Banner::new(Level::Note, text);
        if model.recording.is_some() {
            let text = "No more steps: this is a recording, and all of it is there. Its preset runs live";
            return model.raise(note(text.into()));
        }
        let goes_on = match model.phase {
            RunPhase::Training | RunPhase::Paused => false,
            RunPhase::Ended(Ending::AllSteps | Ending::MemoryBudget { .. }) => true,
            RunPhase::Ended(_) => {
                let text =
                    "No more steps: every process has stopped. Restart with another η, or fork before it";
                return model.raise(note(text.into()));
            }
            RunPhase::Failed => return,
        };
        let rows = model.history.rows();
        if steps <= rows {
            return model.raise(note(format!("{rows} steps are taken already; ask for more than {steps}")));
        }
        let mut preset = model.current().clone();
        preset.run.steps = steps;
        if let Err(error) = preset.validate() {
            return model.raise(Banner::new(Level::Warning, error.to_string()));
        }
        model.variant = Some(preset);
        self.tell(WorkerCommand::SetSteps(steps));
        if goes_on {
            self.model.banners.retain(|banner| !banner.offers_restart);
            self.model.forget_pause();
            self.model.phase = RunPhase::Training;
            self.model.view.cursor = None;
            self.tell(WorkerCommand::Play);
        }
    }
}
