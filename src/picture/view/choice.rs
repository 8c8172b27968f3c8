//! The example and the output that the predictions panel shows.

use crate::picture::style::numbers::short;
use crate::run::record::predictions::{Example, Examples, PredictedOutput};
use brink_core::dynamics::Process;

/// The selected output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The index of the example among the recorded ones.
    pub example: usize,
    /// The row of its answer (a position); by default the first that counts in the loss.
    pub row: Option<usize>,
    /// The output of that row; by default that of the correct class.
    pub column: Option<usize>,
}

impl Choice {
    /// The output that it selects among these examples; indices beyond the last one select the last one.
    pub fn output(self, examples: &Examples) -> PredictedOutput {
        let example = self.example.min(examples.list.len().saturating_sub(1));
        let shown = &examples.list[example];
        let counted = shown.targets.chunks_exact(examples.columns).position(|row| row[0].is_some());
        let row = self.row.or(counted).unwrap_or(0).min(examples.rows - 1);
        let right = if examples.binary { None } else { shown.labels[row] };
        let column = self.column.or(right).unwrap_or(0).min(examples.columns - 1);
        PredictedOutput { process: Process::GradientDescent, example, row, column }
    }

    /// Description of an example: its index in the training set, and its correct answer if that is one number.
    pub fn title(examples: &Examples, example: usize) -> String {
        let Example { index, labels, targets, .. } = &examples.list[example];
        let place = format!("training example {index} ({} of {})", example + 1, examples.list.len());
        match (labels.first().copied().flatten(), targets.as_slice()) {
            _ if examples.rows > 1 => place,
            (Some(label), _) => format!("{place} · label {label}"),
            (None, &[Some(target)]) => format!("{place} · y = {}", short(target)),
            (None, _) => place,
        }
    }

    /// The next (or previous) example, cyclically, with its correct class selected.
    #[must_use]
    pub fn next_example(self, examples: &Examples, forward: bool) -> Self {
        let count = examples.list.len();
        let here = self.output(examples).example;
        Self { example: (here + if forward { 1 } else { count - 1 }) % count, ..Self::default() }
    }

    /// The next (or previous) output of this example, position after position, cyclically.
    #[must_use]
    pub fn next_output(self, examples: &Examples, forward: bool) -> Self {
        let PredictedOutput { example, row, column, .. } = self.output(examples);
        let count = examples.rows * examples.columns;
        let place = row * examples.columns + column;
        let next = (place + if forward { 1 } else { count - 1 }) % count;
        Self { example, row: Some(next / examples.columns), column: Some(next % examples.columns) }
    }
}
