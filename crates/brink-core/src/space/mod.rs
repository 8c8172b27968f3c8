//! Weight space around one step of a run: the three paths in a frame of two or three axes, and the loss and
//! the region of stability on the plane of the first two axes.
//!
//! A [`Trail`] stores the data of the paths within memory budgets: the weights of the newest steps, the
//! weights of some older steps (anchors), and a random sketch of every step. A [`Survey`] answers one
//! [`SurveyRequest`] incrementally, in time slices of the calling thread: first axes, then paths, then loss
//! and sharpness on grids. A [`SpaceView`] holds the results so far as plain numbers.
//!
//! Non-finite contract: a process is absent at steps where its weights are not finite. A loss or a sharpness
//! that is not finite is NaN in its grid. Axes that are not finite are a [`FrameError`]. No function panics
//! on non-finite numbers.

pub mod axis;
pub mod frame;
pub mod grid;
pub mod look;
pub mod losses;
pub mod paths;
pub mod principal;
pub mod probe;
pub mod row;
pub mod sharpness;
pub mod sketch;
pub mod trail;

pub use crate::calculus::Stop;
pub use axis::Axis;
pub use frame::{Frame, FrameError};
pub use grid::Grid;
pub use look::{SpaceView, Survey, SurveyRequest};
pub use paths::Path;
pub use probe::{ObjectiveProbe, Probe, ProbeMemory, Solved};
pub use row::{PROCESSES, Row};
pub use trail::{Budget, Trail};
