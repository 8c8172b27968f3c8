//! Writes what the window shows into files.

pub(crate) mod film;
pub(crate) mod table;
