//! Surveys of a run as it trains, rests and ends, on its threads.

use super::*;
use crate::run::engine::Engine;
use crate::run::engine::fake::Fake;
use crate::run::engine::memory::Shelf;
use crate::run::live::worker::Options;
use crate::run::record::history::History;
use brink_core::dynamics::Process;
use brink_core::space::Budget;
use std::sync::atomic::Ordering;

struct Setup {
    worker: Worker,
    history: History,
    lookout: SurveyClient,
}

impl Setup {
    fn new(engine: Fake, options: &Options) -> Self {
        let worker = Worker::spawn(Box::new(engine.clone()), options, || {}).expect("a thread");
        let make = Box::new(move || Ok(Box::new(engine.clone()) as Box<dyn crate::run::engine::Engine>));
        let lookout = SurveyClient::new(Arc::clone(worker.past()), make, || {});
        Self { worker, history: History::new(1), lookout }
    }

    fn wait(&mut self, wish: Option<&Wish>, mut done: impl FnMut(&Self) -> bool) {
        let start = Instant::now();
        loop {
            self.worker.try_drain(&mut self.history);
            self.lookout.update(&mut self.worker, wish.cloned(), Instant::now()).expect("no failure");
            if done(self) {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "{:?}", self.lookout.view());
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn wish(step: usize) -> Wish {
    Wish { step, follows: false, axes: vec![Axis::Eigenvector(0), Axis::Eigenvector(1)] }
}

fn complete(step: usize) -> impl Fn(&Setup) -> bool {
    move |setup| setup.lookout.view().is_some_and(|view| view.step == step && view.progress == 1.0)
}

#[test]
fn a_run_is_looked_at_while_it_trains_while_it_rests_and_after_its_end() {
    let options = Options { trail: Some(Budget::default()), ..Options::new(3000, 0.1) };
    let mut setup = Setup::new(Fake { step_time: Duration::from_micros(300), ..Fake::default() }, &options);
    setup.wait(None, |setup| setup.history.rows() > 100);
    setup.wait(Some(&wish(50)), complete(50));
    assert!(setup.history.rows() < 3000, "it trains all the while");
    let view = setup.lookout.view().expect("a view");
    // the fake engine's weights are its step, twice; its loss is ½‖w‖²
    let surface = view.surface.as_ref().expect("losses");
    let [x, y] = surface.node(3, 5);
    let loss = 0.5 * ((50.0 + x).powi(2) + (50.0 + y).powi(2));
    assert!((f64::from(surface.at(3, 5)) - loss).abs() < 1e-4 * loss);
    assert_eq!(view.paths[0].points[60], [10.0, 10.0, 0.0]);

    setup.worker.send(WorkerCommand::Pause).expect("a valid command");
    setup.wait(Some(&wish(70)), complete(70));
    setup.worker.send(WorkerCommand::Play).expect("a valid command");
    setup.wait(None, |setup| setup.worker.ended());
    setup.wait(Some(&wish(2990)), complete(2990));
    setup.wait(Some(&wish(10)), complete(10));
    assert!(setup.worker.shut_down(), "the thread goes when it is let go");
}

#[test]
fn steps_that_are_no_longer_kept_are_computed_again() {
    let budget = Budget { rows: 320, ..Budget::default() };
    let options = Options { trail: Some(budget), ..Options::new(2000, 0.1) };
    let mut setup = Setup::new(Fake::default(), &options);
    setup.wait(None, |setup| setup.worker.ended());
    setup.wait(Some(&wish(1000)), |setup| {
        complete(1000)(setup) && setup.lookout.view().is_some_and(|view| view.captured.is_some())
    });
    // far from the end there were no exact points except the recomputed ones
    let view = setup.lookout.view().expect("a view");
    assert!(view.captured.expect("displacements") > 0.99);
}

/// A run that was resumed at step 200, and the function that creates the engine that repeats its first steps.
fn taken_up(make: Box<Make>) -> (Worker, SurveyClient) {
    let checkpoints = [0, 130].map(|step| Arc::new(Fake { step, ..Fake::default() }.checkpoint()));
    let past = Past::of(Course::new(0.1), checkpoints.to_vec(), 200, &Shelf::new(usize::MAX));
    let options = Options { trail: Some(Budget::default()), ..Options::new(260, 0.1) };
    let worker = Worker::resume(Box::new(Fake::default()), past, &options, || {}).expect("a thread");
    let lookout = SurveyClient::new(Arc::clone(worker.past()), make, || {});
    (worker, lookout)
}

#[test]
fn earlier_steps_that_cannot_be_taken_once_more_are_said_once() {
    let (mut worker, mut lookout) = taken_up(Box::new(|| Err("the data are gone".to_owned())));
    let begun = Instant::now();
    let mut said = Vec::new();
    while lookout.catching_up().is_some() {
        assert!(begun.elapsed() < Duration::from_secs(10), "{said:?}");
        said.extend(lookout.update(&mut worker, Some(wish(250)), Instant::now()).err());
        std::thread::sleep(Duration::from_millis(1));
    }
    // the requested survey may fail for the same reason
    let of_paths: Vec<&String> = said.iter().filter(|text| text.contains("before 200")).collect();
    assert!(matches!(of_paths[..], [text] if text.contains("the data are gone")), "{said:?}");
}

#[test]
fn a_run_that_was_taken_up_again_has_its_earlier_paths_too() {
    let make = Box::new(move || Ok(Box::new(Fake::default()) as Box<dyn crate::run::engine::Engine>));
    let (worker, lookout) = taken_up(make);
    assert!(lookout.catching_up().is_some_and(|[done, all]| done == 0 && all >= 200));
    let (mut history, mut before) = (History::new(1), Fake::default());
    (0..200).for_each(|_| history.push(&before.step(0.1)));
    let mut setup = Setup { worker, history, lookout };
    setup.wait(None, |setup| setup.worker.ended());
    assert!(setup.lookout.catching_up().is_some_and(|[done, _]| done == 0), "nobody looks");
    let whole = |setup: &Setup| {
        setup.lookout.catching_up().is_none()
            && setup.lookout.view().is_some_and(|view| view.progress == 1.0 && view.paths[0].first_step == 0)
    };
    setup.wait(Some(&wish(250)), whole);
    let view = setup.lookout.view().expect("a view");
    assert!(view.notes.iter().all(|note| !note.contains("begin")), "{:?}", view.notes);
    let path = view.paths.iter().find(|path| path.process == Process::GradientDescent).expect("a path");
    assert_eq!((path.points.len(), path.first_step, path.stride), (260, 0, 1));
    for (step, point) in path.points.iter().enumerate() {
        assert_eq!(point[0], step as f32 - 250.0);
    }
}

#[test]
fn a_moved_cursor_cancels_what_is_under_way_at_once() {
    let options = Options { trail: Some(Budget::default()), ..Options::new(200, 0.1) };
    let mut setup = Setup::new(Fake { loss_time: Duration::from_millis(4), ..Fake::default() }, &options);
    setup.wait(None, |setup| setup.worker.ended());
    setup.wait(Some(&wish(50)), |setup| setup.lookout.view().is_some());
    let progress = setup.lookout.view().expect("a view").progress;
    assert!(progress < 1.0, "4,225 losses take 17 s");
    // the next request is answered although the first would have taken this long
    let begun = Instant::now();
    setup.wait(Some(&wish(60)), |setup| setup.lookout.view().is_some_and(|view| view.step == 60));
    assert!(begun.elapsed() < REST + Duration::from_millis(250), "{:?}", begun.elapsed());
}

#[test]
fn no_loss_is_evaluated_50_ms_after_the_cursor_has_moved() {
    let losses = Arc::default();
    let options = Options { trail: Some(Budget::default()), ..Options::new(1_000_000, 0.1) };
    let (step_time, loss_time) = (Duration::from_millis(2), Duration::from_millis(4));
    let engine = Fake { step_time, loss_time, losses: Arc::clone(&losses), ..Fake::default() };
    let mut setup = Setup::new(engine, &options);
    setup.wait(None, |setup| setup.history.rows() > 60);
    for command in [WorkerCommand::Play, WorkerCommand::Pause] {
        setup.worker.send(command).expect("a valid command");
        setup.wait(Some(&wish(50)), |setup| setup.lookout.view().is_some_and(|view| view.step == 50));
        let moved = wish(40);
        setup.lookout.update(&mut setup.worker, Some(moved), Instant::now()).expect("no failure");
        std::thread::sleep(Duration::from_millis(50));
        let evaluated = losses.load(Ordering::Relaxed);
        assert!(evaluated > 0, "there was something to cancel");
        std::thread::sleep(Duration::from_millis(60));
        assert_eq!(losses.load(Ordering::Relaxed), evaluated);
    }
}

#[test]
fn products_away_from_the_weights_are_stopped_within_50_ms() {
    // the axes of one eigenvector and ∇S need two products of half a second, the first sharpness a third
    let parts = Arc::<std::sync::atomic::AtomicUsize>::default();
    let options = Options { trail: Some(Budget::default()), ..Options::new(100, 0.1) };
    let product_time = Duration::from_millis(480);
    let engine = Fake { product_time, parts: Arc::clone(&parts), ..Fake::default() };
    let mut setup = Setup::new(engine, &options);
    setup.wait(None, |setup| setup.worker.ended());
    let at = |step: usize| Wish { axes: vec![Axis::Eigenvector(0), Axis::SharpnessGradient], ..wish(step) };
    let stages = [("eigenvectors", 3..16), ("∇S", 19..32), ("sharpness", 35..usize::MAX)];
    for (i, (stage, under_way)) in stages.into_iter().enumerate() {
        parts.store(0, Ordering::Relaxed);
        let step = 40 + 10 * i;
        setup.wait(Some(&at(step)), |_| under_way.contains(&parts.load(Ordering::Relaxed)));
        // the cursor moves; in the last stage the panel is closed, since a second has passed and a new survey would
        // begin at once
        let moved = (stage != "sharpness").then(|| at(step + 5));
        setup.lookout.update(&mut setup.worker, moved, Instant::now()).expect("no failure");
        std::thread::sleep(Duration::from_millis(50));
        let taken = parts.load(Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(60));
        assert_eq!(parts.load(Ordering::Relaxed), taken, "{stage}: parts of 30 ms went on");
        setup.wait(None, |_| true);
    }
}

#[test]
fn all_kept_steps_are_exact_and_at_least_500_of_the_digits_mlp() {
    let options = Options { trail: Some(Budget::default()), ..Options::new(1200, 0.1) };
    let mut setup = Setup::new(Fake { weights: Some(3466), ..Fake::default() }, &options);
    setup.wait(None, |setup| setup.worker.ended());
    for step in [1199, 600, 3] {
        setup.wait(Some(&wish(step)), |setup| {
            setup.lookout.view().is_some_and(|view| view.step == step && !view.paths.is_empty())
        });
        let view = setup.lookout.view().expect("a view");
        for process in [Process::GradientDescent, Process::CentralFlow] {
            let exact = view.paths.iter().filter(|path| path.process == process).map(|path| path.exact.len());
            assert!(exact.sum::<usize>() >= 500, "at step {step}");
        }
    }
}

#[test]
fn a_followed_run_is_looked_at_anew_about_once_a_second() {
    let options = Options { trail: Some(Budget::default()), ..Options::new(100_000, 0.1) };
    let mut setup = Setup::new(Fake { step_time: Duration::from_millis(1), ..Fake::default() }, &options);
    let start = Instant::now();
    let mut steps = Vec::new();
    while start.elapsed() < Duration::from_millis(2600) {
        setup.worker.try_drain(&mut setup.history);
        let newest = setup.history.rows().checked_sub(1);
        let followed = newest.map(|step| Wish { follows: true, ..wish(step) });
        setup.lookout.update(&mut setup.worker, followed, Instant::now()).expect("no failure");
        if let Some(view) = setup.lookout.view()
            && steps.last() != Some(&view.step)
        {
            steps.push(view.step);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!((2..=4).contains(&steps.len()), "{steps:?}");
}
