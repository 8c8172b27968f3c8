//! Writes a run to a file.

use super::columns::{self, ColumnPrecision};
use super::container::{begin, end, write_section};
use super::error::{SessionError, SessionProblem};
use super::outputs::Outputs;
use super::tag::Tag;
use super::{Head, Session, SessionKind, thin};
use crate::run::file::files;
use crate::run::record::series::Series;
use serde::Serialize;
use std::io::{self, Write};
use std::path::Path;

impl Session {
    /// Writes the file completely or not at all: an earlier file stays until the new one is complete.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), SessionError> {
        files::write_whole(path, |out| self.write_to(out))
            .map_err(|source| SessionError { path: path.into(), problem: SessionProblem::Unwritable(source) })
    }

    /// Writes to memory.
    ///
    /// # Errors
    /// If any part exceeds what a file can hold.
    pub fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.write_to(&mut bytes)?;
        Ok(bytes)
    }

    fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        let Self {
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
            file: _,
        } = self;
        let head = Head {
            kind: *kind,
            version: version.clone(),
            preset: name.clone(),
            rows: history.rows(),
            machine: machine.clone(),
            course: course.clone(),
            breakpoints: breakpoints.clone(),
            hits: hits.clone(),
            shown: shown.clone(),
        };
        let head = toml::to_string(&head).map_err(io::Error::other)?;
        begin(out)?;
        write_section(out, Tag::HEAD, head.as_bytes())?;
        write_section(out, Tag::PRESET, preset.resolved_toml().as_bytes())?;
        write_section(out, Tag::EVENTS, &packed(&history.events())?)?;
        if let Some(stored) = stored {
            write_section(out, Tag::ROWS, &packed(stored)?)?;
        }
        for series in Series::kept(history.max_tracked()) {
            if let Some(column) = history.column(series).filter(|column| !column.is_empty()) {
                // titles and commands state η: it is stored as it was set
                let single = *kind == SessionKind::Recording && series != Series::Eta;
                let precision = if single { ColumnPrecision::Single } else { ColumnPrecision::Double };
                let bytes = match stored {
                    Some(stored) => columns::encode(series, &thin::gathered(column, stored), precision),
                    None => columns::encode(series, column, precision),
                };
                write_section(out, Tag::COLUMN, &bytes)?;
            }
        }
        if let Some(found) = history.predictions().filter(|_| *kind == SessionKind::Recording) {
            write_section(out, Tag::OUTPUTS, &packed(&Outputs::of(found))?)?;
        }
        if let Some(paths) = paths {
            write_section(out, Tag::PATHS, &packed(paths.as_ref())?)?;
        }
        for checkpoint in checkpoints {
            write_section(out, Tag::CHECKPOINT, &packed(checkpoint.as_ref())?)?;
        }
        for fork in forks {
            fork.write_to(out)?;
        }
        end(out)
    }
}

pub(super) fn packed(value: &impl Serialize) -> io::Result<Vec<u8>> {
    postcard::to_stdvec(value).map_err(io::Error::other)
}
