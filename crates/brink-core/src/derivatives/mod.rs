//! Derivatives of a loss at given weights, for research: gradient, Hessian-vector products, third derivatives, leading
//! eigenpairs and outputs, all exact, and a NumPy archive of them.
//!
//! Of a network on data of one's own:
//!
//! ```
//! use crate::data::{Split, Targets};
//! use crate::network::{Activation, Architecture};
//! use crate::objective::network::{LossKind, NetworkObjective};
//! use crate::derivatives::{Derivatives, Wanted};
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
//! // T(u, u) = ∇(uᵀHu): the change of uᵀHu along a small step h in the direction u is h·⟨T(u, u), u⟩.
//! let curvature = |w: &[f64], loss: &mut NetworkObjective<f64>| {
//!     let hv = &Derivatives::of(loss, w, &Wanted { pairs: vec![], ..wanted.clone() })?.hessian_vectors[0];
//!     Ok::<f64, self::error::DerivativesError>(hv.iter().sum())
//! };
//! let h = 1e-4;
//! let there: Vec<f64> = w.iter().map(|w| w + h).collect();
//! let back: Vec<f64> = w.iter().map(|w| w - h).collect();
//! let slope = (curvature(&there, &mut loss)? - curvature(&back, &mut loss)?) / (2.0 * h);
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

/// Most eigenpairs.
const MOST_PAIRS: usize = 500;

/// What is wanted besides loss and gradient.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Directions v of H·v, flat, under names of letters, digits, `_`, `-` and `.`.
    pub vectors: Vec<(String, Vec<f64>)>,
    /// The names of u and v of every T(u, v) = ∇(uᵀ H v), where u and v are held fixed.
    pub pairs: Vec<(String, String)>,
    /// How many of the largest eigenvalues of H, with their eigenvectors.
    pub top: usize,
    /// Relative residual ‖Hu − λu‖/|λ| to which they are solved (for small λ relative to a thousandth of the largest);
    /// 1e-8 in f64 and 1e-5 in f32 unless given.
    pub tolerance: Option<f64>,
    /// On how many examples, the first ones, the outputs are given; at most as many as there are (none for a landscape). Of
    /// a preset ten, or all there are, unless given.
    pub outputs: Option<usize>,
    /// Whether the whole spectrum is given: all eigenvalues of H, or their density.
    pub spectrum: bool,
}

/// What was found, widened to f64.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Derivatives {
    /// L(w).
    pub loss: f64,
    /// ∇L(w). Shape `[dim]`.
    pub gradient: Vec<f64>,
    /// H·v, in the order of [`Wanted::vectors`]. Shape `[vectors, dim]`.
    pub hessian_vectors: Vec<Vec<f64>>,
    /// T(u, v), in the order of [`Wanted::pairs`]. Shape `[pairs, dim]`.
    pub third_derivatives: Vec<Vec<f64>>,
    /// The largest eigenvalues of H, descending. Shape `[top]`.
    pub eigenvalues: Vec<f64>,
    /// Their orthonormal eigenvectors. Shape `[top, dim]`.
    pub eigenvectors: Vec<Vec<f64>>,
    /// The outputs on the first examples, row by row. Shape `[examples, rows · columns]`.
    pub outputs: Vec<Vec<f64>>,
    /// The whole spectrum of H, where it was wanted.
    pub spectrum: Option<Distribution>,
    /// Rows of the outputs of one example: its positions for a network of tokens, else 1.
    pub rows: usize,
    /// The parameters' names, in the order of the flat weights. Empty from [`Derivatives::of`], which has none.
    pub order: Vec<String>,
    vectors: Vec<String>,
    pairs: Vec<(String, String)>,
}

impl Derivatives {
    /// Derivatives of any loss at the weights w.
    ///
    /// # Errors
    /// When what is wanted does not fit the loss (more outputs than it has examples, say), or the eigenpairs cannot be solved
    /// to the tolerance.
    ///
    /// # Panics
    /// If `w` is not as long as the loss has parameters: that is a defect of the caller.
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

    /// The `top` largest eigenvalues of H(w) and their eigenvectors.
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

    /// Writes an archive of arrays of f64: `loss` (a number), `grad`, `hv_<name>` and `t_<u>_<v>` of shape `[dim]`, where
    /// they were wanted `spectrum` and `spectrum_counts` (a value and how many eigenvalues there are there), `eigenvalues` `[top]`, `eigenvectors` `[top, dim]` (one a row) and `outputs` `[examples, columns]`
    /// (or `[examples, positions, columns]`); and `order`, the parameters' names as text.
    ///
    /// # Errors
    /// When `out` cannot be written.
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

/// The tolerance of eigenpairs, checked like their number.
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
