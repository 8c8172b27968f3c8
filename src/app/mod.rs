//! The window: a laboratory bench over one running preset.
//!
//! [`Lab`] owns the run and applies [`Command`]s in one place; buttons, keys and tests all send the same values. What is
//! shown is a function of a read-only [`Model`] ([`window_ui`]), so the picture of the whole window is that function
//! run again without a window. Nothing here computes: the training thread does.

pub(crate) mod command;
pub(crate) mod export;
pub(crate) mod lab;
pub(crate) mod shell;
pub(crate) mod state;
pub(crate) mod view;
pub(crate) mod work;

pub use command::Command;
pub use command::entry::Entry;
pub use lab::Lab;
pub use shell::{OpenError, OpenRequest, open};
pub use state::Model;
pub use state::banner::{Banner, Level};
pub use state::export::{ExportForm, What};
pub use state::form::{BreakpointForm, ForkForm, Form, FormEdit, Forms, Purpose, Search, SessionForm};
pub use state::layout::{Arrangement, Dock, LayoutNode, SavedLayout, Side, Tree};
pub use state::look::Appearance;
pub use state::phase::RunPhase;
pub use state::playback::Playback;
pub use state::runs::Compared;
pub use state::tour::{Tour, TourCommand};
pub use view::panels::arranged_ui;
pub use view::window_ui;
pub use work::job::{Gone, Job};
pub use work::outside::{Assemble, ChooseSession, Opening, Outside};

#[cfg(test)]
mod tests;
