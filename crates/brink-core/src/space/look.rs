//! Surveys: views of weight space around one step, computed incrementally.

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

/// Number of steps on either side of the central step that determine the extent of the grids; few enough to
/// resolve individual oscillations across the valley.
const FRAMED: usize = 30;

/// A request for a view of weight space.
#[derive(Clone, Debug, PartialEq)]
pub struct SurveyRequest {
    /// The central step.
    pub step: usize,
    /// Learning rate η of the step, which defines the edge 2/η.
    pub eta: f64,
    /// Two or three axes.
    pub axes: Vec<Axis>,
    /// Largest number of surrounding steps to project exactly, limited by the stored weights.
    pub most: usize,
    /// Consecutive steps around `step`, including `step`, from a replay. If empty, the steps stored in the
    /// trail are used.
    pub rows: Vec<Arc<Row>>,
    /// Trail of a replay for the steps before the first step of the trail.
    pub earlier: Option<Arc<Trail>>,
}

/// The weights at a step are not stored. They can be recovered by a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the weights of step {step} are no longer kept; they have to be computed again")]
pub struct NotKept {
    /// The step.
    pub step: usize,
}

/// An axis of the view.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownAxis {
    /// The axis.
    pub axis: Axis,
    /// Fraction of the squared displacement along the axis, over the exact points.
    pub captured: Option<f64>,
}

/// Results of a survey so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SpaceView {
    /// The central step.
    pub step: usize,
    /// Two or three axes. Empty before they are computed, or if they do not exist.
    pub axes: Vec<ShownAxis>,
    /// Fraction of the squared displacement from the origin captured by the axes, over the exact points.
    pub captured: Option<f64>,
    /// Root mean square error of a sketched coordinate relative to the displacement. `None` if all points are
    /// exact.
    pub sketch_error: Option<f64>,
    /// The paths, each in one or more sections.
    pub paths: Vec<Path>,
    /// The loss on the plane. All values are NaN while only the extent is known.
    pub surface: Option<Grid>,
    /// The sharpness on the plane.
    pub region: Option<Grid>,
    /// The edge of stability 2/η.
    pub edge: f64,
    /// Completed fraction of the computation, from 0 to 1.
    pub progress: f64,
    /// Notes on substitutes and missing results, as text.
    pub notes: Vec<String>,
}

impl SpaceView {
    /// Checks that this is a view of the paths of a run with `steps` steps, without grids. A view read from a
    /// file can be invalid.
    ///
    /// # Errors
    /// A description of the first inconsistency.
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

    /// The view with its paths truncated at a step: the last point of each path is at or before `step`.
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

/// The next stage of a survey.
#[derive(Clone, Debug)]
enum Stage {
    Axes,
    Paths(Box<Tracer>),
    Grids(Box<Losses>, Box<Sharpness>),
    Done,
}

/// Computes the view of one request incrementally.
#[derive(Clone, Debug)]
pub struct Survey {
    request: SurveyRequest,
    row: Arc<Row>,
    frame: Frame,
    stage: Stage,
    view: SpaceView,
}

impl Survey {
    /// Starts a survey without results.
    ///
    /// # Errors
    /// [`NotKept`] if neither the request nor the trail has the weights of its step.
    pub fn new(mut request: SurveyRequest, trail: &Trail) -> Result<Self, NotKept> {
        let step = request.step;
        if request.rows.is_empty() {
            request.rows = trail.window(step, request.most);
        }
        let row = request.rows.iter().find(|row| row.step() == step).cloned().ok_or(NotKept { step })?;
        let view = SpaceView { step, edge: 2.0 / request.eta, ..SpaceView::default() };
        Ok(Self { request, row, frame: Frame::default(), stage: Stage::Axes, view })
    }

    /// The central step of the request.
    pub fn step(&self) -> usize {
        self.request.step
    }

    /// The frame of the view. It has no axes before they are found.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// The results so far.
    pub fn view(&self) -> &SpaceView {
        &self.view
    }

    /// Whether the axes and the paths are complete, or cannot be computed.
    pub fn has_paths(&self) -> bool {
        matches!(self.stage, Stage::Grids(..) | Stage::Done)
    }

    /// Whether the survey is complete.
    pub fn done(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    /// Continues until the time limit `until`, with at least one unit of work. The computation is interrupted
    /// earlier if `stop` returns true; it is polled between evaluations of the loss and of Hessian-vector
    /// products. The next call resumes interrupted work.
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
        // the extent of the grids is final, and the view stays there
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
