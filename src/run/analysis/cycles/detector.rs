//! The state machine behind [`super::Cycles`]: constant work per step.

use super::{Cycle, CycleOutcome};
use std::ops::Range;

/// Share of 2/η by which the mean of S must exceed it, two steps in a row, before a crossing counts. The crossing is
/// then dated back to the step at which 2/η itself was crossed.
const CROSSING: f64 = 2e-4;
/// In a settled orbit the envelope of x stays within this factor of Σ's prediction σ …
const SETTLED_FACTOR: f64 = 1.25;
/// … and the mean of S within this share of 2/η. A closer match is not needed: the orbit rests where S makes x
/// neither grow nor shrink, offset from 2/η by the contribution of terms beyond the cubic ones, and the factor above
/// keeps S there: at 1% beyond 2/η, x grows 20-fold in the time below.
const SETTLED_SHARPNESS: f64 = 1e-2;
/// … for at least this many steps without a crossing. A settled orbit ends when either quantity exceeds twice these
/// bounds.
const SETTLED_STEPS: usize = 150;
/// After an interval with several eigenvalues at the edge, the number of steps with only one before detection
/// resumes.
const ALONE_STEPS: usize = 50;

/// The observed quantities of one step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub step: usize,
    pub eta: f64,
    /// Two-step mean of S.
    pub mean: f64,
    /// |x|.
    pub x: Option<f64>,
    /// Envelope of the oscillation of x.
    pub amplitude: Option<f64>,
    /// Root mean square of x predicted by Σ.
    pub sigma: Option<f64>,
    /// Loss.
    pub loss: f64,
}

impl Sample {
    fn edge(&self) -> f64 {
        2.0 / self.eta
    }

    /// Whether the oscillation balances the sharpening, with bounds widened by a factor.
    fn is_balanced(&self, widened: f64) -> bool {
        let near = (self.mean / self.edge() - 1.0).abs() <= widened * SETTLED_SHARPNESS;
        let factor = widened * SETTLED_FACTOR;
        near && self.amplitude.zip(self.sigma).is_some_and(|(amplitude, sigma)| {
            sigma > 0.0 && amplitude <= factor * sigma && amplitude >= sigma / factor
        })
    }
}

/// Sums and extremes over the steps of a cycle.
#[derive(Clone, Copy, Debug)]
struct Tally {
    lowest_loss: f64,
    loss_spike: f64,
    peak_x: Option<f64>,
    peak_sharpness: f64,
}

impl Default for Tally {
    fn default() -> Self {
        Self { lowest_loss: f64::INFINITY, loss_spike: 0.0, peak_x: None, peak_sharpness: f64::NEG_INFINITY }
    }
}

impl Tally {
    fn add(&mut self, sample: &Sample) {
        self.lowest_loss = self.lowest_loss.min(sample.loss);
        // `max` ignores a NaN
        self.loss_spike = self.loss_spike.max(sample.loss - self.lowest_loss);
        self.peak_x = [self.peak_x, sample.x].into_iter().flatten().reduce(f64::max);
        self.peak_sharpness = self.peak_sharpness.max(sample.mean);
    }
}

/// The side of 2/η on which the mean of S lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Below,
    Above,
    Settled,
}

/// A stretch of steps without interruption.
#[derive(Clone, Debug)]
struct Stretch {
    side: Side,
    eta: f64,
    /// Last step and its mean of S.
    last: (usize, f64),
    /// The last step on the near side of 2/η; a crossing cannot be earlier.
    near: usize,
    /// Step and value of the extreme since the last crossing: the lowest mean below 2/η, the highest above it.
    extreme: (usize, f64),
    /// The same on the far side, since `near`.
    beyond: Option<(usize, f64)>,
    /// Totals over the steps of the cycle.
    tally: Tally,
    /// The same up to the lowest mean, and from there on.
    until_lowest: Tally,
    from_lowest: Tally,
    /// The latest steps, if all of them were balanced and 2/η was not crossed.
    balanced: Option<Balanced>,
}

/// A stretch of balanced steps.
#[derive(Clone, Copy, Debug)]
struct Balanced {
    /// Its first step.
    since: usize,
    /// Totals over the steps of the cycle before it.
    before: Tally,
    /// Totals over its own steps.
    tally: Tally,
}

/// Finds cycles in samples that arrive in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Detector {
    cycles: Vec<Cycle>,
    stretch: Option<Stretch>,
    /// Samples to wait for after several eigenvalues have been at the edge.
    wait: usize,
}

impl Detector {
    pub(super) fn cycles(&self) -> &[Cycle] {
        &self.cycles
    }

    /// The steps since the lowest mean, which do not yet belong to a listed cycle.
    pub(super) fn sharpening(&self) -> Option<Range<usize>> {
        let stretch = self.stretch.as_ref().filter(|stretch| stretch.side == Side::Below)?;
        Some(stretch.extreme.0..stretch.last.0 + 1)
    }

    /// Closes whatever is open: there is no sample for this step.
    pub(super) fn cut(&mut self, cause: CycleOutcome) {
        if let Some(stretch) = self.stretch.take() {
            self.leave(&stretch, cause);
        }
        if cause == CycleOutcome::SecondEigenvalue {
            self.wait = ALONE_STEPS;
        }
    }

    pub(super) fn push(&mut self, sample: &Sample) {
        if self.wait > 0 {
            self.wait -= 1;
            return;
        }
        let stretch = match self.stretch.take() {
            Some(stretch) if stretch.eta == sample.eta => stretch,
            before => {
                if let Some(before) = before {
                    self.leave(&before, CycleOutcome::EtaChanged);
                }
                self.begin(sample)
            }
        };
        let stretch = self.advance(stretch, sample);
        self.stretch = Some(stretch);
    }

    /// Begins a new stretch; above the edge it starts within a cycle.
    fn begin(&mut self, sample: &Sample) -> Stretch {
        let above = sample.mean > sample.edge() * (1.0 + CROSSING);
        if above {
            self.cycles.push(cycle(sample.eta, [sample.step; 5]));
        }
        let tally = Tally::default();
        Stretch {
            side: if above { Side::Above } else { Side::Below },
            eta: sample.eta,
            last: (sample.step, sample.mean),
            near: sample.step,
            extreme: (sample.step, if above { f64::NEG_INFINITY } else { f64::INFINITY }),
            beyond: None,
            tally,
            until_lowest: tally,
            from_lowest: tally,
            balanced: None,
        }
    }

    fn advance(&mut self, mut stretch: Stretch, sample: &Sample) -> Stretch {
        if stretch.side == Side::Settled {
            if !sample.is_balanced(2.0) {
                self.close(CycleOutcome::Complete, sample.step);
                let begun = self.begin(sample);
                return self.advance(begun, sample);
            }
        } else if sample.is_balanced(1.0) {
            let fresh = Balanced { since: sample.step, before: stretch.tally, tally: Tally::default() };
            let balanced = stretch.balanced.get_or_insert(fresh);
            balanced.tally.add(sample);
            let balanced = *balanced;
            if sample.step + 1 - balanced.since >= SETTLED_STEPS {
                self.settle(&mut stretch, balanced);
            }
        } else {
            stretch.balanced = None;
        }
        stretch.tally.add(sample);
        match stretch.side {
            Side::Below => self.below(&mut stretch, sample),
            Side::Above => self.above(&mut stretch, sample),
            Side::Settled => self.settled(&stretch, sample),
        }
        stretch.last = (sample.step, sample.mean);
        stretch
    }

    fn below(&mut self, stretch: &mut Stretch, sample: &Sample) {
        if sample.mean < stretch.extreme.1 {
            stretch.extreme = (sample.step, sample.mean);
            stretch.until_lowest = stretch.tally;
            stretch.from_lowest = Tally::default();
            if let Some(cycle) = self.open() {
                cycle.bounds[4] = sample.step;
                cycle.absorb(&stretch.until_lowest);
                cycle.sharpness_drop = cycle.peak_sharpness - sample.mean;
            }
        }
        stretch.from_lowest.add(sample);
        if sample.mean <= sample.edge() {
            stretch.near = sample.step;
            stretch.beyond = None;
            return;
        }
        if stretch.beyond.is_none_or(|(_, most)| sample.mean > most) {
            stretch.beyond = Some((sample.step, sample.mean));
        }
        if stretch.last.1.min(sample.mean) > sample.edge() * (1.0 + CROSSING) {
            self.close(CycleOutcome::Complete, stretch.extreme.0);
            let (start, up) = (stretch.extreme.0, stretch.near + 1);
            self.cycles.push(cycle(sample.eta, [start, up, up, up, up]));
            stretch.side = Side::Above;
            stretch.balanced = None;
            stretch.tally = stretch.from_lowest;
            stretch.extreme = stretch.beyond.take().unwrap_or((sample.step, sample.mean));
            stretch.near = sample.step;
            self.above(stretch, sample);
        }
    }

    fn above(&mut self, stretch: &mut Stretch, sample: &Sample) {
        if sample.mean > stretch.extreme.1 {
            stretch.extreme = (sample.step, sample.mean);
        }
        let end = sample.step + 1;
        if let Some(cycle) = self.open() {
            // While it still rises, all steps are growth.
            let top = if stretch.extreme.0 + 1 >= sample.step { end } else { stretch.extreme.0 };
            cycle.bounds[2..].copy_from_slice(&[top, end, end]);
            cycle.absorb(&stretch.tally);
        }
        if sample.mean >= sample.edge() {
            stretch.near = sample.step;
            stretch.beyond = None;
            return;
        }
        if stretch.beyond.is_none_or(|(_, most)| sample.mean < most) {
            stretch.beyond = Some((sample.step, sample.mean));
        }
        if stretch.last.1.max(sample.mean) < sample.edge() * (1.0 - CROSSING) {
            let down = stretch.near + 1;
            let lowest = stretch.beyond.take().unwrap_or((sample.step, sample.mean));
            let top = stretch.extreme.0;
            stretch.side = Side::Below;
            stretch.balanced = None;
            stretch.extreme = lowest;
            stretch.near = sample.step;
            stretch.until_lowest = stretch.tally;
            stretch.from_lowest = Tally::default();
            if let Some(cycle) = self.open() {
                cycle.bounds[2..].copy_from_slice(&[top, down, lowest.0]);
                cycle.sharpness_drop = cycle.peak_sharpness - lowest.1;
            }
        }
    }

    fn settled(&mut self, stretch: &Stretch, sample: &Sample) {
        if let Some(cycle) = self.open() {
            cycle.bounds[4] = sample.step + 1;
            cycle.absorb(&stretch.tally);
        }
    }

    /// The orbit has been settled since a step: a cycle assumed to have begun after that step did not exist.
    fn settle(&mut self, stretch: &mut Stretch, Balanced { since, before, tally }: Balanced) {
        while self.cycles.last().is_some_and(|cycle| cycle.bounds[1] >= since) {
            self.cycles.pop();
        }
        if let Some(cycle) = self.cycles.last_mut() {
            cycle.bounds.iter_mut().for_each(|bound| *bound = since.min(*bound));
        }
        // steps after `since` do not belong to the cycle
        if stretch.side == Side::Above
            && let Some(cycle) = self.open()
        {
            cycle.absorb(&before);
        }
        self.close(CycleOutcome::Complete, since);
        self.cycles.push(Cycle { settled: true, ..cycle(stretch.eta, [since; 5]) });
        stretch.side = Side::Settled;
        stretch.tally = tally;
    }

    /// A stretch ends. A cycle whose lowest S has passed still counts as complete.
    fn leave(&mut self, stretch: &Stretch, cause: CycleOutcome) {
        let whole = stretch.side == Side::Below && stretch.extreme.0 < stretch.last.0;
        self.close(if whole { CycleOutcome::Complete } else { cause }, stretch.last.0 + 1);
    }

    fn open(&mut self) -> Option<&mut Cycle> {
        self.cycles.last_mut().filter(|cycle| cycle.outcome == CycleOutcome::Open)
    }

    /// Closes the open cycle, which extends to `end` at most.
    fn close(&mut self, outcome: CycleOutcome, end: usize) {
        if let Some(cycle) = self.open() {
            cycle.outcome = outcome;
            cycle.bounds[4] = cycle.bounds[4].min(end).max(cycle.bounds[3]);
        }
    }
}

impl Cycle {
    fn absorb(&mut self, tally: &Tally) {
        self.loss_spike = tally.loss_spike;
        self.peak_x = tally.peak_x;
        self.peak_sharpness = tally.peak_sharpness;
    }
}

/// An open cycle of which only the bounds are known.
fn cycle(eta: f64, bounds: [usize; 5]) -> Cycle {
    Cycle {
        settled: false,
        outcome: CycleOutcome::Open,
        eta,
        bounds,
        peak_sharpness: f64::NEG_INFINITY,
        peak_x: None,
        loss_spike: 0.0,
        sharpness_drop: 0.0,
    }
}
