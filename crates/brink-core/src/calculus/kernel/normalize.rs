//! Shared part of the normalizations: the factor that scales a group to unit size, extended to the ring.
//!
//! A group y (centred or not) is multiplied by a function of its mean square. Let q be this factor at plane
//! 0, `ŷ = q y`, and `t` the part of the mean of ŷ² above plane 0. Then the factor is `q h(t)` with
//! `h(0) = 1`, and h does not depend on the scale of the group.

use crate::calculus::real::Real;
use crate::calculus::ring::{Monomial, Ring};

/// `h'(0), h''(0), h'''(0)` of `h(t) = (1 + t)^(-½)`, which belongs to `q = 1/√(mean square + ε)`.
#[inline(always)]
pub fn inverse_root<T: Real>() -> [T; 3] {
    [T::of(-0.5), T::of(0.75), T::of(-1.875)]
}

/// `h'(0), h''(0), h'''(0)` for `q = 1/(√(mean square) + ε)`, with `p = q √(mean square)`.
#[inline(always)]
pub fn inverse_deviation<T: Real>(p: T) -> [T; 3] {
    let inverse = T::one() / p;
    let (second, third) = (inverse * inverse, inverse * inverse * inverse);
    [
        T::of(-0.5) * inverse,
        T::of(0.5) * second + T::of(0.25) * third,
        third * (T::of(-0.75) - T::of(0.75) * inverse - T::of(0.375) * second),
    ]
}

/// The planes of h(t). Shapes `[planes]`; `t[0]` is not read.
#[inline(always)]
pub fn factor<T: Real>(ring: &Ring, h: [T; 3], t: &[T], factor: &mut [T]) {
    lift(ring, [T::one(), h[0], h[1]], t, factor);
}

/// The planes of h'(t). Shapes `[planes]`; `t[0]` is not read.
#[inline(always)]
pub fn slope<T: Real>(ring: &Ring, h: [T; 3], t: &[T], slope: &mut [T]) {
    lift(ring, h, t, slope);
}

/// `f[0] + f[1] t + ½ f[2] t²`.
#[inline(always)]
fn lift<T: Real>(ring: &Ring, f: [T; 3], t: &[T], out: &mut [T]) {
    for (c, out) in out.iter_mut().enumerate() {
        *out = match ring.monomial(c) {
            Monomial::One => f[0],
            Monomial::First(_) => f[1] * t[c],
            Monomial::Second(i, j) => {
                let square = t[1 + i] * t[1 + j];
                f[1].mul_add(t[c], f[2] * if i == j { T::of(0.5) * square } else { square })
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The derivatives of h compared with finite differences of q(v) = 1/(√v + ε) at a deviation near ε.
    #[test]
    fn the_factor_has_the_right_derivatives() {
        let (v, epsilon) = (0.3_f64, 0.2);
        let q = |v: f64| 1.0 / (v.sqrt() + epsilon);
        let p = q(v) * v.sqrt();
        let h = |t: f64| q(v + t / (q(v) * q(v))) / q(v);
        let step = 1e-3;
        let found = inverse_deviation(p);
        let second = (h(step) - 2.0 + h(-step)) / (step * step);
        let third = (h(2.0 * step) - 2.0 * h(step) + 2.0 * h(-step) - h(-2.0 * step)) / (2.0 * step.powi(3));
        assert!((found[0] - (h(step) - h(-step)) / (2.0 * step)).abs() < 1e-4);
        assert!((found[1] - second).abs() < 1e-4, "{} {second}", found[1]);
        assert!((found[2] - third).abs() < 1e-3, "{} {third}", found[2]);
        assert_eq!(inverse_deviation(1.0), inverse_root::<f64>());
    }
}
