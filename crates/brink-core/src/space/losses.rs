//! The loss on the plane, computed level by level: first a complete coarse grid, then refinements.

use super::frame::Frame;
use super::grid::{Extent, Grid};
use super::probe::Probe;
use std::time::{Duration, Instant};

/// Number of nodes per side at the finest level: a power of two plus one, so that each level contains the
/// coarser levels.
pub const SIDE: usize = 65;

/// Stride of the coarsest level.
const COARSEST: usize = 8;

/// A level is computed if its expected duration, given the cost of the evaluations so far, is at most this.
/// The coarsest level is always computed.
const MOST_TIME: Duration = Duration::from_secs(8);

/// Evaluates the loss at the nodes of a grid.
#[derive(Clone, Debug)]
pub struct Losses {
    grid: Grid,
    stride: usize,
    /// The next node, as an index into the complete grid.
    next: usize,
    /// Stride of the finest complete level.
    whole: Option<usize>,
    evaluations: u32,
    spent: Duration,
    done: bool,
    w: Vec<f64>,
}

impl Losses {
    /// A computation without results yet.
    pub fn new(extent: Extent) -> Self {
        Self {
            grid: Grid::empty(extent, SIDE),
            stride: COARSEST,
            next: 0,
            whole: None,
            evaluations: 0,
            spent: Duration::ZERO,
            done: false,
            w: Vec::new(),
        }
    }

    /// Whether the computation has finished.
    pub fn done(&self) -> bool {
        self.done
    }

    /// Whether the coarse levels are complete, so that another computation can be interleaved.
    pub fn is_presentable(&self) -> bool {
        self.done || self.whole.is_some_and(|stride| stride <= 2)
    }

    /// Number of computed nodes, and number of planned nodes.
    pub fn work(&self) -> [usize; 2] {
        let side = |stride: usize| ((self.grid.columns - 1) / stride + 1).pow(2);
        let planned = if self.done { self.evaluations as usize } else { side(1) };
        [self.evaluations as usize, planned]
    }

    /// Number of nodes per side of the finest complete level.
    pub fn shown(&self) -> Option<usize> {
        self.whole.map(|stride| (self.grid.columns - 1) / stride + 1)
    }

    /// A note that the surface is coarser than the finest level; `None` at the finest level.
    pub fn limit(&self) -> Option<String> {
        let cost = self.spent.as_secs_f64() / f64::from(self.evaluations.max(1));
        let side = self.shown().filter(|&side| self.done && side < self.grid.columns)?;
        Some(format!("One loss takes {:.0} ms: the surface has {side} × {side} nodes", 1e3 * cost))
    }

    /// The finest complete level.
    pub fn surface(&self) -> Option<Grid> {
        self.whole.map(|stride| self.grid.thinned(stride))
    }

    /// Evaluates one node.
    pub fn advance(&mut self, frame: &Frame, probe: &mut dyn Probe) {
        let side = self.grid.columns;
        while self.next < side * side && !self.is_new(self.next % side, self.next / side) {
            self.next += 1;
        }
        if self.next < side * side {
            let (column, row) = (self.next % side, self.next / side);
            let [x, y] = self.grid.node(column, row);
            frame.point(x, y, &mut self.w);
            let begun = Instant::now();
            let loss = probe.loss(&self.w);
            self.spent += begun.elapsed();
            self.evaluations += 1;
            self.grid.set(column, row, loss);
            self.next += 1;
            return;
        }
        self.whole = Some(self.stride);
        let finer = ((side - 1) / (self.stride / 2).max(1) + 1).pow(2);
        let cost = self.spent / self.evaluations.max(1);
        self.done = self.stride == 1 || cost * u32::try_from(finer).unwrap_or(u32::MAX) > MOST_TIME;
        self.stride = (self.stride / 2).max(1);
        self.next = 0;
    }

    /// Whether a node belongs to the current level and to no coarser level.
    fn is_new(&self, column: usize, row: usize) -> bool {
        let on = |stride: usize| column.is_multiple_of(stride) && row.is_multiple_of(stride);
        on(self.stride) && self.whole.is_none_or(|stride| !on(stride))
    }
}
