//! The lines of a plot: interrupted at gaps, clipped, dashed.

use super::Drawn;
use super::scale::AxisScale;
use crate::picture::style::theme::{Dash, Ink};
use crate::picture::view::source::LineSource;
use egui::{Painter, Pos2, Shape, pos2};
use egui_plot::{PlotPoint, PlotTransform};

/// Dash and gap, in points.
const DASH: (f32, f32) = (6.5, 3.5);
/// Distance of dots, in points.
const DOTS: f32 = 4.0;
/// Points closer than this to the previous one are omitted.
const NEAR: f32 = 0.2;
/// A piece longer than this, in points, oscillates so densely that its dashes could not be distinguished: it is drawn
/// solid. (White noise across a panel would be about fifty thousand dashes per frame.)
const DENSE: f32 = 10_000.0;

/// Opacity of the other lines while one is pointed at.
const FADED: f32 = 0.22;
/// Factor by which the pointed-at line is thicker.
const THICK: f32 = 1.5;

/// Draws every line, from back to front; the pointed-at one, if present, last and over faded others.
pub(super) fn draw(
    painter: &Painter,
    drawn: &[Drawn],
    scale: &AxisScale,
    transform: &PlotTransform,
    pointed: Option<LineSource>,
) {
    let is_pointed = |line: &&Drawn| Some(line.trace.source) == pointed;
    if !drawn.iter().any(|line| is_pointed(&line)) {
        return draw_each(painter, drawn.iter(), scale, transform, |ink| ink);
    }
    let others = drawn.iter().filter(|line| !is_pointed(line));
    let fade = |ink: Ink| Ink { color: ink.color.gamma_multiply(FADED), ..ink };
    draw_each(painter, others, scale, transform, fade);
    // a raw line is already faint
    let stand_out = |ink: Ink| Ink { color: ink.label, width: THICK * ink.width, ..ink };
    draw_each(painter, drawn.iter().filter(is_pointed), scale, transform, stand_out);
}

fn draw_each<'a>(
    painter: &Painter,
    drawn: impl Iterator<Item = &'a Drawn<'a>>,
    scale: &AxisScale,
    transform: &PlotTransform,
    look: impl Fn(Ink) -> Ink,
) {
    let frame = *transform.frame();
    let painter = painter.with_clip_rect(frame.intersect(painter.clip_rect()));
    for line in drawn {
        let ink = look(line.trace.ink);
        let Ink { color, width, dash, label: _ } = ink;
        for piece in pieces(&line.points, scale, transform) {
            if let [single] = piece[..] {
                painter.circle_filled(single, 0.8 * width + 0.4, color);
                continue;
            }
            match if length(&piece) > DENSE { Dash::Solid } else { dash } {
                Dash::Solid => {
                    painter.add(Shape::line(piece, ink.stroke()));
                }
                Dash::Dashed => {
                    let dashes = dashes(&piece, DASH.0, DASH.1);
                    painter.extend(dashes.into_iter().map(|dash| Shape::line(dash, ink.stroke())));
                }
                Dash::Dotted => {
                    painter.extend(Shape::dotted_line(&piece, color, DOTS, width));
                }
            }
        }
    }
}

/// The pieces of a line on the screen: interrupted at gaps, and where the line is farther outside the frame than the
/// height of the frame (dashes there would be numerous, and positions too large for single precision).
fn pieces(points: &[[f64; 2]], scale: &AxisScale, transform: &PlotTransform) -> Vec<Vec<Pos2>> {
    let room = scale.high - scale.low;
    let (low, high) = (scale.low - room, scale.high + room);
    let screen = |point: [f64; 2]| transform.position_from_point(&PlotPoint::new(point[0], point[1]));
    let mut pieces: Vec<Vec<Pos2>> = Vec::new();
    let mut piece: Vec<Pos2> = Vec::new();
    let mut previous: Option<[f64; 2]> = None;
    for &[step, value] in points {
        let y = scale.place(value);
        if y.is_nan() {
            pieces.push(std::mem::take(&mut piece));
            previous = None;
            continue;
        }
        let inside = (low..=high).contains(&y);
        if let Some([before_step, before_y]) = previous {
            // Where the segment crosses a bound, in the order of steps.
            let at = |bound: f64| [step + (before_step - step) * (bound - y) / (before_y - y), bound];
            let bounds = if before_y < y { [low, high] } else { [high, low] };
            for bound in bounds.into_iter().filter(|&bound| (before_y < bound) != (y < bound)) {
                piece.push(screen(at(bound)));
                if piece.len() > 1 && !inside {
                    pieces.push(std::mem::take(&mut piece));
                }
            }
        }
        if inside {
            let place = screen([step, y]);
            if piece.last().is_none_or(|last| last.distance(place) >= NEAR) {
                piece.push(place);
            }
        } else {
            pieces.push(std::mem::take(&mut piece));
        }
        previous = Some([step, y]);
    }
    pieces.push(piece);
    pieces.retain(|piece| !piece.is_empty() && piece.iter().all(|place| place.is_finite()));
    pieces
}

fn length(path: &[Pos2]) -> f32 {
    path.windows(2).map(|ends| ends[0].distance(ends[1])).sum()
}

/// A path cut into dashes, each a separate path, so that bends inside a dash are joined.
fn dashes(path: &[Pos2], dash: f32, gap: f32) -> Vec<Vec<Pos2>> {
    let mut dashes = Vec::new();
    let mut current: Vec<Pos2> = path.first().copied().into_iter().collect();
    let (mut drawing, mut left) = (true, dash);
    for ends in path.windows(2) {
        let (mut from, to) = (ends[0], ends[1]);
        let mut length = from.distance(to);
        while length > left {
            let share = left / length;
            from = pos2(from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share);
            length -= left;
            if drawing {
                current.push(from);
                dashes.push(std::mem::take(&mut current));
            } else {
                current = vec![from];
            }
            drawing = !drawing;
            left = if drawing { dash } else { gap };
        }
        left -= length;
        if drawing {
            current.push(to);
        }
    }
    if drawing && current.len() > 1 {
        dashes.push(current);
    }
    dashes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::chart::scale::ScaleKind;
    use egui::Rect;
    use egui_plot::PlotBounds;

    #[test]
    fn dashes_keep_their_length_over_bends_and_short_segments() {
        let path: Vec<Pos2> = (0_u8..200).map(|i| pos2(0.7 * f32::from(i), f32::from(i % 3))).collect();
        let dashes = dashes(&path, 6.0, 4.0);
        assert_eq!(dashes.len() as f32, (length(&path) / 10.0).ceil());
        for dash in &dashes[..dashes.len() - 1] {
            assert!((length(dash) - 6.0).abs() < 1e-3, "{}", length(dash));
        }
    }

    #[test]
    fn lines_break_at_gaps_and_far_outside_and_cross_the_bounds_where_they_should() {
        let scale = AxisScale { kind: ScaleKind::Linear { exponent: 0 }, low: 0.0, high: 1.0 };
        let frame = Rect::from_min_max(pos2(0.0, 0.0), pos2(100.0, 100.0));
        let transform = PlotTransform::new(frame, PlotBounds::from_min_max([0.0, 0.0], [10.0, 1.0]), false);
        let points =
            [[0.0, 0.5], [1.0, 0.5], [2.0, f64::NAN], [3.0, 0.5], [4.0, 1e300], [5.0, 0.5], [6.0, -9.5]];
        let pieces = pieces(&points, &scale, &transform);
        assert_eq!(pieces.len(), 3, "{pieces:?}");
        assert_eq!(pieces[0], [pos2(0.0, 50.0), pos2(10.0, 50.0)]);
        assert!((pieces[1][1].y + 100.0).abs() < 1e-3, "up to one height above: {:?}", pieces[1]);
        assert_eq!(pieces[2].len(), 3, "down again, and out below: {:?}", pieces[2]);
        assert!((pieces[2][2] - pos2(51.5, 200.0)).length() < 1e-3);
    }
}
