//! Elementwise product of two values.

use super::{Adjoints, Context, Gradient, Output, Own, Planes, Primitive};
use crate::calculus::kernel::product::{Stack, multiply};
use crate::calculus::real::Real;
use crate::calculus::tape::{NodeId, Tape};

/// `z = x y`, elementwise.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    x: NodeId,
    y: NodeId,
}

impl<T: Real> Tape<T> {
    /// `x y`, elementwise, for x and y of equal shape.
    ///
    /// # Panics
    /// If the shapes differ.
    pub fn product(&mut self, x: NodeId, y: NodeId) -> NodeId {
        let (rows, columns) = self.shape(x);
        assert_eq!(self.shape(y), (rows, columns), "both factors have one shape");
        let degree = (self.degree(x) + self.degree(y)).min(2);
        self.push(Some(Box::new(Product { x, y })), rows, columns, degree)
    }
}

/// All planes of a value.
fn stack<'a, T: Real>(context: &Context<'a, T>, node: NodeId) -> Stack<'a, T> {
    Stack { primal: context.value(node), tangents: context.tangents(node) }
}

impl<T: Real> Primitive<T> for Product {
    fn forward(&self, context: &Context<'_, T>, _: NodeId, out: &mut Output<'_, T>) {
        let first = usize::from(context.phase == Planes::Tangent);
        let (x, y) = (stack(context, self.x), stack(context, self.y));
        multiply(context.ring, x, y, out.planes, first, false, context.parallel);
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        own: Own<'_, T>,
        adjoints: &mut Adjoints<'_, T>,
        _: &mut Gradient<'_, T>,
    ) {
        let first = usize::from(context.phase == Planes::Tangent);
        let z = Stack { primal: own.primal, tangents: own.tangents };
        for (argument, other) in [(self.x, self.y), (self.y, self.x)] {
            if context.is_variable(argument) {
                let len = (context.ring.planes() - first) * own.primal.len();
                let (adjoint, accumulate) = adjoints.target(argument, len);
                let other = stack(context, other);
                multiply(context.ring, z, other, adjoint, first, accumulate, context.parallel);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::calculus::function::Function;
    use crate::calculus::op::finite_difference::{check, numbers};
    use crate::calculus::tape::Tape;

    /// All pairs of factors of degree 0, 1 and 2, a square, and products of products.
    #[test]
    fn derivatives_match_finite_differences() {
        let mut tape = Tape::new();
        let x = tape.data(2, 3);
        let linear = tape.linear("1", x, 3);
        let curved = tape.map(Function::Tanh, linear);
        let first = tape.product(x, linear);
        let second = tape.product(linear, curved);
        let third = tape.product(first, second);
        let square = tape.product(linear, linear);
        let h = tape.product(third, square);
        let h = tape.product(h, x);
        let f = tape.linear("2", h, 2);
        let (y, mask) = (tape.data(2, 2), tape.data(2, 1));
        tape.mean_squared_error(f, y, mask, 0.25);
        check(tape, &[(x, numbers(12)), (y, numbers(8)), (mask, vec![1.0; 4])], 2);
    }
}
