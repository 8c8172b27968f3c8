//! Looks at a loss away from the weights of the processes that train on it, in f64 whatever its precision.
//!
//! Looking changes no result of training: an objective keeps what it computed at its last weights only as long as the
//! weights are the same.

pub use crate::calculus::Stop;
use crate::calculus::{Block, Real};
use crate::objective::Objective;
use crate::spectrum::{Preconditioner, Tracker, TrackerSettings};

/// Relative eigen-residual of axes.
const AXIS_TOLERANCE: f64 = 1e-3;

/// Eigenvalues nearer to the largest than this share of it: the solve does not tell their eigenvectors apart, and at the edge they
/// are equal.
const CLOSE: f64 = 0.025;

/// Most eigenvectors that are solved for because their eigenvalues are close.
const MOST_CLOSE: usize = 6;

/// Relative eigen-residual of a sharpness: the eigenvalue is off by about its square, over the relative gap to the next one.
/// At the edge S differs over the plane by less than a percent: with 1e-2 the border of the stable region was ragged, and in
/// places beside the place.
const SHARPNESS_TOLERANCE: f64 = 1e-3;

/// Most Hessian-vector products for one sharpness of a grid.
const MOST_PRODUCTS: usize = 60;

/// A sharpness, and whether its eigensolve converged within its Hessian-vector products.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Solved {
    /// λ1; where it has not converged, a lower bound.
    pub value: f64,
    /// Whether it is exact to the solve's tolerance.
    pub converged: bool,
}

/// A loss at any weights.
pub trait Probe {
    /// Number of parameters.
    fn dim(&self) -> usize;

    /// L(w): a forward pass.
    fn loss(&mut self, w: &[f64]) -> f64;

    /// λ1 of H(w). It costs few Hessian-vector products where `w` is near the weights asked about last. NaN where `stop`
    /// became true meanwhile, which is asked between products and, in a network, between their parts.
    fn sharpness(&mut self, w: &[f64], stop: Stop<'_>) -> Solved;

    /// The leading eigenvalues of H(w), descending, and their unit eigenvectors: at least `count`, as far as there are so many, and
    /// up to six as long as they are within 2.5% of the largest. NaN as in [`Probe::sharpness`].
    fn eigenpairs(&mut self, w: &[f64], count: usize, stop: Stop<'_>) -> Vec<(f64, Vec<f64>)>;

    /// ∇(uᵀ H(w) u) at fixed u; NaN as in [`Probe::sharpness`].
    fn sharpness_gradient(&mut self, w: &[f64], u: &[f64], stop: Stop<'_>) -> Vec<f64>;
}

/// What a probe remembers between calls: where its eigensolves start.
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
    /// With the memory of the calls before.
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
        // single precision has a tolerance of its own
        let tolerance = settings.tolerance.max(20.0 * T::epsilon().widen());
        Solved { value, converged: pairs.residual <= tolerance }
    }

    fn eigenpairs(&mut self, w: &[f64], count: usize, stop: Stop<'_>) -> Vec<(f64, Vec<f64>)> {
        // one more tells whether the last one is alone
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

/// Whether an eigenvalue is so close to the largest one that their eigenvectors are not told apart.
pub(super) fn is_close(value: f64, largest: f64) -> bool {
    value >= (1.0 - CLOSE) * largest && largest > 0.0
}

/// An objective whose Hessian-vector products are NaN from when `stop` is true: the eigensolver gives up at once.
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
        // asked again elsewhere, where none is close, no more than asked for and the one after
        let mut quadratic = Quadratic::rotated((0..40).map(|i| 2.0 / (1.0 + f64::from(i))).collect());
        let mut probe = ObjectiveProbe::new(&mut quadratic, &mut memory);
        assert_eq!(probe.eigenpairs(&[0.0; 40], 2, &|| false).len(), 3);
    }
}
