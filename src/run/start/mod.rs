//! Ways to start a run: the command line of a moment, a headless run, a session.

pub mod address;
pub mod beginning;
pub mod compute;
pub mod derivatives;
pub mod headless;
