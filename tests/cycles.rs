//! Cycles of real runs.
#![expect(clippy::unwrap_used, reason = "a test")]

use brink::preset::Preset;
use brink::run::analysis::cycles::{CycleOutcome, Cycles};
use brink::run::engine::assemble::assemble;
use brink::run::engine::problem::Sources;
use brink::run::file::recording;
use brink::run::record::history::History;

fn history(preset: &str, steps: usize) -> History {
    let preset = Preset::load(preset).unwrap();
    let mut engine = assemble(&preset, &Sources::default()).unwrap();
    let mut history = History::new(preset.eigen.max_tracked);
    for _ in 0..steps {
        history.push(&engine.step(preset.optimizer.eta));
    }
    history
}

/// On the default preset: six cycles, each smaller than the one before, then a settled orbit, then a second eigenvalue.
#[test]
fn the_default_run_goes_round_six_times_and_settles() {
    let recording = recording::named("digits-noise").unwrap().as_ref().unwrap();
    let cycles = Cycles::of(&recording.history);
    let found = cycles.all();
    let (settled, cycling) = found.split_last().unwrap();
    assert!(settled.settled && settled.outcome == CycleOutcome::SecondEigenvalue, "{settled:?}");
    assert!(settled.start() < 1110 && settled.end().abs_diff(1380) <= 3, "{settled:?}");
    // the upward crossings of 2/η by the plain two-step mean
    let ups = [215, 378, 602, 835, 979, 1095];
    assert_eq!(cycling.iter().map(|cycle| cycle.bounds[1]).collect::<Vec<_>>(), ups, "{found:?}");
    assert!(
        cycling.iter().all(|cycle| !cycle.settled && cycle.outcome == CycleOutcome::Complete),
        "{found:?}"
    );
    // In complete cycles S falls as much as it rose; the last one leads into the settled orbit.
    for cycle in &cycling[..5] {
        assert!(cycle.phases().count() == 4 && cycle.sharpness_drop > 0.0, "{cycle:?}");
    }
}

#[test]
fn digits_with_tanh_go_round_about_seven_times_and_settle() {
    let cycles = Cycles::of(&history("digits-tanh", 1800));
    let found = cycles.all();
    assert!((6..=8).contains(&found.len()), "{found:?}");
    let cycling: Vec<_> = found.iter().filter(|cycle| !cycle.settled).collect();
    // Each is smaller than the previous one, until the orbit is settled.
    assert!(cycling.windows(2).all(|pair| pair[1].peak_sharpness < pair[0].peak_sharpness), "{found:?}");
    assert!(found.last().unwrap().settled, "{found:?}");
    // The upward crossings that the preset's note states.
    for (cycle, up) in cycling.iter().zip([513, 731, 888, 1039, 1206, 1406]) {
        assert!(cycle.bounds[1].abs_diff(up) <= 3, "{cycle:?}");
        assert_eq!(cycle.phases().count(), 4, "{cycle:?}");
    }
}
