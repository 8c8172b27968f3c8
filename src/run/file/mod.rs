//! Runs in files: sessions, recordings, CSV.

pub mod csv;
pub mod files;
pub mod recording;
pub mod session;
