//! `brink record`: records a run in a small file that plays like a live run.

use super::{INTERRUPTED, PlainPreset, progress, say};
use anyhow::Context;
use brink::preset::{DEFAULT, Overrides, Preset};
use brink::run::engine::assemble::assemble;
use brink::run::engine::problem::Sources;
use brink::run::file::recording::{Recording, take};
use brink::run::start::headless::Progress;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Debug, Args)]
pub struct RecordArgs {
    #[command(flatten)]
    preset: PlainPreset,
    /// Number of steps (run.steps)
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// The file [default: PRESET.brink]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Runs the preset and writes the recording. Ctrl-C ends it early; everything recorded is written.
pub fn write(args: RecordArgs) -> anyhow::Result<ExitCode> {
    args.preset.refuse_session("record")?;
    let name = args.preset.name.unwrap_or_else(|| DEFAULT.into());
    let mut set = args.preset.set;
    let command = std::iter::once(format!("brink record {name}"))
        .chain(set.iter().map(|change| format!("--set '{change}'")))
        .chain(args.steps.map(|steps| format!("--steps {steps}")))
        .collect::<Vec<_>>()
        .join(" ");
    let changes = set.join(", ");
    set.extend(args.steps.map(|steps| format!("run.steps={steps}")));
    let mut preset = Preset::load_with(&name, &Overrides { data: None, set })?;
    if !changes.is_empty() {
        // title and note describe the unchanged preset
        preset.title = format!("{}, changed", preset.title);
        preset.note = format!("The preset {name} with {changes}.");
    }
    let engine = assemble(&preset, &Sources::default())?;
    let stem = std::path::Path::new(&name).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let out = args.out.unwrap_or_else(|| format!("{stem}.brink").into());

    let cancel = Arc::new(AtomicBool::new(false));
    let interrupted = Arc::clone(&cancel);
    ctrlc::set_handler(move || interrupted.store(true, Ordering::Relaxed))
        .context("cannot listen for Ctrl-C")?;
    let mut terminal = progress::Terminal::default();
    terminal.started(&preset, engine.dim());
    let recording = take(engine, (&name, preset, command), |rows, record| {
        terminal.advanced(rows, record);
        !cancel.load(Ordering::Relaxed)
    });
    terminal.finish();
    recording.session().write(&out)?;
    say(&report(&recording));
    say(&format!("{} is written", out.display()));
    Ok(if cancel.load(Ordering::Relaxed) { ExitCode::from(INTERRUPTED) } else { ExitCode::SUCCESS })
}

/// Summary of the recording in numbers.
fn report(recording: &Recording) -> String {
    let paths = if recording.paths.is_some() { "the paths in a plane of weight space" } else { "no paths" };
    let outputs = recording.history.predictions().map_or(0, |found| found.examples().list.len());
    format!("{}\n{paths}, outputs on {outputs} examples", recording.description())
}
