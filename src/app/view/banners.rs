//! Messages above the plots: what stopped, what does not hold, and what can be done about it.

use super::forms::Form;
use super::transport::command_button;
use crate::app::command::Command;
use crate::app::state::Model;
use crate::picture::style::theme::Palette;
use egui::{Align, Frame, Label, Layout, Margin, Stroke, Ui, vec2};

/// How serious a banner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Part of what is shown does not hold.
    Warning,
    /// Something has stopped.
    Error,
}

/// A message above the plots.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "one an offer, and a banner may make several")]
pub struct Banner {
    /// How serious it is.
    pub level: Level,
    /// What happened, with numbers, and what can be done.
    pub text: String,
    /// Whether it offers to restart the flows.
    pub offers_flows: bool,
    /// Whether it offers a new run and the export.
    pub offers_restart: bool,
    /// Whether it offers to choose the directory of the data.
    pub offers_data: bool,
    /// Whether it offers to open what a crash has left.
    pub offers_unfinished: bool,
    /// Whether it says why the run waits, which is no longer true once it goes on.
    pub of_pause: bool,
}

impl Banner {
    /// A banner without offers.
    pub fn new(level: Level, text: impl Into<String>) -> Self {
        Self {
            level,
            text: text.into(),
            offers_flows: false,
            offers_restart: false,
            offers_data: false,
            offers_unfinished: false,
            of_pause: false,
        }
    }

    /// A note that says why the run waits.
    pub fn why_it_waits(text: impl Into<String>) -> Self {
        Self { of_pause: true, ..Self::new(Level::Note, text) }
    }
}

/// All banners, newest last.
pub(super) fn banners_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    for (place, banner) in model.banners.iter().enumerate() {
        ui.push_id(("banner", place), |ui| banner_ui(ui, banner, place, commands));
    }
}

fn banner_ui(ui: &mut Ui, banner: &Banner, place: usize, commands: &mut Vec<Command>) {
    let palette = Palette::in_ui(ui);
    let (color, word) = match banner.level {
        Level::Note => (palette.faint_text, "Note"),
        Level::Warning => (palette.eta_change, "Warning"),
        Level::Error => (palette.trouble, "Error"),
    };
    Frame::new()
        .stroke(Stroke::new(1.0, color))
        .fill(color.gamma_multiply(0.10))
        .corner_radius(4)
        .inner_margin(Margin::symmetric(10, 4))
        .show(ui, |ui| {
            // one row high: a layout centred in all the height there is would grow the bar with every frame
            let row = vec2(ui.available_width(), ui.spacing().interact_size.y);
            ui.allocate_ui_with_layout(row, Layout::right_to_left(Align::Center), |ui| {
                command_button(ui, &Command::Dismiss(place), Some("✕"), commands);
                if banner.offers_restart {
                    command_button(ui, &Command::Restart, None, commands);
                    command_button(ui, &Command::Toggle(Form::Export), None, commands);
                }
                if banner.offers_unfinished {
                    command_button(ui, &Command::DiscardUnfinished, None, commands);
                    command_button(ui, &Command::OpenUnfinished, None, commands);
                }
                if banner.offers_data {
                    command_button(ui, &Command::ChooseData, None, commands);
                }
                if banner.offers_flows {
                    command_button(ui, &Command::RestartFlows, None, commands);
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.colored_label(color, egui::RichText::new(word).strong());
                    ui.add(Label::new(&banner.text).wrap());
                });
            });
        });
}
