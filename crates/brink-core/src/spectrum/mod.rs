//! Leading eigenpairs of the preconditioned Hessian P⁻¹H, warm-started from where the dynamics were; and the whole
//! spectrum, or its density.
//!
//! The eigenproblem `H U = P U Λ` with P-orthonormal U is solved in the symmetric form `A = P^{-1/2} H P^{-1/2}`
//! with orthonormal `Y = P^{1/2} U`. For gradient descent P = I/η, so that Λ holds the η·λ of H and U = √η·(unit
//! eigenvectors of H).
//!
//! Non-finite contract: where the operator returns NaN or infinity, eigenvalues come back NaN; nothing panics.

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
