//! Vectorized loops over slices: assignments, sums, comparisons.

use super::{dispatch, row};
use crate::calculus::real::Real;

/// `y += x`, elementwise.
pub fn add<T: Real>(y: &mut [T], x: &[T]) {
    struct Add<'a, T>(&'a mut [T], &'a [T]);
    impl<T: Real> pulp::NullaryFnOnce for Add<'_, T> {
        type Output = ();
        #[inline(always)]
        fn call(self) {
            row::add(self.0, self.1);
        }
    }
    assert_eq!(y.len(), x.len());
    dispatch(Add(y, x));
}

/// `y = s x` or, with `accumulate`, `y += s x`, elementwise.
pub fn scale<T: Real>(y: &mut [T], s: T, x: &[T], accumulate: bool) {
    struct Scale<'a, T>(&'a mut [T], T, &'a [T], bool);
    impl<T: Real> pulp::NullaryFnOnce for Scale<'_, T> {
        type Output = ();
        #[inline(always)]
        fn call(self) {
            let Self(y, s, x, accumulate) = self;
            row::put_scaled(y, s, x, accumulate);
        }
    }
    assert_eq!(y.len(), x.len());
    dispatch(Scale(y, s, x, accumulate));
}

/// `z = x + s y`, elementwise.
pub fn weighted_sum<T: Real>(z: &mut [T], x: &[T], s: T, y: &[T]) {
    struct Sum<'a, T>(&'a mut [T], &'a [T], T, &'a [T]);
    impl<T: Real> pulp::NullaryFnOnce for Sum<'_, T> {
        type Output = ();
        #[inline(always)]
        fn call(self) {
            let Self(z, x, s, y) = self;
            for (z, (&x, &y)) in z.iter_mut().zip(x.iter().zip(y)) {
                *z = s.mul_add(y, x);
            }
        }
    }
    assert_eq!((z.len(), z.len()), (x.len(), y.len()));
    dispatch(Sum(z, x, s, y));
}

/// Sums the rows of a matrix: `sum[j] = Σ_r rows[r, j]`, added if `accumulate`. Shapes `[cols]`, `[n, cols]`.
pub fn sum_rows<T: Real>(sum: &mut [T], rows: &[T], accumulate: bool) {
    struct SumRows<'a, T>(&'a mut [T], &'a [T]);
    impl<T: Real> pulp::NullaryFnOnce for SumRows<'_, T> {
        type Output = ();
        #[inline(always)]
        fn call(self) {
            self.1.chunks_exact(self.0.len()).for_each(|row| row::add(self.0, row));
        }
    }
    if !accumulate {
        sum.fill(T::zero());
    }
    if !sum.is_empty() {
        dispatch(SumRows(sum, rows));
    }
}

/// Whether two slices have equal values. NaN is unequal to everything.
pub fn equal<T: Real>(x: &[T], y: &[T]) -> bool {
    // branch-free counting within blocks vectorizes
    let same = |x: &[T], y: &[T]| x.iter().zip(y).map(|(a, b)| u32::from(a != b)).sum::<u32>() == 0;
    x.len() == y.len() && x.chunks(1024).zip(y.chunks(1024)).all(|(x, y)| same(x, y))
}
