//! What can be wrong with data and weights that come from outside.

use std::path::PathBuf;

/// Data or weights that cannot be used, with the numbers that say why.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// More examples were asked for than there are.
    #[error("data.n = {n}: {what} has {available} examples; n is 1 to {available}")]
    TooFewExamples {
        /// Examples asked for.
        n: usize,
        /// What they were asked of.
        what: String,
        /// Examples there are.
        available: usize,
    },

    /// A setting of built-in data outside its range.
    #[error("{key} = {value}: {allowed}")]
    Setting {
        /// The preset's key.
        key: &'static str,
        /// The value it has.
        value: String,
        /// What it may be.
        allowed: String,
    },

    /// A data set that does not come with the program is nowhere.
    #[error("{name} is not found: no {files} in {}; {advice}", paths(.looked))]
    NotFound {
        /// The data set.
        name: &'static str,
        /// The files that make it.
        files: &'static str,
        /// Every directory looked at.
        looked: Vec<PathBuf>,
        /// Where to get it, and where to put it.
        advice: &'static str,
    },

    /// The file cannot be opened or read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },

    /// No known format.
    #[error(
        "{path} is neither an .npz (NumPy savez) nor an .npy nor a .safetensors file: it begins with the bytes \
         {begins:02x?}"
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// Its first bytes.
        begins: Vec<u8>,
    },

    /// The file is damaged, cut short or forged.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where, and what was found there.
        what: String,
    },

    /// An array that is needed is not in the file.
    #[error("{path} has no array `{name}`; it has {has}")]
    MissingArray {
        /// The file.
        path: PathBuf,
        /// The array needed.
        name: String,
        /// The arrays there are.
        has: String,
    },

    /// An array of the file is of a kind that cannot be used.
    #[error("array `{array}` of {path}: {what}")]
    Array {
        /// The file.
        path: PathBuf,
        /// The array.
        array: String,
        /// What it is, and what is allowed.
        what: String,
    },

    /// A NaN or an infinity among the numbers.
    #[error("array `{array}` of {path} holds {value} at index {index:?}; every entry must be finite")]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The array.
        array: String,
        /// Where in it.
        index: Vec<usize>,
        /// NaN or an infinity.
        value: f64,
    },

    /// candle refused.
    #[error("tensor: {0}")]
    Tensor(#[from] candle_core::Error),
}

fn paths(list: &[PathBuf]) -> String {
    let paths: Vec<String> = list.iter().map(|path| path.display().to_string()).collect();
    paths.join(" or ")
}
