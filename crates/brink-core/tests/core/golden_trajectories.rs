//! Trajectories of the three processes compared with recorded trajectories, in f64 with an eigensolver
//! tolerance of 1e-8.

use brink_core::calculus::Real;
use brink_core::dynamics::smoothing::gaussian;
use brink_core::dynamics::{CentralFlowSettings, Dynamics, EigenSettings, Process, Settings, StepRecord};
use brink_core::objective::network::LossKind;
use brink_core::objective::{Landscape, Objective};

/// The values of `case.json` that the tests use.
struct Case {
    name: &'static str,
    eta: f64,
    steps: usize,
    track_threshold: f64,
    /// Last step at which two double-precision runs of gradient descent agree to 1e-6.
    reproducible_until: Option<usize>,
}

impl Case {
    fn read(name: &'static str) -> Option<Self> {
        let path = crate::common::golden(&format!("{name}/case.json"))?;
        let text = std::fs::read_to_string(path).expect("a case file is text");
        let eta = crate::common::json_number(&text, "lr").expect("every case states its learning rate");
        let steps = crate::common::json_number(&text, "steps").expect("every case states its steps");
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of steps")]
        let count = |x: f64| x as usize;
        Some(Self {
            name,
            eta,
            steps: count(steps),
            track_threshold: crate::common::json_number(&text, "track_threshold_used").unwrap_or(1.5),
            reproducible_until: text
                .split_once("\"discrete_reproducible_until\"")
                .and_then(|(_, rest)| crate::common::json_number(rest, ">1e-06"))
                .map(count),
        })
    }

    fn settings(&self, resolve_every_substep: bool) -> Settings {
        Settings {
            eigen: EigenSettings {
                track_threshold: self.track_threshold,
                tolerance: 1e-8,
                max_tracked: 8,
                ..EigenSettings::default()
            },
            central_flow: CentralFlowSettings { resolve_every_substep, ..CentralFlowSettings::default() },
            ..Settings::default()
        }
    }

    fn run<T: Real>(
        &self,
        objective: &mut dyn Objective<T>,
        w: Vec<T>,
        settings: Settings,
    ) -> Vec<StepRecord> {
        let mut dynamics = Dynamics::new(w, settings);
        (0..self.steps).map(|_| dynamics.step(objective, self.eta)).collect()
    }
}

fn relative(a: f64, b: f64) -> f64 {
    (a - b).abs() / b.abs()
}

/// Loss of gradient descent to 1e-6, as long as two implementations can agree.
fn check_gradient_descent(case: &Case, golden: &crate::common::Npz, run: &[StepRecord]) {
    let loss = golden.vector("discrete.train_loss");
    let until = case.reproducible_until.unwrap_or(case.steps);
    for (record, &expected) in run.iter().zip(&loss).take(until) {
        let ours = record.gradient_descent.as_ref().expect("gradient descent runs").loss;
        let error = relative(ours, expected);
        assert!(error < 1e-6, "{} step {}: loss {ours} not {expected}", case.name, record.step);
    }
}

/// Loss of gradient flow to 1e-5 at all steps, with the same number of substeps.
fn check_gradient_flow(case: &Case, golden: &crate::common::Npz, run: &[StepRecord]) {
    let (loss, substeps) = (golden.vector("stable.train_loss"), golden.vector("stable.substeps"));
    for (record, (&expected, &substeps)) in run.iter().zip(loss.iter().zip(&substeps)) {
        let ours = record.gradient_flow.as_ref().expect("gradient flow runs");
        assert!(relative(ours.loss, expected) < 1e-5, "{} step {}", case.name, record.step);
        assert_eq!(ours.substeps as f64, substeps, "{} step {}", case.name, record.step);
    }
}

/// Central flow: loss to 1e-5, η·λ of the critical pairs to 1e-5, Σ within 1e-3 of its maximum, and the
/// predictions.
fn check_central_flow(case: &Case, golden: &crate::common::Npz, process: &str, run: &[StepRecord]) {
    let column = |name: &str| golden.vector(&format!("{process}.{name}"));
    let (loss, grad, critical) = (column("train_loss"), column("grad_norm_sq"), column("crit_k"));
    let (trace, predicted) = (column("sigma_trace"), column("predicted_loss"));
    let predicted_grad = column("predicted_grad_norm_sq");
    let effective = golden.rows(&format!("{process}.eff_eigs"));
    let variances = golden.rows(&format!("{process}.predicted_variances"));
    let largest = trace.iter().fold(0.0_f64, |a, &b| a.max(b));
    let largest_sigma =
        variances.iter().flatten().filter(|x| x.is_finite()).fold(0.0_f64, |a, &b| a.max(case.eta * b));
    assert!(largest > 0.0 || case.name.contains("subedge"));
    for (t, record) in run.iter().enumerate() {
        let at = format!("{} {process} step {t}", case.name);
        let flow = record.central_flow.as_ref().expect("central flow runs");
        assert!(relative(flow.state.loss, loss[t]) < 1e-5, "{at}: loss {} not {}", flow.state.loss, loss[t]);
        assert!(relative(flow.state.grad_norm_sq, grad[t]) < 1e-3, "{at}: gradient norm");
        assert_eq!(flow.critical as f64, critical[t], "{at}: critical");
        for i in 0..flow.critical {
            let ours = case.eta * flow.state.lambda[i];
            assert!(
                (ours - effective[t][i]).abs() < 1e-5,
                "{at}: η·λ{} {ours} not {}",
                i + 1,
                effective[t][i]
            );
            let (ours, expected) = (flow.sigma[i], case.eta * variances[t][i]);
            assert!(
                (ours - expected).abs() <= 1e-3 * largest_sigma,
                "{at}: Σ{} {ours} not {expected}",
                i + 1
            );
        }
        assert!((flow.sigma_trace - trace[t]).abs() <= 1e-3 * largest, "{at}: trace of Σ");
        let ours = flow.predicted_loss.expect("this run never starts above the edge");
        assert!(relative(ours, predicted[t]) < 1e-3, "{at}: predicted loss {ours} not {}", predicted[t]);
        let ours = flow.predicted_grad_norm_sq.expect("this run never starts above the edge");
        let scale = predicted_grad.iter().fold(0.0_f64, |a, &b| a.max(b));
        assert!((ours - predicted_grad[t]).abs() < 1e-3 * scale, "{at}: predicted gradient norm");
    }
}

#[test]
fn toy_2d_gentle() {
    let case = Case::read("toy-2d-gentle").expect("belongs to the repository");
    let golden = crate::common::Npz::open("toy-2d-gentle/trajectory.npz").expect("belongs to the repository");
    let start =
        crate::common::Npz::open("toy-2d-gentle/init.npz").expect("belongs to the repository").vector("w");
    let mut landscape = Landscape::TiltedHyperbola { c: 0.005, x0: 3.0 };
    for (process, resolve) in [("central", false), ("central_sub", true)] {
        let run = case.run(&mut landscape, start.clone(), case.settings(resolve));
        check_gradient_descent(&case, &golden, &run);
        check_gradient_flow(&case, &golden, &run);
        check_central_flow(&case, &golden, process, &run);
        let distance = golden.vector(&format!("dist.discrete-{process}"));
        for (t, record) in run.iter().enumerate() {
            let ours = record.distance_gd_cf.expect("both run");
            assert!((ours - distance[t]).abs() < 1e-6, "step {t}: distance {ours} not {}", distance[t]);
            // With two parameters there is one displacement along each eigenvector; together they account for
            // the entire distance.
            if record.displacement.len() == 2 {
                let square: f64 = record.displacement.iter().map(|x| x * x).sum();
                assert!((square.sqrt() - ours).abs() < 1e-12);
            }
        }
    }
}

#[test]
fn toy_2d_gentle_converges_to_the_closed_form() {
    let closed =
        crate::common::Npz::open("toy-2d-gentle/closed_form.npz").expect("belongs to the repository");
    let start =
        crate::common::Npz::open("toy-2d-gentle/init.npz").expect("belongs to the repository").vector("w");
    let (w, sigma) = (closed.rows("w"), closed.vector("sigma2"));
    let case = Case::read("toy-2d-gentle").expect("belongs to the repository");
    let mut landscape = Landscape::TiltedHyperbola { c: 0.005, x0: 3.0 };
    let largest = sigma.iter().fold(0.0_f64, |a, &b| a.max(b));
    let mut errors = Vec::new();
    for substeps in [16, 64] {
        let mut settings = case.settings(true);
        settings.central_flow.substeps = substeps;
        let mut dynamics = Dynamics::new(start.clone(), settings);
        let (mut worst_w, mut worst_sigma) = (0.0_f64, 0.0_f64);
        for t in 0..case.steps {
            let at = dynamics.weights(Process::CentralFlow).map_or(start.clone(), <[f64]>::to_vec);
            let record = dynamics.step(&mut landscape, case.eta);
            worst_w = worst_w.max((at[0] - w[t][0]).hypot(at[1] - w[t][1]));
            // When the eigenvalue reaches the edge, Σ jumps at a time that depends on dt.
            if t > 25 {
                let ours = record.central_flow.expect("central flow runs").sigma_trace;
                worst_sigma = worst_sigma.max((ours - sigma[t]).abs() / largest);
            }
        }
        errors.push((worst_w, worst_sigma));
    }
    assert!(errors[1].0 < 1e-3 && errors[1].1 < 1e-2, "errors {errors:?}");
    // First order in dt.
    assert!(errors[1].0 < 0.4 * errors[0].0, "errors {errors:?}");
}

/// A recorded network, in every eigenvector mode that the file contains.
fn check_mlp(name: &'static str, width: usize, classes: usize, loss: LossKind) {
    let Some(case) = Case::read(name) else { return };
    let Some(golden) = crate::common::Npz::open(&format!("{name}/trajectory.npz")) else { return };
    let Some((mut objective, w)) = crate::common::mlp::<f64>(name, width, classes, loss) else { return };
    let run = case.run(&mut objective, w.clone(), case.settings(false));
    check_gradient_descent(&case, &golden, &run);
    check_gradient_flow(&case, &golden, &run);
    check_central_flow(&case, &golden, "central", &run);
    if golden.has("central_sub.train_loss") {
        let mut settings = case.settings(true);
        settings.processes.gradient_descent = false;
        settings.processes.gradient_flow = false;
        let run = case.run(&mut objective, w, settings);
        check_central_flow(&case, &golden, "central_sub", &run);
    }
}

#[test]
fn digits_mlp_mse() {
    check_mlp("digits-mlp-mse", 32, 10, LossKind::Mse);
}

#[test]
fn digits_mlp_mse_subedge() {
    check_mlp("digits-mlp-mse-subedge", 32, 10, LossKind::Mse);
}

#[test]
fn digits_mlp_ce() {
    check_mlp("digits-mlp-ce", 32, 10, LossKind::CrossEntropy);
}

#[test]
fn cifar4_mlp_mse() {
    check_mlp("cifar4-mlp-mse", 64, 4, LossKind::Mse);
}

/// Averages over steps of the smoothed measurements of gradient descent compared with the predictions of the
/// central flow, within twice the errors measured on the reference implementation.
#[test]
fn digits_noise_mse_averages() {
    let case = Case::read("digits-noise-mse").expect("belongs to the repository");
    let (mut objective, w) =
        crate::common::mlp::<f64>(case.name, 32, 10, LossKind::Mse).expect("belongs to the repository");
    let golden =
        crate::common::Npz::open("digits-noise-mse/trajectory.npz").expect("belongs to the repository");
    let mut settings = case.settings(false);
    settings.processes.gradient_flow = false;
    settings.eigen.tolerance = 1e-5;
    let run = case.run(&mut objective, w, settings);
    let flows: Vec<_> = run.iter().map(|record| record.central_flow.as_ref().expect("it runs")).collect();

    let smooth = |f: &dyn Fn(&StepRecord) -> f64| gaussian(&run.iter().map(f).collect::<Vec<_>>(), &[], 50.0);
    let loss = smooth(&|record| record.gradient_descent.as_ref().expect("it runs").loss);
    let gradient = smooth(&|record| record.gradient_descent.as_ref().expect("it runs").grad_norm_sq);
    let variance = smooth(&|record| record.displacement[0] * record.displacement[0]);
    let mean = |x: &dyn Fn(usize) -> f64, from: usize, to: usize| {
        (from..to).map(x).sum::<f64>() / (to - from) as f64
    };
    let compare = |what: &str, measured: &[f64], predicted: &dyn Fn(usize) -> f64, from, to, allowed: f64| {
        let (measured, predicted) = (mean(&|t| measured[t], from, to), mean(predicted, from, to));
        let error = relative(measured, predicted);
        assert!(
            error <= allowed,
            "{what}, steps {from} to {to}: {measured} against {predicted}, off by {error:.4}"
        );
    };
    let predicted_loss = |t: usize| flows[t].predicted_loss.expect("never above the edge");
    let predicted_gradient = |t: usize| flows[t].predicted_grad_norm_sq.expect("never above the edge");
    let top = |t: usize| flows[t].sigma.first().copied().unwrap_or(0.0);
    compare("loss", &loss, &predicted_loss, 600, 1700, 0.006);
    compare("gradient norm", &gradient, &predicted_gradient, 600, 1700, 0.08);
    compare("gradient norm", &gradient, &predicted_gradient, 600, 1000, 0.30);
    compare("variance", &variance, &top, 600, 1700, 0.10);
    compare("variance", &variance, &top, 600, 1000, 0.22);
    for t in 600..1700 {
        let below = 1.0 - flows[t].state.loss / loss[t];
        assert!((-0.006..0.02).contains(&below), "step {t}: L(w(t)) lies {below:.4} below");
    }
    let farthest = run.iter().filter_map(|record| record.distance_gd_cf).fold(0.0, f64::max);
    assert!(farthest < 2.0 * 0.112, "the distance reaches {farthest}");
    for pair in flows.windows(2) {
        assert!(pair[1].state.loss < pair[0].state.loss, "the central flow's loss falls at every step");
    }
    // The central flow is not affected by the growth of rounding errors: it matches the recorded flow step by
    // step.
    for (flow, expected) in flows.iter().zip(golden.vector("central.train_loss")) {
        assert!(relative(flow.state.loss, expected) < 1e-5);
    }
}
