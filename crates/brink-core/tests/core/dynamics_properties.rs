//! Properties of the three processes on closed-form landscapes, for arbitrary parameters.

use brink_core::calculus::{Block, Real};
use brink_core::dynamics::{
    Dynamics, EigenSettings, Event, FlowsStart, Process, Processes, Settings, StepOutcome, StepRecord,
};
use brink_core::objective::{Landscape, Objective, Quadratic};
use proptest::prelude::*;

const GENTLE: Landscape = Landscape::TiltedHyperbola { c: 0.005, x0: 3.0 };
const START: [f64; 2] = [1.8, 0.5];
const ETA: f64 = 0.5;

/// Direct sum of two landscapes in four dimensions, `L = L_1(w_1, w_2) + s·L_2(w_3, w_4)`, for which two
/// eigenvalues can be at the edge simultaneously.
struct Pair {
    first: Landscape,
    second: Landscape,
    scale: f64,
}

impl Pair {
    fn halves<T: Real>(block: &Block<T>) -> [Block<T>; 2] {
        let mut halves = [Block::zeros(2, 0), Block::zeros(2, 0)];
        for column in block.columns() {
            halves[0].push(&column[..2]);
            halves[1].push(&column[2..]);
        }
        halves
    }

    fn join<T: Real>(&self, halves: &[Block<T>; 2], out: &mut Block<T>) {
        out.reshape(4, halves[0].count());
        for i in 0..halves[0].count() {
            out.column_mut(i)[..2].copy_from_slice(halves[0].column(i));
            for d in 0..2 {
                out.column_mut(i)[2 + d] = halves[1].column(i)[d] * T::of(self.scale);
            }
        }
    }
}

impl Objective<f64> for Pair {
    fn dim(&self) -> usize {
        4
    }
    fn loss(&mut self, w: &[f64]) -> f64 {
        self.first.loss(&w[..2]) + self.scale * self.second.loss(&w[2..])
    }
    fn gradient(&mut self, w: &[f64], nabla_l: &mut [f64]) -> f64 {
        let (first, second) = nabla_l.split_at_mut(2);
        let loss = self.first.gradient(&w[..2], first) + self.scale * self.second.gradient(&w[2..], second);
        for g in second {
            *g *= self.scale;
        }
        loss
    }
    fn hessian_vector_products(&mut self, w: &[f64], v: &Block<f64>, hv: &mut Block<f64>) {
        let v = Self::halves(v);
        let mut out = [Block::default(), Block::default()];
        self.first.hessian_vector_products(&w[..2], &v[0], &mut out[0]);
        self.second.hessian_vector_products(&w[2..], &v[1], &mut out[1]);
        self.join(&out, hv);
    }
    fn third_derivatives(&mut self, w: &[f64], u: &Block<f64>, t: &mut Block<f64>) {
        let u = Self::halves(u);
        let mut out = [Block::default(), Block::default()];
        self.first.third_derivatives(&w[..2], &u[0], &mut out[0]);
        self.second.third_derivatives(&w[2..], &u[1], &mut out[1]);
        self.join(&out, t);
    }
    fn outputs(&mut self, _w: &[f64], _examples: &[usize]) -> Vec<Vec<f64>> {
        Vec::new()
    }
}

fn pair() -> (Pair, Vec<f64>) {
    (Pair { first: GENTLE, second: GENTLE, scale: 0.93 }, vec![1.8, 0.5, 1.85, 0.52])
}

fn settings(substeps: usize, resolve_every_substep: bool) -> Settings {
    let mut settings = Settings::default();
    settings.eigen.tolerance = 1e-10;
    settings.central_flow.substeps = substeps;
    settings.central_flow.resolve_every_substep = resolve_every_substep;
    settings
}

fn run(objective: &mut dyn Objective<f64>, w: &[f64], settings: Settings, steps: usize) -> Vec<StepRecord> {
    let mut dynamics = Dynamics::new(w.to_vec(), settings);
    (0..steps).map(|_| dynamics.step(objective, ETA)).collect()
}

#[test]
fn complementarity_holds_with_two_eigenvalues_at_the_edge() {
    let (mut objective, w) = pair();
    let records = run(&mut objective, &w, settings(4, true), 200);
    let flows: Vec<_> = records.iter().map(|record| record.central_flow.as_ref().unwrap()).collect();
    assert!(flows.iter().any(|flow| flow.sigma.iter().filter(|&&s| s > 1e-6).count() == 2));
    for flow in &flows {
        assert!(flow.complementarity_residual <= 1e-10);
        assert!(flow.sigma.iter().all(|&s| s >= 0.0));
        assert!((flow.sigma.iter().sum::<f64>() - flow.sigma_trace).abs() < 1e-15);
    }
    let entered: Vec<_> = records
        .iter()
        .flat_map(|record| &record.events)
        .filter_map(|event| match event {
            Event::Outcome(Process::CentralFlow, StepOutcome::EnteredEdge { k }) => Some(*k),
            _ => None,
        })
        .collect();
    assert_eq!(entered, [1, 2]);
}

#[test]
fn a_pair_of_independent_landscapes_moves_as_each_alone() {
    let (mut objective, w) = pair();
    let mut both = Dynamics::new(w.clone(), settings(4, true));
    let mut alone = Dynamics::new(w[..2].to_vec(), settings(4, true));
    for _ in 0..100 {
        both.step(&mut objective, ETA);
        alone.step(&mut { GENTLE }, ETA);
        let (both, alone) =
            (both.weights(Process::CentralFlow).unwrap(), alone.weights(Process::CentralFlow).unwrap());
        assert!((both[0] - alone[0]).abs() < 1e-9 && (both[1] - alone[1]).abs() < 1e-9);
    }
}

#[test]
fn a_snapshot_continues_as_the_original() {
    let (mut objective, w) = pair();
    let mut dynamics = Dynamics::new(w, settings(4, false));
    for _ in 0..60 {
        dynamics.step(&mut objective, ETA);
    }
    let mut copy = dynamics.clone();
    for _ in 0..20 {
        assert_eq!(dynamics.step(&mut objective, ETA), copy.step(&mut objective, ETA));
    }
}

#[test]
fn a_warm_start_is_gradient_descent_taken_before() {
    let plain = run(&mut { GENTLE }, &START, settings(4, false), 12);
    let warm = run(&mut { GENTLE }, &START, Settings { warm_start: 9, ..settings(4, false) }, 3);
    for (warm, plain) in warm.iter().zip(&plain[9..]) {
        let loss = |record: &StepRecord| record.gradient_descent.as_ref().unwrap().loss;
        assert_eq!(loss(warm), loss(plain));
    }
    assert_eq!(warm[0].distance_gd_cf, Some(0.0));
    assert_eq!(warm[0].distance_gd_gf, Some(0.0));
}

#[test]
fn flows_start_at_a_step_or_at_the_edge() {
    let later =
        run(&mut { GENTLE }, &START, Settings { flows_start: FlowsStart::Step(5), ..settings(4, false) }, 8);
    for record in &later {
        assert_eq!(record.central_flow.is_some(), record.step >= 5);
        assert_eq!(record.gradient_flow.is_some(), record.step >= 5);
        assert_eq!(record.events.contains(&Event::FlowsStarted), record.step == 5);
    }
    let edge =
        run(&mut { GENTLE }, &START, Settings { flows_start: FlowsStart::Edge, ..settings(4, false) }, 60);
    let sharp = |record: &StepRecord| ETA * record.gradient_descent.as_ref().unwrap().lambda[0] >= 2.0;
    let first = edge.iter().position(sharp).unwrap();
    assert!(first > 5);
    for record in &edge {
        assert_eq!(record.central_flow.is_some(), record.step >= first);
    }
    assert_eq!(edge[first].distance_gd_cf, Some(0.0));
}

#[test]
fn restarting_the_flows_anchors_them_at_gradient_descent() {
    let mut dynamics = Dynamics::new(START.to_vec(), settings(4, false));
    for _ in 0..80 {
        dynamics.step(&mut { GENTLE }, ETA);
    }
    let before = dynamics.step(&mut { GENTLE }, ETA);
    assert!(before.distance_gd_gf.unwrap() > 1e-3);
    dynamics.restart_flows();
    let after = dynamics.step(&mut { GENTLE }, ETA);
    assert!(after.events.contains(&Event::FlowsStarted));
    assert_eq!((after.distance_gd_cf, after.distance_gd_gf), (Some(0.0), Some(0.0)));
    let descent = after.gradient_descent.unwrap();
    assert_eq!(after.central_flow.unwrap().state.loss, descent.loss);
    assert_eq!(after.gradient_flow.unwrap().loss, descent.loss);
}

/// η changes at the edge: all quantities stay finite, the transient is marked and has no predictions, and the
/// loss of the central flow never jumps above that of gradient descent.
fn change_eta(factor: f64) -> Vec<StepRecord> {
    let mut dynamics = Dynamics::new(START.to_vec(), settings(4, false));
    let mut records: Vec<_> = (0..100).map(|_| dynamics.step(&mut { GENTLE }, ETA)).collect();
    records.extend((0..100).map(|_| dynamics.step(&mut { GENTLE }, factor * ETA)));
    assert_eq!(records[100].events[0], Event::EtaChanged { eta: factor * ETA });
    for record in &records {
        let descent = record.gradient_descent.as_ref().expect("it does not diverge");
        let flow = record.central_flow.as_ref().expect("it does not stop");
        assert!(descent.loss.is_finite() && flow.state.loss.is_finite() && flow.sigma_trace.is_finite());
    }
    let losses = |f: fn(&StepRecord) -> f64| records[100..].iter().map(f).fold(0.0, f64::max);
    let central = |record: &StepRecord| record.central_flow.as_ref().map_or(0.0, |flow| flow.state.loss);
    let before = central(&records[99]);
    let flow = losses(central);
    let descent = losses(|record| record.gradient_descent.as_ref().map_or(0.0, |descent| descent.loss));
    assert!(flow <= descent.max(before), "central flow at {flow}, gradient descent at {descent}");
    records
}

#[test]
fn a_rise_of_eta_at_the_edge_marks_the_transient() {
    let records = change_eta(1.1);
    let started = records[100].events.iter().any(|event| matches!(event, Event::StartedAboveEdge { .. }));
    assert!(started);
    let back = records.iter().position(|record| record.events.contains(&Event::BackBelowEdge)).unwrap();
    assert!(back > 100);
    for record in &records {
        let marked = (100..back).contains(&record.step);
        let flow = record.central_flow.as_ref().unwrap();
        assert_eq!(flow.predicted_loss.is_none(), marked, "step {}", record.step);
        assert_eq!(flow.predicted_grad_norm_sq.is_none(), marked);
    }
}

#[test]
fn eta_halved_at_the_edge_leaves_it() {
    let records = change_eta(0.5);
    assert!(!records.iter().flat_map(|r| &r.events).any(|e| matches!(e, Event::StartedAboveEdge { .. })));
    assert_eq!(records[101].central_flow.as_ref().unwrap().sigma_trace, 0.0);
}

#[test]
fn divergence_stops_that_process_only() {
    // η·λ = 3: gradient descent doubles in every step, the flows decay.
    let mut quadratic = Quadratic::diagonal(vec![6.0, 1.0, 0.5]);
    let mut dynamics = Dynamics::new(vec![1.0_f64, 1.0, 1.0], settings(4, false));
    let records: Vec<_> = (0..60).map(|_| dynamics.step(&mut quadratic, ETA)).collect();
    let end = records.iter().position(|record| {
        let diverged =
            |e: &Event| matches!(e, Event::Outcome(Process::GradientDescent, StepOutcome::Diverged { .. }));
        record.events.iter().any(diverged)
    });
    let end = end.expect("gradient descent diverges");
    assert!(records[end].gradient_descent.is_some(), "the row of the divergence shows it");
    assert!(records[end + 1..].iter().all(|record| record.gradient_descent.is_none()));
    assert!(records[end + 1..].iter().all(|record| record.distance_gd_gf.is_none()));
    assert!(records.iter().all(|record| record.gradient_flow.is_some()));
    assert!(dynamics.weights(Process::GradientDescent).unwrap().iter().all(|x| x.is_finite()));
    assert!(!dynamics.finished());
}

#[test]
fn a_flat_third_derivative_is_a_typed_trouble_and_sigma_is_zero() {
    // Above the edge of a quadratic no Σ can reduce the sharpness: the complementarity problem has no
    // solution.
    let mut quadratic = Quadratic::diagonal(vec![6.0, 1.0, 0.5]);
    let record = Dynamics::new(vec![1e-3, 1.0, 1.0], settings(4, false)).step(&mut quadratic, ETA);
    let flow = record.central_flow.unwrap();
    assert_eq!(flow.sigma_trace, 0.0);
    let said = |e: &Event| matches!(e, Event::Trouble(Process::CentralFlow, text) if text.contains("∇S"));
    assert_eq!(record.events.iter().filter(|e| said(e)).count(), 1);
}

#[test]
fn a_gradient_flow_that_is_too_sharp_freezes_and_resumes() {
    let mut quadratic = Quadratic::diagonal(vec![1000.0, 1.0]);
    let mut settings = settings(4, false);
    settings.processes = Processes { gradient_descent: false, gradient_flow: true, central_flow: false };
    let mut dynamics = Dynamics::new(vec![1.0, 1.0], settings);
    let record = dynamics.step(&mut quadratic, ETA);
    let too_sharp = Event::Outcome(Process::GradientFlow, StepOutcome::TooSharp { eta_s: 500.0 });
    assert_eq!(record.events, [too_sharp]);
    assert_eq!(record.gradient_flow.unwrap().substeps, 0);
    assert_eq!(dynamics.weights(Process::GradientFlow).unwrap(), [1.0, 1.0]);
    assert!(dynamics.step(&mut quadratic, ETA).events.is_empty(), "it is said once");
    let record = dynamics.step(&mut quadratic, 0.05);
    assert_eq!(record.gradient_flow.unwrap().substeps, 100);
    assert!(dynamics.weights(Process::GradientFlow).unwrap()[0] < 1.0);
}

#[test]
fn needing_more_eigenvalues_than_allowed_stops_the_central_flow_with_a_message() {
    let (mut objective, w) = pair();
    let mut settings = settings(4, false);
    settings.eigen = EigenSettings { max_tracked: 1, ..settings.eigen };
    let records = run(&mut objective, &w, settings, 60);
    let said =
        |e: &Event| matches!(e, Event::Trouble(Process::CentralFlow, text) if text.contains("max_tracked"));
    let stop = records.iter().position(|record| record.events.iter().any(said)).expect("it stops");
    assert!(records[stop + 1..].iter().all(|record| record.central_flow.is_none()));
    assert!(records.iter().all(|record| record.gradient_descent.is_some()));
}

#[test]
fn the_moving_average_is_where_asked_for() {
    let plain = run(&mut { GENTLE }, &START, settings(4, false), 3);
    assert!(plain.iter().all(|record| record.ema_loss.is_none()));
    let averaged = run(&mut { GENTLE }, &START, Settings { ema: Some(0.9), ..settings(4, false) }, 3);
    assert_eq!(averaged[0].ema_loss, Some(averaged[0].gradient_descent.as_ref().unwrap().loss));
    assert!(averaged[2].ema_loss.unwrap() > averaged[2].gradient_descent.as_ref().unwrap().loss);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// The central flow descends: for any start below the edge, its loss decreases at every step.
    #[test]
    fn the_loss_falls_along_the_central_flow(x in 1.2..1.9_f64, y in 0.3..0.7_f64, c in 0.001..0.02_f64) {
        let mut landscape = Landscape::TiltedHyperbola { c, x0: 3.0 };
        let records = run(&mut landscape, &[x, y], settings(8, true), 150);
        for pair in records.windows(2) {
            let loss = |i: usize| pair[i].central_flow.as_ref().unwrap().state.loss;
            prop_assert!(loss(1) <= loss(0) * (1.0 + 1e-12), "step {}: {} after {}", pair[1].step, loss(1), loss(0));
            let eta_s = ETA * pair[1].central_flow.as_ref().unwrap().state.lambda[0];
            prop_assert!(eta_s < 2.0 + 1e-2);
        }
    }
}
