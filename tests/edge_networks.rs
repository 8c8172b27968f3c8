//! The central flow of small networks with attention and with convolutions at the edge: its invariants.

#![allow(clippy::unwrap_used, reason = "a failure is a panic")]

use brink::preset::Preset;
use brink::run::engine::assemble::assemble;
use brink::run::engine::problem::Sources;
use brink_core::dynamics::CentralFlowRecord;

/// The central flow alone, in f64, up to `after` steps after its first eigenvalue has reached the edge.
fn at_the_edge(name: &str, eta: f64, examples: usize, after: usize) {
    let mut preset = Preset::load(name).unwrap();
    for set in [
        "run.precision=f64",
        "run.processes=[\"cf\"]",
        "eigen.tolerance=1e-6",
        "eigen.max_hvps=1000",
        "central_flow.substeps=4",
        "central_flow.resolve_every_substep=true",
        &format!("optimizer.eta={eta}"),
        &format!("data.n={examples}"),
    ] {
        preset.set(set).unwrap();
    }
    let mut engine = assemble(&preset, &Sources::default()).unwrap();
    let mut before = f64::INFINITY;
    let mut at_edge = 0;
    for step in 0..300 {
        let CentralFlowRecord { state, sigma_trace, complementarity_residual, .. } =
            engine.step(eta).central_flow.unwrap();
        assert!(state.loss < before, "{name}: the loss rises from {before} to {} at step {step}", state.loss);
        before = state.loss;
        let overshoot = eta * state.lambda[0] - 2.0;
        assert!(overshoot < 5e-3, "{name}: η·λ1 − 2 = {overshoot} at step {step}");
        assert!(
            complementarity_residual <= 1e-10,
            "{name}: KKT residual {complementarity_residual} at step {step}"
        );
        at_edge += usize::from(sigma_trace > 0.0);
        if at_edge == after {
            assert!(overshoot > -5e-3, "{name}: Σ ≠ 0 with η·λ1 − 2 = {overshoot}");
            return;
        }
    }
    panic!("{name} does not come to the edge in 300 steps");
}

#[test]
fn a_transformer_that_sorts_stays_at_the_edge() {
    at_the_edge("transformer", 0.05, 40, 25);
}

#[test]
fn a_convolutional_network_stays_at_the_edge() {
    at_the_edge("cnn", 0.1, 40, 25);
}
