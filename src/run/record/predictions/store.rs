//! The recorded outputs: one append-only column with a min–max pyramid each, within a budget of memory.
//!
//! Non-finite contract: that of [`Column`]. Values of a process are absent before it starts and after it has stopped.

use super::example::Examples;
use crate::run::record::pyramid::Column;
use brink_core::dynamics::Process;
use std::ops::Range;
use std::sync::Arc;

/// Identifies one number that is recorded at every step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PredictedOutput {
    /// The process.
    pub process: Process,
    /// The example: its index in [`Examples::list`].
    pub example: usize,
    /// The row of its answer.
    pub row: usize,
    /// The output of that row.
    pub column: usize,
}

/// The outputs on the recorded examples over the steps.
#[derive(Clone, Debug)]
pub struct Predictions {
    examples: Arc<Examples>,
    /// By process, example, row and column; row i of each is step i · `stride`.
    columns: Vec<Column>,
    /// Distance in steps between two stored rows.
    stride: usize,
    /// Number of rows that fit in the budget.
    most_rows: usize,
}

impl Predictions {
    /// Memory for the outputs of one run: 128 MiB, about twenty thousand steps of ten digits under three processes.
    /// Beyond that every other step is dropped, repeatedly if necessary.
    pub const BUDGET: usize = 128 << 20;

    /// An empty record.
    pub fn new(examples: Arc<Examples>, budget: usize) -> Self {
        let count = 3 * examples.list.len() * examples.rows * examples.columns;
        let most_rows = (budget / (Column::BYTES_PER_VALUE * count.max(1))).max(2);
        Self { examples, columns: vec![Column::default(); count], stride: 1, most_rows }
    }

    /// A record from stored columns: one by process, example, row and output, each with a row every `stride` steps, a
    /// power of two. `None` if the parts are inconsistent.
    pub(in crate::run) fn of(examples: Examples, stride: usize, columns: Vec<Column>) -> Option<Self> {
        let count = [examples.list.len(), examples.rows, examples.columns]
            .into_iter()
            .try_fold(3_usize, usize::checked_mul)?;
        let fits = examples.is_valid() && stride.is_power_of_two() && count == columns.len();
        fits.then(|| Self { columns, stride, ..Self::new(Arc::new(examples), Self::BUDGET) })
    }

    /// The columns, in the order of [`Predictions::of`].
    pub(in crate::run) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// All outputs of the processes at a step, as [`Predictions::push`] takes them: empty for a process that has
    /// none.
    pub fn outputs(&self, step: usize) -> [Vec<f64>; 3] {
        let each = self.columns.len() / 3;
        let of = |process: usize| {
            let columns = &self.columns[process * each..(process + 1) * each];
            columns.iter().map_while(|column| column.get(step / self.stride)).collect()
        };
        std::array::from_fn(of)
    }

    /// The examples.
    pub fn examples(&self) -> &Arc<Examples> {
        &self.examples
    }

    /// Distance in steps between two stored rows: a power of two.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Appends the outputs at the start of a step, by process; an empty list for a process that has none.
    pub fn push(&mut self, step: usize, outputs: &[Vec<f64>; 3]) {
        while step / self.stride >= self.most_rows {
            self.thin();
        }
        if !step.is_multiple_of(self.stride) {
            return;
        }
        let row = step / self.stride;
        let each = self.columns.len() / 3;
        for (columns, values) in self.columns.chunks_exact_mut(each).zip(outputs) {
            for (column, &value) in columns.iter_mut().zip(values) {
                column.push(row, value);
            }
        }
    }

    /// Drops every other step.
    fn thin(&mut self) {
        self.stride *= 2;
        for column in &mut self.columns {
            let mut half = Column::default();
            for row in (0..column.end()).step_by(2) {
                if let Some(value) = column.get(row) {
                    half.push(row / 2, value);
                }
            }
            *column = half;
        }
    }

    /// Drops every step from `steps` on.
    pub fn truncate(&mut self, steps: usize) {
        let rows = steps.div_ceil(self.stride);
        for column in &mut self.columns {
            column.truncate(rows);
            column.shrink_to_fit();
        }
    }

    fn column(&self, output: PredictedOutput) -> Option<&Column> {
        let PredictedOutput { process, example, row, column } = output;
        let Examples { list, rows, columns, .. } = &*self.examples;
        let exists = example < list.len() && row < *rows && column < *columns;
        let process = process as usize;
        exists.then(|| &self.columns[((process * list.len() + example) * rows + row) * columns + column])
    }

    /// The value at a step, or the last one kept before it; `None` if the process had none.
    pub fn value(&self, output: PredictedOutput, step: usize) -> Option<f64> {
        self.column(output)?.get(step / self.stride)
    }

    /// All outputs of a row at a step; `None` if the process had none. Shape `[columns]`.
    pub fn row(&self, first: PredictedOutput, step: usize) -> Option<Vec<f64>> {
        (0..self.examples.columns)
            .map(|column| self.value(PredictedOutput { column, ..first }, step))
            .collect()
    }

    /// Whether there is any value.
    pub fn has(&self, output: PredictedOutput) -> bool {
        self.column(output).is_some_and(|column| !column.is_empty())
    }

    /// A polyline over the steps, (step, value), as [`Column::polyline`]. `out` is cleared first.
    pub fn polyline(
        &self,
        output: PredictedOutput,
        steps: Range<usize>,
        buckets: usize,
        out: &mut Vec<[f64; 2]>,
    ) {
        out.clear();
        let Some(column) = self.column(output) else { return };
        column.polyline(steps.start / self.stride..steps.end.div_ceil(self.stride), buckets, out);
        for point in out {
            point[0] *= self.stride as f64;
        }
    }

    /// Maximum number of bytes until more steps arrive.
    pub fn most_bytes(&self) -> usize {
        self.columns.iter().map(Column::most_bytes).sum()
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.columns.iter().map(Column::heap_bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::record::predictions::example::{Example, ExampleKind, Input};

    fn examples() -> Arc<Examples> {
        let example = |index| Example {
            index,
            input: Input::Numbers(vec![0.0]),
            labels: vec![None; 3],
            targets: vec![None; 6],
        };
        let list = vec![example(4), example(7)];
        Arc::new(Examples { list, rows: 3, columns: 2, kind: ExampleKind::Values, binary: false })
    }

    fn outputs(step: usize) -> [Vec<f64>; 3] {
        let of = |process: usize| (0..12).map(|i| (1000 * step + 100 * process + i) as f64).collect();
        [of(0), if step < 5 { Vec::new() } else { of(1) }, of(2)]
    }

    #[test]
    fn every_number_is_in_its_place() {
        let mut found = Predictions::new(examples(), Predictions::BUDGET);
        (0..20).for_each(|step| found.push(step, &outputs(step)));
        let last = PredictedOutput { process: Process::CentralFlow, example: 1, row: 2, column: 1 };
        assert_eq!(found.value(last, 19), Some(19_211.0));
        let flow = PredictedOutput { process: Process::GradientFlow, ..last };
        assert_eq!([4, 5].map(|step| found.value(flow, step)), [None, Some(5_111.0)]);
        assert_eq!(found.row(PredictedOutput { column: 0, ..last }, 3), Some(vec![3_210.0, 3_211.0]));
        assert_eq!(found.row(PredictedOutput { column: 0, ..flow }, 3), None);
        assert!(!found.has(PredictedOutput { example: 2, ..last }) && found.has(last));
        found.truncate(7);
        assert_eq!([6, 7].map(|step| found.value(last, step).is_some()), [true, false]);
    }

    #[test]
    fn beyond_the_budget_every_other_step_goes() {
        let budget = 100 * Column::BYTES_PER_VALUE * 36;
        let mut found = Predictions::new(examples(), budget);
        let output = PredictedOutput { process: Process::GradientDescent, example: 0, row: 0, column: 0 };
        for step in 0..1000 {
            found.push(step, &outputs(step));
            assert!(found.heap_bytes() <= budget, "{} bytes at step {step}", found.heap_bytes());
        }
        assert_eq!(found.stride(), 16);
        assert_eq!(
            [0, 16, 31, 992].map(|step| found.value(output, step).unwrap_or(f64::NAN)),
            [0.0, 16_000.0, 16_000.0, 992_000.0]
        );
        let mut line = Vec::new();
        found.polyline(output, 0..1000, 1000, &mut line);
        assert_eq!((line.len(), line[1], line[62]), (63, [16.0, 16_000.0], [992.0, 992_000.0]));
    }
}
