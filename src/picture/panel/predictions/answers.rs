//! All outputs of an example at one step: a column each, with a bar for gradient descent and a level for the central
//! flow.

use super::{input, processes};
use crate::picture::style::theme::{self, Palette, Role};
use crate::picture::view::ViewChange;
use crate::picture::view::choice::Choice;
use crate::picture::view::run_view::RunView;
use crate::run::record::predictions::store::Predictions;
use crate::run::record::predictions::{ExampleKind, Examples, PredictedOutput};
use brink_core::dynamics::Process;
use egui::{Align2, Painter, Rect, Sense, Ui, WidgetInfo, pos2, vec2};

/// Height of the names below the columns.
const NAMES: f32 = 14.0;
/// Maximum number of columns side by side; others are reached by the buttons.
const MOST_COLUMNS: usize = 24;
/// Columns narrower than this have no name.
const NAMED: f32 = 9.0;

/// The outputs of the chosen row at a step.
pub(super) fn answers_ui(
    ui: &Ui,
    rect: Rect,
    (view, found): (&RunView, &Predictions),
    chosen: PredictedOutput,
    step: Option<usize>,
    changes: &mut Vec<ViewChange>,
) {
    let examples = found.examples();
    let Some(step) = step.filter(|_| rect.width() > 40.0 && rect.height() > 40.0) else { return };
    let rows: Vec<_> = processes(view, Palette::in_ui(ui))
        .into_iter()
        .filter_map(|(process, name, color)| {
            let outputs = found.row(PredictedOutput { process, column: 0, ..chosen }, step)?;
            Some((process, name, color, outputs))
        })
        .collect();
    if examples.columns == 1 {
        let words = rows.iter().map(|(_, name, _, outputs)| format!("{name}  {}", input::short(outputs[0])));
        let words: Vec<String> = std::iter::once(format!("at step {step}")).chain(words).collect();
        return input::text_ui(ui, rect, &words.join("\n"));
    }
    let columns = examples.columns.min(MOST_COLUMNS);
    let extent = rows.iter().flat_map(|(.., outputs)| outputs).filter(|x| x.is_finite());
    let (low, high) = extent.fold((0.0_f64, 1.0_f64), |(low, high), &x| (low.min(x), high.max(x)));
    let bars = Rect::from_min_max(rect.min, pos2(rect.right(), rect.bottom() - NAMES));
    let height = |value: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "a share")]
        let share = ((value - low) / (high - low)) as f32;
        bars.bottom() - share.clamp(0.0, 1.0) * bars.height()
    };
    let width = (rect.width() / columns as f32).min(30.0);
    let palette = Palette::in_ui(ui);
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    for column in 0..columns {
        let left = rect.left() + column as f32 * width;
        let cell = Rect::from_min_max(pos2(left, rect.top()), pos2(left + width, rect.bottom()));
        let sense = if view.controls { Sense::click() } else { Sense::hover() };
        let response = ui.interact(cell, ui.scope_id().with(("output", column)), sense);
        let words = words(examples, chosen, column, step, &rows);
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &words));
        if response.clicked() {
            let PredictedOutput { example, row, .. } = chosen;
            changes.push(ViewChange::ShowPrediction(Choice {
                example,
                row: Some(row),
                column: Some(column),
            }));
        }
        let right = examples.list[chosen.example].labels[chosen.row] == Some(column);
        if column == chosen.column {
            painter.rect_filled(cell, 2.0, palette.grid);
        }
        for (process, _, color, outputs) in &rows {
            let (value, slot) = (outputs[column], cell.shrink2(vec2(0.16 * width, 0.0)));
            if !value.is_finite() {
                continue;
            }
            let (zero, top) = (height(0.0), height(value));
            if *process == Process::CentralFlow {
                painter.hline(slot.expand2(vec2(0.1 * width, 0.0)).x_range(), top, (2.0, *color));
            } else {
                let bar = Rect::from_x_y_ranges(slot.x_range(), zero.min(top)..=zero.max(top));
                painter.rect_filled(bar, 1.0, *color);
            }
        }
        name(&painter, palette, cell, (column, right));
    }
    painter.hline(
        rect.left()..=rect.left() + width * columns as f32,
        height(0.0),
        (1.0, palette.color(Role::Threshold).gamma_multiply(0.6)),
    );
    if view.controls {
        let all = Rect::from_min_max(rect.min, pos2(rect.left() + width * columns as f32, rect.bottom()));
        let _ = ui.interact(all, ui.scope_id().with("outputs"), Sense::hover());
    }
    legend(&painter, palette, rect, rect.left() + width * columns as f32, step, examples.kind);
}

/// The class below a column; the correct one is framed.
fn name(painter: &Painter, palette: &Palette, cell: Rect, (column, right): (usize, bool)) {
    if cell.width() < NAMED {
        return;
    }
    let at = pos2(cell.center().x, cell.bottom() - 0.5 * NAMES);
    if right {
        let frame = Rect::from_center_size(at, vec2(cell.width().min(15.0), NAMES - 1.0));
        painter.rect_stroke(frame, 2.0, (1.4, palette.color(Role::Eigen(2))), egui::StrokeKind::Inside);
    }
    painter.text(at, Align2::CENTER_CENTER, column.to_string(), theme::tick_font(), palette.text);
}

/// The legend of bars and levels, right of the columns if there is room.
fn legend(painter: &Painter, palette: &Palette, rect: Rect, from: f32, step: usize, kind: ExampleKind) {
    let what = if kind == ExampleKind::Probabilities { "probabilities" } else { "outputs" };
    let words = format!("{what}\nat step {step}\nbar: GD\nlevel: CF\nframed: label");
    let galley = painter.layout_no_wrap(words, theme::tick_font(), palette.faint_text);
    if from + 10.0 + galley.size().x <= rect.right() {
        painter.galley(pos2(from + 10.0, rect.top()), galley, palette.faint_text);
    }
}

/// Description of a column for screen readers.
fn words(
    examples: &Examples,
    chosen: PredictedOutput,
    column: usize,
    step: usize,
    rows: &[(Process, &'static str, egui::Color32, Vec<f64>)],
) -> String {
    let what = super::output_name(examples, PredictedOutput { column, ..chosen });
    let values = rows.iter().map(|(_, name, _, outputs)| format!("{name} {}", input::short(outputs[column])));
    format!("{what} at step {step}: {}", values.collect::<Vec<_>>().join(", "))
}
