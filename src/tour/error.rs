//! Errors in the file of a chapter.

use crate::preset::PresetError;

/// A chapter that cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ChapterError {
    /// The head is missing, or is not TOML with the keys of a chapter.
    #[error("chapter {chapter}: the head between the two lines `+++` is refused: {reason}")]
    Head {
        /// The file, without its extension.
        chapter: String,
        /// The cause.
        reason: String,
    },
    /// A line that cannot be parsed.
    #[error("chapter {chapter}, line {line}: {reason}")]
    Line {
        /// The file, without its extension.
        chapter: String,
        /// The line, counted from 1.
        line: usize,
        /// The cause, and the permitted forms.
        reason: String,
    },
    /// The preset does not exist, or a change of it is refused.
    #[error("chapter {chapter}: {source}")]
    Preset {
        /// The file, without its extension.
        chapter: String,
        /// The key and the reason.
        source: PresetError,
    },
}
