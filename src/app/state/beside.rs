//! Runs that train beside the first one: light presets, live, each with a place of its own on the wall.

use crate::picture::view::run_view::Neighbour;
use crate::run::analysis::curves::Curves;

/// Those that train now, and what they have recorded. Their threads are in the lab's fleet.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// All of them.
    pub(in crate::app) runs: Vec<Neighbour>,
    /// How many have not come to their ends.
    pub(in crate::app) live: usize,
    /// Whether they were last asked to go on.
    pub(in crate::app) playing: bool,
}

impl Beside {
    /// What they have recorded.
    pub fn runs(&self) -> &[Neighbour] {
        &self.runs
    }

    /// Brings the derived curves up to the histories, each with about so many multiplications. Returns whether they are
    /// complete.
    pub fn derive_curves(&mut self, budget: usize) -> bool {
        let share = budget / self.runs.len().max(1);
        self.runs.iter_mut().fold(true, |complete, run| {
            complete & run.curves.update(&run.history, run.preset.view.smoothing, share)
        })
    }

    /// Whether any of them has not come to its end.
    pub fn are_live(&self) -> bool {
        self.live > 0
    }

    /// Whether those that have not come to their ends go on, as far as they were last asked to.
    pub fn are_playing(&self) -> bool {
        self.playing && self.are_live()
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.runs.clear();
        self.live = 0;
    }

    /// Leaves what only threads can go on with.
    pub(super) fn forget_threads(&mut self) {
        (self.live, self.playing) = (0, false);
    }

    /// Leaves what can be derived anew.
    pub(super) fn forget_curves(&mut self) {
        for run in &mut self.runs {
            run.curves = Curves::default();
        }
    }
}
