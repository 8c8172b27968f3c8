//! Counts eigenvalues at the edge of stability, so that each arrival is reported once.

use serde::{Deserialize, Serialize};

/// The largest number of eigenvalues that have been at the edge simultaneously.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct EdgeCount(usize);

impl EdgeCount {
    /// Returns `Some(k)` if k exceeds all previous counts. The sharpness of gradient descent flickers around
    /// 2/η with period 2, so that plain upward crossings would be reported hundreds of times.
    pub(super) fn entered(&mut self, k: usize) -> Option<usize> {
        (k > self.0).then(|| {
            self.0 = k;
            k
        })
    }
}
