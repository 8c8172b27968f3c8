//! Every network from a preset: on suitable data, on unsuitable data, and with weights from a file.
#![allow(clippy::unwrap_used, reason = "a failure is a panic")]

use crate::cli::{Desk, cifar, integers, refused, says, stderr, wave};
use candle_core::Tensor;

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("ce.toml", b"[data]\nname = \"sorting\"\n[optimizer]\neta = 0.1\n[loss]\nkind = \"ce\"\n");
    desk
}

/// Small sizes of every network.
const NETWORKS: [(&str, &[&str]); 7] = [
    ("mlp", &["model.width=4"]),
    ("cnn", &["model.width=2"]),
    ("resnet", &["model.width=2", "model.stages=[1, 1, 1]"]),
    ("vit", &["model.dim=8", "model.depth=1", "model.mlp=8", "model.heads=1"]),
    ("lstm", &["model.hidden=4", "model.embedding=4"]),
    ("transformer", &["model.layers=1", "model.dim=4", "model.heads=2"]),
    ("mamba", &["model.layers=1", "model.dim=4"]),
];

/// Arguments for two steps of all processes of a small network.
fn two_steps(network: usize, sets: &[&str]) -> Vec<String> {
    let (name, sizes) = NETWORKS[network];
    let mut args: Vec<String> = ["ce.toml", "--steps", "2"].map(str::to_owned).to_vec();
    let architecture = format!("model.architecture={name}");
    for set in [architecture.as_str()].iter().chain(sizes).chain(sets) {
        args.extend(["--set".to_owned(), (*set).to_owned()]);
    }
    args
}

fn strs(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

#[test]
fn every_network_trains_on_what_it_reads() {
    let desk = desk();
    cifar(&desk, "set");
    let cases = [
        (0, "data.name=digits"),
        (1, "data.name=digits"),
        (1, "data.name=fashion-mnist"),
        (2, "data.name=fashion-mnist"),
        (3, "data.name=cifar10"),
        (4, "data.name=sorting"),
        (5, "data.name=copying"),
        (6, "data.name=sorting"),
    ];
    for (network, data) in cases {
        let mut sets = vec![data, "data.n=20", "run.test_every=1"];
        if data.ends_with("cifar10") {
            sets.extend(["data.path=set", "loss.kind=mse", "data.classes=4"]);
        }
        let csv = desk.run(&strs(&two_steps(network, &sets)));
        for column in ["gd_loss", "gf_loss", "cf_loss", "gd_lambda_1", "test_loss", "test_accuracy"] {
            assert!(csv.numbers(column).iter().all(|x| x.is_finite()), "{network} {data} {column}");
        }
    }
}

#[test]
fn images_and_sequences_that_do_not_fit_the_network_are_refused_with_their_shape() {
    let desk = desk();
    let refuse = |network: usize, sets: &[&str], words: &[&str]| {
        says(&refused(&desk, &strs(&two_steps(network, sets))), words);
    };
    refuse(
        3,
        &["data.name=fashion-mnist", "model.patch=5"],
        &["patch of 5", "32", "model.patch = 5", "data.name = \"fashion-mnist\""],
    );
    refuse(2, &["data.name=digits"], &["8", "too small"]);
    refuse(3, &["data.name=fashion-mnist", "model.dim=6"], &["6", "4"]);
    refuse(5, &["model.heads=3"], &["heads = 3", "dim = 4", "model.heads = 3", "data.name = \"sorting\""]);
    refuse(1, &["data.name=fashion-mnist", "data.classes=0"], &["data.classes = 0"]);
    refuse(4, &["data.vocabulary=0"], &["data.vocabulary = 0"]);
    refuse(4, &["data.name=digits"], &["data.name", "\"lstm\"", "sorting"]);
    refuse(2, &["data.name=copying"], &["data.name", "\"resnet\"", "fashion-mnist"]);
    desk.npz("d.npz", &[("x", wave(&[6, 5], 0.7)), ("y", integers(&[0, 1, 0, 1, 1, 0]))]);
    for network in 1..4 {
        refuse(network, &["data.name=file", "data.path=d.npz"], &["images", "[5]", "data.path = \"d.npz\""]);
    }
    desk.npz("d.npz", &[("x", wave(&[2, 3, 5, 6], 0.7)), ("y", integers(&[0, 1]))]);
    let words = ["patch of 4", "5 × 6", "model.patch = 4", "d.npz", "[2, 3, 5, 6]"];
    refuse(3, &["data.name=file", "data.path=d.npz"], &words);
    for network in 4..7 {
        refuse(network, &["data.name=file", "data.path=d.npz"], &["`x`", "tokens", "[2, 3, 5, 6]"]);
    }
}

/// The weights of every network are found by name, and their last layer determines the number of classes.
#[test]
fn weights_are_given_for_every_network() {
    let desk = desk();
    let images = Tensor::rand(0.0_f64, 1.0, (6, 1, 32, 32), &candle_core::Device::Cpu).unwrap();
    desk.npz("images.npz", &[("x", images), ("y", integers(&[0, 1, 0, 1, 1, 0]))]);
    let tokens = integers(&[0, 1, 2, 2, 0, 1]).reshape((2, 3)).unwrap();
    desk.npz("tokens.npz", &[("x", tokens.clone()), ("y", tokens)]);
    for (network, (_, sizes)) in NETWORKS.iter().enumerate() {
        let (data, other, path) = match network {
            0..4 => ("data.name=fashion-mnist", "data.n=20", "data.path=images.npz"),
            _ => ("data.name=sorting", "data.vocabulary=5", "data.path=tokens.npz"),
        };
        // Weights for ten classes or five tokens, as written after one step …
        let mut args = two_steps(network, &[data, other]);
        args.drain(1..3);
        args.insert(0, "derivatives".into());
        args.extend(["--out".into(), "o.npz".into()]);
        let output = desk.brink(&strs(&args));
        assert_eq!(output.status.code(), Some(0), "{sizes:?}: {}", stderr(&output));
        let reference = candle_core::npy::NpzTensors::new(desk.path("o.npz")).unwrap();
        let outputs = reference.get("outputs").unwrap().unwrap().dims().to_vec();
        let shapes = shapes_of(network);
        let arrays: Vec<(&str, Tensor)> =
            shapes.iter().map(|(name, shape)| (name.as_str(), wave(shape, 0.37))).collect();
        let count: usize = shapes.iter().map(|(_, shape)| shape.iter().product::<usize>()).sum();
        assert_eq!(reference.get("grad").unwrap().unwrap().dims(), [count], "{sizes:?}");
        desk.npz("w.npz", &arrays);
        // … are compatible with a file that has fewer of them.
        let mut args = two_steps(network, &["data.name=file", path]);
        args.drain(1..3);
        args.insert(0, "derivatives".into());
        args.extend(["--init", "w.npz", "--out", "o.npz"].map(str::to_owned));
        let output = desk.brink(&strs(&args));
        assert_eq!(output.status.code(), Some(0), "{sizes:?}: {}", stderr(&output));
        let found = candle_core::npy::NpzTensors::new(desk.path("o.npz")).unwrap();
        let found = found.get("outputs").unwrap().unwrap().dims().to_vec();
        assert_eq!(found.last(), outputs.last());
    }
}

/// The parameters of a small network for images of one channel and ten classes, or for five tokens.
fn shapes_of(network: usize) -> Vec<(String, Vec<usize>)> {
    use brink::preset::Preset;
    let mut preset = Preset::parse("[data]\nname = \"digits\"\n[optimizer]\neta = 0.1\n").unwrap();
    let (name, sizes) = NETWORKS[network];
    preset.set(&format!("model.architecture={name}")).unwrap();
    for set in sizes {
        preset.set(set).unwrap();
    }
    let (input, outputs) = if network < 4 { (vec![1, 32, 32], 10) } else { (vec![15], 5) };
    let parameters = preset.model.network().unwrap().parameters(&input, outputs).unwrap();
    parameters.into_iter().map(|p| (p.name, p.shape)).collect()
}
