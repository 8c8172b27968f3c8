//! A smoothed curve, sampled every eighth of its bandwidth and updated for new rows only at its tail.

use crate::run::record::pyramid::Column;
use brink_core::dynamics::smoothing::Kernel;
use std::ops::Range;

/// Samples of a smoothed curve per standard deviation.
const SAMPLES: f64 = 8.0;

/// The smoothing kernel and the sampling interval of the smoothed curve.
pub(super) struct Sampling {
    kernel: Kernel,
    /// Rows between two samples of the smoothed curve.
    stride: usize,
    /// Whether straight lines are fitted instead of constants.
    trend: bool,
}

impl Sampling {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and finite")]
    pub(super) fn new(sigma: f64, trend: bool) -> Self {
        Self { kernel: Kernel::new(sigma, usize::MAX), stride: ((sigma / SAMPLES) as usize).max(1), trend }
    }

    fn reach(&self) -> usize {
        self.kernel.reach()
    }

    /// The average around `row` over the rows of a stretch; a gap remains a gap.
    fn average(&self, value: &impl Fn(usize) -> Option<f64>, row: usize, stretch: &Range<usize>) -> f64 {
        if value(row).is_none_or(|v| !v.is_finite()) {
            return f64::NAN;
        }
        if self.trend {
            self.kernel.trend(value, row, stretch)
        } else {
            self.kernel.average(value, row, stretch)
        }
    }
}

/// A smoothed curve as a sequence of stretches.
#[derive(Clone, Debug, Default)]
pub(super) struct Smoothed {
    pub(super) stretches: Vec<SmoothedStretch>,
    stride: usize,
}

/// A stretch of rows under one kernel: samples at `start`, `start + stride`, …, and one at the last row.
#[derive(Clone, Debug)]
pub(super) struct SmoothedStretch {
    start: usize,
    /// One past the last row processed.
    end: usize,
    /// Sample j is at row `start + j · stride`.
    pub(super) samples: Column,
    /// Samples that no further row can change.
    settled: usize,
    /// The sample at the last row.
    pub(super) last: f64,
}

impl Smoothed {
    pub(super) fn update(
        &mut self,
        value: impl Fn(usize) -> Option<f64>,
        rows: usize,
        starts: &[usize],
        kernel: &Sampling,
        budget: &mut usize,
    ) -> bool {
        self.stride = kernel.stride;
        let mut complete = true;
        for (i, &start) in starts.iter().enumerate() {
            let end = starts.get(i + 1).copied().unwrap_or(rows).min(rows);
            if start >= end {
                continue;
            }
            match self.stretches.get(i) {
                Some(stretch) if stretch.start != start => self.stretches.truncate(i),
                _ => {}
            }
            if self.stretches.len() == i {
                let samples = Column::default();
                self.stretches.push(SmoothedStretch {
                    start,
                    end: start,
                    samples,
                    settled: 0,
                    last: f64::NAN,
                });
            }
            if let Some(stretch) = self.stretches.get_mut(i) {
                stretch.update(&value, end, kernel, budget);
                complete &= stretch.end == end;
            }
        }
        complete
    }

    pub(super) fn polyline(&self, rows: &Range<usize>, buckets: usize, out: &mut Vec<[f64; 2]>) {
        let mut part = Vec::new();
        for stretch in &self.stretches {
            let (first, last) = (rows.start.max(stretch.start), rows.end.min(stretch.end));
            if first >= last {
                continue;
            }
            if !out.is_empty() {
                out.push([stretch.start as f64, f64::NAN]);
            }
            // One more sample on either side, so that the line reaches the frame.
            let samples = (first - stretch.start) / self.stride
                ..((last - stretch.start) / self.stride + 2).min(stretch.samples.end());
            let share = (buckets * (last - first) / rows.len().max(1)).max(2);
            stretch.samples.polyline(samples, share, &mut part);
            let row_of = |sample: f64| stretch.start as f64 + sample * self.stride as f64;
            out.extend(part.iter().map(|&[sample, v]| [row_of(sample), v]));
            let end = (stretch.end - 1) as f64;
            if rows.end >= stretch.end && out.last().is_none_or(|point| point[0] < end) {
                out.push([end, stretch.last]);
            }
        }
    }

    pub(super) fn value(&self, row: usize) -> Option<f64> {
        let stretch = self.stretches.iter().rfind(|stretch| stretch.start <= row && row < stretch.end)?;
        let sample = (row - stretch.start) / self.stride;
        let left_row = stretch.start + sample * self.stride;
        let left = stretch.samples.get(sample)?;
        let (right_row, right) = match stretch.samples.get(sample + 1) {
            Some(right) => (left_row + self.stride, right),
            None => (stretch.end - 1, stretch.last),
        };
        let value = if row > left_row && right_row > left_row {
            left + (right - left) * ((row - left_row) as f64 / (right_row - left_row) as f64)
        } else {
            left
        };
        value.is_finite().then_some(value)
    }
}

impl SmoothedStretch {
    pub(super) fn update(
        &mut self,
        value: &impl Fn(usize) -> Option<f64>,
        end: usize,
        kernel: &Sampling,
        budget: &mut usize,
    ) {
        if self.end == end {
            return;
        }
        self.samples.truncate(self.settled);
        let rows = self.start..end;
        let cost = 2 * kernel.reach() + 1;
        let mut sample = self.settled;
        loop {
            let row = self.start + sample * kernel.stride;
            if row >= end {
                self.end = end;
                break;
            }
            let settled = row + kernel.reach() < end;
            if settled && *budget < cost {
                *budget = 0;
                self.end = row;
                break;
            }
            self.samples.push(sample, kernel.average(value, row, &rows));
            if settled {
                *budget -= cost;
                self.settled = sample + 1;
            }
            sample += 1;
        }
        self.last = if self.end > self.start { kernel.average(value, self.end - 1, &rows) } else { f64::NAN };
    }
}
