//! `[model]`: the network, and the sizes that apply to each architecture.

use super::data::Kind;
use super::error::PresetError;
use super::range::{integer, integers, misplaced, require, whole, wholes};
use brink_core::network::{Activation, Architecture};
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use toml::Value;

/// `[model]`. Absent keys take the default of the architecture.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Model {
    /// The network architecture, or `landscape`.
    pub architecture: ArchitectureName,
    /// Width of the hidden layers, or number of channels of the first layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<Width>,
    /// Number of blocks in each stage of a residual network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stages: Option<Vec<usize>>,
    /// Height and width of a patch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<usize>,
    /// Number of columns of a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dim: Option<usize>,
    /// Number of layers of a vision transformer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth: Option<usize>,
    /// Hidden width of a vision transformer's fully connected layers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mlp: Option<usize>,
    /// Number of attention heads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heads: Option<usize>,
    /// Number of layers of a sequence network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layers: Option<usize>,
    /// Number of columns of an LSTM's embedding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding: Option<usize>,
    /// Number of units of an LSTM's layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<usize>,
    /// Activation between the layers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
}

/// `model.architecture`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum ArchitectureName {
    /// A multilayer perceptron.
    #[default]
    Mlp,
    /// Two convolutions with pooling.
    Cnn,
    /// A residual network with group normalization.
    Resnet,
    /// A vision transformer.
    Vit,
    /// Long short-term memory network.
    Lstm,
    /// A decoder with cross-attention to its own input.
    Transformer,
    /// A selective state space model.
    Mamba,
    /// A closed-form loss; see [`LandscapeSettings`](super::LandscapeSettings).
    Landscape,
}

impl ArchitectureName {
    /// Its name in a preset.
    pub fn name(self) -> &'static str {
        self.into()
    }

    pub(super) fn reads(self) -> Kind {
        match self {
            Self::Mlp | Self::Landscape => Kind::Numbers,
            Self::Cnn | Self::Resnet | Self::Vit => Kind::Images,
            Self::Lstm | Self::Transformer | Self::Mamba => Kind::Tokens,
        }
    }
}

/// `model.width`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Width {
    /// A single number; for an MLP, two hidden layers of this width.
    One(usize),
    /// The width of every hidden layer of an MLP.
    Each(Vec<usize>),
}

/// A key of `[model]` whose value is a positive integer.
struct Size {
    key: &'static str,
    field: fn(&mut Model) -> &mut Option<usize>,
    /// The architectures to which the key applies, with their defaults.
    of: &'static [(ArchitectureName, usize)],
}

const SIZES: [Size; 8] = {
    use ArchitectureName::{Lstm, Mamba, Transformer, Vit};
    [
        Size { key: "patch", field: |m| &mut m.patch, of: &[(Vit, 4)] },
        Size { key: "dim", field: |m| &mut m.dim, of: &[(Vit, 64), (Transformer, 32), (Mamba, 64)] },
        Size { key: "depth", field: |m| &mut m.depth, of: &[(Vit, 4)] },
        Size { key: "mlp", field: |m| &mut m.mlp, of: &[(Vit, 256)] },
        Size { key: "heads", field: |m| &mut m.heads, of: &[(Vit, 8), (Transformer, 4)] },
        Size { key: "layers", field: |m| &mut m.layers, of: &[(Lstm, 2), (Transformer, 4), (Mamba, 2)] },
        Size { key: "embedding", field: |m| &mut m.embedding, of: &[(Lstm, 48)] },
        Size { key: "hidden", field: |m| &mut m.hidden, of: &[(Lstm, 48)] },
    ]
};

/// A list of names for a message: `vit, transformer and mamba`.
fn list(names: &[ArchitectureName]) -> String {
    let names: Vec<&str> = names.iter().map(|name| name.name()).collect();
    match names.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => names.concat(),
    }
}

impl Model {
    /// The settings with all defaults of the architecture written out.
    #[must_use]
    pub fn resolved(&self) -> Self {
        let mut all = self.clone();
        let width = match self.architecture {
            ArchitectureName::Mlp => Some(256),
            ArchitectureName::Cnn => Some(32),
            ArchitectureName::Resnet => Some(16),
            _ => None,
        };
        if let Some(width) = width {
            all.width.get_or_insert(Width::One(width));
            all.activation.get_or_insert(Activation::Gelu);
        }
        if self.architecture == ArchitectureName::Resnet {
            all.stages.get_or_insert(vec![3; 3]);
        }
        for size in SIZES {
            let default = size.of.iter().find(|(name, _)| *name == self.architecture);
            let field = (size.field)(&mut all);
            *field = field.or(default.map(|(_, default)| *default));
        }
        all
    }

    /// The network; `None` for a landscape.
    pub fn network(&self) -> Option<Architecture> {
        let Self {
            architecture,
            width,
            stages,
            patch,
            dim,
            depth,
            mlp,
            heads,
            layers,
            embedding,
            hidden,
            activation,
        } = self.resolved();
        let number = |size: Option<usize>| size.unwrap_or(0);
        let activation = activation.unwrap_or(Activation::Gelu);
        let channels = if let Some(Width::One(width)) = width { width } else { 0 };
        Some(match architecture {
            ArchitectureName::Mlp => {
                let hidden = match width {
                    Some(Width::Each(widths)) => widths,
                    _ => vec![channels; 2],
                };
                Architecture::Mlp { hidden, activation }
            }
            ArchitectureName::Cnn => Architecture::Cnn { width: channels, activation },
            ArchitectureName::Resnet => {
                Architecture::ResNet { width: channels, stages: stages.unwrap_or_default(), activation }
            }
            ArchitectureName::Vit => Architecture::Vit {
                patch: number(patch),
                dim: number(dim),
                depth: number(depth),
                mlp: number(mlp),
                heads: number(heads),
            },
            ArchitectureName::Lstm => Architecture::Lstm {
                layers: number(layers),
                embedding: number(embedding),
                hidden: number(hidden),
            },
            ArchitectureName::Transformer => {
                Architecture::Transformer { layers: number(layers), dim: number(dim), heads: number(heads) }
            }
            ArchitectureName::Mamba => Architecture::Mamba { layers: number(layers), dim: number(dim) },
            ArchitectureName::Landscape => return None,
        })
    }

    pub(super) fn validate(&self) -> Result<(), PresetError> {
        use ArchitectureName::{Cnn, Mlp, Resnet};
        let name = self.architecture;
        let only = |key: &str, value: Option<Value>, of: &[ArchitectureName]| match value {
            Some(value) if !of.contains(&name) => {
                let why = format!("model.architecture is \"{}\"; it is a key of {}", name.name(), list(of));
                misplaced(&format!("model.{key}"), value, &why)
            }
            _ => Ok(()),
        };
        let width = self.width.as_ref().map(|width| match width {
            Width::One(width) => integer(*width).into(),
            Width::Each(widths) => integers(widths),
        });
        only("width", width, &[Mlp, Cnn, Resnet])?;
        only("stages", self.stages.as_deref().map(integers), &[Resnet])?;
        let activation = self.activation.map(|a| format!("{a:?}").to_lowercase().into());
        only("activation", activation, &[Mlp, Cnn, Resnet])?;
        match &self.width {
            Some(Width::One(width)) => whole("model.width", *width)?,
            Some(Width::Each(widths)) => {
                require("model.width", integers(widths), name == Mlp)?;
                wholes("model.width", widths)?;
            }
            None => {}
        }
        if let Some(stages) = &self.stages {
            wholes("model.stages", stages)?;
        }
        for Size { key, field, of } in SIZES {
            let Some(value) = *field(&mut self.clone()) else { continue };
            let names: Vec<ArchitectureName> = of.iter().map(|(name, _)| *name).collect();
            only(key, Some(integer(value).into()), &names)?;
            whole(&format!("model.{key}"), value)?;
        }
        Ok(())
    }
}
