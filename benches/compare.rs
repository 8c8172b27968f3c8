//! Brink's part of `compare.py`: times derivatives and prints one line per figure, `case quantity milliseconds`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use brink_core::calculus::{Block, Real};
use brink_core::data::{Split, Targets};
use brink_core::network::{Activation, Architecture};
use brink_core::objective::Objective;
use brink_core::objective::network::{LossKind, NetworkObjective};
use candle_core::{Device, Tensor};

/// Minimum time of many runs, in milliseconds: other load on the machine can only increase it. Fewer runs if one
/// takes seconds.
fn least(mut run: impl FnMut()) -> f64 {
    let (start, mut best, mut runs) = (Instant::now(), Duration::MAX, 0);
    while start.elapsed() < Duration::from_millis(if runs < 5 { 6000 } else { 1500 }) {
        let before = Instant::now();
        run();
        best = best.min(before.elapsed());
        runs += 1;
    }
    best.as_secs_f64() * 1e3
}

/// Numbers in (−1, 1) without any pattern.
fn numbers(count: usize, salt: u64) -> Vec<f64> {
    let mut state = salt.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Whether the environment variable QUANTITIES names a quantity; all are selected if there is no such variable.
fn is_quantity_wanted(quantity: &str) -> bool {
    std::env::var("QUANTITIES").map_or(true, |names| names.split(',').any(|name| name == quantity))
}

/// Whether a case is selected: all are, unless some are named; those of increasing size (`cnn-250`) only by name.
fn is_wanted(name: &str) -> bool {
    let mut wanted = std::env::args().skip(1).filter(|a| !a.starts_with('-')).peekable();
    (wanted.peek().is_none() && !name.contains('-')) || wanted.any(|a| a == name)
}

fn tensor(data: Vec<f64>, shape: &[usize]) -> Tensor {
    Tensor::from_vec(data, shape, &Device::Cpu).expect("the sizes fit")
}

/// An MLP of these widths on real targets.
fn mlp<T: Real>(name: &str, sizes: &[usize], activation: Activation, n: usize) {
    let (inputs, hidden, outputs) = (sizes[0], sizes[1..sizes.len() - 1].to_vec(), sizes[sizes.len() - 1]);
    let split = Split {
        x: tensor(numbers(n * inputs, 1), &[n, inputs]),
        targets: Targets::Regression(tensor(numbers(n * outputs, 2), &[n, outputs])),
    };
    case::<T>(name, &Architecture::Mlp { hidden, activation }, &split, LossKind::Mse);
}

/// A network on 32×32 colour images of four classes, of the paper's size.
fn vision(name: &str, architecture: &Architecture, n: usize) {
    let labels = (0..n).map(|i| (i * i % 7 % 4).cast_signed() as i64).collect();
    let split = Split {
        x: tensor(numbers(n * 3072, 1), &[n, 3, 32, 32]),
        targets: Targets::Classes { labels, count: 4 },
    };
    case::<f32>(name, architecture, &split, LossKind::CrossEntropy);
}

/// One network with an increasing number of examples: the work should grow in proportion. Also prints the process's
/// peak memory, which is that of the case if it is the only one.
fn growing(name: &str, architecture: &Architecture, case: fn(&str, &Architecture, usize)) {
    for n in [250, 500, 1000, 2000, 4000] {
        let name = format!("{name}-{n}");
        case(&name, architecture, n);
        if is_wanted(&name)
            && let Ok(status) = std::fs::read_to_string("/proc/self/status")
            && let Some(peak) = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))
        {
            println!("{name} peak_memory {}", peak.trim());
        }
    }
}

/// A network on sequences of fifteen tokens out of four.
fn sequence(name: &str, architecture: &Architecture, n: usize) {
    let tokens = |salt| (0..15 * n).map(move |i| (i * i + salt * i) % 7 % 4);
    let split = Split {
        x: tensor(tokens(1).map(|t| t as f64).collect(), &[n, 15]),
        targets: Targets::Classes { labels: tokens(3).map(|t| t.cast_signed() as i64).collect(), count: 4 },
    };
    case::<f32>(name, architecture, &split, LossKind::CrossEntropy);
}

fn case<T: Real>(name: &str, architecture: &Architecture, split: &Split, loss: LossKind) {
    if !is_wanted(name) {
        return;
    }
    let mut objective = NetworkObjective::<T>::new(architecture, split, loss).expect("the data fits");
    let w = architecture
        .initialize(&split.x.dims()[1..], split.targets.outputs(), 0)
        .expect("the sizes are right");
    let mut w: Vec<T> = w.into_iter().map(|x| T::of(f64::from(x))).collect();
    let p = objective.dim();
    println!("{name} parameters {p}");
    let mut gradient = vec![T::zero(); p];
    let block = |k: usize| {
        let mut block = Block::zeros(p, k);
        let scale = 1.0 / (p as f64).sqrt();
        block.as_mut_slice().iter_mut().zip(numbers(p * k, 3)).for_each(|(v, x)| *v = T::of(scale * x));
        block
    };
    // a new point each time, otherwise the kept planes would be measured
    let mut flip = T::of(1e-3);
    let mut moved = move |w: &mut Vec<T>| {
        w[0] += flip;
        flip = -flip;
    };
    let report = |quantity: &str, time: f64| println!("{name} {quantity} {time:.5}");
    if is_quantity_wanted("gradient") {
        report(
            "gradient",
            least(|| {
                moved(&mut w);
                black_box(objective.gradient(black_box(&w), &mut gradient));
            }),
        );
    }
    let (mut hv, mut t) = (Block::default(), Block::default());
    for k in [1, 4] {
        if !is_quantity_wanted(&format!("hvp{k}")) {
            continue;
        }
        let v = block(k);
        let fresh = least(|| {
            moved(&mut w);
            objective.hessian_vector_products(black_box(&w), &v, &mut hv);
        });
        report(&format!("hvp{k}"), fresh);
        let kept = least(|| objective.hessian_vector_products(black_box(&w), &v, &mut hv));
        report(&format!("hvp{k}_kept"), kept);
    }
    for (k, quantity) in [(1, "t1"), (3, "t6")] {
        if !is_quantity_wanted(quantity) {
            continue;
        }
        let u = block(k);
        let fresh = least(|| {
            moved(&mut w);
            objective.third_derivatives(black_box(&w), &u, &mut t);
        });
        report(quantity, fresh);
        report(&format!("{quantity}_kept"), least(|| objective.third_derivatives(black_box(&w), &u, &mut t)));
    }
}

/// The machine's peak, measured as a large matrix product on all threads, in GF/s.
fn peak(size: usize) -> f64 {
    let (a, b) = (vec![1.0_f32; size * size], vec![1.0_f32; size * size]);
    let mut c = vec![0.0_f32; size * size];
    let stride = size.cast_signed();
    let time = least(|| {
        // SAFETY: all three are size × size, row-major.
        unsafe {
            gemm::gemm(
                size,
                size,
                size,
                c.as_mut_ptr(),
                1,
                stride,
                false,
                a.as_ptr(),
                1,
                stride,
                b.as_ptr(),
                1,
                stride,
                0.0,
                1.0,
                false,
                false,
                false,
                gemm::Parallelism::Rayon(0),
            );
        }
    });
    2.0 * (size as f64).powi(3) / time / 1e6
}

fn main() {
    // `cargo test` runs benches with this argument: there is nothing to test
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    // a training run is inside the pool too
    let pool = rayon::ThreadPoolBuilder::new().build().expect("threads start");
    pool.install(|| {
        // the best of several sizes: on a busy machine a long product is interrupted
        if is_wanted("machine") {
            let peaks = [256, 512, 1024, 2048].map(peak);
            println!("machine peak_gflops {:.1}", peaks.into_iter().fold(0.0, f64::max));
        }
        mlp::<f32>("wide", &[3072, 256, 256, 4], Activation::Gelu, 1000);
        mlp::<f32>("digits", &[64, 32, 32, 10], Activation::Gelu, 1000);
        mlp::<f64>("digits64", &[64, 32, 32, 10], Activation::Gelu, 1000);
        mlp::<f32>("chebyshev", &[1, 30, 20, 1], Activation::Tanh, 20);
        mlp::<f64>("chebyshev64", &[1, 30, 20, 1], Activation::Tanh, 20);
        let activation = Activation::Gelu;
        let cnn = Architecture::Cnn { width: 32, activation };
        vision("cnn", &cnn, 200);
        vision("resnet", &Architecture::ResNet { width: 16, stages: vec![3, 3, 3], activation }, 100);
        let vit = Architecture::Vit { patch: 4, dim: 64, depth: 4, mlp: 256, heads: 8 };
        vision("vit", &vit, 100);
        growing("cnn", &cnn, vision);
        growing("vit", &vit, vision);
        let lstm = Architecture::Lstm { layers: 2, embedding: 48, hidden: 48 };
        let transformer = Architecture::Transformer { layers: 4, dim: 32, heads: 4 };
        let mamba = Architecture::Mamba { layers: 2, dim: 64 };
        sequence("lstm", &lstm, 1000);
        sequence("transformer", &transformer, 500);
        sequence("mamba", &mamba, 250);
        for (name, network) in [("lstm", &lstm), ("transformer", &transformer), ("mamba", &mamba)] {
            growing(name, network, sequence);
        }
    });
}
