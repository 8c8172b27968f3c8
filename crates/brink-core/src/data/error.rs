//! Errors of data sets and of imported arrays.

use std::path::PathBuf;

/// Data or weights that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// More examples were requested than the data set contains.
    #[error("data.n = {n}: {what} has {available} examples; n is 1 to {available}")]
    TooFewExamples {
        /// Requested number of examples.
        n: usize,
        /// The data set.
        what: String,
        /// Number of examples in the data set.
        available: usize,
    },

    /// A setting of a built-in data set is out of range.
    #[error("{key} = {value}: {allowed}")]
    Setting {
        /// Key in the preset.
        key: &'static str,
        /// Value of the setting.
        value: String,
        /// Description of the allowed values.
        allowed: String,
    },

    /// The files of an external data set were not found.
    #[error("{name} is not found: no {files} in {}; {advice}", paths(.looked))]
    NotFound {
        /// Name of the data set.
        name: &'static str,
        /// Names of the required files.
        files: &'static str,
        /// The searched directories.
        looked: Vec<PathBuf>,
        /// Instructions for obtaining and installing the files.
        advice: &'static str,
    },

    /// The file cannot be opened or read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// Path of the file.
        path: PathBuf,
        /// Error of the operating system.
        source: std::io::Error,
    },

    /// The file format is unknown.
    #[error(
        "{path} is neither an .npz (NumPy savez) nor an .npy nor a .safetensors file: it begins with the bytes \
         {begins:02x?}"
    )]
    UnknownFormat {
        /// Path of the file.
        path: PathBuf,
        /// The first bytes of the file.
        begins: Vec<u8>,
    },

    /// The file is damaged, truncated or forged.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// Path of the file.
        path: PathBuf,
        /// Location and description of the damage.
        what: String,
    },

    /// A required array is not in the file.
    #[error("{path} has no array `{name}`; it has {has}")]
    MissingArray {
        /// Path of the file.
        path: PathBuf,
        /// Name of the required array.
        name: String,
        /// Names of the available arrays.
        has: String,
    },

    /// The type or shape of an array is not supported.
    #[error("array `{array}` of {path}: {what}")]
    Array {
        /// Path of the file.
        path: PathBuf,
        /// Name of the array.
        array: String,
        /// Actual and allowed types or shapes.
        what: String,
    },

    /// An array contains a NaN or an infinity.
    #[error("array `{array}` of {path} holds {value} at index {index:?}; every entry must be finite")]
    NotFinite {
        /// Path of the file.
        path: PathBuf,
        /// Name of the array.
        array: String,
        /// Index of the entry.
        index: Vec<usize>,
        /// The non-finite value.
        value: f64,
    },

    /// An error of candle.
    #[error("tensor: {0}")]
    Tensor(#[from] candle_core::Error),
}

fn paths(list: &[PathBuf]) -> String {
    let paths: Vec<String> = list.iter().map(|path| path.display().to_string()).collect();
    paths.join(" or ")
}
