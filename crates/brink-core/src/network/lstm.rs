//! LSTM network: embedding → LSTM layers → linear layer at every position.

use super::error::NetworkError;
use super::size::{check_parameters, check_sizes};
use crate::calculus::Real;
use crate::calculus::tape::{Initial, NodeId, Tape};

/// Parameter names are those of PyTorch modules `embed`, `lstm.layers.0`, … and `linear`.
pub(super) fn forward<T: Real>(
    tape: &mut Tape<T>,
    tokens: NodeId,
    [layers, embedding, hidden]: [usize; 3],
    vocabulary: usize,
) -> NodeId {
    let shape = [vocabulary, embedding];
    let mut h = tape.embedding("embed.weight", tokens, shape, Initial::Normal(1.0), 1.0, Vec::new());
    for layer in 0..layers {
        h = tape.lstm(&format!("lstm.layers.{layer}"), h, hidden);
    }
    tape.linear("linear", h, vocabulary)
}

/// Rejects zero and oversized dimensions before any allocation.
pub(super) fn check([layers, embedding, hidden]: [usize; 3], vocabulary: usize) -> Result<(), NetworkError> {
    check_sizes(&[("layers", layers), ("embedding", embedding), ("hidden", hidden)])?;
    check_parameters(&[
        &[vocabulary, embedding],
        &[embedding, 4, hidden],
        &[layers - 1, hidden, 4, hidden],
        &[layers, hidden, 4, hidden],
        &[layers, 2, 4, hidden],
        &[vocabulary, hidden],
        &[vocabulary],
    ])
}
