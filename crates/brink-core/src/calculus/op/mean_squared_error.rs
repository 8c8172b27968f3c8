//! Half the mean squared error.

use super::{Adjoints, Context, Gradient, Output, Own, Planes, Primitive};
use crate::calculus::real::Real;
use crate::calculus::tape::{NodeId, Tape};

/// `scale · Σ_rows m · ½ ‖f − y‖²`.
#[derive(Clone, Copy, Debug)]
pub struct MeanSquaredError {
    /// Network outputs. Shape `[rows, outputs]`.
    f: NodeId,
    /// Targets. Shape `[rows, outputs]`.
    y: NodeId,
    /// Mask m: 1 for a row that contributes, 0 for a row left out of the loss. Shape `[rows, 1]`.
    mask: NodeId,
    /// One over the number of rows that contribute.
    scale: f64,
}

impl<T: Real> Tape<T> {
    /// The loss `scale · Σ m ½ (f − y)²` over rows. y has the shape of f, and m one entry per row.
    pub fn mean_squared_error(&mut self, f: NodeId, y: NodeId, mask: NodeId, scale: f64) -> NodeId {
        self.push(Some(Box::new(MeanSquaredError { f, y, mask, scale })), 1, 0, 2)
    }
}

impl<T: Real> Primitive<T> for MeanSquaredError {
    fn forward(&self, context: &Context<'_, T>, _: NodeId, out: &mut Output<'_, T>) {
        if context.phase == Planes::Tangent {
            return;
        }
        let columns = context.columns(self.f).max(1);
        let rows =
            context.value(self.f).chunks_exact(columns).zip(context.value(self.y).chunks_exact(columns));
        let mut sum = 0.0;
        for ((f, y), &m) in rows.zip(context.value(self.mask)) {
            if m != T::zero() {
                sum += f.iter().zip(y).map(|(&f, &y)| (f.widen() - y.widen()).powi(2)).sum::<f64>();
            }
        }
        *out.loss += 0.5 * self.scale * sum;
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        _: Own<'_, T>,
        adjoints: &mut Adjoints<'_, T>,
        _: &mut Gradient<'_, T>,
    ) {
        let scale = T::of(self.scale);
        let (columns, len) = (context.columns(self.f).max(1), context.len(self.f));
        let mask = context.value(self.mask);
        match context.phase {
            Planes::Primal => {
                let f = context
                    .value(self.f)
                    .chunks_exact(columns)
                    .zip(context.value(self.y).chunks_exact(columns));
                let (adjoint, _) = adjoints.target(self.f, len);
                for ((adjoint, (f, y)), &m) in adjoint.chunks_exact_mut(columns).zip(f).zip(mask) {
                    if m == T::zero() {
                        adjoint.fill(T::zero());
                    } else {
                        adjoint
                            .iter_mut()
                            .zip(f.iter().zip(y))
                            .for_each(|(a, (&f, &y))| *a = scale * (f - y));
                    }
                }
            }
            Planes::Tangent => {
                let (adjoint, _) = adjoints.target(self.f, (context.ring.planes() - 1) * len);
                for (c, adjoint) in adjoint.chunks_exact_mut(len.max(1)).enumerate() {
                    let Some(f) = context.plane(self.f, c + 1) else {
                        adjoint.fill(T::zero());
                        continue;
                    };
                    for ((adjoint, f), &m) in
                        adjoint.chunks_exact_mut(columns).zip(f.chunks_exact(columns)).zip(mask)
                    {
                        if m == T::zero() {
                            adjoint.fill(T::zero());
                        } else {
                            adjoint.iter_mut().zip(f).for_each(|(a, &f)| *a = scale * f);
                        }
                    }
                }
            }
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
        let x = tape.data(1, 3);
        let h = tape.linear("1", x, 4);
        let h = tape.map(Function::Tanh, h);
        let f = tape.linear("3", h, 2);
        let (y, mask) = (tape.data(1, 2), tape.data(1, 1));
        tape.mean_squared_error(f, y, mask, 0.25);
        let data = [(x, numbers(15)), (y, numbers(10)), (mask, vec![1.0, 0.0, 1.0, 1.0, 1.0])];
        check(tape, &data, 5);
    }

    #[test]
    fn derivatives_of_a_linear_model_match_finite_differences() {
        let mut tape = Tape::new();
        let x = tape.data(2, 3);
        let f = tape.linear("1", x, 2);
        let (y, mask) = (tape.data(2, 2), tape.data(2, 1));
        tape.mean_squared_error(f, y, mask, 0.125);
        check(tape, &[(x, numbers(24)), (y, numbers(16)), (mask, vec![1.0; 8])], 4);
    }
}
