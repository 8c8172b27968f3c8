//! One step under the lens: every term of the Taylor series around the central flow, and what it predicts, against what
//! gradient descent does.
//!
//! Non-finite contract: weights that are not finite give NaN terms, never a panic.

mod expansion;

pub use expansion::{Expansion, Extents, Term, expand};

use super::record::StepRecord;
use super::{CentralFlow, Dynamics, GradientDescent, StepScale};
use crate::calculus::{Block, Real};
use crate::objective::Objective;
use crate::spectrum::{distance, norm};
use thiserror::Error;

/// Around which point the series is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Center {
    /// The central flow's w(t).
    CentralFlow,
    /// `(w_{t−1} + 2 w_t + w_{t+1})/4` of gradient descent, where no central flow runs.
    Average,
}

/// A step that cannot be inspected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InspectError {
    /// There is no gradient descent to look at.
    #[error(
        "step {step} cannot be inspected: gradient descent does not run there (it has diverged, or is not among run.processes)"
    )]
    NoGradientDescent {
        /// The step.
        step: usize,
    },
    /// The run is a recording.
    #[error(
        "step {step} cannot be looked into: this is a recording, which keeps no weights; its preset runs live"
    )]
    Recorded {
        /// The step.
        step: usize,
    },
    /// No central flow, and no step before.
    #[error(
        "step {step} cannot be inspected without a central flow: the mean of three steps needs a step before; take step 1 or later"
    )]
    NoStepBefore {
        /// The step.
        step: usize,
    },
}

/// Parts of a change of S, predicted, and the change measured. With several critical eigenvalues S is their mean.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SharpnessChange {
    /// Progressive sharpening, what alternates, the push, what comes of the distance across u: [`Expansion::sharpness_parts`].
    pub parts: [f64; 4],
    /// The change of S.
    pub measured: f64,
}

impl SharpnessChange {
    /// The sum of the parts.
    pub fn predicted(&self) -> f64 {
        self.parts.iter().sum()
    }

    fn mean(&self, other: &Self) -> Self {
        let parts = std::array::from_fn(|i| 0.5 * (self.parts[i] + other.parts[i]));
        Self { parts, measured: 0.5 * (self.measured + other.measured) }
    }
}

/// Everything about one step t. Plain numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// The step t.
    pub step: usize,
    /// The learning rate.
    pub eta: f64,
    /// What w̄ is.
    pub center: Center,
    /// Tracked eigenvalues of H(w̄), descending; the first ones are critical.
    pub lambda: Vec<f64>,
    /// Largest relative eigen-residual at w̄.
    pub eigen_residual: f64,
    /// The Taylor series.
    pub expansion: Expansion,
    /// S(w_{t+1}) − S(w_t); `None` where gradient descent goes no further.
    pub sharpness: Option<SharpnessChange>,
    /// The mean of this change and the next one, in which what alternates cancels.
    pub two_step: Option<SharpnessChange>,
    /// Factor by which the oscillation along u grows a step, |1 − ηm| with m = (S_t + S_{t+1})/2 of gradient descent; `None` where
    /// several eigenvalues are critical, and the oscillation has no single direction.
    pub growth_predicted: Option<f64>,
    /// The same measured, |⟨u, w_{t+2} − 2w_{t+1} + w_t⟩| / |⟨u, w_{t+1} − 2w_t + w_{t−1}⟩|: second differences see the
    /// oscillation and not the drift.
    pub growth_measured: Option<f64>,
    /// ‖w_t − w̄‖.
    pub distance: f64,
    /// ‖w̄‖.
    pub weight_norm: f64,
    /// Eigenvalues of Σ, descending; empty without a central flow.
    pub sigma: Vec<f64>,
    /// Relative KKT residual of the complementarity problem; `None` without a central flow.
    pub complementarity_residual: Option<f64>,
}

impl<T: Real> Dynamics<T> {
    /// Looks at the step that comes next, t. `&self` stays as it is; a copy goes two steps ahead, which is what gradient
    /// descent is measured on.
    ///
    /// # Errors
    /// Where gradient descent does not run, or nothing can serve as w̄.
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

    /// Gradient descent's eigenvalues beside all critical ones of the flow.
    fn track_what_the_flow_tracks(&mut self) {
        let Some(wanted) = self.flow().map(|flow| flow.tracker.tracked()) else { return };
        if let Some(descent) = self.state.gradient_descent.as_mut().filter(|d| d.tracker.tracked() < wanted) {
            descent.tracker = descent.tracker.forked(wanted);
        }
    }
}

/// A copy of the dynamics that runs ahead, and where it has been.
struct Lookahead<T: Real> {
    dynamics: Dynamics<T>,
    eta: f64,
    /// Gradient descent's weights a step before the first one.
    before: Option<Vec<T>>,
    /// Gradient descent's weights at the start of each step.
    w: Vec<Vec<T>>,
    /// The central flow's, where it runs.
    flow: Vec<Option<Vec<T>>>,
    records: Vec<StepRecord>,
}

/// The series at one step.
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

    /// Takes a step and notes where it began; false where gradient descent does not.
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

    /// The mean of gradient descent's k leading eigenvalues at a step.
    fn sharpness(&self, at: usize, k: usize) -> Option<f64> {
        let leading = self.records.get(at)?.gradient_descent.as_ref()?.lambda.get(..k)?;
        Some(leading.iter().sum::<f64>() / k as f64)
    }

    fn change(&self, instant: &Instant<T>, at: usize) -> Option<SharpnessChange> {
        let k = instant.expansion.x.len();
        let measured = self.sharpness(at + 1, k)? - self.sharpness(at, k)?;
        Some(SharpnessChange { parts: instant.expansion.sharpness_parts, measured })
    }

    /// The growth of the second differences along u, where they are more than rounding.
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

    /// The point around which step `at` is expanded.
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
        // At least one more than the critical ones, for the gap.
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
