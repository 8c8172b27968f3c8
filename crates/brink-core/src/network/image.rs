//! Shared parts of image networks: the shape of an input and its representation on the tape.

use super::error::NetworkError;
use crate::calculus::tape::{Initial, NodeId, Tape};
use crate::calculus::{ImageShape, Real};

/// Shape of an input: `[channels, height, width]`, row-major.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pixels {
    pub(super) channels: usize,
    pub(super) image: ImageShape,
}

impl Pixels {
    /// Reads `[channels, height, width]`, or `[height, width]` for one channel.
    pub(super) fn of_shape(input_shape: &[usize]) -> Result<Self, NetworkError> {
        match *input_shape {
            [height, width] => Ok(Self { channels: 1, image: ImageShape { height, width } }),
            [channels, height, width] => Ok(Self { channels, image: ImageShape { height, width } }),
            _ => Err(NetworkError::NoImage { found: input_shape.to_vec() }),
        }
    }

    /// The input as a data node, and as a value with one row per pixel and one column per channel.
    pub(super) fn data<T: Real>(self, tape: &mut Tape<T>) -> (NodeId, NodeId) {
        let data = tape.data(self.channels, self.image.pixels());
        (data, tape.transpose(data))
    }

    /// Rejects images with a side shorter than `least` pixels.
    pub(super) fn check_sides(self, least: usize, reason: &str) -> Result<(), NetworkError> {
        let ImageShape { height, width } = self.image;
        if height.min(width) >= least {
            return Ok(());
        }
        Err(NetworkError::SmallImage { height, width, least, reason: reason.into() })
    }
}

/// A linear layer with zero initialization.
pub(super) fn linear_from_zero<T: Real>(tape: &mut Tape<T>, name: &str, x: NodeId, outputs: usize) -> NodeId {
    let (_, inputs) = tape.shape(x);
    let weight = tape.parameter(format!("{name}.weight"), &[outputs, inputs], Initial::Constant(0.0));
    let bias = tape.parameter(format!("{name}.bias"), &[outputs], Initial::Constant(0.0));
    tape.affine(x, weight, Some(bias), outputs)
}
