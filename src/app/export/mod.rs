//! Exports the content of the window to files.

use super::state::Model;
use super::state::export::{ExportForm, ExportOutcome, What};
use super::view::panels::tree_ui;
use super::work::job::Job;
use crate::picture::file::export::{Film, animation_png, content_png, content_svg, pixels, texts};
use crate::picture::file::png::encode_png;
use crate::picture::file::render::render;
use crate::picture::panel::panel_ui;
use crate::picture::style::theme;
use crate::picture::view::panel::Panel;
use crate::picture::view::run_view::RunView;
use crate::run::file::files;
use egui::{Context, Ui, Vec2};
use film::{FilmError, Projector, Reel};
use std::io::Write;
use std::path::PathBuf;

pub(crate) mod film;
pub(crate) mod table;

/// Writes a snapshot according to its export form, on a separate thread.
pub(crate) fn save(
    model: Model,
    reel: Option<Reel>,
    window_size: Vec2,
    context: &Context,
) -> Job<ExportOutcome> {
    Job::spawn("export", context, move || write(model, reel, window_size))
}

/// Writes a snapshot according to its export form. If this fails, no file is left behind.
pub(crate) fn write(mut model: Model, reel: Option<Reel>, window_size: Vec2) -> ExportOutcome {
    let path = PathBuf::from(&model.forms.export.path);
    let failed = |error: &dyn std::fmt::Display| format!("cannot write {}: {error}", path.display());
    let origin = format!("Brink {}: {}", model.runs.facts.version, model.runs.facts.command);
    match model.forms.export.what {
        What::Csv => {
            table::write_all(&model, &origin, &path).map_err(|error| failed(&error))?;
            return Ok(path);
        }
        What::VisibleCsv => {
            model.derive_curves(usize::MAX);
            table::write_shown(&model, &origin, &path).map_err(|error| failed(&error))?;
            return Ok(path);
        }
        What::Panel | What::Dashboard | What::Window | What::Film => {}
    }
    model.derive_curves(usize::MAX);
    let bytes = picture(&model, reel, window_size).map_err(|error| failed(&error))?;
    files::write_whole(&path, |file| file.write_all(&bytes)).map_err(|error| failed(&error))?;
    Ok(path)
}

pub(crate) fn picture(model: &Model, reel: Option<Reel>, window_size: Vec2) -> Result<Vec<u8>, FilmError> {
    let &ExportForm { what, panel, film_panel, film, svg, size, scale, .. } = &model.forms.export;
    let overlays = model.overlays();
    let view = RunView { overlays: &overlays, ..model.run_view() };
    let (theme, size) = (model.layout.theme, Vec2::from(size));
    // one panel, or all panels as arranged
    let subject = move |panel: Option<Panel>| {
        move |ui: &mut Ui, view: &RunView| match panel {
            Some(panel) => panel_ui(ui, panel, view, &mut Vec::new()),
            None => tree_ui(ui, &mut model.layout.tree.clone(), view, &mut Vec::new()),
        }
    };
    match what {
        What::Film => {
            let newest = model.runs.first.history.rows().saturating_sub(1);
            let film = Film { steps: film.steps.map(|step| step.min(newest)), ..film };
            let projector =
                Projector::new(model, reel).map_err(|error| FilmError::Look(error.to_string()))?;
            let look = |step| projector.look(step);
            animation_png(&view, subject(film_panel), size, scale, theme, &film, look)
        }
        What::Window => {
            pixels(window_size, scale)?;
            let theme = if model.layout.presenter { egui::Theme::Light } else { theme };
            let image = render(window_size, scale, theme, |ui| {
                theme::set_high_contrast(ui.ctx(), model.layout.presenter);
                super::view::window_ui(ui, model, &mut Vec::new());
            });
            Ok(encode_png(&image, scale, &texts(&view))?)
        }
        What::Panel | What::Dashboard | What::Csv | What::VisibleCsv => {
            let content_ui = subject((what == What::Panel).then_some(panel));
            Ok(if svg {
                content_svg(&view, size, theme, content_ui).into_bytes()
            } else {
                content_png(&view, size, scale, theme, content_ui)?
            })
        }
    }
}
