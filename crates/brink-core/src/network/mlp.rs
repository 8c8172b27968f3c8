//! Multilayer perceptron: flatten → (linear → activation)* → linear.

use super::error::NetworkError;
use super::{Activation, MAX_PARAMETERS};
use crate::calculus::Real;
use crate::calculus::tape::{NodeId, Tape};

/// Parameter names are those of a PyTorch `Sequential(Flatten, Linear, act, Linear, act, …)`: 1, 3, 5, …
pub(super) fn forward<T: Real>(
    tape: &mut Tape<T>,
    x: NodeId,
    hidden: &[usize],
    activation: Activation,
    outputs: usize,
) -> NodeId {
    let mut h = tape.flatten(x);
    for (layer, &width) in hidden.iter().enumerate() {
        h = tape.linear(&(2 * layer + 1).to_string(), h, width);
        h = tape.map(activation.function(), h);
    }
    tape.linear(&(2 * hidden.len() + 1).to_string(), h, outputs)
}

/// Rejects zero and oversized layers before any allocation.
pub(super) fn check(inputs: usize, hidden: &[usize], outputs: usize) -> Result<(), NetworkError> {
    let (mut before, mut parameters) = (inputs, 0_usize);
    for (layer, &width) in hidden.iter().chain([&outputs]).enumerate() {
        if width == 0 {
            return Err(NetworkError::Zero { what: format!("the width of hidden layer {}", layer + 1) });
        }
        let weights = before.checked_add(1).and_then(|b| b.checked_mul(width)).unwrap_or(usize::MAX);
        parameters = parameters.saturating_add(weights);
        if parameters > MAX_PARAMETERS {
            return Err(NetworkError::TooLarge { parameters });
        }
        before = width;
    }
    Ok(())
}
