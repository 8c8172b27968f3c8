//! Counts eigenvalues at the edge, so that each arrival is said once.

use serde::{Deserialize, Serialize};

/// The largest number of eigenvalues that have been at the edge together.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct EdgeCount(usize);

impl EdgeCount {
    /// `Some(k)` where k is more than ever before. Raw sharpness flickers around 2/η with period 2, so that mere
    /// upward crossings would be said hundreds of times.
    pub(super) fn entered(&mut self, k: usize) -> Option<usize> {
        (k > self.0).then(|| {
            self.0 = k;
            k
        })
    }
}
