//! The export form, and the thread that writes: a CSV file of the run or of what is shown, a PNG or SVG file of a panel,
//! of the panels as they are laid out or of the whole window, an animated PNG file of a stretch of steps.

use crate::app::command::Command;
use crate::app::export::film::{FilmError, Projector, Reel};
use crate::app::export::table;
use crate::app::state::Model;
use crate::app::view::panels::tree_ui;
use crate::app::view::transport as controls;
use crate::picture::file::export::{
    Film, SCALES, SIDES, animation_png, content_png, content_svg, pixels, texts,
};
use crate::picture::file::png::encode_png;
use crate::picture::file::render::render;
use crate::picture::panel::panel_ui;
use crate::picture::style::theme::{self, Palette};
use crate::picture::view::Panel;
use crate::picture::view::run_view::RunView;
use crate::run::file::files;
use crossbeam_channel::{Receiver, bounded};
use egui::{Context, DragValue, Grid, Ui, Vec2, vec2};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What became of an export: the file, or why there is none.
pub type Saved = Result<PathBuf, String>;

/// Width of the form, in points.
const WIDTH: f32 = 560.0;

/// What to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum What {
    /// Every column of every step, of every run.
    #[default]
    Csv,
    /// What the panels in the window show, at the steps in sight: the lines as they are drawn.
    VisibleCsv,
    /// One panel.
    Panel,
    /// The panels as they stand in the window.
    Dashboard,
    /// The window as it stands, its controls included.
    Window,
    /// The cursor as it goes through a stretch of steps.
    Film,
}

impl What {
    /// Every kind, in the order of the form.
    pub const ALL: [Self; 6] =
        [Self::Csv, Self::VisibleCsv, Self::Panel, Self::Dashboard, Self::Window, Self::Film];

    /// Its text in the form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "Run as CSV",
            Self::VisibleCsv => "What is shown as CSV",
            Self::Panel => "One panel as a picture",
            Self::Dashboard => "The dashboard as laid out, as a picture",
            Self::Window => "Whole window as a picture",
            Self::Film => "A stretch of steps as an animated picture",
        }
    }

    fn is_csv(self) -> bool {
        matches!(self, Self::Csv | Self::VisibleCsv)
    }

    /// The size of its picture at first, in points; the window has its own.
    fn size(self) -> Option<[f32; 2]> {
        match self {
            Self::Csv | Self::VisibleCsv | Self::Window => None,
            Self::Panel => Some(Panel::default().picture_size()),
            Self::Dashboard => Some([1280.0, 800.0]),
            Self::Film => Some([960.0, 600.0]),
        }
    }
}

/// Pixels a point that are one press away.
const USUAL_SCALES: [f32; 4] = [1.0, 1.5, 2.0, 3.0];

/// The export form.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportForm {
    /// What to write.
    pub what: What,
    /// Which panel, where it is one.
    pub panel: Panel,
    /// Which panel of an animation; all in the window where it is none.
    pub film_panel: Option<Panel>,
    /// The steps of an animation.
    pub film: Film,
    /// Whether a picture becomes SVG.
    pub svg: bool,
    /// Width and height of a picture, in points.
    pub size: [f32; 2],
    /// Pixels a point of a picture: two are sharp when printed, or on a projector.
    pub scale: f32,
    /// The file.
    pub path: String,
    /// Whether the system's dialog is open.
    pub choosing: bool,
    /// Whether the file is being written.
    pub saving: bool,
    /// What became of the last export.
    pub outcome: Option<Saved>,
}

impl Default for ExportForm {
    fn default() -> Self {
        Self {
            what: What::default(),
            panel: Panel::default(),
            film_panel: Some(Panel::default()),
            film: Film { steps: [0, 0], frames: 60, per_second: 10 },
            svg: false,
            size: [1280.0, 800.0],
            scale: 2.0,
            path: String::new(),
            choosing: false,
            saving: false,
            outcome: None,
        }
    }
}

impl ExportForm {
    /// The extension of its file.
    pub fn extension(&self) -> &'static str {
        match self.what {
            What::Csv | What::VisibleCsv => "csv",
            What::Panel | What::Dashboard if self.svg => "svg",
            What::Panel | What::Dashboard | What::Window | What::Film => "png",
        }
    }

    /// Proposes a file in the working directory; one that was typed stays, unless `anew`.
    pub fn suggest_path(&mut self, preset: &str, anew: bool) {
        if anew || self.path.is_empty() {
            let stem = Path::new(preset).file_stem().unwrap_or_default().to_string_lossy();
            let directory = std::env::current_dir().unwrap_or_default();
            let file = directory.join(format!("brink-{stem}.{}", self.extension()));
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
        self.path = Path::new(&self.path).with_extension(self.extension()).display().to_string();
    }

    /// Says something instead of an outcome.
    pub fn note(&mut self, text: &str) {
        self.outcome = Some(Err(text.to_owned()));
    }
}

/// The fields of the form; `steps` are those in sight.
pub(super) fn fields_ui(ui: &mut Ui, form: &ExportForm, steps: [usize; 2], commands: &mut Vec<Command>) {
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
        if !edited.what.is_csv() {
            picture_ui(ui, &mut edited);
        }
        if edited.what == What::Film {
            film_ui(ui, &mut edited.film);
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
    if edited.panel != form.panel && edited.size == form.panel.picture_size() {
        edited.size = edited.panel.picture_size();
    }
    if edited.what != form.what {
        edited.size = match edited.what {
            What::Panel => edited.panel.picture_size(),
            what => what.size().unwrap_or(edited.size),
        };
        edited.film.steps = steps;
    }
    if edited.extension() != form.extension() || edited.what != form.what {
        edited.follow_kind();
        edited.outcome = None;
    }
    ui.add_space(6.0);
    outcome_ui(ui, form, &edited, commands);
    if edited != *form {
        // Before a `Save` of the same frame, so that what is written is what is shown.
        commands.insert(0, Command::EditExport(edited));
    }
}

/// Which panel, and how large.
fn picture_ui(ui: &mut Ui, edited: &mut ExportForm) {
    match edited.what {
        What::Panel => {
            let mut panel = Some(edited.panel);
            panel_choice_ui(ui, &mut panel, false);
            edited.panel = panel.unwrap_or(edited.panel);
        }
        What::Film => panel_choice_ui(ui, &mut edited.film_panel, true),
        What::Csv | What::VisibleCsv | What::Dashboard | What::Window => {}
    }
    if matches!(edited.what, What::Panel | What::Dashboard) {
        ui.label("Format");
        ui.horizontal(|ui| {
            ui.radio_value(&mut edited.svg, false, "PNG");
            ui.radio_value(&mut edited.svg, true, "SVG");
        });
        ui.end_row();
    }
    if edited.what.size().is_some() {
        ui.label("Size");
        ui.horizontal(|ui| {
            for (side, name) in edited.size.iter_mut().zip(["Width", "Height"]) {
                number_ui(ui, name, DragValue::new(side).range(SIDES).max_decimals(0).suffix(" pt"));
            }
        });
        ui.end_row();
    }
    if edited.extension() == "png" {
        ui.label("Resolution");
        ui.horizontal(|ui| {
            for scale in USUAL_SCALES {
                ui.radio_value(&mut edited.scale, scale, format!("{scale}×"));
            }
            number_ui(ui, "Pixels a point", DragValue::new(&mut edited.scale).range(SCALES).speed(0.05));
        });
        ui.end_row();
        let window = ui.ctx().content_rect().size();
        let size = edited.what.size().map_or(window, |_| edited.size.into());
        ui.label("");
        match pixels(size, edited.scale) {
            Ok([width, height]) => ui.label(format!("{width} × {height} pixels")),
            Err(error) => {
                let text = egui::RichText::new(error.to_string()).color(Palette::in_ui(ui).trouble);
                ui.add(egui::Label::new(text).wrap())
            }
        };
        ui.end_row();
    }
}

fn panel_choice_ui(ui: &mut Ui, chosen: &mut Option<Panel>, or_all: bool) {
    let label = ui.label("Panel");
    let title = |panel: Option<Panel>| panel.map_or("The dashboard as laid out", Panel::title);
    egui::ComboBox::from_id_salt("export panel")
        .selected_text(title(*chosen))
        .width(280.0)
        .show_ui(ui, |ui| {
            let all = or_all.then_some(None);
            for panel in Panel::ALL.into_iter().map(Some).chain(all) {
                ui.selectable_value(chosen, panel, title(panel));
            }
        })
        .response
        .labelled_by(label.id);
    ui.end_row();
}

/// Which steps, in how many pictures.
fn film_ui(ui: &mut Ui, film: &mut Film) {
    ui.label("Steps");
    ui.horizontal(|ui| {
        let [first, last] = &mut film.steps;
        number_ui(ui, "From step", DragValue::new(first));
        number_ui(ui, "To step", DragValue::new(last));
    });
    ui.end_row();
    ui.label("Pictures");
    ui.horizontal(|ui| {
        number_ui(ui, "Number", DragValue::new(&mut film.frames).range(1..=Film::MOST));
        number_ui(ui, "A second", DragValue::new(&mut film.per_second).range(1..=60));
    });
    ui.end_row();
}

fn number_ui(ui: &mut Ui, name: &str, field: DragValue) {
    let label = ui.label(name);
    ui.add(field.update_while_editing(false)).labelled_by(label.id);
}

/// The button that writes, and what became of it.
fn outcome_ui(ui: &mut Ui, form: &ExportForm, edited: &ExportForm, commands: &mut Vec<Command>) {
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
}

/// Writes a snapshot as its form says, on a thread of its own.
pub(crate) fn save(
    model: Model,
    reel: Option<Reel>,
    window_size: Vec2,
    context: &Context,
) -> Option<Receiver<Saved>> {
    let context = context.clone();
    // One message, so a channel for one: the sender never waits.
    let (sender, receiver) = bounded(1);
    let thread = std::thread::Builder::new().name("export".into()).spawn(move || {
        // The window may be gone by now.
        let _ = sender.send(write(model, reel, window_size));
        context.request_repaint();
    });
    thread.ok().map(|_| receiver)
}

/// Writes a snapshot as its form says. Nothing is left behind where it fails.
pub(super) fn write(mut model: Model, reel: Option<Reel>, window_size: Vec2) -> Saved {
    let path = PathBuf::from(&model.export.path);
    let failed = |error: &dyn std::fmt::Display| format!("cannot write {}: {error}", path.display());
    let origin = format!("Brink {}: {}", model.facts.version, model.facts.command);
    match model.export.what {
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

fn picture(model: &Model, reel: Option<Reel>, window_size: Vec2) -> Result<Vec<u8>, FilmError> {
    let &ExportForm { what, panel, film_panel, film, svg, size, scale, .. } = &model.export;
    let overlays = model.overlays();
    let view = RunView { overlays: &overlays, ..model.run_view() };
    let (theme, size) = (model.theme, Vec2::from(size));
    // one panel, or all as they are laid out
    let subject = move |panel: Option<Panel>| {
        move |ui: &mut Ui, view: &RunView| match panel {
            Some(panel) => panel_ui(ui, panel, view, &mut Vec::new()),
            None => tree_ui(ui, &mut model.tree.clone(), view, &mut Vec::new()),
        }
    };
    match what {
        What::Film => {
            let newest = model.history.rows().saturating_sub(1);
            let film = Film { steps: film.steps.map(|step| step.min(newest)), ..film };
            let projector =
                Projector::new(model, reel).map_err(|error| FilmError::Look(error.to_string()))?;
            let look = |step| projector.look(step);
            animation_png(&view, subject(film_panel), size, scale, theme, &film, look)
        }
        What::Window => {
            pixels(window_size, scale)?;
            let theme = if model.presenter { egui::Theme::Light } else { theme };
            let image = render(window_size, scale, theme, |ui| {
                theme::set_high_contrast(ui.ctx(), model.presenter);
                crate::app::view::transport::window_ui(ui, model, &mut Vec::new());
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
