//! Elementwise functions on planes: evaluation, and their forward and backward extension to the ring.
//!
//! For nilpotent N, `f(x + N) = f + f' N + ½ f'' N²`. All terms of the planes of one monomial are fused into
//! one loop.

use std::marker::PhantomData;

use rayon::prelude::*;

use super::dispatch;
use crate::calculus::function::{Elementwise, Function, Gelu, Relu, Silu, Softplus, Tanh};
use crate::calculus::real::Real;
use crate::calculus::ring::{Monomial, Ring};

/// Number of entries processed in all planes before the next block; a block fits in the L1 cache.
const BLOCK: usize = 512;

/// f and its first N derivatives.
struct Evaluate<'a, F, T, const N: usize> {
    x: &'a [T],
    f: &'a mut [T],
    derivatives: [&'a mut [T]; N],
    function: PhantomData<F>,
}

impl<F: Elementwise, T: Real, const N: usize> pulp::NullaryFnOnce for Evaluate<'_, F, T, N> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let n = self.x.len();
        let f = &mut self.f[..n];
        let mut derivatives = self.derivatives.map(|plane| &mut plane[..n]);
        for i in 0..n {
            let [value, slopes @ ..] = F::tower(self.x[i]);
            f[i] = value;
            for (plane, slope) in derivatives.iter_mut().zip(slopes) {
                plane[i] = slope;
            }
        }
    }
}

/// Number of entries per task of the thread pool; the planes of a task fit in the L2 cache.
const TASK: usize = 1 << 13;

/// Writes f(x) to `f`, and as many of f', f'', f''' to `derivatives` as it has space for. Shapes `[n]`,
/// `[n]`, `[≤ 3, n]`.
pub fn evaluate<T: Real>(function: Function, x: &[T], f: &mut [T], derivatives: &mut [T], parallel: bool) {
    match function {
        Function::Gelu => evaluate_as::<Gelu, T>(x, f, derivatives, parallel),
        Function::Silu => evaluate_as::<Silu, T>(x, f, derivatives, parallel),
        Function::Tanh => evaluate_as::<Tanh, T>(x, f, derivatives, parallel),
        Function::Relu => evaluate_as::<Relu, T>(x, f, derivatives, parallel),
        Function::Softplus => evaluate_as::<Softplus, T>(x, f, derivatives, parallel),
    }
}

fn evaluate_as<F: Elementwise, T: Real>(x: &[T], f: &mut [T], derivatives: &mut [T], parallel: bool) {
    match derivatives.len().checked_div(x.len()) {
        None => {}
        Some(0) => evaluate_some::<F, T, 0>(x, f, derivatives, parallel),
        Some(1) => evaluate_some::<F, T, 1>(x, f, derivatives, parallel),
        Some(2) => evaluate_some::<F, T, 2>(x, f, derivatives, parallel),
        Some(_) => evaluate_some::<F, T, 3>(x, f, derivatives, parallel),
    }
}

fn evaluate_some<F: Elementwise, T: Real, const N: usize>(
    x: &[T],
    f: &mut [T],
    derivatives: &mut [T],
    parallel: bool,
) {
    let mut planes = derivatives.chunks_exact_mut(x.len());
    let derivatives: [&mut [T]; N] = std::array::from_fn(|_| planes.next().unwrap_or_default());
    if !parallel {
        return dispatch(Evaluate::<F, T, N> { x, f, derivatives, function: PhantomData });
    }
    let mut planes = derivatives.map(|plane| plane.chunks_mut(TASK));
    let pieces = x.chunks(TASK).zip(f.chunks_mut(TASK)).map(|(x, f)| {
        let derivatives = planes.each_mut().map(|plane| plane.next().unwrap_or_default());
        Evaluate::<F, T, N> { x, f, derivatives, function: PhantomData }
    });
    pieces.collect::<Vec<_>>().into_par_iter().for_each(dispatch);
}

/// First entry of a task and its section of every plane.
type Task<'a, T> = (usize, Vec<&'a mut [T]>);

/// Splits the planes of `data` into tasks and runs them, on the thread pool if there are several.
pub(super) fn run_tasks<T: Real>(
    data: &mut [T],
    len: usize,
    parallel: bool,
    run: impl Fn(usize, &mut [&mut [T]]) + Sync,
) {
    if data.is_empty() {
        return;
    }
    let size = if parallel { TASK } else { len };
    let mut tasks: Vec<Task<'_, T>> = (0..len).step_by(size).map(|start| (start, Vec::new())).collect();
    for plane in data.chunks_exact_mut(len) {
        for ((_, pieces), piece) in tasks.iter_mut().zip(plane.chunks_mut(size)) {
            pieces.push(piece);
        }
    }
    if tasks.len() == 1 {
        for (start, mut planes) in tasks {
            run(start, &mut planes);
        }
    } else {
        tasks.into_par_iter().for_each(|(start, mut planes)| run(start, &mut planes));
    }
}

/// Inputs of the extension of a function to the ring.
#[derive(Clone, Copy, Debug)]
pub struct Lift<'a, T> {
    /// The ring.
    pub ring: &'a Ring,
    /// Number n of entries per plane.
    pub len: usize,
    /// f', f'', f''' at plane 0 of the argument; at least one more than the degree of the ring. Shape
    /// `[≤ 3, n]`.
    pub derivatives: &'a [T],
    /// The planes 1, 2, … that the argument has. Shape `[≤ planes − 1, n]`.
    pub x: &'a [T],
}

/// Sections of the planes of the result for one task, starting at entry `first`.
struct Forward<'a, 'b, T> {
    lift: Lift<'a, T>,
    first: usize,
    z: &'a mut [&'b mut [T]],
}

impl<T: Real> pulp::NullaryFnOnce for Forward<'_, '_, T> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Lift { ring, len, derivatives, x } = self.lift;
        let half = T::of(0.5);
        let total = self.z[0].len();
        let mut done = 0;
        while done < total {
            let n = BLOCK.min(total - done);
            let start = self.first + done;
            let plane = |p: usize| x.get((p - 1) * len + start..(p - 1) * len + start + n);
            let (d1, d2) = (&derivatives[start..start + n], &derivatives[len + start..len + start + n]);
            for (c, z) in self.z.iter_mut().enumerate() {
                let (c, z) = (c + 1, &mut z[done..done + n]);
                let square = match ring.monomial(c) {
                    Monomial::Second(i, j) => plane(1 + i).zip(plane(1 + j)).map(|(x, y)| (x, y, i == j)),
                    _ => None,
                };
                match (plane(c), square) {
                    (None, None) => z.fill(T::zero()),
                    (Some(x), None) => {
                        for i in 0..n {
                            z[i] = d1[i] * x[i];
                        }
                    }
                    (None, Some((u, v, same))) => {
                        let s = if same { half } else { T::one() };
                        for i in 0..n {
                            z[i] = s * d2[i] * u[i] * v[i];
                        }
                    }
                    (Some(x), Some((u, v, same))) => {
                        let s = if same { half } else { T::one() };
                        for i in 0..n {
                            z[i] = (s * d2[i] * u[i]).mul_add(v[i], d1[i] * x[i]);
                        }
                    }
                }
            }
            done += n;
        }
    }
}

/// Planes 1, 2, … of f(x). Shape of `z`: `[planes − 1, n]`.
pub fn forward<T: Real>(lift: Lift<'_, T>, z: &mut [T], parallel: bool) {
    assert_eq!(z.len(), (lift.ring.planes() - 1) * lift.len);
    run_tasks(z, lift.len, parallel, |first, z| dispatch(Forward { lift, first, z }));
}

/// Sections of the planes of the adjoint of the argument for one task, starting at entry `first`.
struct Backward<'a, 'b, T> {
    lift: Lift<'a, T>,
    first: usize,
    z0: &'a [T],
    z: &'a [T],
    adjoint: &'a mut [&'b mut [T]],
    accumulate: bool,
}

impl<T: Real> pulp::NullaryFnOnce for Backward<'_, '_, T> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Lift { ring, len, derivatives, x } = self.lift;
        let half = T::of(0.5);
        let total = self.adjoint[0].len();
        let mut done = 0;
        while done < total {
            let n = BLOCK.min(total - done);
            let start = self.first + done;
            let at = |p: usize| (p - 1) * len + start..(p - 1) * len + start + n;
            let (d1, d2) = (&derivatives[start..start + n], &derivatives[len + start..len + start + n]);
            let d3 = derivatives.get(2 * len + start..2 * len + start + n).unwrap_or_default();
            let z0 = &self.z0[start..start + n];
            for (c, out) in self.adjoint.iter_mut().enumerate() {
                let c = c + 1;
                let (z, out) = (&self.z[at(c)], &mut out[done..done + n]);
                // a new adjoint is written without reading the buffer
                match (x.get(at(c)), self.accumulate) {
                    (Some(x), false) => {
                        for i in 0..n {
                            out[i] = (z0[i] * d2[i]).mul_add(x[i], z[i] * d1[i]);
                        }
                    }
                    (Some(x), true) => {
                        for i in 0..n {
                            out[i] += (z0[i] * d2[i]).mul_add(x[i], z[i] * d1[i]);
                        }
                    }
                    (None, false) => {
                        for i in 0..n {
                            out[i] = z[i] * d1[i];
                        }
                    }
                    (None, true) => {
                        for i in 0..n {
                            out[i] = z[i].mul_add(d1[i], out[i]);
                        }
                    }
                }
                if let Monomial::Second(i, j) = ring.monomial(c)
                    && let (Some(x), Some(y)) = (x.get(at(1 + i)), x.get(at(1 + j)))
                {
                    let (zi, zj) = (&self.z[at(1 + i)], &self.z[at(1 + j)]);
                    if i == j {
                        for i in 0..n {
                            let curved = (half * z0[i] * d3[i]).mul_add(x[i], zi[i] * d2[i]);
                            out[i] = curved.mul_add(x[i], out[i]);
                        }
                    } else {
                        for i in 0..n {
                            let curved = (z0[i] * d3[i]).mul_add(x[i], zi[i] * d2[i]);
                            let crossed = (zj[i] * d2[i]).mul_add(x[i], out[i]);
                            out[i] = curved.mul_add(y[i], crossed);
                        }
                    }
                }
            }
            done += n;
        }
    }
}

/// Planes 1, 2, … of the adjoint of the argument, `Σ z̄_a f'(x)_b`. Shapes: `z0` `[n]`, `z` and `adjoint`
/// `[planes − 1, n]`.
pub fn backward<T: Real>(
    lift: Lift<'_, T>,
    z0: &[T],
    z: &[T],
    adjoint: &mut [T],
    accumulate: bool,
    parallel: bool,
) {
    assert_eq!(z0.len(), lift.len);
    assert_eq!(z.len(), (lift.ring.planes() - 1) * lift.len);
    assert_eq!(adjoint.len(), z.len());
    run_tasks(adjoint, lift.len, parallel, |first, adjoint| {
        dispatch(Backward { lift, first, z0, z, adjoint, accumulate });
    });
}

/// Plane 0 of the adjoint of the argument: `x̄ = z̄ f'`, added if `accumulate`.
pub fn backward_primal<T: Real>(d1: &[T], z: &[T], adjoint: &mut [T], accumulate: bool, parallel: bool) {
    struct Primal<'a, T>(&'a [T], &'a [T], &'a mut [T], bool);
    impl<T: Real> pulp::NullaryFnOnce for Primal<'_, T> {
        type Output = ();
        #[inline(always)]
        fn call(self) {
            let Self(d1, z, adjoint, accumulate) = self;
            let all = adjoint.iter_mut().zip(d1).zip(z);
            if accumulate {
                all.for_each(|((a, &d), &z)| *a = z.mul_add(d, *a));
            } else {
                all.for_each(|((a, &d), &z)| *a = z * d);
            }
        }
    }
    assert_eq!(z.len(), adjoint.len());
    let d1 = &d1[..z.len()];
    if !parallel {
        return dispatch(Primal(d1, z, adjoint, accumulate));
    }
    let inputs = d1.par_chunks(TASK).zip(z.par_chunks(TASK));
    adjoint.par_chunks_mut(TASK).zip(inputs).for_each(|(adjoint, (d1, z))| {
        dispatch(Primal(d1, z, adjoint, accumulate));
    });
}
