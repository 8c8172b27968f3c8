//! The complementarity solver on 140 recorded problems: generic, realistic, nearly singular, rank-deficient, badly
//! scaled, with A positive semidefinite and negative definite.

mod common;

use brink::dynamics::complementarity::{TOLERANCE, apply, kkt_residual, solve};
use nalgebra::DMatrix;

struct Case {
    a: DMatrix<f64>,
    b: DMatrix<f64>,
    x: DMatrix<f64>,
}

fn cases() -> Vec<Case> {
    let npz = common::Npz::open("sdcp.npz").expect("sdcp.npz belongs to the repository");
    let (k, a) = (npz.vector("k"), npz.vector("A"));
    let (b, x) = (npz.vector("B"), npz.vector("X_exact"));
    (0..k.len())
        .map(|case| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size from 1 to 6")]
            let k = k[case] as usize;
            let square = |v: &[f64]| DMatrix::from_fn(k, k, |i, j| v[case * 36 + i * 6 + j]);
            let pairs: Vec<_> = (0..k).flat_map(|i| (i..k).map(move |j| (i, j))).collect();
            // Rows and columns of the stored operator are numbered i·k + j within the leading k² × k² block.
            let b = DMatrix::from_fn(pairs.len(), pairs.len(), |p, q| {
                let ((i, j), (m, n)) = (pairs[p], pairs[q]);
                b[case * 36 * 36 + (i * k + j) * 36 + (m * k + n)]
            });
            Case { a: square(&a), b, x: square(&x) }
        })
        .collect()
}

#[test]
fn every_recorded_problem_is_solved() {
    let cases = cases();
    assert_eq!(cases.len(), 140);
    for (number, Case { a, b, x }) in cases.iter().enumerate() {
        let solution = solve(a, b).unwrap_or_else(|error| panic!("problem {number}: {error}"));
        let residual = kkt_residual(a, b, &solution.x);
        assert!(residual <= TOLERANCE, "problem {number}: KKT residual {residual:e}");
        assert!(kkt_residual(a, b, x) < 1e-13, "problem {number}: the recorded answer solves it");
        // X itself need not be unique; B[X] is.
        let (ours, theirs) = (apply(b, &solution.x), apply(b, x));
        let error = (&ours - &theirs).norm() / (a.norm() + theirs.norm());
        assert!(error < 1e-8, "problem {number}: B[X] is off by {error:e}");
    }
}
