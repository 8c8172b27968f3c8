//! Panels as functions of a read-only view, and pictures in files: the CPU rasterizer, PNG and SVG.
//!
//! [`dashboard_ui`](file::dashboard::dashboard_ui) and [`panel_ui`](panel::panel_ui) draw into any egui `Ui` from a
//! [`RunView`](view::run_view::RunView) and return the viewer's requests as [`ViewChange`](view::ViewChange)s.
//! [`render`](file::render::render) runs such a closure without a window and gives an [`Image`](file::raster::Image);
//! [`encode_png`](file::png::encode_png) converts it to a file.

pub mod chart;
pub mod file;
pub mod panel;
pub mod scene;
pub mod style;
pub mod view;
