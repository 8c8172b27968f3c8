//! Short loops over one row, to be inlined into a kernel that runs in [`super::dispatch`].

use crate::calculus::real::Real;

/// Number of independent partial sums, so that a sum fills vector registers.
const LANES: usize = 16;

/// `Σ x_i`.
#[inline(always)]
pub fn sum<T: Real>(x: &[T]) -> T {
    let (blocks, rest) = x.as_chunks::<LANES>();
    let mut lanes = [T::zero(); LANES];
    for block in blocks {
        for (lane, &x) in lanes.iter_mut().zip(block) {
            *lane += x;
        }
    }
    let rest = rest.iter().fold(T::zero(), |sum, &x| sum + x);
    if blocks.is_empty() { rest } else { rest + total(lanes) }
}

/// The largest `x_i`, or −∞ for an empty row. NaN is ignored.
#[inline(always)]
pub fn max<T: Real>(x: &[T]) -> T {
    let larger = |x: T, y: T| if y > x { y } else { x };
    let (blocks, rest) = x.as_chunks::<LANES>();
    let mut lanes = [T::neg_infinity(); LANES];
    for block in blocks {
        for (lane, &x) in lanes.iter_mut().zip(block) {
            *lane = larger(*lane, x);
        }
    }
    let rest = rest.iter().fold(T::neg_infinity(), |top, &x| larger(top, x));
    lanes.into_iter().fold(rest, larger)
}

/// `Σ x_i y_i`.
#[inline(always)]
pub fn dot<T: Real>(x: &[T], y: &[T]) -> T {
    let ((xs, x_rest), (ys, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    let mut lanes = [T::zero(); LANES];
    for (x, y) in xs.iter().zip(ys) {
        for (lane, (&x, &y)) in lanes.iter_mut().zip(x.iter().zip(y)) {
            *lane = x.mul_add(y, *lane);
        }
    }
    let rest = x_rest.iter().zip(y_rest).fold(T::zero(), |sum, (&x, &y)| x.mul_add(y, sum));
    if xs.is_empty() { rest } else { rest + total(lanes) }
}

#[inline(always)]
fn total<T: Real>(mut lanes: [T; LANES]) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            let other = lanes[i + half];
            lanes[i] += other;
        }
        half /= 2;
    }
    lanes[0]
}

/// `x += s`.
#[inline(always)]
pub fn shift<T: Real>(x: &mut [T], s: T) {
    for x in x {
        *x += s;
    }
}

/// `x *= y`, elementwise.
#[inline(always)]
pub fn multiply<T: Real>(x: &mut [T], y: &[T]) {
    for (x, &y) in x.iter_mut().zip(y) {
        *x *= y;
    }
}

/// `y += s x`.
#[inline(always)]
pub fn add_scaled<T: Real>(y: &mut [T], s: T, x: &[T]) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = s.mul_add(x, *y);
    }
}

/// `y = s x` or, with `accumulate`, `y += s x`.
#[inline(always)]
pub fn put_scaled<T: Real>(y: &mut [T], s: T, x: &[T], accumulate: bool) {
    if accumulate {
        add_scaled(y, s, x);
    } else {
        y.iter_mut().zip(x).for_each(|(y, &x)| *y = s * x);
    }
}

/// `z += x y`, elementwise.
#[inline(always)]
pub fn add_product<T: Real>(z: &mut [T], x: &[T], y: &[T]) {
    for (z, (&x, &y)) in z.iter_mut().zip(x.iter().zip(y)) {
        *z = x.mul_add(y, *z);
    }
}

/// `y += x`.
#[inline(always)]
pub fn add<T: Real>(y: &mut [T], x: &[T]) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y += x;
    }
}

#[cfg(test)]
mod tests {
    use super::{dot, max, sum};

    #[test]
    fn sums_of_any_length_are_right() {
        for n in [0, 1, 15, 16, 17, 40, 64] {
            let x: Vec<f64> = (0..n).map(f64::from).collect();
            let n = f64::from(n);
            assert_eq!(sum(&x), n * (n - 1.0) / 2.0);
            assert_eq!(max(&x), if n == 0.0 { f64::NEG_INFINITY } else { n - 1.0 });
            assert_eq!(dot(&x, &x), (n - 1.0) * n * (2.0 * n - 1.0) / 6.0);
        }
    }
}
