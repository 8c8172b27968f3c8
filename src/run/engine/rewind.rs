//! Rewinding a run: an engine goes to the start of any step, from the nearest checkpoint and along the course of the run.

use super::Engine;
use super::checkpoint::Checkpoint;
use super::course::Course;
use std::sync::Arc;

/// The way to the start of a step.
#[derive(Clone, Copy, Debug)]
pub struct Rewind<'a> {
    /// The step.
    pub step: usize,
    /// The course of the run.
    pub course: &'a Course,
    /// Checkpoints of the run at or before the step, ascending in steps.
    pub checkpoints: &'a [Arc<Checkpoint>],
}

/// The engine is beyond the step, and no checkpoint fits it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCheckpoint;

impl Rewind<'_> {
    /// Restores the latest checkpoint that fits the engine, unless the engine is already between that checkpoint and the
    /// step. An engine that is `astray`, at a step of another run, is always restored.
    ///
    /// # Errors
    /// If the engine must be restored and no checkpoint fits it.
    pub fn restore(&self, engine: &mut dyn Engine, astray: bool) -> Result<(), NoCheckpoint> {
        let here = engine.next_step();
        let latest = self.checkpoints.last().map_or(0, |kept| kept.step());
        if !astray && (latest..=self.step).contains(&here) {
            return Ok(());
        }
        let restored = self.checkpoints.iter().rev().any(|kept| engine.restore(kept).is_ok());
        // an engine before the step gets there without a checkpoint
        if restored || (!astray && here <= self.step) { Ok(()) } else { Err(NoCheckpoint) }
    }

    /// Takes the steps up to the start of the step. Returns whether it got there: `stop` is asked before each step.
    pub fn advance(&self, engine: &mut dyn Engine, mut stop: impl FnMut() -> bool) -> bool {
        while engine.next_step() < self.step {
            if stop() {
                return false;
            }
            self.course.step(engine);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::engine::fake::Fake;

    fn at(course: &Course, step: usize) -> Arc<Checkpoint> {
        let mut engine = Fake::default();
        let way = Rewind { step, course, checkpoints: &[] };
        assert!(way.advance(&mut engine, || false));
        Arc::new(engine.checkpoint())
    }

    #[test]
    fn the_latest_checkpoint_is_restored_only_where_that_is_shorter() {
        let course = Course::new(0.1);
        let kept = [at(&course, 0), at(&course, 4), at(&course, 8)];
        let mut engine = Fake::default();
        let to = |step: usize| {
            let fits = kept.partition_point(|kept| kept.step() <= step);
            Rewind { step, course: &course, checkpoints: &kept[..fits] }
        };
        to(9).restore(&mut engine, false).unwrap();
        assert_eq!(engine.next_step(), 8);
        assert!(to(9).advance(&mut engine, || false));
        assert_eq!(engine.next_step(), 9);
        to(10).restore(&mut engine, false).unwrap();
        assert_eq!(engine.next_step(), 9, "it is between the checkpoint and the step");
        to(10).restore(&mut engine, true).unwrap();
        assert_eq!(engine.next_step(), 8, "it was at a step of another run");
        to(6).restore(&mut engine, false).unwrap();
        assert_eq!(engine.next_step(), 4);
        let mut asked = 0;
        assert!(!to(6).advance(&mut engine, || {
            asked += 1;
            asked == 2
        }));
        assert_eq!(engine.next_step(), 5, "stopped before the second step");
    }

    #[test]
    fn without_a_checkpoint_there_is_no_way_back() {
        let course = Course::new(0.1);
        let mut engine = Fake::default();
        let way = |step| Rewind { step, course: &course, checkpoints: &[] };
        way(3).restore(&mut engine, false).unwrap();
        assert!(way(3).advance(&mut engine, || false));
        assert_eq!(way(2).restore(&mut engine, false), Err(NoCheckpoint));
        assert_eq!(way(3).restore(&mut engine, true), Err(NoCheckpoint));
    }
}
