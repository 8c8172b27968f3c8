//! Saving and deleting layouts, and placing a panel next to another one without dragging it.

use crate::app::command::Command;
use crate::app::state::Model;
use crate::app::state::form::FormEdit;
use crate::app::state::layout::{self, Arrangement, Side};
use crate::app::view::widgets::command_button;
use crate::picture::view::panel::Panel;
use egui::{ComboBox, Grid, Role, TextEdit, Ui, WidgetInfo, vec2};

/// The name for saving, and the saved layouts.
pub(super) fn fields_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let mut name = model.forms.layout_name.clone();
    ui.horizontal(|ui| {
        let label = ui.label(Command::Edit(FormEdit::LayoutName(String::new())).name());
        ui.add(TextEdit::singleline(&mut name).desired_width(200.0)).labelled_by(label.id);
        ui.add_enabled_ui(!name.trim().is_empty(), |ui| {
            let replaces = model.layout.saved.iter().any(|layout| layout.name == name.trim());
            let text = if replaces { "Replace layout" } else { Command::SaveLayout.name() };
            command_button(ui, &Command::SaveLayout, Some(text), commands);
        });
    });
    if name != model.forms.layout_name {
        commands.push(Command::Edit(FormEdit::LayoutName(name)));
    }
    ui.add_space(6.0);
    dock_ui(ui, model, commands);
    ui.add_space(6.0);
    Grid::new("layouts").num_columns(3).spacing(vec2(12.0, 6.0)).show(ui, |ui| {
        for arrangement in Arrangement::BUILT_IN {
            ui.label(arrangement.title());
            command_button(ui, &Command::Arrange(arrangement), Some("Show"), commands);
            ui.end_row();
        }
        for layout in &model.layout.saved {
            ui.push_id(&layout.name, |ui| ui.label(&layout.name));
            let arrangement = Arrangement::Saved(layout.name.clone());
            command_button(ui, &Command::Arrange(arrangement), Some("Show"), commands);
            command_button(ui, &Command::ForgetLayout(layout.name.clone()), Some("Forget"), commands);
            ui.end_row();
        }
    });
}

/// The placement of a panel.
fn dock_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let mut dock = model.forms.dock;
    ui.horizontal(|ui| {
        let choice = |ui: &mut Ui, name: &str, chosen: &mut Panel, offered: &[Panel]| {
            let label = ui.label(name);
            ComboBox::from_id_salt(name)
                .selected_text(chosen.title())
                .width(190.0)
                .truncate()
                .show_ui(ui, |ui| {
                    for &panel in offered {
                        ui.selectable_value(chosen, panel, panel.title());
                    }
                })
                .response
                .labelled_by(label.id);
        };
        choice(ui, "Put", &mut dock.panel, &Panel::ALL);
        let side = ComboBox::from_id_salt("side").selected_text(dock.side.name()).width(84.0);
        let side = side.show_ui(ui, |ui| {
            for side in Side::ALL {
                ui.selectable_value(&mut dock.side, side, side.name());
            }
        });
        let name = "Side of the other panel";
        side.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, name));
        let others: Vec<Panel> =
            Panel::ALL.into_iter().filter(|&panel| layout::has(&model.layout.tree, panel)).collect();
        choice(ui, "panel", &mut dock.other, &others);
        let can = dock.panel != dock.other && others.contains(&dock.other);
        ui.add_enabled_ui(can, |ui| command_button(ui, &Command::Dock, Some("Move"), commands));
    });
    if dock != model.forms.dock {
        commands.push(Command::Edit(FormEdit::Dock(dock)));
    }
}
