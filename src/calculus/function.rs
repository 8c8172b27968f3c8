//! Elementwise functions with f, f', f'', f''' in one pass.

use super::Real;

/// An elementwise function of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// `x Φ(x)`, the exact (erf) one.
    Gelu,
    /// `x σ(x)`.
    Silu,
    /// `tanh x`.
    Tanh,
    /// `max(x, 0)`: no derivative at 0, and a second and third one that miss the kink.
    Relu,
    /// `log(1 + eˣ)`.
    Softplus,
}

/// A function as a type, so that loops over it are compiled for it.
pub trait Elementwise: Copy + Send + Sync {
    /// `[f, f', f'', f''']` at x.
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
        // written so that NaN passes through
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
    /// `[f, f', f'', f''']` at one point.
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
