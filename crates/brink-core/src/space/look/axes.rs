//! The axes of a request at its step, with substitutes for axes that do not exist.

use super::SurveyRequest;
use crate::calculus::Stop;
use crate::space::axis::Axis;
use crate::space::frame::{Frame, FrameError};
use crate::space::principal;
use crate::space::probe::{Probe, is_close};
use crate::space::row::Row;
use crate::space::trail::Trail;
use crate::spectrum::norm;
use std::sync::Arc;

/// Number of steps on either side of the central step over which the drift is measured.
const DRIFT_STEPS: usize = 20;

/// Number of steps whose weights are combined into principal components.
const SAMPLE: usize = 64;

/// Indices of the processes in order of preference. The origin, and the process whose drift is used, is the
/// first one present.
const PREFERENCE: [usize; 3] = [CENTRAL_FLOW, GRADIENT_DESCENT, GRADIENT_FLOW];

/// Indices of the processes.
const CENTRAL_FLOW: usize = 2;
const GRADIENT_FLOW: usize = 1;
const GRADIENT_DESCENT: usize = 0;

/// The axes found.
pub(super) struct Found {
    pub(super) frame: Frame,
    pub(super) axes: Vec<Axis>,
    pub(super) notes: Vec<String>,
}

/// Finds the axes. If there are fewer than two, a note states the reason.
pub(super) fn find(
    request: &SurveyRequest,
    row: &Row,
    probe: &mut dyn Probe,
    trail: &Trail,
    stop: Stop<'_>,
) -> Found {
    let mut found = Found { frame: Frame::default(), axes: Vec::new(), notes: Vec::new() };
    let step = request.step;
    let mut w = Vec::new();
    if !PREFERENCE.into_iter().any(|process| row.read(process, &mut w)) {
        found.notes.push(format!("No process has finite weights at step {step}: there is nothing to look at; choose an earlier step"));
        return found;
    }
    if w.len() < 2 {
        found.notes.push("The loss has one parameter: there is no plane".into());
        return found;
    }
    found.frame = Frame::new(w.clone());
    let mut directions =
        Directions { request, w, probe, trail, stop, eigenvectors: Vec::new(), components: None };
    for &axis in request.axes.iter().take(3) {
        // as documented at Axis::Departure
        let axis = if axis == Axis::Departure && !directions.parted() { Axis::Drift } else { axis };
        let Err(error) = add(&mut found.frame, axis, &mut directions) else {
            found.axes.push(axis);
            continue;
        };
        if stop() {
            return found;
        }
        let taken: Vec<Axis> = request.axes.iter().chain(&found.axes).copied().collect();
        let mut others = Axis::SUBSTITUTES.into_iter().filter(|other| !taken.contains(other));
        let other = others.find(|&other| add(&mut found.frame, other, &mut directions).is_ok());
        let instead = other.map_or(String::new(), |other| format!("; shown instead: {other}"));
        found.axes.extend(other);
        found.notes.push(format!("Step {step}: {error}{instead}"));
    }
    found
}

fn add(frame: &mut Frame, axis: Axis, directions: &mut Directions<'_>) -> Result<(), FrameError> {
    let name = axis.to_string();
    let missing = |reason: String| FrameError::Missing { axis: axis.to_string(), reason };
    let direction = directions.of(axis).map_err(missing)?;
    frame.add(&name, direction)
}

/// Computes directions, and caches intermediate results that several directions share.
struct Directions<'a> {
    request: &'a SurveyRequest,
    /// The weights at which eigenvectors are computed.
    w: Vec<f64>,
    probe: &'a mut dyn Probe,
    trail: &'a Trail,
    stop: Stop<'a>,
    eigenvectors: Vec<Vec<f64>>,
    components: Option<Vec<Vec<f64>>>,
}

impl Directions<'_> {
    fn of(&mut self, axis: Axis) -> Result<Vec<f64>, String> {
        match axis {
            Axis::Eigenvector(i) => self.eigenvector(i),
            Axis::SharpnessGradient => {
                let u = self.eigenvector(0)?;
                Ok(self.probe.sharpness_gradient(&self.w, &u, self.stop))
            }
            Axis::Drift => self.drift(),
            Axis::Departure => self.departure().ok_or_else(|| "both flows have to run".to_owned()),
            Axis::Principal(i) => self.component(i),
        }
    }

    fn eigenvector(&mut self, i: usize) -> Result<Vec<f64>, String> {
        if i >= self.eigenvectors.len() {
            let wanted =
                self.request.axes.iter().map(|axis| axis.eigenvectors()).max().unwrap_or(0).max(i + 1);
            let pairs = self.probe.eigenpairs(&self.w, wanted, self.stop);
            let largest = pairs.first().map_or(0.0, |pair| pair.0);
            let close = pairs.iter().take_while(|pair| is_close(pair.0, largest)).count();
            self.eigenvectors = pairs.into_iter().map(|pair| pair.1).collect();
            if close > 1 {
                let swings = self.swings();
                principal::turn(&mut self.eigenvectors[..close], &swings);
            }
        }
        self.eigenvectors.get(i).cloned().ok_or_else(|| format!("the loss has {} parameters", self.w.len()))
    }

    /// Oscillation of gradient descent around the step: displacements from the central flow or, without a
    /// central flow, steps.
    fn swings(&self) -> Vec<Vec<f64>> {
        let near: Vec<&Arc<Row>> = (self.request.rows.iter())
            .filter(|row| row.step().abs_diff(self.request.step) <= DRIFT_STEPS && row.has(GRADIENT_DESCENT))
            .collect();
        let (mut from, mut to) = (Vec::new(), Vec::new());
        let mut swings: Vec<Vec<f64>> = Vec::new();
        let between = |from: &[f64], to: &[f64]| to.iter().zip(from).map(|(to, from)| to - from).collect();
        for row in &near {
            if row.read(CENTRAL_FLOW, &mut from) && row.read(GRADIENT_DESCENT, &mut to) {
                swings.push(between(&from, &to));
            }
        }
        if !swings.is_empty() {
            return swings;
        }
        for two in near.windows(2).filter(|two| two[0].step() + 1 == two[1].step()) {
            if two[0].read(GRADIENT_DESCENT, &mut from) && two[1].read(GRADIENT_DESCENT, &mut to) {
                swings.push(between(&from, &to));
            }
        }
        swings
    }

    /// Displacement of the central flow (or its substitute) over the surrounding steps. The number of steps
    /// is even, so that gradient descent at the edge is at the same wall at both ends.
    fn drift(&self) -> Result<Vec<f64>, String> {
        let step = self.request.step;
        let (mut first, mut last) = (Vec::new(), Vec::new());
        for process in PREFERENCE {
            let rows: Vec<&Arc<Row>> = (self.request.rows.iter())
                .filter(|row| row.step().abs_diff(step) <= DRIFT_STEPS && row.has(process))
                .collect();
            let Some((oldest, newest)) = rows.first().zip(rows.last()) else { continue };
            let odd = (newest.step() - oldest.step()) % 2;
            let Some(oldest) = rows.get(odd).filter(|oldest| oldest.step() < newest.step()) else { continue };
            oldest.read(process, &mut first);
            newest.read(process, &mut last);
            return Ok(last.iter().zip(&first).map(|(last, first)| last - first).collect());
        }
        Err("no step near it is known besides it".into())
    }

    /// The vector from the central flow to the gradient flow.
    fn departure(&self) -> Option<Vec<f64>> {
        let row = self.request.rows.iter().find(|row| row.step() == self.request.step)?;
        let (mut from, mut to) = (Vec::new(), Vec::new());
        let there = row.read(CENTRAL_FLOW, &mut from) && row.read(GRADIENT_FLOW, &mut to);
        there.then(|| to.iter().zip(&from).map(|(to, from)| to - from).collect())
    }

    /// Whether the distance between the flows exceeds the motion of one of them over some steps.
    fn parted(&self) -> bool {
        let apart = self.departure().map_or(0.0, |departure| norm(&departure));
        let moved = self.drift().map_or(0.0, |drift| norm(&drift));
        apart > moved && apart > 0.0
    }

    fn component(&mut self, i: usize) -> Result<Vec<f64>, String> {
        if self.components.is_none() {
            let wanted = self.request.axes.iter().filter_map(|axis| match axis {
                Axis::Principal(i) => Some(i + 1),
                _ => None,
            });
            let count = wanted.max().unwrap_or(0).max(i + 1);
            self.components = Some(principal::components(self.trail, SAMPLE, count, self.stop));
        }
        let components = self.components.as_deref().unwrap_or(&[]);
        components
            .get(i)
            .cloned()
            .ok_or_else(|| format!("the paths have {} principal components", components.len()))
    }
}
