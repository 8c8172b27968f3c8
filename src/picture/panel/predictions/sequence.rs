//! A sequence: its tokens, their targets and the network's predictions, position by position.

use super::processes;
use crate::picture::style::theme::{self, Palette, Role};
use crate::picture::view::ViewChange;
use crate::picture::view::choice::Choice;
use crate::picture::view::run_view::RunView;
use crate::run::record::predictions::PredictedOutput;
use crate::run::record::predictions::store::Predictions;
use egui::{Align2, Rect, Sense, StrokeKind, Ui, WidgetInfo, pos2, vec2};

/// Width of the names left of the tokens.
const NAMES: f32 = 50.0;
/// Maximum width of a cell of a token.
const CELL: f32 = 30.0;

/// The positions of a sequence side by side.
pub(super) fn sequence_ui(
    ui: &Ui,
    rect: Rect,
    (view, found): (&RunView, &Predictions),
    chosen: PredictedOutput,
    (tokens, step): (&[usize], Option<usize>),
    changes: &mut Vec<ViewChange>,
) {
    let palette = Palette::in_ui(ui);
    let examples = found.examples();
    let labels = &examples.list[chosen.example].labels;
    let processes = processes(view, palette);
    let mut lines: Vec<(String, Vec<Option<usize>>, egui::Color32)> = vec![
        ("input".into(), tokens.iter().copied().map(Some).collect(), palette.text),
        ("target".into(), labels.clone(), palette.text),
    ];
    for (process, name, color) in processes {
        let said = |row| {
            let outputs = found.row(PredictedOutput { process, row, column: 0, ..chosen }, step?)?;
            examples.predicted(&outputs).filter(|_| labels[row].is_some())
        };
        lines.push((format!("{name} says"), (0..examples.rows).map(said).collect(), color));
    }
    let height = (rect.height() / lines.len() as f32).min(20.0);
    let width = ((rect.width() - NAMES) / examples.rows.max(tokens.len()) as f32).min(CELL);
    if width < 4.0 {
        return;
    }
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    for row in 0..examples.rows {
        let left = rect.left() + NAMES + row as f32 * width;
        let cell = Rect::from_min_size(pos2(left, rect.top()), vec2(width, height * lines.len() as f32));
        let sense = if view.controls { Sense::click() } else { Sense::hover() };
        let response = ui.interact(cell, ui.scope_id().with(("position", row)), sense);
        let at =
            |line: usize| lines[line].1.get(row).copied().flatten().map_or("–".into(), |t| t.to_string());
        let said: Vec<String> =
            (0..lines.len()).map(|line| format!("{} {}", lines[line].0, at(line))).collect();
        let words = format!("position {}: {}", row + 1, said.join(", "));
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &words));
        if response.clicked() {
            let example = chosen.example;
            changes.push(ViewChange::ShowPrediction(Choice { example, row: Some(row), column: None }));
        }
        if row == chosen.row {
            painter.rect_filled(cell, 2.0, palette.grid);
            painter.rect_stroke(cell, 2.0, (1.0, palette.frame), StrokeKind::Inside);
        }
    }
    for (place, (name, values, color)) in lines.iter().enumerate() {
        let y = rect.top() + (place as f32 + 0.5) * height;
        painter.text(pos2(rect.left(), y), Align2::LEFT_CENTER, name, theme::label_font(), *color);
        for (row, value) in values.iter().enumerate() {
            let at = pos2(rect.left() + NAMES + (row as f32 + 0.5) * width, y);
            let wrong = place > 1 && value.is_some() && labels.get(row).copied().flatten() != *value;
            let color = match value {
                None => palette.faint_text,
                Some(_) if wrong => palette.color(Role::GradientFlow),
                Some(_) => *color,
            };
            let text = value.map_or("·".to_owned(), |token| token.to_string());
            painter.text(at, Align2::CENTER_CENTER, text, theme::label_font(), color);
            if wrong {
                // distinguishable without colour
                painter.hline(at.x - 5.0..=at.x + 5.0, at.y + 7.0, (1.2, color));
            }
        }
    }
}
