//! Conditions at which a run stops by itself.
//!
//! Non-finite contract: NaN and infinite values trigger no breakpoint except the one on divergence.

use brink_core::dynamics::{Event, StepOutcome, StepRecord};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::fmt;

/// Value of η·λ of an eigenvalue at the edge.
const EDGE: f64 = 2.0;

/// Number of losses in the mean that a spike is compared with.
const SPIKE_STEPS: usize = 32;

/// Number of losses needed before a spike can be detected.
const SPIKE_LEAST: usize = 8;

/// An oscillation has grown when its envelope is this many times its last minimum …
const GROWN: f64 = 1.5;

/// … and is past its peak when the envelope is below this part of it.
const PAST_PEAK: f64 = 0.97;

/// Rounding makes x swing too. An oscillation counts only if its energy ½λx² is at least this part of the loss.
const FAINTEST: f64 = 1e-5;

/// A condition on the recorded steps at which training pauses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Breakpoint {
    /// The k-th eigenvalue of gradient descent's Hessian, counted from 1, first reaches 2/η; k = 1 is the sharpness.
    /// Triggered once for each learning rate.
    AtEdge {
        /// The index of the eigenvalue.
        k: usize,
    },
    /// Σ gets this rank.
    AtRank {
        /// The rank, 1 or more.
        k: usize,
    },
    /// The oscillation of gradient descent about the central flow, after growing with S at or above 2/η, has passed a
    /// peak.
    OscillationPeak,
    /// Gradient descent's loss exceeds `factor` times its mean over the last 32 steps.
    LossSpike {
        /// The factor, above 1.
        factor: f64,
    },
    /// A process diverges.
    Divergence,
    /// A given step is reached.
    Step(usize),
}

impl Breakpoint {
    /// Whether its numbers are valid.
    pub fn is_valid(self) -> bool {
        match self {
            Self::AtEdge { k } | Self::AtRank { k } => k >= 1,
            Self::LossSpike { factor } => factor.is_finite() && factor > 1.0,
            Self::OscillationPeak | Self::Divergence | Self::Step(_) => true,
        }
    }
}

impl fmt::Display for Breakpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtEdge { k: 1 } => write!(f, "S first reaches 2/η"),
            Self::AtEdge { k } => write!(f, "λ{k} first reaches 2/η"),
            Self::AtRank { k } => write!(f, "Σ gets rank {k}"),
            Self::OscillationPeak => write!(f, "an oscillation peaks"),
            Self::LossSpike { factor } => write!(f, "the loss exceeds {factor} times its recent mean"),
            Self::Divergence => write!(f, "a process diverges"),
            Self::Step(step) => write!(f, "step {step}"),
        }
    }
}

/// A breakpoint was triggered, and training waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// The breakpoint.
    pub breakpoint: Breakpoint,
    /// The last recorded step.
    pub step: usize,
    /// The reason, with the values.
    pub reason: String,
}

impl fmt::Display for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Paused at step {}: {}", self.step, self.reason)
    }
}

/// The breakpoints of one run, each with the state it keeps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Breakpoints {
    watches: Vec<Watch>,
    oscillation: Oscillation,
}

/// The oscillation of gradient descent, tracked whether or not a breakpoint waits for it: one may be set while it
/// grows.
#[derive(Clone, Debug)]
struct Oscillation {
    /// x at the two steps before.
    last: [Option<f64>; 2],
    /// Smallest amplitude since the last peak.
    lowest: f64,
    /// Step and amplitude of the highest point since the oscillation has grown.
    peak: Option<(usize, f64)>,
    /// Whether S was at or above 2/η since the last peak: below the edge, the remainder of an initial oscillation
    /// decays.
    driven: bool,
}

impl Default for Oscillation {
    fn default() -> Self {
        Self { last: [None; 2], lowest: f64::INFINITY, peak: None, driven: false }
    }
}

impl Oscillation {
    /// Processes the next step; returns the peak that has been passed, if any.
    fn observe(&mut self, record: &StepRecord) -> Option<String> {
        let x = *record.displacement.first()?;
        let [first, second] = self.last;
        self.last = [second, Some(x)];
        // only the alternating part: where w̄ itself drifts from w(t), x is not centred at 0
        let amplitude = 0.25 * (first? - 2.0 * second? + x).abs();
        let descent = record.gradient_descent.as_ref()?;
        let lambda = *descent.lambda.first()?;
        if !amplitude.is_finite() {
            return None;
        }
        self.driven |= record.eta * lambda >= EDGE;
        self.lowest = self.lowest.min(amplitude);
        let is_seen = 0.5 * lambda * amplitude * amplitude >= FAINTEST * descent.loss.abs();
        let has_grown = self.driven && is_seen && amplitude >= GROWN * self.lowest && self.lowest > 0.0;
        match self.peak {
            None if has_grown => self.peak = Some((record.step, amplitude)),
            Some((_, highest)) if amplitude > highest => self.peak = Some((record.step, amplitude)),
            Some((step, highest)) if amplitude < PAST_PEAK * highest => {
                (self.lowest, self.peak, self.driven) = (amplitude, None, false);
                return Some(format!(
                    "the oscillation peaked at step {step} with |x| = {highest:.4e} (now {amplitude:.4e})"
                ));
            }
            _ => {}
        }
        None
    }
}

#[derive(Clone, Debug)]
struct Watch {
    breakpoint: Breakpoint,
    seen: BreakpointMemory,
}

/// The state that a breakpoint keeps from earlier steps.
#[derive(Clone, Debug)]
enum BreakpointMemory {
    Nothing,
    Edge {
        /// Number of consecutive steps below the edge. Raw sharpness flickers about the edge with period 2, so one
        /// step is not enough.
        below: usize,
        /// Whether the eigenvalue approaches from below.
        armed: bool,
        /// Whether it was triggered with this learning rate.
        spent: bool,
    },
    Rank {
        /// Whether the rank was lower.
        armed: bool,
    },
    Losses {
        last: VecDeque<f64>,
        armed: bool,
    },
}

impl Breakpoints {
    /// Sets a breakpoint; `next_step` is the first step it will process. Setting one again resets its state.
    pub(crate) fn set(&mut self, breakpoint: Breakpoint, next_step: usize) {
        self.clear(breakpoint);
        let seen = match breakpoint {
            Breakpoint::AtEdge { .. } => {
                BreakpointMemory::Edge { below: 0, armed: next_step == 0, spent: false }
            }
            Breakpoint::AtRank { .. } => BreakpointMemory::Rank { armed: next_step == 0 },
            Breakpoint::LossSpike { .. } => BreakpointMemory::Losses { last: VecDeque::new(), armed: true },
            Breakpoint::OscillationPeak | Breakpoint::Divergence | Breakpoint::Step(_) => {
                BreakpointMemory::Nothing
            }
        };
        self.watches.push(Watch { breakpoint, seen });
    }

    pub(crate) fn clear(&mut self, breakpoint: Breakpoint) {
        self.watches.retain(|watch| watch.breakpoint != breakpoint);
    }

    /// Processes the next step.
    pub(crate) fn observe(&mut self, record: &StepRecord) -> Vec<Hit> {
        let peak = self.oscillation.observe(record);
        let hit = |watch: &mut Watch| {
            let reason = watch.observe(record, peak.as_deref())?;
            Some(Hit { breakpoint: watch.breakpoint, step: record.step, reason })
        };
        self.watches.iter_mut().filter_map(hit).collect()
    }
}

impl Watch {
    /// The reason, if this step triggers the breakpoint; `peak` describes a peak of the oscillation.
    fn observe(&mut self, record: &StepRecord, peak: Option<&str>) -> Option<String> {
        let loss = || record.gradient_descent.as_ref().map(|descent| descent.loss);
        match (self.breakpoint, &mut self.seen) {
            (Breakpoint::AtEdge { k }, BreakpointMemory::Edge { below, armed, spent }) => {
                if record.events.iter().any(|event| matches!(event, Event::EtaChanged { .. })) {
                    (*below, *armed, *spent) = (0, true, false);
                }
                let lambda = *record.gradient_descent.as_ref()?.lambda.get(k.checked_sub(1)?)?;
                let eta_lambda = record.eta * lambda;
                *below = if eta_lambda < EDGE { *below + 1 } else { 0 };
                *armed |= *below >= 2;
                let is_hit = *armed && !*spent && eta_lambda >= EDGE;
                (*armed, *spent) = (*armed && eta_lambda < EDGE, *spent || is_hit);
                is_hit.then(|| {
                    let edge = EDGE / record.eta;
                    format!("λ{k} = {lambda:.4} has reached 2/η = {edge:.4} (η·λ{k} = {eta_lambda:.4})")
                })
            }
            (Breakpoint::AtRank { k }, BreakpointMemory::Rank { armed }) => {
                let rank = record.central_flow.as_ref()?.rank();
                let is_hit = *armed && rank >= k;
                *armed = rank < k;
                is_hit.then(|| format!("Σ has rank {rank}"))
            }
            (Breakpoint::OscillationPeak, _) => peak.map(str::to_owned),
            (Breakpoint::LossSpike { factor }, BreakpointMemory::Losses { last, armed }) => {
                let loss = loss().filter(|loss| loss.is_finite())?;
                let mean = last.iter().sum::<f64>() / last.len().max(1) as f64;
                let is_hit = *armed && last.len() >= SPIKE_LEAST && loss > factor * mean;
                *armed = !is_hit && (*armed || loss <= mean);
                if last.len() == SPIKE_STEPS {
                    last.pop_front();
                }
                last.push_back(loss);
                is_hit.then(|| {
                    format!(
                        "the loss {loss:.4e} is {:.2} times its mean {mean:.4e} of the steps before",
                        loss / mean
                    )
                })
            }
            (Breakpoint::Divergence, _) => record.events.iter().find_map(|event| {
                let Event::Outcome(process, StepOutcome::Diverged { loss }) = event else { return None };
                Some(format!("{} diverged with loss {loss:.3e}", process.name()))
            }),
            (Breakpoint::Step(step), _) => {
                (record.step == step).then(|| format!("step {step} has a breakpoint"))
            }
            (Breakpoint::AtEdge { .. } | Breakpoint::AtRank { .. } | Breakpoint::LossSpike { .. }, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use brink_core::dynamics::{CentralFlowRecord, ProcessRecord};

    /// Steps at which a breakpoint is triggered, given η·λ, x and the loss of each step.
    fn hits(breakpoint: Breakpoint, steps: impl Iterator<Item = (f64, f64, f64)>) -> Vec<Hit> {
        let mut breakpoints = Breakpoints::default();
        breakpoints.set(breakpoint, 0);
        let record = |(step, (eta_s, x, loss)): (usize, (f64, f64, f64))| StepRecord {
            step,
            eta: 0.5,
            gradient_descent: Some(ProcessRecord {
                loss,
                lambda: vec![2.0 * eta_s],
                ..ProcessRecord::default()
            }),
            displacement: vec![x],
            ..StepRecord::default()
        };
        steps.enumerate().flat_map(|step| breakpoints.observe(&record(step))).collect()
    }

    fn at(hits: &[Hit]) -> Vec<usize> {
        hits.iter().map(|hit| hit.step).collect()
    }

    #[test]
    fn a_sharpness_that_flickers_about_the_edge_hits_once() {
        let flicker = |t: usize| {
            let drift = 1.9 + 0.01 * t as f64;
            drift.min(2.0) + if t.is_multiple_of(2) { 0.03 } else { -0.03 }
        };
        let found = hits(Breakpoint::AtEdge { k: 1 }, (0..100).map(|t| (flicker(t), 0.0, 1.0)));
        assert_eq!(at(&found), [8]);
        assert!(found[0].reason.contains("λ1 = 4.0200") && found[0].reason.contains("2/η = 4.0000"));
        let second = hits(Breakpoint::AtEdge { k: 2 }, (0..100).map(|t| (flicker(t), 0.0, 1.0)));
        assert_eq!(second, [], "there is no second eigenvalue");
    }

    #[test]
    fn a_rank_is_hit_when_sigma_gets_it_and_rounding_is_none() {
        let mut breakpoints = Breakpoints::default();
        breakpoints.set(Breakpoint::AtRank { k: 2 }, 0);
        let sigmas =
            [vec![], vec![1e-4, 1e-25], vec![1e-4, 1e-5], vec![1e-4, 2e-5], vec![1e-4], vec![1e-4, 1e-5]];
        let found: Vec<Hit> = sigmas
            .into_iter()
            .enumerate()
            .flat_map(|(step, sigma)| {
                let sigma_trace = sigma.iter().sum();
                let flow = CentralFlowRecord { sigma, sigma_trace, ..CentralFlowRecord::default() };
                breakpoints.observe(&StepRecord { step, central_flow: Some(flow), ..StepRecord::default() })
            })
            .collect();
        assert_eq!(at(&found), [2, 5]);
        assert_eq!(found[0].to_string(), "Paused at step 2: Σ has rank 2");
    }

    #[test]
    fn every_cycle_has_one_peak() {
        // Three cycles of 100 steps whose envelope spans two decades, with period 2 and a little noise.
        let x = |t: usize| {
            let phase = std::f64::consts::TAU * t as f64 / 100.0;
            let noise = 1.0 + 0.004 * (7.3 * t as f64).sin();
            (-2.3 * phase.cos()).exp() * noise * if t.is_multiple_of(2) { 1.0 } else { -1.0 }
        };
        let found = hits(Breakpoint::OscillationPeak, (0..300).map(|t| (2.0, x(t), 1.0)));
        let steps = at(&found);
        assert_eq!(steps.len(), 3, "{steps:?}");
        for (i, step) in steps.into_iter().enumerate() {
            assert!((50 + 100 * i..60 + 100 * i).contains(&step), "{step}");
        }
    }

    #[test]
    fn neither_rounding_nor_a_drift_nor_what_dies_below_the_edge_has_a_peak() {
        let alternating = |t: usize, size: f64| if t.is_multiple_of(2) { size } else { -size };
        let swell = |t: usize| 1.1 + (0.3 * t as f64).sin();
        let rounding =
            hits(Breakpoint::OscillationPeak, (0..200).map(|t| (2.1, alternating(t, 1e-6 * swell(t)), 1.0)));
        let drift = hits(
            Breakpoint::OscillationPeak,
            (0_usize..200).map(|t| (2.1, 0.1 * (0.02 * t as f64).sin(), 1.0)),
        );
        let below = hits(Breakpoint::OscillationPeak, (0..200).map(|t| (1.9, alternating(t, swell(t)), 1.0)));
        assert_eq!((at(&rounding), at(&drift), at(&below)), (vec![], vec![], vec![]));
        let driven =
            hits(Breakpoint::OscillationPeak, (0..200).map(|t| (2.1, alternating(t, swell(t)), 1.0)));
        assert!(driven.len() > 5, "{driven:?}");
    }

    #[test]
    fn a_breakpoint_that_is_set_while_the_oscillation_is_near_its_peak_is_hit_by_it() {
        let x = |t: usize| {
            let size = (-0.1 * (t as f64 - 60.0).abs()).exp();
            if t.is_multiple_of(2) { size } else { -size }
        };
        let record = |step| StepRecord {
            step,
            eta: 0.5,
            gradient_descent: Some(ProcessRecord {
                loss: 1.0,
                lambda: vec![4.2],
                ..ProcessRecord::default()
            }),
            displacement: vec![x(step)],
            ..StepRecord::default()
        };
        let mut breakpoints = Breakpoints::default();
        for step in 0..59 {
            assert_eq!(breakpoints.observe(&record(step)), []);
        }
        breakpoints.set(Breakpoint::OscillationPeak, 59);
        let found: Vec<Hit> = (59..90).flat_map(|step| breakpoints.observe(&record(step))).collect();
        assert_eq!(at(&found), [62]);
    }

    #[test]
    fn a_spike_is_said_once_and_the_next_one_again() {
        let loss = |t: usize| if t % 50 >= 40 { 3.0 } else { 1.0 };
        let found = hits(Breakpoint::LossSpike { factor: 2.0 }, (0..200).map(|t| (1.0, 0.0, loss(t))));
        assert_eq!(at(&found), [40, 90, 140, 190]);
        assert!(found[0].reason.contains("3.00 times its mean"), "{}", found[0].reason);
    }

    #[test]
    fn nothing_is_hit_by_values_that_are_no_numbers() {
        let nan = || (0..50).map(|_| (f64::NAN, f64::NAN, f64::INFINITY));
        for breakpoint in [
            Breakpoint::AtEdge { k: 1 },
            Breakpoint::AtRank { k: 1 },
            Breakpoint::OscillationPeak,
            Breakpoint::LossSpike { factor: 1.5 },
            Breakpoint::Divergence,
        ] {
            assert_eq!(hits(breakpoint, nan()), []);
        }
        assert_eq!(at(&hits(Breakpoint::Step(7), nan())), [7]);
    }
}
