//! Chunks of consecutive samples: the data computed for them, and the forward and backward parts of a pass.

use std::ops::Range;

use crate::calculus::block::Block;
use crate::calculus::kernel::buffers::Buffers;
use crate::calculus::op::{Adjoints, Context, Gradient, Output, Own, Planes};
use crate::calculus::real::Real;
use crate::calculus::ring::Ring;
use crate::calculus::tape::{NodeId, Tape};

/// Inputs of a pass, shared by all chunks.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a, T> {
    pub(super) tape: &'a Tape<T>,
    pub(super) ring: &'a Ring,
    pub(super) phase: Planes,
    /// See [`Context`].
    pub(super) derivatives: usize,
    pub(super) parallel: bool,
    pub(super) weights: &'a [T],
    pub(super) directions: &'a Block<T>,
}

impl<'a, T> Pass<'a, T> {
    /// The context of the rules for a chunk.
    fn context(
        self,
        samples: usize,
        values: &'a [Vec<T>],
        tangents: &'a [Vec<T>],
        buffers: &'a Buffers<T>,
    ) -> Context<'a, T> {
        let Self { tape, ring, phase, derivatives, parallel, weights, directions } = self;
        let nodes = tape.nodes();
        Context {
            ring,
            phase,
            derivatives,
            parallel,
            samples,
            nodes,
            weights,
            directions,
            values,
            tangents,
            buffers,
        }
    }
}

/// Plane 0 of all nodes, and the data that the operations saved.
#[derive(Debug, Default)]
pub(super) struct Primal<T> {
    pub(super) values: Vec<Vec<T>>,
    pub(super) saved: Vec<Vec<T>>,
    pub(super) adjoints: Vec<Vec<T>>,
}

impl<T: Real> Primal<T> {
    fn new(nodes: usize) -> Self {
        let empty = || vec![Vec::new(); nodes];
        Self { values: empty(), saved: empty(), adjoints: empty() }
    }
}

/// Consecutive samples: their data and, if cached, plane 0 of all nodes.
#[derive(Debug)]
pub(super) struct Chunk<T> {
    pub(super) samples: Range<usize>,
    pub(super) primal: Primal<T>,
    /// Contribution to the loss.
    pub(super) loss: f64,
}

impl<T: Real> Chunk<T> {
    pub(super) fn new(tape: &Tape<T>, data: &[(NodeId, Vec<T>)], samples: Range<usize>) -> Self {
        let mut primal = Primal::new(tape.nodes().len());
        for (node, x) in data {
            let (rows, columns) = tape.shape(*node);
            let size = rows * columns;
            primal.values[node.0] = x[samples.start * size..samples.end * size].to_vec();
        }
        Self { samples, primal, loss: 0.0 }
    }

    /// Swaps the data with empty buffers elsewhere.
    pub(super) fn swap_data(&mut self, tape: &Tape<T>, other: &mut Primal<T>) {
        for (id, node) in tape.nodes().iter().enumerate() {
            if node.op.is_none() {
                std::mem::swap(&mut self.primal.values[id], &mut other.values[id]);
            }
        }
    }
}

/// Working memory of a pass, reused from chunk to chunk.
#[derive(Debug)]
pub(super) struct Scratch<T> {
    /// Plane 0 if it is not cached.
    pub(super) primal: Primal<T>,
    tangents: Vec<Vec<T>>,
    tangent_saved: Vec<Vec<T>>,
    tangent_adjoints: Vec<Vec<T>>,
    written: Vec<bool>,
    buffers: Buffers<T>,
}

impl<T: Real> Scratch<T> {
    pub(super) fn new(tape: &Tape<T>) -> Self {
        let nodes = tape.nodes().len();
        let empty = || vec![Vec::new(); nodes];
        Self {
            primal: Primal::new(nodes),
            tangents: empty(),
            tangent_saved: empty(),
            tangent_adjoints: empty(),
            written: vec![false; nodes],
            buffers: Buffers::default(),
        }
    }

    /// Computes the values of the phase of the pass. Returns the contribution to the loss in the primal
    /// phase.
    pub(super) fn forward(&mut self, pass: Pass<'_, T>, primal: &mut Primal<T>, samples: usize) -> f64 {
        let nodes = pass.tape.nodes();
        let mut loss = 0.0;
        for (id, node) in nodes.iter().enumerate() {
            let Some(op) = &node.op else { continue };
            let target = match pass.phase {
                Planes::Primal => &mut primal.values[id],
                Planes::Tangent => &mut self.tangents[id],
            };
            let planes = match pass.phase {
                Planes::Primal => 1,
                Planes::Tangent => pass.ring.planes_up_to(node.degree) - 1,
            };
            let len = planes * samples * node.rows * node.columns;
            // the buffer of the value being written is taken out, so that the others can be borrowed
            let mut own = std::mem::take(target);
            if own.len() < len || pass.phase == Planes::Primal {
                own.resize(len, T::zero());
            }
            let context = pass.context(samples, &primal.values, &self.tangents, &self.buffers);
            let mut out = Output {
                planes: &mut own[..len],
                saved: &mut primal.saved[id],
                tangent_saved: &mut self.tangent_saved[id],
                loss: &mut loss,
            };
            op.forward(&context, NodeId(id), &mut out);
            match pass.phase {
                Planes::Primal => primal.values[id] = own,
                Planes::Tangent => self.tangents[id] = own,
            }
        }
        loss
    }

    /// Computes the adjoints of the phase of the pass and the requested planes of the weight gradient.
    pub(super) fn backward(
        &mut self,
        pass: Pass<'_, T>,
        primal: &mut Primal<T>,
        samples: usize,
        mut gradient: Gradient<'_, T>,
    ) {
        let nodes = pass.tape.nodes();
        self.written.fill(false);
        for (id, node) in nodes.iter().enumerate().rev() {
            let Some(op) = &node.op else { continue };
            let is_loss = id + 1 == nodes.len();
            if node.degree == 0 || !(is_loss || self.written[id]) {
                continue;
            }
            let len = samples * node.rows * node.columns;
            let context = pass.context(samples, &primal.values, &self.tangents, &self.buffers);
            let (own_primal, tangents, lower) = match pass.phase {
                Planes::Primal => {
                    let (lower, own) = primal.adjoints.split_at_mut(id);
                    (own[0].get(..len).unwrap_or_default(), &[][..], lower)
                }
                Planes::Tangent => {
                    let (lower, own) = self.tangent_adjoints.split_at_mut(id);
                    let all = (pass.ring.planes() - 1) * len;
                    let own_primal = primal.adjoints[id].get(..len).unwrap_or_default();
                    (own_primal, own[0].get(..all).unwrap_or_default(), lower)
                }
            };
            let (saved, tangent_saved) = (&primal.saved[id][..], &self.tangent_saved[id][..]);
            let own = Own { primal: own_primal, tangents, saved, tangent_saved };
            let mut adjoints = Adjoints { lower, written: &mut self.written };
            op.backward(&context, own, &mut adjoints, &mut gradient);
        }
    }
}
