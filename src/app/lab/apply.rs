//! The effect of every command: the only place where the user changes the window's state.

use super::Lab;
use super::sessions::Reading;
use crate::app::command::Command;
use crate::app::export::film::Reel;
use crate::app::export::save;
use crate::app::state::banner::{Banner, Level};
use crate::app::state::export::What;
use crate::app::state::form::{Form, Search};
use crate::app::state::layout;
use crate::app::view::presenter;
use crate::picture::view::ViewChange;
use crate::picture::view::panel::Panel;
use crate::picture::view::scene_view::SceneChange;
use crate::run::file::recording::{self, ReadRecording};
use crate::run::live::message::WorkerCommand;
use crate::run::live::worker::Worker;
use egui::Theme;

/// The number of steps of a leap.
const LEAP: usize = 10;

impl Lab {
    /// Appends a command from any sender to the queue, and applies all queued commands.
    pub fn apply(&mut self, command: Command) {
        self.queue.push_back(command);
        self.apply_all();
    }

    /// Applies the commands that controls and keys sent in one frame. Text typed into a form takes effect
    /// before the commands of the same frame that use it.
    pub(in crate::app) fn apply_frame(&mut self, commands: Vec<Command>) {
        #[cfg(test)]
        self.sent.extend(commands.iter().cloned());
        let (edits, others): (Vec<_>, Vec<_>) =
            commands.into_iter().partition(|command| matches!(command, Command::Edit(_)));
        self.queue.extend(edits.into_iter().chain(others));
        self.apply_all();
    }

    /// Applies the queued commands in order. The effect of a command is never another command, so the queue
    /// does not grow meanwhile.
    fn apply_all(&mut self) {
        while let Some(command) = self.queue.pop_front() {
            self.apply_one(command);
            // The change may concern a part of the window above the control that sent the command.
            self.context.request_repaint();
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm a command")]
    fn apply_one(&mut self, command: Command) {
        match command {
            Command::PlayPause => self.fleet.play_pause(&mut self.model),
            Command::StepForward => self.fleet.step_forward(&mut self.model, 1),
            Command::LeapForward => self.fleet.step_forward(&mut self.model, LEAP),
            Command::StepBack => self.fleet.step_back(&mut self.model, 1),
            Command::LeapBack => self.fleet.step_back(&mut self.model, LEAP),
            Command::ToStart => {
                if self.model.runs.first.history.rows() > 0 {
                    self.model.place_cursor(Some(0));
                }
            }
            Command::ToEnd => self.model.place_cursor(None),
            Command::Replay => self.model.toggle_replay(),
            Command::ToggleLoop => self.model.view.playback.looping = !self.model.view.playback.looping,
            Command::NextCycle => self.model.seek_cycle(true),
            Command::PreviousCycle => self.model.seek_cycle(false),
            Command::LoopCycle => self.model.loop_cycle(),
            Command::NextExample => {
                self.model.choose_prediction(|choice, all| choice.next_example(all, true));
            }
            Command::PreviousExample => {
                self.model.choose_prediction(|choice, all| choice.next_example(all, false));
            }
            Command::NextOutput => self.model.choose_prediction(|choice, all| choice.next_output(all, true)),
            Command::PreviousOutput => {
                self.model.choose_prediction(|choice, all| choice.next_output(all, false));
            }
            Command::TogglePhases => {
                self.model.view.plots.show_phases = !self.model.view.plots.show_phases;
                self.save_settings();
            }
            Command::SetReplaySpeed(speed) => {
                if speed > 0.0 {
                    self.model.view.playback.speed = speed;
                }
            }
            Command::MoreSteps => self.fleet.more_steps(&mut self.model),
            Command::TrainTo(steps) => self.fleet.train_to(&mut self.model, steps),
            Command::Restart if self.model.tour_runs(self.fleet.number) => self.start_source(),
            Command::Restart => self.start(false),
            Command::OpenPreset(preset) => {
                if preset < self.model.runs.presets.len() {
                    self.leave_tour();
                    self.model.choose(preset);
                    self.start(false);
                }
            }
            Command::OpenRecording(place) => {
                if let Some(recording) = recording::bundled().get(place) {
                    self.leave_tour();
                    self.open_recording(recording);
                }
            }
            Command::SetEta(eta) => self.set_eta(eta),
            Command::SetSpeed(speed) => {
                self.model.runs.speed = speed;
                self.fleet.tell(&mut self.model, WorkerCommand::SetSpeed(speed));
            }
            Command::RestartFlows => self.fleet.tell_steered(&mut self.model, WorkerCommand::RestartFlows),
            Command::View(change) => self.model.change_view(change),
            Command::FollowRun => self.model.follow_run(),
            Command::ToggleLogAxes => {
                let log = !self.model.all_log();
                for panel in Panel::ALL {
                    self.model.view.plots.apply(ViewChange::SetLog(panel, log));
                }
            }
            Command::ToggleTheme => {
                self.model.layout.theme = match self.model.layout.theme {
                    Theme::Light => Theme::Dark,
                    Theme::Dark => Theme::Light,
                };
                if !self.model.layout.presenter {
                    self.context.set_theme(self.model.layout.theme);
                }
                self.save_settings();
            }
            Command::ToggleCentralFlow => {
                self.model.view.plots.show_central_flow = !self.model.view.plots.show_central_flow;
            }
            Command::ToggleFlat => {
                let flat = !self.model.view.plots.scene.flat;
                self.model.view.plots.scene.apply(SceneChange::SetFlat(flat));
            }
            Command::ResetScene => self.model.view.plots.scene.apply(SceneChange::Reset),
            Command::ToggleLayer(layer) => self.model.view.plots.scene.apply(SceneChange::Toggle(layer)),
            Command::SetSmoothing(steps) => {
                self.model.view.plots.smoothing_steps = steps;
                self.model.view.smoothing.insert(self.model.runs.facts.preset.clone(), steps);
                self.save_settings();
            }
            Command::TogglePresenter => self.present(!self.model.layout.presenter),
            Command::Arrange(arrangement) => {
                if let Some(node) = arrangement.node(&self.model.layout.saved) {
                    self.model.layout.tree = node.tree();
                    self.save_settings();
                }
            }
            Command::MovePanels(tree) => {
                self.model.layout.tree = *tree;
                self.window.panels_moved = true;
            }
            Command::TogglePanel(panel) => {
                layout::toggle(&mut self.model.layout.tree, panel);
                self.save_settings();
            }
            Command::Dock => {
                if let Some(tree) = self.model.forms.dock.applied(&self.model.layout.tree) {
                    self.model.layout.tree = tree;
                    self.save_settings();
                }
            }
            Command::ToggleBreakpoint(breakpoint) => {
                self.fleet.toggle_breakpoint(&mut self.model, breakpoint);
            }
            Command::Fork => self.fleet.fork(&mut self.model),
            Command::CloseFork(id) => {
                self.fleet.forks.close(&mut self.model.runs.forks, id);
                if self.model.forms.fork.parent == Some(id) {
                    self.model.forms.fork.parent = None;
                }
            }
            Command::CloseCompared(place) => {
                if place < self.model.runs.compared.len() {
                    self.model.runs.compared.remove(place);
                }
            }
            Command::SaveSession => self.save_session(),
            Command::OpenSession => self.read_session(Reading::Open),
            Command::CompareSession => self.read_session(Reading::Compare),
            Command::ChooseSession(purpose) => {
                if !self.sessions.chosen.is_running() {
                    let path = &self.model.forms.session.path;
                    self.sessions.chosen = (self.outside.choose_session)(path, purpose, &self.context);
                }
            }
            Command::OpenUnfinished => {
                if let Some(path) = self.model.runs.unfinished.first().cloned() {
                    self.read_session(Reading::Unfinished(path));
                }
            }
            Command::DiscardUnfinished => self.discard_unfinished(),
            Command::CopyAddress => {
                self.context.copy_text(self.address().to_string());
                self.model.forms.session.outcome = Some(Ok("The command is in the clipboard".into()));
            }
            Command::SaveLayout => {
                let name = self.model.forms.layout_name.trim().to_owned();
                if let Some(panels) =
                    layout::LayoutNode::from_tree(&self.model.layout.tree).filter(|_| !name.is_empty())
                {
                    self.model.layout.saved.retain(|layout| layout.name != name);
                    self.model.layout.saved.push(layout::SavedLayout { name, panels });
                    self.save_settings();
                }
            }
            Command::ForgetLayout(name) => {
                self.model.layout.saved.retain(|layout| layout.name != name);
                self.save_settings();
            }
            Command::Toggle(form) => self.toggle_form(form),
            Command::Edit(edit) => self.model.forms.edit(edit),
            Command::Leave => {
                if self.model.forms.open.take().is_none() && self.model.layout.presenter {
                    self.present(false);
                }
            }
            Command::ChooseFile => {
                if !self.files.chosen.is_running() {
                    self.files.chosen = (self.outside.choose_file)(&self.model.forms.export, &self.context);
                    self.model.forms.export.choosing = self.files.chosen.is_running();
                }
            }
            Command::ChooseData => {
                if !self.files.data.is_running() {
                    self.files.data = (self.outside.choose_data)(&self.context);
                }
            }
            Command::Save => self.export(),
            Command::Tour(command) => self.tour(command),
            Command::Quit => self.context.send_viewport_cmd(egui::ViewportCommand::Close),
            Command::Dismiss(place) => {
                if place < self.model.banners.len() {
                    self.model.banners.remove(place);
                }
            }
        }
    }

    /// Plays a recording, or reports why it cannot be played. Returns whether it plays.
    pub(super) fn open_recording(&mut self, recording: &ReadRecording) -> bool {
        match recording {
            Ok(recording) => {
                self.model.choose_recording(recording);
                self.start(false);
                let text = format!(
                    "This is a recording ({}): {}. {}",
                    recording.size(),
                    recording.caption(),
                    recording.command
                );
                self.model.raise(Banner::new(Level::Note, text));
                true
            }
            Err(error) => {
                self.model.raise(Banner::new(Level::Warning, error.to_string()));
                false
            }
        }
    }

    /// Writes the file of the export form.
    fn export(&mut self) {
        if self.files.saved.is_running() {
            return;
        }
        let size = self.context.content_rect().size();
        self.model.runs.facts.command = self.address().to_string();
        let past = self.fleet.first.as_ref().map(Worker::past);
        let reel = past
            .filter(|_| self.model.forms.export.what == What::Film)
            .and_then(|past| Reel::of(&self.model, past, &self.fleet.assemble));
        self.files.saved = save(self.model.snapshot(), reel, size, &self.context);
        self.model.forms.export.saving = self.files.saved.is_running();
    }

    /// Sets the learning rate of the run, or moves the tour's slider for it.
    pub(super) fn set_eta(&mut self, eta: f64) {
        if self.model.runs.recording.is_some() {
            let text = format!("This is a recording: η = {eta} changes nothing in it. Its preset runs live");
            return self.model.raise(Banner::new(Level::Note, text));
        }
        match self.model.tour.eta_knob(eta) {
            Some(turn) => self.tour(turn),
            None => self.fleet.steer_eta(&mut self.model, eta),
        }
    }

    /// Shows or hides a form.
    pub(super) fn toggle_form(&mut self, form: Form) {
        let open = (self.model.forms.open != Some(form)).then_some(form);
        self.model.forms.open = open;
        match open {
            Some(Form::Palette) => self.model.forms.search = Search::default(),
            Some(Form::Session) => self.model.runs.facts.command = self.address().to_string(),
            _ => {}
        }
    }

    /// Enters or leaves presenter mode.
    fn present(&mut self, on: bool) {
        if on {
            self.window.zoom = self.context.zoom_factor();
        }
        self.model.layout.presenter = on;
        self.context.set_zoom_factor(if on { presenter::ZOOM } else { self.window.zoom });
        crate::picture::style::theme::set_high_contrast(&self.context, on);
        self.context.set_theme(if on { Theme::Light } else { self.model.layout.theme });
        self.context.send_viewport_cmd(egui::ViewportCommand::Fullscreen(on));
    }
}
