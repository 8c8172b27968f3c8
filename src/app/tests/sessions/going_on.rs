//! Runs that go on: with more steps, with their forks from a file; forks that fail; and the memory that all share.

use super::*;
use crate::app::state::runs::Compared;
use crate::picture::view::scene_view::Layer;
use crate::run::engine::breakpoint::Breakpoint;
use crate::run::engine::memory::Memory;
use crate::run::live::fork::Fork;
use crate::run::live::message::{Ending, WorkerCommand};
use brink_core::space::axis::Axis as AxisChoice;

/// A paused window with rows, a fork at step 20 and a fork of it at step 30.
fn forked() -> Window {
    let mut window = paused(40);
    for (parent, step, eta) in [(None, 20, 0.25), (Some(0), 30, 0.2)] {
        lab(&mut window).apply(Command::View(ViewChange::PlaceCursor(Some(step))));
        until(&mut window, "rows to leave", |model| {
            model.runs.forks.list().iter().all(|fork| fork.history.rows() > 30)
        });
        lab(&mut window).apply(Command::Edit(FormEdit::Fork(ForkForm { parent, eta })));
        lab(&mut window).apply(Command::Fork);
        let id = model(&window).runs.forks.list().last().expect("a fork").id;
        lab(&mut window).fleet.forks.send_to(id, WorkerCommand::Play).expect("a valid command");
        until(&mut window, "rows of the fork", |model| {
            model.runs.forks.list().last().is_some_and(|fork| fork.history.rows() > 60)
        });
    }
    let lab = lab(&mut window);
    lab.fleet.forks.send(&mut lab.model.runs.forks, &WorkerCommand::Pause);
    std::thread::sleep(Duration::from_millis(60));
    window.run_steps(3);
    window
}

/// What a fork is.
fn said(fork: &Fork) -> (Option<usize>, usize, usize, String) {
    (fork.parent, fork.step, fork.history.rows(), fork.label())
}

#[test]
fn forks_and_the_view_come_back_from_a_file_and_go_on() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("forks.brink");
    let mut window = forked();
    let hit = crate::run::engine::breakpoint::Hit {
        breakpoint: Breakpoint::Divergence,
        step: 7,
        reason: "it did".into(),
    };
    lab(&mut window).model.runs.first.hits.push(hit.clone());
    for change in [
        ViewChange::SetRange(Panel::Loss, Some([0.25, 0.5])),
        ViewChange::Scene(SceneChange::SetFlat(false)),
        ViewChange::Scene(SceneChange::Turn([0.7, 0.1])),
        ViewChange::Scene(SceneChange::SetAxis(1, AxisChoice::Principal(1))),
        ViewChange::Scene(SceneChange::Toggle(Layer::Contours)),
        ViewChange::PlaceCursor(Some(33)),
    ] {
        lab(&mut window).apply(Command::View(change));
    }
    lab(&mut window).apply(Command::ToggleCentralFlow);
    form(&mut window, &path);
    press(&mut window, "Save session");
    until(&mut window, "the file", |model| model.forms.session.known);
    let was: Vec<_> = model(&window).runs.forks.list().iter().map(said).collect();
    let view = model(&window).view.plots.clone();
    assert_eq!((was.len(), was[1].0), (2, Some(0)));

    let mut window = open();
    form(&mut window, &path);
    press(&mut window, "Open session");
    until(&mut window, "the session", |model| model.forms.session.known);
    let is: Vec<_> = model(&window).runs.forks.list().iter().map(said).collect();
    assert_eq!(is, was);
    let shown = &model(&window).view.plots;
    assert_eq!((shown.cursor, &shown.ranges), (Some(33), &view.ranges));
    assert!(!shown.show_central_flow);
    assert_eq!(
        (shown.scene.flat, shown.scene.orbit, shown.scene.axes),
        (view.scene.flat, view.scene.orbit, view.scene.axes)
    );
    assert!(!shown.scene.shows(Layer::Contours) && shown.scene.shows(Layer::Loss));
    assert_eq!(model(&window).runs.first.hits, [hit]);
    assert_eq!(model(&window).forms.fork.parent, Some(0), "the fork that was steered");
    press(&mut window, "Play");
    until(&mut window, "more rows of all", |model| {
        model.runs.forks.list().iter().zip(&was).all(|(fork, was)| fork.history.rows() > was.2 + 5)
    });
    for (fork, (eta, before)) in model(&window).runs.forks.list().iter().zip([(0.25, 0.25), (0.2, 0.25)]) {
        let value = |series, row| fork.history.value(series, row);
        assert_eq!(value(Series::Eta, fork.step), Some(eta));
        assert_eq!(value(Series::Eta, 25), Some(before));
        for row in 0..fork.history.rows() {
            assert_eq!(value(Series::GdLoss, row), Some(1.0 / (1.0 + row as f64)), "row {row}");
        }
    }
}

#[test]
fn an_autosave_keeps_the_forks() {
    let directory = tempfile::tempdir().expect("a directory");
    let start = || {
        let engine = Fake { step_time: Duration::from_millis(1), ..Fake::default() };
        let autosave = Some((directory.path().to_path_buf(), Duration::from_millis(100)));
        built(engine, Vec2::new(1280.0, 800.0), Opening::default(), None, autosave)
    };
    let mut window = start();
    until(&mut window, "rows", |model| model.runs.first.history.rows() > 30);
    lab(&mut window).apply(Command::View(ViewChange::PlaceCursor(Some(10))));
    lab(&mut window).apply(Command::Edit(FormEdit::Fork(ForkForm { parent: None, eta: 0.25 })));
    lab(&mut window).apply(Command::Fork);
    until(&mut window, "rows of the fork", |model| model.runs.forks.list()[0].history.rows() > 400);
    lab(&mut window).abandon();
    drop(window);
    let mut window = start();
    press(&mut window, "Open");
    until(&mut window, "the run", |model| model.runs.unfinished.is_empty());
    let forks = model(&window).runs.forks.list();
    assert_eq!(forks.len(), 1);
    assert!(forks[0].step == 10 && forks[0].history.rows() > 40 && forks[0].eta() == 0.25);
}

/// Lets a paused run come to its end, `more` steps from where it is.
fn finish(window: &mut Window, more: usize) -> usize {
    let steps = rows(window) + more;
    lab(window).apply(Command::TrainTo(steps));
    press(window, "Play");
    until(window, "the end", |model| model.runs.first.phase == RunPhase::Ended(Ending::AllSteps));
    assert_eq!(rows(window), steps);
    window.run_steps(2);
    steps
}

#[test]
fn a_run_that_has_ended_goes_on_with_more_steps() {
    let mut window = paused(20);
    let own = model(&window).current().run.steps;
    let steps = finish(&mut window, 30);
    lab(&mut window).apply(Command::View(ViewChange::PlaceCursor(Some(10))));
    window.run_steps(2);
    press(&mut window, "More steps");
    assert_eq!(model(&window).runs.first.phase, RunPhase::Training);
    assert_eq!(model(&window).current().run.steps, steps + own);
    until(&mut window, "more rows", |model| model.runs.first.history.rows() > steps + 5);
    assert_eq!(
        model(&window).runs.first.history.value(Series::GdLoss, steps),
        Some(1.0 / (1.0 + steps as f64))
    );
    // while it trains, the end moves
    key(&mut window, Key::M);
    assert_eq!(model(&window).current().run.steps, steps + 2 * own);
    assert_eq!(model(&window).runs.first.phase, RunPhase::Training);
    // and where nothing can be done, that is said
    lab(&mut window).apply(Command::TrainTo(3));
    assert!(model(&window).banners.iter().any(|banner| banner.text.contains("are taken already")));
}

#[test]
fn a_fork_of_a_finished_run_goes_on_and_is_paused() {
    let mut window = paused(20);
    let steps = finish(&mut window, 900);
    lab(&mut window).apply(Command::View(ViewChange::PlaceCursor(Some(10))));
    lab(&mut window).apply(Command::Edit(FormEdit::Fork(ForkForm { parent: None, eta: 0.25 })));
    lab(&mut window).apply(Command::Fork);
    let forked = |window: &Window| model(window).runs.forks.list()[0].history.rows();
    until(&mut window, "rows of the fork", |model| model.runs.forks.list()[0].history.rows() > 30);
    pause(&mut window);
    let count = forked(&window);
    assert!(count < steps, "it rests before its end");
    std::thread::sleep(Duration::from_millis(60));
    window.run_steps(3);
    assert_eq!(forked(&window), count);
    press(&mut window, "Newest step");
    press(&mut window, "Step");
    until(&mut window, "one more row", |model| model.runs.forks.list()[0].history.rows() == count + 1);
    key(&mut window, Key::Space);
    until(&mut window, "its end", |model| model.runs.forks.list()[0].end == Some(Ok(Ending::AllSteps)));
    assert_eq!((forked(&window), rows(&window)), (steps, steps));
}

#[test]
fn a_finished_session_goes_on_with_its_forks() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("finished.brink");
    let mut window = forked();
    lab(&mut window).apply(Command::Edit(FormEdit::Fork(ForkForm { parent: None, eta: 0.25 })));
    let steps = finish(&mut window, 100);
    until(&mut window, "the ends of the forks", |model| {
        model.runs.forks.list().iter().all(|fork| fork.end == Some(Ok(Ending::AllSteps)))
    });
    form(&mut window, &path);
    press(&mut window, "Save session");
    until(&mut window, "the file", |model| model.forms.session.known);
    let mut window = open();
    form(&mut window, &path);
    press(&mut window, "Open session");
    until(&mut window, "the session", |model| model.runs.first.phase == RunPhase::Ended(Ending::AllSteps));
    until(&mut window, "the ends of the forks", |model| {
        model.runs.forks.list().iter().all(|fork| fork.end == Some(Ok(Ending::AllSteps)))
    });
    window.run_steps(2);
    key(&mut window, Key::M);
    until(&mut window, "more rows of all", |model| {
        model.runs.first.history.rows() > steps + 5
            && model
                .runs
                .forks
                .list()
                .iter()
                .all(|fork| fork.history.rows() > steps + 5 && fork.end.is_none())
    });
    let banners = &model(&window).banners;
    assert!(banners.is_empty(), "{banners:?}");
}

#[test]
fn a_fork_that_fails_or_has_no_numbers_is_named_with_the_reason() {
    let engine = Fake {
        step_time: Duration::from_millis(1),
        gap_at: Some(300),
        panics_at: Some(330),
        ..Fake::default()
    };
    let mut window = sized(engine, Vec2::new(1280.0, 800.0));
    until(&mut window, "rows", |model| model.runs.first.history.rows() > 40);
    pause(&mut window);
    lab(&mut window).apply(Command::View(ViewChange::PlaceCursor(Some(30))));
    lab(&mut window).apply(Command::Edit(FormEdit::Fork(ForkForm { parent: None, eta: 0.25 })));
    lab(&mut window).apply(Command::Fork);
    let id = model(&window).runs.forks.list()[0].id;
    lab(&mut window).fleet.forks.send_to(id, WorkerCommand::Play).expect("a valid command");
    let has = |model: &Model, texts: [&str; 2]| {
        model.banners.iter().any(|banner| texts.iter().all(|text| banner.text.contains(text)))
    };
    let fork = "Fork “η = 0.25 from step 30”: ";
    until(&mut window, "the gap", |model| has(model, [fork, "gd_lambda_1 = NaN at step 300"]));
    until(&mut window, "the failure", |model| has(model, [fork, "failed at step 330: the answer"]));
    assert_eq!(model(&window).runs.first.phase, RunPhase::Paused, "the run itself rests");
}

#[test]
fn all_that_a_window_holds_keeps_to_one_budget() {
    let budget = 4 << 20;
    let mut window = paused(20);
    let lab_of = lab(&mut window);
    lab_of.fleet.memory = Memory::new(budget, 1 << 20);
    lab_of.fleet.extra = lab_of.fleet.memory.recorded.open();
    let memory = lab_of.fleet.memory.clone();
    lab_of.apply(Command::Restart);
    until(&mut window, "rows", |model| model.runs.first.history.rows() > 100);
    lab(&mut window).apply(Command::View(ViewChange::PlaceCursor(Some(50))));
    for eta in [0.1, 0.2, 0.25, 0.3] {
        lab(&mut window).apply(Command::Edit(FormEdit::Fork(ForkForm { parent: None, eta })));
        lab(&mut window).apply(Command::Fork);
    }
    let held = |model: &Model| {
        let forks: usize = model.runs.forks.list().iter().map(|fork| fork.history.heap_bytes()).sum();
        model.runs.first.history.heap_bytes() + forks + model.extra_bytes()
    };
    until(&mut window, "rows of all", |model| {
        model.runs.forks.list().iter().all(|fork| fork.history.rows() > 200)
    });
    assert!(held(model(&window)) <= memory.recorded.used() + 65_536, "less is counted than held");
    // a window that is already full: what is compared has no room, and every run says that it has ended
    let saved = model(&window).runs.first.history.clone();
    let rest = memory.recorded.open();
    rest.take(memory.recorded.left());
    let full = |ending: &Ending| matches!(ending, Ending::MemoryBudget { .. });
    until(&mut window, "the end of all", |model| {
        matches!(&model.runs.first.phase, RunPhase::Ended(ending) if full(ending))
            && model
                .runs
                .forks
                .list()
                .iter()
                .all(|fork| matches!(&fork.end, Some(Ok(ending)) if full(ending)))
    });
    assert!(model(&window).banners.iter().any(|banner| banner.text.contains("Fork “η")));
    let mut left = memory.recorded.left();
    let refused = lab(&mut window).compare(Compared::new("more".into(), saved), &mut left);
    let refused = refused.expect_err("no room");
    assert!(refused.contains("of the 4 MiB for recorded steps are left"), "{refused}");
    // with room again, they go on
    drop(rest);
    let ids: Vec<usize> = model(&window).runs.forks.list().iter().map(|fork| fork.id).collect();
    for id in ids {
        lab(&mut window).apply(Command::CloseFork(id));
    }
    let count = rows(&window);
    press(&mut window, "More steps");
    until(&mut window, "more rows", |model| model.runs.first.history.rows() > count);
}

#[test]
fn a_saved_run_is_compared_with_its_forks() {
    let mut window = forked();
    let session = lab(&mut window).session(1 << 20).expect("a run");
    lab(&mut window).compare_with("before", session.clone()).expect("there is room");
    let drawn: Vec<(String, usize)> =
        model(&window).runs.compared.iter().map(|run| (run.label.clone(), run.from)).collect();
    let expected =
        [("before", 0), ("before, η = 0.25 from step 20", 20), ("before, η = 0.2 from step 30", 30)];
    assert_eq!(drawn, expected.map(|(label, from)| (label.to_owned(), from)));
    let refused = lab(&mut window).compare_with("again", session).expect_err("four at most");
    let named = "1 of 3 runs are drawn over this one, not again, η = 0.25 from step 20; again, η = 0.2 from step 30: ";
    assert!(refused.starts_with(named) && refused.contains("close one"), "{refused}");
}
