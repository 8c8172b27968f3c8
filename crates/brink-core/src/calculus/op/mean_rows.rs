//! Mean of the rows of a sample.

use super::plane_wise::{EachPlane, PlaneWise};
use crate::calculus::kernel::{dispatch, row};
use crate::calculus::real::Real;
use crate::calculus::tape::{NodeId, Tape};

/// `z = mean of the rows of x`, per column.
#[derive(Clone, Copy, Debug)]
pub struct MeanRows {
    x: NodeId,
    rows: usize,
    columns: usize,
}

impl<T: Real> Tape<T> {
    /// The mean of the rows of a sample: `[rows, columns]` to `[1, columns]`.
    pub fn mean_rows(&mut self, x: NodeId) -> NodeId {
        let ((rows, columns), degree) = (self.shape(x), self.degree(x));
        self.push(Some(Box::new(EachPlane(MeanRows { x, rows, columns }))), 1, columns, degree)
    }
}

impl<T: Real> PlaneWise<T> for MeanRows {
    fn argument(&self) -> NodeId {
        self.x
    }

    fn apply(&self, x: &[T], z: &mut [T]) {
        struct Apply<'a, T>(MeanRows, &'a [T], &'a mut [T]);
        impl<T: Real> pulp::NullaryFnOnce for Apply<'_, T> {
            type Output = ();
            #[inline(always)]
            fn call(self) {
                let Self(MeanRows { rows, columns, .. }, x, z) = self;
                let share = T::of(1.0 / rows as f64);
                for (x, z) in x.chunks_exact(rows * columns).zip(z.chunks_exact_mut(columns)) {
                    z.fill(T::zero());
                    x.chunks_exact(columns).for_each(|x| row::add_scaled(z, share, x));
                }
            }
        }
        dispatch(Apply(*self, x, z));
    }

    fn apply_transposed(&self, z: &[T], x: &mut [T], accumulate: bool) {
        struct Apply<'a, T>(MeanRows, &'a [T], &'a mut [T], bool);
        impl<T: Real> pulp::NullaryFnOnce for Apply<'_, T> {
            type Output = ();
            #[inline(always)]
            fn call(self) {
                let Self(MeanRows { rows, columns, .. }, z, x, accumulate) = self;
                let share = T::of(1.0 / rows as f64);
                for (x, z) in x.chunks_exact_mut(rows * columns).zip(z.chunks_exact(columns)) {
                    for x in x.chunks_exact_mut(columns) {
                        row::put_scaled(x, share, z, accumulate);
                    }
                }
            }
        }
        dispatch(Apply(*self, z, x, accumulate));
    }
}

#[cfg(test)]
mod tests {
    use crate::calculus::function::Function;
    use crate::calculus::op::finite_difference::{check, numbers};
    use crate::calculus::tape::Tape;

    #[test]
    fn derivatives_match_finite_differences() {
        let mut tape = Tape::new();
        let x = tape.data(3, 2);
        let h = tape.linear("1", x, 4);
        let linear = tape.mean_rows(h);
        let h = tape.map(Function::Tanh, h);
        let h = tape.mean_rows(h);
        let f = tape.add(h, 1.0, linear);
        let (y, mask) = (tape.data(1, 4), tape.data(1, 1));
        tape.mean_squared_error(f, y, mask, 0.5);
        check(tape, &[(x, numbers(12)), (y, numbers(8)), (mask, vec![1.0; 2])], 2);
    }
}
