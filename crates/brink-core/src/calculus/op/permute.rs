//! Permutation of the entries of a sample.

use super::plane_wise::{EachPlane, PlaneWise};
use crate::calculus::real::Real;
use crate::calculus::tape::{NodeId, Tape};

/// `z[i] = x[source[i]]` within each sample, for a permutation `source`.
#[derive(Clone, Debug)]
pub struct Permute {
    x: NodeId,
    source: Vec<u32>,
    target: Vec<u32>,
}

impl<T: Real> Tape<T> {
    /// The entries of x in a different order, with shape `[rows, columns]`: entry i is entry `source(i)` of
    /// x.
    ///
    /// # Panics
    /// If `source` is not a permutation.
    pub fn permute(
        &mut self,
        x: NodeId,
        rows: usize,
        columns: usize,
        source: impl Fn(usize) -> usize,
    ) -> NodeId {
        let size = self.shape(x).0 * self.shape(x).1;
        assert_eq!(rows * columns, size, "as many entries as before");
        let small = |i: usize| u32::try_from(i).expect("a sample has less than 2³² entries");
        let source: Vec<u32> = (0..size).map(|i| small(source(i))).collect();
        let mut target = vec![u32::MAX; size];
        for (i, &source) in source.iter().enumerate() {
            target[source as usize] = small(i);
        }
        assert!(target.iter().all(|&i| i != u32::MAX), "every entry has a place");
        let degree = self.degree(x);
        self.push(Some(Box::new(EachPlane(Permute { x, source, target }))), rows, columns, degree)
    }

    /// Transposition `[rows, columns]` to `[columns, rows]`: entry (i, j) becomes (j, i).
    pub fn transpose(&mut self, x: NodeId) -> NodeId {
        let (rows, columns) = self.shape(x);
        self.permute(x, columns, rows, transposed(rows, columns))
    }

    /// Maps `[rows, columns]` to `[1, columns · rows]`, column by column: pixels with channels become a
    /// single row of channels with pixels.
    pub fn flatten_columns(&mut self, x: NodeId) -> NodeId {
        let (rows, columns) = self.shape(x);
        self.permute(x, 1, columns * rows, transposed(rows, columns))
    }
}

/// Index, in a `[rows, columns]` matrix, of entry i of its transpose.
fn transposed(rows: usize, columns: usize) -> impl Fn(usize) -> usize {
    move |i| i % rows * columns + i / rows
}

/// `z[i] (+)= x[index[i]]`, sample by sample.
fn gather<T: Real>(x: &[T], index: &[u32], z: &mut [T], accumulate: bool) {
    let size = index.len().max(1);
    for (x, z) in x.chunks_exact(size).zip(z.chunks_exact_mut(size)) {
        let entries = z.iter_mut().zip(index);
        if accumulate {
            entries.for_each(|(z, &i)| *z += x[i as usize]);
        } else {
            entries.for_each(|(z, &i)| *z = x[i as usize]);
        }
    }
}

impl<T: Real> PlaneWise<T> for Permute {
    fn argument(&self) -> NodeId {
        self.x
    }

    fn apply(&self, x: &[T], z: &mut [T]) {
        gather(x, &self.source, z, false);
    }

    fn apply_transposed(&self, z: &[T], x: &mut [T], accumulate: bool) {
        gather(z, &self.target, x, accumulate);
    }
}

#[cfg(test)]
mod tests {
    use crate::calculus::function::Function;
    use crate::calculus::op::finite_difference::{check, numbers};
    use crate::calculus::tape::Tape;

    #[test]
    fn derivatives_match_finite_differences() {
        let mut tape = Tape::new();
        let x = tape.data(2, 3);
        let h = tape.transpose(x);
        let h = tape.linear("1", h, 4);
        let g = tape.transpose(h);
        let g = tape.map(Function::Tanh, g);
        let g = tape.transpose(g);
        let h = tape.add(g, 0.5, h);
        let h = tape.permute(h, 2, 6, |i| 5 * i % 12);
        let f = tape.flatten_columns(h);
        let (y, mask) = (tape.data(1, 12), tape.data(1, 1));
        tape.mean_squared_error(f, y, mask, 0.5);
        check(tape, &[(x, numbers(12)), (y, numbers(24)), (mask, vec![1.0; 2])], 2);
    }
}
