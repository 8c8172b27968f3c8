//! The binary, run as a user would run it.
#![allow(dead_code, clippy::unwrap_used, reason = "each test uses a part of it, and a failure is a panic")]

use candle_core::{Device, Tensor};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A directory for inputs and results.
pub struct Desk {
    dir: TempDir,
}

/// The files that a run left behind.
pub struct Csv {
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Desk {
    pub fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Everything in the directory, and in `out` if it exists.
    pub fn names(&self) -> Vec<String> {
        let list = |dir: &Path| -> Vec<String> {
            std::fs::read_dir(dir)
                .map(|d| d.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect())
                .unwrap_or_default()
        };
        let mut names = list(self.dir.path());
        names.extend(list(&self.path("out")).into_iter().map(|n| format!("out/{n}")));
        names.sort();
        names
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub fn npz(&self, name: &str, arrays: &[(&str, Tensor)]) -> PathBuf {
        let path = self.path(name);
        Tensor::write_npz(arrays, &path).unwrap();
        path
    }

    /// An npz whose entries are these bytes, with the correct sizes of the entries.
    pub fn raw_npz(&self, name: &str, entries: &[(&str, Vec<u8>)], deflate: bool) -> PathBuf {
        use zip::write::{SimpleFileOptions, ZipWriter};
        let path = self.path(name);
        let mut zip = ZipWriter::new(std::fs::File::create(&path).unwrap());
        let method = if deflate { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
        for (entry, bytes) in entries {
            zip.start_file(format!("{entry}.npy"), SimpleFileOptions::default().compression_method(method))
                .unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
        path
    }

    /// An npz whose array `x_u8` has this header and this number of zeros, which deflate compresses well; and further
    /// arrays.
    pub fn bomb(&self, name: &str, header: &[u8], zeros: usize, entries: &[(&str, Vec<u8>)]) -> PathBuf {
        use zip::write::{SimpleFileOptions, ZipWriter};
        let path = self.path(name);
        let mut zip = ZipWriter::new(std::fs::File::create(&path).unwrap());
        let options = SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated)
            .compression_level(Some(6));
        zip.start_file("x_u8.npy", options).unwrap();
        zip.write_all(header).unwrap();
        let block = vec![0; 1 << 20];
        for _ in 0..zeros / block.len() {
            zip.write_all(&block).unwrap();
        }
        for (entry, bytes) in entries {
            zip.start_file(format!("{entry}.npy"), options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
        path
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_brink"));
        command.args(args).current_dir(self.dir.path());
        command
    }

    pub fn brink(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs with results in `out`, expects success and reads `run.csv`.
    pub fn run(&self, args: &[&str]) -> Csv {
        let mut all = vec!["run"];
        all.extend(args);
        all.extend(["--out", "out"]);
        let output = self.brink(&all);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        self.csv("out/run.csv")
    }

    pub fn csv(&self, name: &str) -> Csv {
        let text = std::fs::read_to_string(self.path(name)).unwrap();
        assert!(text.ends_with('\n'), "the last line is whole");
        let mut lines = text.lines().map(|l| l.split(',').map(str::to_owned).collect::<Vec<_>>());
        let header = lines.next().unwrap();
        let rows: Vec<_> = lines.collect();
        for row in &rows {
            assert_eq!(row.len(), header.len(), "{row:?}");
        }
        Csv { header, rows }
    }
}

impl Csv {
    pub fn column(&self, name: &str) -> Vec<&str> {
        let i = self.header.iter().position(|h| h == name).unwrap_or_else(|| panic!("no column {name}"));
        self.rows.iter().map(|r| r[i].as_str()).collect()
    }

    pub fn numbers(&self, name: &str) -> Vec<f64> {
        self.column(name).iter().map(|v| v.parse().unwrap_or_else(|_| panic!("{name}: {v:?}"))).collect()
    }
}

/// Runs, expects status 2, one line of message, and no trace of an output.
pub fn refused(desk: &Desk, args: &[&str]) -> String {
    refused_with(desk, args, &[])
}

/// The same with environment variables.
pub fn refused_with(desk: &Desk, args: &[&str], environment: &[(&str, &str)]) -> String {
    let before = desk.names();
    let args = [&["run"], args, &["--out", "out"]].concat();
    let output = desk.command(&args).envs(environment.iter().copied()).output().unwrap();
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
    assert!(message.starts_with("error: ") && message.trim_end().lines().count() == 1, "{args:?}: {message}");
    assert!(!message.contains("panicked"), "{message}");
    assert_eq!(before, desk.names(), "{args:?} left something");
    message
}

pub fn says(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Small deterministic numbers.
pub fn wave(shape: &[usize], step: f64) -> Tensor {
    let n: usize = shape.iter().product();
    let values: Vec<f64> = (0..n).map(|i| ((i as f64 + 1.0) * step).sin()).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

pub fn integers(values: &[i64]) -> Tensor {
    Tensor::from_slice(values, values.len(), &Device::Cpu).unwrap()
}

/// A NumPy file with this header text and these bytes.
pub fn npy(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// A directory of CIFAR-10 with 20 training images of every class and 10 test images.
pub fn cifar(desk: &Desk, folder: &str) {
    std::fs::create_dir_all(desk.path(folder)).unwrap();
    let record = |i: usize| {
        let mut bytes: Vec<u8> = (0..3073).map(|j| u8::try_from((i * 31 + j * 7) % 256).unwrap()).collect();
        bytes[0] = u8::try_from(i % 10).unwrap();
        bytes
    };
    for (name, range) in [("data_batch_1", 0..100), ("data_batch_2", 100..200), ("test_batch", 200..210)] {
        desk.write(&format!("{folder}/{name}.bin"), &range.flat_map(record).collect::<Vec<_>>());
    }
}
