//! Controls shared by several views.

use crate::app::command::Command;
use egui::{Response, Role, Slider, Ui, WidgetInfo};

/// A slider preceded by the command's name.
pub(crate) fn slider_ui(ui: &mut Ui, command: &Command, width: f32, slider: Slider) -> Response {
    let label = ui.label(command.name());
    let response = ui.scope(|ui| {
        ui.spacing_mut().slider_width = width;
        ui.add(slider)
    });
    response.inner.labelled_by(label.id).on_hover_text(command.tooltip())
}

/// A number with a thin space between thousands.
pub(crate) fn grouped(number: usize) -> String {
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
pub(crate) fn short(value: f64) -> String {
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

/// A button that sends a command, labelled with the command's name unless `text` gives a shorter label.
pub(crate) fn command_button(
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

/// A check mark that sends a command.
pub(crate) fn toggle_ui(ui: &mut Ui, command: &Command, on: bool, commands: &mut Vec<Command>) {
    let mut on = on;
    if ui.checkbox(&mut on, command.name()).on_hover_text(command.tooltip()).clicked() {
        commands.push(command.clone());
    }
}

/// Gives a button its accessible name.
pub(crate) fn name(response: &Response, name: &str) {
    response.widget_info(|| WidgetInfo::labeled(Role::Button, response.enabled(), name));
}
