//! What a viewer chooses to see: panels, steps, axes; and what panels may ask for.

pub mod camera;
pub mod choice;
pub mod panel;
pub mod pointing;
pub mod run_view;
pub mod scene;
pub mod scene_view;
pub mod source;

use crate::preset::LossKind;
use crate::preset::Preset;
use crate::run::engine::assemble::warnings;
use choice::Choice;
use panel::Panel;
use scene_view::{SceneChange, SceneView};
use source::LineSource;

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
    /// Whether it is played from a recording.
    pub recorded: bool,
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
            recorded: false,
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
    pub pointed: Option<LineSource>,
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
    Point(Option<LineSource>),
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
