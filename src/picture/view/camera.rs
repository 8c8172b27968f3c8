//! The mapping from the box that holds a scene to the screen.
//!
//! The box: x and y of the plane range from −1 to 1, the height from −[`TALL`] to [`TALL`]. Projections are parallel,
//! so that lengths can be compared anywhere in the picture.

use egui::{Pos2, Rect, Vec2, pos2, vec2};

/// Half the height of the box.
pub const TALL: f32 = 0.5;
/// Minimum and maximum zoom.
const ZOOMS: std::ops::RangeInclusive<f32> = 0.3..=400.0;
/// Minimum and maximum elevation of the eye, in radians.
const PITCHES: std::ops::RangeInclusive<f32> = 0.05..=1.5;
/// Maximum displacement of the picture, in half sides of the box.
const FARTHEST: f32 = 3.0;

/// The viewpoint of a scene.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// Rotation about the vertical, in radians.
    pub yaw: f32,
    /// Elevation of the eye above the plane, in radians.
    pub pitch: f32,
    /// Magnification; at 1 the box fits the picture.
    pub zoom: f32,
    /// Offset that is added to every position, in half sides of the fitted box, y upwards.
    pub pan: [f32; 2],
}

impl Camera {
    /// The default view: from the side and from above.
    pub const START: Self = Self { yaw: 0.5, pitch: 0.75, zoom: 1.0, pan: [0.0; 2] };

    /// Rotates by angles in radians.
    pub fn turn(&mut self, yaw: f32, pitch: f32) {
        if yaw.is_finite() && pitch.is_finite() {
            self.yaw = (self.yaw + yaw).rem_euclid(std::f32::consts::TAU);
            self.pitch = (self.pitch + pitch).clamp(*PITCHES.start(), *PITCHES.end());
        }
    }

    /// Moves the picture by half sides of the box as it is magnified.
    pub fn shift(&mut self, by: [f32; 2]) {
        for (pan, by) in self.pan.iter_mut().zip(by) {
            let moved = *pan + by / self.zoom;
            *pan = if moved.is_finite() { moved.clamp(-FARTHEST, FARTHEST) } else { *pan };
        }
    }

    /// Magnifies such that the point at `at` (half sides of the fitted box from the middle) stays in place.
    pub fn magnify(&mut self, factor: f32, at: [f32; 2]) {
        let before = self.zoom;
        let zoom = before * factor;
        if !(zoom.is_finite() && zoom > 0.0) {
            return;
        }
        self.zoom = zoom.clamp(*ZOOMS.start(), *ZOOMS.end());
        for (pan, at) in self.pan.iter_mut().zip(at) {
            let moved = *pan + at / self.zoom - at / before;
            *pan = if moved.is_finite() { moved.clamp(-FARTHEST, FARTHEST) } else { *pan };
        }
    }
}

/// Points on the screen per half side of the fitted box, horizontally and vertically.
pub fn half_sides(rect: Rect, flat: bool) -> Vec2 {
    if flat {
        0.5 * rect.size()
    } else {
        // The horizontal extent of a rotated box, and the vertical extent of a tilted one.
        let side = (0.5 * rect.width() / 1.46).min(0.5 * rect.height() / 1.5);
        vec2(side, side)
    }
}

/// An affine map from the box to the screen, and to nearness.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Projection {
    /// Points from the left, points from the top, and nearness to the eye in sides of the box; each as the factors of
    /// x, y, z and a constant.
    pub rows: [[f32; 4]; 3],
    /// Approximate number of points on the screen per unit of the box.
    pub points_per_unit: f32,
}

impl Projection {
    /// The mapping for a camera and a rectangle of the screen. A flat view looks straight down.
    pub fn new(camera: &Camera, rect: Rect, flat: bool) -> Self {
        let half = half_sides(rect, flat) * camera.zoom;
        let center = rect.center() + vec2(camera.pan[0] * half.x, -camera.pan[1] * half.y);
        let (sin_yaw, cos_yaw) = if flat { (0.0, 1.0) } else { camera.yaw.sin_cos() };
        let (sin_pitch, cos_pitch) = if flat { (1.0, 0.0) } else { camera.pitch.sin_cos() };
        let rows = [
            [half.x * cos_yaw, -half.x * sin_yaw, 0.0, center.x],
            [-half.y * sin_yaw * sin_pitch, -half.y * cos_yaw * sin_pitch, -half.y * cos_pitch, center.y],
            [-sin_yaw * cos_pitch, -cos_yaw * cos_pitch, sin_pitch, 0.0],
        ];
        Self { rows, points_per_unit: (half.x * half.y).sqrt().max(f32::MIN_POSITIVE) }
    }

    /// The screen position of a point of the box.
    pub fn place(&self, at: [f32; 3]) -> Pos2 {
        pos2(self.row(0, at), self.row(1, at))
    }

    /// Its nearness to the eye, in sides of the box.
    pub fn nearness(&self, at: [f32; 3]) -> f32 {
        self.row(2, at)
    }

    /// The direction to the eye, of length 1.
    pub fn eye(&self) -> [f32; 3] {
        let [x, y, z, _] = self.rows[2];
        [x, y, z]
    }

    fn row(&self, row: usize, [x, y, z]: [f32; 3]) -> f32 {
        let [a, b, c, d] = self.rows[row];
        a * x + b * y + c * z + d
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECT: Rect = Rect { min: pos2(100.0, 50.0), max: pos2(500.0, 350.0) };

    #[test]
    fn a_flat_box_fills_the_picture() {
        let projection = Projection::new(&Camera::START, RECT, true);
        assert!(projection.place([-1.0, 1.0, 0.3]).distance(RECT.min) < 1e-3);
        assert!(projection.place([1.0, -1.0, -0.3]).distance(RECT.max) < 1e-3);
        assert_eq!(projection.eye(), [0.0, 0.0, 1.0]);
    }

    #[test]
    fn every_turned_box_fits() {
        for step in 0_u8..64 {
            let mut camera = Camera::START;
            camera.turn(0.1 * f32::from(step), 0.05 * f32::from(step % 8) - 0.3);
            let projection = Projection::new(&camera, RECT, false);
            for corner in 0..8 {
                let side = |bit: u8| if corner & bit == 0 { -1.0 } else { 1.0 };
                let place = projection.place([side(1), side(2), TALL * side(4)]);
                assert!(RECT.expand(12.0).contains(place), "{camera:?}: {place:?}");
            }
            let length: f32 = projection.eye().iter().map(|x| x * x).sum();
            assert!((length - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn magnifying_keeps_what_is_below_the_pointer() {
        let mut camera = Camera { pan: [0.2, -0.1], ..Camera::START };
        let pointer = pos2(180.0, 120.0);
        let half = half_sides(RECT, true);
        let off = (pointer - RECT.center()) / half;
        let below = |camera: &Camera| {
            let projection = Projection::new(camera, RECT, true);
            let [a, _, _, x] = projection.rows[0];
            let [_, b, _, y] = projection.rows[1];
            [(pointer.x - x) / a, (pointer.y - y) / b]
        };
        let before = below(&camera);
        camera.magnify(3.0, [off.x, -off.y]);
        let after = below(&camera);
        assert!((before[0] - after[0]).abs() + (before[1] - after[1]).abs() < 1e-5, "{before:?} {after:?}");
    }

    #[test]
    fn no_wish_breaks_the_camera() {
        let mut camera = Camera::START;
        camera.turn(f32::NAN, 0.1);
        camera.magnify(0.0, [0.0; 2]);
        camera.magnify(f32::INFINITY, [0.0; 2]);
        camera.shift([f32::NAN, 0.0]);
        assert_eq!(camera, Camera::START);
        camera.magnify(1e30, [0.1, 0.1]);
        camera.turn(0.0, 90.0);
        camera.shift([1e20, -1e20]);
        assert!(ZOOMS.contains(&camera.zoom) && PITCHES.contains(&camera.pitch));
        assert!(camera.pan.iter().all(|pan| pan.abs() <= FARTHEST));
    }
}
