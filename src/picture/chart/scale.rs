//! Vertical axes: the values they show, and the positions of their ticks.
//!
//! A plot uses its own coordinate: log₁₀ of the value on a logarithmic axis, the value divided by a power of ten on a
//! linear one, so that it remains near one for any finite data.

pub(crate) use crate::picture::style::numbers::read_out;
use crate::picture::style::numbers::{decade, power, superscript, trim};
use std::ops::RangeInclusive;

/// Largest magnitude on a linear axis; larger values are clamped.
const LARGEST: f64 = 1e300;
/// Maximum stretch of the axis, in multiples of its height, for values that need not be fully visible.
const STRETCH: f64 = 1.1;
/// Remaining stretch if it would be too large.
const CUT: f64 = 0.35;
/// Maximum number of powers of ten on a logarithmic axis.
const DECADES: f64 = 14.0;
/// Margin above and below the data.
const MARGIN: f64 = 0.06;

/// A mark on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Its position in the plot's coordinate.
    pub at: f64,
    /// Its label; empty for a grid line only.
    pub label: String,
}

/// The mapping from values to heights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScaleKind {
    /// In units of 10^exponent.
    Linear {
        /// The power of ten written once next to the title; 0 if labels carry plain numbers.
        exponent: i32,
    },
    /// log₁₀; values ≤ 0 have no position.
    Log,
}

/// A vertical axis with its range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AxisScale {
    /// The mapping from values to heights.
    pub kind: ScaleKind,
    /// Lower end, in the plot's coordinate.
    pub low: f64,
    /// Upper end, in the plot's coordinate.
    pub high: f64,
}

/// Smallest and largest of the values seen so far.
#[derive(Clone, Copy, Debug)]
pub struct AxisExtent {
    low: f64,
    high: f64,
}

impl Default for AxisExtent {
    fn default() -> Self {
        Self { low: f64::INFINITY, high: f64::NEG_INFINITY }
    }
}

impl AxisExtent {
    /// Includes a value; one that is not finite is ignored.
    pub fn include(&mut self, value: f64) {
        if value.is_finite() {
            self.low = self.low.min(value.clamp(-LARGEST, LARGEST));
            self.high = self.high.max(value.clamp(-LARGEST, LARGEST));
        }
    }

    /// Includes the range of another one.
    pub fn merge(&mut self, other: &Self) {
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
    }

    /// Whether it extends beyond another one by at most `stretch` times the height of the latter (or the latter is
    /// empty).
    pub fn is_within(&self, other: &Self, stretch: f64) -> bool {
        let (Some((low, high)), Some((other_low, other_high))) = (self.get(), other.get()) else {
            return true;
        };
        let room = stretch * (other_high - other_low).max(0.02 * other_high.abs());
        low >= other_low - room && high <= other_high + room
    }

    fn get(self) -> Option<(f64, f64)> {
        (self.low <= self.high).then_some((self.low, self.high))
    }
}

impl AxisScale {
    /// The axis that shows all of `frame` and as much of `soft` (peaks of raw values) as keeps `frame` readable.
    /// `zero` keeps the zero line on a linear axis.
    pub fn fit(frame: AxisExtent, soft: AxisExtent, log: bool, zero: bool) -> Self {
        if log { Self::fit_log(frame, soft) } else { Self::fit_linear(frame, soft, zero) }
    }

    /// The axis from `low` to `high`, as set by hand; `None` if there is no such axis.
    pub fn by_hand([low, high]: [f64; 2], log: bool) -> Option<Self> {
        let fits = low < high && low.abs().max(high.abs()) <= LARGEST && (!log || low > 0.0);
        if !fits {
            None
        } else if log {
            Some(Self { kind: ScaleKind::Log, low: low.log10(), high: high.log10() })
        } else {
            Some(Self::linear(low, high))
        }
    }

    fn fit_log(frame: AxisExtent, soft: AxisExtent) -> Self {
        let Some((low, high)) = frame.get().or(soft.get()).filter(|&(low, _)| low > 0.0) else {
            return Self { kind: ScaleKind::Log, low: -1.0, high: 1.0 };
        };
        let (mut low, mut high) = (low.log10(), high.log10());
        if let Some((_, peak)) = soft.get().filter(|&(_, peak)| peak > 0.0) {
            // Peaks take little room on a logarithmic axis, but a diverging run would still take all of it.
            high = high.max(peak.log10().min(high + 2.0 * (high - low).max(1.0)));
        }
        if let Some((dip, _)) = soft.get().filter(|&(dip, _)| dip > 0.0) {
            low = low.min(dip.log10().max(low - 2.0 * (high - low).max(1.0)));
        }
        // Below that are only rounding errors, or a value that is not quite zero.
        low = low.max(high - DECADES);
        let room = if high - low < 1e-3 { 0.1 } else { MARGIN * (high - low) };
        Self { kind: ScaleKind::Log, low: low - room, high: high + room }
    }

    fn fit_linear(frame: AxisExtent, soft: AxisExtent, zero: bool) -> Self {
        let Some((mut low, mut high)) = frame.get().or(soft.get()) else {
            return Self { kind: ScaleKind::Linear { exponent: 0 }, low: 0.0, high: 1.0 };
        };
        if zero || (low >= 0.0 && low < 0.12 * high) {
            low = low.min(0.0);
            high = high.max(0.0);
        }
        let size = low.abs().max(high.abs());
        if high - low <= 1e-9 * size {
            let room = if size > 0.0 { 0.1 * size } else { 1.0 };
            (low, high) = (low - room, high + room);
        } else if let Some((dip, peak)) = soft.get() {
            let height = high - low;
            let reach = |excess: f64| if excess <= STRETCH * height { excess.max(0.0) } else { CUT * height };
            (low, high) = (low - reach(low - dip), high + reach(peak - high));
        }
        let room = MARGIN * (high - low);
        // Zero needs no room below it if no value is negative.
        low = if low == 0.0 { -0.02 * high } else { low - room };
        Self::linear(low, high + room)
    }

    fn linear(low: f64, high: f64) -> Self {
        let largest = low.abs().max(high.abs());
        let exponent = if (1e-2..1e5).contains(&largest) || largest == 0.0 { 0 } else { decade(largest) };
        let kind = ScaleKind::Linear { exponent };
        let unit = power(exponent);
        let (low, high) = (low / unit, high / unit);
        // Numbers so small that a power of ten does not bring them near one count as zero.
        if high - low < 1e-6 { Self { kind, low: -1.0, high: 1.0 } } else { Self { kind, low, high } }
    }

    /// The value at a position; the inverse of [`AxisScale::place`].
    pub fn value(&self, place: f64) -> f64 {
        match self.kind {
            ScaleKind::Linear { exponent } => place * power(exponent),
            ScaleKind::Log => 10_f64.powf(place),
        }
    }

    /// A value in the plot's coordinate; NaN if it has no position.
    pub fn place(&self, value: f64) -> f64 {
        match self.kind {
            _ if !value.is_finite() => f64::NAN,
            ScaleKind::Linear { exponent } => value.clamp(-LARGEST, LARGEST) / power(exponent),
            ScaleKind::Log if value > 0.0 => value.min(LARGEST).log10(),
            ScaleKind::Log => f64::NAN,
        }
    }

    /// The range in the plot's coordinate.
    pub fn range(&self) -> RangeInclusive<f64> {
        self.low..=self.high
    }

    /// The power of ten of the numbers on the axis; empty for 1.
    pub fn unit(&self) -> String {
        match self.kind {
            ScaleKind::Linear { exponent } if exponent != 0 => format!("×10{}", superscript(exponent)),
            ScaleKind::Linear { .. } | ScaleKind::Log => String::new(),
        }
    }

    /// Ticks, about `count` of them labelled.
    pub fn ticks(&self, count: usize) -> Vec<Tick> {
        match self.kind {
            ScaleKind::Linear { .. } => linear_ticks(self.low, self.high, count),
            ScaleKind::Log => log_ticks(self.low, self.high, count),
        }
    }
}

/// Ticks at integer steps, about `count` of them.
pub fn step_ticks(first: f64, last: f64, count: usize) -> Vec<Tick> {
    let step = nice_step((last - first) / count.max(1) as f64).max(1.0);
    multiples(first, last, step).map(|at| Tick { at, label: step_label(at, step) }).collect()
}

/// A step in full, or in thousands or millions if the ticks allow it.
fn step_label(at: f64, step: f64) -> String {
    match at.abs() {
        size if size >= 1e6 && step >= 1e5 => trim(format!("{:.1}", at / 1e6)) + "M",
        size if size >= 1e4 && step >= 1e3 => format!("{:.0}k", at / 1e3),
        _ => format!("{at:.0}"),
    }
}

fn linear_ticks(low: f64, high: f64, count: usize) -> Vec<Tick> {
    let step = nice_step((high - low) / count.max(1) as f64);
    let decimals = usize::try_from(-decade(step)).unwrap_or(0);
    let label = |at: f64| format!("{at:.decimals$}").replace('-', "−");
    multiples(low, high, step).map(|at| Tick { at, label: label(at) }).collect()
}

/// Powers of ten if they suffice, otherwise 2, 5, … between them, otherwise evenly spaced values.
fn log_ticks(low: f64, high: f64, count: usize) -> Vec<Tick> {
    let count = count.max(2);
    let span = high - low;
    let plain = |value: f64| trim(format!("{value:.7}"));
    if span < 0.7 && low > -4.0 && high < 5.0 {
        let mut ticks = linear_ticks(power_f(low), power_f(high), count);
        ticks.retain(|tick| tick.at > 0.0);
        for tick in &mut ticks {
            tick.at = tick.at.log10();
        }
        return ticks;
    }
    let every = nice_step(span / count as f64).max(1.0);
    let mut ticks = Vec::new();
    let fine: &[f64] = if span < 0.6 * count as f64 { &[2.0, 5.0] } else { &[] };
    let few = span < 0.7 * count as f64;
    for exponent in multiples(low.floor(), high.ceil(), 1.0) {
        let in_range = |at: f64| (low..=high).contains(&at);
        #[expect(clippy::cast_possible_truncation, reason = "at most some hundred")]
        let whole = exponent as i32;
        let name = |digit: f64| match whole {
            -3..=3 => plain(digit * power(whole)),
            _ if digit == 1.0 => format!("10{}", superscript(whole)),
            _ => format!("{digit}·10{}", superscript(whole)),
        };
        if in_range(exponent) {
            let labelled = exponent.rem_euclid(every) == 0.0;
            ticks.push(Tick { at: exponent, label: if labelled { name(1.0) } else { String::new() } });
        }
        for digit in 2..10 {
            let digit = f64::from(digit);
            let at = exponent + digit.log10();
            if few && in_range(at) {
                let label = if fine.contains(&digit) { name(digit) } else { String::new() };
                ticks.push(Tick { at, label });
            }
        }
    }
    ticks
}

/// The multiples of `step` between two values; at most a thousand.
fn multiples(low: f64, high: f64, step: f64) -> impl Iterator<Item = f64> {
    let first = (low / step).ceil();
    let count = ((high / step).floor() - first).clamp(-1.0, 999.0);
    #[expect(clippy::cast_possible_truncation, reason = "at most 999")]
    let count = if count.is_finite() { count as i32 } else { -1 };
    // The sum with 0 turns −0 into 0.
    (0..=count).map(move |i| (first + f64::from(i)) * step + 0.0)
}

/// The smallest of 1, 2, 5 times a power of ten that is at least three quarters of `step`.
fn nice_step(step: f64) -> f64 {
    if !step.is_finite() || step <= 0.0 {
        return 1.0;
    }
    let unit = power(decade(step));
    let digit = [1.0, 2.0, 5.0].into_iter().find(|digit| digit * unit >= 0.75 * step);
    digit.unwrap_or(10.0) * unit
}

fn power_f(exponent: f64) -> f64 {
    10f64.powf(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn extent(values: &[f64]) -> AxisExtent {
        let mut extent = AxisExtent::default();
        for &v in values {
            extent.include(v);
        }
        extent
    }

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).filter(|label| !label.is_empty()).collect()
    }

    #[test]
    fn linear_ticks_are_round() {
        let scale = AxisScale::fit(extent(&[0.16, 0.205]), AxisExtent::default(), false, false);
        assert_eq!(labels(&scale.ticks(5)), ["0.16", "0.17", "0.18", "0.19", "0.20"]);
        let scale = AxisScale::fit(extent(&[0.0, 3.8e-4]), AxisExtent::default(), false, false);
        assert_eq!(scale.unit(), "×10⁻⁴");
        assert_eq!(labels(&scale.ticks(5)), ["0", "1", "2", "3", "4"]);
        let scale = AxisScale::fit(extent(&[-0.4, 0.4]), AxisExtent::default(), false, true);
        assert_eq!(labels(&scale.ticks(5)), ["−0.4", "−0.2", "0.0", "0.2", "0.4"]);
    }

    #[test]
    fn logarithmic_ticks_suit_their_span() {
        let scale =
            |low: f64, high: f64| AxisScale::fit(extent(&[low, high]), AxisExtent::default(), true, false);
        assert_eq!(labels(&scale(1e-6, 1.0).ticks(6)), ["10⁻⁶", "10⁻⁵", "10⁻⁴", "0.001", "0.01", "0.1", "1"]);
        assert_eq!(labels(&scale(0.1, 0.6).ticks(5)), ["0.1", "0.2", "0.5"]);
        assert_eq!(labels(&scale(0.15, 0.21).ticks(5)), ["0.16", "0.18", "0.20"]);
        assert!(labels(&scale(1e-300, 1e300).ticks(5)).len() <= 8);
    }

    #[test]
    fn peaks_stretch_the_axis_so_far_and_no_farther() {
        let frame = extent(&[0.0, 1.0]);
        let high = |peak: f64| AxisScale::fit(frame, extent(&[peak]), false, false).high;
        assert!(high(2.0) > 2.0 && high(2.0) < 2.2, "a moderate peak is seen whole: {}", high(2.0));
        assert!(high(50.0) < 1.5, "a tall one is cut: {}", high(50.0));
    }

    #[test]
    fn an_axis_set_by_hand_is_exactly_that_or_none() {
        let scale = AxisScale::by_hand([-3e7, 5e7], false).expect("an axis");
        assert_eq!((scale.value(scale.low), scale.value(scale.high)), (-3e7, 5e7));
        let scale = AxisScale::by_hand([1e-3, 1e2], true).expect("an axis");
        assert_eq!((scale.low, scale.high), (-3.0, 2.0));
        for (range, log) in
            [([0.0, 1.0], true), ([1.0, 1.0], false), ([f64::NAN, 1.0], false), ([0.0, f64::INFINITY], false)]
        {
            assert_eq!(AxisScale::by_hand(range, log), None, "{range:?}");
        }
    }

    #[test]
    fn steps_are_labelled_shortly() {
        assert_eq!(labels(&step_ticks(0.0, 1800.0, 4)), ["0", "500", "1000", "1500"]);
        assert_eq!(labels(&step_ticks(0.0, 1e6, 4)), ["0", "200k", "400k", "600k", "800k", "1M"]);
        assert_eq!(labels(&step_ticks(3.0, 5.0, 8)), ["3", "4", "5"]);
    }

    #[test]
    fn numbers_read_well() {
        let texts = [16.666_7, 0.161_234, 1.5e-4, -2.0, 0.0, f64::NAN, 1e9].map(read_out);
        assert_eq!(texts, ["16.67", "0.1612", "1.500·10⁻⁴", "−2", "0", "nan", "1.000·10⁹"]);
    }

    proptest! {
        #[test]
        fn any_finite_data_fits(
            values in prop::collection::vec(prop::num::f64::ANY, 0..5), peaks in prop::collection::vec(prop::num::f64::ANY, 0..3),
            log: bool, zero: bool,
        ) {
            let keep = |v: &&f64| !log || **v > 0.0;
            let frame: Vec<f64> = values.iter().filter(keep).copied().collect();
            let soft: Vec<f64> = peaks.iter().filter(keep).copied().collect();
            let scale = AxisScale::fit(extent(&frame), extent(&soft), log, zero);
            prop_assert!(scale.low.is_finite() && scale.high.is_finite() && scale.high - scale.low > 1e-9, "{:?}", scale);
            let top = frame.iter().chain(&soft).copied().filter(|v| v.is_finite()).fold(0.0, f64::max);
            for &v in frame.iter().filter(|v| v.is_finite() && (!log || **v > top.min(1e300) * 1e-13)) {
                let at = scale.place(v);
                prop_assert!(at >= scale.low && at <= scale.high, "{} of {:?} in {:?}", v, frame, scale);
            }
            prop_assert!(scale.ticks(5).iter().all(|tick| tick.at >= scale.low - 1e-9 && tick.at <= scale.high + 1e-9));
        }
    }
}
