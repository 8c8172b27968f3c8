//! Interface time of one frame of the whole window while a run grows: a million recorded steps of 24 series and more,
//! 1280×800 points, light theme, the pointer over a plot.
//!
//! `layout` is the interface's own work including the update of the derived curves; `tessellated` adds the triangles,
//! which is all work on the interface's thread before the GPU (a canvas that draws nothing replaces it in weight
//! space). `first` is the first update of the curves.
//!
//! `cargo bench --bench plots`

#[path = "../tests/pictures/network_scene.rs"]
mod network_scene;
#[path = "../tests/pictures/sample.rs"]
mod sample;

use brink::app::{Arrangement, Model, RunPhase, window_ui};
use brink::picture::scene::canvas::{Canvas, install_canvas};
use brink::picture::scene::figure::Figure;
use brink::picture::style::theme;
use brink::picture::view::camera::Projection;
use brink::preset::Preset;
use brink::run::engine::assemble::assemble;
use brink::run::engine::problem::Sources;
use brink::run::record::history::History;
use brink::run::record::series::Series;
use egui::{Context, Event, Pos2, RawInput, Rect, Shape, pos2, vec2};
use std::sync::Arc;
use std::time::{Duration, Instant};

const STEPS: usize = 1_000_000;
const FRAMES: usize = 60;
/// Multiplications spent on derived curves in one frame, as in the window.
const CURVE_BUDGET: usize = 2_000_000;

/// Replaces wgpu's canvas: takes the figure, and draws nothing.
struct Nothing;

impl Canvas for Nothing {
    fn shape(&self, _: Rect, figure: &Arc<Figure>, projection: &Projection) -> Shape {
        std::hint::black_box((figure, projection));
        Shape::Noop
    }
}

fn main() {
    let presets = Preset::built_in().into_iter().map(|(name, preset)| (name.to_owned(), preset)).collect();
    let mut model = Model::new(presets, 0);
    model.runs.first.history = History::new(8);
    for step in 0..STEPS {
        model.runs.first.history.push(&sample::record(step, sample::Defect::None, usize::MAX));
    }
    let series = Series::all(8).into_iter().filter(|&series| model.runs.first.history.has(series)).count();
    let smoothing = model.view.plots.smoothing_steps;
    let start = Instant::now();
    model.runs.first.curves.update(&model.runs.first.history, smoothing, usize::MAX);
    println!("{STEPS} steps of {series} series; first update of the curves: {:?}", start.elapsed());

    model.runs.first.phase = RunPhase::Training;
    model.runs.first.scene = Some(Arc::new(network_scene::network_scene(true)));
    look_into_a_step(&mut model);
    for arrangement in
        [Arrangement::Lecture, Arrangement::Inspect, Arrangement::Compare, Arrangement::WeightSpace]
    {
        model.layout.tree = arrangement.node(&[]).expect("built in").tree();
        frames(&mut model, arrangement.title());
    }
}

/// Puts the cursor on a step, with the inspection of a step of another run.
fn look_into_a_step(model: &mut Model) {
    let preset = Preset::load("valley").expect("it is built in");
    let mut engine = assemble(&preset, &Sources::default()).expect("it is valid");
    let eta = preset.optimizer.eta;
    (0..120).for_each(|_| drop(engine.step(eta)));
    let mut inspection = engine.inspect(eta).expect("gradient descent runs");
    inspection.step = STEPS / 2;
    model.view.plots.cursor = Some(inspection.step);
    model.runs.first.inspection = Some(inspection);
}

fn frames(model: &mut Model, name: &str) {
    let context = Context::default();
    theme::install(&context);
    install_canvas(&context, Arc::new(Nothing));
    let smoothing = model.view.plots.smoothing_steps;
    let (mut layout, mut tessellated) = (Vec::new(), Vec::new());
    for frame in 0..FRAMES {
        let step = model.runs.first.history.rows();
        model.runs.first.history.push(&sample::record(step, sample::Defect::None, usize::MAX));
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 800.0))),
            time: Some(frame as f64 / 60.0),
            events: vec![Event::PointerMoved(pos2(200.0 + frame as f32, 250.0))],
            ..RawInput::default()
        };
        let start = Instant::now();
        model.runs.first.curves.update(&model.runs.first.history, smoothing, CURVE_BUDGET);
        let mut output = context.run_ui(input, |ui| window_ui(ui, model, &mut Vec::new()));
        layout.push(start.elapsed());
        let triangles = context.tessellate(std::mem::take(&mut output.shapes), output.pixels_per_point);
        tessellated.push(start.elapsed());
        std::hint::black_box(triangles);
        output.drop_without_applying_deltas();
    }
    report(&format!("{name}, layout"), layout);
    report(&format!("{name}, tessellated"), tessellated);
}

/// Minimum, median and 95th percentile, without the first frames.
fn report(name: &str, mut times: Vec<Duration>) {
    let mut times = times.split_off(5);
    times.sort_unstable();
    let at = |share: usize| times[share * (times.len() - 1) / 100];
    println!("{name}: least {:?}, median {:?}, 95th percentile {:?}", at(0), at(50), at(95));
}
