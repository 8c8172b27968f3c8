//! Group normalization of images (Wu and He, 2018): groups of channels are scaled to mean 0 and variance 1,
//! followed by an affine map per channel.
//!
//! Apart from sums over pixels, all operations act on small ring elements, one per channel. Forward:
//! `z = x s + b`, with s and b computed from the sums of x and x². Backward: `x̄ = z̄ s + x d + e`, with d
//! and e computed from the sums of z̄ and z̄ x.

use std::ops::Range;

use super::layer_norm::ScaleShift;
use super::{Adjoints, Context, Gradient, Output, Own, PassMemory, Planes, Primitive};
use crate::calculus::kernel::{dispatch, normalize, row};
use crate::calculus::real::Real;
use crate::calculus::ring::{Ring, RingProduct};
use crate::calculus::tape::{Node, NodeId, Tape};

/// Regularization of the variance, which avoids division by zero for a constant group.
const EPSILON: f64 = 1e-6;
/// Approximate number of entries processed in all planes before the next block.
const BLOCK: usize = 256;

/// `z = γ (x − mean) / √(variance + 1e-6) + β`, with mean and unbiased variance over all pixels and the
/// channels of a group, and γ and β per channel. Saves the mean and `q = 1/√(variance + 1e-6)` of every
/// sample and group.
#[derive(Clone, Copy, Debug)]
pub struct GroupNorm {
    x: NodeId,
    parameters: ScaleShift,
    groups: usize,
    pixels: usize,
    channels: usize,
}

impl<T: Real> Tape<T> {
    /// `γ (x − mean) / √(variance + 1e-6) + β` over groups of consecutive channels of `[pixels, channels]`,
    /// with the unbiased variance.
    ///
    /// # Panics
    /// If the number of groups does not divide the number of channels, if a group has a single entry, or if γ
    /// or β does not have one entry per channel.
    pub fn group_norm(&mut self, x: NodeId, parameters: ScaleShift, groups: usize) -> NodeId {
        let (pixels, channels) = self.shape(x);
        assert_eq!(channels % groups, 0, "{groups} groups of {channels} channels");
        assert!(pixels * channels / groups > 1, "one number has no unbiased variance");
        assert_eq!(
            (parameters.gamma.len, parameters.beta.len),
            (channels, channels),
            "one γ and β a channel"
        );
        let degree = if self.degree(x) == 0 { 1 } else { 2 };
        let op = GroupNorm { x, parameters, groups, pixels, channels };
        self.push(Some(Box::new(op)), pixels, channels, degree)
    }
}

/// Intermediate results of the normalization of one sample: planes of ring elements, `[planes, groups]` or
/// `[planes, channels]`.
struct Sample<T> {
    /// Mean of x per group.
    mean: Vec<T>,
    /// q.
    q: Vec<T>,
    /// The factors h(t) and h'(t) per group.
    factor: Vec<T>,
    slope: Vec<T>,
}

/// A tile of a few pixels: coefficients per channel, repeated so that loops are long.
struct Tile {
    channels: usize,
    len: usize,
}

impl Tile {
    fn new(channels: usize, pixels: usize) -> Self {
        Self { channels, len: channels * (BLOCK / channels).clamp(1, pixels) }
    }

    /// Repeats the channels. Shapes `[planes, channels]` and `[planes, len]`.
    fn repeat<T: Real>(&self, by_channel: &[T]) -> Vec<T> {
        let planes = by_channel.chunks_exact(self.channels);
        planes.map(|plane| plane.repeat(self.len / self.channels)).collect::<Vec<_>>().concat()
    }

    /// Sums the repetitions: the transpose of [`Tile::repeat`].
    fn sum<T: Real>(&self, repeated: &[T]) -> Vec<T> {
        let mut sums = vec![T::zero(); repeated.len() / self.len * self.channels];
        let planes = sums.chunks_exact_mut(self.channels).zip(repeated.chunks_exact(self.len));
        planes.for_each(|(sum, plane)| plane.chunks_exact(self.channels).for_each(|x| row::add(sum, x)));
        sums
    }

    /// Consecutive ranges of the entries of a sample.
    fn ranges(&self, entries: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let len = self.len;
        (0..entries).step_by(len).map(move |start| start..(start + len).min(entries))
    }

    /// A plane of repeated coefficients, truncated to the length of a range.
    fn plane<'a, T>(&self, repeated: &'a [T], plane: usize, range: &Range<usize>) -> &'a [T] {
        &repeated[plane * self.len..][..range.len()]
    }

    fn plane_mut<'a, T>(&self, repeated: &'a mut [T], plane: usize, range: &Range<usize>) -> &'a mut [T] {
        &mut repeated[plane * self.len..][..range.len()]
    }
}

impl GroupNorm {
    fn entries(&self) -> usize {
        self.pixels * self.channels
    }

    /// Number of entries of a group.
    fn size(&self) -> usize {
        self.entries() / self.groups
    }

    fn group(&self, channel: usize) -> usize {
        channel / (self.channels / self.groups)
    }

    /// Sums over the channels of each group, times a factor. Shapes `[planes, channels]` and
    /// `[planes, groups]`.
    fn by_group<T: Real>(&self, by_channel: &[T], factor: f64) -> Vec<T> {
        let groups = by_channel.chunks_exact(self.channels / self.groups);
        groups.map(|group| T::of(factor) * row::sum(group)).collect()
    }

    /// `x_c − mean_c` for a range of a sample. `x` is the plane of the sample.
    #[inline(always)]
    fn center<T: Real>(x: &[T], mean: &[T], centered: &mut [T]) {
        for (y, (&x, &mean)) in centered.iter_mut().zip(x.iter().zip(mean)) {
            *y = x - mean;
        }
    }

    /// All intermediate results for the planes of a sample, from the data saved by the primal pass.
    #[inline(always)]
    fn sample<'a, T: Real>(
        &self,
        ring: &Ring,
        saved: &[T],
        x: impl Fn(usize) -> Option<&'a [T]>,
    ) -> Sample<T> {
        let (groups, channels, planes) = (self.groups, self.channels, ring.planes());
        let tile = Tile::new(channels, self.pixels);
        let mut mean = vec![T::zero(); planes * groups];
        let mut q = vec![T::zero(); groups];
        for (group, saved) in saved.chunks_exact(2).enumerate() {
            (mean[group], q[group]) = (saved[0], saved[1]);
        }
        let present: Vec<_> = (0..planes).map(x).collect();
        for c in 1..planes {
            let Some(x) = present[c] else { continue };
            let mut sums = vec![T::zero(); tile.len];
            tile.ranges(self.entries()).for_each(|range| row::add(&mut sums, &x[range]));
            let means = self.by_group(&tile.sum(&sums), 1.0 / self.size() as f64);
            mean[c * groups..(c + 1) * groups].copy_from_slice(&means);
        }
        let mut t = vec![T::zero(); planes * groups];
        if present.iter().skip(1).any(Option::is_some) {
            let repeated = tile.repeat(&self.by_channel(&mean));
            let (mut centered, mut sums) =
                (vec![T::zero(); planes * tile.len], vec![T::zero(); planes * tile.len]);
            for range in tile.ranges(self.entries()) {
                for (c, x) in present.iter().enumerate() {
                    if let Some(x) = x {
                        let y = tile.plane_mut(&mut centered, c, &range);
                        Self::center(&x[range.clone()], tile.plane(&repeated, c, &range), y);
                    }
                }
                for &RingProduct { c, a, b } in ring.products().iter().filter(|p| p.c > 0) {
                    let (x, y) = (tile.plane(&centered, a, &range), tile.plane(&centered, b, &range));
                    row::add_product(tile.plane_mut(&mut sums, c, &range), x, y);
                }
            }
            t = self.by_group(&tile.sum(&sums), 1.0 / (self.size() - 1) as f64);
            t.chunks_exact_mut(groups).for_each(|t| t.iter_mut().zip(&q).for_each(|(t, &q)| *t *= q * q));
        }
        let (mut factor, mut slope) = (t.clone(), t.clone());
        let h = normalize::inverse_root();
        let (mut own_t, mut own) = (vec![T::zero(); planes], vec![T::zero(); planes]);
        for group in 0..groups {
            (0..planes).for_each(|c| own_t[c] = t[c * groups + group]);
            normalize::factor(ring, h, &own_t, &mut own);
            (0..planes).for_each(|c| factor[c * groups + group] = own[c]);
            normalize::slope(ring, h, &own_t, &mut own);
            (0..planes).for_each(|c| slope[c * groups + group] = own[c]);
        }
        Sample { mean, q, factor, slope }
    }

    /// Broadcasts the value of each group to its channels. Shapes `[planes, groups]` and
    /// `[planes, channels]`.
    fn by_channel<T: Real>(&self, by_group: &[T]) -> Vec<T> {
        let planes = by_group.chunks_exact(self.groups);
        planes.flat_map(|plane| (0..self.channels).map(|channel| plane[self.group(channel)])).collect()
    }

    /// The ring product `γ q h` per channel, which multiplies x.
    fn scale<T: Real>(&self, context: &Context<'_, T>, sample: &Sample<T>) -> Vec<T> {
        let channels = self.channels;
        let mut scale = vec![T::zero(); context.ring.planes() * channels];
        for &RingProduct { c, a, b } in context.ring.products() {
            let Some(gamma) = context.parameter(self.parameters.gamma, b) else { continue };
            for (channel, &gamma) in gamma.iter().enumerate() {
                let group = self.group(channel);
                scale[c * channels + channel] +=
                    gamma * sample.q[group] * sample.factor[a * self.groups + group];
            }
        }
        scale
    }
}

/// `sum_c += sign Σ x_a y_b`, elementwise. Shapes `[planes, n]`.
fn add_ring_product<T: Real>(ring: &Ring, sum: &mut [T], sign: T, x: &[T], y: &[T]) {
    let n = sum.len() / ring.planes();
    for &RingProduct { c, a, b } in ring.products() {
        for i in 0..n {
            sum[c * n + i] += sign * x[a * n + i] * y[b * n + i];
        }
    }
}

/// Plane 0 of z.
struct Primal<'a, T> {
    op: GroupNorm,
    x: &'a [T],
    gamma: &'a [T],
    beta: &'a [T],
    z: &'a mut [T],
    saved: &'a mut [T],
}

impl<T: Real> pulp::NullaryFnOnce for Primal<'_, T> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { op, x, gamma, beta, z, saved } = self;
        let tile = Tile::new(op.channels, op.pixels);
        let samples = x.chunks_exact(op.entries()).zip(z.chunks_exact_mut(op.entries()));
        for ((x, z), saved) in samples.zip(saved.chunks_exact_mut(2 * op.groups)) {
            let mut sums = vec![T::zero(); tile.len];
            tile.ranges(x.len()).for_each(|range| row::add(&mut sums, &x[range]));
            let mean = op.by_group(&tile.sum(&sums), 1.0 / op.size() as f64);
            let mean_by_channel = op.by_channel(&mean);
            let repeated = tile.repeat(&mean_by_channel);
            sums.fill(T::zero());
            let mut centered = sums.clone();
            for range in tile.ranges(x.len()) {
                let centered = &mut centered[..range.len()];
                GroupNorm::center(&x[range], &repeated, centered);
                row::add_product(&mut sums, centered, centered);
            }
            let variance = op.by_group(&tile.sum(&sums), 1.0 / (op.size() - 1) as f64);
            for (group, saved) in saved.chunks_exact_mut(2).enumerate() {
                let q = T::one() / (variance[group] + T::of(EPSILON)).sqrt();
                saved.copy_from_slice(&[mean[group], q]);
            }
            let mut scale = gamma.to_vec();
            let mut shift = beta.to_vec();
            for channel in 0..op.channels {
                scale[channel] *= saved[2 * op.group(channel) + 1];
                shift[channel] -= scale[channel] * mean_by_channel[channel];
            }
            let (scale, shift) = (tile.repeat(&scale), tile.repeat(&shift));
            for range in tile.ranges(x.len()) {
                let z = &mut z[range.clone()];
                z.copy_from_slice(&shift[..range.len()]);
                row::add_product(z, &x[range], &scale);
            }
        }
    }
}

/// The planes of z above 0.
struct Tangent<'a, 'b, T> {
    op: GroupNorm,
    context: &'a Context<'b, T>,
    z: &'a mut [T],
    saved: &'a [T],
}

impl<T: Real> pulp::NullaryFnOnce for Tangent<'_, '_, T> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { op, context, z, saved } = self;
        let (ring, len, entries) = (context.ring, context.len(op.x), op.entries());
        let tile = Tile::new(op.channels, op.pixels);
        let planes = 1 + z.len() / len.max(1);
        for (s, saved) in saved.chunks_exact(2 * op.groups).enumerate() {
            let x = |c: usize| context.plane(op.x, c).map(|x| &x[s * entries..(s + 1) * entries]);
            let sample = op.sample(ring, saved, x);
            let scale = op.scale(context, &sample);
            let mut shift = vec![T::zero(); scale.len()];
            for (c, shift) in shift.chunks_exact_mut(op.channels).enumerate() {
                if let Some(beta) = context.parameter(op.parameters.beta, c) {
                    shift.copy_from_slice(beta);
                }
            }
            add_ring_product(ring, &mut shift, -T::one(), &op.by_channel(&sample.mean), &scale);
            let (scale, shift) = (tile.repeat(&scale), tile.repeat(&shift));
            for range in tile.ranges(entries) {
                for c in 1..planes {
                    let z = &mut z[(c - 1) * len + s * entries..][range.clone()];
                    z.copy_from_slice(tile.plane(&shift, c, &range));
                    for &RingProduct { a, b, .. } in ring.products().iter().filter(|p| p.c == c) {
                        if let Some(x) = x(a) {
                            row::add_product(z, &x[range.clone()], tile.plane(&scale, b, &range));
                        }
                    }
                }
            }
        }
    }
}

/// The planes of the adjoints in the current phase. `x_bar` is the adjoint of the argument if it is variable.
struct Backward<'a, 'b, 'c, T> {
    op: GroupNorm,
    context: &'a Context<'b, T>,
    own: Own<'b, T>,
    x_bar: Option<(&'a mut [T], bool)>,
    gradient: &'a mut Gradient<'c, T>,
}

impl<T: Real> pulp::NullaryFnOnce for Backward<'_, '_, '_, T> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { op, context, own, mut x_bar, gradient } = self;
        let (ring, len, entries) = (context.ring, context.len(op.x), op.entries());
        let (planes, channels, groups) = (ring.planes(), op.channels, op.groups);
        let first = usize::from(context.phase == Planes::Tangent);
        let tile = Tile::new(channels, op.pixels);
        let zeros = |n: usize| vec![T::zero(); planes * n];
        for (s, saved) in own.saved.chunks_exact(2 * groups).enumerate() {
            let at = s * entries..(s + 1) * entries;
            let x = |c: usize| context.plane(op.x, c).map(|x| &x[at.clone()]);
            let z = |c: usize| &own.plane(c)[at.clone()];
            let sample = op.sample(ring, saved, x);
            // Σ z̄ and Σ z̄ ŷ per channel, with ŷ = q (x − mean)
            let mean = op.by_channel(&sample.mean);
            let repeated = tile.repeat(&mean);
            let (mut sums, mut products, mut centered) = (zeros(tile.len), zeros(tile.len), zeros(tile.len));
            for range in tile.ranges(entries) {
                for c in 0..planes {
                    row::add(tile.plane_mut(&mut sums, c, &range), &z(c)[range.clone()]);
                    if let Some(x) = x(c) {
                        let y = tile.plane_mut(&mut centered, c, &range);
                        GroupNorm::center(&x[range.clone()], tile.plane(&repeated, c, &range), y);
                    }
                }
                for &RingProduct { c, a, b } in ring.products() {
                    let y = tile.plane(&centered, b, &range);
                    row::add_product(tile.plane_mut(&mut products, c, &range), &z(a)[range.clone()], y);
                }
            }
            let (sums, mut products) = (tile.sum(&sums), tile.sum(&products));
            for (i, u) in products.iter_mut().enumerate() {
                *u *= sample.q[op.group(i % channels)];
            }
            let mut gamma_bar = zeros(channels);
            add_ring_product(ring, &mut gamma_bar, T::one(), &products, &op.by_channel(&sample.factor));
            for c in gradient.wanted() {
                let plane = c * channels..(c + 1) * channels;
                row::add(gradient.plane(op.parameters.gamma, c), &gamma_bar[plane.clone()]);
                row::add(gradient.plane(op.parameters.beta, c), &sums[plane]);
            }
            let Some((x_bar, accumulate)) = &mut x_bar else { continue };
            // per group: h̄ = Σ γ z̄ ŷ, d = q² t̄, e = −q mean(n̄ h) − mean d
            let mut weighted = zeros(channels);
            for &RingProduct { c, a, b } in ring.products() {
                if let Some(gamma) = context.parameter(op.parameters.gamma, b) {
                    let u = &products[a * channels..(a + 1) * channels];
                    row::add_product(&mut weighted[c * channels..(c + 1) * channels], u, gamma);
                }
            }
            let factor_bar = op.by_group(&weighted, 2.0 / (op.size() - 1) as f64);
            let mut d = zeros(groups);
            add_ring_product(ring, &mut d, T::one(), &factor_bar, &sample.slope);
            d.chunks_exact_mut(groups)
                .for_each(|d| d.iter_mut().zip(&sample.q).for_each(|(d, &q)| *d *= q * q));
            let scale = op.scale(context, &sample);
            let mut scaled = zeros(channels);
            add_ring_product(ring, &mut scaled, -T::one(), &sums, &scale);
            let mut e = op.by_group(&scaled, 1.0 / op.size() as f64);
            add_ring_product(ring, &mut e, -T::one(), &d, &sample.mean);
            let scale = tile.repeat(&scale);
            let [d, e] = [d, e].map(|by_group| tile.repeat(&op.by_channel(&by_group)));
            for range in tile.ranges(entries) {
                for c in first..planes {
                    let x_bar = &mut x_bar[(c - first) * len + s * entries..][range.clone()];
                    let e = tile.plane(&e, c, &range);
                    if *accumulate {
                        row::add(x_bar, e);
                    } else {
                        x_bar.copy_from_slice(e);
                    }
                    for &RingProduct { a, b, .. } in ring.products().iter().filter(|p| p.c == c) {
                        row::add_product(x_bar, &z(a)[range.clone()], tile.plane(&scale, b, &range));
                        if let Some(x) = x(a) {
                            row::add_product(x_bar, &x[range.clone()], tile.plane(&d, b, &range));
                        }
                    }
                }
            }
        }
    }
}

impl<T: Real> Primitive<T> for GroupNorm {
    fn memory(&self, _: &[Node<T>], _: &Node<T>) -> PassMemory {
        PassMemory { primal: 2 * self.groups, ..PassMemory::default() }
    }

    fn forward(&self, context: &Context<'_, T>, _: NodeId, out: &mut Output<'_, T>) {
        match context.phase {
            Planes::Primal => {
                out.saved.resize(2 * self.groups * context.samples, T::zero());
                dispatch(Primal {
                    op: *self,
                    x: context.value(self.x),
                    gamma: self.parameters.gamma.of(context.weights),
                    beta: self.parameters.beta.of(context.weights),
                    z: out.planes,
                    saved: out.saved,
                });
            }
            Planes::Tangent => dispatch(Tangent { op: *self, context, z: out.planes, saved: out.saved }),
        }
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        own: Own<'_, T>,
        adjoints: &mut Adjoints<'_, T>,
        gradient: &mut Gradient<'_, T>,
    ) {
        gradient.start(self.parameters.gamma);
        gradient.start(self.parameters.beta);
        let len = own.planes(context.phase).len();
        let x_bar = context.is_variable(self.x).then(|| adjoints.target(self.x, len));
        dispatch(Backward { op: *self, context, own, x_bar, gradient });
    }
}

#[cfg(test)]
mod tests {
    use crate::calculus::function::Function;
    use crate::calculus::op::finite_difference::{check, numbers};
    use crate::calculus::tape::Tape;

    /// On data, on a linear value, on a value of higher degree, and twice in sequence; groups of one channel,
    /// of two channels, and of all channels.
    #[test]
    fn derivatives_match_finite_differences() {
        let mut tape = Tape::new();
        let x = tape.data(7, 4);
        let norm = tape.scale_shift("0", 4);
        let h = tape.group_norm(x, norm, 2);
        let h = tape.linear("1", h, 4);
        let norm = tape.scale_shift("2", 4);
        let g = tape.group_norm(h, norm, 2);
        let g = tape.map(Function::Tanh, g);
        let h = tape.add(h, 0.5, g);
        let norm = tape.scale_shift("3", 4);
        let h = tape.group_norm(h, norm, 4);
        let g = tape.linear("4", x, 4);
        let norm = tape.scale_shift("5", 4);
        let g = tape.group_norm(g, norm, 1);
        let f = tape.add(h, 1.0, g);
        let (y, mask) = (tape.data(7, 4), tape.data(7, 1));
        tape.mean_squared_error(f, y, mask, 0.5);
        check(tape, &[(x, numbers(56)), (y, numbers(56)), (mask, vec![1.0; 14])], 2);
    }

    /// More pixels than fit in a tile, and a number of channels that divides no tile.
    #[test]
    fn many_pixels_are_taken_tile_by_tile() {
        let mut tape = Tape::new();
        let x = tape.data(101, 4);
        let h = tape.linear("1", x, 3);
        let norm = tape.scale_shift("2", 3);
        let h = tape.group_norm(h, norm, 3);
        let h = tape.map(Function::Tanh, h);
        let norm = tape.scale_shift("3", 3);
        let h = tape.group_norm(h, norm, 1);
        let h = tape.map(Function::Tanh, h);
        let f = tape.mean_rows(h);
        let (y, mask) = (tape.data(1, 3), tape.data(1, 1));
        tape.mean_squared_error(f, y, mask, 0.5);
        check(tape, &[(x, numbers(808)), (y, numbers(6)), (mask, vec![1.0; 2])], 2);
    }
}
