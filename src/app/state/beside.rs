//! Runs that train alongside the first one: light presets, trained live, each with its own place on the wall.

use crate::picture::view::run_view::Neighbour;
use crate::run::analysis::curves::Curves;

/// The runs that train alongside the first one, and their recorded data. Their threads are in the lab's
/// fleet.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// All runs.
    pub(in crate::app) runs: Vec<Neighbour>,
    /// The number of runs that have not yet ended.
    pub(in crate::app) live: usize,
    /// Whether the last request to them was to train.
    pub(in crate::app) playing: bool,
}

impl Beside {
    /// The runs and their recorded data.
    pub fn runs(&self) -> &[Neighbour] {
        &self.runs
    }

    /// Updates the derived curves from the histories, with an approximate budget of multiplications for each
    /// run. Returns whether the curves are complete.
    pub fn derive_curves(&mut self, budget: usize) -> bool {
        let share = budget / self.runs.len().max(1);
        self.runs.iter_mut().fold(true, |complete, run| {
            complete & run.curves.update(&run.history, run.preset.view.smoothing, share)
        })
    }

    /// Whether any of the runs has not yet ended.
    pub fn are_live(&self) -> bool {
        self.live > 0
    }

    /// Whether the runs that have not ended are training, according to the last request.
    pub fn are_playing(&self) -> bool {
        self.playing && self.are_live()
    }

    /// Removes all runs.
    pub fn clear(&mut self) {
        self.runs.clear();
        self.live = 0;
    }

    /// Drops the state that only threads can continue.
    pub(super) fn forget_threads(&mut self) {
        (self.live, self.playing) = (0, false);
    }

    /// Drops the state that can be derived again.
    pub(super) fn forget_curves(&mut self) {
        for run in &mut self.runs {
            run.curves = Curves::default();
        }
    }
}
