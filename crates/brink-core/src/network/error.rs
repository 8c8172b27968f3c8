//! Errors of network construction.

use thiserror::Error;

use super::{MAX_PARAMETERS, MAX_TABLE};

/// A number of parameters as text.
fn counted(parameters: usize) -> String {
    match parameters {
        usize::MAX => "more parameters than can be counted".into(),
        parameters => format!("{parameters} parameters or more"),
    }
}

/// A count as text.
fn shown(count: usize) -> String {
    if count == usize::MAX { "more than countable".into() } else { count.to_string() }
}

/// A network that cannot be built, or weights that cannot be read.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum NetworkError {
    /// A size is zero.
    #[error("{what} is 0; it must be at least 1")]
    Zero {
        /// Name of the size.
        what: String,
    },
    /// The network has too many parameters.
    #[error("the network has {}; at most {MAX_PARAMETERS} are allowed", counted(*.parameters))]
    TooLarge {
        /// Lower bound of the number of parameters; `usize::MAX` if it overflows.
        parameters: usize,
    },
    /// A constant table of the network, such as the positional encoding, is too large.
    #[error("{what} takes {} numbers; at most {MAX_TABLE} are allowed", shown(*.entries))]
    Table {
        /// Name of the table.
        what: &'static str,
        /// Number of entries; `usize::MAX` if it overflows.
        entries: usize,
    },
    /// A size is too small.
    #[error("{what} is {size}; it must be at least {least}")]
    TooSmall {
        /// Name of the size.
        what: &'static str,
        /// Value of the size.
        size: usize,
        /// Smallest allowed value.
        least: usize,
    },
    /// The number of attention heads does not divide the width.
    #[error("heads = {heads} does not divide dim = {dim}; every head takes dim / heads columns")]
    Heads {
        /// Number of columns.
        dim: usize,
        /// Number of heads.
        heads: usize,
    },
    /// A size is not a multiple of the required factor.
    #[error("{what} is {size}; it must be a multiple of {of}")]
    Multiple {
        /// Name of the size.
        what: &'static str,
        /// Value of the size.
        size: usize,
        /// Required factor.
        of: usize,
    },
    /// The patches do not tile the image.
    #[error("a patch of {patch} × {patch} pixels does not divide an image of {height} × {width}")]
    Patch {
        /// Side of a patch in pixels.
        patch: usize,
        /// Height of the image in pixels.
        height: usize,
        /// Width of the image in pixels.
        width: usize,
    },
    /// An image is too small for the network.
    #[error(
        "an image of {height} × {width} pixels is too small for {reason}: both sides must be at least {least}"
    )]
    SmallImage {
        /// Height of the image in pixels.
        height: usize,
        /// Width of the image in pixels.
        width: usize,
        /// Smallest allowed height and width in pixels.
        least: usize,
        /// The component of the network that sets the limit.
        reason: String,
    },
    /// The network reads images, but the inputs are not images.
    #[error(
        "the network reads images, of shape [channels, height, width] or [height, width] an example, but an input has \
         shape {found:?}"
    )]
    NoImage {
        /// Shape of one input.
        found: Vec<usize>,
    },
    /// The network reads tokens, but the inputs are not token sequences.
    #[error(
        "the network reads a sequence of tokens, of shape [length] an example, but an input has shape {found:?}"
    )]
    NoSequence {
        /// Shape of one input.
        found: Vec<usize>,
    },
    /// No array has the name of a parameter.
    #[error("there is no array named {name:?} of shape {shape:?}; the arrays there are {found:?}")]
    Missing {
        /// Name of the parameter.
        name: String,
        /// Required shape.
        shape: Vec<usize>,
        /// Names of the available arrays, sorted.
        found: Vec<String>,
    },
    /// The shape of an array differs from the shape of its parameter.
    #[error("the array {name:?} has shape {found:?}, but the network needs {expected:?}")]
    Shape {
        /// Name of the parameter.
        name: String,
        /// Shape of the array.
        found: Vec<usize>,
        /// Required shape.
        expected: Vec<usize>,
    },
    /// The entries of an array are not finite floating-point numbers.
    #[error("the array {name:?} cannot serve as weights: {reason}")]
    Values {
        /// Name of the parameter.
        name: String,
        /// Description of the problem.
        reason: String,
    },
}
