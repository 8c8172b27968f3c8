//! Depthwise causal convolution along the rows of a sample: each column has its own taps.

use super::{Adjoints, Context, Gradient, Output, Own, Planes, Primitive};
use crate::calculus::kernel::{dispatch, row, vector};
use crate::calculus::real::Real;
use crate::calculus::ring::RingProduct;
use crate::calculus::tape::{NodeId, Slot, Tape};

/// `z_t = b + Σ_j w_j x_{t−taps+1+j}` per column, with x = 0 before the first row; w `[columns, taps]`, b
/// `[columns]`.
#[derive(Clone, Copy, Debug)]
pub struct CausalConvolution {
    /// The argument.
    x: NodeId,
    /// w.
    weight: Slot,
    /// b.
    bias: Slot,
    taps: usize,
}

impl<T: Real> Tape<T> {
    /// `z_t = b + Σ_j w_j x_{t−taps+1+j}` along the rows of a sample, per column, with x = 0 before the first
    /// row; w `[columns, 1, taps]`, b `[columns]`.
    ///
    /// # Panics
    /// If the sizes of w or b do not match.
    pub fn causal_convolution(&mut self, x: NodeId, weight: Slot, bias: Slot, taps: usize) -> NodeId {
        let (rows, columns) = self.shape(x);
        assert_eq!((weight.len, bias.len), (columns * taps, columns), "w is [{columns}, 1, {taps}]");
        let degree = (self.degree(x) + 1).min(2);
        self.push(Some(Box::new(CausalConvolution { x, weight, bias, taps })), rows, columns, degree)
    }
}

impl CausalConvolution {
    /// The nonzero planes of w; the columns of each tap are contiguous. Shapes `[taps, columns]`.
    fn weights<T: Real>(&self, context: &Context<'_, T>) -> Vec<Vec<T>> {
        let columns = self.bias.len;
        let transposed = |w: &[T]| {
            let entry = |i: usize| w[i % columns * self.taps + i / columns];
            (0..w.len()).map(entry).collect()
        };
        let planes = 0..context.ring.planes();
        planes.map_while(|plane| context.parameter(self.weight, plane)).map(transposed).collect()
    }

    /// Iterates over row t, tap j and the input row of this tap within a sample.
    #[inline(always)]
    fn taps(self, rows: usize) -> impl Iterator<Item = (usize, usize, usize)> {
        let of_row = move |t: usize| {
            (0..self.taps).filter_map(move |j| Some((t, j, (t + 1 + j).checked_sub(self.taps)?)))
        };
        (0..rows).flat_map(of_row)
    }
}

struct Forward<'a, T> {
    op: CausalConvolution,
    context: &'a Context<'a, T>,
    planes: &'a mut [T],
    len: usize,
}

impl<T: Real> pulp::NullaryFnOnce for Forward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { op, context, planes, len } = self;
        let (n, rows) = (op.bias.len, context.nodes[op.x.0].rows);
        let first = usize::from(context.phase == Planes::Tangent);
        let weights = op.weights(context);
        for (c, z) in planes.chunks_exact_mut(len.max(1)).enumerate() {
            match context.parameter(op.bias, first + c) {
                Some(bias) => z.chunks_exact_mut(n).for_each(|z| z.copy_from_slice(bias)),
                None => z.fill(T::zero()),
            }
        }
        for start in (0..len).step_by((rows * n).max(1)) {
            for &RingProduct { c, a, b } in context.ring.products().iter().filter(|p| p.c >= first) {
                let (Some(x), Some(w)) = (context.plane(op.x, a), weights.get(b)) else { continue };
                let z = &mut planes[(c - first) * len + start..][..rows * n];
                let x = &x[start..start + rows * n];
                for (t, j, from) in op.taps(rows) {
                    row::add_product(
                        &mut z[t * n..(t + 1) * n],
                        &x[from * n..(from + 1) * n],
                        &w[j * n..(j + 1) * n],
                    );
                }
            }
        }
    }
}

struct Backward<'a, T> {
    op: CausalConvolution,
    context: &'a Context<'a, T>,
    own: Own<'a, T>,
    /// The adjoint of x to be added to; `None` if x is data.
    adjoint: Option<&'a mut [T]>,
    /// Requested planes of the gradients of w and b. Shape `[wanted, taps + 1, columns]`.
    gradient: &'a mut [T],
    first_wanted: usize,
}

impl<T: Real> pulp::NullaryFnOnce for Backward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { op, context, own, mut adjoint, gradient, first_wanted } = self;
        let (n, rows, len) = (op.bias.len, context.nodes[op.x.0].rows, own.primal.len());
        let first = usize::from(context.phase == Planes::Tangent);
        let weights = op.weights(context);
        let width = (op.taps + 1) * n;
        for start in (0..len).step_by((rows * n).max(1)) {
            let sample = start..start + rows * n;
            for &RingProduct { c, a, b } in context.ring.products() {
                let z = &own.plane(a)[sample.clone()];
                if let Some(x) = adjoint.as_mut().filter(|_| c >= first)
                    && let Some(w) = weights.get(b)
                {
                    let x = &mut x[(c - first) * len + start..][..rows * n];
                    for (t, j, from) in op.taps(rows) {
                        row::add_product(
                            &mut x[from * n..(from + 1) * n],
                            &z[t * n..(t + 1) * n],
                            &w[j * n..(j + 1) * n],
                        );
                    }
                }
                let wanted =
                    c.checked_sub(first_wanted).and_then(|c| gradient.get_mut(c * width..(c + 1) * width));
                if let Some(g) = wanted
                    && let Some(x) = context.plane(op.x, b)
                {
                    let x = &x[sample.clone()];
                    for (t, j, from) in op.taps(rows) {
                        row::add_product(
                            &mut g[j * n..(j + 1) * n],
                            &z[t * n..(t + 1) * n],
                            &x[from * n..(from + 1) * n],
                        );
                    }
                }
            }
            for (c, g) in gradient.chunks_exact_mut(width).enumerate() {
                let z = &own.plane(first_wanted + c)[sample.clone()];
                z.chunks_exact(n).for_each(|z| row::add(&mut g[op.taps * n..], z));
            }
        }
    }
}

impl<T: Real> Primitive<T> for CausalConvolution {
    fn forward(&self, context: &Context<'_, T>, node: NodeId, out: &mut Output<'_, T>) {
        dispatch(Forward { op: *self, context, planes: out.planes, len: context.len(node) });
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        own: Own<'_, T>,
        adjoints: &mut Adjoints<'_, T>,
        gradient: &mut Gradient<'_, T>,
    ) {
        let (wanted, columns, taps) = (gradient.wanted(), self.bias.len, self.taps);
        let width = (taps + 1) * columns;
        let mut found = vec![T::zero(); wanted.len() * width];
        let planes = context.ring.planes() - usize::from(context.phase == Planes::Tangent);
        let adjoint = context.is_variable(self.x).then(|| {
            let (x, accumulate) = adjoints.target(self.x, planes * own.primal.len());
            if !accumulate {
                x.fill(T::zero());
            }
            x
        });
        let first_wanted = wanted.start;
        dispatch(Backward { op: *self, context, own, adjoint, gradient: &mut found, first_wanted });
        gradient.start(self.weight);
        gradient.start(self.bias);
        for (c, found) in wanted.zip(found.chunks_exact(width)) {
            let (taps_found, bias_found) = found.split_at(taps * columns);
            for (i, g) in gradient.plane(self.weight, c).iter_mut().enumerate() {
                *g += taps_found[i % taps * columns + i / taps];
            }
            vector::add(gradient.plane(self.bias, c), bias_found);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::calculus::op::finite_difference::{check, numbers};
    use crate::calculus::tape::{Initial, NodeId, Tape};

    fn convolution(tape: &mut Tape<f64>, name: &str, x: NodeId) -> NodeId {
        let columns = tape.shape(x).1;
        let weight = tape.parameter(format!("{name}.w"), &[columns, 1, 4], Initial::Constant(0.0));
        let bias = tape.parameter(format!("{name}.b"), &[columns], Initial::Constant(0.0));
        tape.causal_convolution(x, weight, bias, 4)
    }

    /// On data, on its own result, and on sequences longer and shorter than the taps.
    #[test]
    fn derivatives_match_finite_differences() {
        for rows in [6, 2] {
            let mut tape = Tape::new();
            let x = tape.data(rows, 3);
            let h = convolution(&mut tape, "0", x);
            let h = convolution(&mut tape, "1", h);
            let h = convolution(&mut tape, "2", h);
            let f = tape.linear("3", h, 2);
            let (y, mask) = (tape.data(rows, 2), tape.data(rows, 1));
            tape.mean_squared_error(f, y, mask, 0.25);
            let n = 2 * rows;
            check(tape, &[(x, numbers(3 * n)), (y, numbers(2 * n)), (mask, vec![1.0; n])], 2);
        }
    }
}
