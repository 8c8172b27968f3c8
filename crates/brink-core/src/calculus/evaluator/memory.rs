//! Memory estimate of the passes over a data set, made before any allocation. Sums saturate.

use super::needs::Needs;
use super::plan::Plan;
use crate::calculus::real::Real;
use crate::calculus::tape::Tape;

/// Smallest number of planes above 0 in a group of directions: two directions and their pair.
const LEAST_PLANES: usize = 3;
/// Planes of the weight gradient included in the estimate: three directions and their pairs.
const GRADIENT_PLANES: usize = 9;

/// Estimated memory of an evaluator, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The data: as given, converted to f64, and the copy of the evaluator.
    pub data: usize,
    /// Values, adjoints and saved data of the operations at the weights.
    pub values: usize,
    /// Values, adjoints and saved data along directions, for at least one pair of directions.
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

    /// Total number of bytes.
    pub fn bytes(&self) -> usize {
        let Self { data, values, directions, gradients } = *self;
        [data, values, directions, gradients].into_iter().fold(0, usize::saturating_add)
    }

    /// Description and size in bytes of the largest part.
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
