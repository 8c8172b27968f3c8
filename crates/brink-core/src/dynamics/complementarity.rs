//! The semidefinite complementarity problem of the central flow: find a symmetric k×k matrix X with
//!
//! `X ⪰ 0, R(X) = A + B[X] ⪰ 0, ⟨X, R(X)⟩ = 0`.
//!
//! This is the optimality condition of `min ½⟨X, B[X]⟩ + ⟨A, X⟩` over X ⪰ 0, with a positive semidefinite
//! operator B. If B is singular, X need not be unique, but `B[X]` is.
//!
//! For k = 1 the solution has a closed form. For k ≥ 2 the solver first runs an infeasible primal-dual
//! interior-point method with the HKM direction and Mehrotra's predictor-corrector, whose Newton systems have
//! order k(k+1)/2. It then takes Newton steps on the normal map `A + B[Z₊] − Z₋ = 0`, whose iterates are
//! complementary to rounding accuracy.
//!
//! Non-finite contract: a NaN or an infinity in the problem is an error, never a panic.

mod interior_point;

use interior_point::InteriorPoint;
use nalgebra::{DMatrix, DVector, SymmetricEigen};
use thiserror::Error;

/// Relative KKT residual below which a solution is accepted.
pub const TOLERANCE: f64 = 1e-10;

/// Largest number of interior-point iterations; 8 to 15 are typical.
const MAX_ITERATIONS: usize = 60;

/// Largest number of Newton steps on the normal map from one interior-point iterate; 3 to 5 are typical.
const NEWTON_STEPS: usize = 8;

/// A complementarity problem without a solution.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ComplementarityError {
    /// The problem contains a NaN or an infinity.
    #[error("the complementarity problem of size {k} has a non-finite entry; the weights have diverged")]
    NonFinite {
        /// Size of the problem.
        k: usize,
    },
    /// There is no X ⪰ 0 with `A + B[X]` ⪰ 0, or no solution was found to the required accuracy.
    #[error(
        "the complementarity problem of size {k} stops at a relative residual of {residual:.1e} (at most 1e-10 is \
         allowed): ∇S is close to zero along a critical eigenvector; reduce η or restart the flows"
    )]
    Unsolved {
        /// Size of the problem.
        k: usize,
        /// Smallest relative KKT residual reached.
        residual: f64,
    },
}

/// A solution and its accuracy.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// Solution X. Shape `[k, k]`.
    pub x: DMatrix<f64>,
    /// Relative KKT residual; see [`kkt_residual`].
    pub residual: f64,
}

/// Solves the complementarity problem. `a` has shape `[k, k]`. `b` has shape `[n, n]` with n = k(k+1)/2 and
/// holds `b[(p, q)] = B_{ij,kl}` for the pairs p = (i ≤ j) and q = (k ≤ l) in the order of
/// [`crate::calculus::block::pair_index`]; `B[X]_ij` sums over all *ordered* pairs (k, l).
///
/// # Errors
/// [`ComplementarityError`] if the problem is not finite or has no solution.
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
    let mut refine_at = 1e-3;
    for _ in 0..MAX_ITERATIONS {
        let gap = interior.gap(&scaled);
        if gap < refine_at {
            if keep(scaled.undo(&scaled.newton(scaled.svec(&interior.difference())))) < 0.01 * TOLERANCE {
                break;
            }
            refine_at = 1e-2 * gap;
        }
        if !interior.advance(&scaled) {
            keep(scaled.undo(&scaled.newton(scaled.svec(&interior.difference()))));
            break;
        }
    }
    // If B is singular and X far from unique: proximal steps, each with a positive definite operator.
    let mut x = scaled.redo(&best.x);
    for weight in [1e-3, 1e-5, 1e-7, 1e-7, 1e-7, 1e-9, 1e-9] {
        if best.residual <= TOLERANCE || !best.residual.is_finite() {
            break;
        }
        let near = scaled.proximal(&x, weight);
        x = near.newton(&x - (&near.a + &near.b * &x));
        let candidate = scaled.undo(&x);
        let residual = kkt_residual(a, b, &candidate);
        if residual < best.residual {
            best = Solution { x: candidate, residual };
        }
    }
    if best.residual <= TOLERANCE {
        Ok(best)
    } else {
        Err(ComplementarityError::Unsolved { k, residual: best.residual })
    }
}

/// The largest relative violation of the KKT conditions: X ⪰ 0 relative to ‖X‖, R ⪰ 0 relative to ‖A‖ +
/// ‖B\[X\]‖, and ⟨X, R⟩ = 0 relative to the product of both norms. An exact solution has residual zero.
/// Shapes as in [`solve`].
pub fn kkt_residual(a: &DMatrix<f64>, b: &DMatrix<f64>, x: &DMatrix<f64>) -> f64 {
    let bx = apply(b, x);
    let r = a + &bx;
    if x.iter().chain(r.iter()).any(|x| !x.is_finite()) {
        return f64::INFINITY;
    }
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

/// `B[X]`, with `b` and `x` as in [`solve`]. Shape `[k, k]`.
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

/// The pairs i ≤ j in the order of [`crate::calculus::block::pair_index`].
fn pairs(k: usize) -> impl Iterator<Item = (usize, usize)> + Clone {
    (0..k).flat_map(move |i| (i..k).map(move |j| (i, j)))
}

fn least_eigenvalue(m: &DMatrix<f64>) -> f64 {
    if m.iter().any(|x| !x.is_finite()) {
        return f64::NEG_INFINITY;
    }
    if m.nrows() == 1 { m[(0, 0)] } else { m.clone().symmetric_eigenvalues().min() }
}

/// The problem in well-scaled variables: `X = D X̂ D·s`, in "svec" coordinates. In these, the inner product
/// of symmetric matrices is the Euclidean inner product of n = k(k+1)/2 entries, with off-diagonal entries
/// scaled by √2.
struct Scaled {
    k: usize,
    /// svec of Â. Shape `[n]`.
    a: DVector<f64>,
    /// B̂ as a symmetric matrix on svecs. Shape `[n, n]`.
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
        // The congruence with B_{ii,ii} = 1 balances directions of very different curvature.
        let d: Vec<f64> = (0..k)
            .map(|i| {
                let p = crate::calculus::block::pair_index(i, i, k);
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

    /// X in the original variables, from svec(X̂).
    fn undo(&self, x: &DVector<f64>) -> DMatrix<f64> {
        let mut out = self.matrix(x);
        for &(i, j) in &self.pairs {
            let x = out[(i, j)] * self.s * self.d[i] * self.d[j];
            out[(i, j)] = x;
            out[(j, i)] = x;
        }
        out
    }

    /// svec(X̂), from X in the original variables.
    fn redo(&self, x: &DMatrix<f64>) -> DVector<f64> {
        self.svec(&DMatrix::from_fn(self.k, self.k, |i, j| x[(i, j)] / (self.s * self.d[i] * self.d[j])))
    }

    /// The problem with ½·weight·‖X − x‖² added to the objective.
    fn proximal(&self, x: &DVector<f64>, weight: f64) -> Self {
        let n = self.pairs.len();
        Self {
            k: self.k,
            a: &self.a - x * weight,
            b: &self.b + DMatrix::identity(n, n) * weight,
            d: self.d.clone(),
            s: self.s,
            pairs: self.pairs.clone(),
        }
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

    /// Newton's method for `F(Z) = A + B[Z₊] − Z₋ = 0`, started at `z`, with X = Z₊. In the eigenbasis of Z
    /// the derivative of Z₊ is a diagonal Ω with entries in [0, 1]. On the entries with Ω > 0, a step dX
    /// solves the positive semidefinite system `(B + (1 − Ω)/Ω) dX = −F`, and dZ = dX/Ω; on the other entries
    /// dX = 0 and dZ = −F − B[dX].
    fn newton(&self, z: DVector<f64>) -> DVector<f64> {
        let mut z = z;
        let mut best: Option<(f64, DVector<f64>)> = None;
        let mut last = f64::INFINITY;
        for _ in 0..NEWTON_STEPS {
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
            // The method converges quadratically near the solution; otherwise the start was too far away.
            if size < 1e-15 || (size < 1e-13 && size > 0.1 * last) || size > 2.0 * last {
                break;
            }
            last = size;
            // Orthonormal basis of symmetric matrices in which Z is diagonal: one svec per column.
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
                    // A tiny proximal term makes the solution unique where B is singular.
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

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;
    use proptest::prelude::*;

    use super::{ComplementarityError, TOLERANCE, apply, kkt_residual, pairs, solve};

    /// A from entries, and B as the Gram matrix of `rank` vectors per pair, as it arises from the T_ij.
    fn problem(k: usize, rank: usize, entries: &[f64], scales: &[f64]) -> (DMatrix<f64>, DMatrix<f64>) {
        let mut next = entries.iter().copied().cycle();
        let mut draw = || next.next().expect("entries are not empty");
        let raw = DMatrix::from_fn(k, k, |_, _| draw());
        let a = DMatrix::from_fn(k, k, |i, j| {
            (raw[(i, j)] + raw[(j, i)] - if i == j { 0.5 } else { 0.0 }) / (scales[i] * scales[j])
        });
        let n = pairs(k).count();
        let t = DMatrix::from_fn(rank, n, |_, _| draw());
        let index: Vec<_> = pairs(k).collect();
        let b = DMatrix::from_fn(n, n, |p, q| {
            let ((i, j), (m, l)) = (index[p], index[q]);
            // Divided by the scales, so that X carries them.
            t.column(p).dot(&t.column(q)) / (scales[i] * scales[j] * scales[m] * scales[l])
        });
        (a, b)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn definite_operators_of_any_scale_are_solved(
            k in 2..=6_usize,
            entries in prop::collection::vec(-1.0..1.0_f64, 701),
            exponents in prop::collection::vec(-1.0..1.0_f64, 6),
            size in -8.0..8.0_f64,
        ) {
            let scales: Vec<f64> = exponents.iter().map(|e| 10_f64.powf(*e)).collect();
            let (mut a, b) = problem(k, k * (k + 1) / 2 + 3, &entries, &scales);
            a *= 10_f64.powf(size);
            let solution = solve(&a, &b);
            prop_assert!(solution.is_ok(), "{solution:?}");
            let solution = solution?;
            prop_assert!(kkt_residual(&a, &b, &solution.x) <= TOLERANCE);
            prop_assert_eq!(solution.x.transpose(), solution.x);
        }

        #[test]
        fn singular_operators_with_a_solution_are_solved(
            k in 2..=6_usize,
            rank in 1..4_usize,
            entries in prop::collection::vec(-1.0..1.0_f64, 701),
        ) {
            // A = R − B[X] with R, X ⪰ 0 and R X = 0 has the solution X.
            let (q, b) = problem(k, rank, &entries, &[1.0; 6]);
            let basis = q.qr().q();
            let part = |range: std::ops::Range<usize>| {
                let columns = basis.columns(range.start, range.len());
                columns * columns.transpose()
            };
            let (x, r) = (part(0..k / 2), part(k / 2..k));
            let a = r - apply(&b, &x);
            let a = (&a + a.transpose()) * 0.5;
            let solution = solve(&a, &b);
            prop_assert!(solution.is_ok(), "{solution:?}");
            let solution = solution?;
            prop_assert!(kkt_residual(&a, &b, &solution.x) <= TOLERANCE);
            let (ours, theirs) = (apply(&b, &solution.x), apply(&b, &x));
            prop_assert!((ours - &theirs).norm() <= 1e-6 * (1.0 + theirs.norm()));
        }
    }

    #[test]
    fn one_eigenvalue_is_a_formula() {
        let one = |x: f64| DMatrix::from_element(1, 1, x);
        assert_eq!(solve(&one(-3.0), &one(4.0)).unwrap().x, one(0.75));
        assert_eq!(solve(&one(3.0), &one(4.0)).unwrap().x, one(0.0));
        assert!(matches!(solve(&one(-3.0), &one(0.0)), Err(ComplementarityError::Unsolved { k: 1, .. })));
    }

    #[test]
    fn what_has_no_solution_is_an_error() {
        let a = DMatrix::from_diagonal_element(2, 2, -1.0);
        assert!(matches!(solve(&a, &DMatrix::zeros(3, 3)), Err(ComplementarityError::Unsolved { k: 2, .. })));
        let nan = DMatrix::from_element(2, 2, f64::NAN);
        assert_eq!(solve(&nan, &DMatrix::zeros(3, 3)), Err(ComplementarityError::NonFinite { k: 2 }));
    }
}
