//! Network architectures. Each architecture defines a forward function, its parameters and their initial
//! distributions.

mod cnn;
mod error;
mod image;
mod lstm;
mod mamba;
mod mlp;
mod resnet;
mod size;
mod transformer;
mod vit;

use std::collections::HashMap;

use candle_core::{DType, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal, Uniform};
use serde::{Deserialize, Serialize};

pub use self::error::NetworkError;
use self::image::Pixels;
use crate::calculus::Real;
use crate::calculus::function::Function;
use crate::calculus::tape::{Declaration, Initial, NodeId, Tape};

/// Largest number of parameters of a network. At this size a single direction takes 8 GiB in f64.
pub const MAX_PARAMETERS: usize = 1 << 30;

/// Largest number of entries of a constant table of a network, such as a positional encoding: 1 GiB in f64.
pub const MAX_TABLE: usize = 1 << 27;

/// The activation function of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// GELU, `x Φ(x)`, in its exact (erf) form.
    Gelu,
    /// SiLU, `x σ(x)`.
    Silu,
    /// Hyperbolic tangent, `tanh x`.
    Tanh,
    /// ReLU, `max(x, 0)`. It is not smooth; see [`Activation::warning`].
    Relu,
}

impl Activation {
    /// The corresponding elementwise function.
    pub fn function(self) -> Function {
        match self {
            Self::Gelu => Function::Gelu,
            Self::Silu => Function::Silu,
            Self::Tanh => Function::Tanh,
            Self::Relu => Function::Relu,
        }
    }

    /// A caveat about the central flow for this activation function; `None` for smooth functions.
    pub fn warning(self) -> Option<&'static str> {
        match self {
            Self::Relu => Some(
                "ReLU has no second and third derivative at its kinks: the central flow misses what they contribute; \
                 use gelu, silu or tanh to compare it with gradient descent",
            ),
            Self::Gelu | Self::Silu | Self::Tanh => None,
        }
    }
}

/// A network architecture and its sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// Multilayer perceptron.
    Mlp {
        /// Widths of the hidden layers, first to last.
        hidden: Vec<usize>,
        /// Activation after each hidden layer.
        activation: Activation,
    },
    /// Convolutional network: two convolutions, each followed by average pooling, then two linear layers.
    Cnn {
        /// Number of filters of the first convolution. The second convolution has twice and the hidden layer
        /// four times this number.
        width: usize,
        /// Activation after the convolutions and after the first linear layer.
        activation: Activation,
    },
    /// Residual network with group normalization.
    ResNet {
        /// Number of filters of the first stage, doubled at each later stage; also the number of groups of
        /// each normalization.
        width: usize,
        /// Number of residual blocks of each stage.
        stages: Vec<usize>,
        /// Activation after the first convolution of the network and after the first convolution of each
        /// block.
        activation: Activation,
    },
    /// Vision Transformer: attention layers over the patches of an image.
    Vit {
        /// Side of a patch in pixels.
        patch: usize,
        /// Embedding width.
        dim: usize,
        /// Number of layers.
        depth: usize,
        /// Hidden width of the feed-forward blocks.
        mlp: usize,
        /// Number of attention heads per layer, each of width 64.
        heads: usize,
    },
    /// LSTM network: an embedding, LSTM layers, and a linear layer at every position.
    Lstm {
        /// Number of LSTM layers.
        layers: usize,
        /// Embedding width.
        embedding: usize,
        /// Number of hidden units per layer.
        hidden: usize,
    },
    /// Mamba network: residual layers, each a causal convolution followed by a selective scan.
    Mamba {
        /// Number of layers.
        layers: usize,
        /// Width between layers. The inner width is twice as large.
        dim: usize,
    },
    /// Transformer decoder. The cross-attention to the embedded input is unmasked, so that the network is not
    /// causal.
    Transformer {
        /// Number of layers.
        layers: usize,
        /// Width. The hidden width of the feed-forward blocks is four times as large.
        dim: usize,
        /// Number of heads of each attention.
        heads: usize,
    },
}

/// One parameter tensor of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Name in a PyTorch state dict.
    pub name: String,
    /// Shape, row-major.
    pub shape: Vec<usize>,
}

impl Architecture {
    /// A caveat about the central flow for this architecture; `None` for most architectures.
    pub fn warning(&self) -> Option<&'static str> {
        match self {
            Self::Mlp { activation, .. } | Self::Cnn { activation, .. } | Self::ResNet { activation, .. } => {
                activation.warning()
            }
            Self::Vit { .. } | Self::Lstm { .. } | Self::Mamba { .. } | Self::Transformer { .. } => None,
        }
    }

    /// Whether inputs are tokens, that is, integers in `0..outputs`. The number of outputs of a sequence
    /// network is its vocabulary size.
    pub fn reads_tokens(&self) -> bool {
        match self {
            Self::Mlp { .. } | Self::Cnn { .. } | Self::ResNet { .. } | Self::Vit { .. } => false,
            Self::Lstm { .. } | Self::Mamba { .. } | Self::Transformer { .. } => true,
        }
    }

    /// Adds the forward function to a tape. `input_shape` is the shape of one example; the network has
    /// `outputs` output columns. Returns the nodes of the input and of the output.
    ///
    /// # Errors
    /// A size of zero, a network that is too large, or inputs of the wrong kind.
    pub fn build<T: Real>(
        &self,
        tape: &mut Tape<T>,
        input_shape: &[usize],
        outputs: usize,
    ) -> Result<(NodeId, NodeId), NetworkError> {
        let inputs = product(input_shape).ok_or(NetworkError::TooLarge { parameters: usize::MAX })?;
        for (what, size) in [("the size of an input", inputs), ("the number of outputs", outputs)] {
            if size == 0 {
                return Err(NetworkError::Zero { what: what.into() });
            }
        }
        match self {
            Self::Mlp { hidden, activation } => {
                mlp::check(inputs, hidden, outputs)?;
                let x = tape.data(1, inputs);
                Ok((x, mlp::forward(tape, x, hidden, *activation, outputs)))
            }
            &Self::Cnn { width, activation } => {
                let pixels = Pixels::of_shape(input_shape)?;
                cnn::check(pixels, width, outputs)?;
                Ok(cnn::forward(tape, pixels, width, activation, outputs))
            }
            Self::ResNet { width, stages, activation } => {
                let pixels = Pixels::of_shape(input_shape)?;
                resnet::check(pixels, *width, stages, outputs)?;
                Ok(resnet::forward(tape, pixels, *width, stages, *activation, outputs))
            }
            &Self::Vit { patch, dim, depth, mlp, heads } => {
                let (pixels, sizes) =
                    (Pixels::of_shape(input_shape)?, vit::Sizes { patch, dim, depth, mlp, heads });
                vit::check(pixels, sizes, outputs)?;
                Ok(vit::forward(tape, pixels, sizes, outputs))
            }
            &Self::Lstm { layers, embedding, hidden } => {
                let (length, sizes) = (size::length(input_shape)?, [layers, embedding, hidden]);
                lstm::check(sizes, outputs)?;
                let tokens = tape.data(length, 1);
                Ok((tokens, lstm::forward(tape, tokens, sizes, outputs)))
            }
            &Self::Mamba { layers, dim } => {
                let length = size::length(input_shape)?;
                mamba::check([layers, dim], outputs)?;
                let tokens = tape.data(length, 1);
                Ok((tokens, mamba::forward(tape, tokens, [layers, dim], outputs)))
            }
            &Self::Transformer { layers, dim, heads } => {
                let (length, sizes) = (size::length(input_shape)?, [layers, dim, heads]);
                transformer::check(sizes, length, outputs)?;
                let tokens = tape.data(length, 1);
                Ok((tokens, transformer::forward(tape, tokens, sizes, outputs)))
            }
        }
    }

    /// The parameter tensors in flattening order, which is the order of PyTorch's `named_parameters()`.
    ///
    /// # Errors
    /// A size of zero, a network that is too large, or inputs of the wrong kind.
    pub fn parameters(&self, input_shape: &[usize], outputs: usize) -> Result<Vec<Parameter>, NetworkError> {
        let declared = self.declarations(input_shape, outputs)?;
        Ok(declared.into_iter().map(|d| Parameter { name: d.name, shape: d.shape }).collect())
    }

    /// Random initial weights, flat, drawn in f32 from the initial distributions of the architecture. Shape
    /// `[dim]`.
    ///
    /// # Errors
    /// A size of zero, a network that is too large, or inputs of the wrong kind.
    pub fn initialize(
        &self,
        input_shape: &[usize],
        outputs: usize,
        seed: u64,
    ) -> Result<Vec<f32>, NetworkError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let declared = self.declarations(input_shape, outputs)?;
        let mut drawn = Vec::new();
        for declaration in &declared {
            let entries = draw(declaration, &drawn, &mut rng);
            drawn.extend(entries);
        }
        Ok(drawn)
    }

    fn declarations(&self, input_shape: &[usize], outputs: usize) -> Result<Vec<Declaration>, NetworkError> {
        let mut tape = Tape::<f32>::new();
        self.build(&mut tape, input_shape, outputs)?;
        Ok(tape.parameters().to_vec())
    }
}

/// The product of the sizes, or `None` on overflow.
fn product(sizes: &[usize]) -> Option<usize> {
    sizes.iter().try_fold(1_usize, |all, &size| all.checked_mul(size))
}

/// Initial entries of one parameter. `drawn` holds the entries of the earlier parameters.
fn draw(declaration: &Declaration, drawn: &[f32], rng: &mut ChaCha8Rng) -> Vec<f32> {
    fn sample(len: usize, rng: &mut ChaCha8Rng, distribution: &impl Distribution<f32>) -> Vec<f32> {
        (0..len).map(|_| distribution.sample(rng)).collect()
    }
    let len = declaration.slot.len;
    match declaration.initial {
        Initial::Constant(value) => vec![f32::of(value); len],
        Initial::LogColumn => {
            let columns = declaration.shape.last().copied().unwrap_or(1);
            (0..len).map(|i| f32::of(((i % columns) as f64).ln_1p())).collect()
        }
        Initial::Same(slot) => slot.of(drawn).to_vec(),
        Initial::Uniform(bound) => {
            let bound = f32::of(bound);
            let uniform =
                Uniform::new(-bound, bound).expect("bounds of declared parameters are positive and finite");
            sample(len, rng, &uniform)
        }
        Initial::Normal(deviation) => {
            let normal = Normal::new(0.0, f32::of(deviation)).expect("declared deviations are finite");
            sample(len, rng, &normal)
        }
    }
}

/// Flat weights from named arrays, in the order of `parameters`. Other arrays are ignored. Shape `[dim]`.
///
/// # Errors
/// A missing parameter, a wrong shape, or a non-finite entry.
#[expect(clippy::implicit_hasher, reason = "the maps that readers of npz and safetensors return")]
pub fn flatten(parameters: &[Parameter], arrays: &HashMap<String, Tensor>) -> Result<Vec<f64>, NetworkError> {
    let mut flat = Vec::new();
    for Parameter { name, shape } in parameters {
        let Some(array) = arrays.get(name) else {
            let mut found: Vec<_> = arrays.keys().cloned().collect();
            found.sort();
            return Err(NetworkError::Missing { name: name.clone(), shape: shape.clone(), found });
        };
        if array.dims() != shape.as_slice() {
            let found = array.dims().to_vec();
            return Err(NetworkError::Shape { name: name.clone(), found, expected: shape.clone() });
        }
        let failed = |reason: String| NetworkError::Values { name: name.clone(), reason };
        if !matches!(array.dtype(), DType::F16 | DType::BF16 | DType::F32 | DType::F64) {
            return Err(failed(format!("its entries are {:?}, not floating-point numbers", array.dtype())));
        }
        let entries =
            array.to_dtype(DType::F64).and_then(|a| a.flatten_all()).and_then(|a| a.to_vec1::<f64>());
        let entries = entries.map_err(|error| failed(error.to_string()))?;
        if let Some(i) = entries.iter().position(|x| !x.is_finite()) {
            return Err(failed(format!("entry {i} is {}; all must be finite", entries[i])));
        }
        flat.extend(entries);
    }
    Ok(flat)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: Architecture = Architecture::Mlp { hidden: Vec::new(), activation: Activation::Gelu };

    fn mlp(hidden: &[usize]) -> Architecture {
        Architecture::Mlp { hidden: hidden.to_vec(), activation: Activation::Gelu }
    }

    #[test]
    fn parameters_are_named_and_ordered_as_in_pytorch() {
        let parameters = mlp(&[32, 16]).parameters(&[1, 8, 8], 10).unwrap();
        let described: Vec<_> = parameters.iter().map(|p| (p.name.as_str(), p.shape.as_slice())).collect();
        let expected: [(&str, &[usize]); 6] = [
            ("1.weight", &[32, 64]),
            ("1.bias", &[32]),
            ("3.weight", &[16, 32]),
            ("3.bias", &[16]),
            ("5.weight", &[10, 16]),
            ("5.bias", &[10]),
        ];
        assert_eq!(described, expected);
    }

    #[test]
    fn initial_weights_fill_their_range_and_depend_on_the_seed() {
        let w = mlp(&[100]).initialize(&[25], 4, 7).unwrap();
        assert_eq!(w.len(), 25 * 100 + 100 + 100 * 4 + 4);
        let (first, second) = w.split_at(2600);
        let largest = |w: &[f32]| w.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
        assert!((0.195..0.2).contains(&largest(first)), "{}", largest(first));
        assert!((0.095..0.1).contains(&largest(second)), "{}", largest(second));
        assert!((first.iter().sum::<f32>() / 2600.0).abs() < 0.01);
        assert_eq!(w, mlp(&[100]).initialize(&[25], 4, 7).unwrap());
        assert_ne!(w, mlp(&[100]).initialize(&[25], 4, 8).unwrap());
    }

    #[test]
    fn sizes_are_checked() {
        assert!(matches!(mlp(&[3, 0]).parameters(&[4], 2), Err(NetworkError::Zero { .. })));
        assert!(matches!(DIGITS.parameters(&[4], 0), Err(NetworkError::Zero { .. })));
        assert!(matches!(DIGITS.parameters(&[0, 4], 2), Err(NetworkError::Zero { .. })));
        assert!(matches!(mlp(&[1 << 40, 1 << 40]).parameters(&[4], 2), Err(NetworkError::TooLarge { .. })));
        assert!(matches!(DIGITS.parameters(&[1 << 40, 1 << 40], 2), Err(NetworkError::TooLarge { .. })));
    }

    #[test]
    fn sizes_beyond_counting_are_told_in_words() {
        let message = mlp(&[1 << 40, 1 << 40]).parameters(&[4], 2).unwrap_err().to_string();
        assert!(message.contains("5497558138880 parameters or more"), "{message}");
        let message = DIGITS.parameters(&[1 << 40, 1 << 40], 2).unwrap_err().to_string();
        assert!(message.contains("than can be counted") && message.contains("1073741824"), "{message}");
        let transformer = Architecture::Transformer { layers: 1, dim: 2, heads: 1 };
        let message = transformer.parameters(&[1 << 40], 2).unwrap_err().to_string();
        assert!(message.contains("positions") && message.contains("2199023255552 numbers"), "{message}");
    }

    #[test]
    fn flattening_names_what_is_wrong() {
        let parameters = mlp(&[]).parameters(&[2], 1).unwrap();
        let device = candle_core::Device::Cpu;
        let mut arrays = HashMap::new();
        arrays.insert("1.bias".to_owned(), Tensor::new(&[3.0_f32], &device).unwrap());
        arrays.insert("__order__".to_owned(), Tensor::new(&[1_u8], &device).unwrap());
        assert!(
            matches!(flatten(&parameters, &arrays), Err(NetworkError::Missing { name, .. }) if name == "1.weight")
        );
        arrays.insert("1.weight".to_owned(), Tensor::new(&[[1.0_f64], [2.0]], &device).unwrap());
        assert!(
            matches!(flatten(&parameters, &arrays), Err(NetworkError::Shape { expected, .. }) if expected == [1, 2])
        );
        arrays.insert("1.weight".to_owned(), Tensor::new(&[[1.0_f64, f64::NAN]], &device).unwrap());
        let error = flatten(&parameters, &arrays).unwrap_err();
        assert!(error.to_string().contains("entry 1 is NaN"), "{error}");
        arrays.insert("1.weight".to_owned(), Tensor::new(&[[1_u32, 2]], &device).unwrap());
        assert!(matches!(flatten(&parameters, &arrays), Err(NetworkError::Values { .. })));
        arrays.insert("1.weight".to_owned(), Tensor::new(&[[1.0_f64, 2.0]], &device).unwrap());
        assert_eq!(flatten(&parameters, &arrays).unwrap(), [1.0, 2.0, 3.0]);
    }

    #[test]
    fn only_relu_carries_a_warning() {
        assert!(Activation::Relu.warning().is_some());
        assert!([Activation::Gelu, Activation::Silu, Activation::Tanh].iter().all(|a| a.warning().is_none()));
    }
}
