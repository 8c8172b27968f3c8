//! The other runs that the plots draw over the first run: forks and saved runs.

use super::Model;
use super::beside::Beside;
use super::phase::RunPhase;
use super::run::Run;
use crate::picture::view::Facts;
use crate::picture::view::run_view::{Overlay, RunView};
use crate::preset::Preset;
use crate::run::analysis::curves::Curves;
use crate::run::engine::breakpoint::Breakpoint;
use crate::run::engine::course::Course;
use crate::run::file::recording::Recording;
use crate::run::live::fork::{Fork, Forks};
use crate::run::live::message::Ending;
use crate::run::record::history::History;
use crate::run::record::series::Series;
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

/// All runs of the window, and the origin of the first one.
#[derive(Clone, Debug)]
pub struct Runs {
    /// The presets of the menu, by name.
    pub presets: Vec<(String, Preset)>,
    /// The index of the preset that runs.
    pub preset: usize,
    /// The recording that plays in place of the preset.
    pub recording: Option<Arc<Recording>>,
    /// The preset as modified by the tour.
    pub variant: Option<Preset>,
    /// The origin of the run.
    pub facts: Facts,
    /// The requested steps per second; `None` is unlimited.
    pub speed: Option<f64>,
    /// The run's breakpoints; they stay for the next run of the same preset.
    pub breakpoints: Vec<Breakpoint>,
    /// The first run, which is not a fork.
    pub first: Run,
    /// Forks of the first run.
    pub forks: Forks,
    /// The curves derived from the forks' histories, by fork number.
    pub(in crate::app) fork_curves: Vec<(usize, Curves)>,
    /// Runs that train alongside the first run.
    pub beside: Beside,
    /// Saved runs for comparison.
    pub compared: Vec<Compared>,
    /// Unfinished runs left by crashes, newest first.
    pub unfinished: Vec<PathBuf>,
}

impl Runs {
    /// The state before anything runs.
    pub(super) fn new(presets: Vec<(String, Preset)>) -> Self {
        Self {
            presets,
            preset: 0,
            recording: None,
            variant: None,
            facts: Facts::default(),
            speed: None,
            breakpoints: Vec::new(),
            first: Run::new(Course::new(0.0), 0),
            forks: Forks::default(),
            fork_curves: Vec::new(),
            beside: Beside::default(),
            compared: Vec::new(),
            unfinished: Vec::new(),
        }
    }

    /// Clears the recorded data. The learning rate stays, and so does the phase of the run until another run
    /// begins.
    pub(super) fn clear(&mut self, max_tracked: usize) {
        let anew = Run::new(Course::new(self.first.eta()), max_tracked);
        self.first = Run { phase: self.first.phase.clone(), parameters: self.first.parameters, ..anew };
        self.forks.clear();
        self.fork_curves.clear();
        self.beside.clear();
    }

    /// Drops the state that only threads can continue.
    pub(super) fn forget_threads(&mut self) {
        self.forks = Forks::default();
        self.beside.forget_threads();
        self.first.spectra.progress = None;
        self.unfinished.clear();
    }

    /// Drops the state that can be derived again.
    pub(super) fn forget_curves(&mut self) {
        self.first.curves = Curves::default();
        self.fork_curves.clear();
        self.beside.forget_curves();
    }
}

/// A saved run drawn over the current one; in a snapshot, also a copy of a fork.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The name of its file, or the label of the fork.
    pub label: String,
    /// Its recorded history.
    pub history: History,
    /// The first row that is drawn.
    pub from: usize,
    /// The curves derived from it.
    pub curves: Curves,
}

impl Compared {
    /// A run that is drawn from its first step.
    pub fn new(label: String, history: History) -> Self {
        Self { label, history, from: 0, curves: Curves::default() }
    }
}

/// A copy of a run that is drawn over another one; its curves are not yet derived.
pub(super) fn copied(run: &Overlay) -> Compared {
    Compared { from: run.from, ..Compared::new(run.label.to_string(), run.history.clone()) }
}

impl Model {
    /// Updates the derived curves from the histories. The budget is an approximate number of multiplications
    /// for the run, and the same number again for all runs drawn over it. Returns whether the curves are
    /// complete.
    pub fn derive_curves(&mut self, budget: usize) -> bool {
        let predictions = self.runs.first.history.predictions();
        self.runs
            .first
            .curves
            .follow(predictions.map(|found| self.view.plots.prediction.output(found.examples())));
        let smoothing = self.view.plots.smoothing_steps;
        let mut complete = self.runs.first.curves.update(&self.runs.first.history, smoothing, budget);
        let forks = self.runs.forks.list();
        self.runs.fork_curves.retain(|(id, _)| forks.iter().any(|fork| fork.id == *id));
        let share = budget / (forks.len() + self.runs.compared.len()).max(1);
        for fork in forks {
            let place = self.runs.fork_curves.iter().position(|(id, _)| *id == fork.id);
            let place = place.unwrap_or_else(|| {
                self.runs.fork_curves.push((fork.id, Curves::default()));
                self.runs.fork_curves.len() - 1
            });
            complete &= self.runs.fork_curves[place].1.update(&fork.history, smoothing, share);
        }
        for run in &mut self.runs.compared {
            complete &= run.curves.update(&run.history, smoothing, share);
        }
        complete & self.runs.beside.derive_curves(budget)
    }

    /// The preset with the learning rate of the run's first step.
    pub(in crate::app) fn preset_from_start(&self) -> Preset {
        let mut preset = self.current().clone();
        let first = self.runs.first.history.value(Series::Eta, 0);
        preset.optimizer.eta = first.unwrap_or(preset.optimizer.eta);
        preset
    }

    /// The number of recorded steps of the run and its forks, and the number of forks.
    pub(crate) fn recorded(&self) -> (usize, usize) {
        let forks = self.runs.forks.list();
        (
            forks.iter().map(|fork| fork.history.rows()).sum::<usize>() + self.runs.first.history.rows(),
            forks.len(),
        )
    }

    /// Whether the run or a fork has not yet ended.
    pub(crate) fn is_live(&self) -> bool {
        !matches!(self.runs.first.phase, RunPhase::Ended(_)) || self.runs.forks.are_live()
    }

    /// Whether the run or a fork can take another step.
    pub(crate) fn can_go_on(&self) -> bool {
        let is_live = matches!(self.runs.first.phase, RunPhase::Training | RunPhase::Paused);
        is_live || self.runs.forks.are_live() || self.runs.beside.are_live()
    }

    /// Whether the run is taking steps; after its end, whether a fork or a run alongside it is.
    pub(crate) fn is_playing(&self) -> bool {
        match self.runs.first.phase {
            RunPhase::Training => true,
            RunPhase::Paused => false,
            RunPhase::Ended(_) | RunPhase::Failed => {
                self.runs.forks.are_playing() || self.runs.beside.are_playing()
            }
        }
    }

    /// Whether the run has taken all its steps and can take more.
    pub(crate) fn has_taken_all(&self) -> bool {
        let ended =
            matches!(self.runs.first.phase, RunPhase::Ended(Ending::AllSteps | Ending::MemoryBudget { .. }));
        ended && self.runs.recording.is_none()
    }

    /// The size in bytes of the derived curves and of the saved runs drawn over this one.
    pub(crate) fn extra_bytes(&self) -> usize {
        let forks: usize = self.runs.fork_curves.iter().map(|(_, curves)| curves.most_bytes()).sum();
        let saved = self.runs.compared.iter().map(|run| run.history.heap_bytes() + run.curves.most_bytes());
        let beside = self.runs.beside.runs().iter().map(|run| run.curves.most_bytes());
        self.runs.first.curves.most_bytes() + forks + saved.chain(beside).sum::<usize>()
    }

    /// The first and the last visible step that any run has recorded.
    pub fn shown_steps(&self) -> [usize; 2] {
        let overlays = self.overlays();
        let rows = RunView { overlays: &overlays, ..self.run_view() }.shown_rows();
        [*rows.start(), *rows.end()]
    }

    /// The number of recorded steps of the longest run: this one, a fork or a saved run.
    pub fn most_rows(&self) -> usize {
        let forks = self.runs.forks.list().iter().map(|fork| fork.history.rows());
        let compared = self.runs.compared.iter().map(|run| run.history.rows());
        forks.chain(compared).fold(self.runs.first.history.rows(), usize::max)
    }

    /// The other runs that the plots draw over this one.
    pub fn overlays(&self) -> Vec<Overlay<'_>> {
        let forks = self.runs.forks.list().iter().map(|fork| Overlay {
            label: fork.label().into(),
            history: &fork.history,
            from: fork.step,
            curves: self.runs.fork_curves.iter().find(|(id, _)| *id == fork.id).map(|(_, curves)| curves),
        });
        let compared = self.runs.compared.iter().map(|run| Overlay {
            label: Cow::Borrowed(&*run.label),
            history: &run.history,
            from: run.from,
            curves: Some(&run.curves),
        });
        forks.chain(compared).collect()
    }

    /// The fork chosen in the tree; none if the first run is chosen.
    fn chosen_fork(&self) -> Option<&Fork> {
        self.forms.fork.parent.and_then(|id| self.runs.forks.list().iter().find(|fork| fork.id == id))
    }

    /// The step at which the next fork leaves its parent run: the cursor's step, or the next step of that
    /// run.
    pub fn departure(&self) -> usize {
        let taken = self.chosen_fork().map_or(self.runs.first.history.rows(), |fork| fork.history.rows());
        self.view.plots.cursor.unwrap_or(taken)
    }

    /// The learning rate of the steered run, that is, the run chosen in the tree.
    pub fn steered_eta(&self) -> f64 {
        self.chosen_fork().map_or(self.runs.first.eta(), Fork::eta)
    }
}
