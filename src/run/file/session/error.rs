//! Errors of session files.

use super::tag::{FORMAT, Tag};
use std::path::PathBuf;

/// A session file that cannot be used or written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct SessionError {
    /// The file.
    pub path: PathBuf,
    /// The error.
    #[source]
    pub problem: SessionProblem,
}

/// The kind of error, its position, and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum SessionProblem {
    /// The operating system refused.
    #[error("the session cannot be read: {0}")]
    Unreadable(std::io::Error),
    /// The file cannot be written.
    #[error("the session cannot be written: {0}; choose a directory that can be written and has room")]
    Unwritable(std::io::Error),
    /// The file is of another type.
    #[error(
        "this is no Brink session (a session begins with \\x89BRINK); \"Save session\" and brink record write them"
    )]
    NotASession,
    /// The file was written by a newer version.
    #[error(
        "the session has format {theirs}; this Brink reads formats up to {FORMAT}: take the newer program"
    )]
    Newer {
        /// The file's format.
        theirs: u32,
    },
    /// The file ends early.
    #[error(
        "the session ends in the middle of {section} (byte {offset}): it is incomplete; copy it again, or take an \
         older one"
    )]
    Truncated {
        /// Position of the section, in bytes.
        offset: u64,
        /// The section.
        section: Tag,
    },
    /// A checksum does not match.
    #[error(
        "section {section} of the session (at byte {offset}) is damaged: its checksum does not hold; copy the file \
         again, or take an older one"
    )]
    Checksum {
        /// Position of the section, in bytes.
        offset: u64,
        /// The section.
        section: Tag,
    },
    /// A section is longer than any that this program writes.
    #[error(
        "section {section} of the session (at byte {offset}) claims {bytes} bytes, and at most {most} are read; the \
         file is damaged, take an older one"
    )]
    TooLong {
        /// Position of the section, in bytes.
        offset: u64,
        /// The section.
        section: Tag,
        /// The claimed length.
        bytes: u64,
        /// The limit of the reader.
        most: u64,
    },
    /// The content is invalid.
    #[error(
        "section {section} of the session (at byte {offset}): {reason}; the file is damaged, take an older one"
    )]
    Content {
        /// Position of the section, in bytes.
        offset: u64,
        /// The section.
        section: Tag,
        /// The cause.
        reason: String,
    },
    /// A section is missing.
    #[error("the session has no section {0}; the file is damaged, take an older one")]
    Missing(Tag),
    /// The preset is not valid.
    #[error("the session's preset cannot be used: {0}")]
    Preset(#[from] crate::preset::error::PresetError),
}
