//! One lane: consecutive samples, everything computed for them, and the two directions of a pass over them.

use rayon::prelude::*;

use crate::calculus::kernel::vector;
use crate::calculus::op::{Adjoints, Context, Gradient, Output, Own, Phase};
use crate::calculus::ring::Ring;
use crate::calculus::tape::{NodeId, Tape};
use crate::calculus::{Block, Real};

/// Consecutive samples, and everything computed for them.
#[derive(Debug)]
pub(super) struct Lane<T> {
    pub(super) first: usize,
    pub(super) samples: usize,
    pub(super) values: Vec<Vec<T>>,
    saved: Vec<Vec<T>>,
    adjoints: Vec<Vec<T>>,
    tangents: Vec<Vec<T>>,
    tangent_adjoints: Vec<Vec<T>>,
    written: Vec<bool>,
    /// Wanted planes of the weight gradient (all lanes but the first, which writes to the result).
    gradient: Vec<T>,
    pub(super) loss: f64,
}

/// What a pass works with, the same for all lanes.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a, T> {
    pub(super) tape: &'a Tape<T>,
    pub(super) ring: &'a Ring,
    pub(super) phase: Phase,
    pub(super) parallel: bool,
    pub(super) weights: &'a [T],
    pub(super) directions: &'a Block<T>,
}

impl<T: Real> Lane<T> {
    pub(super) fn new(tape: &Tape<T>, data: &[(NodeId, Vec<T>)], first: usize, samples: usize) -> Self {
        let empty = || vec![Vec::new(); tape.nodes().len()];
        let mut values = empty();
        for (node, x) in data {
            let (rows, columns) = tape.shape(*node);
            let size = rows * columns;
            values[node.0] = x[first * size..(first + samples) * size].to_vec();
        }
        Self {
            first,
            samples,
            values,
            saved: empty(),
            adjoints: empty(),
            tangents: empty(),
            tangent_adjoints: empty(),
            written: vec![false; tape.nodes().len()],
            gradient: Vec::new(),
            loss: 0.0,
        }
    }

    pub(super) fn forward(&mut self, pass: Pass<'_, T>) {
        let nodes = pass.tape.nodes();
        if pass.phase == Phase::Primal {
            self.loss = 0.0;
        }
        for (id, node) in nodes.iter().enumerate() {
            let Some(op) = &node.op else { continue };
            let target = match pass.phase {
                Phase::Primal => &mut self.values[id],
                Phase::Tangent => &mut self.tangents[id],
            };
            let planes = match pass.phase {
                Phase::Primal => 1,
                Phase::Tangent => pass.ring.planes_up_to(node.degree) - 1,
            };
            let len = planes * self.samples * node.rows * node.columns;
            // the value being written is taken out, so that the others can be read
            let mut own = std::mem::take(target);
            if own.len() < len || pass.phase == Phase::Primal {
                own.resize(len, T::zero());
            }
            let context = Context {
                ring: pass.ring,
                phase: pass.phase,
                parallel: pass.parallel,
                samples: self.samples,
                nodes,
                weights: pass.weights,
                directions: pass.directions,
                values: &self.values,
                tangents: &self.tangents,
            };
            let mut out =
                Output { planes: &mut own[..len], saved: &mut self.saved[id], loss: &mut self.loss };
            op.forward(&context, NodeId(id), &mut out);
            match pass.phase {
                Phase::Primal => self.values[id] = own,
                Phase::Tangent => self.tangents[id] = own,
            }
        }
    }

    fn backward(&mut self, pass: Pass<'_, T>, mut gradient: Gradient<'_, T>) {
        let nodes = pass.tape.nodes();
        self.written.fill(false);
        for (id, node) in nodes.iter().enumerate().rev() {
            let Some(op) = &node.op else { continue };
            let is_loss = id + 1 == nodes.len();
            if node.degree == 0 || !(is_loss || self.written[id]) {
                continue;
            }
            let len = self.samples * node.rows * node.columns;
            let context = Context {
                ring: pass.ring,
                phase: pass.phase,
                parallel: pass.parallel,
                samples: self.samples,
                nodes,
                weights: pass.weights,
                directions: pass.directions,
                values: &self.values,
                tangents: &self.tangents,
            };
            let (primal, tangents, lower) = match pass.phase {
                Phase::Primal => {
                    let (lower, own) = self.adjoints.split_at_mut(id);
                    (own[0].get(..len).unwrap_or_default(), &[][..], lower)
                }
                Phase::Tangent => {
                    let (lower, own) = self.tangent_adjoints.split_at_mut(id);
                    let all = (pass.ring.planes() - 1) * len;
                    (
                        self.adjoints[id].get(..len).unwrap_or_default(),
                        own[0].get(..all).unwrap_or_default(),
                        lower,
                    )
                }
            };
            let own = Own { primal, tangents, saved: &self.saved[id] };
            let mut adjoints = Adjoints { lower, written: &mut self.written };
            op.backward(&context, own, &mut adjoints, &mut gradient);
        }
    }
}

/// Runs all lanes, and sums their parts of the wanted planes `first..` (as many as `result` holds).
pub(super) fn run<T: Real>(
    lanes: &mut [Lane<T>],
    pass: Pass<'_, T>,
    forward: bool,
    first: usize,
    result: &mut [T],
) {
    let dim = pass.tape.dim();
    let one = |lane: &mut Lane<T>, data: &mut [T]| {
        if forward {
            lane.forward(pass);
        }
        lane.backward(pass, Gradient { data, dim, first, accumulate: false });
    };
    let Some((head, tail)) = lanes.split_first_mut() else { return };
    if tail.is_empty() {
        return one(head, result);
    }
    let wanted = result.len();
    rayon::join(
        || one(head, result),
        || {
            tail.par_iter_mut().with_max_len(1).for_each(|lane| {
                let mut gradient = std::mem::take(&mut lane.gradient);
                gradient.resize(wanted, T::zero());
                one(lane, &mut gradient);
                lane.gradient = gradient;
            });
        },
    );
    for lane in tail {
        vector::add(result, &lane.gradient);
    }
}
