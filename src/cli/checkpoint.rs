//! `brink checkpoint`: writes the state of the three processes in the middle of a run to a small file.

use super::{PlainPreset, say};
use anyhow::Context;
use brink::preset::{DEFAULT, Overrides, Preset};
use brink::run::engine::assemble::assemble;
use brink::run::engine::bundled::Bundled;
use brink::run::engine::problem::Sources;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct CheckpointArgs {
    #[command(flatten)]
    preset: PlainPreset,
    /// The step at whose start the weights are written
    #[arg(long, value_name = "N")]
    step: usize,
    /// The file, .safetensors: weights gd, gf, cf in single precision, and what the run recorded there
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Runs up to the step, and writes the file.
pub fn write(args: &CheckpointArgs) -> anyhow::Result<ExitCode> {
    args.preset.refuse_session("checkpoint")?;
    let name = args.preset.name.as_deref().unwrap_or(DEFAULT);
    let preset = Preset::load_with(name, &Overrides { data: None, set: args.preset.set.clone() })?;
    let mut engine = assemble(&preset, &Sources::default())?;
    let eta = preset.optimizer.eta;
    for _ in 0..args.step {
        engine.step(eta);
    }
    let weights = Bundled::weights_of(engine.as_ref());
    let record = engine.step(eta);
    Bundled::save(&weights, &record, &args.out).context("no checkpoint")?;
    say(&format!("{} is written", args.out.display()));
    Ok(ExitCode::SUCCESS)
}
