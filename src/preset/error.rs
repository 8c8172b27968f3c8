//! What can be wrong with a preset.

use std::path::PathBuf;

/// A preset that cannot be used, with the key, the value and what is allowed.
#[derive(Debug, thiserror::Error)]
pub enum PresetError {
    /// Neither a built-in name nor a file.
    #[error(
        "there is no preset \"{name}\", built in or as a file; built in are {known} (see brink presets), anything \
         else is a path to a .toml file"
    )]
    Unknown {
        /// What was asked for.
        name: String,
        /// The built-in names.
        known: String,
    },
    /// The file cannot be read.
    #[error("cannot read the preset {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The file is too large to be a preset.
    #[error("the preset {path} has {bytes} bytes; at most {limit} are read")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The most that is read.
        limit: u64,
    },
    /// Not text.
    #[error("the preset is not UTF-8 text: byte {offset} is not part of a character")]
    NotText {
        /// Where.
        offset: usize,
    },
    /// There is nothing in it.
    #[error("the preset is empty; it needs at least [optimizer] with eta (presets/README.md shows one)")]
    Empty,
    /// Not TOML.
    #[error("line {line}, column {column} of the preset is not TOML: {message}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// The parser's words.
        message: String,
    },
    /// Written by a newer version of this program.
    #[error("version = \"{version}\": this is Brink {ours}, which reads presets of versions up to its own")]
    Newer {
        /// The version of the preset.
        version: String,
        /// The version of this program.
        ours: &'static str,
    },
    /// A key that does not exist.
    #[error("unknown key {key} (value {value}); {neighbours}")]
    UnknownKey {
        /// The key.
        key: String,
        /// Its value.
        value: String,
        /// The keys that do exist there.
        neighbours: String,
    },
    /// A key that must be there.
    #[error("{key} is missing; allowed is {allowed}")]
    Missing {
        /// The key.
        key: String,
        /// What it may be.
        allowed: String,
    },
    /// A value of the wrong type or out of range.
    #[error("{key} = {value}; allowed is {allowed}")]
    Value {
        /// The key.
        key: String,
        /// Its value.
        value: String,
        /// What it may be.
        allowed: String,
    },
    /// A key that has no place beside another.
    #[error("{key} = {value} has no place here: {why}")]
    Misplaced {
        /// The key.
        key: String,
        /// Its value.
        value: String,
        /// Because of what.
        why: String,
    },
    /// A `--set` that is not one.
    #[error("--set \"{text}\" is not key=value, such as optimizer.eta=0.1")]
    Set {
        /// What was given.
        text: String,
    },
}
