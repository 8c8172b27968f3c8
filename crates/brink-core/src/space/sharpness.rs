//! The sharpness on the plane: a coarse grid along a serpentine with warm-started eigensolves, then a
//! refinement where S crosses 2/η.

use super::frame::Frame;
use super::grid::{Extent, Grid};
use super::probe::{Probe, Solved};
use crate::calculus::Stop;
use std::time::{Duration, Instant};

/// Number of nodes per side of the coarse grid.
pub const SIDE: usize = 24;

/// Reduced numbers of nodes per side for expensive eigensolves.
const FEWER: [usize; 2] = [12, 6];

/// Largest expected duration of a coarse grid, given the cost of its first eigensolves.
const MOST_TIME: Duration = Duration::from_secs(20);

/// Duration after which no further nodes are computed. Missing nodes are interpolated or left undefined.
const LONGEST: Duration = Duration::from_mins(1);

/// Number of eigensolves from which the cost is estimated; the first one is a cold start.
const TRIALS: usize = 4;

/// Computes the sharpness at the nodes of a grid.
#[derive(Clone, Debug)]
pub struct Sharpness {
    edge: f64,
    grid: Grid,
    /// Nodes to compute, in reverse order.
    open: Vec<[usize; 2]>,
    refined: bool,
    solved: usize,
    warm: usize,
    spent: Duration,
    /// Number of nodes whose eigensolve has not converged.
    unconverged: usize,
    /// Whether the computation was stopped by [`LONGEST`].
    broken_off: bool,
    w: Vec<f64>,
}

impl Sharpness {
    /// A computation without results yet. `edge` is 2/η.
    pub fn new(extent: Extent, edge: f64) -> Self {
        let grid = Grid::empty(extent, SIDE);
        let open = serpentine(&grid);
        Self {
            edge,
            grid,
            open,
            refined: false,
            solved: 0,
            warm: 0,
            spent: Duration::ZERO,
            unconverged: 0,
            broken_off: false,
            w: Vec::new(),
        }
    }

    /// Whether the computation has finished.
    pub fn done(&self) -> bool {
        self.open.is_empty() && self.refined
    }

    /// Number of computed nodes, and number of nodes known to be needed.
    pub fn work(&self) -> [usize; 2] {
        [self.solved, self.solved + self.open.len()]
    }

    /// The results; `None` before the coarse grid is complete.
    pub fn region(&self) -> Option<&Grid> {
        (self.done() || self.refined || self.open.is_empty()).then_some(&self.grid)
    }

    /// Computes one node, unless `stop` returns true.
    pub fn advance(&mut self, frame: &Frame, probe: &mut dyn Probe, stop: Stop<'_>) {
        let Some([column, row]) = self.open.pop() else {
            return self.refine();
        };
        let [x, y] = self.grid.node(column, row);
        frame.point(x, y, &mut self.w);
        let begun = Instant::now();
        let Solved { value, converged } = probe.sharpness(&self.w, stop);
        if stop() {
            return self.open.push([column, row]);
        }
        self.grid.set(column, row, value);
        self.unconverged += usize::from(!converged && value.is_finite());
        self.solved += 1;
        if self.solved > 1 {
            self.spent += begun.elapsed();
            self.warm += 1;
        }
        if self.warm == TRIALS && !self.refined {
            self.limit();
        }
        if self.spent > LONGEST && !self.open.is_empty() {
            self.open.clear();
            (self.refined, self.broken_off) = (true, true);
        }
    }

    /// Notes that the sharpness is coarser or less accurate than intended.
    pub fn limits(&self) -> Vec<String> {
        let mut limits = Vec::new();
        if !self.done() {
            return limits;
        }
        let cost = self.spent.as_secs_f64() / self.warm.max(1) as f64;
        if self.broken_off {
            limits.push(format!(
                "One S takes {cost:.1} s: after {} s the others are left out or interpolated",
                LONGEST.as_secs()
            ));
        } else if self.grid.columns < SIDE {
            let side = self.grid.columns;
            limits.push(format!("One S takes {cost:.2} s: the region has {side} × {side} nodes"));
        }
        if self.unconverged > 0 {
            limits.push(format!(
                "S is only a lower bound at {} of {} nodes, where the eigensolve has not converged",
                self.unconverged, self.solved
            ));
        }
        limits
    }

    /// Switches to a coarser grid if this one would take too long.
    fn limit(&mut self) {
        let cost = self.spent.as_secs_f64() / TRIALS as f64;
        let most = MOST_TIME.as_secs_f64();
        let fits = |side: &usize| cost * (side * side) as f64 <= most;
        let side = [SIDE].into_iter().chain(FEWER).find(fits).unwrap_or(FEWER[FEWER.len() - 1]);
        if side < self.grid.columns {
            self.grid = Grid::empty(self.grid.extent, side);
            self.open = serpentine(&self.grid);
            (self.solved, self.unconverged) = (0, 0);
            // already as fine as the time permits
            self.refined = cost * (side * side) as f64 > 0.7 * most;
        }
    }

    /// Halves the grid spacing. New nodes next to a crossing of 2/η are computed; the others are
    /// interpolated.
    fn refine(&mut self) {
        if self.refined {
            return;
        }
        self.refined = true;
        let coarse = std::mem::take(&mut self.grid);
        let side = 2 * coarse.columns - 1;
        self.grid = Grid::empty(coarse.extent, side);
        let mut crossed = vec![false; side * side];
        for row in 0..coarse.rows - 1 {
            for column in 0..coarse.columns - 1 {
                let corners =
                    [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(i, j)| f64::from(coarse.at(column + i, row + j)));
                let stable = corners.iter().filter(|&&s| s <= self.edge).count();
                if stable == 0 || stable == 4 {
                    continue;
                }
                for (i, j) in (0..9).map(|k| (k % 3, k / 3)) {
                    crossed[(2 * row + j) * side + 2 * column + i] = true;
                }
            }
        }
        for row in 0..side {
            for column in 0..side {
                let corner = |i: usize, j: usize| {
                    f64::from(coarse.at(usize::midpoint(column, i), usize::midpoint(row, j)))
                };
                // for a node of the coarse grid all four corners coincide with the node
                let mean = 0.25 * (corner(0, 0) + corner(1, 0) + corner(0, 1) + corner(1, 1));
                self.grid.set(column, row, mean);
            }
        }
        self.open = serpentine(&self.grid);
        self.open.retain(|&[column, row]| {
            crossed[row * side + column] && !(column.is_multiple_of(2) && row.is_multiple_of(2))
        });
    }
}

/// All nodes in serpentine order, the first one last.
fn serpentine(grid: &Grid) -> Vec<[usize; 2]> {
    let along = |row: usize| {
        (0..grid.columns).map(move |i| [if row.is_multiple_of(2) { i } else { grid.columns - 1 - i }, row])
    };
    let mut nodes: Vec<[usize; 2]> = (0..grid.rows).flat_map(along).collect();
    nodes.reverse();
    nodes
}
