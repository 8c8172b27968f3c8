//! One line of a chart: the source of its values and its appearance.

use crate::picture::style::theme::Ink;
use crate::picture::view::run_view::RunView;
use crate::picture::view::source::LineSource;
use crate::run::analysis::curves::{Curve, Curves};
use crate::run::record::history::History;
use crate::run::record::predictions::PredictedOutput;
use crate::run::record::series::Series;
use brink_core::dynamics::Process;

/// The signs of the lines of the first, second, … other run.
pub const OVERLAY_SIGNS: [&str; 8] = ["②", "③", "④", "⑤", "⑥", "⑦", "⑧", "⑨"];

/// The treatment of a line by the axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// The axis shows the whole line.
    Frame,
    /// The axis shows the whole line unless that leaves no room for the others (a diverging run).
    Main,
    /// The axis shows a burst after any length of quiet time.
    Burst,
    /// The axis may cut the line's peaks, and marks the cut.
    Soft,
}

/// A line of a chart.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The source of its values.
    pub source: LineSource,
    /// The transform of a value for drawing; monotone, so that extremes remain extremes.
    pub map: fn(f64) -> f64,
    /// Its appearance.
    pub ink: Ink,
    /// Its name in legend and read-out.
    pub name: String,
    /// Whether the legend lists it.
    pub in_legend: bool,
    /// The label at its end; empty for none.
    pub end: String,
    /// The treatment by the axis.
    pub fit: Fit,
    /// The index of the other run whose values it draws; `None` for the run itself.
    pub overlay: Option<usize>,
}

impl Trace {
    /// A line of recorded values.
    pub fn recorded(series: Series, ink: Ink, name: impl Into<String>) -> Self {
        Self::new(LineSource::Recorded(series), ink, name.into())
    }

    /// A line of derived values.
    pub fn derived(curve: Curve, ink: Ink, name: impl Into<String>) -> Self {
        Self::new(LineSource::Derived(curve), ink, name.into())
    }

    /// A line of recorded outputs.
    pub fn output(output: PredictedOutput, ink: Ink, name: impl Into<String>) -> Self {
        Self::new(LineSource::Output(output), ink, name.into())
    }

    /// A constant level.
    pub fn constant(value: f64, ink: Ink, name: impl Into<String>) -> Self {
        Self::new(LineSource::Constant(value), ink, name.into())
    }

    fn new(source: LineSource, ink: Ink, name: String) -> Self {
        let map = |v| v;
        Self { source, map, ink, name, in_legend: true, end: String::new(), fit: Fit::Frame, overlay: None }
    }

    /// Draws a function of the values.
    #[must_use]
    pub fn map(mut self, map: fn(f64) -> f64) -> Self {
        self.map = map;
        self
    }

    /// Labels its end.
    #[must_use]
    pub fn end(mut self, label: impl Into<String>) -> Self {
        self.end = label.into();
        self
    }

    /// Lets the axis cut values that would flatten all other lines.
    #[must_use]
    pub fn main(mut self) -> Self {
        self.fit = Fit::Main;
        self
    }

    /// Keeps its bursts visible.
    #[must_use]
    pub fn burst(mut self) -> Self {
        self.fit = Fit::Burst;
        self
    }

    /// Lets the axis cut its peaks.
    #[must_use]
    pub fn soft(mut self) -> Self {
        self.fit = Fit::Soft;
        self
    }

    /// Omits it from the legend.
    #[must_use]
    pub fn unlisted(mut self) -> Self {
        self.in_legend = false;
        self
    }

    /// The same line of another run, labelled by its process if the run's own line has no label. `None` for the lines
    /// of further eigenvalues: four runs of five eigenvalues each could not be distinguished. `smooth` states whether
    /// smoothed curves are shown: the raw line behind one stays faint.
    pub fn of_overlay(&self, place: usize, smooth: bool) -> Option<Self> {
        let shown = match self.source {
            LineSource::Recorded(
                Series::GdLambda(i) | Series::CfLambda(i) | Series::CfSigma(i) | Series::Displacement(i),
            )
            | LineSource::Derived(Curve::Variance(i)) => i == 0,
            LineSource::Recorded(_) | LineSource::Output(_) => true,
            LineSource::Derived(curve) => matches!(curve, Curve::Loss | Curve::GradNormSq),
            LineSource::Constant(_) => false,
        };
        let has_smoothed =
            matches!(self.source, LineSource::Recorded(Series::GdLoss | Series::GdGradNormSq)) && smooth;
        let sign = OVERLAY_SIGNS[place % OVERLAY_SIGNS.len()];
        let end = match self.source {
            _ if !self.end.is_empty() => &self.end,
            LineSource::Recorded(Series::CfLambda(_)) => "CF",
            _ => "GD",
        };
        (shown && self.in_legend).then(|| Self {
            ink: if has_smoothed { self.ink.behind_overlay(place) } else { self.ink.of_overlay(place) },
            name: format!("{} {sign}", self.name),
            end: if has_smoothed { String::new() } else { format!("{end} {sign}") },
            in_legend: false,
            overlay: Some(place),
            ..self.clone()
        })
    }

    /// Whether its values are gradient descent's.
    pub fn is_gradient_descent(&self) -> bool {
        match self.source {
            LineSource::Recorded(series) => matches!(
                series,
                Series::GdLoss | Series::GdGradNormSq | Series::GdLambda(_) | Series::Displacement(_)
            ),
            LineSource::Derived(_) => true,
            LineSource::Output(_) | LineSource::Constant(_) => false,
        }
    }

    /// Whether its values alternate with the oscillation at every step.
    pub fn flickers(&self) -> bool {
        match self.source {
            LineSource::Recorded(_) => self.is_gradient_descent(),
            LineSource::Derived(curve) => matches!(curve, Curve::SquaredDisplacement(_)),
            LineSource::Output(output) => output.process == Process::GradientDescent,
            LineSource::Constant(_) => false,
        }
    }

    /// The history that contains its recorded values, and the first row to draw.
    fn history<'v>(&self, view: &RunView<'v>) -> (&'v History, usize) {
        let overlay = self.overlay.and_then(|place| view.overlays.get(place));
        overlay.map_or((view.history, 0), |overlay| (overlay.history, overlay.from))
    }

    /// The first row of a derived curve to draw: an earlier average of a steep fall lies above all of it, because the
    /// kernel extends to one side only. Variances begin at 0 and are drawn from the first row on.
    fn first_derived(&self, view: &RunView, curve: Curve) -> usize {
        let from = self.history(view).1;
        match curve {
            Curve::Loss | Curve::GradNormSq | Curve::Output => from + view.smoothing_reach(),
            Curve::SquaredDisplacement(_) | Curve::Variance(_) => from,
        }
    }

    /// The curves that contain its derived values.
    fn curves<'v>(&self, view: &RunView<'v>) -> Option<&'v Curves> {
        match self.overlay {
            None => Some(view.curves),
            Some(place) => view.overlays.get(place)?.curves,
        }
    }

    fn predictions<'v>(
        &self,
        view: &RunView<'v>,
    ) -> Option<&'v crate::run::record::predictions::store::Predictions> {
        self.history(view).0.predictions()
    }

    /// Whether it has any value.
    pub fn has_values(&self, view: &RunView) -> bool {
        match self.source {
            LineSource::Recorded(series) => self.history(view).0.has(series),
            LineSource::Derived(curve) => self.curves(view).is_some_and(|curves| curves.has(curve)),
            LineSource::Output(output) => self.predictions(view).is_some_and(|found| found.has(output)),
            LineSource::Constant(_) => view.history.rows() > 0,
        }
    }

    /// The intervals, in steps, in which its values are not valid and not drawn: those of Σ while the central flow is
    /// above the edge.
    fn gaps(&self, view: &RunView) -> Vec<[f64; 2]> {
        match self.source {
            LineSource::Recorded(Series::CfSigma(_)) => self.history(view).0.transients(),
            _ => Vec::new(),
        }
    }

    /// Its value at a row, as drawn; `None` if it was not computed or is not valid.
    pub fn value(&self, view: &RunView, row: usize) -> Option<f64> {
        if lies_in(&self.gaps(view), row as f64) {
            return None;
        }
        let value = match self.source {
            LineSource::Recorded(series) => {
                let (history, from) = self.history(view);
                (row >= from).then(|| history.value(series, row)).flatten()
            }
            LineSource::Derived(curve) => {
                let from = self.first_derived(view, curve);
                self.curves(view).filter(|_| row >= from).and_then(|curves| curves.value(curve, row))
            }
            LineSource::Output(output) => {
                let from = self.history(view).1;
                self.predictions(view).filter(|_| row >= from).and_then(|found| found.value(output, row))
            }
            LineSource::Constant(value) => Some(value),
        };
        value.map(self.map)
    }

    /// Its points (step, value as drawn) over the visible rows; NaN is a gap. `out` is cleared first.
    pub fn points(&self, view: &RunView, buckets: usize, out: &mut Vec<[f64; 2]>) {
        match self.source {
            LineSource::Recorded(series) => {
                let (history, from) = self.history(view);
                let rows = view.rows_of(history);
                history.polyline(series, rows.start.max(from).min(rows.end)..rows.end, buckets, out);
            }
            LineSource::Derived(curve) => {
                let from = self.first_derived(view, curve);
                let rows = view.rows_of(self.history(view).0);
                out.clear();
                if let Some(curves) = self.curves(view) {
                    curves.polyline(curve, rows.start.max(from).min(rows.end)..rows.end, buckets, out);
                }
            }
            LineSource::Output(output) => {
                let (history, from) = self.history(view);
                let rows = view.rows_of(history);
                out.clear();
                if let Some(found) = history.predictions() {
                    found.polyline(output, rows.start.max(from).min(rows.end)..rows.end, buckets, out);
                }
            }
            LineSource::Constant(value) => {
                out.clear();
                out.extend(view.steps().map(|step| [step, value]));
            }
        }
        if self.source == LineSource::Recorded(Series::Eta) {
            jumps(out);
        }
        let gaps = self.gaps(view);
        for point in out {
            point[1] = if lies_in(&gaps, point[0]) { f64::NAN } else { (self.map)(point[1]) };
        }
    }

    /// Whether the value at a row was computed and is not finite (as opposed to absent).
    pub fn is_broken(&self, view: &RunView, row: usize) -> bool {
        let value = match self.source {
            LineSource::Recorded(series) => self.history(view).0.value(series, row),
            LineSource::Output(output) => self.predictions(view).and_then(|found| found.value(output, row)),
            LineSource::Derived(_) | LineSource::Constant(_) => None,
        };
        value.is_some_and(|v| !v.is_finite())
    }
}

/// Makes piecewise constant values jump at their changes, instead of sloping from the step before.
fn jumps(points: &mut Vec<[f64; 2]>) {
    let changes: Vec<usize> =
        (1..points.len()).filter(|&i| (points[i][1] - points[i - 1][1]).abs() > 0.0).collect();
    for &i in changes.iter().rev() {
        points.insert(i, [points[i][0], points[i - 1][1]]);
    }
}

/// Whether a step lies in one of the half-open intervals.
fn lies_in(stretches: &[[f64; 2]], step: f64) -> bool {
    stretches.iter().any(|&[from, to]| step >= from && step < to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::style::theme::{Palette, Role, Weight};
    use crate::picture::view::{Facts, ViewState};
    use brink_core::dynamics::{CentralFlowRecord, Event, StepRecord};

    #[test]
    fn a_constant_jumps_where_it_changes() {
        let mut points = vec![[0.0, 20.0], [1.0, 20.0], [2.0, 10.0], [3.0, f64::NAN], [4.0, 10.0]];
        jumps(&mut points);
        assert_eq!(points[..4], [[0.0, 20.0], [1.0, 20.0], [2.0, 20.0], [2.0, 10.0]]);
        assert_eq!((points.len(), points[5]), (6, [4.0, 10.0]), "no bridge over a gap");
    }

    #[test]
    fn sigma_is_not_drawn_while_the_central_flow_is_above_the_edge() {
        let mut history = History::new(1);
        for step in 0..8_usize {
            let events = match step {
                2 => vec![Event::StartedAboveEdge { eta_s: 2.5 }],
                5 => vec![Event::BackBelowEdge],
                _ => Vec::new(),
            };
            let central_flow = CentralFlowRecord { sigma: vec![0.5], ..CentralFlowRecord::default() };
            history.push(&StepRecord {
                step,
                events,
                central_flow: Some(central_flow),
                ..StepRecord::default()
            });
        }
        let (curves, facts, state) = (Curves::default(), Facts::default(), ViewState::default());
        let view = RunView::still(&history, &curves, &facts, &state);
        let ink = Palette::of(egui::Theme::Light).ink(Role::Prediction, Weight::Normal);
        let trace = Trace::recorded(Series::CfSigma(0), ink, "σ₁²");
        let mut points = Vec::new();
        trace.points(&view, 100, &mut points);
        for row in 0..8 {
            let expected = (!(2..5).contains(&row)).then_some(0.5);
            let drawn = points.iter().find(|point| point[0] == row as f64 && point[1].is_finite());
            assert_eq!(trace.value(&view, row), expected, "step {row}");
            assert_eq!(drawn.map(|point| point[1]), expected, "step {row}");
        }
    }
}
