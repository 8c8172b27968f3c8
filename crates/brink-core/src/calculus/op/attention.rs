//! Scaled dot-product attention with several heads (Vaswani et al., 2017).

use super::{Adjoints, Context, Gradient, Output, Own, PassMemory, Planes, Primitive};
use crate::calculus::kernel::gemm::multiply_scaled;
use crate::calculus::kernel::matrix::{Matrix, MatrixMut};
use crate::calculus::kernel::softmax;
use crate::calculus::real::Real;
use crate::calculus::ring::{Ring, RingProduct};
use crate::calculus::tape::{Node, NodeId, Tape};

/// Consecutive columns of a value. Head h uses the columns from `first + h · width`, where `width` is the
/// width of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// The value.
    pub node: NodeId,
    /// Index of the first column.
    pub first: usize,
}

/// Number, width and causality of the attention heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heads {
    /// Number of heads.
    pub count: usize,
    /// Number of columns of each head in q, k and v.
    pub width: usize,
    /// Whether attention is causal: row i of q attends to rows 0..=i of k and v only.
    pub causal: bool,
}

/// `z = softmax(q kᵀ / √width) v` per sample and head; the heads are concatenated in z. Saves the softmax.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    q: Columns,
    k: Columns,
    v: Columns,
    heads: Heads,
}

impl<T: Real> Tape<T> {
    /// `softmax(q kᵀ / √width) v` per sample and head; the heads are concatenated. The result has shape
    /// `[rows of q, count · width]`. Each of q, k, v consists of `count · width` columns of a value; k and v
    /// have equal numbers of rows.
    ///
    /// # Panics
    /// If the columns or rows do not match.
    pub fn attention(&mut self, q: Columns, k: Columns, v: Columns, heads: Heads) -> NodeId {
        let columns = heads.count * heads.width;
        for part in [q, k, v] {
            assert!(part.first + columns <= self.shape(part.node).1, "{columns} columns from {}", part.first);
        }
        let rows = self.shape(q.node).0;
        assert_eq!(self.shape(k.node).0, self.shape(v.node).0, "a row of v for each of k");
        assert!(!heads.causal || self.shape(k.node).0 == rows, "a causal mask is square");
        let degree =
            [q, k, v].map(|part| self.degree(part.node)).into_iter().max().map_or(0, |d| 2 * d.min(1));
        self.push(Some(Box::new(Attention { q, k, v, heads })), rows, columns, degree)
    }
}

/// Position of the planes of one head and sample in a stack of planes.
#[derive(Clone, Copy)]
struct Place {
    /// The first plane of the stack.
    first_plane: usize,
    /// Number of entries between consecutive planes.
    plane: usize,
    /// First entry of the head in a plane.
    offset: usize,
    rows: usize,
    columns: usize,
    /// Number of entries between consecutive rows.
    stride: usize,
}

impl Place {
    /// A block of planes for one head, starting at plane 0, with rows of [`padded`] columns.
    fn block(rows: usize, columns: usize) -> Self {
        let stride = padded(columns);
        Self { first_plane: 0, plane: rows * stride, offset: 0, rows, columns, stride }
    }

    fn start(self, c: usize) -> usize {
        (c - self.first_plane) * self.plane + self.offset
    }

    fn of<T: Real>(self, data: &[T], c: usize) -> Matrix<'_, T> {
        Matrix::strided(&data[self.start(c)..], self.rows, self.columns, self.stride)
    }

    fn of_mut<T: Real>(self, data: &mut [T], c: usize) -> MatrixMut<'_, T> {
        MatrixMut::strided(&mut data[self.start(c)..], self.rows, self.columns, self.stride)
    }
}

/// Row stride of the softmax of a head: short rows are padded with zeros to a full vector register.
fn padded(columns: usize) -> usize {
    if columns <= PADDED { columns.next_multiple_of(REGISTER) } else { columns }
}

/// Largest number of columns for which rows are padded.
const PADDED: usize = 64;
/// Number of single-precision entries of a vector register.
const REGISTER: usize = 16;

/// `z_c (+)= scale Σ x_a y_b` for the planes from `first`. `None` denotes a vanishing plane.
fn multiply<'a, T: Real>(
    (ring, first): (&Ring, usize),
    (z, place, accumulate): (&mut [T], Place, bool),
    scale: T,
    x: impl Fn(usize) -> Option<Matrix<'a, T>>,
    y: impl Fn(usize) -> Option<Matrix<'a, T>>,
) {
    let mut written = if accumulate { ring.planes() } else { first };
    for &RingProduct { c, a, b } in ring.products().iter().filter(|p| p.c >= first) {
        let (Some(x), Some(y)) = (x(a), y(b)) else { continue };
        zero(z, place, written..c);
        multiply_scaled(place.of_mut(z, c), scale, x, y, c < written, false);
        written = written.max(c + 1);
    }
    zero(z, place, written..ring.planes());
}

fn zero<T: Real>(z: &mut [T], place: Place, planes: std::ops::Range<usize>) {
    for c in planes {
        for row in z[place.start(c)..].chunks_mut(place.stride).take(place.rows) {
            row[..place.columns].fill(T::zero());
        }
    }
}

impl Attention {
    fn place<T: Real>(&self, context: &Context<'_, T>, part: Columns, sample: usize, head: usize) -> Place {
        let (rows, stride) = (context.nodes[part.node.0].rows, context.columns(part.node));
        Place {
            first_plane: 0,
            plane: context.len(part.node),
            offset: sample * rows * stride + part.first + head * self.heads.width,
            rows,
            columns: self.heads.width,
            stride,
        }
    }

    /// The columns of the head in a plane of q, k or v.
    fn part<'a, T: Real>(
        &self,
        context: &Context<'a, T>,
        part: Columns,
        (sample, head): (usize, usize),
        c: usize,
    ) -> Option<Matrix<'a, T>> {
        let place = Place { plane: 0, ..self.place(context, part, sample, head) };
        context.plane(part.node, c).map(|plane| place.of(plane, 0))
    }

    /// Number of rows of q and of k in one sample.
    fn sizes<T: Real>(&self, context: &Context<'_, T>) -> (usize, usize) {
        (context.nodes[self.q.node.0].rows, context.nodes[self.k.node.0].rows)
    }

    fn scale<T: Real>(&self) -> T {
        T::of(1.0 / (self.heads.width as f64).sqrt())
    }

    /// All planes of the softmax of one head, with plane 0 given in `p`. Shape
    /// `[planes, rows of q, rows of k]` with padded rows; the padding is finite.
    fn softmax<T: Real>(&self, context: &Context<'_, T>, at: (usize, usize), p: &mut [T]) {
        let (rows, columns) = self.sizes(context);
        multiply(
            (context.ring, 1),
            (p, Place::block(rows, columns), false),
            self.scale(),
            |a| self.part(context, self.q, at, a),
            |b| self.part(context, self.k, at, b).map(Matrix::transposed),
        );
        softmax::tangent(context.ring, p, padded(columns));
    }

    /// The adjoint of q, k or v to be added to; `None` for data.
    fn target<'a, T: Real>(
        &self,
        context: &Context<'_, T>,
        adjoints: &'a mut Adjoints<'_, T>,
        part: Columns,
        (sample, head): (usize, usize),
    ) -> Option<(&'a mut [T], Place, bool)> {
        if !context.is_variable(part.node) {
            return None;
        }
        let first_plane = usize::from(context.phase == Planes::Tangent);
        let planes = context.ring.planes() - first_plane;
        let (adjoint, accumulate) = adjoints.target(part.node, planes * context.len(part.node));
        let place = Place { first_plane, ..self.place(context, part, sample, head) };
        Some((adjoint, place, accumulate))
    }

    fn each(&self, samples: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let count = self.heads.count;
        (0..samples).flat_map(move |sample| (0..count).map(move |head| (sample, head)))
    }
}

impl<T: Real> Primitive<T> for Attention {
    fn memory(&self, nodes: &[Node<T>], own: &Node<T>) -> PassMemory {
        let square = own.rows.saturating_mul(padded(nodes[self.k.node.0].rows));
        // the softmax of every head, and two square matrices of one head at a time
        let primal = square.saturating_mul(self.heads.count);
        PassMemory { primal, tangent: 0, working: square.saturating_mul(2) }
    }

    fn forward(&self, context: &Context<'_, T>, node: NodeId, out: &mut Output<'_, T>) {
        let (rows, columns) = self.sizes(context);
        let (ring, size) = (context.ring, rows * padded(columns));
        let first = usize::from(context.phase == Planes::Tangent);
        if out.planes.is_empty() {
            return;
        }
        out.saved.resize(context.samples * self.heads.count * size, T::zero());
        let mut p = context.buffers.zeros(ring.planes() * size);
        let z = Columns { node, first: 0 };
        for (at, saved) in self.each(context.samples).zip(out.saved.chunks_exact_mut(size)) {
            match context.phase {
                Planes::Primal => {
                    let place = Place::block(rows, columns);
                    let q = |a| self.part(context, self.q, at, a);
                    let k = |b| self.part(context, self.k, at, b).map(Matrix::transposed);
                    multiply((ring, 0), (saved, place, false), self.scale(), q, k);
                    softmax::primal(saved, rows, columns, padded(columns), self.heads.causal);
                    p.copy_from_slice(saved);
                }
                Planes::Tangent => {
                    p[..size].copy_from_slice(saved);
                    self.softmax(context, at, &mut p);
                }
            }
            let place = Place { first_plane: first, ..self.place(context, z, at.0, at.1) };
            multiply(
                (ring, first),
                (out.planes, place, false),
                T::one(),
                |a| Some(Place::block(rows, columns).of(&p, a)),
                |b| self.part(context, self.v, at, b),
            );
        }
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        own: Own<'_, T>,
        adjoints: &mut Adjoints<'_, T>,
        _: &mut Gradient<'_, T>,
    ) {
        let (rows, columns) = self.sizes(context);
        let (ring, size) = (context.ring, rows * padded(columns));
        let first = usize::from(context.phase == Planes::Tangent);
        let stacked = ring.planes() - first;
        // their columns are written part by part
        for node in [self.q.node, self.k.node, self.v.node] {
            if context.is_variable(node)
                && let (adjoint, false) = adjoints.target(node, stacked * context.len(node))
            {
                adjoint.fill(T::zero());
            }
        }
        let width = self.heads.count * self.heads.width;
        let block = Place::block(rows, columns);
        let [mut p, mut bar] = [(); 2].map(|()| context.buffers.zeros(ring.planes() * size));
        for (at, saved) in self.each(context.samples).zip(own.saved.chunks_exact(size)) {
            p[..size].copy_from_slice(saved);
            if context.phase == Planes::Tangent {
                self.softmax(context, at, &mut p);
            }
            let offset = at.0 * rows * width + at.1 * self.heads.width;
            let place =
                Place { first_plane: 0, plane: 0, offset, rows, columns: self.heads.width, stride: width };
            let z = |c: usize| Some(place.of(own.plane(c), 0));
            let (q, k, v) = (self.q, self.k, self.v);
            if let Some(target) = self.target(context, adjoints, v, at) {
                multiply((ring, first), target, T::one(), |a| Some(block.of(&p, a).transposed()), z);
            }
            let v = |b| self.part(context, v, at, b).map(Matrix::transposed);
            multiply((ring, 0), (&mut bar, block, false), T::one(), z, v);
            softmax::adjoint(ring, &p, &mut bar, padded(columns));
            if let Some(target) = self.target(context, adjoints, q, at) {
                let k = |b| self.part(context, k, at, b);
                multiply((ring, first), target, self.scale(), |a| Some(block.of(&bar, a)), k);
            }
            if let Some(target) = self.target(context, adjoints, k, at) {
                let q = |b| self.part(context, q, at, b);
                let s = |a| Some(block.of(&bar, a).transposed());
                multiply((ring, first), target, self.scale(), s, q);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Columns, Heads};
    use crate::calculus::function::Function;
    use crate::calculus::op::finite_difference::{check, numbers};
    use crate::calculus::tape::Tape;

    /// Self-attention, causal or not, with packed and with separate q, k and v; two layers.
    #[test]
    fn derivatives_of_self_attention_match_finite_differences() {
        for causal in [false, true] {
            let mut tape = Tape::new();
            let x = tape.data(3, 2);
            let h = tape.linear_without_bias("qkv", x, 3 * 4);
            let part = |first| Columns { node: h, first };
            let heads = Heads { count: 2, width: 2, causal };
            let h = tape.attention(part(0), part(4), part(8), heads);
            let h = tape.map(Function::Tanh, h);
            let [q, k, v] = ["q", "k", "v"].map(|name| tape.linear(name, h, 3));
            let [q, k, v] = [q, k, v].map(|node| Columns { node, first: 0 });
            let f = tape.attention(q, k, v, Heads { count: 3, width: 1, causal });
            let (y, mask) = (tape.data(3, 3), tape.data(3, 1));
            tape.mean_squared_error(f, y, mask, 0.5);
            check(tape, &[(x, numbers(12)), (y, numbers(18)), (mask, vec![1.0; 6])], 2);
        }
    }

    /// Cross-attention: k and v are linear and have more rows than q; and keys that are data.
    #[test]
    fn derivatives_of_cross_attention_match_finite_differences() {
        let mut tape = Tape::new();
        let (x, memory) = (tape.data(2, 3), tape.data(4, 3));
        let q = tape.linear("q", x, 4);
        let q = tape.map(Function::Tanh, q);
        let kv = tape.linear("kv", memory, 8);
        let part = |node, first| Columns { node, first };
        let h =
            tape.attention(part(q, 0), part(kv, 0), part(kv, 4), Heads { count: 2, width: 2, causal: false });
        let f = tape.attention(
            part(h, 1),
            part(memory, 0),
            part(kv, 2),
            Heads { count: 1, width: 3, causal: false },
        );
        let (y, mask) = (tape.data(2, 3), tape.data(2, 1));
        tape.mean_squared_error(f, y, mask, 0.5);
        check(tape, &[(x, numbers(12)), (memory, numbers(24)), (y, numbers(12)), (mask, vec![1.0; 4])], 2);
    }
}
