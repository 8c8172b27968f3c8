//! What panels read, and what they may ask for.

use super::chart::trace::Source;
use super::curves::Curves;
use super::predictions::Choice;
use super::scene::{Scene, SceneChange, SceneView};
use crate::dynamics::{Event, Inspection};
use crate::run::assemble::warnings;
use crate::run::preset::LossKind;
use crate::run::spectra::Spectra;
use crate::run::{History, Preset, Series};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// The panels, in the order of the dashboard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Panel {
    /// Leading eigenvalues and 2/η.
    #[default]
    Sharpness,
    /// Training loss.
    Loss,
    /// Squared gradient norm.
    GradientNorm,
    /// Eigenvalues of Σ against the measured squared displacement.
    Variance,
    /// Displacement of gradient descent along the central flow's top eigenvector.
    Displacement,
    /// Distances between the processes.
    Distance,
    /// The cycles found, and what happens at the cursor, in words.
    Cycles,
    /// The terms of one step.
    Terms,
    /// Parts of the change of the sharpness, and the growth of the oscillation, predicted and measured.
    SharpnessChange,
    /// Σ against the measured covariance.
    Covariance,
    /// Whether the theory holds here.
    Validity,
    /// What the network answers on an example.
    Predictions,
    /// The eigenvalues of the Hessian, all of them or their density.
    Spectrum,
    /// Where the processes are in weight space, over the loss and the region of stability.
    WeightSpace,
    /// The sharpness of this run and of every recording, as a wall of small plots.
    Wall,
    /// The loss of this run and of every recording, real against predicted.
    LossWall,
    /// Gradient descent on the quadratic model along the two largest eigenvectors.
    Parabola,
}

impl Panel {
    /// Every panel: the plots, then the inspector's.
    pub const ALL: [Self; 17] = [
        Self::Sharpness,
        Self::Loss,
        Self::GradientNorm,
        Self::Variance,
        Self::Displacement,
        Self::Distance,
        Self::Cycles,
        Self::Terms,
        Self::SharpnessChange,
        Self::Covariance,
        Self::Validity,
        Self::WeightSpace,
        Self::Wall,
        Self::LossWall,
        Self::Parabola,
        Self::Predictions,
        Self::Spectrum,
    ];

    /// The plots over the steps, in the order of the dashboard.
    pub const PLOTS: [Self; 6] =
        [Self::Sharpness, Self::Loss, Self::GradientNorm, Self::Variance, Self::Displacement, Self::Distance];

    /// The inspector's panels, which look at one step.
    pub const INSPECTOR: [Self; 5] =
        [Self::Cycles, Self::Terms, Self::SharpnessChange, Self::Covariance, Self::Validity];

    /// Those of the inspector's that show what only the weights tell.
    pub const INSPECTED: [Self; 3] = [Self::Terms, Self::SharpnessChange, Self::Validity];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Sharpness => "Hessian eigenvalues",
            Self::Loss => "Train loss",
            Self::GradientNorm => "Squared gradient norm ‖∇L‖²",
            Self::Variance => "Variance along Σ’s eigenvectors",
            Self::Displacement => "Displacement along v₁",
            Self::Distance => "Distance from gradient descent",
            Self::Cycles => "Cycles at the edge",
            Self::Terms => "One step, term by term",
            Self::SharpnessChange => "Change of the sharpness",
            Self::Covariance => "Σ against the measured covariance",
            Self::Validity => "Does the theory hold here?",
            Self::Predictions => "Predictions of the network",
            Self::Spectrum => "Spectrum of the Hessian",
            Self::WeightSpace => "Weight space",
            Self::Wall => "Sharpness across networks, 2/η = 1",
            Self::LossWall => "Loss across networks: real and predicted",
            Self::Parabola => "The quadratic model at this step",
        }
    }

    /// A word for file names and identifiers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sharpness => "sharpness",
            Self::Loss => "loss",
            Self::GradientNorm => "gradient-norm",
            Self::Variance => "variance",
            Self::Displacement => "displacement",
            Self::Distance => "distance",
            Self::Cycles => "cycles",
            Self::Terms => "terms",
            Self::SharpnessChange => "sharpness-change",
            Self::Covariance => "covariance",
            Self::Validity => "validity",
            Self::Predictions => "predictions",
            Self::Spectrum => "spectrum",
            Self::WeightSpace => "weight-space",
            Self::Wall => "wall",
            Self::LossWall => "loss-wall",
            Self::Parabola => "parabola",
        }
    }

    /// Width and height of its picture in points, where nothing else is asked for: a wall of many plots needs more.
    pub fn picture_size(self) -> [f32; 2] {
        match self {
            Self::Wall | Self::LossWall => [1280.0, 800.0],
            _ => [640.0, 400.0],
        }
    }

    /// Whether a logarithmic axis makes sense: not for a quantity with a sign.
    pub fn may_be_log(self) -> bool {
        self != Self::Displacement && Self::PLOTS.contains(&self)
    }
}

/// Where a run comes from: what titles and files say about it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The preset's name.
    pub preset: String,
    /// The preset's title.
    pub title: String,
    /// The seed: a number, or `bundled`.
    pub seed: String,
    /// The program's version.
    pub version: String,
    /// The command line that opens the moment again; empty where there is none.
    pub command: String,
    /// Number of training examples, where the preset says it.
    pub examples: Option<usize>,
    /// The loss of a network; none of a landscape.
    pub loss: Option<LossKind>,
    /// Whether the network has kinks, which the theory's derivatives miss.
    pub kinks: bool,
}

impl Facts {
    /// Of a run of a preset.
    pub fn of(name: &str, preset: &Preset, command: String) -> Self {
        Self {
            preset: name.into(),
            title: preset.title.clone(),
            seed: preset.run.seed.to_string(),
            version: env!("CARGO_PKG_VERSION").into(),
            command,
            examples: preset.resolved().data.and_then(|data| data.n),
            loss: preset.landscape.is_none().then(|| preset.loss_kind()),
            kinks: !warnings(preset).is_empty(),
        }
    }
}

/// What the viewer has chosen. Owned by the window; panels read it and ask for a [`ViewChange`].
#[derive(Clone, Debug, PartialEq)]
pub struct ViewState {
    /// The steps on the axis; `None` shows the whole run as it grows.
    pub visible: Option<[f64; 2]>,
    /// The step at which all panels show their cursor.
    pub cursor: Option<usize>,
    /// The step below the pointer, in whichever panel it is.
    pub hover: Option<f64>,
    /// The line that is pointed at, in a legend or in words: it stands out in every plot that has it.
    pub pointed: Option<Source>,
    /// Panels with a logarithmic axis.
    pub log: Vec<Panel>,
    /// Panels whose vertical axis was set by hand: smallest and largest value.
    pub ranges: Vec<(Panel, [f64; 2])>,
    /// Standard deviation of the Gaussian smoothing, in steps; 0 switches it off.
    pub smoothing_steps: f64,
    /// Whether the central flow's curves are shown (predict, then reveal).
    pub show_central_flow: bool,
    /// Whether the phases of cycles are shaded.
    pub show_phases: bool,
    /// How weight space is looked at.
    pub scene: SceneView,
    /// The output that the predictions show.
    pub prediction: Choice,
}

impl Default for ViewState {
    fn default() -> Self {
        Self {
            visible: None,
            cursor: None,
            hover: None,
            pointed: None,
            log: Vec::new(),
            ranges: Vec::new(),
            smoothing_steps: 50.0,
            show_central_flow: true,
            show_phases: false,
            scene: SceneView::default(),
            prediction: Choice::default(),
        }
    }
}

/// What a panel asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ViewChange {
    /// Show these steps; `None` follows the whole run.
    Show(Option<[f64; 2]>),
    /// Put the cursor at a step, or away.
    PlaceCursor(Option<usize>),
    /// The pointer is at this step, or has left.
    Hover(Option<f64>),
    /// This line is pointed at, or none any more.
    Point(Option<Source>),
    /// Make a panel's axis logarithmic, or linear.
    SetLog(Panel, bool),
    /// Let a panel's vertical axis run from the first value to the second; `None` fits it to what is drawn.
    SetRange(Panel, Option<[f64; 2]>),
    /// Look at weight space otherwise.
    Scene(SceneChange),
    /// Show this output of this example.
    ShowPrediction(Choice),
}

impl ViewState {
    /// Applies what a panel asked for.
    pub fn apply(&mut self, change: ViewChange) {
        match change {
            ViewChange::Show(visible) => self.visible = visible,
            ViewChange::PlaceCursor(cursor) => self.cursor = cursor,
            ViewChange::Hover(hover) => self.hover = hover,
            ViewChange::Point(line) => self.pointed = line,
            ViewChange::SetLog(panel, log) => {
                self.log.retain(|&other| other != panel);
                if log && panel.may_be_log() {
                    self.log.push(panel);
                }
            }
            ViewChange::SetRange(panel, range) => {
                self.ranges.retain(|&(other, _)| other != panel);
                self.ranges.extend(range.map(|range| (panel, range)));
            }
            ViewChange::Scene(change) => self.scene.apply(change),
            ViewChange::ShowPrediction(choice) => self.prediction = choice,
        }
    }

    /// The vertical range set by hand for a panel.
    pub fn range(&self, panel: Panel) -> Option<[f64; 2]> {
        self.ranges.iter().find(|(other, _)| *other == panel).map(|&(_, range)| range)
    }
}

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
#[derive(Debug)]
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
pub enum Looking {
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
    pub looking: Looking,
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
            looking: Looking::Nowhere,
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

    /// Whether smoothed curves are drawn: not of a run so young that there is next to nothing to smooth.
    pub fn smooths(&self) -> bool {
        self.state.smoothing_steps > 0.0 && self.history.rows() > self.smoothing_reach().saturating_add(1)
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

    /// The stretches in which the central flow was above the edge and its predictions do not count.
    pub fn transients(&self) -> Vec<[f64; 2]> {
        let mut spans = Vec::new();
        let mut open = None;
        for (step, event) in self.history.events() {
            match event {
                Event::StartedAboveEdge { .. } => open = open.or(Some(*step as f64)),
                Event::BackBelowEdge | Event::FlowsStarted => {
                    if let Some(first) = open.take() {
                        spans.push([first, *step as f64]);
                    }
                }
                Event::Outcome(..) | Event::EtaChanged { .. } | Event::Trouble(..) => {}
            }
        }
        if let Some(first) = open {
            spans.push([first, self.history.rows().saturating_sub(1) as f64]);
        }
        spans.retain(|[first, last]| last > first);
        spans
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

/// Learning rates that a caption names.
const ETAS: usize = 4;
