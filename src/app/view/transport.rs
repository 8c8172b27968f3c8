//! The window's layout and its controls: views of a read-only [`Model`] that answer with [`Command`]s.

use super::banners::banners_ui;
use super::menus::run_bar_ui;
use super::panels::panels_ui;
use super::presenter::presenter_ui;
use super::speed::speed_ui;
use super::status::status_ui;
use super::timeline::timeline_ui;
use super::tour::tour_ui;
use crate::app::command::Command;
use crate::app::state::{Model, Phase};
use crate::picture::style::theme::Palette;
use egui::{
    Align, Button, CentralPanel, Color32, Frame, Layout, Margin, Panel, Response, RichText, Role, Slider,
    SliderClamping, Ui, WidgetInfo, vec2,
};

/// How far the η slider reaches to either side of the preset's η.
const ETA_REACH: f64 = 10.0;

/// Width of that slider, and of the window below which it is narrower, in points.
const ETA_WIDTH: f32 = 170.0;
const NARROW: f32 = 965.0;

/// Everything in the window but the form that is open.
pub fn window_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    if model.presenter {
        return presenter_ui(ui, model, commands);
    }
    let palette = Palette::in_ui(ui);
    let bar = Frame::new().fill(palette.panel).inner_margin(Margin::symmetric(12, 6));
    Panel::top("controls").frame(bar).show(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
        // what no longer fits goes to the next row whole, not letter by letter into what is left of this one
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

/// How the run goes on.
fn transport_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        let live = matches!(model.phase, Phase::Training | Phase::Paused);
        let can_go_on = model.can_go_on();
        if can_go_on || !model.has_taken_all() {
            play_ui(ui, model, commands);
        }
        if model.has_taken_all() {
            command_button(ui, &Command::MoreSteps, Some("▶ More steps"), commands);
        }
        let recorded = model.history.rows() > 1;
        ui.add_enabled_ui(recorded, |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            command_button(ui, &Command::ToStart, Some("|◀"), commands);
            command_button(ui, &Command::StepBack, Some("◀"), commands);
        });
        ui.add_enabled_ui(can_go_on || model.view.cursor.is_some(), |ui| {
            command_button(ui, &Command::StepForward, Some("▶ Step"), commands);
        });
        ui.add_enabled_ui(recorded, |ui| command_button(ui, &Command::ToEnd, Some("▶|"), commands));
        ui.separator();
        speed_ui(ui, model, commands);
        ui.separator();
        eta_ui(ui, model, commands);
        let whose = model.fork_form.parent.map_or("", |_| " (fork)");
        ui.label(format!("2/η = {}{whose}", short(2.0 / model.steered_eta())));
        ui.separator();
        let flows = model.history.has(crate::run::record::series::Series::CfLoss)
            || model.history.has(crate::run::record::series::Series::GfLoss);
        let can = live && flows && model.recording.is_none();
        ui.add_enabled_ui(can, |ui| command_button(ui, &Command::RestartFlows, None, commands));
        let [phase, steps] = standing(model, Palette::in_ui(ui));
        let width = |text: &RichText| {
            let text = egui::WidgetText::from(text.clone());
            text.into_galley(ui, None, f32::INFINITY, egui::TextStyle::Body).size().x
        };
        let needed = width(&phase) + width(&steps) + 2.0 * ui.spacing().item_spacing.x;
        // where there is no room, the button on the left and the line of facts say the same
        if needed <= ui.available_size_before_wrap().x {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.label(phase);
                ui.label(steps);
            });
        }
    });
}

fn play_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let (text, says) = if model.is_playing() { ("❚❚ Pause", "Pause") } else { ("▶ Play", "Play") };
    ui.add_enabled_ui(model.can_go_on(), |ui| {
        let size = vec2(78.0, ui.spacing().interact_size.y);
        let response = ui.add_sized(size, Button::new(text));
        name(&response, says);
        if response.on_hover_text(Command::PlayPause.tooltip()).clicked() {
            commands.push(Command::PlayPause);
        }
    });
}

fn eta_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    // the tour's sliders change the preset that runs; the range stays
    let preset = if model.tour.guides { &model.presets[model.preset].1 } else { model.current() };
    let preset = preset.optimizer.eta;
    let steered = model.steered_eta();
    let (low, high) = ((preset / ETA_REACH).min(steered), (preset * ETA_REACH).max(steered));
    let mut eta = steered;
    let named = Command::SetEta(eta);
    let slider = Slider::new(&mut eta, low..=high)
        .logarithmic(true)
        .clamping(SliderClamping::Never)
        // half a number is another number: it counts when it is whole
        .update_while_editing(false)
        .custom_formatter(|eta, _| short(eta));
    let lacking = (NARROW - ui.ctx().content_rect().width()).max(0.0);
    if slider_ui(ui, &named, (ETA_WIDTH - lacking).max(40.0), slider).changed() {
        commands.push(Command::SetEta(eta));
    }
}

/// A slider behind the command's name.
pub(super) fn slider_ui(ui: &mut Ui, command: &Command, width: f32, slider: Slider) -> Response {
    let label = ui.label(command.name());
    let response = ui.scope(|ui| {
        ui.spacing_mut().slider_width = width;
        ui.add(slider)
    });
    response.inner.labelled_by(label.id).on_hover_text(command.tooltip())
}

/// What goes on: a run, or the playing of a recording.
pub(super) fn running(model: &Model, palette: &Palette) -> (&'static str, Color32) {
    if model.recording.is_some() {
        ("● RECORDED", palette.eta_change)
    } else {
        ("● LIVE", palette.trouble)
    }
}

/// Where the run stands: its phase and its steps.
fn standing(model: &Model, palette: &Palette) -> [RichText; 2] {
    let (text, color) = match &model.phase {
        Phase::Training => {
            let (badge, color) = running(model, palette);
            (badge.to_owned(), color)
        }
        Phase::Paused => ("paused".to_owned(), palette.faint_text),
        Phase::Ended(ending) => (format!("{ending}"), palette.faint_text),
        Phase::Failed => ("failed".to_owned(), palette.trouble),
    };
    // steps are counted from 0: the last of 60 is step 59
    let all = format!("{} in all", grouped(model.current().run.steps));
    let steps = match model.history.rows() {
        0 => all,
        rows => format!("step {} · {all}", grouped(rows - 1)),
    };
    [RichText::new(text).color(color).strong(), RichText::new(steps).strong()]
}

/// A number with a thin space between thousands.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}

/// Four significant digits, without trailing zeros.
pub(super) fn short(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let exponent = value.abs().log10().floor();
    if !(-4.0..6.0).contains(&exponent) {
        return format!("{value:.2e}");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 7")]
    let decimals = (3.0 - exponent).max(0.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A button that sends a command, under the command's name unless `text` says something shorter.
pub(super) fn command_button(
    ui: &mut Ui,
    command: &Command,
    text: Option<&str>,
    commands: &mut Vec<Command>,
) {
    let response = ui.button(text.unwrap_or(command.name()));
    name(&response, &command.full_name());
    if response.on_hover_text(command.tooltip()).clicked() {
        commands.push(command.clone());
    }
}

/// A mark that sends a command.
pub(super) fn toggle_ui(ui: &mut Ui, command: &Command, on: bool, commands: &mut Vec<Command>) {
    let mut on = on;
    if ui.checkbox(&mut on, command.name()).on_hover_text(command.tooltip()).clicked() {
        commands.push(command.clone());
    }
}

/// Gives a button its accessible name.
fn name(response: &Response, name: &str) {
    response.widget_info(|| WidgetInfo::labeled(Role::Button, response.enabled(), name));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_grouped() {
        assert_eq!(short(16.666_67), "16.67");
        assert_eq!(short(0.12), "0.12");
        assert_eq!(short(1000.0), "1000");
        assert_eq!(short(1.25e-7), "1.25e-7");
        assert_eq!(grouped(1_234_567), "1\u{2009}234\u{2009}567");
        assert_eq!(grouped(12), "12");
    }
}
