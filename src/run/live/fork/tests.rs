//! Tests of forks: their rows, their steering, their messages, and the memory that all runs share.

use super::*;
use crate::run::engine::fake::Fake;
use crate::run::engine::memory::Memory;
use crate::run::record::series::Series;
use std::time::{Duration, Instant};

fn drained(threads: &mut ForkThreads, forks: &mut Forks) {
    let begun = Instant::now();
    while forks.list().iter().any(|fork| fork.end.is_none()) {
        assert!(begun.elapsed() < Duration::from_secs(10));
        threads.drain(forks);
    }
}

#[test]
fn a_fork_has_the_rows_of_its_parent_and_then_its_own() {
    let options = Options::new(50, 0.1);
    let mut worker = Worker::spawn(Box::new(Fake::default()), &options, || ()).unwrap();
    let mut history = History::new(1);
    while worker.try_drain(&mut history).end.is_none() {}
    let (mut threads, mut forks) = (ForkThreads::default(), Forks::default());
    let make = || Ok(Box::new(Fake::default()) as Box<dyn Engine>);
    let first = (&history, worker.past().as_ref());
    let a = threads.start(&mut forks, None, first, &Branch::new(20, 0.2), make, &options, || ()).unwrap();
    drained(&mut threads, &mut forks);
    let b = threads.start(&mut forks, Some(a), first, &Branch::new(30, 0.3), make, &options, || ()).unwrap();
    drained(&mut threads, &mut forks);
    let eta = |fork: usize, step: usize| forks.list()[fork].history.value(Series::Eta, step);
    assert_eq!([0, 1].map(|fork| forks.list()[fork].history.rows()), [50, 50]);
    assert_eq!([19, 20, 49].map(|step| eta(0, step)), [Some(0.1), Some(0.2), Some(0.2)]);
    assert_eq!([19, 29, 30].map(|step| eta(1, step)), [Some(0.1), Some(0.2), Some(0.3)]);
    let course: Course = forks.list()[1].course.clone();
    assert_eq!(course.eta_changes(), [(20, 0.2), (30, 0.3)]);
    assert_eq!(forks.list()[1].label(), "η = 0.3 from step 30");
    assert_eq!(forks.list()[1].parent, Some(a));
    threads.close(&mut forks, a);
    assert_eq!((forks.list().len(), forks.list()[0].id, forks.list()[0].parent), (1, b, None));
}

#[test]
fn a_fork_is_steered_alone_and_its_news_are_told_once() {
    let options = Options::new(50, 0.1);
    let mut worker = Worker::spawn(Box::new(Fake::default()), &options, || ()).unwrap();
    let mut history = History::new(1);
    while worker.try_drain(&mut history).end.is_none() {}
    let (mut threads, mut forks) = (ForkThreads::default(), Forks::default());
    let make = || Ok(Box::new(Fake { diverges_at: Some(47), ..Fake::default() }) as Box<dyn Engine>);
    let options = Options { paused: true, ..options };
    let branch: Branch = "20=0.2,40=0.05".parse().unwrap();
    let id = threads
        .start(&mut forks, None, (&history, worker.past().as_ref()), &branch, make, &options, || ())
        .unwrap();
    threads.send_to(id, WorkerCommand::SetEta(0.3)).unwrap();
    assert!(threads.send_to(id, WorkerCommand::SetEta(f64::NAN)).is_err());
    threads.send_to(id, WorkerCommand::Play).unwrap();
    drained(&mut threads, &mut forks);
    assert_eq!(forks.list()[0].eta(), 0.3);
    assert_eq!(forks.list()[0].history.value(Series::Eta, 45), Some(0.3));
    assert_eq!(worker.past().course(), Course::new(0.1));
    let news = threads.news(&forks);
    assert!(
        matches!(&news[..], [(label, 47, Event::Outcome(..))] if label.starts_with("η = 0.3 from step 20"))
    );
    assert!(threads.news(&forks).is_empty());
}

#[test]
fn what_cannot_be_forked_is_said() {
    let options = Options::new(10, 0.1);
    let mut worker = Worker::spawn(Box::new(Fake::default()), &options, || ()).unwrap();
    let mut history = History::new(1);
    while worker.try_drain(&mut history).end.is_none() {}
    let (mut threads, mut forks) = (ForkThreads::default(), Forks::default());
    let mut start = |parent, step, eta| {
        let make = || Ok(Box::new(Fake::default()) as Box<dyn Engine>);
        let first = (&history, worker.past().as_ref());
        threads
            .start(&mut forks, parent, first, &Branch::new(step, eta), make, &options, || ())
            .map_err(|error| error.to_string())
    };
    assert!(start(None, 11, 0.1).unwrap_err().contains("has taken 10 steps"));
    assert!(start(Some(7), 5, 0.1).unwrap_err().contains("fork 7"));
    assert!(start(None, 5, -0.1).unwrap_err().contains("positive finite"));
    for _ in 0..MOST_FORKS {
        start(None, 5, 0.2).unwrap();
    }
    assert!(start(None, 5, 0.2).unwrap_err().contains("close one"));
}

/// A run to its end, and its history.
fn run_to_end(options: &Options) -> (Worker, History) {
    let mut worker = Worker::spawn(Box::new(Fake::default()), options, || ()).unwrap();
    let mut history = History::new(1);
    while worker.try_drain(&mut history).end.is_none() {}
    (worker, history)
}

#[expect(clippy::unnecessary_wraps, reason = "an engine may fail to be made")]
fn make() -> Result<Box<dyn Engine>, String> {
    Ok(Box::new(Fake::default()))
}

#[test]
fn a_run_and_its_forks_keep_to_one_budget_over_a_million_steps() {
    let budget = 8 << 20;
    let memory = Memory::new(budget, 1 << 20);
    let compared = memory.recorded.open();
    compared.take(budget / 4);
    let options = Options { memory: memory.clone(), ..Options::new(1_000_000, 0.1) };
    // a fifth of the run, so that the forks begin with rows of it
    let (first, history) = run_to_end(&Options { steps: 1500, ..options.clone() });
    assert_eq!(memory.recorded.used(), budget / 4 + history.most_bytes());
    let (mut threads, mut forks) = (ForkThreads::default(), Forks::default());
    for place in 1..=MOST_FORKS {
        let branch = Branch::new(300 * place, 0.2);
        threads.start(&mut forks, None, (&history, first.past()), &branch, make, &options, || ()).unwrap();
    }
    let begun = Instant::now();
    let mut ends = Vec::new();
    while ends.len() < MOST_FORKS {
        assert!(begun.elapsed() < Duration::from_secs(20), "{ends:?}");
        ends.extend(threads.drain(&mut forks).ends.into_iter().map(|(_, end)| end));
        let forked: usize = forks.list().iter().map(|fork| fork.history.heap_bytes()).sum();
        let held = budget / 4 + history.heap_bytes() + forked;
        assert!(held <= budget + budget / 16, "{held} bytes");
    }
    assert_eq!(ends, vec![Ok(Ending::MemoryBudget { bytes: budget }); MOST_FORKS]);
    assert!(memory.checkpoints.bytes() <= memory.checkpoints.budget());
    let before = memory.recorded.used();
    // rows in transit were counted at their maximum size
    assert!(before >= budget / 4 * 3 && before <= budget + budget / 16, "{before} bytes");
    // a closed fork frees memory for the run that wakes first, which may take all of it before another wakes
    threads.close(&mut forks, 0);
    threads.close(&mut forks, 1);
    assert!(memory.recorded.used() < before);
    let rows = |forks: &Forks| forks.list().iter().map(|fork| fork.history.rows()).sum::<usize>();
    let rows_before = rows(&forks);
    threads.send(&mut forks, &WorkerCommand::SetSteps(1_000_000));
    let begun = Instant::now();
    while rows(&forks) <= rows_before {
        assert!(begun.elapsed() < Duration::from_secs(20));
        threads.drain(&mut forks);
    }
    drop((threads, forks, first, compared));
    let begun = Instant::now();
    while memory.recorded.used() + memory.checkpoints.bytes() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(5), "{} bytes stay", memory.recorded.used());
    }
}

#[test]
fn forks_come_back_from_what_a_session_keeps_of_them() {
    let options = Options::new(50, 0.1);
    let (first, history) = run_to_end(&options);
    let (mut threads, mut forks) = (ForkThreads::default(), Forks::default());
    let run = (&history, first.past().as_ref());
    let a = threads.start(&mut forks, None, run, &Branch::new(20, 0.2), make, &options, || ()).unwrap();
    drained(&mut threads, &mut forks);
    threads.start(&mut forks, Some(a), run, &Branch::new(30, 0.3), make, &options, || ()).unwrap();
    drained(&mut threads, &mut forks);
    let saved = threads.saved(&forks, usize::MAX);
    assert_eq!(saved.iter().map(|fork| fork.parent).collect::<Vec<_>>(), [None, Some(0)]);
    let (mut anew, mut again) = (ForkThreads::default(), Forks::default());
    let longer = Options::new(60, 0.1);
    let ids = anew.restore(&mut again, saved, first.past(), make, &longer, || ()).unwrap();
    let begun = Instant::now();
    while again.list().iter().any(|fork| fork.end.is_none()) {
        assert!(begun.elapsed() < Duration::from_secs(10));
        anew.drain(&mut again);
    }
    let row = |fork: usize, row: usize| {
        let history = &again.list()[fork].history;
        (history.value(Series::Eta, row), history.value(Series::GdLoss, row))
    };
    let loss = |row: usize| Some(1.0 / (1.0 + row as f64));
    assert_eq!([19, 20, 59].map(|at| row(0, at).0), [Some(0.1), Some(0.2), Some(0.2)]);
    assert_eq!([29, 30, 59].map(|at| row(1, at).0), [Some(0.2), Some(0.3), Some(0.3)]);
    assert!((0..60).all(|at| row(0, at).1 == loss(at) && row(1, at).1 == loss(at)));
    assert_eq!(again.list()[1].parent, Some(ids[0]));
    assert!(anew.news(&again).is_empty(), "what happened before was told before");
}

#[test]
fn how_a_fork_ends_is_said_once() {
    let options = Options::new(50, 0.1);
    let (first, history) = run_to_end(&options);
    let (mut threads, mut forks) = (ForkThreads::default(), Forks::default());
    let broken = || Ok(Box::new(Fake { panics_at: Some(33), ..Fake::default() }) as Box<dyn Engine>);
    threads
        .start(&mut forks, None, (&history, first.past()), &Branch::new(20, 0.2), broken, &options, || ())
        .unwrap();
    let begun = Instant::now();
    let mut ends = Vec::new();
    while ends.is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(10));
        ends = threads.drain(&mut forks).ends;
    }
    let [(label, Err(reason))] = &ends[..] else { panic!("{ends:?}") };
    assert!(label == "η = 0.2 from step 20" && reason.contains("step 33"), "{label}: {reason}");
    assert_eq!(threads.drain(&mut forks), DrainedForks::default());
}
