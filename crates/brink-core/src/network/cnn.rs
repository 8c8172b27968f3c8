//! Convolutional network: (3 × 3 convolution → activation → 2 × 2 average pooling)² → linear
//! layer → activation → linear layer.

use super::Activation;
use super::error::NetworkError;
use super::image::Pixels;
use super::size::{check_parameters, check_sizes, check_table};
use crate::calculus::Real;
use crate::calculus::tape::{Initial, NodeId, Tape};

/// Parameter names are those of a PyTorch
/// `Sequential(Conv2d, act, AvgPool2d, Conv2d, act, AvgPool2d, Flatten, Linear, act, Linear)`: 0, 3, 7, 9.
pub(super) fn forward<T: Real>(
    tape: &mut Tape<T>,
    pixels: Pixels,
    width: usize,
    activation: Activation,
    outputs: usize,
) -> (NodeId, NodeId) {
    let (data, mut h) = pixels.data(tape);
    let (mut image, mut channels) = (pixels.image, pixels.channels);
    for (name, filters) in [("0.weight", width), ("3.weight", 2 * width)] {
        let initial = Initial::Uniform(1.0 / ((9 * channels) as f64).sqrt());
        let weight = tape.parameter(name, &[filters, channels, 3, 3], initial);
        (h, image) = tape.convolution(h, image, weight, 1, filters);
        h = tape.map(activation.function(), h);
        (h, image) = tape.average_pool(h, image, 2);
        channels = filters;
    }
    let h = tape.flatten_columns(h);
    let h = tape.linear_without_bias("7", h, 4 * width);
    let h = tape.map(activation.function(), h);
    (data, tape.linear("9", h, outputs))
}

/// Rejects zero and oversized dimensions before any allocation.
pub(super) fn check(pixels: Pixels, width: usize, outputs: usize) -> Result<(), NetworkError> {
    check_sizes(&[("width", width)])?;
    pixels.check_sides(4, "two poolings that halve its sides")?;
    check_parameters(&[
        &[width, pixels.channels, 9],
        &[2, width, width, 9],
        &[4, width, 2, width, pixels.image.pixels() / 16],
        &[outputs, 4, width],
        &[outputs],
    ])?;
    check_table("an image's pixels", &[pixels.channels, pixels.image.pixels()])
}
