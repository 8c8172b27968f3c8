//! The beginning of a run: at step 0 of a preset, or where a saved session ended.

use super::address::{Address, Chosen, Steering};
use crate::preset::Preset;
use crate::preset::error::PresetError;
use crate::preset::read::Overrides;
use crate::run::engine::Engine;
use crate::run::engine::course::Course;
use crate::run::engine::memory::Shelf;
use crate::run::engine::past::Past;
use crate::run::file::recording;
use crate::run::file::session::Session;
use crate::run::file::session::error::SessionError;
use std::path::Path;

/// A run before it continues.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// The name of the preset: that of a built-in one, or a path.
    pub name: String,
    /// The preset.
    pub preset: Preset,
    /// Its course.
    pub course: Course,
    /// The session to continue, if any.
    pub session: Option<Session>,
}

/// A run that cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum BeginningError {
    /// The preset is not valid.
    #[error(transparent)]
    Preset(#[from] PresetError),
    /// The session cannot be read.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A session already contains everything that defines its run.
    #[error(
        "{option} has no place beside a session, which has its own preset and course; --steps, --fork and --at do"
    )]
    NotWithSession {
        /// The option.
        option: String,
    },
}

impl Beginning {
    /// The beginning of a preset with changes, or of a session or a recording, of which only the number of steps may
    /// change. If no such file exists, the name may be that of a bundled recording.
    ///
    /// # Errors
    /// If the preset or the session cannot be used.
    pub fn of(name: &str, overrides: &Overrides, steering: &Steering) -> Result<Self, BeginningError> {
        let chosen = Chosen { name: Some(name.into()), set: overrides.set.clone() };
        if !chosen.is_session() {
            let preset = Preset::load_with(name, overrides)?;
            let course = steering.course(preset.optimizer.eta);
            return Ok(Self { name: name.into(), preset, course, session: None });
        }
        let changes_steps =
            |set: &&String| set.split('=').next().is_some_and(|key| key.trim() == "run.steps");
        let refused = overrides.set.iter().find(|set| !changes_steps(set)).map(|set| format!("--set {set}"));
        let data = overrides.data.as_ref().map(|path| format!("--data {}", path.display()));
        let eta = steering.eta_at.first().map(|change| format!("--eta-at {change}"));
        let flows = steering.restart_flows_at.first().map(|step| format!("--restart-flows-at {step}"));
        if let Some(option) = refused.or(data).or(eta).or(flows) {
            return Err(BeginningError::NotWithSession { option });
        }
        let session = match (Path::new(name).exists(), recording::named_file(name)) {
            (false, Some(Ok(bundled))) => bundled.session(),
            // one that cannot be played reports so where it is named
            _ => Session::read(name.as_ref())?,
        };
        let mut preset = session.preset.clone();
        for set in &overrides.set {
            preset.set(set)?;
        }
        preset.validate()?;
        Ok(Self {
            name: session.name.clone(),
            preset,
            course: session.course.clone(),
            session: Some(session),
        })
    }

    /// The beginning of the run that an address names.
    ///
    /// # Errors
    /// If the preset or the session cannot be used.
    pub fn at(address: &Address) -> Result<Self, BeginningError> {
        let overrides = Overrides { data: address.data.clone(), set: address.chosen.set.clone() };
        Self::of(address.chosen.name(), &overrides, &address.steering)
    }

    /// The past of the run so far, with its checkpoints on this shelf. Checkpoints that the engine, which is before
    /// its first step, cannot continue from are omitted: their steps are then repeated.
    pub fn past(&self, engine: &mut dyn Engine, shelf: &Shelf) -> Past {
        let Some(session) = &self.session else { return Past::new(self.course.clone(), shelf) };
        let start = std::sync::Arc::new(engine.checkpoint());
        let later = session.checkpoints.iter().filter(|kept| kept.step() > 0 && engine.restore(kept).is_ok());
        let checkpoints = std::iter::once(start).chain(later.cloned()).collect();
        Past::of(self.course.clone(), checkpoints, session.history.rows(), shelf)
    }
}
