//! Weight space of the two-parameter landscapes and of an artificial network: pictures compared with stored ones, and
//! the underlying data with closed forms.
//!
//! `BRINK_WRITE_PICTURES=1 cargo test --test behaviour scene` rewrites the stored pictures; look at them before they
//! are committed.
#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "scene/closed_forms.rs"]
mod closed_forms;

use crate::compare::{SHARE, check, decode, difference, stored};
use crate::network_scene::network_scene;
use crate::readable::{Strictness, unreadable};
use brink::picture::file::raster::Image;
use brink::picture::file::render::render;
use brink::picture::panel::panel_ui;
use brink::picture::scene::figure::Figure;
use brink::picture::scene::landscape::{of_landscape, of_landscape_after};
use brink::picture::style::theme::{Palette, Role};
use brink::picture::view::panel::Panel;
use brink::picture::view::run_view::RunView;
use brink::picture::view::scene::Scene;
use brink::picture::view::scene_view::{Layer, SceneChange};
use brink::picture::view::{Facts, ViewState};
use brink::preset::Preset;
use brink::run::analysis::curves::Curves;
use brink::run::engine::assemble::assemble;
use brink::run::engine::problem::Sources;
use brink::run::record::history::History;
use egui::{Theme, Vec2, vec2};
use std::ops::Range;
use std::sync::Arc;

const SIZE: Vec2 = vec2(520.0, 430.0);
const STEPS: usize = 200;

/// Introduces a defect into a scene.
type Change<'a> = &'a dyn Fn(&mut Scene);

/// The preset `valley` after 200 steps.
fn valley() -> (Preset, History) {
    let preset = Preset::load("valley").unwrap();
    let history = run(&preset, STEPS);
    (preset, history)
}

fn run(preset: &Preset, steps: usize) -> History {
    let mut engine = assemble(preset, &Sources::default()).unwrap();
    let mut history = History::new(preset.eigen.max_tracked);
    (0..steps).for_each(|_| history.push(&engine.step(preset.optimizer.eta)));
    history
}

fn image(scene: &Scene, history: &History, state: &ViewState, scale: f32, theme: Theme) -> Image {
    let (curves, facts) = (Curves::default(), Facts::default());
    let scene = Arc::new(scene.clone());
    let view = RunView { scene: Some(&scene), ..RunView::still(history, &curves, &facts, state) };
    render(SIZE, scale, theme, |ui| panel_ui(ui, Panel::WeightSpace, &view, &mut Vec::new()))
}

fn state(changes: &[SceneChange]) -> ViewState {
    let mut state = ViewState::default();
    for &change in changes {
        state.scene.apply(change);
    }
    state
}

#[test]
fn weight_space_looks_as_stored() {
    let (preset, history) = valley();
    let scene = of_landscape(&preset, &history, STEPS - 1).unwrap();
    let heat = SceneChange::Toggle(Layer::Sharpness);
    let turned = SceneChange::SetFlat(false);
    for (name, changes, scale, theme) in [
        ("flat-light", &[][..], 1.0, Theme::Light),
        ("flat-dark-2x", &[], 2.0, Theme::Dark),
        ("turned-light-2x", &[turned], 2.0, Theme::Light),
        ("turned-dark", &[turned], 1.0, Theme::Dark),
        ("heat-light-2x", &[heat], 2.0, Theme::Light),
        ("heat-turned-dark", &[heat, turned], 1.0, Theme::Dark),
    ] {
        check(&format!("weight-space-{name}"), &image(&scene, &history, &state(changes), scale, theme));
    }
    let zoomed = state(&[SceneChange::Magnify(3.0, [0.3, -0.3])]);
    let zoomed = ViewState { cursor: Some(60), ..zoomed };
    check("weight-space-zoomed-light", &image(&scene, &history, &zoomed, 1.0, Theme::Light));
}

#[test]
fn weight_space_of_a_network_looks_as_stored() {
    let history = History::new(1);
    for (third, name) in [(false, "network"), (true, "three-axes")] {
        let state = state(&[SceneChange::SetFlat(!third)]);
        let scene = network_scene(third);
        for (theme, of_theme) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
            for (scale, of_scale) in [(1.0, ""), (2.0, "-2x")] {
                let image = image(&scene, &history, &state, scale, theme);
                check(&format!("weight-space-{name}-{of_theme}{of_scale}"), &image);
            }
        }
    }
}

#[test]
fn in_three_directions_whole_paths_are_in_the_box_above_the_plane() {
    let scene = network_scene(true);
    let mut state = state(&[SceneChange::SetFlat(false)]);
    let figure =
        |state: &ViewState| Figure::new(&scene, &state.scene, true, Palette::of(Theme::Light)).unwrap();
    let whole = figure(&state);
    for path in &scene.paths {
        let outside = (0..path.points.len()).filter(|&place| whole.place(path, place).is_none());
        assert_eq!(outside.count(), 0, "{:?} from step {} on", path.role, path.first_step);
    }
    // the plane is the floor, with the layers of the menu on it
    let floor = whole.fill.corners.iter().filter(|corner| corner[2].is_finite());
    assert!(floor.clone().count() > 100 && floor.into_iter().all(|corner| corner[2] == -0.5));
    for layer in [Layer::Contours, Layer::Region, Layer::Loss] {
        let before = figure(&state);
        state.scene.apply(SceneChange::Toggle(layer));
        assert_ne!(figure(&state), before, "{layer:?}");
    }
    // seen from above there is no third direction
    let flat = |third| {
        let state = ViewState::default();
        Figure::new(&network_scene(third), &state.scene, true, Palette::of(Theme::Light)).unwrap()
    };
    assert_eq!(flat(true), flat(false));
}

/// Notes, names of the axes and numbers, from any viewpoint.
#[test]
fn nothing_in_the_picture_is_written_over_another_text() {
    let (history, curves, facts) = (History::new(1), Curves::default(), Facts::default());
    let mut looks = vec![vec![]];
    for turn in 0_u8..12 {
        let [yaw, pitch] = [0.55 * f32::from(turn), 0.12 * f32::from(turn % 5) - 0.24];
        looks.push(vec![SceneChange::SetFlat(false), SceneChange::Turn([yaw, pitch])]);
        looks.push(vec![
            SceneChange::SetFlat(false),
            SceneChange::Turn([yaw, pitch]),
            SceneChange::Magnify(1.3, [0.1, -0.2]),
        ]);
    }
    for third in [false, true] {
        let scene = Arc::new(network_scene(third));
        for (size, changes) in
            [SIZE, vec2(900.0, 560.0)].into_iter().flat_map(|size| looks.iter().map(move |look| (size, look)))
        {
            let state = state(changes);
            let view = RunView { scene: Some(&scene), ..RunView::still(&history, &curves, &facts, &state) };
            let ui = |ui: &mut egui::Ui| panel_ui(ui, Panel::WeightSpace, &view, &mut Vec::new());
            let found = unreadable(size, 1.0, Strictness::Scrolled, ui);
            let covered: Vec<&String> = found.iter().filter(|words| words.contains(" covers ")).collect();
            assert!(covered.is_empty(), "{third} {size} {changes:?}: {covered:#?}");
        }
    }
}

#[test]
fn planted_defects_are_seen() {
    let (preset, history) = valley();
    let whole = of_landscape(&preset, &history, STEPS - 1).unwrap();
    let reference = decode(&std::fs::read(stored("weight-space-flat-light")).unwrap());
    let share = |change: Change| {
        let mut scene = whole.clone();
        change(&mut scene);
        difference(&image(&scene, &history, &ViewState::default(), 1.0, Theme::Light), &reference)
    };
    assert!(share(&|_| {}) <= SHARE);
    let defects: [(&str, Change); 5] = [
        ("no central flow", &|scene| scene.paths.retain(|path| path.role != Role::CentralFlow)),
        ("a dash lost", &|scene| scene.paths[2].role = Role::GradientDescent),
        ("colours exchanged", &|scene| {
            let role = scene.paths[0].role;
            scene.paths[0].role = scene.paths[1].role;
            scene.paths[1].role = role;
        }),
        ("no region", &|scene| scene.region = None),
        ("half the edge", &|scene| scene.region.as_mut().unwrap().edge *= 0.5),
    ];
    for (name, defect) in defects {
        let share = share(defect);
        assert!(share > 2.0 * SHARE, "{name} changes only {:.2}% of the pixels", 100.0 * share);
    }
}

#[test]
fn grids_of_a_landscape_stay_while_the_paths_are_in_them() {
    let (preset, mut history) = (Preset::load("valley").unwrap(), History::new(2));
    let mut engine = assemble(&preset, &Sources::default()).unwrap();
    let (mut before, mut made) = (None::<Scene>, 0);
    for step in 0..STEPS {
        history.push(&engine.step(preset.optimizer.eta));
        let scene = of_landscape_after(&preset, &history, step, before.as_ref()).unwrap();
        let [x, y] = scene.surface.as_ref().map(|grid| [grid.x.clone(), grid.y.clone()]).unwrap();
        made += usize::from(before.is_none_or(|before| before.surface.unwrap().x != x));
        for point in scene.paths.iter().flat_map(|path| &path.points).filter(|point| point[0].is_finite()) {
            assert!(x.contains(&point[0]) && y.contains(&point[1]), "step {step}: {point:?} in {x:?}, {y:?}");
        }
        before = Some(scene);
    }
    assert!((2..40).contains(&made), "{made} grids for {STEPS} steps");
}

#[test]
fn gradient_descent_bounces_and_the_central_flow_does_not() {
    let (preset, history) = valley();
    let scene = of_landscape(&preset, &history, STEPS - 1).unwrap();
    let turns = |role: Role| {
        let path = scene.paths.iter().find(|path| path.role == role).unwrap();
        let residual: Vec<f32> = path.points.iter().map(|p| 1.0 - p[0] * p[1]).collect();
        residual.windows(3).filter(|r| (r[1] - r[0]) * (r[2] - r[1]) < 0.0).count()
    };
    assert!(turns(Role::GradientDescent) > 100, "{}", turns(Role::GradientDescent));
    assert!(turns(Role::CentralFlow) < 20, "{}", turns(Role::CentralFlow));
    let at = |role: Role| {
        let path = scene.paths.iter().find(|path| path.role == role).unwrap();
        *path.points.last().unwrap()
    };
    let far = |a: [f32; 3], b: [f32; 3]| (a[0] - b[0]).hypot(a[1] - b[1]);
    let (gd, cf, gf) = (at(Role::GradientDescent), at(Role::CentralFlow), at(Role::GradientFlow));
    assert!(far(gd, cf) < 0.5 * far(gd, gf), "{gd:?} {cf:?} {gf:?}");
}

#[test]
fn trouble_is_said_and_drawn_without_harm() {
    let (preset, history) = valley();
    let good = of_landscape(&preset, &history, STEPS - 1).unwrap();
    let mut broken: Vec<Scene> = vec![Scene::default()];
    let mut add = |change: &dyn Fn(&mut Scene)| {
        let mut scene = good.clone();
        change(&mut scene);
        broken.push(scene);
    };
    for value in [f32::NAN, f32::INFINITY, -1e38, 1e38, 0.0] {
        add(&|scene| scene.paths.iter_mut().for_each(|path| path.points[77] = [value; 3]));
        add(&|scene| scene.paths.iter_mut().for_each(|path| path.points.fill([value; 3])));
        add(&|scene| scene.paths.iter_mut().for_each(|path| path.loss.fill(value)));
        add(&|scene| scene.surface.as_mut().unwrap().values.fill(value));
        add(&|scene| scene.region.as_mut().unwrap().sharpness.values.fill(value));
        add(&|scene| scene.region.as_mut().unwrap().edge = value);
        add(&|scene| scene.surface.as_mut().unwrap().x = value..value);
    }
    add(&|scene| scene.surface = None);
    add(&|scene| scene.paths.clear());
    add(&|scene| scene.paths.iter_mut().for_each(|path| path.exact = Range { start: 500, end: 9 }));
    add(&|scene| scene.surface.as_mut().unwrap().values.truncate(5));
    add(&|scene| (scene.progress, scene.note) = (Some(f32::NAN), Some("two axes are equal".repeat(20))));
    add(&|scene| {
        scene.axes[2] =
            Some(brink::picture::view::scene::SceneAxis { label: "u₃".into(), captured: Some(f32::NAN) });
    });
    broken.extend([network_scene(false), network_scene(true)]);
    for scene in &broken {
        for changes in [&[][..], &[SceneChange::SetFlat(false)], &[SceneChange::Toggle(Layer::Sharpness)]] {
            image(scene, &history, &state(changes), 0.5, Theme::Dark);
        }
    }
    let (curves, facts) = (Curves::default(), Facts::default());
    let scene = Arc::new(good);
    for size in [vec2(0.0, 0.0), vec2(1.0, 1.0), vec2(70.0, 60.0), vec2(3.0, 700.0), vec2(700.0, 40.0)] {
        for flat in [true, false] {
            let state = state(&[SceneChange::SetFlat(flat)]);
            let still = RunView::still(&history, &curves, &facts, &state);
            let view = RunView { scene: Some(&scene), controls: true, ..still };
            render(size, 1.0, Theme::Light, |ui| panel_ui(ui, Panel::WeightSpace, &view, &mut Vec::new()));
        }
    }
}
