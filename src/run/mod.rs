//! A run: preset, training thread, messages, history, CSV. Knows no egui.

pub mod analysis;
pub mod engine;
pub mod file;
pub mod live;
pub mod record;
pub mod start;
