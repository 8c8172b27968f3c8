//! Pieces of lines in the box with their lengths, cut at its sides.

use super::BREAK;

/// Points closer than this to the previous one, in half sides of the box, are omitted.
const NEAR: f32 = 2.0e-4;

/// Collects pieces of lines, with their lengths.
#[derive(Default)]
pub(super) struct Polyline {
    /// Points, each with the length of its piece up to it, or [`BREAK`] at the end of one.
    pub points: Vec<[f32; 4]>,
}

impl Polyline {
    /// Adds a piece, interrupted where a position is not finite.
    pub(super) fn add(&mut self, places: impl IntoIterator<Item = [f32; 3]>) {
        let mut length = 0.0;
        let mut before: Option<[f32; 3]> = None;
        let mut skipped = None;
        for place in places {
            if place.iter().any(|x| !x.is_finite()) {
                self.end(skipped.take(), length, before);
                before = None;
                continue;
            }
            let step = before.map_or(0.0, |before| distance(before, place));
            if before.is_some() && step < NEAR {
                skipped = Some(place);
                continue;
            }
            length += step;
            self.points.push([place[0], place[1], place[2], length]);
            (before, skipped) = (Some(place), None);
        }
        self.end(skipped, length, before);
    }

    /// Ends a piece at its last position.
    fn end(&mut self, skipped: Option<[f32; 3]>, length: f32, before: Option<[f32; 3]>) {
        if let (Some([x, y, z]), Some(before)) = (skipped, before) {
            self.points.push([x, y, z, length + distance(before, [x, y, z])]);
        }
        if let Some(last) = self.points.last_mut() {
            last[3] = BREAK;
        }
    }

    /// Cuts at the sides of the box, if there is one; in the plane lines may continue.
    pub(super) fn clipped(self, flat: bool) -> Vec<[f32; 4]> {
        if flat { self.points } else { clip(&self.points) }
    }
}

fn distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    (0..3).map(|axis| (a[axis] - b[axis]) * (a[axis] - b[axis])).sum::<f32>().sqrt()
}

/// The parts of lines between the walls x, y = ±1.
fn clip(points: &[[f32; 4]]) -> Vec<[f32; 4]> {
    let mut out: Vec<[f32; 4]> = Vec::with_capacity(points.len());
    let mut length = 0.0;
    for pair in points.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        if a[3] == BREAK {
            continue;
        }
        let end = if b[3] == BREAK { a[3] + distance([a[0], a[1], a[2]], [b[0], b[1], b[2]]) } else { b[3] };
        let (mut from, mut to) = (0.0_f32, 1.0_f32);
        for axis in 0..2 {
            let step = b[axis] - a[axis];
            for wall in [-1.0, 1.0] {
                let (inside_a, inside_b) = ((a[axis] - wall) * wall <= 0.0, (b[axis] - wall) * wall <= 0.0);
                match (inside_a, inside_b) {
                    (false, false) => to = -1.0,
                    (false, true) => from = from.max((wall - a[axis]) / step),
                    (true, false) => to = to.min((wall - a[axis]) / step),
                    (true, true) => {}
                }
            }
        }
        if from >= to {
            continue;
        }
        let at = |share: f32| -> [f32; 4] {
            std::array::from_fn(|axis| {
                let (a, b) = (a[axis], if axis == 3 { end } else { b[axis] });
                a + share * (b - a)
            })
        };
        let (start, end) = (at(from), at(to));
        let joined = from == 0.0 && out.last().is_some_and(|last| last[..3] == start[..3]);
        if joined {
            if let Some(last) = out.last_mut() {
                last[3] = length;
            }
        } else {
            out.push(start);
        }
        length = end[3];
        out.push([end[0], end[1], end[2], BREAK]);
    }
    out
}
