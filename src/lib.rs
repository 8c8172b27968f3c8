//! Brink: gradient descent, gradient flow and central flow of real neural networks, side by side and live.
//!
//! The mathematics is a library of its own, [`brink_core`]. On top of it, each module uses the ones above it and none below:
//!
//! | module | contents |
//! |---|---|
//! | [`preset`] | what defines a run: keys, ranges, defaults |
//! | [`run`] | engine, record, analysis, files, threads, headless runs |
//! | [`picture`] | panels as functions of a read-only view, CPU rasterizer, PNG and SVG (feature `picture`) |
//! | [`tour`] | the guided tour: chapters as data, cards, live numbers (feature `picture`) |
//! | [`app`] | the window: state, commands, views, work (feature `window`) |
//!
//! Nothing under [`run`] or above knows egui.

// shared parts of the tests in `tests/` name the crate by its name
#[cfg(test)]
extern crate self as brink;

pub mod preset;
pub mod run;

#[cfg(feature = "picture")]
pub mod picture;

#[cfg(feature = "picture")]
pub mod tour;

#[cfg(feature = "window")]
pub mod app;
