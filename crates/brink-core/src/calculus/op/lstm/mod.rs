//! A layer of long short-term memory cells (Hochreiter and Schmidhuber, 1997) over a sequence, as one
//! operation.
//!
//! The gates are `G_t = x_t Wih + bih + h_{t−1} Whh + bhh`. With i, f, o = σ and g = tanh of their columns of
//! G_t, `c_t = f c_{t−1} + i g` and `h_t = o tanh c_t`, starting from zero. Terms that do not depend on the
//! previous step are computed by one matrix product over all steps: the inputs, and every term with a
//! perturbed weight, whose other factor is a plane of lower degree. Planes are therefore processed degree by
//! degree, and each step multiplies the planes of one degree of all samples by Whh.

mod cell;

use self::cell::{Adjoint, BackwardStep, ForwardStep, PrimalStep, STATE, Shape, TANGENT, Work};
use super::{Adjoints, Context, Gradient, Output, Own, PassMemory, Planes, Primitive};
use crate::calculus::kernel::gemm::{multiply, multiply_scaled};
use crate::calculus::kernel::matrix::{Matrix, MatrixMut};
use crate::calculus::kernel::{dispatch, vector};
use crate::calculus::real::Real;
use crate::calculus::ring::RingProduct;
use crate::calculus::tape::{Initial, Node, NodeId, Slot, Tape};

/// LSTM layer; see the module. Saves [`STATE`] columns per hidden unit in the primal pass, and [`TANGENT`]
/// columns per hidden unit and plane in a tangent pass.
#[derive(Clone, Copy, Debug)]
pub struct Lstm {
    /// The argument.
    x: NodeId,
    /// h, the value of this node.
    h: NodeId,
    /// Wih `[inputs, 4 hidden]` and Whh `[hidden, 4 hidden]`, stored as one matrix.
    weight: Slot,
    /// bih and bhh, each `[4 hidden]`.
    bias: Slot,
    inputs: usize,
    hidden: usize,
}

impl<T: Real> Tape<T> {
    /// The hidden states h of a layer of LSTM cells with gates in the order i, f, g, o. Parameters
    /// `{name}.Wih` `[inputs, 4 hidden]`, `{name}.Whh` `[hidden, 4 hidden]`, `{name}.bih` and `{name}.bhh`
    /// `[4 hidden]` are initially uniform on ±1/√hidden. The rows of a sample are its time steps.
    pub fn lstm(&mut self, name: &str, x: NodeId, hidden: usize) -> NodeId {
        let ((steps, inputs), gates) = (self.shape(x), 4 * hidden);
        let initial = Initial::Uniform(1.0 / (hidden as f64).sqrt());
        let mut declare = |what, shape: &[usize]| self.parameter(format!("{name}.{what}"), shape, initial);
        let (wih, whh) = (declare("Wih", &[inputs, gates]), declare("Whh", &[hidden, gates]));
        let (bih, bhh) = (declare("bih", &[gates]), declare("bhh", &[gates]));
        let weight = Slot { offset: wih.offset, len: wih.len + whh.len };
        let bias = Slot { offset: bih.offset, len: bih.len + bhh.len };
        let h = NodeId(self.nodes().len());
        self.push(Some(Box::new(Lstm { x, h, weight, bias, inputs, hidden })), steps, hidden, 2)
    }
}

impl Lstm {
    fn shape<T: Real>(&self, context: &Context<'_, T>) -> Shape {
        Shape { samples: context.samples, steps: context.nodes[self.x.0].rows, hidden: self.hidden }
    }

    /// A plane of Wih and Whh, stacked vertically.
    fn weight<'a, T: Real>(&self, context: &Context<'a, T>, plane: usize) -> Option<Matrix<'a, T>> {
        let both = context.parameter(self.weight, plane)?;
        Some(Matrix::new(both, self.inputs + self.hidden, 4 * self.hidden))
    }

    /// Wih and Whh at a plane.
    fn weights<'a, T: Real>(&self, context: &Context<'a, T>, plane: usize) -> Option<[Matrix<'a, T>; 2]> {
        let gates = 4 * self.hidden;
        let (wih, whh) = context.parameter(self.weight, plane)?.split_at(self.inputs * gates);
        Some([Matrix::new(wih, self.inputs, gates), Matrix::new(whh, self.hidden, gates)])
    }

    /// Initializes a plane of G with the biases of this plane.
    fn start<T: Real>(&self, context: &Context<'_, T>, plane: usize, rows: &mut [T], width: usize) {
        let gates = 4 * self.hidden;
        let Some(bias) = context.parameter(self.bias, plane) else {
            return rows.chunks_exact_mut(width).for_each(|row| row[..gates].fill(T::zero()));
        };
        let (bih, bhh) = bias.split_at(gates);
        let bias: Vec<T> = bih.iter().zip(bhh).map(|(&x, &y)| x + y).collect();
        rows.chunks_exact_mut(width).for_each(|row| row[..gates].copy_from_slice(&bias));
    }

    /// The concatenation of x_t and h_{t−1} in a plane, zero where undefined. Shape
    /// `[rows, inputs + hidden]`.
    fn inputs<T: Real>(&self, shape: Shape, x: Option<&[T]>, h: &[T], joined: &mut [T]) {
        let Self { inputs, hidden, .. } = *self;
        for (row, joined) in joined.chunks_exact_mut(inputs + hidden).enumerate() {
            let (to_x, to_h) = joined.split_at_mut(inputs);
            match x {
                Some(x) => to_x.copy_from_slice(&x[row * inputs..(row + 1) * inputs]),
                None => to_x.fill(T::zero()),
            }
            if row % shape.steps == 0 {
                to_h.fill(T::zero());
            } else {
                to_h.copy_from_slice(&h[(row - 1) * hidden..row * hidden]);
            }
        }
    }

    fn forward_primal<T: Real>(&self, context: &Context<'_, T>, out: &mut Output<'_, T>) {
        let shape @ Shape { samples, steps, hidden } = self.shape(context);
        let (rows, width, gates) = (shape.rows(), STATE * hidden, 4 * hidden);
        out.saved.resize(rows * width, T::zero());
        let (state, h) = (&mut out.saved[..], &mut *out.planes);
        self.start(context, 0, state, width);
        let Some([wih, whh]) = self.weights(context, 0) else { return };
        let x = Matrix::new(context.value(self.x), rows, self.inputs);
        multiply_scaled(
            MatrixMut::strided(state, rows, gates, width),
            T::one(),
            x,
            wih,
            true,
            context.parallel,
        );
        for t in 0..steps {
            if t > 0 {
                let z = MatrixMut::strided(&mut state[t * width..], samples, gates, steps * width);
                let h = Matrix::strided(&h[(t - 1) * hidden..], samples, hidden, steps * hidden);
                multiply_scaled(z, T::one(), h, whh, true, context.parallel);
            }
            dispatch(PrimalStep { shape, t, state, h });
        }
    }

    fn forward_tangent<T: Real>(&self, context: &Context<'_, T>, out: &mut Output<'_, T>) {
        let shape @ Shape { samples, steps, hidden } = self.shape(context);
        let (rows, width, gates) = (shape.rows(), TANGENT * hidden, 4 * hidden);
        let (ring, state) = (context.ring, &out.saved[..]);
        let all = (ring.planes() - 1) * rows * width;
        if out.tangent_saved.len() < all {
            out.tangent_saved.resize(all, T::zero());
        }
        let tangents = &mut out.tangent_saved[..all];
        for (i, plane) in tangents.chunks_exact_mut((rows * width).max(1)).enumerate() {
            self.start(context, 1 + i, plane, width);
        }
        let Some([wih, whh]) = self.weights(context, 0) else { return };
        let x = context.tangents(self.x);
        let stacked = x.len() / self.inputs;
        let z = MatrixMut::strided(tangents, stacked, gates, width);
        multiply_scaled(z, T::one(), Matrix::new(x, stacked, self.inputs), wih, true, context.parallel);

        let joined_len = rows * (self.inputs + hidden);
        let mut joined = Vec::new();
        let mut work = Work::new(ring);
        for degree in 1..=ring.degree() {
            let (lower, planes) = (ring.planes_of(degree - 1), ring.planes_of(degree));
            joined.resize(lower.len() * joined_len, T::zero());
            for (a, joined) in lower.clone().zip(joined.chunks_exact_mut(joined_len.max(1))) {
                let h = if a == 0 {
                    context.value(self.h)
                } else {
                    &out.planes[(a - 1) * rows * hidden..a * rows * hidden]
                };
                self.inputs(shape, context.plane(self.x, a), h, joined);
            }
            let products = &ring.products_up_to(degree)[ring.products_up_to(degree - 1).len()..];
            for &RingProduct { c, a, b } in products.iter().filter(|p| p.b > 0) {
                let Some(u) = self.weight(context, b) else { continue };
                let z = &mut tangents[(c - 1) * rows * width..c * rows * width];
                let x = Matrix::new(&joined[(a - lower.start) * joined_len..], rows, self.inputs + hidden);
                multiply_scaled(
                    MatrixMut::strided(z, rows, gates, width),
                    T::one(),
                    x,
                    u,
                    true,
                    context.parallel,
                );
            }
            let (first, stacked) = ((planes.start - 1) * rows, planes.len() * samples);
            for t in 0..steps {
                if t > 0 {
                    let z = &mut tangents[(first + t) * width..];
                    let h = &out.planes[(first + t - 1) * hidden..];
                    let h = Matrix::strided(h, stacked, hidden, steps * hidden);
                    let z = MatrixMut::strided(z, stacked, gates, steps * width);
                    multiply_scaled(z, T::one(), h, whh, true, context.parallel);
                }
                let (h, work) = (&mut *out.planes, &mut work);
                dispatch(ForwardStep { ring, degree, shape, t, state, tangents, h, work });
            }
        }
    }

    /// The adjoints of G, h and c in all planes of the phase, computed in reverse time.
    fn adjoint<T: Real>(&self, context: &Context<'_, T>, own: Own<'_, T>) -> Adjoint<T> {
        let shape @ Shape { samples, steps, hidden } = self.shape(context);
        let (rows, gates, ring) = (shape.rows(), 4 * hidden, context.ring);
        let mut adjoint = Adjoint::new(shape, ring, own);
        let Some([_, whh]) = self.weights(context, 0) else { return adjoint };
        let mut perturbed = Vec::new();
        let mut work = Work::new(ring);
        for degree in 0..=ring.degree() {
            let planes = ring.planes_of(degree);
            let lower = degree.checked_sub(1).map_or(&[][..], |lower| ring.products_up_to(lower));
            let products = &ring.products_up_to(degree)[lower.len()..];
            for terms in products.chunk_by(|p, q| p.c == q.c).filter(|_| degree > 0) {
                perturbed.clear();
                perturbed.resize(rows * hidden, T::zero());
                for &RingProduct { a, b, .. } in terms {
                    let Some([_, u]) = self.weights(context, b).filter(|_| b > 0) else { continue };
                    let g = Matrix::new(&adjoint.gates[a * rows * gates..], rows, gates);
                    multiply(&mut perturbed, g, u.transposed(), true, context.parallel);
                }
                adjoint.add_one_step_earlier(terms[0].c, &perturbed);
            }
            let stacked = planes.len() * samples;
            for t in (0..steps).rev() {
                let row = planes.start * rows + t;
                if t + 1 < steps {
                    let g =
                        Matrix::strided(&adjoint.gates[(row + 1) * gates..], stacked, gates, steps * gates);
                    let h = &mut adjoint.state[row * 2 * hidden..];
                    let h = MatrixMut::strided(h, stacked, hidden, steps * 2 * hidden);
                    multiply_scaled(h, T::one(), g, whh.transposed(), true, context.parallel);
                }
                let (adjoint, work) = (&mut adjoint, &mut work);
                let (state, tangents) = (own.saved, own.tangent_saved);
                dispatch(BackwardStep { ring, degree, shape, t, state, tangents, adjoint, work });
            }
        }
        adjoint
    }
}

impl<T: Real> Primitive<T> for Lstm {
    fn memory(&self, _: &[Node<T>], own: &Node<T>) -> PassMemory {
        // working memory of the adjoint rule: the adjoints of G, h and c, and the concatenation of x and h
        let at_hand = 6 * self.hidden + self.inputs + self.hidden;
        let each = |columns: usize| own.rows.saturating_mul(columns);
        PassMemory {
            primal: each(STATE * self.hidden),
            tangent: each(TANGENT * self.hidden + at_hand),
            working: 0,
        }
    }

    fn forward(&self, context: &Context<'_, T>, _: NodeId, out: &mut Output<'_, T>) {
        match context.phase {
            Planes::Primal => self.forward_primal(context, out),
            Planes::Tangent => self.forward_tangent(context, out),
        }
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        own: Own<'_, T>,
        adjoints: &mut Adjoints<'_, T>,
        gradient: &mut Gradient<'_, T>,
    ) {
        let shape = self.shape(context);
        let (rows, inputs, gates, ring) = (shape.rows(), self.inputs, 4 * self.hidden, context.ring);
        let adjoint = self.adjoint(context, own);
        let g = |plane: usize| &adjoint.gates[plane * rows * gates..(plane + 1) * rows * gates];

        let (wanted, width) = (gradient.wanted(), inputs + self.hidden);
        let mut joined = vec![T::zero(); wanted.end * rows * width];
        for (plane, joined) in joined.chunks_exact_mut((rows * width).max(1)).enumerate() {
            let h = context.plane(self.h, plane).unwrap_or_default();
            self.inputs(shape, context.plane(self.x, plane), h, joined);
        }
        for c in wanted {
            let mut accumulate = gradient.accumulate;
            let bias = gradient.plane(self.bias, c);
            bias.chunks_exact_mut(gates).for_each(|bias| vector::sum_rows(bias, g(c), accumulate));
            let weight = gradient.plane(self.weight, c);
            for &RingProduct { a, b, .. } in ring.products().iter().filter(|p| p.c == c) {
                let x = Matrix::new(&joined[b * rows * width..], rows, width).transposed();
                multiply(weight, x, Matrix::new(g(a), rows, gates), accumulate, context.parallel);
                accumulate = true;
            }
        }

        if !context.is_variable(self.x) {
            return;
        }
        let first = usize::from(context.phase == Planes::Tangent);
        let stacked = (ring.planes() - first) * rows;
        let (x, accumulate) = adjoints.target(self.x, stacked * inputs);
        for b in 0..ring.planes_up_to(1) {
            let Some([u, _]) = self.weights(context, b).map(|w| w.map(Matrix::transposed)) else { continue };
            if b == 0 {
                let g = Matrix::new(&adjoint.gates[first * rows * gates..], stacked, gates);
                multiply(x, g, u, accumulate, context.parallel);
                continue;
            }
            for &RingProduct { c, a, .. } in ring.products().iter().filter(|p| p.b == b) {
                let x = &mut x[(c - 1) * rows * inputs..c * rows * inputs];
                multiply(x, Matrix::new(g(a), rows, gates), u, true, context.parallel);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::calculus::function::Function;
    use crate::calculus::op::finite_difference::{check, numbers};
    use crate::calculus::tape::{Initial, Tape};

    /// Two layers whose widths do not fill a block of lanes, the first on rows of a table: arguments of
    /// degree 1 and 2.
    #[test]
    fn derivatives_of_two_layers_match_finite_differences() {
        let mut tape = Tape::new();
        let tokens = tape.data(4, 1);
        let h = tape.embedding("embed", tokens, [3, 3], Initial::Normal(1.0), 1.0, Vec::new());
        let h = tape.lstm("0", h, 2);
        let h = tape.lstm("1", h, 3);
        let f = tape.linear("linear", h, 2);
        let y = tape.data(4, 1);
        tape.cross_entropy(f, y, 0.2);
        let x = vec![0.0, 1.0, 2.0, 1.0, 2.0, 2.0, 0.0, 1.0];
        check(tape, &[(tokens, x), (y, vec![-1.0, 0.0, 1.0, 1.0, 0.0, -1.0, 1.0, 0.0])], 2);
    }

    /// On data, wider than a block of lanes, and with a single step.
    #[test]
    fn derivatives_on_data_match_finite_differences() {
        for (steps, hidden) in [(2, 65), (1, 2)] {
            let mut tape = Tape::new();
            let x = tape.data(steps, 1);
            let h = tape.lstm("0", x, hidden);
            let h = tape.map(Function::Gelu, h);
            let f = tape.linear("1", h, 1);
            let (y, mask) = (tape.data(steps, 1), tape.data(steps, 1));
            tape.mean_squared_error(f, y, mask, 0.5);
            let n = 2 * steps;
            check(tape, &[(x, numbers(n)), (y, numbers(n)), (mask, vec![1.0; n])], 2);
        }
    }
}
