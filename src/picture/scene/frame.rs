//! The visible part of the plane, and the height of a loss: the mapping from coordinates to the box.

use crate::picture::style::theme::Role;
use crate::picture::view::camera::TALL;
use crate::picture::view::scene::{BLOWN_UP, Scene, SceneGrid, ScenePath};
use std::ops::Range;

/// Margin around the paths if there is no grid, as a share of the extent.
const MARGIN: f32 = 0.08;
/// As a share of the range of the losses along the paths: heights are approximately linear below it, logarithmic
/// above it.
const LINEAR_SHARE: f32 = 0.5;

/// The height of a value, 0 to 1: ln(1 + (v − low)/unit), so that both the floor of a valley and its walls are
/// visible.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heights {
    /// The value at the bottom.
    pub low: f32,
    /// The transition from linear to logarithmic, above the bottom.
    pub unit: f32,
    /// The value at the top.
    pub high: f32,
}

impl Heights {
    /// A scale from `low` to `high`; `spread` is the range that must be clearly visible.
    pub fn new([low, high]: [f32; 2], spread: f32) -> Self {
        let range = (high - low).max(f32::MIN_POSITIVE);
        let unit = if spread > 0.0 { (LINEAR_SHARE * spread).min(range) } else { 0.05 * range };
        Self { low, unit: unit.max(1e-6 * range), high: low + range }
    }

    /// A linear scale between two ends.
    pub fn linear([low, high]: [f32; 2]) -> Self {
        Self { low, unit: f32::INFINITY, high: low + (high - low).max(f32::MIN_POSITIVE) }
    }

    /// The height, 0 to 1, of a value; clamped.
    pub fn share(&self, value: f32) -> f32 {
        let (above, range) = ((value - self.low).max(0.0), self.high - self.low);
        let share = if self.unit.is_finite() {
            (above / self.unit).ln_1p() / (range / self.unit).ln_1p()
        } else {
            above / range
        };
        if value.is_nan() { f32::NAN } else { share.min(1.0) }
    }

    /// The value at a share of the height.
    pub fn value(&self, share: f32) -> f32 {
        let range = self.high - self.low;
        if self.unit.is_finite() {
            self.low + self.unit * (share * (range / self.unit).ln_1p()).exp_m1()
        } else {
            self.low + share * range
        }
    }

    /// At most `count` rounded values, evenly spaced in height, for contours and the colour bar; ascending.
    pub fn levels(&self, count: usize) -> Vec<f32> {
        let at = |place: usize| self.value(place as f32 / count as f32);
        let mut levels: Vec<f32> = Vec::new();
        for place in 1..count {
            let step = (at(place + 1) - at(place - 1)) * 0.5;
            let unit = 10f32.powf((0.5 * step).log10().floor());
            let level = (at(place) / unit).round() * unit;
            let inside = level > self.low && level < self.high && level.is_finite();
            if inside && levels.last().is_none_or(|&last| level > last) {
                levels.push(level);
            }
        }
        levels
    }
}

/// The part of the plane that fills the box.
#[derive(Clone, Debug, PartialEq)]
pub struct SceneFrame {
    /// Extents along the first and the second axis, and along the third if there is one.
    pub ranges: [Range<f32>; 3],
    /// The scale of the loss; `None` if no point has one.
    pub loss: Option<Heights>,
    /// Whether the height is the third axis instead of the loss.
    pub third: bool,
}

impl SceneFrame {
    /// Shows the grids if there are any, otherwise the exact parts of the paths, otherwise the whole paths; in three
    /// directions the whole paths with the grids below them. `None` if no point is finite.
    pub fn of(scene: &Scene, flat: bool) -> Option<Self> {
        let grid = scene.surface.as_ref().or(scene.region.as_ref().map(|region| &region.sharpness));
        let grid = grid.filter(|grid| has_area(grid));
        let along = |axis: usize| {
            let of_grid = grid.map(|grid| if axis == 0 { grid.x.clone() } else { grid.y.clone() });
            let exact = || margin(extent(scene, axis, true).or_else(|| extent(scene, axis, false))?);
            if axis < 2 { of_grid.or_else(exact) } else { exact() }
        };
        let third = scene.axes[2].is_some() && !flat;
        let whole = |axis: usize| {
            let [low, high] = calm_extent(scene, axis)?;
            let grid = grid.filter(|_| axis < 2).map(|grid| if axis == 0 { &grid.x } else { &grid.y });
            margin(grid.map_or([low, high], |grid| [low.min(grid.start), high.max(grid.end)]))
        };
        let ranges =
            if third { [whole(0)?, whole(1)?, whole(2)?] } else { [along(0)?, along(1)?, -1.0..1.0] };
        let loss = heights(scene, grid.map(|grid| [&grid.x, &grid.y]));
        Some(Self { ranges, loss, third })
    }

    /// A position in the box, not clamped to it; the height is that of `height` (0 to 1).
    pub fn place(&self, [x, y]: [f32; 2], height: f32) -> [f32; 3] {
        [self.share(0, x), self.share(1, y), TALL * (2.0 * height - 1.0)]
    }

    /// The height of a point with its loss, 0 to 1; NaN if it has none.
    pub fn height(&self, third: f32, loss: f32) -> f32 {
        if self.third {
            0.5 * (self.share(2, third) + 1.0)
        } else {
            self.loss.map_or(f32::NAN, |heights| heights.share(loss))
        }
    }

    /// From −1 to 1 along an axis.
    fn share(&self, axis: usize, value: f32) -> f32 {
        let Range { start, end } = self.ranges[axis];
        2.0 * (value - start) / (end - start) - 1.0
    }

    /// The coordinate at a position in the box.
    pub fn value(&self, axis: usize, share: f32) -> f32 {
        let Range { start, end } = self.ranges[axis];
        start + 0.5 * (share + 1.0) * (end - start)
    }
}

/// Whether a grid spans a part of the plane.
fn has_area(grid: &SceneGrid) -> bool {
    let good =
        |range: &Range<f32>| range.start.is_finite() && range.end.is_finite() && range.end > range.start;
    grid.columns > 1 && grid.rows > 1 && good(&grid.x) && good(&grid.y)
}

fn extent(scene: &Scene, axis: usize, exact: bool) -> Option<[f32; 2]> {
    let points = scene.paths.iter().flat_map(|path| {
        let rows = if exact { path.exact.clone() } else { 0..path.points.len() };
        path.points.get(rows).unwrap_or_default()
    });
    let finite = points.filter(|point| point.iter().all(|x| x.is_finite()));
    finite.map(|point| point[axis]).fold(None, |found: Option<[f32; 2]>, value| {
        let [low, high] = found.unwrap_or([value; 2]);
        Some([low.min(value), high.max(value)])
    })
}

/// The extent of all points, except where gradient descent diverges.
fn calm_extent(scene: &Scene, axis: usize) -> Option<[f32; 2]> {
    let descends = |path: &&ScenePath| path.role == Role::GradientDescent;
    let flows = scene.paths.iter().filter(|path| !descends(path)).flat_map(|path| &path.loss);
    let start = scene.paths.iter().filter(descends).filter_map(|path| path.loss.first());
    let most = flows.chain(start).copied().filter(|loss| loss.is_finite()).fold(f32::NAN, f32::max);
    let points = scene.paths.iter().flat_map(|path| {
        let wild = move |place: usize| {
            path.role == Role::GradientDescent
                && path.loss.get(place).is_some_and(|loss| *loss > BLOWN_UP * most)
        };
        path.points.iter().enumerate().filter(move |(place, _)| !wild(*place)).map(|(_, point)| point)
    });
    let finite = points.filter(|point| point.iter().all(|x| x.is_finite()));
    finite.map(|point| point[axis]).fold(None, |found: Option<[f32; 2]>, value| {
        let [low, high] = found.unwrap_or([value; 2]);
        Some([low.min(value), high.max(value)])
    })
}

fn margin([low, high]: [f32; 2]) -> Option<Range<f32>> {
    let size = (high - low).max(1e-6 * low.abs().max(high.abs())).max(1e-12);
    let range = low - MARGIN * size..high + MARGIN * size;
    (range.start.is_finite() && range.end.is_finite()).then_some(range)
}

/// Heights of the loss: the bottom is the minimum and the top the maximum of the surface, and the range along the
/// paths is clearly visible, within the visible `plane` if there is one.
fn heights(scene: &Scene, plane: Option<[&Range<f32>; 2]>) -> Option<Heights> {
    let shown = |point: &[f32; 3]| {
        plane.is_none_or(|[x, y]| {
            (x.start..=x.end).contains(&point[0]) && (y.start..=y.end).contains(&point[1])
        })
    };
    let mut on_paths: Option<[f32; 2]> = None;
    for path in &scene.paths {
        let known = path.loss.len().min(path.points.len());
        let exact = path.exact.start.min(known)..path.exact.end.min(known);
        let places = if exact.is_empty() { 0..known } else { exact };
        for place in places {
            let loss = path.loss[place];
            if !loss.is_finite() || !shown(&path.points[place]) {
                continue;
            }
            let [low, high] = on_paths.unwrap_or([loss; 2]);
            on_paths = Some([low.min(loss), high.max(loss)]);
        }
    }
    let surface = scene.surface.as_ref().and_then(SceneGrid::extremes);
    let spread = on_paths.map_or(0.0, |[low, high]| high - low);
    match (surface, on_paths) {
        (Some([low, high]), Some([least, _])) => Some(Heights::new([low.min(least), high], spread)),
        (Some(range), None) | (None, Some(range)) => Some(Heights::new(range, spread)),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_and_values_are_inverse_and_ordered() {
        for heights in
            [Heights::new([0.001, 3.0], 0.02), Heights::linear([-2.0, 5.0]), Heights::new([1.0, 1.0], 0.0)]
        {
            let mut before = f32::NEG_INFINITY;
            for step in 0_u8..=10 {
                let share = f32::from(step) / 10.0;
                let value = heights.value(share);
                assert!(value >= heights.low && value <= heights.high * 1.0001);
                assert!((heights.share(value) - share).abs() < 1e-3 || heights.high - heights.low < 1e-30);
                assert!(value >= before);
                before = value;
            }
            assert!(heights.share(f32::NAN).is_nan());
            assert_eq!(heights.share(f32::INFINITY), 1.0);
        }
    }

    #[test]
    fn levels_ascend_and_are_round() {
        let levels = Heights::new([0.0, 0.9], 0.02).levels(10);
        assert!(levels.len() > 6 && levels.windows(2).all(|pair| pair[0] < pair[1]), "{levels:?}");
        for level in levels {
            let digits = 1e3 * level / 10f32.powf(level.log10().floor());
            assert!((digits - digits.round()).abs() < 0.01, "{level}");
        }
        assert!(Heights::new([2.0, 2.0], 0.0).levels(10).len() <= 10);
    }
}
