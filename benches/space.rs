//! Weight space of the digits MLP: the sketch of a step, the losses of a plane and its sharpness, on this thread
//! alone and as slices between training steps; and the cost of recorded outputs and of a full spectrum, in steps.

use brink::preset::Preset;
use brink::run::engine::assemble::assemble;
use brink::run::engine::problem::Sources;
use brink::run::live::message::{Seen, WorkerCommand};
use brink::run::live::worker::{Options, Worker};
use brink::run::record::history::History;
use brink_core::dynamics::Process;
use brink_core::space::look::SurveyRequest;
use brink_core::space::sketch::Sketch;
use brink_core::space::{Axis, Budget, PROCESSES, Row, Survey, Trail};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

const STEPS: usize = 700;

fn main() {
    for name in ["digits-noise", "digits-mlp"] {
        let preset = Preset::load(name).expect("a built-in preset");
        println!("{name}: {}", preset.title);
        alone(&preset);
        between_steps(&preset);
        beside_steps(&preset);
    }
}

fn request(step: usize, eta: f64) -> SurveyRequest {
    let axes = vec![Axis::Eigenvector(0), Axis::SharpnessGradient];
    SurveyRequest {
        step,
        eta,
        axes,
        most: brink::run::live::lookout::WINDOW,
        rows: Vec::new(),
        earlier: None,
    }
}

/// Trains, keeps the trail, and performs one survey.
fn alone(preset: &Preset) {
    let mut engine = assemble(preset, &Sources::default()).expect("an engine");
    let mut trail = Trail::new(Budget::default());
    let eta = preset.optimizer.eta;
    let (mut stepping, mut keeping) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..STEPS {
        let begun = Instant::now();
        let before = PROCESSES.map(|process| engine.weights(process));
        let kept = begun.elapsed();
        let begun = Instant::now();
        let record = engine.step(eta);
        stepping += begun.elapsed();
        let begun = Instant::now();
        trail.push(Row::of_step(&before, &record));
        keeping += kept + begun.elapsed();
    }
    let steps = STEPS as f64;
    let us = |time: Duration| 1e6 * time.as_secs_f64();
    println!("  a step: {:.0} µs, keeping it: {:.0} µs", us(stepping) / steps, us(keeping) / steps);
    let w = engine.weights(Process::GradientDescent).expect("weights");
    let sketch = Sketch::new(w.len());
    let begun = Instant::now();
    (0..1000).for_each(|_| {
        black_box(sketch.of(black_box(&w).iter().copied()));
    });
    println!("  sketch of {} weights: {:.1} µs", w.len(), us(begun.elapsed()) / 1000.0);

    let mut look = Survey::new(request(STEPS / 2, eta), &trail).expect("kept");
    let mut shares = [Duration::ZERO; 4];
    while !look.done() {
        let view = look.view();
        let (has_axes, has_paths) = (!view.axes.is_empty(), !view.paths.is_empty());
        let losses = view.surface.as_ref().map_or(0, |grid| grid.columns);
        let begun = Instant::now();
        look.advance(engine.probe().as_mut(), &trail, begun, &|| false);
        let grid_of_losses = losses < 33 || view_has_region(&look) && losses < 65;
        let place = if !has_axes {
            0
        } else if !has_paths {
            1
        } else if grid_of_losses {
            2
        } else {
            3
        };
        shares[place] += begun.elapsed();
    }
    let view = look.view();
    let side = |grid: Option<&brink_core::space::Grid>| grid.map_or(0, |grid| grid.columns);
    let [axes, paths, losses, sharpness] = shares.map(|time| 1e3 * time.as_secs_f64());
    println!(
        "  one look: axes {axes:.0} ms, paths {paths:.0} ms, {0}×{0} losses {losses:.0} ms, sharpness 24×24 refined to \
         {1}×{1} {sharpness:.0} ms; captured {2:.2}, notes {3:?}",
        side(view.surface.as_ref()),
        side(view.region.as_ref()),
        view.captured.unwrap_or(f64::NAN),
        view.notes,
    );
}

fn view_has_region(look: &Survey) -> bool {
    look.view().region.is_some()
}

/// Continuous surveys while the thread trains, compared with training alone.
fn between_steps(preset: &Preset) {
    let run = |looks: bool| {
        let engine = assemble(preset, &Sources::default()).expect("an engine");
        let options =
            Options { trail: looks.then(Budget::default), ..Options::new(STEPS, preset.optimizer.eta) };
        let mut worker = Worker::spawn(engine, &options, || {}).expect("a thread");
        let mut history = History::new(preset.eigen.max_tracked);
        let begun = Instant::now();
        let mut asked: Option<Instant> = None;
        let (mut first, mut whole) = (Vec::new(), Vec::new());
        while !worker.ended() {
            worker.try_drain(&mut history);
            let newest = history.rows().saturating_sub(1);
            if looks && asked.is_none() && newest > 50 {
                let request = Arc::new(request(newest, preset.optimizer.eta));
                worker.send(WorkerCommand::Look(Some(request))).expect("a command");
                asked = Some(Instant::now());
                first.push(None);
            }
            for seen in worker.try_seen() {
                let (Seen::View(view), Some(at)) = (seen, asked) else { continue };
                if let Some(first @ None) = first.last_mut() {
                    *first = Some(at.elapsed());
                }
                if view.progress == 1.0 {
                    whole.push(at.elapsed());
                    asked = None;
                }
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        (STEPS as f64 / begun.elapsed().as_secs_f64(), first, whole)
    };
    let (alone, ..) = run(false);
    let (looking, first, whole) = run(true);
    let mean = |times: Vec<Duration>| {
        1e3 * times.iter().map(Duration::as_secs_f64).sum::<f64>() / times.len().max(1) as f64
    };
    println!(
        "  steps a second: {alone:.0} alone, {looking:.0} with one look after the other ({} of them; {:.0} ms to the first \
         picture, {:.0} ms to the last)",
        whole.len(),
        mean(first.into_iter().flatten().collect()),
        mean(whole),
    );
}

/// The outputs recorded at every step, by steps that record one, ten and sixteen examples in turn; a full spectrum.
fn beside_steps(preset: &Preset) {
    const TURNS: usize = 12;
    let with = |examples: usize| {
        let list: Vec<String> = (0..examples).map(|i| i.to_string()).collect();
        let mut preset = preset.clone();
        preset.set(&format!("run.examples=[{}]", list.join(", "))).expect("examples");
        assemble(&preset, &Sources::default()).expect("an engine")
    };
    let mut engines = [1, 10, 16].map(with);
    let mut least = [f64::INFINITY; 3];
    for _ in 0..TURNS {
        for (engine, least) in engines.iter_mut().zip(&mut least) {
            let begun = Instant::now();
            for _ in 0..STEPS / TURNS {
                black_box(engine.step(preset.optimizer.eta));
            }
            *least = least.min(begun.elapsed().as_secs_f64() / (STEPS / TURNS) as f64);
        }
    }
    let [one, ten, sixteen] = least;
    let each = (sixteen - one) / 15.0;
    println!(
        "  recording outputs: {:.2}% of a step for each example; ten take {:.2}%",
        100.0 * each / one,
        100.0 * (ten - one) * 10.0 / 9.0 / one,
    );
    let engine = &mut engines[1];
    let begun = Instant::now();
    let found =
        engine.spectrum(Process::GradientDescent, &mut |_| true).expect("it runs").expect("a spectrum");
    let took = begun.elapsed().as_secs_f64();
    println!("  a spectrum of {:.0} eigenvalues: as long as {:.0} steps", found.dim(), took / ten);
}
