//! The plot: eigenvalues on the horizontal axis, their number per bin on the vertical, logarithmic axis.

use crate::picture::chart::scale::{AxisScale, Tick};
use crate::picture::style::numbers::{read_out, subscript};
use crate::picture::style::theme::{self, Palette, Role, Weight};
use crate::picture::view::run_view::RunView;
use crate::run::live::spectra::FoundSpectra;
use crate::run::record::series::Series;
use brink_core::dynamics::Process;
use brink_core::spectrum::Distribution;
use brink_core::spectrum::distribution::SpectrumMethod;
use egui::{Align2, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Ui, pos2, vec2};

type DrawnSpectrum<'a> = (&'static str, Role, &'a Distribution);

/// Bins over the whole axis.
const BINS: usize = 100;
/// A density's points per bin.
const POINTS: usize = 4;
/// Standard deviation of the broadening, as a share of the axis.
const BROADENING: f64 = 0.006;
/// Width of the numbers left of the plot.
const LEFT: f32 = 40.0;
/// Height of the numbers below it.
const BELOW: f32 = 30.0;
/// Height of the marks of tracked eigenvalues above it.
const ABOVE: f32 = 26.0;

/// The axis of eigenvalues: all of them and the edge, with a margin.
fn extent(found: &FoundSpectra, shown: &[DrawnSpectrum]) -> [f64; 2] {
    let edge = 2.0 / found.eta;
    let ranges = shown.iter().filter_map(|(.., distribution)| distribution.range());
    let [low, high] = ranges.fold([0.0_f64, edge], |[low, high], [a, b]| [low.min(a), high.max(b)]);
    let margin = 0.03 * (high - low).max(f64::MIN_POSITIVE);
    [low - margin, high + margin]
}

/// Width of a bin.
pub(super) fn bin_width(found: &FoundSpectra, shown: &[DrawnSpectrum]) -> f64 {
    let [low, high] = extent(found, shown);
    (high - low) / BINS as f64
}

/// Standard deviation by which a density is broadened.
pub(super) fn broadening(found: &FoundSpectra, shown: &[DrawnSpectrum]) -> f64 {
    let [low, high] = extent(found, shown);
    BROADENING * (high - low)
}

/// A distribution as a line: (eigenvalue, number per bin).
fn line(distribution: &Distribution, [low, high]: [f64; 2]) -> Vec<[f64; 2]> {
    let width = (high - low) / BINS as f64;
    match distribution.source {
        SpectrumMethod::Dense => {
            let counts = distribution.counts([low, high], BINS);
            let bin = |(i, count): (usize, f64)| {
                let left = low + i as f64 * width;
                [[left, count], [left + width, count]]
            };
            counts.into_iter().enumerate().flat_map(bin).collect()
        }
        SpectrumMethod::Quadrature { .. } => {
            let sigma = BROADENING * (high - low);
            let count = BINS * POINTS;
            let point = |i: usize| {
                let x = low + (high - low) * i as f64 / count as f64;
                [x, width * distribution.density(x, sigma)]
            };
            (0..=count).map(point).collect()
        }
    }
}

/// Draws everything into a rectangle.
pub(super) fn draw(
    ui: &Ui,
    room: Rect,
    (view, found): (&RunView, &FoundSpectra),
    shown: &[DrawnSpectrum],
    pointer: Option<Pos2>,
) {
    let palette = Palette::in_ui(ui);
    let painter = ui.painter();
    let frame = Rect::from_min_max(room.min + vec2(LEFT, ABOVE), room.max - vec2(8.0, BELOW));
    let [low, high] = extent(found, shown);
    if !(frame.width() > 40.0 && frame.height() > 20.0 && low < high) {
        return;
    }
    let lines: Vec<_> = shown.iter().map(|(_, role, d)| (*role, line(d, [low, high]))).collect();
    // A single eigenvalue must be visible above the axis: alone in a bin, or as the foot of a broadened one.
    let floor = if shown[0].2.source == SpectrumMethod::Dense { 0.5 } else { 0.02 };
    let most = lines.iter().flat_map(|(_, points)| points).map(|p| p[1]).fold(1.0, f64::max);
    let (Some(x_scale), Some(y_scale)) =
        (AxisScale::by_hand([low, high], false), AxisScale::by_hand([floor, 1.6 * most], true))
    else {
        return;
    };
    #[expect(clippy::cast_possible_truncation, reason = "a position on the screen")]
    let x = |value: f64| {
        let share = (x_scale.place(value) - x_scale.low) / (x_scale.high - x_scale.low);
        frame.left() + share as f32 * frame.width()
    };
    #[expect(clippy::cast_possible_truncation, reason = "a position on the screen")]
    let y = |count: f64| {
        let place = y_scale.place(count.max(floor));
        frame.bottom() - ((place - y_scale.low) / (y_scale.high - y_scale.low)) as f32 * frame.height()
    };
    painter.rect_filled(frame, 0.0, palette.plot);
    axes(painter, palette, frame, (&x_scale, &y_scale));
    let inside = painter.with_clip_rect(frame.intersect(ui.clip_rect()));
    for (role, points) in &lines {
        let path: Vec<Pos2> = points.iter().map(|&[value, count]| pos2(x(value), y(count))).collect();
        if *role == Role::GradientDescent {
            for ends in path.windows(2).filter(|ends| ends[1].x > ends[0].x) {
                let corners =
                    vec![ends[0], ends[1], pos2(ends[1].x, frame.bottom()), pos2(ends[0].x, frame.bottom())];
                let color = palette.color(*role).gamma_multiply(0.35);
                inside.add(Shape::convex_polygon(corners, color, Stroke::NONE));
            }
        }
        inside.add(Shape::line(path, palette.ink(*role, Weight::Normal).stroke()));
    }
    edge(&inside, painter, palette, frame, x(2.0 / found.eta));
    for (row, (process, series)) in [
        (Process::GradientDescent, Series::GdLambda as fn(usize) -> Series),
        (Process::CentralFlow, Series::CfLambda as fn(usize) -> Series),
    ]
    .into_iter()
    .enumerate()
    {
        let hidden = process == Process::CentralFlow && !view.state.show_central_flow;
        let values: Vec<f64> = (0..if hidden { 0 } else { view.history.max_tracked() })
            .map_while(|i| view.history.value(series(i), found.step))
            .filter(|value| (low..=high).contains(value))
            .collect();
        tracked(painter, palette, (frame, row), process, &values, &x);
    }
    painter.rect_stroke(frame, 0.0, (1.0, palette.frame), StrokeKind::Middle);
    if let Some(at) = pointer.filter(|at| frame.contains(*at)) {
        let value = x_scale.value(
            x_scale.low + f64::from((at.x - frame.left()) / frame.width()) * (x_scale.high - x_scale.low),
        );
        read(&inside, palette, frame, at, value, shown, found);
    }
}

fn axes(painter: &Painter, palette: &Palette, frame: Rect, (x_scale, y_scale): (&AxisScale, &AxisScale)) {
    let share = |scale: &AxisScale, tick: &Tick| {
        #[expect(clippy::cast_possible_truncation, reason = "a share")]
        let share = ((tick.at - scale.low) / (scale.high - scale.low)) as f32;
        share
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few ticks")]
    let count = |length: f32, spacing: f32| ((length / spacing) as usize).clamp(2, 12);
    for tick in x_scale.ticks(count(frame.width(), 70.0)) {
        let x = frame.left() + share(x_scale, &tick) * frame.width();
        painter.vline(x, frame.y_range(), (1.0, palette.grid));
        let at = pos2(x, frame.bottom() + 2.0);
        painter.text(at, Align2::CENTER_TOP, &tick.label, theme::tick_font(), palette.faint_text);
    }
    for tick in y_scale.ticks(count(frame.height(), 30.0)) {
        let y = frame.bottom() - share(y_scale, &tick) * frame.height();
        painter.hline(frame.x_range(), y, (1.0, palette.grid));
        // the names of the marks are above the frame
        if y < frame.top() + 7.0 {
            continue;
        }
        let at = pos2(frame.left() - 4.0, y);
        painter.text(at, Align2::RIGHT_CENTER, &tick.label, theme::tick_font(), palette.faint_text);
    }
    let unit = x_scale.unit();
    let unit = if unit.is_empty() { unit } else { format!(" ({unit})") };
    let name = format!("eigenvalue λ{unit} · upwards: how many");
    let below = pos2(frame.center().x, frame.bottom() + 15.0);
    painter.text(below, Align2::CENTER_TOP, name, theme::tick_font(), palette.faint_text);
}

fn edge(inside: &Painter, painter: &Painter, palette: &Palette, frame: Rect, x: f32) {
    let ends = [pos2(x, frame.top()), pos2(x, frame.bottom())];
    let ink = palette.ink(Role::Threshold, Weight::Normal);
    inside.extend(Shape::dotted_line(&ends, ink.color, 4.0, ink.width));
    let at = pos2(x - 4.0, frame.top() + 3.0);
    painter.text(at, Align2::RIGHT_TOP, "2/η", theme::label_font(), ink.color);
}

/// Wedges above the frame at the tracked eigenvalues, gradient descent's above the central flow's.
fn tracked(
    painter: &Painter,
    palette: &Palette,
    (frame, row): (Rect, usize),
    process: Process,
    values: &[f64],
    x: &dyn Fn(f64) -> f32,
) {
    let bottom = frame.top() - 2.0 - if process == Process::GradientDescent { 12.0 } else { 0.0 };
    for (i, &value) in values.iter().enumerate() {
        let role = if process == Process::GradientDescent { Role::Eigen(i) } else { Role::CentralFlow };
        let tip = pos2(x(value), bottom);
        let wedge = vec![tip, tip + vec2(-3.5, -7.0), tip + vec2(3.5, -7.0)];
        painter.add(Shape::convex_polygon(wedge, palette.color(role), Stroke::NONE));
    }
    let (Some(&first), Some(&last)) = (values.first(), values.last()) else { return };
    let count = if values.len() > 1 { format!("–λ{}", subscript(values.len())) } else { String::new() };
    let name = if row == 0 { "GD" } else { "CF" };
    let text = format!("{name} λ₁{count}");
    let galley = painter.layout_no_wrap(text, theme::tick_font(), palette.faint_text);
    let size = galley.size();
    // left of the marks, or right of them if there is no room
    let left = x(last) - 7.0 - size.x;
    let left = if left < frame.left() - LEFT { x(first) + 7.0 } else { left };
    painter.galley(pos2(left, bottom - 3.5 - 0.5 * size.y), galley, palette.faint_text);
}

/// The values below the pointer.
fn read(
    painter: &Painter,
    palette: &Palette,
    frame: Rect,
    at: Pos2,
    value: f64,
    shown: &[DrawnSpectrum],
    found: &FoundSpectra,
) {
    painter.vline(at.x, frame.y_range(), (1.0, palette.cursor));
    let extent = extent(found, shown);
    let width = (extent[1] - extent[0]) / BINS as f64;
    let mut lines = vec![format!("λ = {}", read_out(value))];
    for (name, _, distribution) in shown {
        let near = match distribution.source {
            SpectrumMethod::Dense => {
                let bin = extent[0] + ((value - extent[0]) / width).floor() * width;
                distribution.counts([bin, bin + width], 1)[0]
            }
            SpectrumMethod::Quadrature { .. } => {
                width * distribution.density(value, BROADENING * (extent[1] - extent[0]))
            }
        };
        let above = (distribution.dim() - distribution.cumulative(value)).max(0.0);
        lines.push(format!("{name}: {} here, {above:.0} above", read_out(near)));
    }
    let galley = painter.layout_no_wrap(lines.join("\n"), theme::label_font(), palette.text);
    let size = galley.size() + vec2(12.0, 8.0);
    let left = if at.x > frame.center().x { at.x - size.x - 10.0 } else { at.x + 10.0 };
    let rect = Rect::from_min_size(pos2(left, frame.top() + 18.0), size);
    painter.rect(rect, 4.0, palette.panel, (1.0, palette.frame), StrokeKind::Inside);
    painter.galley(rect.min + vec2(6.0, 4.0), galley, palette.text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use brink_core::objective::Quadratic;
    use brink_core::spectrum::{
        PreconditionedHessian, Preconditioner, Quadrature, SpectrumSettings, spectrum,
    };
    use std::time::Duration;

    #[test]
    fn lines_hold_every_eigenvalue_and_the_axis_holds_the_edge() {
        let values: Vec<f64> = (0..300).map(|i| (f64::from(i) * 0.37).sin()).collect();
        for dense_up_to in [0, 2000] {
            let mut loss = Quadratic::diagonal(values.clone());
            let one = Preconditioner::Uniform(1.0);
            let w = [0.0; 300];
            let mut hessian = PreconditionedHessian::<f64>::new(&mut loss, &w, &one);
            let settings = SpectrumSettings { dense_up_to, quadrature: Quadrature::default() };
            let found = spectrum(&mut hessian, &settings, &mut |_| true).unwrap();
            let found = FoundSpectra {
                step: 0,
                eta: 0.5,
                gradient_descent: Some(found),
                central_flow: None,
                troubles: Vec::new(),
                took: Duration::ZERO,
            };
            let shown = [("GD", Role::GradientDescent, found.gradient_descent.as_ref().unwrap())];
            let [low, high] = extent(&found, &shown);
            assert!(low < -1.0 && high > 4.0, "2/η = 4 is in sight");
            let points = line(shown[0].2, [low, high]);
            let step = (high - low) / BINS as f64;
            let area: f64 = points.windows(2).map(|p| (p[1][0] - p[0][0]) * 0.5 * (p[0][1] + p[1][1])).sum();
            assert!((area / step - 300.0).abs() < 0.5, "{} eigenvalues", area / step);
        }
    }
}
