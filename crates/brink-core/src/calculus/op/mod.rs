//! The primitive operations, one per file. Each file defines a method of the tape, a value rule and an
//! adjoint rule over the ring, and a finite-difference test.
//!
//! A pass computes either plane 0 ([`Planes::Primal`]) or all planes above it ([`Planes::Tangent`]), so that
//! results at given weights serve all directions at these weights.

mod add;
pub mod attention;
mod average_pool;
mod causal_convolution;
mod convolution;
mod cross_entropy;
mod embedding;
#[cfg(test)]
pub(super) mod finite_difference;
mod group_norm;
pub mod layer_norm;
mod linear;
mod lstm;
mod map;
mod mean_rows;
mod mean_squared_error;
mod offset;
mod permute;
mod plane_wise;
mod product;
mod rms_norm;
mod scan;

use std::fmt::Debug;

use super::block::Block;
use super::kernel::buffers::Buffers;
use super::real::Real;
use super::ring::Ring;
use super::tape::{Node, NodeId, Slot};

/// The planes that a pass computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planes {
    /// Plane 0: values and adjoints at the weights.
    Primal,
    /// Planes 1, 2, …: the contributions of the perturbation of the weights. Plane 0 is given.
    Tangent,
}

/// Inputs of the rules: the ring, the weights, and all values computed so far.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a, T> {
    pub(super) ring: &'a Ring,
    pub(super) phase: Planes,
    /// Number of derivatives of elementwise functions that later passes read from the data saved in the
    /// primal phase: none for a loss, one for its gradient, two and three for the planes of degree one and
    /// two.
    pub(super) derivatives: usize,
    /// Whether large operations may use the thread pool.
    pub(super) parallel: bool,
    pub(super) samples: usize,
    pub(super) nodes: &'a [Node<T>],
    pub(super) weights: &'a [T],
    pub(super) directions: &'a Block<T>,
    pub(super) values: &'a [Vec<T>],
    pub(super) tangents: &'a [Vec<T>],
    /// Working memory of a rule.
    pub(super) buffers: &'a Buffers<T>,
}

impl<'a, T: Real> Context<'a, T> {
    /// Number of rows of a value over all samples of this pass.
    pub(super) fn rows(&self, node: NodeId) -> usize {
        self.samples * self.nodes[node.0].rows
    }

    /// Number of columns of a value.
    pub(super) fn columns(&self, node: NodeId) -> usize {
        self.nodes[node.0].columns
    }

    /// Number of entries in one plane of a value.
    pub(super) fn len(&self, node: NodeId) -> usize {
        self.rows(node) * self.columns(node)
    }

    /// Whether a value depends on the weights.
    pub(super) fn is_variable(&self, node: NodeId) -> bool {
        self.nodes[node.0].degree > 0
    }

    /// Plane 0 of a value.
    pub(super) fn value(&self, node: NodeId) -> &'a [T] {
        &self.values[node.0]
    }

    /// Number of planes of the phase.
    pub(super) fn stacked(&self) -> usize {
        match self.phase {
            Planes::Primal => 1,
            Planes::Tangent => self.ring.planes() - 1,
        }
    }

    /// The planes of a value in the current phase, contiguous.
    pub(super) fn planes(&self, node: NodeId) -> &'a [T] {
        match self.phase {
            Planes::Primal => self.value(node),
            Planes::Tangent => self.tangents(node),
        }
    }

    /// The planes of a value above 0, contiguous. Shape `[≤ planes − 1, len]`.
    pub(super) fn tangents(&self, node: NodeId) -> &'a [T] {
        let planes = self.ring.planes_up_to(self.nodes[node.0].degree);
        &self.tangents[node.0][..(planes - 1) * self.len(node)]
    }

    /// A plane of a value; `None` if it vanishes.
    pub(super) fn plane(&self, node: NodeId, plane: usize) -> Option<&'a [T]> {
        if plane == 0 {
            return Some(self.value(node));
        }
        let len = self.len(node);
        self.tangents(node).get((plane - 1) * len..plane * len)
    }

    /// A parameter at a plane: the weights, a direction, or `None` above degree one.
    pub(super) fn parameter(&self, slot: Slot, plane: usize) -> Option<&'a [T]> {
        match plane {
            0 => Some(slot.of(self.weights)),
            p if p <= self.ring.directions() && self.ring.degree() > 0 => {
                Some(slot.of(self.directions.column(p - 1)))
            }
            _ => None,
        }
    }
}

/// Outputs of a forward rule.
#[derive(Debug)]
pub struct Output<'a, T> {
    /// The planes of the phase. Shape `[1, len]` (primal) or `[planes − 1, len]` (tangent; values of degree
    /// one have fewer).
    pub(super) planes: &'a mut [T],
    /// Data saved by the primal pass for later passes.
    pub(super) saved: &'a mut Vec<T>,
    /// Data saved by a tangent pass for its own adjoint rule.
    pub(super) tangent_saved: &'a mut Vec<T>,
    /// The loss, written by a loss operation in the primal phase.
    pub(super) loss: &'a mut f64,
}

/// Adjoints of the arguments in one phase.
#[derive(Debug)]
pub struct Adjoints<'a, T> {
    pub(super) lower: &'a mut [Vec<T>],
    pub(super) written: &'a mut [bool],
}

impl<T: Real> Adjoints<'_, T> {
    /// The adjoint of an argument, and whether to add to it (`true`) or to overwrite all of it (`false`).
    pub(super) fn target(&mut self, node: NodeId, len: usize) -> (&mut [T], bool) {
        let accumulate = std::mem::replace(&mut self.written[node.0], true);
        let adjoint = &mut self.lower[node.0];
        if adjoint.len() < len {
            adjoint.resize(len, T::zero());
        }
        (&mut adjoint[..len], accumulate)
    }
}

/// The adjoint of a node itself, and the data saved by its forward rule.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a, T> {
    /// Plane 0 of the adjoint.
    pub(super) primal: &'a [T],
    /// The planes above 0. Shape `[planes − 1, len]`.
    pub(super) tangents: &'a [T],
    /// Data saved by the primal phase of the forward rule.
    pub(super) saved: &'a [T],
    /// Data saved by the tangent phase of the forward rule.
    pub(super) tangent_saved: &'a [T],
}

impl<'a, T: Real> Own<'a, T> {
    /// A plane of the adjoint.
    pub(super) fn plane(&self, plane: usize) -> &'a [T] {
        if plane == 0 {
            return self.primal;
        }
        let len = self.primal.len();
        &self.tangents[(plane - 1) * len..plane * len]
    }

    /// All planes of a phase, contiguous.
    pub(super) fn planes(&self, phase: Planes) -> &'a [T] {
        match phase {
            Planes::Primal => self.primal,
            Planes::Tangent => self.tangents,
        }
    }
}

/// The requested planes of the weight gradient. Other planes are not computed.
#[derive(Debug)]
pub struct Gradient<'a, T> {
    /// The requested planes, one vector per plane.
    pub(super) data: &'a mut [T],
    /// Number of parameters.
    pub(super) dim: usize,
    /// First requested plane. The requested planes are `first..first + data.len() / dim`.
    pub(super) first: usize,
    /// Whether to add to existing values or to overwrite them.
    pub(super) accumulate: bool,
}

impl<T: Real> Gradient<'_, T> {
    /// The range of requested planes.
    pub(super) fn wanted(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.data.len() / self.dim.max(1)
    }

    /// Prepares the requested planes of a parameter for accumulation.
    pub(super) fn start(&mut self, slot: Slot) {
        if !self.accumulate {
            for c in self.wanted() {
                self.plane(slot, c).fill(T::zero());
            }
        }
    }

    /// The entries of a parameter in a requested plane.
    pub(super) fn plane(&mut self, slot: Slot, plane: usize) -> &mut [T] {
        let start = (plane - self.first) * self.dim;
        slot.of_mut(&mut self.data[start..start + self.dim])
    }
}

/// Memory of the rules of an operation apart from values and adjoints, in numbers of entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassMemory {
    /// Saved by the primal pass, per sample.
    pub primal: usize,
    /// Saved by the tangent pass, or working memory of its adjoint rule, per sample and plane above 0.
    pub tangent: usize,
    /// Working memory per plane, independent of the number of samples.
    pub working: usize,
}

/// A primitive operation, defined by its rules over the ring.
///
/// Rules compute the planes of `context.phase` only. Each parameter belongs to a single operation.
pub trait Primitive<T: Real>: Debug + Send + Sync {
    /// Writes all entries of the planes of the value in the current phase.
    fn forward(&self, context: &Context<'_, T>, node: NodeId, out: &mut Output<'_, T>);

    /// Memory of the rules apart from values and adjoints, for the node that they compute. The default is
    /// zero, for operations that need little.
    fn memory(&self, _nodes: &[Node<T>], _own: &Node<T>) -> PassMemory {
        PassMemory::default()
    }

    /// Adds to the adjoints of the variable arguments and to the requested planes of the weight gradient.
    fn backward(
        &self,
        context: &Context<'_, T>,
        own: Own<'_, T>,
        adjoints: &mut Adjoints<'_, T>,
        gradient: &mut Gradient<'_, T>,
    );
}
