//! Central flow, `dw/dt = −P⁻¹ [∇L(w) + ½ ∇⟨H(w), Σ(t)⟩]`: the time-averaged path of gradient descent (Cohen,
//! Damian, Talwalkar, Kolter and Lee, 2025).
//!
//! The formulation uses a preconditioner P and P-orthonormal critical eigenvectors U, with `Σ = U X Uᵀ`. For
//! gradient descent P = I/η, and U is √η times the unit eigenvectors. In one Euler substep of length dt, with
//! `T_ij = ∇(U_iᵀ H U_j)` at fixed U, the matrix X keeps the eigenvalues of P⁻¹H at or below 2 at the *end*
//! of the substep:
//!
//! `X ⪰ 0, R(X) = 2 I − Λ − dt·a + dt·K[X] ⪰ 0, ⟨X, R(X)⟩ = 0`,
//! `a_ij = −⟨T_ij, P⁻¹∇L⟩, K_{ij,kl} = ½ ⟨T_ij, P⁻¹ T_kl⟩`.
//!
//! The substep is `w ← w − dt·P⁻¹(∇L + ½ Σ_ij X_ij T_ij)`.

use nalgebra::{DMatrix, SymmetricEigen};
use serde::{Deserialize, Serialize};

use super::edge::EdgeCount;
use super::record::{CentralFlowRecord, Event, Process, ProcessRecord, StepOutcome};
use super::settings::CentralFlowSettings;
use super::{StepScale, bounded, complementarity};
use crate::calculus::block::pair_index;
use crate::calculus::{Block, Real};
use crate::objective::Objective;
use crate::spectrum::{Preconditioner, Tracker, TrackerSettings, axpy, dot, norm};

/// Smallest excess of η·λ1 over 2 that counts as a start above the edge, at a start or after a change of η.
/// The mode with frozen eigenvectors has an overshoot of about 1e-3 itself.
const ABOVE_EDGE: f64 = 0.02;

/// Whether the central flow advances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Running,
    Stopped,
}

/// Reusable buffers of a step. They carry no information between steps.
#[derive(Debug, Default)]
struct Buffers<T> {
    nabla_l: Vec<T>,
    u: Block<T>,
    t: Block<T>,
    scaled_t: Block<T>,
    velocity: Vec<T>,
}

impl<T: Real> Clone for Buffers<T> {
    /// Returns empty buffers; they hold no information.
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// State of the central flow: the weights and the leading eigenpairs at the weights.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "T: Real")]
pub(super) struct CentralFlow<T: Real> {
    pub(super) w: Vec<T>,
    /// Weights at the start of the last step.
    pub(super) previous: Vec<T>,
    pub(super) tracker: Tracker<T>,
    state: State,
    edge: EdgeCount,
    /// Whether a start above the edge is possible at the next step: after a (re)start or a change of η.
    may_start_above: bool,
    above: bool,
    /// Whether the last complementarity problem had no solution.
    failed: bool,
    loss_bound: f64,
    /// Directions of the last displacement, for continuity of signs.
    axes: Block<T>,
    /// Eigenvalues of P⁻¹H at the start of the last step. Empty before the first step and after a change of
    /// η.
    last_lambda: Vec<f64>,
    hvps: usize,
    #[serde(skip)]
    buffers: Buffers<T>,
}

/// Solution of the complementarity problem of one substep.
struct Critical {
    /// Index of each candidate among the tracked pairs.
    candidates: Vec<usize>,
    x: DMatrix<f64>,
    residual: f64,
}

impl<T: Real> CentralFlow<T> {
    pub(super) fn new(w: Vec<T>, tracker: Tracker<T>) -> Self {
        Self {
            previous: w.clone(),
            w,
            tracker,
            state: State::Running,
            edge: EdgeCount::default(),
            may_start_above: true,
            above: false,
            failed: false,
            loss_bound: f64::INFINITY,
            axes: Block::default(),
            last_lambda: Vec::new(),
            hvps: 0,
            buffers: Buffers::default(),
        }
    }

    pub(super) fn stopped(&self) -> bool {
        self.state == State::Stopped
    }

    /// Number of Hessian-vector products of the last step.
    pub(super) fn hvps(&self) -> usize {
        self.hvps
    }

    /// Memory of the vectors that the next step reads, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let vectors = self.w.len() + self.previous.len() + self.axes.as_slice().len();
        vectors * size_of::<T>() + self.tracker.bytes()
    }

    /// Whether all vectors have `dim` entries.
    pub(super) fn fits(&self, dim: usize) -> bool {
        self.w.len() == dim && self.previous.len() == dim && self.axes.fits(dim) && self.tracker.fits(dim)
    }

    /// Prepares for a new learning rate: the edge moves, and the flow may lie above it.
    pub(super) fn eta_changed(&mut self) {
        self.edge = EdgeCount::default();
        self.may_start_above = true;
        self.last_lambda.clear();
    }

    /// Records the current state and advances by one unit of time. `gradient_descent` holds the weights whose
    /// displacement is measured. Returns the record and the displacement along the eigenvectors of Σ,
    /// followed by those of H.
    pub(super) fn step(
        &mut self,
        objective: &mut dyn Objective<T>,
        scale: &StepScale<T>,
        settings: &CentralFlowSettings,
        tracker: &TrackerSettings,
        gradient_descent: Option<&[T]>,
        events: &mut Vec<Event>,
    ) -> (CentralFlowRecord, Vec<f64>) {
        self.hvps = 0;
        self.buffers.nabla_l.resize(self.w.len(), T::zero());
        let loss = objective.gradient(&self.w, &mut self.buffers.nabla_l);
        let grad_norm_sq = dot(&self.buffers.nabla_l, &self.buffers.nabla_l);
        if self.loss_bound.is_infinite() {
            self.loss_bound = bounded(loss);
        }
        let state = ProcessRecord { loss, grad_norm_sq, ..ProcessRecord::default() };
        let mut record = CentralFlowRecord { state, ..CentralFlowRecord::default() };
        if !(grad_norm_sq.is_finite() && loss <= self.loss_bound) {
            self.stop(Event::Outcome(Process::CentralFlow, StepOutcome::Diverged { loss }), events);
            self.w.copy_from_slice(&self.previous);
            return (record, Vec::new());
        }
        let mut lambda = self.solve(objective, scale, tracker);
        let mut left = tracker.max_hvps.map(|budget| budget.saturating_sub(self.hvps));
        record.state.lambda = scale.hessian_eigenvalues(&lambda);
        record.state.eigen_residual = self.tracker.pairs().residual;
        self.watch_edge(lambda[0], events);
        let most = tracker.most(self.w.len());
        let candidate = settings.candidate_threshold;
        // Above the edge, untracked critical eigenvalues are tolerated: the tracked ones decrease first, and
        // predictions are omitted.
        if !self.above && lambda.len() == most && most < self.w.len() && lambda[most - 1] > candidate {
            let limit = if most < tracker.max_tracked {
                "that eigen.max_hvps has room for"
            } else {
                "of eigen.max_tracked"
            };
            let message = format!(
                "the central flow needs more than the {most} eigenvalues {limit}: η·λ{most} = {:.3} is critical; allow \
                 more, or take a smaller η",
                lambda[most - 1]
            );
            self.stop(Event::Trouble(Process::CentralFlow, message), events);
        }

        let dt = 1.0 / settings.substeps as f64;
        self.previous.copy_from_slice(&self.w);
        let mut displacement = Vec::new();
        let reach = self.reach(&lambda);
        for substep in 0..settings.substeps {
            let mut contracted = Vec::new();
            if substep > 0 {
                objective.gradient(&self.w, &mut self.buffers.nabla_l);
                // the budget applies to the entire step: once it is spent, the eigenvectors stay frozen
                if settings.resolve_every_substep
                    && left.is_none_or(|left| left >= self.tracker.tracked() + 2)
                {
                    lambda = self.solve(objective, scale, &TrackerSettings { max_hvps: left, ..*tracker });
                    left = left.map(|left| left.saturating_sub(self.tracker.pairs().hvps));
                } else {
                    contracted = self.rayleigh_quotients(objective, scale, settings, reach, &mut lambda);
                }
            }
            let mut candidates: Vec<usize> = (0..lambda.len()).filter(|&i| lambda[i] > candidate).collect();
            let critical = if self.state == State::Stopped {
                candidates.clear();
                Ok(Critical { candidates, x: DMatrix::zeros(0, 0), residual: 0.0 })
            } else {
                self.critical(objective, scale, &lambda, candidates, &contracted, dt)
            };
            let critical = self.report(critical, events);
            if substep == 0 {
                let sigma = self.describe(&critical, scale, &mut record, events);
                if let Some(w) = gradient_descent {
                    displacement = self.displacement(w, sigma);
                }
                if self.state == State::Stopped {
                    break;
                }
                record.state.substeps = settings.substeps;
            }
            self.euler(&critical, &scale.preconditioner, dt);
        }
        (record, displacement)
    }

    /// Bound on the change of an eigenvalue of P⁻¹H within a step: four times the largest change over the
    /// last step, at least 0.05. Infinite without a last step.
    fn reach(&mut self, lambda: &[f64]) -> f64 {
        let change = |(now, before): (&f64, &f64)| (now - before).abs();
        let largest = lambda.iter().zip(&self.last_lambda).map(change).fold(0.0, f64::max);
        let reach = if self.last_lambda.is_empty() { f64::INFINITY } else { (4.0 * largest).max(0.05) };
        self.last_lambda.clear();
        self.last_lambda.extend_from_slice(lambda);
        reach
    }

    fn stop(&mut self, event: Event, events: &mut Vec<Event>) {
        self.state = State::Stopped;
        events.push(event);
    }

    fn solve(
        &mut self,
        objective: &mut dyn Objective<T>,
        scale: &StepScale<T>,
        tracker: &TrackerSettings,
    ) -> Vec<f64> {
        let pairs = self.tracker.solve(objective, &self.w, &scale.preconditioner, tracker);
        self.hvps += pairs.hvps;
        pairs.values.clone()
    }

    /// Detects the start and the end of a transient above the edge.
    fn watch_edge(&mut self, eta_s: f64, events: &mut Vec<Event>) {
        let above = eta_s > 2.0 + ABOVE_EDGE;
        if above && self.may_start_above && !self.above {
            self.above = true;
            events.push(Event::StartedAboveEdge { eta_s });
        } else if !above && self.above {
            self.above = false;
            events.push(Event::BackBelowEdge);
        }
        self.may_start_above = false;
    }

    /// Update with frozen eigenvectors: λ_i = u_iᵀ A(w) u_i for all candidates and for all pairs that may
    /// become candidates within this step, given the change of eigenvalues over the last step. Other pairs
    /// are not updated. For the candidates, the Rayleigh quotients are by-products of the third derivatives;
    /// the indices of these pairs are returned, with T in `buffers.t`.
    fn rayleigh_quotients(
        &mut self,
        objective: &mut dyn Objective<T>,
        scale: &StepScale<T>,
        settings: &CentralFlowSettings,
        reach: f64,
        lambda: &mut [f64],
    ) -> Vec<usize> {
        let threshold = settings.candidate_threshold - reach;
        let likely: Vec<usize> =
            (0..lambda.len()).filter(|&i| lambda[i] > settings.candidate_threshold).collect();
        let others: Vec<usize> = (0..lambda.len())
            .filter(|&i| lambda[i] >= threshold && lambda[i] <= settings.candidate_threshold)
            .collect();
        if !likely.is_empty() {
            self.select(&likely, &scale.preconditioner);
            let mut curvatures = Vec::new();
            self.hvps += objective.third_derivatives_and_curvatures(
                &self.w,
                &self.buffers.u,
                &mut self.buffers.t,
                &mut curvatures,
            );
            for (&i, &curvature) in likely.iter().zip(&curvatures) {
                lambda[i] = curvature;
            }
        }
        if !others.is_empty() {
            let kept = std::mem::take(&mut self.buffers.u);
            self.select(&others, &scale.preconditioner);
            let mut hu = Block::default();
            objective.hessian_vector_products(&self.w, &self.buffers.u, &mut hu);
            self.hvps += others.len();
            for (j, &i) in others.iter().enumerate() {
                lambda[i] = dot(self.buffers.u.column(j), hu.column(j));
            }
            self.buffers.u = kept;
        }
        likely
    }

    /// Writes U = P^{-1/2} Y of the tracked pairs with the given indices to `buffers.u`.
    fn select(&mut self, which: &[usize], preconditioner: &Preconditioner<T>) {
        self.buffers.u.reshape(self.w.len(), 0);
        for &i in which {
            self.buffers.u.push(self.tracker.pairs().vectors.column(i));
        }
        preconditioner.apply_inverse_root(&mut self.buffers.u);
    }

    /// Sets up and solves the complementarity problem of the candidates. If `contracted` equals the
    /// candidates, `buffers.t` already holds their T.
    fn critical(
        &mut self,
        objective: &mut dyn Objective<T>,
        scale: &StepScale<T>,
        lambda: &[f64],
        candidates: Vec<usize>,
        contracted: &[usize],
        dt: f64,
    ) -> Result<Critical, (usize, complementarity::ComplementarityError)> {
        let k = candidates.len();
        if k == 0 {
            return Ok(Critical { candidates, x: DMatrix::zeros(0, 0), residual: 0.0 });
        }
        if contracted != candidates {
            self.select(&candidates, &scale.preconditioner);
            objective.third_derivatives(&self.w, &self.buffers.u, &mut self.buffers.t);
        }
        self.buffers.scaled_t.clone_from(&self.buffers.t);
        let pairs = self.buffers.t.count();
        for p in 0..pairs {
            scale.preconditioner.apply_inverse(self.buffers.scaled_t.column_mut(p));
        }
        let mut b = DMatrix::zeros(pairs, pairs);
        for p in 0..pairs {
            for q in p..pairs {
                let x = 0.5 * dt * dot(self.buffers.t.column(p), self.buffers.scaled_t.column(q));
                b[(p, q)] = x;
                b[(q, p)] = x;
            }
        }
        let a = DMatrix::from_fn(k, k, |i, j| {
            let drift = -dot(self.buffers.scaled_t.column(pair_index(i, j, k)), &self.buffers.nabla_l);
            let gap = if i == j { 2.0 - lambda[candidates[i]] } else { 0.0 };
            gap - dt * drift
        });
        let solution = complementarity::solve(&a, &b).map_err(|error| (k, error))?;
        Ok(Critical { candidates, x: solution.x, residual: solution.residual })
    }

    /// Handles a failed complementarity problem: Σ = 0. Consecutive failures are reported once.
    fn report(
        &mut self,
        critical: Result<Critical, (usize, complementarity::ComplementarityError)>,
        events: &mut Vec<Event>,
    ) -> Critical {
        match critical {
            Ok(critical) => {
                self.failed = false;
                critical
            }
            Err((_, error)) => {
                if !std::mem::replace(&mut self.failed, true) {
                    events.push(Event::Trouble(Process::CentralFlow, format!("{error}; Σ = 0 meanwhile")));
                }
                Critical { candidates: Vec::new(), x: DMatrix::zeros(0, 0), residual: f64::NAN }
            }
        }
    }

    /// Records Σ and the predictions. Returns the unit eigenvectors of Σ, sorted by descending eigenvalue.
    fn describe(
        &mut self,
        critical: &Critical,
        scale: &StepScale<T>,
        record: &mut CentralFlowRecord,
        events: &mut Vec<Event>,
    ) -> Block<T> {
        let k = critical.candidates.len();
        record.critical = k;
        record.complementarity_residual = critical.residual;
        let mut vectors = Block::zeros(self.w.len(), k);
        if k > 0 {
            // Σ = U X Uᵀ = Y (X/p) Yᵀ for P = p·I, with orthonormal Y.
            let eigen = SymmetricEigen::new(critical.x.clone());
            let mut order: Vec<usize> = (0..k).collect();
            order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
            for (at, &i) in order.iter().enumerate() {
                record.sigma.push(scale.eta * eigen.eigenvalues[i].max(0.0));
                for (j, &pair) in critical.candidates.iter().enumerate() {
                    let y = self.tracker.pairs().vectors.column(pair);
                    axpy(eigen.eigenvectors[(j, i)], y, vectors.column_mut(at));
                }
            }
            record.sigma_trace = record.sigma.iter().sum();
        }
        if !self.above {
            record.predicted_loss = Some(record.state.loss + record.sigma_trace / scale.eta);
            let factor = 4.0 / (scale.eta * scale.eta);
            record.predicted_grad_norm_sq = Some(record.state.grad_norm_sq + factor * record.sigma_trace);
        }
        if let Some(k) = self.edge.entered(record.rank()) {
            events.push(Event::Outcome(Process::CentralFlow, StepOutcome::EnteredEdge { k }));
        }
        vectors
    }

    /// The displacement ⟨v_i, w − w(t)⟩ along the eigenvectors of Σ, followed by the tracked eigenvectors of
    /// H beyond the candidates. The sign of each v_i is continuous with its best match in the previous step.
    fn displacement(&mut self, w: &[T], sigma: Block<T>) -> Vec<f64> {
        let mut axes = sigma;
        let pairs = self.tracker.pairs();
        for i in axes.count()..pairs.vectors.count() {
            axes.push(pairs.vectors.column(i));
        }
        let difference: Vec<T> = w.iter().zip(&self.w).map(|(&a, &b)| a - b).collect();
        let mut displacement = Vec::with_capacity(axes.count());
        for i in 0..axes.count() {
            let nearest = self
                .axes
                .columns()
                .map(|old| dot(old, axes.column(i)))
                .max_by(|a, b| a.abs().total_cmp(&b.abs()))
                .unwrap_or(1.0);
            let length = norm(axes.column(i));
            let factor = if nearest < 0.0 { -1.0 } else { 1.0 } / length.max(f64::MIN_POSITIVE);
            let factor = T::of(factor);
            axes.column_mut(i).iter_mut().for_each(|x| *x *= factor);
            displacement.push(dot(axes.column(i), &difference));
        }
        self.axes = axes;
        displacement
    }

    /// The Euler step `w ← w − dt·P⁻¹(∇L + ½ Σ_ij X_ij T_ij)`, summed over ordered pairs.
    fn euler(&mut self, critical: &Critical, preconditioner: &Preconditioner<T>, dt: f64) {
        self.buffers.velocity.clone_from(&self.buffers.nabla_l);
        preconditioner.apply_inverse(&mut self.buffers.velocity);
        let k = critical.candidates.len();
        for i in 0..k {
            for j in i..k {
                let weight = if i == j { 0.5 } else { 1.0 } * critical.x[(i, j)];
                if weight != 0.0 {
                    axpy(
                        weight,
                        self.buffers.scaled_t.column(pair_index(i, j, k)),
                        &mut self.buffers.velocity,
                    );
                }
            }
        }
        axpy(-dt, &self.buffers.velocity, &mut self.w);
    }
}
