//! The arithmetic below the primitives: vectorized loops, matrix products, run-time choice of instructions.

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

/// Runs `kernel` compiled for the best instructions of this machine (AVX-512, AVX2 + FMA, NEON, or the baseline).
///
/// The kernel is a struct, not a closure: its `call` is `#[inline(always)]`, so that its loops are compiled inside
/// the function that has the instructions enabled.
#[inline]
pub fn dispatch<K: pulp::NullaryFnOnce>(kernel: K) -> K::Output {
    static ARCH: OnceLock<pulp::Arch> = OnceLock::new();
    ARCH.get_or_init(pulp::Arch::new).dispatch(kernel)
}
