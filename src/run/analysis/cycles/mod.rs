//! Cycles of gradient descent at the edge of stability, derived from recorded numbers alone.
//!
//! With one eigenvalue at the edge a run passes through a cycle of four phases. They are distinguished by the
//! two-step mean of the sharpness, `m_t = (S_t + S_{t+1})/2`; raw S flickers with period 2 between the valley's walls
//! and would give hundreds of crossings. With the envelope of the oscillation, `a_t = |x_{t+1} − x_t|/2`:
//!
//! | phase | m | oscillation | from … to |
//! |---|---|---|---|
//! | sharpening | below 2/η, rises | decays | lowest m … m crosses 2/η |
//! | growth | above, rises | grows by \|1 − ηS\| per step | crossing … highest m |
//! | reduction | above, falls | is strong enough to push S down | highest m … m crosses 2/η back |
//! | decay | below, falls | shrinks | crossing … lowest m |
//!
//! When the oscillation keeps the strength that Σ predicts, and m stays near 2/η without crossing it, there are no
//! more cycles: this is a *settled* orbit of period 2. With a second eigenvalue at the edge, a cycle of the first
//! alone has no meaning; detection waits until only one is left.
//!
//! A quadratic loss has the same sharpness everywhere: nothing changes it, and an oscillation there is not part of a
//! cycle.
//!
//! Non-finite contract: an absent, NaN or infinite sharpness ends a cycle, and detection restarts at the next row.

pub mod detector;

use crate::run::record::history::History;
use crate::run::record::series::Series;
use detector::{Detector, Sample};
use std::ops::Range;

/// Maximum relative variation of a constant sharpness.
const ROUNDING: f64 = 1e-9;

/// Share of tr Σ that its second eigenvalue must exceed to count as a second direction of oscillation.
const SECOND_SHARE: f64 = 0.01;

/// The behaviour of the sharpness and the oscillation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CyclePhase {
    /// S rises to 2/η, and the oscillation decays.
    Sharpening,
    /// S is above 2/η and rises, and the oscillation grows.
    Growth,
    /// The oscillation pushes S down to 2/η.
    Reduction,
    /// S is below 2/η and still falls, and the oscillation shrinks.
    Decay,
    /// A settled orbit of period 2: S stays at 2/η.
    Settled,
}

impl CyclePhase {
    /// The four phases of a cycle, in order.
    pub const CYCLE: [Self; 4] = [Self::Sharpening, Self::Growth, Self::Reduction, Self::Decay];

    /// The name of the phase.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sharpening => "sharpening",
            Self::Growth => "growth",
            Self::Reduction => "reduction",
            Self::Decay => "decay",
            Self::Settled => "settled",
        }
    }
}

/// The way in which a cycle ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CycleOutcome {
    /// It has not ended.
    Open,
    /// The next one has begun.
    Complete,
    /// The learning rate changed.
    EtaChanged,
    /// A second eigenvalue reached the edge.
    SecondEigenvalue,
    /// The sharpness was no longer recorded, or no longer finite (a divergence).
    Gap,
}

/// One cycle, or one settled stretch.
#[derive(Clone, Debug, PartialEq)]
pub struct Cycle {
    /// Whether it is a settled orbit of period 2 rather than a cycle.
    pub settled: bool,
    /// The way in which it ended.
    pub outcome: CycleOutcome,
    /// The learning rate.
    pub eta: f64,
    /// The steps at which sharpening, growth, reduction and decay begin, and the end. Future phases are empty, and so
    /// are the phases that a cycle starting above the edge lacks. For a settled stretch the first and the last entry
    /// count.
    pub bounds: [usize; 5],
    /// Largest two-step mean of S.
    pub peak_sharpness: f64,
    /// Largest |x|; `None` without a central flow, the reference for x.
    pub peak_x: Option<f64>,
    /// Largest rise of the loss above its previous minimum within the cycle.
    pub loss_spike: f64,
    /// Drop of the two-step mean of S from its peak.
    pub sharpness_drop: f64,
}

impl Cycle {
    /// Its first step.
    pub fn start(&self) -> usize {
        self.bounds[0]
    }

    /// One past its last step.
    pub fn end(&self) -> usize {
        self.bounds[4]
    }

    /// Its number of steps.
    pub fn length(&self) -> usize {
        self.end() - self.start()
    }

    /// The phases that have begun, in order.
    pub fn phases(&self) -> impl Iterator<Item = (CyclePhase, Range<usize>)> + '_ {
        let settled = self.settled.then(|| (CyclePhase::Settled, self.start()..self.end()));
        let cycle = CyclePhase::CYCLE.into_iter().zip(self.bounds.windows(2).map(|pair| pair[0]..pair[1]));
        settled.into_iter().chain(cycle.filter(|_| !self.settled)).filter(|(_, range)| !range.is_empty())
    }
}

/// The cycles of a history, found step by step as it grows.
#[derive(Clone, Debug, Default)]
pub struct Cycles {
    detector: Detector,
    /// Number of rows processed.
    rows: usize,
}

impl Cycles {
    /// The cycles of a whole history.
    pub fn of(history: &History) -> Self {
        let mut cycles = Self::default();
        cycles.update(history, usize::MAX);
        cycles
    }

    /// Processes the new rows, at most `most` of them; returns whether these were all. A shorter history than before
    /// means a new run.
    pub fn update(&mut self, history: &History, most: usize) -> bool {
        if history.rows() < self.rows {
            *self = Self::default();
        }
        // A row needs its successor for the two-step mean.
        let rows = history.rows().min(self.rows.saturating_add(most));
        for row in self.rows.saturating_sub(1)..rows.saturating_sub(1) {
            match sample(history, row) {
                Ok(sample) => self.detector.push(&sample),
                Err(cause) => self.detector.cut(cause),
            }
        }
        self.rows = rows;
        rows == history.rows()
    }

    /// All cycles and settled stretches so far, in order; the last one may still be open.
    pub fn all(&self) -> &[Cycle] {
        self.detector.cycles()
    }

    /// The cycle that contains a step.
    pub fn at(&self, step: usize) -> Option<usize> {
        let after = self.all().partition_point(|cycle| cycle.start() <= step);
        let index = after.checked_sub(1)?;
        (step < self.all()[index].end()).then_some(index)
    }

    /// The first cycle that starts after a step.
    pub fn next(&self, step: usize) -> Option<&Cycle> {
        self.all().get(self.all().partition_point(|cycle| cycle.start() <= step))
    }

    /// The last cycle that starts before a step.
    pub fn previous(&self, step: usize) -> Option<&Cycle> {
        self.all()[..self.all().partition_point(|cycle| cycle.start() < step)].last()
    }

    /// The last cycle that had ended by a step because the next one began.
    pub fn last_complete(&self, step: usize) -> Option<&Cycle> {
        let is_complete = |cycle: &&Cycle| !cycle.settled && cycle.outcome == CycleOutcome::Complete;
        self.all().iter().filter(is_complete).rfind(|cycle| cycle.end() <= step + 1)
    }

    /// The longest cycle that has a step in the range; settled stretches do not count.
    pub fn longest(&self, steps: Range<usize>) -> Option<&Cycle> {
        let first = self.all().partition_point(|cycle| cycle.end() <= steps.start);
        let near = self.all()[first..].iter().take_while(|cycle| cycle.start() < steps.end);
        near.filter(|cycle| !cycle.settled).max_by_key(|cycle| cycle.length())
    }

    /// The phase at a step; `None` if no cycle has begun, or several eigenvalues are at the edge.
    pub fn phase(&self, step: usize) -> Option<CyclePhase> {
        if let Some(index) = self.at(step) {
            return self.all()[index]
                .phases()
                .find(|(_, range)| range.contains(&step))
                .map(|(phase, _)| phase);
        }
        self.detector.sharpening().filter(|range| range.contains(&step)).map(|_| CyclePhase::Sharpening)
    }

    /// Every phase that overlaps the given steps, in order: the intervals that plots shade.
    pub fn phases(&self, steps: Range<usize>) -> Vec<(CyclePhase, Range<usize>)> {
        let first = self.all().partition_point(|cycle| cycle.end() <= steps.start);
        let overlaps = |range: &Range<usize>| range.start < steps.end && range.end > steps.start;
        let cycles = self.all()[first..].iter().take_while(|cycle| cycle.start() < steps.end);
        let rising = self.detector.sharpening().map(|range| (CyclePhase::Sharpening, range));
        cycles.flat_map(Cycle::phases).chain(rising).filter(|(_, range)| overlaps(range)).collect()
    }
}

/// The amplitude of the period-2 oscillation of x around steps t and t + 1, `|x_{t+1} − x_t|/2`.
pub fn amplitude(history: &History, row: usize) -> Option<f64> {
    let [now, next] = [row, row + 1].map(|row| history.value(Series::Displacement(0), row));
    Some(0.5 * (next? - now?).abs())
}

/// The two-step mean of the sharpness, `(S_t + S_{t+1})/2`.
pub fn mean_sharpness(history: &History, row: usize) -> Option<f64> {
    let [now, next] = [row, row + 1].map(|row| history.value(Series::GdLambda(0), row));
    Some(0.5 * (now? + next?))
}

/// Like [`mean_sharpness`], but at the newest row, which has no successor, the value at the row before.
pub fn recent_mean_sharpness(history: &History, row: usize) -> Option<f64> {
    mean_sharpness(history, row).or_else(|| mean_sharpness(history, row.checked_sub(1)?))
}

/// The row, or the last row that has two successors: a change of the sharpness is determined from two two-step means.
pub fn comparable(history: &History, row: usize) -> usize {
    row.min(history.rows().saturating_sub(3))
}

/// Whether S has been constant, up to rounding, from the first step to the one after a row, as on a quadratic loss.
pub fn is_constant(history: &History, row: usize) -> bool {
    let range = history.extremes(Series::GdLambda(0), 0..row + 2);
    range.is_some_and(|(low, high)| high - low <= ROUNDING * high.abs())
}

/// The detector's input for a row and its successor.
fn sample(history: &History, row: usize) -> Result<Sample, CycleOutcome> {
    let eta = history.value(Series::Eta, row).ok_or(CycleOutcome::Gap)?;
    if history.value(Series::Eta, row + 1).is_some_and(|next| next != eta) {
        return Err(CycleOutcome::EtaChanged);
    }
    let mean = mean_sharpness(history, row).filter(|mean| mean.is_finite()).ok_or(CycleOutcome::Gap)?;
    if several(history, row, eta) {
        return Err(CycleOutcome::SecondEigenvalue);
    }
    if is_constant(history, row) {
        return Err(CycleOutcome::Gap);
    }
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    Ok(Sample {
        step: row,
        eta,
        mean,
        x: finite(history.value(Series::Displacement(0), row)).map(f64::abs),
        amplitude: finite(amplitude(history, row)),
        sigma: finite(history.value(Series::CfSigma(0), row)).map(f64::sqrt),
        loss: history.value(Series::GdLoss, row).unwrap_or(f64::NAN),
    })
}

/// Whether more than one eigenvalue is at the edge: according to Σ if the central flow runs, otherwise according to
/// λ₂.
fn several(history: &History, row: usize, eta: f64) -> bool {
    if let Some(trace) = history.value(Series::CfSigmaTrace, row) {
        let second = history.value(Series::CfSigma(1), row).unwrap_or(0.0);
        return second > SECOND_SHARE * trace;
    }
    let [now, next] = [row, row + 1].map(|row| history.value(Series::GdLambda(1), row));
    now.zip(next).is_some_and(|(now, next)| 0.5 * (now + next) * eta >= 2.0)
}

#[cfg(test)]
mod tests;
