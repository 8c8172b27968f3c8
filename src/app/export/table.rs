//! Tables of the export: every recorded column, or the displayed data; for the run, and for every run drawn
//! over it.
//!
//! The columns of other runs have a number before their name, such as `run2_` for the run whose lines are
//! marked ②; comments at the top of the file say which run that is.

use crate::app::state::{Model, layout};
use crate::picture::file::shown::shown;
use crate::picture::view::run_view::RunView;
use crate::run::file::csv::{self, Other};
use std::io;
use std::path::Path;

/// Writes every recorded column of all runs.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn write_all(model: &Model, origin: &str, path: &Path) -> io::Result<()> {
    let overlays = model.overlays();
    let others: Vec<Other> = overlays
        .iter()
        .map(|run| Other { label: &run.label, from: run.from, history: run.history })
        .collect();
    csv::write_runs(&model.runs.first.history, &others, &csv::columns(model.current()), origin, path)
}

/// Writes the data shown by the window's panels for the visible steps. The curves must be complete.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn write_shown(model: &Model, origin: &str, path: &Path) -> io::Result<()> {
    let overlays = model.overlays();
    let view = RunView { overlays: &overlays, ..model.run_view() };
    let columns = shown(&layout::shown(&model.layout.tree), &view);
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let [first, last] = [*view.shown_rows().start(), *view.shown_rows().end()];
    let rows = first..(last + 1).min(view.most_rows());
    let value = |column: usize, row: usize| columns[column].value(&view, row);
    let comments = csv::comments(origin, overlays.iter().map(|run| run.label.as_ref()));
    csv::write_table(&comments, &names, rows, value, path)
}
