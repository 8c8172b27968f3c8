//! The steering of a run: everything that determines its numbers besides the preset.

use super::Engine;
use brink_core::dynamics::StepRecord;
use serde::{Deserialize, Serialize};

/// The learning rates of a run and the restarts of its flows, by step; entries ahead of the run are a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// η from each step on, ascending in steps, the first one at step 0.
    etas: Vec<(usize, f64)>,
    /// Steps at whose start the flows are re-anchored, ascending.
    flow_restarts: Vec<usize>,
}

impl Course {
    /// A course with a single learning rate.
    pub fn new(eta: f64) -> Self {
        Self { etas: vec![(0, eta)], flow_restarts: Vec::new() }
    }

    /// The learning rate at a step.
    pub fn eta_at(&self, step: usize) -> f64 {
        let after = self.etas.partition_point(|&(first, _)| first <= step);
        self.etas[after.saturating_sub(1)].1
    }

    /// Whether the flows are re-anchored at the start of a step.
    pub fn restarts_flows_at(&self, step: usize) -> bool {
        self.flow_restarts.binary_search(&step).is_ok()
    }

    /// Makes an engine take its next step according to this course.
    pub fn step(&self, engine: &mut dyn Engine) -> StepRecord {
        let step = engine.next_step();
        if self.restarts_flows_at(step) {
            engine.restart_flows();
        }
        engine.step(self.eta_at(step))
    }

    /// Changes the learning rate permanently from a step on: later changes are dropped.
    pub fn set_eta(&mut self, step: usize, eta: f64) {
        self.etas.retain(|&(first, _)| first < step);
        if self.etas.last().is_none_or(|&(_, before)| before != eta) {
            self.etas.push((step, eta));
        }
    }

    /// Re-anchors the flows at the start of a step.
    pub fn restart_flows(&mut self, step: usize) {
        if let Err(place) = self.flow_restarts.binary_search(&step) {
            self.flow_restarts.insert(place, step);
        }
    }

    /// The course of the steps before `step`; from there on its last learning rate applies.
    #[must_use]
    pub fn until(&self, step: usize) -> Self {
        let mut etas = self.etas.clone();
        etas.retain(|&(first, _)| first < step.max(1));
        let flow_restarts = self.flow_restarts.iter().copied().filter(|&restart| restart < step).collect();
        Self { etas, flow_restarts }
    }

    /// The changes of the learning rate after step 0, ascending in steps.
    pub fn eta_changes(&self) -> &[(usize, f64)] {
        &self.etas[1..]
    }

    /// Steps at whose start the flows are re-anchored, ascending.
    pub fn flow_restarts(&self) -> &[usize] {
        &self.flow_restarts
    }

    /// Whether the course is valid; one read from a file may not be.
    pub fn is_valid(&self) -> bool {
        self.etas.first().is_some_and(|&(first, _)| first == 0)
            && self.etas.iter().all(|&(_, eta)| eta.is_finite() && eta > 0.0)
            && self.etas.is_sorted_by(|a, b| a.0 < b.0)
            && self.flow_restarts.is_sorted_by(|a, b| a < b)
    }
}

#[cfg(test)]
mod tests {
    use super::Course;

    #[test]
    fn a_change_holds_from_its_step_on_and_replaces_what_was_planned() {
        let mut course = Course::new(0.1);
        course.set_eta(10, 0.2);
        course.set_eta(20, 0.3);
        let eta = |course: &Course| [0, 9, 10, 19, 20, 99].map(|step| course.eta_at(step));
        assert_eq!(eta(&course), [0.1, 0.1, 0.2, 0.2, 0.3, 0.3]);
        course.set_eta(15, 0.4);
        assert_eq!(eta(&course), [0.1, 0.1, 0.2, 0.4, 0.4, 0.4]);
        course.set_eta(15, 0.2);
        assert_eq!(course.eta_changes(), [(10, 0.2)], "no change is no entry");
        course.set_eta(0, 0.5);
        assert_eq!((course.eta_at(0), course.eta_changes()), (0.5, [].as_slice()));
        assert!(course.is_valid());
    }

    #[test]
    fn the_past_of_a_step_ends_before_it() {
        let mut course = Course::new(0.1);
        course.set_eta(10, 0.2);
        course.restart_flows(10);
        course.restart_flows(4);
        course.restart_flows(4);
        assert_eq!(course.flow_restarts(), [4, 10]);
        let past = course.until(10);
        assert_eq!((past.eta_at(50), past.flow_restarts()), (0.1, [4].as_slice()));
        assert_eq!(course.until(11), course);
        assert_eq!(course.until(0), Course::new(0.1));
    }
}
