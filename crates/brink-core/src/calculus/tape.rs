//! The tape: a network as a static list of primitive operations.
//!
//! A forward function records nodes with the methods of [`Tape`], to which each primitive contributes. The
//! tape then serves for gradients, Hessian-vector products and third derivatives, in f32 and f64 and for any
//! number of samples at a time.

use super::op::{PassMemory, Primitive};
use super::real::Real;

/// A value on the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeId(pub(super) usize);

/// Position of a parameter tensor in the flat weight vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Index of the first entry.
    pub offset: usize,
    /// Number of entries.
    pub len: usize,
}

impl Slot {
    /// A part of the slot: `len` entries from entry `first` of the slot.
    ///
    /// # Panics
    /// If the part extends beyond the slot.
    #[must_use]
    pub fn part(&self, first: usize, len: usize) -> Self {
        assert!(first + len <= self.len, "entries {first} to {} of a slot of {}", first + len, self.len);
        Self { offset: self.offset + first, len }
    }

    /// The entries of the slot in a flat vector.
    ///
    /// # Panics
    /// If `flat` is too short.
    pub fn of<'a, T>(&self, flat: &'a [T]) -> &'a [T] {
        &flat[self.offset..self.offset + self.len]
    }

    /// The entries of the slot in a flat vector, mutable.
    ///
    /// # Panics
    /// If `flat` is too short.
    pub fn of_mut<'a, T>(&self, flat: &'a mut [T]) -> &'a mut [T] {
        &mut flat[self.offset..self.offset + self.len]
    }
}

/// Initial distribution of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initial {
    /// Uniform on (−b, b) for the given b.
    Uniform(f64),
    /// Normal with mean 0 and the given standard deviation.
    Normal(f64),
    /// The given constant.
    Constant(f64),
    /// log(1 + column), equal in all rows.
    LogColumn,
    /// A copy of the initial values of an earlier parameter with the same number of entries.
    Same(Slot),
}

/// A parameter tensor as declared by a forward function.
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    /// Name in a PyTorch state dict.
    pub name: String,
    /// Shape, row-major.
    pub shape: Vec<usize>,
    /// Initial distribution.
    pub initial: Initial,
    /// Position in the flat weight vector.
    pub slot: Slot,
}

/// A node: the operation that computes a value, and the shape of the value for one sample.
#[derive(Debug)]
pub struct Node<T> {
    /// The operation; `None` for data.
    pub(super) op: Option<Box<dyn Primitive<T>>>,
    /// Number of rows per sample.
    pub(super) rows: usize,
    /// Number of columns.
    pub(super) columns: usize,
    /// Degree as a polynomial in the nilpotents of the ring: 0 for data, 1 after a linear layer on data,
    /// otherwise 2.
    pub(super) degree: usize,
}

impl<T> Node<T> {
    /// Number of entries per sample.
    pub(super) fn entries(&self) -> usize {
        self.rows.saturating_mul(self.columns)
    }
}

/// A static list of primitive operations in topological order. The last operation is the loss.
#[derive(Debug)]
pub struct Tape<T> {
    nodes: Vec<Node<T>>,
    parameters: Vec<Declaration>,
    dim: usize,
    /// Number of parameters at the time the last node was added. Parameters declared later belong to the next
    /// node.
    dim_of_nodes: usize,
    work: usize,
}

impl<T> Default for Tape<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Tape<T> {
    /// An empty tape.
    pub fn new() -> Self {
        Self { nodes: Vec::new(), parameters: Vec::new(), dim: 0, dim_of_nodes: 0, work: 0 }
    }

    /// Number of scalar parameters declared.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The declared parameters in flattening order.
    pub fn parameters(&self) -> &[Declaration] {
        &self.parameters
    }

    /// The nodes in order.
    pub(super) fn nodes(&self) -> &[Node<T>] {
        &self.nodes
    }

    /// Approximate number of multiply–adds of the forward pass of one sample: one per parameter and row.
    pub(super) fn work(&self) -> usize {
        self.work
    }

    /// Number of entries of all values of one sample.
    pub(super) fn entries(&self) -> usize {
        self.nodes.iter().map(Node::entries).fold(0, usize::saturating_add)
    }

    /// Number of entries of the data of one sample.
    pub(super) fn data_entries(&self) -> usize {
        let data = self.nodes.iter().filter(|node| node.op.is_none());
        data.map(Node::entries).fold(0, usize::saturating_add)
    }

    /// Rows and columns of a value, per sample.
    pub fn shape(&self, node: NodeId) -> (usize, usize) {
        (self.nodes[node.0].rows, self.nodes[node.0].columns)
    }

    /// Degree of a value in the nilpotents of the ring: 0 for data, 1 for a value linear in the weights,
    /// otherwise 2.
    pub(super) fn degree(&self, node: NodeId) -> usize {
        self.nodes[node.0].degree
    }

    /// Appends a node. `degree` is its degree as a polynomial in the nilpotents of the ring, at most 2.
    pub(super) fn push(
        &mut self,
        op: Option<Box<dyn Primitive<T>>>,
        rows: usize,
        columns: usize,
        degree: usize,
    ) -> NodeId {
        self.work = self.work.saturating_add(rows * (self.dim - self.dim_of_nodes));
        self.dim_of_nodes = self.dim;
        self.nodes.push(Node { op, rows, columns, degree });
        NodeId(self.nodes.len() - 1)
    }

    /// Declares a parameter tensor, the next in flattening order.
    pub fn parameter(&mut self, name: impl Into<String>, shape: &[usize], initial: Initial) -> Slot {
        let slot = Slot { offset: self.dim, len: shape.iter().product() };
        self.dim += slot.len;
        self.parameters.push(Declaration { name: name.into(), shape: shape.to_vec(), initial, slot });
        slot
    }

    /// Declares a data node with `rows × columns` entries per sample, constant in the weights.
    pub fn data(&mut self, rows: usize, columns: usize) -> NodeId {
        self.push(None, rows, columns, 0)
    }

    /// Reshapes data from `[rows, columns]` to `[1, rows · columns]`. No operation is recorded if the value
    /// is a single row already.
    ///
    /// # Panics
    /// If the value is not data.
    pub fn flatten(&mut self, x: NodeId) -> NodeId {
        let node = &mut self.nodes[x.0];
        assert!(node.op.is_none(), "only data is flattened");
        (node.rows, node.columns) = (1, node.rows * node.columns);
        x
    }
}

impl<T: Real> Tape<T> {
    /// Memory of all operations apart from values and adjoints. Working memory is shared, because operations
    /// run one after the other; saved data accumulates.
    pub(super) fn memory(&self) -> PassMemory {
        let each = self.nodes.iter().filter_map(|node| Some(node.op.as_ref()?.memory(&self.nodes, node)));
        each.fold(PassMemory::default(), |all, one| PassMemory {
            primal: all.primal.saturating_add(one.primal),
            tangent: all.tangent.saturating_add(one.tangent),
            working: all.working.max(one.working),
        })
    }
}
