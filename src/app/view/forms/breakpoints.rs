//! The form of the breakpoints.

use crate::app::command::Command;
use crate::app::state::Model;
use crate::app::state::form::FormEdit;
use crate::picture::style::theme::Palette;
use crate::run::engine::breakpoint::Breakpoint;
use egui::{DragValue, RichText, Ui};

/// One check mark per breakpoint, and the steps at which the run has stopped.
pub(super) fn fields_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let mut form = model.forms.breakpoint;
    ui.label("The run pauses behind the step at which");
    let tracked = model.current().eigen.max_tracked;
    let further = Breakpoint::AtEdge { k: form.k.min(tracked) };
    let spike = Breakpoint::LossSpike { factor: form.factor };
    let step = Breakpoint::Step(form.step);
    let always = [Breakpoint::AtEdge { k: 1 }, Breakpoint::OscillationPeak, Breakpoint::Divergence];
    for breakpoint in always {
        mark_ui(ui, model, breakpoint, commands);
    }
    // breakpoints set with other numbers than those offered below
    let offered = always.into_iter().chain([further, spike, step]).collect::<Vec<_>>();
    for other in model.runs.breakpoints.iter().filter(|set| !offered.contains(set)) {
        mark_ui(ui, model, *other, commands);
    }
    if tracked > 1 {
        ui.horizontal(|ui| {
            mark_ui(ui, model, further, commands);
            let field = DragValue::new(&mut form.k).range(2..=tracked).speed(0.05).prefix("λ");
            let response = ui.add(field.update_while_editing(false));
            response.widget_info(|| {
                egui::WidgetInfo::labeled(egui::Role::SpinButton, true, "Eigenvalue to wait for")
            });
        });
    }
    ui.horizontal(|ui| {
        mark_ui(ui, model, spike, commands);
        let field =
            DragValue::new(&mut form.factor).range(1.01..=1e6).speed(0.01).update_while_editing(false);
        let response = ui.add(field);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::SpinButton, true, "Factor of a spike"));
    });
    ui.horizontal(|ui| {
        mark_ui(ui, model, step, commands);
        let response = ui.add(DragValue::new(&mut form.step).update_while_editing(false));
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::SpinButton, true, "Step to stop at"));
    });
    if form != model.forms.breakpoint {
        commands.push(Command::Edit(FormEdit::Breakpoint(form)));
    }
    if !model.runs.first.hits.is_empty() {
        ui.add_space(6.0);
        ui.strong("Stopped so far");
        for hit in model.runs.first.hits.iter().rev().take(8) {
            ui.label(RichText::new(hit.to_string()).color(Palette::in_ui(ui).faint_text));
        }
    }
}

fn mark_ui(ui: &mut Ui, model: &Model, breakpoint: Breakpoint, commands: &mut Vec<Command>) {
    let command = Command::ToggleBreakpoint(breakpoint);
    let mut set = model.runs.breakpoints.contains(&breakpoint);
    if ui.checkbox(&mut set, breakpoint.to_string()).on_hover_text(command.tooltip()).clicked() {
        commands.push(command);
    }
}
