//! Low-level arithmetic of the primitives: vectorized loops, matrix products, and run-time selection of the
//! instruction set.

pub mod buffers;
pub mod elementary;
pub mod elementwise;
pub mod gemm;
pub mod lanes;
pub(crate) mod matrix;
pub mod normalize;
pub mod patches;
pub mod product;
pub mod row;
mod small;
pub mod softmax;
pub mod vector;

use std::sync::OnceLock;

/// Runs `kernel` compiled for the best available instruction set (AVX-512, AVX2 + FMA, NEON, or the
/// baseline).
///
/// The kernel is a struct instead of a closure. Its `call` is `#[inline(always)]`, so that its loops are
/// compiled inside the function that enables the instructions.
#[inline]
pub fn dispatch<K: pulp::NullaryFnOnce>(kernel: K) -> K::Output {
    static ARCH: OnceLock<pulp::Arch> = OnceLock::new();
    ARCH.get_or_init(pulp::Arch::new).dispatch(kernel)
}
