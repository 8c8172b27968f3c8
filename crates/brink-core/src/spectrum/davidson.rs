//! Block Davidson method with thick restart for the largest eigenvalues of a symmetric operator.
//!
//! The basis is expanded by the residuals of the unconverged wanted pairs. Rayleigh–Ritz uses the stored pair
//! (V, AV), so that an iteration costs one operator application per unconverged pair and a small amount of
//! dense linear algebra.

use nalgebra::{DMatrix, SymmetricEigen};

use super::algebra::{combine, gram, norm, scale};
use crate::calculus::{Block, Real};

/// Basis size at which the basis is restarted from its leading Ritz vectors.
const MAX_COLUMNS: usize = 40;

/// A symmetric operator.
pub trait Operator<T: Real> {
    /// Dimension of the vectors.
    fn dim(&self) -> usize;
    /// Applies the operator: `av_i = A v_i`. `v` has shape `[k, dim]`; `av` is resized to the same shape.
    fn apply(&mut self, v: &Block<T>, av: &mut Block<T>);
}

/// The solver state: the basis V, its image AV and the Ritz pairs. Buffers are reused between solves.
#[derive(Clone, Debug, Default)]
pub struct Davidson<T> {
    v: Block<T>,
    av: Block<T>,
    /// Projected operator VᵀAV, symmetric. Shape `[m, m]`.
    g: DMatrix<f64>,
    /// Ritz values, descending. Shape `[m]`.
    theta: Vec<f64>,
    /// Ritz vectors in coordinates of the basis, column-major. Shape `[m, m]`.
    coordinates: Vec<T>,
    /// Relative residuals of the wanted pairs.
    residuals: Vec<f64>,
    products: usize,
    fresh: Block<T>,
    a_fresh: Block<T>,
    residual_block: Block<T>,
    overlaps: Vec<T>,
    chosen: Vec<T>,
}

impl<T: Real> Davidson<T> {
    /// Starts a new solve from the vectors of `start`. They need not be normalized or linearly independent.
    /// Shape `[k, dim]`.
    pub fn begin(&mut self, operator: &mut dyn Operator<T>, start: &Block<T>) {
        let dim = operator.dim();
        self.v.reshape(dim, 0);
        self.av.reshape(dim, 0);
        self.g = DMatrix::zeros(0, 0);
        self.products = 0;
        self.fresh.clone_from(start);
        self.expand(operator);
        self.rayleigh_ritz();
    }

    /// Adds the vectors of `start` to the basis. Shape `[k, dim]`.
    pub fn add(&mut self, operator: &mut dyn Operator<T>, start: &Block<T>) {
        self.fresh.clone_from(start);
        self.expand(operator);
        self.rayleigh_ritz();
    }

    /// Iterates until the `wanted` leading pairs have relative residuals of at most `tolerance`, or `budget`
    /// operator applications (to single vectors) have been spent since [`Davidson::begin`], or rounding
    /// errors prevent further progress.
    pub fn iterate(&mut self, operator: &mut dyn Operator<T>, wanted: usize, tolerance: f64, budget: usize) {
        let mut best = f64::INFINITY;
        let mut stalled = 0;
        loop {
            let wanted = wanted.min(self.columns());
            self.form_residuals(wanted);
            let worst = self.worst_residual();
            if worst.is_nan() || worst <= tolerance || self.products >= budget {
                return;
            }
            // Small residuals that stop decreasing consist of rounding errors.
            stalled = if worst < 0.7 * best { 0 } else { stalled + 1 };
            best = best.min(worst);
            if stalled >= 4 && best < 2000.0 * T::epsilon().widen() {
                return;
            }
            let room = budget - self.products;
            let mut open: Vec<usize> = (0..wanted).filter(|&i| self.residuals[i] > tolerance).collect();
            open.truncate(room);
            let dim = operator.dim();
            self.fresh.reshape(dim, 0);
            for &i in &open {
                self.fresh.push(self.residual_block.column(i));
            }
            if self.columns() + open.len() > MAX_COLUMNS.max(2 * wanted + 4) {
                self.restart((2 * wanted + 2).min(self.columns()));
            }
            if self.expand(operator) == 0 {
                return;
            }
            self.rayleigh_ritz();
        }
    }

    /// Number of vectors in the basis.
    pub fn columns(&self) -> usize {
        self.v.count()
    }

    /// Number of operator applications (to single vectors) since [`Davidson::begin`].
    pub fn products(&self) -> usize {
        self.products
    }

    /// Ritz values, descending. Shape `[columns]`.
    pub fn values(&self) -> &[f64] {
        &self.theta
    }

    /// Largest relative residual of the wanted pairs after the last [`Davidson::iterate`].
    pub fn worst_residual(&self) -> f64 {
        self.residuals.iter().fold(0.0, |a, &b| if b.is_nan() { b } else { b.max(a) })
    }

    /// Writes the Ritz vectors with indices in `range` to `out`. Shape `[range.len(), dim]`.
    ///
    /// # Panics
    /// If the range extends beyond [`Davidson::columns`].
    pub fn vectors(&self, range: std::ops::Range<usize>, out: &mut Block<T>) {
        let m = self.columns();
        out.reshape(self.v.dim(), range.len());
        combine(&self.v, &self.coordinates[range.start * m..range.end * m], out, false);
    }

    /// One step of the power method for the i-th Ritz vector y, without an operator application: writes
    /// `(A + s I) y` to `out`. The shift s ≥ 0 makes negative eigenvalues small. Shape `[1, dim]`.
    ///
    /// # Panics
    /// If `i` is not below [`Davidson::columns`].
    pub fn power_step(&self, i: usize, out: &mut Block<T>) {
        let m = self.columns();
        let shift = T::of((-self.theta[m - 1]).max(0.0));
        let c = &self.coordinates[i * m..(i + 1) * m];
        out.reshape(self.v.dim(), 1);
        combine(&self.av, c, out, false);
        let shifted: Vec<T> = c.iter().map(|&x| -x * shift).collect();
        combine(&self.v, &shifted, out, true);
    }

    fn rayleigh_ritz(&mut self) {
        let m = self.columns();
        self.theta.clear();
        self.coordinates.clear();
        if m == 0 {
            return;
        }
        if self.g.iter().any(|x| !x.is_finite()) {
            self.theta.resize(m, f64::NAN);
            self.coordinates.resize(m * m, T::nan());
            return;
        }
        let eigen = SymmetricEigen::new(self.g.clone());
        let mut order: Vec<usize> = (0..m).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        for &i in &order {
            self.theta.push(eigen.eigenvalues[i]);
            self.coordinates.extend(eigen.eigenvectors.column(i).iter().map(|&x| T::of(x)));
        }
    }

    /// Residuals `A x_i − θ_i x_i` of the leading pairs and their relative norms. The norm is taken relative
    /// to |θ_i|, but at least to a thousandth of the largest |θ|.
    fn form_residuals(&mut self, wanted: usize) {
        let m = self.columns();
        self.residual_block.reshape(self.v.dim(), wanted);
        let c = &self.coordinates[..wanted * m];
        combine(&self.av, c, &mut self.residual_block, false);
        self.chosen.clear();
        for i in 0..wanted {
            let theta = T::of(self.theta[i]);
            self.chosen.extend(c[i * m..(i + 1) * m].iter().map(|&x| x * theta));
        }
        combine(&self.v, &self.chosen, &mut self.residual_block, true);
        let largest = self.theta.iter().fold(f64::MIN_POSITIVE, |a, b| a.max(b.abs()));
        self.residuals.clear();
        self.residuals.extend(
            (0..wanted)
                .map(|i| norm(self.residual_block.column(i)) / self.theta[i].abs().max(1e-3 * largest)),
        );
    }

    /// Restarts the basis from the leading `keep` Ritz vectors.
    fn restart(&mut self, keep: usize) {
        let m = self.columns();
        let c = &self.coordinates[..keep * m];
        for block in [&mut self.v, &mut self.av] {
            let mut kept = Block::zeros(block.dim(), keep);
            combine(block, c, &mut kept, false);
            *block = kept;
        }
        self.g = DMatrix::from_fn(keep, keep, |i, j| if i == j { self.theta[i] } else { 0.0 });
    }

    /// Orthonormalizes the new vectors against the basis and each other, drops dependent vectors, applies the
    /// operator and appends the results. Returns the number of appended vectors.
    fn expand(&mut self, operator: &mut dyn Operator<T>) -> usize {
        let independent = self.orthonormalize();
        self.fresh.truncate(independent);
        if independent == 0 {
            return 0;
        }
        operator.apply(&self.fresh, &mut self.a_fresh);
        self.products += independent;
        let old = self.columns();
        for i in 0..independent {
            self.v.push(self.fresh.column(i));
            self.av.push(self.a_fresh.column(i));
        }
        gram(&self.v, &self.a_fresh, &mut self.overlaps);
        let m = old + independent;
        let mut g = DMatrix::zeros(m, m);
        g.view_mut((0, 0), (old, old)).copy_from(&self.g);
        for j in 0..independent {
            for i in 0..m {
                let x = self.overlaps[i + j * m].widen();
                if i < old {
                    g[(i, old + j)] = x;
                    g[(old + j, i)] = x;
                } else {
                    // Both orders of a new pair are available; their mean is symmetric.
                    let other = self.overlaps[(old + j) + (i - old) * m].widen();
                    g[(i, old + j)] = 0.5 * (x + other);
                }
            }
        }
        self.g = g;
        independent
    }

    /// Block Gram–Schmidt against the basis, twice, then modified Gram–Schmidt within the block. Returns the
    /// number of remaining vectors, which are moved to the front.
    fn orthonormalize(&mut self) -> usize {
        // A vector whose norm decreases below this fraction lies numerically in the span.
        let threshold = 200.0 * T::epsilon().widen();
        let count = self.fresh.count();
        for j in 0..count {
            let length = norm(self.fresh.column(j));
            if length > 0.0 && length.is_finite() {
                scale(1.0 / length, self.fresh.column_mut(j));
            }
        }
        let mut kept = 0;
        for pass in 0..2 {
            let count = if pass == 0 { count } else { kept };
            self.fresh.truncate(count);
            gram(&self.v, &self.fresh, &mut self.overlaps);
            combine(&self.v, &self.overlaps, &mut self.fresh, true);
            kept = 0;
            for j in 0..count {
                let dim = self.fresh.dim();
                let (done, rest) = self.fresh.as_mut_slice().split_at_mut(j * dim);
                let x = &mut rest[..dim];
                for i in 0..kept {
                    let other = &done[i * dim..(i + 1) * dim];
                    let overlap = super::algebra::dot(other, x);
                    super::algebra::axpy(-overlap, other, x);
                }
                let length = norm(x);
                let least = if pass == 0 { threshold } else { 0.5 };
                if length.is_nan() || length <= least {
                    continue;
                }
                scale(1.0 / length, x);
                if kept < j {
                    self.fresh.as_mut_slice().copy_within(j * dim..(j + 1) * dim, kept * dim);
                }
                kept += 1;
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::{Block, Davidson, Operator};
    use crate::objective::Quadratic;
    use crate::spectrum::preconditioner::{PreconditionedHessian, Preconditioner};

    fn spectrum(dim: usize) -> Vec<f64> {
        let mut values = vec![9.0, 8.9, 7.0, -6.0];
        values.extend((4..dim).map(|i| 3.0 * (i as f64 * 1.3).sin()));
        values
    }

    #[test]
    fn it_finds_the_leading_pairs_of_a_rotated_quadratic() {
        let dim = 300;
        let mut quadratic = Quadratic::rotated(spectrum(dim));
        let exact: Vec<Vec<f64>> = (0..3).map(|i| quadratic.eigenvector(i)).collect();
        let w = vec![0.0; dim];
        let p = Preconditioner::Uniform(1.0);
        let mut operator = PreconditionedHessian::new(&mut quadratic, &w, &p);
        let mut start = Block::zeros(dim, 4);
        for (i, x) in start.as_mut_slice().iter_mut().enumerate() {
            *x = (i as f64 * i as f64 * 0.7).sin();
        }
        // A dependent vector is dropped.
        let copy = start.column(0).to_vec();
        start.push(&copy);
        let mut davidson = Davidson::default();
        davidson.begin(&mut operator, &start);
        assert_eq!(davidson.columns(), 4);
        davidson.iterate(&mut operator, 3, 1e-9, 500);
        assert!(davidson.worst_residual() <= 1e-9);
        let mut vectors = Block::default();
        davidson.vectors(0..3, &mut vectors);
        for (i, lambda) in [9.0, 8.9, 7.0].into_iter().enumerate() {
            assert!((davidson.values()[i] - lambda).abs() < 1e-12);
            let overlap: f64 = vectors.column(i).iter().zip(&exact[i]).map(|(a, b)| a * b).sum();
            assert!((overlap.abs() - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn a_budget_is_kept_and_the_residual_is_true() {
        let dim = 200;
        let mut quadratic = Quadratic::rotated(spectrum(dim));
        let w = vec![0.0; dim];
        let p = Preconditioner::Uniform(0.5);
        let mut operator = PreconditionedHessian::new(&mut quadratic, &w, &p);
        let mut start = Block::zeros(dim, 2);
        for (i, x) in start.as_mut_slice().iter_mut().enumerate() {
            *x = (i as f64 * 1.1).cos();
        }
        let mut davidson = Davidson::default();
        davidson.begin(&mut operator, &start);
        davidson.iterate(&mut operator, 2, 1e-12, 9);
        assert!(davidson.products() <= 9);
        let mut x = Block::default();
        let mut ax = Block::default();
        davidson.vectors(0..2, &mut x);
        operator.apply(&x, &mut ax);
        let worst = (0..2)
            .map(|i| {
                let theta = davidson.values()[i];
                let sum: f64 =
                    ax.column(i).iter().zip(x.column(i)).map(|(a, x)| (a - theta * x).powi(2)).sum();
                sum.sqrt() / theta
            })
            .fold(0.0, f64::max);
        assert!(worst > 1e-12);
        assert!((worst / davidson.worst_residual() - 1.0).abs() < 1e-8);
    }

    #[test]
    fn a_diagonal_preconditioner_solves_the_generalized_problem() {
        let lambda = vec![4.0, 2.0, 1.0, 0.5, 0.2, 0.1];
        let p = vec![1.0, 0.1, 2.0, 1.0, 1.0, 1.0];
        let mut quadratic = Quadratic::diagonal(lambda);
        let w = vec![0.0; 6];
        let preconditioner = Preconditioner::Diagonal(p);
        let mut operator = PreconditionedHessian::new(&mut quadratic, &w, &preconditioner);
        let mut start = Block::zeros(6, 1);
        start.as_mut_slice().copy_from_slice(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        let mut davidson = Davidson::default();
        davidson.begin(&mut operator, &start);
        davidson.iterate(&mut operator, 1, 1e-10, 100);
        assert!((davidson.values()[0] - 20.0).abs() < 1e-9);
    }
}
