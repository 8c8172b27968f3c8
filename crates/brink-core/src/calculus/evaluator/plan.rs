//! Partition of a data set into lanes that run in parallel, and of each lane into chunks that run one after
//! the other.
//!
//! The partition depends only on the problem, not on the number of threads.

use std::ops::Range;

use super::needs::Needs;
use crate::calculus::real::Real;
use crate::calculus::tape::Tape;

/// Number of multiply–adds per forward pass below which threads do not pay off.
const SERIAL_WORK: usize = 300_000;
/// Number of parameters below which one gradient per lane is inexpensive.
const HEAVY_WEIGHTS: usize = 40_000;
/// Number of multiply–adds per parameter above which one gradient per lane is inexpensive for any number of
/// parameters.
const LANE_WORK: usize = 4_000;
/// Number of uses of every parameter per sample (pixels, tokens) above which individual products are small,
/// so that lanes pay off earlier.
const REUSED: usize = 4;
/// [`LANE_WORK`] for networks that reuse their parameters.
const LANE_WORK_REUSED: usize = 400;
/// Largest number of lanes. Each lane has its own gradient, and all gradients are summed at the end.
const LANES: usize = 8;
/// Target size of the values of a chunk (one plane of all nodes) in bytes. It is small enough for the result
/// of an operation to stay in cache for the next operation, but large enough to amortize the reading of large
/// weights.
const CHUNK: usize = 8 << 20;
/// Memory budget for the results cached at the last weights, in bytes. Beyond it, each pass recomputes them.
const KEPT_BUDGET: usize = 1 << 30;
/// Memory budget for the planes above 0 of all lanes, in bytes. Directions that exceed it are processed in
/// groups.
const TANGENT_BUDGET: usize = 2 << 30;
/// Number of planes for which chunks are sized: three directions and their pairs.
const WANTED_PLANES: usize = 9;

/// The partition of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Sample ranges of the chunks of each lane.
    pub(super) lanes: Vec<Vec<Range<usize>>>,
    /// Whether the large operations of a single lane use the thread pool.
    pub(super) parallel_operations: bool,
    /// Whether the results at the last weights are cached.
    pub(super) keeps: bool,
    /// Number of planes above 0 within the budget. A group has at least one direction, or one pair,
    /// regardless of the budget.
    pub(super) most_planes: usize,
}

impl Plan {
    /// The partition of `samples` samples of a tape.
    pub(super) fn new<T: Real>(tape: &Tape<T>, samples: usize) -> Self {
        let work = samples.saturating_mul(tape.work());
        let is_small = work <= SERIAL_WORK;
        let dim = tape.dim();
        let lane_work = if tape.work() < REUSED * dim { LANE_WORK } else { LANE_WORK_REUSED };
        let parallel_operations = !is_small && dim >= HEAVY_WEIGHTS && work < lane_work.saturating_mul(dim);
        let lanes = if is_small || parallel_operations { 1 } else { LANES };
        let bytes = tape.entries().saturating_mul(size_of::<T>());
        let for_planes = TANGENT_BUDGET / WANTED_PLANES / Needs::of(tape).plane(lanes).max(1);
        let chunk = if parallel_operations { samples } else { (CHUNK / bytes.max(1)).min(for_planes).max(1) };
        Self::with(tape, samples, lanes, chunk, parallel_operations)
    }

    /// At most `lanes` lanes with chunks of approximately `chunk` samples at most.
    pub(super) fn with<T: Real>(
        tape: &Tape<T>,
        samples: usize,
        lanes: usize,
        chunk: usize,
        parallel_operations: bool,
    ) -> Self {
        let lanes = split(0..samples, lanes.clamp(1, samples.max(1)));
        let lanes: Vec<Vec<_>> = lanes
            .into_iter()
            .map(|lane| split(lane.clone(), lane.len().div_ceil(chunk.max(1)).max(1)))
            .collect();
        let needs = Needs::of(tape);
        let plan =
            Self { parallel_operations, keeps: needs.primal(samples) <= KEPT_BUDGET, most_planes: 0, lanes };
        let plane = needs.plane(plan.at_a_time()).saturating_add(needs.working(plan.lanes.len()));
        Self { most_planes: TANGENT_BUDGET / plane.max(1), ..plan }
    }

    /// Largest number of samples that are processed simultaneously by all lanes.
    pub(super) fn at_a_time(&self) -> usize {
        self.lanes.len() * self.lanes.iter().flatten().map(Range::len).max().unwrap_or(0)
    }
}

/// Splits a range into `parts` consecutive ranges whose lengths differ by at most one.
fn split(range: Range<usize>, parts: usize) -> Vec<Range<usize>> {
    let at = |i: usize| range.start + range.len() * i / parts;
    (0..parts).map(|i| at(i)..at(i + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calculus::op::attention::{Columns, Heads};

    /// A tape with `layers` linear layers of width `width` on `rows` rows per sample.
    fn tape(rows: usize, width: usize, layers: usize) -> Tape<f32> {
        let mut tape = Tape::new();
        let mut h = tape.data(rows, width);
        for layer in 0..layers {
            h = tape.linear(&layer.to_string(), h, width);
        }
        tape
    }

    #[test]
    fn every_sample_is_in_one_chunk() {
        for samples in [0, 1, 7, 8, 1000] {
            let plan = Plan::with(&tape(1, 4, 2), samples, 8, 10, false);
            let mut next = 0;
            for chunk in plan.lanes.iter().flatten() {
                assert_eq!(chunk.start, next);
                assert!(chunk.len() <= 10);
                next = chunk.end;
            }
            assert_eq!(next, samples);
        }
    }

    #[test]
    fn small_problems_run_alone_wide_ones_inside_operations_and_deep_ones_in_lanes() {
        let of = |tape: &Tape<f32>, samples| {
            let plan = Plan::new(tape, samples);
            (plan.lanes.len(), plan.parallel_operations)
        };
        assert_eq!(of(&tape(1, 16, 2), 20), (1, false));
        assert_eq!(of(&tape(1, 300, 2), 1000), (1, true));
        assert_eq!(of(&tape(64, 300, 2), 1000), (8, false));
        assert_eq!(of(&tape(64, 300, 2), 10), (8, false));
        assert_eq!(of(&tape(64, 300, 2), 5), (1, true));
        assert_eq!(of(&tape(1, 64, 2), 1000), (8, false));
    }

    #[test]
    fn large_problems_keep_nothing_and_take_small_chunks() {
        let small = Plan::new(&tape(64, 64, 2), 100);
        assert!(small.keeps);
        let large = Plan::new(&tape(1024, 64, 8), 2000);
        assert!(!large.keeps);
        assert!(large.lanes[0].len() > 50, "{}", large.lanes[0].len());
        assert!(large.most_planes >= 14, "{} planes: four pairs take 14", large.most_planes);
    }

    /// The states of an LSTM take three times the memory of its values, and the attention matrices even more.
    #[test]
    fn what_operations_save_counts() {
        let recurrent = |hidden| {
            let mut tape = Tape::<f32>::new();
            let x = tape.data(15, 48);
            let h = tape.lstm("0", x, hidden);
            tape.lstm("1", h, hidden);
            tape
        };
        let values = 2 * 15 * (48 + 48 + 48) * size_of::<f32>();
        let state = 2 * 6 * 15 * 48 * size_of::<f32>();
        let most = KEPT_BUDGET / (values + state);
        let plan = Plan::new(&recurrent(48), most);
        assert!(plan.keeps && plan.most_planes >= WANTED_PLANES, "{} planes", plan.most_planes);
        assert!(!Plan::new(&recurrent(48), most + 1).keeps);

        let attentive = |rows| {
            let mut tape = Tape::<f32>::new();
            let x = tape.data(rows, 1);
            let qkv = tape.linear("qkv", x, 3);
            let part = |first| Columns { node: qkv, first };
            tape.attention(part(0), part(1), part(2), Heads { count: 1, width: 1, causal: true });
            tape
        };
        assert!(Plan::new(&attentive(10_000), 2).keeps);
        assert!(!Plan::new(&attentive(10_000), 3).keeps);
    }
}
