//! Writes a session on a separate thread.

use super::job::Job;
use crate::app::state::export::ExportOutcome;
use crate::run::file::session::Session;
use egui::Context;
use std::path::PathBuf;

/// Writes a session on a separate thread.
pub(crate) fn write(session: Session, path: PathBuf, context: &Context) -> Job<ExportOutcome> {
    Job::spawn("session", context, move || {
        session.write(&path).map(|()| path).map_err(|error| error.to_string())
    })
}
