//! Leading eigenpairs of the preconditioned Hessian P⁻¹H, warm-started along a trajectory, and entire spectra
//! or spectral densities.
//!
//! The eigenproblem `H U = P U Λ` with P-orthonormal U is solved in the symmetric form
//! `A = P^{-1/2} H P^{-1/2}` with orthonormal `Y = P^{1/2} U`. For gradient descent P = I/η, so that Λ holds
//! the eigenvalues ηλ of ηH, and U = √η · (unit eigenvectors of H).
//!
//! Non-finite contract: if the operator returns NaN or an infinity, eigenvalues are NaN. No function panics.

mod algebra;
pub mod davidson;
mod dense;
pub mod distribution;
mod error;
pub mod preconditioner;
pub mod quadrature;
pub mod tracker;
pub mod whole;

pub use algebra::{axpy, distance, dot, norm};
pub use davidson::Operator;
pub use distribution::{Atom, Distribution};
pub use error::SpectrumError;
pub use preconditioner::{PreconditionedHessian, Preconditioner};
pub use quadrature::Quadrature;
pub use tracker::{Eigenpairs, Tracker, TrackerSettings};
pub use whole::{SpectrumSettings, spectrum};
