//! Runs that diverge, either gradient descent alone or all processes: weight space, predictions and spectrum report
//! it in words.
#![expect(clippy::unwrap_used, reason = "a test")]

use crate::texts::texts;
use brink::picture::panel::panel_ui;
use brink::picture::scene::landscape::of_landscape;
use brink::picture::scene::of_view::of_view;
use brink::picture::view::panel::Panel;
use brink::picture::view::run_view::RunView;
use brink::picture::view::scene::Scene;
use brink::picture::view::scene_view::SceneChange;
use brink::picture::view::{Facts, ViewState};
use brink::preset::Preset;
use brink::run::analysis::curves::Curves;
use brink::run::engine::Engine;
use brink::run::engine::assemble::assemble;
use brink::run::engine::course::Course;
use brink::run::engine::memory::Shelf;
use brink::run::engine::past::Past;
use brink::run::engine::problem::Sources;
use brink::run::live::replay::{Replay, Reply};
use brink::run::live::spectra::{FoundSpectra, Spectra};
use brink::run::record::history::History;
use brink_core::dynamics::Process;
use brink_core::space::look::SurveyRequest;
use brink_core::space::{Axis, Budget, PROCESSES, Row, Survey, Trail};
use egui::vec2;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A run with all data that the panels read.
struct Run {
    preset: Preset,
    engine: Box<dyn Engine>,
    trail: Trail,
    history: History,
    past: Arc<Past>,
}

impl Run {
    fn new(name: &str, sets: &[&str], steps: usize) -> Self {
        let mut preset = Preset::load(name).unwrap();
        for set in sets {
            preset.set(set).unwrap();
        }
        let eta = preset.optimizer.eta;
        let mut engine = assemble(&preset, &Sources::default()).unwrap();
        let checkpoint = Arc::new(engine.checkpoint());
        let mut history = History::new(preset.eigen.max_tracked);
        if let Some(examples) = engine.examples() {
            history.watch(examples);
        }
        let mut trail = Trail::new(Budget::default());
        for _ in 0..steps {
            let before = PROCESSES.map(|process| engine.weights(process));
            let record = engine.step(eta);
            trail.push(Row::of_step(&before, &record));
            history.push(&record);
        }
        let past = Arc::new(Past::of(Course::new(eta), vec![checkpoint], steps, &Shelf::new(usize::MAX)));
        Self { preset, engine, trail, history, past }
    }

    /// The first step at which a process no longer exists.
    fn gone(&self, process: Process) -> Option<usize> {
        let place = PROCESSES.iter().position(|&other| other == process).unwrap();
        (0..self.history.rows()).find(|&step| self.trail.row(step).is_none_or(|row| !row.has(place)))
    }

    fn scene(&mut self, step: usize) -> Scene {
        if self.preset.landscape.is_some() {
            return of_landscape(&self.preset, &self.history, step).unwrap();
        }
        let (eta, axes) = (self.preset.optimizer.eta, vec![Axis::Eigenvector(0), Axis::Drift]);
        let request = SurveyRequest { step, eta, axes, most: 600, rows: Vec::new(), earlier: None };
        let mut look = Survey::new(request, &self.trail).unwrap();
        while !look.done() {
            let until = Instant::now() + Duration::from_millis(50);
            look.advance(self.engine.probe().as_mut(), &self.trail, until, &|| false);
        }
        of_view(look.view(), &self.history)
    }

    fn spectra(&self, step: usize) -> Spectra {
        let preset = self.preset.clone();
        let make = move || Ok(assemble(&preset, &Sources::default()).unwrap());
        let replay = Replay::spawn(Arc::clone(&self.past), Box::new(make), || ()).unwrap();
        match replay.ask(step, |moment| FoundSpectra::at(moment, &mut |_| ())).wait() {
            Reply::Ready(Ok(Ok(found))) => Spectra { found: Some(found), ..Spectra::default() },
            Reply::Ready(Ok(Err(error))) => {
                Spectra { trouble: Some(format!("Step {step}: {error}")), ..Spectra::default() }
            }
            other => panic!("{other:?}"),
        }
    }

    /// The texts of the three panels with the cursor at a step: weight space from above and as a landscape,
    /// predictions, spectrum.
    fn said(&mut self, step: usize) -> [String; 4] {
        let (scene, spectra) = (Arc::new(self.scene(step)), self.spectra(step));
        let facts = Facts::default();
        let said = |panel: Panel, flat: bool| {
            let mut state = ViewState { cursor: Some(step), ..ViewState::default() };
            state.scene.apply(SceneChange::SetFlat(flat));
            let mut curves = Curves::default();
            let predictions = self.history.predictions();
            curves.follow(predictions.map(|found| state.prediction.output(found.examples())));
            curves.update(&self.history, state.smoothing_steps, usize::MAX);
            let still = RunView::still(&self.history, &curves, &facts, &state);
            let view = RunView { scene: Some(&scene), spectra: Some(&spectra), controls: true, ..still };
            let texts = texts(vec2(640.0, 400.0), |ui| panel_ui(ui, panel, &view, &mut Vec::new()));
            texts.into_iter().map(|(text, ..)| text).collect::<Vec<_>>().join("|")
        };
        [
            (Panel::WeightSpace, true),
            (Panel::WeightSpace, false),
            (Panel::Predictions, true),
            (Panel::Spectrum, true),
        ]
        .map(|(panel, flat)| said(panel, flat))
    }
}

#[test]
fn a_parabola_on_which_descent_blows_up_stays_in_the_picture() {
    let run = Run::new("parabola", &["optimizer.eta=0.137"], 40);
    let gone = run.history.divergence(Process::GradientDescent).unwrap();
    assert!((2..40).contains(&gone), "{gone}");
    let (curves, facts) = (Curves::of(&run.history, 0.0), Facts::default());
    for step in [gone - 1, gone, 39] {
        let state = ViewState { cursor: Some(step), ..ViewState::default() };
        let view = RunView::still(&run.history, &curves, &facts, &state);
        let texts = texts(vec2(640.0, 400.0), |ui| panel_ui(ui, Panel::Parabola, &view, &mut Vec::new()));
        let said = texts.into_iter().map(|(text, ..)| text).collect::<Vec<_>>().join("|");
        assert!(said.contains("curvature λ₁ = 22") && said.contains("curvature λ₂ = 18"), "{step}: {said}");
    }
}

const SMALL: [&str; 3] = ["model.width=8", "data.n=60", "run.precision=f64"];

#[test]
fn gradient_descent_that_blows_up_alone_is_said_to_end_and_the_flows_are_drawn() {
    let mut run = Run::new("digits-mlp", &[&SMALL[..], &["optimizer.eta=4"]].concat(), 60);
    let gone = run.gone(Process::GradientDescent).expect("it blows up");
    assert!((2..50).contains(&gone), "{gone}");
    assert_eq!(run.gone(Process::GradientFlow), None);
    let ends = format!("gradient descent ends at step {}", gone - 1);
    for step in [gone + 3, 59] {
        let [flat, turned, predictions, spectrum] = run.said(step);
        for said in [flat, turned] {
            assert!(said.contains(&ends) && said.contains("gradient flow"), "{step}: {said}");
        }
        assert!(predictions.contains(&ends), "{step}: {predictions}");
        assert!(spectrum.contains(&ends), "{step}: {spectrum}");
    }
    // just before the divergence, and during it
    for step in [0, gone - 2, gone - 1, gone] {
        let [flat, ..] = run.said(step);
        assert!(flat.contains(&ends), "{step}: {flat}");
    }
}

#[test]
fn where_everything_has_blown_up_there_is_nothing_to_look_at_and_it_is_said() {
    let sets = [&SMALL[..], &["optimizer.eta=4", "run.processes=[\"gd\"]"]].concat();
    let mut run = Run::new("digits-mlp", &sets, 60);
    let gone = run.gone(Process::GradientDescent).expect("it blows up");
    let ends = format!("gradient descent ends at step {}", gone - 1);
    let [flat, turned, predictions, spectrum] = run.said(gone + 3);
    for said in [flat, turned] {
        assert!(said.contains(&ends) && said.contains("choose an earlier step"), "{said}");
    }
    assert!(predictions.contains(&ends), "{predictions}");
    assert!(spectrum.contains(&ends) && spectrum.contains("no weights to take the Hessian at"), "{spectrum}");
    for step in [0, gone - 2, gone - 1, gone] {
        run.said(step);
    }
}

#[test]
fn on_a_landscape_it_is_the_same() {
    // one step across the valley, and each wall is higher than the one before
    let sets = ["landscape.start=[3.0, 1.0]", "run.processes=[\"gd\", \"gf\"]"];
    let mut run = Run::new("valley", &sets, 60);
    let gone = run.gone(Process::GradientDescent).expect("it blows up");
    assert!(run.gone(Process::GradientFlow).is_none() && gone < 40, "{gone}");
    let ends = format!("gradient descent ends at step {}", gone - 1);
    let [flat, turned, predictions, spectrum] = run.said(gone + 3);
    assert!(flat.contains(&ends) && turned.contains(&ends), "{flat}, {turned}");
    assert!(predictions.contains("this loss is a formula"), "{predictions}");
    assert!(spectrum.contains(&ends), "{spectrum}");
    run.said(gone);

    let mut bowl = Run::new("parabola", &[], 200);
    let gone = bowl.gone(Process::GradientDescent).expect("it grows by a fifth a step");
    let ends = format!("gradient descent ends at step {}", gone - 1);
    let [flat, turned, _, spectrum] = bowl.said(199);
    assert!(flat.contains(&ends) && turned.contains(&ends) && spectrum.contains(&ends), "{flat}, {spectrum}");
}
