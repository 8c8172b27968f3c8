//! What passes over a data set take, counted before any of it is allocated. All sums saturate.

use super::needs::Needs;
use super::plan::Plan;
use crate::calculus::real::Real;
use crate::calculus::tape::Tape;

/// Planes above 0 that a group of directions takes at least: two directions and their pair.
const LEAST_PLANES: usize = 3;
/// Planes of the weight gradient that are counted: three directions and their pairs.
const GRADIENT_PLANES: usize = 9;

/// Bytes that an evaluator takes, about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The data: as given, as doubles, and as the evaluator's own copy.
    pub data: usize,
    /// Values and adjoints at the weights, and what operations save there.
    pub values: usize,
    /// The same along directions, a pair of them at least.
    pub directions: usize,
    /// Gradients of all lanes.
    pub gradients: usize,
}

impl Estimate {
    pub(super) fn new<T: Real>(tape: &Tape<T>, samples: usize, plan: &Plan) -> Self {
        let (needs, size, lanes) = (Needs::of(tape), size_of::<T>(), plan.lanes.len());
        let copies = size_of::<f64>() + 2 * size;
        let planes = plan.most_planes.clamp(LEAST_PLANES, GRADIENT_PLANES);
        let held = if plan.keeps { samples } else { plan.at_a_time() };
        let directions = needs.plane(plan.at_a_time()).saturating_add(needs.working(lanes));
        Self {
            data: tape.data_entries().saturating_mul(samples).saturating_mul(copies),
            values: needs.primal(held).saturating_add(needs.working(lanes)),
            directions: directions.saturating_mul(planes),
            gradients: tape.dim().saturating_mul(lanes * GRADIENT_PLANES * size),
        }
    }

    /// All of it.
    pub fn bytes(&self) -> usize {
        let Self { data, values, directions, gradients } = *self;
        [data, values, directions, gradients].into_iter().fold(0, usize::saturating_add)
    }

    /// The largest part in words, and its bytes.
    pub fn largest(&self) -> (&'static str, usize) {
        let Self { data, values, directions, gradients } = *self;
        let parts = [
            ("the data", data),
            ("the values of the network and what its operations save", values),
            ("their derivatives along directions", directions),
            ("gradients", gradients),
        ];
        parts.into_iter().max_by_key(|(_, bytes)| *bytes).unwrap_or(parts[0])
    }
}
