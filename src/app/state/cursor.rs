//! The cursor through the recorded steps, and the visible range of steps.

use super::Model;
use super::banner::{Banner, Level};
use crate::picture::view::ViewChange;
use crate::picture::view::choice::Choice;
use crate::run::analysis::cycles::Cycle;
use crate::run::record::predictions::Examples;

impl Model {
    /// Applies a panel's request.
    pub(in crate::app) fn change_view(&mut self, change: ViewChange) {
        if matches!(change, ViewChange::PlaceCursor(_)) {
            self.view.playback.playing = false;
        }
        self.view.plots.apply(change);
    }

    /// Moves the cursor to a step; with `None`, everything shows the newest step.
    pub(in crate::app) fn place_cursor(&mut self, cursor: Option<usize>) {
        self.change_view(ViewChange::PlaceCursor(cursor));
    }

    /// Shows the whole run as it grows, without a cursor and with all axes fitted.
    pub(in crate::app) fn follow_run(&mut self) {
        self.place_cursor(None);
        self.view.plots.visible = None;
        self.view.plots.ranges.clear();
    }

    /// Starts or stops the playback of the recorded steps.
    pub(in crate::app) fn toggle_replay(&mut self) {
        let playing = !self.view.playback.playing && self.runs.first.history.rows() > 1;
        self.view.playback.playing = playing;
        let at_end = self.view.plots.cursor.is_none_or(|cursor| cursor + 1 >= self.most_rows());
        if playing && at_end {
            // start at the first visible step
            self.view.plots.cursor = Some(self.shown_steps()[0]);
        }
    }

    /// Moves the cursor to the start of the next or the previous cycle.
    pub(in crate::app) fn seek_cycle(&mut self, next: bool) {
        let Some(row) = self.row() else { return };
        let cycles = self.runs.first.curves.cycles();
        let cycle = if next { cycles.next(row) } else { cycles.previous(row) };
        if let Some(start) = cycle.map(Cycle::start) {
            self.place_cursor(Some(start));
        }
    }

    /// Shows one cycle and plays it in a loop.
    pub(in crate::app) fn loop_cycle(&mut self) {
        let Some(row) = self.row() else { return };
        let cycles = self.runs.first.curves.cycles();
        let cycle = cycles.at(row).map(|place| &cycles.all()[place]).or(cycles.previous(row));
        let Some(cycle) = cycle.or(cycles.next(row)).filter(|cycle| cycle.length() > 1) else {
            self.raise(Banner::new(Level::Note, "No cycle at the edge has been found yet"));
            return;
        };
        let (first, last) = (cycle.start(), cycle.end() - 1);
        self.view.plots.visible = Some([first as f64, last as f64]);
        self.view.plots.cursor = Some(row.clamp(first, last));
        self.view.plots.show_phases = true;
        (self.view.playback.playing, self.view.playback.looping) = (true, true);
    }

    /// Selects another recorded output.
    pub(in crate::app) fn choose_prediction(&mut self, choose: impl Fn(Choice, &Examples) -> Choice) {
        if let Some(found) = self.runs.first.history.predictions() {
            self.view.plots.prediction = choose(self.view.plots.prediction, found.examples());
        }
    }
}
