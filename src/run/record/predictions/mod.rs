//! What the network answers on a few examples, at every step and under every process: class probabilities where the
//! loss is cross-entropy, the raw outputs where it is the squared error.
//!
//! The training thread evaluates them at the weights that the processes have at the start of a step; it takes a forward
//! pass of these examples alone. [`Predictions`] keeps them beside the rest of the history, within a budget of memory.

pub mod choice;
pub mod example;
pub mod store;

pub use choice::{MOST_EXAMPLES, chosen};
pub use example::{Example, ExampleKind, ExamplePicture, Examples, Input};
pub use store::{PredictedOutput, Predictions};
