//! The worker with engines that diverge, panic, run slowly and race.

use super::*;
use crate::run::engine::fake::Fake;
use brink_core::dynamics::Event;
use std::time::Instant;
use training::BATCH_ROWS;

fn spawn(engine: Fake, options: &Options) -> Worker {
    Worker::spawn(Box::new(engine), options, || {}).expect("a thread")
}

/// Drains until the run ends or the condition holds; fails after ten seconds.
fn drain_until(
    worker: &mut Worker,
    history: &mut History,
    mut done: impl FnMut(&History) -> bool,
) -> Option<Result<Ending, String>> {
    let start = Instant::now();
    loop {
        let drained = worker.try_drain(history);
        if drained.end.is_some() || done(history) {
            return drained.end;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "only {} rows", history.rows());
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn drain(worker: &mut Worker, history: &mut History) -> Result<Ending, String> {
    drain_until(worker, history, |_| false).expect("an end")
}

#[test]
fn every_row_arrives_in_order() {
    let mut worker = spawn(Fake::default(), &Options::new(50_000, 0.1));
    let mut history = History::new(1);
    assert_eq!(drain(&mut worker, &mut history), Ok(Ending::AllSteps));
    assert_eq!(history.rows(), 50_000);
    assert_eq!(history.value(crate::run::record::series::Series::GdLoss, 49_999), Some(1.0 / 50_000.0));
    assert!(worker.ended() && worker.receive(Duration::ZERO).is_none());
    assert!(worker.shut_down());
}

#[test]
fn a_run_ends_when_nothing_advances_and_says_so() {
    let engine = Fake { diverges_at: Some(10), ..Fake::default() };
    let mut worker = spawn(engine, &Options::new(1000, 0.1));
    let mut history = History::new(1);
    assert_eq!(drain(&mut worker, &mut history), Ok(Ending::NothingAdvances));
    assert_eq!(history.rows(), 11);
    assert_eq!(history.events().len(), 1);
}

#[test]
fn a_panic_keeps_what_was_recorded() {
    let engine = Fake { panics_at: Some(300), ..Fake::default() };
    let mut worker = spawn(engine, &Options::new(1000, 0.1));
    let mut history = History::new(1);
    let reason = drain(&mut worker, &mut history).expect_err("a failure");
    assert!(reason.contains("step 300") && reason.contains("not 42"), "{reason}");
    assert_eq!(history.rows(), 300);
    assert!(worker.shut_down());
}

#[test]
fn pausing_stepping_and_playing() {
    let mut worker = spawn(Fake::default(), &Options { paused: true, ..Options::new(1000, 0.1) });
    let mut history = History::new(1);
    std::thread::sleep(Duration::from_millis(60));
    assert_eq!(worker.try_drain(&mut history), Drained::default());
    for rows in 1..4 {
        worker.send(WorkerCommand::Step).expect("a valid command");
        drain_until(&mut worker, &mut history, |history| history.rows() == rows);
    }
    std::thread::sleep(Duration::from_millis(60));
    assert_eq!(worker.try_drain(&mut history).rows, 0, "it pauses again after each step");
    worker.send(WorkerCommand::Play).expect("a valid command");
    assert_eq!(drain(&mut worker, &mut history), Ok(Ending::AllSteps));
    assert_eq!(history.rows(), 1000);
}

#[test]
fn a_new_learning_rate_and_restarted_flows_reach_the_engine() {
    let mut worker = spawn(Fake::default(), &Options { paused: true, ..Options::new(10, 0.1) });
    let mut history = History::new(1);
    for command in
        [WorkerCommand::Step, WorkerCommand::SetEta(0.2), WorkerCommand::RestartFlows, WorkerCommand::Step]
    {
        worker.send(command).expect("a valid command");
        if history.rows() == 0 {
            drain_until(&mut worker, &mut history, |history| history.rows() == 1);
        }
    }
    drain_until(&mut worker, &mut history, |history| history.rows() == 2);
    let eta = |row| history.value(crate::run::record::series::Series::Eta, row);
    assert_eq!((eta(0), eta(1)), (Some(0.1), Some(0.2)));
    assert_eq!(history.events(), &[(1, Event::FlowsStarted)]);
}

#[test]
fn senseless_values_are_refused_with_a_reason() {
    let mut worker = spawn(Fake::default(), &Options { paused: true, ..Options::new(10, 0.1) });
    for eta in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = worker.send(WorkerCommand::SetEta(eta)).expect_err("refused");
        assert!(error.to_string().contains("positive finite"), "{error}");
    }
    assert_eq!(worker.send(WorkerCommand::SetSpeed(Some(0.0))), Err(CommandError::Speed(0.0)));
    assert_eq!(worker.send(WorkerCommand::SetSpeed(None)), Ok(()));
}

#[test]
fn the_speed_limit_holds() {
    let mut worker = spawn(Fake::default(), &Options { speed: Some(100.0), ..Options::new(20, 0.1) });
    let (start, mut history) = (Instant::now(), History::new(1));
    assert_eq!(drain(&mut worker, &mut history), Ok(Ending::AllSteps));
    let seconds = start.elapsed().as_secs_f64();
    assert!((0.17..2.0).contains(&seconds), "20 steps at 100 a second took {seconds} s");
}

#[test]
fn slow_steps_are_shown_as_they_come() {
    let engine = Fake { step_time: Duration::from_millis(40), ..Fake::default() };
    let mut worker = spawn(engine, &Options::new(1000, 0.1));
    let mut batches = 0;
    while batches < 3 {
        if let Some(Message::Frames(frames)) = worker.receive(Duration::from_secs(5)) {
            assert_eq!(frames.len(), 1);
            batches += 1;
        }
    }
}

#[test]
fn a_watcher_that_stops_draining_neither_loses_rows_nor_blocks_the_end() {
    let mut worker = spawn(Fake::default(), &Options::new(usize::MAX, 0.1));
    let mut history = History::new(1);
    // The channel fills, the thread waits.
    let start = Instant::now();
    while worker.messages.len() < BATCHES {
        assert!(start.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(1));
    }
    // While it waits it obeys commands: when paused, it sends the rows it holds and no more.
    worker.send(WorkerCommand::Pause).expect("a valid command");
    std::thread::sleep(Duration::from_millis(30));
    drain_until(&mut worker, &mut history, |history| history.rows() >= BATCHES);
    std::thread::sleep(Duration::from_millis(60));
    worker.try_drain(&mut history);
    let rows = history.rows();
    assert!(rows <= (BATCHES + 1) * BATCH_ROWS, "{rows} rows");
    std::thread::sleep(Duration::from_millis(60));
    assert_eq!(worker.try_drain(&mut history), Drained::default());
    // When the channel is full again, it still ends at once.
    worker.send(WorkerCommand::Play).expect("a valid command");
    while worker.messages.len() < BATCHES {
        assert!(start.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(1));
    }
    let end = Instant::now();
    assert!(worker.shut_down());
    assert!(end.elapsed() < Duration::from_millis(500), "{:?}", end.elapsed());
}

#[test]
fn stopping_hands_over_the_last_rows() {
    let mut worker =
        spawn(Fake::default(), &Options { speed: Some(1000.0), ..Options::new(usize::MAX, 0.1) });
    let mut history = History::new(1);
    drain_until(&mut worker, &mut history, |history| history.rows() > 20);
    worker.send(WorkerCommand::Stop).expect("a valid command");
    assert_eq!(drain(&mut worker, &mut history), Ok(Ending::Stopped));
    assert_eq!(history.value(crate::run::record::series::Series::Eta, history.rows() - 1), Some(0.1));
}

#[test]
fn a_step_that_takes_long_does_not_hold_up_the_end() {
    let engine = Fake { step_time: Duration::from_secs(3), ..Fake::default() };
    let worker = spawn(engine, &Options::new(10, 0.1));
    std::thread::sleep(Duration::from_millis(20));
    let start = Instant::now();
    assert!(!worker.shut_down(), "the step is still under way");
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[test]
fn the_memory_budget_ends_the_run_before_the_history_outgrows_it() {
    let budget = 1 << 20;
    let mut worker =
        spawn(Fake::default(), &Options { memory: Memory::new(budget, 0), ..Options::new(usize::MAX, 0.1) });
    let mut history = History::new(1);
    assert_eq!(drain(&mut worker, &mut history), Ok(Ending::MemoryBudget { bytes: budget }));
    assert!(history.rows() > 1000, "{} rows", history.rows());
    assert!(history.heap_bytes() <= budget + budget / 8, "{} bytes", history.heap_bytes());
}

#[test]
fn rows_that_a_run_begins_with_are_counted() {
    let budget = 1 << 20;
    let mut first = spawn(Fake::default(), &Options::new(1000, 0.1));
    let mut history = History::new(1);
    assert_eq!(drain(&mut first, &mut history), Ok(Ending::AllSteps));
    let rows_after = |recorded: usize| {
        let memory = Memory::new(budget, 0);
        let past = first.past().until(1000);
        let options = Options { memory, recorded, ..Options::new(usize::MAX, 0.1) };
        let mut worker = Worker::resume(Box::new(Fake::default()), past, &options, || {}).expect("a thread");
        let mut history = history.clone();
        assert_eq!(drain(&mut worker, &mut history), Ok(Ending::MemoryBudget { bytes: budget }));
        assert!(history.heap_bytes() <= budget + budget / 8, "{} bytes", history.heap_bytes());
        history.rows()
    };
    assert!(rows_after(history.most_bytes()) > 1000);
    assert_eq!(rows_after(budget), 1000, "there is no room for one more");
}

#[test]
fn a_run_that_has_taken_all_its_steps_goes_on_where_there_are_more() {
    let mut worker = spawn(Fake::default(), &Options::new(100, 0.1));
    let mut history = History::new(1);
    assert_eq!(drain(&mut worker, &mut history), Ok(Ending::AllSteps));
    assert!(worker.ended());
    worker.send(WorkerCommand::SetEta(0.2)).expect("a valid command");
    worker.send(WorkerCommand::SetSteps(250)).expect("a valid command");
    assert_eq!(drain(&mut worker, &mut history), Ok(Ending::AllSteps));
    assert_eq!((history.rows(), worker.past().steps_taken()), (250, 250));
    let eta = |row| history.value(crate::run::record::series::Series::Eta, row);
    assert_eq!((eta(99), eta(100), eta(249)), (Some(0.1), Some(0.2), Some(0.2)));
    assert_eq!(history.value(crate::run::record::series::Series::GdLoss, 249), Some(1.0 / 250.0));
    // fewer than already taken: it reports again that it has ended
    worker.send(WorkerCommand::SetSteps(10)).expect("a valid command");
    assert_eq!(drain(&mut worker, &mut history), Ok(Ending::AllSteps));
    assert_eq!(history.rows(), 250);
    assert!(worker.shut_down());
}

#[test]
fn a_session_of_a_finished_run_goes_on_too() {
    let mut first = spawn(Fake::default(), &Options::new(100, 0.1));
    let mut history = History::new(1);
    assert_eq!(drain(&mut first, &mut history), Ok(Ending::AllSteps));
    let options = Options { paused: true, ..Options::new(100, 0.1) };
    let mut worker = Worker::resume(Box::new(Fake::default()), first.past().until(100), &options, || {})
        .expect("a thread");
    assert_eq!(drain(&mut worker, &mut history), Ok(Ending::AllSteps));
    for command in [WorkerCommand::SetSteps(130), WorkerCommand::Play] {
        worker.send(command).expect("a valid command");
    }
    assert_eq!(drain(&mut worker, &mut history), Ok(Ending::AllSteps));
    assert_eq!(history.rows(), 130);
    assert_eq!(history.value(crate::run::record::series::Series::GdLoss, 129), Some(1.0 / 130.0));
}

#[test]
fn waking_follows_every_message() {
    let (sender, woken) = crossbeam_channel::bounded(1024);
    let wake = move || sender.try_send(()).expect("room for every message");
    let mut worker =
        Worker::spawn(Box::new(Fake::default()), &Options::new(1000, 0.1), wake).expect("a thread");
    let mut messages = 0;
    while let Some(message) = worker.receive(Duration::from_secs(5)) {
        messages += 1;
        assert!(woken.recv_timeout(Duration::from_secs(5)).is_ok());
        if !matches!(message, Message::Frames(_)) {
            break;
        }
    }
    assert!(messages >= 5, "{messages}");
}

/// The next hit, with the rows that arrived before it.
fn next_hit(worker: &mut Worker, history: &mut History) -> Hit {
    let start = Instant::now();
    loop {
        if let Some(hit) = worker.try_drain(history).hits.pop() {
            return hit;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "only {} rows", history.rows());
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_breakpoint_pauses_the_run_at_its_step() {
    let engine = Fake { cycle_steps: Some(40), diverges_at: Some(60), ..Fake::default() };
    let mut worker = spawn(engine, &Options { paused: true, ..Options::new(1000, 0.1) });
    let mut history = History::new(1);
    let breakpoints = [
        Breakpoint::AtEdge { k: 1 },
        Breakpoint::LossSpike { factor: 2.0 },
        Breakpoint::Divergence,
        Breakpoint::Step(30),
        Breakpoint::Step(20),
    ];
    for breakpoint in breakpoints {
        worker.send(WorkerCommand::SetBreakpoint(breakpoint)).expect("a valid command");
    }
    worker.send(WorkerCommand::ClearBreakpoint(Breakpoint::Step(20))).expect("a valid command");
    // 2/η·(1 − 0.1 cos) is at the edge a quarter of a cycle after the start
    for (breakpoint, step) in [(breakpoints[0], 10), (breakpoints[3], 30), (breakpoints[2], 60)] {
        worker.send(WorkerCommand::Play).expect("a valid command");
        let hit = next_hit(&mut worker, &mut history);
        assert_eq!((hit.breakpoint, hit.step, history.rows()), (breakpoint, step, step + 1));
        std::thread::sleep(Duration::from_millis(40));
        assert_eq!(worker.try_drain(&mut history).rows, 0, "it waits");
        assert!(hit.to_string().starts_with(&format!("Paused at step {step}: ")), "{hit}");
    }
    let refused =
        worker.send(WorkerCommand::SetBreakpoint(Breakpoint::AtEdge { k: 0 })).expect_err("no eigenvalue");
    assert!(refused.to_string().contains("count from 1"), "{refused}");
}
