//! The training loss as a function of the weights: the interface between the dynamics and a network or
//! landscape.
//!
//! Non-finite contract: a NaN or an infinity in `w` gives NaN or infinite results, never a panic.

#[cfg(test)]
pub(crate) mod check;
pub mod landscape;
pub mod network;
pub mod quadratic;

pub use landscape::Landscape;
pub use quadratic::Quadratic;

use crate::calculus::{Block, Real, Stop};

/// A smooth full-batch training loss L(w) with exact derivatives up to order three.
///
/// All vectors have shape `[dim]`, with `dim` the number of parameters; implementations may panic otherwise.
///
/// Methods take `&mut self` because implementations reuse buffers and cache the primal pass at the last `w`
/// (compared by value). A Hessian-vector product right after a gradient at the same `w` therefore needs no
/// second primal pass.
pub trait Objective<T: Real>: Send {
    /// Number of parameters.
    fn dim(&self) -> usize;

    /// L(w).
    fn loss(&mut self, w: &[T]) -> f64;

    /// Writes ∇L(w) (shape `[dim]`) and returns L(w).
    fn gradient(&mut self, w: &[T], nabla_l: &mut [T]) -> f64;

    /// Hessian-vector products `hv_i = H(w) v_i` (Pearlmutter, 1994). `v` has shape `[k, dim]`; `hv` is
    /// resized to the same shape.
    fn hessian_vector_products(&mut self, w: &[T], v: &Block<T>, hv: &mut Block<T>);

    /// All contractions of the third derivative, `T_ij = ∇_w (u_iᵀ H(w) u_j)` at fixed directions, for
    /// `i ≤ j` in the order (1,1), (1,2), …, (1,k), (2,2), …, (k,k). `u` has shape `[k, dim]`; `t` is resized
    /// to `[k(k+1)/2, dim]`. See [`pair_index`](crate::calculus::block::pair_index).
    fn third_derivatives(&mut self, w: &[T], u: &Block<T>, t: &mut Block<T>);

    /// Interruptible version of [`Objective::hessian_vector_products`]: the computation is abandoned once
    /// `stop` returns true. `stop` is polled between parts of the computation if the implementation has
    /// parts, otherwise before it starts. Returns whether `hv` holds the products.
    fn hessian_vector_products_unless(
        &mut self,
        w: &[T],
        v: &Block<T>,
        hv: &mut Block<T>,
        stop: Stop<'_>,
    ) -> bool {
        let wanted = !stop();
        if wanted {
            self.hessian_vector_products(w, v, hv);
        }
        wanted
    }

    /// Interruptible version of [`Objective::third_derivatives`]. Returns whether `t` holds the contractions.
    fn third_derivatives_unless(&mut self, w: &[T], u: &Block<T>, t: &mut Block<T>, stop: Stop<'_>) -> bool {
        let wanted = !stop();
        if wanted {
            self.third_derivatives(w, u, t);
        }
        wanted
    }

    /// The contractions T_ij and the curvatures `u_iᵀ H(w) u_i` (shape `[k]`). The curvatures are
    /// second-degree coefficients of the loss itself, so that a pass of degree two can yield both. Returns
    /// the number of additional Hessian-vector products: k for this default implementation, 0 for an
    /// implementation that extracts the curvatures from the pass.
    fn third_derivatives_and_curvatures(
        &mut self,
        w: &[T],
        u: &Block<T>,
        t: &mut Block<T>,
        curvatures: &mut Vec<f64>,
    ) -> usize {
        let mut hu = Block::default();
        self.hessian_vector_products(w, u, &mut hu);
        curvatures.clear();
        curvatures.extend(u.columns().zip(hu.columns()).map(|(u, hu)| inner_product(u, hu)));
        self.third_derivatives(w, u, t);
        u.count()
    }

    /// Number of training examples for which [`Objective::outputs`] is defined; 0 for a landscape.
    fn examples(&self) -> usize {
        0
    }

    /// Network outputs for the given training examples, one row per example. Shape
    /// `[examples, rows · columns]`. Empty for a landscape.
    fn outputs(&mut self, w: &[T], examples: &[usize]) -> Vec<Vec<f64>>;
}

/// ⟨x, y⟩, summed in f64.
fn inner_product<T: Real>(x: &[T], y: &[T]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x.widen() * y.widen()).sum()
}

#[cfg(test)]
mod tests {
    use crate::calculus::block::pair_index;

    #[test]
    fn pairs_are_numbered_row_by_row() {
        for k in 1..6 {
            let mut next = 0;
            for i in 0..k {
                for j in i..k {
                    assert_eq!(pair_index(i, j, k), next);
                    assert_eq!(pair_index(j, i, k), next);
                    next += 1;
                }
            }
        }
    }
}
