//! Behaviour that a user sees, with the program as a library and as a process.
#![allow(clippy::unwrap_used, reason = "tests")]

mod cli;
mod common;
#[cfg(feature = "picture")]
#[expect(clippy::unwrap_used, reason = "a test")]
#[path = "pictures/compare.rs"]
mod compare;
#[path = "../crates/brink-core/tests/core/common.rs"]
mod golden;
#[cfg(feature = "picture")]
#[path = "pictures/hand.rs"]
mod hand;
#[cfg(feature = "picture")]
#[path = "pictures/network_scene.rs"]
mod network_scene;
#[cfg(feature = "picture")]
#[path = "pictures/readable.rs"]
mod readable;
#[cfg(feature = "picture")]
#[path = "pictures/sample.rs"]
mod sample;
#[cfg(feature = "picture")]
#[path = "pictures/texts.rs"]
mod texts;

mod bad_input;
mod cycles;
mod data;
mod derivatives;
#[cfg(feature = "picture")]
mod divergence;
mod edge_networks;
#[cfg(feature = "picture")]
mod export;
mod fuzz;
mod headless;
#[cfg(feature = "picture")]
mod inspector;
mod layers;
#[cfg(feature = "picture")]
mod network_panels;
mod networks;
#[cfg(feature = "picture")]
mod pictures;
mod predictions;
mod recordings;
mod replay;
#[cfg(feature = "picture")]
mod scene;
mod session;
mod space;
#[cfg(feature = "picture")]
mod tour;
