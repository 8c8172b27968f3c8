//! Numbers as text.

use crate::picture::chart::scale;

/// A number in a few digits.
pub(crate) fn short(x: f64) -> String {
    if x.is_finite() && (x == 0.0 || (1e-3..1e4).contains(&x.abs())) {
        format!("{x:.3}").replace('-', "−")
    } else {
        scale::read_out(x)
    }
}
