//! Ring arithmetic on small groups of entries, for recurrences. A step of a recurrence consists of a few ring
//! products on planes that stay in the L1 cache.
//!
//! A value is a slice of [`Lanes`], one per plane. All functions are inlined into the dispatched loop of the
//! caller.

use crate::calculus::real::Real;
use crate::calculus::ring::{Monomial, Ring, RingProduct};

/// Number of entries processed at a time: a few vector registers of any type.
pub const LANES: usize = 64;

/// One plane of a value on [`LANES`] entries.
pub type Lanes<T> = [T; LANES];

/// A value that is zero in all entries.
pub fn zeros<T: Real>(planes: usize) -> Vec<Lanes<T>> {
    vec![[T::zero(); LANES]; planes]
}

/// Number of entries copied at a time. Blocks of constant size compile to register moves, blocks of variable
/// size to function calls.
const COPIED: usize = 16;

/// Reads up to N entries. The remaining lanes are zero.
#[inline(always)]
pub fn load<T: Real, const N: usize>(lanes: &mut [T; N], entries: &[T]) {
    assert!(entries.len() <= N, "{} entries for {N} lanes", entries.len());
    let (from, rest) = entries.as_chunks::<COPIED>();
    let (to, _) = lanes.as_chunks_mut::<COPIED>();
    for (block, to) in to.iter_mut().enumerate() {
        *to = from.get(block).copied().unwrap_or([T::zero(); COPIED]);
    }
    if let Some(to) = to.get_mut(from.len()) {
        to.iter_mut().zip(rest).for_each(|(lane, &x)| *lane = x);
    }
}

/// Writes the first lanes, one per entry.
#[inline(always)]
pub fn store<T: Real, const N: usize>(entries: &mut [T], lanes: &[T; N]) {
    let (to, rest) = entries.as_chunks_mut::<COPIED>();
    let (from, _) = lanes.as_chunks::<COPIED>();
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    if let Some(from) = from.get(to.len()) {
        rest.iter_mut().zip(from).for_each(|(x, &lane)| *x = lane);
    }
}

/// `z_c = Σ x_a y_b` for the planes c of the products, which are sorted by c.
#[inline(always)]
pub fn multiply<T: Real>(products: &[RingProduct], z: &mut [Lanes<T>], x: &[Lanes<T>], y: &[Lanes<T>]) {
    for terms in products.chunk_by(|p, q| p.c == q.c) {
        let mut sum = [T::zero(); LANES];
        for &RingProduct { a, b, .. } in terms {
            let (x, y) = (&x[a], &y[b]);
            for l in 0..LANES {
                sum[l] = x[l].mul_add(y[l], sum[l]);
            }
        }
        z[terms[0].c] = sum;
    }
}

/// `z_c += Σ x_a y_b` for the planes c of the products, which are sorted by c.
#[inline(always)]
pub fn multiply_add<T: Real>(products: &[RingProduct], z: &mut [Lanes<T>], x: &[Lanes<T>], y: &[Lanes<T>]) {
    for terms in products.chunk_by(|p, q| p.c == q.c) {
        let mut sum = z[terms[0].c];
        for &RingProduct { a, b, .. } in terms {
            let (x, y) = (&x[a], &y[b]);
            for l in 0..LANES {
                sum[l] = x[l].mul_add(y[l], sum[l]);
            }
        }
        z[terms[0].c] = sum;
    }
}

/// `z_c += Σ x_a s_b` for the planes c of the products, where s is a ring element without lanes.
#[inline(always)]
pub fn multiply_add_scalar<T: Real>(products: &[RingProduct], z: &mut [Lanes<T>], x: &[Lanes<T>], s: &[T]) {
    for terms in products.chunk_by(|p, q| p.c == q.c) {
        let mut sum = z[terms[0].c];
        for &RingProduct { a, b, .. } in terms {
            let (x, s) = (&x[a], s[b]);
            for l in 0..LANES {
                sum[l] = x[l].mul_add(s, sum[l]);
            }
        }
        z[terms[0].c] = sum;
    }
}

/// `s_c += Σ x_a y_b`, also summed over the lanes, for the planes c of the products, which are sorted by c.
#[inline(always)]
pub fn add_dot<T: Real>(products: &[RingProduct], s: &mut [T], x: &[Lanes<T>], y: &[Lanes<T>]) {
    for terms in products.chunk_by(|p, q| p.c == q.c) {
        let mut sum = [T::zero(); LANES];
        for &RingProduct { a, b, .. } in terms {
            let (x, y) = (&x[a], &y[b]);
            for l in 0..LANES {
                sum[l] = x[l].mul_add(y[l], sum[l]);
            }
        }
        s[terms[0].c] += total(sum);
    }
}

/// The sum of all lanes by pairwise summation.
#[inline(always)]
fn total<T: Real>(mut lanes: Lanes<T>) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for l in 0..half {
            let other = lanes[l + half];
            lanes[l] += other;
        }
        half /= 2;
    }
    lanes[0]
}

/// Replaces the planes of x above 0 by those of f(x), given f' and f'' at plane 0. Plane 0 is unchanged.
#[inline(always)]
pub fn lift<T: Real>(ring: &Ring, x: &mut [Lanes<T>], d1: &Lanes<T>, d2: &Lanes<T>) {
    // in descending order, because planes of degree two depend on those of degree one
    for c in (1..x.len()).rev() {
        let mut z = x[c];
        for l in 0..LANES {
            z[l] *= d1[l];
        }
        if let Monomial::Second(i, j) = ring.monomial(c) {
            let scale = T::of(if i == j { 0.5 } else { 1.0 });
            let (u, v) = (&x[ring.first(i)], &x[ring.first(j)]);
            for l in 0..LANES {
                z[l] = (scale * d2[l] * u[l]).mul_add(v[l], z[l]);
            }
        }
        x[c] = z;
    }
}

#[cfg(test)]
mod tests {
    use super::{LANES, add_dot, lift, load, multiply, multiply_add, multiply_add_scalar, store, zeros};
    use crate::calculus::ring::Ring;

    #[test]
    fn products_and_lifts_follow_the_ring() {
        // planes 1 | ε | ε²
        let ring = Ring::new(1, 2);
        let (mut x, mut y, mut z) = (zeros::<f64>(3), zeros(3), zeros(3));
        for (plane, (a, b)) in [(2.0, 7.0), (3.0, 11.0), (5.0, 13.0)].into_iter().enumerate() {
            (x[plane], y[plane]) = ([a; LANES], [b; LANES]);
        }
        multiply(ring.products(), &mut z, &x, &y);
        assert_eq!([z[0][0], z[1][7], z[2][LANES - 1]], [14.0, 22.0 + 21.0, 26.0 + 33.0 + 35.0]);
        multiply_add(ring.products_up_to(1), &mut z, &x, &y);
        assert_eq!([z[0][0], z[1][7], z[2][0]], [28.0, 86.0, 94.0]);
        multiply_add_scalar(ring.products(), &mut z, &x, &[1.0, 1.0, 0.0]);
        assert_eq!([z[0][0], z[1][7], z[2][0]], [30.0, 91.0, 102.0]);
        let mut sums = [1.0; 3];
        add_dot(ring.products(), &mut sums, &x, &y);
        assert_eq!(sums, [1.0 + 64.0 * 14.0, 1.0 + 64.0 * 43.0, 1.0 + 64.0 * 94.0]);
        // x³ at 2 + 3ε + 5ε² is 8 + 36ε + (60 + 54)ε²
        lift(&ring, &mut x, &[12.0; LANES], &[12.0; LANES]);
        assert_eq!([x[1][0], x[2][LANES - 1]], [36.0, 114.0]);
    }

    #[test]
    fn lanes_beyond_the_entries_are_zero_and_not_written() {
        let mut lanes = [9.0; LANES];
        load(&mut lanes, &[1.0, 2.0]);
        assert_eq!((lanes[..3].to_vec(), lanes[LANES - 1]), (vec![1.0, 2.0, 0.0], 0.0));
        let mut entries = [0.0; 3];
        store(&mut entries[..2], &lanes);
        assert_eq!(entries, [1.0, 2.0, 0.0]);
    }
}
