//! First derivatives of the primitives against candle's autograd, where it has one: an independent implementation.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use brink::calculus::evaluator::Evaluator;
use brink::calculus::function::Function;
use brink::calculus::tape::{NodeId, Tape};
use candle_core::{Device, Tensor, Var};

const SAMPLES: usize = 7;
const INPUTS: usize = 5;

/// Numbers in (−1, 1) that follow no pattern.
fn numbers(count: usize) -> Vec<f64> {
    (0..count).map(|i| (i as f64 + 2.0) * 0.569_840_29).map(|x| 2.0 * (x * (1.0 + x)).fract() - 1.0).collect()
}

fn tensor(x: &[f64], shape: &[usize]) -> Tensor {
    Tensor::from_slice(x, shape, &Device::Cpu).unwrap()
}

/// A network of one hidden layer: the tape without its loss, and candle's answer to the same weights.
struct Network {
    tape: Tape<f64>,
    x: NodeId,
    f: NodeId,
    w: Vec<f64>,
    variables: Vec<Var>,
    answer: Tensor,
}

fn network(function: Function, outputs: usize) -> Network {
    let mut tape = Tape::new();
    let x = tape.data(1, INPUTS);
    let h = tape.linear("1", x, 6);
    let h = tape.map(function, h);
    let f = tape.linear("3", h, outputs);
    let w = numbers(tape.dim());
    let variables: Vec<_> = tape
        .parameters()
        .iter()
        .map(|p| Var::from_tensor(&tensor(&w[p.slot.offset..p.slot.offset + p.slot.len], &p.shape)).unwrap())
        .collect();
    let linear = |x: &Tensor, w: &Var, b: &Var| x.matmul(&w.t().unwrap()).unwrap().broadcast_add(b).unwrap();
    let h = linear(&tensor(&numbers(SAMPLES * INPUTS), &[SAMPLES, INPUTS]), &variables[0], &variables[1]);
    let h = match function {
        Function::Gelu => h.gelu_erf(),
        Function::Silu => h.silu(),
        Function::Tanh => h.tanh(),
        Function::Relu => h.relu(),
        Function::Softplus => (h.exp().unwrap() + 1.0).unwrap().log(),
    };
    let answer = linear(&h.unwrap(), &variables[2], &variables[3]);
    Network { tape, x, f, w, variables, answer }
}

/// Gradients of our loss (the tape's last node) and of candle's at the same weights.
fn compare(what: &str, network: Network, data: Vec<(NodeId, Vec<f64>)>, loss: &Tensor, tolerance: f64) {
    let Network { tape, x, w, variables, .. } = network;
    let gradients = loss.backward().unwrap();
    let expected: Vec<f64> = variables
        .iter()
        .flat_map(|v| gradients.get(v).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap())
        .collect();
    let mut all = vec![(x, numbers(SAMPLES * INPUTS))];
    all.extend(data);
    let mut evaluator = Evaluator::new(tape, &all, SAMPLES);
    let mut found = vec![0.0; w.len()];
    let value = evaluator.gradient(&w, &mut found);
    let expected_value = loss.to_scalar::<f64>().unwrap();
    assert!(
        (value - expected_value).abs() <= tolerance * expected_value.abs(),
        "{what}: {value}, {expected_value}"
    );
    for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert!((found - expected).abs() <= tolerance, "{what} at {i}: {found}, candle {expected}");
    }
}

#[test]
fn linear_layers_and_every_function_under_the_squared_error() {
    // candle's GELU has a backward of about six digits
    for (function, tolerance) in [
        (Function::Gelu, 1e-6),
        (Function::Silu, 1e-12),
        (Function::Tanh, 1e-12),
        (Function::Relu, 1e-12),
        (Function::Softplus, 1e-12),
    ] {
        let mut network = network(function, 3);
        let y = numbers(SAMPLES * 3);
        let (target, mask) = (network.tape.data(1, 3), network.tape.data(1, 1));
        network.tape.mean_squared_error(network.f, target, mask, 1.0 / SAMPLES as f64);
        let squared = (&network.answer - tensor(&y, &[SAMPLES, 3])).unwrap().sqr().unwrap();
        let loss = (squared.sum_all().unwrap() * (0.5 / SAMPLES as f64)).unwrap();
        compare(
            &format!("{function:?}"),
            network,
            vec![(target, y), (mask, vec![1.0; SAMPLES])],
            &loss,
            tolerance,
        );
    }
}

#[test]
fn categorical_cross_entropy() {
    let mut network = network(Function::Tanh, 4);
    let labels: Vec<u32> = vec![0, 3, 1, 2, 2, 0, 1];
    let target = network.tape.data(1, 1);
    network.tape.cross_entropy(network.f, target, 1.0 / SAMPLES as f64);
    let log_sum = network.answer.log_sum_exp(1).unwrap();
    let index = Tensor::new(labels.as_slice(), &Device::Cpu).unwrap().unsqueeze(1).unwrap();
    let chosen = network.answer.gather(&index, 1).unwrap().squeeze(1).unwrap();
    let loss = (log_sum - chosen).unwrap().mean_all().unwrap();
    compare(
        "cross-entropy",
        network,
        vec![(target, labels.into_iter().map(f64::from).collect())],
        &loss,
        1e-12,
    );
}

#[test]
fn binary_cross_entropy() {
    let mut network = network(Function::Silu, 1);
    let labels = [0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0];
    let target = network.tape.data(1, 1);
    network.tape.binary_cross_entropy(network.f, target, 1.0 / SAMPLES as f64);
    let softplus = (network.answer.exp().unwrap() + 1.0).unwrap().log().unwrap();
    let chosen = (&network.answer * tensor(&labels, &[SAMPLES, 1])).unwrap();
    let loss = (softplus - chosen).unwrap().mean_all().unwrap();
    compare("binary cross-entropy", network, vec![(target, labels.to_vec())], &loss, 1e-12);
}
