//! Constant offset, equal for all samples.

use super::{Adjoints, Context, Gradient, Output, Own, Planes, Primitive};
use crate::calculus::kernel::vector;
use crate::calculus::real::Real;
use crate::calculus::tape::{NodeId, Tape};

/// `z = x + c`, with c equal for all samples.
#[derive(Clone, Debug)]
pub struct Offset<T> {
    x: NodeId,
    c: Vec<T>,
}

impl<T: Real> Tape<T> {
    /// `x + c` for every sample, with c of the shape of x, row-major.
    ///
    /// # Panics
    /// If the size of c does not match.
    pub fn offset(&mut self, x: NodeId, c: &[f64]) -> NodeId {
        let ((rows, columns), degree) = (self.shape(x), self.degree(x));
        assert_eq!(c.len(), rows * columns, "one constant an entry");
        let c = c.iter().map(|&c| T::of(c)).collect();
        self.push(Some(Box::new(Offset { x, c })), rows, columns, degree)
    }
}

impl<T: Real> Primitive<T> for Offset<T> {
    fn forward(&self, context: &Context<'_, T>, _: NodeId, out: &mut Output<'_, T>) {
        let x = context.planes(self.x);
        match context.phase {
            Planes::Primal => {
                let size = self.c.len().max(1);
                for (z, x) in out.planes.chunks_exact_mut(size).zip(x.chunks_exact(size)) {
                    vector::weighted_sum(z, x, T::one(), &self.c);
                }
            }
            Planes::Tangent => out.planes.copy_from_slice(x),
        }
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        own: Own<'_, T>,
        adjoints: &mut Adjoints<'_, T>,
        _: &mut Gradient<'_, T>,
    ) {
        if context.is_variable(self.x) {
            let z = own.planes(context.phase);
            let (adjoint, accumulate) = adjoints.target(self.x, z.len());
            vector::scale(adjoint, T::one(), z, accumulate);
        }
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
        let h = tape.linear("1", x, 2);
        let h = tape.offset(h, &[0.3, -0.2, 0.5, 0.1]);
        let g = tape.map(Function::Tanh, h);
        let g = tape.offset(g, &[0.1, 0.2, 0.3, 0.4]);
        let g = tape.map(Function::Tanh, g);
        let f = tape.add(g, 1.0, h);
        let (y, mask) = (tape.data(2, 2), tape.data(2, 1));
        tape.mean_squared_error(f, y, mask, 0.5);
        check(tape, &[(x, numbers(12)), (y, numbers(8)), (mask, vec![1.0; 4])], 2);
    }
}
