//! The layout and the controls of the window: views of a read-only [`Model`] that return [`Command`]s.

pub(crate) use super::widgets::command_button;
use super::widgets::{grouped, name, short, slider_ui};

use super::speed::speed_ui;

use crate::app::command::Command;
use crate::app::state::Model;
use crate::app::state::phase::RunPhase;
use crate::picture::style::theme::Palette;
use egui::{Align, Button};

use egui::Color32;

use egui::Layout;

use egui::{RichText, Slider, SliderClamping, Ui, vec2};

/// The factor by which the η slider extends to either side of the preset's η.
const ETA_REACH: f64 = 10.0;

/// Width of that slider, and the window width below which it is narrower, in points.
const ETA_WIDTH: f32 = 170.0;
const NARROW: f32 = 965.0;

/// The controls of the run's progress.
pub(crate) fn transport_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        let live = matches!(model.runs.first.phase, RunPhase::Training | RunPhase::Paused);
        let can_go_on = model.can_go_on();
        if can_go_on || !model.has_taken_all() {
            play_ui(ui, model, commands);
        }
        if model.has_taken_all() {
            command_button(ui, &Command::MoreSteps, Some("▶ More steps"), commands);
        }
        let recorded = model.runs.first.history.rows() > 1;
        ui.add_enabled_ui(recorded, |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            command_button(ui, &Command::ToStart, Some("|◀"), commands);
            command_button(ui, &Command::StepBack, Some("◀"), commands);
        });
        ui.add_enabled_ui(can_go_on || model.view.plots.cursor.is_some(), |ui| {
            command_button(ui, &Command::StepForward, Some("▶ Step"), commands);
        });
        ui.add_enabled_ui(recorded, |ui| command_button(ui, &Command::ToEnd, Some("▶|"), commands));
        ui.separator();
        speed_ui(ui, model, commands);
        ui.separator();
        eta_ui(ui, model, commands);
        let whose = model.forms.fork.parent.map_or("", |_| " (fork)");
        ui.label(format!("2/η = {}{whose}", short(2.0 / model.steered_eta())));
        ui.separator();
        let flows = model.runs.first.history.has(crate::run::record::series::Series::CfLoss)
            || model.runs.first.history.has(crate::run::record::series::Series::GfLoss);
        let can = live && flows && model.runs.recording.is_none();
        ui.add_enabled_ui(can, |ui| command_button(ui, &Command::RestartFlows, None, commands));
        let [phase, steps] = standing(model, Palette::in_ui(ui));
        let width = |text: &RichText| {
            let text = egui::WidgetText::from(text.clone());
            text.into_galley(ui, None, f32::INFINITY, egui::TextStyle::Body).size().x
        };
        let needed = width(&phase) + width(&steps) + 2.0 * ui.spacing().item_spacing.x;
        // if there is no room, the button on the left and the line of facts give the same information
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
    // the tour's sliders change the current preset; the range of the slider stays
    let preset = if model.tour.guides { &model.runs.presets[model.runs.preset].1 } else { model.current() };
    let preset = preset.optimizer.eta;
    let steered = model.steered_eta();
    let (low, high) = ((preset / ETA_REACH).min(steered), (preset * ETA_REACH).max(steered));
    let mut eta = steered;
    let named = Command::SetEta(eta);
    let slider = Slider::new(&mut eta, low..=high)
        .logarithmic(true)
        .clamping(SliderClamping::Never)
        // a partly typed number would be a different number, so it takes effect only when complete
        .update_while_editing(false)
        .custom_formatter(|eta, _| short(eta));
    let lacking = (NARROW - ui.ctx().content_rect().width()).max(0.0);
    if slider_ui(ui, &named, (ETA_WIDTH - lacking).max(40.0), slider).changed() {
        commands.push(Command::SetEta(eta));
    }
}

/// The label of what is running: a run, or the playback of a recording.
pub(super) fn running(model: &Model, palette: &Palette) -> (&'static str, Color32) {
    if model.runs.recording.is_some() {
        ("● RECORDED", palette.eta_change)
    } else {
        ("● LIVE", palette.trouble)
    }
}

/// The progress of the run: its phase and its steps.
fn standing(model: &Model, palette: &Palette) -> [RichText; 2] {
    let (text, color) = match &model.runs.first.phase {
        RunPhase::Training => {
            let (badge, color) = running(model, palette);
            (badge.to_owned(), color)
        }
        RunPhase::Paused => ("paused".to_owned(), palette.faint_text),
        RunPhase::Ended(ending) => (format!("{ending}"), palette.faint_text),
        RunPhase::Failed => ("failed".to_owned(), palette.trouble),
    };
    // steps are counted from 0: the last of 60 is step 59
    let all = format!("{} in all", grouped(model.current().run.steps));
    let steps = match model.runs.first.history.rows() {
        0 => all,
        rows => format!("step {} · {all}", grouped(rows - 1)),
    };
    [RichText::new(text).color(color).strong(), RichText::new(steps).strong()]
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
