//! Derivatives of a loss at given weights: loss, gradient, H v, ∇(uᵀHv) and the leading eigenpairs of the Hessian,
//! for an MLP on the bundled handwritten digits.
//!
//! ```sh
//! cargo run -p brink-core --example derivatives
//! ```

use brink_core::data::digits;
use brink_core::derivatives::{Derivatives, Wanted};
use brink_core::network::{Activation, Architecture};
use brink_core::objective::network::{LossKind, NetworkObjective};
use brink_core::spectrum::{dot, norm};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let network = Architecture::Mlp { hidden: vec![32, 32], activation: Activation::Gelu };
    let data = digits::dataset(500, digits::CLASSES, digits::Labels::Drawn { p: 0.0, seed: 0 })?;
    let mut loss = NetworkObjective::<f64>::new(&network, &data.train, LossKind::CrossEntropy)?;
    let w: Vec<f64> =
        network.initialize(&[1, 8, 8], digits::CLASSES, 0)?.into_iter().map(f64::from).collect();

    // Two unit directions u and v, and all derivatives along them.
    let (u, v) = (unit(w.len(), 1.0), unit(w.len(), 2.0));
    let wanted = Wanted {
        vectors: vec![("u".into(), u.clone()), ("v".into(), v.clone())],
        pairs: vec![("u".into(), "v".into())],
        top: 4,
        ..Wanted::default()
    };
    let found = Derivatives::of(&mut loss, &w, &wanted)?;
    let (hv, t) = (&found.hessian_vectors[1], &found.third_derivatives[0]);

    println!("{} parameters, {} examples", w.len(), loss.examples());
    println!("L(w)                  {:.6}", found.loss);
    println!("‖∇L(w)‖               {:.6}", norm(&found.gradient));
    println!("uᵀHv = vᵀHu           {:+.3e} = {:+.3e}", dot(&u, hv), dot(&v, &found.hessian_vectors[0]));
    println!("‖∇(uᵀHv)‖             {:.3e}", norm(t));
    for (lambda, u) in found.eigenvalues.iter().zip(&found.eigenvectors) {
        println!("eigenvalue            {lambda:.6}   |⟨u, ∇L⟩| = {:.2e}", dot(u, &found.gradient).abs());
    }

    // Check: a step h along v changes ∇L by h·Hv, up to O(h²) for the central difference.
    let h = 1e-4;
    let mut gradient_at = |h: f64| {
        let moved: Vec<f64> = w.iter().zip(&v).map(|(w, v)| w + h * v).collect();
        Derivatives::of(&mut loss, &moved, &Wanted::default()).map(|found| found.gradient)
    };
    let (forward, backward) = (gradient_at(h)?, gradient_at(-h)?);
    let error: Vec<f64> =
        forward.iter().zip(&backward).zip(hv).map(|((f, b), hv)| (f - b) / (2.0 * h) - hv).collect();
    println!("finite difference     ‖Δ∇L/2h − Hv‖ / ‖Hv‖ = {:.1e}", norm(&error) / norm(hv));
    Ok(())
}

/// A unit vector without symmetry.
fn unit(dim: usize, frequency: f64) -> Vec<f64> {
    let x: Vec<f64> = (0..dim).map(|i| (frequency * (i as f64 + 1.0)).sin()).collect();
    let length = norm(&x);
    x.into_iter().map(|x| x / length).collect()
}
