//! A run: record, analysis, engine, files, threads and entry points. This module does not depend on egui.

pub mod analysis;
pub mod engine;
pub mod file;
pub mod live;
pub mod record;
pub mod start;
