//! Sum of two values.

use super::{Adjoints, Context, Gradient, Output, Own, Planes, Primitive};
use crate::calculus::kernel::vector;
use crate::calculus::real::Real;
use crate::calculus::tape::{NodeId, Tape};

/// `z = x + s y`, elementwise.
#[derive(Clone, Copy, Debug)]
pub struct Add {
    x: NodeId,
    s: f64,
    y: NodeId,
}

impl<T: Real> Tape<T> {
    /// `x + s y`, elementwise, for x and y of equal shape.
    ///
    /// # Panics
    /// If the shapes differ.
    pub fn add(&mut self, x: NodeId, s: f64, y: NodeId) -> NodeId {
        let (rows, columns) = self.shape(x);
        assert_eq!(self.shape(y), (rows, columns), "both terms have one shape");
        let degree = self.degree(x).max(self.degree(y));
        self.push(Some(Box::new(Add { x, s, y })), rows, columns, degree)
    }
}

impl<T: Real> Primitive<T> for Add {
    fn forward(&self, context: &Context<'_, T>, node: NodeId, out: &mut Output<'_, T>) {
        let first = usize::from(context.phase == Planes::Tangent);
        let s = T::of(self.s);
        for (c, z) in out.planes.chunks_exact_mut(context.len(node).max(1)).enumerate() {
            match (context.plane(self.x, first + c), context.plane(self.y, first + c)) {
                (Some(x), Some(y)) => vector::weighted_sum(z, x, s, y),
                (Some(x), None) => z.copy_from_slice(x),
                (None, Some(y)) => vector::scale(z, s, y, false),
                (None, None) => z.fill(T::zero()),
            }
        }
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        own: Own<'_, T>,
        adjoints: &mut Adjoints<'_, T>,
        _: &mut Gradient<'_, T>,
    ) {
        let z = own.planes(context.phase);
        for (argument, s) in [(self.x, T::one()), (self.y, T::of(self.s))] {
            if context.is_variable(argument) {
                let (adjoint, accumulate) = adjoints.target(argument, z.len());
                vector::scale(adjoint, s, z, accumulate);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::calculus::function::Function;
    use crate::calculus::op::finite_difference::{check, numbers};
    use crate::calculus::tape::Tape;

    /// Terms of every degree (data, linear, higher), and one value used twice.
    #[test]
    fn derivatives_match_finite_differences() {
        let mut tape = Tape::new();
        let x = tape.data(1, 3);
        let h = tape.linear("1", x, 3);
        let sum = tape.add(x, -0.5, h);
        let g = tape.map(Function::Tanh, sum);
        let sum = tape.add(g, 0.7, h);
        let sum = tape.add(h, 1.3, sum);
        let sum = tape.add(sum, 0.9, x);
        let sum = tape.add(sum, -0.2, sum);
        let f = tape.linear("3", sum, 2);
        let (y, mask) = (tape.data(1, 2), tape.data(1, 1));
        tape.mean_squared_error(f, y, mask, 0.5);
        check(tape, &[(x, numbers(9)), (y, numbers(6)), (mask, vec![1.0; 3])], 3);
    }
}
