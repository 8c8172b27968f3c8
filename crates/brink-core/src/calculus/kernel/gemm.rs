//! Matrix products on strided views. All bounds are checked before the unsafe call.

use super::matrix::{Matrix, MatrixMut};
use super::small;
use crate::calculus::real::Real;

/// `z = x · y` or, with `accumulate`, `z += x · y`, where z is row-major and contiguous.
///
/// With `parallel` the output is tiled over the thread pool. The summation order of each entry is fixed, so
/// that the result does not depend on the number of threads.
///
/// # Panics
/// If the shapes do not match.
pub fn multiply<T: Real>(z: &mut [T], x: Matrix<'_, T>, y: Matrix<'_, T>, accumulate: bool, parallel: bool) {
    let (m, n) = (x.rows, y.columns);
    assert_eq!(z.len(), m * n, "the output holds {m} × {n}");
    let z = MatrixMut { data: z, rows: m, columns: n, row_stride: n };
    multiply_scaled(z, T::one(), x, y, accumulate, parallel);
}

/// `z = scale · x · y` or, with `accumulate`, `z += scale · x · y`. This is [`multiply`] for a block of a
/// larger matrix.
///
/// # Panics
/// If the shapes do not match.
#[expect(clippy::cast_possible_wrap, reason = "strides are at most the length of a slice")]
pub fn multiply_scaled<T: Real>(
    z: MatrixMut<'_, T>,
    scale: T,
    x: Matrix<'_, T>,
    y: Matrix<'_, T>,
    accumulate: bool,
    parallel: bool,
) {
    let MatrixMut { data: z, rows, columns, row_stride } = z;
    let (m, n, k) = (x.rows, y.columns, x.columns);
    assert_eq!(y.rows, k, "inner dimensions differ");
    assert_eq!((rows, columns), (m, n), "the output has another shape");
    if m == 0 || n == 0 {
        return;
    }
    if k == 0 {
        if !accumulate {
            z.chunks_mut(row_stride).take(m).for_each(|row| row[..n].fill(T::zero()));
        }
        return;
    }
    if small::is_small(m, n, k) {
        return small::multiply(MatrixMut { data: z, rows, columns, row_stride }, scale, x, y, accumulate);
    }
    let parallelism = if parallel { gemm::Parallelism::Rayon(0) } else { gemm::Parallelism::None };
    // SAFETY: the constructors checked that every (i, j) inside a shape lies in its slice, and the rows of z
    // do not overlap.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            z.as_mut_ptr(),
            1,
            row_stride as isize,
            accumulate,
            x.data.as_ptr(),
            x.column_stride as isize,
            x.row_stride as isize,
            y.data.as_ptr(),
            y.column_stride as isize,
            y.row_stride as isize,
            T::one(),
            scale,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_larger_matrices_are_multiplied_in_place() {
        // x [2, 3] at columns 1.. of rows of 5, y [3, 2] transposed from rows of 4, z [2, 2] in rows of 3
        let x: Vec<f64> = (0..10).map(f64::from).collect();
        let y: Vec<f64> = (0..8).map(|i| f64::from(i * i)).collect();
        let mut z = vec![1.0; 6];
        multiply_scaled(
            MatrixMut::strided(&mut z[1..], 2, 2, 3),
            0.5,
            Matrix::strided(&x[1..], 2, 3, 5),
            Matrix::strided(&y[1..], 2, 3, 4).transposed(),
            true,
            false,
        );
        let entry =
            |i: usize, j: usize| 1.0 + 0.5 * (0..3).map(|l| x[1 + 5 * i + l] * y[1 + 4 * j + l]).sum::<f64>();
        assert_eq!(z, [1.0, entry(0, 0), entry(0, 1), 1.0, entry(1, 0), entry(1, 1)]);
    }

    /// All shapes near the register size, all layouts, compared with the definition.
    #[test]
    fn small_products_are_what_they_say() {
        let numbers = |n: usize| (0..n).map(|i| (i * i % 11) as f64 - 4.0).collect::<Vec<_>>();
        for (m, n, k) in [(1, 1, 1), (3, 8, 5), (15, 15, 8), (4, 16, 32), (9, 17, 3), (6, 7, 33), (64, 16, 9)]
        {
            for (turned, accumulate) in [(false, false), (true, true)] {
                let (x, y) = (numbers(m * k), numbers(k * n));
                let mut z = vec![2.0; m * (n + 1)];
                let (a, b) = if turned {
                    (Matrix::new(&x, k, m).transposed(), Matrix::new(&y, n, k).transposed())
                } else {
                    (Matrix::new(&x, m, k), Matrix::new(&y, k, n))
                };
                multiply_scaled(MatrixMut::strided(&mut z, m, n, n + 1), 0.5, a, b, accumulate, false);
                for (i, z) in z.chunks(n + 1).enumerate() {
                    for j in 0..n {
                        let term = |l: usize| {
                            if turned { x[l * m + i] * y[j * k + l] } else { x[i * k + l] * y[l * n + j] }
                        };
                        let sum = 0.5 * (0..k).map(term).sum::<f64>();
                        assert_eq!(
                            z[j],
                            if accumulate { 2.0 + sum } else { sum },
                            "{m} × {n} × {k} at {i}, {j}"
                        );
                    }
                    assert_eq!(z[n], 2.0);
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "from 7 entries")]
    fn a_view_past_the_end_is_refused() {
        let _ = Matrix::strided(&[0.0_f64; 7], 2, 3, 5);
    }
}
