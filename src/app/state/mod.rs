//! What the window shows: everything about the run and the viewer's choices, as plain data.

pub(crate) mod banner;
pub(crate) mod beside;
pub(crate) mod export;
pub(crate) mod form;
pub(crate) mod gaps;
pub(crate) mod layout;
pub(crate) mod look;
pub(crate) mod notices;
pub(crate) mod page;
pub(crate) mod phase;
pub(crate) mod playback;
pub(crate) mod runs;
pub(crate) mod settings;
pub(crate) mod shown;
pub(crate) mod tour;

use crate::picture::scene::landscape::of_landscape_after;
use crate::picture::view::camera::Camera;
use crate::picture::view::panel::Panel;
use crate::picture::view::run_view::{InspectionScope, RunView};
use crate::picture::view::scene::Scene;
use crate::picture::view::scene_view::SceneView;
use crate::picture::view::{Facts, ViewState};
use crate::preset::DataName;
use crate::preset::Preset;
use crate::run::analysis::curves::Curves;
use crate::run::engine::breakpoint::{Breakpoint, Hit};
use crate::run::file::recording::Recording;
use crate::run::live::fork::Forks;
use banner::Banner;
use export::ExportForm;
use form::BreakpointForm;
use form::ForkForm;
use form::SessionForm;
use form::{Form, Search};
use phase::RunPhase;

use crate::run::live::spectra::Spectra;
use crate::run::record::history::History;
use crate::run::record::series::Series;
use beside::Beside;
use brink_core::dynamics::{Event, Inspection};
use egui::Theme;
use layout::{Arrangement, Dock, SavedLayout, Tree};
use look::Appearance;
use playback::Playback;
use runs::{Compared, copied};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tour::Tour;

/// Everything the window shows. Views borrow it; only [`super::lab::Lab`] changes it.
#[derive(Debug)]
pub struct Model {
    /// The presets of the menu, by name.
    pub presets: Vec<(String, Preset)>,
    /// The one that runs.
    pub preset: usize,
    /// The recording that plays in its place.
    pub recording: Option<Arc<Recording>>,
    /// It with changes, where the tour has made some.
    pub variant: Option<Preset>,
    /// What was recorded.
    pub history: History,
    /// What is derived from it.
    pub curves: Curves,
    /// The step that was looked into last.
    pub inspection: Option<Inspection>,
    /// Weight space, as it was computed last.
    pub scene: Option<Arc<Scene>>,
    /// The rows and the learning rate that a landscape was drawn with.
    scene_state: (usize, Option<u64>),
    /// The Hessian's spectra, as far as they are computed.
    pub spectra: Spectra,
    /// Where the run comes from.
    pub facts: Facts,
    /// The viewer's choices for the plots.
    pub view: ViewState,
    /// What the run is doing.
    pub phase: RunPhase,
    /// The learning rate asked for.
    pub eta: f64,
    /// Steps a second asked for; `None` is unlimited.
    pub speed: Option<f64>,
    /// Steps a second at present.
    pub steps_per_second: Option<f64>,
    /// Number of parameters.
    pub parameters: usize,
    /// Light or dark.
    pub theme: Theme,
    /// Messages above the plots, newest last.
    pub banners: Vec<Banner>,
    /// The form that is open.
    pub form: Option<Form>,
    /// What is typed into the palette.
    pub search: Search,
    /// The export form.
    pub export: ExportForm,
    /// The cursor's own motion.
    pub playback: Playback,
    /// How the panels are arranged.
    pub tree: Tree,
    /// SavedLayout layouts.
    pub layouts: Vec<SavedLayout>,
    /// The name in the layout form.
    pub layout_name: String,
    /// Which panel the layout form puts where.
    pub dock: Dock,
    /// Whether the window shows plots for a projector.
    pub presenter: bool,
    /// Where the run is to stop by itself; they stay for the next run of the same preset.
    pub breakpoints: Vec<Breakpoint>,
    /// Where it did.
    pub hits: Vec<Hit>,
    /// Runs that left this one.
    pub forks: Forks,
    /// Runs that train beside this one.
    pub beside: Beside,
    /// SavedLayout runs to compare with.
    pub compared: Vec<Compared>,
    /// The form of the sessions.
    pub session: SessionForm,
    /// Runs that a crash has left, the newest first.
    pub unfinished: Vec<PathBuf>,
    /// What is derived from the forks' histories, by their numbers.
    pub(super) fork_curves: Vec<(usize, Curves)>,
    /// The form of the forks, as edited.
    pub fork_form: ForkForm,
    /// The form of the breakpoints, as edited.
    pub breakpoint_form: BreakpointForm,
    /// The guided tour.
    pub tour: Tour,
    /// The smoothing that was set for a preset, by its name; without one, the preset's own counts.
    pub smoothing: BTreeMap<String, f64>,
    /// Width and height of the window in points, once they are known.
    pub window_size: Option<[f32; 2]>,
    /// Keys of the settings that this version does not know, to be kept.
    pub other_settings: toml::Table,
    /// The user's own look while the tour has one.
    pub own_look: Option<Appearance>,
}

impl Model {
    /// Shows a preset before its first step.
    pub fn new(presets: Vec<(String, Preset)>, preset: usize) -> Self {
        let mut model = Self {
            presets,
            preset: 0,
            variant: None,
            recording: None,
            history: History::default(),
            curves: Curves::default(),
            inspection: None,
            spectra: Spectra::default(),
            scene: None,
            scene_state: (0, None),
            facts: Facts::default(),
            view: ViewState::default(),
            phase: RunPhase::Paused,
            eta: 0.0,
            speed: None,
            steps_per_second: None,
            parameters: 0,
            theme: Theme::Light,
            banners: Vec::new(),
            form: None,
            search: Search::default(),
            export: ExportForm::default(),
            playback: Playback::default(),
            tree: Arrangement::default_tree(),
            layouts: Vec::new(),
            layout_name: String::new(),
            dock: Dock::default(),
            presenter: false,
            breakpoints: Vec::new(),
            hits: Vec::new(),
            forks: Forks::default(),
            beside: Beside::default(),
            compared: Vec::new(),
            session: SessionForm::default(),
            unfinished: Vec::new(),
            fork_curves: Vec::new(),
            fork_form: ForkForm::default(),
            breakpoint_form: BreakpointForm::default(),
            smoothing: BTreeMap::new(),
            window_size: None,
            other_settings: toml::Table::new(),
            tour: Tour::new().unwrap_or_else(|_| Tour::of(Vec::new())),
            own_look: None,
        };
        model.choose(preset);
        model
    }

    /// Takes facts, learning rate and view of a preset of the menu.
    pub fn choose(&mut self, preset: usize) {
        self.choose_with(preset, None);
    }

    /// As [`Model::choose`], with changes.
    pub fn choose_variant(&mut self, preset: usize, variant: Preset) {
        self.choose_with(preset, Some(variant));
    }

    /// Takes facts and view of a recording.
    pub fn choose_recording(&mut self, recording: &Arc<Recording>) {
        let known = self.presets.iter().position(|(name, _)| *name == recording.name);
        let place = known.unwrap_or_else(|| {
            self.presets.push((recording.name.clone(), recording.preset.clone()));
            self.presets.len() - 1
        });
        self.choose_with(place, Some(recording.preset.clone()));
        self.facts.title = format!("{} (a recording)", self.title(place));
        self.facts.recorded = true;
        self.recording = Some(Arc::clone(recording));
        self.speed = self.speed.or(Some(RECORDED_SPEED));
    }

    fn choose_with(&mut self, preset: usize, variant: Option<Preset>) {
        // a run of something else says nothing about this one, and takes the axes; its stops are not meant for this one
        if preset != self.preset || variant.is_some() {
            self.compared.clear();
            self.breakpoints.clear();
        }
        (self.preset, self.variant, self.recording) = (preset, variant, None);
        let (name, _) = &self.presets[preset];
        let (name, chosen) = (name.clone(), self.current().clone());
        self.facts = Facts::of(&name, &chosen, String::new());
        self.eta = chosen.optimizer.eta;
        self.speed = chosen.view.speed;
        // a variant says itself how it is to be looked at
        let own_smoothing = self.smoothing.get(&name).copied().filter(|_| self.variant.is_none());
        self.view = ViewState {
            log: chosen
                .view
                .log
                .iter()
                .filter_map(|log| Panel::ALL.into_iter().find(|panel| panel.name() == log.name()))
                .collect(),
            smoothing_steps: own_smoothing.unwrap_or(chosen.view.smoothing),
            show_central_flow: self.view.show_central_flow,
            show_phases: self.view.show_phases,
            scene: SceneView { above: Camera::START, orbit: Camera::START, ..self.view.scene.clone() },
            ..ViewState::default()
        };
        self.export.suggest_path(&name, true);
        self.session.suggest(&name);
        self.clear();
    }

    /// Forgets what was recorded.
    pub fn clear(&mut self) {
        let max_tracked = self.current().eigen.max_tracked;
        self.history = History::new(max_tracked);
        self.curves = Curves::default();
        self.inspection = None;
        self.spectra = Spectra::default();
        self.scene = None;
        self.banners.retain(|banner| banner.offers_unfinished);
        self.steps_per_second = None;
        self.view.visible = None;
        self.view.cursor = None;
        self.view.hover = None;
        self.view.ranges.clear();
        (self.playback.playing, self.playback.looping) = (false, false);
        self.hits.clear();
        self.forks.clear();
        self.beside.clear();
        self.fork_curves.clear();
        self.fork_form = ForkForm { parent: None, eta: smaller(self.eta) };
    }

    /// The title of a preset of the menu.
    pub fn title(&self, place: usize) -> &str {
        let (name, preset) = &self.presets[place];
        if preset.title.is_empty() { name } else { &preset.title }
    }

    /// Whether the preset that runs takes its data from a directory of the user's.
    pub fn needs_directory(&self) -> bool {
        takes_directory(self.current())
    }

    /// Lets all presets that take their data from a directory take it from this one.
    pub fn set_directory(&mut self, directory: &Path) {
        for (_, preset) in self.presets.iter_mut().filter(|(_, preset)| takes_directory(preset)) {
            if let Some(data) = &mut preset.data {
                data.path = Some(directory.to_path_buf());
            }
        }
    }

    /// The preset that runs.
    pub fn current(&self) -> &Preset {
        self.variant.as_ref().unwrap_or(&self.presets[self.preset].1)
    }

    /// Which steps are looked into: while it trains only the cursor's.
    fn looking(&self) -> InspectionScope {
        match self.phase {
            _ if self.recording.is_some() => InspectionScope::Nowhere,
            RunPhase::Training => InspectionScope::AtCursor,
            RunPhase::Paused | RunPhase::Ended(_) | RunPhase::Failed => InspectionScope::Everywhere,
        }
    }

    /// Whether the run of this number is the one that the tour speaks of.
    pub(super) fn tour_runs(&self, run: u64) -> bool {
        self.tour.guides && self.tour.run == Some(run)
    }

    /// What the panels read.
    pub fn run_view(&self) -> RunView<'_> {
        RunView {
            history: &self.history,
            curves: &self.curves,
            inspection: self.inspection.as_ref(),
            looking: self.looking(),
            spectra: Some(&self.spectra),
            scene: self.scene.as_ref(),
            facts: &self.facts,
            state: &self.view,
            controls: true,
            switches: true,
            overlays: &[],
            beside: self.beside.runs(),
        }
    }

    /// What the window's title says: preset, seed, learning rates and version.
    pub fn window_title(&self) -> String {
        let changes = self.history.events().iter().filter_map(|(step, event)| match event {
            Event::EtaChanged { eta } if *step > 0 => Some(format!("{eta} from step {step}")),
            _ => None,
        });
        let first = self.history.value(Series::Eta, 0).unwrap_or(self.eta).to_string();
        let mut etas: Vec<String> = std::iter::once(first).chain(changes).collect();
        if etas.len() > ETAS {
            etas.splice(1..etas.len() - 1, ["…".to_owned()]);
        }
        let Facts { seed, version, .. } = &self.facts;
        format!("Brink – {} · seed {seed} · η = {} · {version}", self.title(self.preset), etas.join(", "))
    }

    /// Draws weight space anew, where the preset has two weights, something was recorded and the panel is shown.
    pub(super) fn look_at_landscape(&mut self) {
        let shown =
            self.current().landscape.is_some() && layout::shown(&self.tree).contains(&Panel::WeightSpace);
        let Some(row) = self.row().filter(|_| shown) else { return };
        // where the tour has gone back to a step, its plots end there
        let shown = if self.tour.guides { *self.run_view().shown_rows().end() } else { usize::MAX - 1 };
        let rows = self.history.rows().min(shown.max(row) + 1);
        let state = (rows, self.history.value(Series::Eta, row).map(f64::to_bits));
        if self.scene.is_none() || self.scene_state != state {
            self.scene_state = state;
            let before = self.scene.as_deref();
            let shorter = (rows < self.history.rows()).then(|| self.history.until(rows));
            let history = shorter.as_ref().unwrap_or(&self.history);
            self.scene = of_landscape_after(self.current(), history, row, before).map(Arc::new);
        }
    }

    /// A copy for a thread that writes it down: everything but the curves, which that thread derives anew.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        Self {
            presets: self.presets.clone(),
            preset: self.preset,
            variant: self.variant.clone(),
            recording: self.recording.clone(),
            history: self.history.clone(),
            curves: Curves::default(),
            inspection: self.inspection.clone(),
            spectra: Spectra { progress: None, ..self.spectra.clone() },
            scene: self.scene.clone(),
            scene_state: self.scene_state,
            facts: self.facts.clone(),
            view: ViewState { hover: None, pointed: None, ..self.view.clone() },
            phase: self.phase.clone(),
            eta: self.eta,
            speed: self.speed,
            steps_per_second: self.steps_per_second,
            parameters: self.parameters,
            theme: self.theme,
            banners: self.banners.clone(),
            form: None,
            search: Search::default(),
            export: self.export.clone(),
            playback: self.playback,
            tree: self.tree.clone(),
            layouts: self.layouts.clone(),
            layout_name: String::new(),
            dock: Dock::default(),
            presenter: self.presenter,
            breakpoints: self.breakpoints.clone(),
            hits: self.hits.clone(),
            forks: Forks::default(),
            beside: self.beside.copied(),
            // of a fork, its history is all that is written down
            compared: self.overlays().iter().map(copied).collect(),
            session: SessionForm::default(),
            unfinished: Vec::new(),
            fork_curves: Vec::new(),
            fork_form: ForkForm::default(),
            breakpoint_form: BreakpointForm::default(),
            smoothing: BTreeMap::new(),
            window_size: None,
            other_settings: toml::Table::new(),
            tour: self.tour.clone(),
            own_look: None,
        }
    }

    /// Whether every panel that may have a logarithmic axis has one.
    pub fn all_log(&self) -> bool {
        Panel::ALL.into_iter().filter(|panel| panel.may_be_log()).all(|panel| self.view.log.contains(&panel))
    }

    /// The row the facts are about: the cursor's, or the newest.
    pub fn row(&self) -> Option<usize> {
        let newest = self.history.rows().checked_sub(1)?;
        Some(self.view.cursor.map_or(newest, |cursor| cursor.min(newest)))
    }

    /// How many of gradient descent's tracked eigenvalues are at 2/η, within 1.5%, or above it at a row; of the central flow's, how many
    /// are candidates, where it runs.
    pub fn at_edge(&self, row: usize) -> Option<usize> {
        let value = |series| self.history.value(series, row);
        if let Some(eta) = value(Series::Eta)
            && let Some(_) = value(Series::GdLambda(0))
        {
            let over = |i: &usize| value(Series::GdLambda(*i)).is_some_and(|lambda| eta * lambda >= EDGE);
            return Some((0..self.history.max_tracked()).take_while(over).count());
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        value(Series::CfCritical).map(|critical| critical as usize)
    }
}

fn takes_directory(preset: &Preset) -> bool {
    preset.data.as_ref().is_some_and(|data| data.name == DataName::Cifar10)
}

/// Nine tenths of a learning rate, in three digits: what a fork tries at first.
fn smaller(eta: f64) -> f64 {
    format!("{:.2e}", 0.9 * eta).parse().unwrap_or(eta)
}

/// Steps a second of a recording, unless its preset says otherwise.
const RECORDED_SPEED: f64 = 60.0;

/// Learning rates that the window's title names.
const ETAS: usize = 4;

/// Where gradient descent counts as at the edge: its sharpness flickers about 2/η with period 2.
const EDGE: f64 = 1.97;
