//! The whole spectrum: every eigenvalue of a small operator, the density of a large one's.
//!
//! Non-finite contract: where the operator returns NaN or infinity there is no spectrum, which is an error.

use super::error::SpectrumError;
use super::error::share;
use nalgebra::DMatrix;

use super::davidson::Operator;
use super::dense::eigenvalues;
use super::distribution::{Atom, Distribution, SpectrumMethod};
use super::quadrature::{Quadrature, quadrature};
use crate::calculus::{Block, Real};

/// Columns of the dense matrix made at a time.
const COLUMNS: usize = 32;
/// Share of the time that the products take, roughly; the rest goes into the eigenvalues of the matrix.
const PRODUCTS: f32 = 0.5;

/// How a spectrum is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpectrumSettings {
    /// Up to this dimension every eigenvalue is computed.
    pub dense_up_to: usize,
    /// How the density is computed beyond it.
    pub quadrature: Quadrature,
}

impl Default for SpectrumSettings {
    fn default() -> Self {
        Self { dense_up_to: 2000, quadrature: Quadrature::default() }
    }
}

/// The spectrum of a symmetric operator. `go_on` is told the share done before every product with it, and every few
/// columns of a dense matrix, and says whether to go on.
///
/// # Errors
/// When the operator is not finite or too large, or when told to stop.
pub fn spectrum<T: Real>(
    operator: &mut dyn Operator<T>,
    settings: &SpectrumSettings,
    go_on: &mut dyn FnMut(f32) -> bool,
) -> Result<Distribution, SpectrumError> {
    if operator.dim() > settings.dense_up_to {
        return quadrature(operator, &settings.quadrature, go_on);
    }
    let matrix = dense(operator, &mut |done| go_on(PRODUCTS * done))?;
    let symmetric = 0.5 * (&matrix + matrix.transpose());
    let values = eigenvalues(symmetric, &mut |done| go_on(PRODUCTS + (1.0 - PRODUCTS) * done))?;
    let atoms = values.into_iter().map(|value| Atom { value, count: 1.0 }).collect();
    Ok(Distribution::new(atoms, SpectrumMethod::Dense))
}

/// The operator as a matrix, from products with blocks of unit vectors: symmetric up to the rounding of the products.
///
/// # Errors
/// When the operator is not finite, or when told to stop.
pub fn dense<T: Real>(
    operator: &mut dyn Operator<T>,
    go_on: &mut dyn FnMut(f32) -> bool,
) -> Result<DMatrix<f64>, SpectrumError> {
    let dim = operator.dim();
    let mut matrix = DMatrix::zeros(dim, dim);
    let (mut units, mut products) = (Block::default(), Block::default());
    for first in (0..dim).step_by(COLUMNS) {
        if !go_on(share(first, dim)) {
            return Err(SpectrumError::Stopped);
        }
        let count = COLUMNS.min(dim - first);
        units.reshape(dim, count);
        for j in 0..count {
            units.column_mut(j).fill(T::zero());
            units.column_mut(j)[first + j] = T::one();
        }
        operator.apply(&units, &mut products);
        for (j, column) in products.columns().enumerate() {
            for (entry, &x) in matrix.column_mut(first + j).iter_mut().zip(column) {
                *entry = x.widen();
            }
        }
    }
    if matrix.iter().all(|x| x.is_finite()) { Ok(matrix) } else { Err(SpectrumError::NotFinite) }
}
