//! All eigenvalues of a dense symmetric matrix by an interruptible computation: Householder
//! tridiagonalization (the loop of `nalgebra::linalg::SymmetricTridiagonal`, which is not interruptible),
//! followed by implicit QL steps.
//!
//! Non-finite contract: a matrix with a non-finite entry gives [`SpectrumError::NotConverged`] or non-finite
//! eigenvalues. The computation always terminates.

use super::error::{SpectrumError, share};
use nalgebra::linalg::householder;
use nalgebra::{DMatrix, DVector};

/// Number of columns between two calls of `go_on`.
const COLUMNS: usize = 8;
/// Largest number of QL steps per eigenvalue; two are typical.
const MOST_STEPS: usize = 60;

/// The eigenvalues in unspecified order. `go_on` receives the completed fraction and returns whether to
/// continue.
///
/// # Errors
/// Interruption by `go_on`, or an eigenvalue that does not converge.
pub(super) fn eigenvalues(
    matrix: DMatrix<f64>,
    go_on: &mut dyn FnMut(f32) -> bool,
) -> Result<Vec<f64>, SpectrumError> {
    let (mut diagonal, mut beside) = tridiagonal(matrix, go_on)?;
    if ql(&mut diagonal, &mut beside) { Ok(diagonal) } else { Err(SpectrumError::NotConverged) }
}

/// Diagonal and off-diagonal of a tridiagonal matrix with the same eigenvalues. Off-diagonal entry i couples
/// rows i and i + 1; the last entry is unused.
fn tridiagonal(
    mut matrix: DMatrix<f64>,
    go_on: &mut dyn FnMut(f32) -> bool,
) -> Result<(Vec<f64>, Vec<f64>), SpectrumError> {
    let dim = matrix.nrows();
    let mut beside = vec![0.0; dim];
    let mut product = DVector::zeros(dim.saturating_sub(1));
    for (i, beside) in beside.iter_mut().enumerate().take(dim.saturating_sub(1)) {
        // the remaining work is quadratic in the number of remaining columns
        let left = 1.0 - share(i, dim);
        if i.is_multiple_of(COLUMNS) && !go_on(1.0 - left * left * left) {
            return Err(SpectrumError::Stopped);
        }
        let mut below = matrix.rows_range_mut(i + 1..);
        let (mut axis, mut rest) = below.columns_range_pair_mut(i, i + 1..);
        let (norm, reflects) = householder::reflection_axis_mut(&mut axis);
        *beside = norm;
        if reflects {
            let mut product = product.rows_range_mut(i..);
            product.hegemv(2.0, &rest, &axis, 0.0);
            let dot = axis.dot(&product);
            rest.hegerc(-1.0, &product, &axis, 1.0);
            rest.hegerc(-1.0, &axis, &product, 1.0);
            rest.hegerc(2.0 * dot, &axis, &axis, 1.0);
        }
    }
    Ok((matrix.diagonal().iter().copied().collect(), beside))
}

/// Transforms the diagonal of a tridiagonal matrix into its eigenvalues. Returns whether all eigenvalues have
/// converged.
fn ql(diagonal: &mut [f64], beside: &mut [f64]) -> bool {
    let dim = diagonal.len();
    // relative to the entire matrix: a criterion relative to zero eigenvalues would never hold
    let scale = diagonal.iter().chain(beside.iter()).fold(0.0, |most: f64, x| most.max(x.abs()));
    for first in 0..dim {
        let mut steps = 0;
        loop {
            let splits = |&i: &usize| beside[i].abs() <= f64::EPSILON * scale;
            let last = (first..dim - 1).find(splits).unwrap_or(dim - 1);
            if last == first {
                break;
            }
            steps += 1;
            if steps > MOST_STEPS {
                return false;
            }
            ql_step(diagonal, beside, first, last);
        }
    }
    true
}

/// One implicit QL step with Wilkinson shift on the rows `first..=last`.
fn ql_step(diagonal: &mut [f64], beside: &mut [f64], first: usize, last: usize) {
    let slope = (diagonal[first + 1] - diagonal[first]) / (2.0 * beside[first]);
    let shift = beside[first] / (slope + slope.hypot(1.0).copysign(slope));
    let mut g = diagonal[last] - diagonal[first] + shift;
    let (mut sin, mut cos, mut moved) = (1.0, 1.0, 0.0);
    for i in (first..last).rev() {
        let (f, b) = (sin * beside[i], cos * beside[i]);
        let length = f.hypot(g);
        beside[i + 1] = length;
        if length == 0.0 {
            // the matrix decouples here
            diagonal[i + 1] -= moved;
            beside[last] = 0.0;
            return;
        }
        (sin, cos) = (f / length, g / length);
        g = diagonal[i + 1] - moved;
        let turned = (diagonal[i] - g) * sin + 2.0 * cos * b;
        moved = sin * turned;
        diagonal[i + 1] = g + moved;
        g = cos * turned - b;
    }
    diagonal[first] -= moved;
    beside[first] = g;
    beside[last] = 0.0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sorted(mut values: Vec<f64>) -> Vec<f64> {
        values.sort_by(f64::total_cmp);
        values
    }

    fn all(matrix: DMatrix<f64>) -> Vec<f64> {
        sorted(eigenvalues(matrix, &mut |_| true).unwrap())
    }

    proptest! {
        #[test]
        fn they_are_those_of_nalgebra(dim in 1_usize..24, entries in prop::collection::vec(-1.0..1.0_f64, 576)) {
            let entry = |i: usize, j: usize| entries[i.min(j) * 24 + i.max(j)];
            let matrix = DMatrix::from_fn(dim, dim, entry);
            let expected = sorted(matrix.symmetric_eigenvalues().iter().copied().collect());
            for (ours, theirs) in all(matrix).into_iter().zip(expected) {
                prop_assert!((ours - theirs).abs() < 1e-12 * dim as f64, "{ours} for {theirs}");
            }
        }
    }

    #[test]
    fn a_chain_of_springs_has_its_closed_form() {
        let dim = 300;
        let matrix = DMatrix::from_fn(dim, dim, |i, j| match i.abs_diff(j) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        });
        for (k, value) in all(matrix).into_iter().enumerate() {
            let half = std::f64::consts::PI * (k + 1) as f64 / (2 * (dim + 1)) as f64;
            assert!((value - 4.0 * half.sin().powi(2)).abs() < 1e-12, "{value} at {k}");
        }
    }

    #[test]
    fn special_matrices_are_no_trouble() {
        assert_eq!(all(DMatrix::zeros(0, 0)), Vec::<f64>::new());
        assert_eq!(all(DMatrix::zeros(5, 5)), [0.0; 5]);
        assert_eq!(all(DMatrix::identity(7, 7)), [1.0; 7]);
        let _ = eigenvalues(DMatrix::from_element(9, 9, f64::NAN), &mut |_| true);
    }

    #[test]
    fn it_stops_when_told_to() {
        let mut told = Vec::new();
        let matrix = DMatrix::from_fn(64, 64, |i, j| ((i * j) as f64).sin());
        let stopped = eigenvalues(&matrix + matrix.transpose(), &mut |done| {
            told.push(done);
            told.len() < 3
        });
        assert_eq!(stopped, Err(SpectrumError::Stopped));
        assert!(told.len() == 3 && told.windows(2).all(|pair| pair[0] < pair[1]), "{told:?}");
    }
}
