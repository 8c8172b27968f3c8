//! What the window cannot do by itself, and how it begins.

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

/// Makes the engine of a preset, or says why it cannot.
pub type Assemble = dyn Fn(&Preset) -> Result<Box<dyn Engine>, String> + Send + Sync;

/// Opens the system's dialog for a session: from the path in the form, for a purpose.
pub type ChooseSession = fn(&str, Purpose, &Context) -> Job<Option<PathBuf>>;

/// What the window cannot do by itself.
pub struct Outside {
    /// Makes the engine; that of the replay thread too.
    pub assemble: Arc<Assemble>,
    /// Opens the system's file dialog for the export; the answer is the path, where one was chosen.
    pub choose_file: fn(&ExportForm, &Context) -> Job<Option<PathBuf>>,
    /// Opens the system's dialog for the directory of the data; the answer is the path, where one was chosen.
    pub choose_data: fn(&Context) -> Job<Option<PathBuf>>,
    /// Opens the system's dialog for a session; the answer is the path, where one was chosen.
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
