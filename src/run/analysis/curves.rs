//! Curves derived from the history and cached between frames: squared displacements, Gaussian-smoothed averages that
//! are updated only at their tail, and the cycles.
//!
//! The average is that of [`brink_core::dynamics::smoothing`]. For the loss and for outputs, which have a slope, it
//! is the trend, which does not lag at the newest step. A smoothed curve has no detail below its bandwidth, so it is
//! sampled every eighth of it; drawing and read-outs interpolate in between. A new stretch begins where η changes
//! (or, for displacements, where the flows restart), and no kernel extends from one stretch into another.
//!
//! Non-finite contract: averages use the finite values under the kernel; a value that is absent or not finite has no
//! average (a gap).

use super::cycles::Cycles;
use super::smoothed::{Sampling, Smoothed};
use crate::run::record::history::History;
use crate::run::record::predictions::store::PredictedOutput;
use crate::run::record::pyramid::Column;
use crate::run::record::series::Series;
use brink_core::dynamics::Event;
use std::ops::Range;

/// A derived curve, as opposed to a recorded series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Curve {
    /// Smoothed loss of gradient descent.
    Loss,
    /// Smoothed squared gradient norm of gradient descent.
    GradNormSq,
    /// ⟨v_i, w_t − w(t)⟩², not smoothed.
    SquaredDisplacement(usize),
    /// Smoothed ⟨v_i, w_t − w(t)⟩²: the measured variance along v_i.
    Variance(usize),
    /// The smoothed output of gradient descent selected by [`Curves::follow`].
    Output,
}

/// All derived curves of one run.
#[derive(Clone, Debug, Default)]
pub struct Curves {
    smoothing_steps: f64,
    rows: usize,
    events: usize,
    last_eta: Option<f64>,
    eta_starts: Vec<usize>,
    flow_starts: Vec<usize>,
    squared: Vec<Column>,
    squared_rows: usize,
    loss: Smoothed,
    grad_norm_sq: Smoothed,
    variance: Vec<Smoothed>,
    followed: Option<PredictedOutput>,
    output: Smoothed,
    cycles: Cycles,
}

impl Curves {
    /// The cycles at the edge of stability.
    pub fn cycles(&self) -> &Cycles {
        &self.cycles
    }

    /// Smooths this output too, and no other output, from the next [`Curves::update`] on.
    pub fn follow(&mut self, output: Option<PredictedOutput>) {
        if self.followed != output {
            self.followed = output;
            self.output = Smoothed::default();
        }
    }

    /// Updates the curves to the end of the history, with the given standard deviation in steps (0: no smoothing).
    ///
    /// `budget` bounds the work: approximately as many multiplications and additions are done for new rows. The small
    /// part that the newest rows still affect is recomputed in any case. Returns whether the curves are complete; if
    /// not, call it again in the next frame. A shorter history than before means a new run.
    pub fn update(&mut self, history: &History, smoothing_steps: f64, budget: usize) -> bool {
        if history.rows() < self.rows || history.events().len() < self.events {
            *self = Self { followed: self.followed, ..Self::default() };
        }
        let smoothing_steps = if smoothing_steps.is_finite() { smoothing_steps.max(0.0) } else { 0.0 };
        if smoothing_steps != self.smoothing_steps {
            self.smoothing_steps = smoothing_steps;
            self.loss = Smoothed::default();
            self.grad_norm_sq = Smoothed::default();
            self.variance.clear();
            self.output = Smoothed::default();
        }
        self.find_starts(history);
        let cycles_complete = self.cycles.update(history, budget / 10);
        self.rows = history.rows();
        let mut budget = budget;
        self.square(history, &mut budget);
        if smoothing_steps == 0.0 {
            return cycles_complete && self.squared_rows == self.rows;
        }
        let [kernel, trend] = [false, true].map(|trend| Sampling::new(smoothing_steps, trend));
        let of = |series| move |row| history.value(series, row);
        let (starts, rows) = (&self.eta_starts, self.rows);
        let mut complete = cycles_complete && self.squared_rows == rows;
        complete &= self.loss.update(of(Series::GdLoss), rows, starts, &trend, &mut budget);
        complete &= self.grad_norm_sq.update(of(Series::GdGradNormSq), rows, starts, &kernel, &mut budget);
        if let (Some(output), Some(found)) = (self.followed, history.predictions()) {
            let value = |row| found.value(output, row);
            complete &= self.output.update(value, rows, starts, &trend, &mut budget);
        }
        let mut starts = [self.eta_starts.as_slice(), self.flow_starts.as_slice()].concat();
        starts.sort_unstable();
        starts.dedup();
        self.variance.resize_with(self.squared.len(), Smoothed::default);
        for (smoothed, column) in self.variance.iter_mut().zip(&self.squared) {
            let rows = self.squared_rows;
            complete &= smoothed.update(|row| column.get(row), rows, &starts, &kernel, &mut budget);
        }
        complete
    }

    /// A curve's polyline over the rows; see [`History::polyline`].
    pub fn polyline(&self, curve: Curve, rows: Range<usize>, buckets: usize, out: &mut Vec<[f64; 2]>) {
        out.clear();
        match curve {
            Curve::SquaredDisplacement(i) => {
                if let Some(column) = self.squared.get(i) {
                    column.polyline(rows.start..rows.end.min(self.squared_rows), buckets, out);
                }
            }
            _ => {
                if let Some(smoothed) = self.smoothed(curve) {
                    smoothed.polyline(&rows, buckets, out);
                }
            }
        }
    }

    /// A curve's value at a row; `None` if it has none.
    pub fn value(&self, curve: Curve, row: usize) -> Option<f64> {
        match curve {
            Curve::SquaredDisplacement(i) => self.squared.get(i)?.get(row),
            _ => self.smoothed(curve)?.value(row),
        }
    }

    /// Whether a curve has any value.
    pub fn has(&self, curve: Curve) -> bool {
        match curve {
            Curve::SquaredDisplacement(i) => self.squared.get(i).is_some_and(|column| !column.is_empty()),
            _ => self.smoothed(curve).is_some_and(|smoothed| {
                smoothed.stretches.iter().any(|stretch| {
                    stretch.last.is_finite() || stretch.samples.extremes(0..stretch.samples.end()).is_some()
                })
            }),
        }
    }

    fn smoothed(&self, curve: Curve) -> Option<&Smoothed> {
        match curve {
            Curve::Loss => Some(&self.loss),
            Curve::GradNormSq => Some(&self.grad_norm_sq),
            Curve::Variance(i) => self.variance.get(i),
            Curve::Output => Some(&self.output),
            Curve::SquaredDisplacement(_) => None,
        }
    }

    /// Maximum number of bytes of its columns until more rows arrive.
    pub fn most_bytes(&self) -> usize {
        let smoothed = [&self.loss, &self.grad_norm_sq, &self.output].into_iter().chain(&self.variance);
        let samples = smoothed.flat_map(|smoothed| &smoothed.stretches).map(|stretch| &stretch.samples);
        self.squared.iter().chain(samples).map(Column::most_bytes).sum()
    }

    /// Records the rows at which η changes or the flows restart.
    fn find_starts(&mut self, history: &History) {
        for row in self.rows..history.rows() {
            let eta = history.value(Series::Eta, row);
            if row == 0 || eta != self.last_eta {
                self.eta_starts.push(row);
            }
            self.last_eta = eta;
        }
        for (step, event) in &history.events()[self.events..] {
            if *event == Event::FlowsStarted {
                self.flow_starts.push(*step);
            }
        }
        self.events = history.events().len();
    }

    /// Squares the displacements of the new rows.
    fn square(&mut self, history: &History, budget: &mut usize) {
        let count = history.max_tracked();
        let columns: Vec<_> = (0..count).map_while(|i| history.column(Series::Displacement(i))).collect();
        let present = columns.iter().take_while(|column| !column.is_empty()).count();
        while self.squared.len() < present {
            self.squared.push(Column::default());
            // A column that appears late starts before the rows already processed.
            let new = self.squared.len() - 1;
            for row in 0..self.squared_rows {
                if let Some(x) = columns[new].get(row) {
                    self.squared[new].push(row, x * x);
                }
            }
        }
        // Pushing into a pyramid costs about as much as ten multiplications.
        let affordable = (*budget / (10 * present.max(1))).min(self.rows - self.squared_rows);
        let rows = self.squared_rows..self.squared_rows + affordable;
        for (squared, column) in self.squared.iter_mut().zip(&columns) {
            for row in rows.clone() {
                if let Some(x) = column.get(row) {
                    squared.push(row, x * x);
                }
            }
        }
        *budget -= 10 * affordable * present.max(1);
        self.squared_rows = rows.end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use brink_core::dynamics::{ProcessRecord, StepRecord, smoothing};

    const ALL: usize = usize::MAX;

    fn push(history: &mut History, loss: f64, eta: f64, x: f64) {
        let step = history.rows();
        let process = ProcessRecord { loss, grad_norm_sq: loss, ..ProcessRecord::default() };
        history.push(&StepRecord {
            step,
            eta,
            gradient_descent: Some(process),
            displacement: vec![x],
            ..StepRecord::default()
        });
    }

    fn losses(rows: usize) -> Vec<f64> {
        (0..rows).map(|t| 1.0 / (1.0 + t as f64 / 100.0) + if t % 2 == 0 { 0.1 } else { -0.1 }).collect()
    }

    #[test]
    fn a_smoothed_curve_is_the_gaussian_average() {
        let values = losses(900);
        let mut history = History::new(2);
        for &v in &values {
            push(&mut history, v, 0.1, 0.0);
        }
        let mut curves = Curves::default();
        assert!(curves.update(&history, 20.0, ALL));
        let reference = smoothing::gaussian(&values, &[], 20.0);
        for (row, &theirs) in reference.iter().enumerate() {
            let ours_at_ends = curves.value(Curve::GradNormSq, row).unwrap();
            assert!((ours_at_ends / theirs - 1.0).abs() < 3e-4, "row {row}: {ours_at_ends} for {theirs}");
            if !(80..820).contains(&row) {
                continue;
            }
            let ours = curves.value(Curve::Loss, row).unwrap();
            assert!((ours / theirs - 1.0).abs() < 3e-4, "row {row}: {ours} for {theirs}");
        }
    }

    #[test]
    fn growing_step_by_step_within_a_budget_ends_where_one_update_ends() {
        let values = losses(700);
        let mut history = History::new(2);
        let mut grown = Curves::default();
        for (t, &v) in values.iter().enumerate() {
            push(&mut history, v, if t < 320 { 0.1 } else { 0.2 }, v);
            grown.update(&history, 16.0, 3_000);
        }
        while !grown.update(&history, 16.0, 3_000) {}
        let mut whole = Curves::default();
        assert!(whole.update(&history, 16.0, ALL));
        for curve in [Curve::Loss, Curve::GradNormSq, Curve::Variance(0), Curve::SquaredDisplacement(0)] {
            for row in 0..700 {
                assert_eq!(grown.value(curve, row), whole.value(curve, row), "{curve:?} at {row}");
            }
        }
    }

    #[test]
    fn no_kernel_reaches_across_a_change_of_eta() {
        let mut history = History::new(1);
        for t in 0..400 {
            push(&mut history, if t < 200 { 1.0 } else { 5.0 }, if t < 200 { 0.1 } else { 0.3 }, 0.0);
        }
        let mut curves = Curves::default();
        curves.update(&history, 30.0, ALL);
        for row in 0..400 {
            let expected = if row < 200 { 1.0 } else { 5.0 };
            assert!((curves.value(Curve::Loss, row).unwrap() - expected).abs() < 1e-12, "row {row}");
        }
        let mut line = Vec::new();
        curves.polyline(Curve::Loss, 0..400, 1000, &mut line);
        assert_eq!(line.iter().filter(|point| point[1].is_nan()).count(), 1, "the line is broken once");
        assert_eq!((line[0][0], line[line.len() - 1][0]), (0.0, 399.0), "and runs from end to end");
    }

    #[test]
    fn what_is_not_finite_is_a_gap_and_spoils_nothing_beside_it() {
        let mut history = History::new(1);
        for t in 0..200 {
            push(&mut history, if t == 100 { f64::INFINITY } else { 2.0 }, 0.1, 0.0);
        }
        let mut curves = Curves::default();
        curves.update(&history, 4.0, ALL);
        assert_eq!(curves.value(Curve::Loss, 100), None);
        assert_eq!(curves.value(Curve::Loss, 99), Some(2.0));
    }

    #[test]
    fn squares_keep_the_envelope_of_an_alternating_displacement() {
        let mut history = History::new(1);
        for t in 0..5000 {
            push(&mut history, 1.0, 0.1, if t % 2 == 0 { 3.0 } else { -3.0 });
        }
        let mut curves = Curves::default();
        curves.update(&history, 0.0, ALL);
        let mut line = Vec::new();
        curves.polyline(Curve::SquaredDisplacement(0), 0..5000, 100, &mut line);
        assert!(line.iter().all(|point| point[1] == 9.0), "an envelope, no band down to zero");
        assert_eq!(curves.value(Curve::Variance(0), 9), None, "no smoothing at width 0");
    }

    #[test]
    fn a_new_run_starts_afresh() {
        let mut long = History::new(1);
        for _ in 0..50 {
            push(&mut long, 1.0, 0.1, 1.0);
        }
        let mut short = History::new(1);
        for _ in 0..10 {
            push(&mut short, 7.0, 0.1, 1.0);
        }
        let mut curves = Curves::default();
        curves.update(&long, 5.0, ALL);
        curves.update(&short, 5.0, ALL);
        assert_eq!(curves.value(Curve::Loss, 9).map(f64::round), Some(7.0));
        assert_eq!(curves.value(Curve::Loss, 20), None);
    }
}
