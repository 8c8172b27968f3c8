//! Exact derivatives of a loss up to order three: reverse mode over the ring of truncated polynomials.

pub mod block;
pub mod real;

pub use block::Block;
pub use real::Real;
