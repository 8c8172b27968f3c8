//! The viewer's choices for the plots.

use super::playback::Playback;
use crate::picture::view::ViewState;
use std::collections::BTreeMap;

/// The viewer's choices for the plots, and the playback of the cursor.
#[derive(Clone, Debug, Default)]
pub struct PlotView {
    /// The displayed state of the plots.
    pub plots: ViewState,
    /// The playback of the cursor.
    pub playback: Playback,
    /// The smoothing set by the user for each preset, by name; without an entry, the preset's own smoothing
    /// applies.
    pub smoothing: BTreeMap<String, f64>,
}

impl PlotView {
    /// Drops the state that only a pointer over the window can produce or only a window remembers.
    pub(super) fn forget_pointer(&mut self) {
        (self.plots.hover, self.plots.pointed) = (None, None);
        self.smoothing.clear();
    }
}
