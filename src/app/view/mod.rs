//! The views of the window: functions that read the state and return commands.

use super::command::Command;
use super::state::Model;
use crate::picture::style::theme::Palette;
use banners::banners_ui;
use egui::{CentralPanel, Frame, Margin, Panel, Ui, vec2};
use menus::run_bar_ui;
use panels::panels_ui;
use presenter::presenter_ui;
use status::status_ui;
use timeline::timeline_ui;
use tour::tour_ui;
use transport::transport_ui;

pub(crate) mod banners;
pub(crate) mod caption;
pub(crate) mod forms;
pub(crate) mod menus;
pub(crate) mod panels;
pub(crate) mod presenter;
pub(crate) mod speed;
pub(crate) mod splitters;
pub(crate) mod status;
pub(crate) mod timeline;
pub(crate) mod tour;
pub(crate) mod transport;
pub(crate) mod widgets;

/// Everything in the window except the open form.
pub fn window_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    if model.layout.presenter {
        return presenter_ui(ui, model, commands);
    }
    let palette = Palette::in_ui(ui);
    let bar = Frame::new().fill(palette.panel).inner_margin(Margin::symmetric(12, 6));
    Panel::top("controls").frame(bar).show(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
        // a control that does not fit moves to the next row as a whole, instead of wrapping letter by letter
        ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
        run_bar_ui(ui, model, commands);
        transport_ui(ui, model, commands);
        ui.style_mut().wrap_mode = None;
        banners_ui(ui, model, commands);
    });
    Panel::bottom("status").frame(bar).show(ui, |ui| {
        timeline_ui(ui, model, commands);
        status_ui(ui, model);
    });
    if model.tour.guides {
        tour_ui(ui, model, commands);
    }
    let middle = Frame::new().fill(palette.panel).inner_margin(Margin::symmetric(12, 8));
    CentralPanel::default().frame(middle).show(ui, |ui| panels_ui(ui, model, commands));
}
