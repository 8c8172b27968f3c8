//! The dynamics of networks with 3,466 weights: properties that require many directions along the edge, and
//! the cost of the eigensolver.

use brink_core::dynamics::{
    CentralFlowRecord, Dynamics, EigenSettings, Event, Processes, Settings, StepRecord,
};
use brink_core::objective::network::LossKind;

const ALONE: Processes = Processes { gradient_descent: false, gradient_flow: false, central_flow: true };

fn central(record: &StepRecord) -> &CentralFlowRecord {
    record.central_flow.as_ref().expect("the central flow runs")
}

/// η changes at step 320 of digits-noise-mse, at the edge of η = 0.12.
fn change_eta(factor: f64) -> Vec<StepRecord> {
    let (mut objective, w) = crate::common::mlp::<f32>("digits-noise-mse", 32, 10, LossKind::Mse)
        .expect("belongs to the repository");
    let processes = Processes { gradient_flow: false, ..Processes::default() };
    let eigen = EigenSettings { tolerance: 1e-4, ..EigenSettings::default() };
    let mut dynamics = Dynamics::new(w, Settings { processes, eigen, ..Settings::default() });
    let mut records: Vec<_> = (0..320).map(|_| dynamics.step(&mut objective, 0.12)).collect();
    records.extend((0..40).map(|_| dynamics.step(&mut objective, factor * 0.12)));
    assert!((0.12 * central(&records[319]).state.lambda[0] - 2.0).abs() < 1e-4, "it is at the edge");
    for record in &records {
        let descent = record.gradient_descent.as_ref().expect("gradient descent does not diverge");
        assert!(descent.loss.is_finite() && central(record).state.loss.is_finite());
        assert!(central(record).sigma.iter().all(|s| s.is_finite()));
    }
    records
}

#[test]
fn eta_doubled_at_the_edge_is_marked_and_survived() {
    let records = change_eta(2.0);
    let started = records[320].events.iter().any(|event| matches!(event, Event::StartedAboveEdge { .. }));
    assert!(started, "{:?}", records[320].events);
    let back = records.iter().position(|record| record.events.contains(&Event::BackBelowEdge));
    let back = back.expect("the central flow comes back to the edge");
    assert!((321..340).contains(&back));
    for record in &records {
        let marked = (320..back).contains(&record.step);
        assert_eq!(central(record).predicted_loss.is_none(), marked, "step {}", record.step);
    }
    let largest = |f: fn(&StepRecord) -> f64| records[320..].iter().map(f).fold(0.0, f64::max);
    let flow = largest(|record| central(record).state.loss);
    let descent = largest(|record| record.gradient_descent.as_ref().map_or(0.0, |descent| descent.loss));
    assert!(flow <= descent, "the central flow jumps to {flow}, gradient descent to {descent}");
}

#[test]
fn eta_halved_at_the_edge_makes_the_central_flow_a_gradient_flow() {
    let records = change_eta(0.5);
    for pair in records[320..].windows(2) {
        assert_eq!(central(&pair[0]).sigma_trace, 0.0);
        assert!(central(&pair[1]).state.loss < central(&pair[0]).state.loss);
        assert!(central(&pair[1]).predicted_loss.is_some());
    }
}

/// η·λ1 − 2 of the central flow of digits-mlp-ce at step 41, six steps after its first eigenvalue reached the edge.
fn overshoot(substeps: usize, resolve_every_substep: bool) -> f64 {
    let (mut objective, w) = crate::common::mlp::<f64>("digits-mlp-ce", 32, 10, LossKind::CrossEntropy)
        .expect("belongs to the repository");
    let mut settings = Settings { processes: ALONE, ..Settings::default() };
    settings.eigen.tolerance = 1e-8;
    settings.central_flow.substeps = substeps;
    settings.central_flow.resolve_every_substep = resolve_every_substep;
    let mut dynamics = Dynamics::new(w, settings);
    let mut last = StepRecord::default();
    let mut losses = Vec::new();
    for _ in 0..42 {
        last = dynamics.step(&mut objective, 0.2);
        losses.push(central(&last).state.loss);
    }
    assert!(losses.windows(2).all(|pair| pair[1] < pair[0]), "the loss falls at every step");
    assert!(central(&last).critical >= 1 && central(&last).sigma_trace > 0.0);
    0.2 * central(&last).state.lambda[0] - 2.0
}

#[test]
fn the_overshoot_tells_the_two_eigenvector_modes_apart() {
    let resolved = [4, 8, 16].map(|substeps| overshoot(substeps, true));
    let frozen = [4, 8, 16].map(|substeps| overshoot(substeps, false));
    // Eigenpairs solved at every substep: second order in dt, so that halving dt divides the overshoot by
    // four.
    for pair in resolved.windows(2) {
        let ratio = pair[0] / pair[1];
        assert!((3.0..5.5).contains(&ratio), "overshoots {resolved:?}");
    }
    // Frozen eigenvectors: the overshoot does not decrease with dt.
    assert!(frozen[2] > 0.5 * frozen[0] && frozen[2] > 5.0 * resolved[2].abs(), "{frozen:?}, {resolved:?}");
}

/// Hessian-vector products per step of a single process, over 150 steps at the edge with three tracked pairs
/// and a relative residual of 1e-5.
fn products(processes: Processes) -> f64 {
    let (mut objective, w) = crate::common::mlp::<f32>("digits-noise-mse", 32, 10, LossKind::Mse)
        .expect("belongs to the repository");
    let eigen = EigenSettings { initial: 3, max_tracked: 3, tolerance: 1e-5, ..EigenSettings::default() };
    // Gradient descent steps bring it to the edge.
    let warm_start = if processes.gradient_descent { 300 } else { 200 };
    let mut dynamics = Dynamics::new(w, Settings { processes, eigen, warm_start, ..Settings::default() });
    let mut hvps = 0;
    for step in 0..170 {
        let record = dynamics.step(&mut objective, 0.12);
        if step >= 20 {
            hvps += record.hvps;
            let flow = record.central_flow.as_ref().map(|flow| &flow.state);
            for state in flow.into_iter().chain(&record.gradient_descent).chain(&record.gradient_flow) {
                assert_eq!(state.lambda.len(), 3);
                assert!(state.eigen_residual <= 1.000_001e-5);
            }
        }
    }
    f64::from(u32::try_from(hvps).expect("a small count")) / 150.0
}

#[test]
fn leading_eigenpairs_cost_few_hessian_vector_products() {
    let none = Processes { gradient_descent: false, gradient_flow: false, central_flow: false };
    let descent = products(Processes { gradient_descent: true, ..none });
    assert!(descent <= 15.0, "gradient descent takes {descent} a step");
    let flow = products(Processes { central_flow: true, ..none });
    assert!(flow <= 11.0, "the central flow takes {flow} a step");
    let flow = products(Processes { gradient_flow: true, ..none });
    assert!(flow <= 11.0, "the gradient flow takes {flow} a step");
}
