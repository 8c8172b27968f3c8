//! First derivatives of the primitives compared with candle's autograd, an independent implementation, for
//! all operations that candle supports.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use brink_core::calculus::evaluator::Evaluator;
use brink_core::calculus::function::Function;
use brink_core::calculus::tape::{Initial, NodeId, Slot, Tape};
use brink_core::calculus::{Columns, Heads, ImageShape, ScaleShift};
use candle_core::{DType, Device, Tensor, Var};

const SAMPLES: usize = 7;
const INPUTS: usize = 5;

/// Numbers in (−1, 1) without a pattern.
fn numbers(count: usize) -> Vec<f64> {
    (0..count).map(|i| (i as f64 + 2.0) * 0.569_840_29).map(|x| 2.0 * (x * (1.0 + x)).fract() - 1.0).collect()
}

fn tensor(x: &[f64], shape: &[usize]) -> Tensor {
    Tensor::from_slice(x, shape, &Device::Cpu).unwrap()
}

/// A network with one hidden layer: the tape without its loss, and candle's output at the same weights.
struct Network {
    tape: Tape<f64>,
    x: NodeId,
    f: NodeId,
    w: Vec<f64>,
    variables: Vec<Var>,
    answer: Tensor,
}

/// The parameters of a tape as candle variables.
fn variables(tape: &Tape<f64>, w: &[f64]) -> Vec<Var> {
    let variable = |slot: Slot, shape: &[usize]| Var::from_tensor(&tensor(slot.of(w), shape)).unwrap();
    tape.parameters().iter().map(|p| variable(p.slot, &p.shape)).collect()
}

fn network(function: Function, outputs: usize) -> Network {
    let mut tape = Tape::new();
    let x = tape.data(1, INPUTS);
    let h = tape.linear("1", x, 6);
    let h = tape.map(function, h);
    let f = tape.linear("3", h, outputs);
    let w = numbers(tape.dim());
    let variables = variables(&tape, &w);
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

/// Compares the gradient of our loss (the last node of the tape) with candle's gradient at the same weights.
fn compare(what: &str, network: Network, data: Vec<(NodeId, Vec<f64>)>, loss: &Tensor, tolerance: f64) {
    let Network { tape, x, w, variables, .. } = network;
    let gradients = loss.backward().unwrap();
    let expected: Vec<f64> = variables
        .iter()
        .flat_map(|v| gradients.get(v).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap())
        .collect();
    let size = tape.shape(x).0 * tape.shape(x).1;
    let mut all = data;
    if all.iter().all(|(node, _)| *node != x) {
        all.push((x, numbers(SAMPLES * size)));
    }
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
    // the derivative of candle's GELU is accurate to about six digits
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

/// Compares gradients of the squared error for a network that `answer` evaluates in candle from the variables
/// and the input of shape `[SAMPLES, …]`.
fn compare_squared(
    what: &str,
    tape: Tape<f64>,
    (x, f): (NodeId, NodeId),
    answer: impl Fn(&[Var], Tensor) -> candle_core::Result<Tensor>,
) {
    let input = numbers(SAMPLES * tape.shape(x).0 * tape.shape(x).1);
    compare_squared_on(what, tape, (x, f), input, answer);
}

/// [`compare_squared`] on a given input.
fn compare_squared_on(
    what: &str,
    mut tape: Tape<f64>,
    (x, f): (NodeId, NodeId),
    input: Vec<f64>,
    answer: impl Fn(&[Var], Tensor) -> candle_core::Result<Tensor>,
) {
    let (rows, columns) = tape.shape(f);
    let (target, mask) = (tape.data(rows, columns), tape.data(rows, 1));
    tape.mean_squared_error(f, target, mask, 1.0 / SAMPLES as f64);
    let w = numbers(tape.dim());
    let variables = variables(&tape, &w);
    let answer = answer(&variables, tensor(&input, &[SAMPLES, input.len() / SAMPLES])).unwrap();
    let y = numbers(SAMPLES * rows * columns);
    let squared = (&answer - tensor(&y, answer.dims())).unwrap().sqr().unwrap();
    let loss = (squared.sum_all().unwrap() * (0.5 / SAMPLES as f64)).unwrap();
    let data = vec![(x, input), (target, y), (mask, vec![1.0; SAMPLES * rows])];
    compare(what, Network { tape, x, f, w, variables, answer }, data, &loss, 1e-11);
}

#[test]
fn convolutions_and_pooling() {
    let mut tape = Tape::new();
    let mut image = ImageShape { height: 8, width: 12 };
    let x = tape.data(2, image.pixels());
    let mut h = tape.transpose(x);
    for (name, inputs, outputs, stride) in [("1", 2, 3, 1), ("2", 3, 4, 2), ("3", 4, 2, 1)] {
        let weight = tape.parameter(name, &[outputs, inputs, 3, 3], Initial::Constant(0.0));
        (h, image) = tape.convolution(h, image, weight, stride, outputs);
        h = tape.map(Function::Tanh, h);
    }
    let (h, _) = tape.average_pool(h, image, 2);
    let f = tape.flatten_columns(h);
    compare_squared("convolutions", tape, (x, f), |w, x| {
        let h = x.reshape((SAMPLES, 2, 8, 12))?.conv2d(&w[0], 1, 1, 1, 1)?.tanh()?;
        let h = h.conv2d(&w[1], 1, 2, 1, 1)?.tanh()?;
        let h = h.conv2d(&w[2], 1, 1, 1, 1)?.tanh()?;
        h.avg_pool2d(2)?.flatten_from(1)
    });
}

/// `γ (x − mean) q + β` over the last dimension, where q is a function of the unbiased variance.
fn normalize(
    x: &Tensor,
    q: impl Fn(Tensor) -> candle_core::Result<Tensor>,
    gamma: &Tensor,
    beta: &Tensor,
) -> candle_core::Result<Tensor> {
    let last = x.dims().len() - 1;
    let centered = x.broadcast_sub(&x.mean_keepdim(last)?)?;
    let variance = (centered.sqr()?.sum_keepdim(last)? / (x.dims()[last] - 1) as f64)?;
    centered.broadcast_mul(&q(variance)?)?.broadcast_mul(gamma)?.broadcast_add(beta)
}

#[test]
fn layer_normalization() {
    let mut tape = Tape::new();
    let x = tape.data(3, 5);
    let h = tape.linear("1", x, 6);
    let norm = tape.scale_shift("2", 6);
    let h = tape.layer_norm(h, norm);
    let f = tape.map(Function::Tanh, h);
    compare_squared("layer norm", tape, (x, f), |w, x| {
        let h = x.reshape((SAMPLES * 3, 5))?.matmul(&w[0].t()?)?.broadcast_add(&w[1])?;
        normalize(&h, |variance| (variance.sqrt()? + 1e-6)?.recip(), &w[2], &w[3])?.tanh()
    });
}

#[test]
fn group_normalization() {
    let mut tape = Tape::new();
    let x = tape.data(7, 3);
    let h = tape.linear_without_bias("1", x, 4);
    let gamma = tape.parameter("gamma", &[4, 1], Initial::Constant(1.0));
    let beta = tape.parameter("beta", &[4, 1], Initial::Constant(0.0));
    let h = tape.group_norm(h, ScaleShift { gamma, beta }, 2);
    let f = tape.map(Function::Tanh, h);
    compare_squared("group norm", tape, (x, f), |w, x| {
        let h = x.reshape((SAMPLES * 7, 3))?.matmul(&w[0].t()?)?;
        let by_channel = h.reshape((SAMPLES, 7, 4))?.transpose(1, 2)?.contiguous()?;
        let (one, zero) = (Tensor::ones(1, h.dtype(), h.device())?, Tensor::zeros(1, h.dtype(), h.device())?);
        let q = |variance: Tensor| (variance + 1e-6)?.sqrt()?.recip();
        let h = normalize(&by_channel.reshape((SAMPLES, 2, 2 * 7))?, q, &one, &zero)?;
        let h = h.reshape((SAMPLES, 4, 7))?.broadcast_mul(&w[1])?.broadcast_add(&w[2])?;
        h.transpose(1, 2)?.tanh()?.reshape((SAMPLES * 7, 4))
    });
}

#[test]
fn attention() {
    for causal in [false, true] {
        let mut tape = Tape::new();
        let x = tape.data(5, 3);
        let qkv = tape.linear_without_bias("1", x, 3 * 2 * 4);
        let part = |first| Columns { node: qkv, first };
        let f = tape.attention(part(0), part(8), part(16), Heads { count: 2, width: 4, causal });
        compare_squared("attention", tape, (x, f), |w, x| {
            let qkv = x.reshape((SAMPLES * 5, 3))?.matmul(&w[0].t()?)?.reshape((SAMPLES, 5, 3, 2, 4))?;
            let part = |i: usize| qkv.narrow(2, i, 1)?.squeeze(2)?.transpose(1, 2)?.contiguous();
            let scores = (part(0)?.matmul(&part(1)?.transpose(2, 3)?.contiguous()?)? * 0.5)?;
            let mask = |i: usize| if causal && i % 5 > i / 5 { f64::NEG_INFINITY } else { 0.0 };
            let mask = tensor(&(0..25).map(mask).collect::<Vec<_>>(), &[5, 5]);
            let shares = scores.broadcast_add(&mask)?.exp()?;
            let shares = shares.broadcast_div(&shares.sum_keepdim(3)?)?;
            shares.matmul(&part(2)?)?.transpose(1, 2)?.contiguous()?.reshape((SAMPLES * 5, 8))
        });
    }
}

#[test]
fn residual_sums_offsets_and_means() {
    let mut tape = Tape::new();
    let x = tape.data(3, 4);
    let h = tape.linear("1", x, 4);
    let h = tape.offset(h, &numbers(12));
    let h = tape.map(Function::Tanh, h);
    let h = tape.add(h, -0.5, x);
    let f = tape.mean_rows(h);
    compare_squared("means", tape, (x, f), |w, x| {
        let x = x.reshape((SAMPLES, 3, 4))?;
        let h = x.reshape((SAMPLES * 3, 4))?.matmul(&w[0].t()?)?.broadcast_add(&w[1])?;
        let h = h.reshape((SAMPLES, 3, 4))?.broadcast_add(&tensor(&numbers(12), &[3, 4]))?.tanh()?;
        (h - (x * 0.5)?)?.mean(1)
    });
}

fn sigmoid(x: &Tensor) -> candle_core::Result<Tensor> {
    // e^x / (1 + e^x): candle-core has no sigmoid
    let e = x.exp()?;
    &e / (&e + 1.0)?
}

#[test]
fn embeddings_and_lstm_cells() {
    let (steps, d, n) = (4, 3, 5);
    let mut tape = Tape::new();
    let tokens = tape.data(steps, 1);
    let positions = numbers(steps * d);
    let h = tape.embedding("e", tokens, [6, d], Initial::Normal(1.0), 1.5, positions.clone());
    let f = tape.lstm("1", h, n);
    let input: Vec<f64> = (0..SAMPLES * steps).map(|i| ((i * i + i / 3) % 6) as f64).collect();
    compare_squared_on("embedding and LSTM", tape, (tokens, f), input, |w, tokens| {
        let index = tokens.flatten_all()?.to_dtype(DType::U32)?;
        let x = (w[0].index_select(&index, 0)? * 1.5)?.reshape((SAMPLES, steps, d))?;
        let x = x.broadcast_add(&tensor(&positions, &[steps, d]))?;
        let mut h = Tensor::zeros((SAMPLES, n), DType::F64, &Device::Cpu)?;
        let mut c = h.clone();
        let mut all = Vec::new();
        for t in 0..steps {
            let gates = (x.narrow(1, t, 1)?.squeeze(1)?.matmul(&w[1])? + h.matmul(&w[2])?)?;
            let gates = gates.broadcast_add(&w[3])?.broadcast_add(&w[4])?;
            let gate = |i: usize| gates.narrow(1, i * n, n);
            c = ((sigmoid(&gate(1)?)? * &c)? + (sigmoid(&gate(0)?)? * gate(2)?.tanh()?)?)?;
            h = (sigmoid(&gate(3)?)? * c.tanh()?)?;
            all.push(h.clone());
        }
        Tensor::stack(&all, 1)
    });
}

#[test]
fn root_mean_square_normalization_and_products() {
    let mut tape = Tape::new();
    let x = tape.data(3, 5);
    let h = tape.linear("1", x, 6);
    let weight = tape.parameter("w", &[6], Initial::Constant(1.0));
    let norm = tape.rms_norm(h, weight);
    let f = tape.product(norm, h);
    compare_squared("rms norm", tape, (x, f), |w, x| {
        let h = x.reshape((SAMPLES * 3, 5))?.matmul(&w[0].t()?)?.broadcast_add(&w[1])?;
        let root = (h.sqr()?.mean_keepdim(1)? + 1e-5)?.sqrt()?;
        let norm = h.broadcast_div(&root)?.broadcast_mul(&w[2])?;
        (norm * h)?.reshape((SAMPLES, 3, 6))
    });
}

#[test]
fn causal_convolutions() {
    let (rows, columns) = (6, 3);
    let mut tape = Tape::new();
    let x = tape.data(rows, columns);
    let mut h = x;
    for _ in 0..2 {
        let weight = tape.parameter("w", &[columns, 1, 4], Initial::Constant(0.0));
        let bias = tape.parameter("b", &[columns], Initial::Constant(0.0));
        h = tape.causal_convolution(h, weight, bias, 4);
    }
    compare_squared("causal convolution", tape, (x, h), |w, x| {
        let mut h = x.reshape((SAMPLES, rows, columns))?;
        for w in w.chunks_exact(2) {
            let padded = h.pad_with_zeros(1, 3, 0)?;
            let mut sum = h.zeros_like()?;
            for tap in 0..4 {
                let weight = w[0].narrow(2, tap, 1)?.flatten_all()?;
                sum = (sum + padded.narrow(1, tap, rows)?.broadcast_mul(&weight)?)?;
            }
            h = sum.broadcast_add(&w[1])?;
        }
        Ok(h)
    });
}

#[test]
fn selective_scans() {
    let (steps, columns, states) = (5, 3, 4);
    let mut tape = Tape::new();
    let x = tape.data(steps, 2);
    let u = tape.linear("1", x, columns);
    let delta = tape.linear("2", x, columns);
    let delta = tape.map(Function::Softplus, delta);
    let bc = tape.linear("3", x, 2 * states);
    let a_log = tape.parameter("A_log", &[columns, states], Initial::LogColumn);
    let skip = tape.parameter("D", &[columns], Initial::Constant(1.0));
    let f = tape.scan(u, delta, bc, a_log, skip);
    compare_squared("scan", tape, (x, f), |w, x| {
        let x = x.reshape((SAMPLES * steps, 2))?;
        let linear = |i: usize| x.matmul(&w[i].t()?)?.broadcast_add(&w[i + 1])?.reshape((SAMPLES, steps, ()));
        let (u, bc) = (linear(0)?, linear(4)?);
        let delta = (linear(2)?.exp()? + 1.0)?.log()?;
        let a = w[6].exp()?.neg()?;
        let mut h = Tensor::zeros((SAMPLES, columns, states), DType::F64, &Device::Cpu)?;
        let mut all = Vec::new();
        for t in 0..steps {
            let step = |x: &Tensor| x.narrow(1, t, 1)?.squeeze(1);
            let (u, delta, bc) = (step(&u)?, step(&delta)?, step(&bc)?);
            let b = bc.narrow(1, 0, states)?.unsqueeze(1)?;
            let c = bc.narrow(1, states, states)?.unsqueeze(1)?;
            let decay = delta.unsqueeze(2)?.broadcast_mul(&a)?.exp()?;
            h = ((decay * &h)? + (&delta * &u)?.unsqueeze(2)?.broadcast_mul(&b)?)?;
            let z = h.broadcast_mul(&c)?.sum(2)?;
            all.push((z + u.broadcast_mul(&w[7])?)?);
        }
        Tensor::stack(&all, 1)
    });
}
