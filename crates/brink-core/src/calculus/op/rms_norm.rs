//! Root-mean-square normalization (Zhang and Sennrich, 2019): every row is scaled to mean square 1, then each
//! column is multiplied by a weight.

use super::{Adjoints, Context, Gradient, Output, Own, Planes, Primitive};
use crate::calculus::kernel::{dispatch, normalize, row, vector};
use crate::calculus::real::Real;
use crate::calculus::ring::{Ring, RingProduct};
use crate::calculus::tape::{NodeId, Slot, Tape};

/// Regularization of the mean square, which avoids division by zero for a zero row.
const EPSILON: f64 = 1e-5;

/// `z = x r w` with `r = (mean x² + 1e-5)^−½` over the columns of each row.
#[derive(Clone, Copy, Debug)]
pub struct RmsNorm {
    /// The argument.
    x: NodeId,
    /// w, one entry per column.
    weight: Slot,
}

impl<T: Real> Tape<T> {
    /// `x (mean x² + 1e-5)^−½ w`, with the mean over the columns of each row and one entry of w per column.
    ///
    /// # Panics
    /// If the size of w does not match.
    pub fn rms_norm(&mut self, x: NodeId, weight: Slot) -> NodeId {
        let (rows, columns) = self.shape(x);
        assert_eq!(weight.len, columns, "one weight a column");
        let degree = if self.degree(x) == 0 { 1 } else { 2 };
        self.push(Some(Box::new(RmsNorm { x, weight })), rows, columns, degree)
    }
}

/// Inputs of both rules, and working memory for one row.
struct Rows<'a, T> {
    context: &'a Context<'a, T>,
    ring: &'a Ring,
    columns: usize,
    /// The nonzero planes of x.
    x: Vec<&'a [T]>,
    /// The nonzero planes of w.
    w: Vec<&'a [T]>,
    /// r over the ring, and dr/d(mean x²). Shapes `[planes]`.
    r: Vec<T>,
    slope: Vec<T>,
    /// The part of mean x² above plane 0, divided by plane 0 including ε. Shape `[planes]`.
    t: Vec<T>,
    /// y = x r. Shape `[planes, columns]`.
    y: Vec<T>,
}

impl<'a, T: Real> Rows<'a, T> {
    fn new(op: &RmsNorm, context: &'a Context<'a, T>) -> Self {
        let (ring, columns) = (context.ring, context.columns(op.x));
        Self {
            context,
            ring,
            columns,
            x: (0..ring.planes()).map_while(|plane| context.plane(op.x, plane)).collect(),
            w: (0..ring.planes()).map_while(|plane| context.parameter(op.weight, plane)).collect(),
            r: vec![T::zero(); ring.planes()],
            slope: vec![T::zero(); ring.planes()],
            t: vec![T::zero(); ring.planes()],
            y: vec![T::zero(); ring.planes() * columns],
        }
    }

    /// A plane of x in one row.
    #[inline(always)]
    fn x(&self, plane: usize, row: usize) -> Option<&'a [T]> {
        self.x.get(plane).map(|x| &x[row * self.columns..(row + 1) * self.columns])
    }

    /// r, its slope and y for one row.
    #[inline(always)]
    fn scale(&mut self, row: usize) {
        let (columns, ring) = (self.columns, self.ring);
        self.t.fill(T::zero());
        // the square is symmetric, so that half of the mixed terms suffice
        for &RingProduct { c, a, b } in ring.products().iter().filter(|p| p.a <= p.b) {
            if let (Some(x), Some(y)) = (self.x(a, row), self.x(b, row)) {
                let scale = T::of(if a == b { 1.0 } else { 2.0 } / columns as f64);
                self.t[c] = scale.mul_add(row::dot(x, y), self.t[c]);
            }
        }
        let q = T::one() / (self.t[0] + T::of(EPSILON)).sqrt();
        self.t.iter_mut().for_each(|t| *t *= q * q);
        let h = normalize::inverse_root();
        normalize::factor(ring, h, &self.t, &mut self.r);
        normalize::slope(ring, h, &self.t, &mut self.slope);
        self.r.iter_mut().for_each(|r| *r *= q);
        self.slope.iter_mut().for_each(|slope| *slope *= q * q * q);
        self.y.fill(T::zero());
        for &RingProduct { c, a, b } in ring.products() {
            if let Some(x) = self.x(a, row) {
                row::add_scaled(&mut self.y[c * columns..(c + 1) * columns], self.r[b], x);
            }
        }
    }
}

struct Forward<'a, 'b, T> {
    rows: Rows<'a, T>,
    planes: &'b mut [T],
    len: usize,
}

impl<T: Real> pulp::NullaryFnOnce for Forward<'_, '_, T> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { mut rows, planes, len } = self;
        let (ring, n) = (rows.ring, rows.columns);
        let first = usize::from(rows.context.phase == Planes::Tangent);
        planes.fill(T::zero());
        for row in 0..len / n {
            rows.scale(row);
            for &RingProduct { c, a, b } in ring.products().iter().filter(|p| p.c >= first) {
                // a value of degree one has no planes of degree two
                let z = planes.get_mut((c - first) * len + row * n..(c - first) * len + (row + 1) * n);
                if let (Some(z), Some(w)) = (z, rows.w.get(b)) {
                    row::add_product(z, &rows.y[a * n..(a + 1) * n], w);
                }
            }
        }
    }
}

struct Backward<'a, 'b, T> {
    rows: Rows<'a, T>,
    own: Own<'a, T>,
    /// Adjoint of x, and whether to add to it; `None` if x is data.
    adjoint: Option<(&'b mut [T], bool)>,
    /// Requested planes of the gradient of the weight. Shape `[wanted, columns]`.
    gradient: &'b mut [T],
    first_wanted: usize,
}

impl<T: Real> pulp::NullaryFnOnce for Backward<'_, '_, T> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { mut rows, own, mut adjoint, gradient, first_wanted } = self;
        let (ring, n, len) = (rows.ring, rows.columns, own.primal.len());
        let first = usize::from(rows.context.phase == Planes::Tangent);
        let mut y = vec![T::zero(); ring.planes() * n];
        let [mut r_bar, mut m_bar] = [(); 2].map(|()| vec![T::zero(); ring.planes()]);
        let twice = T::of(2.0 / n as f64);
        for row in 0..len / n {
            rows.scale(row);
            let z = |plane: usize| &own.plane(plane)[row * n..(row + 1) * n];
            for &RingProduct { c, a, b } in ring.products().iter().filter(|p| p.c >= first_wanted) {
                let g = gradient.get_mut((c - first_wanted) * n..(c - first_wanted + 1) * n);
                if let Some(g) = g {
                    row::add_product(g, z(a), &rows.y[b * n..(b + 1) * n]);
                }
            }
            let Some((adjoint, accumulate)) = &mut adjoint else { continue };
            y.fill(T::zero());
            for &RingProduct { c, a, b } in ring.products() {
                if let Some(w) = rows.w.get(b) {
                    row::add_product(&mut y[c * n..(c + 1) * n], z(a), w);
                }
            }
            // r̄ = ⟨ȳ, x⟩, and with m = mean x²: m̄ = r̄ dr/dm, times 2/n for x
            r_bar.fill(T::zero());
            for &RingProduct { c, a, b } in ring.products() {
                if let Some(x) = rows.x(b, row) {
                    r_bar[c] += row::dot(&y[a * n..(a + 1) * n], x);
                }
            }
            m_bar.fill(T::zero());
            for &RingProduct { c, a, b } in ring.products() {
                m_bar[c] += twice * r_bar[a] * rows.slope[b];
            }
            for c in first..ring.planes() {
                let start = (c - first) * len + row * n;
                let x = &mut adjoint[start..start + n];
                if !*accumulate {
                    x.fill(T::zero());
                }
                for &RingProduct { a, b, .. } in ring.products().iter().filter(|p| p.c == c) {
                    row::add_scaled(x, rows.r[b], &y[a * n..(a + 1) * n]);
                    if let Some(argument) = rows.x(b, row) {
                        row::add_scaled(x, m_bar[a], argument);
                    }
                }
            }
        }
    }
}

impl<T: Real> Primitive<T> for RmsNorm {
    fn forward(&self, context: &Context<'_, T>, node: NodeId, out: &mut Output<'_, T>) {
        let len = context.len(node);
        dispatch(Forward { rows: Rows::new(self, context), planes: out.planes, len });
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        own: Own<'_, T>,
        adjoints: &mut Adjoints<'_, T>,
        gradient: &mut Gradient<'_, T>,
    ) {
        let (wanted, columns) = (gradient.wanted(), context.columns(self.x));
        let mut weight = vec![T::zero(); wanted.len() * columns];
        let planes = context.ring.planes() - usize::from(context.phase == Planes::Tangent);
        let adjoint = context.is_variable(self.x).then(|| adjoints.target(self.x, planes * own.primal.len()));
        let rows = Rows::new(self, context);
        dispatch(Backward { rows, own, adjoint, gradient: &mut weight, first_wanted: wanted.start });
        gradient.start(self.weight);
        for (c, found) in wanted.zip(weight.chunks_exact(columns)) {
            vector::add(gradient.plane(self.weight, c), found);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::calculus::function::Function;
    use crate::calculus::op::finite_difference::{check, numbers};
    use crate::calculus::tape::{Initial, NodeId, Tape};

    fn norm(tape: &mut Tape<f64>, name: &str, x: NodeId) -> NodeId {
        let columns = tape.shape(x).1;
        let weight = tape.parameter(name, &[columns], Initial::Constant(1.0));
        tape.rms_norm(x, weight)
    }

    /// On data, on a value of degree one, and twice in sequence; 17 columns, which do not fill a vector
    /// register.
    #[test]
    fn derivatives_match_finite_differences() {
        let mut tape = Tape::new();
        let x = tape.data(2, 3);
        let h = norm(&mut tape, "0", x);
        let h = tape.linear("1", h, 17);
        let h = norm(&mut tape, "2", h);
        let h = tape.map(Function::Tanh, h);
        let h = norm(&mut tape, "3", h);
        let f = tape.linear("4", h, 2);
        let (y, mask) = (tape.data(2, 2), tape.data(2, 1));
        tape.mean_squared_error(f, y, mask, 0.25);
        check(tape, &[(x, numbers(12)), (y, numbers(8)), (mask, vec![1.0; 4])], 2);
    }

    #[test]
    fn derivatives_of_a_linear_value_match_finite_differences() {
        let mut tape = Tape::new();
        let x = tape.data(1, 3);
        let h = tape.linear("1", x, 4);
        let h = norm(&mut tape, "2", h);
        let f = tape.linear("3", h, 2);
        let (y, mask) = (tape.data(1, 2), tape.data(1, 1));
        tape.mean_squared_error(f, y, mask, 0.5);
        check(tape, &[(x, numbers(6)), (y, numbers(4)), (mask, vec![1.0; 2])], 2);
    }
}
