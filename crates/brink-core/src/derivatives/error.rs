//! Errors of a request for derivatives.

use crate::data::DataError;
use crate::spectrum::SpectrumError;

/// An invalid or unsolvable request, with the offending value and the allowed values.
#[derive(Debug, thiserror::Error)]
pub enum DerivativesError {
    /// The file of vectors cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The spectrum cannot be computed.
    #[error(transparent)]
    Spectrum(#[from] SpectrumError),
    /// The name of a vector contains a character that is not allowed in an array name.
    #[error("the vector {name:?} cannot be used: names are of letters, digits, _, - and .")]
    Name {
        /// Name of the vector.
        name: String,
    },
    /// The length of a vector differs from the number of parameters.
    #[error("the vector {name:?} has {found} entries; one for each of the {dim} parameters is needed")]
    Length {
        /// Name of the vector.
        name: String,
        /// Length of the vector.
        found: usize,
        /// Number of parameters.
        dim: usize,
    },
    /// A pair refers to a vector that was not given.
    #[error("the pair {u}:{v} names no vector {missing:?}; the vectors are {there}")]
    Pair {
        /// Name of the first vector of the pair.
        u: String,
        /// Name of the second vector of the pair.
        v: String,
        /// The name that was not found.
        missing: String,
        /// Names of the available vectors.
        there: String,
    },
    /// Two results would have the same array name.
    #[error("two results would be the array {name:?}; vectors and pairs need names that tell them apart")]
    Twice {
        /// The duplicate array name.
        name: String,
    },
    /// The number of eigenpairs is out of range.
    #[error("top = {top}: 0 to {most} eigenpairs are allowed")]
    Top {
        /// Requested number of eigenpairs.
        top: usize,
        /// Largest allowed number.
        most: usize,
    },
    /// The tolerance is out of range.
    #[error("tolerance = {tolerance}: {least:.1e} to 0.1 is allowed in this precision")]
    Tolerance {
        /// Requested tolerance.
        tolerance: f64,
        /// Smallest tolerance that is attainable in this precision.
        least: f64,
    },
    /// Outputs were requested for more examples than the data has.
    #[error("outputs = {outputs}: there are {examples} examples")]
    Outputs {
        /// Requested number of examples.
        outputs: usize,
        /// Number of examples in the data.
        examples: usize,
    },
    /// The loss is not finite at these weights.
    #[error("the loss is {loss} at these weights, so that its Hessian has no eigenvalues (top)")]
    NotFinite {
        /// The loss: NaN or infinite.
        loss: f64,
    },
    /// The eigensolver did not reach the tolerance.
    #[error(
        "the {top} leading eigenpairs are solved to a relative residual of {residual:.1e} after {hvps} Hessian-vector \
         products, not to tolerance = {tolerance:.1e}; ask for fewer (top) or a larger tolerance"
    )]
    Unsolved {
        /// Requested number of eigenpairs.
        top: usize,
        /// Largest relative residual reached.
        residual: f64,
        /// Requested relative residual.
        tolerance: f64,
        /// Number of Hessian-vector products spent.
        hvps: usize,
    },
}
