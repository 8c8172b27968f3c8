//! Gradient descent, `w_{t+1} = w_t − P⁻¹ ∇L(w_t)`.

use super::edge::EdgeCount;
use super::record::{Event, Process, ProcessRecord, StepOutcome};
use super::{StepScale, bounded};
use crate::calculus::Real;
use crate::objective::Objective;
use crate::spectrum::{Tracker, TrackerSettings};
use serde::{Deserialize, Serialize};

/// State of gradient descent: the weights and the leading eigenpairs at the weights.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "T: Real")]
pub(super) struct GradientDescent<T: Real> {
    pub(super) w: Vec<T>,
    /// Weights one step earlier: the last valid weights once the process has diverged.
    pub(super) previous: Vec<T>,
    /// Scratch: read only in the step that writes it.
    #[serde(skip)]
    nabla_l: Vec<T>,
    pub(super) tracker: Tracker<T>,
    pub(super) diverged: bool,
    edge: EdgeCount,
    loss_bound: f64,
}

impl<T: Real> GradientDescent<T> {
    pub(super) fn new(w: Vec<T>, initial: usize) -> Self {
        Self {
            previous: w.clone(),
            nabla_l: Vec::new(),
            w,
            tracker: Tracker::new(initial),
            diverged: false,
            edge: EdgeCount::default(),
            loss_bound: f64::INFINITY,
        }
    }

    /// One step without any measurement.
    pub(super) fn warm_up(&mut self, objective: &mut dyn Objective<T>, scale: &StepScale<T>) {
        self.nabla_l.resize(self.w.len(), T::zero());
        objective.gradient(&self.w, &mut self.nabla_l);
        self.advance(scale);
    }

    /// Measures loss, gradient and eigenpairs at the current weights. Reports divergence and eigenvalues that
    /// reach the edge.
    pub(super) fn observe(
        &mut self,
        objective: &mut dyn Objective<T>,
        scale: &StepScale<T>,
        settings: &TrackerSettings,
        events: &mut Vec<Event>,
    ) -> ProcessRecord {
        self.nabla_l.resize(self.w.len(), T::zero());
        let loss = objective.gradient(&self.w, &mut self.nabla_l);
        let grad_norm_sq = crate::spectrum::dot(&self.nabla_l, &self.nabla_l);
        if self.loss_bound.is_infinite() {
            self.loss_bound = bounded(loss);
        }
        let mut record = ProcessRecord { loss, grad_norm_sq, ..ProcessRecord::default() };
        if !(grad_norm_sq.is_finite() && loss <= self.loss_bound) {
            self.diverged = true;
            self.w.copy_from_slice(&self.previous);
            let outcome = StepOutcome::Diverged { loss };
            events.push(Event::Outcome(Process::GradientDescent, outcome));
            return record;
        }
        let pairs = self.tracker.solve(objective, &self.w, &scale.preconditioner, settings);
        record.lambda = scale.hessian_eigenvalues(&pairs.values);
        record.eigen_residual = pairs.residual;
        if let Some(k) = self.edge.entered(pairs.values.iter().filter(|&&s| s >= 2.0).count()) {
            events.push(Event::Outcome(Process::GradientDescent, StepOutcome::EnteredEdge { k }));
        }
        record
    }

    /// Takes the step with the gradient of the last measurement.
    pub(super) fn advance(&mut self, scale: &StepScale<T>) {
        if self.diverged {
            return;
        }
        self.previous.copy_from_slice(&self.w);
        scale.preconditioner.apply_inverse(&mut self.nabla_l);
        for (w, g) in self.w.iter_mut().zip(&self.nabla_l) {
            *w -= *g;
        }
    }

    /// Memory of the vectors that the next step reads, in bytes.
    pub(super) fn bytes(&self) -> usize {
        (self.w.len() + self.previous.len()) * size_of::<T>() + self.tracker.bytes()
    }

    /// Whether all vectors have `dim` entries.
    pub(super) fn fits(&self, dim: usize) -> bool {
        self.w.len() == dim && self.previous.len() == dim && self.tracker.fits(dim)
    }

    /// Resets the count of eigenvalues at the edge, because a change of the learning rate moves the edge.
    pub(super) fn forget_edge(&mut self) {
        self.edge = EdgeCount::default();
    }
}
