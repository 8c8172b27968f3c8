//! Recorded runs: made by `brink record`, stored in the same container as sessions, played like live runs.
//!
//! The recordings in `assets/recordings` come with the program. One that cannot be read is omitted and reports the
//! reason.

pub mod machine;
pub mod player;
pub mod projected;
pub mod row;

pub use machine::machine;
pub use player::Player;

use super::session::error::SessionProblem;
use super::session::{EXTENSION, Session, SessionKind, thin};
use crate::preset::Preset;
use crate::preset::data::DataName;
use crate::run::analysis::outline::Outline;
use crate::run::engine::Engine;
use crate::run::engine::course::Course;
use crate::run::record::history::History;
use brink_core::dynamics::StepRecord;
use brink_core::space::SpaceView;
use projected::Follower;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

macro_rules! recordings {
    ($($name:literal),* $(,)?) => {
        /// Name and file of every recording that comes with the program.
        const FILES: &[(&str, &[u8])] =
            &[$(($name, include_bytes!(concat!("../../../../assets/recordings/", $name, ".brink")))),*];
    };
}

recordings![
    "digits-noise",
    "vit",
    "lstm",
    "transformer",
    "mamba",
    "resnet",
    "cifar-cnn",
    "cifar-vit",
    "cifar-vit-half-eta",
    "digits-ce",
    "transformer-ce"
];

/// A recorded run.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Its name, which is that of its preset.
    pub name: String,
    /// The preset it was made with.
    pub preset: Preset,
    /// The recorded history, in single precision, with the outputs on a few examples.
    pub history: Arc<History>,
    /// The summary derived from it.
    pub outline: Outline,
    /// The stored rows; the others lie on straight lines between them.
    pub stored: Vec<usize>,
    /// The paths in one plane of weight space.
    pub paths: Option<Arc<SpaceView>>,
    /// The machine that made it.
    pub machine: String,
    /// The version of Brink that made it.
    pub version: String,
    /// The command that makes it again.
    pub command: String,
    /// Number of parameters of its network.
    pub parameters: usize,
    /// Seconds that it took.
    pub seconds: f64,
    /// Its file; for a bundled recording, the name that opens it if no such file exists.
    pub file: PathBuf,
}

/// A recording that cannot be played.
#[derive(Debug, thiserror::Error)]
#[error("the recording {name} cannot be played: {problem}")]
pub struct RecordingError {
    /// Its name.
    pub name: String,
    /// The reason.
    #[source]
    pub problem: SessionProblem,
}

/// A recording, or the reason why it cannot be played.
pub type ReadRecording = Result<Arc<Recording>, RecordingError>;

/// The bundled recordings, read once.
pub fn bundled() -> &'static [ReadRecording] {
    static READ: OnceLock<Vec<ReadRecording>> = OnceLock::new();
    READ.get_or_init(|| {
        FILES.iter().map(|(name, bytes)| Recording::from_bytes(name, bytes).map(Arc::new)).collect()
    })
}

/// The names of the bundled recordings, in the order of [`bundled`].
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// The bundled recording whose file has this name, `NAME.brink`.
pub fn named_file(name: &str) -> Option<&'static ReadRecording> {
    name.strip_suffix(EXTENSION).and_then(|name| name.strip_suffix('.')).and_then(named)
}

/// The bundled recording of a name; an error if it cannot be read, `None` if there is none.
pub fn named(name: &str) -> Option<&'static ReadRecording> {
    FILES.iter().position(|(known, _)| *known == name).and_then(|place| bundled().get(place))
}

impl Recording {
    /// Reads a recording's file.
    ///
    /// # Errors
    /// If it is damaged, or of a newer version.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, RecordingError> {
        let session =
            Session::read_bytes(bytes).map_err(|problem| RecordingError { name: name.into(), problem })?;
        Ok(Self { file: file_of(name), ..Self::of(session) })
    }

    /// Converts a session that contains a recording.
    pub fn of(session: Session) -> Self {
        let Session { name, preset, history, stored, paths, machine, version, shown, file, .. } = session;
        let text = |key: &str| shown.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        let parameters = shown.get("parameters").and_then(toml::Value::as_integer).unwrap_or(0);
        Self {
            command: text("command"),
            parameters: usize::try_from(parameters).unwrap_or(0),
            seconds: shown.get("seconds").and_then(toml::Value::as_float).unwrap_or(0.0),
            machine: machine.unwrap_or_else(|| "an unknown machine".into()),
            stored: stored.unwrap_or_else(|| (0..history.rows()).collect()),
            outline: Outline::smoothed_by(&history, preset.view.smoothing),
            history: Arc::new(history),
            paths,
            file: file.unwrap_or_else(|| file_of(&name)),
            name,
            preset,
            version,
        }
    }

    /// The content of the file.
    pub fn session(&self) -> Session {
        let mut shown = toml::Table::new();
        shown.insert("command".into(), self.command.clone().into());
        shown.insert("parameters".into(), i64::try_from(self.parameters).unwrap_or(i64::MAX).into());
        shown.insert("seconds".into(), self.seconds.into());
        let course = Course::new(self.preset.optimizer.eta);
        Session {
            kind: SessionKind::Recording,
            machine: Some(self.machine.clone()),
            version: self.version.clone(),
            stored: Some(self.stored.clone()),
            paths: self.paths.clone(),
            shown,
            file: Some(self.file.clone()),
            ..Session::new(&self.name, self.preset.clone(), course, History::clone(&self.history))
        }
    }

    /// An engine that plays it.
    pub fn player(&self) -> Player {
        Player::new(Arc::clone(&self.history), self.parameters)
    }

    /// Number of training examples, if the preset specifies it.
    pub fn examples(&self) -> Option<usize> {
        self.preset.resolved().data?.n
    }

    /// Its size: training examples and parameters.
    pub fn size(&self) -> String {
        let parameters = format!("{} parameters", self.parameters);
        self.examples().map_or(parameters.clone(), |n| format!("n = {n}, {parameters}"))
    }

    /// Notes that must be shown with the recording.
    pub fn caption(&self) -> String {
        format!("recorded with Brink {} on {} in {}", self.version, self.machine, duration(self.seconds))
    }

    /// All known facts, one per line: its size, summary, origin and command.
    pub fn description(&self) -> String {
        let thinned = self.thinned().unwrap_or_else(|| "all steps are stored".into());
        [self.size(), self.outline.to_string(), thinned, self.caption(), self.command.clone()].join("\n")
    }

    /// The number of stored steps, if not all are stored.
    pub fn thinned(&self) -> Option<String> {
        let (stored, all) = (self.stored.len(), self.history.rows());
        (stored < all).then(|| {
            format!("{stored} of {all} steps are stored, the quiet ones between them lie on straight lines")
        })
    }
}

/// The file name of a recording with this name, which may be the path of a preset.
fn file_of(name: &str) -> PathBuf {
    let stem = Path::new(name).file_stem().unwrap_or_default();
    Path::new(stem).with_extension(EXTENSION)
}

/// Seconds in words.
fn duration(seconds: f64) -> String {
    if seconds < 100.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", seconds / 60.0) }
}

/// Maximum number of examples whose outputs are kept …
const MOST_EXAMPLES: usize = 4;
/// … and maximum number of outputs per process, unless a single example has more.
const MOST_OUTPUTS: usize = 128;

/// A history that watches a few of the engine's examples. Pictures that may not be redistributed are omitted.
fn watching(engine: &dyn Engine, preset: &Preset) -> History {
    let mut history = History::new(preset.eigen.max_tracked);
    if let Some(examples) = engine.examples() {
        let most = (MOST_OUTPUTS / (examples.rows * examples.columns).max(1)).clamp(1, MOST_EXAMPLES);
        let ours =
            !preset.data.as_ref().is_some_and(|data| matches!(data.name, DataName::Cifar10 | DataName::File));
        history.watch(Arc::new(examples.first(most, !ours)));
    }
    history
}

/// Runs a preset and records its steps; `advanced` is called after each and returns whether to continue.
pub fn take(
    mut engine: Box<dyn Engine>,
    (name, preset, command): (&str, Preset, String),
    mut advanced: impl FnMut(usize, &StepRecord) -> bool,
) -> Recording {
    let begun = std::time::Instant::now();
    let mut history = watching(engine.as_ref(), &preset);
    // two weights are recorded as they are
    let two = preset.landscape.as_ref().is_some_and(|landscape| landscape.start.len() == 2);
    let mut follower = (!two).then(Follower::new);
    while history.rows() < preset.run.steps && !engine.finished() {
        if let Some(follower) = &mut follower {
            follower.before(engine.as_ref());
        }
        let record = engine.step(preset.optimizer.eta);
        if let Some(follower) = &mut follower {
            follower.after(&record);
        }
        history.push(&record);
        if !advanced(history.rows(), &record) {
            break;
        }
    }
    let eta = preset.optimizer.eta;
    let paths = follower.and_then(|follower| follower.project(engine.as_mut(), eta)).map(Arc::new);
    Recording {
        name: name.into(),
        parameters: engine.dim(),
        outline: Outline::smoothed_by(&history, preset.view.smoothing),
        stored: thin::stored(&history),
        history: Arc::new(history),
        paths,
        machine: machine(),
        version: env!("CARGO_PKG_VERSION").into(),
        seconds: begun.elapsed().as_secs_f64(),
        file: file_of(name),
        preset,
        command,
    }
}
