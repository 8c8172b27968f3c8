//! Gradient descent, gradient flow and central flow of a small MLP, from the initial weights past the edge of stability.
//!
//! The gradient flow crosses the edge S = 2/η and continues to sharpen. Gradient descent oscillates around the edge.
//! The central flow stays at the edge, and tr Σ is its prediction for the variance of the oscillation.
//!
//! ```sh
//! cargo run -p brink-core --example central_flow
//! ```

use brink_core::data::digits;
use brink_core::dynamics::{Dynamics, ProcessRecord, Settings};
use brink_core::network::{Activation, Architecture};
use brink_core::objective::network::{LossKind, NetworkObjective};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let eta = 0.4;
    let network = Architecture::Mlp { hidden: vec![32, 32], activation: Activation::Gelu };
    let data = digits::dataset(500, digits::CLASSES, digits::Labels::Drawn { p: 0.3, seed: 0 })?;
    let mut loss = NetworkObjective::<f64>::new(&network, &data.train, LossKind::Mse)?;
    let w0: Vec<f64> =
        network.initialize(&[1, 8, 8], digits::CLASSES, 0)?.into_iter().map(f64::from).collect();

    let mut settings = Settings::default();
    settings.eigen.tolerance = 1e-4;
    settings.validate()?;
    let mut dynamics = Dynamics::new(w0, settings);

    println!("             gradient descent     gradient flow      central flow");
    println!("step   2/η      loss       S      loss       S      loss       S     tr Σ");
    for _ in 0..=240 {
        let record = dynamics.step(&mut loss, eta);
        for event in &record.events {
            println!("# step {}: {event:?}", record.step);
        }
        if record.step.is_multiple_of(20) {
            let central = record.central_flow.as_ref();
            print!("{:4} {:5.2}", record.step, 2.0 / eta);
            print_process(record.gradient_descent.as_ref());
            print_process(record.gradient_flow.as_ref());
            print_process(central.map(|flow| &flow.state));
            println!("  {:.1e}", central.map_or(f64::NAN, |flow| flow.sigma_trace));
        }
    }
    Ok(())
}

/// Prints loss and sharpness of a process at the start of a step.
fn print_process(record: Option<&ProcessRecord>) {
    let sharpness = record.and_then(|record| record.lambda.first().copied());
    print!("  {:8.5} {:7.3}", record.map_or(f64::NAN, |record| record.loss), sharpness.unwrap_or(f64::NAN));
}
