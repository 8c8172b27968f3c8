//! Weight space of a network: the plane compared with direct evaluations, and training that surveys do not affect.

use brink::preset::{Precision, Preset};
use brink::run::engine::Engine;
use brink::run::engine::assemble::assemble;
use brink::run::engine::problem::Sources;
use brink::run::live::message::{Seen, WorkerCommand};
use brink::run::live::worker::{Options, Worker};
use brink::run::record::history::History;
use brink::run::record::series::Series;
use brink_core::space::look::SurveyRequest;
use brink_core::space::{Axis, Budget, Frame, PROCESSES, Row, SpaceView, Survey, Trail};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A digits MLP with few images.
fn preset() -> Preset {
    let mut preset = Preset::load("digits-mlp").expect("a built-in preset");
    if let Some(data) = &mut preset.data {
        data.n = Some(100);
    }
    preset
}

fn trained(preset: &Preset, steps: usize) -> (Box<dyn Engine>, Trail) {
    let mut engine = assemble(preset, &Sources::default()).expect("an engine");
    let mut trail = Trail::new(Budget::default());
    for _ in 0..steps {
        let before = PROCESSES.map(|process| engine.weights(process));
        let record = engine.step(preset.optimizer.eta);
        trail.push(Row::of_step(&before, &record));
    }
    (engine, trail)
}

/// The result of a survey, and the axes of the plane.
fn look(engine: &mut dyn Engine, trail: &Trail, request: SurveyRequest) -> (SpaceView, Frame) {
    let mut look = Survey::new(request, trail).expect("the step is kept");
    while !look.done() {
        look.advance(engine.probe().as_mut(), trail, Instant::now() + Duration::from_millis(5), &|| false);
    }
    (look.view().clone(), look.frame().clone())
}

/// The weights of a process at a step.
fn weights(trail: &Trail, step: usize, process: usize) -> Vec<f64> {
    let mut w = Vec::new();
    assert!(trail.row(step).is_some_and(|row| row.read(process, &mut w)), "step {step} is kept");
    w
}

const CENTRAL_FLOW: usize = 2;

#[test]
fn the_plane_of_a_network_shows_what_direct_evaluations_give() {
    let mut preset = preset();
    preset.run.precision = Precision::F64;
    let (mut engine, trail) = trained(&preset, 60);
    let (step, eta) = (50, 2.0 / 9.0);
    let axes = vec![Axis::Eigenvector(0), Axis::Drift];
    let (view, frame) = look(
        engine.as_mut(),
        &trail,
        SurveyRequest { step, eta, axes, most: 600, rows: Vec::new(), earlier: None },
    );
    assert!(view.notes.is_empty(), "{:?}", view.notes);
    assert!(view.captured.is_some_and(|share| share > 0.0 && share <= 1.0));

    // the same axes again, computed directly
    let origin = weights(&trail, step, CENTRAL_FLOW);
    assert_eq!(frame.origin(), origin);
    let u = engine.probe().eigenpairs(&origin, 1, &|| false).remove(0).1;
    let (before, after) = (weights(&trail, 31, CENTRAL_FLOW), weights(&trail, 59, CENTRAL_FLOW));
    let mut by_hand = Frame::new(origin.clone());
    by_hand.add("u₁", u).expect("an axis");
    let drift = after.iter().zip(&before).map(|(after, before)| after - before).collect();
    by_hand.add("drift", drift).expect("an axis");
    for (shown, by_hand) in frame.axes().iter().zip(by_hand.axes()) {
        let cosine: f64 = shown.iter().zip(by_hand).map(|(a, b)| a * b).sum();
        assert!((cosine.abs() - 1.0).abs() < 1e-5, "{cosine}");
    }
    for path in &view.paths {
        let process = PROCESSES.iter().position(|&process| process == path.process).expect("a process");
        for step in 0..60 {
            let mut w = weights(&trail, step, process);
            w.iter_mut().zip(&origin).for_each(|(w, o)| *w -= o);
            let (at, shown) = (frame.coordinates(&w), path.points[step - path.first_step]);
            for axis in 0..2 {
                let off = (f64::from(shown[axis]) - at[axis]).abs();
                assert!(off < 1e-6 * (1.0 + at[axis].abs()), "{step}: {shown:?} {at:?}");
            }
        }
    }

    let (surface, region) = (view.surface.expect("losses"), view.region.expect("sharpness"));
    assert!(surface.columns >= 64 && region.columns >= 24);
    let mut w = Vec::new();
    for row in (0..surface.rows).step_by(4) {
        for column in (0..surface.columns).step_by(4) {
            let [x, y] = surface.node(column, row);
            frame.point(x, y, &mut w);
            let (direct, shown) = (engine.probe().loss(&w), f64::from(surface.at(column, row)));
            assert!((direct - shown).abs() < 1e-6 * direct, "({x}, {y}): {shown} for {direct}");
        }
    }
    // at the origin the plane has the central flow's own loss and sharpness, as recorded
    let mut again = assemble(&preset, &Sources::default()).expect("an engine");
    let record = (0..=step).map(|_| again.step(preset.optimizer.eta)).last().expect("a step");
    let flow = record.central_flow.expect("it runs").state;
    frame.point(0.0, 0.0, &mut w);
    let own = engine.probe().loss(&w);
    assert!((own - flow.loss).abs() < 1e-9 * flow.loss, "{own} for {}", flow.loss);
    let own = engine.probe().sharpness(&w, &|| false);
    assert!(
        own.converged && (own.value - flow.lambda[0]).abs() < 1e-3 * flow.lambda[0],
        "{own:?} for {flow:?}"
    );
    for (column, row) in [(0, 0), (46, 46), (22, 24), (10, 40), (46, 0)] {
        let [x, y] = region.node(column, row);
        frame.point(x, y, &mut w);
        let shown = f64::from(region.at(column, row));
        // a cold solve, from noise
        let mut fresh = assemble(&preset, &Sources::default()).expect("an engine");
        let direct = fresh.probe().sharpness(&w, &|| false).value;
        assert!((direct - shown).abs() < 0.02 * direct, "({x}, {y}): {shown} for {direct}");
    }
}

#[test]
fn sketched_points_of_a_network_are_as_far_off_as_is_stated() {
    let preset = preset();
    let steps = 400;
    let mut engine = assemble(&preset, &Sources::default()).expect("an engine");
    let bytes = 3 * 4 * engine.probe().dim();
    // the weights of the last forty steps, and of eight earlier ones
    let mut trail = Trail::new(Budget { rows: 40 * bytes, anchors: 8 * bytes, ..Budget::default() });
    let mut all = Vec::new();
    for _ in 0..steps {
        let before = PROCESSES.map(|process| engine.weights(process));
        let record = engine.step(preset.optimizer.eta);
        trail.push(Row::of_step(&before, &record));
        all.push(before);
    }
    for axes in [vec![Axis::Eigenvector(0), Axis::Drift], vec![Axis::Principal(0), Axis::Principal(1)]] {
        let request = SurveyRequest {
            step: steps - 10,
            eta: preset.optimizer.eta,
            axes,
            most: 600,
            rows: Vec::new(),
            earlier: None,
        };
        let (view, frame) = look(engine.as_mut(), &trail, request.clone());
        let (mut error, mut displacement, mut faint) = (0.0, 0.0, 0);
        for path in &view.paths {
            let process = PROCESSES.iter().position(|&process| process == path.process).expect("a process");
            for (place, point) in path.points.iter().enumerate() {
                let step = path.first_step + place * path.stride;
                let Some(mut w) = all[step][process].clone().filter(|_| !path.exact.contains(&place)) else {
                    continue;
                };
                w.iter_mut().zip(frame.origin()).for_each(|(w, origin)| *w -= origin);
                let exact = frame.coordinates(&w);
                error += (0..2).map(|axis| (f64::from(point[axis]) - exact[axis]).powi(2) / 2.0).sum::<f64>();
                displacement += w.iter().map(|x| x * x).sum::<f64>();
                faint += 1;
            }
        }
        let (measured, stated) = ((error / displacement).sqrt(), view.sketch_error.expect("a sketch"));
        println!("{:?}: {faint} points are off by {measured}, {stated} is stated", request.axes);
        assert!(faint > 600, "{faint}");
        assert!(
            measured < 1.6 * stated && stated < 1.6 * measured,
            "{:?}: {measured}, stated {stated}",
            request.axes
        );
    }
}

#[test]
fn training_takes_no_notice_of_being_looked_at() {
    let preset = preset();
    let run = |looks: bool| -> Vec<u64> {
        let engine = assemble(&preset, &Sources::default()).expect("an engine");
        let trail = looks.then(Budget::default);
        let options = Options { trail, ..Options::new(150, preset.optimizer.eta) };
        let mut worker = Worker::spawn(engine, &options, || {}).expect("a thread");
        let mut history = History::new(preset.eigen.max_tracked);
        let (mut asked, mut views) = (false, 0);
        while !worker.ended() {
            worker.try_drain(&mut history);
            if looks && !asked && history.rows() > 20 {
                let axes = vec![Axis::Eigenvector(0), Axis::SharpnessGradient, Axis::Principal(0)];
                let request =
                    SurveyRequest { step: 15, eta: 0.15, axes, most: 600, rows: Vec::new(), earlier: None };
                worker.send(WorkerCommand::Look(Some(Arc::new(request)))).expect("a command");
                asked = true;
            }
            views += worker.try_seen().iter().filter(|seen| matches!(seen, Seen::View(_))).count();
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(!looks || views > 0, "it was looked at while it trained");
        let columns =
            [Series::GdLoss, Series::CfLoss, Series::GfLoss, Series::GdLambda(0), Series::CfLambda(0)];
        let value = |row, series| history.value(series, row).map_or(0, f64::to_bits);
        (0..150).flat_map(|row| columns.map(|series| value(row, series))).collect()
    };
    assert_eq!(run(false), run(true), "to the last bit");
}
