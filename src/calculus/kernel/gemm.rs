//! Matrix products on strided views, with bounds checked before the unsafe call.

use crate::calculus::Real;

/// A strided view of a matrix: entry (i, j) is `data[i * row_stride + j * column_stride]`.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, T> {
    data: &'a [T],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// A row-major matrix.
    ///
    /// # Panics
    /// If `data` is shorter than the shape asks for: that is a defect of the caller.
    pub fn new(data: &'a [T], rows: usize, columns: usize) -> Self {
        assert!(data.len() >= rows * columns, "{rows} × {columns} from {} entries", data.len());
        Self { data, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// Its transpose: the same entries, read the other way.
    pub fn transposed(self) -> Self {
        Self {
            data: self.data,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }
}

/// `z = x · y` or, with `accumulate`, `z += x · y`, where z is row-major and contiguous.
///
/// With `parallel` the output is tiled over the thread pool; each entry is still summed in the same order, so the
/// result does not depend on the number of threads.
///
/// # Panics
/// If the shapes do not fit: that is a defect of the caller.
#[expect(clippy::cast_possible_wrap, reason = "strides are at most the length of a slice")]
pub fn multiply<T: Real>(z: &mut [T], x: Matrix<'_, T>, y: Matrix<'_, T>, accumulate: bool, parallel: bool) {
    let (m, n, k) = (x.rows, y.columns, x.columns);
    assert_eq!(y.rows, k, "inner dimensions differ");
    assert_eq!(z.len(), m * n, "the output holds {m} × {n}");
    if m == 0 || n == 0 {
        return;
    }
    if k == 0 {
        if !accumulate {
            z.fill(T::zero());
        }
        return;
    }
    let parallelism = if parallel { gemm::Parallelism::Rayon(0) } else { gemm::Parallelism::None };
    // SAFETY: `Matrix::new` checked that every (i, j) inside its shape lies in its slice, and z holds m × n entries.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            z.as_mut_ptr(),
            1,
            n as isize,
            accumulate,
            x.data.as_ptr(),
            x.column_stride as isize,
            x.row_stride as isize,
            y.data.as_ptr(),
            y.column_stride as isize,
            y.row_stride as isize,
            T::one(),
            T::one(),
            false,
            false,
            false,
            parallelism,
        );
    }
}
