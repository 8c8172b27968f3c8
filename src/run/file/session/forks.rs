//! The forks of a session: the steps that each has recorded itself, after the rows of the run that it left.
//!
//! A section `FORK` is a `Head` as postcard. The sections up to the next `FORK` belong to the fork: its events, the
//! rows of each column from its first step on, and its newest checkpoint.

use super::check::{check_eta, checked_checkpoint, checked_events, unpacked};
use super::columns::{self, ColumnPrecision};
use super::container::{Section, write_section};
use super::error::SessionProblem;
use super::tag::Tag;
use super::write::packed;
use crate::run::engine::checkpoint::Checkpoint;
use crate::run::engine::course::Course;
use crate::run::record::history::History;
use crate::run::record::pyramid::Column;
use crate::run::record::series::Series;
use brink_core::dynamics::Event;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

/// Largest number of forks in a session, and of forks at a time.
pub const MOST_FORKS: usize = 4;

/// A fork as a session stores it.
#[derive(Clone, Debug)]
pub struct SavedFork {
    /// The index, among the forks before it, of the fork that it left; `None` if it left the run itself.
    pub parent: Option<usize>,
    /// Its first own step.
    pub step: usize,
    /// Its course from step 0 on, including planned changes.
    pub course: Course,
    /// The rows of the run that it left before that step, followed by its own.
    pub history: History,
    /// Checkpoints to continue from, ascending in steps, all after its first own step.
    pub checkpoints: Vec<Arc<Checkpoint>>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    parent: Option<usize>,
    step: usize,
    rows: usize,
    course: Course,
}

impl SavedFork {
    pub(super) fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { parent, step, course, history, checkpoints } = self;
        let head = Head { parent: *parent, step: *step, rows: history.rows(), course: course.clone() };
        write_section(out, Tag::FORK, &packed(&head)?)?;
        let events: Vec<_> = history.events().iter().filter(|(at, _)| at >= step).collect();
        write_section(out, Tag::EVENTS, &packed(&events)?)?;
        for series in Series::kept(history.max_tracked()) {
            if let Some(column) = history.column(series).filter(|column| column.end() > *step) {
                let bytes = columns::encode_from(series, column, *step, ColumnPrecision::Double);
                write_section(out, Tag::COLUMN, &bytes)?;
            }
        }
        for checkpoint in checkpoints {
            write_section(out, Tag::CHECKPOINT, &packed(checkpoint.as_ref())?)?;
        }
        Ok(())
    }
}

/// A fork whose sections have not all been read yet.
pub(super) struct ReadFork {
    head: Head,
    events: Option<Vec<(usize, Event)>>,
    columns: Vec<(Series, Column)>,
    checkpoints: Vec<Arc<Checkpoint>>,
}

impl ReadFork {
    /// Starts from its first section; the fork left a run with the given number of rows, or one of the forks before
    /// it.
    pub fn begin(section: &Section, rows: usize, earlier: &[Self]) -> Result<Self, SessionProblem> {
        let head: Head = unpacked(section)?;
        if earlier.len() >= MOST_FORKS {
            return Err(section.wrong(format!("more than {MOST_FORKS} forks")));
        }
        let left = match head.parent {
            None => Some(rows),
            Some(place) => earlier.get(place).map(|fork| fork.head.rows),
        };
        let Some(left) = left else {
            return Err(section.wrong(format!("it left fork {:?} of {}", head.parent, earlier.len())));
        };
        if head.step > left || head.rows < head.step || head.rows >= Column::MOST_ROWS {
            let Head { step, rows, .. } = head;
            return Err(
                section.wrong(format!("a fork of {rows} rows that left a run of {left} rows at step {step}"))
            );
        }
        if !head.course.is_valid() {
            return Err(
                section.wrong("its course: learning rates are positive and finite, steps ascend from 0")
            );
        }
        Ok(Self { head, events: None, columns: Vec::new(), checkpoints: Vec::new() })
    }

    fn rows(&self) -> Range<usize> {
        self.head.step..self.head.rows
    }

    /// Adds one of its sections, for a run that tracks the given number of eigenvalues.
    pub fn take(&mut self, section: &Section, tracked: usize) -> Result<(), SessionProblem> {
        let rows = self.rows();
        match section.tag {
            Tag::EVENTS if self.events.is_none() => self.events = Some(checked_events(section, rows)?),
            Tag::COLUMN => {
                let (series, column) = columns::decode(&section.content, rows.end, tracked)
                    .map_err(|reason| section.wrong(reason))?;
                let name = series.column_name();
                if (column.start()..rows.start).any(|row| column.get(row).is_some()) {
                    return Err(section.wrong(format!("column {name} has rows before step {}", rows.start)));
                }
                if self.columns.iter().any(|(other, _)| *other == series) {
                    return Err(section.wrong(format!("column {name} is there twice")));
                }
                if series == Series::Eta {
                    check_eta(section, &column, rows)?;
                }
                self.columns.push((series, column));
            }
            Tag::CHECKPOINT => {
                let before = self.checkpoints.last().map_or(rows.start, |before| before.step());
                self.checkpoints.push(checked_checkpoint(section, Some(before), rows.end)?);
            }
            _ => return Err(section.wrong("it is out of place")),
        }
        Ok(())
    }

    /// Completes the fork, given the history of the run that it left.
    fn finish(self, left: &History) -> Result<SavedFork, SessionProblem> {
        let rows = self.rows();
        let Self { head: Head { parent, step, course, .. }, events, columns, checkpoints } = self;
        if !rows.is_empty() && !columns.iter().any(|(series, _)| *series == Series::Eta) {
            return Err(SessionProblem::Missing(Tag::COLUMN));
        }
        let events = events.ok_or(SessionProblem::Missing(Tag::EVENTS))?;
        let mut history = left.until(step);
        history.extend(rows.end, &columns, events);
        Ok(SavedFork { parent, step, course, history, checkpoints })
    }
}

/// All forks of a run with this history.
pub(super) fn finished(read: Vec<ReadFork>, history: &History) -> Result<Vec<SavedFork>, SessionProblem> {
    let mut forks: Vec<SavedFork> = Vec::new();
    for fork in read {
        let left = fork.head.parent.and_then(|place| forks.get(place)).map_or(history, |fork| &fork.history);
        forks.push(fork.finish(left)?);
    }
    Ok(forks)
}
