//! Exact derivatives of a loss at given weights: gradient, Hessian-vector products, third derivatives,
//! leading eigenpairs, spectrum and network outputs. The results can be written to a NumPy archive.
//!
//! Hessian-vector products follow Pearlmutter, "Fast exact multiplication by the Hessian" (1994), extended to
//! order three; see [`crate::calculus`].
//!
//! Example: a network on user-supplied data.
//!
//! ```
//! use brink_core::data::{Split, Targets};
//! use brink_core::derivatives::{Derivatives, DerivativesError, Wanted};
//! use brink_core::network::{Activation, Architecture};
//! use brink_core::objective::network::{LossKind, NetworkObjective};
//! use candle_core::{Device, Tensor};
//!
//! let x = Tensor::new(&[[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], &Device::Cpu)?;
//! let data = Split { x, targets: Targets::Classes { labels: vec![0, 1, 1], count: 2 } };
//! let network = Architecture::Mlp { hidden: vec![3], activation: Activation::Tanh };
//! let mut loss = NetworkObjective::<f64>::new(&network, &data, LossKind::CrossEntropy)?;
//! let w: Vec<f64> = network.initialize(&[2], 2, 0)?.into_iter().map(f64::from).collect();
//!
//! let u = vec![1.0; w.len()];
//! let wanted = Wanted {
//!     vectors: vec![("u".into(), u.clone())],
//!     pairs: vec![("u".into(), "u".into())],
//!     top: 1,
//!     ..Wanted::default()
//! };
//! let found = Derivatives::of(&mut loss, &w, &wanted)?;
//!
//! // T(u, u) = ∇(uᵀHu): a small step h along u changes uᵀHu by h·⟨T(u, u), u⟩.
//! let curvature = |w: &[f64], loss: &mut NetworkObjective<f64>| {
//!     let hv = &Derivatives::of(loss, w, &Wanted { pairs: vec![], ..wanted.clone() })?.hessian_vectors[0];
//!     Ok::<f64, DerivativesError>(hv.iter().sum())
//! };
//! let h = 1e-4;
//! let forward: Vec<f64> = w.iter().map(|w| w + h).collect();
//! let backward: Vec<f64> = w.iter().map(|w| w - h).collect();
//! let slope = (curvature(&forward, &mut loss)? - curvature(&backward, &mut loss)?) / (2.0 * h);
//! assert!((slope - found.third_derivatives[0].iter().sum::<f64>()).abs() < 1e-5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
pub(crate) mod npz;
mod pairs;

pub use error::DerivativesError;

use crate::calculus::{Block, Real};
use crate::objective::Objective;
use crate::spectrum::{
    Distribution, PreconditionedHessian, Preconditioner, SpectrumSettings, Tracker, TrackerSettings, spectrum,
};
use npz::NpzWriter;
use std::io::{self, Seek, Write};

/// Largest number of eigenpairs that can be requested.
const MOST_PAIRS: usize = 500;

/// The quantities to compute in addition to the loss and the gradient.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Named directions v for the Hessian-vector products H v, each of shape `[dim]`. A name consists of
    /// letters, digits, `_`, `-` and `.`.
    pub vectors: Vec<(String, Vec<f64>)>,
    /// Names of u and v for each third derivative T(u, v) = ∇(uᵀ H v), taken at fixed u and v.
    pub pairs: Vec<(String, String)>,
    /// Number of largest eigenvalues of H to compute, with their eigenvectors.
    pub top: usize,
    /// Relative residual ‖Hu − λu‖/|λ| of the eigenpairs. For small λ the residual is taken relative to a
    /// thousandth of the largest eigenvalue. Default: 1e-8 in f64, 1e-5 in f32.
    pub tolerance: Option<f64>,
    /// Number of examples, counted from the first, for which network outputs are returned; at most the number
    /// of examples in the data (zero for a landscape). The default for a preset is ten, or all examples if
    /// there are fewer.
    pub outputs: Option<usize>,
    /// Whether to compute the entire spectrum of H: all eigenvalues, or their density for a large network.
    pub spectrum: bool,
}

/// The computed derivatives, converted to f64.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Derivatives {
    /// L(w).
    pub loss: f64,
    /// ∇L(w). Shape `[dim]`.
    pub gradient: Vec<f64>,
    /// Hessian-vector products H v, in the order of [`Wanted::vectors`]. Shape `[vectors, dim]`.
    pub hessian_vectors: Vec<Vec<f64>>,
    /// Third derivatives T(u, v), in the order of [`Wanted::pairs`]. Shape `[pairs, dim]`.
    pub third_derivatives: Vec<Vec<f64>>,
    /// The largest eigenvalues of H, descending. Shape `[top]`.
    pub eigenvalues: Vec<f64>,
    /// Orthonormal eigenvectors that belong to the eigenvalues. Shape `[top, dim]`.
    pub eigenvectors: Vec<Vec<f64>>,
    /// Network outputs for the first examples, each row-major. Shape `[examples, rows · columns]`.
    pub outputs: Vec<Vec<f64>>,
    /// The entire spectrum of H, if requested.
    pub spectrum: Option<Distribution>,
    /// Rows of the output of one example: the sequence length for a network that reads tokens, otherwise 1.
    pub rows: usize,
    /// Names of the parameter tensors, in the order of the flat weights. [`Derivatives::of`] leaves the list
    /// empty, because an objective has no parameter names.
    pub order: Vec<String>,
    vectors: Vec<String>,
    pairs: Vec<(String, String)>,
}

impl Derivatives {
    /// Computes derivatives of any loss at the weights `w`. Shape `[dim]`.
    ///
    /// # Errors
    /// A request that does not fit the loss (for example more outputs than examples), or eigenpairs that do
    /// not reach the tolerance.
    ///
    /// # Panics
    /// If the length of `w` is not the number of parameters.
    pub fn of<T: Real>(
        loss: &mut dyn Objective<T>,
        w: &[T],
        wanted: &Wanted,
    ) -> Result<Self, DerivativesError> {
        let dim = loss.dim();
        assert_eq!(w.len(), dim, "there is one weight for each parameter");
        let pairs = pairs::check(wanted, dim)?;
        let tolerance = tolerance::<T>(wanted, dim)?;
        let examples = loss.examples();
        if let Some(outputs) = wanted.outputs.filter(|&outputs| outputs > examples) {
            return Err(DerivativesError::Outputs { outputs, examples });
        }
        let mut directions = Block::zeros(dim, 0);
        for (_, v) in &wanted.vectors {
            directions.push(&v.iter().map(|&x| T::of(x)).collect::<Vec<_>>());
        }

        let mut gradient = vec![T::zero(); dim];
        let value = loss.gradient(w, &mut gradient);
        let mut products = Block::default();
        if !directions.is_empty() {
            loss.hessian_vector_products(w, &directions, &mut products);
        }
        let third_derivatives = pairs::third_derivatives(loss, w, &directions, &pairs);
        let mut found = Self {
            loss: value,
            gradient: widened(&gradient),
            hessian_vectors: products.columns().map(widened).collect(),
            third_derivatives,
            rows: 1,
            vectors: wanted.vectors.iter().map(|(name, _)| name.clone()).collect(),
            pairs: wanted.pairs.clone(),
            ..Self::default()
        };
        if wanted.top > 0 {
            found.solve(loss, w, wanted.top, tolerance)?;
        }
        if wanted.spectrum {
            let hessian = Preconditioner::Uniform(1.0);
            let mut hessian = PreconditionedHessian::new(loss, w, &hessian);
            found.spectrum = Some(spectrum(&mut hessian, &SpectrumSettings::default(), &mut |_| true)?);
        }
        if let Some(examples) = wanted.outputs {
            found.outputs = loss.outputs(w, &(0..examples).collect::<Vec<_>>());
        }
        Ok(found)
    }

    /// Computes the `top` largest eigenvalues of H(w) and their eigenvectors.
    fn solve<T: Real>(
        &mut self,
        loss: &mut dyn Objective<T>,
        w: &[T],
        top: usize,
        tolerance: f64,
    ) -> Result<(), DerivativesError> {
        if !self.loss.is_finite() {
            return Err(DerivativesError::NotFinite { loss: self.loss });
        }
        let budget = 20_000 + 1_000 * top;
        let settings =
            TrackerSettings { track_threshold: None, max_tracked: top, tolerance, max_hvps: Some(budget) };
        let mut tracker = Tracker::new(top);
        let found = tracker.solve(loss, w, &Preconditioner::Uniform(1.0), &settings);
        if found.values.len() < top || found.residual.is_nan() || found.residual > tolerance {
            let (residual, hvps) = (found.residual, found.hvps);
            return Err(DerivativesError::Unsolved { top, residual, tolerance, hvps });
        }
        self.eigenvalues.clone_from(&found.values);
        self.eigenvectors = found.vectors.columns().map(widened).collect();
        Ok(())
    }

    /// Writes the results as a NumPy archive (`.npz`). All numbers are f64.
    ///
    /// | array | shape | contents |
    /// |---|---|---|
    /// | `loss` | `[]` | L(w) |
    /// | `grad` | `[dim]` | ∇L(w) |
    /// | `hv_<name>` | `[dim]` | H v |
    /// | `t_<u>_<v>` | `[dim]` | T(u, v) |
    /// | `eigenvalues` | `[top]` | largest eigenvalues, descending |
    /// | `eigenvectors` | `[top, dim]` | one eigenvector per row |
    /// | `spectrum` | `[atoms]` | positions of the eigenvalues |
    /// | `spectrum_counts` | `[atoms]` | number of eigenvalues at each position |
    /// | `outputs` | `[examples, columns]` or `[examples, positions, columns]` | network outputs |
    /// | `order` | `[tensors]` | names of the parameter tensors (text) |
    ///
    /// Arrays that were not requested are absent.
    ///
    /// # Errors
    /// An I/O error of `out`.
    pub fn write_npz<W: Write + Seek>(&self, out: W) -> io::Result<W> {
        let Self {
            loss,
            gradient,
            hessian_vectors,
            third_derivatives,
            eigenvalues,
            eigenvectors,
            outputs,
            spectrum,
            rows,
            order,
            vectors,
            pairs,
        } = self;
        let dim = gradient.len();
        let mut out = NpzWriter::new(out);
        out.numbers("loss", &[], [loss])?;
        out.numbers("grad", &[dim], gradient)?;
        for (name, hv) in vectors.iter().zip(hessian_vectors) {
            out.numbers(&pairs::product(name), &[dim], hv)?;
        }
        for ((u, v), t) in pairs.iter().zip(third_derivatives) {
            out.numbers(&pairs::contraction(u, v), &[dim], t)?;
        }
        if !eigenvalues.is_empty() {
            out.numbers("eigenvalues", &[eigenvalues.len()], eigenvalues)?;
            out.numbers("eigenvectors", &[eigenvectors.len(), dim], eigenvectors.iter().flatten())?;
        }
        if let Some(spectrum) = spectrum {
            let shape = [spectrum.atoms.len()];
            out.numbers("spectrum", &shape, spectrum.atoms.iter().map(|atom| &atom.value))?;
            out.numbers("spectrum_counts", &shape, spectrum.atoms.iter().map(|atom| &atom.count))?;
        }
        if let Some(first) = outputs.first() {
            let shape = match rows {
                1 => vec![outputs.len(), first.len()],
                rows => vec![outputs.len(), *rows, first.len() / rows],
            };
            out.numbers("outputs", &shape, outputs.iter().flatten())?;
        }
        out.texts("order", order)?;
        out.finish()
    }
}

/// Checks the requested number of eigenpairs and returns their tolerance.
fn tolerance<T: Real>(wanted: &Wanted, dim: usize) -> Result<f64, DerivativesError> {
    let most = dim.min(MOST_PAIRS);
    if wanted.top > most {
        return Err(DerivativesError::Top { top: wanted.top, most });
    }
    let precision = T::epsilon().widen();
    let least = 20.0 * precision;
    let tolerance = wanted.tolerance.unwrap_or_else(|| 1e-8_f64.max(80.0 * precision));
    if (least..=0.1).contains(&tolerance) {
        Ok(tolerance)
    } else {
        Err(DerivativesError::Tolerance { tolerance, least })
    }
}

fn widened<T: Real>(x: &[T]) -> Vec<f64> {
    x.iter().map(|x| x.widen()).collect()
}
