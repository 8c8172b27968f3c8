//! The weights of the three processes at the start of one step.

use crate::dynamics::{Event, Process, StepRecord};

/// The processes, in the order of all lists with one entry per process.
pub const PROCESSES: [Process; 3] = [Process::GradientDescent, Process::GradientFlow, Process::CentralFlow];

/// Weights in the smallest lossless format. Shape `[dim]`.
#[derive(Clone, Debug, PartialEq)]
enum Weights {
    F32(Box<[f32]>),
    F64(Box<[f64]>),
}

impl Weights {
    #[expect(clippy::cast_possible_truncation, reason = "checked to lose nothing")]
    fn new(w: &[f64]) -> Self {
        if w.iter().all(|&x| f64::from(x as f32) == x) {
            Self::F32(w.iter().map(|&x| x as f32).collect())
        } else {
            Self::F64(w.into())
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::F32(w) => size_of_val::<[f32]>(w),
            Self::F64(w) => size_of_val::<[f64]>(w),
        }
    }
}

/// The weights of the three processes at the start of one step. A process is absent if it does not run or its
/// weights are not finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    step: usize,
    weights: [Option<Weights>; 3],
    /// Losses; NaN if unknown.
    losses: [f64; 3],
}

impl Row {
    /// A row from weights in the order of [`PROCESSES`]. Shapes `[dim]`.
    pub fn new(step: usize, weights: [Option<&[f64]>; 3]) -> Self {
        let finite = |w: &&[f64]| w.iter().all(|x| x.is_finite());
        Self { step, weights: weights.map(|w| w.filter(finite).map(Weights::new)), losses: [f64::NAN; 3] }
    }

    /// The row with the given losses of the processes, in the order of [`PROCESSES`].
    #[must_use]
    pub fn with_losses(self, losses: [f64; 3]) -> Self {
        Self { losses, ..self }
    }

    /// A row from the weights before a step and the record of the step. A process that has stopped is absent;
    /// a flow that starts at this step has the weights of gradient descent.
    pub fn of_step(before: &[Option<Vec<f64>>; 3], record: &StepRecord) -> Self {
        let [descent, gradient_flow, central_flow] = before.each_ref().map(Option::as_deref);
        let anchored = record.events.contains(&Event::FlowsStarted);
        let flow = |w: Option<&'_ [f64]>, runs: bool| {
            if !runs {
                None
            } else if anchored || w.is_none() {
                descent.map(<[f64]>::to_vec)
            } else {
                w.map(<[f64]>::to_vec)
            }
        };
        let flows = [
            flow(gradient_flow, record.gradient_flow.is_some()),
            flow(central_flow, record.central_flow.is_some()),
        ];
        let descent = descent.filter(|_| record.gradient_descent.is_some());
        let losses = [
            record.gradient_descent.as_ref().map(|process| process.loss),
            record.gradient_flow.as_ref().map(|process| process.loss),
            record.central_flow.as_ref().map(|flow| flow.state.loss),
        ];
        Self::new(record.step, [descent, flows[0].as_deref(), flows[1].as_deref()])
            .with_losses(losses.map(|loss| loss.unwrap_or(f64::NAN)))
    }

    /// The step at whose start the weights were taken.
    pub fn step(&self) -> usize {
        self.step
    }

    /// The loss of a process, given its index in [`PROCESSES`]. NaN if unknown.
    ///
    /// # Panics
    /// If the index is not below 3.
    pub fn loss(&self, process: usize) -> f64 {
        self.losses[process]
    }

    /// Whether a process, given its index in [`PROCESSES`], is present.
    ///
    /// # Panics
    /// If the index is not below 3.
    pub fn has(&self, process: usize) -> bool {
        self.weights[process].is_some()
    }

    /// Number of parameters; `None` if all processes are absent.
    pub fn dim(&self) -> Option<usize> {
        self.weights.iter().flatten().next().map(|w| match w {
            Weights::F32(w) => w.len(),
            Weights::F64(w) => w.len(),
        })
    }

    /// Memory of the weights in bytes.
    pub fn bytes(&self) -> usize {
        self.weights.iter().flatten().map(Weights::bytes).sum()
    }

    /// Writes the weights of a process, given its index in [`PROCESSES`], to `w` (shape `[dim]`). Returns
    /// whether the process is present.
    ///
    /// # Panics
    /// If the index is not below 3.
    pub fn read(&self, process: usize, w: &mut Vec<f64>) -> bool {
        w.clear();
        match &self.weights[process] {
            Some(Weights::F32(stored)) => w.extend(stored.iter().map(|&x| f64::from(x))),
            Some(Weights::F64(stored)) => w.extend_from_slice(stored),
            None => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::{CentralFlowRecord, ProcessRecord};

    fn read(row: &Row, process: usize) -> Option<Vec<f64>> {
        let mut w = Vec::new();
        row.read(process, &mut w).then_some(w)
    }

    #[test]
    fn weights_come_back_to_the_last_bit() {
        let narrow = [0.5, f64::from(0.1_f32)];
        let wide = [0.1, -1e-300];
        let row = Row::new(3, [Some(&narrow), Some(&wide), Some(&[1.0, f64::NAN])]);
        assert_eq!((read(&row, 0), read(&row, 1)), (Some(narrow.to_vec()), Some(wide.to_vec())));
        assert_eq!((read(&row, 2), row.bytes(), row.dim(), row.step()), (None, 24, Some(2), 3));
    }

    #[test]
    fn flows_start_where_gradient_descent_is_and_stopped_processes_are_absent() {
        let before = [Some(vec![1.0]), None, Some(vec![2.0])];
        let mut record = StepRecord {
            gradient_descent: Some(ProcessRecord::default()),
            gradient_flow: Some(ProcessRecord::default()),
            central_flow: Some(CentralFlowRecord::default()),
            ..StepRecord::default()
        };
        let row = Row::of_step(&before, &record);
        assert_eq!([0, 1, 2].map(|i| read(&row, i).unwrap()[0]), [1.0, 1.0, 2.0]);
        record.events.push(Event::FlowsStarted);
        assert_eq!(read(&Row::of_step(&before, &record), 2), Some(vec![1.0]));
        record.gradient_descent = None;
        record.gradient_flow = None;
        assert_eq!([0, 1].map(|i| Row::of_step(&before, &record).has(i)), [false; 2]);
    }
}
