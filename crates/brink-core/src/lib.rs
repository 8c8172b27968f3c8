//! The mathematics of gradient descent at the edge of stability: exact derivatives up to order three, and the flows.
//!
//! Each module uses the modules above it in this table and none below:
//!
//! | module | contents |
//! |---|---|
//! | [`calculus`] | exact derivatives of a loss up to order three: reverse mode over truncated polynomials |
//! | [`network`] | architectures, each one forward function over the tape's vocabulary |
//! | [`data`] | built-in and synthetic data sets, CIFAR-10, import of npz, npy and safetensors |
//! | [`objective`] | the loss as the dynamics see it: network, data and loss, or a closed-form landscape |
//! | [`spectrum`] | leading eigenpairs of the (preconditioned) Hessian, warm-started; whole spectra |
//! | [`dynamics`] | gradient descent, gradient flow, central flow, complementarity, smoothing |
//! | [`space`] | weight space around a step: axes, projected paths, loss and sharpness over a plane |
//! | [`derivatives`] | gradient, Hessian-vector products, third derivatives and eigenpairs at given weights |

pub mod calculus;
pub mod data;
pub mod derivatives;
pub mod dynamics;
pub mod network;
pub mod objective;
pub mod space;
pub mod spectrum;
