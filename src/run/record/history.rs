//! The recorded history: append-only columns with a min–max pyramid each.
//!
//! Non-finite contract: a value may be absent (not computed), NaN or infinite (computed). All three are returned as
//! stored; ranges and extremes use finite values only.

use super::predictions::example::Examples;
use super::predictions::store::Predictions;
use super::pyramid::Column;
use super::series::Series;
use brink_core::dynamics::{CentralFlowRecord, Event, Process, ProcessRecord, StepOutcome, StepRecord, rank};
use std::ops::Range;
use std::sync::Arc;

/// The recorded steps of one run. Row i is step i.
#[derive(Clone, Debug, Default)]
pub struct History {
    max_tracked: usize,
    rows: usize,
    /// Indexed by [`Series::index`].
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

    /// Also records the outputs on these examples from now on, within [`Predictions::BUDGET`].
    pub fn watch(&mut self, examples: Arc<Examples>) {
        self.predictions = Some(Predictions::new(examples, Predictions::BUDGET));
    }

    /// The outputs on a few examples; `None` if nothing is watched.
    pub fn predictions(&self) -> Option<&Predictions> {
        self.predictions.as_ref()
    }

    /// A history from recorded columns; series without a column have no values.
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
        // a recording made before this series was introduced has none
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

    /// The first `rows` rows, as they were when no more had been recorded.
    #[must_use]
    pub fn until(&self, rows: usize) -> Self {
        let mut history = self.clone();
        history.rows = history.rows.min(rows);
        for column in &mut history.columns {
            column.truncate(rows);
            column.shrink_to_fit();
        }
        history.events.retain(|&(step, _)| step < rows);
        history.predictions.iter_mut().for_each(|predictions| predictions.truncate(rows));
        history
    }

    /// Appends recorded rows up to `rows`: the values in their columns, and their events.
    pub(crate) fn extend(&mut self, rows: usize, columns: &[(Series, Column)], events: Vec<(usize, Event)>) {
        for (series, column) in columns {
            let Some(index) = series.index(self.max_tracked) else { continue };
            for row in column.start().max(self.rows)..column.end().min(rows) {
                if let Some(value) = column.get(row) {
                    self.columns[index].push(row, value);
                }
            }
        }
        self.events.extend(events);
        self.rows = self.rows.max(rows);
    }

    /// The column of a series; `None` for an eigenvalue beyond [`History::max_tracked`].
    pub fn column(&self, series: Series) -> Option<&Column> {
        self.columns.get(series.index(self.max_tracked)?)
    }

    /// The value at a row; `None` when it was not computed.
    pub fn value(&self, series: Series, row: usize) -> Option<f64> {
        self.column(series)?.get(row)
    }

    /// The value at a row or, if none was computed there, the latest value among the `back` rows before it.
    pub fn last_value(&self, series: Series, row: usize, back: usize) -> Option<f64> {
        let column = self.column(series).filter(|column| !column.is_empty())?;
        (row.saturating_sub(back)..=row).rev().find_map(|row| column.get(row))
    }

    /// The rank of Σ at a row; 0 without Σ.
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

    /// The position of a process at each row, for a problem with two weights: NaN where it did not run.
    pub fn positions(&self, process: Process) -> impl ExactSizeIterator<Item = [f64; 2]> {
        let at = move |row| [0, 1].map(|i| self.value(Series::Position(process, i), row).unwrap_or(f64::NAN));
        (0..self.rows).map(at)
    }

    /// Events, in the order of steps.
    pub fn events(&self) -> &[(usize, Event)] {
        &self.events
    }

    /// The step at which a process diverged, if it did.
    pub fn divergence(&self, process: Process) -> Option<usize> {
        self.events.iter().find_map(|(step, event)| match event {
            Event::Outcome(of, StepOutcome::Diverged { .. }) if *of == process => Some(*step),
            _ => None,
        })
    }

    /// The row itself or, after gradient descent has diverged, the last row before: its weights no longer change.
    pub fn last_of_descent(&self, row: usize) -> usize {
        match self.divergence(Process::GradientDescent) {
            Some(step) if row >= step => step.saturating_sub(1),
            _ => row,
        }
    }

    /// Whether a process other than gradient descent has any value recorded at a row.
    pub fn has_flows(&self, row: usize) -> bool {
        [Series::GfLoss, Series::CfLoss].into_iter().any(|loss| self.value(loss, row).is_some())
    }

    /// The intervals in which the central flow was above the edge and its predictions are not valid: from a step up
    /// to another one, exclusive.
    pub fn transients(&self) -> Vec<[f64; 2]> {
        let mut spans = Vec::new();
        let mut open = None;
        for (step, event) in &self.events {
            match event {
                Event::StartedAboveEdge { .. } => open = open.or(Some(*step as f64)),
                Event::BackBelowEdge | Event::FlowsStarted => {
                    if let Some(first) = open.take() {
                        spans.push([first, *step as f64]);
                    }
                }
                Event::Outcome(..) | Event::EtaChanged { .. } | Event::Trouble(..) => {}
            }
        }
        if let Some(first) = open {
            spans.push([first, self.rows as f64]);
        }
        spans.retain(|[first, last]| last > first);
        spans
    }

    /// Maximum number of bytes until more rows arrive, without the texts of events.
    pub fn most_bytes(&self) -> usize {
        let columns: usize = self.columns.iter().map(Column::most_bytes).sum();
        let predictions = self.predictions.as_ref().map_or(0, Predictions::most_bytes);
        columns + predictions + 2 * self.events.len() * size_of::<(usize, Event)>()
    }

    /// Bytes on the heap, without the texts of events.
    pub fn heap_bytes(&self) -> usize {
        let columns: usize = self.columns.iter().map(Column::heap_bytes).sum();
        let predictions = self.predictions.as_ref().map_or(0, Predictions::heap_bytes);
        columns + predictions + self.events.capacity() * size_of::<(usize, Event)>()
    }
}

#[cfg(test)]
mod tests;
