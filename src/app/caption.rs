//! One line on the cycle at the cursor, made of its values.

use super::controls::{grouped, short};
use super::model::Model;
use crate::run::Series;
use crate::run::cycles::{Phase, mean_sharpness};

/// What the sharpness and the oscillation do at the cursor's step, or at the newest.
pub(super) fn caption(model: &Model) -> String {
    let cycles = model.curves.cycles();
    let Some(newest) = model.row() else { return String::new() };
    // the newest step has no successor, with which the sharpness is averaged
    let row = if model.view.cursor.is_none() { newest.saturating_sub(2) } else { newest };
    let Some(phase) = cycles.phase(row) else {
        return match model.at_edge(row) {
            Some(k) if k > 1 => format!("{k} eigenvalues at the edge: no cycle of a single one"),
            _ => "no cycle at the edge at this step".to_owned(),
        };
    };
    let cycle = cycles.at(row).filter(|_| phase != Phase::Settled).map(|place| {
        let cycle = &cycles.all()[place];
        let number = cycles.all()[..=place].iter().filter(|cycle| !cycle.settled).count();
        format!("Cycle {number}, step {} of {}", grouped(row - cycle.start() + 1), grouped(cycle.length()))
    });
    let what = values(model, row, phase);
    let known = [cycle, Some(format!("{}: {what}", phase.name()))];
    known.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn values(model: &Model, row: usize, phase: Phase) -> String {
    let sharpness = mean_sharpness(&model.history, row).zip(model.history.value(Series::Eta, row));
    let Some((mean, eta)) = sharpness else { return "the sharpness is not recorded here".to_owned() };
    let at = format!("S = {}·2/η", short(0.5 * mean * eta));
    let factor = (1.0 - eta * mean).abs();
    match phase {
        Phase::Sharpening => {
            format!("{at} rises to 2/η; an oscillation changes by the factor {} a step", short(factor))
        }
        Phase::Growth => format!("{at}: the oscillation grows by the factor {} a step", short(factor)),
        Phase::Reduction => format!("{at}: the oscillation is strong enough to push S down"),
        Phase::Decay => format!("{at}: the oscillation shrinks by the factor {} a step", short(factor)),
        Phase::Settled => format!("{at} stays at 2/η: the oscillation just balances the sharpening"),
    }
}
