//! Gradient descent at the edge of stability: exact derivatives of neural networks up to order three,
//! eigenpairs of the Hessian, and the three processes gradient descent, gradient flow and central flow.
//!
//! The main reference is Cohen, Damian, Talwalkar, Kolter and Lee, "Understanding Optimization in Deep
//! Learning with Central Flows", ICLR 2025. Its notation is used throughout: `L(w)` is the full-batch
//! training loss, `H(w)` its Hessian, `S(w) = λ1` the sharpness, `η` the learning rate, `2/η` the edge of
//! stability, and Σ the covariance of the oscillation.
//!
//! A module depends only on modules listed above it:
//!
//! | module | contents |
//! |---|---|
//! | [`calculus`] | exact derivatives of a loss up to order three: reverse mode over truncated polynomials |
//! | [`network`] | network architectures, each defined by one forward function |
//! | [`data`] | bundled and synthetic data sets, CIFAR-10, import of npz, npy and safetensors files |
//! | [`objective`] | the loss as a function of the weights: network, data and loss, or a closed-form landscape |
//! | [`spectrum`] | leading eigenpairs of the (preconditioned) Hessian, warm-started; entire spectra |
//! | [`dynamics`] | gradient descent, gradient flow, central flow, complementarity problem, smoothing |
//! | [`space`] | weight space around a step: axes, projected paths, loss and sharpness on a plane |
//! | [`derivatives`] | gradient, Hessian-vector products, third derivatives and eigenpairs at given weights |
//!
//! # Conventions
//!
//! All functions are generic over the scalar type, [`f32`] or [`f64`] (see [`calculus::Real`]). Weights are
//! flat vectors of shape `[dim]`; a [`calculus::Block`] holds several vectors, one after the other. One unit
//! of time `t` is one step of gradient descent. Each module states its contract for non-finite numbers at its
//! head.

pub mod calculus;
pub mod data;
pub mod derivatives;
pub mod dynamics;
pub mod network;
pub mod objective;
pub mod space;
pub mod spectrum;

/// Compiles and runs the example of the README as a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExample;
