//! Recorded runs: made by `brink record`, kept in the same container as sessions, played like live ones.
//!
//! Those of `assets/recordings` come with the program. One that cannot be read is left out, and says why.

mod machine;
mod player;
mod row;

pub use machine::machine;
pub use player::Player;

use super::session::{Kind, Problem, Session};
use super::{Course, Engine, History, Preset};
use crate::dynamics::StepRecord;
use std::sync::{Arc, OnceLock};

macro_rules! recordings {
    ($($name:literal),* $(,)?) => {
        /// Name and file of every recording that comes with the program.
        const FILES: &[(&str, &[u8])] =
            &[$(($name, include_bytes!(concat!("../../../assets/recordings/", $name, ".brink")))),*];
    };
}

recordings!["vit", "lstm", "transformer"];

/// A run to look at.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Its name: that of its preset.
    pub name: String,
    /// The preset it was made with.
    pub preset: Preset,
    /// What was recorded, in single precision.
    pub history: Arc<History>,
    /// The machine that made it.
    pub machine: String,
    /// The version of Brink that made it.
    pub version: String,
    /// The command that makes it again.
    pub command: String,
    /// Parameters of its network.
    pub parameters: usize,
    /// Seconds that it took.
    pub seconds: f64,
}

/// A recording that cannot be played.
#[derive(Debug, thiserror::Error)]
#[error("the recording {name} cannot be played: {problem}")]
pub struct RecordingError {
    /// Its name.
    pub name: String,
    /// Why.
    #[source]
    pub problem: Problem,
}

/// Those that come with the program, read once.
pub fn bundled() -> &'static [Result<Arc<Recording>, RecordingError>] {
    static READ: OnceLock<Vec<Result<Arc<Recording>, RecordingError>>> = OnceLock::new();
    READ.get_or_init(|| {
        FILES.iter().map(|(name, bytes)| Recording::from_bytes(name, bytes).map(Arc::new)).collect()
    })
}

/// The bundled one of a name; an error where it cannot be read, `None` where there is none.
pub fn named(name: &str) -> Option<&'static Result<Arc<Recording>, RecordingError>> {
    FILES.iter().position(|(known, _)| *known == name).and_then(|place| bundled().get(place))
}

impl Recording {
    /// Reads a recording's file.
    ///
    /// # Errors
    /// When it is damaged, or of a newer version.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, RecordingError> {
        let session =
            Session::read_bytes(bytes).map_err(|problem| RecordingError { name: name.into(), problem })?;
        Ok(Self::of(session))
    }

    /// What a session holds that is one.
    pub fn of(session: Session) -> Self {
        let Session { name, preset, history, machine, version, shown, .. } = session;
        let text = |key: &str| shown.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        let parameters = shown.get("parameters").and_then(toml::Value::as_integer).unwrap_or(0);
        Self {
            command: text("command"),
            parameters: usize::try_from(parameters).unwrap_or(0),
            seconds: shown.get("seconds").and_then(toml::Value::as_float).unwrap_or(0.0),
            machine: machine.unwrap_or_else(|| "an unknown machine".into()),
            history: Arc::new(history),
            name,
            preset,
            version,
        }
    }

    /// The file's content.
    pub fn session(&self) -> Session {
        let mut shown = toml::Table::new();
        shown.insert("command".into(), self.command.clone().into());
        shown.insert("parameters".into(), i64::try_from(self.parameters).unwrap_or(i64::MAX).into());
        shown.insert("seconds".into(), self.seconds.into());
        let course = Course::new(self.preset.optimizer.eta);
        Session {
            kind: Kind::Recording,
            machine: Some(self.machine.clone()),
            version: self.version.clone(),
            shown,
            ..Session::new(&self.name, self.preset.clone(), course, History::clone(&self.history))
        }
    }

    /// What plays it.
    pub fn player(&self) -> Player {
        Player::new(Arc::clone(&self.history), self.parameters)
    }

    /// What must be said of it.
    pub fn caption(&self) -> String {
        format!("recorded with Brink {} on {}", self.version, self.machine)
    }
}

/// Takes the steps of a preset, and keeps them; `advanced` is told of each and says whether to go on.
pub fn take(
    mut engine: Box<dyn Engine>,
    (name, preset, command): (&str, Preset, String),
    mut advanced: impl FnMut(usize, &StepRecord) -> bool,
) -> Recording {
    let begun = std::time::Instant::now();
    let mut history = History::new(preset.eigen.max_tracked);
    while history.rows() < preset.run.steps && !engine.finished() {
        let record = engine.step(preset.optimizer.eta);
        history.push(&record);
        if !advanced(history.rows(), &record) {
            break;
        }
    }
    Recording {
        name: name.into(),
        parameters: engine.dim(),
        history: Arc::new(history),
        machine: machine(),
        version: env!("CARGO_PKG_VERSION").into(),
        seconds: begun.elapsed().as_secs_f64(),
        preset,
        command,
    }
}
