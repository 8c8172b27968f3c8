//! Linear layer with or without bias.

use super::{Adjoints, Context, Gradient, Output, Own, Planes, Primitive};
use crate::calculus::kernel::gemm::multiply;
use crate::calculus::kernel::matrix::Matrix;
use crate::calculus::kernel::vector;
use crate::calculus::real::Real;
use crate::calculus::ring::RingProduct;
use crate::calculus::tape::{Initial, NodeId, Slot, Tape};

/// `z = x Wᵀ + b`, row by row; W `[outputs, inputs]`, b `[outputs]`.
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    /// The argument.
    x: NodeId,
    /// W.
    weight: Slot,
    /// b.
    bias: Option<Slot>,
    /// Number of columns of x.
    inputs: usize,
    /// Number of columns of z.
    outputs: usize,
}

impl Linear {
    /// Initializes a plane of z with the bias of this plane (zero without a bias).
    fn start<T: Real>(&self, context: &Context<'_, T>, plane: usize, z: &mut [T]) {
        match self.bias.and_then(|bias| context.parameter(bias, plane)) {
            Some(bias) => z.chunks_exact_mut(self.outputs).for_each(|row| row.copy_from_slice(bias)),
            None => z.fill(T::zero()),
        }
    }
}

impl<T: Real> Tape<T> {
    /// `z = x Wᵀ + b`, row by row, with parameters `{name}.weight` `[outputs, inputs]` and `{name}.bias`
    /// `[outputs]`, both initially uniform on ±1/√inputs.
    pub fn linear(&mut self, name: &str, x: NodeId, outputs: usize) -> NodeId {
        let (_, inputs) = self.shape(x);
        let initial = Initial::Uniform(1.0 / (inputs as f64).sqrt());
        let weight = self.parameter(format!("{name}.weight"), &[outputs, inputs], initial);
        let bias = self.parameter(format!("{name}.bias"), &[outputs], initial);
        self.affine(x, weight, Some(bias), outputs)
    }

    /// `z = x Wᵀ`, row by row, with a parameter `{name}.weight` `[outputs, inputs]`, initially uniform on
    /// ±1/√inputs.
    pub fn linear_without_bias(&mut self, name: &str, x: NodeId, outputs: usize) -> NodeId {
        let (_, inputs) = self.shape(x);
        let initial = Initial::Uniform(1.0 / (inputs as f64).sqrt());
        let weight = self.parameter(format!("{name}.weight"), &[outputs, inputs], initial);
        self.affine(x, weight, None, outputs)
    }

    /// `z = x Wᵀ + b`, row by row, with previously declared parameters W `[outputs, inputs]` and b
    /// `[outputs]`. The slots may be parts of a larger parameter, each used by a single operation.
    ///
    /// # Panics
    /// If the lengths of the slots do not match.
    pub fn affine(&mut self, x: NodeId, weight: Slot, bias: Option<Slot>, outputs: usize) -> NodeId {
        let (rows, inputs) = self.shape(x);
        assert_eq!(weight.len, outputs * inputs, "W is [{outputs}, {inputs}]");
        assert!(bias.is_none_or(|bias| bias.len == outputs), "b is [{outputs}]");
        let degree = (self.degree(x) + 1).min(2);
        self.push(Some(Box::new(Linear { x, weight, bias, inputs, outputs })), rows, outputs, degree)
    }
}

impl<T: Real> Primitive<T> for Linear {
    fn forward(&self, context: &Context<'_, T>, node: NodeId, out: &mut Output<'_, T>) {
        let (rows, inputs, outputs) = (context.rows(self.x), self.inputs, self.outputs);
        let len = context.len(node);
        let weight = |plane| {
            let w = context.parameter(self.weight, plane)?;
            Some(Matrix::new(w, outputs, inputs).transposed())
        };
        let first = usize::from(context.phase == Planes::Tangent);
        for (i, z) in out.planes.chunks_exact_mut(len.max(1)).enumerate() {
            self.start(context, first + i, z);
        }
        // the unperturbed weight times all planes of x in the phase, in one product
        let x = context.planes(self.x);
        if let Some(w) = weight(0).filter(|_| !x.is_empty()) {
            let stacked = x.len() / inputs;
            let z = &mut out.planes[..stacked * outputs];
            multiply(z, Matrix::new(x, stacked, inputs), w, true, context.parallel);
        }
        if context.phase == Planes::Primal {
            return;
        }
        for &RingProduct { c, a, b } in context.ring.products().iter().filter(|p| p.c > 0 && p.b > 0) {
            let (Some(x), Some(u)) = (context.plane(self.x, a), weight(b)) else { continue };
            let z = &mut out.planes[(c - 1) * len..c * len];
            multiply(z, Matrix::new(x, rows, inputs), u, true, context.parallel);
        }
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        own: Own<'_, T>,
        adjoints: &mut Adjoints<'_, T>,
        gradient: &mut Gradient<'_, T>,
    ) {
        let (rows, inputs, outputs) = (context.rows(self.x), self.inputs, self.outputs);
        let accumulated = gradient.accumulate;
        for c in gradient.wanted() {
            let mut accumulate = accumulated;
            let g = gradient.plane(self.weight, c);
            for &RingProduct { a, b, .. } in context.ring.products().iter().filter(|p| p.c == c) {
                let Some(x) = context.plane(self.x, b) else { continue };
                let z = Matrix::new(own.plane(a), rows, outputs).transposed();
                multiply(g, z, Matrix::new(x, rows, inputs), accumulate, context.parallel);
                accumulate = true;
            }
            if let Some(bias) = self.bias {
                vector::sum_rows(gradient.plane(bias, c), own.plane(c), accumulated);
            }
        }
        if !context.is_variable(self.x) {
            return;
        }
        let weight = |plane| Some(Matrix::new(context.parameter(self.weight, plane)?, outputs, inputs));
        let z = own.planes(context.phase);
        let stacked = z.len() / outputs;
        let (adjoint, accumulate) = adjoints.target(self.x, stacked * inputs);
        if let Some(w) = weight(0) {
            multiply(adjoint, Matrix::new(z, stacked, outputs), w, accumulate, context.parallel);
        }
        if context.phase == Planes::Primal {
            return;
        }
        let len = rows * inputs;
        for &RingProduct { c, a, b } in context.ring.products().iter().filter(|p| p.c > 0 && p.b > 0) {
            let Some(u) = weight(b) else { continue };
            let x = &mut adjoint[(c - 1) * len..c * len];
            multiply(x, Matrix::new(own.plane(a), rows, outputs), u, true, context.parallel);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::calculus::function::Function;
    use crate::calculus::op::finite_difference::{check, numbers};
    use crate::calculus::tape::{Initial, Tape};

    /// Two consecutive linear layers: the argument of the second has degree one and fewer planes than the
    /// ring.
    #[test]
    fn derivatives_of_a_deep_linear_network_match_finite_differences() {
        let mut tape = Tape::new();
        let x = tape.data(1, 3);
        let h = tape.linear("1", x, 4);
        let h = tape.linear("2", h, 3);
        let f = tape.linear("3", h, 2);
        let (y, mask) = (tape.data(1, 2), tape.data(1, 1));
        tape.mean_squared_error(f, y, mask, 0.5);
        check(tape, &[(x, numbers(12)), (y, numbers(8)), (mask, vec![1.0; 4])], 4);
    }

    /// One input, one output, and widths that do not fill a vector register.
    #[test]
    fn derivatives_match_finite_differences_at_odd_sizes() {
        let mut tape = Tape::new();
        let x = tape.data(1, 1);
        let h = tape.linear("1", x, 17);
        let h = tape.map(Function::Silu, h);
        let h = tape.linear("2", h, 5);
        let h = tape.map(Function::Tanh, h);
        let f = tape.linear("3", h, 1);
        let (y, mask) = (tape.data(1, 1), tape.data(1, 1));
        tape.mean_squared_error(f, y, mask, 1.0 / 3.0);
        check(tape, &[(x, numbers(3)), (y, numbers(3)), (mask, vec![1.0; 3])], 3);
    }

    /// Without bias, and with parts of a packed parameter.
    #[test]
    fn derivatives_of_parts_of_a_parameter_match_finite_differences() {
        let mut tape = Tape::new();
        let x = tape.data(2, 3);
        let h = tape.linear_without_bias("1", x, 4);
        let weight = tape.parameter("packed.weight", &[5, 4], Initial::Constant(0.0));
        let bias = tape.parameter("packed.bias", &[5], Initial::Constant(0.0));
        let first = tape.affine(h, weight.part(0, 3 * 4), Some(bias.part(0, 3)), 3);
        let first = tape.map(Function::Tanh, first);
        let second = tape.affine(h, weight.part(3 * 4, 2 * 4), Some(bias.part(3, 2)), 2);
        let first = tape.linear("2", first, 2);
        let f = tape.add(first, 1.0, second);
        let (y, mask) = (tape.data(2, 2), tape.data(2, 1));
        tape.mean_squared_error(f, y, mask, 0.5);
        check(tape, &[(x, numbers(12)), (y, numbers(8)), (mask, vec![1.0; 4])], 2);
    }
}
