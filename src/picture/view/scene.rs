//! Weight space as plain data: axes, paths, the loss and the sharpness over a plane.
//!
//! Non-finite contract: a point, a loss or a sharpness that is NaN or infinite is absent.

use crate::picture::style::theme::Role;
use std::ops::Range;

/// Points whose loss exceeds that of the flows and the start by more than this factor do not affect the extent of the
/// picture.
pub(crate) const BLOWN_UP: f32 = 10.0;

/// One picture of weight space.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// The axes of the points' coordinates: two span the plane, and a third is optional.
    pub axes: [Option<SceneAxis>; 3],
    /// Share of the squared displacement from the origin along it, 0 to 1.
    pub captured: Option<f32>,
    /// The processes, drawn in this order.
    pub paths: Vec<ScenePath>,
    /// The loss over the plane.
    pub surface: Option<SceneGrid>,
    /// The sharpness over the plane.
    pub region: Option<StableRegion>,
    /// Computed share of the grids, 0 to 1; `None` when nothing is being computed.
    pub progress: Option<f32>,
    /// Whether other axes can be chosen: not if the plane is all of weight space.
    pub choosable: bool,
    /// Problems, or omissions of the picture, in words.
    pub note: Option<String>,
}

/// A direction in weight space.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SceneAxis {
    /// Its name, such as `u₁, top eigenvector`.
    pub label: String,
    /// Share of the squared displacement from the origin along it, 0 to 1.
    pub captured: Option<f32>,
}

/// The path of one process.
#[derive(Clone, Debug, PartialEq)]
pub struct ScenePath {
    /// The process: it determines the colour and the dash.
    pub role: Role,
    /// Plane coordinates, the third along the third axis (0 without one). NaN for a missing point.
    pub points: Vec<[f32; 3]>,
    /// The process's own loss at each point, its height over the plane; empty if it is not known, and the path is
    /// then drawn on the surface.
    pub loss: Vec<f32>,
    /// The exactly projected points; the others come from a sketch and are drawn fainter.
    pub exact: Range<usize>,
    /// The step of the first point.
    pub first_step: usize,
    /// Steps from one point to the next, at least 1.
    pub stride: usize,
}

impl ScenePath {
    /// The index of the point nearest to a step, if there is one.
    pub fn place_at(&self, step: usize) -> Option<usize> {
        let stride = self.stride.max(1);
        let place = (step.checked_sub(self.first_step)? + stride / 2) / stride;
        (place < self.points.len()).then_some(place)
    }
}

/// Values at the nodes of a regular grid over the plane: columns along the first axis, rows along the second. The
/// outer nodes are at the ends of the ranges.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SceneGrid {
    /// Along the first axis.
    pub x: Range<f32>,
    /// Along the second axis.
    pub y: Range<f32>,
    /// Nodes along the first axis.
    pub columns: usize,
    /// Nodes along the second axis.
    pub rows: usize,
    /// Row by row, `columns · rows`; NaN for values that are not computed (yet).
    pub values: Vec<f32>,
}

impl SceneGrid {
    /// The value at a node; NaN outside.
    pub fn at(&self, column: usize, row: usize) -> f32 {
        if column < self.columns {
            self.values.get(row * self.columns + column).copied().unwrap_or(f32::NAN)
        } else {
            f32::NAN
        }
    }

    /// The position of a node in the plane.
    pub fn node(&self, column: usize, row: usize) -> [f32; 2] {
        let along = |range: &Range<f32>, place: usize, count: usize| {
            let share = place as f32 / (count.max(2) - 1) as f32;
            range.start + share * (range.end - range.start)
        };
        [along(&self.x, column, self.columns), along(&self.y, row, self.rows)]
    }

    /// The bilinear interpolation at a position in the plane; NaN outside, or next to a node without a value.
    pub fn value(&self, [x, y]: [f32; 2]) -> f32 {
        let along = |range: &Range<f32>, at: f32, count: usize| {
            let last = count.max(2) - 1;
            let place = (at - range.start) / (range.end - range.start) * last as f32;
            // Rounding must not push the last node outside.
            let slack = 1e-4;
            if !(place >= -slack && place <= last as f32 + slack) {
                return None;
            }
            let place = place.clamp(0.0, last as f32);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the grid")]
            let node = (place as usize).min(last - 1);
            Some((node, place - node as f32))
        };
        let (Some((column, u)), Some((row, v))) =
            (along(&self.x, x, self.columns), along(&self.y, y, self.rows))
        else {
            return f32::NAN;
        };
        let mix = |row: usize| match u {
            0.0 => self.at(column, row),
            1.0 => self.at(column + 1, row),
            u => (1.0 - u) * self.at(column, row) + u * self.at(column + 1, row),
        };
        match v {
            0.0 => mix(row),
            1.0 => mix(row + 1),
            v => (1.0 - v) * mix(row) + v * mix(row + 1),
        }
    }

    /// Smallest and largest finite value.
    pub fn extremes(&self) -> Option<[f32; 2]> {
        let finite = self.values.iter().filter(|value| value.is_finite());
        finite.fold(None, |found, &value| {
            let [low, high] = found.unwrap_or([value, value]);
            Some([low.min(value), high.max(value)])
        })
    }
}

/// The region in which gradient descent is stable: the sharpness S over the plane, and the edge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StableRegion {
    /// S at the nodes.
    pub sharpness: SceneGrid,
    /// 2/η: the region is where S ≤ 2/η.
    pub edge: f32,
}
