//! The form of the forks: a small tree, and the learning rate of the next fork.

use crate::app::command::Command;
use crate::app::state::Model;
use crate::app::state::form::{ForkForm, FormEdit};
use crate::app::state::phase::RunPhase;
use crate::app::view::widgets::{command_button, grouped, short};
use crate::picture::chart::trace::OVERLAY_SIGNS;
use crate::picture::style::theme::Palette;
use crate::run::live::fork::Fork;
use egui::{DragValue, RichText, Ui};

/// Indentation of a fork relative to its parent run, in points.
const INDENT: f32 = 18.0;

/// The tree, and the controls for the next fork.
pub(super) fn fields_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let mut form = model.forms.fork;
    ui.label("The run to steer (η, restart of the flows, saving) and to leave:");
    let rows = grouped(model.runs.first.history.rows());
    ui.radio_value(
        &mut form.parent,
        None,
        format!("η = {}, the run itself · {rows} steps", short(model.runs.first.eta())),
    );
    branch_ui(ui, model, None, 1, &mut form, commands);
    for (place, run) in model.runs.compared.iter().enumerate() {
        ui.horizontal(|ui| {
            let sign = OVERLAY_SIGNS[(model.runs.forks.list().len() + place) % OVERLAY_SIGNS.len()];
            ui.label(format!("{sign} {}", run.label));
            let state = format!("saved run · {} steps", grouped(run.history.rows()));
            ui.label(RichText::new(state).color(Palette::in_ui(ui).faint_text));
            command_button(ui, &Command::CloseCompared(place), Some("✕"), commands);
        });
    }
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        ui.label(format!("at step {},", grouped(model.departure())));
        let label = ui.label("η of the fork");
        let speed = 0.002 * form.eta.abs().max(1e-9);
        let field = DragValue::new(&mut form.eta).speed(speed).max_decimals(9).update_while_editing(false);
        ui.add(field).labelled_by(label.id);
        ui.label(format!("2/η = {}", short(2.0 / form.eta)));
        let ready = model.runs.first.history.rows() > 0 && model.runs.first.phase != RunPhase::Failed;
        ui.add_enabled_ui(ready, |ui| command_button(ui, &Command::Fork, None, commands));
    });
    if form != model.forms.fork {
        commands.push(Command::Edit(FormEdit::Fork(form)));
    }
}

/// The forks of a run, and recursively their forks.
fn branch_ui(
    ui: &mut Ui,
    model: &Model,
    parent: Option<usize>,
    depth: u8,
    form: &mut ForkForm,
    commands: &mut Vec<Command>,
) {
    for (place, fork) in model.runs.forks.list().iter().enumerate().filter(|(_, fork)| fork.parent == parent)
    {
        ui.horizontal(|ui| {
            ui.add_space(INDENT * f32::from(depth));
            let sign = OVERLAY_SIGNS[place % OVERLAY_SIGNS.len()];
            ui.radio_value(&mut form.parent, Some(fork.id), format!("{sign} {}", fork.label()));
            ui.label(RichText::new(state(fork)).color(Palette::in_ui(ui).faint_text));
            command_button(ui, &Command::CloseFork(fork.id), Some("✕"), commands);
        });
        branch_ui(ui, model, Some(fork.id), depth + 1, form, commands);
    }
}

fn state(fork: &Fork) -> String {
    match &fork.end {
        None => format!("{} steps", grouped(fork.history.rows())),
        Some(Ok(ending)) => format!("{ending} at {}", grouped(fork.history.rows())),
        Some(Err(reason)) => reason.clone(),
    }
}
