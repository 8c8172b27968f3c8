//! Derivatives of the loss that a preset defines.

use crate::preset::{Precision, Preset};
use crate::run::engine::problem::{AssembleError, Problem, Sources, TrainedLoss, problem};
use crate::run::file::files::WholeFile;
use brink_core::calculus::Real;
use brink_core::derivatives::{Derivatives, DerivativesError, Wanted};
use std::io;
use std::path::Path;

/// Number of examples whose outputs are given by default.
const EXAMPLES: usize = 10;

/// Derivatives that cannot be computed.
#[derive(Debug, thiserror::Error)]
pub enum PresetDerivativesError {
    /// The preset and its files do not define a loss.
    #[error(transparent)]
    Problem(#[from] AssembleError),
    /// The request does not fit the loss.
    #[error(transparent)]
    Derivatives(#[from] DerivativesError),
}

/// Derivatives of the loss that a preset defines, at its initial weights, in its precision. Outputs are those of the
/// first ten examples unless [`Wanted::outputs`] requests another number.
///
/// ```
/// use brink::preset::Preset;
/// use brink::run::engine::problem::Sources;
/// use brink::run::start::derivatives;
/// use brink_core::derivatives::Wanted;
///
/// let mut preset = Preset::load("digits-mlp")?;
/// for set in ["model.width=4", "data.n=50", "run.precision=f64"] {
///     preset.set(set)?;
/// }
/// let wanted = Wanted { top: 2, outputs: Some(3), ..Wanted::default() };
/// let found = derivatives::of_preset(&preset, &Sources::default(), &wanted)?;
/// assert_eq!(found.order[0], "1.weight");
/// assert_eq!(found.gradient.len(), 64 * 4 + 4 + 4 * 4 + 4 + 4 * 10 + 10);
/// assert!(found.eigenvalues[0] >= found.eigenvalues[1]);
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("out.npz");
/// derivatives::write_npz(&found, &path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the preset and its files do not define a loss, or the request does not fit it.
pub fn of_preset(
    preset: &Preset,
    sources: &Sources,
    wanted: &Wanted,
) -> Result<Derivatives, PresetDerivativesError> {
    preset.validate().map_err(AssembleError::from)?;
    match preset.run.precision {
        Precision::F32 => of_problem(problem::<f32>(preset, sources, false)?, wanted),
        Precision::F64 => of_problem(problem::<f64>(preset, sources, false)?, wanted),
    }
}

fn of_problem<T: Real>(problem: Problem<T>, wanted: &Wanted) -> Result<Derivatives, PresetDerivativesError> {
    let Problem { start, parameters, loss } = problem;
    let w: Vec<T> = start.into_iter().map(T::of).collect();
    let mut wanted = wanted.clone();
    let (mut found, rows) = match loss {
        TrainedLoss::Network(network) => {
            let mut loss = network.train;
            let examples = loss.examples();
            wanted.outputs.get_or_insert(EXAMPLES.min(examples));
            let rows = loss.rows_per_example();
            (loss.in_pool(|loss| Derivatives::of(loss, &w, &wanted))?, rows)
        }
        TrainedLoss::Landscape(mut loss) => (Derivatives::of(loss.as_mut(), &w, &wanted)?, 1),
    };
    found.rows = rows;
    found.order = parameters.into_iter().map(|parameter| parameter.name).collect();
    Ok(found)
}

/// Writes derivatives to a file, as [`Derivatives::write_npz`] does. The file is complete or absent.
///
/// # Errors
/// If it cannot be written.
pub fn write_npz(found: &Derivatives, path: &Path) -> io::Result<()> {
    found.write_npz(WholeFile::create(path)?)?.finish().map(drop)
}
