//! Sessions and recordings: a whole run in one file, `NAME.brink`.
//!
//! A *session* is a run to go on with: it has checkpoints, and the steps after the last row come out as they would have
//! without the file, to the last bit. A *recording* is a run to look at: no checkpoints, numbers rounded to single
//! precision, and the machine that took it. Both are a [`Session`]; [`SessionKind`] tells them apart:
//!
//! ```no_run
//! # use brink::{preset::Preset, run::{engine::course::Course, file::session::{SessionKind, Session}, record::history::History}};
//! # fn record(preset: Preset, history: History) -> Result<(), self::error::SessionError> {
//! let recording = Session {
//!     kind: SessionKind::Recording,
//!     machine: Some("two cores, 2.4 GHz".into()),
//!     ..Session::new("cifar-vit", preset, Course::new(0.02), history)
//! };
//! recording.write("cifar-vit.brink".as_ref())
//! # }
//! ```
//!
//! [`Session::read_bytes`] reads one that is built in. A recording keeps every row near the edge: gradient descent oscillates
//! with period 2 there, so that every other row alone would tell a tale. Of quiet stretches it keeps so many rows that the others
//! lie on straight lines between them (`thin.rs`); single precision and compression do the rest.
//!
//! # The file
//!
//! All integers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `\x89BRINK\r\n`: a transfer as text shows |
//! | 4 | version of the format, [`FORMAT`] |
//! | … | sections, the last one `END ` |
//!
//! A section is its name (4 bytes), the length of its content (8), of what is stored (8), a CRC-32 of these 20 bytes and
//! of what is stored (4), and the content compressed as zlib. Unknown sections are skipped.
//!
//! | section | content |
//! |---|---|
//! | `HEAD` | TOML: kind, program version, preset's name, number of rows, course, breakpoints, their hits, machine, how it was shown |
//! | `PRST` | the whole preset, as TOML |
//! | `EVTS` | what happened, postcard |
//! | `ROWS` | of a recording: the rows that the columns have, postcard; absent where they have all |
//! | `COLM` | one column of the history: see `columns.rs` |
//! | `OUTP` | of a recording: the network's outputs on a few examples: see `outputs.rs` |
//! | `PATH` | of a recording: the paths in one plane of weight space, a [`SpaceView`] as postcard |
//! | `CKPT` | one checkpoint, postcard |
//! | `FORK` | of a session: a run that left it or a fork before: see `forks.rs`; the sections that follow are this fork's |
//!
//! `END ` holds the version of the format once more, under its checksum. Before format 3 it was empty, and there were neither
//! `FORK` nor hits; such files are read.
//!
//! Non-finite contract: a column may hold NaN and infinities, apart from η; learning rates, breakpoints and what is shown
//! may not.

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

pub use container::FORMAT;
pub use error::{SessionError, SessionProblem};
pub use forks::SavedFork;

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

/// The extension of a file's name.
pub const EXTENSION: &str = "brink";

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionKind {
    /// To go on with.
    Session,
    /// To look at.
    Recording,
}

/// A run as it is kept in a file.
#[derive(Clone, Debug)]
pub struct Session {
    /// What it is for.
    pub kind: SessionKind,
    /// The version of Brink that wrote it.
    pub version: String,
    /// The name of its preset: built in, or a path.
    pub name: String,
    /// The preset itself, with every change.
    pub preset: Preset,
    /// How the run was steered, and what is planned.
    pub course: Course,
    /// What was recorded.
    pub history: History,
    /// Of a recording: the rows that are stored, where they are not all; see [`thin`].
    pub stored: Option<Vec<usize>>,
    /// Of a recording: the paths in one plane of weight space.
    pub paths: Option<Arc<SpaceView>>,
    /// What to go on from, ascending in steps, none behind the history.
    pub checkpoints: Vec<Arc<Checkpoint>>,
    /// Where it is to stop by itself.
    pub breakpoints: Vec<Breakpoint>,
    /// Where it did.
    pub hits: Vec<Hit>,
    /// Runs that left it, each behind the one that it left.
    pub forks: Vec<SavedFork>,
    /// Of a recording: what took it.
    pub machine: Option<String>,
    /// How it was shown, in words that only the window knows.
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

    /// Takes checkpoints out of a run's past: the newest that the history reaches, so that going on costs little, and
    /// others spread over the run as far as `budget` bytes go. One larger than `most` bytes is left out; going on then
    /// takes the steps from the one before again.
    pub fn keep_checkpoints(&mut self, past: &Past, budget: usize, most: usize) {
        let rows = self.history.rows();
        let fits = |kept: &Arc<Checkpoint>| kept.step() <= rows && kept.bytes() <= most;
        let mut all: Vec<_> = past.checkpoints().into_iter().filter(fits).collect();
        let Some(newest) = all.pop() else { return };
        let largest = all.iter().map(|kept| kept.bytes()).max().unwrap_or(1);
        let room = (budget.saturating_sub(newest.bytes()) / largest.max(1)).min(all.len());
        // the first, which costs next to nothing, then at equal distances
        let spread = (0..room).map(|i| Arc::clone(&all[i * all.len() / room]));
        self.checkpoints = spread.chain([newest]).collect();
    }

    /// The past of a run that goes on from here, its checkpoints on this shelf.
    pub fn past(&self, shelf: &Shelf) -> Past {
        Past::of(self.course.clone(), self.checkpoints.clone(), self.history.rows(), shelf)
    }
}

/// What is small, in words.
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
