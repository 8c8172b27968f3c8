//! An artificial run with everything a panel may encounter: a rise to the edge, growing ranks, oscillation, cycles, a
//! change of η that starts above the edge, and gradient descent that diverges at the end. It is in closed form, so it
//! is the same everywhere.

use brink_core::dynamics::{CentralFlowRecord, Event, Process, ProcessRecord, StepOutcome, StepRecord};

/// The defect that a picture test introduces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// None.
    None,
    /// The central flow records nothing.
    NoCentralFlow,
    /// The losses of gradient descent and gradient flow are swapped.
    SwappedLosses,
    /// Σ is half of its correct value.
    HalfSigma,
}

const EDGE: f64 = 240.0;
const CHANGE: usize = 900;
const SETTLED: usize = 960;

/// One step of a run whose gradient descent diverges at step `diverges`.
pub fn record(step: usize, defect: Defect, diverges: usize) -> StepRecord {
    let t = step as f64;
    let eta = if step < CHANGE { 0.1 } else { 0.125 };
    let edge = 2.0 / eta;
    let rise = |delay: f64, speed: f64| 1.0 - (-(t - delay).max(0.0) / speed).exp();
    let sign = if step.is_multiple_of(2) { 1.0 } else { -1.0 };
    let cycle = ((t - EDGE) / 34.0).sin() * (-(t - EDGE).max(0.0) / 400.0).exp() * rise(EDGE, 40.0);
    let sigma = [3e-4 * rise(EDGE, 200.0), 1e-4 * rise(600.0, 300.0)];
    let wave = [1.0 + 0.8 * cycle, 1.0 + 0.5 * ((t - 600.0) / 51.0).sin()];
    let x = [sign * (sigma[0] * wave[0].max(0.0)).sqrt(), -sign * (sigma[1] * wave[1].max(0.0)).sqrt()];
    let above_edge = (CHANGE..SETTLED).contains(&step);
    let loss = 0.45 * (-t / 90.0).exp() + 0.2 * (-t / 2500.0).exp();
    let gd_blows_up = if step >= diverges - 12 { 1.6f64.powf((step + 12 - diverges) as f64) } else { 1.0 };
    let gd_loss = (loss + edge * 0.5 * (x[0] * x[0] + x[1] * x[1])) * gd_blows_up;
    let gf_loss = loss - 0.01 * rise(EDGE, 500.0);
    let (gd_loss, gf_loss) =
        if defect == Defect::SwappedLosses { (gf_loss, gd_loss) } else { (gd_loss, gf_loss) };
    let lambda = |top: f64| vec![top, 0.8 * top + 0.2 * edge * rise(560.0, 90.0), 0.62 * top];
    let free = 24.0 * rise(-20.0, 170.0);
    let flow_top = if above_edge { edge + 4.0 * (-(t - CHANGE as f64) / 20.0).exp() } else { free.min(edge) };
    let gd_top = free.min(edge + 2.0 * cycle.max(-1.0)) + sign * 0.15 * rise(EDGE, 100.0);
    let k = usize::from(t >= EDGE) + usize::from(t >= 600.0);
    let scale = if defect == Defect::HalfSigma { 0.5 } else { 1.0 };
    let sigma: Vec<f64> = sigma[..k].iter().map(|s| s * scale).collect();
    let trace: f64 = sigma.iter().sum();
    let gradient = 0.5 * (-t / 40.0).exp() + 1e-3;
    let process = |loss, grad_norm_sq, top: f64| ProcessRecord {
        loss,
        grad_norm_sq,
        lambda: lambda(top),
        ..ProcessRecord::default()
    };
    let mut events = Vec::new();
    let entered = |k| Event::Outcome(Process::CentralFlow, StepOutcome::EnteredEdge { k });
    match step {
        0 => events.push(Event::FlowsStarted),
        240 => events.push(entered(1)),
        600 => events.push(entered(2)),
        CHANGE => {
            events.extend([Event::EtaChanged { eta }, Event::StartedAboveEdge { eta_s: eta * flow_top }]);
        }
        SETTLED => events.push(Event::BackBelowEdge),
        _ if step == diverges => events
            .push(Event::Outcome(Process::GradientDescent, StepOutcome::Diverged { loss: f64::INFINITY })),
        _ => {}
    }
    let gd_loss = if step == diverges { f64::INFINITY } else { gd_loss };
    let gd_runs = step <= diverges;
    let cf_runs = defect != Defect::NoCentralFlow;
    let predicted = |value: f64| (!above_edge).then_some(value);
    StepRecord {
        step,
        eta,
        gradient_descent: gd_runs.then(|| {
            process(gd_loss, gradient + edge * edge * (x[0] * x[0] + x[1] * x[1]) * gd_blows_up, gd_top)
        }),
        gradient_flow: Some(process(gf_loss, 0.8 * gradient, free.max(1.0))),
        central_flow: cf_runs.then(|| CentralFlowRecord {
            state: process(loss, gradient, flow_top),
            critical: k,
            sigma: sigma.clone(),
            sigma_trace: trace,
            predicted_loss: predicted(loss + trace / eta),
            predicted_grad_norm_sq: predicted(gradient + 4.0 / (eta * eta) * trace),
            complementarity_residual: 1e-12,
        }),
        distance_gd_cf: (gd_runs && cf_runs).then(|| 0.02 * t.sqrt() / 10.0 + (x[0] * x[0]).sqrt()),
        distance_gd_gf: gd_runs.then(|| 0.3 * rise(EDGE, 300.0) + 0.001 * t.sqrt()),
        displacement: if gd_runs && cf_runs { x[..k].to_vec() } else { Vec::new() },
        hvps: 12,
        events,
        ..StepRecord::default()
    }
}
