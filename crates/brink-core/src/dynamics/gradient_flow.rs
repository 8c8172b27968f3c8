//! Gradient flow, `dw/dt = −P⁻¹ ∇L(w)`, integrated by Euler substeps that resolve the sharpness at the start
//! of each step.

use super::record::{Event, Process, ProcessRecord, StepOutcome};
use super::settings::GradientFlowSettings;
use super::{StepScale, bounded};
use crate::calculus::Real;
use crate::objective::Objective;
use crate::spectrum::{Tracker, TrackerSettings, axpy, dot};
use serde::{Deserialize, Serialize};

/// State of the gradient flow: the weights and the leading eigenpairs at the weights.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "T: Real")]
pub(super) struct GradientFlow<T: Real> {
    pub(super) w: Vec<T>,
    previous: Vec<T>,
    /// Scratch: read only in the step that writes it.
    #[serde(skip)]
    nabla_l: Vec<T>,
    pub(super) tracker: Tracker<T>,
    pub(super) diverged: bool,
    too_sharp: bool,
    loss_bound: f64,
}

impl<T: Real> GradientFlow<T> {
    pub(super) fn new(w: Vec<T>, tracker: Tracker<T>) -> Self {
        Self {
            previous: w.clone(),
            nabla_l: Vec::new(),
            w,
            tracker,
            diverged: false,
            too_sharp: false,
            loss_bound: f64::INFINITY,
        }
    }

    /// Records the current state and advances by one unit of time with `max(min_substeps, ⌈2 η S⌉)` Euler
    /// substeps. The weights are not changed if η·S exceeds its bound.
    pub(super) fn step(
        &mut self,
        objective: &mut dyn Objective<T>,
        scale: &StepScale<T>,
        settings: &GradientFlowSettings,
        tracker: &TrackerSettings,
        events: &mut Vec<Event>,
    ) -> ProcessRecord {
        self.nabla_l.resize(self.w.len(), T::zero());
        let loss = objective.gradient(&self.w, &mut self.nabla_l);
        let grad_norm_sq = dot(&self.nabla_l, &self.nabla_l);
        if self.loss_bound.is_infinite() {
            self.loss_bound = bounded(loss);
        }
        let mut record = ProcessRecord { loss, grad_norm_sq, ..ProcessRecord::default() };
        if !(grad_norm_sq.is_finite() && loss <= self.loss_bound) {
            self.diverged = true;
            self.w.copy_from_slice(&self.previous);
            events.push(Event::Outcome(Process::GradientFlow, StepOutcome::Diverged { loss }));
            return record;
        }
        let fixed = TrackerSettings { track_threshold: None, ..*tracker };
        let pairs = self.tracker.solve(objective, &self.w, &scale.preconditioner, &fixed);
        record.lambda = scale.hessian_eigenvalues(&pairs.values);
        record.eigen_residual = pairs.residual;
        let eta_s = pairs.values[0];
        let was_too_sharp =
            std::mem::replace(&mut self.too_sharp, eta_s.is_nan() || eta_s > settings.max_eta_s);
        if self.too_sharp {
            if !was_too_sharp {
                events.push(Event::Outcome(Process::GradientFlow, StepOutcome::TooSharp { eta_s }));
            }
            return record;
        }
        if was_too_sharp {
            events.push(Event::Outcome(Process::GradientFlow, StepOutcome::Advanced));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most 2·max_eta_s; saturates"
        )]
        let substeps = settings.min_substeps.max((2.0 * eta_s).ceil() as usize);
        record.substeps = substeps;
        let dt = 1.0 / substeps as f64;
        self.previous.copy_from_slice(&self.w);
        for substep in 0..substeps {
            if substep > 0 {
                objective.gradient(&self.w, &mut self.nabla_l);
            }
            scale.preconditioner.apply_inverse(&mut self.nabla_l);
            axpy(-dt, &self.nabla_l, &mut self.w);
        }
        record
    }

    /// Memory of the vectors that the next step reads, in bytes.
    pub(super) fn bytes(&self) -> usize {
        (self.w.len() + self.previous.len()) * size_of::<T>() + self.tracker.bytes()
    }

    /// Whether all vectors have `dim` entries.
    pub(super) fn fits(&self, dim: usize) -> bool {
        self.w.len() == dim && self.previous.len() == dim && self.tracker.fits(dim)
    }

    /// Number of Hessian-vector products of the last step.
    pub(super) fn hvps(&self) -> usize {
        self.tracker.pairs().hvps
    }
}
