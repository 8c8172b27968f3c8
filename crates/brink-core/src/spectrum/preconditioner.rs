//! The preconditioner P of an optimizer `w ← w − P⁻¹∇L`, and the symmetric operator `P^{-1/2} H P^{-1/2}`.

use super::davidson::Operator;
use crate::calculus::{Block, Real};
use crate::objective::Objective;

/// A positive definite preconditioner.
#[derive(Clone, Debug, PartialEq)]
pub enum Preconditioner<T> {
    /// P = p·I. Gradient descent has p = 1/η.
    Uniform(f64),
    /// P = diag(p) with positive entries. Shape `[dim]`.
    Diagonal(Vec<T>),
}

impl<T: Real> Preconditioner<T> {
    /// `x ← P⁻¹ x`. Shape `[dim]`.
    pub fn apply_inverse(&self, x: &mut [T]) {
        match self {
            Self::Uniform(p) => {
                let factor = T::of(1.0 / p);
                for x in x {
                    *x *= factor;
                }
            }
            Self::Diagonal(p) => x.iter_mut().zip(p).for_each(|(x, &p)| *x /= p),
        }
    }

    /// `x ← P^{-1/2} x` for each vector of a block. Shape `[k, dim]`.
    pub fn apply_inverse_root(&self, x: &mut Block<T>) {
        match self {
            Self::Uniform(p) => {
                let factor = T::of(1.0 / p.sqrt());
                x.as_mut_slice().iter_mut().for_each(|x| *x *= factor);
            }
            Self::Diagonal(p) => {
                for i in 0..x.count() {
                    x.column_mut(i).iter_mut().zip(p).for_each(|(x, &p)| *x /= p.sqrt());
                }
            }
        }
    }
}

/// The preconditioned Hessian `A = P^{-1/2} H(w) P^{-1/2}` as an operator on blocks of vectors. It counts
/// Hessian-vector products.
pub struct PreconditionedHessian<'a, T: Real> {
    objective: &'a mut dyn Objective<T>,
    w: &'a [T],
    preconditioner: &'a Preconditioner<T>,
    scaled: Block<T>,
}

impl<'a, T: Real> PreconditionedHessian<'a, T> {
    /// The operator at the weights `w` of shape `[dim]`.
    pub fn new(
        objective: &'a mut dyn Objective<T>,
        w: &'a [T],
        preconditioner: &'a Preconditioner<T>,
    ) -> Self {
        Self { objective, w, preconditioner, scaled: Block::default() }
    }
}

impl<T: Real> Operator<T> for PreconditionedHessian<'_, T> {
    fn dim(&self) -> usize {
        self.w.len()
    }

    fn apply(&mut self, v: &Block<T>, av: &mut Block<T>) {
        match self.preconditioner {
            Preconditioner::Uniform(p) => {
                self.objective.hessian_vector_products(self.w, v, av);
                let factor = T::of(1.0 / p);
                av.as_mut_slice().iter_mut().for_each(|x| *x *= factor);
            }
            Preconditioner::Diagonal(_) => {
                self.scaled.clone_from(v);
                self.preconditioner.apply_inverse_root(&mut self.scaled);
                self.objective.hessian_vector_products(self.w, &self.scaled, av);
                self.preconditioner.apply_inverse_root(av);
            }
        }
    }
}
