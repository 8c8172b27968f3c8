//! The state of the window: everything about the run and the viewer's choices, as plain data.

pub(crate) mod banner;
pub(crate) mod beside;
pub(crate) mod cursor;
pub(crate) mod export;
pub(crate) mod form;
pub(crate) mod gaps;
pub(crate) mod guided;
pub(crate) mod layout;
pub(crate) mod look;
pub(crate) mod notices;
pub(crate) mod page;
pub(crate) mod phase;
pub(crate) mod playback;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod settings;
pub(crate) mod shown;
pub(crate) mod tour;
pub(crate) mod view;
pub(crate) mod window;

use crate::picture::scene::landscape::of_landscape_after;
use crate::picture::view::camera::Camera;
use crate::picture::view::panel::Panel;
use crate::picture::view::run_view::{InspectionScope, RunView};
use crate::picture::view::scene_view::SceneView;
use crate::picture::view::{Facts, ViewState};
use crate::preset::{DataName, Preset};
use crate::run::engine::course::Course;
use crate::run::file::recording::Recording;
use crate::run::record::series::Series;
use banner::Banner;
use brink_core::dynamics::Event;
use form::{ForkForm, Forms};
use phase::RunPhase;
use runs::{Runs, copied};
use std::path::Path;
use std::sync::Arc;
use tour::Tour;
use view::PlotView;
use window::WindowLayout;

/// The complete state of the window, as plain data. Views borrow it; only [`super::lab::Lab`] changes it.
#[derive(Clone, Debug)]
pub struct Model {
    /// The runs: their recorded data and their origin.
    pub runs: Runs,
    /// The viewer's choices for the plots.
    pub view: PlotView,
    /// The arrangement of the window.
    pub layout: WindowLayout,
    /// The forms and their contents.
    pub forms: Forms,
    /// The guided tour.
    pub tour: Tour,
    /// Messages above the plots, newest last.
    pub banners: Vec<Banner>,
}

impl Model {
    /// The state for a preset before its first step.
    pub fn new(presets: Vec<(String, Preset)>, preset: usize) -> Self {
        let mut model = Self {
            runs: Runs::new(presets),
            view: PlotView::default(),
            layout: WindowLayout::default(),
            forms: Forms::default(),
            tour: Tour::new().unwrap_or_else(|_| Tour::of(Vec::new())),
            banners: Vec::new(),
        };
        model.choose(preset);
        model
    }

    /// Takes the facts, learning rate and view of a preset of the menu.
    pub fn choose(&mut self, preset: usize) {
        self.choose_with(preset, None);
    }

    /// Like [`Model::choose`], with a modified preset.
    pub fn choose_variant(&mut self, preset: usize, variant: Preset) {
        self.choose_with(preset, Some(variant));
    }

    /// Takes the facts and view of a recording.
    pub fn choose_recording(&mut self, recording: &Arc<Recording>) {
        let known = self.runs.presets.iter().position(|(name, _)| *name == recording.name);
        let place = known.unwrap_or_else(|| {
            self.runs.presets.push((recording.name.clone(), recording.preset.clone()));
            self.runs.presets.len() - 1
        });
        self.choose_with(place, Some(recording.preset.clone()));
        self.runs.facts.title = format!("{} (a recording)", self.title(place));
        self.runs.facts.recorded = true;
        self.runs.recording = Some(Arc::clone(recording));
        self.runs.speed = self.runs.speed.or(Some(RECORDED_SPEED));
    }

    fn choose_with(&mut self, preset: usize, variant: Option<Preset>) {
        // the runs drawn over another preset, its axes and its breakpoints do not apply to this one
        if preset != self.runs.preset || variant.is_some() {
            self.runs.compared.clear();
            self.runs.breakpoints.clear();
        }
        (self.runs.preset, self.runs.variant, self.runs.recording) = (preset, variant, None);
        let (name, _) = &self.runs.presets[preset];
        let (name, chosen) = (name.clone(), self.current().clone());
        self.runs.facts = Facts::of(&name, &chosen, String::new());
        (self.runs.first.course, self.runs.first.eta_sent) = (Course::new(chosen.optimizer.eta), None);
        self.runs.speed = chosen.view.speed;
        // a variant specifies its own view
        let own_smoothing = self.view.smoothing.get(&name).copied().filter(|_| self.runs.variant.is_none());
        self.view.plots = ViewState {
            log: chosen
                .view
                .log
                .iter()
                .filter_map(|log| Panel::ALL.into_iter().find(|panel| panel.name() == log.name()))
                .collect(),
            smoothing_steps: own_smoothing.unwrap_or(chosen.view.smoothing),
            show_central_flow: self.view.plots.show_central_flow,
            show_phases: self.view.plots.show_phases,
            scene: SceneView { above: Camera::START, orbit: Camera::START, ..self.view.plots.scene.clone() },
            ..ViewState::default()
        };
        self.forms.export.suggest_path(&name, true);
        self.forms.session.suggest(&name);
        self.clear();
    }

    /// Clears the recorded data.
    pub fn clear(&mut self) {
        let max_tracked = self.current().eigen.max_tracked;
        self.runs.clear(max_tracked);
        self.banners.retain(|banner| banner.offers_unfinished);
        let plots = &mut self.view.plots;
        (plots.visible, plots.cursor, plots.hover) = (None, None, None);
        plots.ranges.clear();
        (self.view.playback.playing, self.view.playback.looping) = (false, false);
        self.forms.fork = ForkForm { parent: None, eta: smaller(self.runs.first.eta()) };
    }

    /// The title of a preset of the menu, given by its index.
    pub fn title(&self, place: usize) -> &str {
        let (name, preset) = &self.runs.presets[place];
        if preset.title.is_empty() { name } else { &preset.title }
    }

    /// Whether the current preset takes its data from a directory of the user.
    pub fn needs_directory(&self) -> bool {
        takes_directory(self.current())
    }

    /// Sets the directory for all presets that take their data from a directory.
    pub fn set_directory(&mut self, directory: &Path) {
        for (_, preset) in self.runs.presets.iter_mut().filter(|(_, preset)| takes_directory(preset)) {
            if let Some(data) = &mut preset.data {
                data.path = Some(directory.to_path_buf());
            }
        }
    }

    /// The current preset.
    pub fn current(&self) -> &Preset {
        self.runs.variant.as_ref().unwrap_or(&self.runs.presets[self.runs.preset].1)
    }

    /// The steps that are inspected: during training, only the cursor's step.
    fn looking(&self) -> InspectionScope {
        match self.runs.first.phase {
            _ if self.runs.recording.is_some() => InspectionScope::Nowhere,
            RunPhase::Training => InspectionScope::AtCursor,
            RunPhase::Paused | RunPhase::Ended(_) | RunPhase::Failed => InspectionScope::Everywhere,
        }
    }

    /// Whether the run with this number belongs to the tour.
    pub(super) fn tour_runs(&self, run: u64) -> bool {
        self.tour.guides && self.tour.run == Some(run)
    }

    /// The data that the panels read.
    pub fn run_view(&self) -> RunView<'_> {
        RunView {
            history: &self.runs.first.history,
            curves: &self.runs.first.curves,
            inspection: self.runs.first.inspection.as_ref(),
            looking: self.looking(),
            spectra: Some(&self.runs.first.spectra),
            scene: self.runs.first.scene.as_ref(),
            facts: &self.runs.facts,
            state: &self.view.plots,
            controls: true,
            switches: true,
            overlays: &[],
            beside: self.runs.beside.runs(),
        }
    }

    /// The title of the window: preset, seed, learning rates and version.
    pub fn window_title(&self) -> String {
        let changes = self.runs.first.history.events().iter().filter_map(|(step, event)| match event {
            Event::EtaChanged { eta } if *step > 0 => Some(format!("{eta} from step {step}")),
            _ => None,
        });
        let first =
            self.runs.first.history.value(Series::Eta, 0).unwrap_or(self.runs.first.eta()).to_string();
        let mut etas: Vec<String> = std::iter::once(first).chain(changes).collect();
        if etas.len() > ETAS {
            etas.splice(1..etas.len() - 1, ["…".to_owned()]);
        }
        let Facts { seed, version, .. } = &self.runs.facts;
        format!(
            "Brink – {} · seed {seed} · η = {} · {version}",
            self.title(self.runs.preset),
            etas.join(", ")
        )
    }

    /// Redraws weight space if the preset has two weights, steps are recorded and the panel is shown.
    pub(super) fn look_at_landscape(&mut self) {
        let shown = self.current().landscape.is_some()
            && layout::shown(&self.layout.tree).contains(&Panel::WeightSpace);
        let Some(row) = self.row().filter(|_| shown) else { return };
        // if the tour has gone back to a step, its plots end there
        let shown = if self.tour.guides { *self.run_view().shown_rows().end() } else { usize::MAX - 1 };
        let rows = self.runs.first.history.rows().min(shown.max(row) + 1);
        let state = (rows, self.runs.first.history.value(Series::Eta, row).map(f64::to_bits));
        if self.runs.first.scene.is_none() || self.runs.first.scene_state != state {
            self.runs.first.scene_state = state;
            let before = self.runs.first.scene.as_deref();
            let shorter =
                (rows < self.runs.first.history.rows()).then(|| self.runs.first.history.until(rows));
            let history = shorter.as_ref().unwrap_or(&self.runs.first.history);
            self.runs.first.scene = of_landscape_after(self.current(), history, row, before).map(Arc::new);
        }
    }

    /// A copy for a thread that writes it to a file: everything except the curves, which that thread derives
    /// again.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        let mut copy = self.clone();
        // of a fork, only its history is written
        copy.runs.compared = self.overlays().iter().map(copied).collect();
        copy.runs.forget_threads();
        copy.runs.forget_curves();
        copy.view.forget_pointer();
        copy.forms = Forms { export: copy.forms.export, ..Forms::default() };
        copy
    }

    /// Whether every panel that supports a logarithmic axis uses one.
    pub fn all_log(&self) -> bool {
        Panel::ALL
            .into_iter()
            .filter(|panel| panel.may_be_log())
            .all(|panel| self.view.plots.log.contains(&panel))
    }

    /// The row that the facts describe: the cursor's row, or the newest.
    pub fn row(&self) -> Option<usize> {
        let newest = self.runs.first.history.rows().checked_sub(1)?;
        Some(self.view.plots.cursor.map_or(newest, |cursor| cursor.min(newest)))
    }

    /// The number of tracked eigenvalues of gradient descent that are above 2/η or within 1.5% of it at a
    /// row; if the central flow runs, the number of its candidates.
    pub fn at_edge(&self, row: usize) -> Option<usize> {
        let value = |series| self.runs.first.history.value(series, row);
        if let Some(eta) = value(Series::Eta)
            && let Some(_) = value(Series::GdLambda(0))
        {
            let over = |i: &usize| value(Series::GdLambda(*i)).is_some_and(|lambda| eta * lambda >= EDGE);
            return Some((0..self.runs.first.history.max_tracked()).take_while(over).count());
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        value(Series::CfCritical).map(|critical| critical as usize)
    }
}

fn takes_directory(preset: &Preset) -> bool {
    preset.data.as_ref().is_some_and(|data| data.name == DataName::Cifar10)
}

/// Nine tenths of a learning rate, rounded to three digits: the initial value for a fork.
fn smaller(eta: f64) -> f64 {
    format!("{:.2e}", 0.9 * eta).parse().unwrap_or(eta)
}

/// Steps per second of a recording, unless its preset specifies a speed.
const RECORDED_SPEED: f64 = 60.0;

/// Maximum number of learning rates in the window's title.
const ETAS: usize = 4;

/// The threshold at which gradient descent counts as at the edge: its sharpness oscillates around 2/η with
/// period 2.
const EDGE: f64 = 1.97;
