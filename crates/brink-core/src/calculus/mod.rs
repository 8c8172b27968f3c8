//! Exact derivatives of a loss up to order three by automatic differentiation: reverse mode over a ring of
//! truncated polynomials.
//!
//! Let `w + Σ ε_i u_i` be perturbed weights over a [`ring::Ring`]. One forward and one backward pass of a
//! [`tape::Tape`] over the ring yield the coefficients of ∇L(w + Σ ε_i u_i). Degree 0 is the gradient. Degree
//! 1 consists of the Hessian-vector products H u_i; this is the method of Pearlmutter, "Fast exact
//! multiplication by the Hessian" (1994). Degree 2 consists of the contractions T_ij = ∇_w(u_iᵀ H u_j), where
//! the monomial ε_i² carries T_ii/2. [`evaluator::Evaluator`] runs these passes on a data set.
//!
//! Non-finite contract: NaN and infinities propagate into the results. No function panics on them.

pub mod block;
pub mod evaluator;
pub mod function;
pub(crate) mod kernel;
pub(crate) mod op;
pub mod real;
pub mod ring;
pub mod tape;

pub use block::Block;
pub use kernel::patches::ImageShape;
pub use op::attention::{Columns, Heads};
pub use op::layer_norm::ScaleShift;
pub use real::Real;

/// A stop condition: returns true once the running computation is no longer needed. It is polled often and
/// from any thread.
pub type Stop<'a> = &'a (dyn Fn() -> bool + Sync);
