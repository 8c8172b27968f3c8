//! One line of text about the cycle at the cursor, generated from its values.

use super::widgets::grouped;
use crate::app::state::Model;
use crate::picture;
use crate::run::analysis::cycles::{CycleOutcome, CyclePhase, comparable, is_constant};

/// The behaviour of the sharpness and the oscillation at the cursor's step, or at the newest step.
pub(super) fn caption(model: &Model) -> String {
    let cycles = model.runs.first.curves.cycles();
    let Some(newest) = model.row() else { return String::new() };
    let row = comparable(&model.runs.first.history, newest);
    if is_constant(&model.runs.first.history, row) {
        return picture::panel::inspector::caption::caption(&model.run_view(), newest);
    }
    let Some(phase) = cycles.phase(row) else {
        return if model.runs.first.history.rank(row) > 1 || model.at_edge(row).is_some_and(|k| k > 1) {
            "Several eigenvalues swing about the edge: no cycle of a single one".to_owned()
        } else {
            "No cycle at the edge at this step".to_owned()
        };
    };
    let cycle = cycles.at(row).filter(|_| phase != CyclePhase::Settled).map(|place| {
        let cycle = &cycles.all()[place];
        let number = cycles.all()[..=place].iter().filter(|cycle| !cycle.settled).count();
        if cycle.outcome == CycleOutcome::Open {
            return format!("Cycle {number}, its step {}", grouped(newest - cycle.start() + 1));
        }
        let step = grouped(row - cycle.start() + 1);
        format!("Cycle {number}, step {step} of {}", grouped(cycle.length()))
    });
    let what = picture::panel::inspector::caption::caption(&model.run_view(), newest);
    let known = [cycle, Some(format!("{}: {what}", phase.name()))];
    known.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}
