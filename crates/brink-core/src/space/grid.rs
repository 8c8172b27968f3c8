//! Values at the nodes of a regular grid on the plane of the first two axes.

use serde::{Deserialize, Serialize};

/// The rectangle of the plane covered by a grid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Extent {
    /// Coordinates of the first and the last column.
    pub x: [f64; 2],
    /// Coordinates of the first and the last row.
    pub y: [f64; 2],
}

/// Smallest length of a side, relative to the other side and to the norm of the weights.
const LEAST_SIDE: f64 = 1e-3;

impl Extent {
    /// The bounding rectangle of all finite points, with a margin. A side of length zero is extended to a
    /// small length; `scale` is the norm of the weights.
    pub fn around(points: impl IntoIterator<Item = [f64; 2]>, scale: f64) -> Self {
        let mut sides = [[0.0_f64; 2]; 2];
        let mut empty = true;
        for point in points.into_iter().filter(|point| point.iter().all(|x| x.is_finite())) {
            for (side, at) in sides.iter_mut().zip(point) {
                *side = if empty { [at; 2] } else { [side[0].min(at), side[1].max(at)] };
            }
            empty = false;
        }
        let longest = sides.iter().map(|[low, high]| high - low).fold(0.0, f64::max);
        let least = LEAST_SIDE * if longest > 0.0 { longest } else { scale.max(1e-6) };
        let [x, y] = sides.map(|[low, high]| {
            let margin = (0.2 * (high - low)).max(least);
            [low - margin, high + margin]
        });
        Self { x, y }
    }
}

/// Values at the nodes in row-major order. NaN marks a value that is undefined or not computed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// Rectangle spanned by the outer nodes.
    pub extent: Extent,
    /// Number of nodes along the first axis.
    pub columns: usize,
    /// Number of nodes along the second axis.
    pub rows: usize,
    /// Values. Shape `[rows, columns]`.
    pub values: Vec<f32>,
}

impl Grid {
    /// A grid of `side × side` nodes with all values NaN.
    pub fn empty(extent: Extent, side: usize) -> Self {
        Self { extent, columns: side, rows: side, values: vec![f32::NAN; side * side] }
    }

    /// Coordinates of a node in the plane.
    pub fn node(&self, column: usize, row: usize) -> [f64; 2] {
        let along = |[low, high]: [f64; 2], place: usize, count: usize| {
            low + (high - low) * place as f64 / (count.max(2) - 1) as f64
        };
        [along(self.extent.x, column, self.columns), along(self.extent.y, row, self.rows)]
    }

    /// The value at a node.
    ///
    /// # Panics
    /// If the node is outside the grid.
    pub fn at(&self, column: usize, row: usize) -> f32 {
        self.values[row * self.columns + column]
    }

    /// Sets the value at a node. Non-finite values become NaN.
    ///
    /// # Panics
    /// If the node is outside the grid.
    #[expect(clippy::cast_possible_truncation, reason = "beyond f32 it is absent")]
    pub fn set(&mut self, column: usize, row: usize, value: f64) {
        let value = value as f32;
        self.values[row * self.columns + column] = if value.is_finite() { value } else { f32::NAN };
    }

    /// The subgrid of every `stride`-th node in both directions.
    #[must_use]
    pub fn thinned(&self, stride: usize) -> Self {
        let (columns, rows) = ((self.columns - 1) / stride + 1, (self.rows - 1) / stride + 1);
        let values =
            (0..rows * columns).map(|i| self.at(i % columns * stride, i / columns * stride)).collect();
        Self { extent: self.extent, columns, rows, values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_run_from_end_to_end_and_thinning_keeps_them_in_place() {
        let mut grid = Grid::empty(Extent { x: [-1.0, 1.0], y: [10.0, 14.0] }, 5);
        for i in 0..25 {
            let [x, y] = grid.node(i % 5, i / 5);
            grid.set(i % 5, i / 5, x + y);
        }
        assert_eq!((grid.node(0, 0), grid.node(4, 4)), ([-1.0, 10.0], [1.0, 14.0]));
        let thin = grid.thinned(2);
        assert_eq!((thin.columns, thin.node(1, 2), thin.at(1, 2)), (3, [0.0, 14.0], 14.0));
        grid.set(0, 0, 1e300);
        assert!(grid.at(0, 0).is_nan());
    }

    #[test]
    fn an_extent_holds_what_is_finite_and_is_never_empty() {
        let extent = Extent::around([[0.0, 5.0], [f64::NAN, 9.0], [10.0, 5.0]], 1.0);
        assert_eq!(extent.x, [-2.0, 12.0]);
        assert!(extent.y[0] < 5.0 && extent.y[1] > 5.0 && extent.y[1] < 6.0);
        for none in [Extent::around([], 0.0), Extent::around([[3.0, 3.0]], 50.0)] {
            assert!(none.x[1] > none.x[0] && none.y[1] > none.y[0], "{none:?}");
        }
    }
}
