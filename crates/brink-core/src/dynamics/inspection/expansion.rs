//! The gradient at w_t by its Taylor series around w̄, term by term.
//!
//! With the critical unit eigenvectors u_i of H(w̄), `x_i = ⟨u_i, w_t − w̄⟩` and `d = w_t − w̄ − Σ x_i u_i`:
//!
//! `∇L(w_t) = ∇L(w̄) + Σ x_i λ_i u_i + ½ Σ x_i x_j T_ij + H d + remainder`, `T_ij = ∇(u_iᵀ H u_j)` at fixed u.
//!
//! With one critical eigenvector the sums are `x S u` and `½ x² ∇S`.
//!
//! With k of them S stands for the mean of their eigenvalues, and ∇S for (1/k) Σ T_ii. At the edge they are equal, so that no
//! single one has a direction or a gradient of its own: any rotation of the u_i is as good. The mean is the same for all.

use crate::calculus::block::pair_index;
use crate::calculus::{Block, Real};
use crate::objective::Objective;
use crate::spectrum::{axpy, dot, norm};

/// A part of the step −η∇L(w_t), by what it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Term {
    /// −η∇L(w̄).
    Gradient,
    /// −η x S u: what makes x alternate.
    Oscillation,
    /// −½ η x² ∇S: what lowers the sharpness.
    Push,
    /// −η H(w_t − w̄ − x u).
    Orthogonal,
    /// What is left of −η∇L(w_t): third and higher order, and products of x with the orthogonal displacement.
    Remainder,
}

impl Term {
    /// All of them, in the order of the series.
    pub const ALL: [Self; 5] =
        [Self::Gradient, Self::Oscillation, Self::Push, Self::Orthogonal, Self::Remainder];
}

/// The size of a vector and its components along u and along ∇S (u and ∇S need not be orthogonal).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Extents {
    /// Its norm.
    pub norm: f64,
    /// Its component along the unit vector u of the top eigenvalue, u_1.
    pub along_u: f64,
    /// Its component along ∇S/‖∇S‖.
    pub along_nabla_s: f64,
}

/// The series at one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expansion {
    /// Displacements x_i along the critical eigenvectors. Shape `[k]`.
    pub x: Vec<f64>,
    /// The critical eigenvalues λ_i of H(w̄), descending. Shape `[k]`.
    pub lambda: Vec<f64>,
    /// ‖∇S(w̄)‖, of the mean of the critical eigenvalues.
    pub nabla_s_norm: f64,
    /// In the order of [`Term::ALL`].
    pub terms: [Extents; 5],
    /// The whole step −η∇L(w_t).
    pub step: Extents,
    /// −η(∇L(w_t) − ∇L(w̄)), which the terms after the first make up.
    pub deviation_norm: f64,
    /// ‖w_t − w̄ − Σ x_i u_i‖.
    pub orthogonal_distance: f64,
    /// Predicted parts of S(w_{t+1}) − S(w_t): −η⟨∇S, ∇L(w̄)⟩ (progressive sharpening), −η Σ x_i λ_i⟨u_i, ∇S⟩ (alternates and
    /// cancels over two steps), −½ η Σ x_i x_j⟨T_ij, ∇S⟩ (the push of the oscillation; −½ η x²‖∇S‖² with one).
    ///
    /// The last one is −η⟨∇S, H d⟩: the slope is another one at gradient descent's distance from w̄.
    pub sharpness_parts: [f64; 4],
}

impl Expansion {
    /// A term's size.
    pub fn term(&self, term: Term) -> Extents {
        self.terms[term as usize]
    }

    /// Size of the remainder relative to −η(∇L(w_t) − ∇L(w̄)); 0 where there is nothing to explain.
    pub fn relative_remainder(&self) -> f64 {
        let remainder = self.term(Term::Remainder).norm;
        if self.deviation_norm > 0.0 { remainder / self.deviation_norm } else { 0.0 }
    }
}

/// Expands −η∇L(`w`) around `center`. `u` holds the critical unit eigenvectors of H(`center`), `lambda` their
/// eigenvalues, descending. Shapes `[dim]`, `[k, dim]`, `[k]`, with k at least 1.
pub fn expand<T: Real>(
    objective: &mut dyn Objective<T>,
    eta: f64,
    w: &[T],
    center: &[T],
    u: &Block<T>,
    lambda: &[f64],
) -> Expansion {
    let dim = w.len();
    let k = u.count();
    let mut nabla_l = vec![T::zero(); dim];
    objective.gradient(w, &mut nabla_l);
    let step: Vec<f64> = nabla_l.iter().map(|g| -eta * g.widen()).collect();
    objective.gradient(center, &mut nabla_l);
    let gradient: Vec<f64> = nabla_l.iter().map(|g| -eta * g.widen()).collect();

    let axes: Vec<Vec<f64>> = u.columns().map(widen).collect();
    let mut d: Vec<f64> = w.iter().zip(center).map(|(w, c)| w.widen() - c.widen()).collect();
    let x: Vec<f64> = axes.iter().map(|axis| dot(axis, &d)).collect();
    let mut oscillation = vec![0.0; dim];
    for ((axis, &x), &lambda) in axes.iter().zip(&x).zip(lambda) {
        axpy(-x, axis, &mut d);
        axpy(-eta * x * lambda, axis, &mut oscillation);
    }
    let mut t = Block::default();
    objective.third_derivatives(center, u, &mut t);
    let mut push = vec![0.0; dim];
    for i in 0..k {
        for j in i..k {
            let weight = if i == j { -0.5 } else { -1.0 } * eta * x[i] * x[j];
            axpy(weight, &widen(t.column(pair_index(i, j, k))), &mut push);
        }
    }
    let orthogonal_distance = norm(&d);
    let mut orthogonal = vec![0.0; dim];
    if orthogonal_distance > 0.0 {
        // Of unit length, so that a tiny one does not drown in rounding.
        let mut direction = Block::zeros(dim, 1);
        for (out, d) in direction.column_mut(0).iter_mut().zip(&d) {
            *out = T::of(d / orthogonal_distance);
        }
        let mut hd = Block::default();
        objective.hessian_vector_products(center, &direction, &mut hd);
        axpy(-eta * orthogonal_distance, &widen(hd.column(0)), &mut orthogonal);
    }
    let mut remainder = step.clone();
    for part in [&gradient, &oscillation, &push, &orthogonal] {
        axpy(-1.0, part, &mut remainder);
    }
    let mut deviation = step.clone();
    axpy(-1.0, &gradient, &mut deviation);

    let mut nabla_s = vec![0.0; dim];
    (0..k).for_each(|i| axpy(1.0 / k as f64, &widen(t.column(pair_index(i, i, k))), &mut nabla_s));
    let nabla_s_norm = norm(&nabla_s);
    let extent = |v: &Vec<f64>| Extents {
        norm: norm(v),
        along_u: dot(v, &axes[0]),
        along_nabla_s: if nabla_s_norm > 0.0 { dot(v, &nabla_s) / nabla_s_norm } else { 0.0 },
    };
    Expansion {
        sharpness_parts: [&gradient, &oscillation, &push, &orthogonal].map(|part| dot(part, &nabla_s)),
        terms: [&gradient, &oscillation, &push, &orthogonal, &remainder].map(extent),
        step: extent(&step),
        deviation_norm: norm(&deviation),
        x,
        lambda: lambda.to_vec(),
        nabla_s_norm,
        orthogonal_distance,
    }
}

fn widen<T: Real>(v: &[T]) -> Vec<f64> {
    v.iter().map(|x| x.widen()).collect()
}
