//! Presets: TOML files that define a run completely.
//!
//! Unknown keys are rejected, every value is checked, and every message names the key, the value and the
//! allowed values. `presets/README.md` documents every key.

pub mod allowed;
pub mod built_in;
pub mod check;
pub mod checkpoint;
pub mod data;
pub mod error;
pub mod keys;
pub mod model;
pub mod range;
pub mod read;
#[cfg(test)]
mod tests;

pub use brink_core::network::Activation;
pub use built_in::{BUILT_IN, DEFAULT};
use data::Kind;
pub use data::{Data, DataName};
pub use error::PresetError;
pub use keys::{KEYS, Key};
pub use model::{ArchitectureName, Model, Width};
pub use read::Overrides;

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use strum::IntoStaticStr;

/// The complete definition of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// The version of Brink that wrote the file; absent in a hand-written file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// A one-line title for the menu.
    #[serde(default)]
    pub title: String,
    /// A description of the run and of what to look at.
    #[serde(default)]
    pub note: String,
    /// `[model]`
    #[serde(default)]
    pub model: Model,
    /// `[landscape]`: the closed-form loss if `model.architecture` is `landscape`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landscape: Option<LandscapeSettings>,
    /// `[data]`: absent for a landscape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// `[loss]`: absent for a landscape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<Loss>,
    /// `[optimizer]`
    pub optimizer: Optimizer,
    /// `[run]`
    #[serde(default)]
    pub run: Run,
    /// `[eigen]`
    #[serde(default)]
    pub eigen: Eigen,
    /// `[central_flow]`
    #[serde(default)]
    pub central_flow: CentralFlow,
    /// `[gradient_flow]`
    #[serde(default)]
    pub gradient_flow: GradientFlow,
    /// `[view]`
    #[serde(default)]
    pub view: View,
}

/// `[landscape]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LandscapeSettings {
    /// The closed-form loss.
    pub name: LandscapeName,
    /// Initial weights.
    pub start: Vec<f64>,
    /// Weight of the tilt term of `tilted-hyperbola`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub c: Option<f64>,
    /// Centre of the tilt term of `tilted-hyperbola`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x0: Option<f64>,
    /// Eccentricity of `ellipse`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub a: Option<f64>,
    /// Spectrum of `quadratic`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eigenvalues: Option<Vec<f64>>,
}

/// `landscape.name`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum LandscapeName {
    /// `½(1 − xy)²`
    Hyperbola,
    /// `½(1 − xy)² + c(x − x0)²`
    TiltedHyperbola,
    /// `(1 − a x² − y²)²`
    Ellipse,
    /// `½ Σ λ_i w_i²`
    Quadratic,
}

impl LandscapeName {
    /// Its name in a preset.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// `run.seed`, `data.seed`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawSeed", into = "RawSeed")]
pub enum Seed {
    /// A seed for the random number generator.
    Number(u64),
    /// The bundled initial weights and noisy labels.
    Bundled,
}

impl std::fmt::Display for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(n) => write!(f, "{n}"),
            Self::Bundled => write!(f, "bundled"),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum RawSeed {
    Number(u64),
    Word(String),
}

impl TryFrom<RawSeed> for Seed {
    type Error = String;

    fn try_from(raw: RawSeed) -> Result<Self, String> {
        match raw {
            RawSeed::Number(n) => Ok(Self::Number(n)),
            RawSeed::Word(word) if word == "bundled" => Ok(Self::Bundled),
            RawSeed::Word(word) => Err(word),
        }
    }
}

impl From<Seed> for RawSeed {
    fn from(seed: Seed) -> Self {
        match seed {
            Seed::Number(n) => Self::Number(n),
            Seed::Bundled => Self::Word("bundled".into()),
        }
    }
}

/// `[loss]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    /// The loss function.
    pub kind: LossKind,
}

/// `loss.kind`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LossKind {
    /// Half the mean over examples of the summed squared error.
    Mse,
    /// Cross-entropy; logistic loss if there is one output.
    Ce,
}

/// `[optimizer]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Optimizer {
    /// The optimizer: `gd`.
    #[serde(default)]
    pub kind: OptimizerKind,
    /// The learning rate.
    pub eta: f64,
}

/// `optimizer.kind`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerKind {
    /// Gradient descent.
    #[default]
    Gd,
}

/// `[run]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Run {
    /// Number of steps.
    pub steps: usize,
    /// Seed of the initial weights (and of the data, unless `data.seed` is given).
    pub seed: Seed,
    /// The processes that run.
    pub processes: Vec<ProcessName>,
    /// The precision of all arithmetic.
    pub precision: Precision,
    /// Number of steps of plain gradient descent before step 0.
    pub warm_start: usize,
    /// The start of the flows.
    pub flows_start: FlowsStart,
    /// A bundled checkpoint from which all three processes continue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// A file with the initial weights, used instead of weights drawn from the seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<PathBuf>,
    /// Decay of the moving average of GD's weights; the loss at this average is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ema: Option<f64>,
    /// Interval in steps between two measurements of test loss and accuracies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_every: Option<usize>,
    /// Indices in the training set of the examples whose outputs are recorded; by default, a few are chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub examples: Option<Vec<usize>>,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            steps: 1000,
            seed: Seed::Number(0),
            processes: vec![ProcessName::Gd, ProcessName::Gf, ProcessName::Cf],
            precision: Precision::F32,
            warm_start: 0,
            flows_start: FlowsStart::Step(0),
            checkpoint: None,
            init: None,
            ema: None,
            test_every: None,
            examples: None,
        }
    }
}

/// `run.processes`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum ProcessName {
    /// Gradient descent.
    Gd,
    /// Gradient flow.
    Gf,
    /// Central flow.
    Cf,
}

impl ProcessName {
    /// Its name in a preset.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// `run.precision`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Single precision.
    F32,
    /// Double precision.
    F64,
}

/// `run.flows_start`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawStart", into = "RawStart")]
pub enum FlowsStart {
    /// At this step.
    Step(usize),
    /// When the sharpness first reaches 2/η.
    Edge,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum RawStart {
    Step(usize),
    Word(String),
}

impl TryFrom<RawStart> for FlowsStart {
    type Error = String;

    fn try_from(raw: RawStart) -> Result<Self, String> {
        match raw {
            RawStart::Step(step) => Ok(Self::Step(step)),
            RawStart::Word(word) if word == "edge" => Ok(Self::Edge),
            RawStart::Word(word) => Err(word),
        }
    }
}

impl From<FlowsStart> for RawStart {
    fn from(start: FlowsStart) -> Self {
        match start {
            FlowsStart::Step(step) => Self::Step(step),
            FlowsStart::Edge => Self::Word("edge".into()),
        }
    }
}

/// `[eigen]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Eigen {
    /// Initial number of tracked eigenpairs.
    pub initial: usize,
    /// Another eigenpair is tracked when the smallest tracked η·λ reaches this threshold.
    pub track_threshold: f64,
    /// Maximum number of tracked eigenpairs; also the number of eigenvalue columns in `run.csv`.
    pub max_tracked: usize,
    /// Relative residual ‖Hu − λu‖/|λ| at which an eigenpair counts as converged.
    pub tolerance: f64,
    /// Maximum number of Hessian-vector products that a process may spend on eigenpairs per step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_hvps: Option<usize>,
}

impl Default for Eigen {
    fn default() -> Self {
        Self { initial: 1, track_threshold: 1.5, max_tracked: 8, tolerance: 1e-5, max_hvps: None }
    }
}

/// `[central_flow]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CentralFlow {
    /// Euler substeps per step.
    pub substeps: usize,
    /// An eigenvalue enters the complementarity problem when η·λ exceeds this threshold.
    pub candidate_threshold: f64,
    /// Whether eigenvectors are computed at every substep instead of once per step.
    pub resolve_every_substep: bool,
}

impl Default for CentralFlow {
    fn default() -> Self {
        Self { substeps: 4, candidate_threshold: 1.95, resolve_every_substep: false }
    }
}

/// `[gradient_flow]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GradientFlow {
    /// Minimum number of Euler substeps per step.
    pub min_substeps: usize,
    /// The flow stops when η·S exceeds this threshold.
    pub max_eta_s: f64,
}

impl Default for GradientFlow {
    fn default() -> Self {
        Self { min_substeps: 4, max_eta_s: 100.0 }
    }
}

/// An entry of `view.log`: a panel that supports a logarithmic axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum LogPanel {
    /// Eigenvalues of the Hessian.
    Sharpness,
    /// Training loss.
    Loss,
    /// Squared gradient norm.
    GradientNorm,
    /// Variances along Σ's eigenvectors.
    Variance,
    /// Distances between the processes.
    Distance,
}

impl LogPanel {
    /// Its name in a preset, which is also the name of the panel.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// `[view]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct View {
    /// Standard deviation of the Gaussian smoothing, in steps.
    pub smoothing: f64,
    /// Panels whose axis is initially logarithmic.
    pub log: Vec<LogPanel>,
    /// Steps per second in the window; unlimited if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
}

impl Default for View {
    fn default() -> Self {
        Self { smoothing: 50.0, log: Vec::new(), speed: None }
    }
}
