//! Labels at the ends of lines, right of the plot, moved apart so that none overlaps another.

use super::scale::AxisScale;
use super::{Drawn, position};
use crate::picture::style::theme::{self, Palette};
use egui::{Color32, Painter, Pos2, Rect, Vec2, pos2, vec2};
use egui_plot::PlotTransform;

/// Minimum distance between the centres of two labels, in points.
const LINE_HEIGHT: f32 = 13.0;
/// Maximum distance in points between the frame and the end of a line that is still labelled outside; farther if its
/// label is longer.
const EARLY_END: f32 = 30.0;

/// A label to be placed.
struct Label<'a> {
    text: &'a str,
    color: Color32,
    /// The end of its line, moved into the frame.
    end: Pos2,
    /// Labels of a lower rank are placed first if there is no room for all.
    rank: u8,
}

/// Draws the labels: right of the frame or, for a line that ends before it, right of the end and clear of the notes.
pub(super) fn line_ends(notes: Notes, drawn: &[Drawn], scale: &AxisScale, transform: &PlotTransform) {
    let Notes { painter, palette, mut taken, .. } = notes;
    let frame = *transform.frame();
    let (mut outside, mut inside) = (Vec::new(), Vec::new());
    for line in drawn.iter().filter(|line| !line.trace.end.is_empty()) {
        let Some(end) = end_in_view(&line.points, scale, transform) else { continue };
        let end = pos2(end.x.min(frame.right()), end.y.clamp(frame.top(), frame.bottom()));
        let rank = match line.trace.overlay {
            None => 0,
            Some(_) if line.trace.is_gradient_descent() => 1,
            Some(_) => 2,
        };
        let label = Label { text: &line.trace.end, color: line.trace.ink.label, end, rank };
        let text = painter.layout_no_wrap(label.text.to_owned(), theme::label_font(), palette.text);
        let room = EARLY_END.max(text.size().x + 10.0);
        if end.x > frame.right() - room { &mut outside } else { &mut inside }.push(label);
    }
    write(painter, palette, frame, outside, None);
    write(painter, palette, frame, inside, Some(&mut taken));
}

/// The point at which a line ends, or leaves the frame at the right.
fn end_in_view(points: &[[f64; 2]], scale: &AxisScale, transform: &PlotTransform) -> Option<Pos2> {
    let limit = transform.bounds().max()[0];
    let last = points.iter().rposition(|point| point[0] <= limit && !scale.place(point[1]).is_nan())?;
    let [step, value] = points[last];
    let mut end = position(transform, scale, points[last])?;
    if let Some(next) = points.get(last + 1).and_then(|&next| position(transform, scale, next))
        && points[last + 1][0] > step
        && value.is_finite()
    {
        let share = (limit - step) / (points[last + 1][0] - step);
        #[expect(clippy::cast_possible_truncation, reason = "a share")]
        let share = share as f32;
        end = end.lerp(next, share);
    }
    (end.x >= transform.frame().left()).then_some(end)
}

/// Draws labels right of the frame, or right of their lines and clear of `taken`: without overlap, with a thin leader
/// to the line if one had to move. Labels that find no room are omitted.
fn write(
    painter: &Painter,
    palette: &Palette,
    frame: Rect,
    mut labels: Vec<Label>,
    mut taken: Option<&mut Vec<Rect>>,
) {
    let half = 0.5 * LINE_HEIGHT;
    let (top, bottom) = (frame.top() + half, frame.bottom() - half);
    labels.sort_by_key(|label| label.rank);
    labels.truncate(capacity(LINE_HEIGHT, top, bottom));
    labels.sort_by(|a, b| a.end.y.total_cmp(&b.end.y));
    let heights: Vec<f32> = labels.iter().map(|label| label.end.y).collect();
    let places = spread(&heights, LINE_HEIGHT, top, bottom);
    for (label, y) in labels.iter().zip(places) {
        let Some(y) = y else { continue };
        let from = if taken.is_some() { label.end.x } else { frame.right() };
        let galley = painter.layout_no_wrap(label.text.to_owned(), theme::label_font(), palette.text);
        let mut rect = Rect::from_min_size(pos2(from + 6.0, y - 0.5 * galley.size().y), galley.size());
        if let Some(taken) = &mut taken {
            while let Some(other) = taken.iter().find(|other| other.intersects(rect)) {
                rect = rect.translate(vec2(0.0, other.bottom() + 0.5 - rect.top()));
            }
            if rect.bottom() > frame.bottom() {
                continue;
            }
            taken.push(rect.shrink2(vec2(0.0, 1.0)));
            painter.rect_filled(rect, 2.0, palette.plot.gamma_multiply(0.7));
        }
        if (rect.center().y - label.end.y).abs() > 3.0 {
            let ends = [pos2(from + 1.0, label.end.y), pos2(from + 5.0, rect.center().y)];
            painter.line_segment(ends, (0.75, label.color.gamma_multiply(0.6)));
        }
        painter.galley_with_override_text_color(rect.min, galley, label.color);
    }
}

/// The number of labels that fit one above the other.
fn capacity(distance: f32, top: f32, bottom: f32) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    let more = ((bottom - top) / distance) as usize;
    if bottom < top { 0 } else { more + 1 }
}

/// Heights as close to the desired ones (ascending) as their distance and the bounds allow. If not all fit, the last
/// ones have no place.
pub(super) fn spread(wanted: &[f32], distance: f32, top: f32, bottom: f32) -> Vec<Option<f32>> {
    let shown = wanted.len().min(capacity(distance, top, bottom));
    // Groups of labels that touch: (sum of desired positions of the first label, count). Groups merge while they
    // overlap.
    let mut groups: Vec<(f32, usize)> = Vec::new();
    let start = |&(sum, count): &(f32, usize)| {
        let length = (count - 1) as f32 * distance;
        (sum / count as f32).clamp(top, (bottom - length).max(top))
    };
    for &y in &wanted[..shown] {
        groups.push((y, 1));
        while let [.., before, after] = groups[..] {
            if start(&before) + before.1 as f32 * distance <= start(&after) {
                break;
            }
            let shift = before.1 as f32 * distance * after.1 as f32;
            groups.truncate(groups.len() - 2);
            groups.push((before.0 + after.0 - shift, before.1 + after.1));
        }
    }
    let mut places = Vec::new();
    for group in &groups {
        places.extend((0..group.1).map(|i| Some(start(group) + i as f32 * distance)));
    }
    places.resize(wanted.len(), None);
    places
}

/// Notes inside a plot, each on a patch of background, without overlap.
pub(super) struct Notes<'a> {
    painter: &'a Painter,
    palette: &'a Palette,
    within: Rect,
    taken: Vec<Rect>,
}

impl<'a> Notes<'a> {
    /// No notes yet, with room for them in `within`.
    pub(super) fn new(painter: &'a Painter, palette: &'a Palette, within: Rect) -> Self {
        Self { painter, palette, within: within.shrink2(egui::vec2(3.0, 2.0)), taken: Vec::new() }
    }

    /// Draws a note at `at`, moved inside and clear of the earlier notes: down from the top, up from the bottom. A
    /// note that finds no room is omitted.
    pub(super) fn add(&mut self, anchor: egui::Align2, at: Pos2, text: &str, color: Color32) -> Rect {
        let galley = self.painter.layout_no_wrap(text.to_owned(), theme::tick_font(), color);
        let mut rect = anchor.anchor_size(at, galley.size());
        let inner = self.within;
        rect = rect.translate(vec2(
            (inner.right() - rect.right()).min(0.0),
            (inner.bottom() - rect.bottom()).min(0.0),
        ));
        rect =
            rect.translate(vec2((inner.left() - rect.left()).max(0.0), (inner.top() - rect.top()).max(0.0)));
        let step = if anchor.y() == egui::Align::Max { -LINE_HEIGHT } else { LINE_HEIGHT };
        while self.taken.iter().any(|other| other.intersects(rect)) {
            rect = rect.translate(vec2(0.0, step));
        }
        if !inner.expand(0.5).contains_rect(rect) {
            return Rect::from_min_size(rect.min, Vec2::ZERO);
        }
        self.taken.push(rect.expand2(vec2(2.0, -0.5)));
        self.painter.rect_filled(rect.expand2(vec2(2.0, 0.0)), 2.0, self.palette.plot.gamma_multiply(0.8));
        self.painter.galley(rect.min, galley, color);
        rect
    }
}

#[cfg(test)]
mod tests {
    use super::spread;
    use proptest::prelude::*;

    #[test]
    fn labels_apart_stay_where_they_are() {
        assert_eq!(spread(&[10.0, 50.0], 13.0, 0.0, 100.0), [Some(10.0), Some(50.0)]);
    }

    #[test]
    fn labels_on_one_spot_share_it_around_its_middle() {
        assert_eq!(spread(&[50.0, 50.0, 50.0], 10.0, 0.0, 100.0), [Some(40.0), Some(50.0), Some(60.0)]);
        assert_eq!(spread(&[100.0, 100.0], 10.0, 0.0, 100.0), [Some(90.0), Some(100.0)]);
    }

    proptest! {
        #[test]
        fn no_label_covers_another_or_leaves_the_frame(
            mut wanted in prop::collection::vec(0f32..200.0, 0..20), height in 0f32..200.0,
        ) {
            wanted.sort_by(f32::total_cmp);
            let places: Vec<f32> = spread(&wanted, 13.0, 0.0, height).into_iter().flatten().collect();
            prop_assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= 13.0 - 1e-3), "{places:?}");
            prop_assert!(places.iter().all(|&y| y >= -1e-3 && y <= height + 1e-3), "{places:?} in {height}");
            prop_assert!(places.len() == wanted.len() || places.len() as f32 > height / 13.0, "{places:?} in {height}");
        }
    }
}
