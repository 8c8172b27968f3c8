//! Mamba (Gu and Dao, 2023): gated residual layers, each a causal convolution followed by a selective scan.

use super::error::NetworkError;
use super::size::{check_parameters, check_sizes};
use crate::calculus::Real;
use crate::calculus::function::Function;
use crate::calculus::tape::{Initial, NodeId, Slot, Tape};

/// State dimension of the scan, per column.
const STATES: usize = 16;
/// Kernel size of the causal convolution.
const TAPS: usize = 4;
/// Ratio of inner to outer width.
const EXPANSION: usize = 2;
/// Standard deviation of the initial weights.
const DEVIATION: f64 = 0.02;
/// Standard deviation of the initial weights of the last layer, in units of [`DEVIATION`].
const LAST: f64 = 0.1;

/// Parameter names are those of PyTorch modules `embed`, `mamba.layers.0`, …, `norm_f` and `linear`.
pub(super) fn forward<T: Real>(
    tape: &mut Tape<T>,
    tokens: NodeId,
    [layers, dim]: [usize; 2],
    vocabulary: usize,
) -> NodeId {
    let normal = Initial::Normal(DEVIATION);
    let mut x = tape.embedding("embed.weight", tokens, [vocabulary, dim], normal, 1.0, Vec::new());
    for layer in 0..layers {
        let name = format!("mamba.layers.{layer}");
        let mixer = Mixer::declare(tape, &format!("{name}.mixer"), dim);
        let norm = tape.parameter(format!("{name}.norm.weight"), &[dim], Initial::Constant(1.0));
        let h = tape.rms_norm(x, norm);
        let h = mixer.mix(tape, h);
        x = tape.add(x, 1.0, h);
    }
    let norm = tape.parameter("norm_f.weight", &[dim], Initial::Constant(1.0));
    let h = tape.rms_norm(x, norm);
    let last = tape.parameter("linear.weight", &[vocabulary, dim], Initial::Normal(LAST * DEVIATION));
    tape.affine(h, last, None, vocabulary)
}

/// Parameters of the mixer of one layer.
struct Mixer {
    dim: usize,
    a_log: Slot,
    skip: Slot,
    in_proj: Slot,
    taps: (Slot, Slot),
    x_proj: Slot,
    dt_proj: (Slot, Slot),
    out_proj: Slot,
}

impl Mixer {
    fn declare<T: Real>(tape: &mut Tape<T>, name: &str, dim: usize) -> Self {
        let (inner, rank, normal) = (EXPANSION * dim, rank(dim), Initial::Normal(DEVIATION));
        let tap = Initial::Uniform(1.0 / (TAPS as f64).sqrt());
        let mut declare =
            |what: &str, shape: &[usize], initial| tape.parameter(format!("{name}.{what}"), shape, initial);
        Self {
            dim,
            a_log: declare("A_log", &[inner, STATES], Initial::LogColumn),
            skip: declare("D", &[inner], Initial::Constant(1.0)),
            in_proj: declare("in_proj.weight", &[2 * inner, dim], normal),
            taps: (declare("conv1d.weight", &[inner, 1, TAPS], tap), declare("conv1d.bias", &[inner], tap)),
            x_proj: declare("x_proj.weight", &[rank + 2 * STATES, inner], normal),
            dt_proj: (
                declare("dt_proj.weight", &[inner, rank], normal),
                declare("dt_proj.bias", &[inner], Initial::Constant(0.0)),
            ),
            out_proj: declare("out_proj.weight", &[dim, inner], normal),
        }
    }

    fn mix<T: Real>(&self, tape: &mut Tape<T>, h: NodeId) -> NodeId {
        let (dim, inner, rank) = (self.dim, EXPANSION * self.dim, rank(self.dim));
        let x = tape.affine(h, self.in_proj.part(0, inner * dim), None, inner);
        let z = tape.affine(h, self.in_proj.part(inner * dim, inner * dim), None, inner);
        let x = tape.causal_convolution(x, self.taps.0, self.taps.1, TAPS);
        let x = tape.map(Function::Silu, x);
        let delta = tape.affine(x, self.x_proj.part(0, rank * inner), None, rank);
        let bc = tape.affine(x, self.x_proj.part(rank * inner, 2 * STATES * inner), None, 2 * STATES);
        let delta = tape.affine(delta, self.dt_proj.0, Some(self.dt_proj.1), inner);
        let delta = tape.map(Function::Softplus, delta);
        let y = tape.scan(x, delta, bc, self.a_log, self.skip);
        let gate = tape.map(Function::Silu, z);
        let y = tape.product(y, gate);
        tape.affine(y, self.out_proj, None, dim)
    }
}

/// Rank of the projection that yields the step sizes of the scan.
fn rank(dim: usize) -> usize {
    dim.div_ceil(16)
}

/// Rejects zero and oversized dimensions before any allocation.
pub(super) fn check([layers, dim]: [usize; 2], vocabulary: usize) -> Result<(), NetworkError> {
    check_sizes(&[("layers", layers), ("dim", dim)])?;
    let of_column = STATES + 1 + TAPS + 1 + 2 * STATES + 1; // A_log, D, conv1d, B and C, bias of dt_proj
    check_parameters(&[
        &[vocabulary, dim],
        &[layers, 3 * EXPANSION, dim, dim],
        &[layers, EXPANSION, dim, of_column],
        &[layers, 2 * EXPANSION, dim, rank(dim)],
        &[layers, dim],
        &[dim],
        &[vocabulary, dim],
    ])
}
