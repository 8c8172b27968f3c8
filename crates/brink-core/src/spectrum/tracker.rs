//! Tracks the leading eigenpairs along a trajectory of weights.
//!
//! Each solve is warm-started from the span of the eigenbases at the three *nearest* of the last six weights.
//! For a flow these are the most recent weights, whose span contains the extrapolation. For gradient descent
//! at the edge, which alternates between two walls of a valley, they are the weights two, four and six steps
//! back. One additional start vector, the guard, performs one step of the power method per solve and contains
//! a small deterministic noise. It detects eigenvalues that rise from outside the span of the warm start.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::algebra::{distance, dot, norm};
use super::davidson::{Davidson, Operator};
use super::preconditioner::{PreconditionedHessian, Preconditioner};
use crate::calculus::{Block, Real};
use crate::objective::Objective;

/// Largest dimension for which the Hessian is formed and solved densely.
const DENSE_DIM: usize = 16;

/// Number of eigenbases used as a warm start. Vectors in the span of others are dropped, so that a smooth
/// flow, whose bases span a plane to working precision, pays for two bases.
const BASES: usize = 3;

/// Number of past weights stored with their eigenbases.
const MEMORY: usize = 6;

/// Bound on the number of branch labels; only a damaged file exceeds it.
const MOST_LABELS: usize = 1 << 31;

/// Relative amplitude of the noise in the guard vector.
const GUARD_NOISE: f64 = 0.02;

/// Settings of a [`Tracker`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackerSettings {
    /// The number of tracked pairs grows until the smallest tracked eigenvalue of P⁻¹H is below this
    /// threshold. `None` keeps the number fixed.
    pub track_threshold: Option<f64>,
    /// Largest number of tracked pairs; see [`TrackerSettings::most`].
    pub max_tracked: usize,
    /// Relative residual `‖Ay − λy‖/|λ|` to reach.
    pub tolerance: f64,
    /// Largest number of Hessian-vector products per solve; `None` for no limit. It does not apply up to 16
    /// parameters, where the full Hessian is formed.
    pub max_hvps: Option<usize>,
}

impl TrackerSettings {
    /// Largest number of pairs that can be tracked in dimension `dim`. Of the budget
    /// [`TrackerSettings::max_hvps`], one product serves the guard and one a residual, so that pairs
    /// converge; each remaining product maintains one pair. Additional pairs would consist of noise.
    pub fn most(&self, dim: usize) -> usize {
        let budget = if dim <= DENSE_DIM { None } else { self.max_hvps };
        let affordable = budget.map_or(dim, |budget| budget.saturating_sub(2));
        self.max_tracked.min(affordable).min(dim).max(1)
    }
}

/// Tracked eigenpairs of A = P^{-1/2} H P^{-1/2} at one point.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Eigenpairs<T> {
    /// Eigenvalues, descending. Shape `[tracked]`.
    pub values: Vec<f64>,
    /// Orthonormal eigenvectors. Signs and rotations are continuous with the previous solve. Shape
    /// `[tracked, dim]`.
    pub vectors: Block<T>,
    /// Branch label of each pair, matched by overlap: a label follows its eigenvector through crossings of
    /// eigenvalues. Shape `[tracked]`.
    pub labels: Vec<usize>,
    /// Largest relative residual of the pairs.
    pub residual: f64,
    /// Number of Hessian-vector products of this solve.
    pub hvps: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Remembered<T> {
    w: Vec<T>,
    vectors: Block<T>,
}

/// Reusable buffers of a solve. They carry no information between solves.
#[derive(Debug, Default)]
struct Buffers<T> {
    davidson: Davidson<T>,
    start: Block<T>,
}

impl<T: Real> Clone for Buffers<T> {
    /// Returns empty buffers; they hold no information.
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Leading eigenpairs along a trajectory. A clone, or a tracker read back from a file, continues exactly like
/// the original.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "T: Real")]
pub struct Tracker<T: Real> {
    tracked: usize,
    pairs: Eigenpairs<T>,
    memory: VecDeque<Remembered<T>>,
    guard: Block<T>,
    noise: u64,
    next_label: usize,
    #[serde(skip)]
    buffers: Buffers<T>,
}

impl<T: Real> Tracker<T> {
    /// A tracker that starts with `initial` pairs (at least one).
    pub fn new(initial: usize) -> Self {
        Self {
            tracked: initial.max(1),
            pairs: Eigenpairs::default(),
            memory: VecDeque::new(),
            guard: Block::default(),
            noise: 0,
            next_label: 0,
            buffers: Buffers::default(),
        }
    }

    /// The pairs of the last solve.
    pub fn pairs(&self) -> &Eigenpairs<T> {
        &self.pairs
    }

    /// A tracker with the same history and `tracked` pairs, for a process that starts at the current weights
    /// of this one.
    #[must_use]
    pub fn forked(&self, tracked: usize) -> Self {
        Self { tracked: tracked.max(1), ..self.clone() }
    }

    /// Memory of the stored vectors in bytes, without buffers.
    pub fn bytes(&self) -> usize {
        let remembered: usize =
            self.memory.iter().map(|old| old.w.len() + old.vectors.as_slice().len()).sum();
        (remembered + self.pairs.vectors.as_slice().len() + self.guard.as_slice().len()) * size_of::<T>()
    }

    /// Whether the tracker is valid for weights of length `dim`. A tracker read from a file may not be.
    pub fn fits(&self, dim: usize) -> bool {
        let Eigenpairs { values, vectors, labels, residual: _, hvps: _ } = &self.pairs;
        let has_pairs = vectors.fits(dim) && [values.len(), labels.len()] == [vectors.count(); 2];
        let remembers = |old: &Remembered<T>| old.w.len() == dim && old.vectors.fits(dim);
        let counts = self.tracked > 0 && self.next_label < MOST_LABELS && self.memory.len() <= MEMORY;
        counts && has_pairs && self.guard.fits(dim) && self.memory.iter().all(remembers)
    }

    /// Current number of tracked pairs.
    pub fn tracked(&self) -> usize {
        self.tracked
    }

    /// Solves for the leading eigenpairs at the weights `w` of shape `[dim]`. [`Tracker::pairs`] returns the
    /// same pairs afterwards.
    pub fn solve(
        &mut self,
        objective: &mut dyn Objective<T>,
        w: &[T],
        preconditioner: &Preconditioner<T>,
        settings: &TrackerSettings,
    ) -> &Eigenpairs<T> {
        let dim = w.len();
        let most = settings.most(dim);
        self.tracked = self.tracked.min(most);
        let mut operator = PreconditionedHessian::new(objective, w, preconditioner);
        let budget = settings.max_hvps.unwrap_or(usize::MAX).max(1);
        let dense = dim <= DENSE_DIM;
        if dense {
            self.buffers.start.reshape(dim, dim);
            self.buffers.start.as_mut_slice().fill(T::zero());
            (0..dim).for_each(|i| self.buffers.start.column_mut(i)[i] = T::one());
        } else {
            self.prepare_start(w, budget);
        }
        self.buffers.davidson.begin(&mut operator, &self.buffers.start);
        let tolerance = settings.tolerance.max(20.0 * T::epsilon().widen());
        loop {
            self.fill_up(&mut operator, self.tracked);
            let cap = settings.max_hvps.unwrap_or(400 + 100 * self.tracked);
            self.buffers.davidson.iterate(&mut operator, self.tracked, tolerance, cap);
            let values = self.buffers.davidson.values();
            let smallest = values.get(self.tracked - 1).copied().unwrap_or(f64::NAN);
            let grow = settings.track_threshold.is_some_and(|threshold| smallest >= threshold);
            if !grow || self.tracked >= most {
                break;
            }
            self.tracked += 1;
        }
        let found = self.tracked.min(self.buffers.davidson.columns());
        self.collect(found);
        if !dense {
            self.remember(w);
            self.next_guard(found);
        }
        &self.pairs
    }

    /// Writes at most `budget` start vectors for the weights `w` to `buffers.start`.
    ///
    /// With a small budget, older bases are omitted in favour of the guard and of one residual per pair.
    /// Without these, a rising eigenvalue would be detected late and cause a jump.
    fn prepare_start(&mut self, w: &[T], budget: usize) {
        let bases = budget.saturating_sub(1 + self.tracked).max(self.tracked).min((budget - 1).max(1));
        self.buffers.start.reshape(w.len(), 0);
        let mut order: Vec<(f64, usize)> =
            self.memory.iter().enumerate().map(|(i, old)| (distance(w, &old.w), i)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        for &(_, i) in order.iter().take(BASES) {
            for column in self.memory[i].vectors.columns() {
                if self.buffers.start.count() < bases {
                    self.buffers.start.push(column);
                }
            }
        }
        if self.memory.is_empty() {
            for _ in 0..=self.tracked {
                self.push_noise();
            }
        } else if !self.guard.is_empty() {
            self.buffers.start.push(self.guard.column(0));
        }
        self.buffers.start.truncate(budget.min(self.buffers.start.count()));
    }

    /// Adds noise vectors until the basis has at least `wanted` vectors.
    fn fill_up(&mut self, operator: &mut dyn Operator<T>, wanted: usize) {
        for _ in 0..8 {
            if self.buffers.davidson.columns() >= wanted.min(operator.dim()) {
                return;
            }
            self.buffers.start.reshape(operator.dim(), 0);
            self.push_noise();
            self.buffers.davidson.add(operator, &self.buffers.start);
        }
    }

    /// Appends a pseudo-random vector to the start vectors. The sequence is the same in every run.
    fn push_noise(&mut self) {
        let at = self.buffers.start.count();
        self.buffers.start.reshape(self.buffers.start.dim(), at + 1);
        let noise = &mut self.noise;
        for x in self.buffers.start.column_mut(at) {
            *x = T::of(uniform(noise));
        }
    }

    /// Stores the leading `found` pairs and matches them to the previous pairs by overlap.
    fn collect(&mut self, found: usize) {
        let previous = std::mem::take(&mut self.pairs);
        let mut pairs = Eigenpairs {
            values: self.buffers.davidson.values()[..found].to_vec(),
            vectors: Block::default(),
            labels: Vec::with_capacity(found),
            residual: self.buffers.davidson.worst_residual(),
            hvps: self.buffers.davidson.products(),
        };
        self.buffers.davidson.vectors(0..found, &mut pairs.vectors);
        let mut taken = vec![false; previous.labels.len()];
        let mut label_of = vec![None; found];
        if previous.vectors.dim() == pairs.vectors.dim() {
            let mut overlaps: Vec<(f64, usize, usize)> = Vec::with_capacity(found * taken.len());
            for i in 0..found {
                for j in 0..taken.len() {
                    overlaps.push((dot(pairs.vectors.column(i), previous.vectors.column(j)), i, j));
                }
            }
            overlaps.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
            for (overlap, i, j) in overlaps {
                if label_of[i].is_none() && !taken[j] && overlap != 0.0 {
                    label_of[i] = Some(previous.labels[j]);
                    taken[j] = true;
                    if overlap < 0.0 {
                        pairs.vectors.column_mut(i).iter_mut().for_each(|x| *x = -*x);
                    }
                }
            }
        }
        for label in label_of {
            pairs.labels.push(label.unwrap_or_else(|| {
                self.next_label += 1;
                self.next_label - 1
            }));
        }
        self.pairs = pairs;
    }

    fn remember(&mut self, w: &[T]) {
        if self.pairs.values.iter().any(|x| !x.is_finite()) {
            return;
        }
        let mut entry = if self.memory.len() == MEMORY { self.memory.pop_back() } else { None }
            .unwrap_or_else(|| Remembered { w: Vec::new(), vectors: Block::default() });
        entry.w.clear();
        entry.w.extend_from_slice(w);
        entry.vectors.clone_from(&self.pairs.vectors);
        self.memory.push_front(entry);
    }

    /// Prepares the guard of the next solve: a power step of the first untracked Ritz vector, plus noise.
    fn next_guard(&mut self, found: usize) {
        if self.buffers.davidson.columns() > found && self.buffers.davidson.values()[found].is_finite() {
            self.buffers.davidson.power_step(found, &mut self.guard);
        } else {
            self.guard.reshape(self.pairs.vectors.dim(), 1);
            self.guard.as_mut_slice().fill(T::zero());
        }
        let length = norm(self.guard.column(0));
        let dim = self.guard.dim() as f64;
        let (keep, add) = if length > 0.0 { (1.0 / length, GUARD_NOISE) } else { (0.0, 1.0) };
        // A uniform distribution on (−1, 1) has variance 1/3.
        let add = add * (3.0 / dim).sqrt();
        let noise = &mut self.noise;
        for x in self.guard.column_mut(0) {
            *x = T::of(x.widen() * keep + add * uniform(noise));
        }
    }
}

/// Next pseudo-random number in (−1, 1) (splitmix64).
fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    (z >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

#[cfg(test)]
mod tests {
    use super::{Tracker, TrackerSettings};
    use crate::objective::{Landscape, Quadratic};
    use crate::spectrum::preconditioner::Preconditioner;

    const SETTINGS: TrackerSettings =
        TrackerSettings { track_threshold: Some(1.5), max_tracked: 8, tolerance: 1e-8, max_hvps: None };

    fn spectrum(dim: usize, first: &[f64]) -> Vec<f64> {
        let mut values = first.to_vec();
        values.extend((first.len()..dim).map(|i| 0.9 * (i as f64 * 1.3).sin()));
        values
    }

    #[test]
    fn a_small_budget_still_finds_an_eigenvalue_that_rises_from_outside() {
        let w = vec![0.0; 120];
        let p = Preconditioner::Uniform(1.0);
        let settings =
            TrackerSettings { track_threshold: None, tolerance: 1e-2, max_hvps: Some(6), ..SETTINGS };
        let mut tracker = Tracker::new(3);
        let mut values = spectrum(120, &[2.0, 1.9, 1.6]);
        let mut before = Quadratic::rotated(values.clone());
        (0..20).for_each(|_| assert!(tracker.solve(&mut before, &w, &p, &settings).hvps <= 6));
        values[70] = 2.2;
        let mut after = Quadratic::rotated(values);
        (0..8).for_each(|_| assert!(tracker.solve(&mut after, &w, &p, &settings).hvps <= 6));
        let found = tracker.pairs().values[0];
        assert!((found - 2.2).abs() < 0.01, "{found}");
    }

    #[test]
    fn a_budget_leaves_no_pair_to_noise() {
        // eight large eigenvalues, and a budget for four pairs, the guard and one residual
        let w = vec![0.0; 120];
        let p = Preconditioner::Uniform(1.0);
        let mut quadratic = Quadratic::rotated(spectrum(120, &[3.0, 2.9, 2.8, 2.7, 2.6, 2.5, 2.4, 2.3]));
        let settings = TrackerSettings { tolerance: 1e-2, max_hvps: Some(6), ..SETTINGS };
        assert_eq!((settings.most(120), settings.most(3), settings.most(10)), (4, 3, 8));
        let mut tracker = Tracker::new(8);
        for solve in 0..200 {
            let pairs = tracker.solve(&mut quadratic, &w, &p, &settings);
            assert!(pairs.hvps <= 6 && pairs.values.len() == 4, "{} products", pairs.hvps);
            // each reported value lies within its residual of an exact eigenvalue
            if solve > 20 {
                for &value in &pairs.values {
                    let nearest = [3.0, 2.9, 2.8, 2.7, 2.6, 2.5, 2.4, 2.3]
                        .into_iter()
                        .map(|exact: f64| (exact - value).abs())
                        .fold(f64::INFINITY, f64::min);
                    let reach = pairs.residual * value.abs().max(1e-3 * pairs.values[0]);
                    assert!(nearest <= reach + 1e-9, "{value} with a residual of {}", pairs.residual);
                }
            }
        }
        let pairs = tracker.pairs();
        assert!(pairs.residual < 0.05, "{}", pairs.residual);
    }

    #[test]
    fn it_tracks_until_the_smallest_is_below_the_threshold_and_never_shrinks() {
        let w = vec![0.0; 120];
        let p = Preconditioner::Uniform(1.0);
        let mut tracker = Tracker::new(1);
        let mut quadratic = Quadratic::rotated(spectrum(120, &[2.5, 1.9, 1.6, 1.2]));
        assert_eq!(tracker.solve(&mut quadratic, &w, &p, &SETTINGS).values.len(), 4);
        let mut quadratic = Quadratic::rotated(spectrum(120, &[1.2, 1.1, 1.0, 0.95]));
        assert_eq!(tracker.solve(&mut quadratic, &w, &p, &SETTINGS).values.len(), 4);
    }

    #[test]
    fn max_tracked_is_respected_and_a_fixed_number_stays() {
        let w = vec![0.0; 120];
        let p = Preconditioner::Uniform(1.0);
        let mut quadratic = Quadratic::rotated(spectrum(120, &[2.5, 1.9, 1.6, 1.2]));
        let mut tracker = Tracker::new(1);
        let settings = TrackerSettings { max_tracked: 2, ..SETTINGS };
        assert_eq!(tracker.solve(&mut quadratic, &w, &p, &settings).values.len(), 2);
        let mut tracker = Tracker::new(2);
        let settings = TrackerSettings { track_threshold: None, ..SETTINGS };
        assert_eq!(tracker.solve(&mut quadratic, &w, &p, &settings).values.len(), 2);
    }

    #[test]
    fn an_eigenvalue_from_outside_the_warm_span_is_found() {
        // The second axis is an exact eigenvector at all steps, so that no residual points to it.
        let dim = 60;
        let w = vec![0.0; dim];
        let p = Preconditioner::Uniform(1.0);
        let mut tracker = Tracker::new(1);
        let mut missed = 0;
        for step in 0..200 {
            let rising = 0.2 + 0.01 * f64::from(step);
            let mut values = spectrum(dim, &[1.3, 0.9]);
            values[30] = rising;
            let mut quadratic = Quadratic::diagonal(values);
            let pairs = tracker.solve(&mut quadratic, &w, &p, &SETTINGS);
            if (pairs.values[0] - rising.max(1.3)).abs() > 1e-6 {
                missed += 1;
            }
        }
        assert!(missed <= 2, "missed it for {missed} steps");
    }

    #[test]
    fn labels_follow_a_crossing_and_signs_do_not_flip() {
        let dim = 40;
        let w = vec![0.0; dim];
        let p = Preconditioner::Uniform(1.0);
        let mut tracker = Tracker::new(2);
        let settings = TrackerSettings { track_threshold: None, ..SETTINGS };
        let mut last: Option<(Vec<usize>, Vec<f64>)> = None;
        for step in 0..20 {
            let shift = 0.031 * f64::from(step);
            let mut quadratic = Quadratic::rotated(spectrum(dim, &[2.0 - shift, 1.7 + shift]));
            let first = quadratic.eigenvector(0);
            let pairs = tracker.solve(&mut quadratic, &w, &p, &settings);
            assert!(pairs.values[0] >= pairs.values[1]);
            let mine = usize::from(2.0 - shift < 1.7 + shift);
            let vector = pairs.vectors.column(mine).to_vec();
            let overlap: f64 = vector.iter().zip(&first).map(|(a, b)| a * b).sum();
            assert!(overlap.abs() > 1.0 - 1e-6);
            let mut labels = pairs.labels.clone();
            labels.swap(0, mine);
            if let Some((old_labels, old)) = &last {
                assert_eq!(old_labels, &labels);
                assert!(old.iter().zip(&vector).map(|(a, b)| a * b).sum::<f64>() > 0.0);
            }
            last = Some((labels, vector));
        }
    }

    #[test]
    fn two_parameters_are_solved_densely() {
        let mut landscape = Landscape::Hyperbola;
        let mut tracker = Tracker::new(1);
        let p = Preconditioner::Uniform(1.0);
        let pairs = tracker.solve(&mut landscape, &[2.0, 0.5], &p, &SETTINGS);
        // At the minimum the sharpness is x² + y².
        assert!((pairs.values[0] - 4.25).abs() < 1e-14);
        assert_eq!(pairs.hvps, 2);
    }

    #[test]
    fn non_finite_weights_give_nan_and_no_panic() {
        let mut landscape = Landscape::Hyperbola;
        let mut tracker = Tracker::new(1);
        let p = Preconditioner::Uniform(1.0);
        let pairs = tracker.solve(&mut landscape, &[f64::NAN, 0.5], &p, &SETTINGS);
        assert!(pairs.values[0].is_nan());
    }
}
