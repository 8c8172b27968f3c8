//! Selective scan (Gu and Dao, 2023) along the rows of a sample, as one operation.
//!
//! Every column has N states: `h_t = exp(δ_t A) h_{t−1} + δ_t B_t x_t`, starting from zero, and
//! `z_t = Σ_n C_t h_t + D x_t`, with `A = −exp(A_log)`. δ and x depend on the column, B and C on the state,
//! and A on both. States are large and cheap to compute, so that none are stored: the adjoint rule recomputes
//! them, state by state, for as many columns as fit in the lanes.

mod recurrence;

use self::recurrence::{Backward, Forward, Parameters, Sequence};
use super::{Adjoints, Context, Gradient, Output, Own, PassMemory, Planes, Primitive};
use crate::calculus::kernel::{dispatch, vector};
use crate::calculus::real::Real;
use crate::calculus::tape::{Node, NodeId, Slot, Tape};

/// Selective scan; see the module.
#[derive(Clone, Copy, Debug)]
pub struct Scan {
    x: NodeId,
    /// δ, of the shape of x.
    delta: NodeId,
    /// B and C, concatenated: `2 N` columns.
    bc: NodeId,
    /// A_log `[columns, N]`.
    a_log: Slot,
    /// D `[columns]`.
    skip: Slot,
}

impl<T: Real> Tape<T> {
    /// `z_t = Σ_n C_t h_t + D x_t` with `h_t = exp(−δ_t exp(A_log)) h_{t−1} + δ_t B_t x_t` along the rows of
    /// a sample. δ has the shape of x; B and C are concatenated in `bc` `[rows, 2 N]`; A_log has shape
    /// `[columns, N]`, and `skip` is D `[columns]`.
    ///
    /// # Panics
    /// If the shapes do not match.
    pub fn scan(&mut self, x: NodeId, delta: NodeId, bc: NodeId, a_log: Slot, skip: Slot) -> NodeId {
        let ((rows, columns), (rows_bc, both)) = (self.shape(x), self.shape(bc));
        assert_eq!((self.shape(delta), rows_bc), ((rows, columns), rows), "x, δ and B, C row by row");
        assert_eq!(
            (2 * a_log.len, skip.len),
            (both * columns, columns),
            "A_log is [columns, N], D [columns]"
        );
        self.push(Some(Box::new(Scan { x, delta, bc, a_log, skip })), rows, columns, 2)
    }
}

impl Scan {
    fn sequence<'a, T: Real>(&self, context: &Context<'a, T>) -> Sequence<'a, T> {
        let node = &context.nodes[self.x.0];
        let planes = |node| {
            let planes = 0..context.ring.planes();
            planes.map_while(|plane| context.plane(node, plane)).collect()
        };
        Sequence {
            ring: context.ring,
            first: usize::from(context.phase == Planes::Tangent),
            samples: context.samples,
            steps: node.rows,
            columns: node.columns,
            states: context.columns(self.bc) / 2,
            x: planes(self.x),
            delta: planes(self.delta),
            bc: planes(self.bc),
        }
    }

    fn parameters<'a, T: Real>(&self, context: &Context<'a, T>) -> Parameters<'a, T> {
        let planes = |slot| {
            let planes = 0..context.ring.planes();
            planes.map_while(|plane| context.parameter(slot, plane)).collect()
        };
        Parameters { a_log: planes(self.a_log), skip: planes(self.skip) }
    }
}

impl<T: Real> Primitive<T> for Scan {
    fn memory(&self, nodes: &[Node<T>], own: &Node<T>) -> PassMemory {
        // the adjoints of x, δ and B, C within the adjoint rule
        let columns = 2 * own.columns + nodes[self.bc.0].columns;
        PassMemory { tangent: own.rows.saturating_mul(columns), ..PassMemory::default() }
    }

    fn forward(&self, context: &Context<'_, T>, _: NodeId, out: &mut Output<'_, T>) {
        let (sequence, parameters) = (self.sequence(context), self.parameters(context));
        dispatch(Forward { sequence, parameters, z: out.planes });
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        own: Own<'_, T>,
        adjoints: &mut Adjoints<'_, T>,
        gradient: &mut Gradient<'_, T>,
    ) {
        let (sequence, parameters) = (self.sequence(context), self.parameters(context));
        let (planes, first) = (context.ring.planes(), sequence.first);
        let z = (0..planes).map(|plane| own.plane(plane)).collect();
        let zeros = |len| vec![T::zero(); len];
        let arguments = [self.x, self.delta, self.bc];
        let [mut x, mut delta, mut bc] = arguments.map(|node| zeros((planes - first) * context.len(node)));
        let (mut a_log, mut skip) = (zeros(planes * self.a_log.len), zeros(planes * self.skip.len));
        dispatch(Backward {
            sequence,
            parameters,
            z,
            x: &mut x,
            delta: &mut delta,
            bc: &mut bc,
            a_log: &mut a_log,
            skip: &mut skip,
        });
        for (node, found) in arguments.into_iter().zip([x, delta, bc]) {
            if context.is_variable(node) {
                let (target, accumulate) = adjoints.target(node, found.len());
                vector::scale(target, T::one(), &found, accumulate);
            }
        }
        for (slot, found) in [(self.a_log, &a_log), (self.skip, &skip)] {
            gradient.start(slot);
            for c in gradient.wanted() {
                vector::add(gradient.plane(slot, c), &found[c * slot.len..(c + 1) * slot.len]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::calculus::function::Function;
    use crate::calculus::op::finite_difference::{check, numbers};
    use crate::calculus::tape::{Initial, NodeId, Tape};

    fn scan(tape: &mut Tape<f64>, name: &str, x: NodeId, delta: NodeId, bc: NodeId) -> NodeId {
        let (columns, states) = (tape.shape(x).1, tape.shape(bc).1 / 2);
        let a_log = tape.parameter(format!("{name}.A_log"), &[columns, states], Initial::LogColumn);
        let skip = tape.parameter(format!("{name}.D"), &[columns], Initial::Constant(1.0));
        tape.scan(x, delta, bc, a_log, skip)
    }

    /// Two scans in sequence, with arguments of degree 0, 1 and 2, some of them used twice.
    #[test]
    fn derivatives_match_finite_differences() {
        let mut tape = Tape::new();
        let x = tape.data(4, 2);
        let linear = tape.linear("1", x, 3);
        let bc = tape.linear("2", x, 4);
        let delta = tape.map(Function::Softplus, linear);
        let h = scan(&mut tape, "3", linear, delta, bc);
        let (h, bc) = (tape.map(Function::Tanh, h), tape.map(Function::Tanh, bc));
        let h = scan(&mut tape, "4", h, delta, bc);
        let f = tape.linear("5", h, 2);
        let (y, mask) = (tape.data(4, 2), tape.data(4, 1));
        tape.mean_squared_error(f, y, mask, 0.25);
        // small inputs, because finite differences of a double exponential are inaccurate
        let inputs = numbers(16).into_iter().map(|x| 0.5 * x).collect();
        check(tape, &[(x, inputs), (y, numbers(16)), (mask, vec![1.0; 8])], 2);
    }

    /// On data only, so that only the parameters vary; more columns than lanes.
    #[test]
    fn derivatives_on_data_match_finite_differences() {
        let mut tape = Tape::new();
        let (x, delta, bc) = (tape.data(2, 65), tape.data(2, 65), tape.data(2, 2));
        let h = scan(&mut tape, "1", x, delta, bc);
        let f = tape.map(Function::Tanh, h);
        let (y, mask) = (tape.data(2, 65), tape.data(2, 1));
        tape.mean_squared_error(f, y, mask, 0.25);
        let steps = numbers(130).into_iter().map(f64::abs).collect();
        let data =
            [(x, numbers(130)), (delta, steps), (bc, numbers(4)), (y, numbers(130)), (mask, vec![1.0; 2])];
        check(tape, &data, 1);
    }
}
