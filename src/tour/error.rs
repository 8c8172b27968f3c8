//! What can be wrong with a chapter's file.

use crate::preset::PresetError;

/// A chapter that cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ChapterError {
    /// The head is missing, or is no TOML of the keys that a chapter has.
    #[error("chapter {chapter}: the head between the two lines `+++` is refused: {reason}")]
    Head {
        /// The file, without its ending.
        chapter: String,
        /// What is wrong.
        reason: String,
    },
    /// A line that means nothing.
    #[error("chapter {chapter}, line {line}: {reason}")]
    Line {
        /// The file, without its ending.
        chapter: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong, and what is allowed.
        reason: String,
    },
    /// The preset is not there, or a change of it is refused.
    #[error("chapter {chapter}: {source}")]
    Preset {
        /// The file, without its ending.
        chapter: String,
        /// Which key, and why.
        source: PresetError,
    },
}
