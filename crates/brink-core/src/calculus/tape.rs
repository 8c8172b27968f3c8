//! A network as a static list of primitive operations.
//!
//! A forward function adds nodes through the tape's vocabulary, which each primitive's file in `op` adds to; the list
//! then serves gradients, Hessian-vector products and third derivatives, in f32 and f64, for any number of samples at a time.

use super::op::{PassMemory, Primitive};
use super::real::Real;

/// A value on the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeId(pub(super) usize);

/// Where a parameter tensor lies in the flat weight vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// First entry.
    pub offset: usize,
    /// Number of entries.
    pub len: usize,
}

impl Slot {
    /// A part of the slot: `len` entries from the slot's `first` on.
    ///
    /// # Panics
    /// If it reaches past the slot's end: that is a defect of the caller.
    #[must_use]
    pub fn part(&self, first: usize, len: usize) -> Self {
        assert!(first + len <= self.len, "entries {first} to {} of a slot of {}", first + len, self.len);
        Self { offset: self.offset + first, len }
    }

    /// The entries of the slot in a flat vector.
    pub fn of<'a, T>(&self, flat: &'a [T]) -> &'a [T] {
        &flat[self.offset..self.offset + self.len]
    }

    /// The entries of the slot in a flat vector, to write.
    pub fn of_mut<'a, T>(&self, flat: &'a mut [T]) -> &'a mut [T] {
        &mut flat[self.offset..self.offset + self.len]
    }
}

/// The distribution a parameter is drawn from at first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initial {
    /// Uniform on (−b, b).
    Uniform(f64),
    /// Normal with mean 0 and this standard deviation.
    Normal(f64),
    /// One value everywhere.
    Constant(f64),
    /// log(1 + column), the same in every row.
    LogColumn,
    /// What an earlier parameter of as many entries was drawn as.
    Same(Slot),
}

/// A parameter tensor as a forward function declares it.
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    /// The PyTorch state-dict name.
    pub name: String,
    /// Its shape, row-major.
    pub shape: Vec<usize>,
    /// What it is drawn from.
    pub initial: Initial,
    /// Where it lies in the flat weight vector.
    pub slot: Slot,
}

/// One value: what computes it, and its shape for one sample.
#[derive(Debug)]
pub struct Node<T> {
    /// The operation; `None` for data.
    pub(super) op: Option<Box<dyn Primitive<T>>>,
    /// Rows of one sample.
    pub(super) rows: usize,
    /// Columns.
    pub(super) columns: usize,
    /// Its degree in the ring's nilpotents as a polynomial: 0 for data, 1 after a linear layer of data, else 2.
    pub(super) degree: usize,
}

impl<T> Node<T> {
    /// Entries of one sample.
    pub(super) fn entries(&self) -> usize {
        self.rows.saturating_mul(self.columns)
    }
}

/// A static list of primitive operations, each after its arguments; the last is the loss.
#[derive(Debug)]
pub struct Tape<T> {
    nodes: Vec<Node<T>>,
    parameters: Vec<Declaration>,
    dim: usize,
    /// Parameters when the last node was added: those declared since belong to the next.
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

    /// The parameters in flattening order.
    pub fn parameters(&self) -> &[Declaration] {
        &self.parameters
    }

    /// The nodes in order.
    pub(super) fn nodes(&self) -> &[Node<T>] {
        &self.nodes
    }

    /// About how many multiply–adds the forward pass of one sample takes: every parameter once a row.
    pub(super) fn work(&self) -> usize {
        self.work
    }

    /// Entries of all values of one sample.
    pub(super) fn entries(&self) -> usize {
        self.nodes.iter().map(Node::entries).fold(0, usize::saturating_add)
    }

    /// Entries of the data of one sample.
    pub(super) fn data_entries(&self) -> usize {
        let data = self.nodes.iter().filter(|node| node.op.is_none());
        data.map(Node::entries).fold(0, usize::saturating_add)
    }

    /// Rows and columns of one sample of a value.
    pub fn shape(&self, node: NodeId) -> (usize, usize) {
        (self.nodes[node.0].rows, self.nodes[node.0].columns)
    }

    /// Degree of a value in the ring's nilpotents: 0 for data, 1 for what is linear in the weights, else 2.
    pub(super) fn degree(&self, node: NodeId) -> usize {
        self.nodes[node.0].degree
    }

    /// Appends a node; `degree` is its degree in the ring's nilpotents as a polynomial, at most 2.
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

    /// Declares a parameter, the next in flattening order.
    pub fn parameter(&mut self, name: impl Into<String>, shape: &[usize], initial: Initial) -> Slot {
        let slot = Slot { offset: self.dim, len: shape.iter().product() };
        self.dim += slot.len;
        self.parameters.push(Declaration { name: name.into(), shape: shape.to_vec(), initial, slot });
        slot
    }

    /// Data: `rows × columns` numbers a sample, constant in the weights.
    pub fn data(&mut self, rows: usize, columns: usize) -> NodeId {
        self.push(None, rows, columns, 0)
    }

    /// The same numbers as one row: `[rows, columns]` becomes `[1, rows · columns]`. Free when it is one already.
    ///
    /// # Panics
    /// If the value is not data: nothing needs that so far.
    pub fn flatten(&mut self, x: NodeId) -> NodeId {
        let node = &mut self.nodes[x.0];
        assert!(node.op.is_none(), "only data is flattened");
        (node.rows, node.columns) = (1, node.rows * node.columns);
        x
    }
}

impl<T: Real> Tape<T> {
    /// What all operations take besides values and adjoints: they work one after the other, but what they save stays.
    pub(super) fn memory(&self) -> PassMemory {
        let each = self.nodes.iter().filter_map(|node| Some(node.op.as_ref()?.memory(&self.nodes, node)));
        each.fold(PassMemory::default(), |all, one| PassMemory {
            primal: all.primal.saturating_add(one.primal),
            tangent: all.tangent.saturating_add(one.tangent),
            working: all.working.max(one.working),
        })
    }
}
