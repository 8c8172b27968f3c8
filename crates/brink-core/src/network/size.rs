//! Sizes are refused before anything is allocated.

use super::error::NetworkError;
use super::{MAX_PARAMETERS, MAX_TABLE};

/// Refuses sizes that are zero.
pub(super) fn check_sizes(sizes: &[(&str, usize)]) -> Result<(), NetworkError> {
    let zero = sizes.iter().find(|(_, size)| *size == 0);
    zero.map_or(Ok(()), |(what, _)| Err(NetworkError::Zero { what: (*what).into() }))
}

/// Refuses networks of more parameters than are allowed, given the shapes that make them up.
pub(super) fn check_parameters(shapes: &[&[usize]]) -> Result<(), NetworkError> {
    let parameters = shapes.iter().fold(0_usize, |sum, shape| sum.saturating_add(count(shape)));
    if parameters > MAX_PARAMETERS { Err(NetworkError::TooLarge { parameters }) } else { Ok(()) }
}

/// Refuses a table of more numbers than are allowed, which is no parameter but comes with the network.
pub(super) fn check_table(what: &'static str, shape: &[usize]) -> Result<(), NetworkError> {
    let entries = count(shape);
    if entries > MAX_TABLE { Err(NetworkError::Table { what, entries }) } else { Ok(()) }
}

/// Entries of a shape; `usize::MAX` where they are more.
fn count(shape: &[usize]) -> usize {
    shape.iter().fold(1, |all, &size| all.saturating_mul(size))
}

/// The length of a sequence of tokens, one a row, from the shape of an input.
pub(super) fn length(input_shape: &[usize]) -> Result<usize, NetworkError> {
    match input_shape {
        &[length] => Ok(length),
        _ => Err(NetworkError::NoSequence { found: input_shape.to_vec() }),
    }
}
