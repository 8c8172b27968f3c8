//! What can be wrong with a request for derivatives.

use crate::data::DataError;
use crate::spectrum::SpectrumError;

/// A request that cannot be answered, with the value and what is allowed.
#[derive(Debug, thiserror::Error)]
pub enum DerivativesError {
    /// The file of vectors cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// There is no whole spectrum.
    #[error(transparent)]
    Spectrum(#[from] SpectrumError),
    /// A vector's name cannot name an array of the result.
    #[error("the vector {name:?} cannot be used: names are of letters, digits, _, - and .")]
    Name {
        /// The name.
        name: String,
    },
    /// A vector has another length than the weights.
    #[error("the vector {name:?} has {found} entries; one for each of the {dim} parameters is needed")]
    Length {
        /// Its name.
        name: String,
        /// Its length.
        found: usize,
        /// Number of parameters.
        dim: usize,
    },
    /// A pair is not of two vectors.
    #[error("the pair {u}:{v} names no vector {missing:?}; the vectors are {there}")]
    Pair {
        /// Its first name.
        u: String,
        /// Its second name.
        v: String,
        /// The one that is not there.
        missing: String,
        /// The names there are.
        there: String,
    },
    /// Two of the results would have the same name.
    #[error("two results would be the array {name:?}; vectors and pairs need names that tell them apart")]
    Twice {
        /// The array.
        name: String,
    },
    /// Too many eigenpairs.
    #[error("top = {top}: 0 to {most} eigenpairs are allowed")]
    Top {
        /// Asked for.
        top: usize,
        /// Most that are allowed.
        most: usize,
    },
    /// A tolerance out of reach.
    #[error("tolerance = {tolerance}: {least:.1e} to 0.1 is allowed in this precision")]
    Tolerance {
        /// Asked for.
        tolerance: f64,
        /// Least in this precision.
        least: f64,
    },
    /// Outputs on more examples than there are.
    #[error("outputs = {outputs}: there are {examples} examples")]
    Outputs {
        /// Asked for.
        outputs: usize,
        /// Examples there are.
        examples: usize,
    },
    /// The loss is not a number at these weights.
    #[error("the loss is {loss} at these weights, so that its Hessian has no eigenvalues (top)")]
    NotFinite {
        /// NaN or an infinity.
        loss: f64,
    },
    /// The eigensolver stopped short.
    #[error(
        "the {top} leading eigenpairs are solved to a relative residual of {residual:.1e} after {hvps} Hessian-vector \
         products, not to tolerance = {tolerance:.1e}; ask for fewer (top) or a larger tolerance"
    )]
    Unsolved {
        /// Asked for.
        top: usize,
        /// The largest residual.
        residual: f64,
        /// The one asked for.
        tolerance: f64,
        /// Products spent.
        hvps: usize,
    },
}
