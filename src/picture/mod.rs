//! Panels as functions of a read-only view, the CPU rasterizer, PNG.
//!
//! [`dashboard_ui`] and [`panel_ui`] draw into any egui `Ui` from a [`RunView`] and hand back what the viewer asks for
//! as [`ViewChange`]s. [`render`] runs such a closure without a window and gives an [`Image`], [`encode_png`] a file.

pub mod chart;
pub mod curves;
mod dashboard;
pub mod equation;
mod export;
pub mod font;
mod inspector;
mod panel;
mod parabola;
mod png;
mod pointing;
pub mod predictions;
mod raster;
mod render;
mod run_view;
pub mod scene;
mod shown;
mod smoothed;
mod spectrum;
mod svg;
pub mod theme;
mod title;
mod view;
mod wall;

pub use chart::{OVERLAY_SIGNS, is_hovered, shown_range};
pub use curves::{Curve, Curves};
pub use dashboard::dashboard_ui;
pub use export::{
    Film, Looked, SCALES, SIDES, SUMMARY_SIZE, animation_png, content_png, content_svg, dashboard_png,
    panel_png, pixels, subject, summary_png, texts,
};
pub use inspector::caption::caption;
pub(crate) use inspector::short;
pub use panel::panel_ui;
pub use png::{PngError, encode_animation, encode_png};
pub use pointing::{point_at, take_pointed};
pub use raster::Image;
#[cfg(test)]
pub(crate) use raster::Rasterizer;
pub use render::{render, render_svg};
pub use run_view::{Looking, Neighbour, Overlay, RunView};
pub use scene::Scene;
pub use shown::{Shown, shown};
pub use theme::{Palette, Role, Weight};
pub use view::{Facts, Panel, ViewChange, ViewState};
