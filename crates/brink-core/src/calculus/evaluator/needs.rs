//! What a pass needs to keep.

use crate::calculus::real::Real;
use crate::calculus::tape::Tape;

/// Bytes that a tape takes for each sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    primal: usize,
    plane: usize,
    working: usize,
}

impl Needs {
    pub(super) fn of<T: Real>(tape: &Tape<T>) -> Self {
        let (memory, size) = (tape.memory(), size_of::<T>());
        // a value and an adjoint
        let both = tape.entries().saturating_mul(2);
        let bytes = |more: usize| both.saturating_add(more).saturating_mul(size);
        Self {
            primal: bytes(memory.primal),
            plane: bytes(memory.tangent),
            working: memory.working.saturating_mul(size),
        }
    }

    /// Plane 0 of so many samples.
    pub(super) fn primal(self, samples: usize) -> usize {
        self.primal.saturating_mul(samples)
    }

    /// A plane above 0 of so many samples.
    pub(super) fn plane(self, samples: usize) -> usize {
        self.plane.saturating_mul(samples)
    }

    /// What is at hand in a plane of so many lanes.
    pub(super) fn working(self, lanes: usize) -> usize {
        self.working.saturating_mul(lanes)
    }
}
