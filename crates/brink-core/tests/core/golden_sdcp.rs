//! The complementarity solver on 140 recorded problems: generic, realistic, nearly singular, rank-deficient,
//! badly scaled, with A positive semidefinite and negative definite.

use brink_core::dynamics::complementarity::{TOLERANCE, apply, kkt_residual, solve};

#[test]
fn every_recorded_problem_is_solved() {
    let cases = crate::common::complementarity_problems();
    assert_eq!(cases.len(), 140);
    for (number, crate::common::Complementarity { a, b, x }) in cases.iter().enumerate() {
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
