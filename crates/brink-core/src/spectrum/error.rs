//! Errors of spectrum computations.

/// A spectrum that cannot be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpectrumError {
    /// A Hessian-vector product is NaN or infinite.
    #[error("the Hessian is not finite at these weights; choose a step before the divergence")]
    NotFinite,
    /// The Lanczos vectors exceed the memory budget.
    #[error(
        "the spectrum of {dim} parameters needs {least} vectors of that size, more than its {} MiB; \
         choose a smaller network",
        .budget >> 20
    )]
    TooLarge {
        /// Number of parameters.
        dim: usize,
        /// Smallest number of vectors required.
        least: usize,
        /// Memory budget in bytes.
        budget: usize,
    },
    /// The eigenvalue iteration did not converge.
    #[error("the eigenvalues of the Hessian do not converge at these weights; choose another step")]
    NotConverged,
    /// The callback stopped the computation.
    #[error("the computation of the spectrum was stopped")]
    Stopped,
}

/// The fraction `done / all`.
#[expect(clippy::cast_possible_truncation, reason = "a share")]
pub(crate) fn share(done: usize, all: usize) -> f32 {
    (done as f64 / all.max(1) as f64) as f32
}
