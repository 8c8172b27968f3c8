//! Entire spectra: all eigenvalues compared with known ones, and stochastic Lanczos quadrature compared with
//! all eigenvalues.

#![expect(clippy::unwrap_used, reason = "a test")]

use crate::common::Npz;
use brink_core::calculus::{Block, Real};
use brink_core::data::{Split, Targets};
use brink_core::network::{Activation, Architecture};
use brink_core::objective::network::{LossKind, NetworkObjective};
use brink_core::objective::{Landscape, Objective, Quadratic};
use brink_core::spectrum::distribution::SpectrumMethod;
use brink_core::spectrum::quadrature::quadrature;
use brink_core::spectrum::whole::dense;
use brink_core::spectrum::{
    Distribution, Operator, PreconditionedHessian, Preconditioner, Quadrature, SpectrumError,
    SpectrumSettings, spectrum,
};
use candle_core::{Device, Tensor};
use proptest::prelude::*;

const HESSIAN: Preconditioner<f64> = Preconditioner::Uniform(1.0);

fn of(loss: &mut dyn Objective<f64>, w: &[f64], settings: &SpectrumSettings) -> Distribution {
    let mut hessian = PreconditionedHessian::new(loss, w, &HESSIAN);
    spectrum(&mut hessian, settings, &mut |_| true).unwrap()
}

fn values(found: &Distribution) -> Vec<f64> {
    found.atoms.iter().map(|atom| atom.value).collect()
}

/// A small classifier on artificial data, and weights in the middle of its training.
fn small(kind: LossKind, hidden: usize) -> (NetworkObjective<f64>, Vec<f64>) {
    let x: Vec<f64> = (0..60 * 5).map(|i| f64::from(i * i % 37).sin()).collect();
    let labels = (0..60).map(|i| i * 7 % 3).collect();
    let x = Tensor::from_vec(x, (60, 5), &Device::Cpu).unwrap();
    let data = Split { x, targets: Targets::Classes { labels, count: 3 } };
    let network = Architecture::Mlp { hidden: vec![hidden; 2], activation: Activation::Tanh };
    let mut loss = NetworkObjective::new(&network, &data, kind).unwrap();
    let mut w: Vec<f64> = network.initialize(&[5], 3, 0).unwrap().into_iter().map(f64::from).collect();
    let mut gradient = vec![0.0; w.len()];
    for _ in 0..100 {
        loss.gradient(&w, &mut gradient);
        w.iter_mut().zip(&gradient).for_each(|(w, g)| *w -= 0.2 * g);
    }
    (loss, w)
}

#[test]
fn all_eigenvalues_of_a_quadratic_are_the_ones_it_was_made_of() {
    let wanted: Vec<f64> = (0..150).map(|i| f64::from(i % 50) * 0.3 - 4.0).collect();
    let found = of(&mut Quadratic::rotated(wanted.clone()), &vec![0.0; 150], &SpectrumSettings::default());
    let mut wanted = wanted;
    wanted.sort_by(f64::total_cmp);
    assert_eq!((found.source, found.dim()), (SpectrumMethod::Dense, 150.0));
    for (found, wanted) in values(&found).iter().zip(&wanted) {
        assert!((found - wanted).abs() < 1e-11, "{found} for {wanted}");
    }
}

#[test]
fn both_eigenvalues_of_a_landscape_are_those_of_its_closed_form() {
    for landscape in
        [Landscape::Hyperbola, Landscape::TiltedHyperbola { c: 0.3, x0: 2.0 }, Landscape::Ellipse { a: 0.5 }]
    {
        for (x, y) in [(0.3, 1.1), (-2.0, 0.7), (1.5, 1.5)] {
            let [xx, xy, yy] = landscape.jet(x, y).second;
            let (mean, root) = (0.5 * (xx + yy), (0.25 * (xx - yy) * (xx - yy) + xy * xy).sqrt());
            let found = values(&of(&mut landscape.clone(), &[x, y], &SpectrumSettings::default()));
            for (found, wanted) in found.iter().zip([mean - root, mean + root]) {
                assert!(
                    (found - wanted).abs() < 1e-12 * root.max(1.0),
                    "{landscape:?}: {found} for {wanted}"
                );
            }
        }
    }
}

/// Largest entry of |H − Hᵀ| relative to the largest entry of |H|.
fn asymmetry<T: Real>(loss: &mut dyn Objective<T>, w: &[T]) -> f64 {
    let one = Preconditioner::Uniform(1.0);
    let h = dense(&mut PreconditionedHessian::new(loss, w, &one), &mut |_| true).unwrap();
    (&h - h.transpose()).amax() / h.amax()
}

#[test]
fn the_hessian_of_a_network_is_symmetric_and_its_trace_and_squares_are_those_of_its_eigenvalues() {
    for kind in [LossKind::Mse, LossKind::CrossEntropy] {
        let (mut loss, w) = small(kind, 8);
        assert!(asymmetry(&mut loss, &w) < 1e-14);
        let h = dense(&mut PreconditionedHessian::new(&mut loss, &w, &HESSIAN), &mut |_| true).unwrap();
        let found = of(&mut loss, &w, &SpectrumSettings::default());
        let dim = w.len() as f64;
        assert!((found.moment(1) * dim - h.trace()).abs() < 1e-10 * h.trace().abs());
        assert!((found.moment(2) * dim - h.norm_squared()).abs() < 1e-10 * h.norm_squared());
    }
    let data = crate::common::network::<f32>(
        "digits-mlp-mse",
        &Architecture::Mlp { hidden: vec![32; 2], activation: Activation::Gelu },
        10,
        LossKind::Mse,
    );
    let (mut loss, w) = data.unwrap();
    let w: Vec<f32> = w.into_iter().map(f32::of).collect();
    assert!(asymmetry(&mut loss, &w) < 1e-5, "single precision");
}

/// Largest difference of the two cumulative counts relative to the dimension, where eigenvalues within
/// `width` count as equal.
fn kolmogorov(a: &Distribution, b: &Distribution, width: f64) -> f64 {
    let outside = |x: f64| {
        let (low, high) = (b.cumulative(x - width), b.cumulative(x + width));
        (a.cumulative(x) - high).max(low - a.cumulative(x)).max(0.0)
    };
    let places = a.atoms.iter().chain(&b.atoms).map(|atom| atom.value);
    places.map(outside).fold(0.0, f64::max) / b.dim()
}

#[test]
fn quadrature_agrees_with_all_eigenvalues_of_small_networks() {
    for (kind, hidden) in [(LossKind::Mse, 8), (LossKind::CrossEntropy, 12)] {
        let (mut loss, w) = small(kind, hidden);
        let all = of(&mut loss, &w, &SpectrumSettings::default());
        let settings = SpectrumSettings { dense_up_to: 0, ..SpectrumSettings::default() };
        let found = of(&mut loss, &w, &settings);
        let dim = w.len() as f64;
        assert!((found.dim() - dim).abs() < 1e-9 * dim);
        let [low, high] = all.range().unwrap();
        let [found_low, found_high] = found.range().unwrap();
        assert!(found_low >= low - 1e-9 && found_high <= high + 1e-9, "nodes lie inside the spectrum");
        assert!((found_high - high).abs() < 1e-9 * high, "{found_high} for the sharpness {high}");
        // The variance of zᵀHz for one probe is at most 2‖H‖², for six probes one sixth of it; three standard
        // deviations.
        for power in [1, 2] {
            let spread = (2.0 * dim * all.moment(2 * power) / 6.0).sqrt() / dim;
            let error = (found.moment(power) - all.moment(power)).abs();
            assert!(error < 3.0 * spread, "moment {power}: off by {error}, {spread} expected");
        }
        let error = kolmogorov(&found, &all, 0.01 * (high - low));
        assert!(error < 0.06, "{kind:?}: {error} of all eigenvalues lie elsewhere");
    }
}

#[test]
fn quadrature_finds_the_leading_eigenvalues_of_the_reference() {
    let mlp = Architecture::Mlp { hidden: vec![32; 2], activation: Activation::Gelu };
    let lstm = Architecture::Lstm { layers: 2, embedding: 16, hidden: 16 };
    for (case, network, classes, kind) in [
        ("digits-mlp-mse", &mlp, 10, LossKind::Mse),
        ("digits-mlp-ce", &mlp, 10, LossKind::CrossEntropy),
        ("pw-lstm-ce", &lstm, 4, LossKind::CrossEntropy),
    ] {
        let Some((mut loss, w)) = crate::common::network::<f64>(case, network, classes, kind) else {
            continue;
        };
        let wanted = Npz::open(&format!("{case}/pointwise.npz")).unwrap().vector("t0_eigs");
        let settings = Quadrature { probes: 1, ..Quadrature::default() };
        let mut hessian = PreconditionedHessian::new(&mut loss, &w, &HESSIAN);
        let found = values(&quadrature(&mut hessian, &settings, &mut |_| true).unwrap());
        for (i, wanted) in wanted.iter().enumerate() {
            let found = found[found.len() - 1 - i];
            assert!((found - wanted).abs() < 1e-6 * wanted, "{case}: λ{} is {found}, not {wanted}", i + 1);
        }
    }
}

#[test]
fn it_is_the_same_for_one_seed_whatever_the_memory() {
    let (mut loss, w) = small(LossKind::Mse, 12);
    let mut found = |memory, seed| {
        let settings = Quadrature { memory, seed, steps: 20, ..Quadrature::default() };
        let mut hessian = PreconditionedHessian::new(&mut loss, &w, &HESSIAN);
        quadrature(&mut hessian, &settings, &mut |_| true).unwrap()
    };
    let bytes = 8 * w.len();
    assert_eq!(found(6 * 20 * bytes, 1), found(6 * 20 * bytes, 1));
    let (together, one_by_one) = (found(6 * 20 * bytes, 1), found(20 * bytes, 1));
    let [low, high] = together.range().unwrap();
    let error = kolmogorov(&one_by_one, &together, 0.01 * (high - low));
    assert!(error < 0.01, "rounding differs, the distribution does not: {error}");
    assert_ne!(together, found(6 * 20 * bytes, 2));
    let few = found(12 * bytes, 1);
    assert_eq!(few.source, SpectrumMethod::Quadrature { probes: 6, steps: 12 });
}

#[test]
fn what_cannot_be_computed_is_said() {
    let (mut loss, mut w) = small(LossKind::Mse, 8);
    let with = |loss: &mut NetworkObjective<f64>, w: &[f64], dense_up_to, memory, most: usize| {
        let quadrature = Quadrature { memory, ..Quadrature::default() };
        let mut asked = 0;
        let mut go_on = |share: f32| {
            assert!((0.0..=1.0).contains(&share));
            asked += 1;
            asked <= most
        };
        let mut hessian = PreconditionedHessian::new(loss, w, &HESSIAN);
        let found = spectrum(&mut hessian, &SpectrumSettings { dense_up_to, quadrature }, &mut go_on);
        (found.map(|found| found.dim()), asked)
    };
    for dense_up_to in [0, 2000] {
        assert_eq!(with(&mut loss, &w, dense_up_to, 1 << 30, 2), (Err(SpectrumError::Stopped), 3));
    }
    let (found, _) = with(&mut loss, &w, 0, 100, usize::MAX);
    let said = found.unwrap_err().to_string();
    assert!(said.contains("147 parameters needs 10 vectors"), "{said}");
    w[3] = f64::NAN;
    for dense_up_to in [0, 2000] {
        let (found, _) = with(&mut loss, &w, dense_up_to, 1 << 30, usize::MAX);
        assert_eq!(found, Err(SpectrumError::NotFinite));
    }
}

/// A diagonal matrix.
struct Diagonal(Vec<f64>);

impl Operator<f64> for Diagonal {
    fn dim(&self) -> usize {
        self.0.len()
    }

    fn apply(&mut self, v: &Block<f64>, av: &mut Block<f64>) {
        av.clone_from(v);
        for i in 0..av.count() {
            av.column_mut(i).iter_mut().zip(&self.0).for_each(|(x, lambda)| *x *= lambda);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A vector with entries ±1 gives equal weight to all eigenvectors of a diagonal matrix. With as many
    /// steps as distinct eigenvalues, the quadrature is therefore exact for any multiplicities.
    #[test]
    fn quadrature_of_few_different_eigenvalues_is_exact(
        different in proptest::collection::btree_set(-50_i32..50, 1..12),
        repeats in proptest::collection::vec(1_usize..9, 12),
        size in -6_i32..6,
    ) {
        let unit = 10_f64.powi(size);
        let wanted: Vec<(f64, usize)> =
            different.iter().map(|&x| f64::from(x) * unit).zip(repeats.iter().copied()).collect();
        let lambda: Vec<f64> = wanted.iter().flat_map(|&(x, n)| std::iter::repeat_n(x, n)).collect();
        let mut operator = Diagonal(lambda.clone());
        let found = quadrature(&mut operator, &Quadrature::default(), &mut |_| true).unwrap();
        for (value, count) in wanted {
            let near = 1e-6 * unit;
            let counted = found.cumulative(value + near) - found.cumulative(value - near);
            prop_assert!((counted - count as f64).abs() < 1e-6, "{counted} at {value}, not {count}");
        }
        let all = spectrum(&mut Diagonal(lambda.clone()), &SpectrumSettings::default(), &mut |_| true).unwrap();
        let mut lambda = lambda;
        lambda.sort_by(f64::total_cmp);
        for (found, wanted) in values(&all).iter().zip(&lambda) {
            prop_assert!((found - wanted).abs() <= 1e-12 * 50.0 * unit);
        }
    }
}
