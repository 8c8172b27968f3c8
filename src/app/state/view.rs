//! What the viewer looks at in the plots.

use super::playback::Playback;
use crate::picture::view::ViewState;
use std::collections::BTreeMap;

/// The viewer's choices for the plots, and the cursor's own motion.
#[derive(Clone, Debug, Default)]
pub struct PlotView {
    /// What the plots show.
    pub plots: ViewState,
    /// The cursor's own motion.
    pub playback: Playback,
    /// The smoothing that was set for a preset, by its name; without one, the preset's own counts.
    pub smoothing: BTreeMap<String, f64>,
}

impl PlotView {
    /// Leaves what only a pointer over the window can ask for, and what only a window remembers.
    pub(super) fn forget_pointer(&mut self) {
        (self.plots.hover, self.plots.pointed) = (None, None);
        self.smoothing.clear();
    }
}
