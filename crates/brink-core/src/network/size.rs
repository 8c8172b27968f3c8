//! Checks of network sizes before any allocation.

use super::error::NetworkError;
use super::{MAX_PARAMETERS, MAX_TABLE};

/// Rejects sizes of zero.
pub(super) fn check_sizes(sizes: &[(&str, usize)]) -> Result<(), NetworkError> {
    let zero = sizes.iter().find(|(_, size)| *size == 0);
    zero.map_or(Ok(()), |(what, _)| Err(NetworkError::Zero { what: (*what).into() }))
}

/// Rejects networks with more than [`MAX_PARAMETERS`] parameters, given the shapes of all parameters.
pub(super) fn check_parameters(shapes: &[&[usize]]) -> Result<(), NetworkError> {
    let parameters = shapes.iter().fold(0_usize, |sum, shape| sum.saturating_add(count(shape)));
    if parameters > MAX_PARAMETERS { Err(NetworkError::TooLarge { parameters }) } else { Ok(()) }
}

/// Rejects constant tables (not parameters) with more than [`MAX_TABLE`] entries.
pub(super) fn check_table(what: &'static str, shape: &[usize]) -> Result<(), NetworkError> {
    let entries = count(shape);
    if entries > MAX_TABLE { Err(NetworkError::Table { what, entries }) } else { Ok(()) }
}

/// Number of entries of a shape; `usize::MAX` on overflow.
fn count(shape: &[usize]) -> usize {
    shape.iter().fold(1, |all, &size| all.saturating_mul(size))
}

/// Sequence length, from the shape of one input with one token per row.
pub(super) fn length(input_shape: &[usize]) -> Result<usize, NetworkError> {
    match input_shape {
        &[length] => Ok(length),
        _ => Err(NetworkError::NoSequence { found: input_shape.to_vec() }),
    }
}
