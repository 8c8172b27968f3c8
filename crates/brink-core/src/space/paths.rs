//! Projection of the paths of the processes onto a frame: exact if the weights are stored, otherwise from
//! sketches.
//!
//! Sketched coordinates are corrected at the anchors, steps whose weights are stored, and the correction is
//! interpolated between them. The error therefore grows with the distance to the neighbouring anchors rather
//! than with the distance to the origin. The growth rate is estimated from exact points between two anchors,
//! and from each anchor between its neighbours, because in the directions of motion of a particular run a
//! sketch can be much more or much less accurate than on average.

use super::frame::{Captured, Frame};
use super::row::{PROCESSES, Row};
use super::sketch::Sketch;
use super::trail::Trail;
use crate::dynamics::Process;
use crate::spectrum::{dot, norm};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// Points of gradient descent are excluded from the extent of the view if their loss exceeds the loss of the
/// flows, or the earlier loss of gradient descent, by this factor.
const BLOWN_UP: f64 = 10.0;

/// Number of sketched steps between two checks of the time limit.
const CHUNK: usize = 64;

/// Number of exact points per process, besides the anchors, that are also sketched to estimate the error.
const MEASURED: usize = 48;
/// Smallest number of measured points. With fewer points, the general error bound of a sketch is used.
const LEAST_MEASURED: usize = 6;
/// Points closer to their interpolation from the anchors than this fraction of their displacement are
/// excluded, because they measure rounding errors only.
const LEAST_DISTANCE: f64 = 1e-9;

/// A section of the path of one process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Path {
    /// The process.
    pub process: Process,
    /// Coordinates in the frame; NaN if the process is absent. Shape `[points, 3]`.
    pub points: Vec<[f32; 3]>,
    /// Indices of the points that are projected exactly. The others are computed from sketches.
    pub exact: Range<usize>,
    /// Step of the first point.
    pub first_step: usize,
    /// Number of steps between consecutive points.
    pub stride: usize,
}

/// Coordinates of the three processes at one step.
type Points = [[f32; 3]; 3];

const ABSENT: [f32; 3] = [f32::NAN; 3];

/// An anchor of one process.
#[derive(Clone, Debug)]
struct Anchor {
    step: usize,
    sketch: Vec<f64>,
    /// Difference of exact and sketched coordinates.
    correction: [f64; 3],
}

/// Measured error of sketched coordinates, from points with known exact coordinates.
#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    count: usize,
    /// Sum over the points of the mean squared error over the axes.
    error: f64,
    /// Sum over the points of the squared distance to which the error is proportional.
    distance: f64,
}

/// Sketches of the origin and the axes of the frame.
#[derive(Clone, Debug)]
struct Sketched {
    sketch: Sketch,
    origin: Vec<f64>,
    axes: Vec<Vec<f64>>,
}

/// Projects the paths incrementally, within time limits.
#[derive(Clone, Debug)]
pub struct Tracer {
    /// Consecutive steps to be projected exactly.
    window: Vec<Arc<Row>>,
    exact: Vec<Points>,
    to_anchor: Vec<Arc<Row>>,
    /// Anchors of each process, sorted by step.
    anchors: [Vec<Anchor>; 3],
    /// Steps between anchors whose sketches are compared with their weights, and the measured errors per
    /// process.
    to_measure: Vec<Arc<Row>>,
    measured: [Measured; 3],
    sketched: Option<Sketched>,
    /// The stride of the trail and its number of sketches at the start of the sketched projection.
    stride: usize,
    count: usize,
    rough: Vec<Points>,
    captured: Captured,
    /// Sums of squares over the sketched points: error of a coordinate, and displacement.
    error: [f64; 2],
}

impl Tracer {
    /// Prepares the exact projection of `window`, a range of consecutive steps, and the sketched projection
    /// of all other steps of the trail.
    pub fn new(frame: &Frame, trail: &Trail, window: Vec<Arc<Row>>) -> Self {
        let sketched = trail.sketcher().map(|sketch| Sketched {
            sketch,
            origin: sketch.of(frame.origin().iter().copied()),
            axes: frame.axes().iter().map(|axis| sketch.of(axis.iter().copied())).collect(),
        });
        let ends = window.first().into_iter().chain(window.last()).cloned();
        let mut to_anchor: Vec<Arc<Row>> =
            trail.anchors().iter().cloned().chain(trail.newest().cloned()).chain(ends).collect();
        to_anchor.sort_by_key(|row| row.step());
        to_anchor.dedup_by_key(|row| row.step());
        // elements are taken from the end
        to_anchor.reverse();
        let mut to_measure = Vec::new();
        if sketched.as_ref().is_none_or(|sketched| sketched.sketch.is_exact()) {
            to_anchor.clear();
        } else {
            let between =
                window.iter().filter(|row| to_anchor.iter().all(|other| other.step() != row.step()));
            // odd, because gradient descent at the edge returns to the same wall every second step
            let stride = (window.len() / MEASURED) | 1;
            to_measure.extend(between.step_by(stride).cloned());
        }
        Self {
            exact: Vec::with_capacity(window.len()),
            window,
            to_anchor,
            anchors: Default::default(),
            to_measure,
            measured: Default::default(),
            sketched,
            stride: trail.stride(),
            count: trail.sketched(),
            rough: Vec::new(),
            captured: Captured::default(),
            error: [0.0; 2],
        }
    }

    /// Continues until everything is projected or the time limit `until` is reached. Returns whether
    /// everything is projected.
    pub fn advance(&mut self, frame: &Frame, trail: &Trail, until: Instant) -> bool {
        let mut w = Vec::new();
        loop {
            if let Some(row) = self.window.get(self.exact.len()) {
                let points = std::array::from_fn(|process| {
                    if !row.read(process, &mut w) {
                        return ABSENT;
                    }
                    let coordinates = displaced(frame, &mut w);
                    self.captured.count(&w, coordinates);
                    narrow(coordinates)
                });
                self.exact.push(points);
            } else if let Some(row) = self.to_anchor.pop() {
                self.anchor(frame, &row);
            } else if let Some(row) = self.to_measure.pop() {
                self.measure(frame, &row);
            } else if !self.rough_chunk(trail) {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
        }
    }

    fn anchor(&mut self, frame: &Frame, row: &Row) {
        let Some(sketched) = &self.sketched else { return };
        let mut w = Vec::new();
        for (process, anchors) in self.anchors.iter_mut().enumerate() {
            if !row.read(process, &mut w) {
                continue;
            }
            let sketch = sketched.sketch.of(w.iter().copied());
            let mut correction = displaced(frame, &mut w);
            let rough = sketched.coordinates(&sketch);
            correction.iter_mut().zip(rough).for_each(|(exact, rough)| *exact -= rough);
            anchors.push(Anchor { step: row.step(), sketch, correction });
        }
    }

    /// Compares the sketched coordinates of a step between anchors with its exact coordinates.
    fn measure(&mut self, frame: &Frame, row: &Row) {
        let Some(sketched) = &self.sketched else { return };
        let mut w = Vec::new();
        for (process, (anchors, measured)) in self.anchors.iter().zip(&mut self.measured).enumerate() {
            if !row.read(process, &mut w) {
                continue;
            }
            let sketch = sketched.sketch.of(w.iter().copied());
            let exact = displaced(frame, &mut w);
            let (correction, distance) = corrected(anchors, row.step(), &sketch, &sketched.origin);
            if distance <= LEAST_DISTANCE * norm(&w) {
                continue;
            }
            let rough = sketched.coordinates(&sketch);
            let off = std::array::from_fn(|axis| rough[axis] + correction[axis] - exact[axis]);
            measured.count(off, frame.axes().len(), distance);
        }
    }

    /// Error of a coordinate for each process, relative to the distance of a point from its interpolation
    /// between the anchors.
    fn shares(&self, sketched: &Sketched) -> [f64; 3] {
        std::array::from_fn(|process| {
            let mut measured = self.measured[process];
            for three in self.anchors[process].windows(3) {
                let (before, own, after) = (&three[0], &three[1], &three[2]);
                let (correction, distance) = between(before, after, own.step, &own.sketch);
                let off = std::array::from_fn(|axis| correction[axis] - own.correction[axis]);
                measured.count(off, sketched.axes.len(), distance);
            }
            measured.share().unwrap_or(sketched.sketch.error())
        })
    }

    /// Projects the next sketches. Returns whether more remain.
    fn rough_chunk(&mut self, trail: &Trail) -> bool {
        let Some(sketched) = &self.sketched else { return false };
        if trail.stride() != self.stride || trail.sketched() < self.count {
            // the trail has been thinned in the meantime
            (self.stride, self.count) = (trail.stride(), trail.sketched());
            self.rough.clear();
            self.error = [0.0; 2];
        }
        let begin = self.rough.len();
        let end = (begin + CHUNK).min(self.count);
        let [first, last] = [self.window.first(), self.window.last()].map(|row| row.map(|row| row.step()));
        let share = self.shares(sketched);
        let mut sketch = Vec::new();
        for i in begin..end {
            let step = trail.sketched_step(i);
            let points = std::array::from_fn(|process| {
                sketch.clear();
                sketch.extend(trail.sketch_of(i, process).iter().map(|&x| f64::from(x)));
                if sketch.first().is_none_or(|x| x.is_nan()) {
                    return ABSENT;
                }
                let mut at = sketched.coordinates(&sketch);
                if !sketched.sketch.is_exact() {
                    let (correction, distance) =
                        corrected(&self.anchors[process], step, &sketch, &sketched.origin);
                    at.iter_mut().zip(correction).for_each(|(at, by)| *at += by);
                    // within the window the exact points are drawn
                    if first.is_none_or(|first| step < first) || last.is_none_or(|last| step > last) {
                        self.error[0] += (distance * share[process]).powi(2);
                        self.error[1] += crate::spectrum::distance(&sketch, &sketched.origin).powi(2);
                    }
                }
                narrow(at)
            });
            self.rough.push(points);
        }
        end < self.count
    }

    /// The fraction of the displacement from the origin captured by the axes, over the exact points.
    pub fn captured(&self) -> Captured {
        self.captured
    }

    /// Root mean square error of a sketched coordinate relative to the displacement. `None` if all points are
    /// exact.
    pub fn error(&self) -> Option<f64> {
        let [error, displacement] = self.error;
        (displacement > 0.0 && error > 0.0).then(|| (error / displacement).sqrt())
    }

    /// Coordinates of gradient descent and central flow at the exact steps within `half` steps of `step`,
    /// excluding points where the loss of gradient descent blows up. If the flows have `parted`, the position
    /// of the gradient flow at `step` is included. Shape `[points, 2]`.
    pub fn spread(&self, step: usize, half: usize, parted: bool) -> Vec<[f64; 2]> {
        let near: Vec<(&Points, &Row)> = (self.exact.iter().zip(&self.window))
            .filter(|(_, row)| row.step().abs_diff(step) <= half)
            .map(|(points, row)| (points, &**row))
            .collect();
        let most = |process: usize| near.iter().map(|(_, row)| row.loss(process)).fold(f64::NAN, f64::max);
        let [descent, gradient_flow, central_flow] = [0, 1, 2];
        let first = near.first().map_or(f64::NAN, |(_, row)| row.loss(descent));
        // an unknown loss imposes no bound
        let bound = BLOWN_UP * most(central_flow).max(most(gradient_flow)).max(first);
        let mut spread = Vec::new();
        for (points, row) in near {
            for (process, &[x, y, _]) in points.iter().enumerate() {
                let counts = match PROCESSES[process] {
                    Process::GradientDescent => {
                        let loss = row.loss(process);
                        loss.is_nan() || bound.is_nan() || loss <= bound
                    }
                    Process::CentralFlow => true,
                    Process::GradientFlow => parted && row.step() == step,
                };
                if counts {
                    spread.push([f64::from(x), f64::from(y)]);
                }
            }
        }
        spread
    }

    /// The paths as far as they have been projected.
    pub fn paths(&self, trail: &Trail) -> Vec<Path> {
        let step_of = |i: usize| trail.sketched_step(i);
        let all_exact = self.sketched.as_ref().is_none_or(|sketched| sketched.sketch.is_exact());
        let rough = if trail.stride() == self.stride { self.rough.as_slice() } else { &[] };
        let [first, last] =
            [self.window.first(), self.window.last()].map(|row| row.map_or(0, |row| row.step()));
        // the sections meet at sketched steps inside the window: the first and the last
        let begins = sketched_before(rough.len(), |i| step_of(i) < first);
        let after_from = sketched_before(rough.len(), |i| step_of(i) <= last);
        let meets = begins < after_from && !self.exact.is_empty();
        let window = if meets {
            step_of(begins) - first..step_of(after_from - 1) - first + 1
        } else {
            0..self.exact.len()
        };
        let exact = self.exact.get(window.clone()).unwrap_or(&self.exact);
        let exact_step = first + window.start;
        let (before, after) = (&rough[..begins], &rough[after_from..]);

        let mut pieces: Vec<(Vec<Points>, Range<usize>, usize, usize)> = Vec::new();
        if self.stride == 1 && meets {
            let points = [before, exact, after].concat();
            let range = if all_exact { 0..points.len() } else { begins..begins + exact.len() };
            pieces.push((points, range, exact_step - begins, 1));
        } else {
            let exactly = |points: &[Points]| if all_exact { 0..points.len() } else { 0..0 };
            let joint = |point: Option<&Points>| point.filter(|_| meets).copied();
            let early: Vec<Points> = before.iter().copied().chain(joint(exact.first())).collect();
            let late: Vec<Points> = joint(exact.last()).into_iter().chain(after.iter().copied()).collect();
            let late_step = step_of(if meets { after_from - 1 } else { after_from });
            let exact_end = exact_step + exact.len().saturating_sub(1);
            // a window between two sketched steps is connected to both
            let bridge = |from: Option<&Points>, to: Option<&Points>, first: usize, last: usize| {
                let ends: Vec<Points> = from.into_iter().zip(to).flat_map(|(&a, &b)| [a, b]).collect();
                let near = !meets && first < last && last - first <= self.stride;
                near.then(|| (ends, 0..0, first, last - first))
            };
            let early_end = step_of(begins.saturating_sub(1));
            pieces.push((early.clone(), exactly(&early), step_of(0), self.stride));
            pieces.extend(bridge(before.last(), exact.first(), early_end, exact_step));
            pieces.push((exact.to_vec(), 0..exact.len(), exact_step, 1));
            pieces.extend(bridge(exact.last(), after.first(), exact_end, late_step));
            pieces.push((late.clone(), exactly(&late), late_step, self.stride));
        }
        let mut paths = Vec::new();
        for (process, &whose) in PROCESSES.iter().enumerate() {
            for (points, exact, first_step, stride) in &pieces {
                let points: Vec<[f32; 3]> = points.iter().map(|points| points[process]).collect();
                if points.iter().any(|[x, ..]| !x.is_nan()) {
                    let (exact, first_step, stride) = (exact.clone(), *first_step, *stride);
                    paths.push(Path { process: whose, points, exact, first_step, stride });
                }
            }
        }
        paths
    }
}

impl Measured {
    /// Adds a point: the errors of its coordinates along the first `axes` axes, and its distance from the
    /// interpolation between its anchors.
    fn count(&mut self, off: [f64; 3], axes: usize, distance: f64) {
        self.count += 1;
        self.error += off.iter().take(axes).map(|x| x * x).sum::<f64>() / axes.max(1) as f64;
        self.distance += distance * distance;
    }

    /// Error of a coordinate relative to that distance. `None` if there are too few points.
    fn share(self) -> Option<f64> {
        let share = (self.error / self.distance).sqrt();
        (self.count >= LEAST_MEASURED && share.is_finite()).then_some(share)
    }
}

/// Number of leading steps, of `count` ascending steps, for which a condition holds.
fn sketched_before(count: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = usize::midpoint(low, high);
        if holds(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

impl Sketched {
    fn coordinates(&self, sketch: &[f64]) -> [f64; 3] {
        let mut at = [0.0; 3];
        for (at, axis) in at.iter_mut().zip(&self.axes) {
            *at = dot(axis, sketch) - dot(axis, &self.origin);
        }
        at
    }
}

/// Replaces weights by their displacement from the origin and returns the coordinates of the displacement.
fn displaced(frame: &Frame, w: &mut [f64]) -> [f64; 3] {
    w.iter_mut().zip(frame.origin()).for_each(|(w, origin)| *w -= origin);
    frame.coordinates(w)
}

/// The correction at a step, interpolated between the neighbouring anchors, and the distance to which the
/// error is proportional.
fn corrected(anchors: &[Anchor], step: usize, sketch: &[f64], origin: &[f64]) -> ([f64; 3], f64) {
    let distance = |anchor: &Anchor| crate::spectrum::distance(sketch, &anchor.sketch);
    let after = anchors.partition_point(|anchor| anchor.step <= step);
    match (after.checked_sub(1).map(|i| &anchors[i]), anchors.get(after)) {
        (Some(a), Some(b)) => between(a, b, step, sketch),
        (Some(only), None) | (None, Some(only)) => (only.correction, distance(only)),
        (None, None) => ([0.0; 3], crate::spectrum::distance(sketch, origin)),
    }
}

/// The correction and the distance between two anchors.
fn between(a: &Anchor, b: &Anchor, step: usize, sketch: &[f64]) -> ([f64; 3], f64) {
    let share = (step - a.step) as f64 / (b.step - a.step) as f64;
    let correction = std::array::from_fn(|i| (1.0 - share) * a.correction[i] + share * b.correction[i]);
    // both errors are errors of the same sketch and therefore combine linearly
    let mixed: Vec<f64> = (sketch.iter().zip(&a.sketch).zip(&b.sketch))
        .map(|((s, a), b)| s - (1.0 - share) * a - share * b)
        .collect();
    (correction, norm(&mixed))
}

#[expect(clippy::cast_possible_truncation, reason = "for drawing")]
fn narrow(coordinates: [f64; 3]) -> [f32; 3] {
    coordinates.map(|x| x as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::trail::Budget;
    use proptest::prelude::*;
    use std::time::Duration;

    /// Gradient descent from step 4 at its two walls, the central flow from step 10. The origin of the frame
    /// is 0.
    fn row(step: usize) -> Row {
        let wall = if step.is_multiple_of(2) { 1.0 } else { -1.0 };
        let (descent, flow) = ([step as f64, wall, 0.25], [step as f64, 0.0, 0.25]);
        Row::new(step, [Some(&descent), None, (step >= 10).then_some(&flow)])
    }

    fn traced(budget: Budget, steps: usize, window: Vec<Arc<Row>>) -> (Tracer, Trail) {
        let mut trail = Trail::new(budget);
        (4..steps).for_each(|step| trail.push(row(step)));
        let mut frame = Frame::new(vec![0.0; 3]);
        frame.add("x", vec![1.0, 0.0, 0.0]).unwrap();
        frame.add("y", vec![0.0, 1.0, 0.0]).unwrap();
        let mut tracer = Tracer::new(&frame, &trail, window);
        while !tracer.advance(&frame, &trail, Instant::now() + Duration::from_micros(1)) {}
        (tracer, trail)
    }

    proptest! {
        #[test]
        fn pieces_cover_the_run_and_meet(steps in 40_usize..900, at in 0_usize..100, half in 1_usize..40, rows in 1_usize..200) {
            let budget = Budget { sketches: rows * 36, ..Budget::default() };
            let step = 4 + (steps - 5) * at / 100;
            let window: Vec<Arc<Row>> =
                (step.saturating_sub(half).max(4)..(step + half).min(steps)).map(|step| Arc::new(row(step))).collect();
            let (tracer, trail) = traced(budget, steps, window);
            let paths = tracer.paths(&trail);
            for process in [Process::GradientDescent, Process::CentralFlow] {
                let pieces: Vec<&Path> = paths.iter().filter(|path| path.process == process).collect();
                prop_assert!(!pieces.is_empty());
                for path in &pieces {
                    prop_assert!(path.exact.end <= path.points.len());
                    for (i, point) in path.points.iter().enumerate() {
                        let step = path.first_step + i * path.stride;
                        let there = process == Process::GradientDescent || step >= 10;
                        prop_assert_eq!(!point[0].is_nan(), there);
                        prop_assert!(!there || point[0] == step as f32);
                        prop_assert!(process != Process::GradientDescent || point[1].abs() == 1.0);
                    }
                }
                let ends = |path: &Path| path.first_step + (path.points.len() - 1) * path.stride;
                for two in pieces.windows(2) {
                    prop_assert_eq!(ends(two[0]), two[1].first_step);
                }
                let first = pieces[0].first_step;
                prop_assert!(first == 4 || process == Process::CentralFlow);
                prop_assert!(ends(pieces[pieces.len() - 1]) + trail.stride() >= steps);
            }
            prop_assert!(paths.iter().all(|path| path.process != Process::GradientFlow));
        }
    }
}
