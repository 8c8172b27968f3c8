//! Finite-difference check of [`Objective`] implementations.

use super::Objective;
use crate::calculus::Block;
use crate::calculus::block::pair_index;

/// Compares gradient, Hessian-vector products and third derivatives at `w` with central differences of the
/// derivative one order lower.
///
/// # Panics
/// If any derivative disagrees with its finite difference.
pub fn check_against_finite_differences(objective: &mut dyn Objective<f64>, w: &[f64]) {
    let dim = objective.dim();
    assert_eq!(dim, w.len());
    let close = |a: f64, b: f64, what: &str| {
        assert!((a - b).abs() < 1e-6 * (1.0 + a.abs()), "{what}: {a} against {b} by differences");
    };
    let h = 1e-5;
    let moved = |i: usize, by: f64| {
        let mut w = w.to_vec();
        w[i] += by;
        w
    };

    let mut nabla_l = vec![0.0; dim];
    let loss = objective.gradient(w, &mut nabla_l);
    assert_eq!(loss, objective.loss(w));
    for (i, g) in nabla_l.iter().enumerate() {
        let difference = objective.loss(&moved(i, h)) - objective.loss(&moved(i, -h));
        close(*g, difference / (2.0 * h), "gradient");
    }

    // Directions without symmetry.
    let mut u = Block::zeros(dim, 3);
    for (i, x) in u.as_mut_slice().iter_mut().enumerate() {
        *x = (1.7 * i as f64 + 0.3).cos();
    }
    let mut hu = Block::default();
    objective.hessian_vector_products(w, &u, &mut hu);
    for i in 0..3 {
        for d in 0..dim {
            let (mut plus, mut minus) = (vec![0.0; dim], vec![0.0; dim]);
            objective.gradient(&moved(d, h), &mut plus);
            objective.gradient(&moved(d, -h), &mut minus);
            let row: f64 = (0..dim).map(|e| (plus[e] - minus[e]) / (2.0 * h) * u.column(i)[e]).sum();
            close(hu.column(i)[d], row, "Hessian-vector product");
        }
    }

    let mut t = Block::default();
    let mut curvature = Vec::new();
    objective.third_derivatives_and_curvatures(w, &u, &mut t, &mut curvature);
    let bilinear = |objective: &mut dyn Objective<f64>, w: &[f64], i: usize, j: usize| -> f64 {
        let mut hu = Block::default();
        objective.hessian_vector_products(w, &u, &mut hu);
        hu.column(i).iter().zip(u.column(j)).map(|(a, b)| a * b).sum()
    };
    for (i, &curvature) in curvature.iter().enumerate() {
        close(curvature, bilinear(objective, w, i, i), "curvature");
        for j in i..3 {
            for d in 0..dim {
                let difference =
                    bilinear(objective, &moved(d, h), i, j) - bilinear(objective, &moved(d, -h), i, j);
                close(t.column(pair_index(i, j, 3))[d], difference / (2.0 * h), "third derivative");
            }
        }
    }
}
