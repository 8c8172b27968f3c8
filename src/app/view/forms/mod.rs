//! The forms that open over the window, one at a time: export, command palette, keys, axes, layouts.

pub(crate) mod axes;
pub(crate) mod breakpoints;
pub(crate) mod export;
pub(crate) mod forks;
pub(crate) mod help;
pub(crate) mod layouts;
pub(crate) mod palette;
pub(crate) mod session;

use crate::app::command::Command;
use crate::app::state::Model;
use crate::app::state::form::Form;
use egui::{Align2, Ui, vec2};

/// The open form, over the window.
pub(crate) fn form_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let Some(form) = model.forms.open else { return };
    let mut open = true;
    egui::Window::new(form.title())
        .open(&mut open)
        .collapsible(false)
        .resizable(false)
        .anchor(Align2::CENTER_TOP, vec2(0.0, 90.0))
        .show(ui.ctx(), |ui| match form {
            Form::Palette => palette::fields_ui(ui, model, commands),
            Form::Help => help::keys_ui(ui),
            Form::Axes => axes::fields_ui(ui, model, commands),
            Form::Breakpoints => breakpoints::fields_ui(ui, model, commands),
            Form::Runs => forks::fields_ui(ui, model, commands),
            Form::Layout => layouts::fields_ui(ui, model, commands),
            Form::Session => session::fields_ui(ui, model, commands),
            Form::Export => {
                let rows = model.run_view().shown_rows();
                export::fields_ui(ui, &model.forms.export, [*rows.start(), *rows.end()], commands);
            }
        });
    let escape = ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, egui::Key::Escape));
    if !open || escape {
        commands.push(Command::Leave);
    }
}
