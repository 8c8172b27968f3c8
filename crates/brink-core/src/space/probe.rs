//! Evaluates a loss and its curvature away from the weights of the running processes, in f64 for any
//! precision of the objective.
//!
//! A probe does not affect the training: the cache of an objective is valid only at the weights for which it
//! was computed.

pub use crate::calculus::Stop;
use crate::calculus::{Block, Real};
use crate::objective::Objective;
use crate::spectrum::{Preconditioner, Tracker, TrackerSettings};

/// Relative residual of the eigenpairs used as axes.
const AXIS_TOLERANCE: f64 = 1e-3;

/// Eigenvalues within this fraction of the largest one count as close. The solver does not separate their
/// eigenvectors, and at the edge such eigenvalues are equal.
const CLOSE: f64 = 0.025;

/// Largest number of eigenvectors solved for because their eigenvalues are close.
const MOST_CLOSE: usize = 6;

/// Relative residual of an eigensolve for the sharpness. The error of the eigenvalue is about the square of
/// the residual, divided by the relative gap to the next eigenvalue. At the edge, S varies by less than one
/// percent over the plane: a tolerance of 1e-2 gave a ragged and partly misplaced boundary of the region of
/// stability.
const SHARPNESS_TOLERANCE: f64 = 1e-3;

/// Largest number of Hessian-vector products per node of a sharpness grid.
const MOST_PRODUCTS: usize = 60;

/// A sharpness, with a flag for the convergence of its eigensolve within the budget of Hessian-vector
/// products.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Solved {
    /// λ1, or a lower bound if the solve has not converged.
    pub value: f64,
    /// Whether the value is accurate to the tolerance of the solver.
    pub converged: bool,
}

/// Evaluation of a loss at arbitrary weights.
pub trait Probe {
    /// Number of parameters.
    fn dim(&self) -> usize;

    /// The loss L(w), by a forward pass. `w` has shape `[dim]`.
    fn loss(&mut self, w: &[f64]) -> f64;

    /// The sharpness λ1 of H(w). Few Hessian-vector products are needed if `w` is close to the weights of the
    /// previous call. The result is NaN if `stop` returned true; it is polled between products and, for a
    /// network, between parts of a product.
    fn sharpness(&mut self, w: &[f64], stop: Stop<'_>) -> Solved;

    /// Leading eigenvalues of H(w), descending, with unit eigenvectors of shape `[dim]`: at least `count` (if
    /// the dimension permits), and up to six as long as they are within 2.5% of the largest. NaN after an
    /// interruption, as in [`Probe::sharpness`].
    fn eigenpairs(&mut self, w: &[f64], count: usize, stop: Stop<'_>) -> Vec<(f64, Vec<f64>)>;

    /// The gradient of the sharpness, ∇(uᵀ H(w) u) at fixed unit eigenvector u. Shape `[dim]`. NaN after an
    /// interruption, as in [`Probe::sharpness`].
    fn sharpness_gradient(&mut self, w: &[f64], u: &[f64], stop: Stop<'_>) -> Vec<f64>;
}

/// State of a probe between calls: the warm starts of its eigensolves.
#[derive(Clone, Debug)]
pub struct ProbeMemory<T: Real> {
    w: Vec<T>,
    sweep: Tracker<T>,
    axes: Tracker<T>,
}

impl<T: Real> Default for ProbeMemory<T> {
    fn default() -> Self {
        Self { w: Vec::new(), sweep: Tracker::new(1), axes: Tracker::new(1) }
    }
}

impl<T: Real> ProbeMemory<T> {
    fn narrow(&mut self, w: &[f64]) {
        self.w.clear();
        self.w.extend(w.iter().map(|&x| T::of(x)));
    }
}

/// The probe of an objective.
pub struct ObjectiveProbe<'a, T: Real> {
    objective: &'a mut dyn Objective<T>,
    memory: &'a mut ProbeMemory<T>,
}

impl<'a, T: Real> ObjectiveProbe<'a, T> {
    /// A probe with the state of previous calls.
    pub fn new(objective: &'a mut dyn Objective<T>, memory: &'a mut ProbeMemory<T>) -> Self {
        Self { objective, memory }
    }

    fn solve(
        &mut self,
        w: &[f64],
        which: fn(&mut ProbeMemory<T>) -> &mut Tracker<T>,
        settings: &TrackerSettings,
        stop: Stop<'_>,
    ) {
        self.memory.narrow(w);
        let w = std::mem::take(&mut self.memory.w);
        let mut objective = Stoppable { objective: self.objective, stop };
        which(self.memory).solve(&mut objective, &w, &Preconditioner::Uniform(1.0), settings);
        self.memory.w = w;
    }
}

impl<T: Real> Probe for ObjectiveProbe<'_, T> {
    fn dim(&self) -> usize {
        self.objective.dim()
    }

    fn loss(&mut self, w: &[f64]) -> f64 {
        self.memory.narrow(w);
        self.objective.loss(&self.memory.w)
    }

    fn sharpness(&mut self, w: &[f64], stop: Stop<'_>) -> Solved {
        let settings = TrackerSettings {
            track_threshold: None,
            max_tracked: 1,
            tolerance: SHARPNESS_TOLERANCE,
            max_hvps: Some(MOST_PRODUCTS),
        };
        self.solve(w, |memory| &mut memory.sweep, &settings, stop);
        let pairs = self.memory.sweep.pairs();
        let value = pairs.values.first().copied().filter(|_| !stop()).unwrap_or(f64::NAN);
        // the attainable tolerance depends on the precision
        let tolerance = settings.tolerance.max(20.0 * T::epsilon().widen());
        Solved { value, converged: pairs.residual <= tolerance }
    }

    fn eigenpairs(&mut self, w: &[f64], count: usize, stop: Stop<'_>) -> Vec<(f64, Vec<f64>)> {
        // one additional pair shows whether the last one is isolated
        let wanted = (count + 1).min(self.dim());
        if self.memory.axes.tracked() != wanted {
            self.memory.axes = self.memory.axes.forked(wanted);
        }
        let settings = TrackerSettings {
            track_threshold: None,
            max_tracked: wanted,
            tolerance: AXIS_TOLERANCE,
            max_hvps: None,
        };
        self.solve(w, |memory| &mut memory.axes, &settings, stop);
        let values = &self.memory.axes.pairs().values;
        let ends = values.first().copied().zip(values.last().copied());
        if let Some((largest, _)) = ends.filter(|&(largest, last)| is_close(last, largest)) {
            let settings = TrackerSettings {
                track_threshold: Some((1.0 - CLOSE) * largest),
                max_tracked: wanted.max(MOST_CLOSE),
                ..settings
            };
            self.solve(w, |memory| &mut memory.axes, &settings, stop);
        }
        let pairs = self.memory.axes.pairs();
        let wide = |u: &[T]| u.iter().map(|x| x.widen()).collect();
        pairs.values.iter().copied().zip(pairs.vectors.columns().map(wide)).collect()
    }

    fn sharpness_gradient(&mut self, w: &[f64], u: &[f64], stop: Stop<'_>) -> Vec<f64> {
        self.memory.narrow(w);
        let mut direction = Block::zeros(u.len(), 1);
        direction.column_mut(0).iter_mut().zip(u).for_each(|(to, &u)| *to = T::of(u));
        let mut t = Block::default();
        if !self.objective.third_derivatives_unless(&self.memory.w, &direction, &mut t, stop) {
            return vec![f64::NAN; u.len()];
        }
        t.column(0).iter().map(|x| x.widen()).collect()
    }
}

/// Whether an eigenvalue is so close to the largest one that the solver does not separate their eigenvectors.
pub(super) fn is_close(value: f64, largest: f64) -> bool {
    value >= (1.0 - CLOSE) * largest && largest > 0.0
}

/// An objective whose Hessian-vector products become NaN once `stop` returns true, so that the eigensolver
/// terminates immediately.
struct Stoppable<'a, T: Real> {
    objective: &'a mut dyn Objective<T>,
    stop: Stop<'a>,
}

impl<T: Real> Objective<T> for Stoppable<'_, T> {
    fn dim(&self) -> usize {
        self.objective.dim()
    }

    fn loss(&mut self, w: &[T]) -> f64 {
        self.objective.loss(w)
    }

    fn gradient(&mut self, w: &[T], nabla_l: &mut [T]) -> f64 {
        self.objective.gradient(w, nabla_l)
    }

    fn hessian_vector_products(&mut self, w: &[T], v: &Block<T>, hv: &mut Block<T>) {
        if !self.objective.hessian_vector_products_unless(w, v, hv, self.stop) {
            hv.reshape(v.dim(), v.count());
            hv.as_mut_slice().fill(T::nan());
        }
    }

    fn third_derivatives(&mut self, w: &[T], u: &Block<T>, t: &mut Block<T>) {
        self.objective.third_derivatives(w, u, t);
    }

    fn examples(&self) -> usize {
        self.objective.examples()
    }

    fn outputs(&mut self, w: &[T], examples: &[usize]) -> Vec<Vec<f64>> {
        self.objective.outputs(w, examples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::Quadratic;

    #[test]
    fn eigenvalues_close_to_the_largest_come_all_and_one_that_is_not_ends_them() {
        let close = vec![2.0, 1.999, 1.99, 1.96];
        let mut quadratic = Quadratic::rotated(
            [close.clone(), (0..36).map(|i| 1.5 / (1.0 + f64::from(i))).collect()].concat(),
        );
        let mut memory = ProbeMemory::<f64>::default();
        let mut probe = ObjectiveProbe::new(&mut quadratic, &mut memory);
        let found = probe.eigenpairs(&[0.0; 40], 1, &|| false);
        assert_eq!(found.len(), 5, "{:?}", found.iter().map(|pair| pair.0).collect::<Vec<_>>());
        for (pair, value) in found.iter().zip(close.iter().chain([&1.5])) {
            assert!((pair.0 - value).abs() < 1e-3, "{} for {value}", pair.0);
        }
        // at a point without close eigenvalues, only the requested pairs and the next one are solved
        let mut quadratic = Quadratic::rotated((0..40).map(|i| 2.0 / (1.0 + f64::from(i))).collect());
        let mut probe = ObjectiveProbe::new(&mut quadratic, &mut memory);
        assert_eq!(probe.eigenpairs(&[0.0; 40], 2, &|| false).len(), 3);
    }
}
