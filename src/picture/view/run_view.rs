//! A run as panels read it: recorded data, derived data, and the viewer's choices.

use super::panel::Panel;
use super::scene::Scene;
use super::{Facts, ViewState};
use crate::preset::Preset;
use crate::run::analysis::curves::Curves;
use crate::run::live::spectra::Spectra;
use crate::run::record::history::History;
use crate::run::record::series::Series;
use brink_core::dynamics::{Event, Inspection, Process};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// Another run, drawn over the first in every plot: a fork, or a saved run for comparison.
#[derive(Clone, Debug)]
pub struct Overlay<'a> {
    /// Its name in legends.
    pub label: Cow<'a, str>,
    /// Its record.
    pub history: &'a History,
    /// Its first own row; earlier rows are those of the run it left.
    pub from: usize,
    /// Data derived from its history; without them, only recorded lines are drawn.
    pub curves: Option<&'a Curves>,
}

/// A run that trains at the same time and has a separate place on the wall.
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// Its preset.
    pub preset: Preset,
    /// Number of its parameters.
    pub parameters: usize,
    /// Its record.
    pub history: History,
    /// Data derived from its record.
    pub curves: Curves,
}

/// The steps of a run that can be inspected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InspectionScope {
    /// None: there are no weights, as in a recording.
    Nowhere,
    /// The cursor's step. The newest would be superseded before it is inspected.
    AtCursor,
    /// The cursor's step, or the newest.
    Everywhere,
}

/// Everything that a panel may read.
#[derive(Clone, Copy)]
pub struct RunView<'a> {
    /// The record.
    pub history: &'a History,
    /// Data derived from the record; see [`Curves::update`].
    pub curves: &'a Curves,
    /// An inspected step; the panels show it while the cursor is there.
    pub inspection: Option<&'a Inspection>,
    /// The steps that can be inspected.
    pub looking: InspectionScope,
    /// Weight space, if it is computed.
    pub scene: Option<&'a Arc<Scene>>,
    /// The Hessian's spectra, as far as they are computed.
    pub spectra: Option<&'a Spectra>,
    /// The origin of the run.
    pub facts: &'a Facts,
    /// The viewer's choices.
    pub state: &'a ViewState,
    /// Whether the pointer is active: not in a picture.
    pub controls: bool,
    /// Whether an interactive plot has a switch for its axis: not in front of an audience.
    pub switches: bool,
    /// Other runs, drawn over this one.
    pub overlays: &'a [Overlay<'a>],
    /// Runs that train at the same time.
    pub beside: &'a [Neighbour],
}

impl<'a> RunView<'a> {
    /// A view of one run alone, for a picture: no inspection, no other runs, no switches.
    pub fn still(history: &'a History, curves: &'a Curves, facts: &'a Facts, state: &'a ViewState) -> Self {
        Self {
            history,
            curves,
            inspection: None,
            looking: InspectionScope::Nowhere,
            scene: None,
            spectra: None,
            facts,
            state,
            controls: false,
            switches: false,
            overlays: &[],
            beside: &[],
        }
    }
}

impl RunView<'_> {
    /// The steps on the axis: the viewer's choice, or the whole run. The second is larger than the first.
    pub fn steps(&self) -> [f64; 2] {
        let whole = [0.0, self.last_step()];
        match self.state.visible {
            Some([first, last]) if first.is_finite() && last.is_finite() && last > first => [first, last],
            _ => whole,
        }
    }

    /// One standard deviation of the smoothing, in whole rows.
    pub fn smoothing_reach(&self) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
        let rows = self.state.smoothing_steps.max(0.0).ceil() as usize;
        rows
    }

    /// Whether smoothed curves are drawn: not for a run so young that its first steps affect all averages.
    pub fn smooths(&self) -> bool {
        self.state.smoothing_steps > 0.0
            && self.history.rows() > YOUNG.saturating_mul(self.smoothing_reach()).saturating_add(1)
    }

    /// Recorded rows of the longest run: this one, or one drawn over it.
    pub fn most_rows(&self) -> usize {
        let others = self.overlays.iter().map(|overlay| overlay.history.rows());
        others.fold(self.history.rows(), usize::max)
    }

    /// The last step of the whole axis; at least 1.
    pub fn last_step(&self) -> f64 {
        (self.most_rows().max(2) - 1) as f64
    }

    /// The recorded rows on the axis, plus one on either side so that lines extend to the frame.
    pub fn rows(&self) -> Range<usize> {
        self.rows_of(self.history)
    }

    /// As [`RunView::rows`], for any history.
    pub fn rows_of(&self, history: &History) -> Range<usize> {
        let [first, last] = self.steps();
        let row = |step: f64| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
            let row = step as usize;
            row
        };
        let end = row((last + 2.0).floor().max(0.0)).min(history.rows());
        row((first - 1.0).max(0.0)).min(end)..end
    }

    /// The first and the last visible row that this run or one drawn over it has recorded.
    pub fn shown_rows(&self) -> std::ops::RangeInclusive<usize> {
        let newest = self.most_rows().saturating_sub(1);
        let [first, last] = self.steps();
        let row = |step: f64| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
            let row = step.max(0.0) as usize;
            row.min(newest)
        };
        row(first.ceil())..=row(last)
    }

    /// The step that the inspector examines: the cursor's, or the newest.
    pub fn inspected_step(&self) -> Option<usize> {
        let last = self.history.rows().checked_sub(1)?;
        Some(self.state.cursor.unwrap_or(last).min(last))
    }

    /// The row at a step, if this run or one drawn over it has recorded it.
    pub fn row_at(&self, step: f64) -> Option<usize> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
        let row = step.round().max(0.0) as usize;
        (step.is_finite() && row < self.most_rows()).then_some(row)
    }

    /// Whether a panel's axis is logarithmic.
    pub fn is_log(&self, panel: Panel) -> bool {
        panel.may_be_log() && self.state.log.contains(&panel)
    }

    /// The learning rate of the newest step.
    pub fn eta(&self) -> Option<f64> {
        self.history.value(Series::Eta, self.history.rows().checked_sub(1)?)
    }

    /// The number of eigenvalues (and eigenvectors) for which this run or one drawn over it has any value of `series`.
    pub fn tracked(&self, series: fn(usize) -> Series) -> usize {
        (0..self.history.max_tracked()).take_while(|&i| self.has(series(i))).count()
    }

    /// Whether this run or one drawn over it has any value of a series.
    pub fn has(&self, series: Series) -> bool {
        self.history.has(series) || self.overlays.iter().any(|run| run.history.has(series))
    }

    /// The process whose eigenvalues are marked where they reach the edge: the central flow, or gradient descent
    /// while the central flow is hidden.
    pub fn arriving(&self) -> Process {
        let central = self.state.show_central_flow && self.has(Series::CfLoss);
        if central { Process::CentralFlow } else { Process::GradientDescent }
    }

    /// The content of the title: preset, seed, η and the progress of the run.
    pub fn caption(&self) -> String {
        let Facts { preset, title, seed, version, .. } = self.facts;
        let name = if title.is_empty() { preset } else { title };
        let mut etas: Vec<String> = self.etas();
        if etas.len() > ETAS {
            etas.splice(1..etas.len() - (ETAS - 1), ["…".to_owned()]);
        }
        let eta = if etas.is_empty() { String::new() } else { format!(" · η = {}", etas.join(", ")) };
        let steps = self.history.rows();
        let at = self.state.cursor.map_or(String::new(), |cursor| format!(" · cursor at step {cursor}"));
        let version = if version.is_empty() { String::new() } else { format!(" · Brink {version}") };
        format!("{name} · seed {seed}{eta} · {steps} steps{at}{version}")
    }

    /// The learning rate at the first step, and every change with its step, in words.
    pub fn etas(&self) -> Vec<String> {
        let first = self.history.value(Series::Eta, 0).map(|eta| (0, eta));
        let changes = self.history.events().iter().filter_map(|(step, event)| match event {
            Event::EtaChanged { eta } => Some((*step, *eta)),
            _ => None,
        });
        let mut etas: Vec<(usize, f64)> = first.into_iter().chain(changes).collect();
        etas.dedup_by_key(|(_, eta)| *eta);
        let words =
            |(step, eta)| if step == 0 { format!("{eta}") } else { format!("{eta} from step {step}") };
        etas.into_iter().map(words).collect()
    }
}

/// A run younger than this many standard deviations of the smoothing has no smoothed curves.
const YOUNG: usize = 4;
/// Maximum number of learning rates in a caption.
const ETAS: usize = 4;
