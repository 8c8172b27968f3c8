//! Elementwise function.

use super::{Adjoints, Context, Gradient, Output, Own, PassMemory, Planes, Primitive};
use crate::calculus::function::Function;
use crate::calculus::kernel::elementwise::{self, Lift};
use crate::calculus::real::Real;
use crate::calculus::tape::{Node, NodeId, Tape};

/// `z = f(x)`, elementwise. Saves as many of f', f'', f''' as requested.
#[derive(Clone, Copy, Debug)]
pub struct Map {
    /// The argument.
    x: NodeId,
    /// f.
    function: Function,
}

impl Map {
    fn lift<'a, T: Real>(&self, context: &Context<'a, T>, saved: &'a [T]) -> Lift<'a, T> {
        let len = context.len(self.x);
        Lift { ring: context.ring, len, derivatives: saved, x: context.tangents(self.x) }
    }
}

impl<T: Real> Tape<T> {
    /// f(x), elementwise.
    pub fn map(&mut self, function: Function, x: NodeId) -> NodeId {
        let (rows, columns) = self.shape(x);
        let degree = if self.degree(x) == 0 { 0 } else { 2 };
        self.push(Some(Box::new(Map { x, function })), rows, columns, degree)
    }
}

impl<T: Real> Primitive<T> for Map {
    fn memory(&self, _: &[Node<T>], own: &Node<T>) -> PassMemory {
        PassMemory { primal: own.rows.saturating_mul(own.columns).saturating_mul(3), ..PassMemory::default() }
    }

    fn forward(&self, context: &Context<'_, T>, _: NodeId, out: &mut Output<'_, T>) {
        match context.phase {
            Planes::Primal => {
                let x = context.value(self.x);
                let len = context.derivatives * x.len();
                if out.saved.len() < len {
                    out.saved.resize(len, T::zero());
                }
                let derivatives = &mut out.saved[..len];
                elementwise::evaluate(self.function, x, out.planes, derivatives, context.parallel);
            }
            Planes::Tangent => {
                elementwise::forward(self.lift(context, out.saved), out.planes, context.parallel);
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
        if !context.is_variable(self.x) {
            return;
        }
        match context.phase {
            Planes::Primal => {
                let (adjoint, accumulate) = adjoints.target(self.x, own.primal.len());
                elementwise::backward_primal(own.saved, own.primal, adjoint, accumulate, context.parallel);
            }
            Planes::Tangent => {
                let (adjoint, accumulate) = adjoints.target(self.x, own.tangents.len());
                let lift = self.lift(context, own.saved);
                elementwise::backward(lift, own.primal, own.tangents, adjoint, accumulate, context.parallel);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::calculus::function::Function;
    use crate::calculus::op::finite_difference::{check, numbers};
    use crate::calculus::tape::Tape;

    /// Two functions in sequence, so that the argument of the second has planes of every degree.
    #[test]
    fn derivatives_of_every_function_match_finite_differences() {
        for function in [Function::Gelu, Function::Silu, Function::Tanh, Function::Softplus] {
            let mut tape = Tape::new();
            let x = tape.data(1, 3);
            let h = tape.linear("1", x, 5);
            let h = tape.map(function, h);
            let h = tape.map(Function::Tanh, h);
            let h = tape.linear("2", h, 4);
            let h = tape.map(function, h);
            let f = tape.linear("3", h, 2);
            let (y, mask) = (tape.data(1, 2), tape.data(1, 1));
            tape.mean_squared_error(f, y, mask, 0.5);
            check(tape, &[(x, numbers(6)), (y, numbers(4)), (mask, vec![1.0; 2])], 2);
        }
    }
}
