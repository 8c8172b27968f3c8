//! Interface time of one frame of the dashboard while a run grows: a million recorded steps of 24 series and more,
//! 1280×800 points, light theme.
//!
//! `layout` is the panels' own work with the update of the derived curves; `tessellated` adds the triangles, which is
//! all that happens on the interface's thread before the GPU. `first` is the update of the curves from nothing.

#[path = "../tests/pictures/sample.rs"]
mod sample;

use brink::picture::{Curves, Facts, RunView, ViewState, dashboard_ui, theme};
use brink::run::{History, Series};
use egui::{Context, Pos2, RawInput, Rect, vec2};
use std::time::{Duration, Instant};

const STEPS: usize = 1_000_000;
const FRAMES: usize = 60;

fn main() {
    let mut history = History::new(8);
    for step in 0..STEPS {
        history.push(&sample::record(step, sample::Defect::None, usize::MAX));
    }
    let series = Series::all(8).into_iter().filter(|&series| history.has(series)).count();
    let state = ViewState::default();
    let facts = Facts::default();
    let mut curves = Curves::default();
    let start = Instant::now();
    curves.update(&history, state.smoothing_steps, usize::MAX);
    println!("{STEPS} steps of {series} series; first update of the curves: {:?}", start.elapsed());

    let context = Context::default();
    theme::install(&context);
    let (mut layout, mut tessellated) = (Vec::new(), Vec::new());
    for step in STEPS..STEPS + FRAMES {
        history.push(&sample::record(step, sample::Defect::None, usize::MAX));
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 800.0))),
            ..RawInput::default()
        };
        let start = Instant::now();
        curves.update(&history, state.smoothing_steps, 1_000_000);
        let view = RunView { controls: true, ..RunView::still(&history, &curves, &facts, &state) };
        let mut output = context.run_ui(input, |ui| dashboard_ui(ui, &view, &mut Vec::new()));
        layout.push(start.elapsed());
        let triangles = context.tessellate(std::mem::take(&mut output.shapes), output.pixels_per_point);
        tessellated.push(start.elapsed());
        std::hint::black_box(triangles);
        output.drop_without_applying_deltas();
    }
    report("layout", layout);
    report("tessellated", tessellated);
}

/// Least, median and 95th percentile, without the first frames.
fn report(name: &str, mut times: Vec<Duration>) {
    let mut times = times.split_off(5);
    times.sort_unstable();
    let at = |share: usize| times[share * (times.len() - 1) / 100];
    println!("{name}: least {:?}, median {:?}, 95th percentile {:?}", at(0), at(50), at(95));
}
