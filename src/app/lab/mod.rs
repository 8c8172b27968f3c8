//! The state behind the window, and the processing of a frame. The threads of the runs are in `fleet`,
//! incoming messages are handled in `arrivals.rs`, and commands in `apply.rs`.

pub(crate) mod apply;
pub(crate) mod arrivals;
pub(crate) mod fleet;
pub(crate) mod guide;
pub(crate) mod runs;
pub(crate) mod sessions;
pub(crate) mod unfinished;

use super::command::Command;
use super::state::Model;
use super::state::banner::{Banner, Level};
use super::state::export::ExportOutcome;
use super::state::settings::WindowSettings;
use super::view::forms;
use super::work::job::Job;
use super::work::outside::{Opening, Outside};
use crate::picture;
use crate::picture::view::ViewChange;
use crate::preset::Preset;
use crate::run::engine::branch::Branch;
use crate::run::file::session::Session;
use crate::run::live::message::WorkerCommand;
use egui::Context;
use fleet::Fleet;
use sessions::Reading;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use unfinished::Autosave;

/// Multiplications spent on derived curves per frame: about 2 ms.
const CURVE_BUDGET: usize = 2_000_000;

/// Minimum time between two frames of the slow motion.
const LEAST_FRAME: Duration = Duration::from_millis(16);

/// The state behind the window, and the operations that change it.
pub struct Lab {
    pub(super) model: Model,
    pub(super) outside: Outside,
    pub(super) context: Context,
    /// The threads behind the runs.
    pub(super) fleet: Fleet,
    /// The pending requests of the command line.
    plan: Plan,
    /// Files being chosen or written.
    files: Files,
    /// Sessions being chosen, read or written.
    sessions: SessionJobs,
    autosave: Option<Autosave>,
    window: WindowMemory,
    /// Commands not yet applied.
    queue: VecDeque<Command>,
    /// The commands sent by controls and keys.
    #[cfg(test)]
    pub(super) sent: Vec<Command>,
}

/// The pending requests of the command line.
#[derive(Default)]
struct Plan {
    /// Forks not yet created.
    forks: Vec<Branch>,
    /// The step at which the run and its forks will stop.
    at: Option<usize>,
}

/// Files chosen in dialogs, and the file being written.
#[derive(Default)]
struct Files {
    chosen: Job<Option<PathBuf>>,
    data: Job<Option<PathBuf>>,
    saved: Job<ExportOutcome>,
}

/// Session jobs in progress.
#[derive(Default)]
struct SessionJobs {
    chosen: Job<Option<PathBuf>>,
    saved: Job<ExportOutcome>,
    read: Job<Result<(Reading, Session), String>>,
}

/// The state that a frame needs from the previous one.
struct WindowMemory {
    /// The time at which the slow motion last moved the cursor.
    replayed: Option<Instant>,
    /// Whether panels were dragged since the settings were last saved.
    panels_moved: bool,
    /// The zoom outside presenter mode.
    zoom: f32,
}

impl Lab {
    /// Opens a preset of the menu and starts training.
    ///
    /// # Panics
    /// If `preset` is not an index of `presets`.
    pub fn new(
        presets: Vec<(String, Preset)>,
        preset: usize,
        opening: Opening,
        outside: Outside,
        context: &Context,
    ) -> Self {
        crate::picture::style::theme::install(context);
        let mut lab = Self {
            model: Model::new(presets, preset),
            fleet: Fleet::new(&outside.assemble, context),
            outside,
            context: context.clone(),
            plan: Plan::default(),
            files: Files::default(),
            sessions: SessionJobs::default(),
            autosave: None,
            window: WindowMemory { replayed: None, panels_moved: false, zoom: context.zoom_factor() },
            queue: VecDeque::new(),
            #[cfg(test)]
            sent: Vec::new(),
        };
        let broken = lab.restore_settings();
        context.set_theme(lab.model.layout.theme);
        lab.open(opening);
        lab.open_autosave();
        if let Some(text) = broken {
            lab.model.raise(Banner::new(Level::Warning, text));
        }
        lab
    }

    /// Applies the remembered settings; returns a message if they are invalid.
    fn restore_settings(&mut self) -> Option<String> {
        let (settings, broken) = WindowSettings::load(self.outside.settings.as_deref()?);
        settings.restore(&mut self.model);
        broken
    }

    /// Remembers the size of the window.
    pub(super) fn keep_window_size(&mut self, size: Option<egui::Vec2>) {
        let sides =
            size.filter(|_| !self.model.layout.presenter).map(|size| [size.x.round(), size.y.round()]);
        self.model.layout.window_size = sides.or(self.model.layout.window_size);
    }

    pub(super) fn save_settings(&mut self) {
        self.window.panels_moved = false;
        if let Some(path) = &self.outside.settings
            && let Err(reason) = WindowSettings::of(&self.model).save(path)
        {
            self.model.raise(Banner::new(Level::Warning, reason));
        }
    }

    /// The displayed state.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Draws everything and applies the user's commands.
    pub fn ui(&mut self, ui: &mut egui::Ui) {
        // keys typed while a form is open belong to the form
        let mut commands = if let Some(form) = self.model.forms.open {
            Command::pressed_in_form(ui.ctx(), form)
        } else {
            Command::pressed(ui.ctx())
        };
        super::view::window_ui(ui, &self.model, &mut commands);
        forms::form_ui(ui, &self.model, &mut commands);
        if self.model.view.plots.hover.is_some() && !picture::chart::is_hovered(ui.ctx()) {
            commands.push(Command::View(ViewChange::Hover(None)));
        }
        let pointed = picture::view::pointing::take_pointed(ui.ctx());
        if pointed != self.model.view.plots.pointed {
            commands.push(Command::View(ViewChange::Point(pointed)));
        }
        self.apply_frame(commands);
        if self.window.panels_moved && !ui.input(|input| input.pointer.any_down()) {
            self.save_settings();
        }
    }

    /// Records the time that drawing a frame took. Repaints requested by training leave a multiple of it to
    /// the training.
    pub fn frame_took(&self, time: Duration) {
        self.fleet.frame_took(time);
    }

    /// Processes messages from the training thread and from dialogs. Also runs while the window is hidden.
    pub fn logic(&mut self) {
        self.drain();
        self.follow_plan();
        self.take_in_sessions();
        self.keep_unfinished();
        self.window.replay(&mut self.model, &self.context);
        self.fleet.look(&mut self.model);
        self.model.look_at_landscape();
        if self.model.derive_curves(CURVE_BUDGET) {
            self.guide();
        } else {
            self.context.request_repaint();
        }
        self.count_memory();
        self.take_in_files();
    }

    /// Announces the end to the training thread, without waiting for it.
    pub fn prepare_to_close(&mut self) {
        self.fleet.tell(&mut self.model, WorkerCommand::Stop);
    }

    /// Saves the settings, removes the autosave and ends the training thread; takes at most half a second.
    pub fn close(&mut self) {
        self.save_settings();
        self.forget_autosave();
        self.fleet.end_first();
    }
}

impl WindowMemory {
    /// Advances the cursor in slow motion.
    fn replay(&mut self, model: &mut Model, context: &Context) {
        let now = Instant::now();
        let before = self.replayed.replace(now).unwrap_or(now);
        let Some(newest) = model.most_rows().checked_sub(1).filter(|_| model.view.playback.playing) else {
            self.replayed = None;
            return;
        };
        let range = match model.view.plots.visible {
            Some(_) if model.view.playback.looping => model.shown_steps(),
            _ => [0, newest],
        };
        let cursor = model.view.plots.cursor.unwrap_or(range[0]);
        model.view.plots.cursor = Some(model.view.playback.advance(cursor, range, now - before));
        if let Some(due) = model.view.playback.due() {
            context.request_repaint_after(due.max(LEAST_FRAME));
        }
    }
}
