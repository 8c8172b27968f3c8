//! Work in parallel with the interface: dialogs, files, and computations on their own threads.

pub(crate) mod dialog;
pub(crate) mod inspector;
pub(crate) mod job;
pub(crate) mod outside;
pub(crate) mod session;
pub(crate) mod spectrum;
pub(crate) mod weight_space;
