//! What can be wrong with a session file.

use super::container::FORMAT;
use super::tag::Tag;
use std::path::PathBuf;

/// A session file that cannot be used, or not be written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct SessionError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub problem: SessionProblem,
}

/// What is wrong with a session file, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum SessionProblem {
    /// The operating system refused.
    #[error("the session cannot be read: {0}")]
    Unreadable(std::io::Error),
    /// It cannot be written.
    #[error("the session cannot be written: {0}; choose a directory that can be written and has room")]
    Unwritable(std::io::Error),
    /// Some other file.
    #[error(
        "this is no Brink session (a session begins with \\x89BRINK); \"Save session\" and brink record write them"
    )]
    NotASession,
    /// Written by a program of the future.
    #[error(
        "the session has format {theirs}; this Brink reads formats up to {FORMAT}: take the newer program"
    )]
    Newer {
        /// The file's format.
        theirs: u32,
    },
    /// It ends early.
    #[error(
        "the session ends in the middle of {section} (byte {offset}): it is incomplete; copy it again, or take an \
         older one"
    )]
    Truncated {
        /// Where the section begins, in bytes.
        offset: u64,
        /// The section.
        section: Tag,
    },
    /// A checksum does not hold.
    #[error(
        "section {section} of the session (at byte {offset}) is damaged: its checksum does not hold; copy the file \
         again, or take an older one"
    )]
    Checksum {
        /// Where the section begins, in bytes.
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
        /// Where the section begins, in bytes.
        offset: u64,
        /// The section.
        section: Tag,
        /// The claimed length.
        bytes: u64,
        /// The most that is read.
        most: u64,
    },
    /// Its content makes no sense.
    #[error(
        "section {section} of the session (at byte {offset}): {reason}; the file is damaged, take an older one"
    )]
    Content {
        /// Where the section begins, in bytes.
        offset: u64,
        /// The section.
        section: Tag,
        /// What is wrong.
        reason: String,
    },
    /// A section is not there.
    #[error("the session has no section {0}; the file is damaged, take an older one")]
    Missing(Tag),
    /// Its preset is not valid.
    #[error("the session's preset cannot be used: {0}")]
    Preset(#[from] crate::preset::error::PresetError),
}
