//! Whether watching slows training: the default preset on its thread, alone and while this thread draws the dashboard
//! sixty times a second, up to the triangles (all that the interface does before the GPU). Two cores are enough.
//!
//! `cargo bench --bench live`

use brink::picture::{Curves, Facts, RunView, ViewState, dashboard_ui, theme};
use brink::run::History;
use brink::run::assemble::{Sources, assemble};
use brink::run::preset::Preset;
use brink::run::worker::{Options, Worker};
use egui::{Context, Pos2, RawInput, Rect, vec2};
use std::time::{Duration, Instant};

const FRAME: Duration = Duration::from_micros(16_667);
const STEPS: usize = 1_500;
const ROUNDS: usize = 3;

fn main() {
    let mut best = [0.0_f64; 2];
    let mut interface = Vec::new();
    for _ in 0..ROUNDS {
        best[0] = best[0].max(rate(|_| ()));
        let (context, mut curves) = (Context::default(), Curves::default());
        theme::install(&context);
        best[1] = best[1].max(rate(|history| {
            let start = Instant::now();
            draw(&context, &mut curves, history);
            interface.push(start.elapsed());
        }));
    }
    interface.sort_unstable();
    let at = |share: usize| interface[share * (interface.len() - 1) / 100];
    println!(
        "alone {:.0} steps/s, watched {:.0} steps/s: {:.0}%",
        best[0],
        best[1],
        100.0 * best[1] / best[0]
    );
    println!("interface: {} frames, median {:?}, 95th percentile {:?}", interface.len(), at(50), at(95));
}

/// Steps a second of the default preset with `frame` called sixty times a second.
fn rate(mut frame: impl FnMut(&History)) -> f64 {
    let preset = Preset::load("digits-noise").expect("it is built in");
    let engine = assemble(&preset, &Sources::default()).expect("it is valid");
    let mut worker =
        Worker::spawn(engine, &Options::new(STEPS, preset.optimizer.eta), || ()).expect("threads start");
    let mut history = History::new(preset.eigen.max_tracked);
    let start = Instant::now();
    let mut next = start;
    while history.rows() < STEPS {
        worker.try_drain(&mut history);
        frame(&history);
        next += FRAME;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let rate = STEPS as f64 / start.elapsed().as_secs_f64();
    worker.shut_down();
    rate
}

fn draw(context: &Context, curves: &mut Curves, history: &History) {
    let (state, facts) = (ViewState::default(), Facts::default());
    curves.update(history, state.smoothing_steps, 1_000_000);
    let view = RunView { controls: true, ..RunView::still(history, curves, &facts, &state) };
    let screen = Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 800.0));
    let input = RawInput { screen_rect: Some(screen), ..RawInput::default() };
    let mut output = context.run_ui(input, |ui| dashboard_ui(ui, &view, &mut Vec::new()));
    std::hint::black_box(context.tessellate(std::mem::take(&mut output.shapes), output.pixels_per_point));
    output.drop_without_applying_deltas();
}
