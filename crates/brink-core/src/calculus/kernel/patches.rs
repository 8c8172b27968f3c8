//! The 3 × 3 neighbourhoods of image pixels as the rows of a matrix (im2col), and the transposed operation.
//!
//! An image has shape `[height · width, channels]` and its neighbourhoods have shape
//! `[pixels, 9 · channels]`, tap by tap in reading order. Pixels outside the image are zero.

use super::{dispatch, row};
use crate::calculus::real::Real;

/// Height and width of images. The rows of a value are the pixels of the image in row-major order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageShape {
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
}

impl ImageShape {
    /// Number of pixels.
    pub fn pixels(self) -> usize {
        self.height * self.width
    }
}

/// The neighbourhoods of every `stride`-th pixel of images with the given number of channels.
#[derive(Clone, Copy, Debug)]
pub struct Neighbourhoods {
    /// Shape of the images.
    pub image: ImageShape,
    /// Distance between neighbouring centres in pixels.
    pub stride: usize,
    /// Number of channels.
    pub channels: usize,
}

impl Neighbourhoods {
    /// Shape of the image formed by the centres.
    pub fn centres(self) -> ImageShape {
        let ImageShape { height, width } = self.image;
        ImageShape { height: height.div_ceil(self.stride), width: width.div_ceil(self.stride) }
    }

    /// Number of entries of a neighbourhood.
    pub fn len(self) -> usize {
        9 * self.channels
    }

    /// Calls `each` for the three rows of every neighbourhood with the start of the row in the
    /// neighbourhoods, the number of its entries to the left of the image, and the range of image entries
    /// that follow.
    #[inline(always)]
    fn each(self, mut each: impl FnMut(usize, usize, std::ops::Range<usize>)) {
        let Self { image: ImageShape { height, width }, stride, channels } = self;
        let centres = self.centres();
        for i in 0..centres.height {
            for j in 0..centres.width {
                let column = j * stride;
                let (left, right) = (column.saturating_sub(1), (column + 2).min(width));
                let skipped = if column == 0 { channels } else { 0 };
                for di in 0..3 {
                    let at = ((i * centres.width + j) * 3 + di) * 3 * channels;
                    let range = match (i * stride + di).checked_sub(1) {
                        Some(r) if r < height => {
                            (r * width + left) * channels..(r * width + right) * channels
                        }
                        _ => 0..0,
                    };
                    each(at, skipped, range);
                }
            }
        }
    }
}

/// Writes the neighbourhoods of any number of images. Shapes `[n, height · width, channels]` and
/// `[n, centres, 9 · channels]`.
pub fn gather<T: Real>(of: Neighbourhoods, images: &[T], patches: &mut [T]) {
    struct Gather<'a, T>(Neighbourhoods, &'a [T], &'a mut [T]);
    impl<T: Real> pulp::NullaryFnOnce for Gather<'_, T> {
        type Output = ();
        #[inline(always)]
        fn call(self) {
            let Self(of, images, patches) = self;
            let width = 3 * of.channels;
            let images = images.chunks_exact(of.image.pixels() * of.channels);
            for (image, patches) in images.zip(patches.chunks_exact_mut(of.centres().pixels() * of.len())) {
                of.each(|at, skipped, range| {
                    let row = &mut patches[at..at + width];
                    if range.len() == width {
                        row.copy_from_slice(&image[range]);
                    } else {
                        row.fill(T::zero());
                        let skipped = if range.is_empty() { 0 } else { skipped };
                        row[skipped..skipped + range.len()].copy_from_slice(&image[range]);
                    }
                });
            }
        }
    }
    dispatch(Gather(of, images, patches));
}

/// Adds every entry of the neighbourhoods to its pixel: the transpose of [`gather`].
pub fn scatter_add<T: Real>(of: Neighbourhoods, patches: &[T], images: &mut [T]) {
    struct Scatter<'a, T>(Neighbourhoods, &'a [T], &'a mut [T]);
    impl<T: Real> pulp::NullaryFnOnce for Scatter<'_, T> {
        type Output = ();
        #[inline(always)]
        fn call(self) {
            let Self(of, patches, images) = self;
            let images = images.chunks_exact_mut(of.image.pixels() * of.channels);
            for (image, patches) in images.zip(patches.chunks_exact(of.centres().pixels() * of.len())) {
                of.each(|at, skipped, range| {
                    if !range.is_empty() {
                        let row = &patches[at + skipped..at + skipped + range.len()];
                        row::add(&mut image[range], row);
                    }
                });
            }
        }
    }
    dispatch(Scatter(of, patches, images));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries compared with the definition, and the transpose by ⟨G x, y⟩ = ⟨x, Gᵀ y⟩.
    #[test]
    fn neighbourhoods_are_what_they_say() {
        for (height, width, stride, channels) in [(4, 5, 1, 2), (4, 6, 2, 1), (5, 3, 2, 3), (1, 1, 1, 2)] {
            let of = Neighbourhoods { image: ImageShape { height, width }, stride, channels };
            let centres = of.centres();
            let x: Vec<f64> = (0..2 * height * width * channels).map(|i| 1.0 + i as f64).collect();
            let mut patches = vec![f64::NAN; 2 * centres.pixels() * of.len()];
            gather(of, &x, &mut patches);
            let mut expected = Vec::new();
            for image in x.chunks(height * width * channels) {
                for centre in 0..centres.pixels() {
                    let (i, j) = (centre / centres.width * stride, centre % centres.width * stride);
                    for (di, dj, channel) in
                        (0..9 * channels).map(|e| (e / channels / 3, e / channels % 3, e % channels))
                    {
                        let inside = (1..=height).contains(&(i + di)) && (1..=width).contains(&(j + dj));
                        let at = || ((i + di - 1) * width + j + dj - 1) * channels + channel;
                        expected.push(if inside { image[at()] } else { 0.0 });
                    }
                }
            }
            assert_eq!(patches, expected);
            let y: Vec<f64> = (0..patches.len()).map(|i| (i * i % 17) as f64).collect();
            let mut back = vec![0.0; x.len()];
            scatter_add(of, &y, &mut back);
            let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
            assert_eq!(dot(&patches, &y), dot(&x, &back));
        }
    }
}
