//! Sessions in the window: the form, what of a run is kept, and what becomes of one that is read.

use super::banner::{Banner, Level};
use super::command::Command;
use super::controls::command_button;
use super::export::Saved;
use super::forms::Form;
use super::lab::Lab;
use super::layout::Node;
use super::model::Model;
use super::other_runs::Compared;
use crate::picture::{Palette, Panel};
use crate::run::recording::Recording;
use crate::run::session::{EXTENSION, Kind};
use crate::run::{Address, Course, Past, Session};
use crossbeam_channel::{Receiver, TryRecvError, bounded};
use egui::{Context, Label, RichText, TextEdit, Ui};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of the checkpoints in a session, beside the newest.
const CHECKPOINTS: usize = 12 << 20;

/// Largest newest checkpoint that is kept.
const NEWEST_CHECKPOINT: usize = 512 << 20;

/// Most runs to compare with at a time.
const MOST_COMPARED: usize = 4;

/// Width of the form, in points.
const WIDTH: f32 = 560.0;

/// What a file is chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be written.
    Save,
    /// To be read.
    Open,
}

/// The form of the sessions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionForm {
    /// The file.
    pub path: String,
    /// Whether it holds a session of this window, so that saving again needs no question.
    pub known: bool,
    /// Whether the file is being written or read.
    pub busy: bool,
    /// What became of the last one: what to say, or what went wrong.
    pub outcome: Option<Result<String, String>>,
}

impl SessionForm {
    /// Another file; one without an extension gets the sessions' own.
    fn set_path(&mut self, path: &Path) {
        let named = path.extension().is_some() || path.as_os_str().is_empty();
        let path = if named { path.to_path_buf() } else { path.with_extension(EXTENSION) };
        *self = Self { path: path.display().to_string(), ..Self::default() };
    }

    /// Proposes a file in the working directory.
    pub(super) fn suggest(&mut self, preset: &str) {
        let stem = Path::new(preset).file_stem().unwrap_or_default().to_string_lossy();
        let directory = std::env::current_dir().unwrap_or_default();
        self.set_path(&directory.join(format!("{stem}.{EXTENSION}")));
    }
}

/// What to do with a session that is being read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reading {
    /// Go on with it.
    Open,
    /// Draw it over the present run.
    Compare,
    /// Go on with what a crash has left in this file.
    Unfinished(PathBuf),
}

/// How a run was shown.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Shown {
    panels: Option<Node>,
    log: Vec<String>,
    smoothing: Option<f64>,
    cursor: Option<usize>,
    visible: Option<[f64; 2]>,
    phases: bool,
}

impl Shown {
    fn of(model: &Model) -> Self {
        Self {
            panels: Node::from_tree(&model.tree),
            log: model.view.log.iter().map(|panel| panel.name().to_owned()).collect(),
            smoothing: Some(model.view.smoothing_steps),
            cursor: model.view.cursor,
            visible: model.view.visible,
            phases: model.view.show_phases,
        }
    }

    /// What makes no sense is left as it is.
    fn restore(self, model: &mut Model) {
        let Self { panels, log, smoothing, cursor, visible, phases } = self;
        if let Some(tree) = panels.map(|node| node.tree()).filter(|tree| !tree.is_empty()) {
            model.tree = tree;
        }
        model.view.log =
            Panel::ALL.into_iter().filter(|panel| log.iter().any(|name| name == panel.name())).collect();
        if let Some(steps) = smoothing.filter(|steps| (0.0..=1e5).contains(steps)) {
            model.view.smoothing_steps = steps;
        }
        model.view.cursor = cursor.filter(|&cursor| cursor < model.history.rows());
        model.view.visible =
            visible.filter(|[first, last]| first.is_finite() && last.is_finite() && first < last);
        model.view.show_phases = phases;
    }
}

/// The fields of the form.
pub(super) fn fields_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    ui.set_width(WIDTH);
    let form = &model.session;
    let mut path = form.path.clone();
    ui.horizontal(|ui| {
        let label = ui.label("File");
        ui.add(TextEdit::singleline(&mut path).desired_width(WIDTH - 290.0)).labelled_by(label.id);
        command_button(ui, &Command::ChooseSession(Purpose::Open), Some("Find…"), commands);
        command_button(ui, &Command::ChooseSession(Purpose::Save), Some("New file…"), commands);
    });
    ui.add_space(4.0);
    let there = Path::new(&path).is_file();
    ui.horizontal(|ui| {
        let replaces = there && !(form.known && path == form.path);
        let text = if replaces { "Replace with this run" } else { Command::SaveSession.name() };
        let recorded = model.history.rows() > 0;
        let mut button = |enabled: bool, command: &Command, text: Option<&str>| {
            ui.add_enabled_ui(enabled && !form.busy && !path.is_empty(), |ui| {
                command_button(ui, command, text, commands);
            });
        };
        button(recorded, &Command::SaveSession, Some(text));
        button(there, &Command::OpenSession, None);
        button(there, &Command::CompareSession, None);
    });
    let (said, color) = match &form.outcome {
        _ if form.busy => ("Working…", None),
        Some(Ok(text)) => (text.as_str(), None),
        Some(Err(reason)) => (reason.as_str(), Some(Palette::in_ui(ui).trouble)),
        // the line is kept for what will be said
        None => ("", None),
    };
    let said = RichText::new(said);
    ui.add(Label::new(color.map_or(said.clone(), |color| said.color(color))).wrap());
    ui.separator();
    ui.label("The command that opens this moment again:");
    ui.add(Label::new(RichText::new(&model.facts.command).monospace()).wrap());
    command_button(ui, &Command::CopyAddress, None, commands);
    if path != form.path {
        // before a command of the same frame
        commands.insert(0, Command::EditSession(path));
    }
}

/// Writes a session on a thread of its own.
pub(super) fn write(session: Session, path: PathBuf, context: &Context) -> Option<Receiver<Saved>> {
    on_thread("session", context, move || {
        session.write(&path).map(|()| path).map_err(|error| error.to_string())
    })
}

/// Runs a job on a thread and wakes the window when its answer is there.
fn on_thread<T: Send + 'static>(
    name: &str,
    context: &Context,
    job: impl FnOnce() -> T + Send + 'static,
) -> Option<Receiver<T>> {
    let context = context.clone();
    // One message, so a channel for one: the sender never waits.
    let (sender, receiver) = bounded(1);
    let thread = std::thread::Builder::new().name(name.into()).spawn(move || {
        // The window may be gone by now.
        let _ = sender.send(job());
        context.request_repaint();
    });
    thread.ok().map(|_| receiver)
}

/// The answer of a thread, once it is there.
pub(super) fn received<T>(channel: &mut Option<Receiver<T>>) -> Option<Result<T, String>> {
    let answer = match channel.as_ref()?.try_recv() {
        Err(TryRecvError::Empty) => return None,
        Err(TryRecvError::Disconnected) => Err("its thread has failed".to_owned()),
        Ok(answer) => Ok(answer),
    };
    *channel = None;
    Some(answer)
}

/// The first step at which a fork is steered otherwise than the run it comes from.
fn departure(first: &Course, fork: &Course, own: usize) -> usize {
    let changes = first.eta_changes().iter().chain(fork.eta_changes()).map(|&(step, _)| step);
    let differs = |step: &usize| first.eta_at(*step) != fork.eta_at(*step);
    changes.filter(differs).min().unwrap_or(own).min(own)
}

impl Lab {
    /// The command line that opens this moment again.
    pub(super) fn address(&self) -> Address {
        let model = &self.model;
        if let Some(recording) = &model.recording {
            return Address::of_recording(recording, model.row());
        }
        let course = self.course();
        let forks: Vec<_> = model
            .forks
            .list()
            .iter()
            .map(|fork| {
                let steered = fork.past().course();
                (departure(&course, &steered, fork.step), steered)
            })
            .collect();
        let at = model.row();
        Address::of(&model.facts.preset, model.current(), &course, &forks, at)
    }

    /// How the first run is steered.
    fn course(&self) -> Course {
        self.worker.as_ref().map_or_else(|| Course::new(self.model.eta), |worker| worker.past().course())
    }

    /// A run of the tree as a session; nothing before its first step.
    pub(super) fn session(&self, run: Option<usize>, newest: usize) -> Option<Session> {
        let model = &self.model;
        let fork = run.and_then(|id| model.forks.list().iter().find(|fork| fork.id == id));
        let (history, past): (_, &Arc<Past>) = match fork {
            Some(fork) => (&fork.history, fork.past()),
            None => (&model.history, self.worker.as_ref()?.past()),
        };
        // a recording has no weights to go on from
        if history.rows() == 0 || model.recording.is_some() {
            return None;
        }
        let course = past.course();
        let mut preset = model.current().clone();
        preset.optimizer.eta = course.eta_at(0);
        let shown = toml::Table::try_from(Shown::of(model)).unwrap_or_default();
        let breakpoints = model.breakpoints.clone();
        let kept = Session::new(&model.facts.preset, preset, course, history.clone());
        let mut session = Session { breakpoints, shown, ..kept };
        session.keep_checkpoints(past, CHECKPOINTS, newest);
        Some(session)
    }

    /// Writes the run that is steered, or asks where to.
    pub(super) fn save_session(&mut self) {
        if !self.model.session.known && self.model.form != Some(Form::Session) {
            return self.apply(Command::Toggle(Form::Session));
        }
        if self.session_saved.is_some() {
            return;
        }
        let Some(session) = self.session(self.model.fork_form.parent, NEWEST_CHECKPOINT) else {
            let reason = match self.model.recording {
                Some(_) => {
                    "This is a recording: it has no weights to go on from, and its file is kept as it is"
                }
                None => "Nothing has been recorded yet",
            };
            self.model.session.outcome = Some(Err(reason.into()));
            return;
        };
        let path = PathBuf::from(&self.model.session.path);
        self.session_saved = write(session, path, &self.context);
        self.model.session.busy = self.session_saved.is_some();
    }

    /// Reads the form's file, or another one.
    pub(super) fn read_session(&mut self, reading: Reading) {
        if self.session_read.is_some() {
            return;
        }
        let path = match &reading {
            Reading::Unfinished(path) => path.clone(),
            Reading::Open | Reading::Compare => PathBuf::from(&self.model.session.path),
        };
        let read = on_thread("session", &self.context, move || {
            Session::read(&path).map_err(|error| error.to_string())
        });
        self.session_read = read.map(|receiver| (reading, receiver));
        self.model.session.busy = self.session_read.is_some();
    }

    /// Takes in what threads and dialogs have to say about sessions.
    pub(super) fn take_in_sessions(&mut self) {
        if let Some(chosen) = received(&mut self.session_chosen)
            && let Ok(Some(path)) = chosen
        {
            self.model.session.set_path(&path);
        }
        if let Some(saved) = received(&mut self.session_saved).map(Result::flatten) {
            let form = &mut self.model.session;
            form.busy = false;
            form.known = saved.is_ok();
            form.outcome = Some(saved.map(|path| format!("Saved: {}", path.display())));
            self.tell_outcome();
        }
        let Some((reading, receiver)) = self.session_read.take() else { return };
        let mut channel = Some(receiver);
        let Some(read) = received(&mut channel).map(Result::flatten) else {
            self.session_read = channel.map(|receiver| (reading, receiver));
            return;
        };
        self.model.session.busy = false;
        match read {
            Err(reason) => {
                self.model.session.outcome = Some(Err(reason));
                self.tell_outcome();
            }
            Ok(session) => self.use_session(session, reading),
        }
    }

    /// Where the form is not open, what became of a file is said above the plots.
    fn tell_outcome(&mut self) {
        if self.model.form == Some(Form::Session) {
            return;
        }
        match self.model.session.outcome.clone() {
            Some(Ok(text)) => self.model.raise(Banner::new(Level::Note, text)),
            Some(Err(reason)) => self.model.raise(Banner::new(Level::Warning, reason)),
            None => {}
        }
    }

    fn use_session(&mut self, session: Session, reading: Reading) {
        match reading {
            Reading::Compare => {
                let path = PathBuf::from(&self.model.session.path);
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let compared = &mut self.model.compared;
                let outcome = if compared.len() < MOST_COMPARED {
                    compared.push(Compared::new(name, session.history));
                    Ok("It is drawn over the run, and listed among the forks".into())
                } else {
                    Err(format!("{MOST_COMPARED} runs are compared already; close one among the forks"))
                };
                self.model.session.outcome = Some(outcome);
                self.tell_outcome();
            }
            Reading::Open => {
                let path = self.model.session.path.clone();
                self.open_session(session);
                let known = SessionForm { path, known: true, ..SessionForm::default() };
                self.model.session = known;
                self.model.form = None;
            }
            Reading::Unfinished(path) => {
                self.open_session(session);
                self.adopt_unfinished(&path);
            }
        }
    }

    /// Goes on with a session, or plays a recording.
    pub(super) fn open_session(&mut self, session: Session) {
        if session.kind == Kind::Recording {
            self.open_recording(&Ok(Arc::new(Recording::of(session))));
            return;
        }
        let text = session.preset.resolved_toml();
        let same = |(name, preset): &(String, _)| {
            let preset: &crate::run::Preset = preset;
            *name == session.name && preset.resolved_toml() == text
        };
        let model = &mut self.model;
        let place = model.presets.iter().position(same).unwrap_or_else(|| {
            model.presets.push((session.name.clone(), session.preset.clone()));
            model.presets.len() - 1
        });
        model.choose(place);
        model.breakpoints.clone_from(&session.breakpoints);
        let shown: Shown = session.shown.clone().try_into().unwrap_or_default();
        self.begin(session.course.clone(), Some(session), true);
        shown.restore(&mut self.model);
    }
}
