//! Labels at the ends of lines, right of the plot, moved apart so that none covers another.

use super::{Drawn, position, scale::Scale};
use crate::picture::theme::{self, Palette};
use egui::{Color32, Painter, Pos2, Rect, pos2};
use egui_plot::PlotTransform;

/// Distance of two labels' centres, in points.
const LINE_HEIGHT: f32 = 13.0;

/// Writes the labels.
pub(super) fn line_ends(
    painter: &Painter,
    palette: &Palette,
    drawn: &[Drawn],
    scale: &Scale,
    transform: &PlotTransform,
) {
    let frame = *transform.frame();
    let mut labels: Vec<(f32, &str, Color32, Pos2)> = Vec::new();
    for line in drawn.iter().filter(|line| !line.trace.end.is_empty()) {
        let inside = |point: &&[f64; 2]| point[0] <= transform.bounds().max()[0];
        let last =
            line.points.iter().rev().filter(inside).find_map(|&point| position(transform, scale, point));
        if let Some(end) = last {
            let color = line.trace.ink.color.to_opaque();
            labels.push((end.y.clamp(frame.top(), frame.bottom()), &line.trace.end, color, end));
        }
    }
    labels.sort_by(|a, b| a.0.total_cmp(&b.0));
    let heights: Vec<f32> = labels.iter().map(|label| label.0).collect();
    let half = 0.5 * LINE_HEIGHT;
    let places = spread(&heights, LINE_HEIGHT, frame.top() + half, frame.bottom() - half);
    for ((_, text, color, end), y) in labels.into_iter().zip(places) {
        let Some(y) = y else { continue };
        let left = frame.right() + 6.0;
        if (y - end.y).abs() > 3.0 && end.x > frame.right() - 2.0 {
            // A hair from the label to its line.
            let from = pos2(frame.right() + 1.0, end.y.clamp(frame.top(), frame.bottom()));
            painter.line_segment([from, pos2(left - 1.0, y)], (0.75, color.gamma_multiply(0.6)));
        }
        let galley = painter.layout_no_wrap(text.to_owned(), theme::label_font(), palette.text);
        let corner = pos2(left, y - 0.5 * galley.size().y);
        painter.galley_with_override_text_color(corner, galley, color);
    }
}

/// Heights as near to the wanted ones (ascending) as their distance and the bounds allow. Where not all fit, the last
/// ones have no place.
pub(super) fn spread(wanted: &[f32], distance: f32, top: f32, bottom: f32) -> Vec<Option<f32>> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    let capacity = if bottom < top { 0 } else { ((bottom - top) / distance) as usize + 1 };
    let shown = wanted.len().min(capacity);
    // Groups of labels that touch: (sum of wanted positions of the first label, count). Merge while they overlap.
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

/// Draws text on a patch of background and returns the room it takes; it is moved into `within` where it sticks out.
pub(super) fn patch(
    painter: &Painter,
    palette: &Palette,
    within: Rect,
    anchor: egui::Align2,
    at: Pos2,
    text: &str,
    color: Color32,
) -> Rect {
    let galley = painter.layout_no_wrap(text.to_owned(), theme::tick_font(), color);
    let mut rect = anchor.anchor_size(at, galley.size());
    let inner = within.shrink(3.0);
    rect = rect.translate(egui::vec2(
        (inner.right() - rect.right()).min(0.0),
        (inner.bottom() - rect.bottom()).min(0.0),
    ));
    rect = rect
        .translate(egui::vec2((inner.left() - rect.left()).max(0.0), (inner.top() - rect.top()).max(0.0)));
    painter.rect_filled(rect.expand2(egui::vec2(2.0, 0.0)), 2.0, palette.plot.gamma_multiply(0.8));
    painter.galley(rect.min, galley, color);
    rect
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
            prop_assert_eq!(places.len(), wanted.len().min((height / 13.0) as usize + 1));
        }
    }
}
