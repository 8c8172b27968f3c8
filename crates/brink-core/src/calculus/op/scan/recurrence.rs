//! The recurrence of a scan and its adjoint, vectorized over blocks of columns that fit in the lanes.

use std::ops::Range;

use crate::calculus::kernel::elementary::Elementary;
use crate::calculus::kernel::lanes::{
    LANES, Lanes, add_dot, lift, load, multiply, multiply_add, multiply_add_scalar, store, zeros,
};
use crate::calculus::real::Real;
use crate::calculus::ring::{Ring, RingProduct};

/// The nonzero planes of each argument.
#[derive(Debug)]
pub struct Sequence<'a, T> {
    /// The ring.
    pub ring: &'a Ring,
    /// First plane of the phase. Lower planes are recomputed but not written.
    pub first: usize,
    /// Number of samples.
    pub samples: usize,
    /// Number of time steps.
    pub steps: usize,
    /// Number of columns.
    pub columns: usize,
    /// Number of states per column.
    pub states: usize,
    /// x. Shape `[rows, columns]`.
    pub x: Vec<&'a [T]>,
    /// δ. Shape `[rows, columns]`.
    pub delta: Vec<&'a [T]>,
    /// B and C, concatenated. Shape `[rows, 2 states]`.
    pub bc: Vec<&'a [T]>,
}

/// The nonzero planes of each parameter.
#[derive(Debug)]
pub struct Parameters<'a, T> {
    /// A_log. Shape `[columns, states]`.
    pub a_log: Vec<&'a [T]>,
    /// D. Shape `[columns]`.
    pub skip: Vec<&'a [T]>,
}

/// The columns of each block.
fn blocks(columns: usize) -> impl Iterator<Item = Range<usize>> {
    (0..columns).step_by(LANES).map(move |first| first..columns.min(first + LANES))
}

/// Reads a range of entries of all planes.
#[inline(always)]
fn read<T: Real>(lanes: &mut [Lanes<T>], planes: &[&[T]], entries: Range<usize>) {
    for (plane, lanes) in lanes.iter_mut().enumerate() {
        match planes.get(plane) {
            Some(x) => load(lanes, &x[entries.clone()]),
            None => *lanes = [T::zero(); LANES],
        }
    }
}

/// `lanes = e^lanes` over the ring.
#[inline(always)]
fn exponential<T: Real>(ring: &Ring, lanes: &mut [Lanes<T>]) {
    let mut e = lanes[0];
    for e in &mut e {
        *e = Elementary::exponential(*e);
    }
    lift(ring, lanes, &e, &e);
    lanes[0] = e;
}

impl<T: Real> Parameters<'_, T> {
    /// A for the columns of a block, state by state. Shape `[states, planes]`.
    #[inline(always)]
    fn a(&self, ring: &Ring, columns: &Range<usize>, states: usize) -> Vec<Lanes<T>> {
        let planes = ring.planes();
        let mut a = zeros(states * planes);
        for (n, a) in a.chunks_exact_mut(planes).enumerate() {
            for (a, a_log) in a.iter_mut().zip(&self.a_log) {
                for (a, column) in a.iter_mut().zip(columns.clone()) {
                    *a = a_log[column * states + n];
                }
            }
            exponential(ring, a);
            a.iter_mut().flatten().for_each(|a| *a = -*a);
        }
        a
    }

    /// D for the columns of a block. Shape `[planes]`.
    #[inline(always)]
    fn skip(&self, ring: &Ring, columns: &Range<usize>) -> Vec<Lanes<T>> {
        let mut skip = zeros(ring.planes());
        read(&mut skip, &self.skip, columns.clone());
        skip
    }
}

impl<T: Real> Sequence<'_, T> {
    /// B and C for one row. Shape `[2 states, planes]`.
    #[inline(always)]
    fn scalars(&self, row: usize, scalars: &mut [T]) {
        for (n, scalars) in scalars.chunks_exact_mut(self.ring.planes()).enumerate() {
            for (plane, scalar) in scalars.iter_mut().enumerate() {
                *scalar = self.bc.get(plane).map_or(T::zero(), |bc| bc[2 * row * self.states + n]);
            }
        }
    }

    /// The entries of a block in a row.
    fn at(&self, row: usize, columns: &Range<usize>) -> Range<usize> {
        row * self.columns + columns.start..row * self.columns + columns.end
    }

    /// The products whose results are written.
    fn written(&self) -> &[RingProduct] {
        &self.ring.products()[self.first..]
    }

    /// Writes the planes of the phase to a range of entries. Shape `[planes − first, rows, columns]`.
    #[inline(always)]
    fn write(&self, planes: &mut [T], entries: Range<usize>, lanes: &[Lanes<T>]) {
        let len = self.samples * self.steps * self.columns;
        for (plane, lanes) in planes.chunks_exact_mut(len).zip(&lanes[self.first..]) {
            store(&mut plane[entries.clone()], lanes);
        }
    }
}

/// The planes of z in the current phase.
pub struct Forward<'a, T> {
    /// Arguments.
    pub sequence: Sequence<'a, T>,
    /// Parameters.
    pub parameters: Parameters<'a, T>,
    /// z. Shape `[planes − first, rows, columns]`.
    pub z: &'a mut [T],
}

impl<T: Real> pulp::NullaryFnOnce for Forward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { sequence, parameters, z } = self;
        let (ring, states) = (sequence.ring, sequence.states);
        let (planes, products) = (ring.planes(), ring.products());
        let [mut x, mut delta, mut input, mut sum, mut decay, mut next] = [(); 6].map(|()| zeros(planes));
        let mut scalars = vec![T::zero(); 2 * states * planes];
        let mut h = zeros(states * planes);
        for columns in blocks(sequence.columns) {
            let (a, skip) = (parameters.a(ring, &columns, states), parameters.skip(ring, &columns));
            for row in 0..sequence.samples * sequence.steps {
                if row % sequence.steps == 0 {
                    h.fill([T::zero(); LANES]);
                }
                let entries = sequence.at(row, &columns);
                read(&mut x, &sequence.x, entries.clone());
                read(&mut delta, &sequence.delta, entries.clone());
                sequence.scalars(row, &mut scalars);
                multiply(products, &mut input, &delta, &x);
                multiply(products, &mut sum, &skip, &x);
                let (b, c) = scalars.split_at(states * planes);
                let states = a.chunks_exact(planes).zip(h.chunks_exact_mut(planes));
                for ((a, h), (b, c)) in states.zip(b.chunks_exact(planes).zip(c.chunks_exact(planes))) {
                    multiply(products, &mut decay, &delta, a);
                    exponential(ring, &mut decay);
                    multiply(products, &mut next, &decay, h);
                    multiply_add_scalar(products, &mut next, &input, b);
                    h.copy_from_slice(&next);
                    multiply_add_scalar(products, &mut sum, h, c);
                }
                sequence.write(z, entries, &sum);
            }
        }
    }
}

/// The adjoints of all arguments and parameters, given the adjoint of z.
pub struct Backward<'a, T> {
    /// Arguments.
    pub sequence: Sequence<'a, T>,
    /// Parameters.
    pub parameters: Parameters<'a, T>,
    /// All planes of the adjoint of z. Shape `[rows, columns]` each.
    pub z: Vec<&'a [T]>,
    /// Adjoint of x. Shape `[planes − first, rows, columns]`.
    pub x: &'a mut [T],
    /// Adjoint of δ. Shape `[planes − first, rows, columns]`.
    pub delta: &'a mut [T],
    /// Adjoint of B and C, initially zero. Shape `[planes − first, rows, 2 states]`.
    pub bc: &'a mut [T],
    /// Adjoint of A_log. Shape `[planes, columns, states]`; planes below `first` are not written.
    pub a_log: &'a mut [T],
    /// Adjoint of D. Shape `[planes, columns]`; planes below `first` are not written.
    pub skip: &'a mut [T],
}

/// Working memory for a block of one sample and all its steps. Shapes `[steps, planes]`.
struct Work<T> {
    x: Vec<Lanes<T>>,
    delta: Vec<Lanes<T>>,
    /// δ x.
    input: Vec<Lanes<T>>,
    /// Adjoint of z.
    z: Vec<Lanes<T>>,
    /// Adjoint of δ x.
    input_adjoint: Vec<Lanes<T>>,
    delta_adjoint: Vec<Lanes<T>>,
    /// exp(δ A) for one state.
    decay: Vec<Lanes<T>>,
    /// One state before each step and after the last.
    h: Vec<Lanes<T>>,
    /// B and C. Shape `[steps, 2 states, planes]`.
    scalars: Vec<T>,
    /// Adjoints of B and C.
    scalar_adjoints: Vec<T>,
}

impl<T: Real> Work<T> {
    fn new(sequence: &Sequence<'_, T>) -> Self {
        let planes = sequence.ring.planes();
        let value = || zeros(sequence.steps * planes);
        let scalars = || vec![T::zero(); sequence.steps * 2 * sequence.states * planes];
        Self {
            x: value(),
            delta: value(),
            input: value(),
            z: value(),
            input_adjoint: value(),
            delta_adjoint: value(),
            decay: value(),
            h: zeros((sequence.steps + 1) * planes),
            scalars: scalars(),
            scalar_adjoints: scalars(),
        }
    }
}

impl<T: Real> pulp::NullaryFnOnce for Backward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn call(mut self) {
        let (ring, states) = (self.sequence.ring, self.sequence.states);
        let planes = ring.planes();
        let mut work = Work::new(&self.sequence);
        for columns in blocks(self.sequence.columns) {
            let a = self.parameters.a(ring, &columns, states);
            let skip = self.parameters.skip(ring, &columns);
            let (mut a_adjoint, mut skip_adjoint) = (zeros(states * planes), zeros(planes));
            for sample in 0..self.sequence.samples {
                self.read(sample, &columns, &mut work);
                for n in 0..states {
                    let state = n * planes..(n + 1) * planes;
                    self.state(n, &a[state.clone()], &mut a_adjoint[state], &mut work);
                }
                self.finish(sample, &columns, &skip, &mut skip_adjoint, &mut work);
            }
            self.write_parameters(&columns, &a, &a_adjoint, &skip_adjoint);
        }
    }
}

impl<T: Real> Backward<'_, T> {
    #[inline(always)]
    fn read(&self, sample: usize, columns: &Range<usize>, work: &mut Work<T>) {
        let Self { sequence, z, .. } = self;
        let planes = sequence.ring.planes();
        for t in 0..sequence.steps {
            let (row, step) = (sample * sequence.steps + t, t * planes..(t + 1) * planes);
            let entries = sequence.at(row, columns);
            read(&mut work.x[step.clone()], &sequence.x, entries.clone());
            read(&mut work.delta[step.clone()], &sequence.delta, entries.clone());
            read(&mut work.z[step.clone()], z, entries);
            let input = &mut work.input[step.clone()];
            multiply(sequence.ring.products(), input, &work.delta[step.clone()], &work.x[step]);
            let scalars = 2 * sequence.states * planes;
            sequence.scalars(row, &mut work.scalars[t * scalars..(t + 1) * scalars]);
        }
        work.input_adjoint.fill([T::zero(); LANES]);
        work.delta_adjoint.fill([T::zero(); LANES]);
        work.scalar_adjoints.fill(T::zero());
    }

    /// One state: recomputes its values, then its adjoint in reverse time.
    #[inline(always)]
    fn state(&self, n: usize, a: &[Lanes<T>], a_adjoint: &mut [Lanes<T>], work: &mut Work<T>) {
        let Self { sequence, .. } = self;
        let (ring, states) = (sequence.ring, sequence.states);
        let (planes, products, written) = (ring.planes(), ring.products(), sequence.written());
        let b = |t: usize| (2 * t * states + n) * planes..(2 * t * states + n + 1) * planes;
        let c = |t: usize| b(t).start + states * planes..b(t).end + states * planes;
        for t in 0..sequence.steps {
            let step = t * planes..(t + 1) * planes;
            let (before, after) = work.h.split_at_mut((t + 1) * planes);
            let (before, after) = (&before[t * planes..], &mut after[..planes]);
            let decay = &mut work.decay[step.clone()];
            multiply(products, decay, &work.delta[step.clone()], a);
            exponential(ring, decay);
            multiply(products, after, decay, before);
            multiply_add_scalar(products, after, &work.input[step], &work.scalars[b(t)]);
        }
        let [mut h, mut earlier, mut exponent] = [(); 3].map(|()| zeros(planes));
        for t in (0..sequence.steps).rev() {
            let step = t * planes..(t + 1) * planes;
            let (before, after) = work.h.split_at((t + 1) * planes);
            let (before, after) = (&before[t * planes..], &after[..planes]);
            let (z, decay) = (&work.z[step.clone()], &work.decay[step.clone()]);
            multiply_add_scalar(products, &mut h, z, &work.scalars[c(t)]);
            add_dot(written, &mut work.scalar_adjoints[c(t)], z, after);
            multiply_add_scalar(products, &mut work.input_adjoint[step.clone()], &h, &work.scalars[b(t)]);
            add_dot(written, &mut work.scalar_adjoints[b(t)], &h, &work.input[step.clone()]);
            multiply(products, &mut earlier, &h, decay);
            // adjoint of δ A: the adjoint of its exponential, h̄ h_{t−1}, times the exponential
            multiply(products, &mut exponent, &earlier, before);
            multiply_add(written, &mut work.delta_adjoint[step.clone()], &exponent, a);
            multiply_add(products, a_adjoint, &exponent, &work.delta[step]);
            std::mem::swap(&mut h, &mut earlier);
        }
    }

    /// Maps the adjoint of δ x to the adjoints of δ and x, and adds the contribution of D.
    #[inline(always)]
    fn finish(
        &mut self,
        sample: usize,
        columns: &Range<usize>,
        skip: &[Lanes<T>],
        skip_adjoint: &mut [Lanes<T>],
        work: &mut Work<T>,
    ) {
        let Self { sequence, x, delta, bc, .. } = self;
        let (planes, products, written) =
            (sequence.ring.planes(), sequence.ring.products(), sequence.written());
        let mut x_adjoint = zeros(planes);
        let width = 2 * sequence.states;
        let len = sequence.samples * sequence.steps * width;
        for t in 0..sequence.steps {
            let (row, step) = (sample * sequence.steps + t, t * planes..(t + 1) * planes);
            let entries = sequence.at(row, columns);
            let (input, z) = (&work.input_adjoint[step.clone()], &work.z[step.clone()]);
            multiply(products, &mut x_adjoint, input, &work.delta[step.clone()]);
            multiply_add(products, &mut x_adjoint, z, skip);
            sequence.write(x, entries.clone(), &x_adjoint);
            multiply_add(written, &mut work.delta_adjoint[step.clone()], input, &work.x[step.clone()]);
            sequence.write(delta, entries, &work.delta_adjoint[step.clone()]);
            multiply_add(written, skip_adjoint, z, &work.x[step]);
            let found = work.scalar_adjoints[t * width * planes..].chunks_exact(planes);
            for (n, found) in found.take(width).enumerate() {
                for (plane, &found) in found[sequence.first..].iter().enumerate() {
                    bc[plane * len + row * width + n] += found;
                }
            }
        }
    }

    /// Maps the adjoint of A to the adjoint of A_log: dA = A dA_log.
    #[inline(always)]
    fn write_parameters(
        &mut self,
        columns: &Range<usize>,
        a: &[Lanes<T>],
        a_adjoint: &[Lanes<T>],
        skip_adjoint: &[Lanes<T>],
    ) {
        let Self { sequence, a_log, skip, .. } = self;
        let (planes, states) = (sequence.ring.planes(), sequence.states);
        let mut adjoint = zeros(planes);
        for n in 0..states {
            let state = n * planes..(n + 1) * planes;
            multiply(sequence.ring.products(), &mut adjoint, &a_adjoint[state.clone()], &a[state]);
            for (plane, adjoint) in adjoint.iter().enumerate().skip(sequence.first) {
                for (column, &adjoint) in columns.clone().zip(adjoint) {
                    a_log[(plane * sequence.columns + column) * states + n] = adjoint;
                }
            }
        }
        for (plane, adjoint) in skip_adjoint.iter().enumerate().skip(sequence.first) {
            store(&mut skip[plane * sequence.columns..][columns.clone()], adjoint);
        }
    }
}
