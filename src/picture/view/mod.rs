//! The viewer's choices (panels, steps, axes), and the changes that panels may request.

pub mod camera;
pub mod choice;
pub mod panel;
pub mod pointing;
pub mod run_view;
pub mod scene;
pub mod scene_view;
pub mod source;

use crate::preset::{LossKind, Preset};
use crate::run::engine::assemble::warnings;
use choice::Choice;
use panel::Panel;
use scene_view::{SceneChange, SceneView};
use source::LineSource;

/// The origin of a run, for titles and files.
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
    /// The command line that opens the moment again; empty if there is none.
    pub command: String,
    /// Number of training examples, if the preset specifies it.
    pub examples: Option<usize>,
    /// The loss of a network; `None` for a landscape.
    pub loss: Option<LossKind>,
    /// Whether it is played from a recording.
    pub recorded: bool,
    /// Whether the network has kinks, which the theory's derivatives miss.
    pub kinks: bool,
}

impl Facts {
    /// The facts about a run of a preset.
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

/// The viewer's choices. Owned by the window; panels read it and request a [`ViewChange`].
#[derive(Clone, Debug, PartialEq)]
pub struct ViewState {
    /// The steps on the axis; `None` shows the whole run as it grows.
    pub visible: Option<[f64; 2]>,
    /// The step at which all panels show their cursor.
    pub cursor: Option<usize>,
    /// The step below the pointer, in any panel.
    pub hover: Option<f64>,
    /// The pointed-at line, in a legend or in a text: it is highlighted in every plot that has it.
    pub pointed: Option<LineSource>,
    /// Panels with a logarithmic axis.
    pub log: Vec<Panel>,
    /// Panels whose vertical axis was set by hand: smallest and largest value.
    pub ranges: Vec<(Panel, [f64; 2])>,
    /// Standard deviation of the Gaussian smoothing, in steps; 0 disables it.
    pub smoothing_steps: f64,
    /// Whether the central flow's curves are shown (first predict, then reveal).
    pub show_central_flow: bool,
    /// Whether the phases of cycles are shaded.
    pub show_phases: bool,
    /// The view of weight space.
    pub scene: SceneView,
    /// The output that the predictions panel shows.
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

/// A change that a panel requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ViewChange {
    /// Show these steps; `None` follows the whole run.
    Show(Option<[f64; 2]>),
    /// Put the cursor at a step, or remove it.
    PlaceCursor(Option<usize>),
    /// The pointer is at this step, or has left.
    Hover(Option<f64>),
    /// This line is pointed at, or no line.
    Point(Option<LineSource>),
    /// Make a panel's axis logarithmic, or linear.
    SetLog(Panel, bool),
    /// Set the range of a panel's vertical axis; `None` fits it to the drawn lines.
    SetRange(Panel, Option<[f64; 2]>),
    /// Change the view of weight space.
    Scene(SceneChange),
    /// Select this output of this example.
    ShowPrediction(Choice),
}

impl ViewState {
    /// Applies a requested change.
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
