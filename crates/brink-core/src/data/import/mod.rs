//! Import of data sets and weights from `.npz` (NumPy) and `.safetensors` files and from directories of
//! `.npy` files.
//!
//! Headers and sizes are validated before candle's readers run. The size of each array must match the bytes
//! present in the file, so that a damaged or forged file gives an error and never a panic or a huge
//! allocation. Python objects (pickle) are never read.
//!
//! Non-finite contract: an array with a NaN or an infinity is rejected with the index of the entry.

mod dataset;
mod npy;
mod npy_files;
mod npz;
mod safetensors;

pub use dataset::{DatasetOptions, load_dataset};

use super::error::DataError;
use candle_core::{DType, Tensor};
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Largest total number of entries of all arrays read from a file: 2 GiB after conversion to f64.
pub const MOST_NUMBERS: u64 = super::MOST_NUMBERS as u64;

/// Counts the entries of the arrays read.
#[derive(Debug, Default)]
struct Count(u64);

impl Count {
    /// Adds an array of the given shape. Returns a message if the total exceeds [`MOST_NUMBERS`].
    fn add(&mut self, shape: &[usize]) -> Result<(), String> {
        let numbers = shape.iter().fold(1, |all: u64, &size| all.saturating_mul(size as u64));
        self.0 = self.0.saturating_add(numbers);
        if self.0 <= MOST_NUMBERS {
            return Ok(());
        }
        let others =
            if self.0 > numbers { format!(" (with the arrays before it {})", self.0) } else { String::new() };
        Err(format!("has shape {shape:?}, {numbers} numbers{others}; at most {MOST_NUMBERS} are read"))
    }
}

/// Selection of the arrays to read. Other arrays are not inspected.
#[derive(Clone, Copy, Debug)]
pub enum WantedArrays<'a> {
    /// The arrays with these names.
    Named(&'a [&'a str]),
    /// All arrays.
    All,
}

impl WantedArrays<'_> {
    fn includes(&self, name: &str) -> bool {
        match self {
            Self::Named(names) => names.contains(&name),
            Self::All => true,
        }
    }
}

/// The selected arrays that are present in the file.
#[derive(Debug)]
pub struct Arrays {
    path: PathBuf,
    by_name: HashMap<String, Tensor>,
    /// Names of all arrays in the file, for error messages.
    has: String,
}

/// Reads the selected arrays that are present, of any numeric type. For a directory, or one of its `.npy`
/// files, the arrays are the files `NAME.npy`.
///
/// # Errors
/// An unreadable or damaged file, an unknown format, or a selected array that is not numeric.
pub fn read_arrays(path: &Path, wanted: WantedArrays) -> Result<Arrays, DataError> {
    if path.is_dir() {
        return npy_files::read(path, wanted);
    }
    let mut begins = Vec::new();
    File::open(path)
        .and_then(|f| f.take(9).read_to_end(&mut begins))
        .map_err(|source| DataError::Unreadable { path: path.into(), source })?;
    match begins.as_slice() {
        [b'P', b'K', ..] => npz::read(path, wanted),
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => npy_files::beside(path, wanted),
        [_, _, _, _, _, _, _, _, b'{'] => safetensors::read(path, wanted),
        _ if path.extension().is_some_and(|e| e == "safetensors") => safetensors::read(path, wanted),
        _ => Err(DataError::UnknownFormat { path: path.into(), begins }),
    }
}

/// Reads the parameters `names` from a file of weights (f32 or f64, all entries finite). Other arrays are
/// ignored.
///
/// # Errors
/// The errors of [`read_arrays`], and a parameter that is missing, not floating-point, or not finite.
pub fn load_weights(path: &Path, names: &[&str]) -> Result<HashMap<String, Tensor>, DataError> {
    let arrays = read_arrays(path, WantedArrays::Named(names))?;
    names.iter().map(|name| Ok(((*name).to_owned(), arrays.floats(name)?))).collect()
}

/// Reads all arrays of a file as vectors (f32 or f64, all entries finite), sorted by name. Each array has
/// shape `[n]`, where n can differ between arrays.
///
/// # Errors
/// The errors of [`read_arrays`], and a file without arrays, or an array that is not one-dimensional or not
/// floating-point.
pub fn load_vectors(path: &Path) -> Result<Vec<(String, Vec<f64>)>, DataError> {
    let arrays = read_arrays(path, WantedArrays::All)?;
    let mut names: Vec<&String> = arrays.by_name.keys().collect();
    names.sort();
    if names.is_empty() {
        return Err(DataError::Damaged { path: path.into(), what: "it holds no array".into() });
    }
    let vector = |name: &String| {
        let array = arrays.floats(name)?;
        if array.rank() != 1 {
            return Err(arrays.error(name, format!("has shape {:?}; a flat vector is needed", array.dims())));
        }
        Ok((name.clone(), array.to_vec1()?))
    };
    names.into_iter().map(vector).collect()
}

impl Arrays {
    /// The array with the given name, if present.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.by_name.get(name)
    }

    /// The array with the given name, or an error that lists the available arrays.
    fn require(&self, name: &str) -> Result<&Tensor, DataError> {
        self.get(name).ok_or_else(|| DataError::MissingArray {
            path: self.path.clone(),
            name: name.into(),
            has: self.has.clone(),
        })
    }

    fn error(&self, name: &str, what: String) -> DataError {
        DataError::Array { path: self.path.clone(), array: name.into(), what }
    }

    /// An f32 or f64 array converted to f64, with all entries checked for finiteness.
    fn floats(&self, name: &str) -> Result<Tensor, DataError> {
        let tensor = self.require(name)?;
        if !tensor.dtype().is_float() {
            let what = format!("is {}; float32 or float64 is needed", tensor.dtype().as_str());
            return Err(self.error(name, what));
        }
        let tensor = tensor.to_dtype(DType::F64)?;
        let values: Vec<f64> = tensor.flatten_all()?.to_vec1()?;
        if let Some(at) = values.iter().position(|v| !v.is_finite()) {
            return Err(DataError::NotFinite {
                path: self.path.clone(),
                array: name.into(),
                index: index_in(tensor.dims(), at),
                value: values[at],
            });
        }
        Ok(tensor)
    }
}

/// Multi-index of the entry at a flat, row-major position.
fn index_in(shape: &[usize], mut flat: usize) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (i, &n) in shape.iter().enumerate().rev() {
        index[i] = flat % n.max(1);
        flat /= n.max(1);
    }
    index
}

/// Names for an error message: sorted and truncated to one line.
fn list(mut names: Vec<String>) -> String {
    const MOST: usize = 20;
    if names.is_empty() {
        return "none".into();
    }
    names.sort();
    let further = names.len().saturating_sub(MOST);
    names.truncate(MOST);
    let text = names.iter().map(|n| n.chars().take(60).collect::<String>()).collect::<Vec<_>>().join(", ");
    if further > 0 { format!("{text} and {further} more") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    /// A valid archive of x and y, and the same arrays as safetensors.
    static FILES: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
        let dir = tempfile::tempdir().unwrap();
        let x = Tensor::arange(0.0_f32, 12.0, &Device::Cpu).unwrap().reshape((4, 3)).unwrap();
        let y = Tensor::new(&[0_i64, 1, 1, 0], &Device::Cpu).unwrap();
        let (npz, safetensors) = (dir.path().join("a.npz"), dir.path().join("a.safetensors"));
        Tensor::write_npz(&[("x", &x), ("y", &y)], &npz).unwrap();
        let named = HashMap::from([("x", x), ("y", y)]);
        candle_core::safetensors::save(&named, &safetensors).unwrap();
        [npz, safetensors].map(|path| std::fs::read(path).unwrap())
    });

    fn load(bytes: &[u8]) -> Result<crate::data::Dataset, DataError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, bytes).unwrap();
        load_dataset(&path, DatasetOptions::default())
    }

    #[test]
    fn both_formats_give_the_same_data() {
        for bytes in FILES.iter() {
            let data = load(bytes).unwrap();
            let x: Vec<f64> = data.train.x.flatten_all().unwrap().to_vec1().unwrap();
            assert_eq!(x, (0..12).map(f64::from).collect::<Vec<_>>());
            let crate::data::Targets::Classes { labels, count } = data.train.targets else {
                panic!("classes")
            };
            assert_eq!((labels.as_slice(), count), ([0, 1, 1, 0].as_slice(), 2));
        }
    }

    #[test]
    fn indices_count_rows_first() {
        assert_eq!(index_in(&[4, 3], 7), [2, 1]);
        assert_eq!(index_in(&[2, 2, 2], 5), [1, 0, 1]);
        assert_eq!(index_in(&[], 0), Vec::<usize>::new());
    }

    proptest! {
        #[test]
        fn no_change_of_bytes_makes_it_panic(
            format in 0..2_usize,
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            keep in any::<prop::sample::Index>(),
            cut in any::<bool>(),
        ) {
            let mut bytes = FILES[format].clone();
            for (at, value) in changes {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            if cut {
                bytes.truncate(keep.index(bytes.len()));
            }
            let _ = load(&bytes);
        }

        #[test]
        fn no_large_number_in_a_header_is_believed(at in any::<prop::sample::Index>(), format in 0..2_usize) {
            let mut bytes = FILES[format].clone();
            let at = at.index(bytes.len() - 8);
            bytes[at..at + 8].fill(0xff);
            let _ = load(&bytes);
        }
    }
}
