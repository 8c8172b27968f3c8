//! A run: preset, training thread, messages, history, CSV. Knows no egui.

pub mod address;
pub mod assemble;
pub mod beginning;
pub mod breakpoint;
pub mod bundled;
pub mod checkpoint;
pub mod compute;
pub mod course;
pub mod covariance;
pub mod csv;
pub mod cycles;
pub mod derivatives;
pub mod engine;
#[cfg(test)]
pub(crate) mod fake;
pub mod files;
pub mod fork;
pub mod headless;
pub mod history;
pub mod lookout;
pub mod message;
pub mod milestones;
pub mod outline;

mod npz;
pub mod past;
pub mod predictions;
pub mod preset;
mod problem;
pub mod pyramid;
pub mod recording;
pub mod replay;
pub mod series;
pub mod session;
pub mod spectra;
pub mod validity;
pub mod worker;

pub use address::Address;
pub use breakpoint::{Breakpoint, Hit};
pub use checkpoint::Checkpoint;
pub use course::Course;
pub use covariance::Covariance;
pub use cycles::{Cycle, Cycles, Phase};
pub use engine::Engine;
pub use fork::{Fork, Forks};
pub use history::History;
pub use lookout::Lookout;
pub use message::{Command, Ending, Message, Seen};
pub use past::Past;
pub use predictions::Predictions;
pub use preset::Preset;
pub use pyramid::Column;
pub use replay::Replay;
pub use series::Series;
pub use session::Session;
pub use worker::Worker;
