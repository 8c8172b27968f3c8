//! Drawn over the lines: the frame, events, cut peaks, gaps, the cursor, notes.

use super::label::Notes;
use super::scale::AxisScale;
use super::{Chart, Drawn, position};
use crate::picture::style::theme::{self, Palette};
use crate::picture::view::run_view::RunView;
use crate::run::analysis::cycles::CyclePhase;
use crate::run::record::series::Series;
use brink_core::dynamics::{Event, Process, StepOutcome};
use egui::{Align2, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, pos2, vec2};
use egui_plot::{PlotPoint, PlotTransform};
use std::ops::Range;

/// Minimum distance between two marks of one kind, in points.
const APART: f32 = 9.0;
/// Changes of η closer to each other than this, in points, share the label of the last one.
const BUNCH: f32 = 50.0;
/// Width needed for the name of a phase.
const PHASE_NAME: f32 = 66.0;

/// The frame, and the quantity on the horizontal axis.
pub(super) fn frame(painter: &Painter, palette: &Palette, transform: &PlotTransform) {
    let frame = *transform.frame();
    painter.rect_stroke(frame, 0.0, (1.0, palette.frame), StrokeKind::Middle);
    let faint = palette.faint_text;
    let below = frame.right_bottom() + vec2(8.0, 2.0);
    painter.text(below, Align2::LEFT_TOP, "step", theme::tick_font(), faint);
}

fn column(transform: &PlotTransform, step: f64) -> Option<f32> {
    let bounds = transform.bounds();
    (step >= bounds.min()[0] && step <= bounds.max()[0])
        .then(|| transform.position_from_point(&PlotPoint::new(step, bounds.min()[1])).x)
}

/// Changes of η, starts of the flows, stretches without predictions, ends of processes, ranks of Σ.
pub(super) fn events(
    painter: &Painter,
    palette: &Palette,
    notes: &mut Notes,
    chart: &Chart,
    view: &RunView,
    transform: &PlotTransform,
) {
    let frame = *transform.frame();
    let clipped = painter.with_clip_rect(frame.expand(1.0).intersect(painter.clip_rect()));
    for [from, to] in view.history.transients() {
        let (left, right) = (column(transform, from).unwrap_or(frame.left()), column(transform, to));
        let right = right.unwrap_or(frame.right());
        let text = "above the edge:\nno prediction";
        if right - left > 80.0 && to > transform.bounds().min()[0] && from < transform.bounds().max()[0] {
            notes.add(Align2::LEFT_BOTTOM, pos2(left + 4.0, frame.bottom() - 4.0), text, palette.faint_text);
        }
    }
    let arriving = view.arriving();
    let mut ranks = 0;
    let mut ranks_end = f32::NEG_INFINITY;
    // Drawn after all lines, so that no line crosses one.
    let mut texts = Vec::new();
    for (step, event) in view.history.events() {
        let Some(x) = column(transform, *step as f64) else {
            if let Event::Outcome(process, StepOutcome::EnteredEdge { k }) = event
                && *process == arriving
            {
                ranks = ranks.max(*k);
            }
            continue;
        };
        let (text, color) = match event {
            Event::EtaChanged { .. } | Event::FlowsStarted if *step == 0 => continue,
            Event::EtaChanged { eta } => (format!("η → {eta}"), palette.eta_change),
            Event::FlowsStarted => ("flows start".to_owned(), palette.faint_text),
            Event::Outcome(process, StepOutcome::Diverged { .. }) => {
                (format!("{} diverges", short_name(*process)), palette.trouble)
            }
            Event::Outcome(process, StepOutcome::TooSharp { .. }) => {
                (format!("{} too sharp", short_name(*process)), palette.trouble)
            }
            Event::Outcome(process, StepOutcome::EnteredEdge { k }) if *process == arriving => {
                // an eigenvalue at the edge from the start on has not arrived
                let arrives = *step > 0 || arriving == Process::CentralFlow;
                if *k > ranks && chart.ranks && arrives {
                    let counted = if arriving == Process::CentralFlow { "rank" } else { "k =" };
                    ranks_end = rank(&clipped, palette, notes, frame, (x, counted, *k), ranks_end);
                }
                ranks = ranks.max(*k);
                continue;
            }
            Event::Trouble(process, _) => (format!("{} stops", short_name(*process)), palette.trouble),
            Event::Outcome(..) | Event::StartedAboveEdge { .. } | Event::BackBelowEdge => continue,
        };
        let ends = [pos2(x, frame.top()), pos2(x, frame.bottom())];
        clipped.extend(Shape::dashed_line(&ends, Stroke::new(1.0, color), 3.0, 3.0));
        texts.push((x, text, color));
    }
    for (place, (x, text, color)) in texts.iter().enumerate() {
        // while the slider is dragged η changes at every step: the last change gives the final value
        let next = texts.get(place + 1).filter(|next| [*color, next.2] == [palette.eta_change; 2]);
        if next.is_some_and(|next| next.0 - x < BUNCH) {
            continue;
        }
        // below the row of triangles where lines leave the panel
        notes.add(Align2::LEFT_TOP, pos2(x + 4.0, frame.top() + 11.0), text, *color);
    }
}

/// The names of the phases for which there is room.
pub(super) fn phases(
    palette: &Palette,
    notes: &mut Notes,
    phases: &[(CyclePhase, Range<usize>)],
    transform: &PlotTransform,
) {
    let frame = *transform.frame();
    for (phase, steps) in phases {
        let [left, right] = [steps.start, steps.end].map(|step| {
            let x = transform.position_from_point(&PlotPoint::new(step as f64, 0.0)).x;
            x.clamp(frame.left(), frame.right())
        });
        if right - left > PHASE_NAME {
            let at = pos2(0.5 * (left + right), frame.bottom() - 3.0);
            notes.add(Align2::CENTER_BOTTOM, at, phase.name(), palette.faint_text);
        }
    }
}

/// Marks the step at which one more eigenvalue reaches the edge: a wedge at the axis and the new number, after the
/// name of the counted quantity, right of the previous label, which ends at `free_from`. Returns the end of this
/// label.
fn rank(
    painter: &Painter,
    palette: &Palette,
    notes: &mut Notes,
    frame: Rect,
    (x, counted, k): (f32, &str, usize),
    free_from: f32,
) -> f32 {
    let tip = pos2(x, frame.bottom() - 7.0);
    let wedge = vec![tip, pos2(x + 3.5, frame.bottom()), pos2(x - 3.5, frame.bottom())];
    painter.add(Shape::convex_polygon(wedge, palette.faint_text, Stroke::NONE));
    // If it would overlap the previous one, an arrow and the number.
    let (text, half) =
        if x - free_from > 18.0 { (format!("{counted} {k}"), 16.0) } else { (format!("→ {k}"), 9.0) };
    let at = pos2(x.max(free_from + half + 4.0), tip.y - 1.0);
    notes.add(Align2::CENTER_BOTTOM, at, &text, palette.faint_text).right()
}

fn short_name(process: Process) -> &'static str {
    match process {
        Process::GradientDescent => "GD",
        Process::GradientFlow => "GF",
        Process::CentralFlow => "CF",
    }
}

/// A wedge wherever a line leaves the frame, with the extreme value of the farthest line.
pub(super) fn cut_peaks(
    painter: &Painter,
    palette: &Palette,
    notes: &mut Notes,
    drawn: &[Drawn],
    scale: &AxisScale,
    transform: &PlotTransform,
) {
    let frame = *transform.frame();
    for upwards in [true, false] {
        let (edge, down) = if upwards { (frame.top() + 1.0, 6.0) } else { (frame.bottom() - 1.0, -6.0) };
        let mut farthest: Option<(f64, f32)> = None;
        for line in drawn {
            let mut last_x = f32::NEG_INFINITY;
            for &[step, value] in &line.points {
                let place = scale.place(value);
                let outside = if upwards { place > scale.high } else { place < scale.low };
                let (Some(x), true) = (column(transform, step), outside) else { continue };
                if x - last_x > APART {
                    let wedge = vec![pos2(x, edge), pos2(x + 3.5, edge + down), pos2(x - 3.5, edge + down)];
                    painter.add(Shape::convex_polygon(wedge, line.trace.ink.label, Stroke::NONE));
                    last_x = x;
                }
                if farthest.is_none_or(|(most, _)| if upwards { value > most } else { value < most }) {
                    farthest = Some((value, x));
                }
            }
        }
        if let Some((value, x)) = farthest {
            let sign = if upwards { '▲' } else { '▼' };
            // in the unit of the numbers on the axis
            let shown = if scale.unit().is_empty() { value } else { scale.place(value) };
            let text = format!("{sign} {}", crate::picture::style::numbers::read_out(shown));
            let (anchor, y) = if upwards { (Align2::LEFT_TOP, 8.0) } else { (Align2::LEFT_BOTTOM, -8.0) };
            let at = pos2(x + 7.0, if upwards { frame.top() } else { frame.bottom() } + y);
            notes.add(anchor, at, &text, palette.faint_text);
        }
    }
}

/// A cross where a line breaks off because a value is NaN or infinite (not merely absent).
pub(super) fn gaps(
    painter: &Painter,
    palette: &Palette,
    view: &RunView,
    drawn: &[Drawn],
    scale: &AxisScale,
    transform: &PlotTransform,
) {
    let frame = *transform.frame();
    let painter = painter.with_clip_rect(frame.expand(4.0).intersect(painter.clip_rect()));
    for line in drawn {
        let mut before: Option<Pos2> = None;
        let mut last_x = f32::NEG_INFINITY;
        for &point in &line.points {
            if let Some(place) = position(transform, scale, point) {
                before = Some(place);
            } else if let (Some(row), Some(x)) = (view.row_at(point[0]), column(transform, point[0]))
                && x - last_x > APART
                && line.trace.is_broken(view, row)
            {
                last_x = x;
                let y = before.map_or(frame.bottom(), |p| p.y).clamp(frame.top() + 4.0, frame.bottom() - 4.0);
                let stroke = Stroke::new(1.5, palette.trouble);
                for slope in [1.0, -1.0] {
                    let arm = vec2(3.5, 3.5 * slope);
                    painter.line_segment([pos2(x, y) - arm, pos2(x, y) + arm], stroke);
                }
            }
        }
    }
}

/// The step below the pointer in any panel, and the cursor, with a dot on every line there.
pub(super) fn cursor(
    painter: &Painter,
    palette: &Palette,
    view: &RunView,
    drawn: &[Drawn],
    scale: &AxisScale,
    transform: &PlotTransform,
) {
    let frame = *transform.frame();
    let painter = painter.with_clip_rect(frame.intersect(painter.clip_rect()));
    let cursor = view.state.cursor.map(|row| (row as f64, 1.5));
    let hover = view.state.hover.map(|step| (step.round(), 1.0));
    for (step, width) in cursor.into_iter().chain(hover) {
        let Some(x) = column(transform, step) else { continue };
        painter.vline(x, frame.y_range(), (width, palette.cursor));
        let Some(row) = view.row_at(step) else { continue };
        for line in drawn {
            let value = line.trace.value(view, row);
            if let Some(place) = value.and_then(|value| position(transform, scale, [step, value])) {
                painter.circle(place, 3.0, line.trace.ink.label, (1.0, palette.plot));
            }
        }
    }
}

/// A message in the middle of an empty plot.
pub(super) fn empty(painter: &Painter, palette: &Palette, transform: &PlotTransform, text: &str) {
    let frame = *transform.frame();
    let job = egui::text::LayoutJob::simple(
        text.to_owned(),
        theme::label_font(),
        palette.faint_text,
        (frame.width() - 16.0).max(10.0),
    );
    let galley = painter.layout_job(job);
    let corner = frame.center() - 0.5 * galley.size();
    painter.with_clip_rect(frame.intersect(painter.clip_rect())).galley(corner, galley, palette.faint_text);
}

/// The learning rate of a row, for read-outs.
pub(super) fn eta_at(view: &RunView, row: usize) -> Option<f64> {
    view.history.value(Series::Eta, row)
}
