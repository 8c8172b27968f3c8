//! Exact derivatives of the loss of a user's own network and data, compared with finite differences.
//!
//! `cargo run --release --no-default-features --example derivatives`

use brink_core::data::{Split, Targets};
use brink_core::derivatives::{Derivatives, Wanted};
use brink_core::network::{Activation, Architecture};
use brink_core::objective::network::{LossKind, NetworkObjective};
use candle_core::{Device, Tensor};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // y = sin 3x on 40 points, by a network 1-16-16-1
    let points: Vec<f64> = (0..40).map(|i| -1.0 + f64::from(i) / 19.5).collect();
    let values: Vec<f64> = points.iter().map(|x| (3.0 * x).sin()).collect();
    let column = |values| Tensor::from_vec(values, (40, 1), &Device::Cpu);
    let data = Split { x: column(points)?, targets: Targets::Regression(column(values)?) };
    let network = Architecture::Mlp { hidden: vec![16; 2], activation: Activation::Gelu };
    let mut loss = NetworkObjective::<f64>::new(&network, &data, LossKind::Mse)?;
    let w: Vec<f64> = network.initialize(&[1], 1, 0)?.into_iter().map(f64::from).collect();

    let direction = |seed: f64| (0..w.len()).map(|i| (seed * (i as f64 + 1.0)).sin()).collect::<Vec<f64>>();
    let wanted = Wanted {
        vectors: vec![("u".into(), direction(0.7)), ("v".into(), direction(1.3))],
        pairs: vec![("u".into(), "v".into())],
        top: 3,
        ..Wanted::default()
    };
    let found = Derivatives::of(&mut loss, &w, &wanted)?;
    println!("loss {:.6}, {} parameters", found.loss, found.gradient.len());
    println!("largest eigenvalues {:.6?}", found.eigenvalues);

    // central differences along u: of the gradient for H u, and of H v for T(u, v)
    let h = 1e-5;
    let moved =
        |by: f64| -> Vec<f64> { w.iter().zip(&wanted.vectors[0].1).map(|(w, u)| w + by * u).collect() };
    let mut there = |by: f64| Derivatives::of(&mut loss, &moved(by), &Wanted { top: 0, ..wanted.clone() });
    let (ahead, behind) = (there(h)?, there(-h)?);
    let difference = |of: &dyn Fn(&Derivatives) -> Vec<f64>, exact: &[f64]| -> f64 {
        let slopes = of(&ahead).into_iter().zip(of(&behind)).map(|(a, b)| (a - b) / (2.0 * h));
        slopes.zip(exact).map(|(slope, exact)| (slope - exact).abs()).fold(0.0, f64::max)
    };
    println!("H u off by {:.1e}", difference(&|d| d.gradient.clone(), &found.hessian_vectors[0]));
    println!(
        "T(u, v) off by {:.1e}",
        difference(&|d| d.hessian_vectors[1].clone(), &found.third_derivatives[0])
    );
    Ok(())
}
