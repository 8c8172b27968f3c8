//! Weight space of a network: the plane against direct evaluations, and training that takes no notice of being looked at.

use brink::run::assemble::{Sources, assemble};
use brink::run::message::Seen;
use brink::run::worker::Options;
use brink::run::{Command, Engine, History, Preset, Series, Worker};
use brink::space::look::Request;
use brink::space::{Axis, Budget, Frame, Look, PROCESSES, Row, Trail, View};
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

fn look(engine: &mut dyn Engine, trail: &Trail, request: Request) -> View {
    let mut look = Look::new(request, trail).expect("the step is kept");
    while !look.done() {
        look.advance(engine.probe().as_mut(), trail, Instant::now() + Duration::from_millis(5), &|| false);
    }
    look.view().clone()
}

#[test]
fn the_plane_of_a_network_shows_what_direct_evaluations_give() {
    let preset = preset();
    let (mut engine, trail) = trained(&preset, 60);
    let (step, eta) = (50, 2.0 / 9.0);
    let axes = vec![Axis::Eigenvector(0), Axis::Drift];
    let view = look(engine.as_mut(), &trail, Request { step, eta, axes, half: 300, rows: Vec::new() });
    assert!(view.notes.is_empty(), "{:?}", view.notes);
    assert!(view.captured.is_some_and(|share| share > 0.0 && share <= 1.0));

    // the same axes once more, by hand
    let mut origin = Vec::new();
    let central_flow = 2;
    assert!(trail.row(step).is_some_and(|row| row.read(central_flow, &mut origin)));
    let u = engine.probe().eigenvectors(&origin, 1, &|| false).remove(0);
    let (mut before, mut after) = (Vec::new(), Vec::new());
    assert!(trail.row(31).is_some_and(|row| row.read(central_flow, &mut before)));
    assert!(trail.row(59).is_some_and(|row| row.read(central_flow, &mut after)));
    let mut frame = Frame::new(origin.clone());
    frame.add("u₁", u).expect("an axis");
    frame
        .add("drift", after.iter().zip(&before).map(|(after, before)| after - before).collect())
        .expect("an axis");
    for path in &view.paths {
        let process = PROCESSES.iter().position(|&process| process == path.process).expect("a process");
        for step in 0..60 {
            let mut w = Vec::new();
            let there = trail.row(step).is_some_and(|row| row.read(process, &mut w));
            assert!(there, "{step}");
            w.iter_mut().zip(&origin).for_each(|(w, o)| *w -= o);
            let at = frame.coordinates(&w);
            let shown = path.points[step - path.first_step];
            for axis in 0..2 {
                assert!(
                    (f64::from(shown[axis]) - at[axis]).abs() < 2e-3 * (1.0 + at[axis].abs()),
                    "{step}: {shown:?} {at:?}"
                );
            }
        }
    }

    let (surface, region) = (view.surface.expect("losses"), view.region.expect("sharpness"));
    assert!(surface.columns >= 64 && region.columns >= 24);
    let mut w = Vec::new();
    for (column, row) in [(0, 0), (64, 0), (0, 64), (31, 7), (12, 50), (33, 32)] {
        let [x, y] = surface.node(column, row);
        frame.point(x, y, &mut w);
        let (direct, shown) = (engine.probe().loss(&w), f64::from(surface.at(column, row)));
        assert!((direct - shown).abs() < 2e-3 * direct, "({x}, {y}): {shown} for {direct}");
    }
    // at the origin the surface is the central flow's own loss, and the sharpness its own
    for (column, row) in [(0, 0), (46, 46), (22, 24), (10, 40), (46, 0)] {
        let [x, y] = region.node(column, row);
        frame.point(x, y, &mut w);
        let shown = f64::from(region.at(column, row));
        // a cold solve, from noise
        let mut fresh = assemble(&preset, &Sources::default()).expect("an engine");
        let direct = fresh.probe().sharpness(&w, &|| false);
        assert!((direct - shown).abs() < 0.02 * direct, "({x}, {y}): {shown} for {direct}");
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
                let request = Request { step: 15, eta: 0.15, axes, half: 300, rows: Vec::new() };
                worker.send(Command::Look(Some(Arc::new(request)))).expect("a command");
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
