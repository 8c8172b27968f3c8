//! Evaluates a tape and its derivatives on a data set. Results at the last weights are cached if they fit in
//! memory.
//!
//! The data set is split into lanes that run in parallel, and each lane into chunks that run one after the
//! other. The split depends only on the problem, not on the number of threads, and sums are taken in a fixed
//! order: results are bitwise identical for any number of threads. Small problems run on the calling thread.
//! If the weights dominate the cost, there is a single lane whose large operations use the thread pool.
//! Otherwise each lane uses single-threaded kernels, and its chunks are small enough for their planes to fit
//! in cache.

mod chunk;
mod lane;
mod memory;
mod needs;
mod plan;

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use self::chunk::{Chunk, Pass, Scratch};
use self::lane::{Lane, LaneTask};
pub use self::memory::Estimate;
use self::plan::Plan;
use super::Stop;
use super::block::{Block, pair_index};
use super::kernel::vector;
use super::op::Planes;
use super::real::Real;
use super::ring::Ring;
use super::tape::{NodeId, Tape};

/// Order of the elementwise derivatives needed for a third derivative of the loss.
const MOST_DERIVATIVES: usize = 3;

/// Stop condition of a pass that is never interrupted.
const NEVER: Stop<'static> = &|| false;

/// The part of plane 0 that is cached for the last weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kept {
    Nothing,
    /// The loss and the output, which are always kept.
    Loss,
    /// Values, saved data of the operations, and adjoints.
    Everything,
}

/// A tape with its data: evaluates the loss and its derivatives.
#[derive(Debug)]
pub struct Evaluator<T> {
    tape: Tape<T>,
    output: Option<NodeId>,
    lanes: Vec<Lane<T>>,
    /// Working memory of passes. Its size is the largest number of concurrent passes so far.
    scratch: Mutex<Vec<Scratch<T>>>,
    parallel_operations: bool,
    keeps: bool,
    weights: Vec<T>,
    kept: Kept,
    loss: f64,
    no_directions: Block<T>,
    primal_ring: Ring,
    most_planes: usize,
    /// Cached rings. There are few of them, and building one allocates.
    rings: Vec<Ring>,
}

impl<T: Real> Evaluator<T> {
    /// Combines a tape, whose last node is the loss, with the data of all samples. `data` lists, for each
    /// data node, its entries sample by sample. Shape `[samples · rows · columns]`.
    ///
    /// # Panics
    /// If a data node has no data or its size does not match.
    pub fn new(tape: Tape<T>, data: &[(NodeId, Vec<T>)], samples: usize) -> Self {
        let plan = Plan::new(&tape, samples);
        Self::with_plan(tape, data, samples, plan)
    }

    /// Estimates the memory of an evaluator of `samples` samples, before any allocation.
    pub fn estimate(tape: &Tape<T>, samples: usize) -> Estimate {
        Estimate::new(tape, samples, &Plan::new(tape, samples))
    }

    /// Selects the node whose values [`Evaluator::output`] returns.
    #[must_use]
    pub fn with_output(self, node: NodeId) -> Self {
        Self { output: Some(node), ..self }
    }

    fn with_plan(tape: Tape<T>, data: &[(NodeId, Vec<T>)], samples: usize, plan: Plan) -> Self {
        for (id, node) in tape.nodes().iter().enumerate() {
            if node.op.is_none() {
                let x = data.iter().find(|(node, _)| node.0 == id).map(|(_, x)| x.len());
                assert_eq!(x, Some(samples * node.rows * node.columns), "data of node {id}");
            }
        }
        let Plan { lanes, parallel_operations, keeps, most_planes } = plan;
        let chunk = |samples| Chunk::new(&tape, data, samples);
        let lanes = lanes.into_iter().map(|lane| Lane::new(lane.into_iter().map(chunk).collect())).collect();
        Self {
            tape,
            output: None,
            lanes,
            scratch: Mutex::new(Vec::new()),
            parallel_operations,
            keeps,
            weights: Vec::new(),
            kept: Kept::Nothing,
            loss: f64::NAN,
            no_directions: Block::default(),
            primal_ring: Ring::new(0, 0),
            most_planes,
            rings: Vec::new(),
        }
    }

    /// Number of parameters.
    pub fn dim(&self) -> usize {
        self.tape.dim()
    }

    /// Whether passes use the thread pool. Small problems run on the calling thread.
    pub fn is_parallel(&self) -> bool {
        self.parallel_operations || self.lanes.len() > 1
    }

    /// The tape.
    pub fn tape(&self) -> &Tape<T> {
        &self.tape
    }

    fn set_weights(&mut self, w: &[T]) {
        assert_eq!(w.len(), self.dim(), "one weight a parameter");
        if !vector::equal(&self.weights, w) {
            self.weights.clear();
            self.weights.extend_from_slice(w);
            self.kept = Kept::Nothing;
        }
    }

    /// One pass over all chunks. It first completes plane 0 up to `needed`, then runs `tangent`: the
    /// directions, their ring (as an index into `rings`), and the first requested plane. The requested planes
    /// are written to `result`. Returns false if `stop` returned true; then `result` is unspecified and
    /// nothing is cached.
    fn pass(
        &mut self,
        needed: Kept,
        tangent: Option<(&Block<T>, usize, usize)>,
        result: &mut [T],
        stop: Stop<'_>,
    ) -> bool {
        let stopped = AtomicBool::new(false);
        let derivatives = match (needed, tangent) {
            (Kept::Nothing | Kept::Loss, _) => 0,
            // for later requests of any order
            (Kept::Everything, _) if self.keeps => MOST_DERIVATIVES,
            (Kept::Everything, None) => 1,
            (Kept::Everything, Some((_, ring, _))) => 1 + self.rings[ring].degree(),
        };
        let primal = Pass {
            tape: &self.tape,
            ring: &self.primal_ring,
            phase: Planes::Primal,
            derivatives,
            parallel: self.parallel_operations,
            weights: &self.weights,
            directions: &self.no_directions,
        };
        let values = self.kept < Kept::Everything;
        let task = LaneTask {
            primal,
            values,
            adjoints: needed == Kept::Everything && (self.kept < Kept::Everything || tangent.is_none()),
            tangent: tangent.map(|(directions, ring, _)| Pass {
                ring: &self.rings[ring],
                phase: Planes::Tangent,
                directions,
                ..primal
            }),
            first: tangent.map_or(0, |(_, _, first)| first),
            keeps: self.keeps,
            output: self.output,
            stop,
            stopped: &stopped,
        };
        task.run(&mut self.lanes, &self.scratch, result);
        if stopped.into_inner() {
            self.kept = Kept::Nothing;
            return false;
        }
        if values {
            self.loss = self.lanes.iter().flat_map(|lane| &lane.chunks).map(|chunk| chunk.loss).sum();
        }
        self.kept = if self.keeps { self.kept.max(needed) } else { Kept::Loss };
        true
    }

    /// The loss L(w). `w` has shape `[dim]`.
    ///
    /// # Panics
    /// If the length of `w` is not [`Evaluator::dim`].
    pub fn loss(&mut self, w: &[T]) -> f64 {
        self.set_weights(w);
        if self.kept < Kept::Loss {
            self.pass(Kept::Loss, None, &mut [], NEVER);
        }
        self.loss
    }

    /// Writes ∇L(w) (shape `[dim]`) and returns L(w).
    ///
    /// # Panics
    /// If the length of `w` or `nabla_l` is not [`Evaluator::dim`].
    pub fn gradient(&mut self, w: &[T], nabla_l: &mut [T]) -> f64 {
        assert_eq!(nabla_l.len(), self.dim(), "one derivative a parameter");
        self.set_weights(w);
        self.pass(Kept::Everything, None, nabla_l, NEVER);
        self.loss
    }

    /// Hessian-vector products `hv_i = H(w) v_i` (Pearlmutter, 1994). `v` has shape `[k, dim]`; `hv` is
    /// resized to the same shape.
    ///
    /// # Panics
    /// If the vectors do not have length [`Evaluator::dim`].
    pub fn hessian_vector_products(&mut self, w: &[T], v: &Block<T>, hv: &mut Block<T>) {
        self.hessian_vector_products_unless(w, v, hv, NEVER);
    }

    /// Interruptible version of [`Evaluator::hessian_vector_products`]; `stop` is polled before each chunk.
    /// Returns whether `hv` holds the products. Shapes of `v` and `hv`: `[k, dim]`.
    ///
    /// # Panics
    /// If the vectors do not have length [`Evaluator::dim`].
    pub fn hessian_vector_products_unless(
        &mut self,
        w: &[T],
        v: &Block<T>,
        hv: &mut Block<T>,
        stop: Stop<'_>,
    ) -> bool {
        hv.reshape(self.dim(), v.count());
        self.tangents(w, v, 1..=1, hv.as_mut_slice(), stop)
    }

    /// The third derivatives of [`Evaluator::third_derivatives`] and the Hessian-vector products
    /// `hu_i = H(w) u_i`, which are by-products of the same pass. Shapes: `u` and `hu` `[k, dim]`, `t`
    /// `[k(k+1)/2, dim]`.
    ///
    /// # Panics
    /// If the vectors do not have length [`Evaluator::dim`].
    pub fn second_and_third_derivatives(
        &mut self,
        w: &[T],
        u: &Block<T>,
        hu: &mut Block<T>,
        t: &mut Block<T>,
    ) {
        let (k, dim) = (u.count(), self.dim());
        hu.reshape(dim, k + k * (k + 1) / 2);
        self.tangents(w, u, 1..=2, hu.as_mut_slice(), NEVER);
        t.reshape(dim, k * (k + 1) / 2);
        t.as_mut_slice().copy_from_slice(&hu.as_slice()[k * dim..]);
        hu.truncate(k);
        for i in 0..k {
            t.column_mut(pair_index(i, i, k)).iter_mut().for_each(|x| *x += *x);
        }
    }

    /// Third derivatives `T_ij = ∇_w (u_iᵀ H(w) u_j)` at fixed directions, for `i ≤ j` in the order of
    /// [`super::block::pair_index`]. `u` has shape `[k, dim]`; `t` is resized to `[k(k+1)/2, dim]`.
    ///
    /// # Panics
    /// If the vectors do not have length [`Evaluator::dim`].
    pub fn third_derivatives(&mut self, w: &[T], u: &Block<T>, t: &mut Block<T>) {
        self.third_derivatives_unless(w, u, t, NEVER);
    }

    /// Interruptible version of [`Evaluator::third_derivatives`]; `stop` is polled before each chunk. Returns
    /// whether `t` holds the derivatives. Shapes: `u` `[k, dim]`, `t` `[k(k+1)/2, dim]`.
    ///
    /// # Panics
    /// If the vectors do not have length [`Evaluator::dim`].
    pub fn third_derivatives_unless(
        &mut self,
        w: &[T],
        u: &Block<T>,
        t: &mut Block<T>,
        stop: Stop<'_>,
    ) -> bool {
        let k = u.count();
        t.reshape(self.dim(), k * (k + 1) / 2);
        let whole = self.tangents(w, u, 2..=2, t.as_mut_slice(), stop);
        // the monomial ε_i² carries half of the second derivative
        for i in 0..k {
            t.column_mut(pair_index(i, i, k)).iter_mut().for_each(|x| *x += *x);
        }
        whole
    }

    /// Computes the planes of the given degrees of the gradient along `directions` and writes them to
    /// `result`: in one pass, or in groups of directions if the planes would exceed the memory budget.
    /// Returns whether all planes were computed.
    fn tangents(
        &mut self,
        w: &[T],
        directions: &Block<T>,
        degrees: std::ops::RangeInclusive<usize>,
        result: &mut [T],
        stop: Stop<'_>,
    ) -> bool {
        let (dim, k) = (self.dim(), directions.count());
        let planes = if *degrees.end() == 1 { k } else { k + k * (k + 1) / 2 };
        if k == 1 || planes <= self.most_planes {
            return self.tangent_pass(w, directions, degrees, result, stop);
        }
        let mut result = result;
        if degrees.contains(&1) {
            let (first, second) = result.split_at_mut(k * dim);
            let group = self.most_planes.clamp(1, k);
            for (i, part) in first.chunks_mut(group * dim).enumerate() {
                let chosen: Vec<usize> = (i * group..i * group + part.len() / dim).collect();
                if !self.tangent_pass(w, &select(directions, &chosen), 1..=1, part, stop) {
                    return false;
                }
            }
            result = second;
        }
        if degrees.contains(&2) {
            // one pair per pass: of the planes ii, ij, jj only ij is new
            let mut three = vec![T::zero(); 3 * dim];
            for i in 0..k {
                for j in i..k {
                    let part = &mut result[pair_index(i, j, k) * dim..][..dim];
                    let whole = if i == j {
                        self.tangent_pass(w, &select(directions, &[i]), 2..=2, part, stop)
                    } else {
                        let whole =
                            self.tangent_pass(w, &select(directions, &[i, j]), 2..=2, &mut three, stop);
                        part.copy_from_slice(&three[dim..2 * dim]);
                        whole
                    };
                    if !whole {
                        return false;
                    }
                }
            }
        }
        true
    }

    /// Computes the planes of the given degrees of the gradient along `directions` in one pass and writes
    /// them to `result`.
    fn tangent_pass(
        &mut self,
        w: &[T],
        directions: &Block<T>,
        degrees: std::ops::RangeInclusive<usize>,
        result: &mut [T],
        stop: Stop<'_>,
    ) -> bool {
        let degree = *degrees.end();
        let k = directions.count();
        if k == 0 {
            return true;
        }
        self.set_weights(w);
        assert_eq!(directions.dim(), self.dim(), "one entry of a direction a parameter");
        let ring = self.rings.iter().position(|r| (r.directions(), r.degree()) == (k, degree));
        let ring = ring.unwrap_or_else(|| {
            self.rings.push(Ring::new(k, degree));
            self.rings.len() - 1
        });
        let first = self.rings[ring].planes_up_to(degrees.start() - 1);
        self.pass(Kept::Everything, Some((directions, ring, first)), result, stop)
    }

    /// The output of one sample at the weights of the last call. Shape `[rows · columns]`.
    ///
    /// # Panics
    /// If [`Evaluator::with_output`] was not called, or if there is no such sample.
    pub fn output(&self, sample: usize) -> &[T] {
        let output = self.output.expect("a node was named the output");
        let (rows, columns) = self.tape.shape(output);
        let lane = self
            .lanes
            .partition_point(|lane| lane.chunks.last().is_none_or(|chunk| chunk.samples.end <= sample));
        let chunks = &self.lanes[lane].chunks;
        let chunk = &chunks[chunks.partition_point(|chunk| chunk.samples.end <= sample)];
        let (size, row) = (rows * columns, sample - chunk.samples.start);
        &chunk.primal.values[output.0][row * size..(row + 1) * size]
    }
}

/// The vectors of a block with the given indices.
fn select<T: Real>(block: &Block<T>, chosen: &[usize]) -> Block<T> {
    let mut selected = Block::zeros(block.dim(), 0);
    for &i in chosen {
        selected.push(block.column(i));
    }
    selected
}

#[cfg(test)]
mod tests;
