//! Stochastic Lanczos quadrature: the eigenvalue density of a large operator (Ubaru, Chen and Saad, 2017).
//!
//! For a random vector z with independent entries ±1, the expectation of zᵀ f(A) z is tr f(A). The Lanczos
//! method started at z/‖z‖ yields a tridiagonal matrix T. Its eigenvalues θ and the squared first components
//! τ of its eigenvectors are the Gauss quadrature of that quadratic form (Golub and Welsch, 1969): dim·τ
//! eigenvalues at θ, averaged over several z. Each new Lanczos vector is orthogonalized twice against all
//! previous vectors, so that no spurious copies of eigenvalues appear.
//!
//! Non-finite contract: a NaN or an infinity in a product is an error.

use nalgebra::{DMatrix, SymmetricEigen};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::algebra::{axpy, dot, norm, scale};
use super::davidson::Operator;
use super::distribution::{Atom, Distribution, SpectrumMethod};
use super::error::{SpectrumError, share};
use crate::calculus::{Block, Real};

/// Smallest useful number of Lanczos steps.
const LEAST_STEPS: usize = 10;

/// Settings of the quadrature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quadrature {
    /// Number of random probe vectors.
    pub probes: usize,
    /// Number of Lanczos steps per probe. Fewer steps are taken if limited by memory or dimension.
    pub steps: usize,
    /// Memory budget of the Lanczos vectors in bytes. Probes run in smaller groups if necessary, and finally
    /// one by one with fewer steps.
    pub memory: usize,
    /// Seed of the probe vectors.
    pub seed: u64,
}

impl Default for Quadrature {
    fn default() -> Self {
        Self { probes: 6, steps: 80, memory: 512 << 20, seed: 0 }
    }
}

/// Lanczos state of one probe.
struct Probe<T> {
    /// Orthonormal Lanczos vectors. Shape `[steps so far, dim]`.
    basis: Block<T>,
    /// Diagonal of the tridiagonal matrix.
    alpha: Vec<f64>,
    /// Off-diagonal of the tridiagonal matrix.
    beta: Vec<f64>,
    /// Whether the Krylov space is invariant, so that no further step is possible.
    exhausted: bool,
}

/// Estimates the eigenvalue density of a symmetric operator. `go_on` has the same meaning as in
/// [`super::whole::spectrum`].
///
/// # Errors
/// A non-finite product, an operator that exceeds the memory budget, or interruption by `go_on`.
pub fn quadrature<T: Real>(
    operator: &mut dyn Operator<T>,
    settings: &Quadrature,
    go_on: &mut dyn FnMut(f32) -> bool,
) -> Result<Distribution, SpectrumError> {
    let dim = operator.dim();
    let vectors = settings.memory / (dim * size_of::<T>()).max(1);
    let steps = settings.steps.min(dim).min(vectors);
    if steps < LEAST_STEPS.min(dim) {
        return Err(SpectrumError::TooLarge { dim, least: LEAST_STEPS, budget: settings.memory });
    }
    let group = (vectors / steps.max(1)).clamp(1, settings.probes.max(1));
    let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
    let mut atoms = Vec::with_capacity(settings.probes * steps);
    let mut done = 0;
    while done < settings.probes {
        let count = group.min(settings.probes - done);
        let mut probes: Vec<Probe<T>> = (0..count).map(|_| Probe::new(&mut random, dim)).collect();
        for step in 0..steps {
            if !go_on(share(done * steps + count * step, settings.probes * steps)) {
                return Err(SpectrumError::Stopped);
            }
            advance(operator, &mut probes, step + 1 == steps)?;
        }
        for probe in &probes {
            let weight = dim as f64 / settings.probes as f64;
            atoms.extend(probe.nodes().map(|(value, share)| Atom { value, count: weight * share }));
        }
        done += count;
    }
    Ok(Distribution::new(atoms, SpectrumMethod::Quadrature { probes: settings.probes, steps }))
}

/// One Lanczos step of all probes with one block of products.
fn advance<T: Real>(
    operator: &mut dyn Operator<T>,
    probes: &mut [Probe<T>],
    last: bool,
) -> Result<(), SpectrumError> {
    let (mut v, mut av) = (Block::zeros(operator.dim(), 0), Block::default());
    for probe in probes.iter().filter(|probe| !probe.exhausted) {
        v.push(probe.basis.column(probe.basis.count() - 1));
    }
    if v.is_empty() {
        return Ok(());
    }
    operator.apply(&v, &mut av);
    for (i, probe) in probes.iter_mut().filter(|probe| !probe.exhausted).enumerate() {
        probe.take(av.column_mut(i), last)?;
    }
    Ok(())
}

impl<T: Real> Probe<T> {
    fn new(random: &mut ChaCha8Rng, dim: usize) -> Self {
        let size = 1.0 / (dim as f64).sqrt();
        let z: Vec<T> = (0..dim).map(|_| T::of(if random.random::<bool>() { size } else { -size })).collect();
        let mut basis = Block::zeros(dim, 0);
        basis.push(&z);
        Self { basis, alpha: Vec::new(), beta: Vec::new(), exhausted: false }
    }

    /// Processes A times the newest basis vector. The result becomes the next basis vector unless this is the
    /// last step.
    fn take(&mut self, av: &mut [T], last: bool) -> Result<(), SpectrumError> {
        let size = norm(av);
        if !size.is_finite() {
            return Err(SpectrumError::NotFinite);
        }
        let newest = self.basis.count() - 1;
        self.alpha.push(dot(self.basis.column(newest), av));
        if last {
            return Ok(());
        }
        for _ in 0..2 {
            for v in self.basis.columns() {
                let along = dot(v, av);
                axpy(-along, v, av);
            }
        }
        let beta = norm(av);
        // The remainder of the product is rounding error.
        if beta <= 1e2 * T::epsilon().widen() * size.max(self.largest()) || self.basis.count() == av.len() {
            self.exhausted = true;
            return Ok(());
        }
        self.beta.push(beta);
        scale(1.0 / beta, av);
        self.basis.push(av);
        Ok(())
    }

    fn largest(&self) -> f64 {
        self.alpha.iter().chain(&self.beta).fold(0.0, |largest, x| largest.max(x.abs()))
    }

    /// Nodes and weights of the quadrature. The weights sum to 1.
    fn nodes(&self) -> impl Iterator<Item = (f64, f64)> {
        let m = self.alpha.len();
        let tridiagonal = DMatrix::from_fn(m, m, |i, j| match i.abs_diff(j) {
            0 => self.alpha[i],
            1 => self.beta[i.min(j)],
            _ => 0.0,
        });
        let SymmetricEigen { eigenvalues, eigenvectors } = SymmetricEigen::new(tridiagonal);
        (0..m).map(move |i| (eigenvalues[i], eigenvectors[(0, i)].powi(2)))
    }
}
