//! Messages above the plots: what stopped, what is not valid, and what the user can do.

use super::widgets::command_button;
use crate::app::command::Command;
use crate::app::state::Model;
use crate::app::state::banner::{Banner, Level};
use crate::app::state::form::Form;
use crate::picture::style::theme::Palette;
use egui::{Align, Frame, Label, Layout, Margin, Stroke, Ui, vec2};

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
            // one row high: a layout centred in the available height would enlarge the bar with every frame
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
