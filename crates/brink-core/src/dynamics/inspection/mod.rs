//! Analysis of a single step: the terms of the Taylor expansion around the central flow and their
//! predictions, compared with gradient descent.
//!
//! Non-finite contract: non-finite weights give NaN terms, never a panic.

mod expansion;

pub use expansion::{Expansion, Extents, Term, expand};

use super::record::StepRecord;
use super::{CentralFlow, Dynamics, GradientDescent, StepScale};
use crate::calculus::{Block, Real};
use crate::objective::Objective;
use crate::spectrum::{distance, norm};
use thiserror::Error;

/// The centre w̄ of the Taylor expansion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Center {
    /// The point w(t) of the central flow.
    CentralFlow,
    /// The average `(w_{t−1} + 2 w_t + w_{t+1})/4` of gradient descent, used without a running central flow.
    Average,
}

/// A step that cannot be inspected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InspectError {
    /// Gradient descent does not run.
    #[error(
        "step {step} cannot be inspected: gradient descent does not run there (it has diverged, or is not among run.processes)"
    )]
    NoGradientDescent {
        /// The step t.
        step: usize,
    },
    /// The run is a recording, which has no weights.
    #[error(
        "step {step} cannot be looked into: this is a recording, which keeps no weights; its preset runs live"
    )]
    Recorded {
        /// The step t.
        step: usize,
    },
    /// There is neither a central flow nor a previous step.
    #[error(
        "step {step} cannot be inspected without a central flow: the mean of three steps needs a step before; take step 1 or later"
    )]
    NoStepBefore {
        /// The step t.
        step: usize,
    },
}

/// Predicted contributions to a change of S, and the measured change. With several critical eigenvalues, S is
/// their mean.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SharpnessChange {
    /// Contributions of progressive sharpening, of the alternating term, of the push of the oscillation, and
    /// of the orthogonal displacement; see [`Expansion::sharpness_parts`].
    pub parts: [f64; 4],
    /// Measured change of S.
    pub measured: f64,
}

impl SharpnessChange {
    /// Predicted change of S: the sum of the contributions.
    pub fn predicted(&self) -> f64 {
        self.parts.iter().sum()
    }

    fn mean(&self, other: &Self) -> Self {
        let parts = std::array::from_fn(|i| 0.5 * (self.parts[i] + other.parts[i]));
        Self { parts, measured: 0.5 * (self.measured + other.measured) }
    }
}

/// All measurements of one step t, as plain numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// The step t.
    pub step: usize,
    /// The learning rate.
    pub eta: f64,
    /// Definition of the centre w̄.
    pub center: Center,
    /// Tracked eigenvalues of H(w̄), descending; the first ones are critical.
    pub lambda: Vec<f64>,
    /// Largest relative residual ‖Hu − λu‖/|λ| of the eigenpairs at w̄.
    pub eigen_residual: f64,
    /// The Taylor expansion.
    pub expansion: Expansion,
    /// Change of S in this step, S(w_{t+1}) − S(w_t); `None` if gradient descent stops.
    pub sharpness: Option<SharpnessChange>,
    /// Mean of the changes in this step and the next one, in which the alternating term cancels.
    pub two_step: Option<SharpnessChange>,
    /// Predicted growth factor of the oscillation along u per step, |1 − ηm| with m = (S_t + S_{t+1})/2 of
    /// gradient descent. `None` if several eigenvalues are critical, because the oscillation then has no
    /// single direction.
    pub growth_predicted: Option<f64>,
    /// Measured growth factor, |⟨u, w_{t+2} − 2w_{t+1} + w_t⟩| / |⟨u, w_{t+1} − 2w_t + w_{t−1}⟩|. Second
    /// differences contain the oscillation but not the drift.
    pub growth_measured: Option<f64>,
    /// Distance ‖w_t − w̄‖.
    pub distance: f64,
    /// Norm ‖w̄‖.
    pub weight_norm: f64,
    /// Eigenvalues of Σ, descending. Empty without a central flow.
    pub sigma: Vec<f64>,
    /// Relative KKT residual of the complementarity problem; `None` without a central flow.
    pub complementarity_residual: Option<f64>,
}

impl<T: Real> Dynamics<T> {
    /// Analyses the next step t with the learning rate `eta`. `self` is not modified: a copy runs two steps
    /// ahead to measure gradient descent.
    ///
    /// # Errors
    /// [`InspectError`] if gradient descent does not run, or if there is neither a central flow nor a
    /// previous step to define w̄.
    pub fn inspect(&self, objective: &mut dyn Objective<T>, eta: f64) -> Result<Inspection, InspectError> {
        let step = self.next_step();
        let mut ahead = Lookahead::new(self, eta);
        if !ahead.advance(objective) {
            return Err(InspectError::NoGradientDescent { step });
        }
        let _ = ahead.advance(objective) && ahead.advance(objective);
        let first = ahead.instant(objective, 0).ok_or(InspectError::NoStepBefore { step })?;
        let now = ahead.change(&first, 0);
        let next = if ahead.w.len() > 2 { ahead.instant(objective, 1) } else { None };
        let k = first.expansion.x.len();
        let next = next.filter(|next| next.expansion.x.len() == k).and_then(|next| ahead.change(&next, 1));
        let flow = ahead.records[0].central_flow.as_ref().filter(|_| first.center == Center::CentralFlow);
        Ok(Inspection {
            step,
            eta,
            center: first.center,
            sharpness: now,
            two_step: now.zip(next).map(|(now, next)| now.mean(&next)),
            growth_predicted: ahead
                .sharpness(0, 1)
                .zip(ahead.sharpness(1, 1))
                .filter(|_| k == 1)
                .map(|(a, b)| (1.0 - eta * 0.5 * (a + b)).abs()),
            growth_measured: ahead.growth(first.u.column(0)).filter(|_| k == 1),
            distance: distance(&ahead.w[0], &first.w),
            weight_norm: norm(&first.w),
            sigma: flow.map_or_else(Vec::new, |flow| flow.sigma.clone()),
            complementarity_residual: flow.map(|flow| flow.complementarity_residual),
            lambda: first.lambda,
            eigen_residual: first.eigen_residual,
            expansion: first.expansion,
        })
    }
}

impl<T: Real> Dynamics<T> {
    fn descent(&self) -> Option<&GradientDescent<T>> {
        self.state.gradient_descent.as_ref()
    }

    fn flow(&self) -> Option<&CentralFlow<T>> {
        self.state.central_flow.as_ref()
    }

    fn leave_out_what_is_not_inspected(&mut self) {
        self.state.gradient_flow = None;
        self.settings.processes.gradient_flow = false;
        self.settings.ema = None;
    }

    /// Makes gradient descent track at least all critical eigenvalues of the central flow.
    fn track_what_the_flow_tracks(&mut self) {
        let Some(wanted) = self.flow().map(|flow| flow.tracker.tracked()) else { return };
        if let Some(descent) = self.state.gradient_descent.as_mut().filter(|d| d.tracker.tracked() < wanted) {
            descent.tracker = descent.tracker.forked(wanted);
        }
    }
}

/// A copy of the dynamics that runs ahead, with the states it has passed.
struct Lookahead<T: Real> {
    dynamics: Dynamics<T>,
    eta: f64,
    /// Weights of gradient descent one step before the first recorded step.
    before: Option<Vec<T>>,
    /// Weights of gradient descent at the start of each step.
    w: Vec<Vec<T>>,
    /// Weights of the central flow at the start of each step, if it runs.
    flow: Vec<Option<Vec<T>>>,
    records: Vec<StepRecord>,
}

/// The Taylor expansion at one step.
struct Instant<T: Real> {
    center: Center,
    w: Vec<T>,
    u: Block<T>,
    lambda: Vec<f64>,
    eigen_residual: f64,
    expansion: Expansion,
}

impl<T: Real> Lookahead<T> {
    fn new(dynamics: &Dynamics<T>, eta: f64) -> Self {
        let before = dynamics.descent().filter(|_| dynamics.next_step() > 0);
        let before = before.map(|descent| descent.previous.clone());
        let mut dynamics = dynamics.clone();
        dynamics.leave_out_what_is_not_inspected();
        dynamics.track_what_the_flow_tracks();
        Self { dynamics, eta, before, w: Vec::new(), flow: Vec::new(), records: Vec::new() }
    }

    /// Takes a step and records its initial state. Returns false if gradient descent does not run.
    fn advance(&mut self, objective: &mut dyn Objective<T>) -> bool {
        let record = self.dynamics.step(objective, self.eta);
        let Some(descent) = self.dynamics.descent().filter(|descent| !descent.diverged) else {
            return false;
        };
        self.w.push(descent.previous.clone());
        let flow = self.dynamics.flow().filter(|flow| !flow.stopped());
        self.flow.push(flow.map(|flow| flow.previous.clone()));
        self.records.push(record);
        true
    }

    /// Mean of the k leading eigenvalues of gradient descent at a step.
    fn sharpness(&self, at: usize, k: usize) -> Option<f64> {
        let leading = self.records.get(at)?.gradient_descent.as_ref()?.lambda.get(..k)?;
        Some(leading.iter().sum::<f64>() / k as f64)
    }

    fn change(&self, instant: &Instant<T>, at: usize) -> Option<SharpnessChange> {
        let k = instant.expansion.x.len();
        let measured = self.sharpness(at + 1, k)? - self.sharpness(at, k)?;
        Some(SharpnessChange { parts: instant.expansion.sharpness_parts, measured })
    }

    /// Growth factor of the second differences along u, if they exceed rounding errors.
    fn growth(&self, u: &[T]) -> Option<f64> {
        let [now, next, last] = self.w.get(..3)? else { return None };
        let bend = |a: &[T], b: &[T], c: &[T]| {
            let terms = u.iter().zip(a).zip(b).zip(c);
            terms
                .map(|(((u, a), b), c)| u.widen() * (a.widen() - 2.0 * b.widen() + c.widen()))
                .sum::<f64>()
                .abs()
        };
        let first = bend(next, now, self.before.as_ref()?);
        let rounding = T::epsilon().widen() * norm(now) / (now.len() as f64).sqrt();
        (first > 16.0 * rounding).then(|| bend(last, next, now) / first)
    }

    /// The centre of the expansion of step `at`.
    fn center(&self, at: usize) -> Option<(Center, Vec<T>)> {
        if let Some(flow) = &self.flow[at] {
            return Some((Center::CentralFlow, flow.clone()));
        }
        let before = if at == 0 { self.before.as_ref()? } else { &self.w[at - 1] };
        let after = self.w.get(at + 1)?;
        let mean = |((a, b), c): ((&T, &T), &T)| T::of(0.25 * (a.widen() + 2.0 * b.widen() + c.widen()));
        Some((Center::Average, before.iter().zip(&self.w[at]).zip(after).map(mean).collect()))
    }

    fn instant(&self, objective: &mut dyn Objective<T>, at: usize) -> Option<Instant<T>> {
        let (center, w) = self.center(at)?;
        let settings = self.dynamics.settings.eigen.tracker();
        let scale = StepScale::new(self.eta);
        let tracker = match center {
            Center::CentralFlow => &self.dynamics.flow()?.tracker,
            Center::Average => &self.dynamics.descent()?.tracker,
        };
        // At least one more than the critical pairs, for the spectral gap.
        let mut tracker = tracker.forked(tracker.tracked().max(2));
        let pairs = tracker.solve(objective, &w, &scale.preconditioner, &settings);
        let threshold = self.dynamics.settings.central_flow.candidate_threshold;
        let critical = pairs.values.iter().filter(|&&value| value > threshold).count().max(1);
        let mut u = pairs.vectors.clone();
        u.truncate(critical);
        let lambda = scale.hessian_eigenvalues(&pairs.values);
        let expansion = expand(objective, self.eta, &self.w[at], &w, &u, &lambda[..critical]);
        Some(Instant { center, w, u, eigen_residual: pairs.residual, lambda, expansion })
    }
}

#[cfg(test)]
mod tests;
