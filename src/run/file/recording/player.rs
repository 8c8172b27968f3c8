//! A recording that acts as an engine: it plays like a live run.

use super::row::record;
use crate::run::engine::Engine;
use crate::run::engine::checkpoint::{Checkpoint, RestoreError};
use crate::run::record::history::History;
use crate::run::record::predictions::example::Examples;
use brink_core::dynamics::{InspectError, Inspection, Process, State, StepRecord};
use brink_core::space::{Probe, Solved, Stop};
use brink_core::spectrum::{Distribution, SpectrumError};
use std::sync::Arc;

/// Returns recorded rows one after another. The requested learning rate has no effect, and no step can be inspected:
/// a recording has no weights.
#[derive(Clone, Debug)]
pub struct Player {
    history: Arc<History>,
    dim: usize,
    next: usize,
}

impl Player {
    /// Starts at the first row; `dim` is the number of parameters of the recorded network.
    pub fn new(history: Arc<History>, dim: usize) -> Self {
        Self { history, dim, next: 0 }
    }
}

impl Engine for Player {
    fn step(&mut self, _eta: f64) -> StepRecord {
        let row = self.next.min(self.history.rows().saturating_sub(1));
        let record = StepRecord { step: self.next, ..record(&self.history, row) };
        self.next += 1;
        record
    }

    fn restart_flows(&mut self) {}

    fn finished(&self) -> bool {
        self.next >= self.history.rows()
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn next_step(&self) -> usize {
        self.next
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::F32(State::at(self.next, Vec::new()))
    }

    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), RestoreError> {
        self.next = checkpoint.step();
        Ok(())
    }

    fn weights(&self, _process: Process) -> Option<Vec<f64>> {
        None
    }

    fn inspect(&mut self, _eta: f64) -> Result<Inspection, InspectError> {
        Err(InspectError::Recorded { step: self.next })
    }

    fn examples(&self) -> Option<Arc<Examples>> {
        self.history.predictions().map(|found| Arc::clone(found.examples()))
    }

    fn spectrum(
        &mut self,
        _process: Process,
        _go_on: &mut (dyn FnMut(f32) -> bool + Send),
    ) -> Option<Result<Distribution, SpectrumError>> {
        None
    }

    fn probe(&mut self) -> Box<dyn Probe + '_> {
        Box::new(NoLoss { dim: self.dim })
    }
}

/// The loss of a recording, which is unknown everywhere.
struct NoLoss {
    dim: usize,
}

impl Probe for NoLoss {
    fn dim(&self) -> usize {
        self.dim
    }

    fn loss(&mut self, _: &[f64]) -> f64 {
        f64::NAN
    }

    fn sharpness(&mut self, _: &[f64], _: Stop<'_>) -> Solved {
        Solved { value: f64::NAN, converged: false }
    }

    fn eigenpairs(&mut self, w: &[f64], count: usize, _: Stop<'_>) -> Vec<(f64, Vec<f64>)> {
        vec![(f64::NAN, vec![f64::NAN; w.len()]); count]
    }

    fn sharpness_gradient(&mut self, w: &[f64], _: &[f64], _: Stop<'_>) -> Vec<f64> {
        vec![f64::NAN; w.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::engine::fake::Fake;

    #[test]
    fn a_played_run_records_what_was_recorded() {
        let mut engine = Fake { cycle_steps: Some(20), above_edge_at: Some(7), ..Fake::default() };
        let mut recorded = History::new(3);
        (0..40).for_each(|_| recorded.push(&engine.step(0.1)));
        let mut player = Player::new(Arc::new(recorded.clone()), 2);
        let mut played = History::new(3);
        while !player.finished() {
            played.push(&player.step(9.0));
        }
        assert_eq!((played.rows(), played.events()), (40, recorded.events()));
        for series in crate::run::record::series::Series::all(3) {
            for row in 0..40 {
                assert_eq!(played.value(series, row), recorded.value(series, row), "{series:?}, row {row}");
            }
        }
        let checkpoint = Player { next: 5, ..player.clone() }.checkpoint();
        player.restore(&checkpoint).unwrap();
        assert_eq!(player.step(0.1).step, 5);
    }
}
