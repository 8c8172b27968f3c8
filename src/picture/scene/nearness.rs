//! The surface's nearness to the eye at the middle of each pixel, which determines the hidden parts of lines for a
//! mesh, as the texture of nearness does for the shaders (`shaders/line.wgsl`).

use super::figure::Fill;
use crate::picture::view::camera::Projection;
use egui::{Pos2, Rect};

/// The nearness of empty space: farther than anything in the box.
const NOTHING: f32 = -2.0;
/// Maximum number of pixels along a side.
const MOST: usize = 16_384;
/// Widening of a row of a triangle, in pixels, so that rounding leaves no pixel uncovered between two of them.
const SLACK: f32 = 1e-3;
/// Distance of a line above the surface it lies on, in half sides of the box; the shaders use it too.
pub const LIFT: f32 = 0.012;

/// The nearness of a surface, pixel by pixel.
pub(super) struct Nearness {
    corner: Pos2,
    pixel: f32,
    columns: usize,
    rows: usize,
    /// Row by row from the top; empty if the picture has no pixels.
    values: Vec<f32>,
}

impl Nearness {
    /// From triangles, in the pixels of a rectangle; the size of a pixel is in points.
    pub fn of(fill: &Fill, projection: &Projection, rect: Rect, pixel: f32) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates; NaN is 0"
        )]
        let count = |side: f32| ((side / pixel).ceil() as usize).min(MOST);
        let (columns, rows) = (count(rect.width()), count(rect.height()));
        let mut nearness =
            Self { corner: rect.min, pixel, columns, rows, values: vec![NOTHING; columns * rows] };
        let place = |at: &[f32; 3]| {
            let [x, y] = nearness.pixels(projection.place(*at));
            [x, y, projection.nearness(*at)]
        };
        let corners: Vec<[f32; 3]> = fill.corners.iter().map(place).collect();
        for triangle in fill.indices.chunks_exact(3) {
            let [a, b, c] = [0, 1, 2].map(|i| corners.get(triangle[i] as usize).copied());
            if let (Some(a), Some(b), Some(c)) = (a, b, c) {
                nearness.draw([a, b, c]);
            }
        }
        nearness
    }

    /// From a position to pixels: the middle of the first one is at 0.
    fn pixels(&self, at: Pos2) -> [f32; 2] {
        [(at.x - self.corner.x) / self.pixel - 0.5, (at.y - self.corner.y) / self.pixel - 0.5]
    }

    /// Keeps the nearest value for each pixel of a triangle.
    fn draw(&mut self, [a, b, c]: [[f32; 3]; 3]) {
        let area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
        if !(area.is_normal() && [a, b, c].as_flattened().iter().all(|x| x.is_finite())) {
            return;
        }
        // the plane through the corners
        let [db, dc] = [b[2] - a[2], c[2] - a[2]];
        let across = (db * (c[1] - a[1]) - dc * (b[1] - a[1])) / area;
        let down = (dc * (b[0] - a[0]) - db * (c[0] - a[0])) / area;
        let (rows, columns) = (span([a[1], b[1], c[1]], self.rows), self.columns);
        for row in rows {
            let y = row as f32;
            // the ends of the row's intersection with the triangle
            let (mut from, mut to) = (f32::INFINITY, f32::NEG_INFINITY);
            for (p, q) in [(a, b), (b, c), (c, a)] {
                let crosses = (p[1] <= y) != (q[1] <= y);
                if crosses || p[1] == y {
                    let x = if crosses { p[0] + (y - p[1]) / (q[1] - p[1]) * (q[0] - p[0]) } else { p[0] };
                    (from, to) = (from.min(x), to.max(x));
                }
            }
            for column in span([from - SLACK, to, to + SLACK], columns) {
                let value = a[2] + across * (column as f32 - a[0]) + down * (y - a[1]);
                let kept = &mut self.values[row * columns + column];
                *kept = kept.max(value);
            }
        }
    }

    /// Whether the surface is nearer than a position of nearness `near`, lifted; linear between the middles of
    /// pixels.
    pub fn hides(&self, at: Pos2, near: f32) -> bool {
        let (Some(right), Some(bottom)) = (self.columns.checked_sub(1), self.rows.checked_sub(1)) else {
            return false;
        };
        let [x, y] = self.pixels(at);
        let along = |at: f32, last: usize| {
            let at = at.clamp(0.0, last as f32);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "within the picture; NaN is 0"
            )]
            let low = at as usize;
            (low, (low + 1).min(last), at - low as f32)
        };
        let ((left, next, u), (top, below, v)) = (along(x, right), along(y, bottom));
        let at = |column: usize, row: usize| self.values[row * self.columns + column];
        let mix = |a: f32, b: f32, share: f32| a + share * (b - a);
        let nearest = mix(mix(at(left, top), at(next, top), u), mix(at(left, below), at(next, below), u), v);
        near + LIFT < nearest
    }
}

/// The integers between the smallest and the largest of three, within `0..count`.
fn span(ends: [f32; 3], count: usize) -> std::ops::Range<usize> {
    let [a, b, c] = ends;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    let (from, to) =
        (a.min(b).min(c).ceil().max(0.0) as usize, (a.max(b).max(c).floor() + 1.0).max(0.0) as usize);
    from..to.min(count).max(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::view::camera::Camera;
    use egui::{Color32, pos2};

    const RECT: Rect = Rect { min: pos2(10.0, 20.0), max: pos2(110.0, 100.0) };

    /// A tilted plane over the box, and degenerate triangles.
    fn surface() -> Fill {
        let corners =
            vec![[-1.0, -1.0, -0.5], [1.0, -1.0, -0.5], [1.0, 1.0, 0.5], [-1.0, 1.0, 0.5], [f32::NAN; 3]];
        let indices = vec![0, 1, 2, 0, 2, 3, 0, 1, 4, 7, 8, 9];
        Fill { colors: vec![Color32::RED; corners.len()], corners, indices, ..Fill::default() }
    }

    #[test]
    fn a_plane_hides_what_is_below_it_and_nothing_above() {
        for (yaw, pitch, pixel) in [(0.5, 0.75, 1.0), (2.0, 1.4, 0.5), (4.0, 0.9, 1.0)] {
            let projection = Projection::new(&Camera { yaw, pitch, ..Camera::START }, RECT, false);
            let nearness = Nearness::of(&surface(), &projection, RECT, pixel);
            for (x, y) in [(-0.8, 0.1), (0.0, 0.0), (0.33, -0.71), (0.9, 0.9)] {
                let at = |above: f32| {
                    let eye = projection.eye();
                    std::array::from_fn(|axis| [x, y, 0.5 * y][axis] + above * eye[axis])
                };
                let hidden =
                    |above| nearness.hides(projection.place(at(above)), projection.nearness(at(above)));
                // a plane is interpolated exactly between the pixels too
                assert!(
                    hidden(-LIFT - 1e-3) && !hidden(-LIFT + 1e-3) && !hidden(0.1),
                    "{yaw} {pitch} {x} {y}"
                );
            }
        }
    }

    #[test]
    fn where_nothing_is_drawn_nothing_is_hidden() {
        let projection = Projection::new(&Camera::START, RECT, false);
        for rect in [Rect::NOTHING, Rect::NAN, Rect::ZERO, Rect::from_min_max(RECT.min, RECT.min)] {
            assert!(!Nearness::of(&surface(), &projection, rect, 1.0).hides(RECT.center(), -1.0), "{rect:?}");
        }
        assert!(!Nearness::of(&Fill::default(), &projection, RECT, 1.0).hides(RECT.center(), -1.4));
        let nearness = Nearness::of(&surface(), &projection, RECT, 1.0);
        assert!(nearness.hides(RECT.center(), -1.0) && !nearness.hides(pos2(-1e9, f32::NAN), -1.0));
    }
}
