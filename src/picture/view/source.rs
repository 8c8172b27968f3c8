//! Where a plotted line takes its numbers from.

use crate::run::analysis::curves::Curve;
use crate::run::record::predictions::PredictedOutput;
use crate::run::record::series::Series;

/// Where a line's values come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LineSource {
    /// A recorded series.
    Recorded(Series),
    /// A derived curve.
    Derived(Curve),
    /// A recorded output of the network.
    Output(PredictedOutput),
    /// One value at every step.
    Constant(f64),
}
