//! Softmax over the rows of a matrix, extended to the ring in place, and its adjoint.

use super::{dispatch, row};
use crate::calculus::real::Real;
use crate::calculus::ring::{Monomial, Ring, RingProduct};

/// Plane 0: replaces the first `columns` entries of the rows of `s` (with row stride `stride`) by softmax(s).
/// With `causal`, row i of each group of `rows` rows uses its first i + 1 entries only. All other entries are
/// set to 0.
pub fn primal<T: Real>(s: &mut [T], rows: usize, columns: usize, stride: usize, causal: bool) {
    struct Softmax<'a, T>(&'a mut [T], usize, usize, usize, bool);
    impl<T: Real> pulp::NullaryFnOnce for Softmax<'_, T> {
        type Output = ();
        #[inline(always)]
        fn call(self) {
            let Self(s, rows, columns, stride, causal) = self;
            for (r, s) in s.chunks_exact_mut(stride).enumerate() {
                let seen = if causal { (r % rows + 1).min(columns) } else { columns };
                // entire rows, whose length suits vector registers: masked entries evaluate to 0
                s[seen..].fill(T::neg_infinity());
                let top = row::max(s);
                for x in s.iter_mut() {
                    *x = (*x - top).exponential();
                }
                s[seen..].fill(T::zero());
                let inverse = T::one() / row::sum(s);
                for x in s {
                    *x *= inverse;
                }
            }
        }
    }
    dispatch(Softmax(s, rows, columns, stride, causal));
}

/// The planes above 0. On input `p` holds softmax(s) in plane 0 and s in the other planes; on output it holds
/// softmax(s) in all planes. Shape `[planes, rows, columns]`. Where plane 0 is 0, the result is 0 for any
/// finite number in the other planes.
///
/// Let `t` be the part of s above plane 0, shifted plane by plane to mean 0 under plane 0 of the result. Then
/// softmax(s) is `p (1 + t)`, where a plane of t of degree two includes the product of the planes of degree
/// one.
pub fn tangent<T: Real>(ring: &Ring, p: &mut [T], columns: usize) {
    struct Tangent<'a, T>(&'a Ring, &'a mut [T], usize);
    impl<T: Real> pulp::NullaryFnOnce for Tangent<'_, T> {
        type Output = ();
        #[inline(always)]
        fn call(self) {
            let Self(ring, p, columns) = self;
            let len = p.len() / ring.planes();
            let (p, s) = p.split_at_mut(len);
            for (r, p) in p.chunks_exact(columns).enumerate() {
                let at = |c: usize| (c - 1) * len + r * columns;
                for c in 1..ring.planes() {
                    let (first_degree, s) = s.split_at_mut(at(c));
                    let s = &mut s[..columns];
                    if let Monomial::Second(i, j) = ring.monomial(c) {
                        let (x, y) = (&first_degree[at(1 + i)..], &first_degree[at(1 + j)..]);
                        let weight = if i == j { T::of(0.5) } else { T::one() };
                        for (s, (&x, &y)) in s.iter_mut().zip(x.iter().zip(y)) {
                            *s = (weight * x).mul_add(y, *s);
                        }
                    }
                    let mean = row::dot(p, s);
                    row::shift(s, -mean);
                }
                for c in 1..ring.planes() {
                    row::multiply(&mut s[at(c)..][..columns], p);
                }
            }
        }
    }
    dispatch(Tangent(ring, p, columns));
}

/// Maps the adjoint of p = softmax(s) to the adjoint of s, `p (p̄ − ⟨p, p̄⟩)`, in place in all planes. Shapes
/// `[planes, rows, columns]`.
pub fn adjoint<T: Real>(ring: &Ring, p: &[T], bar: &mut [T], columns: usize) {
    struct Adjoint<'a, T>(&'a Ring, &'a [T], &'a mut [T], usize);
    impl<T: Real> pulp::NullaryFnOnce for Adjoint<'_, T> {
        type Output = ();
        #[inline(always)]
        fn call(self) {
            let Self(ring, p, bar, columns) = self;
            let len = p.len() / ring.planes();
            let mut means = vec![T::zero(); ring.planes()];
            for start in (0..len).step_by(columns) {
                let at = |c: usize| c * len + start..c * len + start + columns;
                means.fill(T::zero());
                for &RingProduct { c, a, b } in ring.products() {
                    means[c] += row::dot(&p[at(a)], &bar[at(b)]);
                }
                for (c, &mean) in means.iter().enumerate() {
                    row::shift(&mut bar[at(c)], -mean);
                }
                // in descending order, because each plane depends on the lower ones
                for &RingProduct { c, a, b } in ring.products().iter().rev() {
                    if b == c {
                        continue;
                    }
                    let (before, own) = bar.split_at_mut(c * len);
                    let own = &mut own[start..start + columns];
                    // the plane is first scaled by its own term, then the other terms are added
                    if a == c {
                        row::multiply(own, &p[at(0)]);
                    }
                    row::add_product(own, &p[at(a)], &before[at(b)]);
                }
                row::multiply(&mut bar[at(0)], &p[at(0)]);
            }
        }
    }
    assert_eq!(p.len(), bar.len());
    dispatch(Adjoint(ring, p, bar, columns));
}
