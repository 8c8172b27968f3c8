//! Lanes: sequences of chunks with their own gradient.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::chunk::{Chunk, Pass, Primal, Scratch};
use crate::calculus::Stop;
use crate::calculus::kernel::vector;
use crate::calculus::op::Gradient;
use crate::calculus::real::Real;
use crate::calculus::tape::NodeId;

/// Chunks that are processed one after the other.
#[derive(Debug)]
pub(super) struct Lane<T> {
    pub(super) chunks: Vec<Chunk<T>>,
    /// Requested planes of the weight gradient. The first lane writes to the result directly.
    gradient: Vec<T>,
}

impl<T> Lane<T> {
    pub(super) fn new(chunks: Vec<Chunk<T>>) -> Self {
        Self { chunks, gradient: Vec::new() }
    }
}

/// The computations for every chunk, in this order.
#[derive(Clone, Copy)]
pub(super) struct LaneTask<'a, T> {
    /// Pass for plane 0.
    pub(super) primal: Pass<'a, T>,
    /// Whether to compute the values of plane 0.
    pub(super) values: bool,
    /// Whether to compute the adjoints of plane 0.
    pub(super) adjoints: bool,
    /// Pass for the planes above 0, if requested.
    pub(super) tangent: Option<Pass<'a, T>>,
    /// First requested plane of the weight gradient.
    pub(super) first: usize,
    /// Whether plane 0 is cached in the chunks.
    pub(super) keeps: bool,
    /// The node whose values are always kept.
    pub(super) output: Option<NodeId>,
    /// Stop condition, polled before every chunk.
    pub(super) stop: Stop<'a>,
    /// Set if a chunk was skipped.
    pub(super) stopped: &'a AtomicBool,
}

impl<T: Real> LaneTask<'_, T> {
    /// Processes one chunk. `data` receives the requested planes of the gradient, which are added if
    /// `accumulate`.
    fn chunk(&self, chunk: &mut Chunk<T>, scratch: &mut Scratch<T>, data: &mut [T], accumulate: bool) {
        if self.keeps {
            let mut primal = std::mem::take(&mut chunk.primal);
            self.phases(chunk, &mut primal, scratch, data, accumulate);
            chunk.primal = primal;
        } else {
            let mut primal = std::mem::take(&mut scratch.primal);
            chunk.swap_data(self.primal.tape, &mut primal);
            self.phases(chunk, &mut primal, scratch, data, accumulate);
            chunk.swap_data(self.primal.tape, &mut primal);
            if let Some(NodeId(output)) = self.output {
                chunk.primal.values[output].clone_from(&primal.values[output]);
            }
            scratch.primal = primal;
        }
    }

    fn phases(
        &self,
        chunk: &mut Chunk<T>,
        primal: &mut Primal<T>,
        scratch: &mut Scratch<T>,
        data: &mut [T],
        accumulate: bool,
    ) {
        let (dim, samples, first) = (self.primal.tape.dim(), chunk.samples.len(), self.first);
        if self.values {
            chunk.loss = scratch.forward(self.primal, primal, samples);
        }
        if self.adjoints {
            let data = if self.tangent.is_none() { &mut *data } else { &mut [] };
            scratch.backward(self.primal, primal, samples, Gradient { data, dim, first: 0, accumulate });
        }
        if let Some(tangent) = self.tangent {
            scratch.forward(tangent, primal, samples);
            scratch.backward(tangent, primal, samples, Gradient { data, dim, first, accumulate });
        }
    }

    fn lane(&self, lane: &mut Lane<T>, pool: &Mutex<Vec<Scratch<T>>>, data: &mut [T]) {
        let taken = pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut scratch = taken.unwrap_or_else(|| Scratch::new(self.primal.tape));
        for (i, chunk) in lane.chunks.iter_mut().enumerate() {
            if self.stopped.load(Ordering::Relaxed) || (self.stop)() {
                self.stopped.store(true, Ordering::Relaxed);
                break;
            }
            self.chunk(chunk, &mut scratch, data, i > 0);
        }
        pool.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
    }

    /// Runs all lanes and sums their contributions to the requested planes in a fixed order. The length of
    /// `result` determines the number of planes.
    pub(super) fn run(&self, lanes: &mut [Lane<T>], pool: &Mutex<Vec<Scratch<T>>>, result: &mut [T]) {
        let Some((head, tail)) = lanes.split_first_mut() else { return };
        if tail.is_empty() {
            return self.lane(head, pool, result);
        }
        let wanted = result.len();
        rayon::join(
            || self.lane(head, pool, result),
            || {
                tail.par_iter_mut().with_max_len(1).for_each(|lane| {
                    let mut gradient = std::mem::take(&mut lane.gradient);
                    gradient.resize(wanted, T::zero());
                    self.lane(lane, pool, &mut gradient);
                    lane.gradient = gradient;
                });
            },
        );
        for lane in tail {
            vector::add(result, &lane.gradient);
        }
    }
}
