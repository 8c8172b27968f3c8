//! Cross-entropy, categorical and binary.

use super::{Adjoints, Context, Gradient, Output, Own, PassMemory, Planes, Primitive};
use crate::calculus::function::Function;
use crate::calculus::real::Real;
use crate::calculus::ring::{Monomial, Ring};
use crate::calculus::tape::{Node, NodeId, Tape};

/// `scale · Σ_rows (logsumexp(f) − f[y])`. Saves softmax(f).
#[derive(Clone, Copy, Debug)]
pub struct CrossEntropy {
    /// Logits. Shape `[rows, classes]`.
    f: NodeId,
    /// Class of each row, −1 for a row left out of the loss. Shape `[rows, 1]`.
    y: NodeId,
    /// One over the number of rows that contribute.
    scale: f64,
}

/// The class of a label, or `None` for a row left out of the loss.
fn class<T: Real>(label: T) -> Option<usize> {
    label.to_usize().filter(|_| label >= T::zero())
}

impl<T: Real> Tape<T> {
    /// The loss `scale · Σ (logsumexp(f) − f[y])` over rows. y holds one label per row, −1 for a row left out
    /// of the loss.
    pub fn cross_entropy(&mut self, f: NodeId, y: NodeId, scale: f64) -> NodeId {
        self.push(Some(Box::new(CrossEntropy { f, y, scale })), 1, 0, 2)
    }

    /// The logistic loss `scale · Σ (softplus(f) − y f)` with one logit per row. y is 0, 1, or −1 for a row
    /// left out of the loss.
    pub fn binary_cross_entropy(&mut self, f: NodeId, y: NodeId, scale: f64) -> NodeId {
        self.push(Some(Box::new(BinaryCrossEntropy { f, y, scale })), 1, 0, 2)
    }
}

impl<T: Real> Primitive<T> for CrossEntropy {
    fn memory(&self, nodes: &[Node<T>], _: &Node<T>) -> PassMemory {
        let f = &nodes[self.f.0];
        PassMemory { primal: f.rows.saturating_mul(f.columns), ..PassMemory::default() }
    }

    fn forward(&self, context: &Context<'_, T>, _: NodeId, out: &mut Output<'_, T>) {
        if context.phase == Planes::Tangent {
            return;
        }
        let (classes, f) = (context.columns(self.f), context.value(self.f));
        out.saved.resize(f.len(), T::zero());
        let rows =
            f.chunks_exact(classes).zip(out.saved.chunks_exact_mut(classes)).zip(context.value(self.y));
        let mut sum = 0.0;
        for ((f, p), &label) in rows {
            let top = (1..classes).fold(0, |top, j| if f[j] > f[top] { j } else { top });
            let mut rest = T::zero();
            for (j, (p, &f_j)) in p.iter_mut().zip(f).enumerate() {
                *p = (f_j - f[top]).exponential();
                if j != top {
                    rest += *p;
                }
            }
            let inverse = T::one() / (T::one() + rest);
            for p in p.iter_mut() {
                *p *= inverse;
            }
            if let Some(class) = class(label) {
                sum += rest.widen().ln_1p() - (f[class].widen() - f[top].widen());
            }
        }
        *out.loss += self.scale * sum;
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        own: Own<'_, T>,
        adjoints: &mut Adjoints<'_, T>,
        _: &mut Gradient<'_, T>,
    ) {
        let scale = T::of(self.scale);
        let (classes, len, labels) = (context.columns(self.f), context.len(self.f), context.value(self.y));
        let softmax = own.saved.chunks_exact(classes).zip(labels).enumerate();
        match context.phase {
            Planes::Primal => {
                let (adjoint, _) = adjoints.target(self.f, len);
                adjoint.fill(T::zero());
                for (row, (p, &label)) in softmax {
                    let Some(class) = class(label) else { continue };
                    let adjoint = &mut adjoint[row * classes..(row + 1) * classes];
                    for (j, (a, &p)) in adjoint.iter_mut().zip(p).enumerate() {
                        *a = scale * (p - if j == class { T::one() } else { T::zero() });
                    }
                }
            }
            Planes::Tangent => {
                let ring = context.ring;
                let f = context.tangents(self.f);
                let (adjoint, _) = adjoints.target(self.f, (ring.planes() - 1) * len);
                let mut sums = vec![T::zero(); ring.planes()];
                for (row, (p, &label)) in softmax {
                    let range = row * classes..(row + 1) * classes;
                    let counts = if class(label).is_some() { scale } else { T::zero() };
                    softmax_tangents(ring, p, f, adjoint, len, range, counts, &mut sums);
                }
            }
        }
    }
}

/// Writes the planes above 0 of one row of softmax(f), multiplied by `counts`.
///
/// With E the exponential of the nilpotent part of f, `q = p E` and `1 + S = Σ q`: softmax(f) = q (1 − S +
/// S²).
#[expect(clippy::too_many_arguments, reason = "the row of a larger loop")]
fn softmax_tangents<T: Real>(
    ring: &Ring,
    p: &[T],
    f: &[T],
    out: &mut [T],
    len: usize,
    row: std::ops::Range<usize>,
    counts: T,
    sums: &mut [T],
) {
    let half = T::of(0.5);
    let at = |plane: usize, j: usize| (plane - 1) * len + row.start + j;
    let f_at = |plane: usize, j: usize| f.get(at(plane, j)).copied().unwrap_or_default();
    for c in 1..ring.planes() {
        let mut sum = T::zero();
        for (j, &p) in p.iter().enumerate() {
            let e = match ring.monomial(c) {
                Monomial::Second(a, b) if a == b => f_at(c, j) + half * f_at(1 + a, j) * f_at(1 + a, j),
                Monomial::Second(a, b) => f_at(c, j) + f_at(1 + a, j) * f_at(1 + b, j),
                _ => f_at(c, j),
            };
            out[at(c, j)] = p * e;
            sum += p * e;
        }
        sums[c] = sum;
    }
    // in descending order, because planes of degree two depend on q of degree one
    for c in (1..ring.planes()).rev() {
        for (j, &p) in p.iter().enumerate() {
            let q = out[at(c, j)];
            out[at(c, j)] = counts
                * match ring.monomial(c) {
                    Monomial::Second(a, b) if a == b => {
                        let s = sums[1 + a];
                        q - out[at(1 + a, j)] * s + p * (s * s - sums[c])
                    }
                    Monomial::Second(a, b) => {
                        let (s, t) = (sums[1 + a], sums[1 + b]);
                        q - out[at(1 + a, j)] * t - out[at(1 + b, j)] * s + p * (s * t + s * t - sums[c])
                    }
                    _ => q - p * sums[c],
                };
        }
    }
}

/// `scale · Σ_rows (softplus(f) − y f)`: the logistic loss of one logit. Saves σ, σ', σ''.
#[derive(Clone, Copy, Debug)]
pub struct BinaryCrossEntropy {
    /// The logit. Shape `[rows, 1]`.
    f: NodeId,
    /// 0 or 1, or −1 for a row left out of the loss. Shape `[rows, 1]`.
    y: NodeId,
    /// One over the number of rows that contribute.
    scale: f64,
}

impl<T: Real> Primitive<T> for BinaryCrossEntropy {
    fn memory(&self, nodes: &[Node<T>], _: &Node<T>) -> PassMemory {
        PassMemory { primal: nodes[self.f.0].rows.saturating_mul(3), ..PassMemory::default() }
    }

    fn forward(&self, context: &Context<'_, T>, _: NodeId, out: &mut Output<'_, T>) {
        if context.phase == Planes::Tangent {
            return;
        }
        let (f, y) = (context.value(self.f), context.value(self.y));
        out.saved.resize(3 * f.len(), T::zero());
        let mut sum = 0.0;
        for ((saved, &f), &y) in out.saved.chunks_exact_mut(3).zip(f).zip(y) {
            let [_, d1, d2, d3] = Function::Softplus.tower(f);
            saved.copy_from_slice(&[d1, d2, d3]);
            if y >= T::zero() {
                // softplus(f) − y f without cancellation: softplus(−f) if y = 1
                sum += Function::Softplus.tower(if y > T::zero() { -f } else { f })[0].widen();
            }
        }
        *out.loss += self.scale * sum;
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        own: Own<'_, T>,
        adjoints: &mut Adjoints<'_, T>,
        _: &mut Gradient<'_, T>,
    ) {
        let scale = T::of(self.scale);
        let (len, y) = (context.len(self.f), context.value(self.y));
        let saved = own.saved.chunks_exact(3).zip(y).enumerate();
        match context.phase {
            Planes::Primal => {
                let f = context.value(self.f);
                let (adjoint, _) = adjoints.target(self.f, len);
                for (row, (d, &y)) in saved {
                    // σ(f) − 1 = −σ(−f) without cancellation
                    let slope = if y > T::zero() { -Function::Softplus.tower(-f[row])[1] } else { d[0] };
                    adjoint[row] = if y >= T::zero() { scale * slope } else { T::zero() };
                }
            }
            Planes::Tangent => {
                let ring = context.ring;
                let f = context.tangents(self.f);
                let f_at =
                    |plane: usize, row: usize| f.get((plane - 1) * len + row).copied().unwrap_or_default();
                let (adjoint, _) = adjoints.target(self.f, (ring.planes() - 1) * len);
                for (row, (d, &y)) in saved {
                    for c in 1..ring.planes() {
                        let curved = match ring.monomial(c) {
                            Monomial::Second(a, b) => {
                                let square = f_at(1 + a, row) * f_at(1 + b, row);
                                d[2] * if a == b { T::of(0.5) * square } else { square }
                            }
                            _ => T::zero(),
                        };
                        let lifted = d[1].mul_add(f_at(c, row), curved);
                        adjoint[(c - 1) * len + row] =
                            if y >= T::zero() { scale * lifted } else { T::zero() };
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::calculus::function::Function;
    use crate::calculus::op::finite_difference::{check, numbers};
    use crate::calculus::tape::Tape;

    #[test]
    fn categorical_derivatives_match_finite_differences() {
        let mut tape = Tape::new();
        let x = tape.data(1, 3);
        let h = tape.linear("1", x, 4);
        let h = tape.map(Function::Gelu, h);
        let f = tape.linear("3", h, 3);
        let y = tape.data(1, 1);
        tape.cross_entropy(f, y, 0.25);
        check(tape, &[(x, numbers(15)), (y, vec![0.0, 2.0, -1.0, 1.0, 2.0])], 5);
    }

    #[test]
    fn binary_derivatives_match_finite_differences() {
        let mut tape = Tape::new();
        let x = tape.data(1, 3);
        let h = tape.linear("1", x, 4);
        let h = tape.map(Function::Silu, h);
        let f = tape.linear("3", h, 1);
        let y = tape.data(1, 1);
        tape.binary_cross_entropy(f, y, 0.25);
        check(tape, &[(x, numbers(15)), (y, vec![0.0, 1.0, -1.0, 1.0, 0.0])], 5);
    }
}
