//! One time step of the LSTM cells of all samples, vectorized over the hidden units.
//!
//! Plane 0 stores the gates after their nonlinearity, which determines all derivatives (σ' = σ(1 − σ),
//! tanh' = 1 − tanh²). The planes above 0 store G, which is extended to the gates when it is read.

use crate::calculus::kernel::lanes::{LANES, Lanes, lift, load, multiply, multiply_add, store, zeros};
use crate::calculus::op::Own;
use crate::calculus::real::Real;
use crate::calculus::ring::{Ring, RingProduct};

/// Number of columns of plane 0 per hidden unit: i, f, g, o, tanh c, c.
pub const STATE: usize = 6;
/// Number of columns of a plane above 0 per hidden unit: G in the order i, f, g, o, and c.
pub const TANGENT: usize = 5;

/// Number of hidden units processed at a time in plane 0: a vector register of single precision.
const UNITS: usize = 16;

/// Sizes of a pass.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Number of samples.
    pub samples: usize,
    /// Number of time steps.
    pub steps: usize,
    /// Number of hidden units.
    pub hidden: usize,
}

impl Shape {
    /// Number of rows over all samples.
    pub fn rows(self) -> usize {
        self.samples * self.steps
    }

    /// The rows of step t.
    fn at(self, t: usize) -> impl Iterator<Item = usize> {
        (t..self.rows()).step_by(self.steps)
    }
}

/// Step from G at time t to the state and h, in plane 0.
pub struct PrimalStep<'a, T> {
    /// Sizes of the pass.
    pub shape: Shape,
    /// Time step.
    pub t: usize,
    /// G in the columns of the gates. Shape `[rows, 6 hidden]`.
    pub state: &'a mut [T],
    /// Plane 0 of h. Shape `[rows, hidden]`.
    pub h: &'a mut [T],
}

impl<T: Real> pulp::NullaryFnOnce for PrimalStep<'_, T> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { shape, t, state, h } = self;
        let n = shape.hidden;
        for row in shape.at(t) {
            for first in (0..n).step_by(UNITS) {
                let units = first..n.min(first + UNITS);
                let of = |row: usize, q: usize| {
                    let start = (row * STATE + q) * n;
                    start + units.start..start + units.end
                };
                // local arrays, which nothing aliases, make the loops vectorize
                let [mut i, mut f, mut g, mut o, mut before] = [[T::zero(); UNITS]; 5];
                for (q, gate) in [&mut i, &mut f, &mut g, &mut o].into_iter().enumerate() {
                    load(gate, &state[of(row, q)]);
                }
                if t > 0 {
                    load(&mut before, &state[of(row - 1, 5)]);
                }
                let [mut tanh_c, mut c, mut out] = [[T::zero(); UNITS]; 3];
                for l in 0..UNITS {
                    (i[l], f[l], o[l]) = (i[l].logistic().0, f[l].logistic().0, o[l].logistic().0);
                    g[l] = g[l].tanh_and_derivative().0;
                    c[l] = f[l].mul_add(before[l], i[l] * g[l]);
                    tanh_c[l] = c[l].tanh_and_derivative().0;
                    out[l] = o[l] * tanh_c[l];
                }
                for (q, x) in [&i, &f, &g, &o, &tanh_c, &c].into_iter().enumerate() {
                    store(&mut state[of(row, q)], x);
                }
                store(&mut h[row * n..][units], &out);
            }
        }
    }
}

/// Working memory for a block of a row: values extended to the ring, plane by plane.
#[derive(Debug)]
pub struct Work<T> {
    /// i, f, g, o.
    gates: [Vec<Lanes<T>>; 4],
    tanh_c: Vec<Lanes<T>>,
    /// c_{t−1}.
    before: Vec<Lanes<T>>,
    c: Vec<Lanes<T>>,
    h: Vec<Lanes<T>>,
    x: Vec<Lanes<T>>,
    y: Vec<Lanes<T>>,
    z: Vec<Lanes<T>>,
}

impl<T: Real> Work<T> {
    /// Working memory for values over the given ring.
    pub fn new(ring: &Ring) -> Self {
        let value = || zeros(ring.planes());
        Self {
            gates: std::array::from_fn(|_| value()),
            tanh_c: value(),
            before: value(),
            c: value(),
            h: value(),
            x: value(),
            y: value(),
            z: value(),
        }
    }
}

/// The derivatives σ' and σ'' at the value s = σ.
#[inline(always)]
fn logistic_derivatives<T: Real>(s: &Lanes<T>) -> (Lanes<T>, Lanes<T>) {
    let (mut d1, mut d2) = ([T::zero(); LANES], [T::zero(); LANES]);
    for l in 0..LANES {
        d1[l] = s[l] * (T::one() - s[l]);
        d2[l] = d1[l] * (T::one() - (s[l] + s[l]));
    }
    (d1, d2)
}

/// The derivatives tanh' and tanh'' at the value s = tanh.
#[inline(always)]
fn tanh_derivatives<T: Real>(s: &Lanes<T>) -> (Lanes<T>, Lanes<T>) {
    let (mut d1, mut d2) = ([T::zero(); LANES], [T::zero(); LANES]);
    for l in 0..LANES {
        d1[l] = (-s[l]).mul_add(s[l], T::one());
        d2[l] = -(s[l] + s[l]) * d1[l];
    }
    (d1, d2)
}

/// All planes of the state of a layer.
#[derive(Clone, Copy)]
struct States<'a, T> {
    /// Plane 0 of the state. Shape `[rows, 6 hidden]`.
    primal: &'a [T],
    /// Planes of the state above 0. Shape `[planes − 1, rows, 5 hidden]`.
    tangents: &'a [T],
    shape: Shape,
}

/// A block of a row: first column and number of columns, at most [`LANES`].
#[derive(Clone, Copy)]
struct Block {
    row: usize,
    first: usize,
    len: usize,
}

impl Block {
    /// The blocks of the rows of step t.
    fn at(shape: Shape, t: usize) -> impl Iterator<Item = Self> {
        let n = shape.hidden;
        let blocks =
            move |row| (0..n).step_by(LANES).map(move |first| Self { row, first, len: LANES.min(n - first) });
        shape.at(t).flat_map(blocks)
    }

    /// The range of the block in a matrix with rows of `width · hidden` entries, in the columns of quantity
    /// q.
    fn of(self, hidden: usize, width: usize, q: usize) -> std::ops::Range<usize> {
        let start = (self.row * width + q) * hidden + self.first;
        start..start + self.len
    }
}

impl<T: Real> States<'_, T> {
    /// Reads a quantity of the planes of x: columns `q` of plane 0, and columns `above` of the other planes.
    #[inline(always)]
    fn read(self, x: &mut [Lanes<T>], block: Block, q: usize, above: usize) {
        let n = self.shape.hidden;
        let len = self.shape.rows() * TANGENT * n;
        load(&mut x[0], &self.primal[block.of(n, STATE, q)]);
        for (plane, x) in x[1..].iter_mut().enumerate() {
            load(x, &self.tangents[plane * len..][block.of(n, TANGENT, above)]);
        }
    }

    /// Reads the first planes of the gates and of c_{t−1}.
    #[inline(always)]
    fn read_cell(self, ring: &Ring, planes: usize, t: usize, block: Block, work: &mut Work<T>) {
        for (q, gate) in work.gates.iter_mut().enumerate() {
            let gate = &mut gate[..planes];
            self.read(gate, block, q, q);
            let (d1, d2) = if q == 2 { tanh_derivatives(&gate[0]) } else { logistic_derivatives(&gate[0]) };
            lift(ring, gate, &d1, &d2);
        }
        if t == 0 {
            work.before[..planes].fill([T::zero(); LANES]);
        } else {
            let earlier = Block { row: block.row - 1, ..block };
            self.read(&mut work.before[..planes], earlier, 5, 4);
        }
    }
}

/// Step from G at time t to c and h, for the planes of one degree. Planes of lower degrees must be complete.
pub struct ForwardStep<'a, T> {
    /// The ring.
    pub ring: &'a Ring,
    /// Degree of the planes to compute.
    pub degree: usize,
    /// Sizes of the pass.
    pub shape: Shape,
    /// Time step.
    pub t: usize,
    /// Plane 0 of the state. Shape `[rows, 6 hidden]`.
    pub state: &'a [T],
    /// Planes of the state above 0. Shape `[planes − 1, rows, 5 hidden]`.
    pub tangents: &'a mut [T],
    /// Planes of h above 0. Shape `[planes − 1, rows, hidden]`.
    pub h: &'a mut [T],
    /// Working memory.
    pub work: &'a mut Work<T>,
}

impl<T: Real> pulp::NullaryFnOnce for ForwardStep<'_, T> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { ring, degree, shape, t, state, tangents, h, work } = self;
        let (planes, n) = (ring.planes_of(degree), shape.hidden);
        let products = new_products(ring, degree);
        for block in Block::at(shape, t) {
            let states = States { primal: state, tangents: &*tangents, shape };
            states.read_cell(ring, planes.end, t, block, work);
            states.read(&mut work.c[..planes.start], block, 5, 4);
            states.read(&mut work.tanh_c[..1], block, 4, 4);
            let [i, f, g, o] = &work.gates;
            multiply(products, &mut work.c, f, &work.before);
            multiply_add(products, &mut work.c, i, g);
            let tanh_c = &mut work.tanh_c[..planes.end];
            tanh_c[1..].copy_from_slice(&work.c[1..planes.end]);
            let (d1, d2) = tanh_derivatives(&tanh_c[0]);
            lift(ring, tanh_c, &d1, &d2);
            multiply(products, &mut work.h, o, tanh_c);
            for plane in planes.clone() {
                let start = (plane - 1) * shape.rows() * n;
                store(&mut tangents[start * TANGENT..][block.of(n, TANGENT, 4)], &work.c[plane]);
                store(&mut h[start..][block.of(n, 1, 0)], &work.h[plane]);
            }
        }
    }
}

/// The products whose results have exactly this degree.
fn new_products(ring: &Ring, degree: usize) -> &[RingProduct] {
    let lower = degree.checked_sub(1).map_or(0, |lower| ring.products_up_to(lower).len());
    &ring.products_up_to(degree)[lower..]
}

/// Adjoints of the inner values of a layer.
#[derive(Debug)]
pub struct Adjoint<T> {
    shape: Shape,
    /// Adjoint of G. Shape `[planes, rows, 4 hidden]`.
    pub gates: Vec<T>,
    /// Adjoints of h and c: the contributions of later steps and of the layer above. Shape
    /// `[planes, rows, 2 hidden]`.
    pub state: Vec<T>,
}

impl<T: Real> Adjoint<T> {
    /// The contribution of the layer above to the adjoint of h.
    pub fn new(shape: Shape, ring: &Ring, own: Own<'_, T>) -> Self {
        let (n, all) = (shape.hidden, ring.planes() * shape.rows());
        let mut state = vec![T::zero(); all * 2 * n];
        for (plane, state) in state.chunks_exact_mut((shape.rows() * 2 * n).max(1)).enumerate() {
            for (state, own) in state.chunks_exact_mut(2 * n).zip(own.plane(plane).chunks_exact(n)) {
                state[..n].copy_from_slice(own);
            }
        }
        Self { shape, gates: vec![T::zero(); all * 4 * n], state }
    }

    /// Adds the contribution of row t to the adjoint of h_{t−1}, in one plane. Shape `[rows, hidden]`.
    pub fn add_one_step_earlier(&mut self, plane: usize, rows: &[T]) {
        let (n, steps) = (self.shape.hidden, self.shape.steps);
        let state = &mut self.state[plane * self.shape.rows() * 2 * n..];
        for (row, x) in rows.chunks_exact(n).enumerate().filter(|(row, _)| row % steps > 0) {
            let h = &mut state[(row - 1) * 2 * n..][..n];
            h.iter_mut().zip(x).for_each(|(h, &x)| *h += x);
        }
    }
}

/// Adjoints of G at step t and of c_{t−1}, for the planes of one degree. Planes of lower degrees must be
/// complete.
pub struct BackwardStep<'a, T> {
    /// The ring.
    pub ring: &'a Ring,
    /// Degree of the planes to compute.
    pub degree: usize,
    /// Sizes of the pass.
    pub shape: Shape,
    /// Time step.
    pub t: usize,
    /// Plane 0 as saved by the forward rule. Shape `[rows, 6 hidden]`.
    pub state: &'a [T],
    /// Planes above 0 as saved by the forward rule. Shape `[planes − 1, rows, 5 hidden]`.
    pub tangents: &'a [T],
    /// Adjoints of G, h and c.
    pub adjoint: &'a mut Adjoint<T>,
    /// Working memory.
    pub work: &'a mut Work<T>,
}

impl<T: Real> pulp::NullaryFnOnce for BackwardStep<'_, T> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { ring, degree, shape, t, state, tangents, adjoint, work } = self;
        let (rows, n) = (shape.rows(), shape.hidden);
        let (planes, all, new) =
            (ring.planes_of(degree), ring.products_up_to(degree), new_products(ring, degree));
        let states = States { primal: state, tangents, shape };
        for block in Block::at(shape, t) {
            states.read_cell(ring, planes.end, t, block, work);
            let Work { gates: [i, f, g, o], tanh_c, before, c, h, x, y, z } = &mut *work;
            let tanh_c = &mut tanh_c[..planes.end];
            states.read(tanh_c, block, 4, 4);
            let (d1, d2) = tanh_derivatives(&tanh_c[0]);
            lift(ring, tanh_c, &d1, &d2);
            // from here on h and c denote adjoints
            for plane in 0..planes.end {
                let state = &adjoint.state[plane * rows * 2 * n..];
                load(&mut h[plane], &state[block.of(n, 2, 0)]);
                load(&mut c[plane], &state[block.of(n, 2, 1)]);
            }
            multiply(all, x, h, o);
            slope(all, y, tanh_c, None);
            multiply_add(new, c, x, y);
            // adjoint of each gate: the adjoint of its product, times the other factor, times its own slope.
            // A closure would not be inlined and therefore not be compiled for the vector instructions.
            for q in 0..4 {
                let [product, other, value]: [&[Lanes<T>]; 3] = match q {
                    0 => [c, g, i],
                    1 => [c, before, f],
                    2 => [c, i, g],
                    _ => [h, tanh_c, o],
                };
                multiply(all, x, product, other);
                slope(all, y, value, (q != 2).then_some(value));
                multiply(new, z, x, y);
                for plane in planes.clone() {
                    let gates = &mut adjoint.gates[plane * rows * 4 * n..];
                    store(&mut gates[block.of(n, 4, q)], &z[plane]);
                }
            }
            multiply(new, x, c, f);
            for plane in planes.clone() {
                let state = &mut adjoint.state[plane * rows * 2 * n..];
                store(&mut state[block.of(n, 2, 1)], &c[plane]);
                if t > 0 {
                    let earlier = Block { row: block.row - 1, ..block };
                    store(&mut state[earlier.of(n, 2, 1)], &x[plane]);
                }
            }
        }
    }
}

/// The slope of a nonlinearity over the ring from its value s: s − s² for σ (`linear` is s), otherwise 1 − s²
/// for tanh.
#[inline(always)]
fn slope<T: Real>(products: &[RingProduct], y: &mut [Lanes<T>], s: &[Lanes<T>], linear: Option<&[Lanes<T>]>) {
    multiply(products, y, s, s);
    let planes = products.last().map_or(0, |last| last.c + 1);
    for (plane, y) in y[..planes].iter_mut().enumerate() {
        for l in 0..LANES {
            let linear = match linear {
                Some(s) => s[plane][l],
                None if plane == 0 => T::one(),
                None => T::zero(),
            };
            y[l] = linear - y[l];
        }
    }
}
