//! An unfinished run is saved in the user's data directory once a minute and offered when the program next
//! starts.
//!
//! Each window has its own place, held by a lock that the operating system releases however the program ends;
//! a file at a place without a holder was left by a crash. A run leaves nothing if it ends together with all
//! its forks, if it is replaced, or if the user closes its window.

use super::Lab;
use crate::app::state::Model;
use crate::app::state::banner::{Banner, Level};
use crate::app::state::export::ExportOutcome;
use crate::app::work::job::Job;
use crate::app::work::session::write;
use crate::run::file::session::EXTENSION;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// Maximum number of windows that can save their runs at the same time.
const PLACES: usize = 16;

/// Maximum number of runs left by crashes, until they are opened or discarded.
const MOST_LEFT: usize = 32;

/// Interval between two autosaves.
pub(crate) const INTERVAL: Duration = Duration::from_mins(1);

/// A newest checkpoint larger than this, in bytes, is omitted, so that the disk is not written to
/// continuously.
const NEWEST_CHECKPOINT: usize = 128 << 20;

/// Maximum time that closing waits for an autosave in progress.
const PATIENCE: Duration = Duration::from_millis(300);

/// Maximum time that a window forced to close waits for its last autosave.
const WRITTEN: Duration = Duration::from_secs(10);

/// The directory of the user's autosaves; `None` if there is no home directory.
pub(crate) fn directory() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "brink").map(|dirs| dirs.data_dir().join("unfinished"))
}

/// The autosave place of this window.
pub(crate) struct Autosave {
    path: PathBuf,
    interval: Duration,
    /// Held for the lifetime of the window.
    _lock: File,
    due: Instant,
    /// The number of recorded steps of the run and its forks, and the number of forks, at the last save.
    saved: (usize, usize),
    writing: Job<ExportOutcome>,
}

impl Autosave {
    /// Takes a place in the directory. Returns it with the runs left there by crashes, newest first.
    pub fn open(directory: &Path, interval: Duration) -> std::io::Result<(Self, Vec<PathBuf>)> {
        fs::create_dir_all(directory)?;
        for place in 0..PLACES {
            let lock = File::create(directory.join(format!("{place}.lock")))?;
            if lock.try_lock().is_err() {
                continue;
            }
            let path = directory.join(format!("autosave-{place}.{EXTENSION}"));
            if path.exists() {
                let mut left = (0..MOST_LEFT).map(|n| directory.join(format!("left-{n}.{EXTENSION}")));
                // when this many are left already, the one in the last slot is replaced
                let last = directory.join(format!("left-{MOST_LEFT}.{EXTENSION}"));
                fs::rename(&path, left.find(|left| !left.exists()).unwrap_or(last))?;
            }
            let due = Instant::now() + interval;
            let autosave = Self { path, interval, _lock: lock, due, saved: (0, 0), writing: Job::default() };
            return Ok((autosave, left(directory)?));
        }
        Err(std::io::Error::other(format!("{PLACES} windows keep their runs already")))
    }

    /// Removes the autosave, because the run was replaced or has ended.
    fn forget(&mut self) {
        self.writing.wait(PATIENCE);
        // the file may not exist
        let _ = fs::remove_file(&self.path);
        self.saved = (0, 0);
        self.due = Instant::now() + self.interval;
    }
}

/// The runs left by crashes, newest first.
fn left(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("left-") {
            found.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    found.sort();
    Ok(found.into_iter().rev().map(|(_, path)| path).collect())
}

impl Lab {
    /// Takes a place for autosaves, and offers the runs left by crashes.
    pub(super) fn open_autosave(&mut self) {
        let Some((directory, interval)) = &self.outside.autosave else { return };
        match Autosave::open(directory, *interval) {
            Ok((autosave, left)) => {
                self.autosave = Some(autosave);
                self.model.runs.unfinished = left;
                offer_unfinished(&mut self.model);
            }
            Err(error) => {
                let text = format!("Unfinished runs are not kept: {}: {error}", directory.display());
                self.model.raise(Banner::new(Level::Note, text));
            }
        }
    }

    /// The unfinished run has been opened: its file becomes this window's autosave.
    pub(super) fn adopt_unfinished(&mut self, path: &Path) {
        withdraw_offer(&mut self.model);
        self.model.runs.unfinished.retain(|other| other != path);
        if let Some(autosave) = &mut self.autosave
            && fs::rename(path, &autosave.path).is_ok()
        {
            autosave.saved = self.model.recorded();
        }
        offer_unfinished(&mut self.model);
    }

    /// Removes the offered unfinished run.
    pub(super) fn discard_unfinished(&mut self) {
        withdraw_offer(&mut self.model);
        if !self.model.runs.unfinished.is_empty() {
            let path = self.model.runs.unfinished.remove(0);
            if let Err(error) = fs::remove_file(&path) {
                let text = format!("{} cannot be removed: {error}", path.display());
                self.model.raise(Banner::new(Level::Warning, text));
            }
        }
        offer_unfinished(&mut self.model);
    }

    /// Removes everything saved of the current run.
    pub(super) fn forget_autosave(&mut self) {
        if let Some(autosave) = &mut self.autosave {
            autosave.forget();
        }
    }

    /// Saves the run ahead of schedule, because the window cannot stay open.
    pub(super) fn keep_unfinished_now(&mut self) {
        if let Some(autosave) = &mut self.autosave {
            autosave.due = Instant::now();
        }
        self.keep_unfinished();
    }

    /// Ends like a crash, but in order: the saved run stays and is offered by the next window.
    pub(crate) fn abandon(&mut self) {
        self.save_settings();
        self.keep_unfinished_now();
        if let Some(autosave) = &mut self.autosave {
            autosave.writing.wait(WRITTEN);
        }
        // releases the lock
        self.autosave = None;
        self.fleet.end_first();
    }

    /// Saves the run if an autosave is due.
    pub(super) fn keep_unfinished(&mut self) {
        let (recorded, live) = (self.model.recorded(), self.model.is_live());
        let Some(autosave) = &mut self.autosave else { return };
        if let Some(Err(reason)) = autosave.writing.poll_outcome() {
            self.model
                .raise(Banner::new(Level::Warning, format!("The unfinished run is not kept: {reason}")));
        }
        if !live {
            if autosave.saved.0 > 0 {
                autosave.forget();
            }
            return;
        }
        if recorded == autosave.saved || autosave.writing.is_running() {
            return;
        }
        let now = Instant::now();
        if now < autosave.due {
            self.context.request_repaint_after(autosave.due - now);
            return;
        }
        (autosave.due, autosave.saved) = (now + autosave.interval, recorded);
        let path = autosave.path.clone();
        if let Some(session) = self.session(NEWEST_CHECKPOINT) {
            let writing = write(session, path, &self.context);
            if let Some(autosave) = &mut self.autosave {
                autosave.writing = writing;
            }
        }
    }
}

/// Offers the runs left by crashes, newest first.
fn offer_unfinished(model: &mut Model) {
    let Some(path) = model.runs.unfinished.first() else { return };
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    let age = modified.ok().and_then(|then| then.elapsed().ok()).unwrap_or_default();
    let minutes = age.as_secs() / 60;
    let when = match minutes {
        0 => "less than a minute".to_owned(),
        1 => "a minute".to_owned(),
        2..120 => format!("{minutes} minutes"),
        120..2880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    };
    let text = format!("A run was not finished when Brink ended {when} ago; it was kept until then");
    model.raise(Banner { offers_unfinished: true, ..Banner::new(Level::Note, text) });
}

/// Withdraws the offer.
fn withdraw_offer(model: &mut Model) {
    model.banners.retain(|banner| !banner.offers_unfinished);
}
