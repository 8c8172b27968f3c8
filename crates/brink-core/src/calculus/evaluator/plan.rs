//! How a data set is split: into lanes that run side by side, and each lane into chunks taken one after the other.
//!
//! The split depends on the problem, never on the number of threads.

use std::ops::Range;

use super::needs::Needs;
use crate::calculus::real::Real;
use crate::calculus::tape::Tape;

/// Below this many multiply–adds a forward pass, threads cost more than they bring.
const SERIAL_WORK: usize = 300_000;
/// Below this many parameters, one gradient a lane costs little.
const HEAVY_WEIGHTS: usize = 40_000;
/// From this many multiply–adds a parameter on, so does it for any number of parameters.
const LANE_WORK: usize = 4_000;
/// Where a sample uses every parameter this often (pixels, tokens), its products are small ones: lanes soon pay.
const REUSED: usize = 4;
/// [`LANE_WORK`] there.
const LANE_WORK_REUSED: usize = 400;
/// Most lanes: each has a gradient of its own, and all are summed at the end.
const LANES: usize = 8;
/// Bytes of values (one plane of all nodes) that a chunk aims at: few, so that what one operation leaves is still near when
/// the next one reads it, but not so few that a large layer's weights are read for a handful of samples.
const CHUNK: usize = 8 << 20;
/// Bytes that everything computed at the last weights may take: beyond it that is computed again by every pass.
const KEPT_BUDGET: usize = 1 << 30;
/// Bytes that the planes above 0 of all lanes may take: more directions than fit are taken in groups.
const TANGENT_BUDGET: usize = 2 << 30;
/// Planes that a chunk is made small enough for: three directions and their pairs.
const WANTED_PLANES: usize = 9;

/// The split of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// The samples of each chunk, lane by lane.
    pub(super) lanes: Vec<Vec<Range<usize>>>,
    /// Whether the one lane's large operations use the thread pool.
    pub(super) parallel_operations: bool,
    /// Whether what is computed at the last weights is kept.
    pub(super) keeps: bool,
    /// Planes above 0 that fit their budget; a group has one direction, or a pair, even if they do not.
    pub(super) most_planes: usize,
}

impl Plan {
    /// The split of `samples` samples of a tape.
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

    /// At most `lanes` lanes, in chunks of at most about `chunk` samples.
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

    /// Samples that all lanes together work on at a time, at most.
    pub(super) fn at_a_time(&self) -> usize {
        self.lanes.len() * self.lanes.iter().flatten().map(Range::len).max().unwrap_or(0)
    }
}

/// A range in `parts` consecutive ones whose lengths differ by at most one.
fn split(range: Range<usize>, parts: usize) -> Vec<Range<usize>> {
    let at = |i: usize| range.start + range.len() * i / parts;
    (0..parts).map(|i| at(i)..at(i + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calculus::op::attention::{Columns, Heads};

    /// `layers` linear layers of width `width`, on `rows` rows a sample.
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

    /// The states of an LSTM are three times its values, and the squares of attention grow beyond them.
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
