//! CIFAR-10 (Krizhevsky, 2009), 32×32 colour images of ten classes, read from a local copy of its binary
//! version.
//!
//! A file is a sequence of records: one label byte and 3,072 pixel bytes (channel by channel, row by row).
//! Only as many records as needed are read, and each record is checked.

use super::Dataset;
use super::error::DataError;
use super::images::{CLASSES, PixelScale, Quota, Selection};
use directories::ProjectDirs;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// Number of training images in the complete set.
pub const TRAIN: usize = 50_000;
/// Number of test images in the complete set, and the largest number that is read.
pub const TEST: usize = 10_000;

/// Height and width of an image.
const SIDE: usize = 32;
const PIXELS: usize = 3 * SIDE * SIDE;
const RECORD: usize = 1 + PIXELS;
const RECORD_BYTES: u64 = RECORD as u64;

/// Directory name in the official archive.
const FOLDER: &str = "cifar-10-batches-bin";

const ADVICE: &str = "unpack the set's binary version, https://www.cs.toronto.edu/~kriz/cifar.html, in one of these, or \
                      set data.path or the environment variable BRINK_DATA to the directory that holds it";

/// Mean and standard deviation of each channel over the training images.
const SCALE: PixelScale<3> = PixelScale {
    mean: [255.0 * 0.491_399_68, 255.0 * 0.482_158_27, 255.0 * 0.446_531_24],
    std: [255.0 * 0.247_032_33, 255.0 * 0.243_485_05, 255.0 * 0.261_587_68],
};

/// Loads the first n/classes images of each of the first `classes` classes, in the order of the files
/// `data_batch_*.bin`. The test split consists of the images of these classes in `test_batch.bin`, if the
/// file is present. Inputs have shape `[n, 3, 32, 32]` and are normalized per channel to
/// `(x − 255·mean)/(255·std)`, rounded to f32 and converted to f64.
///
/// The files are searched for in `path`. Without a path, they are searched for in the directory named by the
/// environment variable `BRINK_DATA` and in the user's data directory of the program. Each directory is
/// searched together with its subdirectory `cifar-10-batches-bin`.
///
/// # Errors
/// Missing or damaged files, or fewer images than requested.
pub fn dataset(path: Option<&Path>, selection: Selection) -> Result<Dataset, DataError> {
    let Selection { n, classes, binary: _, test } = selection;
    selection.check(TRAIN / CLASSES * classes)?;
    let (directory, files) = find(places(path, std::env::var_os("BRINK_DATA")))?;
    let mut quota = Quota::new(n / classes, classes);
    let train = read(&files, &mut quota)?;
    if !quota.is_full() {
        let what = format!("CIFAR-10 in {} with data.classes = {classes}", directory.display());
        return Err(DataError::TooFewExamples { n, what, available: quota.fewest() * classes });
    }
    let split = |(pixels, labels): (Vec<u8>, Vec<u8>)| SCALE.split(&pixels, &labels, SIDE, &selection);
    let test_file = directory.join("test_batch.bin");
    let test = if test && test_file.is_file() {
        let images = read(&[test_file], &mut Quota::new(TEST / CLASSES, classes))?;
        if images.1.is_empty() { None } else { Some(split(images)?) }
    } else {
        None
    };
    Ok(Dataset { train: split(train)?, test })
}

/// The directories to search, in order.
fn places(path: Option<&Path>, brink_data: Option<OsString>) -> Vec<PathBuf> {
    let roots = if let Some(path) = path {
        vec![path.to_path_buf()]
    } else {
        let named = brink_data.filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let platform = ProjectDirs::from("", "", "brink").map(|dirs| dirs.data_dir().to_path_buf());
        named.into_iter().chain(platform).collect()
    };
    roots.into_iter().flat_map(|root| [root.clone(), root.join(FOLDER)]).collect()
}

/// The first directory with training files, and its training files in numerical order.
fn find(places: Vec<PathBuf>) -> Result<(PathBuf, Vec<PathBuf>), DataError> {
    for directory in &places {
        let Ok(entries) = std::fs::read_dir(directory) else { continue };
        let number = |name: &str| -> Option<u32> {
            name.strip_prefix("data_batch_")?.strip_suffix(".bin")?.parse().ok()
        };
        let mut files: Vec<(u32, PathBuf)> = entries
            .filter_map(Result::ok)
            .filter_map(|entry| Some((number(entry.file_name().to_str()?)?, entry.path())))
            .filter(|(_, path)| path.is_file())
            .collect();
        if !files.is_empty() {
            files.sort();
            return Ok((directory.clone(), files.into_iter().map(|(_, path)| path).collect()));
        }
    }
    Err(DataError::NotFound { name: "CIFAR-10", files: "data_batch_*.bin", looked: places, advice: ADVICE })
}

/// Reads pixels and labels of the images accepted by the quota, until the quota is full.
fn read(files: &[PathBuf], quota: &mut Quota) -> Result<(Vec<u8>, Vec<u8>), DataError> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for path in files {
        if quota.is_full() {
            break;
        }
        let unreadable = |source| DataError::Unreadable { path: path.clone(), source };
        let damaged = |what| DataError::Damaged { path: path.clone(), what };
        let file = File::open(path).map_err(unreadable)?;
        let size = file.metadata().map_err(unreadable)?.len();
        if size == 0 || !size.is_multiple_of(RECORD_BYTES) {
            return Err(damaged(format!(
                "{size} bytes, the last whole image of {RECORD} bytes ends at byte {}; a multiple of {RECORD} is expected",
                size - size % RECORD_BYTES
            )));
        }
        let mut file = BufReader::new(file);
        let mut record = [0; RECORD];
        for i in 0..size / RECORD_BYTES {
            if quota.is_full() {
                break;
            }
            let offset = i * RECORD_BYTES;
            file.read_exact(&mut record).map_err(|e| {
                damaged(format!("at byte {offset}: an image of {RECORD} bytes is expected: {e}"))
            })?;
            let [label, image @ ..] = &record;
            if usize::from(*label) >= CLASSES {
                return Err(damaged(format!(
                    "at byte {offset}: the label {label}; labels are 0 to {}",
                    CLASSES - 1
                )));
            }
            if quota.takes(*label) {
                pixels.extend_from_slice(image);
                labels.push(*label);
            }
        }
    }
    Ok((pixels, labels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Split, Targets};
    use proptest::prelude::*;
    use std::fs;
    use tempfile::TempDir;

    const FEW: Selection = Selection { n: 4, classes: 2, binary: false, test: true };

    /// A record with a constant image.
    fn record(label: u8, value: u8) -> Vec<u8> {
        let mut bytes = vec![value; PIXELS + 1];
        bytes[0] = label;
        bytes
    }

    /// A directory of batches, each a list of (label, value).
    fn batches(files: &[(&str, &[(u8, u8)])]) -> TempDir {
        let dir = TempDir::new().unwrap();
        for (name, images) in files {
            let bytes: Vec<u8> = images.iter().flat_map(|&(label, value)| record(label, value)).collect();
            fs::write(dir.path().join(name), bytes).unwrap();
        }
        dir
    }

    fn load(dir: &Path, selection: Selection) -> Result<Dataset, DataError> {
        dataset(Some(dir), selection)
    }

    fn refused(dir: &Path, selection: Selection) -> String {
        load(dir, selection).unwrap_err().to_string()
    }

    /// Labels, and the stored values of the first pixels.
    fn described(split: &Split) -> Vec<(i64, f64)> {
        let Targets::Classes { labels, .. } = &split.targets else { panic!("classes") };
        let x: Vec<Vec<f64>> = split.x.flatten_from(1).unwrap().to_vec2().unwrap();
        let value = |x: &[f64]| (x[0] * SCALE.std[0] + SCALE.mean[0]).round();
        labels.iter().zip(&x).map(|(&label, x)| (label, value(x))).collect()
    }

    #[test]
    fn the_first_of_each_class_come_in_the_order_of_the_files_numbers() {
        let dir = batches(&[
            ("data_batch_10.bin", &[(0, 6), (1, 7)]),
            ("data_batch_2.bin", &[(2, 3), (0, 4), (1, 5)]),
            ("data_batch_1.bin", &[(0, 1), (9, 2)]),
            ("data_batch_x.bin", &[(0, 8)]),
            ("test_batch.bin", &[(1, 11), (2, 12), (0, 13)]),
        ]);
        let data = load(dir.path(), FEW).unwrap();
        assert_eq!(data.train.x.dims(), [4, 3, 32, 32]);
        assert_eq!(described(&data.train), [(0, 1.0), (0, 4.0), (1, 5.0), (1, 7.0)]);
        assert_eq!(described(&data.test.unwrap()), [(1, 11.0), (0, 13.0)]);
        assert!(load(dir.path(), Selection { test: false, ..FEW }).unwrap().test.is_none());
        let binary = load(dir.path(), Selection { binary: true, ..FEW }).unwrap();
        assert!(matches!(binary.train.targets, Targets::Binary { labels } if labels == [0, 0, 1, 1]));
        // Files that are not needed are not read.
        fs::write(dir.path().join("data_batch_11.bin"), b"no image").unwrap();
        load(dir.path(), FEW).unwrap();
    }

    #[test]
    fn channels_are_scaled_each_by_its_own_numbers() {
        let dir = TempDir::new().unwrap();
        let mut bytes = record(0, 10);
        bytes[1..][1024..2048].fill(20);
        bytes[1..][2048..].fill(30);
        fs::write(dir.path().join("data_batch_1.bin"), [bytes.clone(), record(1, 0)].concat()).unwrap();
        let data = load(dir.path(), Selection { n: 2, ..FEW }).unwrap();
        let x: Vec<f64> = data.train.x.flatten_all().unwrap().to_vec1().unwrap();
        for (c, value) in [10.0, 20.0, 30.0].into_iter().enumerate() {
            let expected = (value - SCALE.mean[c]) / SCALE.std[c];
            assert!(x[1024 * c..][..1024].iter().all(|x| (x - expected).abs() < 1e-6));
        }
    }

    #[test]
    fn too_few_images_are_counted() {
        let dir = batches(&[("data_batch_1.bin", &[(0, 1), (1, 2), (1, 3)])]);
        let message = refused(dir.path(), FEW);
        assert!(message.contains("data.n = 4") && message.contains("2 examples"), "{message}");
        assert!(refused(dir.path(), Selection { n: 3, ..FEW }).contains("multiple of data.classes"));
        assert!(refused(dir.path(), Selection { n: 10_002, ..FEW }).contains("10000 training images"));
    }

    #[test]
    fn damage_is_named_with_file_offset_and_what_was_expected() {
        let dir = batches(&[("data_batch_3.bin", &[(0, 1), (1, 2), (0, 3), (1, 4)])]);
        let path = dir.path().join("data_batch_3.bin");
        let whole = fs::read(&path).unwrap();
        for length in [0, 1, 3072, 3074, 4 * 3073 - 1] {
            fs::write(&path, &whole[..length]).unwrap();
            let message = refused(dir.path(), FEW);
            let end = format!("ends at byte {}", length - length % 3073);
            for word in ["data_batch_3.bin", &format!("{length} bytes"), "3073", &end] {
                assert!(message.contains(word), "{length}: {message}");
            }
        }
        let mut wrong = whole.clone();
        wrong[2 * 3073] = 10;
        fs::write(&path, wrong).unwrap();
        let message = refused(dir.path(), FEW);
        for word in ["data_batch_3.bin", "byte 6146", "label 10", "0 to 9"] {
            assert!(message.contains(word), "{message}");
        }
    }

    #[test]
    fn every_place_is_named_when_the_set_is_missing() {
        let dir = TempDir::new().unwrap();
        let inside = dir.path().join(FOLDER);
        let message = refused(dir.path(), FEW);
        for word in [inside.to_str().unwrap(), "cs.toronto.edu/~kriz/cifar.html", "BRINK_DATA", "data.path"] {
            assert!(message.contains(word), "{message}");
        }
        fs::create_dir(&inside).unwrap();
        fs::write(inside.join("data_batch_1.bin"), [record(0, 1), record(1, 2)].concat()).unwrap();
        load(dir.path(), Selection { n: 2, ..FEW }).unwrap();

        let places = places(None, Some("/named".into()));
        assert_eq!(places[..2], [PathBuf::from("/named"), PathBuf::from("/named").join(FOLDER)]);
        assert_eq!(super::places(Some(Path::new("p")), Some("/named".into())).len(), 2);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            records in proptest::collection::vec((0..12_u8, any::<u8>()), 0..8),
            cut in 0..4000_usize,
            n in 0..12_usize,
            classes in 0..12_usize,
            binary in any::<bool>(),
        ) {
            let dir = TempDir::new().unwrap();
            let mut bytes: Vec<u8> = records.iter().flat_map(|&(label, value)| record(label, value)).collect();
            bytes.truncate(bytes.len().saturating_sub(cut));
            fs::write(dir.path().join("data_batch_1.bin"), &bytes).unwrap();
            fs::write(dir.path().join("test_batch.bin"), &bytes).unwrap();
            if let Ok(data) = load(dir.path(), Selection { n, classes, binary, test: true }) {
                prop_assert_eq!(data.train.x.dims(), &[n, 3, 32, 32]);
                prop_assert!(bytes.len().is_multiple_of(3073));
            }
        }
    }
}
