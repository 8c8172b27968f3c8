//! Residual network with group normalization (He et al., 2016; Wu and He, 2018): convolution → stages of
//! residual blocks → average pooling over 4 × 4 → linear layer.

use super::Activation;
use super::error::NetworkError;
use super::image::{Pixels, linear_from_zero};
use super::size::{check_parameters, check_sizes, check_table};
use crate::calculus::tape::{Initial, NodeId, Tape};
use crate::calculus::{ImageShape, Real, ScaleShift};

/// Settings shared by all residual blocks.
#[derive(Clone, Copy)]
struct Blocks {
    /// Number of groups of each normalization.
    groups: usize,
    /// Factor of the residual branch: one over the square root of the number of blocks.
    scale: f64,
    activation: Activation,
}

/// Every stage except the first halves the image and doubles the channels. Parameter names are those of
/// PyTorch modules `in_proj`, `stages.0.0`, … and `out_proj`.
pub(super) fn forward<T: Real>(
    tape: &mut Tape<T>,
    pixels: Pixels,
    width: usize,
    stages: &[usize],
    activation: Activation,
    outputs: usize,
) -> (NodeId, NodeId) {
    let scale = 1.0 / (stages.iter().sum::<usize>() as f64).sqrt();
    let blocks = Blocks { groups: width, scale, activation };
    let (data, x) = pixels.data(tape);
    let (x, mut image) = convolution(tape, "in_proj.0.weight", (x, pixels.image), 1, width);
    let mut x = tape.map(activation.function(), x);
    for (stage, &count) in stages.iter().enumerate() {
        for block in 0..count {
            let stride = if stage > 0 && block == 0 { 2 } else { 1 };
            (x, image) = residual(
                tape,
                &format!("stages.{stage}.{block}"),
                (x, image),
                stride,
                width << stage,
                blocks,
            );
        }
    }
    let (x, _) = tape.average_pool(x, image, 4);
    let x = tape.flatten_columns(x);
    (data, linear_from_zero(tape, "out_proj", x, outputs))
}

/// `shortcut(x) + scale · norm2(conv2(act(norm1(conv1(x)))))`. The scale γ of the second normalization is
/// initially 0, so that a block starts as its shortcut.
fn residual<T: Real>(
    tape: &mut Tape<T>,
    name: &str,
    x: (NodeId, ImageShape),
    stride: usize,
    channels: usize,
    blocks: Blocks,
) -> (NodeId, ImageShape) {
    let (h, image) = convolution(tape, &format!("{name}.conv1.weight"), x, stride, channels);
    let norm = scale_shift(tape, &format!("{name}.bn1"), channels, 1.0);
    let h = tape.group_norm(h, norm, blocks.groups);
    let h = tape.map(blocks.activation.function(), h);
    let (h, _) = convolution(tape, &format!("{name}.conv2.weight"), (h, image), 1, channels);
    let norm = scale_shift(tape, &format!("{name}.bn2"), channels, 0.0);
    let h = tape.group_norm(h, norm, blocks.groups);
    let shortcut = if stride == 1 {
        x.0
    } else {
        let (s, _) = convolution(tape, &format!("{name}.shortcut.0.weight"), x, stride, channels);
        let norm = scale_shift(tape, &format!("{name}.shortcut.1"), channels, 1.0);
        tape.group_norm(s, norm, blocks.groups)
    };
    (tape.add(shortcut, blocks.scale, h), image)
}

fn convolution<T: Real>(
    tape: &mut Tape<T>,
    name: &str,
    (x, image): (NodeId, ImageShape),
    stride: usize,
    filters: usize,
) -> (NodeId, ImageShape) {
    let (_, channels) = tape.shape(x);
    let initial = Initial::Normal((2.0 / (9 * filters) as f64).sqrt());
    let weight = tape.parameter(name, &[filters, channels, 3, 3], initial);
    tape.convolution(x, image, weight, stride, filters)
}

fn scale_shift<T: Real>(tape: &mut Tape<T>, name: &str, channels: usize, gamma: f64) -> ScaleShift {
    ScaleShift {
        gamma: tape.parameter(format!("{name}.weight"), &[channels], Initial::Constant(gamma)),
        beta: tape.parameter(format!("{name}.bias"), &[channels], Initial::Constant(0.0)),
    }
}

/// Rejects zero and oversized dimensions before any allocation.
pub(super) fn check(
    pixels: Pixels,
    width: usize,
    stages: &[usize],
    outputs: usize,
) -> Result<(), NetworkError> {
    check_sizes(&[("width", width), ("the number of stages", stages.len())])?;
    if let Some(stage) = stages.iter().position(|&blocks| blocks == 0) {
        return Err(NetworkError::Zero { what: format!("the number of blocks of stage {stage}") });
    }
    let too_large = NetworkError::TooLarge { parameters: usize::MAX };
    let halvings = u32::try_from(stages.len() - 1).ok().and_then(|stages| 1_usize.checked_shl(stages));
    let halvings = halvings.filter(|&times| times.checked_mul(width).is_some()).ok_or(too_large)?;
    // a stride of two halves a side, rounding up
    pixels.check_sides(
        halvings.saturating_mul(3).saturating_add(1),
        &format!("{} stages and a pooling over 4 × 4", stages.len()),
    )?;
    let mut shapes = vec![[width, pixels.channels, 9, 1]];
    for (stage, &blocks) in stages.iter().enumerate() {
        let channels = width << stage;
        shapes.push([blocks, channels, channels, 18]);
        shapes.push([4, blocks, channels, 1]);
    }
    let last = width << (stages.len() - 1);
    let side = |pixels: usize| pixels.div_ceil(halvings) / 4;
    shapes.push([outputs, last, side(pixels.image.height), side(pixels.image.width)]);
    check_parameters(&shapes.iter().map(|shape| &shape[..]).collect::<Vec<_>>())?;
    check_table("an image's pixels", &[pixels.channels, pixels.image.pixels()])
}
