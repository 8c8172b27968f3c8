//! The export form: a CSV file of the run or of the displayed data; a PNG or SVG file of a panel, of the
//! arranged panels or of the whole window; an animated PNG file of a range of steps.

use crate::app::state::export::ExportForm;
pub(crate) use crate::app::state::export::What;
use crate::app::state::form::FormEdit;

use crate::app::command::Command;

use crate::app::view::widgets;
use crate::picture::file::export::{Film, SCALES, SIDES, pixels};

use crate::picture::style::theme::Palette;
use crate::picture::view::panel::Panel;

use egui::{DragValue, Grid, Ui, vec2};
use std::path::Path;

/// Width of the form, in points.
const WIDTH: f32 = 560.0;

/// Scales offered as buttons, in pixels per point.
const USUAL_SCALES: [f32; 4] = [1.0, 1.5, 2.0, 3.0];

/// The fields of the form; `steps` is the visible range.
pub(super) fn fields_ui(ui: &mut Ui, form: &ExportForm, steps: [usize; 2], commands: &mut Vec<Command>) {
    let mut edited = form.clone();
    // A width independent of the text below, so that nothing jumps.
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
                widgets::command_button(ui, &Command::ChooseFile, None, commands);
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
        commands.push(Command::Edit(FormEdit::Export(edited)));
    }
}

/// The choice of the panel and of the size.
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

/// The choice of the steps and of the number of pictures.
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

/// The button that writes the file, and the outcome.
fn outcome_ui(ui: &mut Ui, form: &ExportForm, edited: &ExportForm, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        let ready = !form.saving && !edited.path.is_empty();
        let text = if Path::new(&edited.path).exists() && form.outcome.is_none() {
            "Replace the file"
        } else {
            "Save"
        };
        ui.add_enabled_ui(ready, |ui| widgets::command_button(ui, &Command::Save, Some(text), commands));
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
        // The line is reserved for a later message.
        (None, false) => {
            ui.label("");
        }
    }
}
