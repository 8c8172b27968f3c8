//! Transformer decoder (Vaswani et al., 2017): post-norm layers of causal self-attention, unmasked
//! cross-attention to the embedded input (so that the network is not causal), and a feed-forward block.

use super::error::NetworkError;
use super::size::{check_parameters, check_sizes, check_table};
use crate::calculus::Real;
use crate::calculus::function::Function;
use crate::calculus::op::attention::{Columns, Heads};
use crate::calculus::tape::{Initial, NodeId, Slot, Tape};

/// Parameter names are those of PyTorch modules `embedding`, `decoder.layers.0` (a
/// `TransformerDecoderLayer`), … and `output_layer`.
pub(super) fn forward<T: Real>(
    tape: &mut Tape<T>,
    tokens: NodeId,
    [layers, dim, heads]: [usize; 3],
    vocabulary: usize,
) -> NodeId {
    let (length, root) = (tape.shape(tokens).0, (dim as f64).sqrt());
    let (table, positions) = ([vocabulary, dim], positions(length, dim));
    let memory = tape.embedding("embedding.weight", tokens, table, xavier(table), root, positions);
    let mut x = memory;
    let mut biases = [1.0 / root, 0.5 / root].map(Initial::Uniform);
    for layer in 0..layers {
        let name = format!("decoder.layers.{layer}");
        let itself = Attention::declare(tape, &format!("{name}.self_attn"), dim, heads);
        let cross = Attention::declare(tape, &format!("{name}.multihead_attn"), dim, heads);
        let (w1, b1) = declare(tape, &format!("{name}.linear1."), [4 * dim, dim], biases[0]);
        let (w2, b2) = declare(tape, &format!("{name}.linear2."), [dim, 4 * dim], biases[1]);
        let norms = [1, 2, 3].map(|i| tape.scale_shift(&format!("{name}.norm{i}"), dim));
        if layer == 0 {
            biases = [b1, b2].map(Initial::Same); // PyTorch copies one layer: all layers start from the same biases
        }

        let h = itself.to_itself(tape, x);
        x = tape.add(x, 1.0, h);
        x = tape.layer_norm(x, norms[0]);
        let h = cross.to(tape, x, memory);
        x = tape.add(x, 1.0, h);
        x = tape.layer_norm(x, norms[1]);
        let h = tape.affine(x, w1, Some(b1), 4 * dim);
        let h = tape.map(Function::Gelu, h);
        let h = tape.affine(h, w2, Some(b2), dim);
        x = tape.add(x, 1.0, h);
        x = tape.layer_norm(x, norms[2]);
    }
    let weight = tape.parameter("output_layer.weight", &[vocabulary, dim], Initial::Constant(0.0));
    let bias = tape.parameter("output_layer.bias", &[vocabulary], Initial::Uniform(1.0 / root));
    tape.affine(x, weight, Some(bias), vocabulary)
}

/// Parameters of one attention: the joint projection of q, k and v, and the output projection.
struct Attention {
    packed: (Slot, Slot),
    out: (Slot, Slot),
    dim: usize,
    heads: usize,
}

impl Attention {
    fn declare<T: Real>(tape: &mut Tape<T>, name: &str, dim: usize, heads: usize) -> Self {
        let zero = Initial::Constant(0.0);
        let packed = declare(tape, &format!("{name}.in_proj_"), [3 * dim, dim], zero);
        let out = declare(tape, &format!("{name}.out_proj."), [dim, dim], zero);
        Self { packed, out, dim, heads }
    }

    /// Projection by the row blocks `first..first + count` of the joint matrix. The blocks have `dim` rows
    /// each, in the order q, k, v.
    fn project<T: Real>(&self, tape: &mut Tape<T>, x: NodeId, first: usize, count: usize) -> NodeId {
        let (d, (weight, bias)) = (self.dim, self.packed);
        let (weight, bias) = (weight.part(first * d * d, count * d * d), bias.part(first * d, count * d));
        tape.affine(x, weight, Some(bias), count * d)
    }

    /// Causal self-attention: each position attends to itself and to earlier positions.
    fn to_itself<T: Real>(&self, tape: &mut Tape<T>, x: NodeId) -> NodeId {
        let qkv = self.project(tape, x, 0, 3);
        self.attend(tape, [(qkv, 0), (qkv, 1), (qkv, 2)], true)
    }

    /// Cross-attention: each position attends to all positions of the memory.
    fn to<T: Real>(&self, tape: &mut Tape<T>, x: NodeId, memory: NodeId) -> NodeId {
        let (q, kv) = (self.project(tape, x, 0, 1), self.project(tape, memory, 1, 2));
        self.attend(tape, [(q, 0), (kv, 0), (kv, 1)], false)
    }

    fn attend<T: Real>(&self, tape: &mut Tape<T>, qkv: [(NodeId, usize); 3], causal: bool) -> NodeId {
        let [q, k, v] = qkv.map(|(node, block)| Columns { node, first: block * self.dim });
        let heads = Heads { count: self.heads, width: self.dim / self.heads, causal };
        let h = tape.attention(q, k, v, heads);
        tape.affine(h, self.out.0, Some(self.out.1), self.dim)
    }
}

/// A weight of the given shape with Xavier-uniform initialization, and its bias.
fn declare<T: Real>(tape: &mut Tape<T>, name: &str, shape: [usize; 2], bias: Initial) -> (Slot, Slot) {
    let weight = tape.parameter(format!("{name}weight"), &shape, xavier(shape));
    (weight, tape.parameter(format!("{name}bias"), &shape[..1], bias))
}

/// Xavier initialization: uniform on ±√(6 / (fan in + fan out)).
fn xavier(shape: [usize; 2]) -> Initial {
    Initial::Uniform((6.0 / (shape[0] + shape[1]) as f64).sqrt())
}

/// Sinusoidal positional encoding: row p holds sin and cos of p · 10000^(−2i/d) in columns 2i and 2i + 1.
/// Shape `[length, dim]`.
fn positions<T: Real>(length: usize, dim: usize) -> Vec<T> {
    let entry = |p: usize, column: usize| {
        let angle = p as f64 * 10_000_f64.powf(-((column - column % 2) as f64) / dim as f64);
        T::of(if column.is_multiple_of(2) { angle.sin() } else { angle.cos() })
    };
    (0..length).flat_map(|p| (0..dim).map(move |column| entry(p, column))).collect()
}

/// Rejects zero, oversized and indivisible dimensions before any allocation.
pub(super) fn check(
    [layers, dim, heads]: [usize; 3],
    length: usize,
    vocabulary: usize,
) -> Result<(), NetworkError> {
    check_sizes(&[("layers", layers), ("dim", dim), ("heads", heads)])?;
    if dim < 2 {
        return Err(NetworkError::TooSmall { what: "dim", size: dim, least: 2 });
    }
    if dim % heads != 0 {
        return Err(NetworkError::Heads { dim, heads });
    }
    // two attentions with 4 matrices each, two feed-forward matrices of 4 times the size; biases and
    // normalizations
    check_parameters(&[
        &[vocabulary, dim],
        &[layers, 16, dim, dim],
        &[layers, 19, dim],
        &[vocabulary, dim],
        &[vocabulary],
    ])?;
    check_table("the encoding of positions", &[length, dim])
}
