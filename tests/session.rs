//! Sessions: a run goes on from its file as if it had never stopped, to the last bit.
#![allow(clippy::unwrap_used, reason = "a failure is a panic")]

mod common;

use brink::dynamics::StepRecord;
use brink::run::session::Kind;
use brink::run::worker::Options;
use brink::run::{Command, History, Message, Preset, Series, Session, Worker};
use common::{engine, small_preset as preset};
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// Receives until there are so many records.
fn train(worker: &mut Worker, records: &mut Vec<StepRecord>, rows: usize) {
    while records.len() < rows {
        if let Some(Message::Frames(frames)) = worker.receive(Duration::from_secs(20)) {
            records.extend(frames);
        }
    }
}

fn history(preset: &Preset, records: &[StepRecord]) -> History {
    let mut history = History::new(preset.eigen.max_tracked);
    for record in records {
        history.push(record);
    }
    history
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn a_run_goes_on_from_its_file_to_the_same_bits(
        name in prop::sample::select(vec!["digits-mlp", "valley"]),
        precision in prop::sample::select(vec!["f32", "f64"]),
        (saved_at, factor) in (5..100_usize, 0.5..1.2_f64),
        budget in prop::sample::select(vec![0, 1 << 20]),
    ) {
        let preset = preset(name, precision);
        let eta = preset.optimizer.eta;
        // the run that goes through
        let mut options = Options { paused: true, ..Options::new(140, eta) };
        options.course.set_eta(30, factor * eta);
        options.course.restart_flows(45);
        options.course.set_eta(120, eta);
        let mut worker = Worker::spawn(engine(&preset), &options, || ()).unwrap();
        worker.send(Command::Play).unwrap();
        let mut records = Vec::new();
        train(&mut worker, &mut records, 140);
        // its first rows, in a file
        let mut session =
            Session::new(name, preset.clone(), worker.past().course(), history(&preset, &records[..saved_at]));
        session.keep_checkpoints(worker.past(), budget, usize::MAX);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a run.brink");
        session.write(&path).unwrap();
        // and on from there
        let read = Session::read(&path).unwrap();
        prop_assert_eq!(read.preset.resolved_toml(), preset.resolved_toml());
        let options = Options::new(140, eta);
        let mut again = Worker::resume(engine(&read.preset), read.past(1 << 29), &options, || ()).unwrap();
        let mut rest = Vec::new();
        train(&mut again, &mut rest, 140 - saved_at);
        for (went_on, record) in rest.iter().zip(&records[saved_at..]) {
            prop_assert_eq!(format!("{:?}", went_on), format!("{:?}", record));
        }
    }
}

#[test]
fn a_long_session_is_modest_and_opens_in_a_second() {
    let preset = preset("digits-mlp", "f32");
    let mut worker = Worker::spawn(engine(&preset), &Options::new(100, 0.3), || ()).unwrap();
    let mut records = Vec::new();
    train(&mut worker, &mut records, 100);
    let mut whole = History::new(preset.eigen.max_tracked);
    for step in 0..100_000 {
        whole.push(&StepRecord { step, ..records[step % 100].clone() });
    }
    let mut session = Session::new("digits-mlp", preset, worker.past().course(), whole);
    session.keep_checkpoints(worker.past(), 16 << 20, usize::MAX);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("long.brink");
    session.write(&path).unwrap();
    let bytes = std::fs::metadata(&path).unwrap().len();
    let begun = Instant::now();
    let read = Session::read(&path).unwrap();
    let took = begun.elapsed();
    println!("100000 steps: {bytes} bytes, opened in {took:.0?}");
    assert_eq!(read.history.rows(), 100_000);
    assert_eq!(read.history.value(Series::GdLoss, 99_999), session.history.value(Series::GdLoss, 99_999));
    assert!(bytes < 64 << 20, "{bytes} bytes");
    // machines differ, and others may be at work
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn a_recording_is_small_and_says_what_took_it() {
    let preset = preset("digits-mlp", "f32");
    let mut worker = Worker::spawn(engine(&preset), &Options::new(300, 0.3), || ()).unwrap();
    let mut records = Vec::new();
    train(&mut worker, &mut records, 300);
    let recording = Session {
        kind: Kind::Recording,
        machine: Some("two cores".into()),
        ..Session::new("digits-mlp", preset.clone(), worker.past().course(), history(&preset, &records))
    };
    let bytes = recording.to_bytes().unwrap();
    println!("{} bytes a step", bytes.len() / 300);
    let read = Session::read_bytes(&bytes).unwrap();
    assert_eq!((read.kind, read.machine.as_deref()), (Kind::Recording, Some("two cores")));
    let loss = |history: &History| history.value(Series::GdLoss, 250).unwrap();
    assert!((loss(&read.history) / loss(&recording.history) - 1.0).abs() < 1e-6);
}
