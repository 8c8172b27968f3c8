//! Exact derivatives of a loss up to order three: reverse mode over the ring of truncated polynomials.
//!
//! Let `w + Σ ε_i u_i` be perturbed weights over a [`ring::Ring`]. One forward and one backward pass of a
//! [`tape::Tape`] over the ring give the coefficients of ∇L(w + Σ ε_i u_i): degree 0 is the gradient, degree 1 the
//! Hessian-vector products H u_i, degree 2 the contractions T_ij = ∇_w(u_iᵀ H u_j) (the plain monomial ε_i² carries
//! T_ii/2). [`evaluator::Evaluator`] runs those passes over a whole data set.
//!
//! Non-finite contract: NaN and infinities propagate into the results; nothing panics on them.

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

/// Whether what is under way is no longer wanted; asked often, from any thread.
pub type Stop<'a> = &'a (dyn Fn() -> bool + Sync);
