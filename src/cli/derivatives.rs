//! `brink derivatives`: derivatives as arrays, for researchers.

use super::say;
use anyhow::Context;
use brink::preset::{DEFAULT, Overrides, Preset};
use brink::run::engine::problem::Sources;
use brink::run::start::address::Chosen;
use brink::run::start::derivatives;
use brink_core::data::import::load_vectors;
use brink_core::derivatives::Wanted;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

pub(super) const ARRAYS: &str = "\
The arrays, of f64 unless said otherwise (dim parameters in the order of `order`):
  loss                 L(w), a number
  grad                 ∇L(w), [dim]
  hv_NAME              H v for the vector NAME, [dim]
  t_U_V                ∇(uᵀ H v) for the pair U:V, u and v held fixed, [dim]
  eigenvalues          the largest eigenvalues of H, descending, [K]
  eigenvectors         their orthonormal eigenvectors, one a row, [K, dim]
  spectrum             eigenvalues of H, ascending: all of them up to 2,000 parameters, above that the nodes of a
                       stochastic Lanczos quadrature of their density
  spectrum_counts      how many eigenvalues each stands for: 1, or an expectation; they add up to dim
  outputs              the network's outputs on the first examples, [M, columns] or [M, positions, columns]
  order                the parameters' names, each tensor flattened row by row, text

Exit status: 0, or 2 with one message that says what is wrong, and nothing written.";

#[derive(Debug, Args)]
pub(super) struct DerivativesArgs {
    #[command(flatten)]
    preset: Chosen,
    /// Weights, .npz or .safetensors: parameters under their PyTorch names. Without it the preset's initial weights
    #[arg(long, value_name = "FILE")]
    init: Option<PathBuf>,
    /// Data in place of the preset's [data], as of `brink run`
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Vectors v, .npz or .safetensors: flat arrays [dim], f32 or f64, under any names; H v is written for each
    #[arg(long, value_name = "FILE")]
    vectors: Option<PathBuf>,
    /// Pairs of vectors, such as u:v,u:u: ∇(uᵀ H v) is written for each
    #[arg(long, value_name = "U:V,…", value_delimiter = ',')]
    pairs: Vec<String>,
    /// Number of leading eigenpairs
    #[arg(long, value_name = "K", default_value = "0")]
    top: String,
    /// Relative residual ‖Hu − λu‖/|λ| of the eigenpairs [default: 1e-8, or 1e-5 in f32]
    #[arg(long, value_name = "TOLERANCE")]
    tolerance: Option<String>,
    /// Number of examples, the first ones, whose outputs are written [default: 10, or all there are]
    #[arg(long, value_name = "M")]
    outputs: Option<String>,
    /// Write the whole spectrum of H, or its density
    #[arg(long)]
    spectrum: bool,
    /// Precision of all arithmetic: f32 or f64 [default: f64, whatever the preset has]
    #[arg(long, value_name = "PRECISION")]
    precision: Option<String>,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Computes the requested quantities and writes them.
pub(super) fn write(args: DerivativesArgs) -> anyhow::Result<ExitCode> {
    let DerivativesArgs {
        preset,
        init,
        data,
        vectors,
        pairs,
        top,
        tolerance,
        outputs,
        spectrum,
        precision,
        out,
    } = args;
    let Chosen { name, mut set } = preset;
    set.insert(0, "run.precision=f64".into());
    set.extend(precision.map(|p| format!("run.precision={p}")));
    let preset = Preset::load_with(name.as_deref().unwrap_or(DEFAULT), &Overrides { data, set })?;
    let wanted = Wanted {
        vectors: vectors.as_deref().map(load_vectors).transpose()?.unwrap_or_default(),
        pairs: pairs.iter().map(|pair| halves(pair)).collect::<anyhow::Result<_>>()?,
        top: number("--top", &top, "a whole number, 0 or more")?,
        tolerance: tolerance
            .map(|text| number("--tolerance", &text, "a number from 1e-14 to 0.1"))
            .transpose()?,
        outputs: outputs.map(|text| number("--outputs", &text, "a whole number, 0 or more")).transpose()?,
        spectrum,
    };
    let found = derivatives::of_preset(&preset, &Sources { init }, &wanted)?;
    derivatives::write_npz(&found, &out)
        .with_context(|| format!("cannot write {}; --out names a file that can be written", out.display()))?;
    say(&format!("{} is written: loss {}, {} parameters", out.display(), found.loss, found.gradient.len()));
    Ok(ExitCode::SUCCESS)
}

fn number<T: std::str::FromStr>(option: &str, text: &str, allowed: &str) -> anyhow::Result<T> {
    text.trim().parse().map_err(|_| anyhow::anyhow!("{option} {text:?}: {allowed} is allowed"))
}

/// The names of a pair.
fn halves(pair: &str) -> anyhow::Result<(String, String)> {
    match pair.split_once(':') {
        Some((u, v)) if !u.is_empty() && !v.is_empty() && !v.contains(':') => Ok((u.into(), v.into())),
        _ => anyhow::bail!("--pairs {pair:?} is not a pair of vectors' names, such as u:v"),
    }
}
