//! Embedding: rows of a table selected by tokens.

use super::{Adjoints, Context, Gradient, Output, Own, Planes, Primitive};
use crate::calculus::real::Real;
use crate::calculus::tape::{Initial, NodeId, Slot, Tape};

/// `z = scale · E[token] + positions`, row by row; E `[vocabulary, columns]`.
#[derive(Clone, Debug)]
pub struct Embedding<T> {
    /// Token of each row, an integer in `0..vocabulary`. Shape `[rows, 1]`.
    tokens: NodeId,
    /// E.
    table: Slot,
    /// Columns of z.
    columns: usize,
    scale: T,
    /// Added to the rows of each sample; empty for none. Shape `[rows of a sample, columns]`.
    positions: Vec<T>,
}

impl<T: Real> Tape<T> {
    /// `z = scale · E[token] + positions`, row by row, with a parameter `name` of shape
    /// `[vocabulary, columns]`. The tokens are data: one integer in `0..vocabulary` per row. `positions` has
    /// one row for each row of a sample, or is empty.
    ///
    /// # Panics
    /// If `positions` is neither empty nor of the size of one sample.
    pub fn embedding(
        &mut self,
        name: &str,
        tokens: NodeId,
        shape: [usize; 2],
        initial: Initial,
        scale: f64,
        positions: Vec<T>,
    ) -> NodeId {
        let ((rows, _), columns) = (self.shape(tokens), shape[1]);
        assert!(positions.is_empty() || positions.len() == rows * columns, "one position for each row");
        let table = self.parameter(name, &shape, initial);
        let scale = T::of(scale);
        self.push(Some(Box::new(Embedding { tokens, table, columns, scale, positions })), rows, columns, 1)
    }
}

impl<T: Real> Embedding<T> {
    /// The rows of a plane of E, or of its gradient, selected by the tokens.
    fn chosen(&self, context: &Context<'_, T>) -> impl Iterator<Item = std::ops::Range<usize>> {
        let columns = self.columns;
        context.value(self.tokens).iter().map(move |token| {
            let token = token.to_usize().expect("tokens are checked where data comes in");
            token * columns..(token + 1) * columns
        })
    }
}

impl<T: Real> Primitive<T> for Embedding<T> {
    fn forward(&self, context: &Context<'_, T>, node: NodeId, out: &mut Output<'_, T>) {
        let first = usize::from(context.phase == Planes::Tangent);
        for (i, z) in out.planes.chunks_exact_mut(context.len(node).max(1)).enumerate() {
            let Some(table) = context.parameter(self.table, first + i) else { continue };
            for (z, chosen) in z.chunks_exact_mut(self.columns).zip(self.chosen(context)) {
                z.iter_mut().zip(&table[chosen]).for_each(|(z, &e)| *z = self.scale * e);
            }
        }
        if context.phase == Planes::Primal && !self.positions.is_empty() {
            for sample in out.planes.chunks_exact_mut(self.positions.len()) {
                sample.iter_mut().zip(&self.positions).for_each(|(z, &p)| *z += p);
            }
        }
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        own: Own<'_, T>,
        _: &mut Adjoints<'_, T>,
        gradient: &mut Gradient<'_, T>,
    ) {
        let accumulate = gradient.accumulate;
        for c in gradient.wanted() {
            let table = gradient.plane(self.table, c);
            if !accumulate {
                table.fill(T::zero());
            }
            for (z, chosen) in own.plane(c).chunks_exact(self.columns).zip(self.chosen(context)) {
                table[chosen].iter_mut().zip(z).for_each(|(e, &z)| *e += self.scale * z);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::calculus::function::Function;
    use crate::calculus::op::finite_difference::{check, numbers};
    use crate::calculus::tape::{Initial, Tape};

    /// Repeated tokens, and a token (2) that never occurs.
    #[test]
    fn derivatives_match_finite_differences() {
        for positions in [Vec::new(), numbers(3 * 5)] {
            let mut tape = Tape::new();
            let tokens = tape.data(3, 1);
            let h = tape.embedding("e", tokens, [4, 5], Initial::Normal(1.0), 1.5, positions);
            let h = tape.map(Function::Tanh, h);
            let f = tape.linear("1", h, 2);
            let y = tape.data(3, 1);
            tape.cross_entropy(f, y, 1.0 / 6.0);
            let x = vec![0.0, 1.0, 1.0, 3.0, 0.0, 3.0];
            check(tape, &[(tokens, x), (y, vec![0.0, 1.0, 1.0, 0.0, 0.0, 1.0])], 2);
        }
    }

    /// Followed directly by a linear layer: only planes of degree one.
    #[test]
    fn derivatives_of_a_bilinear_network_match_finite_differences() {
        let mut tape = Tape::new();
        let tokens = tape.data(2, 1);
        let h = tape.embedding("e", tokens, [3, 4], Initial::Normal(1.0), 1.0, Vec::new());
        let f = tape.linear("1", h, 3);
        let y = tape.data(2, 1);
        tape.cross_entropy(f, y, 0.25);
        check(tape, &[(tokens, vec![0.0, 2.0, 2.0, 1.0]), (y, vec![2.0, 1.0, -1.0, 0.0])], 2);
    }
}
