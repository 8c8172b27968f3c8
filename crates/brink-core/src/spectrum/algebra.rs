//! Products of tall, thin blocks of vectors (with the `gemm` crate) and operations on single vectors.

use crate::calculus::{Block, Real};

/// Inner product ⟨x, y⟩ of vectors of equal length, accumulated in 16 lanes of precision T. Shapes `[dim]`.
pub fn dot<T: Real>(x: &[T], y: &[T]) -> f64 {
    const LANES: usize = 16;
    let mut lanes = [T::zero(); LANES];
    let (xs, ys) = (x.chunks_exact(LANES), y.chunks_exact(LANES));
    let tail: f64 = xs.remainder().iter().zip(ys.remainder()).map(|(a, b)| a.widen() * b.widen()).sum();
    for (x, y) in xs.zip(ys) {
        for ((lane, &a), &b) in lanes.iter_mut().zip(x).zip(y) {
            *lane += a * b;
        }
    }
    lanes.iter().map(|x| x.widen()).sum::<f64>() + tail
}

/// Euclidean norm ‖x‖. Shape `[dim]`.
pub fn norm<T: Real>(x: &[T]) -> f64 {
    dot(x, x).sqrt()
}

/// Euclidean distance ‖x − y‖ of vectors of equal length. Shapes `[dim]`.
pub fn distance<T: Real>(x: &[T], y: &[T]) -> f64 {
    const LANES: usize = 16;
    let mut lanes = [T::zero(); LANES];
    let (xs, ys) = (x.chunks_exact(LANES), y.chunks_exact(LANES));
    let tail: f64 =
        xs.remainder().iter().zip(ys.remainder()).map(|(a, b)| (a.widen() - b.widen()).powi(2)).sum();
    for (x, y) in xs.zip(ys) {
        for ((lane, &a), &b) in lanes.iter_mut().zip(x).zip(y) {
            *lane += (a - b) * (a - b);
        }
    }
    (lanes.iter().map(|x| x.widen()).sum::<f64>() + tail).sqrt()
}

/// `y ← y + a x` for vectors of equal length. Shapes `[dim]`.
pub fn axpy<T: Real>(a: f64, x: &[T], y: &mut [T]) {
    let a = T::of(a);
    for (y, &x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}

/// `x ← a x`.
pub(super) fn scale<T: Real>(a: f64, x: &mut [T]) {
    let a = T::of(a);
    for x in x {
        *x *= a;
    }
}

/// Gram matrix `out[i + j·m] = ⟨x_i, y_j⟩` (column-major), where m is the number of vectors of `x`.
pub(super) fn gram<T: Real>(x: &Block<T>, y: &Block<T>, out: &mut Vec<T>) {
    let (m, n, dim) = (x.count(), y.count(), x.dim());
    out.clear();
    out.resize(m * n, T::zero());
    if m * n == 0 {
        return;
    }
    assert_eq!(dim, y.dim(), "blocks of vectors of one length");
    product(
        [m, n, dim],
        &mut Operand { data: out, row_stride: 1, column_stride: m },
        (x.as_slice(), dim, 1),
        (y.as_slice(), 1, dim),
        false,
        T::one(),
    );
}

/// `y_j = Σ_i x_i c[i + j·rows]`, or `y_j −= …` if `subtract`, for all vectors of `y`.
pub(super) fn combine<T: Real>(x: &Block<T>, c: &[T], y: &mut Block<T>, subtract: bool) {
    let (m, n, dim) = (x.count(), y.count(), x.dim());
    if m * n == 0 {
        return;
    }
    assert_eq!(dim, y.dim(), "blocks of vectors of one length");
    assert_eq!(c.len(), m * n, "one coefficient a pair of vectors");
    let sign = if subtract { -T::one() } else { T::one() };
    product(
        [dim, n, m],
        &mut Operand { data: y.as_mut_slice(), row_stride: 1, column_stride: dim },
        (x.as_slice(), 1, dim),
        (c, 1, m),
        subtract,
        sign,
    );
}

/// A mutable matrix with strides.
struct Operand<'a, T> {
    data: &'a mut [T],
    row_stride: usize,
    column_stride: usize,
}

/// `out = (add ? out : 0) + sign · lhs · rhs`. Sizes are [rows, columns, depth], strides are (row, column).
fn product<T: Real>(
    [rows, columns, depth]: [usize; 3],
    out: &mut Operand<'_, T>,
    lhs: (&[T], usize, usize),
    rhs: (&[T], usize, usize),
    add: bool,
    sign: T,
) {
    let last = |r: usize, c: usize, rs: usize, cs: usize| (r - 1) * rs + (c - 1) * cs;
    assert!(last(rows, columns, out.row_stride, out.column_stride) < out.data.len());
    assert!(last(rows, depth, lhs.1, lhs.2) < lhs.0.len());
    assert!(last(depth, columns, rhs.1, rhs.2) < rhs.0.len());
    let stride = |s: usize| isize::try_from(s).expect("a slice's length fits isize");
    // SAFETY: the assertions above bound every index reachable by the strides and sizes. `out` is borrowed
    // mutably and therefore does not overlap the operands.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            depth,
            out.data.as_mut_ptr(),
            stride(out.column_stride),
            stride(out.row_stride),
            add,
            lhs.0.as_ptr(),
            stride(lhs.2),
            stride(lhs.1),
            rhs.0.as_ptr(),
            stride(rhs.2),
            stride(rhs.1),
            T::one(),
            sign,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{Block, combine, distance, dot, gram};

    fn block(dim: usize, count: usize) -> Block<f64> {
        let mut block = Block::zeros(dim, count);
        for (i, x) in block.as_mut_slice().iter_mut().enumerate() {
            *x = (i as f64 * 0.7).sin();
        }
        block
    }

    #[test]
    fn products_agree_with_sums() {
        for (dim, m, n) in [(1, 1, 1), (5, 2, 3), (37, 4, 1), (100, 1, 4)] {
            let (x, mut y) = (block(dim, m), block(dim, n));
            let mut c = Vec::new();
            gram(&x, &y, &mut c);
            for i in 0..m {
                for j in 0..n {
                    let sum: f64 = x.column(i).iter().zip(y.column(j)).map(|(a, b)| a * b).sum();
                    assert!((c[i + j * m] - sum).abs() < 1e-12);
                    assert!((dot(x.column(i), y.column(j)) - sum).abs() < 1e-12);
                }
            }
            let before = y.clone();
            combine(&x, &c, &mut y, true);
            for j in 0..n {
                for d in 0..dim {
                    let sum: f64 = (0..m).map(|i| x.column(i)[d] * c[i + j * m]).sum();
                    assert!((y.column(j)[d] - (before.column(j)[d] - sum)).abs() < 1e-12);
                }
            }
            assert!((distance(y.column(0), y.column(0))).abs() < 1e-15);
        }
    }
}
