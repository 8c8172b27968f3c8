//! Weight space: where gradient descent and the flows are in a plane of weights (or in three dimensions), over the loss
//! and the region where they are stable. Here is what is drawn, as plain data; whoever computes it knows nothing of
//! pictures.
//!
//! Non-finite contract: a point, a loss or a sharpness that is NaN or infinite is absent: paths break there, cells of the
//! grids are left out.

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
