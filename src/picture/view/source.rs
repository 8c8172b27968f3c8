//! The source of the numbers of a plotted line.

use crate::run::analysis::curves::Curve;
use crate::run::record::predictions::PredictedOutput;
use crate::run::record::series::Series;

/// The source of a line's values.
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
