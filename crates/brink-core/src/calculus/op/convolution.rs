//! Convolution of images with 3 × 3 filters.

use super::{Adjoints, Context, Gradient, Output, Own, Planes, Primitive};
use crate::calculus::kernel::buffers::Buffer;
use crate::calculus::kernel::gemm::multiply;
use crate::calculus::kernel::matrix::Matrix;
use crate::calculus::kernel::patches::{self, ImageShape, Neighbourhoods};
use crate::calculus::real::Real;
use crate::calculus::ring::RingProduct;
use crate::calculus::tape::{NodeId, Slot, Tape};

/// Number of entries of neighbourhoods that are laid out at a time; they fit in the L2 cache.
const BLOCK: usize = 1 << 17;

/// `z = Σ_taps x(pixel + tap) W[tap]ᵀ` with zero padding; W `[outputs, inputs, 3, 3]`.
#[derive(Clone, Copy, Debug)]
pub struct Convolution {
    x: NodeId,
    weight: Slot,
    of: Neighbourhoods,
    outputs: usize,
}

impl<T: Real> Tape<T> {
    /// A 3 × 3 convolution with padding 1, without bias, around every `stride`-th pixel. Maps
    /// `[pixels, channels]` to `[fewer pixels, outputs]`; the weight has shape `[outputs, channels, 3, 3]`.
    ///
    /// # Panics
    /// If the number of rows is not the number of pixels of the image, or the slot has a different length.
    pub fn convolution(
        &mut self,
        x: NodeId,
        image: ImageShape,
        weight: Slot,
        stride: usize,
        outputs: usize,
    ) -> (NodeId, ImageShape) {
        let (rows, channels) = self.shape(x);
        assert_eq!(rows, image.pixels(), "a row a pixel");
        assert_eq!(weight.len, 9 * channels * outputs, "the weight is [{outputs}, {channels}, 3, 3]");
        let of = Neighbourhoods { image, stride, channels };
        let degree = (self.degree(x) + 1).min(2);
        let op = Convolution { x, weight, of, outputs };
        (self.push(Some(Box::new(op)), of.centres().pixels(), outputs, degree), of.centres())
    }
}

/// `[outputs, channels, 9]` to `[outputs, 9, channels]`.
fn taps_first<T: Real>(from: &[T], channels: usize, to: &mut [T]) {
    for (from, to) in from.chunks_exact(9 * channels).zip(to.chunks_exact_mut(9 * channels)) {
        for (channel, from) in from.as_chunks::<9>().0.iter().enumerate() {
            for (tap, &from) in from.iter().enumerate() {
                to[tap * channels + channel] = from;
            }
        }
    }
}

/// Adds `[outputs, 9, channels]` to (or, without `accumulate`, writes it as) `[outputs, channels, 9]`.
fn channels_first<T: Real>(from: &[T], channels: usize, to: &mut [T], accumulate: bool) {
    for (from, to) in from.chunks_exact(9 * channels).zip(to.chunks_exact_mut(9 * channels)) {
        for (channel, to) in to.as_chunks_mut::<9>().0.iter_mut().enumerate() {
            for (tap, to) in to.iter_mut().enumerate() {
                let from = from[tap * channels + channel];
                *to = if accumulate { *to + from } else { from };
            }
        }
    }
}

impl Convolution {
    /// The planes of the weights, with the taps first.
    fn weights<'a, T: Real>(&self, context: &Context<'a, T>) -> Vec<Buffer<'a, T>> {
        let planes = match context.phase {
            Planes::Primal => 1,
            Planes::Tangent => context.ring.planes_up_to(1),
        };
        let plane = |c| {
            let from = context.parameter(self.weight, c)?;
            let mut to = context.buffers.take(from.len());
            taps_first(from, self.of.channels, &mut to);
            Some(to)
        };
        (0..planes).map_while(plane).collect()
    }

    /// Number of samples whose neighbourhoods are laid out at a time.
    fn block(&self) -> usize {
        (BLOCK / (self.of.centres().pixels() * self.of.len())).max(1)
    }

    /// The rows of the block in a plane of x.
    fn rows<'a, T: Real>(
        &self,
        context: &Context<'a, T>,
        c: usize,
        samples: &std::ops::Range<usize>,
    ) -> Option<&'a [T]> {
        let size = self.of.image.pixels() * self.of.channels;
        Some(&context.plane(self.x, c)?[samples.start * size..samples.end * size])
    }
}

/// Splits `0..samples` into ranges of at most `block`.
fn blocks(samples: usize, block: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..samples).step_by(block).map(move |start| start..(start + block).min(samples))
}

impl<T: Real> Primitive<T> for Convolution {
    fn forward(&self, context: &Context<'_, T>, node: NodeId, out: &mut Output<'_, T>) {
        let (pixels, columns, outputs) = (self.of.centres().pixels(), self.of.len(), self.outputs);
        let (len, size) = (context.len(node), pixels * outputs);
        let first = usize::from(context.phase == Planes::Tangent);
        let weights = self.weights(context);
        let mut patches = context.buffers.take(self.block().min(context.samples) * pixels * columns);
        let mut written = vec![false; context.ring.planes()];
        for samples in blocks(context.samples, self.block()) {
            let rows = samples.len() * pixels;
            let patches = &mut patches[..rows * columns];
            written.fill(false);
            for a in 0..context.ring.planes() {
                let products = context.ring.products().iter();
                let mut products =
                    products.filter(|p| p.a == a && p.c >= first && p.b < weights.len()).peekable();
                let Some(x) = self.rows(context, a, &samples).filter(|_| products.peek().is_some()) else {
                    continue;
                };
                patches::gather(self.of, x, patches);
                for &RingProduct { c, b, .. } in products {
                    let z = &mut out.planes[(c - first) * len..][samples.start * size..samples.end * size];
                    let w = Matrix::new(&weights[b], outputs, columns).transposed();
                    multiply(z, Matrix::new(patches, rows, columns), w, written[c], context.parallel);
                    written[c] = true;
                }
            }
            for (c, z) in out.planes.chunks_exact_mut(len.max(1)).enumerate() {
                if !written[first + c] {
                    z[samples.start * size..samples.end * size].fill(T::zero());
                }
            }
        }
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        own: Own<'_, T>,
        adjoints: &mut Adjoints<'_, T>,
        gradient: &mut Gradient<'_, T>,
    ) {
        let (pixels, columns, outputs) = (self.of.centres().pixels(), self.of.len(), self.outputs);
        let first = usize::from(context.phase == Planes::Tangent);
        let (ring, wanted, accumulated) = (context.ring, gradient.wanted(), gradient.accumulate);
        let weights = self.weights(context);
        let mut patches = context.buffers.take(self.block().min(context.samples) * pixels * columns);
        let mut sums = context.buffers.zeros(wanted.len() * self.weight.len);
        let image = self.of.image.pixels() * self.of.channels;
        let mut x_bar = context.is_variable(self.x).then(|| {
            let (adjoint, accumulate) = adjoints.target(self.x, context.len(self.x) * context.stacked());
            if !accumulate {
                adjoint.fill(T::zero());
            }
            adjoint
        });
        for samples in blocks(context.samples, self.block()) {
            let rows = samples.len() * pixels;
            let patches = &mut patches[..rows * columns];
            let z_bar = |c: usize| {
                let z = &own.plane(c)[samples.start * pixels * outputs..samples.end * pixels * outputs];
                Matrix::new(z, rows, outputs)
            };
            for b in 0..ring.planes() {
                let products = ring.products().iter();
                let mut products = products.filter(|p| p.b == b && wanted.contains(&p.c)).peekable();
                let Some(x) = self.rows(context, b, &samples).filter(|_| products.peek().is_some()) else {
                    continue;
                };
                patches::gather(self.of, x, patches);
                for &RingProduct { c, a, .. } in products {
                    let sum = &mut sums[(c - wanted.start) * self.weight.len..][..self.weight.len];
                    let x = Matrix::new(patches, rows, columns);
                    multiply(sum, z_bar(a).transposed(), x, true, context.parallel);
                }
            }
            let Some(x_bar) = &mut x_bar else { continue };
            for c in first..ring.planes() {
                let mut accumulate = false;
                for &RingProduct { a, b, .. } in ring.products().iter().filter(|p| p.c == c) {
                    if let Some(w) = weights.get(b) {
                        let w = Matrix::new(w, outputs, columns);
                        multiply(patches, z_bar(a), w, accumulate, context.parallel);
                        accumulate = true;
                    }
                }
                let x = &mut x_bar[(c - first) * context.len(self.x)..];
                patches::scatter_add(self.of, patches, &mut x[samples.start * image..samples.end * image]);
            }
        }
        for (c, sum) in wanted.zip(sums.chunks_exact(self.weight.len)) {
            channels_first(sum, self.of.channels, gradient.plane(self.weight, c), accumulated);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::calculus::function::Function;
    use crate::calculus::kernel::patches::ImageShape;
    use crate::calculus::op::finite_difference::{check, numbers};
    use crate::calculus::tape::{Initial, Tape};

    /// On data, on a linear value and on a value of higher degree; strides 1 and 2, on images with even and
    /// odd sides.
    #[test]
    fn derivatives_match_finite_differences() {
        let mut tape = Tape::new();
        let image = ImageShape { height: 4, width: 5 };
        let x = tape.data(image.pixels(), 2);
        let weight = |tape: &mut Tape<f64>, shape: [usize; 2]| {
            tape.parameter("w", &[shape[0], shape[1], 3, 3], Initial::Constant(0.0))
        };
        let w = weight(&mut tape, [3, 2]);
        let (h, image) = tape.convolution(x, image, w, 1, 3);
        let w = weight(&mut tape, [2, 3]);
        let (h, image) = tape.convolution(h, image, w, 2, 2);
        assert_eq!(image, ImageShape { height: 2, width: 3 });
        let h = tape.map(Function::Tanh, h);
        let w = weight(&mut tape, [2, 2]);
        let (g, _) = tape.convolution(h, image, w, 1, 2);
        let h = tape.add(g, 0.5, h);
        let w = weight(&mut tape, [1, 2]);
        let (f, _) = tape.convolution(h, image, w, 2, 1);
        let (y, mask) = (tape.data(2, 1), tape.data(2, 1));
        tape.mean_squared_error(f, y, mask, 0.5);
        check(tape, &[(x, numbers(80)), (y, numbers(4)), (mask, vec![1.0; 4])], 2);
    }
}
