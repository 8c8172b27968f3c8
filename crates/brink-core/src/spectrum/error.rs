//! Why there is no whole spectrum.

/// Why there is no spectrum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpectrumError {
    /// A product with the operator is NaN or infinite.
    #[error("the Hessian is not finite at these weights; choose a step before the divergence")]
    NotFinite,
    /// The vectors of Lanczos do not fit.
    #[error(
        "the spectrum of {dim} parameters needs {least} vectors of that size, more than its {} MiB; \
         choose a smaller network",
        .budget >> 20
    )]
    TooLarge {
        /// Number of parameters.
        dim: usize,
        /// Vectors that are needed at least.
        least: usize,
        /// Bytes they may take.
        budget: usize,
    },
    /// The iteration for the eigenvalues did not end.
    #[error("the eigenvalues of the Hessian do not converge at these weights; choose another step")]
    NotConverged,
    /// Whoever watched wanted no more of it.
    #[error("the computation of the spectrum was stopped")]
    Stopped,
}

/// `done` of `all`.
#[expect(clippy::cast_possible_truncation, reason = "a share")]
pub(crate) fn share(done: usize, all: usize) -> f32 {
    (done as f64 / all.max(1) as f64) as f32
}
