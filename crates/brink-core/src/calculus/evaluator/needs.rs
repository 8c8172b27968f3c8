//! Memory requirements of a pass.

use crate::calculus::real::Real;
use crate::calculus::tape::Tape;

/// Memory of a tape per sample, in bytes.
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

    /// Memory of plane 0 for the given number of samples.
    pub(super) fn primal(self, samples: usize) -> usize {
        self.primal.saturating_mul(samples)
    }

    /// Memory of a plane above 0 for the given number of samples.
    pub(super) fn plane(self, samples: usize) -> usize {
        self.plane.saturating_mul(samples)
    }

    /// Working memory per plane for the given number of lanes.
    pub(super) fn working(self, lanes: usize) -> usize {
        self.working.saturating_mul(lanes)
    }
}
