//! One line of a chart: where its values come from and what it looks like.

use crate::picture::curves::Curve;
use crate::picture::theme::Ink;
use crate::picture::view::RunView;
use crate::run::Series;

/// Where a line's values come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source {
    /// A recorded series.
    Recorded(Series),
    /// A derived curve.
    Derived(Curve),
}

/// What the axis does for a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It shows the line whole.
    Frame,
    /// It shows the line whole unless that leaves nothing of the others (a run that blows up).
    Main,
    /// It may cut the line's peaks, and says so.
    Soft,
}

/// A line of a chart.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Where its values come from.
    pub source: Source,
    /// What is drawn of a value; monotone, so that extremes stay extremes.
    pub map: fn(f64) -> f64,
    /// What it looks like.
    pub ink: Ink,
    /// Its name in legend and read-out.
    pub name: String,
    /// Whether the legend lists it.
    pub in_legend: bool,
    /// The label at its end; empty for none.
    pub end: String,
    /// What the axis does for it.
    pub fit: Fit,
}

impl Trace {
    /// A line of recorded values.
    pub fn recorded(series: Series, ink: Ink, name: impl Into<String>) -> Self {
        Self::new(Source::Recorded(series), ink, name.into())
    }

    /// A line of derived values.
    pub fn derived(curve: Curve, ink: Ink, name: impl Into<String>) -> Self {
        Self::new(Source::Derived(curve), ink, name.into())
    }

    fn new(source: Source, ink: Ink, name: String) -> Self {
        let map = |v| v;
        Self { source, map, ink, name, in_legend: true, end: String::new(), fit: Fit::Frame }
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

    /// Lets the axis cut what would flatten all other lines.
    #[must_use]
    pub fn main(mut self) -> Self {
        self.fit = Fit::Main;
        self
    }

    /// Lets the axis cut its peaks.
    #[must_use]
    pub fn soft(mut self) -> Self {
        self.fit = Fit::Soft;
        self
    }

    /// Keeps it out of the legend.
    #[must_use]
    pub fn unlisted(mut self) -> Self {
        self.in_legend = false;
        self
    }

    /// Whether it has any value at all.
    pub fn has_values(&self, view: &RunView) -> bool {
        match self.source {
            Source::Recorded(series) => view.history.has(series),
            Source::Derived(curve) => view.curves.has(curve),
        }
    }

    /// Its value at a row, as drawn; `None` where it was not computed.
    pub fn value(&self, view: &RunView, row: usize) -> Option<f64> {
        let value = match self.source {
            Source::Recorded(series) => view.history.value(series, row),
            Source::Derived(curve) => view.curves.value(curve, row),
        };
        value.map(self.map)
    }

    /// Its points (step, value as drawn) over the visible rows; NaN is a gap. `out` is cleared first.
    pub fn points(&self, view: &RunView, buckets: usize, out: &mut Vec<[f64; 2]>) {
        match self.source {
            Source::Recorded(series) => view.history.polyline(series, view.rows(), buckets, out),
            Source::Derived(curve) => view.curves.polyline(curve, view.rows(), buckets, out),
        }
        for point in out {
            point[1] = (self.map)(point[1]);
        }
    }

    /// Whether the value at a row was computed and is not finite (and so not simply absent).
    pub fn is_broken(&self, view: &RunView, row: usize) -> bool {
        let Source::Recorded(series) = self.source else { return false };
        view.history.value(series, row).is_some_and(|v| !v.is_finite())
    }
}
