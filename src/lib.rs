//! Brink: gradient descent, gradient flow and central flow of real neural networks, side by side and live.
//!
//! The modules, each of which may use the ones above it and never one below:
//!
//! | module | what it is |
//! |---|---|
//! | [`calculus`] | exact derivatives of a loss up to order three: reverse mode over truncated polynomials |
//! | [`network`] | architectures, each one forward function over the tape's vocabulary |
//! | [`data`] | built-in data sets, synthetic ones, CIFAR-10, import of npz, npy and safetensors |
//! | [`objective`] | what the dynamics see of a loss: network + data + loss, or a closed-form landscape |
//! | [`spectrum`] | leading eigenpairs of the (preconditioned) Hessian, warm-started |
//! | [`dynamics`] | gradient descent, gradient flow, central flow, complementarity, smoothing |
//! | [`space`] | weight space around a step: axes, projected paths, loss and sharpness over a plane |
//! | [`run`] | preset, training thread, messages, history, CSV, derivatives for research |
//! | [`picture`] | panels as functions of a read-only view, CPU rasterizer, PNG (feature `picture`) |
//! | [`tour`] | the guided tour: chapters as data, cards, live numbers (feature `picture`) |
//! | [`app`] | the window: state, commands, controls (feature `window`) |
//!
//! Nothing under [`run`] or above knows egui; nothing under [`dynamics`] knows threads, channels or files.

// what tests in here share with those in `tests/` names the crate as those do
#[cfg(test)]
extern crate self as brink;

pub mod calculus;
pub mod data;
pub mod dynamics;
pub mod network;
pub mod objective;
pub mod run;
pub mod space;
pub mod spectrum;

#[cfg(feature = "picture")]
pub mod picture;

#[cfg(feature = "picture")]
pub mod tour;

#[cfg(feature = "window")]
pub mod app;
