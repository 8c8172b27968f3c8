//! Σ and the measured covariance as two small heat maps, and their eigenvalues with the relative error.

use super::{ROW_HEIGHT, note, short, write};
use crate::picture::style::numbers::subscript;
use crate::picture::style::theme::{Palette, Role};
use crate::picture::view::run_view::RunView;
use crate::run::analysis::covariance::Covariance;
use crate::run::analysis::cycles::{Cycle, CycleOutcome};
use egui::{Align2, Color32, Rect, Sense, StrokeKind, Ui, WidgetInfo, pos2, vec2};

/// Largest side of a cell.
const CELL: f32 = 44.0;
/// Steps within this many standard deviations of the smoothing on either side contribute at a step.
const REACH: usize = 2;
/// A cycle of this many standard deviations of the smoothing is visible in a smoothed curve.
const SHORT: f64 = 2.0;
/// Minimum side of a cell that contains its number.
const NUMBER_CELL: f32 = 40.0;

pub(super) fn covariance_ui(ui: &mut Ui, view: &RunView) {
    let Some(step) = view.inspected_step() else { return note(ui, "waiting for the first step") };
    let Some(found) = Covariance::at(view.history, step, view.state.smoothing_steps) else {
        return note(ui, &format!("Step {step}: Σ = 0, no eigenvalue of the central flow is at the edge"));
    };
    note(
        ui,
        &format!(
            "Step {step}, in the basis of Σ’s eigenvectors; measured: products of displacements, smoothed (σ = {} steps)",
            view.state.smoothing_steps
        ),
    );
    let k = found.rank();
    let palette = Palette::in_ui(ui);
    let most = found.predicted.iter().chain(&found.measured).map(|v| v.abs()).filter(|v| v.is_finite());
    let most = most.fold(0.0, f64::max);
    let width = ui.available_width();
    let cell = ((width - 40.0) / (2.0 * k as f32)).min(CELL);
    let side = cell * k as f32;
    let (whole, response) = ui.allocate_exact_size(vec2(width, side + ROW_HEIGHT), Sense::hover());
    response.widget_info(|| {
        WidgetInfo::labeled(egui::Role::Label, true, "heat maps of Σ and of the measured covariance")
    });
    let mut predicted = vec![0.0; k * k];
    (0..k).for_each(|i| predicted[i * k + i] = found.predicted[i]);
    for (m, (name, entries)) in [("Σ", &predicted), ("measured", &found.measured)].into_iter().enumerate() {
        let corner = pos2(whole.left() + m as f32 * (side + 24.0) + 1.0, whole.top() + ROW_HEIGHT);
        let painter = ui.painter();
        let head = pos2(corner.x, whole.top() + 0.5 * ROW_HEIGHT);
        write(painter, Align2::LEFT_CENTER, head, name, palette.text);
        for i in 0..k {
            for j in 0..k {
                let at = corner + vec2(j as f32 * cell, i as f32 * cell);
                let rect = Rect::from_min_size(at, vec2(cell, cell));
                let value = entries[i * k + j];
                painter.rect_filled(rect, 0.0, heat(palette, value, most));
                if cell >= NUMBER_CELL && value != 0.0 {
                    #[expect(clippy::cast_possible_truncation, reason = "a share")]
                    let share = (value / most).abs() as f32;
                    let ink = if share > 0.55 { palette.plot } else { palette.text };
                    let text = format!("{:.2}", value / most).replace('-', "−");
                    write(painter, Align2::CENTER_CENTER, rect.center(), &text, ink);
                }
            }
        }
        let frame = Rect::from_min_size(corner, vec2(side, side));
        painter.rect_stroke(frame, 0.0, (1.0, palette.frame), StrokeKind::Outside);
    }
    note(ui, &format!("entries over the largest, {}; blue is positive, orange negative", short(most)));
    ui.add_space(2.0);
    table_ui(ui, &found);
    if (1..found.rank()).any(|i| found.relative_error(i) > 1.0) {
        let before = step.saturating_sub(4 * view.smoothing_reach());
        let grown = view.history.rank(before) >= found.rank();
        let why = if grown {
            "with several eigenvalues at the edge the variances swing about Σ; smooth over more"
        } else {
            "an oscillation whose eigenvalue has just come to the edge has yet to grow to what Σ predicts"
        };
        note(ui, why);
    }
    if let Some(cycle) = long_cycle(view, step) {
        let takes = if cycle.outcome == CycleOutcome::Open { "so far has taken" } else { "takes" };
        note(
            ui,
            &format!(
                "Σ is an average over whole cycles; what is measured follows a long one, as that from step {} on, which {takes} \
                 {} steps: smooth over more",
                cycle.start(),
                cycle.length()
            ),
        );
    }
}

/// The longest cycle within the smoothing window of a step, if it is too long to be averaged over.
fn long_cycle<'a>(view: &RunView<'a>, step: usize) -> Option<&'a Cycle> {
    let reach = REACH * view.smoothing_reach();
    let seen = step.saturating_sub(reach)..step.saturating_add(reach + 1);
    let is_long = |cycle: &&Cycle| cycle.length() as f64 > SHORT * view.state.smoothing_steps;
    view.curves.cycles().longest(seen).filter(is_long)
}

/// From the background to the colour of a sign.
fn heat(palette: &Palette, value: f64, most: f64) -> Color32 {
    let color = palette.color(Role::Eigen(usize::from(value < 0.0)));
    #[expect(clippy::cast_possible_truncation, reason = "a share")]
    let share = if most > 0.0 && value.is_finite() { (value / most).abs() as f32 } else { 0.0 };
    palette.plot.lerp_to_gamma(color, share)
}

/// A relative error in percent.
fn relative(error: f64) -> String {
    if error.is_nan() {
        "–".to_owned()
    } else if error.abs() >= 10.0 {
        format!("{:+.0}%", 100.0 * error).replace('-', "−")
    } else {
        format!("{:+.1}%", 100.0 * error).replace('-', "−")
    }
}

fn table_ui(ui: &mut Ui, found: &Covariance) {
    let palette = Palette::in_ui(ui);
    let width = ui.available_width().min(360.0);
    let mut row = |cells: [String; 4], color: Color32| {
        let (line, response) = ui.allocate_exact_size(vec2(width, ROW_HEIGHT - 2.0), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, cells.join(" ")));
        for (cell, share) in cells.iter().zip([0.1, 0.42, 0.68, 1.0]) {
            let at = pos2(line.left() + share * width - 2.0, line.center().y);
            write(ui.painter(), Align2::RIGHT_CENTER, at, cell, color);
        }
    };
    row(["", "eigenvalue of Σ", "measured", "relative error"].map(str::to_owned), palette.faint_text);
    for i in 0..found.rank() {
        let error = relative(found.relative_error(i));
        let cells =
            [format!("v{}", subscript(i + 1)), short(found.predicted[i]), short(found.variance(i)), error];
        row(cells, palette.text);
    }
}
