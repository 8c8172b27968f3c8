//! Saving the arrangement of the panels, and forgetting one.

use super::command::Command;
use super::controls::command_button;
use super::layout::Arrangement;
use super::model::Model;
use egui::{Grid, TextEdit, Ui, vec2};

/// A name to save under, and what is saved.
pub(super) fn fields_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let mut name = model.layout_name.clone();
    ui.horizontal(|ui| {
        let label = ui.label(Command::NameLayout(String::new()).name());
        ui.add(TextEdit::singleline(&mut name).desired_width(200.0)).labelled_by(label.id);
        ui.add_enabled_ui(!name.trim().is_empty(), |ui| {
            let replaces = model.layouts.iter().any(|layout| layout.name == name.trim());
            let text = if replaces { "Replace layout" } else { Command::SaveLayout.name() };
            command_button(ui, &Command::SaveLayout, Some(text), commands);
        });
    });
    if name != model.layout_name {
        // before the save of the same frame
        commands.insert(0, Command::NameLayout(name));
    }
    ui.add_space(6.0);
    Grid::new("layouts").num_columns(3).spacing(vec2(12.0, 6.0)).show(ui, |ui| {
        for arrangement in Arrangement::BUILT_IN {
            ui.label(arrangement.title());
            command_button(ui, &Command::Arrange(arrangement), Some("Show"), commands);
            ui.end_row();
        }
        for layout in &model.layouts {
            ui.push_id(&layout.name, |ui| ui.label(&layout.name));
            let arrangement = Arrangement::Saved(layout.name.clone());
            command_button(ui, &Command::Arrange(arrangement), Some("Show"), commands);
            command_button(ui, &Command::ForgetLayout(layout.name.clone()), Some("Forget"), commands);
            ui.end_row();
        }
    });
}
