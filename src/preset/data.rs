//! `[data]`: the data set, and the keys that apply to each data set.

use super::Seed;
use super::error::PresetError;
use super::keys::allowed;
use super::range::{integer, misplaced, number, require, whole};
use brink_core::data::images::CLASSES;
use brink_core::data::{cifar, digits, fashion};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use strum::IntoStaticStr;
use toml::Value;

/// Maximum number of examples of synthetic data.
const MOST_EXAMPLES: usize = 1_000_000;

/// `[data]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// The data set.
    pub name: DataName,
    /// The path of a file or of CIFAR-10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Number of training examples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<usize>,
    /// Number of classes to use, counted from the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<usize>,
    /// Probability of replacing a training label with a random one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_noise: Option<f64>,
    /// Degree of the Chebyshev polynomial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degree: Option<usize>,
    /// Standard deviation of the noise on the coordinates of the moons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
    /// Dimension of random inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimension: Option<usize>,
    /// Whether there are two classes and one output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary: Option<bool>,
    /// Number of distinct tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vocabulary: Option<usize>,
    /// Number of tokens in a sequence before its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
    /// Seed of the random parts of the data; defaults to `run.seed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<Seed>,
}

/// `data.name`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum DataName {
    /// The bundled handwritten digits.
    Digits,
    /// The bundled images of clothing.
    FashionMnist,
    /// CIFAR-10 from the user's copy.
    Cifar10,
    /// Random tokens, followed by the same tokens in ascending order.
    Sorting,
    /// Random tokens, followed by the same tokens again.
    Copying,
    /// Regression on a Chebyshev polynomial.
    Chebyshev,
    /// Two interleaved half circles.
    Moons,
    /// Regression on Gaussian noise.
    Random,
    /// An `.npz` or `.safetensors` file, or `.npy` files.
    File,
}

/// The kind of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Numbers, including images.
    Numbers,
    /// Channels of pixels.
    Images,
    /// Integers.
    Tokens,
}

impl Kind {
    /// Whether the inputs of a data set are of this kind; the inputs of a file may be of any kind.
    pub(super) fn includes(self, name: DataName) -> bool {
        use DataName::{Chebyshev, Cifar10, Copying, Digits, FashionMnist, File, Moons, Random, Sorting};
        match name {
            File => true,
            Digits | FashionMnist | Cifar10 => self != Self::Tokens,
            Sorting | Copying => self == Self::Tokens,
            Chebyshev | Moons | Random => self == Self::Numbers,
        }
    }
}

impl DataName {
    /// Its name in a preset.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl Data {
    /// Fills in the defaults of the keys that apply to this data set.
    pub(super) fn fill(&mut self, seed: Seed) {
        match self.name {
            DataName::Digits => {
                self.n.get_or_insert(digits::COUNT);
                self.classes.get_or_insert(10);
                self.label_noise.get_or_insert(0.0);
                self.seed.get_or_insert(seed);
            }
            DataName::FashionMnist | DataName::Cifar10 => {
                let binary = *self.binary.get_or_insert(false);
                let classes = *self.classes.get_or_insert(if binary { 2 } else { 10 });
                let of_each =
                    if self.name == DataName::Cifar10 { cifar::TRAIN } else { fashion::TRAIN } / CLASSES;
                self.n.get_or_insert((1000 / classes.max(1)).min(of_each) * classes);
            }
            DataName::Sorting | DataName::Copying => {
                self.n.get_or_insert(1000);
                self.vocabulary.get_or_insert(4);
                self.length.get_or_insert(8);
                self.seed.get_or_insert(seed);
            }
            DataName::Chebyshev => {
                self.n.get_or_insert(20);
                self.degree.get_or_insert(6);
            }
            DataName::Moons => {
                self.n.get_or_insert(200);
                self.noise.get_or_insert(0.1);
                self.seed.get_or_insert(seed);
            }
            DataName::Random => {
                self.n.get_or_insert(128);
                self.dimension.get_or_insert(8);
                self.seed.get_or_insert(seed);
            }
            DataName::File => {
                self.binary.get_or_insert(false);
            }
        }
    }

    pub(super) fn validate(&self) -> Result<(), PresetError> {
        use DataName::{Chebyshev, Cifar10, Copying, Digits, FashionMnist, File, Moons, Random, Sorting};
        let Self {
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
        } = self;
        let name = *name;
        let only = |key: &str, value: Option<Value>, of: &[DataName]| match value {
            Some(value) if !of.contains(&name) => {
                let why = format!("data.name is \"{}\"; {}", name.name(), allowed(key));
                misplaced(key, value, &why)
            }
            _ => Ok(()),
        };
        let int = |v: &Option<usize>| v.map(|v| Value::Integer(integer(v)));
        only("data.path", path.as_ref().map(|p| p.to_string_lossy().into_owned().into()), &[File, Cifar10])?;
        only("data.binary", binary.map(Value::from), &[File, Cifar10, FashionMnist])?;
        only("data.classes", int(classes), &[Digits, FashionMnist, Cifar10])?;
        only("data.label_noise", label_noise.map(Value::from), &[Digits])?;
        only("data.degree", int(degree), &[Chebyshev])?;
        only("data.noise", noise.map(Value::from), &[Moons])?;
        only("data.dimension", int(dimension), &[Random])?;
        only("data.vocabulary", int(vocabulary), &[Sorting, Copying])?;
        only("data.length", int(length), &[Sorting, Copying])?;
        if *seed == Some(Seed::Bundled) {
            only("data.seed", Some("bundled".into()), &[Digits])?;
        }
        if name == File && path.is_none() {
            return Err(PresetError::Missing { key: "data.path".into(), allowed: allowed("data.path") });
        }
        let least = if matches!(name, Chebyshev | Moons) { 2 } else { 1 };
        if let Some(n) = *n {
            require("data.n", integer(n), (least..=MOST_EXAMPLES).contains(&n))?;
        }
        if let Some(classes) = *classes {
            whole("data.classes", classes)?;
            if *binary == Some(true) && classes != 2 {
                return misplaced("data.classes", integer(classes), "data.binary = true has 2 classes");
            }
        }
        if let Some(p) = *label_noise {
            number("data.label_noise", p)?;
        }
        if let Some(degree) = *degree {
            whole("data.degree", degree)?;
        }
        if let Some(noise) = *noise {
            number("data.noise", noise)?;
        }
        if let Some(dimension) = *dimension {
            whole("data.dimension", dimension)?;
        }
        if let Some(vocabulary) = *vocabulary {
            whole("data.vocabulary", vocabulary)?;
        }
        if let Some(length) = *length {
            whole("data.length", length)?;
        }
        Ok(())
    }
}
