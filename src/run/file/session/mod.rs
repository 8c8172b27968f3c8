//! Sessions and recordings: a whole run in one file, `NAME.brink`.
//!
//! A *session* is a run to continue: it has checkpoints, and the steps after the last row are the same as without the
//! file, to the last bit. A *recording* is a run to watch: it has no checkpoints, numbers rounded to single
//! precision, and the name of the machine that made it. Both are a [`Session`]; [`SessionKind`] distinguishes them:
//!
//! ```no_run
//! # use brink::{preset::Preset, run::{engine::course::Course, file::session::{SessionKind, Session}, record::history::History}};
//! # fn record(preset: Preset, history: History) -> Result<(), brink::run::file::session::error::SessionError> {
//! let recording = Session {
//!     kind: SessionKind::Recording,
//!     machine: Some("two cores, 2.4 GHz".into()),
//!     ..Session::new("cifar-vit", preset, Course::new(0.02), history)
//! };
//! recording.write("cifar-vit.brink".as_ref())
//! # }
//! ```
//!
//! [`Session::read_bytes`] reads a built-in file. A recording stores every row near the edge: gradient descent
//! oscillates with period 2 there, so storing every other row would be misleading. Quiet stretches are thinned such
//! that the omitted rows lie on straight lines between the stored ones (`thin.rs`); single precision and compression
//! reduce the size further.
//!
//! # The file
//!
//! All integers are little-endian.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `\x89BRINK\r\n`: detects a transfer as text |
//! | 4 | version of the format, [`FORMAT`] |
//! | … | sections, the last one `END ` |
//!
//! A section consists of its name (4 bytes), the length of its content (8), the length of the stored data (8), a
//! CRC-32 of these 20 bytes and of the stored data (4), and the content compressed as zlib. Unknown sections are
//! skipped.
//!
//! | section | content |
//! |---|---|
//! | `HEAD` | TOML: kind, program version, preset's name, number of rows, course, breakpoints, their hits, machine,
//! state of the view |
//! | `PRST` | the whole preset, as TOML |
//! | `EVTS` | events, postcard |
//! | `ROWS` | of a recording: the rows that the columns contain, postcard; absent if they contain all |
//! | `COLM` | one column of the history: see `columns.rs` |
//! | `OUTP` | of a recording: the network's outputs on a few examples: see `outputs.rs` |
//! | `PATH` | of a recording: the paths in one plane of weight space, a [`SpaceView`] as postcard |
//! | `CKPT` | one checkpoint, postcard |
//! | `FORK` | of a session: a run that left it or an earlier fork: see `forks.rs`; the sections that follow belong to
//! this fork |
//!
//! `END ` holds the version of the format again, under its checksum. Before format 3 it was empty, and there were
//! neither `FORK` sections nor hits; such files can be read.
//!
//! Non-finite contract: a column may contain NaN and infinities, except for η; learning rates, breakpoints and the
//! state of the view may not.

pub mod check;
pub mod columns;
pub mod container;
pub mod error;
pub mod forks;
pub mod outputs;
pub mod read;
pub mod tag;
#[cfg(test)]
mod tests;
pub mod thin;
pub mod write;

pub use error::{SessionError, SessionProblem};
pub use forks::SavedFork;
pub use tag::FORMAT;

use crate::preset::Preset;
use crate::run::engine::breakpoint::{Breakpoint, Hit};
use crate::run::engine::checkpoint::Checkpoint;
use crate::run::engine::course::Course;
use crate::run::engine::memory::Shelf;
use crate::run::engine::past::Past;
use crate::run::record::history::History;
use brink_core::space::SpaceView;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// The file name extension.
pub const EXTENSION: &str = "brink";

/// The purpose of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionKind {
    /// To continue.
    Session,
    /// To watch.
    Recording,
}

/// A run as stored in a file.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its purpose.
    pub kind: SessionKind,
    /// The version of Brink that wrote it.
    pub version: String,
    /// The name of its preset: that of a built-in one, or a path.
    pub name: String,
    /// The preset itself, with every change.
    pub preset: Preset,
    /// The course of the run, including planned changes.
    pub course: Course,
    /// The recorded history.
    pub history: History,
    /// Of a recording: the stored rows, if not all are stored; see [`thin`].
    pub stored: Option<Vec<usize>>,
    /// Of a recording: the paths in one plane of weight space.
    pub paths: Option<Arc<SpaceView>>,
    /// Checkpoints to continue from, ascending in steps, none after the end of the history.
    pub checkpoints: Vec<Arc<Checkpoint>>,
    /// Its breakpoints.
    pub breakpoints: Vec<Breakpoint>,
    /// The breakpoints that were hit.
    pub hits: Vec<Hit>,
    /// Its forks, each after the one that it left.
    pub forks: Vec<SavedFork>,
    /// Of a recording: the machine that made it.
    pub machine: Option<String>,
    /// The state of the view, in a format that only the window knows.
    pub shown: toml::Table,
    /// The file that it was read from.
    pub file: Option<PathBuf>,
}

impl Session {
    /// A session without checkpoints, breakpoints, forks or a view.
    pub fn new(name: &str, preset: Preset, course: Course, history: History) -> Self {
        Self {
            kind: SessionKind::Session,
            version: env!("CARGO_PKG_VERSION").into(),
            name: name.into(),
            preset,
            course,
            history,
            stored: None,
            paths: None,
            checkpoints: Vec::new(),
            breakpoints: Vec::new(),
            hits: Vec::new(),
            forks: Vec::new(),
            machine: None,
            shown: toml::Table::new(),
            file: None,
        }
    }

    /// Selects checkpoints from a run's past: the newest that the history reaches, so that continuing costs little,
    /// and others spread over the run within `budget` bytes. One larger than `most` bytes is omitted; continuing then
    /// repeats the steps from the one before.
    pub fn keep_checkpoints(&mut self, past: &Past, budget: usize, most: usize) {
        let rows = self.history.rows();
        let fits = |kept: &Arc<Checkpoint>| kept.step() <= rows && kept.bytes() <= most;
        let mut all: Vec<_> = past.checkpoints().into_iter().filter(fits).collect();
        let Some(newest) = all.pop() else { return };
        let largest = all.iter().map(|kept| kept.bytes()).max().unwrap_or(1);
        let room = (budget.saturating_sub(newest.bytes()) / largest.max(1)).min(all.len());
        // the first, which costs almost nothing, then at equal distances
        let spread = (0..room).map(|i| Arc::clone(&all[i * all.len() / room]));
        self.checkpoints = spread.chain([newest]).collect();
    }

    /// The past of a run that continues from here, with its checkpoints on this shelf.
    pub fn past(&self, shelf: &Shelf) -> Past {
        Past::of(self.course.clone(), self.checkpoints.clone(), self.history.rows(), shelf)
    }
}

/// The small fields of a session, stored as text (TOML).
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    kind: SessionKind,
    version: String,
    preset: String,
    rows: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    machine: Option<String>,
    course: Course,
    #[serde(default)]
    breakpoints: Vec<Breakpoint>,
    #[serde(default)]
    hits: Vec<Hit>,
    #[serde(default)]
    shown: toml::Table,
}
