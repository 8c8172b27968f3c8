//! The window's panels, drawn without one.

use brink::picture::scene::of_landscape;
use brink::picture::{Curves, Facts, Panel, RunView, ViewState, summary_png};
use brink::run::{Address, History, Preset};
use std::sync::Arc;

/// `summary.png` of a run.
pub(super) fn summary(preset: &Preset, address: &Address, history: &History) -> Result<Vec<u8>, String> {
    let (facts, state) = (facts(preset, address), state(preset));
    let curves = Curves::of(history, state.smoothing_steps);
    let newest = history.rows().saturating_sub(1);
    let scene = of_landscape(preset, history, newest).map(Arc::new);
    let view = RunView { scene: scene.as_ref(), ..RunView::still(history, &curves, &facts, &state) };
    summary_png(&view).map_err(|error| error.to_string())
}

/// Where a run comes from.
pub(super) fn facts(preset: &Preset, address: &Address) -> Facts {
    Facts::of(address.chosen.name(), preset, address.to_string())
}

/// How its preset wants it shown.
pub(super) fn state(preset: &Preset) -> ViewState {
    let is_log = |panel: &Panel| preset.view.log.iter().any(|log| log.name() == panel.name());
    ViewState {
        log: Panel::ALL.into_iter().filter(is_log).collect(),
        smoothing_steps: preset.view.smoothing,
        ..ViewState::default()
    }
}
