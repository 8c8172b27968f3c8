//! `brink derivatives`: compared with the reference implementation's numbers, and its messages for invalid requests.
#![allow(clippy::unwrap_used, reason = "a failure is a panic")]

use crate::cli::{Desk, integers, says, stderr, wave};
use crate::golden::Npz;
use candle_core::npy::NpzTensors;
use candle_core::{Device, Tensor};
use std::collections::BTreeMap;
use std::path::Path;

fn vector(values: &[f64]) -> Tensor {
    Tensor::from_slice(values, values.len(), &Device::Cpu).unwrap()
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// Asserts that ‖found − expected‖ is small relative to ‖expected‖, or small in absolute terms if the expected vector
/// is zero.
fn close(what: &str, found: &[f64], expected: &[f64], relative: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let difference: Vec<f64> = found.iter().zip(expected).map(|(a, b)| a - b).collect();
    let (error, size) = (norm(&difference), norm(expected));
    assert!(error <= relative * size || (size == 0.0 && error <= 1e-12), "{what}: {error:e} of {size:e}");
}

fn reversed(x: &[f64]) -> Vec<f64> {
    x.iter().rev().copied().collect()
}

/// The arrays of an archive, except `order`.
struct Out(BTreeMap<String, Tensor>);

impl Out {
    fn open(path: &Path) -> Self {
        let arrays = NpzTensors::new(path).unwrap();
        let names = arrays.names().into_iter().filter(|name| *name != "order");
        Self(names.map(|name| (name.clone(), arrays.get(name).unwrap().unwrap())).collect())
    }

    fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    fn tensor(&self, name: &str) -> &Tensor {
        self.0.get(name).unwrap_or_else(|| panic!("no array {name}"))
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        self.tensor(name).flatten_all().unwrap().to_vec1().unwrap()
    }
}

/// The texts of the array `order`: UTF-32, each padded with zeros to the length that its type states.
fn order(path: &Path) -> Vec<String> {
    use std::io::Read;
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut bytes = Vec::new();
    archive.by_name("order.npy").unwrap().read_to_end(&mut bytes).unwrap();
    let header = std::str::from_utf8(&bytes[10..128]).unwrap();
    let (_, longest) = header.split_once("'descr': '<U").unwrap();
    let longest: usize = longest.split_once('\'').unwrap().0.parse().unwrap();
    let text = |bytes: &[u8]| -> String {
        let characters = bytes.chunks_exact(4).map(|c| u32::from_le_bytes(c.try_into().unwrap()));
        characters.take_while(|&c| c != 0).map(|c| char::from_u32(c).unwrap()).collect()
    };
    bytes[128..].chunks_exact(4 * longest).map(text).collect()
}

/// A recorded case through the binary, at the initial weights and after 50 steps.
fn check(case: &str, model: &str, loss: &str) {
    let Some(golden) = Npz::open(&format!("{case}/pointwise.npz")) else { return };
    let init = Npz::open(&format!("{case}/init.npz")).unwrap();
    let data = crate::golden::golden(&format!("{case}/data.npz")).unwrap();
    let desk = Desk::new();
    let preset = format!(
        "[model]\n{model}\n[loss]\nkind = \"{loss}\"\n[data]\nname = \"digits\"\n[optimizer]\neta = 0.1\n"
    );
    desk.write("p.toml", preset.as_bytes());
    let names = ["v0", "v1", "v2", "u", "v"];
    desk.npz("v.npz", &names.map(|name| (name, vector(&golden.vector(name)))));
    let mut weights = init.path().to_str().unwrap().to_owned();
    for tag in ["t0", "t50"] {
        let args = [
            &["derivatives", "p.toml", "--data", data.to_str().unwrap(), "--init", &weights][..],
            &["--vectors", "v.npz", "--pairs", "u:u,u:v,v:v", "--top", "6", "--out", "out.npz"],
        ]
        .concat();
        let output = desk.brink(&args);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let out = Out::open(&desk.path("out.npz"));
        let is = |name: &str, expected: &str, tolerance| {
            let expected = golden.vector(&format!("{tag}_{expected}"));
            close(&format!("{case} {tag} {name}"), &out.numbers(name), &expected, tolerance);
        };
        is("loss", "loss", 1e-10);
        is("grad", "grad", 1e-10);
        for (name, expected) in [("hv_v0", "Hv0"), ("hv_v1", "Hv1"), ("hv_v2", "Hv2")] {
            is(name, expected, 1e-9);
        }
        for (name, expected) in [("t_u_u", "D3uu"), ("t_u_v", "D3uv"), ("t_v_v", "D3vv")] {
            is(name, expected, 1e-8);
        }
        let (shape, expected) = golden.array(&format!("{tag}_outputs"));
        assert_eq!(out.tensor("outputs").dims(), shape);
        close(&format!("{case} {tag} outputs"), &out.numbers("outputs"), &expected, 1e-10);

        let values = out.numbers("eigenvalues");
        let residuals = golden.vector(&format!("{tag}_eig_resid"));
        for (i, expected) in golden.vector(&format!("{tag}_eigs")).iter().enumerate() {
            let tolerance = 1e-7 * expected.abs() + residuals[i].abs();
            assert!((values[i] - expected).abs() <= tolerance, "{case} {tag} eigenvalue {i}: {}", values[i]);
        }
        // ‖H u − λ u‖, with H u requested from the binary.
        let vectors: Vec<Vec<f64>> = out.tensor("eigenvectors").to_vec2().unwrap();
        let columns: Vec<(String, Tensor)> =
            vectors.iter().enumerate().map(|(i, u)| (format!("e{i}"), vector(u))).collect();
        let columns: Vec<(&str, Tensor)> = columns.iter().map(|(n, t)| (n.as_str(), t.clone())).collect();
        desk.npz("e.npz", &columns);
        let again = [&args[..6], &["--vectors", "e.npz", "--out", "again.npz"]].concat();
        assert_eq!(desk.brink(&again).status.code(), Some(0));
        let again = Out::open(&desk.path("again.npz"));
        for (i, u) in vectors.iter().enumerate() {
            let hu = again.numbers(&format!("hv_e{i}"));
            let residual: Vec<f64> = hu.iter().zip(u).map(|(hu, u)| hu - values[i] * u).collect();
            let allowed = 1e-8 * values[i].abs().max(1e-3 * values[0]);
            assert!(norm(&residual) <= 1.01 * allowed, "{case} {tag} pair {i}: {:e}", norm(&residual));
            assert!((norm(u) - 1.0).abs() < 1e-12);
        }

        // The weights after 50 steps, split into the parameters in the order that was written.
        let flat = golden.vector("t50_w");
        let mut at = 0;
        let parameters: Vec<(String, Tensor)> = order(&desk.path("out.npz"))
            .into_iter()
            .map(|name| {
                let shape = init.array(&name).0;
                let count: usize = shape.iter().product();
                let part = vector(&flat[at..at + count]).reshape(shape).unwrap();
                at += count;
                (name, part)
            })
            .collect();
        assert_eq!(at, flat.len());
        let parameters: Vec<(&str, Tensor)> =
            parameters.iter().map(|(name, t)| (name.as_str(), t.clone())).collect();
        desk.npz("t50.npz", &parameters).to_str().unwrap().clone_into(&mut weights);
    }
}

#[test]
fn a_fully_connected_network_agrees_with_the_reference() {
    check("pw-mlp-silu-mse", "width = 32\nactivation = \"silu\"", "mse");
}

#[test]
fn networks_of_images_agree_with_the_reference() {
    check("pw-cnn-ce", "architecture = \"cnn\"\nwidth = 4\nactivation = \"silu\"", "ce");
    check("pw-resnet-mse", "architecture = \"resnet\"\nwidth = 4\nstages = [1, 1, 1]", "mse");
    let vit = "architecture = \"vit\"\npatch = 8\ndim = 16\ndepth = 2\nmlp = 32\nheads = 2";
    check("pw-vit-ce", vit, "ce");
}

#[test]
fn networks_of_tokens_agree_with_the_reference() {
    check("pw-lstm-ce", "architecture = \"lstm\"\nembedding = 16\nhidden = 16", "ce");
    check("pw-transformer-ce", "architecture = \"transformer\"\nlayers = 2\ndim = 16\nheads = 4", "ce");
    check("pw-mamba-ce", "architecture = \"mamba\"\nlayers = 1\ndim = 16", "ce");
}

/// A fully connected network 3-4-4-2 on six examples, with vectors for its 46 parameters.
fn small() -> Desk {
    let desk = Desk::new();
    desk.npz("d.npz", &[("x", wave(&[6, 3], 0.7)), ("y", integers(&[0, 1, 0, 1, 1, 0]))]);
    desk.npz("v.npz", &[("u", wave(&[46], 0.3)), ("v", wave(&[46], 0.9)), ("w.x", wave(&[46], 1.7))]);
    desk
}

const SMALL: [&str; 6] = ["derivatives", "digits-mlp", "--data", "d.npz", "--set", "model.width=4"];

fn run(desk: &Desk, args: &[&str]) -> Out {
    let output = desk.brink(&[&SMALL, args, &["--out", "o.npz"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    Out::open(&desk.path("o.npz"))
}

#[test]
fn only_what_is_asked_for_is_written() {
    let desk = small();
    let out = run(&desk, &[]);
    assert_eq!(out.names(), ["grad", "loss", "outputs"]);
    assert_eq!((out.tensor("loss").dims(), out.tensor("grad").dims()), (&[][..], &[46][..]));
    assert_eq!(out.tensor("outputs").dims(), [6, 2]);
    assert_eq!(
        order(&desk.path("o.npz")),
        ["1.weight", "1.bias", "3.weight", "3.bias", "5.weight", "5.bias"]
    );
    let out = run(&desk, &["--outputs", "0"]);
    assert_eq!(out.names(), ["grad", "loss"]);

    let out = run(&desk, &["--vectors", "v.npz", "--pairs", "u:v,w.x:u", "--pairs", "v:u", "--top", "3"]);
    let names = ["eigenvalues", "eigenvectors", "grad", "hv_u", "hv_v", "hv_w.x", "loss", "outputs"];
    assert_eq!(out.names(), [&names[..], &["t_u_v", "t_v_u", "t_w.x_u"]].concat());
    close("T is symmetric", &out.numbers("t_u_v"), &out.numbers("t_v_u"), 1e-12);
    // A pass for each pair gives the same as one pass for all pairs.
    let one = run(&desk, &["--vectors", "v.npz", "--pairs", "w.x:u"]);
    close("T(w.x, u)", &one.numbers("t_w.x_u"), &out.numbers("t_w.x_u"), 1e-12);
    // The third derivative is symmetric in all three arguments: ⟨T(u, v), w⟩ = ⟨T(w, u), v⟩.
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let vectors = Out::open(&desk.path("v.npz"));
    let (a, b) = (
        dot(&out.numbers("t_u_v"), &vectors.numbers("w.x")),
        dot(&out.numbers("t_w.x_u"), &vectors.numbers("v")),
    );
    assert!((a - b).abs() < 1e-10 * a.abs().max(1.0), "{a} {b}");

    // Single precision agrees within its accuracy, whether set by the option or by the key.
    let single = run(&desk, &["--vectors", "v.npz", "--pairs", "u:v", "--top", "2", "--precision", "f32"]);
    let key = run(&desk, &["--vectors", "v.npz", "--set", "run.precision=f32"]);
    assert_eq!(single.numbers("hv_u"), key.numbers("hv_u"));
    assert_ne!(single.numbers("hv_u"), out.numbers("hv_u"));
    for name in ["loss", "grad", "hv_u", "t_u_v"] {
        close(name, &single.numbers(name), &out.numbers(name), 5e-5);
    }
    close("eigenvalues", &single.numbers("eigenvalues"), &out.numbers("eigenvalues")[..2], 5e-5);
    let all = run(&desk, &["--top", "3", "--spectrum"]);
    let spectrum = all.numbers("spectrum");
    assert_eq!(all.numbers("spectrum_counts"), vec![1.0; all.numbers("grad").len()]);
    close("spectrum", &spectrum[spectrum.len() - 3..], &reversed(&all.numbers("eigenvalues")), 1e-7);
    let rough = run(&desk, &["--top", "2", "--tolerance", "0.01"]);
    close("eigenvalues", &rough.numbers("eigenvalues"), &out.numbers("eigenvalues")[..2], 1e-2);
    assert!(!desk.names().iter().any(|name| name.contains("part")), "{:?}", desk.names());
}

#[test]
fn a_landscape_has_derivatives_too() {
    let desk = Desk::new();
    let output = desk.brink(&["derivatives", "valley", "--top", "2", "--out", "o.npz"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let out = Out::open(&desk.path("o.npz"));
    assert_eq!(out.names(), ["eigenvalues", "eigenvectors", "grad", "loss"]);
    assert_eq!(order(&desk.path("o.npz")), ["w"]);
    assert_eq!(out.tensor("eigenvectors").dims(), [2, 2]);
}

#[test]
fn bad_requests_are_refused_and_nothing_is_written() {
    let desk = small();
    desk.npz("short.npz", &[("a", wave(&[45], 1.0))]);
    desk.npz("square.npz", &[("a", wave(&[2, 23], 1.0))]);
    desk.npz("whole.npz", &[("a", integers(&[0; 46]))]);
    desk.npz("slash.npz", &[("a/b", wave(&[46], 1.0))]);
    desk.npz("twice.npz", &["a", "a_b", "b_c", "c"].map(|name| (name, wave(&[46], 1.0))));
    desk.npz("none.npz", &[]);
    desk.npz("nan.npz", &[("a", (wave(&[46], 1.0) * f64::NAN).unwrap())]);
    let before = desk.names();
    for (args, words) in [
        (&["--vectors", "short.npz"][..], &["\"a\"", "45", "46"][..]),
        (&["--vectors", "square.npz"], &["`a`", "[2, 23]", "flat"]),
        (&["--vectors", "whole.npz"], &["`a`", "i64", "float32 or float64"]),
        (&["--vectors", "slash.npz"], &["\"a/b\"", "letters"]),
        (&["--vectors", "nan.npz"], &["`a`", "NaN", "[0]"]),
        (&["--vectors", "none.npz"], &["none.npz"]),
        (&["--vectors", "missing.npz"], &["missing.npz", "No such file"]),
        (&["--vectors", "v.npz", "--pairs", "u"], &["\"u\"", "u:v"]),
        (&["--vectors", "v.npz", "--pairs", "u:v:u"], &["\"u:v:u\""]),
        (&["--vectors", "v.npz", "--pairs", "u:z"], &["u:z", "\"z\"", "u, v, w.x"]),
        (&["--pairs", "u:v"], &["u:v", "\"u\"", "none"]),
        (&["--vectors", "v.npz", "--pairs", "u:v,u:v"], &["\"t_u_v\""]),
        (&["--vectors", "twice.npz", "--pairs", "a:b_c,a_b:c"], &["\"t_a_b_c\""]),
        (&["--top", "47"], &["top = 47", "46"]),
        (&["--top", "many"], &["--top \"many\"", "whole number"]),
        (&["--top", "1", "--tolerance", "0"], &["tolerance = 0", "0.1"]),
        (&["--top", "1", "--tolerance", "nan"], &["tolerance = NaN"]),
        (
            &["--top", "1", "--tolerance", "1e-8", "--precision", "f32"],
            &["tolerance = 0.00000001", "precision"],
        ),
        (&["--outputs", "7"], &["outputs = 7", "6 examples"]),
        (&["--precision", "f16"], &["run.precision = \"f16\"", "f64"]),
        (&["--set", "optimizer.eta=0"], &["optimizer.eta"]),
        (&["--init", "v.npz"], &["v.npz", "1.weight"]),
    ] {
        let output = desk.brink(&[&SMALL, args, &["--out", "o.npz"]].concat());
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
        assert!(message.starts_with("error: ") && message.trim_end().lines().count() == 1, "{message}");
        says(&message, words);
        assert_eq!(before, desk.names(), "{args:?} left something");
    }
    let output = desk.brink(&[&SMALL[..], &["--out", "no/such/o.npz"]].concat());
    assert_eq!(output.status.code(), Some(2));
    says(&stderr(&output), &["no/such/o.npz", "cannot write", "no directory no/such"]);
    let output = desk.brink(&[&SMALL[..], &["--out", "."]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(desk.brink(&SMALL).status.code(), Some(2));
    // Weights so large that the loss is NaN.
    let parameters = [("1.weight", vec![4, 3]), ("1.bias", vec![4]), ("3.weight", vec![4, 4])]
        .into_iter()
        .chain([("3.bias", vec![4]), ("5.weight", vec![2, 4]), ("5.bias", vec![2])])
        .map(|(name, shape)| (name, (wave(&shape, 1.0) * 1e200).unwrap()));
    desk.npz("huge.npz", &parameters.collect::<Vec<_>>());
    let output = desk.brink(&[&SMALL[..], &["--init", "huge.npz", "--top", "1", "--out", "o.npz"]].concat());
    assert_eq!(output.status.code(), Some(2));
    says(&stderr(&output), &["the loss is", "top"]);
}

/// The library function: requesting more outputs than there are examples is an error there too.
#[test]
fn outputs_beyond_the_examples_are_refused_by_the_library() {
    use brink_core::data::{Split, Targets};
    use brink_core::derivatives::{Derivatives, DerivativesError, Wanted};
    use brink_core::network::{Activation, Architecture};
    use brink_core::objective::Quadratic;
    use brink_core::objective::network::{LossKind, NetworkObjective};
    let data = Split { x: wave(&[3, 2], 0.7), targets: Targets::Classes { labels: vec![0, 1, 1], count: 2 } };
    let network = Architecture::Mlp { hidden: vec![3], activation: Activation::Tanh };
    let mut loss = NetworkObjective::<f64>::new(&network, &data, LossKind::CrossEntropy).unwrap();
    let w = vec![0.1; 3 * 2 + 3 + 2 * 3 + 2];
    let wanted = |outputs| Wanted { outputs: Some(outputs), ..Wanted::default() };
    assert_eq!(Derivatives::of(&mut loss, &w, &wanted(3)).unwrap().outputs.len(), 3);
    for (found, examples) in [
        (Derivatives::of(&mut loss, &w, &wanted(4)), 3),
        (Derivatives::of(&mut Quadratic::diagonal(vec![2.0, 1.0]), &[1.0_f64, 1.0], &wanted(4)), 0),
    ] {
        let Err(DerivativesError::Outputs { outputs: 4, examples: there }) = found else {
            panic!("{found:?}")
        };
        assert_eq!(there, examples);
    }
}
