//! Recorded outputs compared with direct evaluation, and with the same steps taken again.

#![expect(clippy::unwrap_used, reason = "a test")]

use brink::preset::Preset;
use brink::run::engine::Engine;
use brink::run::engine::assemble::assemble;
use brink::run::engine::checkpoint::Checkpoint;
use brink::run::engine::problem::Sources;
use brink::run::record::history::History;
use brink::run::record::predictions::{ExampleKind, Examples, Input, PredictedOutput};
use brink::run::record::series::Series;
use brink::run::start::derivatives;
use brink_core::derivatives::Wanted;
use brink_core::dynamics::Process;
use candle_core::{Device, Tensor};
use std::collections::HashMap;

fn preset(name: &str, sets: &[&str]) -> Preset {
    let mut preset = Preset::load(name).unwrap();
    for set in sets {
        preset.set(set).unwrap();
    }
    preset
}

/// A few steps, with the weights of gradient descent and of the central flow at the start of the last one.
fn run(preset: &Preset, steps: usize) -> (Box<dyn Engine>, History, [Vec<f64>; 2], Checkpoint) {
    let mut engine = assemble(preset, &Sources::default()).unwrap();
    let mut history = History::new(preset.eigen.max_tracked);
    history.watch(engine.examples().unwrap());
    for _ in 1..steps {
        history.push(&engine.step(preset.optimizer.eta));
    }
    let processes = [Process::GradientDescent, Process::CentralFlow];
    let weights = processes.map(|process| engine.weights(process).unwrap());
    let checkpoint = engine.checkpoint();
    history.push(&engine.step(preset.optimizer.eta));
    (engine, history, weights, checkpoint)
}

/// The outputs at given weights on the first `count` examples, as `derivatives` evaluates them: on the whole training set.
fn direct(preset: &Preset, w: &[f64], count: usize) -> Vec<Vec<f64>> {
    let wanted = Wanted { outputs: Some(count), ..Wanted::default() };
    let start = derivatives::of_preset(preset, &Sources::default(), &wanted).unwrap();
    let shapes = brink_parameters(preset);
    let mut arrays = HashMap::new();
    let mut at = 0;
    for (name, shape) in start.order.iter().zip(shapes) {
        let size = shape.iter().product::<usize>();
        let tensor = Tensor::from_vec(w[at..at + size].to_vec(), shape, &Device::Cpu).unwrap();
        arrays.insert(name.clone(), tensor);
        at += size;
    }
    assert_eq!(at, w.len());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.safetensors");
    candle_core::safetensors::save(&arrays, &path).unwrap();
    derivatives::of_preset(preset, &Sources { init: Some(path) }, &wanted).unwrap().outputs
}

fn brink_parameters(preset: &Preset) -> Vec<Vec<usize>> {
    let network = preset.model.network().unwrap();
    let (shape, outputs): (&[usize], usize) =
        match preset.data.as_ref().map(|data| format!("{:?}", data.name)) {
            Some(name) if name == "Digits" => (&[1, 8, 8], 10),
            Some(name) if name == "Moons" => (&[2], 1),
            Some(name) if name == "Sorting" => {
                let data = preset.resolved().data.unwrap();
                let (length, vocabulary) = (data.length.unwrap(), data.vocabulary.unwrap());
                let shape: &'static [usize] = vec![2 * length - 1].leak();
                (shape, vocabulary)
            }
            other => panic!("{other:?}"),
        };
    network.parameters(shape, outputs).unwrap().into_iter().map(|parameter| parameter.shape).collect()
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    if let [logit] = logits {
        return vec![1.0 / (1.0 + (-logit).exp())];
    }
    let sum: f64 = logits.iter().map(|x| x.exp()).sum();
    logits.iter().map(|x| x.exp() / sum).collect()
}

/// Compares the outputs recorded at the last step with a direct evaluation at the same weights on the whole training
/// set.
fn check(preset: &Preset, steps: usize) -> Examples {
    let (_, history, weights, _) = run(preset, steps);
    let found = history.predictions().unwrap();
    let examples = found.examples().clone();
    let count = examples.list.iter().map(|example| example.index).max().unwrap() + 1;
    for (process, w) in [Process::GradientDescent, Process::CentralFlow].into_iter().zip(&weights) {
        let direct = direct(preset, w, count);
        for (place, example) in examples.list.iter().enumerate() {
            for (row, outputs) in direct[example.index].chunks_exact(examples.columns).enumerate() {
                let wanted = if examples.kind == ExampleKind::Probabilities {
                    softmax(outputs)
                } else {
                    outputs.to_vec()
                };
                let first = PredictedOutput { process, example: place, row, column: 0 };
                let found = found.row(first, steps - 1).unwrap();
                for (found, wanted) in found.iter().zip(&wanted) {
                    assert!((found - wanted).abs() <= 1e-13 * wanted.abs().max(1.0), "{found} for {wanted}");
                }
            }
        }
    }
    Examples::clone(&examples)
}

const DOUBLE: &str = "run.precision=f64";

#[test]
fn recorded_outputs_are_those_of_a_direct_evaluation() {
    let small = [DOUBLE, "model.width=8", "data.n=60"];
    let raw = check(&preset("digits-mlp", &small), 12);
    assert_eq!((raw.kind, raw.rows, raw.columns, raw.list.len()), (ExampleKind::Values, 1, 10, 10));
    let classes: Vec<_> = raw.list.iter().map(|example| example.labels[0].unwrap()).collect();
    assert_eq!(classes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let named = [&small[..], &["run.examples=[7, 2, 59]"]].concat();
    let probabilities = check(&preset("digits-ce", &named), 12);
    assert_eq!(probabilities.kind, ExampleKind::Probabilities);
    assert_eq!(probabilities.list.iter().map(|e| e.index).collect::<Vec<_>>(), [7, 2, 59]);
    let logit = check(&preset("moons", &[DOUBLE, "model.width=4", "loss.kind=ce"]), 8);
    assert!(logit.binary && logit.columns == 1);
    let sequences = check(&preset("transformer", &[DOUBLE, "data.n=20"]), 5);
    assert!(sequences.rows > 1);
    let Input::Tokens(tokens) = &sequences.list[0].input else { panic!("{:?}", sequences.list[0].input) };
    assert_eq!(tokens.len(), sequences.rows);
    for (position, label) in sequences.list[0].labels.iter().enumerate() {
        let given = position + 1 < tokens.len() && label.is_some();
        assert!(!given || *label == Some(tokens[position + 1]), "the answer is the next token");
    }
}

#[test]
fn pictures_have_the_pixels_of_the_set() {
    let engine = assemble(&preset("digits-noise", &["data.n=20"]), &Sources::default()).unwrap();
    let examples = engine.examples().unwrap();
    let Input::Picture(zero) = &examples.list[0].input else { panic!("a digit is a picture") };
    assert_eq!((zero.width, zero.height), (8, 8));
    // The first row of the first digit, a zero, of the published set: 0 0 5 13 9 1 0 0 out of 16.
    let row: Vec<u32> = zero.pixels[..8].iter().map(|pixel| u32::from(pixel[0])).collect();
    assert_eq!(row, [0, 0, 5, 13, 9, 1, 0, 0].map(|grey: u32| (grey * 255 + 8) / 16), "rounded");
    assert!(zero.pixels.iter().all(|[r, g, b]| r == g && g == b));
}

#[test]
fn the_same_steps_give_the_same_bits_again() {
    let preset = preset("digits-ce", &["model.width=8", "data.n=60"]);
    let (mut engine, history, _, checkpoint) = run(&preset, 30);
    engine.restore(&checkpoint).unwrap();
    let again = engine.step(preset.optimizer.eta);
    let found = history.predictions().unwrap();
    let examples = found.examples();
    for (process, values) in Process::ALL.into_iter().zip(&again.outputs) {
        assert_eq!(values.len(), examples.list.len() * examples.columns);
        for (i, value) in values.iter().enumerate() {
            let (example, column) = (i / examples.columns, i % examples.columns);
            let before = found.value(PredictedOutput { process, example, row: 0, column }, 29).unwrap();
            assert_eq!(before.to_bits(), value.to_bits());
        }
    }
}

#[test]
fn a_flow_answers_from_the_step_at_which_it_starts_and_there_as_gradient_descent_does() {
    let preset = preset("moons", &["run.flows_start=4", "run.warm_start=3", "run.test_every=1"]);
    let (_, history, ..) = run(&preset, 8);
    let found = history.predictions().unwrap();
    let output = PredictedOutput { process: Process::GradientDescent, example: 1, row: 0, column: 0 };
    for process in [Process::GradientFlow, Process::CentralFlow] {
        let flow = PredictedOutput { process, ..output };
        assert_eq!([2, 3].map(|step| found.value(flow, step)), [None; 2]);
        assert_eq!(found.value(flow, 4), found.value(output, 4));
        assert_ne!(found.value(flow, 7), found.value(output, 7));
    }
    assert!(found.value(output, 0).is_some() && history.value(Series::TrainAccuracy, 0).is_some());
}

#[test]
fn an_example_that_does_not_exist_is_named() {
    let error = assemble(&preset("moons", &["run.examples=[3, 200]"]), &Sources::default()).err().unwrap();
    assert!(error.to_string().contains("run.examples names example 200"), "{error}");
    assert!(assemble(&preset("valley", &[]), &Sources::default()).unwrap().examples().is_none());
}
