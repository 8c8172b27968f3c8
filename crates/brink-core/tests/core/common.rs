//! Shared code of the integration tests: location and reading of golden files.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::collections::HashMap;
use std::path::PathBuf;

use brink_core::calculus::Real;
use brink_core::data::{Split, Targets};
use brink_core::network::{Activation, Architecture, flatten};
use brink_core::objective::network::{LossKind, NetworkObjective};
use candle_core::npy::NpzTensors;
use candle_core::{DType, Device, Tensor};
use nalgebra::DMatrix;

/// Path of a golden file. Searches `tests/golden`, then the directory named by the environment variable
/// `BRINK_GOLDEN`. If the file is in neither, prints that the test is skipped and returns `None`; panics
/// instead if `BRINK_REQUIRE_GOLDEN=1`.
pub fn golden(relative: &str) -> Option<PathBuf> {
    // relative to this package, or to the workspace that contains it
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let built_in = ["tests/golden", "../../tests/golden"].map(|place| package.join(place).join(relative));
    let elsewhere = std::env::var_os("BRINK_GOLDEN").map(|dir| PathBuf::from(dir).join(relative));
    let found = built_in.into_iter().chain(elsewhere).find(|path| path.exists());
    if found.is_none() {
        let required = std::env::var_os("BRINK_REQUIRE_GOLDEN").is_some_and(|value| value == "1");
        assert!(
            !required,
            "golden file {relative} is missing: set BRINK_GOLDEN to the directory that holds it"
        );
        eprintln!(
            "skipped: golden file {relative} is not here (set BRINK_GOLDEN to the directory that holds it)"
        );
    }
    found
}

/// An npz archive of numeric arrays.
pub struct Npz {
    path: PathBuf,
    arrays: NpzTensors,
}

impl Npz {
    /// Opens a golden archive; `None` if [`golden`] does not find it.
    pub fn open(relative: &str) -> Option<Self> {
        let path = golden(relative)?;
        let arrays = NpzTensors::new(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Some(Self { path, arrays })
    }

    /// Path of the archive.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// Whether the archive contains an array with the given name.
    pub fn has(&self, name: &str) -> bool {
        self.arrays.names().iter().any(|other| *other == name)
    }

    /// An array as a tensor.
    pub fn tensor(&self, name: &str) -> Tensor {
        self.arrays
            .get(name)
            .unwrap_or_else(|error| panic!("{}: {name}: {error}", self.path.display()))
            .unwrap_or_else(|| panic!("{}: no array {name}", self.path.display()))
    }

    /// Shape of an array, and its entries as f64, row-major.
    pub fn array(&self, name: &str) -> (Vec<usize>, Vec<f64>) {
        let tensor = self.tensor(name);
        let shape = tensor.dims().to_vec();
        let values = tensor.to_dtype(DType::F64).and_then(|t| t.flatten_all()).and_then(|t| t.to_vec1());
        (shape, values.unwrap_or_else(|error| panic!("{}: {name}: {error}", self.path.display())))
    }

    /// A one-dimensional array as f64.
    pub fn vector(&self, name: &str) -> Vec<f64> {
        self.array(name).1
    }

    /// The rows of a two-dimensional array as f64.
    pub fn rows(&self, name: &str) -> Vec<Vec<f64>> {
        let (shape, values) = self.array(name);
        assert_eq!(shape.len(), 2, "{name} has shape {shape:?}");
        values.chunks_exact(shape[1]).map(<[f64]>::to_vec).collect()
    }
}

/// The number that follows the first `"key":` in a JSON text; `None` if the key is absent or null.
pub fn json_number(text: &str, key: &str) -> Option<f64> {
    let (_, rest) = text.split_once(&format!("\"{key}\":"))?;
    rest.split([',', '}', '\n']).next()?.trim().parse().ok()
}

/// A recorded GELU MLP: its loss as an objective, and its initial weights. `None` if the golden files are
/// absent.
pub fn mlp<T: Real>(
    case: &str,
    width: usize,
    classes: usize,
    loss: LossKind,
) -> Option<(NetworkObjective<T>, Vec<T>)> {
    let architecture = Architecture::Mlp { hidden: vec![width; 2], activation: Activation::Gelu };
    let (objective, w) = network(case, &architecture, classes, loss)?;
    Some((objective, w.into_iter().map(T::of).collect()))
}

/// A recorded network: its loss as an objective, and its initial weights in f64. `None` if the golden files
/// are absent.
pub fn network<T: Real>(
    case: &str,
    architecture: &Architecture,
    classes: usize,
    loss: LossKind,
) -> Option<(NetworkObjective<T>, Vec<f64>)> {
    let data = Npz::open(&format!("{case}/data.npz"))?;
    let init = Npz::open(&format!("{case}/init.npz"))?;
    let (shape, x) = if data.has("x") {
        data.array("x")
    } else {
        let (shape, pixels) = data.array("x_u8");
        let (mean, std) = (data.vector("mean"), data.vector("std"));
        let plane = shape[2] * shape[3];
        let channel = |i: usize| i / plane % shape[1];
        #[expect(clippy::cast_possible_truncation, reason = "the recorded inputs were rounded to f32")]
        let scaled = |(i, x): (usize, &f64)| f64::from(((x - mean[channel(i)]) / std[channel(i)]) as f32);
        let x: Vec<f64> = pixels.iter().enumerate().map(scaled).collect();
        assert!(
            x.iter().zip(data.vector("x_check")).all(|(x, check)| *x == check),
            "{case}: the first entries of x"
        );
        assert!((x.iter().sum::<f64>() - data.vector("x_sum")[0]).abs() < 1e-6, "{case}: the sum of x");
        (shape.clone(), x)
    };
    #[expect(clippy::cast_possible_truncation, reason = "labels are small integers")]
    let labels = data.vector("y").into_iter().map(|y| y as i64).collect();
    let inputs = Tensor::from_vec(x, shape.clone(), &Device::Cpu).expect("as many entries as the shape says");
    let split = Split { x: inputs, targets: Targets::Classes { labels, count: classes } };
    let parameters = architecture.parameters(&shape[1..], classes).expect("a valid network");
    let arrays: HashMap<String, Tensor> =
        parameters.iter().map(|p| (p.name.clone(), init.tensor(&p.name))).collect();
    let w = flatten(&parameters, &arrays).expect("the recorded weights fit");
    let objective = NetworkObjective::new(architecture, &split, loss).expect("the recorded data fits");
    Some((objective, w))
}

/// A recorded complementarity problem.
pub struct Complementarity {
    /// A.
    pub a: DMatrix<f64>,
    /// B on pairs.
    pub b: DMatrix<f64>,
    /// A solution.
    pub x: DMatrix<f64>,
}

/// The problems of `sdcp.npz`.
pub fn complementarity_problems() -> Vec<Complementarity> {
    let npz = Npz::open("sdcp.npz").expect("sdcp.npz belongs to the repository");
    let (k, a) = (npz.vector("k"), npz.vector("A"));
    let (b, x) = (npz.vector("B"), npz.vector("X_exact"));
    (0..k.len())
        .map(|case| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size from 1 to 6")]
            let k = k[case] as usize;
            let square = |v: &[f64]| DMatrix::from_fn(k, k, |i, j| v[case * 36 + i * 6 + j]);
            let pairs: Vec<_> = (0..k).flat_map(|i| (i..k).map(move |j| (i, j))).collect();
            // Rows and columns of the stored operator are numbered i·k + j within the leading k² × k² block.
            let b = DMatrix::from_fn(pairs.len(), pairs.len(), |p, q| {
                let ((i, j), (m, n)) = (pairs[p], pairs[q]);
                b[case * 36 * 36 + (i * k + j) * 36 + (m * k + n)]
            });
            Complementarity { a: square(&a), b, x: square(&x) }
        })
        .collect()
}
