//! Invalid input: one message that names the item, the value and the permitted values; exit status 2; nothing
//! written.

use crate::cli::{Desk, integers, npy, refused, says, stderr, wave};
use candle_core::{DType, Device, Tensor};

/// The data consist of these arrays, and are refused.
fn refused_data(arrays: &[(&str, Tensor)], sets: &[&str]) -> String {
    let desk = Desk::new();
    desk.npz("d.npz", arrays);
    let sets: Vec<&str> = sets.iter().flat_map(|s| ["--set", s]).collect();
    refused(&desk, &[&["digits-mlp", "--data", "d.npz"], &sets[..]].concat())
}

fn good_x() -> Tensor {
    wave(&[6, 3], 0.7)
}

fn good_y() -> Tensor {
    integers(&[0, 1, 0, 1, 1, 0])
}

#[test]
fn presets_and_keys() {
    let desk = Desk::new();
    says(&refused(&desk, &["nonesuch"]), &["\"nonesuch\"", "digits-mlp", "path"]);
    says(&refused(&desk, &["none/such.toml"]), &["none/such.toml", "No such file"]);
    for (set, words) in [
        ("optimizer.etta=0.1", vec!["optimizer.etta", "0.1", "kind, eta"]),
        ("optimizer.eta=0", vec!["optimizer.eta = 0", "a number > 0"]),
        ("optimizer.eta=-1", vec!["-1", "> 0"]),
        ("optimizer.eta=nan", vec!["nan", "> 0"]),
        ("optimizer.eta=NaN", vec!["nan", "> 0"]),
        ("optimizer.kind=adam", vec!["\"adam\"", "come later"]),
        ("data.n=1798", vec!["1798", "1797"]),
        ("data.n=0", vec!["data.n = 0"]),
        ("model.width=1000000", vec!["1000000", "65536"]),
        ("model.width=[65536,65536]", vec!["parameters"]),
        ("model.width=[30000,30000]", vec!["902280010 parameters", "50000000"]),
        ("eta", vec!["\"eta\"", "key=value"]),
    ] {
        says(&refused(&desk, &["digits-mlp", "--set", set]), &words);
    }
    says(&refused(&desk, &["digits-noise", "--set", "data.n=5000"]), &["5000", "500", "1797"]);
    says(&refused(&desk, &["digits-mlp", "--steps", "0"]), &["run.steps = 0", "from 1"]);
    says(&refused(&desk, &["digits-mlp", "--steps", "many"]), &["run.steps = \"many\""]);
    says(&refused(&desk, &["digits-mlp", "--precision", "f16"]), &["run.precision = \"f16\"", "f64"]);
    says(&refused(&desk, &["chebyshev", "--set", "loss.kind=ce"]), &["loss.kind", "mse"]);
}

#[test]
fn a_recording_has_nothing_to_go_on_from() {
    let desk = Desk::new();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/recordings/digits-noise.brink");
    says(&refused(&desk, &[path]), &["is a recording", "brink record digits-noise"]);
    let output = desk.brink(&["record", path, "--out", "again.brink"]);
    assert_eq!(output.status.code(), Some(2));
    says(&stderr(&output), &["digits-noise.brink is a saved run", "a preset"]);
}

#[test]
fn preset_files() {
    let desk = Desk::new();
    let refuse = |bytes: &[u8], words: &[&str]| {
        desk.write("p.toml", bytes);
        says(&refused(&desk, &["p.toml"]), words);
    };
    refuse(b"", &["empty"]);
    refuse(b"[optimizer\n", &["line 1"]);
    refuse(b"\xff\xfe", &["UTF-8", "byte 0"]);
    refuse(b"\xef\xbb\xbfversion = \"9.0.0\"\n", &["9.0.0", env!("CARGO_PKG_VERSION")]);
    refuse(b"[data]\nname = \"digits\"\n[optimizer]\neta = 0.1\ncolour = 3\n", &["optimizer.colour", "3"]);
    refuse(&vec![b'#'; 2 << 20], &["2097152", "1048576"]);
    let deep = format!("title = {}{}", "[".repeat(50_000), "]".repeat(50_000));
    refuse(deep.as_bytes(), &["preset"]);
    desk.write(
        "bom.toml",
        b"\xef\xbb\xbf[data]\nname = \"chebyshev\"\n[optimizer]\neta = 0.1\n[model]\nwidth=4\n",
    );
    let output = desk.brink(&["run", "bom.toml", "--steps", "1", "--out", "out"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn the_window_checks_its_preset_too() {
    let desk = Desk::new();
    for args in [&["nonesuch"][..], &["digits-mlp", "--set", "optimizer.eta=0"]] {
        let output = desk.brink(args);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    }
    assert_eq!(desk.brink(&["run", "--nonesuch"]).status.code(), Some(2));
}

#[test]
fn data_that_does_not_fit() {
    says(&refused_data(&[("x", good_x())], &[]), &["no array `y`", "x"]);
    says(&refused_data(&[("y", good_y())], &[]), &["no array `x`"]);
    says(&refused_data(&[("x", good_x()), ("y", integers(&[0, 1]))], &[]), &["`y`", "[2]", "6 rows"]);
    says(&refused_data(&[("x", good_x()), ("y", good_y())], &["data.n=7"]), &["data.n = 7", "6"]);
    says(&refused_data(&[("x", integers(&[0; 6])), ("y", good_y())], &[]), &["`x`", "float32 or float64"]);
    says(&refused_data(&[("x", good_x()), ("y", integers(&[0, 1, -2, 1, 1, 0]))], &[]), &["-2", "[2]"]);
    says(&refused_data(&[("x", good_x()), ("y", integers(&[-1; 6]))], &[]), &["`y`", "−1"]);
    let huge = integers(&[0, i64::MAX, 0, 0, 0, 0]);
    says(&refused_data(&[("x", good_x()), ("y", huge)], &[]), &["9223372036854775807", "[1]"]);
    let three = integers(&[0, 1, 2, 1, 1, 0]);
    says(&refused_data(&[("x", good_x()), ("y", three)], &["data.binary=true"]), &["2", "[2]", "0 and 1"]);
    let real = good_y().to_dtype(DType::F64).unwrap();
    says(
        &refused_data(&[("x", good_x()), ("y", real.clone())], &["loss.kind=ce"]),
        &["cross-entropy", "mse"],
    );
    says(&refused_data(&[("x", good_x()), ("y", real)], &["data.binary=true"]), &["data.binary", "integers"]);
    let empty = Tensor::zeros((0, 3), DType::F64, &Device::Cpu).unwrap();
    says(&refused_data(&[("x", empty), ("y", integers(&[]))], &[]), &["`x`", "empty"]);
}

#[test]
fn numbers_that_are_not_finite() {
    let with = |value: f64| {
        let mut x: Vec<f64> = good_x().flatten_all().unwrap().to_vec1().unwrap();
        x[2 * 3 + 1] = value;
        Tensor::from_vec(x, (6, 3), &Device::Cpu).unwrap()
    };
    for (value, word) in [(f64::NAN, "NaN"), (f64::NEG_INFINITY, "-inf")] {
        let message = refused_data(&[("x", with(value)), ("y", good_y())], &[]);
        says(&message, &["`x`", word, "[2, 1]", "finite"]);
        let y = with(value).narrow(1, 1, 1).unwrap().contiguous().unwrap();
        says(&refused_data(&[("x", good_x()), ("y", y)], &[]), &["`y`", word, "[2, 0]"]);
        let f32 = with(value).to_dtype(DType::F32).unwrap();
        says(&refused_data(&[("x", f32), ("y", good_y())], &[]), &["`x`", word, "[2, 1]"]);
    }
}

#[test]
fn weights_that_do_not_fit() {
    let desk = Desk::new();
    let weights = || {
        [("1.weight", vec![4, 64]), ("1.bias", vec![4]), ("3.weight", vec![4, 4]), ("3.bias", vec![4])]
            .into_iter()
            .chain([("5.weight", vec![10, 4]), ("5.bias", vec![10])])
            .map(|(name, shape)| (name, wave(&shape, 1.3)))
            .collect::<Vec<_>>()
    };
    let refuse = |arrays: &[(&str, Tensor)], words: &[&str]| {
        desk.npz("w.npz", arrays);
        says(&refused(&desk, &["digits-mlp", "--set", "model.width=4", "--init", "w.npz"]), words);
    };
    let mut wrong = weights();
    wrong[2].1 = wave(&[4, 5], 1.0);
    refuse(&wrong, &["3.weight", "[4, 5]", "[4, 4]", "w.npz"]);
    let mut renamed = weights();
    renamed[3].0 = "fc.bias";
    refuse(&renamed, &["3.bias", "fc.bias", "w.npz"]);
    let mut whole = weights();
    whole[1].1 = integers(&[1, 2, 3, 4]);
    refuse(&whole, &["1.bias", "float32"]);
    let mut nan = weights();
    nan[5].1 = (wave(&[10], 1.0) * f64::NAN).unwrap();
    refuse(&nan, &["5.bias", "NaN", "[0]"]);
    desk.npz("v.npz", &[("w", wave(&[3], 1.0))]);
    says(&refused(&desk, &["valley", "--init", "v.npz"]), &["`w`", "[3]", "[2]"]);
    says(&refused(&desk, &["valley", "--init", "none.npz"]), &["none.npz", "No such file"]);
}

/// Incorrect headers of x, with y valid.
#[test]
fn forged_and_damaged_archives() {
    let desk = Desk::new();
    let y = npy("{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }\n", &[0; 16]);
    let f4 = |shape: &str| format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}\n");
    for deflate in [false, true] {
        for (x, words) in [
            (npy(&f4("2, 3"), &[0; 20]), vec!["`x`", "[2, 3]"]),
            (npy(&f4("2, 3"), &[0; 28]), vec!["`x`", "[2, 3]"]),
            (npy(&f4("2, 1000000000000"), &[0; 24]), vec!["`x`", "1000000000000"]),
            (npy(&f4("2, 18446744073709551615"), &[0; 24]), vec!["`x`", "more entries"]),
            (npy(&f4("2, 99999999999999999999"), &[0; 24]), vec!["`x`", "understood"]),
            (
                npy("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", &[0; 24]),
                vec!["`x`", "Python objects"],
            ),
            (npy("{'descr': '<U4', 'fortran_order': False, 'shape': (2,), }", &[0; 32]), vec!["`x`", "text"]),
            (
                npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", &[0; 24]),
                vec!["`x`", "Fortran"],
            ),
            (b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(), vec!["`x`", "4294967295"]),
            (b"no array".to_vec(), vec!["`x`", "no NumPy header"]),
            (Vec::new(), vec!["`x`", "ends before"]),
        ] {
            let path = desk.raw_npz("d.npz", &[("x", x), ("y", y.clone())], deflate);
            says(&refused(&desk, &["digits-mlp", "--data", path.to_str().unwrap()]), &words);
            std::fs::remove_file(path).unwrap();
        }
    }
    // Arrays that are not requested are not read.
    let objects = npy("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", &[0; 3]);
    let x = npy(&f4("2, 3"), &[0; 24]);
    desk.raw_npz("d.npz", &[("x", x.clone()), ("y", y.clone()), ("more", objects)], true);
    let output = desk.brink(&["run", "digits-mlp", "--data", "d.npz", "--steps", "1", "--out", "fine"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn files_that_are_cut_short_or_something_else() {
    let desk = Desk::new();
    desk.npz("d.npz", &[("x", good_x()), ("y", good_y())]);
    let whole = std::fs::read(desk.path("d.npz")).unwrap();
    for length in [0, 1, 10, 60, whole.len() / 2, whole.len() - 1] {
        desk.write("d.npz", &whole[..length]);
        let message = refused(&desk, &["digits-mlp", "--data", "d.npz"]);
        says(&message, &["d.npz"]);
        if length >= 10 {
            says(&message, &[&format!("{length} bytes"), "at their end", "cut short"]);
        }
    }
    // The sizes in the directory exceed the actual content.
    let mut forged = whole.clone();
    let directory = forged.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    forged[directory + 20..directory + 28].fill(0xf0);
    desk.write("d.npz", &forged);
    says(&refused(&desk, &["digits-mlp", "--data", "d.npz"]), &["d.npz"]);
    // The checksum detects a changed number.
    let mut changed = whole.clone();
    changed[140] ^= 1;
    desk.write("d.npz", &changed);
    says(&refused(&desk, &["digits-mlp", "--data", "d.npz"]), &["d.npz", "damaged", "`x`"]);

    desk.write("d.npz", b"hello, world");
    says(&refused(&desk, &["digits-mlp", "--data", "d.npz"]), &["d.npz", ".npz", ".safetensors"]);
    for (bytes, words) in [
        (&b"\xff\xff\xff\xff\xff\xff\xff\x7f{}"[..], vec!["9223372036854775807"]),
        (b"\x02\0\0\0\0\0\0\0{}", vec!["no array `x`"]),
        (b"\x02\0\0\0\0\0\0\0{", vec!["header of 2 bytes"]),
        (b"abc", vec!["3 bytes"]),
    ] {
        desk.write("d.safetensors", bytes);
        says(&refused(&desk, &["digits-mlp", "--data", "d.safetensors"]), &words);
    }
    let header = br#"{"x":{"dtype":"F32","shape":[1000000,1000000],"data_offsets":[0,8]}}"#;
    let forged = [&(header.len() as u64).to_le_bytes()[..], header, &[0; 8]].concat();
    desk.write("d.safetensors", &forged);
    let message = refused(&desk, &["digits-mlp", "--data", "d.safetensors"]);
    says(
        &message,
        &["d.safetensors", "`x`", "[1000000, 1000000]", "4000000000000 bytes", "[0, 8]", "hold 8"],
    );
    for (header, words) in [
        (
            r#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
            vec!["`x`", "[4, 12]", "8 bytes behind"],
        ),
        (r#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, vec!["`x`", "[8, 0]"]),
        (r#"{"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, vec!["`x`", "whole numbers"]),
        (r#"{"x":{"dtype":"F32","shape":[2]}}"#, vec!["`x`", "data_offsets"]),
        (
            r#"{"x":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#,
            vec!["`x`", "counted"],
        ),
        (r#"{"x":3"#, vec!["byte 8", "JSON", "column 6"]),
    ] {
        let forged = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 8]].concat();
        desk.write("d.safetensors", &forged);
        says(&refused(&desk, &["digits-mlp", "--data", "d.safetensors"]), &words);
    }
    // A directory is read as .npy files.
    says(&refused(&desk, &["digits-mlp", "--data", "."]), &["no array `x`", "has none"]);
}

/// Small files and short presets that request tens or hundreds of gigabytes: refused before anything of that size is
/// allocated, with nothing left behind.
#[cfg(target_os = "linux")]
#[test]
fn what_takes_too_much_memory() {
    let desk = Desk::new();
    // Linux refuses an allocation beyond this limit, so such an allocation would end the program without a message.
    let refused = |args: &[&str], words: &[&str]| {
        let command = format!("ulimit -v {}; exec \"$0\" \"$@\"", 12 << 20);
        let run = [&["-c", command.as_str(), env!("CARGO_BIN_EXE_brink"), "run"], args, &["--out", "out"]];
        let output =
            std::process::Command::new("sh").args(run.concat()).current_dir(desk.path("")).output().unwrap();
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
        assert!(!desk.path("out").exists(), "{args:?}");
        assert_eq!(message.trim_end().lines().count(), 1, "{message}");
        says(&message, words);
    };
    let rows = 100_000;
    let classes: Vec<i64> = (0..rows).collect();
    desk.npz(
        "many.npz",
        &[("x", Tensor::zeros((100_000, 1), DType::F32, &Device::Cpu).unwrap()), ("y", integers(&classes))],
    );
    refused(
        &["digits-mlp", "--data", "many.npz"],
        &["many.npz", "`y`", "holds 2684", "0 to 2683", "268435456"],
    );

    let tokens = Tensor::zeros((1, 100_000), DType::I64, &Device::Cpu).unwrap();
    desk.npz("long.npz", &[("x", tokens.clone()), ("y", tokens)]);
    refused(
        &["transformer", "--data", "long.npz"],
        &["long.npz", "on 1 example ", "[1, 100000]", "GiB", "at most 8.0 GiB", "model.heads = 2"],
    );

    let image = Tensor::zeros((1, 1, 512, 512), DType::F32, &Device::Cpu).unwrap();
    desk.npz("large.npz", &[("x", image), ("y", integers(&[0]))]);
    refused(
        &["vit", "--data", "large.npz", "--set", "model.patch=2"],
        &["large.npz", "[1, 1, 512, 512]", "at most 8.0 GiB", "model.patch = 2"],
    );

    // a gigabyte of zeros in one megabyte
    let header = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (262144, 4, 32, 32), }\n", &[]);
    desk.bomb(
        "bomb.npz",
        &header,
        1 << 30,
        &[("y", npy("{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }\n", &[0; 8]))],
    );
    assert!(std::fs::metadata(desk.path("bomb.npz")).unwrap().len() < 2 << 20);
    refused(
        &["digits-mlp", "--data", "bomb.npz"],
        &["bomb.npz", "`x_u8`", "1073741824 numbers", "268435456"],
    );

    refused(
        &["random-targets", "--set", "data.n=1000000", "--set", "data.dimension=10000"],
        &["data.n = 1000000", "data.dimension = 10000", "10000000000 numbers", "268435456"],
    );
    refused(
        &["lstm", "--set", "data.vocabulary=10000", "--set", "data.length=1000", "--set", "data.n=10000"],
        &["data.n = 10000", "200000000000 outputs", "268435456"],
    );
    // no file, and no large data: one sequence seen by many heads
    refused(
        &[
            "transformer",
            "--set",
            "data.n=1",
            "--set",
            "data.length=1000",
            "--set",
            "model.dim=256",
            "--set",
            "model.heads=256",
        ],
        &[
            "on 1 example ",
            "at most 8.0 GiB",
            "operations save",
            "data.name = \"sorting\"",
            "model.heads = 256",
        ],
    );
}

#[test]
fn outputs_that_cannot_be_written() {
    let desk = Desk::new();
    desk.write("file", b"in the way");
    for out in ["file", "file/inside", "/proc/nonesuch"] {
        let output = desk.brink(&["run", "valley", "--steps", "2", "--out", out]);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{out}: {message}");
        says(&message, &[out, "cannot write"]);
    }
    assert_eq!(std::fs::read(desk.path("file")).unwrap(), b"in the way");
    // A directory has the name run.csv: nothing else is written either.
    std::fs::create_dir_all(desk.path("out/run.csv")).unwrap();
    let output = desk.brink(&["run", "valley", "--steps", "2", "--out", "out"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(desk.names(), ["file", "out", "out/run.csv"]);
    // A path with spaces and non-ASCII letters works like any other.
    let output = desk.brink(&["run", "valley", "--steps", "2", "--out", "ein Lauf – η"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(desk.path("ein Lauf – η/run.csv").exists());
}
