//! The system's file dialogs, outside the interface thread: a dialog may hang or be missing, and the window
//! stays usable.

use super::job::Job;
use crate::app::state::export::ExportForm;
use crate::app::state::form::Purpose;
use crate::run::file::session::EXTENSION;
use egui::Context;
use std::future::Future;
use std::path::{Path, PathBuf};

/// Opens the dialog of the export; the answer is `None` if nothing was chosen or no dialog is available.
pub(crate) fn choose_file(form: &ExportForm, context: &Context) -> Job<Option<PathBuf>> {
    let path = Path::new(&form.path);
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let extension = form.extension();
    let mut dialog = rfd::AsyncFileDialog::new()
        .set_title("Export")
        .add_filter(extension.to_uppercase(), &[extension])
        .set_file_name(name);
    if let Some(directory) = path.parent().filter(|directory| directory.is_dir()) {
        dialog = dialog.set_directory(directory);
    }
    // Created here because macOS requires the main thread; awaited on another thread.
    chosen(dialog.save_file(), context)
}

/// Opens the dialog for a data directory; like [`choose_file`].
pub(crate) fn choose_data(context: &Context) -> Job<Option<PathBuf>> {
    let dialog = rfd::AsyncFileDialog::new().set_title("Directory of CIFAR-10's binary files");
    chosen(dialog.pick_folder(), context)
}

/// Opens the dialog for a session; like [`choose_file`].
pub(crate) fn choose_session(path: &str, purpose: Purpose, context: &Context) -> Job<Option<PathBuf>> {
    let path = Path::new(path);
    let mut dialog = rfd::AsyncFileDialog::new().add_filter("Brink session", &[EXTENSION]);
    if let Some(directory) = path.parent().filter(|directory| directory.is_dir()) {
        dialog = dialog.set_directory(directory);
    }
    match purpose {
        Purpose::Open => chosen(dialog.set_title("Find session").pick_file(), context),
        Purpose::Save => {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            chosen(dialog.set_title("New session file").set_file_name(name).save_file(), context)
        }
    }
}

fn chosen(
    dialog: impl Future<Output = Option<rfd::FileHandle>> + Send + 'static,
    context: &Context,
) -> Job<Option<PathBuf>> {
    Job::spawn("file dialog", context, move || {
        pollster::block_on(dialog).map(|file| file.path().to_path_buf())
    })
}
