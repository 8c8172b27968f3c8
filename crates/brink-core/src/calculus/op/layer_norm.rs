//! Layer normalization (Ba, Kiros and Hinton, 2016): every row is scaled to mean 0 and standard deviation 1,
//! followed by an affine map per column.

use super::{Adjoints, Context, Gradient, Output, Own, PassMemory, Planes, Primitive};
use crate::calculus::kernel::{dispatch, normalize, row};
use crate::calculus::real::Real;
use crate::calculus::ring::{Ring, RingProduct};
use crate::calculus::tape::{Initial, Node, NodeId, Slot, Tape};

/// Regularization of the deviation, which avoids division by zero for a constant row.
const EPSILON: f64 = 1e-6;

/// Scale γ and shift β of a normalization, one entry per column (or channel).
#[derive(Clone, Copy, Debug)]
pub struct ScaleShift {
    /// Scale γ.
    pub gamma: Slot,
    /// Shift β.
    pub beta: Slot,
}

/// `z = γ (x − mean) / (deviation + 1e-6) + β` over the columns of each row. The deviation is unbiased
/// (divided by `columns − 1`), and the constant is outside the square root. Saves mean, q = 1/(deviation +
/// 1e-6) and q · deviation.
#[derive(Clone, Copy, Debug)]
pub struct LayerNorm {
    /// The argument.
    x: NodeId,
    /// γ, β.
    parameters: ScaleShift,
}

impl<T: Real> Tape<T> {
    /// Declares `{name}.gamma`, initially 1, and `{name}.beta`, initially 0, with `columns` entries each.
    pub fn scale_shift(&mut self, name: &str, columns: usize) -> ScaleShift {
        ScaleShift {
            gamma: self.parameter(format!("{name}.gamma"), &[columns], Initial::Constant(1.0)),
            beta: self.parameter(format!("{name}.beta"), &[columns], Initial::Constant(0.0)),
        }
    }

    /// `γ (x − mean) / (deviation + 1e-6) + β` over the columns of each row, with the unbiased deviation.
    ///
    /// # Panics
    /// If there is a single column, or if γ or β does not have one entry per column.
    pub fn layer_norm(&mut self, x: NodeId, parameters: ScaleShift) -> NodeId {
        let (rows, columns) = self.shape(x);
        assert!(columns > 1, "one column has no unbiased deviation");
        assert_eq!((parameters.gamma.len, parameters.beta.len), (columns, columns), "one γ and β a column");
        let degree = if self.degree(x) == 0 { 1 } else { 2 };
        self.push(Some(Box::new(LayerNorm { x, parameters })), rows, columns, degree)
    }
}

/// One row over the ring: ŷ = q (x − mean), the factor h, and n = ŷ h. Shapes `[planes, columns]` and
/// `[planes]`.
struct Row<T> {
    y: Vec<T>,
    n: Vec<T>,
    t: Vec<T>,
    factor: Vec<T>,
    slope: Vec<T>,
}

impl<T: Real> Row<T> {
    fn new(planes: usize, columns: usize) -> Self {
        let zeros = |len| vec![T::zero(); len];
        Self {
            y: zeros(planes * columns),
            n: zeros(planes * columns),
            t: zeros(planes),
            factor: zeros(planes),
            slope: zeros(planes),
        }
    }

    /// Computes all quantities of one row from the data saved by the primal pass. `x` returns the planes of
    /// the argument.
    #[inline(always)]
    fn fill<'a>(&mut self, ring: &Ring, columns: usize, saved: &[T], x: impl Fn(usize) -> Option<&'a [T]>) {
        let (mean, q) = (saved[0], saved[1]);
        let share = T::of(1.0 / columns as f64);
        let mut variable = false;
        for (c, y) in self.y.chunks_exact_mut(columns).enumerate() {
            match x(c) {
                Some(x) => {
                    let mean = if c == 0 { mean } else { row::sum(x) * share };
                    y.iter_mut().zip(x).for_each(|(y, &x)| *y = q * (x - mean));
                    variable |= c > 0;
                }
                None => y.fill(T::zero()),
            }
        }
        self.n.copy_from_slice(&self.y);
        if !variable {
            return;
        }
        let share = T::of(1.0 / (columns - 1) as f64);
        self.t.fill(T::zero());
        for &RingProduct { c, a, b } in ring.products().iter().filter(|p| p.c > 0) {
            self.t[c] += share * row::dot(plane(&self.y, a, columns), plane(&self.y, b, columns));
        }
        let h = normalize::inverse_deviation(saved[2]);
        normalize::factor(ring, h, &self.t, &mut self.factor);
        normalize::slope(ring, h, &self.t, &mut self.slope);
        for &RingProduct { c, a, b } in ring.products().iter().filter(|p| p.b > 0) {
            row::add_scaled(plane_mut(&mut self.n, c, columns), self.factor[b], plane(&self.y, a, columns));
        }
    }
}

#[inline(always)]
fn plane<T>(data: &[T], plane: usize, len: usize) -> &[T] {
    &data[plane * len..(plane + 1) * len]
}

#[inline(always)]
fn plane_mut<T>(data: &mut [T], plane: usize, len: usize) -> &mut [T] {
    &mut data[plane * len..(plane + 1) * len]
}

/// Number of saved values per row: mean, q, q · deviation.
const SAVED: usize = 3;

/// Plane 0 of z.
struct Primal<'a, T> {
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
        let Self { x, gamma, beta, z, saved } = self;
        let columns = gamma.len();
        let (share, unbiased) = (T::of(1.0 / columns as f64), T::of(1.0 / (columns - 1) as f64));
        let rows = x.chunks_exact(columns).zip(z.chunks_exact_mut(columns));
        for ((x, z), saved) in rows.zip(saved.chunks_exact_mut(SAVED)) {
            let mean = row::sum(x) * share;
            z.iter_mut().zip(x).for_each(|(z, &x)| *z = x - mean);
            let deviation = (row::dot(z, z) * unbiased).sqrt();
            let q = T::one() / (deviation + T::of(EPSILON));
            for (z, (&gamma, &beta)) in z.iter_mut().zip(gamma.iter().zip(beta)) {
                *z = gamma.mul_add(*z * q, beta);
            }
            saved.copy_from_slice(&[mean, q, q * deviation]);
        }
    }
}

/// The planes of z above 0.
struct Tangent<'a, 'b, T> {
    op: LayerNorm,
    context: &'a Context<'b, T>,
    z: &'a mut [T],
    saved: &'a [T],
}

impl<T: Real> pulp::NullaryFnOnce for Tangent<'_, '_, T> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { op, context, z, saved } = self;
        let (columns, len, ring) = (context.columns(op.x), context.len(op.x), context.ring);
        let mut work = Row::new(ring.planes(), columns);
        let planes = 1 + z.len() / len.max(1);
        for (r, saved) in saved.chunks_exact(SAVED).enumerate() {
            let range = r * columns..(r + 1) * columns;
            work.fill(ring, columns, saved, |c| context.plane(op.x, c).map(|x| &x[range.clone()]));
            for c in 1..planes {
                let z = &mut z[(c - 1) * len..][range.clone()];
                match context.parameter(op.parameters.beta, c) {
                    Some(beta) => z.copy_from_slice(beta),
                    None => z.fill(T::zero()),
                }
            }
            for &RingProduct { c, a, b } in ring.products().iter().filter(|p| p.c > 0 && p.c < planes) {
                if let Some(gamma) = context.parameter(op.parameters.gamma, b) {
                    let z = &mut z[(c - 1) * len..][range.clone()];
                    row::add_product(z, plane(&work.n, a, columns), gamma);
                }
            }
        }
    }
}

/// The planes of the adjoints in the current phase. `x` is the adjoint of the argument if it is variable.
struct Backward<'a, 'b, 'c, T> {
    op: LayerNorm,
    context: &'a Context<'b, T>,
    own: Own<'b, T>,
    x: Option<(&'a mut [T], bool)>,
    gradient: &'a mut Gradient<'c, T>,
}

impl<T: Real> pulp::NullaryFnOnce for Backward<'_, '_, '_, T> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { op, context, own, mut x, gradient } = self;
        let (columns, len, ring) = (context.columns(op.x), context.len(op.x), context.ring);
        let first = usize::from(context.phase == Planes::Tangent);
        let twice = T::of(2.0 / (columns - 1) as f64);
        let share = T::of(1.0 / columns as f64);
        let mut work = Row::new(ring.planes(), columns);
        let (mut n_bar, mut y_bar) = (work.n.clone(), work.y.clone());
        let (mut factor_bar, mut t_bar) = (work.t.clone(), work.t.clone());
        for (r, saved) in own.saved.chunks_exact(SAVED).enumerate() {
            let range = r * columns..(r + 1) * columns;
            let z = |c: usize| &own.plane(c)[range.clone()];
            work.fill(ring, columns, saved, |c| context.plane(op.x, c).map(|x| &x[range.clone()]));
            let wanted = gradient.wanted();
            for &RingProduct { c, a, b } in ring.products().iter().filter(|p| wanted.contains(&p.c)) {
                row::add_product(gradient.plane(op.parameters.gamma, c), z(a), plane(&work.n, b, columns));
            }
            for c in wanted {
                row::add(gradient.plane(op.parameters.beta, c), z(c));
            }
            let Some((x, accumulate)) = &mut x else { continue };
            // n̄ = z̄ γ
            n_bar.fill(T::zero());
            for &RingProduct { c, a, b } in ring.products() {
                if let Some(gamma) = context.parameter(op.parameters.gamma, b) {
                    row::add_product(plane_mut(&mut n_bar, c, columns), z(a), gamma);
                }
            }
            // h̄ = ⟨n̄, ŷ⟩, t̄ = h̄ h'(t), ȳ = n̄ h + 2 t̄ ŷ / (columns − 1)
            if context.phase == Planes::Primal {
                work.slope[0] = normalize::inverse_deviation(saved[2])[0];
                work.factor[0] = T::one();
            }
            factor_bar.fill(T::zero());
            for &RingProduct { c, a, b } in ring.products() {
                factor_bar[c] += row::dot(plane(&n_bar, a, columns), plane(&work.y, b, columns));
            }
            t_bar.fill(T::zero());
            for &RingProduct { c, a, b } in ring.products() {
                t_bar[c] += twice * factor_bar[a] * work.slope[b];
            }
            y_bar.fill(T::zero());
            for &RingProduct { c, a, b } in ring.products().iter().filter(|p| p.c >= first) {
                let y_bar = plane_mut(&mut y_bar, c, columns);
                row::add_scaled(y_bar, work.factor[b], plane(&n_bar, a, columns));
                row::add_scaled(y_bar, t_bar[a], plane(&work.y, b, columns));
            }
            for c in first..ring.planes() {
                let y_bar = plane(&y_bar, c, columns);
                let mean = row::sum(y_bar) * share;
                let x = &mut x[(c - first) * len..][range.clone()];
                let all = x.iter_mut().zip(y_bar);
                if *accumulate {
                    all.for_each(|(x, &y)| *x += saved[1] * (y - mean));
                } else {
                    all.for_each(|(x, &y)| *x = saved[1] * (y - mean));
                }
            }
        }
    }
}

impl<T: Real> Primitive<T> for LayerNorm {
    fn memory(&self, _: &[Node<T>], own: &Node<T>) -> PassMemory {
        PassMemory { primal: own.rows.saturating_mul(SAVED), ..PassMemory::default() }
    }

    fn forward(&self, context: &Context<'_, T>, _: NodeId, out: &mut Output<'_, T>) {
        match context.phase {
            Planes::Primal => {
                out.saved.resize(SAVED * context.rows(self.x), T::zero());
                dispatch(Primal {
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
        let x = context.is_variable(self.x).then(|| adjoints.target(self.x, len));
        dispatch(Backward { op: *self, context, own, x, gradient });
    }
}

#[cfg(test)]
mod tests {
    use crate::calculus::function::Function;
    use crate::calculus::op::finite_difference::{check, numbers};
    use crate::calculus::tape::Tape;

    /// On data, on a linear value, on a value of higher degree, and twice in sequence.
    #[test]
    fn derivatives_match_finite_differences() {
        let mut tape = Tape::new();
        let x = tape.data(2, 5);
        let norm = tape.scale_shift("0", 5);
        let h = tape.layer_norm(x, norm);
        let h = tape.linear("1", h, 7);
        let norm = tape.scale_shift("2", 7);
        let g = tape.layer_norm(h, norm);
        let g = tape.map(Function::Tanh, g);
        let h = tape.add(h, 0.5, g);
        let norm = tape.scale_shift("3", 7);
        let h = tape.layer_norm(h, norm);
        let g = tape.linear("4", x, 7);
        let norm = tape.scale_shift("5", 7);
        let g = tape.layer_norm(g, norm);
        let f = tape.add(h, 1.0, g);
        let (y, mask) = (tape.data(2, 7), tape.data(2, 1));
        tape.mean_squared_error(f, y, mask, 0.5);
        check(tape, &[(x, numbers(20)), (y, numbers(28)), (mask, vec![1.0; 4])], 2);
    }
}
