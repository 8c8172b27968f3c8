//! Blocks of vectors of equal length, stored contiguously: directions, eigenvectors, derivatives.

use super::real::Real;
use serde::{Deserialize, Serialize};

/// `count` vectors of length `dim`. Vector i occupies `data[i * dim..(i + 1) * dim]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Block<T> {
    data: Vec<T>,
    dim: usize,
}

impl<T: Real> Block<T> {
    /// A block of `count` zero vectors of length `dim`.
    pub fn zeros(dim: usize, count: usize) -> Self {
        Self { data: vec![T::zero(); dim * count], dim }
    }

    /// Length of each vector.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Number of vectors.
    pub fn count(&self) -> usize {
        self.data.len().checked_div(self.dim).unwrap_or(0)
    }

    /// Whether the block is empty or consists of complete vectors of length `dim`. A block read from a file
    /// can violate this.
    pub fn fits(&self, dim: usize) -> bool {
        self.data.is_empty() || (self.dim == dim && dim > 0 && self.data.len().is_multiple_of(dim))
    }

    /// Whether the block has no vectors.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// Vector `i`. Shape `[dim]`.
    ///
    /// # Panics
    /// If `i` is not below [`Block::count`].
    pub fn column(&self, i: usize) -> &[T] {
        &self.data[i * self.dim..(i + 1) * self.dim]
    }

    /// Vector `i`, mutable. Shape `[dim]`.
    ///
    /// # Panics
    /// If `i` is not below [`Block::count`].
    pub fn column_mut(&mut self, i: usize) -> &mut [T] {
        &mut self.data[i * self.dim..(i + 1) * self.dim]
    }

    /// Iterates over the vectors in order. Each has shape `[dim]`.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = &[T]> {
        self.data.chunks_exact(self.dim.max(1))
    }

    /// Appends a vector of length `dim`.
    ///
    /// # Panics
    /// If the length of `column` is not `dim`.
    pub fn push(&mut self, column: &[T]) {
        assert_eq!(column.len(), self.dim, "a block holds vectors of one length");
        self.data.extend_from_slice(column);
    }

    /// Keeps the first `count` vectors.
    pub fn truncate(&mut self, count: usize) {
        self.data.truncate(count * self.dim);
    }

    /// Resizes the block to `count` vectors of length `dim`. New entries have unspecified values.
    pub fn reshape(&mut self, dim: usize, count: usize) {
        self.dim = dim;
        self.data.resize(dim * count, T::zero());
    }

    /// All entries, vector by vector. Shape `[count · dim]`.
    pub fn as_slice(&self) -> &[T] {
        &self.data
    }

    /// All entries, vector by vector, mutable. Shape `[count · dim]`.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.data
    }
}

/// Index of the pair (i, j) among the pairs `i ≤ j` of `k` directions, in the order of
/// [`Objective::third_derivatives`](crate::objective::Objective::third_derivatives). The order of the
/// arguments `i` and `j` is irrelevant.
pub fn pair_index(i: usize, j: usize, k: usize) -> usize {
    let (i, j) = if i <= j { (i, j) } else { (j, i) };
    i * k - i * (i + 1) / 2 + j
}
