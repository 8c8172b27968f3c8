//! Everything recorded so far: append-only columns with a min–max pyramid each.
//!
//! Non-finite contract: a value may be absent (not computed), NaN or infinite (computed so). All three come back as
//! they went in; ranges and extremes look at finite values only.

use super::series::Series;
use crate::dynamics::{Event, StepRecord};
use std::ops::Range;

/// The recorded steps of one run. Row i is step i.
#[derive(Debug, Default)]
pub struct History {
    max_tracked: usize,
    rows: usize,
    events: Vec<(usize, Event)>,
}

impl History {
    /// An empty history of a run that tracks at most `max_tracked` eigenvalues.
    pub fn new(max_tracked: usize) -> Self {
        Self { max_tracked, ..Self::default() }
    }

    /// Number of recorded steps.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The largest number of eigenvalues a run may track.
    pub fn max_tracked(&self) -> usize {
        self.max_tracked
    }

    /// Appends one step.
    pub fn push(&mut self, record: &StepRecord) {
        self.rows += 1;
        self.events.extend(record.events.iter().map(|e| (record.step, e.clone())));
        todo!("columns")
    }

    /// The value at a row; `None` when it was not computed.
    pub fn value(&self, series: Series, row: usize) -> Option<f64> {
        todo!("{series:?} {row}")
    }

    /// Whether the series has any value at all.
    pub fn has(&self, series: Series) -> bool {
        todo!("{series:?}")
    }

    /// Smallest and largest finite value among the rows, in O(log rows).
    pub fn extremes(&self, series: Series, rows: Range<usize>) -> Option<(f64, f64)> {
        todo!("{series:?} {rows:?}")
    }

    /// A polyline over the rows with at most two points per bucket, keeping every extreme: (row, value), ascending
    /// in row. A gap (absent or non-finite value) is one point whose value is NaN. `out` is cleared first.
    /// Costs O(buckets), not O(rows).
    pub fn polyline(&self, series: Series, rows: Range<usize>, buckets: usize, out: &mut Vec<[f64; 2]>) {
        todo!("{series:?} {rows:?} {buckets} {out:?}")
    }

    /// What happened, in order of steps.
    pub fn events(&self) -> &[(usize, Event)] {
        &self.events
    }
}
