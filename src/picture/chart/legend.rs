//! The header of a plot: its title, a switch for the axis, the meaning of each line with its dash and width, and the
//! other runs that are drawn over this one.

use super::Chart;
use super::scale::AxisScale;
use super::title::title;
use super::trace::OVERLAY_SIGNS;
use crate::picture::style::theme::{self, Dash, Ink, Palette, Role, Weight};
use crate::picture::view::ViewChange;
use crate::picture::view::pointing::point_at;
use crate::picture::view::run_view::RunView;
use crate::picture::view::source::LineSource;
use egui::text::{LayoutJob, TextWrapping};
use egui::{Align2, FontId, Painter, Pos2, Rect, Response, Sense, Shape, Ui, WidgetInfo, pos2, vec2};
use std::sync::Arc;

/// Length of the sample of a line.
const SAMPLE_WIDTH: f32 = 24.0;
/// Gap between a sample and its text.
const GAP: f32 = 5.0;
/// Gap between two entries.
const SPACING: f32 = 12.0;
/// Height of a row of entries.
const ROW_HEIGHT: f32 = 15.0;
/// Rows that are always kept free, so that the plots of neighbouring panels align.
const LEAST_ROWS: usize = 2;
/// Maximum share of a panel's height for the legend; omitted entries are in the read-out.
const LARGEST_SHARE: f32 = 0.35;
/// Height of the title.
const TITLE_HEIGHT: f32 = 18.0;
/// Width kept free next to the title for the unit of the axis and its switch.
const TITLE_REST: f32 = 84.0;

/// The layout of the header of a plot.
pub(super) struct Header {
    title: Rect,
    /// Its lower end.
    pub bottom: f32,
}

/// Writes the unit of the vertical axis next to the title.
pub(super) fn unit(ui: &Ui, header: &Header, scale: &AxisScale) {
    let unit = scale.unit();
    if !unit.is_empty() {
        // next to a title in smaller letters too, there is room for the switch
        let bottom = header.title.bottom().max(header.title.top() + TITLE_HEIGHT - 2.0);
        let at = pos2(header.title.right() + 8.0, bottom - 1.5);
        ui.painter().text(at, Align2::LEFT_BOTTOM, unit, theme::label_font(), Palette::in_ui(ui).faint_text);
    }
}

/// Draws title, switch and legend at the top of `ui`.
pub(super) fn header_ui(ui: &mut Ui, chart: &Chart, view: &RunView, changes: &mut Vec<ViewChange>) -> Header {
    let room = ui.max_rect();
    let palette = Palette::in_ui(ui);
    let title_rect = title(ui, chart.panel, room.min, room.width() - TITLE_REST);
    if view.controls && view.switches && chart.panel.may_be_log() {
        log_switch_ui(ui, chart, view, changes);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few rows")]
    let most = ((LARGEST_SHARE * room.height() / ROW_HEIGHT) as usize).max(LEAST_ROWS);
    let lines = chart.traces.iter().filter(|trace| trace.in_legend && !trace.name.is_empty());
    let lines =
        lines.map(|trace| Entry { ink: trace.ink, name: trace.name.clone(), line: Some(trace.source) });
    let mut rows = entries_ui(ui, view, 0, most, lines).max(LEAST_ROWS);
    if !view.overlays.is_empty() {
        let runs = view.overlays.iter().enumerate().map(|(place, run)| {
            let ink = palette.ink(Role::GradientDescent, Weight::Normal).of_overlay(place);
            let name = format!("{} {}", OVERLAY_SIGNS[place % OVERLAY_SIGNS.len()], run.label);
            Entry { ink, name, line: None }
        });
        rows += entries_ui(ui, view, rows, rows + most, runs);
    }
    Header { title: title_rect, bottom: room.top() + TITLE_HEIGHT + ROW_HEIGHT * rows as f32 }
}

/// A legend entry.
struct Entry {
    ink: Ink,
    name: String,
    /// The line that plots highlight while the entry is pointed at.
    line: Option<LineSource>,
}

/// Draws entries, each with the appearance and the name of its line, from row `first` on and above row `end`; names
/// are abbreviated if there is not enough room. Entries that still find no room become an ellipsis. Returns the
/// number of rows.
fn entries_ui(
    ui: &Ui,
    view: &RunView,
    first: usize,
    end: usize,
    entries: impl Iterator<Item = Entry>,
) -> usize {
    let (room, palette) = (ui.max_rect(), Palette::in_ui(ui));
    let entries: Vec<Entry> = entries.collect();
    let lay = |text: String| {
        let mut job = LayoutJob::simple_singleline(text, theme::label_font(), palette.text);
        job.wrap = TextWrapping::truncate_at_width((room.width() - SAMPLE_WIDTH - GAP).max(0.0));
        ui.painter().layout_job(job)
    };
    let width = |text: &Arc<egui::Galley>| SAMPLE_WIDTH + GAP + text.size().x;
    let rows = end.saturating_sub(first);
    let mut texts: Vec<_> = entries.iter().map(|entry| lay(entry.name.clone())).collect();
    let mut places = flowed(texts.iter().map(width), room.width());
    if places.last().is_some_and(|last| last.0 >= rows) {
        texts = entries.iter().map(|entry| lay(brief(&entry.name))).collect();
        places = flowed(texts.iter().map(width), room.width());
    }
    let at = |(row, x): (usize, f32)| {
        pos2(room.left() + x, room.top() + TITLE_HEIGHT + ROW_HEIGHT * (first + row) as f32)
    };
    let mut last = (0, 0.0);
    for ((entry, text), place) in entries.iter().zip(texts).zip(places) {
        if place.0 >= rows {
            let more = at(last) + vec2(GAP, 0.5 * ROW_HEIGHT);
            ui.painter().text(more, Align2::LEFT_CENTER, "…", theme::label_font(), palette.faint_text);
            break;
        }
        last = (place.0, place.1 + width(&text));
        entry_ui(ui, view, entry, at(place), text);
    }
    last.0 + 1
}

/// Row and left end of entries of these widths, placed one after the other in rows of the given width.
fn flowed(widths: impl Iterator<Item = f32>, room: f32) -> Vec<(usize, f32)> {
    let (mut row, mut x) = (0, 0.0);
    let place = |width: f32| {
        if x + width > room && x > 0.0 {
            (row, x) = (row + 1, 0.0);
        }
        let place = (row, x);
        x += width + SPACING;
        place
    };
    widths.map(place).collect()
}

/// A name without its formula.
fn brief(name: &str) -> String {
    for process in ["central flow", "prediction"] {
        if name.starts_with(process) && !name.contains('λ') {
            return process.to_owned();
        }
    }
    match name.split_once(" smoothed (") {
        Some(("GD", steps)) => format!("smoothed ({}", steps.replace(" steps", "")),
        _ => name.to_owned(),
    }
}

fn entry_ui(ui: &Ui, view: &RunView, Entry { ink, name, line }: &Entry, at: Pos2, text: Arc<egui::Galley>) {
    let middle = at.y + 0.5 * ROW_HEIGHT;
    let corner = pos2(at.x + SAMPLE_WIDTH + GAP, middle - 0.5 * text.size().y);
    let rect = Rect::from_min_size(corner, text.size());
    if line.is_some() && *line == view.state.pointed {
        let whole = Rect::from_min_max(pos2(at.x - 2.0, rect.top()), rect.max + vec2(2.0, 0.0));
        ui.painter().rect_filled(whole, 3.0, ink.label.gamma_multiply(0.16));
    }
    sample(ui.painter(), *ink, pos2(at.x, middle), SAMPLE_WIDTH);
    ui.painter().galley(corner, text, Palette::in_ui(ui).text);
    // A name for screen readers and tests.
    let rect = Rect::from_min_max(pos2(at.x, rect.top()), rect.max);
    let response = ui.interact(rect, ui.scope_id().with(("legend", name)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, name));
    if let Some(line) = line.filter(|_| view.controls && response.hovered()) {
        point_at(ui.ctx(), line);
    }
}

/// A piece of a line with its appearance in the plot, from `at` to the right.
pub(in crate::picture) fn sample(painter: &Painter, ink: Ink, at: Pos2, width: f32) {
    let ends = [at, at + vec2(width, 0.0)];
    match ink.dash {
        Dash::Solid => {
            painter.line_segment(ends, ink.stroke());
        }
        Dash::Dashed => {
            painter.extend(Shape::dashed_line(&ends, ink.stroke(), 6.0, 3.7));
        }
        Dash::Dotted => {
            painter.extend(Shape::dotted_line(&ends, ink.color, 4.0, ink.width));
        }
    }
}

/// Linear or logarithmic.
fn log_switch_ui(ui: &mut Ui, chart: &Chart, view: &RunView, changes: &mut Vec<ViewChange>) -> Response {
    let log = view.is_log(chart.panel);
    let palette = Palette::in_ui(ui);
    let size = vec2(30.0, 16.0);
    let rect = Rect::from_min_size(pos2(ui.max_rect().right() - size.x, ui.max_rect().top()), size);
    let response = ui.interact(rect, ui.scope_id().with("log"), Sense::click());
    let name = format!("Logarithmic axis: {}", chart.panel.title());
    response.widget_info(|| WidgetInfo::selected(egui::Role::CheckBox, true, log, &name));
    let color =
        if log || response.hovered() || response.has_focus() { palette.text } else { palette.faint_text };
    if log {
        ui.painter().rect_filled(rect, 3.0, ui.visuals().selection.bg_fill.gamma_multiply(0.5));
    }
    ui.painter().rect_stroke(rect, 3.0, (1.0, palette.frame), egui::StrokeKind::Inside);
    let font = FontId::new(10.5, egui::FontFamily::Proportional);
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, "log", font, color);
    if response.clicked() {
        changes.push(ViewChange::SetLog(chart.panel, !log));
    }
    response.on_hover_text("Logarithmic or linear axis")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_go_on_in_the_next_row() {
        let places = flowed([50.0, 30.0, 120.0, 10.0].into_iter(), 100.0);
        assert_eq!(places, [(0, 0.0), (0, 62.0), (1, 0.0), (2, 0.0)]);
    }

    #[test]
    fn brief_names_say_which_line_it_is() {
        for (name, expected) in [
            ("central flow L(w(t))", "central flow"),
            ("central flow λ₁", "central flow λ₁"),
            ("prediction ‖∇L‖² + (4/η²) tr Σ", "prediction"),
            ("GD smoothed (σ = 10 steps)", "smoothed (σ = 10)"),
            ("gradient flow", "gradient flow"),
        ] {
            assert_eq!(brief(name), expected);
        }
    }
}
