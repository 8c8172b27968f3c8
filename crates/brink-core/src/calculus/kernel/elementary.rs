//! exp, tanh, normal distribution, logistic function and log1p as branch-free polynomials that vectorize.
//!
//! The relative error is a few units in the last place of the type, including in the tails. Non-finite
//! contract: NaN in, NaN out. The tails saturate, so that an infinite argument gives the limit if it exists.
//! Results below the smallest normal number are flushed to zero.

/// The elementary functions from which activation functions are built.
pub trait Elementary: Copy {
    /// eˣ.
    fn exponential(self) -> Self;
    /// (tanh x, 1 − tanh² x).
    fn tanh_and_derivative(self) -> (Self, Self);
    /// (Φ(x), φ(x)): distribution function and density of the standard normal distribution.
    fn normal(self) -> (Self, Self);
    /// (σ(x), σ(x)(1 − σ(x)), 1 − 2σ(x)) of the logistic function.
    fn logistic(self) -> (Self, Self, Self);
    /// log(1 + eˣ).
    fn softplus(self) -> Self;
}

/// Evaluates a polynomial. Coefficients start with the constant term.
macro_rules! polynomial {
    ($x:expr, $coefficients:expr) => {{
        let c = &$coefficients;
        let mut sum = c[c.len() - 1];
        let mut i = c.len() - 1;
        while i > 0 {
            i -= 1;
            sum = sum.mul_add($x, c[i]);
        }
        sum
    }};
}

macro_rules! elementary {
    (
        $t:ident, mantissa: $mantissa:literal, bias: $bias:literal, round: $round:literal,
        ln2: ($ln2_hi:literal, $ln2_lo:literal), exp_range: ($exp_lo:literal, $exp_hi:literal),
        tanh_limit: $tanh_limit:literal, normal_limit: $normal_limit:literal,
        expm1: $expm1:expr, atanh: $atanh:expr, mills: $mills:expr
    ) => {
        impl Elementary for $t {
            #[inline(always)]
            fn exponential(self) -> Self {
                // x = n ln 2 + r, |r| <= ln 2 / 2. Adding 1.5 * 2^mantissa rounds to an integer and leaves n
                // in the low bits. 2^n is applied as 2^(n - 1) * 2, so that the largest n does not overflow
                // early.
                let x = self.clamp($exp_lo, $exp_hi);
                let shifted = x.mul_add(std::$t::consts::LOG2_E, $round);
                let n = shifted - $round;
                let r = n.mul_add(-$ln2_lo, n.mul_add(-$ln2_hi, x));
                let half_scale = $t::from_bits(shifted.to_bits().wrapping_add($bias - 1) << $mantissa);
                let p = polynomial!(r, $expm1);
                (r.mul_add(p, 1.0) * half_scale) * 2.0
            }

            #[inline(always)]
            fn tanh_and_derivative(self) -> (Self, Self) {
                // tanh a = m / (m + 2) with m = e^(2a) - 1, a >= 0; m = 2^n (e^r - 1) + (2^n - 1).
                let a = self.abs();
                let a = if a > $tanh_limit { $tanh_limit } else { a };
                let x = 2.0 * a;
                let shifted = x.mul_add(std::$t::consts::LOG2_E, $round);
                let n = shifted - $round;
                let r = n.mul_add(-$ln2_lo, n.mul_add(-$ln2_hi, x));
                let scale = $t::from_bits(shifted.to_bits().wrapping_add($bias) << $mantissa);
                let m = scale.mul_add(r * polynomial!(r, $expm1), scale - 1.0);
                let q = 1.0 / (m + 2.0);
                let t = m * q;
                ((t).copysign(self), (2.0 * q) * (2.0 * (m + 1.0) * q))
            }

            #[inline(always)]
            fn normal(self) -> (Self, Self) {
                // Mills ratio Φ(-a)/φ(a) = q(y) / (1 + a), y = (a - 4)/(a + 4), a >= 0. The rounding error of
                // a² is compensated; otherwise the relative accuracy in the tails would degrade in proportion
                // to a².
                const INV_SQRT_TAU: $t =
                    0.5 * std::$t::consts::FRAC_2_SQRT_PI * std::$t::consts::FRAC_1_SQRT_2;
                let a = self.abs();
                let a = if a > $normal_limit { $normal_limit } else { a };
                let square = a * a;
                let lost = a.mul_add(a, -square);
                let phi = (-0.5 * square).exponential() * (INV_SQRT_TAU * (-0.5 as $t).mul_add(lost, 1.0));
                let (d, e) = (a + 4.0, a + 1.0);
                let inverse = 1.0 / (d * e);
                let y = (a - 4.0) * e * inverse;
                let tail = phi * (polynomial!(y, $mills) * d * inverse);
                (if self > 0.0 { 1.0 - tail } else { tail }, phi)
            }

            #[inline(always)]
            fn logistic(self) -> (Self, Self, Self) {
                let e = (-self.abs()).exponential();
                let large = 1.0 / (1.0 + e);
                let small = e * large;
                let tilt = (1.0 - e) * large;
                let positive = self > 0.0;
                (if positive { large } else { small }, small * large, if positive { -tilt } else { tilt })
            }

            #[inline(always)]
            fn softplus(self) -> Self {
                // log(1 + u) = log c + 2 atanh((1 + u - c)/(1 + u + c)) with c = 1 or 2, u = e^-|x| in (0, 1].
                let u = (-self.abs()).exponential();
                let upper = u > (std::$t::consts::SQRT_2 - 1.0);
                let numerator = if upper { u - 1.0 } else { u };
                let denominator = if upper { u + 3.0 } else { u + 2.0 };
                let s = numerator / denominator;
                let log = (2.0 * s) * polynomial!(s * s, $atanh);
                let log = if upper { log + std::$t::consts::LN_2 } else { log };
                log + if self < 0.0 { 0.0 } else { self }
            }
        }
    };
}

elementary! {
    f32, mantissa: 23, bias: 127, round: 12_582_912.0,
    ln2: (0.693_145_75, 1.428_606_8e-6), exp_range: (-87.6, 89.0),
    tanh_limit: 40.0, normal_limit: 14.5,
    expm1: [1.0_f32, 0.5, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0, 1.0 / 5040.0],
    atanh: [1.0_f32, 1.0 / 3.0, 1.0 / 5.0, 1.0 / 7.0, 1.0 / 9.0],
    mills: MILLS_F32
}

elementary! {
    f64, mantissa: 52, bias: 1023, round: 6_755_399_441_055_744.0,
    ln2: (0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10), exp_range: (-708.6, 709.9),
    tanh_limit: 300.0, normal_limit: 39.0,
    expm1: [
        1.0_f64, 0.5, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0, 1.0 / 5_040.0, 1.0 / 40_320.0, 1.0 / 362_880.0,
        1.0 / 3_628_800.0, 1.0 / 39_916_800.0, 1.0 / 479_001_600.0, 1.0 / 6_227_020_800.0,
    ],
    atanh: [
        1.0_f64, 1.0 / 3.0, 1.0 / 5.0, 1.0 / 7.0, 1.0 / 9.0, 1.0 / 11.0, 1.0 / 13.0, 1.0 / 15.0, 1.0 / 17.0, 1.0 / 19.0,
        1.0 / 21.0,
    ],
    mills: MILLS_F64
}

/// (1 + a)·Φ(−a)/φ(a) in powers of (a − 4)/(a + 4): interpolated at Chebyshev points, relative error 2.5e-09.
const MILLS_F32: [f32; 11] = [
    1.183_261_9,
    -0.242_399_65,
    0.035_091_884,
    0.071_689_65,
    -0.080_707_95,
    0.044_967_532,
    -0.012_538_508,
    -0.000_751_784_8,
    0.001_731_691_3,
    -0.000_167_285_31,
    -0.000_186_429_33,
];

/// (1 + a)·Φ(−a)/φ(a) in powers of (a − 4)/(a + 4): interpolated at Chebyshev points, relative error 9.7e-17.
const MILLS_F64: [f64; 22] = [
    1.183_261_914_567_803_4,
    -0.242_399_670_521_807_64,
    0.035_091_880_234_754_47,
    0.071_690_481_201_371_95,
    -0.080_708_009_679_504_21,
    0.044_959_129_079_481_05,
    -0.012_539_103_608_899_841,
    -0.000_715_950_943_475_535_2,
    0.001_741_848_628_397_114,
    -0.000_236_701_441_571_470_82,
    -0.000_220_214_519_790_730_63,
    5.326_545_368_105_833e-05,
    3.415_405_971_644_218e-05,
    -8.601_873_418_613_353e-06,
    -6.539_610_748_492_043e-06,
    1.012_412_644_883_970_7e-06,
    1.365_137_376_784_674e-06,
    2.480_176_190_022_868e-09,
    -2.569_481_134_591_266e-07,
    -4.473_795_176_800_698e-08,
    3.042_406_221_979_518e-08,
    1.026_042_339_496_897_7e-08,
];

#[cfg(test)]
mod tests {
    use super::Elementary;

    /// x, eˣ, tanh, sech², Φ, φ, σ, σ', log(1 + eˣ), computed with 40 digits.
    #[expect(clippy::unreadable_literal, reason = "printed by a program")]
    #[rustfmt::skip]
    const TABLE: [[f64; 9]; 13] = [
        [-30.5, 5.675685232632723e-14, -1.0, 1.2885361143970064e-26, 1.3029379131780763e-204, 3.97822342728212e-203, 5.6756852326324e-14, 5.6756852326320784e-14, 5.675685232632561e-14],
        [-12.0, 6.14421235332821e-06, -0.9999999999244973, 1.510053817597626e-10, 1.776482112077679e-33, 2.1463837356630605e-32, 6.144174602214718e-06, 6.1441368513331755e-06, 6.144193477732806e-06],
        [-8.25, 0.00026125855730166754, -0.9999998634879418, 2.7302409778230944e-07, 7.919726314642477e-17, 6.627137455968751e-16, 0.0002611903190957194, 0.0002611220987129301, 0.000261224435227779],
        [-5.125, 0.005946217356472094, -0.9999292874985165, 0.0001414200027091112, 1.4876887318776628e-07, 7.895907740693993e-07, 0.005911068856243796, 0.00587612812122054, 0.005928608376116492],
        [-3.0, 0.049787068367863944, -0.9950547536867305, 0.00986603716544019, 0.0013498980316300946, 0.0044318484119380075, 0.04742587317756678, 0.04517665973091213, 0.04858735157374206],
        [-1.6875, 0.18498139990730428, -0.9338280432225917, 0.12796518569106533, 0.04575362496174111, 0.09606150090511335, 0.1561048974454574, 0.13173615843900063, 0.16972707818315072],
        [-0.75, 0.4723665527410147, -0.6351489523872873, 0.5965858082813315, 0.2266273523768682, 0.30113743215480443, 0.320821300824607, 0.21789499376181404, 0.38687100611489994],
        [-0.0625, 0.9394130628134758, -0.062418746747512514, 0.9961039000544699, 0.47508233097075275, 0.3981638566868866, 0.48438008427698437, 0.24975601823280588, 0.6623853823577756],
        [-1e-09, 0.999999999, -1e-09, 1.0, 0.49999999960105773, 0.3989422804014327, 0.49999999975, 0.25, 0.6931471800599454],
        [0.25, 1.2840254166877414, 0.24491866240370913, 0.940014848806378, 0.5987063256829237, 0.3866681168028492, 0.5621765008857981, 0.24613408273759835, 0.8259394198788436],
        [1.0, std::f64::consts::E, 0.7615941559557649, 0.4199743416140261, 0.8413447460685429, 0.24197072451914334, 0.7310585786300049, 0.19661193324148185, 1.3132616875182228],
        [2.625, 13.804574186067095, 0.9895597486128832, 0.020771503925207394, 0.9956675516369874, 0.012724181596831433, 0.9324533088603709, 0.06298413565571666, 2.694936199644973],
        [6.0, 403.4287934927351, 0.9999877116507956, 2.4576547405332702e-05, 0.9999999990134123, 6.075882849823285e-09, 0.9975273768433652, 0.0024665092913600476, 6.00247568513773],
    ];

    #[test]
    fn double_precision_is_accurate_to_rounding() {
        for row in TABLE {
            let x = row[0];
            let ((tanh, sech_2), (cdf, pdf), (s, s1, _)) =
                (x.tanh_and_derivative(), x.normal(), x.logistic());
            let found = [x.exponential(), tanh, sech_2, cdf, pdf, s, s1, x.softplus()];
            for (i, (found, exact)) in found.iter().zip(&row[1..]).enumerate() {
                let error = ((found - exact) / exact).abs();
                assert!(error < 1.2e-15, "column {i} at {x}: relative error {error:e}");
            }
        }
    }

    #[test]
    #[expect(clippy::cast_possible_truncation, reason = "the table in single precision")]
    fn single_precision_is_accurate_to_rounding() {
        for row in TABLE.iter().filter(|row| row[0] > -12.5) {
            let x = row[0] as f32;
            let ((tanh, sech_2), (cdf, pdf), (s, s1, _)) =
                (x.tanh_and_derivative(), x.normal(), x.logistic());
            let found = [x.exponential(), tanh, sech_2, cdf, pdf, s, s1, x.softplus()];
            for (i, (found, exact)) in found.iter().zip(&row[1..]).enumerate() {
                let error = ((f64::from(*found) - exact) / exact).abs();
                assert!(error < 7e-7, "column {i} at {x}: relative error {error:e}");
            }
        }
    }

    #[test]
    fn tails_saturate() {
        assert_eq!([1000.0_f64.exponential(), (-1000.0_f64).exponential()], [f64::INFINITY, 0.0]);
        assert_eq!([100.0_f32.exponential(), (-100.0_f32).exponential()], [f32::INFINITY, 0.0]);
        assert!((f64::INFINITY.tanh_and_derivative().0 - 1.0).abs() <= f64::EPSILON);
        assert!((f32::NEG_INFINITY.tanh_and_derivative().0 + 1.0).abs() <= f32::EPSILON);
        assert_eq!((f64::NEG_INFINITY.normal().0, f64::INFINITY.normal().0), (0.0, 1.0));
        assert_eq!((800.0_f64.softplus(), (-800.0_f64).softplus()), (800.0, 0.0));
        assert!(
            f64::NAN.exponential().is_nan() && f64::NAN.normal().0.is_nan() && f64::NAN.logistic().0.is_nan()
        );
    }
}
