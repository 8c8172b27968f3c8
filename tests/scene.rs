//! Weight space of the two-parameter landscapes and of a made-up network: pictures against stored ones, and the data behind
//! them against closed forms.
//!
//! `BRINK_WRITE_PICTURES=1 cargo test --test scene` writes the stored pictures anew; look at them before they are
//! committed.
#![cfg(feature = "picture")]
#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "pictures/compare.rs"]
mod compare;
#[path = "pictures/network_scene.rs"]
mod network_scene;

use brink::dynamics::StepRecord;
use brink::picture::scene::contour::contour;
use brink::picture::scene::{
    self, Figure, Grid, Layer, Scene, SceneAxis, SceneChange, ScenePath, StableRegion, of_landscape, of_landscape_after,
};
use brink::picture::{Curves, Facts, Image, Palette, Panel, Role, RunView, ViewState, panel_ui, render};
use brink::run::assemble::{Sources, assemble};
use brink::run::{History, Preset};
use compare::{SHARE, check, decode, difference, stored};
use egui::{Theme, Vec2, vec2};
use network_scene::network_scene;
use std::ops::Range;
use std::sync::Arc;

const SIZE: Vec2 = vec2(520.0, 430.0);
const STEPS: usize = 200;

/// Spoils a scene.
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
    let figure = |state: &ViewState| Figure::new(&scene, &state.scene, true, Palette::of(Theme::Light)).unwrap();
    let whole = figure(&state);
    for path in &scene.paths {
        let outside = (0..path.points.len()).filter(|&place| whole.place(path, place).is_none());
        assert_eq!(outside.count(), 0, "{:?} from step {} on", path.role, path.first_step);
    }
    // the plane is the floor, and what the menu shows is on it
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

/// A loss of two weights in closed form: its value, its gradient, and the entries xx, xy, yy of its Hessian.
type Jet = fn(f64, f64) -> (f64, [f64; 2], [f64; 3]);

/// ½(1 − xy)².
fn hyperbola(x: f64, y: f64) -> (f64, [f64; 2], [f64; 3]) {
    let r = 1.0 - x * y;
    (0.5 * r * r, [-y * r, -x * r], [y * y, 2.0 * x * y - 1.0, x * x])
}

/// ½(1 − xy)² + 0.005(x − 3)².
fn tilted(x: f64, y: f64) -> (f64, [f64; 2], [f64; 3]) {
    let (value, [gx, gy], [xx, xy, yy]) = hyperbola(x, y);
    let (c, d) = (0.005, x - 3.0);
    (value + c * d * d, [gx + 2.0 * c * d, gy], [xx + 2.0 * c, xy, yy])
}

/// (1 − x²/2 − y²)².
fn ellipse(x: f64, y: f64) -> (f64, [f64; 2], [f64; 3]) {
    let r = 1.0 - 0.5 * x * x - y * y;
    (r * r, [-2.0 * x * r, -4.0 * y * r], [2.0 * x * x - 2.0 * r, 4.0 * x * y, 8.0 * y * y - 4.0 * r])
}

/// ½(22 x² + 18 y²).
fn parabola(x: f64, y: f64) -> (f64, [f64; 2], [f64; 3]) {
    (11.0 * x * x + 9.0 * y * y, [22.0 * x, 18.0 * y], [22.0, 0.0, 18.0])
}

fn sharpness(jet: Jet, x: f64, y: f64) -> f64 {
    let (_, _, [a, b, d]) = jet(x, y);
    let (mean, half) = (0.5 * (a + d), 0.5 * (a - d));
    mean + (half * half + b * b).sqrt()
}

/// Small steps of the flows within one of gradient descent.
const SMALL: usize = 400;

/// The gradient flow for the time of one step, by the classical Runge–Kutta method.
fn gradient_flow(jet: Jet, eta: f64, mut w: [f64; 2]) -> [f64; 2] {
    let slope = |w: [f64; 2]| jet(w[0], w[1]).1.map(|g| -g);
    let h = eta / 40.0;
    for _ in 0..40 {
        let step = |k: [f64; 2], s: f64| [w[0] + s * k[0], w[1] + s * k[1]];
        let k1 = slope(w);
        let k2 = slope(step(k1, 0.5 * h));
        let k3 = slope(step(k2, 0.5 * h));
        let k4 = slope(step(k3, h));
        for axis in 0..2 {
            w[axis] += h / 6.0 * (k1[axis] + 2.0 * k2[axis] + 2.0 * k3[axis] + k4[axis]);
        }
    }
    w
}

/// The central flow for the time of one step: −∇L − ½σ²∇S with the least σ² ≥ 0 that keeps S ≤ 2/η.
fn central_flow(jet: Jet, eta: f64, mut w: [f64; 2]) -> [f64; 2] {
    let h = eta / SMALL as f64;
    for _ in 0..SMALL {
        let [x, y] = w;
        let by = |dx: f64, dy: f64| sharpness(jet, x + dx, y + dy);
        let d = 1e-5;
        let nabla_s = [(by(d, 0.0) - by(-d, 0.0)) / (2.0 * d), (by(0.0, d) - by(0.0, -d)) / (2.0 * d)];
        let slope = jet(x, y).1.map(|g| -g);
        let rise = h * (nabla_s[0] * slope[0] + nabla_s[1] * slope[1]);
        let square = nabla_s[0] * nabla_s[0] + nabla_s[1] * nabla_s[1];
        let half_variance = ((by(0.0, 0.0) + rise - 2.0 / eta) / (h * square)).max(0.0);
        w = [0, 1].map(|axis| w[axis] + h * (slope[axis] - half_variance * nabla_s[axis]));
    }
    w
}

fn landscape(name: &str, start: [f64; 2], eta: f64) -> Preset {
    let text = format!(
        "title = \"{name}\"\n[model]\narchitecture = \"landscape\"\n[landscape]\nname = \"{name}\"\nstart = {start:?}\n\
         [optimizer]\neta = {eta}\n[run]\nprecision = \"f64\"\n[eigen]\nmax_tracked = 2\ntolerance = 1e-10\n"
    );
    Preset::parse(&text).unwrap()
}

#[test]
fn paths_contours_and_region_are_those_of_the_closed_forms() {
    let cases: [(&str, Preset, Jet, usize, bool); 4] = [
        ("valley", Preset::load("valley").unwrap(), tilted, STEPS, true),
        ("hyperbola", landscape("hyperbola", [0.4, 1.4], 0.6), hyperbola, 60, false),
        ("ellipse", landscape("ellipse", [0.5, 0.5], 0.28), ellipse, 60, true),
        ("parabola", Preset::load("parabola").unwrap(), parabola, 60, false),
    ];
    for (what, preset, jet, steps, crosses) in cases {
        let eta = preset.optimizer.eta;
        let start: [f64; 2] = preset.landscape.as_ref().unwrap().start.clone().try_into().unwrap();
        let history = run(&preset, steps);
        let scene = of_landscape(&preset, &history, steps - 1).unwrap();

        let path = |role: Role| scene.paths.iter().find(|path| path.role == role);
        let off = |point: &[f32; 3], w: [f64; 2]| {
            (f64::from(point[0]) - w[0]).hypot(f64::from(point[1]) - w[1]) / w[0].hypot(w[1]).max(1.0)
        };
        let descent = path(Role::GradientDescent).unwrap();
        assert_eq!(descent.points.len(), steps);
        let mut w = start;
        for (step, (point, loss)) in descent.points.iter().zip(&descent.loss).enumerate() {
            let (value, gradient, _) = jet(w[0], w[1]);
            assert!(off(point, w) < 1e-5, "{what}, step {step}: {point:?} against {w:?}");
            assert!((f64::from(*loss) - value).abs() < 1e-5 * value.max(1.0), "{what}, step {step}");
            if what == "parabola" {
                let t = i32::try_from(step).unwrap();
                let exact = [(1.0 - eta * 22.0).powi(t), (1.0 - eta * 18.0).powi(t)];
                assert!(off(point, exact) < 1e-5, "step {step}: {point:?} against {exact:?}");
            }
            w = [w[0] - eta * gradient[0], w[1] - eta * gradient[1]];
        }
        type Flow = fn(Jet, f64, [f64; 2]) -> [f64; 2];
        for (role, flow, tolerance) in
            [(Role::GradientFlow, gradient_flow as Flow, 2e-3), (Role::CentralFlow, central_flow, 2e-2)]
        {
            let Some(path) = path(role) else {
                assert_eq!(what, "parabola", "no {role:?}");
                continue;
            };
            let (mut w, mut most) = (start, 0.0_f64);
            for point in &path.points {
                most = most.max(off(point, w));
                w = flow(jet, eta, w);
            }
            assert!(most < tolerance, "{what}: {role:?} is off by {most}");
        }

        // the loss and its contours: between two nodes they are as far off as the second derivatives let them
        let surface = scene.surface.as_ref().unwrap();
        for row in (0..surface.rows).step_by(7) {
            for column in (0..surface.columns).step_by(5) {
                let [x, y] = surface.node(column, row).map(f64::from);
                let exact = jet(x, y).0;
                assert!((f64::from(surface.at(column, row)) - exact).abs() < 1e-5 * exact.max(1.0), "{what}");
            }
        }
        let cell = |range: &Range<f32>| f64::from(range.end - range.start) / (surface.columns - 1) as f64;
        let (dx, dy) = (cell(&surface.x), cell(&surface.y));
        let levels: Vec<f32> = Figure::new(&scene, &ViewState::default().scene, true, Palette::of(Theme::Light))
            .unwrap()
            .levels
            .iter()
            .map(|(_, level)| *level)
            .collect();
        assert!(levels.len() >= 5, "{what}: {levels:?}");
        for level in levels {
            for [x, y] in contour(surface, level).into_iter().flatten().map(|at| at.map(f64::from)) {
                // the largest second derivatives of these losses within a cell are at its corners
                let corners = [(-dx, -dy), (dx, -dy), (-dx, dy), (dx, dy)].map(|(a, b)| jet(x + a, y + b).2);
                let most = |entry: usize| corners.iter().map(|h| h[entry].abs()).fold(0.0, f64::max);
                let bound = (most(0) * dx * dx + most(2) * dy * dy + 2.0 * most(1) * dx * dy) / 8.0;
                let (value, level) = (jet(x, y).0, f64::from(level));
                let off = (value - level).abs();
                assert!(off < 1.1 * bound + 1e-5 * level.max(1.0), "{what}: level {level} at {x}, {y}: {value}");
            }
        }

        // the region, and its edge
        let region = scene.region.as_ref().unwrap();
        assert!((f64::from(region.edge) - 2.0 / eta).abs() < 1e-5);
        let nodes = &region.sharpness;
        for row in (0..nodes.rows).step_by(7) {
            for column in (0..nodes.columns).step_by(5) {
                let [x, y] = nodes.node(column, row).map(f64::from);
                let exact = sharpness(jet, x, y);
                assert!((f64::from(nodes.at(column, row)) - exact).abs() < 1e-5 * exact.abs().max(1.0), "{what}");
            }
        }
        let edge = contour(nodes, region.edge);
        assert_eq!(!edge.is_empty(), crosses, "{what}");
        for [x, y] in edge.into_iter().flatten().map(|at| at.map(f64::from)) {
            let s = sharpness(jet, x, y);
            assert!((s - 2.0 / eta).abs() < 5e-3, "{what}: S = {s} at {x}, {y}");
        }
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
    for third in [false, true] {
        broken.push(network_scene(third));
    }
    let mut add = |change: &dyn Fn(&mut Scene)| {
        let mut scene = good.clone();
        change(&mut scene);
        broken.push(scene);
    };
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
    // a run of which no weights are finite says so
    let mut nothing = History::new(2);
    nothing.push(&StepRecord { eta: 0.5, ..StepRecord::default() });
    let said = of_landscape(&preset, &nothing, 0).unwrap();
    assert!(said.note.as_ref().is_some_and(|note| note.contains("No weights are finite")), "{said:?}");
    image(&said, &history, &ViewState::default(), 0.5, Theme::Dark);
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
