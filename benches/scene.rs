//! Interface time of one frame while weight space is rotated: a surface of 256×256 with three paths of 100,000
//! points, 900×700 points, light theme.
//!
//! `turned` is all work on the interface's thread if wgpu draws: the panel's own work and the triangles of its texts
//! (the uniform that rotates the picture is eighty bytes). `made` is the figure rebuilt from the scene, `meshed` the
//! whole picture as a mesh, without wgpu.

use brink::picture::panel::panel_ui;
use brink::picture::scene::canvas::{Canvas, install_canvas};
use brink::picture::scene::figure::Figure;
use brink::picture::scene::mesh::mesh;
use brink::picture::style::theme::{self, Palette, Role};
use brink::picture::view::camera::{Camera, Projection};
use brink::picture::view::panel::Panel;
use brink::picture::view::run_view::RunView;
use brink::picture::view::scene::{Scene, SceneAxis, SceneGrid, ScenePath, StableRegion};
use brink::picture::view::scene_view::{SceneChange, SceneView};
use brink::picture::view::{Facts, ViewState};
use brink::run::analysis::curves::Curves;
use brink::run::record::history::History;
use egui::{Context, Pos2, RawInput, Rect, Shape, Theme, vec2};
use std::sync::Arc;
use std::time::{Duration, Instant};

const POINTS: usize = 100_000;
const NODES: usize = 256;
const FRAMES: usize = 120;
/// Maximum time of a rotated frame.
const BUDGET: Duration = Duration::from_millis(4);

/// Replaces wgpu's canvas: takes the figure, and draws nothing.
struct Nothing;

impl Canvas for Nothing {
    fn shape(&self, _: Rect, figure: &Arc<Figure>, projection: &Projection) -> Shape {
        std::hint::black_box((figure, projection));
        Shape::Noop
    }
}

fn grid(value: impl Fn(f32, f32) -> f32) -> SceneGrid {
    let mut grid = SceneGrid { x: -1.0..1.0, y: -1.0..1.0, columns: NODES, rows: NODES, values: Vec::new() };
    for row in 0..NODES {
        for column in 0..NODES {
            let [x, y] = grid.node(column, row);
            grid.values.push(value(x, y));
        }
    }
    grid
}

fn scene() -> Scene {
    let loss = |x: f32, y: f32| (y - x * x).powi(2) + 0.1 * x;
    let path = |(role, bounce): (Role, f32)| {
        let point = |step: usize| {
            let x = 2.0 * step as f32 / POINTS as f32 - 1.0;
            let side = if step.is_multiple_of(2) { bounce } else { -bounce };
            [x, x * x + side, 0.0]
        };
        let points: Vec<_> = (0..POINTS).map(point).collect();
        let loss = points.iter().map(|p| loss(p[0], p[1])).collect();
        ScenePath { role, points, loss, exact: 0..POINTS, first_step: 0, stride: 1 }
    };
    let axis = |label: &str| Some(SceneAxis { label: label.into(), captured: Some(0.6) });
    Scene {
        axes: [axis("u₁"), axis("∇S"), None],
        captured: Some(0.9),
        paths: [(Role::GradientDescent, 0.1), (Role::CentralFlow, 0.0), (Role::GradientFlow, 0.05)]
            .map(path)
            .into(),
        surface: Some(grid(loss)),
        region: Some(StableRegion { sharpness: grid(|x, y| x + y), edge: 0.3 }),
        choosable: true,
        ..Scene::default()
    }
}

fn main() {
    let scene = Arc::new(scene());
    let (history, curves, facts) = (History::default(), Curves::default(), Facts::default());
    let mut state = ViewState::default();
    state.scene.apply(SceneChange::SetFlat(false));
    let context = Context::default();
    theme::install(&context);
    context.set_theme(Theme::Light);
    install_canvas(&context, Arc::new(Nothing));
    let mut turned = Vec::new();
    for _ in 0..FRAMES {
        state.scene.apply(SceneChange::Turn([0.02, 0.0]));
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(900.0, 700.0))),
            ..RawInput::default()
        };
        let start = Instant::now();
        let still = RunView::still(&history, &curves, &facts, &state);
        let view = RunView { scene: Some(&scene), controls: true, ..still };
        let mut output = context.run_ui(input, |ui| panel_ui(ui, Panel::WeightSpace, &view, &mut Vec::new()));
        let triangles = context.tessellate(std::mem::take(&mut output.shapes), output.pixels_per_point);
        turned.push(start.elapsed());
        std::hint::black_box(triangles);
        output.drop_without_applying_deltas();
    }
    let median = report("turned", turned);

    let view = SceneView { flat: false, ..SceneView::default() };
    let palette = Palette::of(Theme::Light);
    let rect = Rect::from_min_size(Pos2::ZERO, vec2(800.0, 600.0));
    let (mut made, mut meshed) = (Vec::new(), Vec::new());
    for _ in 0..15 {
        let start = Instant::now();
        let figure = Figure::new(&scene, &view, true, palette).expect("a figure");
        made.push(start.elapsed());
        let start = Instant::now();
        std::hint::black_box(mesh(&figure, &Projection::new(&Camera::START, rect, false), rect, 1.0));
        meshed.push(start.elapsed());
    }
    report("made", made);
    report("meshed", meshed);
    assert!(median <= BUDGET, "a turned frame takes {median:?}, more than {BUDGET:?}");
}

/// Minimum, median and 95th percentile, without the first frames; returns the median.
fn report(name: &str, mut times: Vec<Duration>) -> Duration {
    let mut times = times.split_off(5);
    times.sort_unstable();
    let at = |share: usize| times[share * (times.len() - 1) / 100];
    println!("{name}: least {:?}, median {:?}, 95th percentile {:?}", at(0), at(50), at(95));
    at(50)
}
