//! One run as the window knows it: what it has recorded, how it is steered, and what was found out about it.

use super::phase::RunPhase;
use crate::picture::view::scene::Scene;
use crate::run::analysis::curves::Curves;
use crate::run::engine::breakpoint::Hit;
use crate::run::engine::course::Course;
use crate::run::live::spectra::Spectra;
use crate::run::record::history::History;
use brink_core::dynamics::Inspection;
use std::sync::Arc;

/// The run that is no fork. What trains it is in the lab's fleet.
#[derive(Clone, Debug)]
pub struct Run {
    /// What was recorded.
    pub history: History,
    /// What is derived from it.
    pub curves: Curves,
    /// How it is steered, as far as the training thread has said.
    pub course: Course,
    /// A learning rate that was sent and is not in the course yet.
    pub eta_sent: Option<f64>,
    /// What it is doing.
    pub phase: RunPhase,
    /// Steps a second at present.
    pub steps_per_second: Option<f64>,
    /// Number of parameters.
    pub parameters: usize,
    /// Where it stopped by itself.
    pub hits: Vec<Hit>,
    /// The step that was looked into last.
    pub inspection: Option<Inspection>,
    /// The Hessian's spectra, as far as they are computed.
    pub spectra: Spectra,
    /// Weight space, as it was computed last.
    pub scene: Option<Arc<Scene>>,
    /// The rows and the learning rate that a landscape was drawn with.
    pub(super) scene_state: (usize, Option<u64>),
}

impl Run {
    /// A run before its first step, which waits.
    pub fn new(course: Course, max_tracked: usize) -> Self {
        Self {
            history: History::new(max_tracked),
            curves: Curves::default(),
            course,
            eta_sent: None,
            phase: RunPhase::Paused,
            steps_per_second: None,
            parameters: 0,
            hits: Vec::new(),
            inspection: None,
            spectra: Spectra::default(),
            scene: None,
            scene_state: (0, None),
        }
    }

    /// The learning rate: what was sent, or that of the newest step.
    pub fn eta(&self) -> f64 {
        self.eta_sent.unwrap_or_else(|| self.course.eta_at(self.history.rows().saturating_sub(1)))
    }

    /// Takes in how the training thread is steered now.
    pub(in crate::app) fn hear_course(&mut self, course: Course) {
        // what was sent holds for good
        self.eta_sent = self.eta_sent.filter(|&eta| course.eta_at(usize::MAX) != eta);
        self.course = course;
    }
}
