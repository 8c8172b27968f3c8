//! The network's outputs on a few examples, at every step and for every process: class probabilities if the loss is
//! cross-entropy, the raw outputs if it is the squared error.
//!
//! The training thread evaluates them at the weights of the processes at the start of a step; this takes a forward
//! pass of these examples alone. [`Predictions`] stores them with the rest of the history, within a budget of memory.

pub mod choice;
pub mod example;
pub mod store;

pub use choice::chosen;
pub use example::{Example, ExampleKind, ExamplePicture, Examples, Input};
pub use store::{PredictedOutput, Predictions};
