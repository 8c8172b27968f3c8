//! The export form, and the thread that writes: a CSV file of the run, a PNG file of a panel, of all panels or of the
//! whole window.

use super::command::Command;
use super::controls;
use super::model::Model;
use crate::picture::{Palette, Panel, dashboard_png, encode_png, panel_png, render};
use crate::run::{csv, files};
use crossbeam_channel::{Receiver, bounded};
use egui::{Context, Grid, Ui, Vec2, vec2};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What became of an export: the file, or why there is none.
pub type Saved = Result<PathBuf, String>;

/// Size of a single panel's picture, in points.
const PANEL_SIZE: Vec2 = vec2(640.0, 400.0);

/// Width of the form, in points.
const WIDTH: f32 = 560.0;

/// What to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum What {
    /// Every column of every step.
    #[default]
    Csv,
    /// One panel.
    Panel,
    /// All panels.
    Dashboard,
    /// The window as it stands, its controls included.
    Window,
}

impl What {
    /// Every kind, in the order of the form.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Panel, Self::Dashboard, Self::Window];

    /// Its text in the form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "Run as CSV",
            Self::Panel => "One panel as PNG",
            Self::Dashboard => "All panels as PNG",
            Self::Window => "Whole window as PNG",
        }
    }

    /// The extension of its file.
    pub fn extension(self) -> &'static str {
        if self == Self::Csv { "csv" } else { "png" }
    }
}

/// Pixels a point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// One.
    Single,
    /// Two: sharp when printed, or on a projector.
    #[default]
    Double,
}

/// The export form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExportForm {
    /// What to write.
    pub what: What,
    /// Which panel, where it is one.
    pub panel: Panel,
    /// Pixels a point of a picture.
    pub scale: Scale,
    /// The file.
    pub path: String,
    /// Whether the system's dialog is open.
    pub choosing: bool,
    /// Whether the file is being written.
    pub saving: bool,
    /// What became of the last export.
    pub outcome: Option<Saved>,
}

impl ExportForm {
    /// Proposes a file in the working directory; one that was typed stays, unless `anew`.
    pub fn suggest_path(&mut self, preset: &str, anew: bool) {
        if anew || self.path.is_empty() {
            let stem = Path::new(preset).file_stem().unwrap_or_default().to_string_lossy();
            let directory = std::env::current_dir().unwrap_or_default();
            let file = directory.join(format!("brink-{stem}.{}", self.what.extension()));
            self.path = file.display().to_string();
        }
    }

    /// Takes a path, with the extension of what is written if it has none.
    pub fn set_path(&mut self, path: String) {
        self.path = path;
        if Path::new(&self.path).extension().is_none() {
            self.follow_kind();
        }
        self.outcome = None;
    }

    fn follow_kind(&mut self) {
        self.path = Path::new(&self.path).with_extension(self.what.extension()).display().to_string();
    }

    /// Says something instead of an outcome.
    pub fn note(&mut self, text: &str) {
        self.outcome = Some(Err(text.to_owned()));
    }
}

/// The fields of the form.
pub(super) fn fields_ui(ui: &mut Ui, form: &ExportForm, commands: &mut Vec<Command>) {
    let mut edited = form.clone();
    // A width that does not follow what is said below, so that nothing jumps.
    ui.set_width(WIDTH);
    Grid::new("export").num_columns(2).spacing(vec2(12.0, 8.0)).show(ui, |ui| {
        ui.label("What");
        ui.vertical(|ui| {
            for what in What::ALL {
                ui.radio_value(&mut edited.what, what, what.name());
            }
        });
        ui.end_row();
        if edited.what == What::Panel {
            let label = ui.label("Panel");
            egui::ComboBox::from_id_salt("export panel")
                .selected_text(edited.panel.title())
                .width(280.0)
                .show_ui(ui, |ui| {
                    for panel in Panel::ALL {
                        ui.selectable_value(&mut edited.panel, panel, panel.title());
                    }
                })
                .response
                .labelled_by(label.id);
            ui.end_row();
        }
        if edited.what != What::Csv {
            ui.label("Resolution");
            ui.horizontal(|ui| {
                ui.radio_value(&mut edited.scale, Scale::Single, "1×");
                ui.radio_value(&mut edited.scale, Scale::Double, "2×");
            });
            ui.end_row();
        }
        let label = ui.label("File");
        ui.horizontal(|ui| {
            let field = egui::TextEdit::singleline(&mut edited.path).desired_width(WIDTH - 150.0);
            let response = ui.add(field).labelled_by(label.id);
            if response.changed() {
                edited.outcome = None;
            }
            ui.add_enabled_ui(!form.choosing, |ui| {
                controls::command_button(ui, &Command::ChooseFile, None, commands);
            });
        });
        ui.end_row();
    });
    if edited.what != form.what {
        edited.follow_kind();
        edited.outcome = None;
    }
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        let ready = !form.saving && !edited.path.is_empty();
        let text = if Path::new(&edited.path).exists() && form.outcome.is_none() {
            "Replace the file"
        } else {
            "Save"
        };
        ui.add_enabled_ui(ready, |ui| controls::command_button(ui, &Command::Save, Some(text), commands));
    });
    match (&form.outcome, form.saving) {
        (_, true) => {
            ui.label("Writing…");
        }
        (Some(Ok(path)), false) => {
            ui.label(format!("Written: {}", path.display()));
        }
        (Some(Err(reason)), false) => {
            ui.colored_label(Palette::in_ui(ui).trouble, reason);
        }
        // The line is kept for what will be said.
        (None, false) => {
            ui.label("");
        }
    }
    if edited != *form {
        // Before a `Save` of the same frame, so that what is written is what is shown.
        commands.insert(0, Command::EditExport(edited));
    }
}

/// Writes a snapshot as its form says, on a thread of its own.
pub(super) fn save(model: Model, window_size: Vec2, context: &Context) -> Option<Receiver<Saved>> {
    let context = context.clone();
    // One message, so a channel for one: the sender never waits.
    let (sender, receiver) = bounded(1);
    let thread = std::thread::Builder::new().name("export".into()).spawn(move || {
        // The window may be gone by now.
        let _ = sender.send(write(model, window_size));
        context.request_repaint();
    });
    thread.ok().map(|_| receiver)
}

/// Writes a snapshot as its form says. Nothing is left behind where it fails.
pub(super) fn write(mut model: Model, window_size: Vec2) -> Saved {
    let path = PathBuf::from(&model.export.path);
    let failed = |error: &dyn std::fmt::Display| format!("cannot write {}: {error}", path.display());
    if model.export.what == What::Csv {
        let columns = csv::columns(model.current());
        csv::write_file(&model.history, &columns, &path).map_err(|error| failed(&error))?;
        return Ok(path);
    }
    model.curves.update(&model.history, model.view.smoothing_steps, usize::MAX);
    let scale = match model.export.scale {
        Scale::Single => 1.0,
        Scale::Double => 2.0,
    };
    let (view, theme) = (model.run_view(), model.theme);
    let png = match model.export.what {
        What::Panel => panel_png(&view, model.export.panel, PANEL_SIZE, scale, theme),
        What::Csv | What::Dashboard => dashboard_png(&view, crate::picture::SUMMARY_SIZE, scale, theme),
        What::Window => {
            let image = render(window_size, scale, theme, |ui| super::window_ui(ui, &model, &mut Vec::new()));
            encode_png(&image, scale, &[("Title".into(), view.caption())])
        }
    };
    let png = png.map_err(|error| failed(&error))?;
    files::write_whole(&path, |file| file.write_all(&png)).map_err(|error| failed(&error))?;
    Ok(path)
}
