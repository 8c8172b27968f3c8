//! Loss, gradient, Hessian-vector products, third derivatives and outputs compared with the reference
//! implementation (see `tests/golden/README.md`), in f64 and f32.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use crate::common::Npz;
use brink_core::calculus::{Block, Real};
use brink_core::network::{Activation, Architecture};
use brink_core::objective::Objective;
use brink_core::objective::network::{LossKind, NetworkObjective};
use brink_core::spectrum::{Preconditioner, Tracker, TrackerSettings};

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

/// Largest allowed relative errors.
#[derive(Clone, Copy)]
struct Tolerance {
    /// Loss, outputs and gradient.
    first: f64,
    /// Hessian-vector products.
    second: f64,
    /// Third derivatives.
    third: f64,
    /// Eigenvalues.
    eigen: f64,
    /// Residual of the eigenvectors, relative to the largest eigenvalue.
    vector: f64,
    /// Residual to which the eigenpairs are solved.
    solved: f64,
    /// Inner products of the eigenvectors.
    orthonormal: f64,
}

const DOUBLE: Tolerance = Tolerance {
    first: 1e-10,
    second: 1e-9,
    third: 1e-8,
    eigen: 1e-7,
    vector: 1e-7,
    solved: 1e-8,
    orthonormal: 1e-10,
};
const SINGLE: Tolerance = Tolerance {
    first: 5e-5,
    second: 5e-5,
    third: 5e-5,
    eigen: 5e-5,
    vector: 5e-4,
    solved: 1e-5,
    orthonormal: 1e-5,
};

struct Case {
    name: &'static str,
    arrays: Npz,
    /// v0, v1, v2, u, v.
    vectors: Vec<Vec<f64>>,
    /// Number of vectors for which inner products are stored (u and v before normalization are not always
    /// stored).
    dotted: usize,
    stride: usize,
}

impl Case {
    /// Compares a vector of shape `[dim]`, its norm and its inner products with the stored values, relative
    /// to their size.
    fn check(&self, what: &str, found: &[f64], tolerance: f64) {
        let strided: Vec<f64> = found.iter().step_by(self.stride).copied().collect();
        self.check_entries(what, &strided, tolerance);
        if self.arrays.has(&format!("{what}_norm")) {
            let expected = self.arrays.vector(&format!("{what}_norm"))[0];
            let error = (norm(found) - expected).abs() / expected;
            assert!(error <= tolerance, "{} ‖{what}‖: relative error {error:e}", self.name);
            for (v, expected) in
                self.vectors[..self.dotted].iter().zip(self.arrays.vector(&format!("{what}_dots")))
            {
                let error = (dot(v, found) - expected).abs() / (norm(v) * norm(found));
                assert!(error <= tolerance, "{} {what}: inner product off by {error:e}", self.name);
            }
        }
    }

    /// Compares an array with the stored array, relative to its size. If the size is zero, the absolute
    /// tolerance is at most 1e-12.
    fn check_entries(&self, what: &str, found: &[f64], tolerance: f64) {
        let expected = self.arrays.vector(what);
        assert_eq!(found.len(), expected.len());
        let difference: Vec<f64> = found.iter().zip(&expected).map(|(a, b)| a - b).collect();
        let error = norm(&difference);
        let most = if norm(&expected) == 0.0 { 1e-12 } else { tolerance * norm(&expected) };
        assert!(error <= most, "{} {what}: off by {error:e} of {:e}", self.name, norm(&expected));
    }

    fn compare<T: Real>(
        &self,
        objective: &mut NetworkObjective<T>,
        tag: &str,
        w: &[f64],
        Tolerance { first, second, third, .. }: Tolerance,
    ) {
        let widen = |x: &[T]| x.iter().map(|x| x.widen()).collect::<Vec<_>>();
        let w: Vec<T> = w.iter().map(|&x| T::of(x)).collect();
        let loss = self.arrays.vector(&format!("{tag}_loss"))[0];
        let mut gradient = vec![T::zero(); w.len()];
        for found in [objective.loss(&w), objective.gradient(&w, &mut gradient)] {
            assert!((found - loss).abs() <= first * loss, "{} {tag} loss: {found} for {loss}", self.name);
        }
        self.check(&format!("{tag}_grad"), &widen(&gradient), first);

        let mut hv = Block::default();
        objective.hessian_vector_products(&w, &block(&self.vectors[..3]), &mut hv);
        for (i, hv) in hv.columns().enumerate() {
            self.check(&format!("{tag}_Hv{i}"), &widen(hv), second);
        }
        let mut t = Block::default();
        let directions = [unit(&self.vectors[3]), unit(&self.vectors[4])];
        objective.third_derivatives(&w, &block(&directions), &mut t);
        for (pair, t) in ["uu", "uv", "vv"].iter().zip(t.columns()) {
            self.check(&format!("{tag}_D3{pair}"), &widen(t), third);
        }
        let outputs = objective.outputs(&w, &(0..10).collect::<Vec<_>>()).concat();
        self.check_entries(&format!("{tag}_outputs"), &outputs, first);
    }
}

/// Compares the six largest eigenvalues of H(w) and their eigenvectors with the stored values.
fn check_eigenvalues<T: Real>(
    case: &Case,
    objective: &mut NetworkObjective<T>,
    tag: &str,
    w: &[f64],
    Tolerance { eigen, vector, solved, orthonormal, .. }: Tolerance,
) {
    let w: Vec<T> = w.iter().map(|&x| T::of(x)).collect();
    let settings =
        TrackerSettings { track_threshold: None, max_tracked: 6, tolerance: solved, max_hvps: None };
    let mut tracker = Tracker::new(6);
    let pairs = tracker.solve(objective, &w, &Preconditioner::Uniform(1.0), &settings);
    let expected = case.arrays.vector(&format!("{tag}_eigs"));
    let residuals = case.arrays.vector(&format!("{tag}_eig_resid"));
    assert_eq!(pairs.values.len(), 6);
    for (i, (found, (expected, residual))) in
        pairs.values.iter().zip(expected.iter().zip(&residuals)).enumerate()
    {
        // for a symmetric matrix the error of an eigenvalue is at most the residual of its pair
        let tolerance = eigen * expected.abs() + residual.abs();
        assert!(
            (found - expected).abs() <= tolerance,
            "{} {tag}: eigenvalue {i} is {found}, not {expected}",
            case.name
        );
    }
    // eigenvectors are defined up to sign, and up to rotation for equal eigenvalues: any orthonormal basis of
    // vectors that H maps to the stored multiples of themselves is correct
    let mut hv = Block::default();
    objective.hessian_vector_products(&w, &pairs.vectors, &mut hv);
    let widened = |block: &Block<T>| -> Vec<Vec<f64>> {
        block.columns().map(|x| x.iter().map(|x| x.widen()).collect()).collect()
    };
    let (vectors, products) = (widened(&pairs.vectors), widened(&hv));
    for (i, (u, hu)) in vectors.iter().zip(&products).enumerate() {
        let difference: Vec<f64> = u.iter().zip(hu).map(|(u, hu)| hu - expected[i] * u).collect();
        let residual = norm(&difference) / expected[0];
        assert!(residual <= vector, "{} {tag}: eigenvector {i} has a residual of {residual:e}", case.name);
        for (j, v) in vectors.iter().enumerate() {
            let error = (dot(u, v) - f64::from(u8::from(i == j))).abs();
            assert!(error <= orthonormal, "{} {tag}: vectors {i} and {j} are off by {error:e}", case.name);
        }
    }
}

fn run(name: &'static str, architecture: &Architecture, loss: LossKind, classes: usize) {
    let Some((mut double, w0)) = crate::common::network::<f64>(name, architecture, classes, loss) else {
        return;
    };
    let arrays = Npz::open(&format!("{name}/pointwise.npz")).unwrap();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive integer")]
    let stride = arrays.vector("stride")[0] as usize;
    let (vectors, dotted) = if arrays.has("v0") {
        (["v0", "v1", "v2", "u", "v"].iter().map(|v| arrays.vector(v)).collect(), 3)
    } else {
        ((0..5).map(|j| hashed(w0.len(), j)).collect(), 5)
    };
    let eta = arrays.vector("eta")[0];
    let case = Case { name, arrays, vectors, dotted, stride };

    let mut w50 = w0.clone();
    let mut gradient = vec![0.0; w0.len()];
    for _ in 0..50 {
        double.gradient(&w50, &mut gradient);
        w50.iter_mut().zip(&gradient).for_each(|(w, g)| *w -= eta * g);
    }
    // at the edge of stability rounding errors grow from step to step: by 10⁷ in fifty steps of the
    // Transformer
    case.check("t50_w", &w50, 1e-7);
    if stride == 1 {
        w50 = case.arrays.vector("t50_w");
    }
    for (tag, w) in [("t0", &w0), ("t50", &w50)] {
        case.compare(&mut double, tag, w, DOUBLE);
        check_eigenvalues(&case, &mut double, tag, w, DOUBLE);
    }
    let (mut single, _) = crate::common::network::<f32>(name, architecture, classes, loss).unwrap();
    for (tag, w) in [("t0", &w0), ("t50", &w50)] {
        case.compare(&mut single, tag, w, SINGLE);
        check_eigenvalues(&case, &mut single, tag, w, SINGLE);
    }
}

fn mlp(width: usize, activation: Activation) -> Architecture {
    Architecture::Mlp { hidden: vec![width; 2], activation }
}

#[test]
fn digits_mse() {
    run("digits-mlp-mse", &mlp(32, Activation::Gelu), LossKind::Mse, 10);
}

#[test]
fn digits_cross_entropy() {
    run("digits-mlp-ce", &mlp(32, Activation::Gelu), LossKind::CrossEntropy, 10);
}

#[test]
fn digits_silu() {
    run("pw-mlp-silu-mse", &mlp(32, Activation::Silu), LossKind::Mse, 10);
}

#[test]
fn cifar_with_four_classes() {
    run("cifar4-mlp-mse", &mlp(64, Activation::Gelu), LossKind::Mse, 4);
}

#[test]
fn lstm() {
    let lstm = Architecture::Lstm { layers: 2, embedding: 16, hidden: 16 };
    run("pw-lstm-ce", &lstm, LossKind::CrossEntropy, 4);
}

#[test]
fn mamba() {
    run("pw-mamba-ce", &Architecture::Mamba { layers: 1, dim: 16 }, LossKind::CrossEntropy, 4);
}

#[test]
fn transformer() {
    let transformer = Architecture::Transformer { layers: 2, dim: 16, heads: 4 };
    run("pw-transformer-ce", &transformer, LossKind::CrossEntropy, 4);
}

#[test]
fn cnn() {
    let cnn = Architecture::Cnn { width: 4, activation: Activation::Silu };
    run("pw-cnn-ce", &cnn, LossKind::CrossEntropy, 4);
}

#[test]
fn resnet() {
    let resnet = Architecture::ResNet { width: 4, stages: vec![1; 3], activation: Activation::Gelu };
    run("pw-resnet-mse", &resnet, LossKind::Mse, 4);
}

#[test]
fn vit() {
    let vit = Architecture::Vit { patch: 8, dim: 16, depth: 2, mlp: 32, heads: 2 };
    run("pw-vit-ce", &vit, LossKind::CrossEntropy, 4);
}
