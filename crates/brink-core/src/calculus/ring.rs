//! Truncated polynomials: monomials and their multiplication table.
//!
//! Perturbed weights `w + Σ ε_i u_i` are elements of ℝ[ε_1..ε_k] truncated above degree d ≤ 2. A value over
//! the ring is a stack of *planes*, one per monomial. The monomial ε_i² carries *half* of the second
//! derivative along u_i.

/// A monomial of degree at most two in ε_1..ε_k.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Monomial {
    /// The constant monomial 1.
    One,
    /// The monomial ε_i.
    First(usize),
    /// The monomial ε_i ε_j with i ≤ j.
    Second(usize, usize),
}

impl Monomial {
    /// Total degree of the monomial.
    pub fn degree(self) -> usize {
        match self {
            Self::One => 0,
            Self::First(_) => 1,
            Self::Second(..) => 2,
        }
    }

    /// The product, or `None` if its degree exceeds two.
    fn times(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::One, m) | (m, Self::One) => Some(m),
            (Self::First(i), Self::First(j)) => Some(Self::Second(i.min(j), i.max(j))),
            _ => None,
        }
    }
}

/// One term of a ring product: `z_c += x_a · y_b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingProduct {
    /// Plane of the result.
    pub c: usize,
    /// Plane of the left factor.
    pub a: usize,
    /// Plane of the right factor.
    pub b: usize,
}

/// The ring ℝ[ε_1..ε_k] truncated above a degree of at most two.
///
/// Planes are ordered 1 | ε_1 … ε_k | ε_1², ε_1ε_2, …, ε_1ε_k, ε_2², …, ε_k². Planes of degree two are
/// ordered as in [`super::block::pair_index`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    directions: usize,
    degree: usize,
    monomials: Vec<Monomial>,
    products: Vec<RingProduct>,
}

impl Ring {
    /// The ring with `directions` nilpotents, truncated above `degree`.
    ///
    /// # Panics
    /// If `degree` exceeds two.
    pub fn new(directions: usize, degree: usize) -> Self {
        assert!(degree <= 2, "the calculus goes up to degree two in the gradient, not {degree}");
        let mut monomials = vec![Monomial::One];
        if degree >= 1 {
            monomials.extend((0..directions).map(Monomial::First));
        }
        if degree >= 2 {
            monomials
                .extend((0..directions).flat_map(|i| (i..directions).map(move |j| Monomial::Second(i, j))));
        }
        let mut products = Vec::new();
        for (c, &target) in monomials.iter().enumerate() {
            for (a, &x) in monomials.iter().enumerate() {
                for (b, &y) in monomials.iter().enumerate() {
                    if x.times(y) == Some(target) {
                        products.push(RingProduct { c, a, b });
                    }
                }
            }
        }
        Self { directions, degree, monomials, products }
    }

    /// Number k of nilpotents ε_1, …, ε_k.
    pub fn directions(&self) -> usize {
        self.directions
    }

    /// Highest degree that is not truncated.
    pub fn degree(&self) -> usize {
        self.degree
    }

    /// Number of planes of a value of full degree.
    pub fn planes(&self) -> usize {
        self.monomials.len()
    }

    /// Number of planes of a value of degree `degree`.
    pub fn planes_up_to(&self, degree: usize) -> usize {
        match degree.min(self.degree) {
            0 => 1,
            1 => 1 + self.directions,
            _ => self.monomials.len(),
        }
    }

    /// The monomial of a plane.
    ///
    /// # Panics
    /// If `plane` is not below [`Ring::planes`].
    pub fn monomial(&self, plane: usize) -> Monomial {
        self.monomials[plane]
    }

    /// The monomials of all planes, in order.
    pub fn monomials(&self) -> &[Monomial] {
        &self.monomials
    }

    /// All terms of a product of two ring elements, sorted by the plane of the result.
    pub fn products(&self) -> &[RingProduct] {
        &self.products
    }

    /// The terms whose result has at most the given degree, sorted by the plane of the result.
    pub fn products_up_to(&self, degree: usize) -> &[RingProduct] {
        let planes = self.planes_up_to(degree);
        &self.products[..self.products.partition_point(|product| product.c < planes)]
    }

    /// The range of planes with monomials of the given degree.
    pub fn planes_of(&self, degree: usize) -> std::ops::Range<usize> {
        let first = degree.checked_sub(1).map_or(0, |lower| self.planes_up_to(lower));
        first..self.planes_up_to(degree)
    }

    /// The plane of ε_i.
    pub fn first(&self, i: usize) -> usize {
        1 + i
    }
}

#[cfg(test)]
mod tests {
    use super::{Monomial, Ring, RingProduct};
    use crate::calculus::block::pair_index;

    #[test]
    fn second_degree_planes_are_numbered_like_pairs() {
        let k = 4;
        let ring = Ring::new(k, 2);
        assert_eq!(ring.planes(), 1 + k + k * (k + 1) / 2);
        for i in 0..k {
            for j in i..k {
                assert_eq!(ring.monomial(1 + k + pair_index(i, j, k)), Monomial::Second(i, j));
            }
        }
    }

    #[test]
    fn the_square_of_a_sum_has_the_right_coefficients() {
        // (1 + 2ε1 + 3ε2)² = 1 + 4ε1 + 6ε2 + 4ε1² + 12ε1ε2 + 9ε2²
        let ring = Ring::new(2, 2);
        let x = [1.0, 2.0, 3.0, 0.0, 0.0, 0.0];
        let mut z = [0.0; 6];
        for &RingProduct { c, a, b } in ring.products() {
            z[c] += x[a] * x[b];
        }
        assert_eq!(z, [1.0, 4.0, 6.0, 4.0, 12.0, 9.0]);
    }

    #[test]
    fn lower_degrees_are_prefixes() {
        let ring = Ring::new(3, 2);
        assert_eq!([0, 1, 2, 5].map(|d| ring.planes_up_to(d)), [1, 4, 10, 10]);
        assert_eq!([0, 1, 2].map(|d| ring.planes_of(d)), [0..1, 1..4, 4..10]);
        assert_eq!([0, 1, 2].map(|d| ring.products_up_to(d).len()), [1, 7, 28]);
        assert_eq!(ring.products_up_to(2), ring.products());
        assert_eq!(Ring::new(3, 1).planes(), 4);
        assert_eq!(Ring::new(0, 2).planes(), 1);
    }
}
