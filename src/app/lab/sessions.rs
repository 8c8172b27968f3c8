//! Sessions in the window: the form, the saved part of a run, and the handling of a session that is read.

use super::Lab;
use crate::app::state::form::{Form, SessionForm};
use crate::app::state::runs::Compared;
use crate::app::state::shown::ShownState;
use crate::app::work::job::Job;
use crate::app::work::session::write;
use crate::run::engine::course::Course;
use crate::run::file::recording::Recording;
use crate::run::file::session::{Session, SessionKind};
use crate::run::live::fork::label;
use crate::run::start::address::Address;

use std::iter;
use std::path::PathBuf;
use std::sync::Arc;

/// Maximum total size of the checkpoints in a session, in bytes, not counting the newest.
const CHECKPOINTS: usize = 12 << 20;

/// Maximum size of a newest checkpoint that is saved, in bytes.
const NEWEST_CHECKPOINT: usize = 512 << 20;

/// Maximum number of runs to compare with at a time.
const MOST_COMPARED: usize = 4;

/// The purpose of reading a session.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reading {
    /// Continue it.
    Open,
    /// Draw it over the current run.
    Compare,
    /// Continue the run that a crash has left in this file.
    Unfinished(PathBuf),
}

/// The first step at which the course of a fork differs from that of the first run.
fn departure(first: &Course, fork: &Course, own: usize) -> usize {
    let changes = first.eta_changes().iter().chain(fork.eta_changes()).map(|&(step, _)| step);
    let differs = |step: &usize| first.eta_at(*step) != fork.eta_at(*step);
    changes.filter(differs).min().unwrap_or(own).min(own)
}

impl Lab {
    /// The command line that reopens this moment.
    pub(crate) fn address(&self) -> Address {
        let model = &self.model;
        if let Some(recording) = &model.runs.recording {
            return Address::of_recording(recording, model.row());
        }
        let course = self.course();
        let forks: Vec<_> = model
            .runs
            .forks
            .list()
            .iter()
            .map(|fork| {
                let steered = fork.course.clone();
                (departure(&course, &steered, fork.step), steered)
            })
            .collect();
        let at = model.row();
        Address::of(&model.runs.facts.preset, model.current(), &course, &forks, at)
    }

    /// The course of the first run.
    fn course(&self) -> Course {
        self.fleet
            .first
            .as_ref()
            .map_or_else(|| Course::new(self.model.runs.first.eta()), |worker| worker.past().course())
    }

    /// The run and its forks as a session; `None` before the first step. For each run, the newest checkpoint
    /// is included unless it is larger than `newest` bytes.
    pub(crate) fn session(&self, newest: usize) -> Option<Session> {
        let (model, past) = (&self.model, self.fleet.first.as_ref()?.past());
        // a recording has no weights from which to continue
        if model.runs.first.history.rows() == 0 || model.runs.recording.is_some() {
            return None;
        }
        let course = past.course();
        let mut preset = model.current().clone();
        preset.optimizer.eta = course.eta_at(0);
        let kept = Session::new(&model.runs.facts.preset, preset, course, model.runs.first.history.clone());
        let mut session = Session {
            breakpoints: model.runs.breakpoints.clone(),
            hits: model.runs.first.hits.clone(),
            forks: self.fleet.forks.saved(&model.runs.forks, newest),
            shown: toml::Table::try_from(ShownState::of(model)).unwrap_or_default(),
            ..kept
        };
        session.keep_checkpoints(past, CHECKPOINTS, newest);
        Some(session)
    }

    /// Writes the run and its forks, or asks for a path first.
    pub(super) fn save_session(&mut self) {
        if !self.model.forms.session.known && self.model.forms.open != Some(Form::Session) {
            return self.toggle_form(Form::Session);
        }
        if self.sessions.saved.is_running() {
            return;
        }
        let Some(session) = self.session(NEWEST_CHECKPOINT) else {
            let reason = match self.model.runs.recording {
                Some(_) => {
                    "This is a recording: it has no weights to go on from, and its file is kept as it is"
                }
                None => "Nothing has been recorded yet",
            };
            self.model.forms.session.outcome = Some(Err(reason.into()));
            return;
        };
        let path = PathBuf::from(&self.model.forms.session.path);
        self.sessions.saved = write(session, path, &self.context);
        self.model.forms.session.busy = self.sessions.saved.is_running();
    }

    /// Reads the file of the form, or another one.
    pub(super) fn read_session(&mut self, reading: Reading) {
        if self.sessions.read.is_running() {
            return;
        }
        let path = match &reading {
            Reading::Unfinished(path) => path.clone(),
            Reading::Open | Reading::Compare => PathBuf::from(&self.model.forms.session.path),
        };
        self.sessions.read = Job::spawn("session", &self.context, move || {
            let read = Session::read(&path).map_err(|error| error.to_string());
            read.map(|session| (reading, session))
        });
        self.model.forms.session.busy = self.sessions.read.is_running();
    }

    /// Processes the results of threads and dialogs that concern sessions.
    pub(super) fn take_in_sessions(&mut self) {
        if let Some(Ok(Some(path))) = self.sessions.chosen.poll() {
            self.model.forms.session.set_path(&path);
        }
        if let Some(saved) = self.sessions.saved.poll_outcome() {
            let form = &mut self.model.forms.session;
            form.busy = false;
            form.known = saved.is_ok();
            form.outcome = Some(saved.map(|path| format!("Saved: {}", path.display())));
            self.model.tell_outcome();
        }
        let Some(read) = self.sessions.read.poll_outcome() else { return };
        self.model.forms.session.busy = false;
        match read {
            Err(reason) => {
                self.model.forms.session.outcome = Some(Err(reason));
                self.model.tell_outcome();
            }
            Ok((reading, session)) => self.use_session(session, reading),
        }
    }

    fn use_session(&mut self, session: Session, reading: Reading) {
        match reading {
            Reading::Compare => {
                let path = PathBuf::from(&self.model.forms.session.path);
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let outcome = self.compare_with(&name, session);
                self.model.forms.session.outcome = Some(outcome);
                self.model.tell_outcome();
            }
            Reading::Open => {
                let path = self.model.forms.session.path.clone();
                self.open_session(session);
                let known = SessionForm { path, known: true, ..SessionForm::default() };
                self.model.forms.session = known;
                self.model.forms.open = None;
            }
            Reading::Unfinished(path) => {
                self.open_session(session);
                self.adopt_unfinished(&path);
            }
        }
    }

    /// Draws a saved run and its forks over the current run, as far as there is room for them.
    pub(crate) fn compare_with(&mut self, name: &str, session: Session) -> Result<String, String> {
        let forks = session.forks.into_iter().map(|fork| {
            let label = format!("{name}, {}", label(fork.step, &fork.course));
            Compared { from: fork.step, ..Compared::new(label, fork.history) }
        });
        let all: Vec<Compared> =
            iter::once(Compared::new(name.to_owned(), session.history)).chain(forks).collect();
        let (count, mut left) = (all.len(), self.fleet.memory.recorded.left());
        let mut refused: Vec<(String, String)> = Vec::new();
        for (place, run) in all.into_iter().enumerate() {
            let label = run.label.clone();
            match self.compare(run, &mut left) {
                Err(reason) if place == 0 => return Err(reason),
                Err(reason) => refused.push((label, reason)),
                Ok(()) => {}
            }
        }
        let drawn = count - refused.len();
        let labels: Vec<&str> = refused.iter().map(|(label, _)| label.as_str()).collect();
        if let Some((_, reason)) = refused.last() {
            let labels = labels.join("; ");
            return Err(format!("{drawn} of {count} runs are drawn over this one, not {labels}: {reason}"));
        }
        Ok(match count {
            1 => "It is drawn over the run, and listed among the forks".into(),
            _ => "It is drawn over the run with its forks, and listed among those of the run".into(),
        })
    }

    /// Draws a run over the current one if there is room for it; `left` is the number of bytes left for
    /// recorded steps.
    pub(crate) fn compare(&mut self, run: Compared, left: &mut usize) -> Result<(), String> {
        let compared = &mut self.model.runs.compared;
        if compared.len() >= MOST_COMPARED {
            return Err(format!("{MOST_COMPARED} runs are compared already; close one among the forks"));
        }
        let needed = run.history.heap_bytes();
        if needed > *left {
            return Err(format!(
                "the run takes {} MiB, and {} of the {} MiB for recorded steps are left; close a fork or another \
                 comparison",
                needed.div_ceil(1 << 20),
                *left >> 20,
                self.fleet.memory.recorded.budget() >> 20
            ));
        }
        *left -= needed;
        compared.push(run);
        Ok(())
    }

    /// Continues a session, or plays a recording.
    pub(super) fn open_session(&mut self, mut session: Session) {
        if session.kind == SessionKind::Recording {
            self.leave_tour();
            self.open_recording(&Ok(Arc::new(Recording::of(session))));
            return;
        }
        self.leave_tour();
        let text = session.preset.resolved_toml();
        let same = |(name, preset): &(String, _)| {
            let preset: &crate::preset::Preset = preset;
            *name == session.name && preset.resolved_toml() == text
        };
        let model = &mut self.model;
        let place = model.runs.presets.iter().position(same).unwrap_or_else(|| {
            model.runs.presets.push((session.name.clone(), session.preset.clone()));
            model.runs.presets.len() - 1
        });
        model.choose(place);
        model.runs.breakpoints.clone_from(&session.breakpoints);
        let shown: ShownState = session.shown.clone().try_into().unwrap_or_default();
        let forks = std::mem::take(&mut session.forks);
        let hits = std::mem::take(&mut session.hits);
        self.begin(session.course.clone(), Some(session), true);
        self.model.runs.first.hits = hits;
        self.fleet.restore_forks(&mut self.model, forks, shown.steered());
        shown.restore(&mut self.model);
    }
}
