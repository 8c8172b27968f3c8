//! A run: preset, training thread, messages, history, CSV. Knows no egui.

pub mod engine;
pub mod history;
pub mod message;
pub mod preset;
pub mod pyramid;
pub mod series;
pub mod worker;

pub use engine::Engine;
pub use history::History;
pub use message::{Command, Ending, Message};
pub use pyramid::Column;
pub use series::Series;
pub use worker::Worker;
