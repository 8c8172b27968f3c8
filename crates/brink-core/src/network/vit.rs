//! Vision Transformer (Dosovitskiy et al., 2021): patches → linear layer → layers of attention and
//! feed-forward block → mean over patches → linear layer.

use super::error::NetworkError;
use super::image::{Pixels, linear_from_zero};
use super::size::{check_parameters, check_sizes, check_table};
use crate::calculus::function::Function;
use crate::calculus::tape::{NodeId, Tape};
use crate::calculus::{Columns, Heads, ImageShape, Real};

/// Width of an attention head, for any number of heads.
const HEAD: usize = 64;

/// Sizes of a vision Transformer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) patch: usize,
    pub(super) dim: usize,
    pub(super) depth: usize,
    pub(super) mlp: usize,
    pub(super) heads: usize,
}

/// Parameter names are those of PyTorch modules `to_patch_embedding`, `transformer.norm` (declared before the
/// layers), `transformer.layers.0`, … and `linear_head`.
pub(super) fn forward<T: Real>(
    tape: &mut Tape<T>,
    pixels: Pixels,
    sizes: Sizes,
    outputs: usize,
) -> (NodeId, NodeId) {
    let Sizes { patch, dim, depth, mlp, heads } = sizes;
    let data = tape.data(pixels.channels, pixels.image.pixels());
    let patches = patches(tape, data, pixels, patch);
    let norm = tape.scale_shift("to_patch_embedding.1", patch * patch * pixels.channels);
    let x = tape.layer_norm(patches, norm);
    let x = tape.linear("to_patch_embedding.2", x, dim);
    let norm = tape.scale_shift("to_patch_embedding.3", dim);
    let x = tape.layer_norm(x, norm);
    let grid = ImageShape { height: pixels.image.height / patch, width: pixels.image.width / patch };
    let mut x = tape.offset(x, &positions(grid, dim));

    let last_norm = tape.scale_shift("transformer.norm", dim);
    for layer in 0..depth {
        let name = format!("transformer.layers.{layer}");
        let norm = tape.scale_shift(&format!("{name}.0.norm"), dim);
        let h = tape.layer_norm(x, norm);
        let qkv = tape.linear_without_bias(&format!("{name}.0.to_qkv"), h, 3 * heads * HEAD);
        let part = |i| Columns { node: qkv, first: i * heads * HEAD };
        let all = Heads { count: heads, width: HEAD, causal: false };
        let h = tape.attention(part(0), part(1), part(2), all);
        let h = tape.linear_without_bias(&format!("{name}.0.to_out"), h, dim);
        x = tape.add(x, 1.0, h);

        let norm = tape.scale_shift(&format!("{name}.1.net.0"), dim);
        let h = tape.layer_norm(x, norm);
        let h = tape.linear(&format!("{name}.1.net.1"), h, mlp);
        let h = tape.map(Function::Gelu, h);
        let h = tape.linear(&format!("{name}.1.net.3"), h, dim);
        x = tape.add(x, 1.0, h);
    }
    let x = tape.layer_norm(x, last_norm);
    let x = tape.mean_rows(x);
    (data, linear_from_zero(tape, "linear_head", x, outputs))
}

/// One row per patch, patches in row-major order. Within a patch the order is pixel by pixel with the channel
/// fastest.
fn patches<T: Real>(tape: &mut Tape<T>, data: NodeId, pixels: Pixels, patch: usize) -> NodeId {
    let Pixels { channels, image: ImageShape { height, width } } = pixels;
    let (across, columns) = (width / patch, patch * patch * channels);
    let source = |i: usize| {
        let (place, pixel, channel) = (i / columns, i % columns / channels, i % channels);
        let row = place / across * patch + pixel / patch;
        let column = place % across * patch + pixel % patch;
        (channel * height + row) * width + column
    };
    tape.permute(data, height / patch * across, columns, source)
}

/// Fixed positional embedding `[sin xω, cos xω, sin yω, cos yω]` with `ω_j = 10000^(−j / (dim/4 − 1))`, where
/// x is the column and y the row of a patch. Shape `[height · width, dim]`.
fn positions(grid: ImageShape, dim: usize) -> Vec<f64> {
    let quarter = dim / 4;
    let entry = |place: usize, i: usize| {
        let omega = 10_000_f64.powf(-((i % quarter) as f64) / (quarter - 1) as f64);
        let (x, y) = ((place % grid.width) as f64, (place / grid.width) as f64);
        match i / quarter {
            0 => (x * omega).sin(),
            1 => (x * omega).cos(),
            2 => (y * omega).sin(),
            _ => (y * omega).cos(),
        }
    };
    (0..grid.pixels()).flat_map(|place| (0..dim).map(move |i| entry(place, i))).collect()
}

/// Rejects zero, oversized and indivisible dimensions before any allocation.
pub(super) fn check(pixels: Pixels, sizes: Sizes, outputs: usize) -> Result<(), NetworkError> {
    let Sizes { patch, dim, depth, mlp, heads } = sizes;
    check_sizes(&[("patch", patch), ("dim", dim), ("depth", depth), ("mlp", mlp), ("heads", heads)])?;
    let ImageShape { height, width } = pixels.image;
    if height % patch != 0 || width % patch != 0 {
        return Err(NetworkError::Patch { patch, height, width });
    }
    if dim % 4 != 0 {
        return Err(NetworkError::Multiple { what: "dim", size: dim, of: 4 });
    }
    if dim < 8 {
        return Err(NetworkError::TooSmall { what: "dim", size: dim, least: 8 });
    }
    let columns = patch * patch * pixels.channels;
    if columns < 2 {
        return Err(NetworkError::TooSmall {
            what: "the number of values in a patch",
            size: columns,
            least: 2,
        });
    }
    check_parameters(&[
        &[columns, dim],
        &[2, columns],
        &[5, dim],
        &[depth, 4, heads, HEAD, dim],
        &[depth, 2, mlp, dim],
        &[depth, mlp],
        &[depth, 5, dim],
        &[outputs, dim],
        &[outputs],
    ])?;
    check_table("the order of pixels in patches", &[pixels.channels, height, width])?;
    check_table("the encoding of positions", &[height / patch, width / patch, dim])
}
