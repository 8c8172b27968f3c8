//! A frame of two or three orthonormal axes at a point of weight space, and the fraction of displacements
//! that it captures.

use crate::spectrum::{axpy, dot, norm};

/// A direction is rejected if its component orthogonal to the other axes is smaller than this fraction of its
/// length.
const LEAST_SHARE: f64 = 1e-6;

/// Axes that do not span a plane.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FrameError {
    /// The direction has length zero.
    #[error("the axis “{axis}” has length 0 here; choose another axis, or another step")]
    Zero {
        /// Name of the axis.
        axis: String,
    },
    /// The direction contains a NaN or an infinity.
    #[error("the axis “{axis}” is not finite here; choose another axis, or a step before the divergence")]
    NonFinite {
        /// Name of the axis.
        axis: String,
    },
    /// The direction lies in the span of the previous axes.
    #[error(
        "the axis “{axis}” lies along the axes before it (share left over {share:.0e}): they span no plane; choose another axis"
    )]
    Dependent {
        /// Name of the axis.
        axis: String,
        /// Norm of the component orthogonal to the previous axes, relative to the norm of the direction.
        share: f64,
    },
    /// The direction does not exist.
    #[error("there is no axis “{axis}” here: {reason}")]
    Missing {
        /// Name of the axis.
        axis: String,
        /// The reason.
        reason: String,
    },
}

fn scale(by: f64, x: &mut [f64]) {
    for x in x {
        *x *= by;
    }
}

/// Orthonormal axes at an origin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// Origin. Shape `[dim]`.
    origin: Vec<f64>,
    /// Axes. Shape `[axes, dim]`.
    axes: Vec<Vec<f64>>,
}

impl Frame {
    /// A frame without axes at the given origin. Shape `[dim]`.
    pub fn new(origin: Vec<f64>) -> Self {
        Self { origin, axes: Vec::new() }
    }

    /// Adds an axis: the component of `direction` (shape `[dim]`) orthogonal to the existing axes (modified
    /// Gram–Schmidt, applied twice), normalized.
    ///
    /// # Errors
    /// [`FrameError`] if the direction is zero, not finite, or in the span of the existing axes. The frame is
    /// then unchanged.
    pub fn add(&mut self, name: &str, mut direction: Vec<f64>) -> Result<(), FrameError> {
        let axis = || name.to_owned();
        if !direction.iter().all(|x| x.is_finite()) {
            return Err(FrameError::NonFinite { axis: axis() });
        }
        // Scaled by the largest entry, because the square of a tiny or huge entry could underflow or
        // overflow.
        let largest = direction.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        if largest == 0.0 {
            return Err(FrameError::Zero { axis: axis() });
        }
        for x in &mut direction {
            *x /= largest;
        }
        scale(1.0 / norm(&direction), &mut direction);
        for _ in 0..2 {
            for other in &self.axes {
                axpy(-dot(other, &direction), other, &mut direction);
            }
        }
        let share = norm(&direction);
        if share < LEAST_SHARE {
            return Err(FrameError::Dependent { axis: axis(), share });
        }
        scale(1.0 / share, &mut direction);
        self.axes.push(direction);
        Ok(())
    }

    /// The origin. Shape `[dim]`.
    pub fn origin(&self) -> &[f64] {
        &self.origin
    }

    /// The axes. Shape `[axes, dim]`.
    pub fn axes(&self) -> &[Vec<f64>] {
        &self.axes
    }

    /// Writes the weights at (x, y) in the plane of the first two axes to `w`. Shape `[dim]`. The coordinate
    /// of a missing axis is ignored.
    pub fn point(&self, x: f64, y: f64, w: &mut Vec<f64>) {
        w.clone_from(&self.origin);
        for (axis, at) in self.axes.iter().zip([x, y]) {
            axpy(at, axis, w);
        }
    }

    /// Coordinates of a displacement (shape `[dim]`) from the origin. Coordinates along missing axes are 0.
    pub fn coordinates(&self, displacement: &[f64]) -> [f64; 3] {
        let mut coordinates = [0.0; 3];
        for (at, axis) in coordinates.iter_mut().zip(&self.axes) {
            *at = dot(axis, displacement);
        }
        coordinates
    }
}

/// The fraction of squared displacements captured by the axes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Captured {
    along: [f64; 3],
    whole: f64,
}

impl Captured {
    /// Adds a displacement (shape `[dim]`) with the given coordinates.
    pub fn count(&mut self, displacement: &[f64], coordinates: [f64; 3]) {
        self.whole += dot(displacement, displacement);
        for (sum, at) in self.along.iter_mut().zip(coordinates) {
            *sum += at * at;
        }
    }

    /// Fraction of the squared displacements along one axis, from 0 to 1. `None` if all displacements are
    /// zero.
    pub fn along(&self, axis: usize) -> Option<f64> {
        (self.whole > 0.0).then(|| (self.along[axis] / self.whole).min(1.0))
    }

    /// Fraction of the squared displacements along all axes together, from 0 to 1. `None` if all
    /// displacements are zero.
    pub fn total(&self) -> Option<f64> {
        (self.whole > 0.0).then(|| (self.along.iter().sum::<f64>() / self.whole).min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_orthonormal_however_near_they_are() {
        let mut frame = Frame::new(vec![0.0; 50]);
        let first: Vec<f64> = (0..50).map(|i| f64::from(i).sin()).collect();
        let near = |by: f64, of: fn(f64) -> f64| -> Vec<f64> {
            first.iter().enumerate().map(|(i, x)| 1e8 * (x + by * of(i as f64))).collect()
        };
        frame.add("a", first.clone()).unwrap();
        frame.add("b", near(1e-4, f64::cos)).unwrap();
        frame.add("c", near(1e-4, |i| (1.7 * i).cos())).unwrap();
        for (i, a) in frame.axes().iter().enumerate() {
            for (j, b) in frame.axes().iter().enumerate() {
                assert!((dot(a, b) - f64::from(u8::from(i == j))).abs() < 1e-14, "{i} {j}");
            }
        }
    }

    #[test]
    fn a_degenerate_frame_is_said_in_words() {
        let mut frame = Frame::new(vec![0.0; 3]);
        frame.add("u₁", vec![1e-200, 0.0, 0.0]).unwrap();
        let mut refused = |direction: [f64; 3]| frame.add("drift", direction.to_vec()).unwrap_err();
        assert!(matches!(refused([0.0; 3]), FrameError::Zero { .. }));
        assert!(matches!(refused([0.0, f64::NAN, 1.0]), FrameError::NonFinite { .. }));
        assert!(matches!(refused([0.0, f64::INFINITY, 1.0]), FrameError::NonFinite { .. }));
        let equal = refused([-7.0, 0.0, 0.0]);
        assert!(matches!(equal, FrameError::Dependent { .. }), "{equal}");
        assert!(
            equal.to_string().contains("drift") && equal.to_string().contains("choose another"),
            "{equal}"
        );
        assert_eq!(frame.axes().len(), 1);
    }

    #[test]
    fn the_captured_fraction_is_that_of_the_squares() {
        let mut frame = Frame::new(vec![1.0; 4]);
        frame.add("x", vec![2.0, 0.0, 0.0, 0.0]).unwrap();
        frame.add("y", vec![1.0, 1.0, 0.0, 0.0]).unwrap();
        let mut captured = Captured::default();
        assert_eq!((captured.total(), captured.along(0)), (None, None));
        // squares along x: 9 + 0, along y: 16 + 4, in total 25 + 4 + 7 = 36
        for displacement in [[3.0, 4.0, 0.0, 0.0], [0.0, -2.0, 2.0, 3.0_f64.sqrt()]] {
            let coordinates = frame.coordinates(&displacement);
            captured.count(&displacement, coordinates);
        }
        assert!((captured.along(0).unwrap() - 9.0 / 36.0).abs() < 1e-15);
        assert!((captured.along(1).unwrap() - 20.0 / 36.0).abs() < 1e-15);
        assert!((captured.total().unwrap() - 29.0 / 36.0).abs() < 1e-15);
        let mut w = Vec::new();
        frame.point(0.5, -2.0, &mut w);
        assert_eq!(w, [1.5, -1.0, 1.0, 1.0]);
    }
}
