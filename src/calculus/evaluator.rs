//! Passes of a tape over a whole data set: split into lanes, with what was computed at the last weights kept.
//!
//! The split depends on the problem, never on the number of threads, and lanes are summed in order: the same bytes
//! for any number of threads. Small problems run on the calling thread alone; where the weights dominate, one lane
//! runs and its large operations use the thread pool; otherwise lanes run side by side, each over its own samples
//! with single-threaded kernels, so that its planes stay in cache.

mod lane;

use rayon::prelude::*;

use self::lane::{Lane, Pass, run};
use super::kernel::vector;
use super::op::Phase;
use super::ring::Ring;
use super::tape::{NodeId, Tape};
use super::{Block, Real};
use crate::objective::pair_index;

/// Below this many multiply–adds a forward pass (samples × parameters), threads cost more than they bring.
const SERIAL_WORK: usize = 300_000;
/// From this many parameters on, one gradient per lane costs more than parallel matrix products.
const HEAVY_WEIGHTS: usize = 40_000;
/// Most lanes: each has a gradient of its own, and all are summed at the end.
const LANES: usize = 8;

/// Bytes that the planes above 0 may take: more directions than fit are taken in groups.
const TANGENT_BUDGET: usize = 1 << 30;

/// How much of plane 0 is there for the kept weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kept {
    Nothing,
    Values,
    Adjoints,
}

/// A tape with its data, ready to be differentiated.
#[derive(Debug)]
pub struct Evaluator<T> {
    tape: Tape<T>,
    lanes: Vec<Lane<T>>,
    parallel_operations: bool,
    weights: Vec<T>,
    kept: Kept,
    loss: f64,
    no_directions: Block<T>,
    primal_ring: Ring,
    /// Planes above 0 that fit [`TANGENT_BUDGET`]; a group has one direction, or a pair, even if they do not.
    most_planes: usize,
    /// Rings used so far: they are few, and building one allocates.
    rings: Vec<Ring>,
}

impl<T: Real> Evaluator<T> {
    /// A tape whose last node is the loss, with the data of all samples for each of its data nodes.
    ///
    /// # Panics
    /// If a data node has no data or the sizes do not fit: that is a defect of the caller.
    pub fn new(tape: Tape<T>, data: &[(NodeId, Vec<T>)], samples: usize) -> Self {
        for (id, node) in tape.nodes().iter().enumerate() {
            if node.op.is_none() {
                let x = data.iter().find(|(node, _)| node.0 == id).map(|(_, x)| x.len());
                assert_eq!(x, Some(samples * node.rows * node.columns), "data of node {id}");
            }
        }
        let work = samples * tape.dim();
        let parallel_operations = work > SERIAL_WORK && tape.dim() >= HEAVY_WEIGHTS;
        let lanes = if work <= SERIAL_WORK || parallel_operations { 1 } else { LANES.min(samples) };
        Self::with_lanes(tape, data, samples, lanes, parallel_operations)
    }

    fn with_lanes(
        tape: Tape<T>,
        data: &[(NodeId, Vec<T>)],
        samples: usize,
        lanes: usize,
        parallel_operations: bool,
    ) -> Self {
        let entries: usize = tape.nodes().iter().map(|node| 2 * samples * node.rows * node.columns).sum();
        let most_planes = TANGENT_BUDGET / (entries * size_of::<T>()).max(1);
        let split = |i: usize| samples * i / lanes.max(1);
        let lanes = (0..lanes).map(|i| Lane::new(&tape, data, split(i), split(i + 1) - split(i))).collect();
        Self {
            tape,
            lanes,
            parallel_operations,
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

    /// Whether passes use the thread pool; small problems do not.
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

    /// Brings the values of plane 0 to `w`.
    fn keep_values(&mut self, w: &[T]) {
        self.set_weights(w);
        if self.kept < Kept::Values {
            let pass = Pass {
                tape: &self.tape,
                ring: &self.primal_ring,
                phase: Phase::Primal,
                parallel: self.parallel_operations,
                weights: &self.weights,
                directions: &self.no_directions,
            };
            match self.lanes.as_mut_slice() {
                [lane] => lane.forward(pass),
                lanes => lanes.par_iter_mut().for_each(|lane| lane.forward(pass)),
            }
            self.loss = self.lanes.iter().map(|lane| lane.loss).sum();
            self.kept = Kept::Values;
        }
    }

    /// Brings values and adjoints of plane 0 to `w`, and writes the gradient where one is asked for.
    fn keep_adjoints(&mut self, w: &[T], nabla_l: Option<&mut [T]>) {
        self.set_weights(w);
        if self.kept == Kept::Adjoints && nabla_l.is_none() {
            return;
        }
        let forward = self.kept < Kept::Values;
        let pass = Pass {
            tape: &self.tape,
            ring: &self.primal_ring,
            phase: Phase::Primal,
            parallel: self.parallel_operations,
            weights: &self.weights,
            directions: &self.no_directions,
        };
        run(&mut self.lanes, pass, forward, 0, nabla_l.unwrap_or_default());
        if forward {
            self.loss = self.lanes.iter().map(|lane| lane.loss).sum();
        }
        self.kept = Kept::Adjoints;
    }

    /// L(w).
    pub fn loss(&mut self, w: &[T]) -> f64 {
        self.keep_values(w);
        self.loss
    }

    /// Writes ∇L(w) (shape `[dim]`) and returns L(w).
    ///
    /// # Panics
    /// If the lengths are not [`Evaluator::dim`]: that is a defect of the caller.
    pub fn gradient(&mut self, w: &[T], nabla_l: &mut [T]) -> f64 {
        assert_eq!(nabla_l.len(), self.dim(), "one derivative a parameter");
        self.keep_adjoints(w, Some(nabla_l));
        self.loss
    }

    /// Hessian-vector products `hv_i = H(w) v_i`.
    pub fn hessian_vector_products(&mut self, w: &[T], v: &Block<T>, hv: &mut Block<T>) {
        hv.reshape(self.dim(), v.count());
        self.tangents(w, v, 1..=1, hv.as_mut_slice());
    }

    /// [`Evaluator::third_derivatives`] together with the `hu_i = H(w) u_i`, which the same pass has at hand.
    pub fn second_and_third_derivatives(
        &mut self,
        w: &[T],
        u: &Block<T>,
        hu: &mut Block<T>,
        t: &mut Block<T>,
    ) {
        let (k, dim) = (u.count(), self.dim());
        hu.reshape(dim, k + k * (k + 1) / 2);
        self.tangents(w, u, 1..=2, hu.as_mut_slice());
        t.reshape(dim, k * (k + 1) / 2);
        t.as_mut_slice().copy_from_slice(&hu.as_slice()[k * dim..]);
        hu.truncate(k);
        for i in 0..k {
            t.column_mut(pair_index(i, i, k)).iter_mut().for_each(|x| *x += *x);
        }
    }

    /// `T_ij = ∇_w (u_iᵀ H(w) u_j)` for `i ≤ j`, in the order of [`crate::objective::pair_index`].
    pub fn third_derivatives(&mut self, w: &[T], u: &Block<T>, t: &mut Block<T>) {
        let k = u.count();
        t.reshape(self.dim(), k * (k + 1) / 2);
        self.tangents(w, u, 2..=2, t.as_mut_slice());
        // the plain monomial ε_i² carries half of the second derivative
        for i in 0..k {
            t.column_mut(pair_index(i, i, k)).iter_mut().for_each(|x| *x += *x);
        }
    }

    /// The planes of the given degrees of the gradient along `directions`, written to `result`: in one pass, or in
    /// groups of directions where their planes would take too much memory.
    fn tangents(
        &mut self,
        w: &[T],
        directions: &Block<T>,
        degrees: std::ops::RangeInclusive<usize>,
        result: &mut [T],
    ) {
        let (dim, k) = (self.dim(), directions.count());
        let planes = if *degrees.end() == 1 { k } else { k + k * (k + 1) / 2 };
        if k == 1 || planes <= self.most_planes {
            return self.tangent_pass(w, directions, degrees, result);
        }
        let mut result = result;
        if degrees.contains(&1) {
            let (first, second) = result.split_at_mut(k * dim);
            let group = self.most_planes.clamp(1, k);
            for (i, part) in first.chunks_mut(group * dim).enumerate() {
                let chosen: Vec<usize> = (i * group..i * group + part.len() / dim).collect();
                self.tangent_pass(w, &select(directions, &chosen), 1..=1, part);
            }
            result = second;
        }
        if degrees.contains(&2) {
            // pair by pair: of the planes ii, ij, jj only the second is new
            let mut three = vec![T::zero(); 3 * dim];
            for i in 0..k {
                for j in i..k {
                    let part = &mut result[pair_index(i, j, k) * dim..][..dim];
                    if i == j {
                        self.tangent_pass(w, &select(directions, &[i]), 2..=2, part);
                    } else {
                        self.tangent_pass(w, &select(directions, &[i, j]), 2..=2, &mut three);
                        part.copy_from_slice(&three[dim..2 * dim]);
                    }
                }
            }
        }
    }

    /// The planes of the given degrees of the gradient along `directions`, written to `result`, in one pass.
    fn tangent_pass(
        &mut self,
        w: &[T],
        directions: &Block<T>,
        degrees: std::ops::RangeInclusive<usize>,
        result: &mut [T],
    ) {
        let degree = *degrees.end();
        let k = directions.count();
        self.keep_adjoints(w, None);
        if k == 0 {
            return;
        }
        assert_eq!(directions.dim(), self.dim(), "one entry of a direction a parameter");
        let ring = self.rings.iter().position(|r| (r.directions(), r.degree()) == (k, degree));
        let ring = ring.unwrap_or_else(|| {
            self.rings.push(Ring::new(k, degree));
            self.rings.len() - 1
        });
        let ring = &self.rings[ring];
        let pass = Pass {
            tape: &self.tape,
            ring,
            phase: Phase::Tangent,
            parallel: self.parallel_operations,
            weights: &self.weights,
            directions,
        };
        run(&mut self.lanes, pass, true, ring.planes_up_to(degrees.start() - 1), result);
    }

    /// Plane 0 of a value for one sample, at the weights of the last call. Shape `[rows · columns]`.
    pub fn value(&self, node: NodeId, sample: usize) -> &[T] {
        let (rows, columns) = self.tape.shape(node);
        let lane = self.lanes.partition_point(|lane| lane.first + lane.samples <= sample);
        let lane = &self.lanes[lane];
        let (size, row) = (rows * columns, sample - lane.first);
        &lane.values[node.0][row * size..(row + 1) * size]
    }
}

/// The chosen vectors of a block.
fn select<T: Real>(block: &Block<T>, chosen: &[usize]) -> Block<T> {
    let mut selected = Block::zeros(block.dim(), 0);
    for &i in chosen {
        selected.push(block.column(i));
    }
    selected
}

#[cfg(test)]
mod tests;
