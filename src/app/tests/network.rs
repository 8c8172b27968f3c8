//! Predictions and spectrum: their keys, their buttons, and the spectrum at the cursor.

use super::scene::by_letters;
use super::*;
use crate::picture::view::choice::Choice;
use crate::run::record::predictions::{Example, ExampleKind, ExamplePicture, Examples, Input};
use std::sync::Arc;

/// Two pictures of three classes.
pub(super) fn examples() -> Arc<Examples> {
    let example = |index: usize| Example {
        index,
        input: Input::Picture(ExamplePicture { width: 2, height: 2, pixels: vec![[9, 99, 199]; 4] }),
        labels: vec![Some(1)],
        targets: vec![Some(0.0), Some(1.0), Some(0.0)],
    };
    let list = vec![example(4), example(7)];
    Arc::new(Examples { list, rows: 1, columns: 3, kind: ExampleKind::Values, binary: false })
}

/// A paused window that shows both panels.
fn paused() -> Window {
    let engine = Fake { step_time: Duration::from_millis(1), examples: Some(examples()), ..Fake::default() };
    let mut window = sized(engine, Vec2::new(1280.0, 900.0));
    lab(&mut window).apply(Command::Arrange(Arrangement::Network));
    until(&mut window, "rows", |model| model.runs.first.history.rows() > 20);
    pause(&mut window);
    window
}

#[test]
fn examples_and_outputs_are_chosen_by_buttons_and_keys() {
    let mut window = paused();
    let shown = |window: &Window| {
        let model = model(window);
        let found = model.runs.first.history.predictions().expect("recorded");
        let output = model.view.plots.prediction.output(found.examples());
        (output.example, output.column)
    };
    assert_eq!(shown(&window), (0, 1), "the right class first");
    press(&mut window, "Next example");
    assert_eq!(shown(&window), (1, 1));
    press(&mut window, "Next output");
    assert_eq!(shown(&window), (1, 2));
    press(&mut window, "Previous output");
    press(&mut window, "Previous example");
    assert_eq!(shown(&window), (0, 1));
    window.key_press(Key::J);
    window.run_steps(3);
    assert_eq!(shown(&window), (1, 1));
    window.key_press(Key::Y);
    window.run_steps(3);
    assert_eq!(shown(&window), (1, 2));
    window.key_press_modifiers(egui::Modifiers::SHIFT, Key::J);
    window.run_steps(3);
    assert_eq!(shown(&window), (0, 1), "another example shows its right class");
    assert_eq!(model(&window).view.plots.prediction, Choice::default());
    window.get_by_label("picture of training example 4");

    press(&mut window, "Examples");
    window.get_by_role_and_label(Role::RadioButton, "training example 7 (2 of 2) · label 1").click();
    window.run_steps(3);
    assert_eq!(shown(&window), (1, 1));
    window.key_press(Key::Escape);
    window.run_steps(3);
    by_letters(&mut window, "predictions: training example 4");
    assert_eq!(shown(&window), (0, 1));
}

#[test]
fn the_spectrum_is_that_of_the_newest_step_and_then_of_the_cursors() {
    let mut window = paused();
    let newest = rows(&window) - 1;
    let step = |model: &Model| model.runs.first.spectra.found.as_ref().map(|found| found.step);
    until(&mut window, "the newest step's spectrum", |model| step(model) == Some(newest));
    press(&mut window, "First step");
    until(&mut window, "the first step's spectrum", |model| step(model) == Some(0));
    lab(&mut window).apply(Command::View(crate::picture::view::ViewChange::PlaceCursor(Some(7))));
    until(&mut window, "the seventh step's spectrum", |model| step(model) == Some(7));
    let found = model(&window).runs.first.spectra.found.clone().expect("just found");
    let values: Vec<f64> =
        found.gradient_descent.expect("runs").atoms.iter().map(|atom| atom.value).collect();
    assert_eq!(values, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    assert_eq!(model(&window).runs.first.spectra.progress, None);
    press(&mut window, "Play");
    window.key_press(Key::End);
    until(&mut window, "a spectrum while it trains", |model| step(model).is_some_and(|step| step > newest));
}
