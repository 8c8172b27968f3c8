//! The window: a laboratory bench over one running preset.
//!
//! [`Lab`] owns the run and applies [`Command`]s in one place; buttons, keys and tests all send the same values. What is
//! shown is a function of a read-only [`Model`] ([`window_ui`]), so the picture of the whole window is that function
//! run again without a window. Nothing here computes: the training thread does.

mod banner;
mod command;
mod controls;
mod dialog;
mod export;
mod lab;
mod model;
mod open;
mod status;
mod timing;

pub use command::Command;
pub use controls::window_ui;
pub use export::{ExportForm, Scale, What};
pub use lab::{Assemble, Lab, Outside};
pub use model::{Banner, Level, Model, Phase};
pub use open::{OpenError, Request, open};

#[cfg(test)]
mod tests;
