//! Weight space around one moment of a run: the three paths in a plane or a frame of three axes, the loss over it, and
//! the region that is stable.
//!
//! A [`Trail`] keeps what the paths are drawn from, within budgets: the weights of the newest steps, some older ones
//! (anchors), and a random sketch of every step. A [`Survey`] answers one [`SurveyRequest`] piece by piece, in slices of time that
//! its thread has left: axes, then paths, then losses and sharpness on grids. [`SpaceView`] is what is known so far, as plain
//! numbers.
//!
//! Non-finite contract: a process whose weights are not finite is absent where they are; a loss or a sharpness that is not
//! finite is NaN in its grid; axes that are not finite are a [`FrameError`]. Nothing panics.

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
