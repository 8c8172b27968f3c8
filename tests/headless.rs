//! `brink run`, run as a user would run it.
#![allow(clippy::unwrap_used, reason = "a failure is a panic")]

use crate::cli::{Desk, integers, says, stderr, wave};
use candle_core::{DType, Tensor};
use std::time::{Duration, Instant};

/// An MLP 3-4-4-2 on six examples.
const SMALL: [&str; 6] = ["digits-mlp", "--set", "model.width=4", "--data", "data.npz", "--steps"];

fn small_data(desk: &Desk) {
    desk.npz("data.npz", &[("x", wave(&[6, 3], 0.7)), ("y", integers(&[0, 1, 0, 1, 1, 0]))]);
}

fn small_weights(dtype: DType) -> Vec<(&'static str, Tensor)> {
    [("1.weight", vec![4, 3]), ("1.bias", vec![4]), ("3.weight", vec![4, 4]), ("3.bias", vec![4])]
        .into_iter()
        .chain([("5.weight", vec![2, 4]), ("5.bias", vec![2])])
        .map(|(name, shape)| (name, wave(&shape, 1.3).to_dtype(dtype).unwrap()))
        .collect()
}

#[test]
fn a_run_leaves_every_column_and_the_preset_it_was_made_with() {
    let desk = Desk::new();
    let csv = desk.run(&["valley", "--steps", "40", "--set", "eigen.max_tracked=3"]);
    let k = |name: &str| (1..=3).map(|i| format!("{name}_{i}")).collect::<Vec<_>>();
    let fixed = |names: &str| names.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let expected = [
        fixed("step eta gd_loss gd_grad_norm_sq"),
        k("gd_lambda"),
        fixed("gf_loss gf_grad_norm_sq gf_lambda_1 gf_substeps cf_loss cf_grad_norm_sq"),
        k("cf_lambda"),
        fixed("cf_critical"),
        k("cf_sigma"),
        fixed("cf_sigma_trace cf_predicted_loss cf_predicted_grad_norm_sq distance_gd_cf distance_gd_gf"),
        k("displacement"),
        fixed("hvps gd_eigen_residual gf_eigen_residual cf_eigen_residual"),
    ]
    .concat();
    assert_eq!(csv.header, expected);
    assert_eq!(csv.numbers("step"), (0..40).map(f64::from).collect::<Vec<_>>());
    assert_eq!(csv.numbers("eta"), vec![0.5; 40]);
    // The row of step 0 is the initial point: ½(1 − 0.9)² + 0.005(1.8 − 3)².
    for name in ["gd_loss", "gf_loss", "cf_loss"] {
        assert!((csv.numbers(name)[0] - (0.005 + 0.005 * 1.44)).abs() < 1e-14, "{name}");
    }
    assert_eq!(csv.column("gd_lambda_3"), vec![""; 40]);
    assert!(csv.numbers("cf_sigma_trace").iter().any(|&s| s > 0.0), "it reaches the edge");

    assert_eq!(desk.path("out/summary.png").exists(), cfg!(feature = "picture"));
    let preset = std::fs::read_to_string(desk.path("out/preset.toml")).unwrap();
    for says in [
        concat!("version = \"", env!("CARGO_PKG_VERSION"), "\""),
        "seed = 0",
        "steps = 40",
        "max_tracked = 3",
    ] {
        assert!(preset.contains(says), "{says} in {preset}");
    }
    // The written preset makes the same run again.
    let first = std::fs::read(desk.path("out/run.csv")).unwrap();
    let written = desk.text("out/preset.toml");
    let copy = desk.write("again.toml", &std::fs::read(written).unwrap());
    desk.run(&[copy.to_str().unwrap()]);
    assert!(first == std::fs::read(desk.path("out/run.csv")).unwrap());
}

#[test]
fn precision_data_and_weights_come_from_the_command_line() {
    let desk = Desk::new();
    small_data(&desk);
    let mut weights = small_weights(DType::F32);
    weights.push(("further", wave(&[3], 1.0)));
    desk.npz("f32.npz", &weights);
    desk.npz("f64.npz", &small_weights(DType::F64));
    candle_core::safetensors::save(&weights.iter().cloned().collect(), desk.path("f32.safetensors")).unwrap();

    let losses = |init: &str, precision: &str| {
        let args = [&SMALL[..], &["3", "--init", init, "--precision", precision]].concat();
        desk.run(&args).numbers("gd_loss")
    };
    let exact = losses("f64.npz", "f64");
    assert!((exact[0] - reference_loss()).abs() < 1e-14, "{} {}", exact[0], reference_loss());
    let rounded = losses("f32.npz", "f64");
    assert!((exact[0] - rounded[0]).abs() < 1e-6 && exact[0] != rounded[0], "{exact:?} {rounded:?}");
    assert_eq!(rounded, losses("f32.safetensors", "f64"));
    let single = losses("f32.npz", "f32");
    assert!((single[0] - rounded[0]).abs() < 1e-6 && single != rounded);
    assert!(std::fs::read_to_string(desk.path("out/preset.toml")).unwrap().contains("f32.npz"));
}

/// ½·mean Σ (f − onehot)² of the small network, in plain loops.
fn reference_loss() -> f64 {
    let x: Vec<Vec<f64>> = wave(&[6, 3], 0.7).to_vec2().unwrap();
    let w: Vec<Tensor> = small_weights(DType::F64).into_iter().map(|(_, w)| w).collect();
    let layer = |a: &[f64], i: usize| -> Vec<f64> {
        let (weight, bias): (Vec<Vec<f64>>, Vec<f64>) =
            (w[i].to_vec2().unwrap(), w[i + 1].to_vec1().unwrap());
        weight
            .iter()
            .zip(bias)
            .map(|(row, b)| b + row.iter().zip(a).map(|(p, q)| p * q).sum::<f64>())
            .collect()
    };
    let gelu = |v: Vec<f64>| -> Vec<f64> {
        v.into_iter().map(|z| 0.5 * z * (1.0 + libm::erf(z / 2.0_f64.sqrt()))).collect()
    };
    let rows = x.iter().zip([0, 1, 0, 1, 1, 0]).map(|(x, y)| {
        let f = layer(&gelu(layer(&gelu(layer(x, 0)), 2)), 4);
        (0..2).map(|c| (f[c] - f64::from(u8::from(c == y))).powi(2)).sum::<f64>()
    });
    0.5 * rows.sum::<f64>() / 6.0
}

#[test]
fn kinds_of_targets_make_the_network_they_need() {
    let desk = Desk::new();
    let x = wave(&[6, 2, 2], 0.7);
    let y = integers(&[0, 1, 1, 0, 1, 0]);
    let loss = |arrays: &[(&str, Tensor)], sets: &[&str]| {
        desk.npz("data.npz", arrays);
        let sets: Vec<&str> = sets.iter().flat_map(|s| ["--set", s]).collect();
        let args = [&SMALL[..], &["2", "--set", "run.test_every=1"], &sets].concat();
        desk.run(&args)
    };
    let two_logits = loss(&[("x", x.clone()), ("y", y.clone())], &["loss.kind=ce"]);
    assert!(two_logits.numbers("train_accuracy").iter().all(|a| (0.0..=1.0).contains(a)));
    assert_eq!(two_logits.column("test_loss"), ["", ""]);
    let one_logit = loss(&[("x", x.clone()), ("y", y.clone())], &["loss.kind=ce", "data.binary=true"]);
    assert_ne!(two_logits.numbers("gd_loss"), one_logit.numbers("gd_loss"));
    // int32, uint8 and int64 are the same labels.
    for dtype in [DType::I32, DType::U8] {
        let other = loss(&[("x", x.clone()), ("y", y.to_dtype(dtype).unwrap())], &["loss.kind=ce"]);
        assert_eq!(other.numbers("gd_loss"), two_logits.numbers("gd_loss"));
    }
    let regression = loss(&[("x", x.clone()), ("y", y.to_dtype(DType::F32).unwrap())], &[]);
    assert_eq!(regression.column("train_accuracy"), ["", ""]);
    // The first four rows give the same as a file of four.
    let first = loss(&[("x", x.clone()), ("y", y.clone())], &["data.n=4"]);
    let four = loss(&[("x", x.narrow(0, 0, 4).unwrap()), ("y", y.narrow(0, 0, 4).unwrap())], &[]);
    assert_eq!(first.numbers("gd_loss"), four.numbers("gd_loss"));
    // A separate test split.
    let tested =
        loss(&[("x", x.clone()), ("y", y.clone()), ("x_test", x), ("y_test", y)], &["run.test_every=1"]);
    assert_eq!(tested.numbers("test_loss"), tested.numbers("gd_loss"));
    assert_eq!(tested.numbers("test_accuracy"), tested.numbers("train_accuracy"));
}

#[test]
fn the_last_layer_of_the_weights_counts_the_classes() {
    let desk = Desk::new();
    // Labels 0 and 1 only, but the weights have three outputs.
    small_data(&desk);
    let mut weights = small_weights(DType::F64);
    weights[4].1 = wave(&[3, 4], 1.3);
    weights[5].1 = wave(&[3], 1.3);
    desk.npz("w.npz", &weights);
    desk.run(&[&SMALL[..], &["2", "--init", "w.npz"]].concat());
}

#[test]
fn optional_columns_appear_where_they_are_asked_for() {
    let desk = Desk::new();
    let csv = desk.run(&["moons", "--steps", "7", "--set", "run.test_every=3", "--set", "run.ema=0.9"]);
    let last: Vec<&str> = csv.header.iter().rev().take(4).rev().map(String::as_str).collect();
    assert_eq!(last, ["test_loss", "train_accuracy", "test_accuracy", "gd_ema_loss"]);
    let measured: Vec<bool> = csv.column("test_loss").iter().map(|v| !v.is_empty()).collect();
    assert_eq!(measured, [true, false, false, true, false, false, true]);
    assert_eq!(csv.numbers("gd_ema_loss").len(), 7);
}

#[test]
fn a_landscape_takes_its_start_from_weights() {
    let desk = Desk::new();
    desk.npz("w.npz", &[("w", Tensor::from_slice(&[2.0_f64, 0.5], 2, &candle_core::Device::Cpu).unwrap())]);
    let csv = desk.run(&["valley", "--steps", "1", "--init", "w.npz"]);
    assert!((csv.numbers("gd_loss")[0] - 0.005).abs() < 1e-15);
}

#[test]
fn a_run_may_start_warm_and_its_flows_later() {
    let desk = Desk::new();
    let plain = desk.run(&["valley", "--steps", "60"]);
    let warm = desk.run(&["valley", "--steps", "10", "--set", "run.warm_start=5"]);
    assert_eq!(warm.numbers("gd_loss"), plain.numbers("gd_loss")[5..15]);
    // All processes start where the warm start ended.
    assert_eq!(warm.column("cf_loss")[0], warm.column("gd_loss")[0]);
    assert_eq!(warm.numbers("distance_gd_cf")[0], 0.0);

    for (start, first) in [("7", 7), ("edge", 23)] {
        let late = desk.run(&["valley", "--steps", "60", "--set", &format!("run.flows_start={start}")]);
        assert_eq!(late.column("gd_loss"), plain.column("gd_loss"));
        let starts = late.column("cf_loss").iter().position(|v| !v.is_empty());
        assert_eq!(starts, Some(first), "{start}");
        assert_eq!(late.column("cf_loss")[first], late.column("gd_loss")[first]);
        assert_eq!(late.column("gf_loss")[first], late.column("gd_loss")[first]);
    }
    let alone = desk.run(&["valley", "--steps", "5", "--set", "run.processes=[\"cf\"]"]);
    assert_eq!(alone.column("gd_loss"), [""; 5]);
    assert_eq!(alone.numbers("cf_loss"), plain.numbers("cf_loss")[..5]);
}

#[test]
fn the_same_bytes_for_one_thread_and_two() {
    let desk = Desk::new();
    let run = |threads: &str| {
        let args = ["run", "digits-noise", "--steps", "12", "--out", "out"];
        let output = desk.command(&args).env("RAYON_NUM_THREADS", threads).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        std::fs::read(desk.path("out/run.csv")).unwrap()
    };
    let one = run("1");
    assert!(one == run("2"), "run.csv differs");
}

#[test]
fn divergence_is_a_result() {
    let desk = Desk::new();
    let args = ["run", "valley", "--steps", "60", "--set", "optimizer.eta=3", "--out", "out"];
    let output = desk.brink(&args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("diverged"), "{}", stderr(&output));
    let csv = desk.csv("out/run.csv");
    assert!(!csv.rows.is_empty() && csv.rows.len() <= 60);
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_whole_files() {
    let desk = Desk::new();
    let mut child = desk
        .command(&["run", "valley", "--steps", "1000000000", "--out", "out"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while desk.names().iter().all(|n| !n.starts_with("out/")) {
        assert!(begun.elapsed() < Duration::from_secs(20), "the run does not start");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(!desk.path("out/run.csv").exists(), "half a file is not shown under its name");
    std::thread::sleep(Duration::from_millis(300));
    // The shell's own `kill`: a minimal system has no other.
    let kill = format!("kill -INT {}", child.id());
    let interrupt = std::process::Command::new("sh").args(["-c", &kill]).status().unwrap();
    assert!(interrupt.success());
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    let names = desk.names();
    assert!(names.contains(&"out/run.csv".into()) && names.contains(&"out/preset.toml".into()), "{names:?}");
    assert!(names.iter().all(|n| !n.contains(".part")), "{names:?}");
    let csv = desk.csv("out/run.csv");
    let steps: Vec<f64> = (0..csv.rows.len()).map(|i| i as f64).collect();
    assert!(steps.len() > 10);
    assert_eq!(csv.numbers("step"), steps);
}

#[test]
fn presets_and_help_say_what_there_is() {
    let desk = Desk::new();
    let text = |args: &[&str]| {
        let output = desk.brink(args);
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let presets = text(&["presets"]);
    assert!(presets.lines().count() >= 6 && presets.contains("digits-mlp ") && presets.contains("(default)"));
    let help = text(&["--help"]);
    for word in ["PRESET", "--set", "run", "presets", "Exit status", "brink run digits-mlp"] {
        assert!(help.contains(word), "{word}");
    }
    let help = text(&["run", "--help"]);
    for word in ["--steps", "--set", "--init", "--data", "--precision", "--out", "PRESET", "Examples"] {
        assert!(help.contains(word), "{word}");
    }
}

#[test]
fn the_default_preset_is_the_golden_run() {
    let desk = Desk::new();
    let bundled = desk.run(&["--steps", "3", "--precision", "f64"]);
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/digits-noise-mse");
    let (init, data) = (golden.join("init.npz"), golden.join("data.npz"));
    let args = [
        "--steps",
        "3",
        "--precision",
        "f64",
        "--init",
        init.to_str().unwrap(),
        "--data",
        data.to_str().unwrap(),
    ];
    let imported = desk.run(&args);
    assert_eq!(bundled.rows, imported.rows);
}

/// A budget too small for the tolerance: the remaining residual is in the columns of all three processes, and
/// reported at the end.
#[test]
fn the_eigen_residual_that_a_budget_leaves_is_recorded_and_said() {
    let desk = Desk::new();
    let sets = ["eigen.max_hvps=3", "run.test_every=2", "data.n=200", "model.width=4"];
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    let args = [&["run", "digits-mlp", "--steps", "6", "--out", "out"], &sets[..]].concat();
    let output = desk.brink(&args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let csv = desk.csv("out/run.csv");
    let mut largest = Vec::new();
    for column in ["gd_eigen_residual", "gf_eigen_residual", "cf_eigen_residual"] {
        let residuals = csv.numbers(column);
        assert_eq!(residuals.len(), 6, "{column}");
        largest.push(residuals.iter().fold(0.0, |a: f64, b| a.max(*b)));
        assert!(largest.iter().all(|largest| *largest > 1e-5), "{column}: {residuals:?}");
    }
    // the budget has room for the guard, a residual and one pair
    assert!(csv.column("gd_lambda_2").iter().all(|value| value.is_empty()));
    let said = format!(
        "largest relative eigen-residual: gradient descent {:.1e}, gradient flow {:.1e}, central flow {:.1e}",
        largest[0], largest[1], largest[2]
    );
    says(&stderr(&output), &[&said, "at step 4: test loss", "test accuracy"]);
}

/// The budget applies to the step: eigenvectors solved for at every substep share it.
#[test]
fn the_budget_of_a_step_is_not_that_of_a_substep() {
    let desk = Desk::new();
    let sets = [
        "run.processes=[\"cf\"]",
        "run.precision=f64",
        "eigen.max_hvps=40",
        "eigen.tolerance=1e-14",
        "central_flow.resolve_every_substep=true",
        "data.n=100",
        "model.width=4",
    ];
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    let csv = desk.run(&[&["digits-mlp", "--steps", "4"], &sets[..]].concat());
    // each of three further substeps may evaluate the frozen pairs once, at most eight pairs
    assert!(csv.numbers("hvps").iter().all(|&hvps| hvps <= 40.0 + 3.0 * 8.0), "{:?}", csv.column("hvps"));
    assert!(csv.numbers("hvps").iter().any(|&hvps| hvps >= 40.0), "{:?}", csv.column("hvps"));
}
