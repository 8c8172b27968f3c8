//! The forms that open over the window, one at a time: export, palette of commands, keys, axes, layouts.

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
use egui::{Align2, Ui, vec2};

/// A form over the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Every command, found by a few letters.
    Palette,
    /// What every key does, and what the symbols mean.
    Help,
    /// Axis ranges by hand.
    Axes,
    /// Where the run stops by itself.
    Breakpoints,
    /// Runs that left this one.
    Runs,
    /// Saved layouts.
    Layout,
    /// What to write, and where.
    Export,
    /// Runs in files.
    Session,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Palette,
        Self::Help,
        Self::Axes,
        Self::Breakpoints,
        Self::Runs,
        Self::Layout,
        Self::Export,
        Self::Session,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Palette => "Commands",
            Self::Help => "Keys and symbols",
            Self::Axes => "Axes",
            Self::Breakpoints => "Stop where",
            Self::Runs => "Runs side by side",
            Self::Layout => "Layouts",
            Self::Export => "Export",
            Self::Session => "Sessions",
        }
    }
}

/// What is typed into the palette, and the line of the list that Enter takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// The letters.
    pub letters: String,
    /// The chosen line, counted from 0.
    pub line: usize,
}

/// The open form, over the window.
pub(crate) fn form_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let Some(form) = model.form else { return };
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
                export::fields_ui(ui, &model.export, [*rows.start(), *rows.end()], commands);
            }
        });
    let escape = ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, egui::Key::Escape));
    if !open || escape {
        commands.push(Command::Leave);
    }
}
