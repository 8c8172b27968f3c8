//! Sessions: a run continues from its file as if it had never stopped, to the last bit.
#![allow(clippy::unwrap_used, reason = "a failure is a panic")]

use crate::common::{engine, small_preset as preset};
use brink::preset::Preset;
use brink::run::engine::branch::Branch;
use brink::run::file::session::{SavedFork, Session, SessionKind};
use brink::run::live::fork::{ForkThreads, Forks};
use brink::run::live::message::{Message, WorkerCommand};
use brink::run::live::worker::{Options, Worker};
use brink::run::record::history::History;
use brink::run::record::series::Series;
use brink_core::dynamics::StepRecord;
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Receives until there is the given number of records.
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
        // the uninterrupted run
        let mut options = Options { paused: true, ..Options::new(140, eta) };
        options.course.set_eta(30, factor * eta);
        options.course.restart_flows(45);
        options.course.set_eta(120, eta);
        let mut worker = Worker::spawn(engine(&preset), &options, || ()).unwrap();
        worker.send(WorkerCommand::Play).unwrap();
        let mut records = Vec::new();
        train(&mut worker, &mut records, 140);
        // its first rows, in a file
        let mut session =
            Session::new(name, preset.clone(), worker.past().course(), history(&preset, &records[..saved_at]));
        session.keep_checkpoints(worker.past(), budget, usize::MAX);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a run.brink");
        session.write(&path).unwrap();
        // and the continuation from there
        let read = Session::read(&path).unwrap();
        prop_assert_eq!(read.preset.resolved_toml(), preset.resolved_toml());
        let options = Options::new(140, eta);
        let mut again = Worker::resume(engine(&read.preset), read.past(&options.memory.checkpoints), &options, || ()).unwrap();
        let mut rest = Vec::new();
        train(&mut again, &mut rest, 140 - saved_at);
        for (went_on, record) in rest.iter().zip(&records[saved_at..]) {
            prop_assert_eq!(format!("{:?}", went_on), format!("{:?}", record));
        }
    }
}

/// A file of the corpus of the fuzzed loaders.
fn stored(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/session").join(name)
}

#[test]
fn a_session_of_the_format_before_opens_and_goes_on() {
    let read = Session::read(&stored("format-2.brink")).unwrap();
    assert_eq!((read.history.rows(), read.forks.len(), read.hits.len()), (40, 0, 0));
    let options = Options::new(60, read.preset.optimizer.eta);
    let past = read.past(&options.memory.checkpoints);
    let mut again = Worker::resume(engine(&read.preset), past, &options, || ()).unwrap();
    let mut through = Worker::spawn(engine(&read.preset), &options, || ()).unwrap();
    let (mut rest, mut records) = (Vec::new(), Vec::new());
    train(&mut again, &mut rest, 20);
    train(&mut through, &mut records, 60);
    for (went_on, record) in rest.iter().zip(&records[40..]) {
        let loss = |record: &StepRecord| record.gradient_descent.as_ref().unwrap().loss;
        // it was written by another machine
        assert!((loss(went_on) / loss(record) - 1.0).abs() < 1e-6, "step {}", record.step);
    }
}

#[test]
fn forged_forks_are_refused_in_words() {
    for (file, said) in [
        ("fork-of-no-run.brink", "it left fork Some(5) of 0"),
        ("fork-forged-length.brink", "a fork of 1099511627776 rows that left a run of 40 rows at step 40"),
        ("fork-without-columns.brink", "no section COLM"),
        ("five-forks.brink", "more than 4 forks"),
        ("newer.brink", "take the newer program"),
    ] {
        let error = Session::read(&stored(file)).unwrap_err().to_string();
        assert!(error.contains(said), "{file}: {error}");
    }
    assert_eq!(Session::read(&stored("fork-of-fork.brink")).unwrap().forks[1].parent, Some(0));
}

/// Waits until all forks have ended.
fn finish(threads: &mut ForkThreads, forks: &mut Forks) {
    let begun = Instant::now();
    while forks.list().iter().any(|fork| fork.end.is_none()) {
        assert!(begun.elapsed() < Duration::from_mins(1));
        threads.drain(forks);
        std::thread::sleep(Duration::from_millis(1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn forks_go_on_from_their_file_to_the_same_bits(
        name in prop::sample::select(vec!["digits-mlp", "valley"]),
        (left_at, again_at, saved_at) in (5..30_usize, 30..60_usize, 60..80_usize),
        most in prop::sample::select(vec![0, usize::MAX]),
    ) {
        let preset = preset(name, "f64");
        let eta = preset.optimizer.eta;
        let mut worker = Worker::spawn(engine(&preset), &Options::new(90, eta), || ()).unwrap();
        let mut records = Vec::new();
        train(&mut worker, &mut records, 90);
        let run = history(&preset, &records);
        // a fork, and a fork of it, up to a step
        let forked = |steps: usize| {
            let (mut threads, mut forks, options) = (ForkThreads::default(), Forks::default(), Options::new(steps, eta));
            let first = (&run, worker.past().as_ref());
            let make = || Ok(engine(&preset));
            let branch = Branch::new(left_at, 0.9 * eta);
            let one = threads.start(&mut forks, None, first, &branch, make, &options, || ()).unwrap();
            finish(&mut threads, &mut forks);
            threads.start(&mut forks, Some(one), first, &Branch::new(again_at, 1.1 * eta), make, &options, || ()).unwrap();
            finish(&mut threads, &mut forks);
            (threads, forks)
        };
        let ((_, through), (partly_threads, partly)) = (forked(100), forked(saved_at));
        let mut session = Session::new(name, preset.clone(), worker.past().course(), run.clone());
        session.keep_checkpoints(worker.past(), 1 << 20, usize::MAX);
        session.forks = partly_threads.saved(&partly, most);
        let read = Session::read_bytes(&session.to_bytes().unwrap()).unwrap();
        let (mut anew, mut again, options) = (ForkThreads::default(), Forks::default(), Options::new(100, eta));
        let past = read.past(&options.memory.checkpoints);
        anew.restore(&mut again, read.forks, &past, || Ok(engine(&preset)), &options, || ()).unwrap();
        finish(&mut anew, &mut again);
        for (fork, was) in again.list().iter().zip(through.list()) {
            prop_assert_eq!((fork.history.rows(), fork.label()), (100, was.label()));
            for series in Series::kept(preset.eigen.max_tracked) {
                for row in 0..100 {
                    let bits = |history: &History| history.value(series, row).map(f64::to_bits);
                    prop_assert_eq!(bits(&fork.history), bits(&was.history), "{:?} at row {}", series, row);
                }
            }
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
    // four forks that left half way
    session.forks = (0..4)
        .map(|_| {
            let mut own = session.history.until(50_000);
            for step in 50_000..100_000 {
                own.push(&StepRecord { step, ..records[step % 100].clone() });
            }
            let course = session.course.clone();
            SavedFork { parent: None, step: 50_000, course, history: own, checkpoints: Vec::new() }
        })
        .collect();
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
    // machines differ, and other programs may be running
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn a_recording_is_small_and_says_what_took_it() {
    let preset = preset("digits-mlp", "f32");
    let mut worker = Worker::spawn(engine(&preset), &Options::new(300, 0.3), || ()).unwrap();
    let mut records = Vec::new();
    train(&mut worker, &mut records, 300);
    let recording = Session {
        kind: SessionKind::Recording,
        machine: Some("two cores".into()),
        ..Session::new("digits-mlp", preset.clone(), worker.past().course(), history(&preset, &records))
    };
    let bytes = recording.to_bytes().unwrap();
    println!("{} bytes a step", bytes.len() / 300);
    let read = Session::read_bytes(&bytes).unwrap();
    assert_eq!((read.kind, read.machine.as_deref()), (SessionKind::Recording, Some("two cores")));
    let loss = |history: &History| history.value(Series::GdLoss, 250).unwrap();
    assert!((loss(&read.history) / loss(&recording.history) - 1.0).abs() < 1e-6);
}
