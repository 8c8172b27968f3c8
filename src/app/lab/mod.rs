//! The state behind the window, and a frame of it: what a run does is in `runs.rs`, what arrives in `arrivals.rs`, what a
//! command does in `apply.rs`.

pub(crate) mod apply;
pub(crate) mod arrivals;
pub(crate) mod guide;
pub(crate) mod runs;
pub(crate) mod sessions;
pub(crate) mod unfinished;

use super::command::Command;
use super::state::Model;
use super::state::banner::{Banner, Level};
use super::state::export::ExportOutcome;
use super::state::gaps::Gaps;
use super::state::settings::WindowSettings;
use super::view::forms;
use super::work::inspector::Inspector;
use super::work::job::Job;
use super::work::outside::{Opening, Outside};
use super::work::weight_space::{RecordedPaths, WeightSpace};
use crate::picture;
use crate::picture::view::ViewChange;
use crate::preset::Preset;
use crate::run::engine::branch::Branch;
use crate::run::engine::memory::{Account, Memory};
use crate::run::file::session::Session;
use crate::run::live::message::WorkerCommand;
use crate::run::live::worker::Worker;
use egui::Context;
use sessions::Reading;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use unfinished::Autosave;

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
    pub(super) inspector: Option<Inspector>,
    /// Looks at its weights.
    pub(super) weight_space: Option<WeightSpace>,
    pub(super) recorded_paths: Option<RecordedPaths>,
    /// Nanoseconds between a message of the training thread and the repaint it asks for.
    pub(super) pause: Arc<AtomicU64>,
    pub(super) noted_events: usize,
    /// Values that are not finite.
    pub(super) gaps: Gaps,
    /// The same of the forks, by their numbers.
    pub(super) fork_gaps: Vec<(usize, Gaps)>,
    /// What all runs may take together.
    pub(super) memory: Memory,
    /// What is taken beside the histories of the run and its forks.
    pub(super) extra: Account,
    pub(super) pace: Option<(Instant, usize)>,
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
    pub(super) chosen_file: Job<Option<PathBuf>>,
    pub(super) chosen_data: Job<Option<PathBuf>>,
    pub(super) saved: Job<ExportOutcome>,
    pub(super) session_chosen: Job<Option<PathBuf>>,
    pub(super) session_saved: Job<ExportOutcome>,
    pub(super) session_read: Job<Result<(Reading, Session), String>>,
    pub(super) autosave: Option<Autosave>,
    /// Forks still to be made.
    pub(super) forks: Vec<Branch>,
    /// Where the run and its forks are still to stop.
    pub(super) at: Option<usize>,
    /// Whether learning rates are planned that the slider does not know yet.
    pub(super) planned: bool,
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
        crate::picture::style::theme::install(context);
        let memory = Memory::default();
        let mut lab = Self {
            extra: memory.recorded.open(),
            memory,
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
            fork_gaps: Vec::new(),
            pace: None,
            replayed: None,
            run_number: 0,
            eta_asked: None,
            panels_moved: false,
            zoom: context.zoom_factor(),
            chosen_file: Job::default(),
            chosen_data: Job::default(),
            saved: Job::default(),
            session_chosen: Job::default(),
            session_saved: Job::default(),
            session_read: Job::default(),
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

    /// Takes what was remembered; says what is wrong with it.
    fn restore_settings(&mut self) -> Option<String> {
        let (settings, broken) = WindowSettings::load(self.outside.settings.as_deref()?);
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
            && let Err(reason) = WindowSettings::of(&self.model).save(path)
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
        super::view::window_ui(ui, &self.model, &mut commands);
        forms::form_ui(ui, &self.model, &mut commands);
        if self.model.view.hover.is_some() && !picture::chart::is_hovered(ui.ctx()) {
            commands.push(Command::View(ViewChange::Hover(None)));
        }
        let pointed = picture::view::pointing::take_pointed(ui.ctx());
        if pointed != self.model.view.pointed {
            commands.push(Command::View(ViewChange::Point(pointed)));
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
        self.count_memory();
        self.take_in_files();
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
