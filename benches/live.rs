//! The slowdown of training by the display: the default preset on its thread, alone, and in the whole window,
//! including triangles (all work of the interface before the GPU): drawn as often as the window requests, and sixty
//! times per second, as while someone moves the pointer. Two cores are enough.
//!
//! The window is the program's own: toolbar, plots, timeline and status line, the inspected step or weight space if
//! the layout has them, the replay thread, and the copy kept against a crash, written twelve times as often as usual.
//! A canvas that draws nothing replaces the GPU's.
//!
//! `cargo bench --bench live`

use brink::app::{Arrangement, Command, Job, Lab, Opening, Outside};
use brink::picture::scene::canvas::{Canvas, install_canvas, make_figures_in_background};
use brink::picture::scene::figure::Figure;
use brink::picture::style::theme;
use brink::picture::view::ViewChange;
use brink::picture::view::camera::Projection;
use brink::preset::Preset;
use brink::run::engine::assemble::assemble;
use brink::run::engine::problem::Sources;
use brink::run::live::worker::{Options, Worker};
use brink::run::record::history::History;
use egui::{Context, Pos2, RawInput, Rect, Shape, vec2};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const FRAME: Duration = Duration::from_micros(16_667);
const STEPS: usize = 1_500;
const ROUNDS: usize = 3;
/// Longest time without a frame.
const IDLE: Duration = Duration::from_millis(100);
const AUTOSAVE: Duration = Duration::from_secs(5);
/// The inspected step while the run continues.
const CURSOR: usize = 300;
const LAYOUTS: [Arrangement; 3] = [Arrangement::Compare, Arrangement::Inspect, Arrangement::WeightSpace];

/// Replaces wgpu's canvas: takes the figure, and draws nothing.
struct Nothing;

impl Canvas for Nothing {
    fn shape(&self, _: Rect, figure: &Arc<Figure>, projection: &Projection) -> Shape {
        std::hint::black_box((figure, projection));
        Shape::Noop
    }
}

fn main() {
    let directory = tempfile::tempdir().expect("a directory for what is kept against a crash");
    let mut alone = 0.0_f64;
    let mut watched: Vec<_> = LAYOUTS
        .iter()
        .flat_map(|layout| [false, true].map(|busy| (layout, busy, 0.0_f64, Vec::new())))
        .collect();
    for _ in 0..ROUNDS {
        alone = alone.max(without_window());
        for (layout, busy, best, frames) in &mut watched {
            *best = best.max(in_window(layout, *busy, directory.path(), frames));
        }
    }
    println!("alone: {alone:.0} steps/s");
    for (layout, busy, rate, mut frames) in watched {
        frames.sort_unstable();
        let at = |share: usize| frames[share * (frames.len() - 1) / 100];
        println!(
            "{}, {}: {rate:.0} steps/s, {:.0}% of it; {} frames, median {:?}, 95th percentile {:?}",
            layout.title(),
            if busy { "60 frames a second" } else { "as the window asks" },
            100.0 * rate / alone,
            frames.len(),
            at(50),
            at(95),
        );
    }
}

fn preset() -> Preset {
    let mut preset = Preset::load("digits-noise").expect("it is built in");
    preset.run.steps = STEPS;
    preset.view.speed = None;
    preset
}

/// Steps per second of the preset on its thread, without a window.
fn without_window() -> f64 {
    let preset = preset();
    let engine = assemble(&preset, &Sources::default()).expect("it is valid");
    let mut worker =
        Worker::spawn(engine, &Options::new(STEPS, preset.optimizer.eta), || ()).expect("threads start");
    let mut history = History::new(preset.eigen.max_tracked);
    let start = Instant::now();
    while history.rows() < STEPS {
        worker.try_drain(&mut history);
        std::thread::sleep(FRAME);
    }
    let rate = STEPS as f64 / start.elapsed().as_secs_f64();
    worker.shut_down();
    rate
}

/// The time at which the window requests its next picture.
#[derive(Clone)]
struct Wanted(Arc<Mutex<Instant>>);

impl Wanted {
    /// The requests of a context from now on.
    fn by(context: &Context) -> Self {
        let wanted = Self(Arc::new(Mutex::new(Instant::now())));
        let asked = wanted.clone();
        context.set_request_repaint_callback(move |request| {
            let mut due = asked.0.lock().unwrap_or_else(PoisonError::into_inner);
            *due = Instant::now().checked_add(request.delay).map_or(*due, |then| then.min(*due));
        });
        wanted
    }

    /// Waits for it, and starts with the next one.
    fn wait(&self) {
        loop {
            let mut due = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            if *due <= now {
                *due = now + IDLE;
                return;
            }
            drop(due);
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Steps per second of the preset in a window with a layout, drawn sixty times per second if it is busy and otherwise
/// on request; the time of each frame is added to `frames`.
fn in_window(layout: &Arrangement, busy: bool, directory: &Path, frames: &mut Vec<Duration>) -> f64 {
    let context = Context::default();
    let wanted = Wanted::by(&context);
    theme::install(&context);
    install_canvas(&context, Arc::new(Nothing));
    make_figures_in_background(&context);
    let outside = Outside {
        assemble: Arc::new(|preset| assemble(preset, &Sources::default()).map_err(|error| error.to_string())),
        choose_file: |_, _| Job::default(),
        choose_data: |_| Job::default(),
        choose_session: |_, _, _| Job::default(),
        recording: |_| None,
        settings: None,
        autosave: Some((directory.to_path_buf(), AUTOSAVE)),
    };
    let start = Instant::now();
    let presets = vec![("digits-noise".to_owned(), preset())];
    let mut lab = Lab::new(presets, 0, Opening::default(), outside, &context);
    lab.apply(Command::Arrange(layout.clone()));
    let mut next = Instant::now();
    while lab.model().runs.first.history.rows() < STEPS {
        if !busy {
            wanted.wait();
        }
        let begun = Instant::now();
        lab.logic();
        if lab.model().runs.first.history.rows() > CURSOR && lab.model().view.plots.cursor.is_none() {
            lab.apply(Command::View(ViewChange::PlaceCursor(Some(CURSOR))));
        }
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 800.0))),
            time: Some(start.elapsed().as_secs_f64()),
            ..RawInput::default()
        };
        let mut output = context.run_ui(input, |ui| lab.ui(ui));
        let shapes = std::mem::take(&mut output.shapes);
        std::hint::black_box(context.tessellate(shapes, output.pixels_per_point));
        output.drop_without_applying_deltas();
        let took = begun.elapsed();
        lab.frame_took(took);
        frames.push(took);
        next += FRAME;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let rate = STEPS as f64 / start.elapsed().as_secs_f64();
    lab.close();
    rate
}
