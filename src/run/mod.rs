//! A run: preset, training thread, messages, history, CSV. Knows no egui.

pub mod engine;
pub mod history;
pub mod message;
pub mod pyramid;
pub mod series;

pub use engine::Engine;
pub use history::History;
pub use message::{Command, Message};
pub use pyramid::Column;
pub use series::Series;
