//! The services that the window needs from outside, and the way it opens.

use super::job::Job;
use crate::app::state::export::ExportForm;
use crate::app::state::form::Purpose;
use crate::preset::Preset;
use crate::run::engine::Engine;
use crate::run::engine::branch::Branch;
use crate::run::engine::course::Course;
use crate::run::file::recording::ReadRecording;
use crate::run::file::session::Session;
use egui::Context;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Creates the engine of a preset, or returns an error message.
pub type Assemble = dyn Fn(&Preset) -> Result<Box<dyn Engine>, String> + Send + Sync;

/// Opens the system's dialog for a session, given the path in the form and the purpose.
pub type ChooseSession = fn(&str, Purpose, &Context) -> Job<Option<PathBuf>>;

/// The services that the window needs from outside.
pub struct Outside {
    /// Creates the engine, also for the replay thread.
    pub assemble: Arc<Assemble>,
    /// Opens the system's file dialog for the export; the answer is the chosen path, if any.
    pub choose_file: fn(&ExportForm, &Context) -> Job<Option<PathBuf>>,
    /// Opens the system's dialog for the data directory; the answer is the chosen path, if any.
    pub choose_data: fn(&Context) -> Job<Option<PathBuf>>,
    /// Opens the system's dialog for a session; the answer is the chosen path, if any.
    pub choose_session: ChooseSession,
    /// The recording that a chapter requests by name; an error if it cannot be read.
    pub recording: fn(&str) -> Option<&'static ReadRecording>,
    /// The path of the settings file; without it, nothing is remembered.
    pub settings: Option<PathBuf>,
    /// The directory and the interval of the autosaves; without it, unfinished runs are not saved.
    pub autosave: Option<(PathBuf, Duration)>,
}

/// The initial state requested for a window.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    /// The session to continue, instead of starting at the preset's first step.
    pub session: Option<Session>,
    /// The course of the run, if it differs from the preset's.
    pub course: Option<Course>,
    /// The forks to create.
    pub forks: Vec<Branch>,
    /// The step at which to stop.
    pub at: Option<usize>,
}
