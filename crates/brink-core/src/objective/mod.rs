//! What the dynamics see of a loss.
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
/// Methods take `&mut self` because implementations reuse buffers and keep what they computed at the last `w`
/// (compared by value), so that Hessian-vector products right after a gradient at the same `w` cost no second
/// primal pass.
pub trait Objective<T: Real>: Send {
    /// Number of parameters.
    fn dim(&self) -> usize;

    /// L(w).
    fn loss(&mut self, w: &[T]) -> f64;

    /// Writes ∇L(w) (shape `[dim]`) and returns L(w).
    fn gradient(&mut self, w: &[T], nabla_l: &mut [T]) -> f64;

    /// Hessian-vector products: `hv_i = H(w) v_i`. `hv` is reshaped to `v`.
    fn hessian_vector_products(&mut self, w: &[T], v: &Block<T>, hv: &mut Block<T>);

    /// All contractions `T_ij = ∇_w (u_iᵀ H(w) u_j)` with the directions held fixed, for `i ≤ j`, in the order
    /// (1,1), (1,2), …, (1,k), (2,2), …, (k,k). `t` is reshaped to `k(k+1)/2` vectors; see [`pair_index`].
    fn third_derivatives(&mut self, w: &[T], u: &Block<T>, t: &mut Block<T>);

    /// [`Objective::hessian_vector_products`], given up where `stop` becomes true: asked between parts of the work where
    /// the implementation has parts, and before it otherwise. Returns whether `hv` holds the products.
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

    /// [`Objective::third_derivatives`], given up in the same way.
    fn third_derivatives_unless(&mut self, w: &[T], u: &Block<T>, t: &mut Block<T>, stop: Stop<'_>) -> bool {
        let wanted = !stop();
        if wanted {
            self.third_derivatives(w, u, t);
        }
        wanted
    }

    /// The contractions T_ij, and the curvatures `u_iᵀ H(w) u_i` (shape `[k]`), which a pass of degree two has at
    /// hand: they are coefficients of the loss itself. Returns the number of Hessian-vector products it took
    /// nevertheless: k here, 0 where an implementation reads them off.
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

    /// Training examples that there are outputs on; none for a landscape.
    fn examples(&self) -> usize {
        0
    }

    /// The network's outputs on the given training examples, one row each. Empty for a landscape.
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
