//! Elementwise functions with derivatives up to order three.

use super::real::Real;

/// An elementwise function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// GELU, `x Φ(x)`, in its exact (erf) form.
    Gelu,
    /// SiLU, `x σ(x)`.
    Silu,
    /// Hyperbolic tangent, `tanh x`.
    Tanh,
    /// ReLU, `max(x, 0)`. It has no derivative at 0, and its higher derivatives miss the kink.
    Relu,
    /// Softplus, `log(1 + eˣ)`.
    Softplus,
}

/// An elementwise function as a type, so that loops are monomorphized for it.
pub trait Elementwise: Copy + Send + Sync {
    /// Value and derivatives `[f, f', f'', f''']` at x.
    fn tower<T: Real>(x: T) -> [T; 4];
}

/// [`Function::Gelu`] as a type.
#[derive(Clone, Copy, Debug)]
pub struct Gelu;
/// [`Function::Silu`] as a type.
#[derive(Clone, Copy, Debug)]
pub struct Silu;
/// [`Function::Tanh`] as a type.
#[derive(Clone, Copy, Debug)]
pub struct Tanh;
/// [`Function::Relu`] as a type.
#[derive(Clone, Copy, Debug)]
pub struct Relu;
/// [`Function::Softplus`] as a type.
#[derive(Clone, Copy, Debug)]
pub struct Softplus;

impl Elementwise for Gelu {
    #[inline(always)]
    fn tower<T: Real>(x: T) -> [T; 4] {
        let (cdf, pdf) = x.normal();
        let square = x * x;
        [x * cdf, x.mul_add(pdf, cdf), (T::of(2.0) - square) * pdf, (square - T::of(4.0)) * (x * pdf)]
    }
}

impl Elementwise for Silu {
    #[inline(always)]
    fn tower<T: Real>(x: T) -> [T; 4] {
        let (s, s1, tilt) = x.logistic();
        let s2 = s1 * tilt;
        let s3 = s1 * T::of(-6.0).mul_add(s1, T::one());
        [x * s, x.mul_add(s1, s), x.mul_add(s2, s1 + s1), x.mul_add(s3, T::of(3.0) * s2)]
    }
}

impl Elementwise for Tanh {
    #[inline(always)]
    fn tower<T: Real>(x: T) -> [T; 4] {
        let (t, d) = x.tanh_and_derivative();
        [t, d, T::of(-2.0) * t * d, d * (T::of(6.0) * t).mul_add(t, T::of(-2.0))]
    }
}

impl Elementwise for Relu {
    #[inline(always)]
    fn tower<T: Real>(x: T) -> [T; 4] {
        // this form propagates NaN
        let off = x <= T::zero();
        [if off { T::zero() } else { x }, if off { T::zero() } else { T::one() }, T::zero(), T::zero()]
    }
}

impl Elementwise for Softplus {
    #[inline(always)]
    fn tower<T: Real>(x: T) -> [T; 4] {
        let (s, s1, tilt) = x.logistic();
        [x.softplus(), s, s1, s1 * tilt]
    }
}

impl Function {
    /// Value and derivatives `[f, f', f'', f''']` at x.
    pub fn tower<T: Real>(self, x: T) -> [T; 4] {
        match self {
            Self::Gelu => Gelu::tower(x),
            Self::Silu => Silu::tower(x),
            Self::Tanh => Tanh::tower(x),
            Self::Relu => Relu::tower(x),
            Self::Softplus => Softplus::tower(x),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Function;

    const ALL: [Function; 5] =
        [Function::Gelu, Function::Silu, Function::Tanh, Function::Relu, Function::Softplus];

    #[test]
    fn each_derivative_is_the_slope_of_the_one_before() {
        for function in ALL {
            for i in -60..=60 {
                let x = f64::from(i) * 0.15 + 0.05;
                let h = 1e-4;
                let (plus, minus, at) = (function.tower(x + h), function.tower(x - h), function.tower(x));
                for order in 0..3 {
                    let slope = (plus[order] - minus[order]) / (2.0 * h);
                    assert!((slope - at[order + 1]).abs() < 1e-7, "{function:?} order {order} at {x}");
                }
            }
        }
    }

    #[test]
    fn single_precision_agrees_with_double() {
        for function in ALL {
            for i in -400..=400 {
                #[expect(clippy::cast_precision_loss, reason = "small integers")]
                let x = i as f32 * 0.05;
                let (single, double) = (function.tower(x), function.tower(f64::from(x)));
                for (s, d) in single.iter().zip(double) {
                    assert!(
                        (f64::from(*s) - d).abs() <= 1e-6 * d.abs().max(0.5),
                        "{function:?} at {x}: {s} for {d}"
                    );
                }
            }
        }
    }

    #[test]
    fn nan_passes_through() {
        for function in ALL {
            assert!(
                function.tower(f64::NAN)[0].is_nan() && function.tower(f32::NAN)[0].is_nan(),
                "{function:?}"
            );
        }
    }
}
