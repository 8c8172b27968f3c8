//! Errors in presets.

use std::path::PathBuf;

/// Why a preset cannot be used, with the key, the value and the allowed values.
#[derive(Debug, thiserror::Error)]
pub enum PresetError {
    /// The name is neither a built-in name nor a file.
    #[error(
        "there is no preset \"{name}\", built in or as a file; built in are {known} (see brink presets), anything \
         else is a path to a .toml file"
    )]
    Unknown {
        /// The requested name.
        name: String,
        /// The built-in names.
        known: String,
    },
    /// The file cannot be read.
    #[error("cannot read the preset {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The file is too large to be a preset.
    #[error("the preset {path} has {bytes} bytes; at most {limit} are read")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The maximum size.
        limit: u64,
    },
    /// The file is not text.
    #[error("the preset is not UTF-8 text: byte {offset} is not part of a character")]
    NotText {
        /// The position of the invalid byte.
        offset: usize,
    },
    /// The preset is empty.
    #[error("the preset is empty; it needs at least [optimizer] with eta (presets/README.md shows one)")]
    Empty,
    /// The preset is not valid TOML.
    #[error("line {line}, column {column} of the preset is not TOML: {message}")]
    Syntax {
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
        /// The parser's message.
        message: String,
    },
    /// The preset was written by a newer version of this program.
    #[error("version = \"{version}\": this is Brink {ours}, which reads presets of versions up to its own")]
    Newer {
        /// The version of the preset.
        version: String,
        /// The version of this program.
        ours: &'static str,
    },
    /// A key does not exist.
    #[error("unknown key {key} (value {value}); {neighbours}")]
    UnknownKey {
        /// The key.
        key: String,
        /// Its value.
        value: String,
        /// The keys that exist in its section.
        neighbours: String,
    },
    /// A mandatory key is missing.
    #[error("{key} is missing; allowed is {allowed}")]
    Missing {
        /// The key.
        key: String,
        /// The allowed values.
        allowed: String,
    },
    /// A value has the wrong type or is out of range.
    #[error("{key} = {value}; allowed is {allowed}")]
    Value {
        /// The key.
        key: String,
        /// Its value.
        value: String,
        /// The allowed values.
        allowed: String,
    },
    /// A key is not applicable in combination with another key.
    #[error("{key} = {value} has no place here: {why}")]
    Misplaced {
        /// The key.
        key: String,
        /// Its value.
        value: String,
        /// The reason.
        why: String,
    },
    /// The argument of `--set` is malformed.
    #[error("--set \"{text}\" is not key=value, such as optimizer.eta=0.1")]
    Set {
        /// The argument.
        text: String,
    },
}
