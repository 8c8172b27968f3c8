//! Writes a session on a thread of its own.

use super::thread::on_thread;
use crate::app::state::export::ExportOutcome;
use crate::run::file::session::Session;
use crossbeam_channel::Receiver;
use egui::Context;
use std::path::PathBuf;

/// Writes a session on a thread of its own.
pub(crate) fn write(session: Session, path: PathBuf, context: &Context) -> Option<Receiver<ExportOutcome>> {
    on_thread("session", context, move || {
        session.write(&path).map(|()| path).map_err(|error| error.to_string())
    })
}
