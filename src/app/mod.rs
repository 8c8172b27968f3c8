//! The window: a laboratory bench over one running preset.
//!
//! [`Lab`] owns the run and applies [`Command`]s in one place; buttons, keys and tests all send the same values. What is
//! shown is a function of a read-only [`Model`] ([`window_ui`]), so the picture of the whole window is that function
//! run again without a window. Nothing here computes: the training thread does.

mod apply;
mod arrivals;
mod autosave;
mod axes;
mod banner;
mod beside;
mod breakpoint_form;
mod caption;
mod command;
mod controls;
mod dialog;
mod export;
mod film;
mod fork_form;
mod forms;
mod gaps;
mod graphics;
mod help;
mod inspector;
mod lab;
mod layout;
mod layout_form;
mod look;
mod menus;
mod model;
mod notes;
mod open;
mod other_runs;
mod outside;
mod panels;
mod playback;
mod presenter;
mod runs;
mod scene;
mod search;
mod session;
mod settings;
mod spectrum;
mod speed;
mod splitters;
mod status;
mod table;
mod timeline;
mod timing;
mod tour;
mod weight_space;

pub use banner::{Banner, Level};
pub use breakpoint_form::BreakpointForm;
pub use command::{Command, Entry};
pub use controls::window_ui;
pub use export::{ExportForm, What};
pub use fork_form::ForkForm;
pub use forms::{Form, Search};
pub use lab::Lab;
pub use layout::{Arrangement, Dock, Node, Saved, Side, Tree};
pub use look::Look;
pub use model::{Model, Phase};
pub use open::{OpenError, Request, open};
pub use other_runs::Compared;
pub use outside::{Assemble, ChooseSession, Opening, Outside};
pub use panels::arranged_ui;
pub use playback::Playback;
pub use session::{Purpose, SessionForm};
pub use tour::{Tour, TourCommand};

#[cfg(test)]
mod tests;
