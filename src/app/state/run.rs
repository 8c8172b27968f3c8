//! One run as the window knows it: its recorded data, its course, and the results derived from it.

use super::phase::RunPhase;
use crate::picture::view::scene::Scene;
use crate::run::analysis::curves::Curves;
use crate::run::engine::breakpoint::Hit;
use crate::run::engine::course::Course;
use crate::run::live::spectra::Spectra;
use crate::run::record::history::History;
use brink_core::dynamics::Inspection;
use std::sync::Arc;

/// The first run, which is not a fork. The lab's fleet holds the thread that trains it.
#[derive(Clone, Debug)]
pub struct Run {
    /// The recorded history.
    pub history: History,
    /// The curves derived from it.
    pub curves: Curves,
    /// The course of the run, as last reported by the training thread.
    pub course: Course,
    /// A learning rate that was sent but has no recorded step yet.
    pub eta_sent: Option<f64>,
    /// The current phase.
    pub phase: RunPhase,
    /// The current number of steps per second.
    pub steps_per_second: Option<f64>,
    /// The number of parameters.
    pub parameters: usize,
    /// The breakpoints at which it stopped.
    pub hits: Vec<Hit>,
    /// The step that was inspected last.
    pub inspection: Option<Inspection>,
    /// The Hessian's spectra computed so far.
    pub spectra: Spectra,
    /// The most recently computed scene of weight space.
    pub scene: Option<Arc<Scene>>,
    /// The number of rows and the learning rate for which the landscape was drawn.
    pub(super) scene_state: (usize, Option<u64>),
}

impl Run {
    /// A paused run before its first step.
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

    /// The learning rate: the one that was sent, or that of the newest step.
    pub fn eta(&self) -> f64 {
        self.eta_sent.unwrap_or_else(|| self.course.eta_at(self.history.rows().saturating_sub(1)))
    }

    /// Takes over the course reported by the training thread.
    pub(in crate::app) fn hear_course(&mut self, course: Course) {
        // the learning rate that was sent holds permanently from the newest step on
        let newest = self.history.rows().saturating_sub(1);
        self.eta_sent =
            self.eta_sent.filter(|&eta| [newest, usize::MAX].iter().any(|&step| course.eta_at(step) != eta));
        self.course = course;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use brink_core::dynamics::StepRecord;

    #[test]
    fn what_was_sent_is_shown_until_a_step_is_recorded_with_it() {
        let mut run = Run::new(Course::new(0.1), 1);
        let record = |run: &mut Run, eta: f64| {
            let step = run.history.rows();
            run.history.push(&StepRecord { step, eta, ..StepRecord::default() });
        };
        record(&mut run, 0.1);
        run.eta_sent = Some(0.2);
        run.hear_course(Course::new(0.1));
        assert_eq!(run.eta(), 0.2, "the thread has not heard of it");
        let mut course = Course::new(0.1);
        course.set_eta(1, 0.2);
        run.hear_course(course.clone());
        assert_eq!((run.eta(), run.eta_sent), (0.2, Some(0.2)), "no step has been taken with it");
        record(&mut run, 0.2);
        run.hear_course(course.clone());
        assert_eq!((run.eta(), run.eta_sent), (0.2, None));
        // from here on the run follows a plan
        course.set_eta(2, 0.3);
        run.hear_course(course);
        assert_eq!(run.eta(), 0.2);
        record(&mut run, 0.3);
        assert_eq!(run.eta(), 0.3);
    }
}
