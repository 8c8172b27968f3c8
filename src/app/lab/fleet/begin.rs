//! The start of runs and of forks.

use super::Fleet;
use crate::app::state::Model;
use crate::app::state::banner::{Banner, Level};
use crate::app::state::gaps::Gaps;
use crate::app::state::phase::RunPhase;
use crate::app::work::inspector::Inspector;
use crate::app::work::weight_space::{RecordedPaths, WeightSpace};
use crate::run::engine::Engine;
use crate::run::engine::branch::Branch;
use crate::run::engine::course::Course;
use crate::run::file::session::{SavedFork, Session};
use crate::run::live::message::WorkerCommand;
use crate::run::live::spectra::RECORDED;
use crate::run::live::worker::{Options, Worker};
use crate::run::start::beginning::Beginning;
use brink_core::space::Budget;

impl Fleet {
    /// Starts the current preset at step 0, or at the step where a session of it ended.
    pub fn begin(&mut self, model: &mut Model, course: Course, session: Option<Session>, paused: bool) {
        self.end(&mut model.runs);
        let recorded = model.runs.recording.as_ref().and_then(|recording| recording.paths.clone());
        self.recorded_paths = recorded.map(RecordedPaths::new);
        self.number += 1;
        model.clear();
        if model.runs.recording.is_some() {
            model.runs.first.spectra.trouble = Some(RECORDED.into());
        }
        (self.heard.events, self.heard.pace) = (0, None);
        if let Some(session) = &session {
            model.runs.first.history = session.history.clone();
            self.heard.events = session.history.events().len();
        }
        let rows = model.runs.first.history.rows();
        (self.heard.gaps, self.heard.fork_gaps) = (Gaps::after(rows), Vec::new());
        (model.runs.first.course, model.runs.first.eta_sent) = (course.clone(), None);
        let mut preset = model.current().clone();
        preset.optimizer.eta = course.eta_at(0);
        let made = match &model.runs.recording {
            Some(recording) => Ok(Box::new(recording.player()) as Box<dyn Engine>),
            None => (self.assemble)(&preset),
        };
        let mut engine = match made {
            Ok(engine) => engine,
            Err(reason) => return model.fail(&reason),
        };
        model.runs.first.parameters = engine.dim();
        // a run with two weights needs no trail: its plane is drawn from the formula
        let live = model.runs.recording.is_none();
        let trail = live && preset.landscape.as_ref().is_none_or(|landscape| landscape.start.len() != 2);
        let recorded = model.runs.first.history.most_bytes();
        let options = Options { trail: trail.then(Budget::default), recorded, ..self.options(model, paused) };
        let name = model.runs.facts.preset.clone();
        let beginning = Beginning { name, preset: preset.clone(), course, session };
        let past = beginning.past(engine.as_mut(), &options.memory.checkpoints);
        if let Some(examples) = engine.examples() {
            model.runs.first.history.watch(examples);
        }
        match Worker::resume(engine, past, &options, self.wake()) {
            Ok(worker) => {
                if trail {
                    let (past, assemble) = (worker.past(), &self.assemble);
                    self.weight_space = Some(WeightSpace::new(past, assemble, preset.clone(), &self.context));
                }
                // a recording has no weights to inspect
                let inspect = || Inspector::new(worker.past(), &self.assemble, preset, &self.context);
                match live.then(inspect).transpose() {
                    Ok(inspector) => self.inspector = inspector,
                    Err(error) => {
                        let text = format!("No thread to look into single steps: {error}; all else works");
                        model.raise(Banner::new(Level::Warning, text));
                    }
                }
                self.first = Some(worker);
                for breakpoint in model.runs.breakpoints.clone() {
                    self.tell_first(model, WorkerCommand::SetBreakpoint(breakpoint));
                }
                model.runs.first.phase = if paused { RunPhase::Paused } else { RunPhase::Training };
            }
            Err(error) => model.fail(&format!("cannot start the training thread: {error}")),
        }
    }

    /// Forks a run at the cursor's step, or at the newest step, according to the form.
    pub fn fork(&mut self, model: &mut Model) {
        if model.runs.recording.is_some() {
            let text =
                "No fork: this is a recording, which keeps no weights to go on from. Its preset runs live";
            model.raise(Banner::new(Level::Note, text));
            return;
        }
        let form = model.forms.fork;
        // a fork of a run that has ended starts at once
        let paused = model.runs.first.phase == RunPhase::Paused;
        self.depart(model, form.parent, &Branch::new(model.departure(), form.eta), paused);
    }

    /// Forks a run. Returns the number of the fork.
    pub fn depart(
        &mut self,
        model: &mut Model,
        parent: Option<usize>,
        branch: &Branch,
        paused: bool,
    ) -> Option<usize> {
        let worker = self.first.as_ref()?;
        let (preset, options) = (model.preset_from_start(), self.options(model, paused));
        let wake = self.wake();
        let first = (&model.runs.first.history, worker.past().as_ref());
        let make = || (self.assemble)(&preset);
        match self.forks.start(&mut model.runs.forks, parent, first, branch, make, &options, wake) {
            Ok(id) => Some(id),
            Err(error) => {
                model.raise(Banner::new(Level::Warning, format!("No fork: {error}")));
                None
            }
        }
    }

    /// Continues the forks of a session; `steered` is the index of the chosen fork.
    pub fn restore_forks(&mut self, model: &mut Model, saved: Vec<SavedFork>, steered: Option<usize>) {
        let Some(worker) = self.first.as_ref().filter(|_| !saved.is_empty()) else { return };
        let (preset, options) = (model.preset_from_start(), self.options(model, true));
        let wake = self.wake();
        let make = || (self.assemble)(&preset);
        match self.forks.restore(&mut model.runs.forks, saved, worker.past(), make, &options, wake) {
            Ok(ids) => model.forms.fork.parent = steered.and_then(|place| ids.get(place).copied()),
            Err(error) => {
                let text = format!("Not all forks of the session are here: {error}");
                model.raise(Banner::new(Level::Warning, text));
            }
        }
    }
}
