//! Checks of the numbers in a file.

use super::container::Section;
use super::error::SessionProblem;
use crate::run::engine::checkpoint::Checkpoint;
use crate::run::record::pyramid::Column;
use brink_core::dynamics::Event;
use serde::de::DeserializeOwned;
use std::ops::Range;
use std::sync::Arc;

pub(crate) fn unpacked<T: DeserializeOwned>(section: &Section) -> Result<T, SessionProblem> {
    match postcard::take_from_bytes(&section.content) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(section.wrong(format!("{} bytes too many", rest.len()))),
        Err(error) => Err(section.wrong(error.to_string())),
    }
}

/// Checks that a checkpoint is later than the one before it, and not later than the rows.
pub(crate) fn checked_checkpoint(
    section: &Section,
    before: Option<usize>,
    rows: usize,
) -> Result<Arc<Checkpoint>, SessionProblem> {
    let checkpoint: Checkpoint = unpacked(section)?;
    let step = checkpoint.step();
    if step > rows || before.is_some_and(|before| before >= step) {
        return Err(section.wrong(format!("a checkpoint of step {step} in a run of {rows} rows")));
    }
    Ok(Arc::new(checkpoint))
}

/// The learning rate at each of these rows.
pub(crate) fn check_eta(
    section: &Section,
    column: &Column,
    mut rows: Range<usize>,
) -> Result<(), SessionProblem> {
    let wrong = |&row: &usize| !column.get(row).is_some_and(|eta| eta.is_finite() && eta > 0.0);
    match rows.find(wrong) {
        None => Ok(()),
        Some(row) => {
            let eta = column.get(row).map_or("absent".to_owned(), |eta| eta.to_string());
            Err(section
                .wrong(format!("η is {eta} at row {row}; it is a positive finite number at every row")))
        }
    }
}

pub(crate) fn checked_events(
    section: &Section,
    rows: Range<usize>,
) -> Result<Vec<(usize, Event)>, SessionProblem> {
    let events: Vec<(usize, Event)> = unpacked(section)?;
    let ascend = events.is_sorted_by(|a, b| a.0 <= b.0);
    if !ascend || events.iter().any(|(step, _)| !rows.contains(step)) {
        return Err(section.wrong(format!("its steps do not ascend, or lie outside the rows {rows:?}")));
    }
    let is_eta = |eta: f64| eta.is_finite() && eta > 0.0;
    let wrong = events.iter().find(|(_, event)| matches!(event, Event::EtaChanged { eta } if !is_eta(*eta)));
    match wrong {
        Some((step, event)) => Err(section.wrong(format!("{event:?} at step {step}"))),
        None => Ok(events),
    }
}
