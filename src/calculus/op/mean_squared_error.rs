//! Half the mean squared error.

use super::{Adjoints, Context, Gradient, Output, Own, Phase, Primitive};
use crate::calculus::Real;
use crate::calculus::tape::NodeId;

/// `scale · Σ_rows m · ½ ‖f − y‖²`.
#[derive(Clone, Copy, Debug)]
pub struct MeanSquaredError {
    /// What the network answers. Shape `[rows, outputs]`.
    pub(in crate::calculus) f: NodeId,
    /// What it should answer. Shape `[rows, outputs]`.
    pub(in crate::calculus) y: NodeId,
    /// m: 1 for a row that counts, 0 for one that does not. Shape `[rows, 1]`.
    pub(in crate::calculus) mask: NodeId,
    /// One over the number of rows that count.
    pub(in crate::calculus) scale: f64,
}

impl<T: Real> Primitive<T> for MeanSquaredError {
    fn forward(&self, context: &Context<'_, T>, _: NodeId, out: &mut Output<'_, T>) {
        if context.phase == Phase::Tangent {
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
        let fill = |adjoint: &mut [T], value: &dyn Fn(usize) -> T| {
            for ((row, adjoint), &m) in adjoint.chunks_exact_mut(columns).enumerate().zip(mask) {
                let factor = if m == T::zero() { None } else { Some(scale) };
                for (j, a) in adjoint.iter_mut().enumerate() {
                    *a = factor.map_or(T::zero(), |s| s * value(row * columns + j));
                }
            }
        };
        match context.phase {
            Phase::Primal => {
                let (f, y) = (context.value(self.f), context.value(self.y));
                let (adjoint, _) = adjoints.target(self.f, len);
                fill(adjoint, &|i| f[i] - y[i]);
            }
            Phase::Tangent => {
                let (adjoint, _) = adjoints.target(self.f, (context.ring.planes() - 1) * len);
                for (c, adjoint) in adjoint.chunks_exact_mut(len.max(1)).enumerate() {
                    match context.plane(self.f, c + 1) {
                        Some(f) => fill(adjoint, &|i| f[i]),
                        None => adjoint.fill(T::zero()),
                    }
                }
            }
        }
    }
}
