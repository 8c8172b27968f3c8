//! The upper row of controls: the choice of the run and of its display. Rarely used controls are in menus;
//! every control has a key or is in the palette.

use super::widgets::{command_button, toggle_ui};
use crate::app::command::Command;
use crate::app::state::Model;
use crate::app::state::form::Form;
use crate::app::state::layout::{self, Arrangement};
use crate::app::state::tour::TourCommand;
use crate::picture::view::panel::Panel;
use crate::run::file::recording::bundled;
use crate::run::record::series::Series;
use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{ComboBox, DragValue, PopupCloseBehavior, Ui};

/// Width of the preset's title, in points.
const PRESET_WIDTH: f32 = 310.0;

/// The choice of the run and of its display.
pub(super) fn run_bar_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        preset_ui(ui, model, commands);
        command_button(ui, &Command::Restart, None, commands);
        ui.separator();
        // a quadratic has no central flow
        let has_central_flow =
            model.runs.first.history.rows() == 0 || model.runs.first.history.has(Series::CfLoss);
        ui.add_enabled_ui(has_central_flow, |ui| {
            let shown = has_central_flow && model.view.plots.show_central_flow;
            toggle_ui(ui, &Command::ToggleCentralFlow, shown, commands);
        });
        command_button(ui, &Command::FollowRun, None, commands);
        layout_ui(ui, model, commands);
        view_ui(ui, model, commands);
        ui.separator();
        command_button(ui, &Command::Toggle(Form::Runs), Some("Fork…"), commands);
        command_button(ui, &Command::Toggle(Form::Breakpoints), Some("Stop at…"), commands);
        menu_ui(ui, "File", "Sessions, exports, the end", |ui| {
            command_button(ui, &Command::Toggle(Form::Session), None, commands);
            command_button(ui, &Command::Toggle(Form::Export), None, commands);
            command_button(ui, &Command::CopyAddress, None, commands);
            ui.separator();
            command_button(ui, &Command::Quit, None, commands);
        });
        ui.separator();
        if !model.tour.guides {
            let text = if model.tour.has_begun() { "Back to the tour" } else { "Tour" };
            command_button(ui, &Command::Tour(TourCommand::Toggle), Some(text), commands);
        }
        command_button(ui, &Command::TogglePresenter, None, commands);
        menu_ui(ui, "Help", "Every key, and every command by name", |ui| {
            command_button(ui, &Command::Toggle(Form::Help), None, commands);
            command_button(ui, &Command::Toggle(Form::Palette), None, commands);
        });
    });
}

/// A menu that closes when an entry is chosen.
fn menu_ui(ui: &mut Ui, name: &str, hint: &str, content_ui: impl FnOnce(&mut Ui)) {
    ui.menu_button(name, content_ui).response.on_hover_text(hint);
}

/// A menu that stays open while its settings are changed.
fn settings_ui(ui: &mut Ui, name: &str, hint: &str, content_ui: impl FnOnce(&mut Ui)) {
    let stays = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    MenuButton::new(name).config(stays).ui(ui, content_ui).0.on_hover_text(hint);
}

/// The choice of the layout and of the panels.
fn layout_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    settings_ui(ui, "Layout", "Arrange the panels, show and hide them, save the arrangement", |ui| {
        let before = commands.len();
        let saved = model.layout.saved.iter().map(|layout| Arrangement::Saved(layout.name.clone()));
        for arrangement in Arrangement::BUILT_IN.into_iter().chain(saved) {
            let title = arrangement.title().to_owned();
            command_button(ui, &Command::Arrange(arrangement), Some(&title), commands);
        }
        command_button(ui, &Command::Toggle(Form::Layout), None, commands);
        if commands.len() > before {
            ui.close();
        }
        ui.separator();
        for panel in Panel::ALL {
            let command = Command::TogglePanel(panel);
            let mut shown = layout::has(&model.layout.tree, panel);
            if ui.checkbox(&mut shown, panel.title()).on_hover_text(command.tooltip()).clicked() {
                commands.push(command);
            }
        }
    });
}

/// Display settings of all panels.
fn view_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    settings_ui(ui, "View", "Smoothing, axes, phases, light or dark", |ui| {
        smoothing_ui(ui, model, commands);
        toggle_ui(ui, &Command::ToggleLogAxes, model.all_log(), commands);
        toggle_ui(ui, &Command::TogglePhases, model.view.plots.show_phases, commands);
        toggle_ui(ui, &Command::ToggleTheme, model.layout.theme == egui::Theme::Dark, commands);
        ui.separator();
        let before = commands.len();
        command_button(ui, &Command::Toggle(Form::Axes), None, commands);
        command_button(ui, &Command::ToggleFlat, None, commands);
        command_button(ui, &Command::ResetScene, None, commands);
        if commands.len() > before {
            ui.close();
        }
    });
}

fn preset_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let named = Command::OpenPreset(0);
    let label = ui.label(named.name());
    let preset = ComboBox::from_id_salt("preset")
        .selected_text(model.title(model.runs.preset))
        .width(PRESET_WIDTH)
        .truncate()
        .height(500.0);
    let response = ui
        .scope(|ui| {
            // long titles are truncated, so that the controls next to them keep their place in the row
            ui.set_max_width(PRESET_WIDTH);
            preset.show_ui(ui, |ui| {
                for place in 0..model.runs.presets.len() {
                    let note = model.runs.presets[place].1.note.trim();
                    let mut entry = ui.selectable_label(place == model.runs.preset, model.title(place));
                    if !note.is_empty() {
                        entry = entry.on_hover_text(note);
                    }
                    if entry.clicked() {
                        commands.push(Command::OpenPreset(place));
                    }
                }
                for (place, recording) in bundled().iter().enumerate() {
                    let Ok(recording) = recording else { continue };
                    let title = format!("Recorded: {}", recording.preset.title);
                    if ui.selectable_label(false, title).on_hover_text(recording.description()).clicked() {
                        commands.push(Command::OpenRecording(place));
                    }
                }
            })
        })
        .inner
        .response
        .labelled_by(label.id);
    let note = model.current().note.trim();
    response.on_hover_text(if note.is_empty() { named.entry().hint } else { note });
}

fn smoothing_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let mut steps = model.view.plots.smoothing_steps;
    let named = Command::SetSmoothing(steps);
    ui.horizontal(|ui| {
        let label = ui.label(named.name());
        let field = DragValue::new(&mut steps)
            .range(0.0..=100_000.0)
            .speed(0.5)
            .max_decimals(1)
            .suffix(" steps")
            .update_while_editing(false);
        if ui.add(field).labelled_by(label.id).on_hover_text(named.tooltip()).changed() {
            commands.push(Command::SetSmoothing(steps));
        }
    });
}
