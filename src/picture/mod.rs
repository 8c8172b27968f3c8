//! Panels as functions of a read-only view, and pictures in files: the CPU rasterizer, PNG and SVG.
//!
//! [`dashboard_ui`] and [`panel_ui`] draw into any egui `Ui` from a [`RunView`] and hand back what the viewer asks for
//! as [`ViewChange`]s. [`render`] runs such a closure without a window and gives an [`Image`], [`encode_png`] a file.

pub mod chart;
pub mod file;
pub mod panel;
pub mod scene;
pub mod style;
pub mod view;
