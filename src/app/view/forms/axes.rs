//! Axis ranges set by hand: for the steps, and for the values of every panel.

use crate::app::command::Command;
use crate::app::state::Model;
use crate::app::view::widgets::{command_button, short};
use crate::picture::chart::shown_range;
use crate::picture::view::ViewChange;
use crate::picture::view::panel::Panel;
use crate::picture::view::run_view::RunView;
use egui::{DragValue, Grid, Ui, vec2};

/// Spacing of columns and rows.
const SPACING: egui::Vec2 = vec2(12.0, 6.0);

/// One row for the steps, and one row per panel.
pub(super) fn fields_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    Grid::new("axes").num_columns(4).spacing(SPACING).show(ui, |ui| {
        for heading in ["Axis", "By hand", "From", "To"] {
            ui.strong(heading);
        }
        ui.end_row();
        let overlays = model.overlays();
        let whole = RunView { overlays: &overlays, ..model.run_view() }.steps();
        if let Some(steps) = row_ui(ui, "Steps", model.view.plots.visible, whole) {
            commands.push(Command::View(ViewChange::Show(steps)));
        }
        for panel in Panel::PLOTS {
            let shown = shown_range(ui.ctx(), panel).unwrap_or([0.0, 1.0]);
            if let Some(range) = row_ui(ui, panel.title(), model.view.plots.range(panel), shown) {
                commands.push(Command::View(ViewChange::SetRange(panel, range)));
            }
        }
    });
    ui.add_space(6.0);
    command_button(ui, &Command::FollowRun, Some("All axes automatic"), commands);
}

/// A range set by hand, or none; returns the new setting if it changes.
#[expect(clippy::option_option, reason = "no change, a change to automatic, a change to a range")]
fn row_ui(ui: &mut Ui, name: &str, by_hand: Option<[f64; 2]>, shown: [f64; 2]) -> Option<Option<[f64; 2]>> {
    let mut set = by_hand.is_some();
    let [mut low, mut high] = by_hand.unwrap_or(shown);
    ui.label(name);
    let mark = ui.checkbox(&mut set, "");
    mark.widget_info(|| {
        egui::WidgetInfo::selected(egui::Role::CheckBox, true, set, format!("{name}: by hand"))
    });
    let mut changed = mark.changed();
    let speed = ((high - low).abs() / 200.0).max(1e-12);
    for (value, end) in [(&mut low, "from"), (&mut high, "to")] {
        let field = DragValue::new(value)
            .speed(speed)
            .custom_formatter(|value, _| short(value))
            .update_while_editing(false);
        let response = ui.add_sized(vec2(90.0, 20.0), field);
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::SpinButton, true, format!("{name}: {end}"))
        });
        if response.changed() {
            (changed, set) = (true, true);
        }
    }
    ui.end_row();
    // while a new range is being typed, its first number may not fit the old second number
    (changed && (!set || low < high)).then_some(set.then_some([low, high]))
}
