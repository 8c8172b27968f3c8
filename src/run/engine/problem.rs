//! Construction of a loss, its parameters and its initial weights from a preset and files: everything except
//! the dynamics.

use super::watched::Watched;
use crate::preset::data::{Data, DataName};
use crate::preset::error::PresetError;
use crate::preset::{self, LandscapeName, LandscapeSettings, Preset, Seed};
use crate::run::record::predictions::choice::chosen;
use brink_core::calculus::Real;
use brink_core::data::images::Selection;
use brink_core::data::import::{DatasetOptions, load_dataset, load_weights};
use brink_core::data::sequence::{self, Task};
use brink_core::data::{DataError, Dataset, Targets, bundled, cifar, digits, fashion, synthetic};
use brink_core::dynamics::SettingsError;
use brink_core::network::{Architecture, NetworkError, Parameter, flatten};
use brink_core::objective::Objective;
use brink_core::objective::landscape::Landscape;
use brink_core::objective::network::{LossKind, NetworkObjective, ObjectiveError};
use brink_core::objective::quadratic::Quadratic;
use candle_core::Tensor;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Files that a run uses instead of the sources named in its preset.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file of the initial weights, with the network's parameter names (`w` for a landscape).
    pub init: Option<PathBuf>,
}

/// Why an engine cannot be built from a preset.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// The preset is not valid.
    #[error(transparent)]
    Preset(#[from] PresetError),
    /// The data or the file of weights cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The dynamics reject a setting.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The network cannot be built for the data, or cannot be trained on it.
    #[error("{source} ({model}; {data})")]
    Fit {
        /// The incompatibility.
        source: Box<ObjectiveError>,
        /// The keys of `[model]` with their values.
        model: String,
        /// The source of the data, and the shape of an example.
        data: String,
    },
    /// The network is too large to store its eigenvectors.
    #[error(
        "the network has {parameters} parameters; at most {MOST_PARAMETERS} are allowed (model.*, data.*)"
    )]
    TooLarge {
        /// Its number of parameters.
        parameters: usize,
    },
    /// An example to be recorded does not exist.
    #[error("run.examples names example {index}, but the training set has {examples}: 0 to {}", .examples - 1)]
    Example {
        /// Its index in the training set.
        index: usize,
        /// The number of training examples.
        examples: usize,
    },
    /// The weights do not fit the network.
    #[error("the weights in {path} do not fit the network: {source}")]
    Init {
        /// The file of weights.
        path: PathBuf,
        /// The parameter and the mismatch.
        source: NetworkError,
    },
    /// The checkpoint belongs to another network.
    #[error(
        "run.checkpoint = \"{name}\" does not fit: it is of other weights than the {dim} of this network, or run.processes \
         leaves some of the three processes out"
    )]
    Checkpoint {
        /// The checkpoint.
        name: String,
        /// The number of parameters of the network.
        dim: usize,
    },
    /// The weights do not fit the landscape.
    #[error("array `w` of {path} has shape {found:?}; the landscape needs [{dim}]")]
    Start {
        /// The file of weights.
        path: PathBuf,
        /// Its shape.
        found: Vec<usize>,
        /// The number of parameters of the landscape.
        dim: usize,
    },
}

/// Maximum number of parameters of a network: the three processes keep about eighty vectors of this size.
pub const MOST_PARAMETERS: usize = 50_000_000;

/// A loss and its initial weights.
pub(crate) struct Problem<T: Real> {
    /// The initial weights as a flat vector.
    pub(crate) start: Vec<f64>,
    /// The parameters in the order of the flat weight vector.
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) loss: TrainedLoss<T>,
}

/// The loss of a run, together with its additional measurements.
pub(crate) enum TrainedLoss<T: Real> {
    Network(Box<Network<T>>),
    Landscape(Box<dyn Objective<T>>),
}

impl<T: Real> TrainedLoss<T> {
    /// The loss on the training data.
    pub(crate) fn objective(&mut self) -> &mut dyn Objective<T> {
        match self {
            Self::Network(network) => &mut network.train,
            Self::Landscape(loss) => loss.as_mut(),
        }
    }

    /// Runs a computation on the loss, inside the thread pool if its passes are parallel.
    pub(crate) fn in_pool<R: Send>(&mut self, work: impl FnOnce(&mut dyn Objective<T>) -> R + Send) -> R {
        match self {
            Self::Network(network) => network.train.in_pool(|loss| work(loss)),
            Self::Landscape(loss) => work(loss.as_mut()),
        }
    }
}

/// A network with its training data and, if test loss is requested, its test data.
pub(crate) struct Network<T: Real> {
    pub(crate) train: NetworkObjective<T>,
    pub(crate) test: Option<NetworkObjective<T>>,
    /// The examples whose outputs are recorded.
    pub(crate) watched: Watched<T>,
}

/// The problem defined by a valid preset and its files. Test data is read if `test` is set.
pub(crate) fn problem<T: Real>(
    preset: &Preset,
    sources: &Sources,
    test: bool,
) -> Result<Problem<T>, AssembleError> {
    let init = sources.init.as_deref().or(preset.run.init.as_deref());
    match (&preset.landscape, preset.model.network()) {
        (_, Some(architecture)) => network(preset, &architecture, init, test),
        (Some(settings), None) => landscape(settings, init),
        (None, None) => {
            Err(PresetError::Missing { key: "landscape.name".into(), allowed: "a landscape".into() }.into())
        }
    }
}

impl LandscapeSettings {
    /// The closed-form loss of valid settings.
    pub fn objective<T: Real>(&self) -> Box<dyn Objective<T>> {
        let Self { name, start: _, c, x0, a, eigenvalues } = self;
        match name {
            LandscapeName::Hyperbola => Box::new(Landscape::Hyperbola),
            LandscapeName::TiltedHyperbola => {
                Box::new(Landscape::TiltedHyperbola { c: c.unwrap_or(0.005), x0: x0.unwrap_or(3.0) })
            }
            LandscapeName::Ellipse => Box::new(Landscape::Ellipse { a: a.unwrap_or(0.5) }),
            LandscapeName::Quadratic => {
                Box::new(Quadratic::diagonal(eigenvalues.clone().unwrap_or_default()))
            }
        }
    }
}

fn landscape<T: Real>(
    settings: &LandscapeSettings,
    init: Option<&Path>,
) -> Result<Problem<T>, AssembleError> {
    let LandscapeSettings { start, .. } = settings;
    let loss = settings.objective();
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
    let parameters = vec![Parameter { name: "w".into(), shape: vec![start.len()] }];
    Ok(Problem { start, parameters, loss: TrainedLoss::Landscape(loss) })
}

fn network<T: Real>(
    preset: &Preset,
    architecture: &Architecture,
    init: Option<&Path>,
    test: bool,
) -> Result<Problem<T>, AssembleError> {
    let mut data = dataset(preset, architecture, test, None)?;
    let shape = data.train.x.dims().to_vec();
    let unfit = |source: ObjectiveError| unfit(preset, &shape, source);
    let mut parameters = parameters_for(architecture, &data, unfit)?;
    let given = init.map(|path| given_weights(&parameters, path)).transpose()?;
    // A data file may have fewer classes than the weights were made for.
    if let Some(outputs) = given.as_ref().and_then(|given| given.outputs)
        && preset.data.as_ref().is_some_and(|data| data.name == DataName::File)
        && matches!(data.train.targets, Targets::Classes { count, .. } if count != outputs)
    {
        data = dataset(preset, architecture, test, Some(outputs))?;
        parameters = parameters_for(architecture, &data, unfit)?;
    }
    let start = match (given, preset.run.seed) {
        (Some(weights), _) => flatten(&parameters, &weights.arrays)
            .map_err(|source| AssembleError::Init { path: weights.path.clone(), source })?,
        (None, Seed::Bundled) => {
            flatten(&parameters, &bundled::start()?.weights).map_err(|source| unfit(source.into()))?
        }
        (None, Seed::Number(seed)) => {
            let weights = architecture.initialize(&shape[1..], data.train.targets.outputs(), seed);
            weights.map_err(|source| unfit(source.into()))?.into_iter().map(f64::from).collect()
        }
    };
    let kind = match preset.loss_kind() {
        preset::LossKind::Mse => LossKind::Mse,
        preset::LossKind::Ce => LossKind::CrossEntropy,
    };
    let train = NetworkObjective::new(architecture, &data.train, kind).map_err(unfit)?;
    let test = data.test.map(|test| NetworkObjective::new(architecture, &test, kind)).transpose();
    let test = test.map_err(unfit)?;
    let (examples, rows) = (train.examples(), train.rows_per_example());
    let indices = preset.run.examples.clone();
    let indices = indices.unwrap_or_else(|| chosen(&data.train.targets, examples, rows));
    if let Some(&index) = indices.iter().find(|&&index| index >= examples) {
        return Err(AssembleError::Example { index, examples });
    }
    let watched = Watched::new(architecture, &data.train, kind, rows, &indices).map_err(unfit)?;
    Ok(Problem { start, parameters, loss: TrainedLoss::Network(Box::new(Network { train, test, watched })) })
}

/// The error for a network that does not fit its data; it names the keys and the file. Shape of the inputs:
/// `[n, …]`.
fn unfit(preset: &Preset, shape: &[usize], source: ObjectiveError) -> AssembleError {
    let model = toml::Table::try_from(preset.model.resolved()).unwrap_or_default();
    let model: Vec<String> = model.iter().map(|(key, value)| format!("model.{key} = {value}")).collect();
    let from = match &preset.data {
        Some(Data { path: Some(path), .. }) => format!("data.path = {:?}", path.to_string_lossy()),
        Some(data) => format!("data.name = \"{}\"", data.name.name()),
        None => "no data".into(),
    };
    let data = format!("{from}, x of shape {shape:?}");
    AssembleError::Fit { source: Box::new(source), model: model.join(", "), data }
}

/// The network's parameters for this data; an error if there are too many.
fn parameters_for(
    architecture: &Architecture,
    data: &Dataset,
    unfit: impl Fn(ObjectiveError) -> AssembleError,
) -> Result<Vec<Parameter>, AssembleError> {
    let parameters = architecture.parameters(&data.train.x.dims()[1..], data.train.targets.outputs());
    let parameters = parameters.map_err(|source| unfit(source.into()))?;
    let count = parameters.iter().map(|p| p.shape.iter().product::<usize>()).sum();
    if count > MOST_PARAMETERS {
        return Err(AssembleError::TooLarge { parameters: count });
    }
    Ok(parameters)
}

/// The parameters read from a file of weights.
struct GivenWeights {
    path: PathBuf,
    arrays: HashMap<String, Tensor>,
    /// The number of outputs of the last layer.
    outputs: Option<usize>,
}

/// Reads the arrays with the names of the parameters, which do not depend on the number of outputs.
fn given_weights(parameters: &[Parameter], path: &Path) -> Result<GivenWeights, AssembleError> {
    let names: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
    let arrays = load_weights(path, &names)?;
    let outputs = names.last().and_then(|last| arrays.get(*last)?.dims().first().copied());
    Ok(GivenWeights { path: path.into(), arrays, outputs })
}

/// The data of a network's preset. `outputs` is the number of outputs of the given weights.
fn dataset(
    preset: &Preset,
    architecture: &Architecture,
    test: bool,
    outputs: Option<usize>,
) -> Result<Dataset, AssembleError> {
    let resolved = preset.resolved();
    let Some(data) = &resolved.data else {
        let (key, allowed) = ("data.name".to_owned(), "the data of a network".to_owned());
        return Err(PresetError::Missing { key, allowed }.into());
    };
    let Data {
        name,
        path,
        n,
        classes,
        label_noise,
        degree,
        noise,
        dimension,
        binary,
        vocabulary,
        length,
        seed,
    } = data;
    let seed = match seed {
        Some(Seed::Number(seed)) => *seed,
        _ => 0,
    };
    let number = |value: &Option<usize>| value.unwrap_or(0);
    let (path, binary) = (path.as_deref(), binary.unwrap_or(false));
    let images = Selection { n: number(n), classes: number(classes), binary, test };
    let tokens = |task| sequence::dataset(task, number(vocabulary), number(length), number(n), seed);
    let mut dataset = match name {
        DataName::Digits => {
            let p = label_noise.unwrap_or(0.0);
            if data.seed == Some(Seed::Bundled) && p != 0.0 {
                digits::dataset(number(n), number(classes), digits::Labels::Given(&bundled::start()?.labels))?
            } else {
                digits::dataset(number(n), number(classes), digits::Labels::Drawn { p, seed })?
            }
        }
        DataName::FashionMnist => fashion::dataset(images)?,
        DataName::Cifar10 => cifar::dataset(path, images)?,
        DataName::Sorting => tokens(Task::Sorting)?,
        DataName::Copying => tokens(Task::Copying)?,
        DataName::Chebyshev => synthetic::chebyshev(number(degree), number(n))?,
        DataName::Moons => synthetic::moons(number(n), noise.unwrap_or(0.0), seed)?,
        DataName::Random => synthetic::random_targets(number(n), number(dimension), seed)?,
        DataName::File => {
            let tokens = architecture.reads_tokens();
            let options = DatasetOptions { n: *n, binary, tokens, outputs };
            load_dataset(path.unwrap_or(Path::new("")), options)?
        }
    };
    if !test {
        dataset.test = None;
    }
    Ok(dataset)
}
