//! Texts around and over a figure: ticks and names of the axes, levels of the contours, the colour bar.

use super::colors::ColorMap;
use super::figure::Figure;
use crate::picture::chart::scale::{self, Tick};
use crate::picture::style::theme::{self, Palette};
use crate::picture::view::camera::{Projection, TALL};
use crate::picture::view::scene::{Scene, SceneAxis};
use egui::epaint::{Mesh, Vertex, WHITE_UV};
use egui::{Align2, Color32, Galley, Painter, Pos2, Rect, StrokeKind, Vec2, pos2, vec2};
use std::sync::Arc;

/// Distance between ticks, in points.
const TICKS: Vec2 = vec2(64.0, 40.0);
/// Width of the colour bar.
const BAR: f32 = 9.0;
/// Margin at the rim of the picture.
const ROOM: f32 = 3.0;
/// Minimum width of a name next to the box.
const NARROW: f32 = 96.0;

/// The name of an axis, and the share that it captures.
pub(super) fn title(axis: &SceneAxis) -> String {
    match axis.captured {
        Some(share) if share.is_finite() => format!("{} · {}", axis.label, percent(share)),
        _ => axis.label.clone(),
    }
}

/// A share of the displacement, in words.
pub(super) fn percent(share: f32) -> String {
    let share = 100.0 * share;
    if share > 0.0 && share < 0.5 {
        return "<1%".to_owned();
    }
    if share > 99.0 && share < 99.95 { format!("{share:.1}%") } else { format!("{share:.0}%") }
}

/// Ticks with their values between two values.
fn ticks(range: [f32; 2], length: f32, spacing: f32) -> (Vec<(f64, Tick)>, String) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    let count = ((length / spacing) as usize).clamp(2, 9);
    let Some(scale) = scale::AxisScale::by_hand(range.map(f64::from), false) else {
        return (Vec::new(), String::new());
    };
    let ticks = scale.ticks(count).into_iter().filter(|tick| !tick.label.is_empty());
    (ticks.map(|tick| (scale.value(tick.at), tick)).collect(), scale.unit())
}

/// Around the plane seen from above: ticks on the left and below, and the names of both axes.
pub(super) fn flat(
    painter: &Painter,
    palette: &Palette,
    scene: &Scene,
    figure: &Figure,
    plane: Rect,
    projection: &Projection,
) {
    let seen = |axis: usize| {
        let [scale, offset] = match axis {
            0 => [projection.rows[0][0], projection.rows[0][3]],
            _ => [projection.rows[1][1], projection.rows[1][3]],
        };
        let ends = if axis == 0 { [plane.left(), plane.right()] } else { [plane.bottom(), plane.top()] };
        ends.map(|end| figure.frame.value(axis, (end - offset) / scale))
    };
    let ([left, right], [low, high]) = (seen(0), seen(1));
    let (across, unit_x) = ticks([left, right], plane.width(), TICKS.x);
    #[expect(clippy::cast_possible_truncation, reason = "a place on the screen")]
    let share = |value: f64, from: f32, to: f32| ((value - f64::from(from)) / f64::from(to - from)) as f32;
    for (value, tick) in across {
        let x = plane.left() + share(value, left, right) * plane.width();
        painter.vline(x, plane.bottom()..=plane.bottom() + 3.0, (1.0, palette.frame));
        let at = pos2(x, plane.bottom() + 4.0);
        painter.text(at, Align2::CENTER_TOP, tick.label, theme::tick_font(), palette.faint_text);
    }
    let (up, unit_y) = ticks([low, high], plane.height(), TICKS.y);
    for (value, tick) in up {
        let y = plane.bottom() - share(value, low, high) * plane.height();
        painter.hline(plane.left() - 3.0..=plane.left(), y, (1.0, palette.frame));
        // below the name of the axis
        let at = pos2(plane.left() - 5.0, y.max(plane.top() + 5.0));
        painter.text(at, Align2::RIGHT_CENTER, tick.label, theme::tick_font(), palette.faint_text);
    }
    let [x, y, _] = &scene.axes;
    let write = |anchor: Align2, at: Pos2, text: String| {
        let mut job = egui::text::LayoutJob::simple_singleline(text, theme::label_font(), palette.text);
        job.wrap = egui::text::TextWrapping::truncate_at_width(plane.width() + 40.0);
        let galley = painter.layout_job(job);
        let rect = anchor.anchor_size(at, galley.size());
        painter.galley(rect.min, galley, palette.text);
    };
    if let Some(axis) = x {
        write(
            Align2::RIGHT_TOP,
            plane.right_bottom() + vec2(0.0, 17.0),
            format!("{} →{}", title(axis), unit(&unit_x)),
        );
    }
    if let Some(axis) = y {
        write(
            Align2::LEFT_BOTTOM,
            pos2(plane.left() - 38.0, plane.top() - 3.0),
            format!("↑ {}{}", title(axis), unit(&unit_y)),
        );
    }
}

fn unit(unit: &str) -> String {
    if unit.is_empty() { String::new() } else { format!("  ({unit})") }
}

/// Around the box: numbers and names at its two nearest lower edges, and the meaning of the height at its leftmost
/// post. A number that would overlap a name or one of the rectangles `taken`, even in part, is omitted.
pub(super) fn turned(
    painter: &Painter,
    palette: &Palette,
    scene: &Scene,
    figure: &Figure,
    projection: &Projection,
    taken: &[Rect],
) {
    let middle = projection.place([0.0, 0.0, -TALL]);
    let (mut names, mut numbers) = (Vec::new(), Vec::new());
    for axis in 0..2 {
        let along = |side: f32, share: f32| {
            let mut at = [side, side, -TALL];
            at[axis] = share;
            projection.place(at)
        };
        let side = if along(1.0, 0.0).y > along(-1.0, 0.0).y { 1.0 } else { -1.0 };
        let center = along(side, 0.0);
        let outwards = (center - middle).normalized();
        let length = along(side, -1.0).distance(along(side, 1.0));
        let range = figure.frame.ranges[axis].clone();
        let (ticks, unit_text) = ticks([range.start, range.end], length, TICKS.x);
        for (value, tick) in ticks {
            #[expect(clippy::cast_possible_truncation, reason = "a share")]
            let share =
                (2.0 * (value - f64::from(range.start)) / f64::from(range.end - range.start) - 1.0) as f32;
            if share.abs() < 0.93 {
                numbers.push((along(side, share) + 11.0 * outwards, tick.label));
            }
        }
        if let Some(axis) = &scene.axes[axis] {
            let text = format!("{}{}", title(axis), unit(&unit_text));
            let anchor = if outwards.x < 0.0 { Align2::RIGHT_CENTER } else { Align2::LEFT_CENTER };
            let at = center + vec2(24.0 * outwards.x, 27.0 * outwards.y + 2.0);
            // next to the box, in several lines if there is little room
            let clip = painter.clip_rect().shrink(ROOM);
            let room = if outwards.x < 0.0 { at.x - clip.left() } else { clip.right() - at.x };
            let name = Note::within(painter, room.max(NARROW), anchor, at, &text, palette.text);
            names.push(name.below(taken));
        }
    }
    let posts = [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]];
    let tops = posts.map(|[x, y]| projection.place([x, y, TALL]));
    let height = match &scene.axes[2] {
        Some(axis) => Some(title(axis)),
        None => figure.frame.loss.map(|_| "loss".to_owned()),
    };
    if let (Some(height), Some(top)) = (height, tops.into_iter().min_by(|a, b| a.x.total_cmp(&b.x))) {
        let (at, text) = (top - vec2(0.0, 2.0), format!("↑ {height}"));
        names.push(Note::new(painter, Align2::CENTER_BOTTOM, at, &text, palette.text).below(taken));
    }
    let mut taken: Vec<Rect> = taken.iter().copied().chain(names.iter().map(Note::ground)).collect();
    for (at, label) in numbers {
        let galley = painter.layout_no_wrap(label, theme::tick_font(), palette.faint_text);
        let rect = Rect::from_center_size(at, galley.size());
        if taken.iter().all(|other| !other.intersects(rect)) {
            painter.galley(rect.min, galley, palette.faint_text);
            taken.push(rect);
        }
    }
    for name in names {
        name.draw(painter, palette);
    }
}

/// Text on a patch of background, kept inside the painter's clip.
pub(super) struct Note {
    rect: Rect,
    galley: Arc<Galley>,
}

impl Note {
    /// At most as wide as the painter's clip.
    pub(super) fn new(painter: &Painter, anchor: Align2, at: Pos2, text: &str, color: Color32) -> Self {
        Self::within(painter, f32::INFINITY, anchor, at, text, color)
    }

    fn within(painter: &Painter, width: f32, anchor: Align2, at: Pos2, text: &str, color: Color32) -> Self {
        let room = painter.clip_rect().shrink(ROOM);
        let width = width.min(room.width());
        let mut job = egui::text::LayoutJob::simple(text.to_owned(), theme::label_font(), color, width);
        (job.break_on_newline, job.halign) = (true, anchor.x());
        let galley = painter.layout_job(job);
        let mut rect = anchor.anchor_size(at, galley.size());
        let shift = (room.min - rect.min).max(Vec2::ZERO) + (room.max - rect.max).min(Vec2::ZERO);
        if room.is_positive() {
            rect = rect.translate(shift);
        }
        Self { rect, galley }
    }

    /// Moved down to avoid overlap.
    fn below(mut self, taken: &[Rect]) -> Self {
        for other in taken {
            if other.intersects(self.ground()) {
                self.rect = self.rect.translate(vec2(0.0, other.bottom() - self.ground().top() + 1.0));
            }
        }
        self
    }

    /// The rectangle that it covers.
    pub(super) fn ground(&self) -> Rect {
        self.rect.expand2(vec2(3.0, 1.0))
    }

    pub(super) fn draw(self, painter: &Painter, palette: &Palette) {
        painter.rect_filled(self.ground(), 2.0, palette.plot.gamma_multiply(0.8));
        // lines that are not left-aligned are laid out around 0
        let at = self.rect.min - self.galley.rect.min.to_vec2();
        painter.galley(at, self.galley, palette.text);
    }
}

/// Writes the levels of contours on them, where they overlap neither each other nor `taken`.
pub(super) fn levels(
    painter: &Painter,
    palette: &Palette,
    figure: &Figure,
    plane: Rect,
    projection: &Projection,
    taken: &[Rect],
) {
    let mut written: Vec<Rect> = Vec::new();
    let apart = apart(figure.levels.iter().map(|&(_, level)| level));
    for &(at, level) in &figure.levels {
        let at = projection.place(at);
        let text = painter.layout_no_wrap(number(level, apart), theme::tick_font(), palette.faint_text);
        let rect = Rect::from_center_size(at, text.size());
        if plane.shrink(4.0).contains_rect(rect)
            && taken.iter().all(|other| !other.intersects(rect))
            && written.iter().all(|other| !other.expand(14.0).intersects(rect))
        {
            painter.galley(rect.min, text, palette.text);
            written.push(rect);
        }
    }
}

/// The smallest difference between two values.
fn apart(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    let differences = values.windows(2).map(|pair| pair[1] - pair[0]);
    differences.filter(|&difference| difference > 0.0).fold(f32::INFINITY, f32::min)
}

/// A level or a mark of the colour bar, with enough digits to distinguish it from others that are at least `apart`
/// from it.
fn number(value: f32, apart: f32) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e4).contains(&size) {
        return format!("{value:.0e}").replace('-', "−");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 4 and 7")]
    let digits = (-apart.log10()).ceil().clamp(4.0, 7.0) as usize;
    let text = format!("{value:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').replace('-', "−")
}

/// The legend of the colours, right of the picture.
pub(super) fn bar(painter: &Painter, palette: &Palette, figure: &Figure, edge: Option<f32>, room: Rect) {
    let Some(scale) = figure.scale else { return };
    let bar = Rect::from_min_size(room.min + vec2(6.0, 14.0), vec2(BAR, room.height() - 14.0));
    let steps = 48_u8;
    let mut mesh = Mesh::default();
    for step in 0..=steps {
        let share = f32::from(step) / f32::from(steps);
        let color = scale.map.color(share, palette.plot);
        let y = bar.bottom() - share * bar.height();
        let first = 2 * u32::from(step);
        for x in [bar.left(), bar.right()] {
            mesh.vertices.push(Vertex { pos: pos2(x, y), uv: WHITE_UV, color });
        }
        if step < steps {
            mesh.indices.extend([first, first + 1, first + 3, first, first + 3, first + 2]);
        }
    }
    painter.add(mesh);
    painter.rect_stroke(bar, 0.0, (1.0, palette.frame), StrokeKind::Outside);
    let name = match scale.map {
        ColorMap::Viridis => "loss",
        ColorMap::Inferno => "S",
    };
    painter.text(room.min + vec2(4.0, 0.0), Align2::LEFT_TOP, name, theme::tick_font(), palette.text);
    let mut marks = scale.heights.levels(6);
    marks.extend([scale.heights.low, scale.heights.high]);
    let span = scale.heights.high - scale.heights.low;
    let (mut before, mut shown): (Vec<f32>, Vec<(f32, f32)>) = Default::default();
    if let (ColorMap::Inferno, Some(edge)) = (scale.map, edge) {
        let y = bar.bottom() - scale.heights.share(edge) * bar.height();
        painter.hline(bar.left() - 3.0..=bar.right() + 3.0, y, (1.5, palette.text));
        painter.text(
            pos2(bar.right() + 5.0, y),
            Align2::LEFT_CENTER,
            "2/η",
            theme::tick_font(),
            palette.text,
        );
        before.push(y);
    }
    for value in marks.into_iter().rev() {
        let y = bar.bottom() - scale.heights.share(value) * bar.height();
        if before.iter().any(|other| (other - y).abs() < 13.0) {
            continue;
        }
        before.push(y);
        shown.push((value, y));
    }
    let apart = apart(shown.iter().map(|&(value, _)| value));
    for (value, y) in shown {
        let at = pos2(bar.right() + 4.0, y.clamp(bar.top() + 4.0, bar.bottom() - 4.0));
        let text = rounded(value, span, apart);
        painter.text(at, Align2::LEFT_CENTER, text, theme::tick_font(), palette.faint_text);
    }
}

/// Enough digits to distinguish values within `span` that are at least `apart`.
fn rounded(value: f32, span: f32, apart: f32) -> String {
    if value == 0.0 || !value.is_finite() || !(span.is_finite() && span > 0.0) {
        return number(value, f32::INFINITY);
    }
    let unit = 10f32.powf((span.log10().floor() - 1.0).min(apart.log10().floor()));
    number((value / unit).round() * unit, unit)
}

#[cfg(test)]
mod tests {
    use super::{apart, rounded};

    #[test]
    fn no_two_numbers_beside_the_bar_are_the_same() {
        let values = [0.12, 0.100_01, 0.096_04, 0.096_01];
        let apart = apart(values.into_iter());
        let texts = values.map(|value| rounded(value, 0.024, apart));
        assert_eq!(texts, ["0.12", "0.10001", "0.09604", "0.09601"]);
        assert_eq!(rounded(0.303, 0.065, 0.01), "0.303");
        // the ends of the bar come first
        let values = [0.26, 0.2178, 0.25, 0.22, 0.2184];
        let unit = super::apart(values.into_iter());
        assert_eq!(
            values.map(|value| rounded(value, 0.042, unit))[1..],
            ["0.2178", "0.25", "0.22", "0.2184"]
        );
    }
}
