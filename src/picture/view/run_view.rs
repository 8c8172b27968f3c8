//! A run as panels read it: what was recorded, what was derived, what the viewer has chosen.

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

/// Another run, drawn over the first in every plot: a fork, or a saved run to compare with.
#[derive(Clone, Debug)]
pub struct Overlay<'a> {
    /// Its name in legends.
    pub label: Cow<'a, str>,
    /// What it recorded.
    pub history: &'a History,
    /// Its first own row; the rows before are those of the run it left.
    pub from: usize,
    /// What was derived from its history; without it, only recorded lines are drawn.
    pub curves: Option<&'a Curves>,
}

/// A run that trains beside the first, with a place of its own on the wall.
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// Its preset.
    pub preset: Preset,
    /// Number of its parameters.
    pub parameters: usize,
    /// What it recorded.
    pub history: History,
    /// What was derived from it.
    pub curves: Curves,
}

/// Which steps of a run are looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InspectionScope {
    /// None: there are no weights, as in a recording.
    Nowhere,
    /// The cursor's. The newest would be another one before it is looked into.
    AtCursor,
    /// The cursor's, or the newest.
    Everywhere,
}

/// Everything a panel may look at.
#[derive(Clone, Copy)]
pub struct RunView<'a> {
    /// What was recorded.
    pub history: &'a History,
    /// What was derived from it; see [`Curves::update`].
    pub curves: &'a Curves,
    /// A step that was looked into; the panels show it while the cursor is there.
    pub inspection: Option<&'a Inspection>,
    /// Which steps are looked into.
    pub looking: InspectionScope,
    /// Weight space, where it is computed.
    pub scene: Option<&'a Arc<Scene>>,
    /// The Hessian's spectra, as far as they are computed.
    pub spectra: Option<&'a Spectra>,
    /// Where the run comes from.
    pub facts: &'a Facts,
    /// What the viewer has chosen.
    pub state: &'a ViewState,
    /// Whether the pointer acts: not in a picture.
    pub controls: bool,
    /// Whether a plot whose pointer acts has a switch for its axis: not before an audience.
    pub switches: bool,
    /// Other runs, drawn over this one.
    pub overlays: &'a [Overlay<'a>],
    /// Runs that train beside this one.
    pub beside: &'a [Neighbour],
}

impl<'a> RunView<'a> {
    /// Of one run alone, for a picture: nothing looked into, no other runs, no switches.
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
    /// The steps on the axis: what the viewer chose, or the whole run. The second is larger than the first.
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

    /// Whether smoothed curves are drawn: not of a run so young that its first steps weigh in everywhere.
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

    /// The recorded rows on the axis, with one more on either side so that lines run to the frame.
    pub fn rows(&self) -> Range<usize> {
        self.rows_of(self.history)
    }

    /// As [`RunView::rows`], of any history.
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

    /// The first and the last row in sight that this run or one drawn over it has recorded.
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

    /// The step that the inspector looks at: the cursor's, or the newest.
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

    /// The process whose eigenvalues are marked where they reach the edge: the central flow, or gradient descent while the
    /// central flow is not shown.
    pub fn arriving(&self) -> Process {
        let central = self.state.show_central_flow && self.has(Series::CfLoss);
        if central { Process::CentralFlow } else { Process::GradientDescent }
    }

    /// What the title says: preset, seed, η and how far the run is.
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

/// So many standard deviations of the smoothing are a run's youth.
const YOUNG: usize = 4;
/// Learning rates that a caption names.
const ETAS: usize = 4;
