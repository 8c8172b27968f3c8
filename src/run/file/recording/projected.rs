//! The paths in one plane of weight space, collected while a run is recorded: a recording has no weights to project
//! later.

use crate::run::engine::Engine;
use brink_core::dynamics::StepRecord;
use brink_core::space::{Axis, Budget, PROCESSES, Row, SpaceView, Survey, SurveyRequest, Trail};
use std::time::Instant;

/// The plane: the top eigenvector at the last step, across the valley, and the drift, along it.
const AXES: [Axis; 2] = [Axis::Eigenvector(0), Axis::Drift];

/// Memory for weights while a run is recorded.
const BUDGET: Budget = Budget { rows: 1 << 30, anchors: 512 << 20, sketches: 256 << 20 };

/// Collects the paths of a run.
pub(super) struct Follower {
    trail: Trail,
    before: [Option<Vec<f64>>; 3],
}

impl Follower {
    pub fn new() -> Self {
        Self { trail: Trail::new(BUDGET), before: [None, None, None] }
    }

    /// Notes the weights before a step.
    pub fn before(&mut self, engine: &dyn Engine) {
        self.before = PROCESSES.map(|process| engine.weights(process));
    }

    /// Keeps the step.
    pub fn after(&mut self, record: &StepRecord) {
        self.trail.push(Row::of_step(&self.before, record));
    }

    /// The paths in the plane of the last step at which gradient descent ran; `None` if its weights are not kept or
    /// it has no plane.
    pub fn project(self, engine: &mut dyn Engine, eta: f64) -> Option<SpaceView> {
        let newest = self.trail.newest()?.step();
        let step = (0..=newest).rev().map_while(|step| self.trail.row(step)).find(|row| row.has(0))?.step();
        let request = SurveyRequest {
            step,
            eta,
            axes: AXES.to_vec(),
            most: usize::MAX,
            rows: Vec::new(),
            earlier: None,
        };
        let mut look = Survey::new(request, &self.trail).ok()?;
        let mut probe = engine.probe();
        while !look.has_paths() {
            look.advance(probe.as_mut(), &self.trail, Instant::now(), &|| false);
        }
        let view = SpaceView { surface: None, region: None, progress: 1.0, ..look.view().clone() };
        (!view.paths.is_empty() && view.check(newest + 1).is_ok()).then_some(view)
    }
}
