//! The run and the viewer's choices: commands are applied here, and what the training thread sends is taken in here.

use super::autosave::Autosave;
use super::banner::{Banner, Level};
use super::command::Command;
use super::export::{ExportForm, Saved};
use super::forms;
use super::gaps::Gaps;
use super::inspector::Inspector;
use super::model::{Model, Phase};
use super::session::{Purpose, Reading};
use super::settings::Settings;
use super::weight_space::{RecordedPaths, WeightSpace};
use crate::picture::{self, ViewChange};
use crate::run::address::Branch;
use crate::run::beginning::Beginning;
use crate::run::recording::ReadRecording;
use crate::run::session::Kind;
use crate::run::worker::Options;
use crate::run::{Breakpoint, Command as WorkerCommand, Course, Engine, Preset, Session, Worker};
use crate::space::Budget;
use crossbeam_channel::{Receiver, TryRecvError};
use egui::Context;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Makes the engine of a preset, or says why it cannot.
pub type Assemble = dyn Fn(&Preset) -> Result<Box<dyn Engine>, String> + Send + Sync;

/// Opens the system's dialog for a session: from the path in the form, for a purpose.
pub type ChooseSession = fn(&str, Purpose, &Context) -> Option<Receiver<Option<PathBuf>>>;

/// What the window cannot do by itself.
pub struct Outside {
    /// Makes the engine; that of the replay thread too.
    pub assemble: Arc<Assemble>,
    /// Opens the system's file dialog for the export; the path arrives on the channel.
    pub choose_file: fn(&ExportForm, &Context) -> Option<Receiver<Option<PathBuf>>>,
    /// Opens the system's dialog for the directory of the data; the path arrives on the channel.
    pub choose_data: fn(&Context) -> Option<Receiver<Option<PathBuf>>>,
    /// Opens the system's dialog for a session; the path arrives on the channel.
    pub choose_session: ChooseSession,
    /// The recording of a name that a chapter asks for; an error where it cannot be read.
    pub recording: fn(&str) -> Option<&'static ReadRecording>,
    /// The file of the settings; without one nothing is remembered.
    pub settings: Option<PathBuf>,
    /// Where unfinished runs are kept, and how often; without it they are not.
    pub autosave: Option<(PathBuf, Duration)>,
}

/// How a window begins.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    /// The session to go on with, instead of the preset's first step.
    pub session: Option<Session>,
    /// How the run is steered, where that is not by its preset alone.
    pub course: Option<Course>,
    /// Runs that are to leave it.
    pub forks: Vec<Branch>,
    /// The step to stop at.
    pub at: Option<usize>,
}

/// Multiplications spent on derived curves in one frame: about 2 ms.
const CURVE_BUDGET: usize = 2_000_000;

/// Least part of the time between two repaints that is left to the training, in multiples of what a frame costs.
const BREATHER: u32 = 3;

/// Least time between two frames of the slow motion.
const LEAST_FRAME: Duration = Duration::from_millis(16);

/// The state behind the window.
pub struct Lab {
    pub(super) model: Model,
    pub(super) outside: Outside,
    pub(super) context: Context,
    pub(super) worker: Option<Worker>,
    /// Looks into steps of the run.
    inspector: Option<Inspector>,
    /// Looks at its weights.
    pub(super) weight_space: Option<WeightSpace>,
    recorded_paths: Option<RecordedPaths>,
    /// Nanoseconds between a message of the training thread and the repaint it asks for.
    pause: Arc<AtomicU64>,
    noted_events: usize,
    /// Values that are not finite.
    gaps: Gaps,
    pace: Option<(Instant, usize)>,
    /// When the slow motion last moved the cursor.
    replayed: Option<Instant>,
    /// How many runs were started before this one.
    pub(super) run_number: u64,
    /// A learning rate that the tour has just asked for, of which nothing is recorded yet.
    pub(super) eta_asked: Option<f64>,
    /// Whether the panels were dragged since the settings were saved.
    pub(super) panels_moved: bool,
    /// The zoom outside presenter mode.
    pub(super) zoom: f32,
    pub(super) chosen_file: Option<Receiver<Option<PathBuf>>>,
    pub(super) chosen_data: Option<Receiver<Option<PathBuf>>>,
    pub(super) saved: Option<Receiver<Saved>>,
    pub(super) session_chosen: Option<Receiver<Option<PathBuf>>>,
    pub(super) session_saved: Option<Receiver<Saved>>,
    pub(super) session_read: Option<(Reading, Receiver<Result<Session, String>>)>,
    pub(super) autosave: Option<Autosave>,
    /// Forks still to be made.
    forks: Vec<Branch>,
    /// Where the run and its forks are still to stop.
    at: Option<usize>,
    /// Whether learning rates are planned that the slider does not know yet.
    planned: bool,
    /// What controls and keys have sent.
    #[cfg(test)]
    pub(super) sent: Vec<Command>,
}

impl Lab {
    /// Opens a preset of the menu and starts training.
    ///
    /// # Panics
    /// If `preset` is not a place in `presets`.
    pub fn new(
        presets: Vec<(String, Preset)>,
        preset: usize,
        opening: Opening,
        outside: Outside,
        context: &Context,
    ) -> Self {
        crate::picture::theme::install(context);
        let mut lab = Self {
            model: Model::new(presets, preset),
            outside,
            context: context.clone(),
            worker: None,
            inspector: None,
            weight_space: None,
            recorded_paths: None,
            pause: Arc::default(),
            noted_events: 0,
            gaps: Gaps::default(),
            pace: None,
            replayed: None,
            run_number: 0,
            eta_asked: None,
            panels_moved: false,
            zoom: context.zoom_factor(),
            chosen_file: None,
            chosen_data: None,
            saved: None,
            session_chosen: None,
            session_saved: None,
            session_read: None,
            autosave: None,
            forks: Vec::new(),
            at: None,
            planned: false,
            #[cfg(test)]
            sent: Vec::new(),
        };
        let broken = lab.restore_settings();
        context.set_theme(lab.model.theme);
        lab.open(opening);
        lab.open_autosave();
        if let Some(text) = broken {
            lab.model.raise(Banner::new(Level::Warning, text));
        }
        lab
    }

    /// Begins as the command line says.
    fn open(&mut self, opening: Opening) {
        let Opening { session, course, forks, at } = opening;
        // a recording plays from its first step
        let goes_on = session.as_ref().filter(|session| session.kind == Kind::Session);
        let reached = goes_on.zip(at).is_some_and(|(session, at)| session.history.rows() > at);
        match (session, course) {
            (Some(session), _) => self.open_session(session),
            (None, Some(course)) => self.begin(course, None, false),
            (None, None) => self.start(false),
        }
        (self.forks, self.at) = (forks, at);
        if let Some(at) = at.filter(|_| !reached) {
            self.tell_first(WorkerCommand::SetBreakpoint(Breakpoint::Step(at)));
            if self.model.phase == Phase::Paused {
                self.apply(Command::PlayPause);
            }
        }
    }

    /// Makes the forks whose steps have come, and puts the cursor where the command line wants it.
    fn follow_plan(&mut self) {
        let rows = self.model.history.rows();
        while let Some(place) = self.forks.iter().position(|fork| fork.step() <= rows) {
            let fork = self.forks.remove(place);
            let paused = self.at.is_none() && self.model.phase != Phase::Training;
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

    /// Takes what was remembered; says what is wrong with it.
    fn restore_settings(&mut self) -> Option<String> {
        let (settings, broken) = Settings::load(self.outside.settings.as_deref()?);
        settings.restore(&mut self.model);
        broken
    }

    /// Remembers how large the window is.
    pub(super) fn keep_window_size(&mut self, size: Option<egui::Vec2>) {
        let sides = size.filter(|_| !self.model.presenter).map(|size| [size.x.round(), size.y.round()]);
        self.model.window_size = sides.or(self.model.window_size);
    }

    pub(super) fn save_settings(&mut self) {
        self.panels_moved = false;
        if let Some(path) = &self.outside.settings
            && let Err(reason) = Settings::of(&self.model).save(path)
        {
            self.model.raise(Banner::new(Level::Warning, reason));
        }
    }

    /// What is shown.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Draws everything and applies what the user did.
    pub fn ui(&mut self, ui: &mut egui::Ui) {
        // what is typed while a form is open is meant for it
        let mut commands = if let Some(form) = self.model.form {
            Command::pressed_in_form(ui.ctx(), form)
        } else {
            Command::pressed(ui.ctx())
        };
        super::window_ui(ui, &self.model, &mut commands);
        forms::form_ui(ui, &self.model, &mut commands);
        if self.model.view.hover.is_some() && !picture::is_hovered(ui.ctx()) {
            commands.push(Command::View(ViewChange::Hover(None)));
        }
        for command in commands {
            #[cfg(test)]
            self.sent.push(command.clone());
            self.apply(command);
        }
        if self.panels_moved && !ui.input(|input| input.pointer.any_down()) {
            self.save_settings();
        }
    }

    /// How long drawing a frame takes: the repaints that training asks for leave a multiple of it to the training.
    pub fn frame_took(&self, time: Duration) {
        let pause = (time * BREATHER).min(Duration::from_millis(500));
        self.pause.store(u64::try_from(pause.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Takes in what has arrived from the training thread and from dialogs. Runs also while the window is hidden.
    pub fn logic(&mut self) {
        self.drain();
        self.follow_plan();
        self.take_in_sessions();
        self.keep_unfinished();
        self.replay();
        self.inspect();
        self.look();
        self.model.look_at_landscape();
        if self.model.derive_curves(CURVE_BUDGET) {
            self.guide();
        } else {
            self.context.request_repaint();
        }
        match self.chosen_file.as_ref().map(Receiver::try_recv) {
            None | Some(Err(TryRecvError::Empty)) => {}
            Some(received) => {
                self.chosen_file = None;
                self.model.export.choosing = false;
                match received.ok().flatten() {
                    Some(path) => self.model.export.set_path(path.display().to_string()),
                    None => self.model.export.note("No file was chosen; a path can be typed"),
                }
            }
        }
        match self.chosen_data.as_ref().map(Receiver::try_recv) {
            None | Some(Err(TryRecvError::Empty)) => {}
            Some(received) => {
                self.chosen_data = None;
                if let Some(directory) = received.ok().flatten() {
                    self.model.set_directory(&directory);
                    self.start(false);
                } else {
                    let text = "No directory was chosen; data.path or BRINK_DATA can name one";
                    self.model.raise(Banner { offers_data: true, ..Banner::new(Level::Note, text) });
                }
            }
        }
        match self.saved.as_ref().map(Receiver::try_recv) {
            None | Some(Err(TryRecvError::Empty)) => {}
            Some(received) => {
                self.saved = None;
                self.model.export.saving = false;
                let saved = received
                    .unwrap_or_else(|_| Err("the writing thread has failed; nothing is written".into()));
                self.model.export.outcome = Some(saved);
            }
        }
    }

    /// Moves the cursor of the slow motion.
    fn replay(&mut self) {
        let now = Instant::now();
        let before = self.replayed.replace(now).unwrap_or(now);
        let model = &mut self.model;
        let Some(newest) = model.most_rows().checked_sub(1).filter(|_| model.playback.playing) else {
            self.replayed = None;
            return;
        };
        let range = match model.view.visible {
            Some(_) if model.playback.looping => model.shown_steps(),
            _ => [0, newest],
        };
        let cursor = model.view.cursor.unwrap_or(range[0]);
        model.view.cursor = Some(model.playback.advance(cursor, range, now - before));
        if let Some(due) = model.playback.due() {
            self.context.request_repaint_after(due.max(LEAST_FRAME));
        }
    }

    fn inspect(&mut self) {
        if let Some(reason) = self.inspector.as_mut().and_then(|inspector| inspector.update(&mut self.model))
        {
            self.model.raise(Banner::new(Level::Note, reason));
        }
    }

    fn look(&mut self) {
        if let Some((weight_space, worker)) = self.weight_space.as_mut().zip(self.worker.as_mut())
            && let Some(reason) = weight_space.update(&mut self.model, worker, &self.context)
        {
            self.model.raise(Banner::new(Level::Note, reason));
        }
        if let Some(paths) = &mut self.recorded_paths {
            paths.update(&mut self.model);
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
        let paused = self.model.phase != Phase::Training;
        self.depart(form.parent, &Branch::new(self.model.departure(), form.eta), paused);
    }

    /// Lets a run leave another one. Returns its number.
    fn depart(&mut self, parent: Option<usize>, branch: &Branch, paused: bool) -> Option<usize> {
        let (worker, wake) = (self.worker.as_ref()?, self.wake());
        let model = &mut self.model;
        let mut preset = model.current().clone();
        let first_eta = model.history.value(crate::run::Series::Eta, 0);
        preset.optimizer.eta = first_eta.unwrap_or(preset.optimizer.eta);
        let options =
            Options { speed: model.speed, paused, ..Options::new(preset.run.steps, preset.optimizer.eta) };
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

    /// Asks for a repaint, from a training thread.
    pub(super) fn wake(&self) -> impl Fn() + Send + 'static + use<> {
        let (context, pause) = (self.context.clone(), Arc::clone(&self.pause));
        move || context.request_repaint_after(Duration::from_nanos(pause.load(Ordering::Relaxed)))
    }

    fn drain(&mut self) {
        self.model.forks.drain();
        for text in self.model.beside.drain() {
            self.model.raise(Banner::new(Level::Warning, text));
        }
        for (label, step, event) in self.model.forks.news() {
            self.model.note_of_fork(&label, step, &event);
        }
        let Some(worker) = &mut self.worker else { return };
        let drained = worker.try_drain(&mut self.model.history);
        let events: Vec<_> = self.model.history.events()[self.noted_events..].to_vec();
        self.noted_events += events.len();
        for (step, event) in &events {
            self.model.note(*step, event);
        }
        if let Some(text) = self.gaps.news(&self.model.history) {
            self.model.raise(Banner::new(Level::Warning, text));
        }
        if let Some(eta) = self.model.run_view().eta().filter(|_| self.planned) {
            self.model.eta = eta;
        }
        if let Some(budget) = drained.thinned {
            let text = format!(
                "The checkpoints fill their {} MiB: every other one goes from now on, and looking into an old step takes \
                 longer",
                budget >> 20
            );
            self.model.raise(Banner::new(Level::Note, text));
        }
        for hit in drained.hits {
            self.model.phase = Phase::Paused;
            // on the way to the command line's step each run stops by itself
            if self.at.is_none() {
                self.model.forks.send(&WorkerCommand::Pause);
                self.model.beside.send(&WorkerCommand::Pause);
            }
            if self.tour_takes(&hit) {
                continue;
            }
            self.model.raise(Banner::new(Level::Note, hit.to_string()));
            self.model.hits.push(hit);
        }
        match drained.end {
            None => {}
            Some(Ok(ending)) => {
                self.model.phase = Phase::Ended(ending);
                if !matches!(ending, crate::run::Ending::AllSteps | crate::run::Ending::Stopped) {
                    self.model.raise(Banner {
                        offers_restart: true,
                        ..Banner::new(Level::Note, format!("The run has ended: {ending}"))
                    });
                }
            }
            Some(Err(reason)) => self.fail(&reason),
        }
        if drained.rows > 0 {
            self.measure_pace();
        }
        if self.model.phase != Phase::Training {
            self.pace = None;
        }
    }

    fn fail(&mut self, reason: &str) {
        self.model.phase = Phase::Failed;
        let kept =
            if self.model.history.rows() > 0 { ". Export what was recorded, or start anew" } else { "" };
        self.model.raise(Banner {
            offers_restart: self.model.history.rows() > 0,
            offers_data: self.model.history.rows() == 0 && self.model.needs_directory(),
            ..Banner::new(Level::Error, format!("{reason}{kept}"))
        });
    }

    fn measure_pace(&mut self) {
        let (now, rows) = (Instant::now(), self.model.history.rows());
        let (since, first) = *self.pace.get_or_insert((now, rows));
        let seconds = (now - since).as_secs_f64();
        if seconds >= 0.5 {
            self.model.steps_per_second = Some((rows - first) as f64 / seconds);
            self.pace = Some((now, rows));
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
            let text = "a recording has no weights to take the Hessian at; its preset runs live";
            self.model.spectra.trouble = Some(text.into());
        }
        (self.noted_events, self.pace) = (0, None);
        (self.forks, self.at) = (Vec::new(), None);
        if let Some(session) = &session {
            self.model.history = session.history.clone();
            self.noted_events = session.history.events().len();
        }
        let rows = self.model.history.rows();
        self.gaps = Gaps::after(rows);
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
        let options = Options {
            speed: self.model.speed,
            paused,
            trail: trail.then(Budget::default),
            ..Options::new(preset.run.steps, preset.optimizer.eta)
        };
        let name = self.model.facts.preset.clone();
        let beginning = Beginning { name, preset: preset.clone(), course, session };
        let past = beginning.past(engine.as_mut(), options.checkpoint_budget);
        if let Some(examples) = engine.examples() {
            self.model.history.watch(examples);
        }
        let wake = self.wake();
        match Worker::resume(engine, past, &options, wake) {
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
                self.model.phase = if paused { Phase::Paused } else { Phase::Training };
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

    /// Tells the training thread that the end is near, without waiting for it.
    pub fn prepare_to_close(&mut self) {
        self.tell(WorkerCommand::Stop);
    }

    /// Remembers the settings, removes the autosave and ends the training thread; at most half a second.
    pub fn close(&mut self) {
        self.save_settings();
        self.forget_autosave();
        if let Some(worker) = self.worker.take() {
            worker.shut_down();
        }
    }
}
