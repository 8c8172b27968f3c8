//! Damaged and forged files of every kind that is read: a clear error, never a panic, and no allocation that the
//! file's own size does not account for.
//!
//! Every test replays a short seeded sequence of mutations of the files in `tests/corpus` (and of a session with
//! forks that is made here, in the format of this version). `BRINK_FUZZ_SECONDS=600 cargo test --release --test
//! behaviour fuzz -- --nocapture` continues for ten minutes per loader; `BRINK_FUZZ_SEED` selects another sequence. A
//! file that fails is left in the temporary directory, to be added to the corpus.
//! added to the corpus.
#![allow(clippy::unwrap_used, reason = "a failure is a panic")]

use brink::preset::Preset;
use brink::run::engine::Engine;
use brink::run::engine::assemble::assemble;
use brink::run::engine::course::Course;
use brink::run::engine::problem::Sources;
use brink::run::file::session::{SavedFork, Session};
use brink::run::record::history::History;
use brink_core::data::cifar;
use brink_core::data::images::Selection;
use brink_core::data::import::{DatasetOptions, load_dataset, load_vectors, load_weights};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{Cursor, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Records the largest allocation of each thread.
struct Watched;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = LARGEST.try_with(|largest| largest.set(largest.get().max(layout.size())));
        // SAFETY: the caller's promises are those of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are those of `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watched = Watched;

/// Maximum number of bytes of one allocation. A corpus file has a few kilobytes; deflate expands it at most a
/// thousandfold, and each byte becomes a number of eight bytes.
const MOST_BYTES: usize = 128 << 20;

/// Maximum time for one file.
const LONGEST: Duration = Duration::from_secs(5);

/// Number of executions of a replay.
const REPLAY: usize = 400;

/// A small separate generator, so that a seed means the same in every version.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `n`, which may be 0.
    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % n.max(1)
    }
}

/// Fragments of headers.
const PIECES: [&[u8]; 24] = [
    b"18446744073709551615",
    b"4294967296",
    b"1000000000000",
    b"-1",
    b"0",
    b"nan",
    b"1e308",
    b"'|O'",
    b"'<f8'",
    b"'<i8'",
    b"'<U8'",
    b"'>f4'",
    b"True",
    b"(",
    b")",
    b",",
    b"{",
    b"}",
    b"\"",
    b"[[[[",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\0\0\0\0\0\0\0\0",
    b"PK\x05\x06",
];

/// One to eight changes.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], rng: &mut Rng) {
    for _ in 0..=rng.below(8) {
        let at = rng.below(bytes.len() + 1);
        let most = 1 << rng.below(8);
        let length = rng.below(most).min(bytes.len() - at);
        match rng.below(9) {
            0 if !bytes.is_empty() => {
                let at = rng.below(bytes.len());
                bytes[at] ^= 1 << rng.below(8);
            }
            1 if !bytes.is_empty() => {
                let at = rng.below(bytes.len());
                bytes[at] = u8::try_from(rng.below(256)).unwrap();
            }
            2 => {
                bytes.drain(at..at + length);
            }
            3 => bytes.truncate(at),
            4 => {
                let copy = bytes[at..at + length].to_vec();
                let to = rng.below(bytes.len() + 1);
                bytes.splice(to..to, copy);
            }
            5 => {
                let from = rng.below(other.len());
                let piece = other[from..(from + length).min(other.len())].to_vec();
                bytes.splice(at..at + length, piece);
            }
            6 => {
                let piece = PIECES[rng.below(PIECES.len())];
                let end = (at + piece.len()).min(bytes.len());
                bytes.splice(at..end, piece.iter().copied());
            }
            7 => {
                let piece = PIECES[rng.below(PIECES.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
            _ => {
                // A number in text becomes another number.
                let Some(digit) = bytes[at..].iter().position(u8::is_ascii_digit) else { continue };
                bytes[at + digit] = b'0' + u8::try_from(rng.below(10)).unwrap();
            }
        }
    }
}

/// The files of a loader in the corpus.
fn corpus(loader: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(loader);
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Reads every file of the corpus, then mutations of them, from a file with the given name.
fn fuzz(
    loader: &str,
    name: &str,
    corpus: &[Vec<u8>],
    mutate: impl Fn(&mut Vec<u8>, &[u8], &mut Rng),
    load: impl Fn(&Path),
) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seconds = number("BRINK_FUZZ_SECONDS");
    let mut rng = Rng(0x9e37_79b9_7f4a_7c15 ^ number("BRINK_FUZZ_SEED").unwrap_or(0));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    let begun = Instant::now();
    let mut executions = 0;
    loop {
        let go_on = match seconds {
            Some(seconds) => begun.elapsed() < Duration::from_secs(seconds),
            None => executions < corpus.len() + REPLAY,
        };
        if !go_on {
            break;
        }
        let bytes = if let Some(bytes) = corpus.get(executions) {
            bytes.clone()
        } else {
            let mut bytes = corpus[rng.below(corpus.len())].clone();
            mutate(&mut bytes, &corpus[rng.below(corpus.len())], &mut rng);
            bytes
        };
        std::fs::write(&path, &bytes).unwrap();
        LARGEST.set(0);
        let start = Instant::now();
        let survived = catch_unwind(AssertUnwindSafe(|| load(&path))).is_ok();
        let (took, largest) = (start.elapsed(), LARGEST.get());
        if !survived || took > LONGEST || largest > MOST_BYTES {
            let kept = std::env::temp_dir().join(format!("brink-fuzz-{loader}-{executions}-{name}"));
            std::fs::write(&kept, &bytes).unwrap();
            panic!("{loader}: panic {}, {took:?}, {largest} bytes at once: {}", !survived, kept.display());
        }
        executions += 1;
    }
    println!("{loader}: {executions} files in {:.0?}", begun.elapsed());
}

/// Every reader of arrays: as data of numbers and of tokens, as weights, and as vectors.
fn load_arrays(path: &Path) {
    for tokens in [false, true] {
        let _ = load_dataset(path, DatasetOptions { tokens, ..DatasetOptions::default() });
    }
    let _ = load_dataset(path, DatasetOptions { binary: true, n: Some(2), ..DatasetOptions::default() });
    let _ = load_weights(path, &["w", "x"]);
    let _ = load_vectors(path);
    // and their use by a run
    for architecture in ["mlp", "vit", "transformer"] {
        let sizes = match architecture {
            "mlp" => "width = 4",
            "vit" => "patch = 1\ndim = 8\ndepth = 1\nmlp = 8\nheads = 1",
            _ => "layers = 1\ndim = 4\nheads = 2",
        };
        let preset = format!(
            "[model]\narchitecture = \"{architecture}\"\n{sizes}\n[data]\nname = \"file\"\npath = {:?}\n\
             [optimizer]\neta = 0.1\n",
            path.to_string_lossy()
        );
        let _ = assemble(&Preset::parse(&preset).unwrap(), &Sources::default());
    }
}

#[test]
fn archives() {
    let corpus = corpus("npz");
    fuzz("npz", "a.npz", &corpus, mutate, load_arrays);
}

/// The arrays are changed inside an intact archive, so that no checksum protects them.
#[test]
fn arrays_in_whole_archives() {
    let inside = |bytes: &mut Vec<u8>, other: &[u8], rng: &mut Rng| {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes.clone())).unwrap();
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for i in 0..archive.len() {
            let mut entry = archive.by_index(i).unwrap();
            let name = entry.name().unwrap().into_owned();
            let mut array = Vec::new();
            entry.read_to_end(&mut array).unwrap();
            if rng.below(2) == 0 {
                mutate(&mut array, other, rng);
            }
            let method = [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated][rng.below(2)];
            let options = zip::write::SimpleFileOptions::default().compression_method(method);
            writer.start_file(name, options).unwrap();
            writer.write_all(&array).unwrap();
        }
        *bytes = writer.finish().unwrap().into_inner();
    };
    // The archives of the corpus.
    let whole = |bytes: &Vec<u8>| {
        let archive = zip::ZipArchive::new(Cursor::new(bytes.clone()));
        archive.is_ok_and(|mut archive| {
            (0..archive.len()).all(|i| {
                archive.by_index(i).is_ok_and(|mut entry| entry.read_to_end(&mut Vec::new()).is_ok())
            })
        })
    };
    let corpus: Vec<Vec<u8>> = corpus("npz").into_iter().filter(whole).collect();
    fuzz("npz-inside", "a.npz", &corpus, inside, load_arrays);
}

#[test]
fn numpy_files() {
    let corpus = corpus("npy");
    // y is intact, next to x.
    let y = corpus.last().unwrap().clone();
    fuzz("npy", "x.npy", &corpus, mutate, |path| {
        let beside = path.with_file_name("y.npy");
        if !beside.exists() {
            std::fs::write(beside, &y).unwrap();
        }
        load_arrays(path);
        load_arrays(path.parent().unwrap());
    });
}

#[test]
fn safetensors() {
    fuzz("safetensors", "a.safetensors", &corpus("safetensors"), mutate, load_arrays);
}

#[test]
fn cifar_batches() {
    // Most changes of length give a file of the wrong size: half of the files are padded to whole images.
    let whole = |bytes: &mut Vec<u8>, other: &[u8], rng: &mut Rng| {
        mutate(bytes, other, rng);
        if rng.below(2) == 0 {
            bytes.resize(bytes.len().next_multiple_of(3073), 1);
        }
    };
    fuzz("cifar", "data_batch_1.bin", &corpus("cifar"), whole, |path| {
        std::fs::copy(path, path.with_file_name("test_batch.bin")).unwrap();
        for (n, binary) in [(2, true), (4, false)] {
            let selection = Selection { n, classes: 2, binary, test: true };
            let _ = cifar::dataset(path.parent(), selection);
        }
    });
}

#[test]
fn presets() {
    let built_in = brink::preset::BUILT_IN.iter().map(|(_, text)| text.as_bytes().to_vec());
    let corpus: Vec<Vec<u8>> = built_in.chain(corpus("preset")).collect();
    fuzz("preset", "p.toml", &corpus, mutate, |path| {
        if let Ok(preset) = Preset::load(path.to_str().unwrap()) {
            Preset::parse(&preset.resolved_toml()).unwrap();
        }
    });
}

/// The engine of the preset `valley`.
fn valley() -> Box<dyn Engine> {
    assemble(&Preset::load("valley").unwrap(), &Sources::default()).unwrap()
}

/// A session of `valley`, with a checkpoint every ten steps.
fn session() -> Vec<u8> {
    let preset = Preset::load("valley").unwrap();
    let mut course = Course::new(preset.optimizer.eta);
    course.set_eta(20, 0.9 * preset.optimizer.eta);
    course.restart_flows(25);
    let (mut engine, mut history) = (valley(), History::new(preset.eigen.max_tracked));
    let mut checkpoints = Vec::new();
    for step in 0..50 {
        if step % 10 == 0 {
            checkpoints.push(std::sync::Arc::new(engine.checkpoint()));
        }
        history.push(&course.step(engine.as_mut()));
    }
    let breakpoint = brink::run::engine::breakpoint::Breakpoint::LossSpike { factor: 2.0 };
    let hits = vec![brink::run::engine::breakpoint::Hit { breakpoint, step: 30, reason: "a spike".into() }];
    // two forks, the second of which leaves the first
    let mut forks: Vec<SavedFork> = Vec::new();
    for (parent, step) in [(None, 20), (Some(0), 35)] {
        let left = forks.last().map_or(&history, |fork| &fork.history);
        let (mut own, mut steered) = (left.until(step), course.until(step));
        steered.set_eta(step, 0.8 * preset.optimizer.eta);
        engine.restore(&checkpoints[step / 10]).unwrap();
        while engine.next_step() < 50 {
            let record = steered.step(engine.as_mut());
            if record.step >= step {
                own.push(&record);
            }
        }
        let checkpoints = vec![std::sync::Arc::new(engine.checkpoint())];
        forks.push(SavedFork { parent, step, course: steered, history: own, checkpoints });
    }
    let breakpoints = vec![breakpoint];
    let kept = Session::new("valley", preset, course, history);
    Session { checkpoints, breakpoints, hits, forks, ..kept }.to_bytes().unwrap()
}

/// Bytes of a session's section before its content: name, two lengths, checksum.
const SECTION_HEAD: usize = 24;

/// Changes the content of one section and updates its checksum, so that the change is not detected by it;
/// occasionally changes the file itself.
fn mutate_session(bytes: &mut Vec<u8>, other: &[u8], rng: &mut Rng) {
    let sealed = if rng.below(4) == 0 { None } else { reseal(bytes, other, rng) };
    match sealed {
        Some(sealed) => *bytes = sealed,
        None => mutate(bytes, other, rng),
    }
}

fn reseal(bytes: &[u8], other: &[u8], rng: &mut Rng) -> Option<Vec<u8>> {
    let mut sections = Vec::new();
    let mut rest = bytes.get(12..)?;
    while rest.len() >= SECTION_HEAD {
        let length = usize::try_from(u64::from_le_bytes(rest[12..20].try_into().unwrap())).ok()?;
        let stored = rest.get(SECTION_HEAD..SECTION_HEAD.checked_add(length)?)?;
        let mut content = Vec::new();
        flate2::read::ZlibDecoder::new(stored).take(1 << 24).read_to_end(&mut content).ok()?;
        sections.push((rest[..4].to_vec(), content));
        rest = &rest[SECTION_HEAD + length..];
    }
    let chosen = rng.below(sections.len());
    mutate(&mut sections.get_mut(chosen)?.1, other, rng);
    let mut out = bytes[..12].to_vec();
    for (name, content) in sections {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&content).unwrap();
        let stored = encoder.finish().unwrap();
        let lengths = [content.len() as u64, stored.len() as u64].map(u64::to_le_bytes).concat();
        let head = [name, lengths].concat();
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&head);
        hasher.update(&stored);
        out.extend([head, hasher.finalize().to_le_bytes().to_vec(), stored].concat());
    }
    Some(out)
}

#[test]
fn sessions() {
    let corpus: Vec<Vec<u8>> = corpus("session").into_iter().chain([session()]).collect();
    fuzz("session", "s.brink", &corpus, mutate_session, |path| {
        let Ok(session) = Session::read(path) else { return };
        Session::read_bytes(&session.to_bytes().unwrap()).unwrap();
        let mut engine = valley();
        let forked = session.forks.iter().flat_map(|fork| &fork.checkpoints);
        for checkpoint in session.checkpoints.iter().chain(forked) {
            if engine.restore(checkpoint).is_ok() {
                engine.step(0.5);
            }
        }
    });
}
