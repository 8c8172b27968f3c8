//! The names of a file's sections.

use std::fmt;

/// The name of a section.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tag(pub [u8; 4]);

impl Tag {
    pub(super) const HEAD: Self = Self(*b"HEAD");
    pub(super) const PRESET: Self = Self(*b"PRST");
    pub(super) const EVENTS: Self = Self(*b"EVTS");
    pub(super) const ROWS: Self = Self(*b"ROWS");
    pub(super) const OUTPUTS: Self = Self(*b"OUTP");
    pub(super) const PATHS: Self = Self(*b"PATH");
    pub(super) const COLUMN: Self = Self(*b"COLM");
    pub(super) const CHECKPOINT: Self = Self(*b"CKPT");
    pub(super) const FORK: Self = Self(*b"FORK");
    pub(super) const END: Self = Self(*b"END ");

    /// Maximum length of its content in bytes.
    pub(crate) fn most(self) -> u64 {
        match self {
            // the limit of a preset's file
            Self::HEAD | Self::PRESET | Self::FORK => 1 << 20,
            Self::EVENTS | Self::ROWS | Self::OUTPUTS | Self::PATHS => 64 << 20,
            // sixteen million steps
            Self::COLUMN => 128 << 20,
            Self::CHECKPOINT => 1 << 30,
            // the version of the format again
            Self::END => 4,
            _ => 0,
        }
    }

    pub(crate) fn is_known(self) -> bool {
        self == Self::END || self.most() > 0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The version of the format that is written, and the newest that can be read.
pub const FORMAT: u32 = 3;
