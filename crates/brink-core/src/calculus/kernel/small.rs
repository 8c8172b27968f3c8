//! Products of small matrices, such as those of narrow attention heads. For these sizes the setup of a
//! general matrix product (blocking, packing, memory) costs more than the product itself.

use super::dispatch;
use super::matrix::{Matrix, MatrixMut};
use crate::calculus::real::Real;

/// Largest number of columns of the result; they are accumulated in registers.
const COLUMNS: usize = 16;
/// Half of [`COLUMNS`].
const HALF: usize = COLUMNS / 2;
/// Largest number of terms per entry.
const TERMS: usize = 32;
/// Number of rows of the result that are accumulated simultaneously.
const ROWS: usize = 4;
/// Number of multiply–adds above which the general product is faster.
const WORK: usize = 1 << 13;

/// Whether a product of `[rows, terms]` by `[terms, columns]` is small.
pub(super) fn is_small(rows: usize, columns: usize, terms: usize) -> bool {
    columns <= COLUMNS && terms <= TERMS && rows * columns * terms <= WORK
}

struct Multiply<'a, T> {
    z: MatrixMut<'a, T>,
    scale: T,
    x: Matrix<'a, T>,
    y: Matrix<'a, T>,
    accumulate: bool,
}

impl<T: Real> pulp::NullaryFnOnce for Multiply<'_, T> {
    type Output = ();
    #[inline(always)]
    fn call(mut self) {
        let y = self.y;
        let mut panel = [[T::zero(); COLUMNS]; TERMS];
        let panel = &mut panel[..y.rows];
        for (l, panel) in panel.iter_mut().enumerate() {
            let from = &y.data[l * y.row_stride..];
            if y.column_stride > 1 {
                let from = from.iter().step_by(y.column_stride).take(y.columns);
                panel.iter_mut().zip(from).for_each(|(p, &y)| *p = y);
            } else if let Some(from) = from.first_chunk::<COLUMNS>().filter(|_| y.columns == COLUMNS) {
                *panel = *from;
            } else if let Some(from) = from.first_chunk::<HALF>().filter(|_| y.columns == HALF) {
                panel[..HALF].copy_from_slice(from);
            } else {
                panel.iter_mut().zip(&from[..y.columns]).for_each(|(p, &y)| *p = y);
            }
        }
        let (rows, mut i) = (self.x.rows, 0);
        while i + ROWS <= rows {
            self.rows::<ROWS>(i, panel);
            i += ROWS;
        }
        while i < rows {
            self.rows::<1>(i, panel);
            i += 1;
        }
    }
}

impl<T: Real> Multiply<'_, T> {
    /// R rows of the result, starting at row i.
    #[inline(always)]
    fn rows<const R: usize>(&mut self, i: usize, panel: &[[T; COLUMNS]]) {
        let Self { z, scale, x, y, accumulate } = self;
        let rows: [&[T]; R] = std::array::from_fn(|r| &x.data[(i + r) * x.row_stride..]);
        let mut sums = [[T::zero(); COLUMNS]; R];
        for (l, y) in panel.iter().enumerate() {
            for (sums, row) in sums.iter_mut().zip(&rows) {
                // SAFETY: a Matrix contains entry (i + r, l), because the panel has x.columns rows.
                let x = unsafe { *row.get_unchecked(l * x.column_stride) };
                for j in 0..COLUMNS {
                    sums[j] = x.mul_add(y[j], sums[j]);
                }
            }
        }
        for (r, mut sums) in sums.into_iter().enumerate() {
            let z = &mut z.data[(i + r) * z.row_stride..][..y.columns];
            for sum in &mut sums {
                *sum *= *scale;
            }
            // rows of known length are written as registers, others in pieces of known length
            if let Ok(z) = <&mut [T; COLUMNS]>::try_from(&mut *z) {
                put(z, &sums, *accumulate);
                continue;
            }
            let (z, sums) = put_piece::<T, 8>(z, &sums, *accumulate);
            let (z, sums) = put_piece::<T, 4>(z, sums, *accumulate);
            let (z, sums) = put_piece::<T, 2>(z, sums, *accumulate);
            put_piece::<T, 1>(z, sums, *accumulate);
        }
    }
}

/// Writes or adds the first N entries if the slice is long enough, and returns the rest of the slice.
#[inline(always)]
fn put_piece<'a, 'b, T: Real, const N: usize>(
    z: &'a mut [T],
    sums: &'b [T],
    accumulate: bool,
) -> (&'a mut [T], &'b [T]) {
    if z.len() < N {
        return (z, sums);
    }
    let (piece, z) = z.split_at_mut(N);
    let (sum, sums) = sums.split_at(N);
    if let (Ok(piece), Ok(sum)) = (piece.try_into(), sum.try_into()) {
        put::<T, N>(piece, sum, accumulate);
    }
    (z, sums)
}

/// Writes or adds a row of known length.
#[inline(always)]
fn put<T: Real, const N: usize>(z: &mut [T; N], sums: &[T; N], accumulate: bool) {
    for j in 0..N {
        z[j] = if accumulate { z[j] + sums[j] } else { sums[j] };
    }
}

/// `z = scale · x · y` or, with `accumulate`, `z += scale · x · y`, for a size with [`is_small`].
pub(super) fn multiply<T: Real>(
    z: MatrixMut<'_, T>,
    scale: T,
    x: Matrix<'_, T>,
    y: Matrix<'_, T>,
    accumulate: bool,
) {
    assert!(x.columns == y.rows && is_small(x.rows, y.columns, x.columns), "a small product");
    dispatch(Multiply { z, scale, x, y, accumulate });
}
