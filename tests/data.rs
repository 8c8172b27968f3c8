//! Data as a user provides it: CIFAR-10 from a directory, sequences, NumPy files, and the messages if it does not
//! fit.
#![allow(clippy::unwrap_used, reason = "a failure is a panic")]

use crate::cli::{Desk, cifar, integers, npy, refused, refused_with, says, stderr, wave};
use brink_core::data::images::Selection;
use brink_core::data::{Targets, cifar as cifar10};
use candle_core::{DType, Tensor};

/// A small fully connected network for one step.
const SMALL: [&str; 7] =
    ["digits-mlp", "--steps", "1", "--set", "model.width=4", "--set", "run.processes=[\"gd\"]"];

/// Arguments: the small network with these keys set.
fn small<'a>(sets: &[&'a str]) -> Vec<&'a str> {
    SMALL.into_iter().chain(sets.iter().flat_map(|set| ["--set", set])).collect()
}

/// A small LSTM for a few steps.
fn lstm<'a>(data: &'a str, sets: &[&'a str]) -> Vec<&'a str> {
    let sizes = ["model.architecture=lstm", "model.hidden=6", "model.embedding=5", "run.processes=[\"gd\"]"];
    let preset = ["lstm.toml", "--steps", "3"];
    preset
        .into_iter()
        .chain(sizes.iter().chain([&data]).chain(sets).flat_map(|set| ["--set", *set]))
        .collect()
}

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("lstm.toml", b"[data]\nname = \"sorting\"\n[optimizer]\neta = 0.1\n[loss]\nkind = \"ce\"\n");
    desk
}

#[test]
fn cifar_is_found_by_path_by_environment_and_in_the_data_directory() {
    let desk = desk();
    cifar(&desk, "somewhere/cifar-10-batches-bin");
    let sets = ["data.name=cifar10", "data.n=40", "data.classes=4", "run.test_every=1"];
    let run = |args: &[&str], environment: &[(&str, &str)]| {
        let args = [&["run"], args, &["--out", "out"]].concat();
        let output =
            desk.command(&args).env_remove("BRINK_DATA").envs(environment.iter().copied()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let csv = desk.csv("out/run.csv");
        let accuracy = csv.numbers("test_accuracy")[0];
        // 4 of the 10 test images belong to the first four classes.
        assert_eq!((accuracy * 4.0).fract(), 0.0, "{accuracy}");
        csv.numbers("gd_loss")
    };
    let path = format!("data.path={}", desk.text("somewhere"));
    let losses = run(&[small(&sets), vec!["--set", &path]].concat(), &[]);
    assert_eq!(losses, run(&small(&sets), &[("BRINK_DATA", &desk.text("somewhere"))]));
    let inside = desk.text("somewhere/cifar-10-batches-bin");
    assert_eq!(losses, run(&small(&sets), &[("BRINK_DATA", &inside)]));
    cifar(&desk, "share/brink");
    if cfg!(target_os = "linux") {
        assert_eq!(losses, run(&small(&sets), &[("XDG_DATA_HOME", &desk.text("share"))]));
    }
}

#[test]
fn a_missing_cifar_is_asked_for_in_words() {
    let desk = desk();
    let share = desk.text("share");
    let message = refused_with(
        &desk,
        &small(&["data.name=cifar10"]),
        &[("BRINK_DATA", "no/such/place"), ("XDG_DATA_HOME", &share)],
    );
    let url = "https://www.cs.toronto.edu/~kriz/cifar.html";
    says(&message, &["no/such/place", "no/such/place/cifar-10-batches-bin", url, "BRINK_DATA", "data.path"]);
    if cfg!(target_os = "linux") {
        says(&message, &[&format!("{share}/brink")]);
    }
    let message = refused_with(
        &desk,
        &small(&["data.name=cifar10", "data.path=elsewhere"]),
        &[("BRINK_DATA", "no/such/place")],
    );
    says(&message, &["elsewhere", url]);
    assert!(!message.contains("no/such/place"), "{message}");
}

#[test]
fn damaged_cifar_files_are_named_with_their_offset() {
    let desk = desk();
    cifar(&desk, "set");
    let sets = ["data.name=cifar10", "data.path=set", "data.n=200", "run.test_every=1"];
    let file = "set/data_batch_2.bin";
    let whole = std::fs::read(desk.path(file)).unwrap();
    desk.write(file, &whole[..whole.len() - 1]);
    says(&refused(&desk, &small(&sets)), &["data_batch_2.bin", "307299 bytes", "304227", "3073"]);
    let mut wrong = whole.clone();
    wrong[3073 * 50] = 200;
    desk.write(file, &wrong);
    says(&refused(&desk, &small(&sets)), &["data_batch_2.bin", "byte 153650", "label 200", "0 to 9"]);
    desk.write(file, &whole);
    desk.write("set/test_batch.bin", b"short");
    says(&refused(&desk, &small(&sets)), &["test_batch.bin", "5 bytes"]);
    says(&refused(&desk, &small(&[&sets[..2], &["data.n=300"]].concat())), &["data.n = 300", "200 examples"]);
    says(&refused(&desk, &small(&["data.name=cifar10", "data.classes=0"])), &["data.classes = 0", "2 to 10"]);
    says(&refused(&desk, &small(&["data.name=fashion-mnist", "data.n=1001"])), &["1001", "multiple"]);
}

#[test]
fn images_that_come_with_the_program_are_trained_and_tested_on() {
    let csv = desk().run(&small(&["data.name=fashion-mnist", "data.n=100", "run.test_every=1"]));
    let accuracy = csv.numbers("test_accuracy")[0];
    assert!((0.0..0.5).contains(&accuracy) && csv.numbers("test_loss")[0] > 0.0, "{accuracy}");
    assert!((0.0..0.5).contains(&csv.numbers("train_accuracy")[0]));
}

#[test]
fn sequences_follow_their_seed_and_have_a_test_split() {
    let desk = desk();
    let run = |data: &str, sets: &[&str]| {
        let csv = desk.run(&lstm(data, &[&["data.n=50", "run.test_every=1"], sets].concat()));
        let columns = ["gd_loss", "test_loss", "train_accuracy", "test_accuracy"];
        columns.map(|column| csv.numbers(column))
    };
    let [loss, test_loss, train_accuracy, test_accuracy] = run("data.name=sorting", &[]);
    // Four tokens; seven of fifteen positions are excluded.
    assert!((loss[0] - 4.0_f64.ln()).abs() < 0.2 && loss[2] < loss[0], "{loss:?}");
    assert_ne!(loss, test_loss);
    for accuracy in [train_accuracy[0], test_accuracy[0]] {
        let right = accuracy * 400.0;
        assert!((right - right.round()).abs() < 1e-9, "{right} of 50·8 positions");
    }
    assert_ne!(loss, run("data.name=copying", &[])[0]);
    assert_ne!(loss, run("data.name=sorting", &["data.seed=1"])[0]);
    assert_eq!(loss, run("data.name=sorting", &["data.seed=0"])[0]);
    let five = run("data.name=copying", &["data.vocabulary=5", "data.length=3"])[0][0];
    assert!((five - 5.0_f64.ln()).abs() < 0.2, "{five}");
}

/// A network of tokens is trained on files of integers; their largest number determines the vocabulary.
#[test]
fn tokens_come_from_files() {
    let desk = desk();
    let tokens = |values: &[i64]| integers(values).reshape((2, 3)).unwrap();
    let (x, y) = (tokens(&[0, 1, 4, 2, 0, 1]), tokens(&[-1, 1, 2, -1, 0, 3]));
    let write = |x: &Tensor, y: &Tensor| desk.npz("t.npz", &[("x", x.clone()), ("y", y.clone())]);
    let data = ["--data", "t.npz"];
    let args = |sets: &[&'static str]| {
        let sizes = ["model.architecture=lstm", "model.hidden=6"].iter().chain(sets);
        let preset = ["lstm.toml", "--steps", "2"];
        preset.into_iter().chain(data).chain(sizes.flat_map(|set| ["--set", *set])).collect::<Vec<_>>()
    };
    write(&x, &y);
    let loss = desk.run(&args(&[])).numbers("gd_loss")[0];
    assert!((loss - 5.0_f64.ln()).abs() < 0.3, "{loss}");
    desk.run(&args(&["data.n=1"]));
    std::fs::remove_dir_all(desk.path("out")).unwrap();

    let refuse = |x: &Tensor, y: &Tensor, words: &[&str]| {
        write(x, y);
        says(&refused(&desk, &args(&[])), words);
    };
    refuse(&tokens(&[0, 1, 4, 2, -1, 1]), &y, &["`x`", "-1", "[1, 1]", "tokens"]);
    refuse(&tokens(&[0, 1, 4, 2, 5000, 1]), &y, &["`x`", "5000", "[1, 1]", "0 to 999"]);
    refuse(&x, &tokens(&[-1, 1, 2, -1, 0, i64::MAX]), &["`y`", "9223372036854775807", "[1, 2]"]);
    refuse(&x, &tokens(&[-1; 6]), &["`y`", "−1"]);
    refuse(&x, &integers(&[0, 1]), &["`y`", "[2]", "[2, 3]"]);
    refuse(&wave(&[2, 3], 1.0), &y, &["`x`", "tokens", "[n, length]"]);
    refuse(&integers(&[0, 1]), &integers(&[0, 1]), &["`x`", "[2]", "[n, length]"]);
    refuse(&x, &y.to_dtype(DType::F32).unwrap(), &["`y`", "f32", "integers"]);
    // Numbers are not tokens, and tokens are not numbers.
    write(&x, &y);
    says(&refused(&desk, &["digits-mlp", "--data", "t.npz"]), &["`x`", "float32 or float64"]);
}

#[test]
fn numpy_files_lie_side_by_side() {
    let desk = desk();
    std::fs::create_dir(desk.path("arrays")).unwrap();
    let save =
        |name: &str, tensor: &Tensor| tensor.write_npy(desk.path(&format!("arrays/{name}.npy"))).unwrap();
    let (x, y) = (wave(&[6, 3], 0.7), integers(&[0, 1, 0, 1, 1, 0]));
    save("x", &x);
    save("y", &y);
    desk.npz("d.npz", &[("x", x), ("y", y)]);
    let run = |path: &str| {
        let mut args = SMALL.to_vec();
        args.extend(["--data", path]);
        desk.run(&args).numbers("gd_loss")
    };
    let losses = run("d.npz");
    assert_eq!(losses, run("arrays"));
    assert_eq!(losses, run("arrays/x.npy"));
    save("x_test", &wave(&[2, 3], 0.3));
    save("y_test", &integers(&[0, 1]));
    let csv = desk.run(&[&SMALL[..], &["--data", "arrays", "--set", "run.test_every=1"]].concat());
    assert!(csv.numbers("test_loss")[0] > 0.0);
    std::fs::remove_dir_all(desk.path("out")).unwrap();

    let refuse = |path: &str, words: &[&str]| says(&refused(&desk, &["digits-mlp", "--data", path]), words);
    save("z", &wave(&[2], 1.0));
    refuse("arrays/z.npy", &["z.npy", "`z`", "x.npy"]);
    let header = |shape: &str| format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}\n");
    for (bytes, words) in [
        (npy(&header("6, 3"), &[0; 71]), vec!["x.npy", "[6, 3]"]),
        (npy(&header("6, 3"), &[0; 73]), vec!["x.npy", "[6, 3]"]),
        (npy(&header("6, 1000000000000"), &[0; 72]), vec!["x.npy", "1000000000000"]),
        (npy(&header("6, 18446744073709551615"), &[0; 72]), vec!["x.npy", "more entries"]),
        (npy(&header("6, 3").replace("<f4", "|O"), &[0; 72]), vec!["x.npy", "Python objects"]),
        (b"\x93NUMPY\x01".to_vec(), vec!["x.npy", "ends"]),
        (b"PK".to_vec(), vec!["x.npy"]),
    ] {
        desk.write("arrays/x.npy", &bytes);
        refuse("arrays", &words);
    }
    std::fs::remove_file(desk.path("arrays/x.npy")).unwrap();
    refuse("arrays", &["no array `x`", "x_test, y, y_test, z"]);
    refuse("arrays/x.npy", &["x.npy", "No such file"]);
    std::fs::create_dir(desk.path("arrays/x.npy")).unwrap();
    refuse("arrays", &["`x`", "is not a file"]);
}

#[test]
fn images_of_bytes_need_a_scale_for_every_channel() {
    let desk = desk();
    let bytes = Tensor::zeros((2, 2, 4, 4), DType::U8, &candle_core::Device::Cpu).unwrap();
    let numbers = |values: &[f64]| Tensor::new(values, &candle_core::Device::Cpu).unwrap();
    let refuse = |x: &Tensor, mean: &[f64], std: &[f64], words: &[&str]| {
        let (mean, std, y) = (numbers(mean), numbers(std), integers(&[0, 1]));
        desk.npz("d.npz", &[("x_u8", x.clone()), ("mean", mean), ("std", std), ("y", y)]);
        says(&refused(&desk, &["digits-mlp", "--data", "d.npz"]), words);
    };
    refuse(&bytes, &[0.0; 3], &[1.0; 2], &["`mean`", "[3]", "2 channels"]);
    refuse(&bytes, &[0.0; 2], &[1.0; 1], &["`std`", "[1]", "2 channels"]);
    refuse(&bytes, &[0.0; 2], &[1.0, 0.0], &["`std`", "channel 1", "> 0"]);
    refuse(&bytes.flatten_from(2).unwrap(), &[0.0; 2], &[1.0; 2], &["`x_u8`", "[n, c, h, w]"]);
}

/// A thousand real images of four classes: the first 250 of each, every channel with the mean of the bytes in the
/// files.
#[test]
fn real_images_of_cifar_are_read() {
    let directory = std::env::var_os("BRINK_DATA").map(std::path::PathBuf::from);
    let Some(directory) = directory.filter(|dir| dir.join("cifar-10-batches-bin").is_dir()) else {
        let required = std::env::var_os("BRINK_REQUIRE_GOLDEN").is_some_and(|value| value == "1");
        assert!(!required, "set BRINK_DATA to the directory that holds cifar-10-batches-bin");
        eprintln!("skipped: CIFAR-10 is not here (set BRINK_DATA to the directory that holds it)");
        return;
    };
    let selection = Selection { n: 1000, classes: 4, binary: false, test: true };
    let data = cifar10::dataset(Some(&directory), selection).unwrap();
    let test = data.test.unwrap();
    // of the whole set; a part of it may have fewer test images
    let of_class = test.x.dim(0).unwrap() / 4;
    assert!((50..=1000).contains(&of_class), "{of_class}");
    let files =
        ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"];
    for (split, files, most) in [(&data.train, &files[..], 250), (&test, &["test_batch.bin"][..], of_class)] {
        assert_eq!(split.x.dims(), [4 * most, 3, 32, 32]);
        let (labels, bytes) = first_of_each(&directory.join("cifar-10-batches-bin"), files, most);
        let Targets::Classes { labels: found, count: 4 } = &split.targets else { panic!("four classes") };
        assert_eq!(found, &labels);
        for (channel, (mean, std)) in
            [(0.491_399_68, 0.247_032_33), (0.482_158_27, 0.243_485_05), (0.446_531_24, 0.261_587_68)]
                .into_iter()
                .enumerate()
        {
            let pixels = bytes.iter().flat_map(|image| &image[1024 * channel..1024 * (channel + 1)]);
            let sum: u64 = pixels.map(|&v| u64::from(v)).sum();
            let expected = (sum as f64 / (4.0 * most as f64 * 1024.0) / 255.0 - mean) / std;
            let x = split.x.narrow(1, channel, 1).unwrap().mean_all().unwrap().to_scalar::<f64>().unwrap();
            assert!((x - expected).abs() < 1e-6, "channel {channel}: {x}, not {expected}");
            assert!(x.abs() < 0.3, "channel {channel}: {x}");
        }
    }
}

/// Labels and pixels of the first `most` images of each of the classes 0 to 3, in the order of the files.
fn first_of_each(directory: &std::path::Path, files: &[&str], most: usize) -> (Vec<i64>, Vec<Vec<u8>>) {
    let (mut labels, mut images, mut taken) = (Vec::new(), Vec::new(), [0; 4]);
    for file in files {
        let Ok(bytes) = std::fs::read(directory.join(file)) else { continue };
        for record in bytes.chunks_exact(3073) {
            let class = usize::from(record[0]);
            if class < 4 && taken[class] < most {
                taken[class] += 1;
                labels.push(i64::from(record[0]));
                images.push(record[1..].to_vec());
            }
        }
    }
    (labels, images)
}
