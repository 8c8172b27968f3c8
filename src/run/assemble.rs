//! From a preset to an engine: data, network or landscape, initial weights, dynamics.

use super::engine::Engine;
use super::preset::{
    self, ArchitectureName, Data, DataName, LandscapeName, LandscapeSettings, Precision, Preset, PresetError,
    ProcessName, Seed,
};
use crate::calculus::Real;
use crate::data::import::{DatasetOptions, load_dataset, load_weights};
use crate::data::{DataError, Dataset, Split, Targets, bundled, digits, synthetic};
use crate::dynamics::{
    CentralFlowSettings, Dynamics, EigenSettings, FlowsStart, GradientFlowSettings, Process, Processes,
    Settings, SettingsError, StepRecord,
};
use crate::network::{Activation, Architecture, NetworkError, flatten};
use crate::objective::Objective;
use crate::objective::landscape::Landscape;
use crate::objective::network::{LossKind, NetworkObjective, ObjectiveError};
use crate::objective::quadratic::Quadratic;
use candle_core::Tensor;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What a run takes from files besides its preset.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Initial weights, under the network's parameter names (`w` for a landscape).
    pub init: Option<PathBuf>,
}

/// A preset that cannot become an engine.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// The preset is not valid.
    #[error(transparent)]
    Preset(#[from] PresetError),
    /// The data or the file of weights cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The dynamics refuse a setting.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The network cannot be built.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The network is too large to keep eigenvectors of.
    #[error("the network has {parameters} parameters; at most {MOST_PARAMETERS} are allowed (model.width)")]
    TooLarge {
        /// Its number of parameters.
        parameters: usize,
    },
    /// The network cannot be trained on the data.
    #[error(transparent)]
    Objective(#[from] ObjectiveError),
    /// The weights do not fit the network.
    #[error("the weights in {path} do not fit the network: {source}")]
    Init {
        /// The file of weights.
        path: PathBuf,
        /// Which parameter, and how.
        source: NetworkError,
    },
    /// The weights do not fit the landscape.
    #[error("array `w` of {path} has shape {found:?}; the landscape needs [{dim}]")]
    Start {
        /// The file of weights.
        path: PathBuf,
        /// Its shape.
        found: Vec<usize>,
        /// Parameters of the landscape.
        dim: usize,
    },
}

/// Most parameters a network may have here: the three processes keep some eighty vectors of that size.
pub const MOST_PARAMETERS: usize = 50_000_000;

/// Builds the engine of a preset, in its precision.
///
/// # Errors
/// When the preset, the data or the weights are not valid or do not fit together.
pub fn assemble(preset: &Preset, sources: &Sources) -> Result<Box<dyn Engine>, AssembleError> {
    preset.validate()?;
    match preset.run.precision {
        Precision::F32 => assemble_in::<f32>(preset, sources),
        Precision::F64 => assemble_in::<f64>(preset, sources),
    }
}

fn assemble_in<T: Real>(preset: &Preset, sources: &Sources) -> Result<Box<dyn Engine>, AssembleError> {
    let init = sources.init.as_deref();
    let (start, loss) = match (&preset.landscape, preset.model.architecture) {
        (Some(settings), ArchitectureName::Landscape) => landscape::<T>(settings, init)?,
        _ => network::<T>(preset, init)?,
    };
    let start = start.into_iter().map(T::of).collect();
    let settings = settings(preset);
    settings.validate()?;
    Ok(Box::new(Run {
        dynamics: Dynamics::new(start, settings),
        loss,
        test_every: preset.run.test_every,
        step: 0,
    }))
}

/// Initial weights, and the loss they are to be trained on.
type Parts<T> = (Vec<f64>, TrainedLoss<T>);

/// The loss of a run, and what is measured besides.
enum TrainedLoss<T: Real> {
    Network(Box<Network<T>>),
    Landscape(Box<dyn Objective<T>>),
}

/// A network on its training data and, where test loss is asked for, on its test data.
struct Network<T: Real> {
    train: NetworkObjective<T>,
    test: Option<NetworkObjective<T>>,
}

fn landscape<T: Real>(settings: &LandscapeSettings, init: Option<&Path>) -> Result<Parts<T>, AssembleError> {
    let LandscapeSettings { name, start, c, x0, a, eigenvalues } = settings;
    let loss: Box<dyn Objective<T>> = match name {
        LandscapeName::Hyperbola => Box::new(Landscape::Hyperbola),
        LandscapeName::TiltedHyperbola => {
            Box::new(Landscape::TiltedHyperbola { c: c.unwrap_or(0.005), x0: x0.unwrap_or(3.0) })
        }
        LandscapeName::Ellipse => Box::new(Landscape::Ellipse { a: a.unwrap_or(0.5) }),
        LandscapeName::Quadratic => Box::new(Quadratic::diagonal(eigenvalues.clone().unwrap_or_default())),
    };
    let start = match init {
        None => start.clone(),
        Some(path) => {
            let w = load_weights(path, &["w"])?.remove("w").expect("the array asked for is there");
            if w.dims() != [start.len()] {
                let found = w.dims().to_vec();
                return Err(AssembleError::Start { path: path.into(), found, dim: start.len() });
            }
            w.to_vec1().map_err(DataError::from)?
        }
    };
    Ok((start, TrainedLoss::Landscape(loss)))
}

fn network<T: Real>(preset: &Preset, init: Option<&Path>) -> Result<Parts<T>, AssembleError> {
    let architecture = architecture(preset);
    let given = init.map(|path| given_weights(&architecture, path)).transpose()?;
    let data = dataset(preset, given.as_ref().and_then(last_layer_outputs))?;
    let input_shape = &data.train.x.dims()[1..];
    let outputs = outputs(&data.train);
    let kind = match preset.loss_kind() {
        preset::LossKind::Mse => LossKind::Mse,
        preset::LossKind::Ce => LossKind::CrossEntropy,
    };
    let parameters = architecture.parameters(input_shape, outputs)?;
    let count = parameters.iter().map(|p| p.shape.iter().product::<usize>()).sum();
    if count > MOST_PARAMETERS {
        return Err(AssembleError::TooLarge { parameters: count });
    }
    let start = match (given, preset.run.seed) {
        (Some(weights), _) => flatten(&parameters, &weights.arrays)
            .map_err(|source| AssembleError::Init { path: weights.path.clone(), source })?,
        (None, Seed::Bundled) => flatten(&parameters, &bundled::start()?.weights)?,
        (None, Seed::Number(seed)) => {
            architecture.initialize(input_shape, outputs, seed)?.into_iter().map(f64::from).collect()
        }
    };
    let train = NetworkObjective::new(&architecture, &data.train, kind)?;
    let test = match (&data.test, preset.run.test_every) {
        (Some(test), Some(_)) => Some(NetworkObjective::new(&architecture, test, kind)?),
        _ => None,
    };
    Ok((start, TrainedLoss::Network(Box::new(Network { train, test }))))
}

fn architecture(preset: &Preset) -> Architecture {
    let activation = match preset.model.activation() {
        preset::Activation::Gelu => Activation::Gelu,
        preset::Activation::Silu => Activation::Silu,
        preset::Activation::Tanh => Activation::Tanh,
        preset::Activation::Relu => Activation::Relu,
    };
    Architecture::Mlp { hidden: preset.model.hidden(), activation }
}

/// What a user must know before trusting the run; empty for most.
pub fn warnings(preset: &Preset) -> Vec<&'static str> {
    if preset.model.architecture == ArchitectureName::Landscape {
        return Vec::new();
    }
    architecture(preset).warning().into_iter().collect()
}

/// The parameters in a file of weights.
struct GivenWeights {
    path: PathBuf,
    /// The last of them in the network's order.
    last: String,
    arrays: HashMap<String, Tensor>,
}

fn given_weights(architecture: &Architecture, path: &Path) -> Result<GivenWeights, AssembleError> {
    // The names do not depend on the sizes, which are not known before the data is.
    let parameters = architecture.parameters(&[1], 1)?;
    let names: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
    let last = parameters.last().map_or(String::new(), |p| p.name.clone());
    Ok(GivenWeights { path: path.into(), last, arrays: load_weights(path, &names)? })
}

/// The last layer's number of outputs.
fn last_layer_outputs(given: &GivenWeights) -> Option<usize> {
    given.arrays.get(&given.last)?.dims().first().copied()
}

fn outputs(split: &Split) -> usize {
    match &split.targets {
        Targets::Classes { count, .. } => *count,
        Targets::Binary { .. } => 1,
        Targets::Regression(y) => y.dims().get(1).copied().unwrap_or(1),
    }
}

/// The data of a network's preset. `outputs` is the number of outputs that given weights have.
fn dataset(preset: &Preset, outputs: Option<usize>) -> Result<Dataset, AssembleError> {
    let resolved = preset.resolved();
    let Some(data) = &resolved.data else { return Ok(synthetic::moons(0, 0.0, 0)?) };
    let Data { name, path, n, classes, label_noise, degree, noise, dimension, binary, seed } = data;
    let seed = match seed {
        Some(Seed::Number(seed)) => *seed,
        _ => 0,
    };
    let n_or_none = *n;
    let n = n.unwrap_or(0);
    Ok(match name {
        DataName::Digits => {
            let p = label_noise.unwrap_or(0.0);
            if data.seed == Some(Seed::Bundled) && p != 0.0 {
                digits::dataset(n, classes.unwrap_or(10), digits::Labels::Given(&bundled::start()?.labels))?
            } else {
                digits::dataset(n, classes.unwrap_or(10), digits::Labels::Drawn { p, seed })?
            }
        }
        DataName::Chebyshev => synthetic::chebyshev(degree.unwrap_or(0), n)?,
        DataName::Moons => synthetic::moons(n, noise.unwrap_or(0.0), seed)?,
        DataName::Random => synthetic::random_targets(n, dimension.unwrap_or(0), seed)?,
        DataName::File => {
            let options = DatasetOptions { n: n_or_none, binary: binary.unwrap_or(false), outputs };
            load_dataset(path.as_deref().unwrap_or(Path::new("")), options)?
        }
    })
}

fn settings(preset: &Preset) -> Settings {
    let runs = |process| preset.run.processes.contains(&process);
    let preset::Eigen { initial, track_threshold, max_tracked, tolerance, max_hvps } = preset.eigen;
    let preset::CentralFlow { substeps, candidate_threshold, resolve_every_substep } = preset.central_flow;
    let preset::GradientFlow { min_substeps, max_eta_s } = preset.gradient_flow;
    Settings {
        processes: Processes {
            gradient_descent: runs(ProcessName::Gd),
            gradient_flow: runs(ProcessName::Gf),
            central_flow: runs(ProcessName::Cf),
        },
        eigen: EigenSettings { initial, track_threshold, max_tracked, tolerance, max_hvps },
        central_flow: CentralFlowSettings { substeps, candidate_threshold, resolve_every_substep },
        gradient_flow: GradientFlowSettings { min_substeps, max_eta_s },
        flows_start: match preset.run.flows_start {
            preset::FlowsStart::Step(step) => FlowsStart::Step(step),
            preset::FlowsStart::Edge => FlowsStart::Edge,
        },
        warm_start: preset.run.warm_start,
        ema: preset.run.ema,
    }
}

/// The dynamics of one precision with their loss.
struct Run<T: Real> {
    dynamics: Dynamics<T>,
    loss: TrainedLoss<T>,
    test_every: Option<usize>,
    step: usize,
}

impl<T: Real> Run<T> {
    /// Test loss and accuracies of gradient descent at the start of a step, where they are asked for and due.
    fn measure(&mut self, w: &[T], record: &mut StepRecord) {
        let TrainedLoss::Network(network) = &mut self.loss else { return };
        let Network { train, test } = network.as_mut();
        record.train_accuracy = train.accuracy(w);
        if let Some(test) = test {
            record.test_loss = Some(test.loss(w));
            record.test_accuracy = test.accuracy(w);
        }
    }
}

impl<T: Real> Engine for Run<T> {
    fn step(&mut self, eta: f64) -> StepRecord {
        let is_due = self.test_every.is_some_and(|every| self.step.is_multiple_of(every));
        let before =
            is_due.then(|| self.dynamics.weights(Process::GradientDescent).map(<[T]>::to_vec)).flatten();
        let mut record = match &mut self.loss {
            // from inside the pool: a step makes a hundred calls that would each wake its threads anew
            TrainedLoss::Network(network) if network.train.is_parallel() => {
                let (dynamics, train) = (&mut self.dynamics, &mut network.train);
                rayon::scope(move |_| dynamics.step(train, eta))
            }
            TrainedLoss::Network(network) => self.dynamics.step(&mut network.train, eta),
            TrainedLoss::Landscape(loss) => self.dynamics.step(loss.as_mut(), eta),
        };
        if let (Some(w), Some(_)) = (before, &record.gradient_descent) {
            self.measure(&w, &mut record);
        }
        self.step += 1;
        record
    }

    fn restart_flows(&mut self) {
        self.dynamics.restart_flows();
    }

    fn finished(&self) -> bool {
        self.dynamics.finished()
    }

    fn dim(&self) -> usize {
        match &self.loss {
            TrainedLoss::Network(network) => network.train.dim(),
            TrainedLoss::Landscape(loss) => loss.dim(),
        }
    }
}
