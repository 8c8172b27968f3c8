//! Going back: the steps after a checkpoint are the same as the first time, to the last bit.
#![allow(clippy::unwrap_used, reason = "a failure is a panic")]

use crate::common::{engine, small_preset as preset};
use brink::preset::Preset;
use brink::run::engine::breakpoint::Breakpoint;
use brink::run::engine::checkpoint::Checkpoint;
use brink::run::engine::course::Course;
use brink::run::engine::past::Past;
use brink::run::live::message::{Message, WorkerCommand};
use brink::run::live::replay::{Moment, Replay, ReplayError, Reply};
use brink::run::live::worker::{Options, Worker};
use brink_core::dynamics::{Event, Process, StepRecord};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Every bit of a record: NaN equals itself.
fn bits(record: &StepRecord) -> String {
    format!("{record:?}")
}

/// A course with a change of η and a restart of the flows.
fn steered(eta: f64, change: usize, factor: f64, restart: usize) -> Course {
    let mut course = Course::new(eta);
    course.set_eta(change, factor * eta);
    course.restart_flows(restart);
    course
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// From any checkpoint on, in an engine that was at another step before.
    #[test]
    fn the_steps_after_a_checkpoint_are_the_same(
        name in prop::sample::select(vec!["digits-mlp", "valley"]),
        precision in prop::sample::select(vec!["f32", "f64"]),
        (change, factor, restart) in (10..60_usize, 0.5..1.2_f64, 10..60_usize),
        starts in prop::collection::vec(0..80_usize, 3),
    ) {
        let preset = preset(name, precision);
        let course = steered(preset.optimizer.eta, change, factor, restart);
        let mut first = engine(&preset);
        let (mut checkpoints, mut records) = (Vec::new(), Vec::new());
        for _ in 0..80 {
            checkpoints.push(first.checkpoint());
            records.push(bits(&course.step(first.as_mut())));
        }
        prop_assert!(records[restart].contains("FlowsStarted"));
        let mut again = engine(&preset);
        for start in starts {
            again.restore(&checkpoints[start]).unwrap();
            for (step, record) in records.iter().enumerate().skip(start) {
                prop_assert_eq!(again.next_step(), step);
                prop_assert_eq!(&bits(&course.step(again.as_mut())), record);
            }
        }
    }
}

/// Runs to the end through the training thread, with commands on the way, and returns the record.
fn train(worker: &mut Worker, rows: usize, commands: &[(usize, WorkerCommand)]) -> Vec<StepRecord> {
    let mut records: Vec<StepRecord> = Vec::new();
    let mut commands = commands.iter();
    let mut next = commands.next();
    while records.len() < rows {
        if let Some((at, command)) = next
            && records.len() >= *at
        {
            worker.send(command.clone()).unwrap();
            next = commands.next();
        }
        if let Some(Message::Frames(frames)) = worker.receive(Duration::from_secs(20)) {
            records.extend(frames);
        }
    }
    records
}

fn replay(preset: &Preset, past: &Arc<Past>) -> Replay {
    let preset = preset.clone();
    let make = move || Ok(engine(&preset));
    Replay::spawn(Arc::clone(past), Box::new(make), || ()).unwrap()
}

/// The record of a step, and the weights before and after it.
fn look(moment: &mut Moment<'_>) -> (String, Option<Vec<f64>>, Option<Vec<f64>>) {
    let before = moment.weights(Process::CentralFlow);
    let record = moment.advance().unwrap();
    (bits(&record), before, moment.weights(Process::CentralFlow))
}

#[test]
fn a_moment_is_the_one_that_was_recorded() {
    let preset = preset("digits-mlp", "f32");
    let eta = preset.optimizer.eta;
    let mut worker = Worker::spawn(engine(&preset), &Options::new(200, eta), || ()).unwrap();
    let commands = [(40, WorkerCommand::SetEta(0.8 * eta)), (80, WorkerCommand::RestartFlows)];
    let records = train(&mut worker, 200, &commands);
    let course = worker.past().course();
    assert_eq!(course.eta_changes().len(), 1);
    assert_eq!(course.flow_restarts().len(), 1);
    let restart = course.flow_restarts()[0];
    assert!(records[restart].events.contains(&Event::FlowsStarted));

    let replay = replay(&preset, worker.past());
    for step in [150, restart, 3, restart - 1, 199] {
        let Reply::Ready(Ok((record, before, after))) = replay.ask(step, look).wait() else { panic!() };
        assert_eq!(record, bits(&records[step]));
        let Reply::Ready(Ok(next)) =
            replay.ask(step + 1, |moment: &mut Moment<'_>| moment.weights(Process::CentralFlow)).wait()
        else {
            panic!()
        };
        assert_eq!(next, after);
        assert_ne!(before, after);
    }
    let refused = replay.ask(201, |_: &mut Moment<'_>| ()).wait();
    assert_eq!(refused, Reply::Ready(Err(ReplayError::NotReached { step: 201, taken: 200 })));
}

#[test]
fn a_step_is_looked_into_after_the_fact() {
    let preset = preset("digits-mlp", "f64");
    let mut worker = Worker::spawn(engine(&preset), &Options::new(30, preset.optimizer.eta), || ()).unwrap();
    let records = train(&mut worker, 30, &[]);
    let replay = replay(&preset, worker.past());
    let answer = replay.ask(20, |moment: &mut Moment<'_>| (moment.inspect(), moment.advance()));
    let Reply::Ready(Ok((inspection, record))) = answer.wait() else { panic!() };
    assert_eq!(inspection.unwrap().step, 20);
    assert_eq!(bits(&record.unwrap()), bits(&records[20]), "the look changes nothing");
}

#[test]
fn requests_about_another_step_supersede() {
    let preset = preset("valley", "f64");
    let mut worker = Worker::spawn(engine(&preset), &Options::new(50, preset.optimizer.eta), || ()).unwrap();
    train(&mut worker, 50, &[]);
    let replay = replay(&preset, worker.past());
    // A job that lasts until it is superseded, or for ten seconds.
    let (sender, started) = std::sync::mpsc::channel();
    let long = replay.ask(10, move |moment: &mut Moment<'_>| {
        let begun = Instant::now();
        sender.send(()).unwrap();
        while !moment.superseded() && begun.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(1));
        }
        moment.superseded()
    });
    started.recv().unwrap();
    let dropped = replay.ask(10, |moment: &mut Moment<'_>| moment.step());
    let newest = [0, 1].map(|_| replay.ask(20, |moment: &mut Moment<'_>| moment.step()));
    for answer in &newest {
        assert_eq!(answer.wait(), Reply::Ready(Ok(20)), "both about one step are served");
    }
    assert_eq!(long.wait(), Reply::Ready(Ok(true)));
    assert_eq!(dropped.wait(), Reply::Superseded);
}

#[test]
fn a_job_that_panics_is_said_and_the_next_is_served() {
    let preset = preset("valley", "f64");
    let mut worker = Worker::spawn(engine(&preset), &Options::new(50, preset.optimizer.eta), || ()).unwrap();
    train(&mut worker, 50, &[]);
    let replay = replay(&preset, worker.past());
    let failed = replay.ask(10, |_: &mut Moment<'_>| -> usize { panic!("out of luck") }).wait();
    let reason = "out of luck".into();
    assert_eq!(failed, Reply::Ready(Err(ReplayError::Failed { step: 10, reason })));
    assert_eq!(replay.ask(10, |moment: &mut Moment<'_>| moment.step()).wait(), Reply::Ready(Ok(10)));
}

#[test]
fn a_jump_costs_a_part_of_the_steps_before_it() {
    let preset = Preset::load("digits-mlp").unwrap();
    let mut worker = Worker::spawn(engine(&preset), &Options::new(400, preset.optimizer.eta), || ()).unwrap();
    let begun = Instant::now();
    train(&mut worker, 400, &[]);
    let trained = begun.elapsed();
    let replay = replay(&preset, worker.past());
    // the first job creates the engine
    replay.ask(0, |_: &mut Moment<'_>| ()).wait();
    let mut longest = Duration::ZERO;
    for step in [399, 100, 250, 249, 20, 380] {
        let begun = Instant::now();
        assert_eq!(replay.ask(step, |moment: &mut Moment<'_>| moment.step()).wait(), Reply::Ready(Ok(step)));
        longest = longest.max(begun.elapsed());
    }
    println!("the longest jump took {longest:.0?}");
    assert!(2 * longest < trained, "{longest:?} of {trained:?}");
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let checkpoint = |name: &str, precision: &str| -> Checkpoint {
        let mut engine = engine(&preset(name, precision));
        engine.step(0.1);
        engine.checkpoint()
    };
    let mut engine = engine(&preset("valley", "f64"));
    for other in [checkpoint("digits-mlp", "f64"), checkpoint("valley", "f32")] {
        let error = engine.restore(&other).unwrap_err();
        assert!(error.to_string().contains("does not belong to this run of 2 parameters"), "{error}");
    }
    assert_eq!(engine.next_step(), 0);
    engine.restore(&checkpoint("valley", "f64")).unwrap();
    assert_eq!(engine.next_step(), 1);
}

#[test]
fn a_breakpoint_on_a_landscape_stops_where_the_sharpness_reaches_the_edge() {
    let preset = preset("valley", "f64");
    let eta = preset.optimizer.eta;
    let options = Options { paused: true, ..Options::new(2000, eta) };
    let mut worker = Worker::spawn(engine(&preset), &options, || ()).unwrap();
    worker.send(WorkerCommand::SetBreakpoint(Breakpoint::AtEdge { k: 1 })).unwrap();
    worker.send(WorkerCommand::Play).unwrap();
    let mut records: Vec<StepRecord> = Vec::new();
    let hit = loop {
        match worker.receive(Duration::from_secs(20)) {
            Some(Message::Frames(frames)) => records.extend(frames),
            Some(Message::Hit(hit)) => break hit,
            other => panic!("{other:?}"),
        }
    };
    let eta_s = |record: &StepRecord| eta * record.gradient_descent.as_ref().unwrap().lambda[0];
    assert_eq!(hit.step, records.last().unwrap().step);
    assert!(eta_s(&records[hit.step]) >= 2.0, "{hit}");
    assert!(records[..hit.step].iter().all(|record| eta_s(record) < 2.0), "{hit}");
}
