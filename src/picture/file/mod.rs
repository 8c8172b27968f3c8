//! Files of pictures: the CPU rasterizer, PNG, SVG, and exports of panels.

pub mod dashboard;
pub mod export;
pub mod png;
pub mod raster;
pub mod render;
pub mod shown;
pub mod svg;
