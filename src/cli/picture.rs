//! The window's panels, drawn without a window.

use anyhow::Context;
use brink::picture::file::export::{SUMMARY_SIZE, StepExtras, subject, summary_png};
use brink::picture::scene::landscape::of_landscape;
use brink::picture::scene::of_view::{self, of_paths};
use brink::picture::view::panel::Panel;
use brink::picture::view::run_view::RunView;
use brink::picture::view::scene::Scene;
use brink::picture::view::scene_view::SceneView;
use brink::picture::view::{Facts, ViewState};
use brink::preset::Preset;
use brink::run::analysis::curves::Curves;
use brink::run::file::recording::Recording;
use brink::run::live::spectra::{FoundSpectra, Spectra};
use brink::run::record::history::History;
use brink::run::start::address::Address;
use brink::run::start::compute::{ComputeError, Walk};
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

/// The content of a picture.
#[derive(Clone)]
pub(super) enum Subject {
    /// The six plots.
    Plots,
    /// One panel.
    Panel(Panel),
    /// The panels of a layout.
    #[cfg(feature = "window")]
    Layout(brink::app::Arrangement),
}

impl Subject {
    /// The content that `--panel` and `--layout` name.
    ///
    /// # Errors
    /// If there is no such panel or layout.
    pub fn named(panel: Option<&str>, layout: Option<&str>) -> anyhow::Result<Self> {
        match (panel, layout) {
            (Some(name), _) => {
                let known = Panel::ALL.map(Panel::name).join(", ");
                let panel = Panel::ALL.into_iter().find(|panel| panel.name() == name);
                let panel = panel
                    .with_context(|| format!("--panel {name}: there is no such panel; there are {known}"));
                Ok(Self::Panel(panel?))
            }
            (None, Some(name)) => Self::layout(name),
            (None, None) => Ok(Self::Plots),
        }
    }

    #[cfg(feature = "window")]
    fn layout(name: &str) -> anyhow::Result<Self> {
        use brink::app::Arrangement;
        let known = Arrangement::BUILT_IN.map(|layout| layout.name()).join(", ");
        let layout = Arrangement::BUILT_IN.into_iter().find(|layout| layout.name() == name);
        let layout =
            layout.with_context(|| format!("--layout {name}: there is no such layout; there are {known}"));
        Ok(Self::Layout(layout?))
    }

    #[cfg(not(feature = "window"))]
    fn layout(name: &str) -> anyhow::Result<Self> {
        anyhow::bail!("--layout {name}: this brink was built without the feature `window`; --panel draws one")
    }

    /// Its panels, if they were selected.
    pub fn panels(&self) -> Vec<Panel> {
        match self {
            Self::Plots => Vec::new(),
            Self::Panel(panel) => vec![*panel],
            #[cfg(feature = "window")]
            Self::Layout(layout) => layout.panels(),
        }
    }

    /// Default width and height of its picture, in points.
    pub fn size(&self) -> egui::Vec2 {
        match self {
            Self::Panel(panel) => panel.picture_size().into(),
            _ => SUMMARY_SIZE,
        }
    }

    /// Draws it.
    pub fn ui(self) -> impl FnMut(&mut egui::Ui, &RunView) {
        move |ui, view| match &self {
            Self::Plots => subject(None)(ui, view),
            Self::Panel(panel) => subject(Some(*panel))(ui, view),
            #[cfg(feature = "window")]
            Self::Layout(layout) => brink::app::arranged_ui(ui, layout, view),
        }
    }

    /// Computes the data of a step that it shows in addition to the record.
    ///
    /// # Errors
    /// If its only panel would remain empty. Among other panels, such a panel shows the reason itself.
    pub fn look(
        &self,
        run: (&Preset, &History),
        recording: Option<&Recording>,
        walk: Option<&mut Walk>,
        step: usize,
    ) -> anyhow::Result<StepExtras> {
        match self {
            Self::Plots => look(None, run, recording, walk, step),
            Self::Panel(panel) => look(Some(*panel), run, recording, walk, step),
            #[cfg(feature = "window")]
            Self::Layout(layout) => {
                let (mut all, mut walk) = (StepExtras::default(), walk);
                for panel in layout.panels() {
                    // three panels show the same inspection of the step
                    let of_step = matches!(panel, Panel::Terms | Panel::SharpnessChange | Panel::Validity);
                    if of_step && all.inspection.is_some() {
                        continue;
                    }
                    let looked = match look(Some(panel), run, recording, walk.as_deref_mut(), step) {
                        Ok(looked) => looked,
                        Err(error) if panel == Panel::Spectrum => {
                            let trouble = match recording {
                                Some(_) => brink::run::live::spectra::RECORDED.to_owned(),
                                None => error.to_string(),
                            };
                            let spectra = Spectra { trouble: Some(trouble), ..Spectra::default() };
                            StepExtras { spectra: Some(spectra), ..StepExtras::default() }
                        }
                        Err(_) => continue,
                    };
                    all.inspection = all.inspection.or(looked.inspection);
                    all.scene = all.scene.or(looked.scene);
                    all.spectra = all.spectra.or(looked.spectra);
                }
                Ok(all)
            }
        }
    }
}

/// Computes the data of a step that a panel, or all plots for `None`, shows in addition to the record.
///
/// # Errors
/// If the panel would remain empty: the step cannot be inspected, or there are no weights.
fn look(
    panel: Option<Panel>,
    (preset, history): (&Preset, &History),
    recording: Option<&Recording>,
    walk: Option<&mut Walk>,
    step: usize,
) -> anyhow::Result<StepExtras> {
    let mut looked = StepExtras::default();
    let two_weights = of_landscape(preset, history, step).map(Arc::new);
    let recorded = || ComputeError::Recorded {
        what: panel.map_or(String::new(), |panel| format!("--panel {}", panel.name())),
        preset: recording.map_or(String::new(), |recording| recording.name.clone()),
    };
    match (panel, walk) {
        (Some(Panel::WeightSpace), walk) => {
            looked.scene = Some(match (two_weights, recording.and_then(|found| found.paths.as_ref())) {
                (Some(scene), _) => scene,
                (None, Some(paths)) => Arc::new(of_paths(paths, history, step)),
                (None, None) => around(walk.ok_or_else(recorded)?, history, step)?,
            });
        }
        (None, _) => looked.scene = two_weights,
        (Some(Panel::Terms | Panel::SharpnessChange), walk) => {
            looked.inspection = Some(walk.ok_or_else(recorded)?.moment(step)?.inspect()?);
        }
        // without the weights it has the checks that do not need them
        (Some(Panel::Validity), Some(walk)) => looked.inspection = walk.moment(step)?.inspect().ok(),
        (Some(Panel::Spectrum), walk) => {
            let mut moment = walk.ok_or_else(recorded)?.moment(step)?;
            let found = FoundSpectra::at(&mut moment, &mut |_| ()).with_context(|| format!("step {step}"))?;
            looked.spectra = Some(Spectra { found: Some(found), ..Spectra::default() });
        }
        (Some(_), _) => {}
    }
    Ok(looked)
}

/// Weight space around a step, along the axes that the window shows first.
fn around(walk: &mut Walk, history: &History, step: usize) -> anyhow::Result<Arc<Scene>> {
    let SceneView { axes, third, .. } = SceneView::default();
    let axes: Vec<_> = axes.into_iter().chain(third).collect();
    Ok(Arc::new(of_view::of_view(&walk.look(step, &axes)?, history)))
}

/// The origin of a run.
pub(super) fn facts(preset: &Preset, address: &Address) -> Facts {
    Facts::of(address.chosen.name(), preset, address.to_string())
}

/// The state of the view that its preset defines.
pub(super) fn state(preset: &Preset) -> ViewState {
    let is_log = |panel: &Panel| preset.view.log.iter().any(|log| log.name() == panel.name());
    ViewState {
        log: Panel::ALL.into_iter().filter(is_log).collect(),
        smoothing_steps: preset.view.smoothing,
        ..ViewState::default()
    }
}
