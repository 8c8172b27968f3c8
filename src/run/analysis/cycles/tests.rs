//! Synthetic cycles with known phases, and an oscillator that resembles real ones.

use super::{Cycle, CycleOutcome, CyclePhase, Cycles};
use crate::run::record::history::History;
use brink_core::dynamics::{CentralFlowRecord, Event, Process, ProcessRecord, StepOutcome, StepRecord};
use proptest::prelude::*;
use std::f64::consts::TAU;

const ETA: f64 = 0.1;
const EDGE: f64 = 20.0;

/// One synthetic step.
#[derive(Clone, Copy)]
struct Row {
    eta: f64,
    sharpness: f64,
    x: f64,
    sigma: [f64; 2],
    loss: f64,
}

impl Default for Row {
    fn default() -> Self {
        Self { eta: ETA, sharpness: EDGE, x: 0.0, sigma: [1e-4, 0.0], loss: 1.0 }
    }
}

fn history(rows: impl IntoIterator<Item = Row>) -> History {
    let mut history = History::new(2);
    rows.into_iter().for_each(|row| push(&mut history, row));
    history
}

fn push(history: &mut History, row: Row) {
    let Row { eta, sharpness, x, sigma, loss } = row;
    history.push(&StepRecord {
        step: history.rows(),
        eta,
        gradient_descent: Some(ProcessRecord {
            loss,
            lambda: vec![sharpness, 1.0],
            ..ProcessRecord::default()
        }),
        central_flow: Some(CentralFlowRecord {
            sigma: sigma.to_vec(),
            sigma_trace: sigma.iter().sum(),
            ..CentralFlowRecord::default()
        }),
        displacement: vec![x],
        ..StepRecord::default()
    });
}

/// `+1, −1, +1, …`
fn sign(t: usize) -> f64 {
    if t.is_multiple_of(2) { 1.0 } else { -1.0 }
}

/// S oscillates about 2/η with a given period, starting at its minimum, and flickers with period 2; the oscillation
/// is strongest while S falls.
fn wave(t: usize, period: usize, swing: f64, flicker: f64) -> Row {
    let turn = TAU * t as f64 / period as f64;
    Row {
        sharpness: EDGE * (1.0 - swing * turn.cos()) + sign(t) * flicker,
        x: sign(t) * 0.01 * (-6.0 * turn.sin()).exp() / 400.0,
        ..Row::default()
    }
}

/// A reduced model of the cycle: `x ← (1 − ηS) x`, `S ← S + α − β x²`.
fn oscillator(steps: usize, friction: f64) -> Vec<Row> {
    let (alpha, beta) = (0.02, 100.0);
    let (mut s, mut x) = (18.0, 1e-3);
    let mut rows = Vec::new();
    for _ in 0..steps {
        let sigma = alpha / beta;
        let loss = 1.0 + s * x * x;
        rows.push(Row { sharpness: s, x, sigma: [sigma, 0.0], loss, ..Row::default() });
        s += alpha - beta * x * x + friction * (EDGE - s);
        // With the new S, so that the discrete cycle by itself neither grows nor shrinks.
        x *= 1.0 - ETA * s;
    }
    rows
}

fn phase_lengths(cycle: &Cycle) -> Vec<(CyclePhase, usize)> {
    cycle.phases().map(|(phase, range)| (phase, range.len())).collect()
}

proptest! {
    #[test]
    fn phases_of_a_wave_are_its_quarters(
        quarter in 15usize..200, swing in 0.02f64..0.3, flicker in -6.0f64..6.0, turns in 2usize..6,
    ) {
        let period = 4 * quarter;
        let cycles = Cycles::of(&history((0..period * turns + 2).map(|t| wave(t, period, swing, flicker))));
        prop_assert_eq!(cycles.all().len(), turns, "one cycle a turn whatever the flicker");
        for (i, cycle) in cycles.all().iter().enumerate() {
            prop_assert_eq!(cycle.outcome, if i + 1 == turns { CycleOutcome::Open } else { CycleOutcome::Complete });
            // The two-step mean is half a step early.
            for (q, bound) in cycle.bounds.iter().enumerate() {
                prop_assert!(bound.abs_diff(i * period + q * quarter) <= 1, "{:?}", cycle.bounds);
            }
            let peak = EDGE * (1.0 + swing);
            prop_assert!((cycle.peak_sharpness / peak - 1.0).abs() < 0.01);
            prop_assert!((cycle.sharpness_drop / (2.0 * EDGE * swing) - 1.0).abs() < 0.03);
            let middle = |phase: usize| i * period + phase * quarter + quarter / 2;
            for (number, phase) in CyclePhase::CYCLE.into_iter().enumerate() {
                prop_assert_eq!(cycles.phase(middle(number)), Some(phase));
            }
        }
    }

    #[test]
    fn step_by_step_finds_what_the_whole_run_gives(
        rows in prop::collection::vec((15.0f64..25.0, -0.02f64..0.02, 0u8..40), 2..400),
    ) {
        let mut grown = Cycles::default();
        let mut growing = History::new(2);
        let (mut s, mut eta) = (EDGE, ETA);
        for (to, x, event) in rows {
            s += 0.3 * (to - s);
            if event == 0 { eta *= 1.1 }
            let second = if event == 1 { 1e-4 } else { 0.0 };
            let sharpness = if event == 2 { f64::NAN } else { s };
            push(&mut growing, Row { eta, sharpness, x, sigma: [1e-4, second], loss: 1.0 + x });
            grown.update(&growing, 1);
            let bounds = |c: &Cycle| c.bounds.windows(2).all(|pair| pair[0] <= pair[1]);
            prop_assert!(grown.all().iter().all(bounds), "{:?}", grown.all());
            let apart = |pair: &[Cycle]| pair[0].end() <= pair[1].start();
            prop_assert!(grown.all().windows(2).all(apart), "{:?}", grown.all());
            prop_assert!(grown.all().last().is_none_or(|c| c.end() <= growing.rows()));
        }
        let whole = Cycles::of(&growing);
        prop_assert_eq!(grown.all(), whole.all());
    }
}

#[test]
fn the_reduced_model_goes_round_and_a_damped_one_settles() {
    let cycles = Cycles::of(&history(oscillator(4000, 0.0)));
    let whole = cycles.all().iter().filter(|cycle| cycle.outcome == CycleOutcome::Complete);
    assert!(whole.clone().count() >= 8, "{:?}", cycles.all());
    for cycle in whole.skip(1) {
        let lengths = phase_lengths(cycle);
        assert_eq!(lengths.len(), 4, "{cycle:?}");
        assert!(!cycle.settled && cycle.peak_x > Some(0.0) && cycle.loss_spike > 0.0);
    }

    let damped = Cycles::of(&history(oscillator(4000, 0.01)));
    let last = damped.all().last().unwrap();
    assert!(last.settled && last.outcome == CycleOutcome::Open && last.length() > 1000, "{last:?}");
    assert_eq!(damped.phase(3900), Some(CyclePhase::Settled));
    assert!(damped.all().len() < 40 && damped.all().iter().filter(|cycle| cycle.settled).count() == 1);
}

#[test]
fn a_flickering_orbit_at_the_edge_is_one_settled_stretch() {
    let row = |t| Row { sharpness: EDGE + sign(t) * 3.0, x: sign(t) * 0.01, ..Row::default() };
    let cycles = Cycles::of(&history((0..1000).map(row)));
    let [settled] = cycles.all() else { panic!("{:?}", cycles.all()) };
    assert!(settled.settled);
    assert_eq!((settled.start(), settled.end()), (0, 999));
    assert_eq!(settled.peak_x, Some(0.01));

    // The same sharpness without an oscillation is not an orbit.
    let still = |_| Row { x: 1e-7, ..Row::default() };
    assert_eq!(Cycles::of(&history((0..1000).map(still))).all(), []);
}

#[test]
fn a_change_of_eta_cuts_a_cycle_and_starts_anew() {
    // From the middle of growth on with half the learning rate: S is far below the new edge.
    let rows = (0..300).map(|t| {
        let row = wave(t, 200, 0.1, 0.5);
        if t < 75 { row } else { Row { eta: 0.5 * ETA, ..row } }
    });
    let cycles = Cycles::of(&history(rows));
    let [cut] = cycles.all() else { panic!("{:?}", cycles.all()) };
    assert_eq!(
        (cut.outcome, cut.end()),
        (CycleOutcome::EtaChanged, 74),
        "the mean of two learning rates is none"
    );
    assert_eq!(phase_lengths(cut), [(CyclePhase::Sharpening, 50), (CyclePhase::Growth, 24)]);

    // With twice the learning rate S is above the edge throughout: a cycle without sharpening.
    let rows = (0..300).map(|t| Row { eta: if t < 20 { ETA } else { 2.0 * ETA }, ..wave(t, 200, 0.1, 0.5) });
    let above = &Cycles::of(&history(rows)).all()[0].clone();
    assert_eq!((above.start(), above.bounds[1]), (20, 20));
}

#[test]
fn gaps_and_divergence_end_a_cycle() {
    let mut history = history((0..80).map(|t| wave(t, 200, 0.1, 0.5)));
    let diverged = Event::Outcome(Process::GradientDescent, StepOutcome::Diverged { loss: f64::INFINITY });
    history.push(&StepRecord { step: 80, eta: ETA, events: vec![diverged], ..StepRecord::default() });
    let cycles = Cycles::of(&history);
    assert_eq!(
        (cycles.all().len(), cycles.all()[0].outcome, cycles.all()[0].end()),
        (1, CycleOutcome::Gap, 79)
    );
    (81..300).for_each(|t| push(&mut history, wave(t, 200, 0.1, 0.5)));
    let cycles = Cycles::of(&history);
    assert_eq!(cycles.all()[1].start(), 81, "above the edge, and so within a cycle");
}

#[test]
fn a_second_eigenvalue_at_the_edge_ends_the_cycles_of_one() {
    let row = |t: usize| {
        let sigma = if (270..420).contains(&t) { [1e-4, 5e-5] } else { [1e-4, 0.0] };
        Row { sigma, ..wave(t, 200, 0.1, 0.5) }
    };
    let cycles = Cycles::of(&history((0..900).map(row)));
    assert_eq!(cycles.all()[1].outcome, CycleOutcome::SecondEigenvalue);
    assert_eq!(cycles.phase(350), None);
    assert!(cycles.all()[2].start() >= 470, "{:?}", cycles.all());
}

#[test]
fn cycles_are_found_by_step() {
    let mut cycles = Cycles::default();
    let mut growing = History::new(2);
    for t in 0..802 {
        push(&mut growing, wave(t, 200, 0.1, 2.0));
        cycles.update(&growing, 1);
    }
    let starts: Vec<usize> = cycles.all().iter().map(Cycle::start).collect();
    assert_eq!(starts, [0, 199, 399, 599], "the two-step mean is half a step early");
    assert_eq!(cycles.at(398), Some(1));
    assert_eq!(cycles.next(199).map(Cycle::start), Some(399));
    assert_eq!(cycles.previous(199).map(Cycle::start), Some(0));
    assert_eq!(cycles.previous(0), None);
    let longest = |steps: std::ops::Range<usize>| cycles.longest(steps).map(Cycle::start);
    assert_eq!((longest(100..260), longest(190..199)), (Some(199), Some(0)), "199 and 200 steps");
    assert_eq!((longest(900..999), longest(0..0)), (None, None));
    let phases = cycles.phases(140..210);
    assert_eq!(phases.len(), 3, "{phases:?}");
    assert_eq!((phases[0].0, phases[2].0), (CyclePhase::Reduction, CyclePhase::Sharpening));

    // A restarted run is processed from its first step.
    cycles.update(&history((0..10).map(|t| wave(t, 200, 0.1, 2.0))), 100);
    assert_eq!((cycles.all().len(), cycles.phase(5)), (0, Some(CyclePhase::Sharpening)));
}
