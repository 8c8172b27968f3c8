//! Derivatives of small and wide networks under divan: `cargo bench --bench derivatives`.
//!
//! All are at kept weights except the gradient; `compare.py` also times new weights, and compares with other
//! libraries.

use brink_core::calculus::Block;
use brink_core::data::{Split, Targets};
use brink_core::network::{Activation, Architecture};
use brink_core::objective::Objective;
use brink_core::objective::network::{LossKind, NetworkObjective};
use candle_core::{Device, Tensor};
use divan::Bencher;

fn main() {
    divan::main();
}

const CASES: [&str; 3] = ["chebyshev", "digits", "wide"];

struct Case {
    objective: NetworkObjective<f32>,
    w: Vec<f32>,
}

fn case(name: &str) -> Case {
    let (sizes, activation, n): (&[usize], _, _) = match name {
        "chebyshev" => (&[1, 30, 20, 1], Activation::Tanh, 20),
        "digits" => (&[64, 32, 32, 10], Activation::Gelu, 1000),
        _ => (&[3072, 256, 256, 4], Activation::Gelu, 1000),
    };
    let (inputs, outputs) = (sizes[0], sizes[sizes.len() - 1]);
    let numbers = |columns: usize| {
        let data: Vec<f64> = (0..n * columns).map(|i| (i as f64 * 0.618_034).fract() - 0.5).collect();
        Tensor::from_vec(data, (n, columns), &Device::Cpu).expect("the sizes fit")
    };
    let split = Split { x: numbers(inputs), targets: Targets::Regression(numbers(outputs)) };
    let architecture = Architecture::Mlp { hidden: sizes[1..sizes.len() - 1].to_vec(), activation };
    let w = architecture.initialize(&[inputs], outputs, 0).expect("the sizes are right");
    let objective = NetworkObjective::new(&architecture, &split, LossKind::Mse).expect("the data fits");
    Case { objective, w }
}

fn directions(p: usize, k: usize) -> Block<f32> {
    let mut block = Block::zeros(p, k);
    let entries = block.as_mut_slice().iter_mut().enumerate();
    entries.for_each(|(i, v)| *v = 0.01 * ((i as f32 * 0.618_034).fract() - 0.5));
    block
}

#[divan::bench(args = CASES)]
fn gradient(bencher: Bencher, name: &str) {
    let Case { mut objective, mut w } = case(name);
    let mut gradient = vec![0.0; w.len()];
    bencher.bench_local(|| {
        w[0] = -w[0];
        objective.gradient(&w, &mut gradient)
    });
}

#[divan::bench(args = CASES, consts = [1, 4])]
fn hessian_vector_products<const K: usize>(bencher: Bencher, name: &str) {
    let Case { mut objective, w } = case(name);
    let (v, mut hv) = (directions(w.len(), K), Block::default());
    bencher.bench_local(|| objective.hessian_vector_products(&w, &v, &mut hv));
}

#[divan::bench(args = CASES, consts = [1, 3])]
fn third_derivatives<const K: usize>(bencher: Bencher, name: &str) {
    let Case { mut objective, w } = case(name);
    let (u, mut t) = (directions(w.len(), K), Block::default());
    bencher.bench_local(|| objective.third_derivatives(&w, &u, &mut t));
}
