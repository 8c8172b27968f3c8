//! Shared by the tests of runs: presets that soon reach the edge, and their engines.

use brink::preset::Preset;
use brink::run::engine::Engine;
use brink::run::engine::assemble::assemble;
use brink::run::engine::problem::Sources;

/// A network at the edge within a hundred steps, or a landscape; in either precision, with every series that is
/// recorded at every step or occasionally.
pub fn small_preset(name: &str, precision: &str) -> Preset {
    let mut preset = Preset::load(name).expect("a built-in preset");
    let mut set = |set: &str| preset.set(set).expect("a key with its value");
    set(&format!("run.precision={precision}"));
    set("run.test_every=7");
    set("run.ema=0.9");
    if name == "digits-mlp" {
        set("data.n=150");
        set("model.width=16");
        set("optimizer.eta=0.3");
    }
    preset
}

/// Its engine.
pub fn engine(preset: &Preset) -> Box<dyn Engine> {
    assemble(preset, &Sources::default()).expect("an engine")
}
