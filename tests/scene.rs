//! Weight space of the two-parameter landscapes: pictures against stored ones, and the data behind them against closed
//! forms.
//!
//! `BRINK_WRITE_PICTURES=1 cargo test --test scene` writes the stored pictures anew; look at them before they are
//! committed.
#![cfg(feature = "picture")]
#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "pictures/compare.rs"]
mod compare;

use brink::picture::scene::contour::contour;
use brink::picture::scene::{self, Layer, Scene, SceneChange, of_landscape};
use brink::picture::{Curves, Facts, Image, Panel, Role, RunView, ViewState, panel_ui, render};
use brink::run::assemble::{Sources, assemble};
use brink::run::{History, Preset};
use compare::{SHARE, check, decode, difference, stored};
use egui::{Theme, Vec2, vec2};
use std::ops::Range;
use std::sync::Arc;

const SIZE: Vec2 = vec2(520.0, 430.0);
const STEPS: usize = 200;

/// Spoils a scene.
type Change<'a> = &'a dyn Fn(&mut Scene);

/// The preset `valley` after 200 steps.
fn valley() -> (Preset, History) {
    let preset = Preset::load("valley").unwrap();
    let mut engine = assemble(&preset, &Sources::default()).unwrap();
    let mut history = History::new(preset.eigen.max_tracked);
    for _ in 0..STEPS {
        history.push(&engine.step(preset.optimizer.eta));
    }
    (preset, history)
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

/// ½(1 − xy)² + c(x − x₀)² of the preset: its value, its gradient, its Hessian.
fn tilted(x: f64, y: f64) -> (f64, [f64; 2], [f64; 3]) {
    let (r, c, x0) = (1.0 - x * y, 0.005, 3.0);
    let value = 0.5 * r * r + c * (x - x0) * (x - x0);
    (value, [-y * r + 2.0 * c * (x - x0), -x * r], [y * y + 2.0 * c, 2.0 * x * y - 1.0, x * x])
}

fn sharpness(x: f64, y: f64) -> f64 {
    let (_, _, [a, b, d]) = tilted(x, y);
    let (mean, half) = (0.5 * (a + d), 0.5 * (a - d));
    mean + (half * half + b * b).sqrt()
}

#[test]
fn paths_contours_and_region_are_those_of_the_closed_form() {
    let (preset, history) = valley();
    let scene = of_landscape(&preset, &history, STEPS - 1).unwrap();
    let eta = preset.optimizer.eta;

    // Gradient descent, by hand.
    let descent = &scene.paths[0];
    assert_eq!((descent.role, descent.points.len()), (Role::GradientDescent, STEPS));
    let mut w = [1.8, 0.5];
    for (point, loss) in descent.points.iter().zip(&descent.loss) {
        let (value, gradient, _) = tilted(w[0], w[1]);
        let off = (f64::from(point[0]) - w[0]).hypot(f64::from(point[1]) - w[1]);
        assert!(off < 1e-5, "{point:?} against {w:?}");
        assert!((f64::from(*loss) - value).abs() < 1e-5);
        w = [w[0] - eta * gradient[0], w[1] - eta * gradient[1]];
    }
    // The gradient flow, by small steps of the classical Runge–Kutta method.
    let flow = scene.paths.iter().find(|path| path.role == Role::GradientFlow).unwrap();
    let mut w = [1.8, 0.5];
    let slope = |w: [f64; 2]| tilted(w[0], w[1]).1.map(|g| -g);
    for point in &flow.points {
        let off = (f64::from(point[0]) - w[0]).hypot(f64::from(point[1]) - w[1]);
        assert!(off < 0.02, "{point:?} against {w:?}");
        for _ in 0..20 {
            let h = eta / 20.0;
            let step = |k: [f64; 2], s: f64| [w[0] + s * k[0], w[1] + s * k[1]];
            let k1 = slope(w);
            let k2 = slope(step(k1, 0.5 * h));
            let k3 = slope(step(k2, 0.5 * h));
            let k4 = slope(step(k3, h));
            for axis in 0..2 {
                w[axis] += h / 6.0 * (k1[axis] + 2.0 * k2[axis] + 2.0 * k3[axis] + k4[axis]);
            }
        }
    }

    // The loss and its contours.
    let surface = scene.surface.as_ref().unwrap();
    for row in (0..surface.rows).step_by(7) {
        for column in (0..surface.columns).step_by(5) {
            let [x, y] = surface.node(column, row).map(f64::from);
            assert!((f64::from(surface.at(column, row)) - tilted(x, y).0).abs() < 1e-5);
        }
    }
    for level in [0.01_f32, 0.03, 0.1] {
        let lines = contour(surface, level);
        assert!(!lines.is_empty());
        for [x, y] in lines.into_iter().flatten().map(|at| at.map(f64::from)) {
            let (value, [gx, gy], _) = tilted(x, y);
            let off = (value - f64::from(level)).abs() / gx.hypot(gy).max(1e-3);
            assert!(off < 2e-3, "level {level} at {x}, {y}: off by {off}");
        }
    }

    // The region, and its edge.
    let region = scene.region.as_ref().unwrap();
    assert!((f64::from(region.edge) - 2.0 / eta).abs() < 1e-6);
    let edge = contour(&region.sharpness, region.edge);
    assert!(!edge.is_empty());
    for [x, y] in edge.into_iter().flatten().map(|at| at.map(f64::from)) {
        assert!((sharpness(x, y) - 2.0 / eta).abs() < 5e-3, "S = {} at {x}, {y}", sharpness(x, y));
    }
    let [low, high] = region.sharpness.extremes().unwrap();
    assert!(low < region.edge && region.edge < high, "both sides of the edge are in sight");
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
    add(&|scene| scene.axes[2] = Some(scene::SceneAxis { label: "u₃".into(), captured: Some(f32::NAN) }));
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
