//! Cycles of real runs.
#![expect(clippy::unwrap_used, reason = "a test")]

use brink::run::assemble::{Sources, assemble};
use brink::run::{Cycles, History, Preset};

fn history(preset: &str, steps: usize) -> History {
    let preset = Preset::load(preset).unwrap();
    let mut engine = assemble(&preset, &Sources::default()).unwrap();
    let mut history = History::new(preset.eigen.max_tracked);
    for _ in 0..steps {
        history.push(&engine.step(preset.optimizer.eta));
    }
    history
}

#[test]
fn digits_with_tanh_go_round_about_seven_times_and_settle() {
    let cycles = Cycles::of(&history("digits-tanh", 1800));
    let found = cycles.all();
    assert!((6..=8).contains(&found.len()), "{found:?}");
    let cycling: Vec<_> = found.iter().filter(|cycle| !cycle.settled).collect();
    // Each smaller than the one before, until the orbit is settled.
    assert!(cycling.windows(2).all(|pair| pair[1].peak_sharpness < pair[0].peak_sharpness), "{found:?}");
    assert!(found.last().unwrap().settled, "{found:?}");
    // The upward crossings that the preset's note names.
    for (cycle, up) in cycling.iter().zip([513, 731, 888, 1039, 1206, 1406]) {
        assert!(cycle.bounds[1].abs_diff(up) <= 3, "{cycle:?}");
        assert_eq!(cycle.phases().count(), 4, "{cycle:?}");
    }
}
