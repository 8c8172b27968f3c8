//! Elementwise products of two values over the ring.

use super::dispatch;
use super::elementwise::run_tasks;
use crate::calculus::real::Real;
use crate::calculus::ring::{Ring, RingProduct};

/// Number of entries processed in all planes before the next block; a block fits in the L1 cache.
const BLOCK: usize = 512;

/// All planes of a value. The number of planes above 0 can be smaller than that of the ring.
#[derive(Clone, Copy, Debug)]
pub struct Stack<'a, T> {
    /// Plane 0. Shape `[n]`.
    pub primal: &'a [T],
    /// The planes above 0. Shape `[≤ planes − 1, n]`.
    pub tangents: &'a [T],
}

impl<'a, T> Stack<'a, T> {
    /// A range of entries of a plane; `None` if the plane vanishes.
    #[inline(always)]
    fn get(self, plane: usize, first: usize, n: usize) -> Option<&'a [T]> {
        if plane == 0 {
            return Some(&self.primal[first..first + n]);
        }
        let start = (plane - 1) * self.primal.len() + first;
        self.tangents.get(start..start + n)
    }
}

/// Sections of the planes of the result for one task, starting at entry `first`.
struct Multiply<'a, 'b, T> {
    products: &'a [RingProduct],
    x: Stack<'a, T>,
    y: Stack<'a, T>,
    first: usize,
    first_plane: usize,
    z: &'a mut [&'b mut [T]],
    accumulate: bool,
}

impl<T: Real> pulp::NullaryFnOnce for Multiply<'_, '_, T> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { products, x, y, first, first_plane, z, accumulate } = self;
        let total = z[0].len();
        let mut done = 0;
        while done < total {
            let n = BLOCK.min(total - done);
            for terms in products.chunk_by(|p, q| p.c == q.c) {
                let Some(z) = terms[0].c.checked_sub(first_plane).and_then(|c| z.get_mut(c)) else {
                    continue;
                };
                let z = &mut z[done..done + n];
                let mut accumulate = accumulate;
                for &RingProduct { a, b, .. } in terms {
                    let (Some(x), Some(y)) = (x.get(a, first + done, n), y.get(b, first + done, n)) else {
                        continue;
                    };
                    if accumulate {
                        for i in 0..n {
                            z[i] = x[i].mul_add(y[i], z[i]);
                        }
                    } else {
                        for i in 0..n {
                            z[i] = x[i] * y[i];
                        }
                    }
                    accumulate = true;
                }
                if !accumulate {
                    z.fill(T::zero());
                }
            }
            done += n;
        }
    }
}

/// The planes of x · y from `first_plane`, as many as z holds; with `accumulate` the planes of `z + x · y`.
///
/// # Panics
/// If the sizes of x, y and z differ.
pub fn multiply<T: Real>(
    ring: &Ring,
    x: Stack<'_, T>,
    y: Stack<'_, T>,
    z: &mut [T],
    first_plane: usize,
    accumulate: bool,
    parallel: bool,
) {
    let (len, products) = (x.primal.len(), ring.products());
    assert_eq!(y.primal.len(), len);
    assert!(z.len() <= (ring.planes() - first_plane) * len && z.len().is_multiple_of(len.max(1)));
    run_tasks(z, len, parallel, |first, z| {
        dispatch(Multiply { products, x, y, first, first_plane, z, accumulate });
    });
}
