//! The semidefinite complementarity problem behind the central flow: find a symmetric k×k matrix X with
//!
//! `X ⪰ 0,  R(X) = A + B[X] ⪰ 0,  ⟨X, R(X)⟩ = 0`,
//!
//! the optimality condition of `min ½⟨X, B[X]⟩ + ⟨A, X⟩` over X ⪰ 0, for a positive semidefinite operator B. X need
//! not be unique where B is singular; B[X] is.
//!
//! k = 1 is a formula. For k ≥ 2: an infeasible primal-dual interior-point method with the HKM direction and
//! Mehrotra's predictor and corrector, whose Newton systems have order k(k+1)/2; then Newton steps on the normal
//! map `A + B[Z₊] − Z₋ = 0`, whose iterates are complementary to rounding.
//!
//! Non-finite contract: a NaN or an infinity in the problem is an error, never a panic.

mod interior_point;

use interior_point::InteriorPoint;
use nalgebra::{DMatrix, DVector, SymmetricEigen};
use thiserror::Error;

/// Relative KKT residual below which an answer is accepted.
pub const TOLERANCE: f64 = 1e-10;

/// Interior-point iterations before giving up; 8 to 15 are usual.
const MAX_ITERATIONS: usize = 60;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ComplementarityError {
    /// The problem holds a NaN or an infinity.
    #[error("the complementarity problem of size {k} has a non-finite entry; the weights have diverged")]
    NonFinite {
        /// Size of the problem.
        k: usize,
    },
    /// No X ⪰ 0 makes A + B[X] ⪰ 0, or none was found to the accuracy asked for.
    #[error(
        "the complementarity problem of size {k} stops at a relative residual of {residual:.1e} (at most 1e-10 is \
         allowed): ∇S is close to zero along a critical eigenvector; reduce η or restart the flows"
    )]
    Unsolved {
        /// Size of the problem.
        k: usize,
        /// The best relative KKT residual reached.
        residual: f64,
    },
}

/// A solution and how good it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// X. Shape `[k, k]`.
    pub x: DMatrix<f64>,
    /// Relative KKT residual, see [`kkt_residual`].
    pub residual: f64,
}

/// Solves the problem. `a` has shape `[k, k]`; `b[(p, q)] = B_{ij,kl}` for the pairs p = (i ≤ j), q = (k ≤ l) in
/// the order of [`crate::objective::pair_index`], so that `B[X]_ij` sums over all *ordered* pairs (k, l).
///
/// # Errors
/// [`ComplementarityError`] where the problem is not finite or has no solution.
pub fn solve(a: &DMatrix<f64>, b: &DMatrix<f64>) -> Result<Solution, ComplementarityError> {
    let k = a.nrows();
    if a.iter().chain(b.iter()).any(|x| !x.is_finite()) {
        return Err(ComplementarityError::NonFinite { k });
    }
    let zero = DMatrix::zeros(k, k);
    if k == 0 || least_eigenvalue(a) >= 0.0 {
        return Ok(Solution { x: zero, residual: 0.0 });
    }
    if k == 1 {
        let x = -a[(0, 0)] / b[(0, 0)];
        return if x.is_finite() && x >= 0.0 {
            Ok(Solution { x: DMatrix::from_element(1, 1, x), residual: 0.0 })
        } else {
            Err(ComplementarityError::Unsolved { k, residual: 1.0 })
        };
    }
    let scaled = Scaled::new(a, b);
    let mut best = Solution { x: zero, residual: f64::INFINITY };
    let mut keep = |x: DMatrix<f64>| {
        let residual = kkt_residual(a, b, &x);
        if residual < best.residual {
            best = Solution { x, residual };
        }
        best.residual
    };
    let mut interior = InteriorPoint::start(&scaled);
    let mut refine_at = 1e-11;
    for _ in 0..MAX_ITERATIONS {
        let gap = interior.gap(&scaled);
        if gap < refine_at {
            let z = scaled.svec(&interior.difference());
            if keep(scaled.undo(&scaled.positive_part(&z))) < 0.01 * TOLERANCE
                || keep(scaled.undo(&scaled.newton(z))) < 0.01 * TOLERANCE
            {
                break;
            }
            refine_at = 0.1 * gap;
        }
        if !interior.advance(&scaled) {
            keep(scaled.undo(&scaled.newton(scaled.svec(&interior.difference()))));
            break;
        }
    }
    if best.residual <= TOLERANCE {
        Ok(best)
    } else {
        Err(ComplementarityError::Unsolved { k, residual: best.residual })
    }
}

/// The largest relative violation among X ⪰ 0, R ⪰ 0 (each relative to its own norm, that of R being
/// ‖A‖ + ‖B\[X\]‖) and ⟨X, R⟩ = 0 (relative to the product of both). Zero is exact.
pub fn kkt_residual(a: &DMatrix<f64>, b: &DMatrix<f64>, x: &DMatrix<f64>) -> f64 {
    let bx = apply(b, x);
    let r = a + &bx;
    let (x_norm, r_norm) = (x.norm(), a.norm() + bx.norm());
    if x_norm == 0.0 {
        return if r_norm == 0.0 { 0.0 } else { (-least_eigenvalue(&r) / r_norm).max(0.0) };
    }
    let primal = (-least_eigenvalue(x) / x_norm).max(0.0);
    let dual = (-least_eigenvalue(&r) / r_norm).max(0.0);
    let gap = x.dot(&r).abs() / (x_norm * r_norm);
    let worst = primal.max(dual).max(gap);
    if worst.is_finite() { worst } else { f64::INFINITY }
}

/// `B[X]`, with B as in [`solve`].
pub fn apply(b: &DMatrix<f64>, x: &DMatrix<f64>) -> DMatrix<f64> {
    let k = x.nrows();
    let mut out = DMatrix::zeros(k, k);
    for (p, (i, j)) in pairs(k).enumerate() {
        let mut sum = 0.0;
        for (q, (m, n)) in pairs(k).enumerate() {
            sum += b[(p, q)] * x[(m, n)] * if m == n { 1.0 } else { 2.0 };
        }
        out[(i, j)] = sum;
        out[(j, i)] = sum;
    }
    out
}

/// The pairs i ≤ j in the order of [`crate::objective::pair_index`].
fn pairs(k: usize) -> impl Iterator<Item = (usize, usize)> + Clone {
    (0..k).flat_map(move |i| (i..k).map(move |j| (i, j)))
}

fn least_eigenvalue(m: &DMatrix<f64>) -> f64 {
    if m.iter().any(|x| !x.is_finite()) {
        return f64::NEG_INFINITY;
    }
    if m.nrows() == 1 { m[(0, 0)] } else { m.clone().symmetric_eigenvalues().min() }
}

/// The problem in well-scaled variables: `X = D X̂ D·s`, and in coordinates ("svec") in which the inner product of
/// symmetric matrices is the Euclidean one of their n = k(k+1)/2 entries, off-diagonal ones times √2.
struct Scaled {
    k: usize,
    /// svec of Â. Shape `[n]`.
    a: DVector<f64>,
    /// B̂ on svecs, symmetric. Shape `[n, n]`.
    b: DMatrix<f64>,
    /// Diagonal of D.
    d: Vec<f64>,
    /// The scale s of X.
    s: f64,
    pairs: Vec<(usize, usize)>,
}

impl Scaled {
    fn new(a: &DMatrix<f64>, b: &DMatrix<f64>) -> Self {
        let k = a.nrows();
        let pairs: Vec<_> = pairs(k).collect();
        let largest = pairs.iter().enumerate().fold(0.0_f64, |m, (p, _)| m.max(b[(p, p)]));
        // The congruence that makes B_{ii,ii} = 1 levels directions of very different curvature.
        let d: Vec<f64> = (0..k)
            .map(|i| {
                let p = crate::objective::pair_index(i, i, k);
                if largest > 0.0 { (b[(p, p)] / largest).max(1e-16).powf(-0.25) } else { 1.0 }
            })
            .collect();
        let weight = |i: usize, j: usize| d[i] * d[j] * if i == j { 1.0 } else { std::f64::consts::SQRT_2 };
        let mut a_vec =
            DVector::from_iterator(pairs.len(), pairs.iter().map(|&(i, j)| weight(i, j) * a[(i, j)]));
        let mut b_vec = DMatrix::from_fn(pairs.len(), pairs.len(), |p, q| {
            let ((i, j), (m, n)) = (pairs[p], pairs[q]);
            0.5 * (b[(p, q)] + b[(q, p)]) * weight(i, j) * weight(m, n)
        });
        let (a_norm, b_norm) = (a_vec.norm(), b_vec.norm().max(f64::MIN_POSITIVE));
        a_vec /= a_norm;
        b_vec /= b_norm;
        Self { k, a: a_vec, b: b_vec, d, s: a_norm / b_norm, pairs }
    }

    /// X in the original variables from svec(X̂).
    fn undo(&self, x: &DVector<f64>) -> DMatrix<f64> {
        let mut out = self.matrix(x);
        for i in 0..self.k {
            for j in 0..self.k {
                out[(i, j)] *= self.s * self.d[i] * self.d[j];
            }
        }
        out
    }

    fn matrix(&self, v: &DVector<f64>) -> DMatrix<f64> {
        let mut out = DMatrix::zeros(self.k, self.k);
        for (p, &(i, j)) in self.pairs.iter().enumerate() {
            let x = if i == j { v[p] } else { v[p] * std::f64::consts::FRAC_1_SQRT_2 };
            out[(i, j)] = x;
            out[(j, i)] = x;
        }
        out
    }

    fn svec(&self, m: &DMatrix<f64>) -> DVector<f64> {
        let root = std::f64::consts::FRAC_1_SQRT_2;
        DVector::from_iterator(
            self.pairs.len(),
            self.pairs.iter().map(|&(i, j)| if i == j { m[(i, i)] } else { root * (m[(i, j)] + m[(j, i)]) }),
        )
    }

    /// svec of the projection of Z onto the positive semidefinite matrices.
    fn positive_part(&self, z: &DVector<f64>) -> DVector<f64> {
        let eigen = SymmetricEigen::new(self.matrix(z));
        let d = DMatrix::from_diagonal(&eigen.eigenvalues.map(|l| l.max(0.0)));
        self.svec(&(&eigen.eigenvectors * d * eigen.eigenvectors.transpose()))
    }

    /// Newton's method on `F(Z) = A + B[Z₊] − Z₋`, from `z`, with X = Z₊. In the eigenbasis of Z the derivative of
    /// Z₊ is a diagonal Ω with entries in [0, 1], so a step dX on the entries with Ω > 0 solves the positive
    /// semidefinite system `(B + (1 − Ω)/Ω) dX = −F` there, and dZ = dX/Ω; elsewhere dX = 0 and dZ = −F − B[dX].
    fn newton(&self, z: DVector<f64>) -> DVector<f64> {
        let mut z = z;
        let mut best: Option<(f64, DVector<f64>)> = None;
        for _ in 0..12 {
            let eigen = SymmetricEigen::new(self.matrix(&z));
            let (lambda, q) = (&eigen.eigenvalues, &eigen.eigenvectors);
            let part = |sign: f64| {
                let d = DMatrix::from_diagonal(&lambda.map(|l| (sign * l).max(0.0)));
                self.svec(&(q * d * q.transpose()))
            };
            let (plus, minus) = (part(1.0), part(-1.0));
            let f = &self.a + &self.b * &plus - minus;
            let size = f.norm() / (1.0 + (&self.b * &plus).norm());
            if !size.is_finite() {
                break;
            }
            if best.as_ref().is_none_or(|(least, _)| size < *least) {
                best = Some((size, plus));
            }
            if size < 1e-15 {
                break;
            }
            // Orthonormal basis of symmetric matrices in which Z is diagonal: one column an svec.
            let basis = DMatrix::from_columns(
                &self
                    .pairs
                    .iter()
                    .map(|&(i, j)| {
                        let outer = q.column(i) * q.column(j).transpose();
                        let scale = if i == j { 1.0 } else { std::f64::consts::SQRT_2 };
                        self.svec(&(outer.scale(scale)).symmetric_part())
                    })
                    .collect::<Vec<_>>(),
            );
            let omega: Vec<f64> =
                self.pairs.iter().map(|&(i, j)| slope_of_positive_part(lambda[i], lambda[j])).collect();
            let active: Vec<usize> = (0..omega.len()).filter(|&p| omega[p] > 1e-14).collect();
            let f_rotated = basis.tr_mul(&f);
            let mut dx = DVector::zeros(omega.len());
            if !active.is_empty() {
                let columns = basis.select_columns(&active);
                let mut system = columns.tr_mul(&(&self.b * &columns));
                for (row, &p) in active.iter().enumerate() {
                    // The tiny proximal term picks a direction where B is singular.
                    system[(row, row)] += (1.0 - omega[p]) / omega[p] + 1e-14;
                }
                let rhs = DVector::from_iterator(active.len(), active.iter().map(|&p| -f_rotated[p]));
                let Some(step) = system.cholesky().map(|c| c.solve(&rhs)) else { break };
                for (row, &p) in active.iter().enumerate() {
                    dx[p] = step[row];
                }
            }
            let b_dx = basis.tr_mul(&(&self.b * (&basis * &dx)));
            let dz = DVector::from_iterator(
                omega.len(),
                (0..omega.len())
                    .map(|p| if omega[p] > 1e-14 { dx[p] / omega[p] } else { -f_rotated[p] - b_dx[p] }),
            );
            z += &basis * dz;
        }
        best.map_or_else(|| DVector::zeros(self.a.len()), |(_, x)| x)
    }
}

/// Divided difference of `max(0, ·)` between two eigenvalues.
fn slope_of_positive_part(a: f64, b: f64) -> f64 {
    if a > 0.0 && b > 0.0 {
        1.0
    } else if a <= 0.0 && b <= 0.0 {
        0.0
    } else {
        a.max(b) / (a - b).abs()
    }
}
