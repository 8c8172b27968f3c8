//! Reads a run from a file. Any bytes give a run or a clear error, never a panic, and never more memory than they
//! account for.

use super::check::{check_eta, checked_checkpoint, checked_events, unpacked};
use super::container::{Section, Sections};
use super::error::{SessionError, SessionProblem};
use super::forks::{self, ReadFork};
use super::outputs::Outputs;
use super::tag::Tag;
use super::{Head, Session, columns, thin};
use crate::preset::Preset;
use crate::run::engine::breakpoint::Breakpoint;
use crate::run::engine::checkpoint::Checkpoint;
use crate::run::record::history::History;
use crate::run::record::predictions::store::Predictions;
use crate::run::record::pyramid::Column;
use crate::run::record::series::Series;
use brink_core::dynamics::Event;
use brink_core::space::SpaceView;

use std::fs::File;
use std::io::{BufReader, Read};

use std::path::Path;
use std::sync::Arc;

/// Longest name and longest description of the machine, in bytes.
const LONGEST_NAME: usize = 4096;

impl Session {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, is not a session, or is damaged.
    pub fn read(path: &Path) -> Result<Self, SessionError> {
        let file = File::open(path).map_err(SessionProblem::Unreadable);
        let session = file.and_then(|file| read(BufReader::new(file)));
        session
            .map(|session| Self { file: Some(path.into()), ..session })
            .map_err(|problem| SessionError { path: path.into(), problem })
    }

    /// Reads from memory.
    ///
    /// # Errors
    /// If it is not a session, or is damaged.
    pub fn read_bytes(bytes: &[u8]) -> Result<Self, SessionProblem> {
        read(bytes)
    }
}

fn read(from: impl Read) -> Result<Session, SessionProblem> {
    let mut sections = Sections::open(from)?;
    let Some(first) = sections.next()?.filter(|section| section.tag == Tag::HEAD) else {
        return Err(SessionProblem::Missing(Tag::HEAD));
    };
    let head = head(&first)?;
    let Some(second) = sections.next()?.filter(|section| section.tag == Tag::PRESET) else {
        return Err(SessionProblem::Missing(Tag::PRESET));
    };
    let preset = Preset::parse(text(&second)?)?;
    let tracked = preset.eigen.max_tracked;
    let mut found: Vec<(Series, Column)> = Vec::new();
    let mut events: Option<Vec<(usize, Event)>> = None;
    let mut checkpoints: Vec<Arc<Checkpoint>> = Vec::new();
    let mut stored: Option<Vec<usize>> = None;
    let mut predictions: Option<Predictions> = None;
    let mut paths: Option<Arc<SpaceView>> = None;
    let mut forks: Vec<ReadFork> = Vec::new();
    while let Some(section) = sections.next()? {
        if section.tag != Tag::FORK
            && let Some(fork) = forks.last_mut()
        {
            fork.take(&section, tracked)?;
            continue;
        }
        match section.tag {
            Tag::FORK => forks.push(ReadFork::begin(&section, head.rows, &forks)?),
            Tag::EVENTS => events = Some(checked_events(&section, 0..head.rows)?),
            Tag::ROWS if found.is_empty() && stored.is_none() => {
                stored = Some(checked_rows(&section, head.rows)?);
            }
            Tag::OUTPUTS if predictions.is_none() => {
                let outputs: Outputs = unpacked(&section)?;
                predictions = Some(outputs.read(head.rows).map_err(|reason| section.wrong(reason))?);
            }
            Tag::PATHS if paths.is_none() => {
                let view: SpaceView = unpacked(&section)?;
                view.check(head.rows).map_err(|reason| section.wrong(reason))?;
                paths = Some(Arc::new(view));
            }
            Tag::COLUMN => {
                let rows = stored.as_ref().map_or(head.rows, Vec::len);
                let (series, column) = columns::decode(&section.content, rows, tracked)
                    .map_err(|reason| section.wrong(reason))?;
                let column = match &stored {
                    Some(stored) => thin::spread(series, &column, stored),
                    None => column,
                };
                if found.iter().any(|(other, _)| *other == series) {
                    return Err(section.wrong(format!("column {} is there twice", series.column_name())));
                }
                if series == Series::Eta {
                    check_eta(&section, &column, 0..head.rows)?;
                }
                found.push((series, column));
            }
            Tag::CHECKPOINT => {
                let before = checkpoints.last().map(|before| before.step());
                checkpoints.push(checked_checkpoint(&section, before, head.rows)?);
            }
            _ => return Err(section.wrong("it is out of place")),
        }
    }
    if head.rows > 0 && !found.iter().any(|(series, _)| *series == Series::Eta) {
        return Err(SessionProblem::Missing(Tag::COLUMN));
    }
    let events = events.ok_or(SessionProblem::Missing(Tag::EVENTS))?;
    let Head { kind, version, preset: name, rows, machine, course, breakpoints, hits, shown } = head;
    let history = History::of(tracked, rows, found, events, predictions);
    let forks = forks::finished(forks, &history)?;
    Ok(Session {
        kind,
        version,
        name,
        preset,
        course,
        history,
        stored,
        paths,
        checkpoints,
        breakpoints,
        hits,
        forks,
        machine,
        shown,
        file: None,
    })
}

fn head(section: &Section) -> Result<Head, SessionProblem> {
    let head: Head = toml::from_str(text(section)?).map_err(|error| section.wrong(error.message()))?;
    if head.rows >= Column::MOST_ROWS {
        return Err(section.wrong(format!(
            "rows = {}; a run has fewer than {}",
            head.rows,
            Column::MOST_ROWS
        )));
    }
    if !head.course.is_valid() {
        return Err(section.wrong("the course: learning rates are positive and finite, steps ascend from 0"));
    }
    if let Some(wrong) = head.breakpoints.iter().find(|&&breakpoint| !Breakpoint::is_valid(breakpoint)) {
        return Err(section.wrong(format!("the breakpoint {wrong:?} is one that nothing can hit")));
    }
    if let Some(wrong) = head.hits.iter().find(|hit| hit.step >= head.rows || !hit.breakpoint.is_valid()) {
        return Err(section.wrong(format!("{wrong}, in a run of {} rows", head.rows)));
    }
    if head.preset.len().max(head.machine.as_ref().map_or(0, String::len)) > LONGEST_NAME {
        return Err(section.wrong(format!("a name of more than {LONGEST_NAME} bytes")));
    }
    Ok(head)
}

fn text(section: &Section) -> Result<&str, SessionProblem> {
    std::str::from_utf8(&section.content)
        .map_err(|error| section.wrong(format!("byte {} of its content is no text", error.valid_up_to())))
}

/// The stored rows. Rows between them are interpolated when the file is read, so the gaps are bounded.
fn checked_rows(section: &Section, rows: usize) -> Result<Vec<usize>, SessionProblem> {
    let stored: Vec<usize> = unpacked(section)?;
    let whole = (stored.first(), stored.last()) == (Some(&0), rows.checked_sub(1).as_ref());
    let near = |pair: &[usize]| pair[0] < pair[1] && pair[1] - pair[0] <= thin::LARGEST_GAP;
    if whole && stored.windows(2).all(near) {
        Ok(stored)
    } else {
        Err(section.wrong(format!(
            "the stored rows go from 0 to {}, ascending by at most {}",
            rows.saturating_sub(1),
            thin::LARGEST_GAP
        )))
    }
}
