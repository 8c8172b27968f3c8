//! Centred Gaussian smoothing of a time series with one value per step. It estimates the time averages that
//! the central flow predicts.
//!
//! Non-finite contract: NaN and infinite values have weight zero. The result is NaN if no finite value lies
//! within the kernel.

use std::ops::Range;

/// Truncation of the kernel in standard deviations.
const REACH: f64 = 4.0;

/// A centred Gaussian kernel, sampled at integer steps and truncated at four standard deviations.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// Unnormalized weights at distance 0, 1, … steps.
    weights: Vec<f64>,
}

impl Kernel {
    /// A kernel with standard deviation `width` > 0 (in steps) that extends over at most `longest` steps to
    /// each side.
    pub fn new(width: f64, longest: usize) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, saturating")]
        let reach = ((REACH * width).ceil() as usize).min(longest);
        Self { weights: (0..=reach).map(|d| (-0.5 * (d as f64 / width).powi(2)).exp()).collect() }
    }

    /// Extent of the kernel to each side, in steps.
    pub fn reach(&self) -> usize {
        self.weights.len() - 1
    }

    /// The weighted mean of the finite values around step `t` within the steps `stretch`. The kernel is
    /// renormalized where it is truncated by a boundary or a gap. NaN if no finite value lies within the
    /// kernel.
    pub fn average(&self, value: impl Fn(usize) -> Option<f64>, t: usize, stretch: &Range<usize>) -> f64 {
        let first = t.saturating_sub(self.reach()).max(stretch.start);
        let last = (t + self.reach() + 1).min(stretch.end);
        let (mut sum, mut total) = (0.0, 0.0);
        for s in first..last {
            if let Some(value) = value(s).filter(|value| value.is_finite()) {
                let weight = self.weights[s.abs_diff(t)];
                sum += weight * value;
                total += weight;
            }
        }
        if total > 0.0 { sum / total } else { f64::NAN }
    }

    /// Local linear regression: the value at step `t` of the line that fits the finite values around `t` in
    /// weighted least squares under the kernel. It equals [`Kernel::average`] where the kernel is not
    /// truncated; unlike the average, it has no bias on a slope at the ends of `stretch`. The result is
    /// clamped to the range of the values, because extrapolation at the end of a burst would otherwise leave
    /// it.
    pub fn trend(&self, value: impl Fn(usize) -> Option<f64>, t: usize, stretch: &Range<usize>) -> f64 {
        let first = t.saturating_sub(self.reach()).max(stretch.start);
        let last = (t + self.reach() + 1).min(stretch.end);
        let finite = |s: usize| value(s).filter(|value| value.is_finite());
        // moments of the weights and of the weighted values in the distance from t
        let (mut w, mut v) = ([0.0; 3], [0.0; 2]);
        for s in first..last {
            if let Some(value) = finite(s) {
                let (weight, from) = (self.weights[s.abs_diff(t)], s as f64 - t as f64);
                let first = weight * from;
                w = [w[0] + weight, w[1] + first, w[2] + first * from];
                v = [v[0] + weight * value, v[1] + first * value];
            }
        }
        let determinant = w[0] * w[2] - w[1] * w[1];
        if determinant > 1e-9 * w[0] * w[2] {
            let at_t = (w[2] * v[0] - w[1] * v[1]) / determinant;
            // without truncation the result is a weighted mean, which lies within the range
            if w[1].abs() <= 1e-9 * (w[0] * w[2]).sqrt() {
                return at_t;
            }
            let range = |found: [f64; 2], value: f64| [found[0].min(value), found[1].max(value)];
            let [low, high] =
                (first..last).filter_map(finite).fold([f64::INFINITY, f64::NEG_INFINITY], range);
            at_t.max(low).min(high)
        } else if w[0] > 0.0 {
            v[0] / w[0]
        } else {
            f64::NAN
        }
    }
}

/// Smooths `values` with a Gaussian of standard deviation `width` (in steps). The kernel is renormalized at
/// both ends and does not extend across a change of `eta` (one learning rate per step; an empty slice means a
/// constant learning rate). A width of zero or less returns the values unchanged. Shapes `[steps]`.
///
/// # Panics
/// If `eta` is neither empty nor of the same length as `values`.
pub fn gaussian(values: &[f64], eta: &[f64], width: f64) -> Vec<f64> {
    gaussian_range(values, eta, width, 0..values.len())
}

/// Restriction of [`gaussian`] to the steps in `range`, as needed for a plot of a long run. Shape
/// `[range.len()]`.
///
/// # Panics
/// If `eta` is neither empty nor of the same length as `values`, or if the range extends beyond `values`.
pub fn gaussian_range(values: &[f64], eta: &[f64], width: f64, range: Range<usize>) -> Vec<f64> {
    assert!(eta.is_empty() || eta.len() == values.len(), "one learning rate a step");
    if width.is_nan() || width <= 0.0 {
        return values[range].to_vec();
    }
    let kernel = Kernel::new(width, values.len());
    let mut out = Vec::with_capacity(range.len());
    let mut segment = 0..0;
    for t in range {
        if !segment.contains(&t) {
            segment = segment_around(eta, t, values.len());
        }
        out.push(kernel.average(|s| Some(values[s]), t, &segment));
    }
    out
}

/// The contiguous steps around `t` with the same learning rate.
fn segment_around(eta: &[f64], t: usize, len: usize) -> Range<usize> {
    if eta.is_empty() {
        return 0..len;
    }
    let start = eta[..t].iter().rposition(|e| *e != eta[t]).map_or(0, |i| i + 1);
    let end = eta[t..].iter().position(|e| *e != eta[t]).map_or(len, |i| t + i);
    start..end
}

#[cfg(test)]
mod tests {
    use super::{Kernel, gaussian, gaussian_range};

    #[test]
    fn a_trend_keeps_a_slope_to_both_ends_and_is_the_average_in_between() {
        let line = |t: usize| Some(0.5 * t as f64 + if t.is_multiple_of(2) { 0.01 } else { -0.01 });
        let kernel = Kernel::new(6.0, usize::MAX);
        for t in [1, 5, 50, 98] {
            assert!((kernel.trend(line, t, &(0..100)) - 0.5 * t as f64).abs() < 4e-3, "{t}");
        }
        for t in [0, 99] {
            let slope = |t: usize| Some(0.5 * t as f64);
            assert!((kernel.trend(slope, t, &(0..100)) - 0.5 * t as f64).abs() < 1e-9, "{t}");
            assert_eq!(Some(kernel.trend(line, t, &(0..100))), line(t), "the end of the values' range");
        }
        assert!((kernel.trend(line, 50, &(0..100)) - kernel.average(line, 50, &(0..100))).abs() < 1e-12);
        assert!((kernel.average(line, 99, &(0..100)) - 49.5).abs() > 1.0, "which the average does not");
        assert!((kernel.trend(line, 3, &(3..4)) - 1.49).abs() < 1e-12, "of one value alone");
        assert!(kernel.trend(|_| None, 3, &(0..9)).is_nan());
        let burst = |t: usize| Some(if t < 90 { 2.0 } else { 1.0 });
        assert!((kernel.trend(burst, 99, &(0..100)) - 1.0).abs() < 1e-12, "not below all values");
    }

    #[test]
    fn a_constant_stays_constant_to_both_ends() {
        for x in gaussian(&[3.0; 40], &[], 7.0) {
            assert!((x - 3.0).abs() < 1e-14);
        }
    }

    #[test]
    fn period_two_is_averaged_out_and_a_slope_is_kept() {
        let values: Vec<f64> = (0..400).map(|t| f64::from(t) + if t % 2 == 0 { 5.0 } else { -5.0 }).collect();
        let smooth = gaussian(&values, &[], 10.0);
        for (t, x) in smooth.iter().enumerate().skip(50).take(300) {
            assert!((x - t as f64).abs() < 1e-3, "{t}: {x}");
        }
    }

    #[test]
    fn it_never_reaches_across_a_change_of_eta() {
        let values: Vec<f64> = (0..60).map(|t| if t < 30 { 1.0 } else { 100.0 }).collect();
        let eta: Vec<f64> = (0..60).map(|t| if t < 30 { 0.1 } else { 0.2 }).collect();
        let smooth = gaussian(&values, &eta, 8.0);
        assert!((smooth[29] - 1.0).abs() < 1e-13 && (smooth[30] - 100.0).abs() < 1e-11);
    }

    #[test]
    fn a_range_is_a_part_of_the_whole_and_gaps_are_skipped() {
        let mut values: Vec<f64> = (0..100).map(|t| (f64::from(t) * 0.1).sin()).collect();
        values[40] = f64::NAN;
        values[41] = f64::INFINITY;
        let whole = gaussian(&values, &[], 3.0);
        assert!(whole.iter().all(|x| x.is_finite()));
        assert_eq!(gaussian_range(&values, &[], 3.0, 35..50), whole[35..50]);
        assert!(gaussian(&[f64::NAN; 3], &[], 1.0).iter().all(|x| x.is_nan()));
    }
}
