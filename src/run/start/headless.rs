//! A run without a window: the same training thread, with files as its output.

use super::address::{Address, Steering};
use super::beginning::{Beginning, BeginningError};
use crate::preset::Preset;
use crate::preset::read::Overrides;
use crate::run::analysis::closing::closing_lines;
use crate::run::analysis::milestones::Milestones;
use crate::run::engine::Engine;
use crate::run::engine::assemble::{assemble, warnings};
use crate::run::engine::memory::Memory;
use crate::run::engine::problem::{AssembleError, Sources};
use crate::run::file::csv;
use crate::run::file::files::{WholeFile, write_whole};
use crate::run::file::recording::Recording;
use crate::run::file::session::error::SessionError;
use crate::run::file::session::{Session, SessionKind};
use crate::run::live::message::{Ending, Message};
use crate::run::live::worker::{Options, Worker};
use crate::run::record::history::History;
use brink_core::dynamics::{Event, StepRecord};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The request for a headless run.
#[derive(Clone, Debug, Default)]
pub struct HeadlessRequest {
    /// A built-in preset's name, or the path of a preset or a session.
    pub preset: String,
    /// Changes of the preset on the command line.
    pub overrides: Overrides,
    /// The course of the run.
    pub steering: Steering,
    /// Initial weights.
    pub init: Option<PathBuf>,
    /// Directory of the results.
    pub out: PathBuf,
    /// A session to write at the end.
    pub save: Option<PathBuf>,
}

/// A run that could not be started, or whose results could not be written.
#[derive(Debug, thiserror::Error)]
pub enum HeadlessError {
    /// The preset or the session cannot be used.
    #[error(transparent)]
    Beginning(#[from] BeginningError),
    /// A recording has no weights to continue from.
    #[error(
        "{path} is a recording, with nothing to go on from; `{command}` makes it again, `brink {path}` plays it, `brink \
         export {path}` writes what it shows"
    )]
    Recording {
        /// The file.
        path: String,
        /// The origin of the file.
        command: String,
    },
    /// The session cannot be written.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The data or the weights do not fit.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    /// The directory cannot be written.
    #[error("cannot write {path}: {source}; --out names a directory that can be written")]
    Output {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The operating system provides no thread.
    #[error("cannot start the training thread: {0}")]
    Thread(io::Error),
}

/// The end of a run whose results have been written.
#[derive(Clone, Debug, PartialEq)]
pub enum HeadlessOutcome {
    /// It ended normally, which includes processes that diverged.
    Ended(Ending),
    /// The training thread failed; everything recorded before is written.
    Failed(String),
}

/// Receives the progress of a run.
pub trait Progress {
    /// The run is about to start.
    fn started(&mut self, preset: &Preset, parameters: usize);
    /// This many of its steps are recorded.
    fn advanced(&mut self, rows: usize, last: &StepRecord);
    /// A message about a step.
    fn said(&mut self, line: &str);
}

/// Draws the summary of a run as a PNG file's bytes.
pub type HeadlessSummary = dyn Fn(&Preset, &Address, &History) -> Result<Vec<u8>, String>;

/// Runs a preset, writes `run.csv`, `preset.toml` and, if there is a `summary` to draw it, `summary.png`.
///
/// Nothing is written if the request is not valid. During the run its rows are in a temporary file of the output
/// directory; at its end, or when `cancel` is set, every file appears complete.
///
/// # Errors
/// If the preset, the data or the weights are not valid, or the directory cannot be written.
pub fn run(
    request: &HeadlessRequest,
    cancel: &AtomicBool,
    progress: &mut dyn Progress,
    summary: Option<&HeadlessSummary>,
) -> Result<HeadlessOutcome, HeadlessError> {
    let mut beginning = Beginning::of(&request.preset, &request.overrides, &request.steering)?;
    if let Some(init) = &request.init {
        if beginning.session.is_some() {
            let option = format!("--init {}", init.display());
            return Err(BeginningError::NotWithSession { option }.into());
        }
        beginning.preset.run.init = Some(init.clone());
    }
    if let Some(session) = beginning.session.as_ref().filter(|session| session.kind == SessionKind::Recording)
    {
        let command = Recording::of(session.clone()).command;
        return Err(HeadlessError::Recording { path: request.preset.clone(), command });
    }
    let engine = assemble(&beginning.preset, &Sources::default())?;
    record(engine, &beginning, request, cancel, progress, summary)
}

/// Budget in bytes for the checkpoints of a session written at the end, besides the newest.
const SAVED_CHECKPOINTS: usize = 16 << 20;

/// Runs an engine of the preset and writes its results.
///
/// # Errors
/// If the directory cannot be written, or there is no thread.
fn record(
    mut engine: Box<dyn Engine>,
    beginning: &Beginning,
    request: &HeadlessRequest,
    cancel: &AtomicBool,
    progress: &mut dyn Progress,
    summary: Option<&HeadlessSummary>,
) -> Result<HeadlessOutcome, HeadlessError> {
    let parameters = engine.dim();
    let Beginning { name, preset, course, session } = beginning;

    let output = |path: &Path| {
        let path = path.to_path_buf();
        move |source| HeadlessError::Output { path, source }
    };
    std::fs::create_dir_all(&request.out).map_err(output(&request.out))?;
    let csv_path = request.out.join("run.csv");
    let mut rows = WholeFile::create(&csv_path).map_err(output(&csv_path))?;
    let columns = csv::columns(preset);
    csv::write_header(&columns, &mut rows).map_err(output(&csv_path))?;
    let mut history = match session {
        Some(session) => session.history.clone(),
        None => History::new(preset.eigen.max_tracked),
    };
    csv::write_rows(&history, &columns, 0..history.rows(), &mut rows).map_err(output(&csv_path))?;

    progress.started(preset, parameters);
    for warning in warnings(preset) {
        progress.said(&format!("warning: {warning}"));
    }
    let begun = Instant::now();
    let checkpoints = if request.save.is_some() { Memory::CHECKPOINTS } else { 0 };
    let memory = Memory::new(Memory::RECORDED, checkpoints);
    let past = beginning.past(engine.as_mut(), &memory.checkpoints);
    let before = history.rows();
    let recorded = history.most_bytes();
    let options = Options { memory, recorded, ..Options::new(preset.run.steps, preset.optimizer.eta) };
    let mut worker = Worker::resume(engine, past, &options, || {}).map_err(HeadlessError::Thread)?;
    let outcome = loop {
        if cancel.swap(false, Ordering::Relaxed) {
            let _ = worker.send(crate::run::live::message::WorkerCommand::Stop);
        }
        match worker.receive(Duration::from_millis(50)) {
            Some(Message::Frames(frames)) => {
                let before = history.rows();
                for frame in &frames {
                    history.push(frame);
                    say_events(frame, progress);
                }
                csv::write_rows(&history, &columns, before..history.rows(), &mut rows)
                    .map_err(output(&csv_path))?;
                if let Some(last) = frames.last() {
                    progress.advanced(history.rows(), last);
                }
            }
            Some(Message::Finished(ending)) => break HeadlessOutcome::Ended(ending),
            Some(Message::Failed(reason)) => break HeadlessOutcome::Failed(reason),
            None if worker.ended() => break HeadlessOutcome::Failed("the training thread is gone".into()),
            // no breakpoint is set, and nobody goes back
            Some(Message::Hit(_) | Message::Thinned { .. }) | None => {}
        }
    };
    let seconds = begun.elapsed().as_secs_f64();
    let past = std::sync::Arc::clone(worker.past());
    worker.shut_down();

    let address = Address::of(name, preset, course, &[], None);
    let toml_path = request.out.join("preset.toml");
    let text = resolved(preset, &address);
    write_whole(&toml_path, |out| out.write_all(text.as_bytes())).map_err(output(&toml_path))?;
    rows.finish().map_err(output(&csv_path))?;
    match summary.map(|draw| draw(preset, &address, &history)) {
        None => {
            progress.said("summary.png is not written: this brink was built without the feature `picture`");
        }
        Some(Err(reason)) => progress.said(&format!("summary.png is not written: {reason}")),
        Some(Ok(bytes)) => {
            let path = request.out.join("summary.png");
            write_whole(&path, |file| file.write_all(&bytes)).map_err(output(&path))?;
        }
    }

    let count = history.rows() - before;
    progress
        .said(&format!("{count} steps in {seconds:.1} s ({:.0} a second)", count as f64 / seconds.max(1e-9)));
    progress.said(&Milestones::of(&history).to_string());
    for line in closing_lines(&history) {
        progress.said(&line);
    }
    if let Some(path) = &request.save {
        let mut saved = Session::new(name, preset.clone(), course.clone(), history);
        if let Some(before) = session {
            // forks, breakpoints and the state of the view are kept
            saved.forks.clone_from(&before.forks);
            saved.hits.clone_from(&before.hits);
            saved.breakpoints.clone_from(&before.breakpoints);
            saved.shown.clone_from(&before.shown);
        }
        saved.keep_checkpoints(&past, SAVED_CHECKPOINTS, usize::MAX);
        saved.write(path)?;
        progress.said(&format!("{} is written", path.display()));
    }
    Ok(outcome)
}

/// `preset.toml`: the preset with every default written out, after a comment on how to view the run.
fn resolved(preset: &Preset, address: &Address) -> String {
    let text = format!("# Written by brink {}.", env!("CARGO_PKG_VERSION"));
    // a path may contain any character, and a comment is one line
    let address = address.to_string().replace(['\n', '\r'], " ");
    format!("{text}\n# The same run in a window: {address}\n{}", preset.resolved_toml())
}

/// Events that deserve a line: those that stop or invalidate a process.
fn say_events(record: &StepRecord, progress: &mut dyn Progress) {
    for event in &record.events {
        if let Some(words) = words_of(event) {
            progress.said(&format!("step {}: {words}", record.step));
        }
    }
}

fn words_of(event: &Event) -> Option<String> {
    use brink_core::dynamics::StepOutcome;
    Some(match event {
        Event::Outcome(process, StepOutcome::Diverged { loss }) => {
            format!("{} diverged (loss {loss}) and stays where it is", process.name())
        }
        Event::Outcome(process, StepOutcome::TooSharp { eta_s }) => {
            format!("{} is too sharp to integrate (ηS = {eta_s:.1}) and stays where it is", process.name())
        }
        Event::Trouble(process, what) => format!("{}: {what}", process.name()),
        Event::StartedAboveEdge { eta_s } => format!(
            "the central flow starts above the edge (ηS = {eta_s:.3}): its predictions wait until it is back below"
        ),
        Event::BackBelowEdge => "the central flow is back below the edge".into(),
        Event::Outcome(..) | Event::EtaChanged { .. } | Event::FlowsStarted => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::engine::fake::Fake;

    #[derive(Default)]
    struct Lines(Vec<String>);

    impl Progress for Lines {
        fn started(&mut self, _: &Preset, _: usize) {}
        fn advanced(&mut self, _: usize, _: &StepRecord) {}
        fn said(&mut self, line: &str) {
            self.0.push(line.into());
        }
    }

    #[test]
    fn what_a_failed_thread_had_recorded_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let request =
            HeadlessRequest { preset: "valley".into(), out: out.clone(), ..HeadlessRequest::default() };
        let beginning = Beginning::of("valley", &Overrides::default(), &Steering::default()).unwrap();
        let mut lines = Lines::default();
        let draw = |_: &Preset, address: &Address, history: &History| {
            Ok(format!("{address} {}", history.rows()).into_bytes())
        };
        let broken = Fake { panics_at: Some(3), ..Fake::default() };
        let outcome =
            record(Box::new(broken), &beginning, &request, &AtomicBool::new(false), &mut lines, Some(&draw));
        let Ok(HeadlessOutcome::Failed(reason)) = outcome else { panic!("{outcome:?}") };
        assert!(reason.contains("step 3") && reason.contains("not 42"), "{reason}");
        let csv = std::fs::read_to_string(out.join("run.csv")).unwrap();
        assert_eq!(csv.lines().count(), 4);
        assert!(csv.lines().nth(3).unwrap().starts_with("2,0.5,0.333"), "{csv}");
        assert_eq!(std::fs::read(out.join("summary.png")).unwrap(), b"brink valley 3");
        assert!(out.join("preset.toml").exists());
        assert_eq!(std::fs::read_dir(&out).unwrap().count(), 3);
    }

    #[test]
    fn events_that_stop_or_spoil_a_process_are_said() {
        use brink_core::dynamics::{Process, StepOutcome};
        let diverged =
            Event::Outcome(Process::GradientDescent, StepOutcome::Diverged { loss: f64::INFINITY });
        assert_eq!(
            words_of(&diverged).unwrap(),
            "gradient descent diverged (loss inf) and stays where it is"
        );
        let sharp = Event::Outcome(Process::GradientFlow, StepOutcome::TooSharp { eta_s: 101.0 });
        assert!(words_of(&sharp).unwrap().contains("101.0"));
        assert_eq!(words_of(&Event::Outcome(Process::CentralFlow, StepOutcome::Advanced)), None);
    }
}
