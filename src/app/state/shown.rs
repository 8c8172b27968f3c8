//! The displayed state of a run when it was saved, as it appears in a session file. Invalid values are
//! ignored.

use super::Model;
use super::layout::LayoutNode;
use crate::picture::view::camera::Camera;
use crate::picture::view::choice::Choice;
use crate::picture::view::panel::Panel;
use crate::picture::view::scene_view::{Layer, SceneView};
use brink_core::space::axis::Axis as AxisChoice;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The displayed state of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ShownState {
    panels: Option<LayoutNode>,
    log: Vec<String>,
    smoothing: Option<f64>,
    cursor: Option<usize>,
    visible: Option<[f64; 2]>,
    phases: bool,
    central_flow: Option<bool>,
    /// Vertical ranges set by hand, by panel name.
    ranges: BTreeMap<String, [f64; 2]>,
    /// The index of the steered fork.
    steered: Option<usize>,
    scene: Option<ShownScene>,
    prediction: Option<ShownPrediction>,
}

/// The selected output of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ShownPrediction {
    example: usize,
    row: Option<usize>,
    column: Option<usize>,
}

/// The view of weight space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ShownScene {
    flat: bool,
    above: Eye,
    orbit: Eye,
    axes: [AxisChoice; 2],
    third: Option<AxisChoice>,
    layers: Vec<String>,
}

/// A camera.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Eye {
    yaw: f32,
    pitch: f32,
    zoom: f32,
    pan: [f32; 2],
}

impl Eye {
    fn of(camera: &Camera) -> Self {
        let Camera { yaw, pitch, zoom, pan } = *camera;
        Self { yaw, pitch, zoom, pan }
    }

    /// The camera, clamped to positions that a user can reach.
    fn camera(self) -> Option<Camera> {
        let Self { yaw, pitch, zoom, pan: [x, y] } = self;
        if ![yaw, pitch, zoom, x, y].iter().all(|number| number.is_finite()) || zoom <= 0.0 {
            return None;
        }
        let mut camera = Camera { yaw, pitch, zoom, pan: [x, y] };
        camera.turn(0.0, 0.0);
        camera.magnify(1.0, [0.0; 2]);
        camera.shift([0.0; 2]);
        Some(camera)
    }
}

fn word(layer: Layer) -> String {
    format!("{layer:?}").to_lowercase()
}

impl ShownScene {
    fn of(view: &SceneView) -> Self {
        let SceneView { flat, above, orbit, axes, third, layers } = view;
        Self {
            flat: *flat,
            above: Eye::of(above),
            orbit: Eye::of(orbit),
            axes: *axes,
            third: *third,
            layers: layers.iter().copied().map(word).collect(),
        }
    }

    fn restore(self, view: &mut SceneView) {
        let Self { flat, above, orbit, axes, third, layers } = self;
        let apart = axes[0] != axes[1] && third.is_none_or(|third| !axes.contains(&third));
        let known = |axis: &AxisChoice| AxisChoice::ALL.contains(axis);
        if apart && axes.iter().chain(&third).all(known) {
            (view.axes, view.third) = (axes, third);
        }
        view.flat = flat;
        view.above = above.camera().unwrap_or(view.above);
        view.orbit = orbit.camera().unwrap_or(view.orbit);
        let is_drawn = |layer: &Layer| layers.contains(&word(*layer));
        // the two layers share the colours, so only one of them can be drawn
        let both = is_drawn(&Layer::Loss) && is_drawn(&Layer::Sharpness);
        view.layers = Layer::ALL
            .into_iter()
            .filter(|layer| is_drawn(layer) && !(both && *layer == Layer::Sharpness))
            .collect();
    }
}

impl ShownState {
    pub(crate) fn of(model: &Model) -> Self {
        let (view, forks) = (&model.view.plots, model.runs.forks.list());
        let Choice { example, row, column } = view.prediction;
        Self {
            panels: LayoutNode::from_tree(&model.layout.tree),
            log: view.log.iter().map(|panel| panel.name().to_owned()).collect(),
            smoothing: Some(view.smoothing_steps),
            cursor: view.cursor,
            visible: view.visible,
            phases: view.show_phases,
            central_flow: Some(view.show_central_flow),
            ranges: view.ranges.iter().map(|&(panel, range)| (panel.name().to_owned(), range)).collect(),
            steered: forks.iter().position(|fork| Some(fork.id) == model.forms.fork.parent),
            scene: Some(ShownScene::of(&view.scene)),
            prediction: Some(ShownPrediction { example, row, column }),
        }
    }

    /// The index of the fork that was steered.
    pub(crate) fn steered(&self) -> Option<usize> {
        self.steered
    }

    pub(crate) fn restore(self, model: &mut Model) {
        let Self {
            panels,
            log,
            smoothing,
            cursor,
            visible,
            phases,
            central_flow,
            ranges,
            steered: _,
            scene,
            prediction,
        } = self;
        if let Some(tree) = panels.map(|node| node.tree()).filter(|tree| !tree.is_empty()) {
            model.layout.tree = tree;
        }
        let rows = model.most_rows();
        let view = &mut model.view.plots;
        view.log =
            Panel::ALL.into_iter().filter(|panel| log.iter().any(|name| name == panel.name())).collect();
        if let Some(steps) = smoothing.filter(|steps| (0.0..=1e5).contains(steps)) {
            view.smoothing_steps = steps;
        }
        view.cursor = cursor.filter(|&cursor| cursor < rows);
        let is_range = |[first, last]: &[f64; 2]| first.is_finite() && last.is_finite() && first < last;
        view.visible = visible.filter(is_range);
        view.show_phases = phases;
        view.show_central_flow = central_flow.unwrap_or(view.show_central_flow);
        let by_hand = |panel: Panel| ranges.get(panel.name()).filter(|range| is_range(range));
        view.ranges = Panel::PLOTS.into_iter().filter_map(|panel| Some((panel, *by_hand(panel)?))).collect();
        if let Some(scene) = scene {
            scene.restore(&mut view.scene);
        }
        if let Some(ShownPrediction { example, row, column }) = prediction {
            view.prediction = Choice { example, row, column };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::view::scene_view::SceneChange;
    use crate::picture::view::{ViewChange, ViewState};
    use crate::preset::Preset;
    use proptest::prelude::*;

    fn model() -> Model {
        Model::new(vec![("valley".into(), Preset::load("valley").expect("built in"))], 0)
    }

    /// The state after a round trip through a file.
    fn through_a_file(shown: &ShownState) -> ShownState {
        let table = toml::Table::try_from(shown).expect("a table");
        let text = toml::to_string(&table).expect("text");
        text.parse::<toml::Table>().expect("a table").try_into().expect("what was shown")
    }

    fn change() -> impl Strategy<Value = ViewChange> {
        let axis = || prop::sample::select(AxisChoice::ALL.to_vec());
        let small = -3.0..3.0_f32;
        let scene = prop_oneof![
            (small.clone(), small.clone()).prop_map(|(yaw, pitch)| SceneChange::Turn([yaw, pitch])),
            (small.clone(), small.clone()).prop_map(|(x, y)| SceneChange::Shift([x, y])),
            (0.1..9.0_f32, small.clone(), small).prop_map(|(by, x, y)| SceneChange::Magnify(by, [x, y])),
            any::<bool>().prop_map(SceneChange::SetFlat),
            (0..2_usize, axis()).prop_map(|(place, axis)| SceneChange::SetAxis(place, axis)),
            prop::option::of(axis()).prop_map(SceneChange::SetThird),
            prop::sample::select(Layer::ALL.to_vec()).prop_map(SceneChange::Toggle),
        ];
        let panel = prop::sample::select(Panel::PLOTS.to_vec());
        prop_oneof![
            4 => scene.prop_map(ViewChange::Scene),
            1 => (panel.clone(), -1e9..0.0_f64, 1e-9..1e9_f64)
                .prop_map(|(panel, low, high)| ViewChange::SetRange(panel, Some([low, high]))),
            1 => (panel, any::<bool>()).prop_map(|(panel, log)| ViewChange::SetLog(panel, log)),
            1 => (0.0..50.0_f64, 60.0..1e5_f64).prop_map(|(first, last)| ViewChange::Show(Some([first, last]))),
            1 => (0..9_usize, prop::option::of(0..9_usize)).prop_map(|(example, row)| {
                ViewChange::ShowPrediction(Choice { example, row, column: None })
            }),
        ]
    }

    /// The view with its lists sorted, because the order of insertion is never visible.
    fn sorted(view: &ViewState) -> ViewState {
        let mut view = view.clone();
        view.log.sort_by_key(|panel| panel.name());
        view.ranges.sort_by_key(|(panel, _)| panel.name());
        view.scene.layers.sort_by_key(|layer| layer.name());
        view
    }

    proptest! {
        #[test]
        fn a_run_is_shown_again_as_it_was(
            changes in prop::collection::vec(change(), 0..30),
            central_flow in any::<bool>(),
            phases in any::<bool>(),
            smoothing in 0.0..1e5_f64,
        ) {
            let mut shown = model();
            for change in changes {
                shown.view.plots.apply(change);
            }
            let view = &mut shown.view.plots;
            (view.show_central_flow, view.show_phases, view.smoothing_steps) = (central_flow, phases, smoothing);
            let mut opened = model();
            through_a_file(&ShownState::of(&shown)).restore(&mut opened);
            prop_assert_eq!(sorted(&opened.view.plots), sorted(&shown.view.plots));
        }
    }

    #[test]
    fn what_makes_no_sense_is_left_as_it_is() {
        let before = model();
        let mut after = model();
        let nan = Eye { yaw: f32::NAN, pitch: 0.5, zoom: 1.0, pan: [0.0; 2] };
        let far = Eye { yaw: 0.0, pitch: 99.0, zoom: 1e30, pan: [1e30, 0.0] };
        let scene = ShownScene {
            flat: true,
            above: nan,
            orbit: far,
            axes: [AxisChoice::Eigenvector(1 << 40), AxisChoice::Drift],
            third: None,
            layers: vec!["loss".into(), "sharpness".into(), "contours".into(), "region".into(), "?".into()],
        };
        let ranges = [("loss", [2.0, 1.0]), ("sharpness", [f64::NAN, 1.0]), ("none", [0.0, 1.0])];
        let wrong = ShownState {
            cursor: Some(7),
            visible: Some([5.0, f64::INFINITY]),
            smoothing: Some(-1.0),
            ranges: ranges.map(|(name, range)| (name.to_owned(), range)).into(),
            scene: Some(scene),
            ..ShownState::of(&before)
        };
        wrong.restore(&mut after);
        let Camera { pitch, zoom, pan, .. } = after.view.plots.scene.orbit;
        assert!(pitch < 2.0 && zoom < 1e3 && pan[0] < 10.0, "a hand could not have gone there");
        after.view.plots.scene.orbit = before.view.plots.scene.orbit;
        assert_eq!(sorted(&after.view.plots), sorted(&before.view.plots));
        // a file of an earlier version has fewer keys
        let mut earlier: ShownState =
            "phases = true".parse::<toml::Table>().expect("a table").try_into().expect("shown");
        assert_eq!((earlier.steered(), earlier.central_flow.take()), (None, None));
    }
}
