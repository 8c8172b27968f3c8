//! One step, term by term: the equation, and each term's size and components as bars.

use super::equation::{TermEquation, term_text};
use super::{ROW_HEIGHT, bar, inspected, note, short, signed, write};
use crate::picture::style::theme::Palette;
use crate::picture::view::pointing::point_at;
use crate::picture::view::run_view::RunView;
use crate::picture::view::source::LineSource;
use crate::run::analysis::validity::remainder_of_predicted;
use crate::run::record::series::Series;
use brink_core::dynamics::inspection::{Center, Extents, Inspection, Term};
use egui::{Align2, Id, Rect, Sense, Ui, WidgetInfo, pos2, vec2};

/// Width of the names left of the bars.
const NAME_WIDTH: f32 = 86.0;
/// Width of a number right of a bar.
const NUMBER_WIDTH: f32 = 58.0;
/// Gap between two columns.
const GAP: f32 = 6.0;

/// A column of bars: its header, whether it has a sign, and its values.
type Column = (&'static str, bool, fn(Extents) -> f64);

/// The header of the second column if u is the only critical eigenvector.
const ALONG_U: &str = "along u";

const COLUMNS: [Column; 3] = [
    ("norm", false, |extent| extent.norm),
    (ALONG_U, true, |extent| extent.along_u),
    ("along ∇S", true, |extent| extent.along_nabla_s),
];

/// The line of the plots that shows a term.
fn line(term: Term) -> Option<LineSource> {
    match term {
        Term::Gradient => Some(LineSource::Recorded(Series::GdGradNormSq)),
        Term::Oscillation => Some(LineSource::Recorded(Series::Displacement(0))),
        Term::Push => Some(LineSource::Recorded(Series::GdLambda(0))),
        Term::Orthogonal => Some(LineSource::Recorded(Series::DistanceGdCf)),
        Term::Remainder => None,
    }
}

/// A one-word name of a term.
fn name(term: Term) -> &'static str {
    match term {
        Term::Gradient => "gradient",
        Term::Oscillation => "oscillation",
        Term::Push => "push (cubic)",
        Term::Orthogonal => "across u",
        Term::Remainder => "remainder",
    }
}

/// Every term and its size, for screen readers.
fn spoken(inspection: &Inspection) -> String {
    let expansion = &inspection.expansion;
    let words = Term::ALL.map(|term| {
        let text = term_text(term, inspection.center, expansion.x.len());
        format!("{text} has norm {}", short(expansion.term(term).norm))
    });
    words.join("; ")
}

/// The term that has the keyboard focus; `rects` are the rectangles of the names.
fn focused(ui: &Ui, inspection: &Inspection, id: Id, rects: [Rect; Term::ALL.len()]) -> Option<Term> {
    let expansion = &inspection.expansion;
    let focused = Term::ALL.into_iter().zip(rects).find(|&(term, rect)| {
        let named = ui.interact(rect, id.with(("term", term as usize)), Sense::focusable_noninteractive());
        named.widget_info(|| {
            let text = term_text(term, inspection.center, expansion.x.len());
            let norm = short(expansion.term(term).norm);
            WidgetInfo::labeled(egui::Role::Label, true, format!("Term {text}: {norm}"))
        });
        named.has_focus()
    });
    focused.map(|(term, _)| term)
}

pub(super) fn terms_ui(ui: &mut Ui, view: &RunView) {
    let Some(inspection) = inspected(ui, view) else { return };
    let expansion = &inspection.expansion;
    let palette = Palette::in_ui(ui);
    let (around, there) = match inspection.center {
        Center::CentralFlow => ("the central flow w(t)", "w(t)"),
        Center::Average => ("its own mean ⟨w⟩ = (w₋₁ + 2w + w₊₁)/4, no central flow runs", "⟨w⟩"),
    };
    let x: Vec<String> = expansion.x.iter().map(|&x| signed(x)).collect();
    note(
        ui,
        &format!(
            "Step {} of gradient descent around {around}: x = {}, S({there}) = {}, d = the part of w − {there} across u, norms below",
            inspection.step,
            x.join(", "),
            short(inspection.lambda[0]),
        ),
    );
    let width = ui.available_width();
    let equation = TermEquation::new(ui, expansion, inspection.center, width);
    let rows = Term::ALL.len() as f32 + 1.0;
    let size = vec2(width, equation.size.y + 8.0 + (rows + 1.0) * ROW_HEIGHT);
    let (whole, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, spoken(inspection)));
    let bars = Rect::from_min_max(pos2(whole.left(), whole.top() + equation.size.y + 8.0), whole.max);
    let row = |number: usize| {
        let top = bars.top() + (number as f32 + 1.0) * ROW_HEIGHT;
        Rect::from_x_y_ranges(bars.x_range(), top..=top + ROW_HEIGHT)
    };
    let pointed = response.hover_pos().filter(|_| view.controls).and_then(|at| {
        let in_bars =
            Term::ALL.into_iter().enumerate().find(|(i, _)| row(*i).contains(at)).map(|(_, term)| term);
        equation.term_at((at - whole.min).to_pos2()).or(in_bars)
    });
    let rects = Term::ALL.map(|term| row(term as usize).with_max_x(bars.left() + NAME_WIDTH));
    let pointed = pointed.or(focused(ui, inspection, response.id, rects).filter(|_| view.controls));
    if let Some(line) = pointed.and_then(line) {
        point_at(ui.ctx(), line);
    }
    equation.draw(ui.painter(), palette, whole.min, pointed);

    let painter = ui.painter();
    let column_width = ((width - NAME_WIDTH) / COLUMNS.len() as f32 - GAP).max(NUMBER_WIDTH);
    // if only numbers fit, there are no bars
    let bar_width = column_width - NUMBER_WIDTH - 4.0;
    for (c, (head, has_sign, value)) in COLUMNS.into_iter().enumerate() {
        let left = bars.left() + NAME_WIDTH + c as f32 * (column_width + GAP);
        let head_at = pos2(left, bars.top() + 0.5 * ROW_HEIGHT);
        let head = if head == ALONG_U && expansion.x.len() > 1 { "along u₁" } else { head };
        write(painter, Align2::LEFT_CENTER, head_at, head, palette.faint_text);
        let values = Term::ALL.map(|term| value(expansion.term(term)));
        let whole_step = value(expansion.step);
        let most =
            values.iter().chain([&whole_step]).map(|v| v.abs()).filter(|v| v.is_finite()).fold(0.0, f64::max);
        let draw = |number: usize, value: f64, color: egui::Color32| {
            let line = row(number);
            if bar_width > 4.0 {
                let room = Rect::from_x_y_ranges(left..=left + bar_width, line.y_range());
                bar(painter, room, value, most, has_sign, color);
            }
            let text = if has_sign { signed(value) } else { short(value) };
            write(
                painter,
                Align2::RIGHT_CENTER,
                pos2(left + column_width, line.center().y),
                &text,
                palette.text,
            );
        };
        for (i, term) in Term::ALL.into_iter().enumerate() {
            draw(i, values[i], palette.term(term));
        }
        draw(Term::ALL.len(), whole_step, palette.faint_text);
    }
    for (i, term) in Term::ALL.into_iter().enumerate() {
        let line = row(i);
        if pointed == Some(term) {
            painter.rect_filled(line, 2.0, palette.term(term).gamma_multiply(0.12));
        }
        write(
            painter,
            Align2::LEFT_CENTER,
            pos2(line.left() + 2.0, line.center().y),
            name(term),
            palette.text,
        );
    }
    let line = row(Term::ALL.len());
    painter.hline(line.x_range(), line.top(), (1.0, palette.grid));
    write(painter, Align2::LEFT_CENTER, pos2(line.left() + 2.0, line.center().y), "whole step", palette.text);
    let trace = view.history.value(Series::CfSigmaTrace, inspection.step);
    let of_predicted =
        Some(100.0 * remainder_of_predicted(inspection, trace)).filter(|share| share.is_finite());
    note(
        ui,
        &format!(
            "remainder: {:.1}% of what the terms after the first make up{}",
            100.0 * expansion.relative_remainder(),
            of_predicted.map_or(String::new(), |share| format!(", {share:.1}% of the predicted oscillation")),
        ),
    );
}
