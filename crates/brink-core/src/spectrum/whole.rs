//! Entire spectra: all eigenvalues of a small operator, the spectral density of a large operator.
//!
//! Non-finite contract: an operator that returns NaN or an infinity has no spectrum, which is an error.

use super::error::{SpectrumError, share};
use nalgebra::DMatrix;

use super::davidson::Operator;
use super::dense::eigenvalues;
use super::distribution::{Atom, Distribution, SpectrumMethod};
use super::quadrature::{Quadrature, quadrature};
use crate::calculus::{Block, Real};

/// Number of columns of the dense matrix computed at a time.
const COLUMNS: usize = 32;
/// Approximate fraction of the time spent on the products. The remainder is spent on the eigenvalues of the
/// matrix.
const PRODUCTS: f32 = 0.5;

/// Settings of [`spectrum`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpectrumSettings {
    /// Largest dimension for which all eigenvalues are computed.
    pub dense_up_to: usize,
    /// Settings of the density estimate for larger dimensions.
    pub quadrature: Quadrature,
}

impl Default for SpectrumSettings {
    fn default() -> Self {
        Self { dense_up_to: 2000, quadrature: Quadrature::default() }
    }
}

/// Computes the spectrum of a symmetric operator. `go_on` receives the completed fraction before each product
/// and every few columns of a dense matrix; it returns whether to continue.
///
/// # Errors
/// A non-finite product, an operator that exceeds the memory budget, eigenvalues that do not converge, or
/// interruption by `go_on`.
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

/// The operator as a dense matrix, computed from products with blocks of unit vectors. It is symmetric up to
/// the rounding errors of the products. Shape `[dim, dim]`.
///
/// # Errors
/// A non-finite product, or interruption by `go_on`.
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
