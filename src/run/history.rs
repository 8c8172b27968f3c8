//! Everything recorded so far: append-only columns with a min–max pyramid each.
//!
//! Non-finite contract: a value may be absent (not computed), NaN or infinite (computed so). All three come back as
//! they went in; ranges and extremes look at finite values only.

use super::predictions::{Examples, Predictions};
use super::pyramid::Column;
use super::series::Series;
use crate::dynamics::{CentralFlowRecord, Event, Process, ProcessRecord, StepRecord, rank};
use std::ops::Range;
use std::sync::Arc;

/// The recorded steps of one run. Row i is step i.
#[derive(Clone, Debug, Default)]
pub struct History {
    max_tracked: usize,
    rows: usize,
    /// By [`Series::index`].
    columns: Vec<Column>,
    events: Vec<(usize, Event)>,
    predictions: Option<Predictions>,
}

impl History {
    /// An empty history of a run that tracks at most `max_tracked` eigenvalues.
    pub fn new(max_tracked: usize) -> Self {
        let columns = vec![Column::default(); Series::count(max_tracked)];
        Self { max_tracked, rows: 0, columns, events: Vec::new(), predictions: None }
    }

    /// Keeps the outputs on these examples too, from now on, within [`Predictions::BUDGET`].
    pub fn watch(&mut self, examples: Arc<Examples>) {
        self.predictions = Some(Predictions::new(examples, Predictions::BUDGET));
    }

    /// The outputs on a few examples; `None` where nothing was to be watched.
    pub fn predictions(&self) -> Option<&Predictions> {
        self.predictions.as_ref()
    }

    /// What was recorded once, in its columns; series without one have no value.
    pub fn of(
        max_tracked: usize,
        rows: usize,
        columns: Vec<(Series, Column)>,
        events: Vec<(usize, Event)>,
        predictions: Option<Predictions>,
    ) -> Self {
        let mut history = Self { rows, events, predictions, ..Self::new(max_tracked) };
        for (series, column) in columns {
            if let Some(index) = series.index(max_tracked) {
                history.columns[index] = column;
            }
        }
        history
    }

    /// Number of recorded steps.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The largest number of eigenvalues a run may track.
    pub fn max_tracked(&self) -> usize {
        self.max_tracked
    }

    /// Appends one step. Eigenvalues beyond `max_tracked` have no column and are not kept.
    pub fn push(&mut self, record: &StepRecord) {
        let StepRecord {
            step,
            eta,
            gradient_descent,
            gradient_flow,
            central_flow,
            distance_gd_cf,
            distance_gd_gf,
            displacement,
            hvps,
            ema_loss,
            test_loss,
            train_accuracy,
            test_accuracy,
            positions,
            outputs,
            events,
        } = record;
        debug_assert_eq!(*step, self.rows, "records come in order, none left out");

        self.set(Series::Eta, *eta);
        if let Some(process) = gradient_descent {
            self.push_gradient_descent(process);
        }
        if let Some(process) = gradient_flow {
            self.push_gradient_flow(process);
        }
        if let Some(process) = central_flow {
            self.push_central_flow(process);
        }
        self.set_some(Series::DistanceGdCf, *distance_gd_cf);
        self.set_some(Series::DistanceGdGf, *distance_gd_gf);
        self.set_each(Series::Displacement, displacement);
        self.set(Series::Hvps, *hvps as f64);
        self.set_some(Series::GdEmaLoss, *ema_loss);
        self.set_some(Series::TestLoss, *test_loss);
        self.set_some(Series::TrainAccuracy, *train_accuracy);
        self.set_some(Series::TestAccuracy, *test_accuracy);
        for &(process, [x, y]) in positions {
            self.set(Series::Position(process, 0), x);
            self.set(Series::Position(process, 1), y);
        }
        if let Some(predictions) = &mut self.predictions {
            predictions.push(*step, outputs);
        }
        self.events.extend(events.iter().map(|event| (*step, event.clone())));
        self.rows += 1;
    }

    fn push_gradient_descent(&mut self, process: &ProcessRecord) {
        let ProcessRecord { loss, grad_norm_sq, lambda, eigen_residual, substeps: _ } = process;
        self.set(Series::GdLoss, *loss);
        self.set(Series::GdGradNormSq, *grad_norm_sq);
        self.set_each(Series::GdLambda, lambda);
        if !lambda.is_empty() {
            self.set(Series::GdEigenResidual, *eigen_residual);
        }
    }

    fn push_gradient_flow(&mut self, process: &ProcessRecord) {
        let ProcessRecord { loss, grad_norm_sq, lambda, eigen_residual, substeps } = process;
        self.set(Series::GfLoss, *loss);
        self.set(Series::GfGradNormSq, *grad_norm_sq);
        self.set_some(Series::GfLambda1, lambda.first().copied());
        self.set(Series::GfSubsteps, *substeps as f64);
        // a recording made before it was recorded has none
        if !lambda.is_empty() && !eigen_residual.is_nan() {
            self.set(Series::GfEigenResidual, *eigen_residual);
        }
    }

    fn push_central_flow(&mut self, process: &CentralFlowRecord) {
        let CentralFlowRecord {
            state: ProcessRecord { loss, grad_norm_sq, lambda, eigen_residual, substeps: _ },
            critical,
            sigma,
            sigma_trace,
            predicted_loss,
            predicted_grad_norm_sq,
            complementarity_residual,
        } = process;
        self.set(Series::CfLoss, *loss);
        self.set(Series::CfGradNormSq, *grad_norm_sq);
        self.set_each(Series::CfLambda, lambda);
        self.set(Series::CfCritical, *critical as f64);
        self.set_each(Series::CfSigma, sigma);
        self.set(Series::CfSigmaTrace, *sigma_trace);
        self.set_some(Series::CfPredictedLoss, *predicted_loss);
        self.set_some(Series::CfPredictedGradNormSq, *predicted_grad_norm_sq);
        self.set(Series::CfComplementarityResidual, *complementarity_residual);
        if !lambda.is_empty() {
            self.set(Series::CfEigenResidual, *eigen_residual);
        }
    }

    fn set(&mut self, series: Series, value: f64) {
        if let Some(index) = series.index(self.max_tracked) {
            self.columns[index].push(self.rows, value);
        }
    }

    fn set_some(&mut self, series: Series, value: Option<f64>) {
        if let Some(value) = value {
            self.set(series, value);
        }
    }

    fn set_each(&mut self, series: fn(usize) -> Series, values: &[f64]) {
        for (i, &value) in values.iter().enumerate() {
            self.set(series(i), value);
        }
    }

    /// The first `rows` rows, as they were when no more was recorded.
    #[must_use]
    pub fn until(&self, rows: usize) -> Self {
        let mut history = self.clone();
        history.rows = history.rows.min(rows);
        history.columns.iter_mut().for_each(|column| column.truncate(rows));
        history.events.retain(|&(step, _)| step < rows);
        history.predictions.iter_mut().for_each(|predictions| predictions.truncate(rows));
        history
    }

    /// The column of a series; `None` for an eigenvalue beyond [`History::max_tracked`].
    pub fn column(&self, series: Series) -> Option<&Column> {
        self.columns.get(series.index(self.max_tracked)?)
    }

    /// The value at a row; `None` when it was not computed.
    pub fn value(&self, series: Series, row: usize) -> Option<f64> {
        self.column(series)?.get(row)
    }

    /// The value at a row or, where none was computed there, at the last of the `back` rows before it that has one.
    pub fn last_value(&self, series: Series, row: usize, back: usize) -> Option<f64> {
        let column = self.column(series).filter(|column| !column.is_empty())?;
        (row.saturating_sub(back)..=row).rev().find_map(|row| column.get(row))
    }

    /// The rank of Σ at a row; 0 where there is none.
    pub fn rank(&self, row: usize) -> usize {
        let trace = self.value(Series::CfSigmaTrace, row).unwrap_or(0.0);
        rank((0..self.max_tracked).map_while(|i| self.value(Series::CfSigma(i), row)), trace)
    }

    /// Whether the series has any value at all.
    pub fn has(&self, series: Series) -> bool {
        self.column(series).is_some_and(|column| !column.is_empty())
    }

    /// Smallest and largest finite value among the rows, in O(log rows).
    pub fn extremes(&self, series: Series, rows: Range<usize>) -> Option<(f64, f64)> {
        self.column(series)?.extremes(rows)
    }

    /// A polyline over the rows that keeps every extreme: (row, value), ascending in row, with at most two values for
    /// each of `buckets + 1` buckets. A gap (absent or non-finite values) is one point whose value is NaN. `out` is
    /// cleared first. Costs O(buckets), not O(rows); see [`Column::polyline`].
    pub fn polyline(&self, series: Series, rows: Range<usize>, buckets: usize, out: &mut Vec<[f64; 2]>) {
        out.clear();
        let rows = rows.start.min(self.rows)..rows.end.min(self.rows);
        if let Some(column) = self.column(series) {
            column.polyline(rows, buckets, out);
        }
    }

    /// Where a process was at each row, where there are two weights: NaN where it did not run.
    pub fn positions(&self, process: Process) -> impl ExactSizeIterator<Item = [f64; 2]> {
        let at = move |row| [0, 1].map(|i| self.value(Series::Position(process, i), row).unwrap_or(f64::NAN));
        (0..self.rows).map(at)
    }

    /// What happened, in order of steps.
    pub fn events(&self) -> &[(usize, Event)] {
        &self.events
    }

    /// Bytes on the heap, the texts of events left out.
    pub fn heap_bytes(&self) -> usize {
        let columns: usize = self.columns.iter().map(Column::heap_bytes).sum();
        let predictions = self.predictions.as_ref().map_or(0, Predictions::heap_bytes);
        columns + predictions + self.events.capacity() * size_of::<(usize, Event)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::StepOutcome;

    fn record(step: usize) -> StepRecord {
        let t = step as f64;
        let process = |offset: f64| ProcessRecord {
            loss: t + offset,
            grad_norm_sq: t + offset + 0.1,
            lambda: vec![t + offset + 0.2, t + offset + 0.3, t + offset + 0.4],
            eigen_residual: 1e-5,
            substeps: 4,
        };
        StepRecord {
            step,
            eta: 0.12,
            gradient_descent: Some(process(1.0)),
            gradient_flow: Some(process(2.0)),
            central_flow: Some(CentralFlowRecord {
                state: process(3.0),
                critical: 1,
                sigma: vec![t],
                sigma_trace: t,
                predicted_loss: Some(t + 5.0),
                predicted_grad_norm_sq: Some(t + 6.0),
                complementarity_residual: 1e-12,
            }),
            distance_gd_cf: Some(t + 7.0),
            distance_gd_gf: Some(t + 8.0),
            displacement: vec![t + 9.0],
            hvps: 11,
            ema_loss: Some(t + 10.0),
            test_loss: Some(t + 11.0),
            train_accuracy: Some(0.5),
            test_accuracy: Some(0.25),
            positions: vec![(Process::CentralFlow, [t, -t])],
            outputs: [const { Vec::new() }; 3],
            events: Vec::new(),
        }
    }

    #[test]
    fn every_field_lands_in_its_column() {
        let mut history = History::new(2);
        for step in 0..40 {
            history.push(&record(step));
        }
        let expected = [
            (Series::Eta, 0.12),
            (Series::GdLoss, 31.0),
            (Series::GdGradNormSq, 31.1),
            (Series::GdLambda(0), 31.2),
            (Series::GdLambda(1), 31.3),
            (Series::GdEigenResidual, 1e-5),
            (Series::GfLoss, 32.0),
            (Series::GfGradNormSq, 32.1),
            (Series::GfLambda1, 32.2),
            (Series::GfSubsteps, 4.0),
            (Series::GfEigenResidual, 1e-5),
            (Series::CfLoss, 33.0),
            (Series::CfGradNormSq, 33.1),
            (Series::CfLambda(0), 33.2),
            (Series::CfLambda(1), 33.3),
            (Series::CfEigenResidual, 1e-5),
            (Series::CfComplementarityResidual, 1e-12),
            (Series::CfCritical, 1.0),
            (Series::CfSigma(0), 30.0),
            (Series::CfSigmaTrace, 30.0),
            (Series::CfPredictedLoss, 35.0),
            (Series::CfPredictedGradNormSq, 36.0),
            (Series::DistanceGdCf, 37.0),
            (Series::DistanceGdGf, 38.0),
            (Series::Displacement(0), 39.0),
            (Series::Hvps, 11.0),
            (Series::TestLoss, 41.0),
            (Series::TrainAccuracy, 0.5),
            (Series::TestAccuracy, 0.25),
            (Series::GdEmaLoss, 40.0),
        ];
        for (series, value) in expected {
            let found = history.value(series, 30);
            assert!(found.is_some_and(|found| (found - value).abs() < 1e-12), "{series:?}: {found:?}");
        }
        assert_eq!(history.positions(Process::CentralFlow).nth(30), Some([30.0, -30.0]));
        assert!(history.positions(Process::GradientFlow).all(|at| at[0].is_nan()));
        let absent = [Series::CfSigma(1), Series::Displacement(1), Series::GdLambda(2)];
        for series in Series::all(2).into_iter().chain([Series::GdLambda(2)]) {
            let expected = !absent.contains(&series);
            assert_eq!(history.has(series), expected, "{series:?}");
        }
    }

    #[test]
    fn absent_nan_and_infinite_are_told_apart() {
        let mut history = History::new(1);
        for step in 0..4 {
            let mut next = record(step);
            let with_loss = |loss| Some(ProcessRecord { loss, ..ProcessRecord::default() });
            match step {
                1 => next.gradient_descent = None,
                2 => next.gradient_descent = with_loss(f64::NAN),
                3 => next.gradient_descent = with_loss(f64::INFINITY),
                _ => {}
            }
            history.push(&next);
        }
        assert_eq!(history.value(Series::GdLoss, 0), Some(1.0));
        assert_eq!(history.value(Series::GdLoss, 1), None);
        assert_eq!(history.last_value(Series::GdLoss, 1, 1), Some(1.0));
        assert_eq!(history.last_value(Series::GdLoss, 1, 0), None);
        assert!(history.value(Series::GdLoss, 2).is_some_and(f64::is_nan));
        assert_eq!(history.value(Series::GdLoss, 3), Some(f64::INFINITY));
        assert_eq!(history.extremes(Series::GdLoss, 0..4), Some((1.0, 1.0)));
        let mut line = Vec::new();
        history.polyline(Series::GdLoss, 0..4, 100, &mut line);
        assert_eq!(line.len(), 2);
        assert!(line[0] == [0.0, 1.0] && line[1][0] == 1.0 && line[1][1].is_nan());
    }

    #[test]
    fn a_process_that_stopped_leaves_a_gap_behind_it() {
        let mut history = History::new(1);
        for step in 0..100 {
            let mut next = record(step);
            if step >= 50 {
                next.gradient_descent = None;
            }
            if step == 50 {
                next.events.push(Event::Outcome(
                    Process::GradientDescent,
                    StepOutcome::Diverged { loss: f64::INFINITY },
                ));
            }
            history.push(&next);
        }
        let mut line = Vec::new();
        history.polyline(Series::GdLoss, 0..100, 10, &mut line);
        let last = line.pop().expect("a gap");
        assert!(last[0] == 50.0 && last[1].is_nan(), "{last:?}");
        assert_eq!(line.last(), Some(&[49.0, 50.0]));
        assert!(line.iter().all(|point| point[1].is_finite()));
        assert_eq!(history.events().len(), 1);
        assert_eq!(history.events()[0].0, 50);
    }
}
