//! Why a network cannot be built, in words.

use thiserror::Error;

use super::{MAX_PARAMETERS, MAX_TABLE};

/// A number of parameters in words.
fn counted(parameters: usize) -> String {
    match parameters {
        usize::MAX => "more parameters than can be counted".into(),
        parameters => format!("{parameters} parameters or more"),
    }
}

/// A count in words.
fn shown(count: usize) -> String {
    if count == usize::MAX { "more than countable".into() } else { count.to_string() }
}

/// Why a network cannot be built or its weights not be read.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum NetworkError {
    /// A size that must be at least one is zero.
    #[error("{what} is 0; it must be at least 1")]
    Zero {
        /// Which size.
        what: String,
    },
    /// The network is too large.
    #[error("the network has {}; at most {MAX_PARAMETERS} are allowed", counted(*.parameters))]
    TooLarge {
        /// A lower bound of what it would have; `usize::MAX` where it is beyond counting.
        parameters: usize,
    },
    /// Numbers that are no parameters, but come with the network, are too many.
    #[error("{what} takes {} numbers; at most {MAX_TABLE} are allowed", shown(*.entries))]
    Table {
        /// What they are.
        what: &'static str,
        /// How many; `usize::MAX` where that is beyond counting.
        entries: usize,
    },
    /// A size is too small.
    #[error("{what} is {size}; it must be at least {least}")]
    TooSmall {
        /// Which size.
        what: &'static str,
        /// What it is.
        size: usize,
        /// What it must be at least.
        least: usize,
    },
    /// The heads of an attention do not share its columns evenly.
    #[error("heads = {heads} does not divide dim = {dim}; every head takes dim / heads columns")]
    Heads {
        /// Columns.
        dim: usize,
        /// Heads.
        heads: usize,
    },
    /// A size does not have the factor it must have.
    #[error("{what} is {size}; it must be a multiple of {of}")]
    Multiple {
        /// Which size.
        what: &'static str,
        /// What it is.
        size: usize,
        /// What it must be a multiple of.
        of: usize,
    },
    /// Patches do not cover an image.
    #[error("a patch of {patch} × {patch} pixels does not divide an image of {height} × {width}")]
    Patch {
        /// Side of a patch.
        patch: usize,
        /// Height of an image.
        height: usize,
        /// Width of an image.
        width: usize,
    },
    /// An image is too small for the network.
    #[error(
        "an image of {height} × {width} pixels is too small for {reason}: both sides must be at least {least}"
    )]
    SmallImage {
        /// Height of an image.
        height: usize,
        /// Width of an image.
        width: usize,
        /// What both must be at least.
        least: usize,
        /// What needs them.
        reason: String,
    },
    /// The network reads images, and the inputs are something else.
    #[error(
        "the network reads images, of shape [channels, height, width] or [height, width] an example, but an input has \
         shape {found:?}"
    )]
    NoImage {
        /// The shape of one input.
        found: Vec<usize>,
    },
    /// The network reads tokens, and the inputs are something else.
    #[error(
        "the network reads a sequence of tokens, of shape [length] an example, but an input has shape {found:?}"
    )]
    NoSequence {
        /// The shape of one input.
        found: Vec<usize>,
    },
    /// A parameter is not among the arrays.
    #[error("there is no array named {name:?} of shape {shape:?}; the arrays there are {found:?}")]
    Missing {
        /// The parameter.
        name: String,
        /// The shape it needs.
        shape: Vec<usize>,
        /// The names there are, sorted.
        found: Vec<String>,
    },
    /// An array does not have the parameter's shape.
    #[error("the array {name:?} has shape {found:?}, but the network needs {expected:?}")]
    Shape {
        /// The parameter.
        name: String,
        /// The array's shape.
        found: Vec<usize>,
        /// The parameter's shape.
        expected: Vec<usize>,
    },
    /// An array does not hold finite floating-point numbers.
    #[error("the array {name:?} cannot serve as weights: {reason}")]
    Values {
        /// The parameter.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}
