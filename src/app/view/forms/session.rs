//! The session form.

use crate::app::command::Command;
use crate::app::state::Model;
use crate::app::state::form::{FormEdit, Purpose};
use crate::app::view::widgets::command_button;
use crate::picture::style::theme::Palette;

use egui::{Label, RichText, TextEdit, Ui};
use std::path::Path;

/// Width of the form, in points.
const WIDTH: f32 = 560.0;

/// The fields of the form.
pub(in crate::app) fn fields_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    ui.set_width(WIDTH);
    let form = &model.forms.session;
    let mut path = form.path.clone();
    ui.horizontal(|ui| {
        let label = ui.label("File");
        ui.add(TextEdit::singleline(&mut path).desired_width(WIDTH - 290.0)).labelled_by(label.id);
        command_button(ui, &Command::ChooseSession(Purpose::Open), Some("Find…"), commands);
        command_button(ui, &Command::ChooseSession(Purpose::Save), Some("New file…"), commands);
    });
    ui.add_space(4.0);
    let there = Path::new(&path).is_file();
    ui.horizontal(|ui| {
        let replaces = there && !(form.known && path == form.path);
        let text = if replaces { "Replace with this run" } else { Command::SaveSession.name() };
        let recorded = model.runs.first.history.rows() > 0;
        let mut button = |enabled: bool, command: &Command, text: Option<&str>| {
            ui.add_enabled_ui(enabled && !form.busy && !path.is_empty(), |ui| {
                command_button(ui, command, text, commands);
            });
        };
        button(recorded, &Command::SaveSession, Some(text));
        button(there, &Command::OpenSession, None);
        button(there, &Command::CompareSession, None);
    });
    let (said, color) = match &form.outcome {
        _ if form.busy => ("Working…", None),
        Some(Ok(text)) => (text.as_str(), None),
        Some(Err(reason)) => (reason.as_str(), Some(Palette::in_ui(ui).trouble)),
        // the line is reserved for a later message
        None => ("", None),
    };
    let said = RichText::new(said);
    ui.add(Label::new(color.map_or(said.clone(), |color| said.color(color))).wrap());
    ui.separator();
    ui.label("The command that opens this moment again:");
    ui.add(Label::new(RichText::new(&model.runs.facts.command).monospace()).wrap());
    command_button(ui, &Command::CopyAddress, None, commands);
    if path != form.path {
        commands.push(Command::Edit(FormEdit::Session(path)));
    }
}
