//! Loss, gradient, Hessian-vector products, third derivatives, and outputs against the reference
//! implementation's numbers (see `tests/golden/README.md`), in f64 and f32.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::HashMap;
use std::path::PathBuf;

use brink::calculus::{Block, Real};
use brink::data::{Split, Targets};
use brink::network::{Activation, Architecture, flatten};
use brink::objective::Objective;
use brink::objective::network::{LossKind, NetworkObjective};
use candle_core::npy::NpzTensors;
use candle_core::{DType, Device, Tensor};

/// The folder of a case: in the repository, or in `BRINK_GOLDEN`. `None` (with a note) where it is allowed to be missing.
fn folder(case: &str) -> Option<PathBuf> {
    let bundled = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(case);
    if bundled.is_dir() {
        return Some(bundled);
    }
    if let Some(root) = std::env::var_os("BRINK_GOLDEN") {
        let path = PathBuf::from(root).join(case);
        assert!(path.is_dir(), "{} is not there", path.display());
        return Some(path);
    }
    assert!(std::env::var_os("BRINK_REQUIRE_GOLDEN").is_none(), "{case} is needed: set BRINK_GOLDEN");
    eprintln!("skipped {case}: it is not in the repository and BRINK_GOLDEN is not set");
    None
}

/// Arrays of one npz file, as f64.
struct Arrays(NpzTensors);

impl Arrays {
    fn open(path: &std::path::Path) -> Self {
        Self(NpzTensors::new(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
    }

    fn tensor(&self, name: &str) -> Tensor {
        self.0.get(name).unwrap().unwrap_or_else(|| panic!("no array {name}"))
    }

    fn has(&self, name: &str) -> bool {
        self.0.names().iter().any(|n| *n == name)
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        self.tensor(name).to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    }

    fn number(&self, name: &str) -> f64 {
        self.numbers(name)[0]
    }
}

/// x and y as fed to the network.
fn training_set(data: &Arrays, classes: usize) -> Split {
    let labels = data.tensor("y").to_vec1::<i64>().unwrap();
    let x = if data.has("x") {
        data.tensor("x").to_dtype(DType::F64).unwrap()
    } else {
        let (mean, std) = (data.numbers("mean"), data.numbers("std"));
        let x_u8 = data.tensor("x_u8");
        let shape = x_u8.dims().to_vec();
        let plane = shape[2] * shape[3];
        let pixels = data.numbers("x_u8");
        #[expect(clippy::cast_possible_truncation, reason = "the golden inputs were rounded to f32")]
        let x: Vec<f64> = pixels
            .iter()
            .enumerate()
            .map(|(i, p)| f64::from(((p - mean[i / plane % 3]) / std[i / plane % 3]) as f32))
            .collect();
        for (x, check) in x.iter().zip(data.numbers("x_check")) {
            assert_eq!(*x, check);
        }
        assert!((x.iter().sum::<f64>() - data.number("x_sum")).abs() < 1e-6);
        Tensor::from_vec(x, shape, &Device::Cpu).unwrap()
    };
    Split { x, targets: Targets::Classes { labels, count: classes } }
}

/// The j-th hashed vector of length `dim`, as the golden files define it.
fn hashed(dim: usize, j: u32) -> Vec<f64> {
    let entry = |i: u32| {
        let mut x = i.wrapping_mul(2_654_435_761).wrapping_add(j * 40_503 + 12_345);
        x ^= x >> 15;
        x = x.wrapping_mul(2_246_822_519);
        x ^= x >> 13;
        x = x.wrapping_mul(3_266_489_917);
        x ^= x >> 16;
        f64::from(x) / 4_294_967_296.0 - 0.5
    };
    (0..u32::try_from(dim).unwrap()).map(entry).collect()
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

fn unit(x: &[f64]) -> Vec<f64> {
    let scale = 1.0 / norm(x);
    x.iter().map(|x| x * scale).collect()
}

fn block<T: Real>(vectors: &[Vec<f64>]) -> Block<T> {
    let mut block = Block::zeros(vectors[0].len(), 0);
    for v in vectors {
        block.push(&v.iter().map(|&x| T::of(x)).collect::<Vec<_>>());
    }
    block
}

struct Case {
    name: &'static str,
    arrays: Arrays,
    /// v0, v1, v2, u, v.
    vectors: Vec<Vec<f64>>,
    /// How many of them the stored inner products are with (u and v before normalization are not always stored).
    dotted: usize,
    stride: usize,
}

impl Case {
    /// Compares a vector, its norm and its inner products with the stored ones.
    fn check(&self, what: &str, found: &[f64], tolerance: f64) {
        let expected = self.arrays.numbers(what);
        let strided: Vec<f64> = found.iter().step_by(self.stride).copied().collect();
        assert_eq!(strided.len(), expected.len());
        let difference: Vec<f64> = strided.iter().zip(&expected).map(|(a, b)| a - b).collect();
        let error = norm(&difference) / norm(&expected);
        assert!(error <= tolerance, "{} {what}: relative error {error:e}", self.name);
        if self.arrays.has(&format!("{what}_norm")) {
            let expected = self.arrays.number(&format!("{what}_norm"));
            let error = (norm(found) - expected).abs() / expected;
            assert!(error <= tolerance, "{} ‖{what}‖: relative error {error:e}", self.name);
            for (v, expected) in
                self.vectors[..self.dotted].iter().zip(self.arrays.numbers(&format!("{what}_dots")))
            {
                let error = (dot(v, found) - expected).abs() / (norm(v) * norm(found));
                assert!(error <= tolerance, "{} {what}: inner product off by {error:e}", self.name);
            }
        }
    }

    fn compare<T: Real>(&self, objective: &mut NetworkObjective<T>, tag: &str, w: &[f64], tolerance: f64) {
        let widen = |x: &[T]| x.iter().map(|x| x.widen()).collect::<Vec<_>>();
        let w: Vec<T> = w.iter().map(|&x| T::of(x)).collect();
        let loss = self.arrays.number(&format!("{tag}_loss"));
        let mut gradient = vec![T::zero(); w.len()];
        for found in [objective.loss(&w), objective.gradient(&w, &mut gradient)] {
            assert!((found - loss).abs() <= tolerance * loss, "{} {tag} loss: {found} for {loss}", self.name);
        }
        self.check(&format!("{tag}_grad"), &widen(&gradient), tolerance);

        let mut hv = Block::default();
        objective.hessian_vector_products(&w, &block(&self.vectors[..3]), &mut hv);
        for (i, hv) in hv.columns().enumerate() {
            self.check(&format!("{tag}_Hv{i}"), &widen(hv), tolerance);
        }
        let mut t = Block::default();
        let directions = [unit(&self.vectors[3]), unit(&self.vectors[4])];
        objective.third_derivatives(&w, &block(&directions), &mut t);
        for (pair, t) in ["uu", "uv", "vv"].iter().zip(t.columns()) {
            self.check(&format!("{tag}_D3{pair}"), &widen(t), tolerance);
        }
        let outputs = objective.outputs(&w, &(0..10).collect::<Vec<_>>()).concat();
        let expected = self.arrays.numbers(&format!("{tag}_outputs"));
        let difference: Vec<f64> = outputs.iter().zip(&expected).map(|(a, b)| a - b).collect();
        let error = norm(&difference) / norm(&expected);
        assert!(error <= tolerance, "{} {tag} outputs: relative error {error:e}", self.name);
    }
}

fn run(name: &'static str, hidden: &[usize], activation: Activation, loss: LossKind, classes: usize) {
    let Some(folder) = folder(name) else { return };
    let split = training_set(&Arrays::open(&folder.join("data.npz")), classes);
    let architecture = Architecture::Mlp { hidden: hidden.to_vec(), activation };

    let parameters = architecture.parameters(&split.x.dims()[1..], classes).unwrap();
    let init = Arrays::open(&folder.join("init.npz"));
    let arrays: HashMap<_, _> = parameters.iter().map(|p| (p.name.clone(), init.tensor(&p.name))).collect();
    let w0 = flatten(&parameters, &arrays).unwrap();

    let arrays = Arrays::open(&folder.join("pointwise.npz"));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive integer")]
    let stride = arrays.number("stride") as usize;
    let (vectors, dotted) = if arrays.has("v0") {
        (["v0", "v1", "v2", "u", "v"].iter().map(|v| arrays.numbers(v)).collect(), 3)
    } else {
        ((0..5).map(|j| hashed(w0.len(), j)).collect(), 5)
    };
    let eta = arrays.number("eta");
    let case = Case { name, arrays, vectors, dotted, stride };

    let mut double = NetworkObjective::<f64>::new(&architecture, &split, loss).unwrap();
    let mut w50 = w0.clone();
    let mut gradient = vec![0.0; w0.len()];
    for _ in 0..50 {
        double.gradient(&w50, &mut gradient);
        w50.iter_mut().zip(&gradient).for_each(|(w, g)| *w -= eta * g);
    }
    case.check("t50_w", &w50, 1e-9);
    case.compare(&mut double, "t0", &w0, 1e-9);
    case.compare(&mut double, "t50", &w50, 1e-9);

    let mut single = NetworkObjective::<f32>::new(&architecture, &split, loss).unwrap();
    case.compare(&mut single, "t0", &w0, 2e-5);
    case.compare(&mut single, "t50", &w50, 2e-5);
}

#[test]
fn digits_mse() {
    run("digits-mlp-mse", &[32, 32], Activation::Gelu, LossKind::Mse, 10);
}

#[test]
fn digits_cross_entropy() {
    run("digits-mlp-ce", &[32, 32], Activation::Gelu, LossKind::CrossEntropy, 10);
}

#[test]
fn digits_silu() {
    run("pw-mlp-silu-mse", &[32, 32], Activation::Silu, LossKind::Mse, 10);
}

#[test]
fn cifar_with_four_classes() {
    run("cifar4-mlp-mse", &[64, 64], Activation::Gelu, LossKind::Mse, 4);
}
