//! Presets: everything that defines a run, as a TOML file.
//!
//! Unknown keys are refused, every value is checked, and every message names the key, the value and what is allowed.
//! `presets/README.md` documents every key.

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

/// Everything that defines a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// The version of Brink that wrote the file; absent in a file written by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// One line for the menu.
    #[serde(default)]
    pub title: String,
    /// What it shows, and what to look at.
    #[serde(default)]
    pub note: String,
    /// `[model]`
    #[serde(default)]
    pub model: Model,
    /// `[landscape]`: the closed-form loss where `model.architecture` is `landscape`.
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
    /// Which closed-form loss.
    pub name: LandscapeName,
    /// Initial weights.
    pub start: Vec<f64>,
    /// Weight of the tilt of `tilted-hyperbola`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub c: Option<f64>,
    /// Where the tilt of `tilted-hyperbola` pulls to.
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
    /// Draw from this seed.
    Number(u64),
    /// Take the initial weights and noisy labels that come with the program.
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
    /// Which loss.
    pub kind: LossKind,
}

/// `loss.kind`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LossKind {
    /// Half the mean over examples of the summed squared error.
    Mse,
    /// Cross-entropy; logistic loss where there is one output.
    Ce,
}

/// `[optimizer]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Optimizer {
    /// `gd`.
    #[serde(default)]
    pub kind: OptimizerKind,
    /// Learning rate.
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
    /// Which processes run.
    pub processes: Vec<ProcessName>,
    /// Precision of all arithmetic.
    pub precision: Precision,
    /// Steps of plain gradient descent before step 0.
    pub warm_start: usize,
    /// When the flows start.
    pub flows_start: FlowsStart,
    /// A checkpoint that comes with the program, from which all three processes go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// A file with the initial weights, in place of those that the seed gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<PathBuf>,
    /// Decay of the moving average of GD's weights whose loss is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ema: Option<f64>,
    /// Measure test loss and accuracies every so many steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_every: Option<usize>,
    /// Training examples whose outputs are recorded, by their places in the training set; a few are chosen unless given.
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
    /// Single.
    F32,
    /// Double.
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
    /// Pairs tracked at first.
    pub initial: usize,
    /// Another pair is tracked when the smallest tracked η·λ reaches this.
    pub track_threshold: f64,
    /// Most pairs tracked; also the number of eigenvalue columns in `run.csv`.
    pub max_tracked: usize,
    /// Relative residual ‖Hu − λu‖/|λ| at which a pair is solved.
    pub tolerance: f64,
    /// Most Hessian-vector products that one process may spend on eigenpairs in one step.
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
    /// Euler substeps a step.
    pub substeps: usize,
    /// An eigenvalue enters the complementarity problem when η·λ exceeds this.
    pub candidate_threshold: f64,
    /// Solve for eigenvectors at every substep instead of once a step.
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
    /// Least Euler substeps a step.
    pub min_substeps: usize,
    /// The flow stops where η·S exceeds this.
    pub max_eta_s: f64,
}

impl Default for GradientFlow {
    fn default() -> Self {
        Self { min_substeps: 4, max_eta_s: 100.0 }
    }
}

/// An entry of `view.log`: a panel whose axis may be logarithmic.
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
    /// Its name in a preset, which is the panel's.
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
    /// Panels with a logarithmic axis at first.
    pub log: Vec<LogPanel>,
    /// Steps a second in the window; unlimited where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
}

impl Default for View {
    fn default() -> Self {
        Self { smoothing: 50.0, log: Vec::new(), speed: None }
    }
}
