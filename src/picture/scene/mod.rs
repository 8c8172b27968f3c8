//! Weight space: the positions of gradient descent and the flows in a plane of weights (or in three dimensions), over
//! the loss and the region in which they are stable. This module holds plain data to draw; the code that computes
//! them does not depend on pictures.
//!
//! Non-finite contract: a point, a loss or a sharpness that is NaN or infinite is absent: paths are interrupted
//! there, and cells of the grids are omitted.

pub mod axes;
pub mod canvas;
pub mod colors;
pub mod contour;
pub mod dash;
pub mod figure;
pub mod frame;
pub mod hands;
pub mod landscape;
pub mod mesh;
pub mod nearness;
pub mod of_view;
pub mod panel;
pub mod sides;
pub mod stroke;
pub mod toolbar;
