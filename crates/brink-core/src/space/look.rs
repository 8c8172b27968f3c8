//! One look at weight space around a step, worked on in slices.

mod axes;
#[cfg(test)]
mod tests;

use super::axis::Axis;
use super::frame::{Captured, Frame};
use super::grid::{Extent, Grid};
use super::losses::Losses;
use super::paths::{Path, Tracer};
use super::probe::Probe;
use super::row::Row;
use super::sharpness::Sharpness;
use super::trail::Trail;
use crate::calculus::Stop;
use crate::spectrum::norm;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Instant;

/// Steps on either side of the step that the grids hold: few enough that each swing across the valley is seen.
const FRAMED: usize = 30;

/// What is to be looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct SurveyRequest {
    /// The step.
    pub step: usize,
    /// Its learning rate, for 2/η.
    pub eta: f64,
    /// Two or three axes.
    pub axes: Vec<Axis>,
    /// Most steps around it that are projected exactly, as far as their weights are kept.
    pub most: usize,
    /// Consecutive steps around `step`, itself among them, from a replay; where this is empty, those of the trail are taken.
    pub rows: Vec<Arc<Row>>,
    /// What a replay has kept of the steps before those that the trail begins with.
    pub earlier: Option<Arc<Trail>>,
}

/// The weights at a step are not kept: only a replay has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the weights of step {step} are no longer kept; they have to be computed again")]
pub struct NotKept {
    /// The step.
    pub step: usize,
}

/// An axis that is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownAxis {
    /// Its meaning.
    pub axis: Axis,
    /// Share of the squared displacement along it, over the exact points.
    pub captured: Option<f64>,
}

/// What is known of weight space around a step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SpaceView {
    /// The step.
    pub step: usize,
    /// Two or three; none while they are computed, or where there are none.
    pub axes: Vec<ShownAxis>,
    /// Share of the squared displacement from the origin that the axes show, over the exact points.
    pub captured: Option<f64>,
    /// Root mean square error of a sketched coordinate, as a share of the displacement; `None` where all is exact.
    pub sketch_error: Option<f64>,
    /// The paths, in one or more pieces each.
    pub paths: Vec<Path>,
    /// The loss; nothing but NaN as long as only its place is known.
    pub surface: Option<Grid>,
    /// The sharpness.
    pub region: Option<Grid>,
    /// 2/η.
    pub edge: f64,
    /// How much is computed, from 0 to 1.
    pub progress: f64,
    /// What stands in for something else, or is missing, in words.
    pub notes: Vec<String>,
}

impl SpaceView {
    /// Whether this is a view of paths of a run with so many steps, without grids: what is read from a file may be anything.
    ///
    /// # Errors
    /// What does not fit, in words.
    pub fn check(&self, steps: usize) -> Result<(), String> {
        let Self { step, axes, captured, sketch_error, paths, surface, region, edge, progress, notes: _ } =
            self;
        let shares = axes.iter().filter_map(|axis| axis.captured).chain(*captured).chain(*sketch_error);
        if ![0, 2, 3].contains(&axes.len()) || *step >= steps || surface.is_some() || region.is_some() {
            return Err(format!("no view of paths: {} axes at step {step} of {steps}", axes.len()));
        }
        if !shares.chain([*edge, *progress]).all(f64::is_finite) {
            return Err("a share or an edge is not finite".to_owned());
        }
        let wrong = paths.iter().find(|Path { process: _, points, exact, first_step, stride }| {
            let last =
                points.len().saturating_sub(1).checked_mul(*stride).and_then(|n| n.checked_add(*first_step));
            let within = *stride > 0 && last.is_some_and(|last| last < steps) && exact.start <= exact.end;
            !within || exact.end > points.len() || points.iter().flatten().any(|x| x.is_infinite())
        });
        wrong.map_or(Ok(()), |path| {
            Err(format!("a path of {} points from step {} on is wrong", path.points.len(), path.first_step))
        })
    }

    /// The paths up to a step; the last point of each is at or before it.
    #[must_use]
    pub fn until(&self, step: usize) -> Self {
        let mut view = self.clone();
        for Path { points, exact, first_step, stride, process: _ } in &mut view.paths {
            let count = step.checked_sub(*first_step).map_or(0, |steps| steps / *stride + 1);
            points.truncate(count);
            *exact = exact.start.min(points.len())..exact.end.min(points.len());
        }
        view.paths.retain(|path| !path.points.is_empty());
        view
    }
}

/// What comes next.
#[derive(Clone, Debug)]
enum Stage {
    Axes,
    Paths(Box<Tracer>),
    Grids(Box<Losses>, Box<Sharpness>),
    Done,
}

/// Works on one request.
#[derive(Clone, Debug)]
pub struct Survey {
    request: SurveyRequest,
    row: Arc<Row>,
    frame: Frame,
    stage: Stage,
    view: SpaceView,
}

impl Survey {
    /// Nothing known yet.
    ///
    /// # Errors
    /// Where neither the request nor the trail has the weights of its step.
    pub fn new(mut request: SurveyRequest, trail: &Trail) -> Result<Self, NotKept> {
        let step = request.step;
        if request.rows.is_empty() {
            request.rows = trail.window(step, request.most);
        }
        let row = request.rows.iter().find(|row| row.step() == step).cloned().ok_or(NotKept { step })?;
        let view = SpaceView { step, edge: 2.0 / request.eta, ..SpaceView::default() };
        Ok(Self { request, row, frame: Frame::default(), stage: Stage::Axes, view })
    }

    /// The step looked at.
    pub fn step(&self) -> usize {
        self.request.step
    }

    /// The axes through their origin; none before they are found.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// What is known so far.
    pub fn view(&self) -> &SpaceView {
        &self.view
    }

    /// Whether the axes and the paths are known, or are not to be had.
    pub fn has_paths(&self) -> bool {
        matches!(self.stage, Stage::Grids(..) | Stage::Done)
    }

    /// Whether everything is known.
    pub fn done(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    /// Goes on until the time is up, and takes at least one piece; earlier where `stop` becomes true: between two
    /// evaluations of the loss or of a Hessian-vector product. What was stopped is taken up again by the next call.
    pub fn advance(&mut self, probe: &mut dyn Probe, trail: &Trail, until: Instant, stop: Stop<'_>) {
        loop {
            match std::mem::replace(&mut self.stage, Stage::Done) {
                Stage::Axes => self.find_axes(probe, trail, stop),
                Stage::Paths(tracer) => self.trace(tracer, trail, until),
                Stage::Grids(losses, sharpness) => self.evaluate(losses, sharpness, probe, stop),
                Stage::Done => {
                    self.view.progress = 1.0;
                    return;
                }
            }
            if Instant::now() >= until || stop() {
                return;
            }
        }
    }

    fn find_axes(&mut self, probe: &mut dyn Probe, trail: &Trail, stop: Stop<'_>) {
        let found = axes::find(&self.request, &self.row, probe, trail, stop);
        if stop() {
            self.stage = Stage::Axes;
            return;
        }
        self.view.notes = found.notes;
        if let Some(first) = trail.first_step().filter(|&first| first > 1) {
            self.view.notes.push(format!("Paths begin at step {first}, where the run was taken up again"));
        }
        if found.axes.len() < 2 {
            return;
        }
        self.frame = found.frame;
        self.view.axes = found.axes.into_iter().map(|axis| ShownAxis { axis, captured: None }).collect();
        let tracer = Tracer::new(&self.frame, trail, std::mem::take(&mut self.request.rows));
        self.stage = Stage::Paths(Box::new(tracer));
    }

    fn trace(&mut self, mut tracer: Box<Tracer>, trail: &Trail, until: Instant) {
        if !tracer.advance(&self.frame, trail, until) {
            self.stage = Stage::Paths(tracer);
            return;
        }
        let captured: Captured = tracer.captured();
        for (i, shown) in self.view.axes.iter_mut().enumerate() {
            shown.captured = captured.along(i);
        }
        self.view.captured = captured.total();
        self.view.sketch_error = tracer.error();
        self.view.paths = tracer.paths(trail);
        let parted = self.view.axes.iter().take(2).any(|shown| shown.axis == Axis::Departure);
        let extent = Extent::around(
            tracer.spread(self.view.step, FRAMED, parted).into_iter().chain([[0.0; 2]]),
            norm(self.frame.origin()),
        );
        // where the grids will be is known, and the picture stays there
        self.view.surface = Some(Grid::empty(extent, 2));
        let sharpness = Sharpness::new(extent, self.view.edge);
        self.stage = Stage::Grids(Box::new(Losses::new(extent)), Box::new(sharpness));
    }

    fn evaluate(
        &mut self,
        mut losses: Box<Losses>,
        mut sharpness: Box<Sharpness>,
        probe: &mut dyn Probe,
        stop: Stop<'_>,
    ) {
        let coarse_region = sharpness.region().is_some();
        if !losses.is_presentable() || (coarse_region && !losses.done()) {
            losses.advance(&self.frame, probe);
        } else {
            sharpness.advance(&self.frame, probe, stop);
        }
        let share = |[done, planned]: [usize; 2]| done as f64 / planned.max(1) as f64;
        self.view.progress = 0.5 * (share(losses.work()) + share(sharpness.work()));
        let (surface, region) = (losses.shown(), sharpness.region());
        if surface.is_some() && surface != self.view.surface.as_ref().map(|grid| grid.columns) {
            self.view.surface = losses.surface();
        }
        let finished = losses.done() && sharpness.done();
        if let Some(region) = region
            && (finished || self.view.region.as_ref().is_none_or(|shown| shown.columns != region.columns))
        {
            self.view.region = Some(region.clone());
        }
        if finished {
            self.view.progress = 1.0;
            self.view.notes.extend(losses.limit().into_iter().chain(sharpness.limits()));
        } else {
            self.stage = Stage::Grids(losses, sharpness);
        }
    }
}
