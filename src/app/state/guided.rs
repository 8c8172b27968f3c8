//! The tour's effects that are limited to the window's state: its appearance, its panels, its answers.

use super::Model;
use super::layout::LayoutNode;
use crate::tour::{CentralFlowShown, Reveal, TourColumns};
use brink_core::dynamics::{Event, Process, StepOutcome};

impl Model {
    /// Lets the tour arrange the window; the user's arrangement is kept.
    pub(in crate::app) fn enter_tour(&mut self) {
        if !self.tour.guides {
            self.layout.own_look = Some(self.look());
            self.tour.guides = true;
        }
    }

    /// Reveals the answer.
    pub(in crate::app) fn reveal(&mut self) {
        let tour = &mut self.tour;
        tour.reveal = Reveal::Shown;
        if tour.here().is_some_and(|(chapter, _)| chapter.central_flow == CentralFlowShown::Answered) {
            self.view.plots.show_central_flow = true;
        }
    }

    /// Removes the cursor and the loop and shows all steps.
    pub(in crate::app) fn show_newest(&mut self) {
        self.view.playback.playing = false;
        self.place_cursor(None);
        self.view.plots.visible = None;
    }

    /// Arranges the panels as the card requires.
    pub(in crate::app) fn arrange_for_tour(&mut self) {
        let tour = &self.tour;
        let columns = tour.chapters[tour.chapter].layout(tour.card);
        self.layout.tree = node(columns).tree();
    }

    /// Whether an event is the point of the lesson: gradient descent diverges while the audience moves the
    /// sliders. The panel reports it then, without a banner.
    pub(in crate::app) fn tour_says(&self, event: &Event, run: u64) -> bool {
        let tour = &self.tour;
        let diverged =
            matches!(event, Event::Outcome(Process::GradientDescent, StepOutcome::Diverged { .. }));
        let steers = tour.here().is_some_and(|(chapter, _)| !chapter.knobs.is_empty());
        diverged && steers && self.tour_runs(run)
    }
}

/// The layout node for the card's columns.
fn node(columns: &TourColumns) -> LayoutNode {
    let panel = |panel: crate::picture::view::panel::Panel| LayoutNode::Panel(panel.name().to_owned());
    let column = |column: &crate::tour::PanelColumn| {
        let rows = column.panels.iter().map(|&(share, of)| (share, panel(of))).collect();
        (column.share, LayoutNode::Rows(rows))
    };
    LayoutNode::Columns(columns.0.iter().map(column).collect())
}
