//! Average pooling of images.

use super::plane_wise::{EachPlane, PlaneWise};
use crate::calculus::kernel::patches::ImageShape;
use crate::calculus::kernel::{dispatch, row};
use crate::calculus::real::Real;
use crate::calculus::tape::{NodeId, Tape};

/// Mean over squares of `size × size` pixels per channel. Remaining pixels at the edges are dropped.
#[derive(Clone, Copy, Debug)]
pub struct AveragePool {
    x: NodeId,
    image: ImageShape,
    size: usize,
    channels: usize,
}

impl AveragePool {
    fn pooled(&self) -> ImageShape {
        ImageShape { height: self.image.height / self.size, width: self.image.width / self.size }
    }

    /// Calls `each` with the entries of an output pixel and the entries of the input pixels it averages.
    #[inline(always)]
    fn each(&self, mut each: impl FnMut(std::ops::Range<usize>, std::ops::Range<usize>)) {
        let (pooled, channels, size) = (self.pooled(), self.channels, self.size);
        for i in 0..pooled.height {
            for j in 0..pooled.width {
                let z = (i * pooled.width + j) * channels;
                for di in 0..size {
                    for dj in 0..size {
                        let x = ((i * size + di) * self.image.width + j * size + dj) * channels;
                        each(z..z + channels, x..x + channels);
                    }
                }
            }
        }
    }
}

impl<T: Real> Tape<T> {
    /// Mean over squares of `size × size` pixels, as in PyTorch's `AvgPool2d(size)`. Maps
    /// `[pixels, channels]` to fewer pixels.
    ///
    /// # Panics
    /// If the number of rows is not the number of pixels of the image.
    pub fn average_pool(&mut self, x: NodeId, image: ImageShape, size: usize) -> (NodeId, ImageShape) {
        let ((rows, channels), degree) = (self.shape(x), self.degree(x));
        assert_eq!(rows, image.pixels(), "a row a pixel");
        let pool = AveragePool { x, image, size, channels };
        let pooled = pool.pooled();
        (self.push(Some(Box::new(EachPlane(pool))), pooled.pixels(), channels, degree), pooled)
    }
}

impl<T: Real> PlaneWise<T> for AveragePool {
    fn argument(&self) -> NodeId {
        self.x
    }

    fn apply(&self, x: &[T], z: &mut [T]) {
        struct Apply<'a, T>(AveragePool, &'a [T], &'a mut [T]);
        impl<T: Real> pulp::NullaryFnOnce for Apply<'_, T> {
            type Output = ();
            #[inline(always)]
            fn call(self) {
                let Self(pool, x, z) = self;
                let share = T::of(1.0 / (pool.size * pool.size) as f64);
                let x = x.chunks_exact(pool.image.pixels() * pool.channels);
                for (x, z) in x.zip(z.chunks_exact_mut(pool.pooled().pixels() * pool.channels)) {
                    z.fill(T::zero());
                    pool.each(|at, from| row::add_scaled(&mut z[at], share, &x[from]));
                }
            }
        }
        dispatch(Apply(*self, x, z));
    }

    fn apply_transposed(&self, z: &[T], x: &mut [T], accumulate: bool) {
        struct Apply<'a, T>(AveragePool, &'a [T], &'a mut [T]);
        impl<T: Real> pulp::NullaryFnOnce for Apply<'_, T> {
            type Output = ();
            #[inline(always)]
            fn call(self) {
                let Self(pool, z, x) = self;
                let share = T::of(1.0 / (pool.size * pool.size) as f64);
                let x = x.chunks_exact_mut(pool.image.pixels() * pool.channels);
                for (x, z) in x.zip(z.chunks_exact(pool.pooled().pixels() * pool.channels)) {
                    pool.each(|at, from| row::add_scaled(&mut x[from], share, &z[at]));
                }
            }
        }
        if !accumulate {
            x.fill(T::zero());
        }
        dispatch(Apply(*self, z, x));
    }
}

#[cfg(test)]
mod tests {
    use crate::calculus::function::Function;
    use crate::calculus::kernel::patches::ImageShape;
    use crate::calculus::op::finite_difference::{check, numbers};
    use crate::calculus::tape::Tape;

    /// 5 × 4 pixels to 2 × 2, with one row dropped; then to one pixel.
    #[test]
    fn derivatives_match_finite_differences() {
        let mut tape = Tape::new();
        let x = tape.data(20, 1);
        let h = tape.linear("1", x, 3);
        let (h, image) = tape.average_pool(h, ImageShape { height: 5, width: 4 }, 2);
        assert_eq!((image.height, image.width), (2, 2));
        let g = tape.map(Function::Tanh, h);
        let (g, _) = tape.average_pool(g, image, 2);
        let h = tape.mean_rows(h);
        let f = tape.add(g, 1.0, h);
        let (y, mask) = (tape.data(1, 3), tape.data(1, 1));
        tape.mean_squared_error(f, y, mask, 0.5);
        check(tape, &[(x, numbers(40)), (y, numbers(6)), (mask, vec![1.0; 2])], 2);
    }
}
