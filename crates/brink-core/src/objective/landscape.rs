//! Closed-form losses of two parameters, for checking the dynamics by hand.
//!
//! Losses are evaluated in f64 for any precision of the weights and then rounded.

use serde::{Deserialize, Serialize};

use super::Objective;
use crate::calculus::block::pair_index;
use crate::calculus::{Block, Real};

/// A two-parameter loss L(x, y).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Landscape {
    /// `½(1 − xy)²`: a valley along the hyperbola xy = 1. The sharpness along the valley, x² + y², is
    /// smallest at (1, 1).
    Hyperbola,
    /// `½(1 − xy)² + c(x − x0)²`: the same valley with a tilt, so that gradient flow moves towards x = x0 and
    /// the sharpness increases.
    TiltedHyperbola {
        /// Weight of the tilt, c ≥ 0.
        #[serde(default = "default_tilt")]
        c: f64,
        /// Position x0 of the minimum of the tilt.
        #[serde(default = "default_target")]
        x0: f64,
    },
    /// `(1 − a x² − y²)²`: a ring-shaped valley. The sharpness varies along the ring if a ≠ 1.
    Ellipse {
        /// Eccentricity a > 0 of the ring.
        #[serde(default = "default_eccentricity")]
        a: f64,
    },
}

fn default_tilt() -> f64 {
    0.005
}

fn default_target() -> f64 {
    3.0
}

fn default_eccentricity() -> f64 {
    0.5
}

/// All partial derivatives up to order three at one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jet {
    /// Value L.
    pub value: f64,
    /// First derivatives L_x, L_y.
    pub first: [f64; 2],
    /// Second derivatives L_xx, L_xy, L_yy.
    pub second: [f64; 3],
    /// Third derivatives L_xxx, L_xxy, L_xyy, L_yyy.
    pub third: [f64; 4],
}

impl Landscape {
    /// The loss and all partial derivatives up to order three at (x, y), in closed form.
    pub fn jet(&self, x: f64, y: f64) -> Jet {
        match *self {
            Self::Hyperbola => hyperbola(x, y),
            Self::TiltedHyperbola { c, x0 } => {
                let mut jet = hyperbola(x, y);
                jet.value += c * (x - x0) * (x - x0);
                jet.first[0] += 2.0 * c * (x - x0);
                jet.second[0] += 2.0 * c;
                jet
            }
            Self::Ellipse { a } => {
                // L = r², r = 1 − a x² − y².
                let r = 1.0 - a * x * x - y * y;
                Jet {
                    value: r * r,
                    first: [-4.0 * a * x * r, -4.0 * y * r],
                    second: [8.0 * a * a * x * x - 4.0 * a * r, 8.0 * a * x * y, 8.0 * y * y - 4.0 * r],
                    third: [24.0 * a * a * x, 8.0 * a * y, 8.0 * a * x, 24.0 * y],
                }
            }
        }
    }

    fn at<T: Real>(&self, w: &[T]) -> Jet {
        self.jet(w[0].widen(), w[1].widen())
    }
}

/// L = ½ r², r = 1 − xy.
fn hyperbola(x: f64, y: f64) -> Jet {
    let r = 1.0 - x * y;
    Jet {
        value: 0.5 * r * r,
        first: [-y * r, -x * r],
        second: [y * y, 2.0 * x * y - 1.0, x * x],
        third: [0.0, 2.0 * y, 2.0 * x, 0.0],
    }
}

impl<T: Real> Objective<T> for Landscape {
    fn dim(&self) -> usize {
        2
    }

    fn loss(&mut self, w: &[T]) -> f64 {
        self.at(w).value
    }

    fn gradient(&mut self, w: &[T], nabla_l: &mut [T]) -> f64 {
        let jet = self.at(w);
        nabla_l[0] = T::of(jet.first[0]);
        nabla_l[1] = T::of(jet.first[1]);
        jet.value
    }

    fn hessian_vector_products(&mut self, w: &[T], v: &Block<T>, hv: &mut Block<T>) {
        let [xx, xy, yy] = self.at(w).second;
        hv.reshape(2, v.count());
        for i in 0..v.count() {
            let (a, b) = (v.column(i)[0].widen(), v.column(i)[1].widen());
            let out = hv.column_mut(i);
            out[0] = T::of(xx * a + xy * b);
            out[1] = T::of(xy * a + yy * b);
        }
    }

    fn third_derivatives(&mut self, w: &[T], u: &Block<T>, t: &mut Block<T>) {
        let [xxx, xxy, xyy, yyy] = self.at(w).third;
        let k = u.count();
        t.reshape(2, k * (k + 1) / 2);
        for i in 0..k {
            let (a, b) = (u.column(i)[0].widen(), u.column(i)[1].widen());
            for j in i..k {
                let (c, d) = (u.column(j)[0].widen(), u.column(j)[1].widen());
                let out = t.column_mut(pair_index(i, j, k));
                out[0] = T::of(xxx * a * c + xxy * (a * d + b * c) + xyy * b * d);
                out[1] = T::of(xxy * a * c + xyy * (a * d + b * c) + yyy * b * d);
            }
        }
    }

    fn outputs(&mut self, _w: &[T], _examples: &[usize]) -> Vec<Vec<f64>> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::Landscape;
    use crate::objective::check::check_against_finite_differences;

    const ALL: [Landscape; 4] = [
        Landscape::Hyperbola,
        Landscape::TiltedHyperbola { c: 0.005, x0: 3.0 },
        Landscape::TiltedHyperbola { c: 0.7, x0: -1.0 },
        Landscape::Ellipse { a: 0.3 },
    ];

    #[test]
    fn derivatives_agree_with_finite_differences() {
        for mut landscape in ALL {
            for w in [[1.8, 0.5], [-0.3, 1.1], [0.0, -2.0]] {
                check_against_finite_differences(&mut landscape, &w);
            }
        }
    }

    #[test]
    fn values_are_those_of_the_formulas() {
        let jet = Landscape::TiltedHyperbola { c: 0.005, x0: 3.0 }.jet(1.8, 0.5);
        assert!((jet.value - (0.5 * 0.01 + 0.005 * 1.44)).abs() < 1e-15);
        assert_eq!(Landscape::Ellipse { a: 2.0 }.jet(1.0, 1.0).value, 4.0);
        assert_eq!(Landscape::Hyperbola.jet(2.0, 0.5).value, 0.0);
    }
}
