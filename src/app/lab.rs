//! The run and the viewer's choices: commands are applied here, and what the training thread sends is taken in here.

use super::command::Command;
use super::export::{self, ExportForm, Saved};
use super::model::{Banner, Level, Model, Phase};
use crate::picture::{Panel, ViewChange};
use crate::run::worker::Options;
use crate::run::{Command as WorkerCommand, Engine, Preset, Worker};
use crossbeam_channel::{Receiver, TryRecvError};
use egui::{Context, Theme};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Makes the engine of a preset, or says why it cannot.
pub type Assemble = dyn Fn(&Preset) -> Result<Box<dyn Engine>, String>;

/// What the window cannot do by itself.
pub struct Outside {
    /// Makes the engine.
    pub assemble: Box<Assemble>,
    /// Opens the system's file dialog for the export; the path arrives on the channel.
    pub choose_file: fn(&ExportForm, &Context) -> Option<Receiver<Option<PathBuf>>>,
    /// Opens the system's dialog for the directory of the data; the path arrives on the channel.
    pub choose_data: fn(&Context) -> Option<Receiver<Option<PathBuf>>>,
}

/// Multiplications spent on derived curves in one frame: about 2 ms.
const CURVE_BUDGET: usize = 2_000_000;

/// Least part of the time between two repaints that is left to the training, in multiples of what a frame costs.
const BREATHER: u32 = 3;

/// The state behind the window.
pub struct Lab {
    pub(super) model: Model,
    outside: Outside,
    context: Context,
    worker: Option<Worker>,
    /// Nanoseconds between a message of the training thread and the repaint it asks for.
    pause: Arc<AtomicU64>,
    noted_events: usize,
    pace: Option<(Instant, usize)>,
    chosen_file: Option<Receiver<Option<PathBuf>>>,
    chosen_data: Option<Receiver<Option<PathBuf>>>,
    saved: Option<Receiver<Saved>>,
}

impl Lab {
    /// Opens a preset of the menu and starts training.
    ///
    /// # Panics
    /// If `preset` is not a place in `presets`.
    pub fn new(presets: Vec<(String, Preset)>, preset: usize, outside: Outside, context: &Context) -> Self {
        crate::picture::theme::install(context);
        let mut lab = Self {
            model: Model::new(presets, preset),
            outside,
            context: context.clone(),
            worker: None,
            pause: Arc::default(),
            noted_events: 0,
            pace: None,
            chosen_file: None,
            chosen_data: None,
            saved: None,
        };
        context.set_theme(lab.model.theme);
        lab.start(false);
        lab
    }

    /// What is shown.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Draws everything and applies what the user did.
    pub fn ui(&mut self, ui: &mut egui::Ui) {
        let mut commands = Command::pressed(ui.ctx());
        // what is typed while the form is open is meant for it
        commands.retain(|command| !self.model.export.open || *command == Command::Quit);
        super::window_ui(ui, &self.model, &mut commands);
        export::form_ui(ui, &self.model, &mut commands);
        for command in commands {
            self.apply(command);
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
        let smoothing = self.model.view.smoothing_steps;
        if !self.model.curves.update(&self.model.history, smoothing, CURVE_BUDGET) {
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

    fn drain(&mut self) {
        let Some(worker) = &mut self.worker else { return };
        let drained = worker.try_drain(&mut self.model.history);
        let events: Vec<_> = self.model.history.events()[self.noted_events..].to_vec();
        self.noted_events += events.len();
        for (step, event) in &events {
            self.model.note(*step, event);
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
    fn start(&mut self, paused: bool) {
        if let Some(worker) = self.worker.take() {
            worker.shut_down();
        }
        self.model.clear();
        (self.noted_events, self.pace) = (0, None);
        let mut preset = self.model.current().clone();
        preset.optimizer.eta = self.model.eta;
        let engine = match (self.outside.assemble)(&preset) {
            Ok(engine) => engine,
            Err(reason) => return self.fail(&reason),
        };
        self.model.parameters = engine.dim();
        let options =
            Options { speed: self.model.speed, paused, ..Options::new(preset.run.steps, self.model.eta) };
        let (context, pause) = (self.context.clone(), Arc::clone(&self.pause));
        let wake = move || context.request_repaint_after(Duration::from_nanos(pause.load(Ordering::Relaxed)));
        match Worker::spawn(engine, &options, wake) {
            Ok(worker) => {
                self.worker = Some(worker);
                self.model.phase = if paused { Phase::Paused } else { Phase::Training };
            }
            Err(error) => self.fail(&format!("cannot start the training thread: {error}")),
        }
    }

    fn tell(&mut self, command: WorkerCommand) {
        if let Some(worker) = &mut self.worker
            && let Err(error) = worker.send(command)
        {
            self.model.raise(Banner::new(Level::Warning, error.to_string()));
        }
    }

    /// Applies a command, whoever sent it.
    pub fn apply(&mut self, command: Command) {
        match command {
            Command::PlayPause => match self.model.phase {
                Phase::Training => {
                    self.model.phase = Phase::Paused;
                    self.tell(WorkerCommand::Pause);
                }
                Phase::Paused => {
                    self.model.phase = Phase::Training;
                    self.tell(WorkerCommand::Play);
                }
                Phase::Ended(_) | Phase::Failed => {}
            },
            Command::StepForward => {
                if matches!(self.model.phase, Phase::Training | Phase::Paused) {
                    self.model.phase = Phase::Paused;
                    self.tell(WorkerCommand::Step);
                }
            }
            Command::Restart => self.start(false),
            Command::OpenPreset(preset) => {
                if preset < self.model.presets.len() {
                    self.model.choose(preset);
                    self.start(false);
                }
            }
            Command::SetEta(eta) => {
                if eta.is_finite() && eta > 0.0 {
                    self.model.eta = eta;
                }
                self.tell(WorkerCommand::SetEta(eta));
            }
            Command::SetSpeed(speed) => {
                self.model.speed = speed;
                self.tell(WorkerCommand::SetSpeed(speed));
            }
            Command::RestartFlows => self.tell(WorkerCommand::RestartFlows),
            Command::View(change) => self.model.view.apply(change),
            Command::FollowRun => (self.model.view.visible, self.model.view.cursor) = (None, None),
            Command::ToggleLogAxes => {
                let log = !self.model.all_log();
                for panel in Panel::ALL {
                    self.model.view.apply(ViewChange::SetLog(panel, log));
                }
            }
            Command::ToggleTheme => {
                self.model.theme = match self.model.theme {
                    Theme::Light => Theme::Dark,
                    Theme::Dark => Theme::Light,
                };
                self.context.set_theme(self.model.theme);
            }
            Command::ToggleCentralFlow => {
                self.model.view.show_central_flow = !self.model.view.show_central_flow;
            }
            Command::SetSmoothing(steps) => self.model.view.smoothing_steps = steps,
            Command::ToggleExport => self.model.export.open = !self.model.export.open,
            Command::EditExport(form) => self.model.export = form,
            Command::ChooseFile => {
                if self.chosen_file.is_none() {
                    self.chosen_file = (self.outside.choose_file)(&self.model.export, &self.context);
                    self.model.export.choosing = self.chosen_file.is_some();
                }
            }
            Command::ChooseData => {
                if self.chosen_data.is_none() {
                    self.chosen_data = (self.outside.choose_data)(&self.context);
                }
            }
            Command::Save => {
                if self.saved.is_none() {
                    let size = self.context.content_rect().size();
                    self.saved = export::save(self.model.snapshot(), size, &self.context);
                    self.model.export.saving = self.saved.is_some();
                }
            }
            Command::Quit => self.context.send_viewport_cmd(egui::ViewportCommand::Close),
            Command::Dismiss(place) => {
                if place < self.model.banners.len() {
                    self.model.banners.remove(place);
                }
            }
        }
        // What a command changed may lie above what asked for it.
        self.context.request_repaint();
    }

    /// Tells the training thread that the end is near, without waiting for it.
    pub fn prepare_to_close(&mut self) {
        self.tell(WorkerCommand::Stop);
    }

    /// Ends the training thread; at most a quarter of a second.
    pub fn close(&mut self) {
        if let Some(worker) = self.worker.take() {
            worker.shut_down();
        }
    }
}
