//! Arguments, messages and exit statuses.

use anyhow::Context;
use brink::preset::{DEFAULT, Overrides, Preset};
use brink::run::live::message::Ending;
use brink::run::start::address::{Address, Chosen, Steering};
use brink::run::start::headless::{self, HeadlessOutcome, HeadlessRequest};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

mod checkpoint;
mod derivatives;
mod export;
#[cfg(feature = "picture")]
mod picture;
mod progress;
mod record;
mod tour;

/// The request was invalid: nothing has been written.
const BAD_INPUT: u8 = 2;
/// The training thread failed: everything it had recorded is written.
const WORKER_FAILED: u8 = 3;
/// Interrupted by Ctrl-C: everything recorded is written.
const INTERRUPTED: u8 = 130;

/// Gradient descent, gradient flow and central flow of a real network, side by side.
///
/// Without a command, opens the window on a preset.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<CliCommand>,
    #[command(flatten)]
    address: Address,
    /// Open the window on the guided tour
    #[arg(long)]
    tour: bool,
}

/// A preset with changes, for what goes on from no session.
#[derive(Debug, Args)]
struct PlainPreset {
    /// A built-in preset (see `brink presets`), or a path to a .toml file [default: digits-noise]
    #[arg(value_name = "PRESET")]
    name: Option<String>,
    /// Change one key of the preset; may be given again. presets/README.md lists the keys
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl PlainPreset {
    /// Says what a saved session or a recording is not.
    fn refuse_session(&self, command: &str) -> anyhow::Result<()> {
        let chosen = Chosen { name: self.name.clone(), set: Vec::new() };
        anyhow::ensure!(
            !chosen.is_session(),
            "{} is a saved run; brink {command} takes a preset, by its name or its .toml file",
            chosen.name()
        );
        Ok(())
    }
}

const EXAMPLES: &str = "\
Examples:
  brink                                      open the window on the default preset
  brink chebyshev --set optimizer.eta=0.15   another preset, another learning rate
  brink tour                                 the guided tour; brink tour 9 opens its ninth chapter
  brink record vit --steps 400               keep a run to look at, in vit.brink
  brink presets                              the built-in presets
  brink digits-mlp --eta-at 400=0.1 --fork 300=0.2 --at 500
                                             a moment of a run that is steered, with a second run beside it
  brink lecture.brink                        a saved session; the window goes on with it
  brink run digits-mlp --steps 400 --out results
  brink run lecture.brink --steps 2000       a session goes on without a window
  brink export digits-mlp --at 500 --panel sharpness --out sharpness.svg
  brink run digits-mlp --init weights.npz --data data.npz --precision f64 --set optimizer.eta=0.1
  brink run my.toml --set model.width=[64,32] --set run.seed=3
  brink derivatives digits-mlp --vectors v.npz --pairs u:v --top 6 --out derivatives.npz

Exit status:
  0    the run is complete, also when a process diverged
  2    bad input: one message says what, and nothing is written
  3    the training thread failed: what it had recorded is written
  130  interrupted by Ctrl-C: what was recorded is written";

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Run a preset without a window and write run.csv, preset.toml and summary.png
    #[command(after_help = EXAMPLES)]
    Run(RunArgs),
    /// Compute a moment of a run and write one panel, all of them or an animation as a picture, or its history as CSV
    #[command(after_help = export::FILES)]
    Export(export::ExportArgs),
    /// Write exact derivatives of a preset's loss at its initial weights to an .npz file
    #[command(after_help = derivatives::ARRAYS)]
    Derivatives(derivatives::DerivativesArgs),
    /// Write where the three processes stand in the middle of a run to a small file, as those of assets/checkpoints
    Checkpoint(checkpoint::CheckpointArgs),
    /// Run a preset and keep what it shows in a small file that plays like a live run
    Record(record::RecordArgs),
    /// Open the window on the guided tour
    Tour(tour::TourArgs),
    /// List the built-in presets
    Presets,
}

#[derive(Debug, Args)]
struct RunArgs {
    #[command(flatten)]
    preset: Chosen,
    #[command(flatten)]
    steering: Steering,
    /// Number of steps N: run.csv gets rows 0 to N−1 (run.steps)
    #[arg(long, value_name = "N")]
    steps: Option<String>,
    /// Initial weights, .npz or .safetensors: parameters under their PyTorch names (1.weight, 1.bias, …), f32 or f64;
    /// further arrays are ignored. A landscape takes w
    #[arg(long, value_name = "FILE")]
    init: Option<PathBuf>,
    /// Data, .npz, .safetensors or a directory of .npy, in place of the preset's [data]: x (f32 or f64; integers where
    /// the network reads tokens) and y (integers: classes; floats: regression). All rows, unless --set data.n=N takes the first; --set data.binary=true for one logit
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Precision of all arithmetic: f32 or f64 (run.precision)
    #[arg(long, value_name = "PRECISION")]
    precision: Option<String>,
    /// Directory of the results; made if need be, files in it are replaced [default: brink-PRESET]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write a session at the end, to go on from with more steps
    #[arg(long, value_name = "FILE.brink")]
    save: Option<PathBuf>,
}

/// Parses the arguments, carries them out, and returns the exit status.
pub fn main() -> ExitCode {
    let started = Instant::now();
    let cli = Cli::parse();
    let done = match cli.command {
        Some(CliCommand::Presets) => {
            list_presets();
            Ok(ExitCode::SUCCESS)
        }
        Some(CliCommand::Run(args)) => run(args),
        Some(CliCommand::Export(args)) => export::write(&args),
        Some(CliCommand::Derivatives(args)) => derivatives::write(args),
        Some(CliCommand::Checkpoint(args)) => checkpoint::write(&args),
        Some(CliCommand::Record(args)) => record::write(args),
        Some(CliCommand::Tour(args)) => tour::open(&args, started),
        None => open_window(cli.address, cli.tour.then_some(0), started),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {}", message(&error));
        ExitCode::from(BAD_INPUT)
    })
}

/// An error and its causes, each printed once: most errors already quote their cause.
fn message(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said.as_str() {
        "" => cause,
        said if said.contains(&cause) => said.to_owned(),
        said => format!("{said}: {cause}"),
    })
}

fn list_presets() {
    use std::io::Write;
    let presets = Preset::built_in();
    let width = presets.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut out = std::io::stdout().lock();
    for (name, preset) in &presets {
        let default = if *name == DEFAULT { " (default)" } else { "" };
        // A reader that closes the pipe early, such as `head`, has read enough.
        if writeln!(out, "{name:width$}  {}{default}", preset.title).is_err() {
            break;
        }
    }
}

fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    let RunArgs { preset, steering, steps, init, data, precision, out, save } = args;
    let Chosen { name, mut set } = preset;
    let name = name.unwrap_or_else(|| DEFAULT.into());
    set.extend(steps.map(|n| format!("run.steps={n}")));
    set.extend(precision.map(|p| format!("run.precision={p}")));
    let out = out.unwrap_or_else(|| {
        let stem = std::path::Path::new(&name).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        format!("brink-{stem}").into()
    });
    let request =
        HeadlessRequest { preset: name, overrides: Overrides { data, set }, steering, init, out, save };

    let (cancel, was_interrupted) = interruptible()?;
    let mut progress = progress::Terminal::default();
    let outcome = headless::run(&request, &cancel, &mut progress, SUMMARY);
    progress.finish();
    let outcome = outcome?;
    say(&format!("{} is written", request.out.display()));
    Ok(match outcome {
        HeadlessOutcome::Ended(Ending::Stopped) if was_interrupted.load(Ordering::Relaxed) => {
            eprintln!("interrupted; what was recorded is written");
            ExitCode::from(INTERRUPTED)
        }
        HeadlessOutcome::Ended(ending) => {
            say(&ending.to_string());
            ExitCode::SUCCESS
        }
        HeadlessOutcome::Failed(reason) => {
            eprintln!("error: {reason}");
            ExitCode::from(WORKER_FAILED)
        }
    })
}

/// Two flags that Ctrl-C sets: the first is cleared when it is obeyed, the second is kept.
fn interruptible() -> anyhow::Result<(Arc<AtomicBool>, Arc<AtomicBool>)> {
    let flags = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (cancel, remembered) = flags.clone();
    ctrlc::set_handler(move || {
        cancel.store(true, Ordering::Relaxed);
        remembered.store(true, Ordering::Relaxed);
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(flags)
}

/// Draws `summary.png`.
#[cfg(feature = "picture")]
const SUMMARY: Option<&headless::HeadlessSummary> = Some(&picture::summary);
#[cfg(not(feature = "picture"))]
const SUMMARY: Option<&headless::HeadlessSummary> = None;

/// Prints one line; it is not an error if the reader has closed the output.
fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}

#[cfg(feature = "window")]
fn open_window(address: Address, tour: Option<usize>, started: Instant) -> anyhow::Result<ExitCode> {
    use brink::app::OpenRequest;
    use brink::app::Opening;
    use brink::run::start::beginning::Beginning;
    let Beginning { name, preset, course, session } = Beginning::at(&address)?;
    let Address { chosen: _, data: _, steering: _, forks, at } = address;
    let opening = Opening { session, course: Some(course), forks, at };
    brink::app::open(&OpenRequest { name, preset, tour, opening, started })?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(not(feature = "window"))]
fn open_window(address: Address, _tour: Option<usize>, _started: Instant) -> anyhow::Result<ExitCode> {
    use brink::run::start::beginning::Beginning;
    Beginning::at(&address)?;
    let name = address.chosen.name();
    anyhow::bail!("this brink was built without the feature `window`; `brink run {name}` runs without one")
}
