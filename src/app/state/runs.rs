//! The other runs that plots draw over the first: forks and saved runs.

use super::Model;
use super::phase::RunPhase;
use crate::picture::view::run_view::{Overlay, RunView};
use crate::run::analysis::curves::Curves;
use crate::run::live::fork::Fork;
use crate::run::live::message::Ending;
use crate::run::record::history::History;
use std::borrow::Cow;

/// A saved run, drawn over the present one; in a snapshot, a copy of a fork too.
#[derive(Debug)]
pub struct Compared {
    /// The name of its file, or what the fork is called.
    pub label: String,
    /// What it recorded.
    pub history: History,
    /// Its first row that is drawn.
    pub from: usize,
    /// What is derived from it.
    pub curves: Curves,
}

impl Compared {
    /// A run that is drawn from its first step on.
    pub fn new(label: String, history: History) -> Self {
        Self { label, history, from: 0, curves: Curves::default() }
    }
}

/// A copy of a run that is drawn over another, its curves to be derived.
pub(super) fn copied(run: &Overlay) -> Compared {
    Compared { from: run.from, ..Compared::new(run.label.to_string(), run.history.clone()) }
}

impl Model {
    /// Brings the derived curves up to the histories, with about so many multiplications for the run and as many again for
    /// all that are drawn over it. Returns whether they are complete.
    pub fn derive_curves(&mut self, budget: usize) -> bool {
        let predictions = self.history.predictions();
        self.curves.follow(predictions.map(|found| self.view.prediction.output(found.examples())));
        let smoothing = self.view.smoothing_steps;
        let mut complete = self.curves.update(&self.history, smoothing, budget);
        let forks = self.forks.list();
        self.fork_curves.retain(|(id, _)| forks.iter().any(|fork| fork.id == *id));
        let share = budget / (forks.len() + self.compared.len()).max(1);
        for fork in forks {
            let place = self.fork_curves.iter().position(|(id, _)| *id == fork.id);
            let place = place.unwrap_or_else(|| {
                self.fork_curves.push((fork.id, Curves::default()));
                self.fork_curves.len() - 1
            });
            complete &= self.fork_curves[place].1.update(&fork.history, smoothing, share);
        }
        for run in &mut self.compared {
            complete &= run.curves.update(&run.history, smoothing, share);
        }
        complete & self.beside.derive_curves(budget)
    }

    /// Recorded steps of the run and its forks, and how many forks there are.
    pub(crate) fn recorded(&self) -> (usize, usize) {
        let forks = self.forks.list();
        (forks.iter().map(|fork| fork.history.rows()).sum::<usize>() + self.history.rows(), forks.len())
    }

    /// Whether the run or a fork has not come to its end.
    pub(crate) fn is_live(&self) -> bool {
        !matches!(self.phase, RunPhase::Ended(_)) || self.forks.are_live()
    }

    /// Whether the run or a fork can take a step.
    pub(crate) fn can_go_on(&self) -> bool {
        let is_live = matches!(self.phase, RunPhase::Training | RunPhase::Paused);
        is_live || self.forks.are_live() || self.beside.are_live()
    }

    /// Whether the run takes steps now, or where it has ended a fork or a run beside it.
    pub(crate) fn is_playing(&self) -> bool {
        match self.phase {
            RunPhase::Training => true,
            RunPhase::Paused => false,
            RunPhase::Ended(_) | RunPhase::Failed => self.forks.are_playing() || self.beside.are_playing(),
        }
    }

    /// Whether the run has taken all its steps, and can take more.
    pub(crate) fn has_taken_all(&self) -> bool {
        let ended = matches!(self.phase, RunPhase::Ended(Ending::AllSteps | Ending::MemoryBudget { .. }));
        ended && self.recording.is_none()
    }

    /// Bytes of the derived curves, and of the saved runs that are drawn over this one.
    pub(crate) fn extra_bytes(&self) -> usize {
        let forks: usize = self.fork_curves.iter().map(|(_, curves)| curves.most_bytes()).sum();
        let saved = self.compared.iter().map(|run| run.history.heap_bytes() + run.curves.most_bytes());
        let beside = self.beside.runs().iter().map(|run| run.curves.most_bytes());
        self.curves.most_bytes() + forks + saved.chain(beside).sum::<usize>()
    }

    /// The first and the last step in sight that any run has recorded.
    pub fn shown_steps(&self) -> [usize; 2] {
        let overlays = self.overlays();
        let rows = RunView { overlays: &overlays, ..self.run_view() }.shown_rows();
        [*rows.start(), *rows.end()]
    }

    /// Recorded steps of the longest run: this one, a fork or a saved one.
    pub fn most_rows(&self) -> usize {
        let forks = self.forks.list().iter().map(|fork| fork.history.rows());
        let compared = self.compared.iter().map(|run| run.history.rows());
        forks.chain(compared).fold(self.history.rows(), usize::max)
    }

    /// The other runs that plots draw over this one.
    pub fn overlays(&self) -> Vec<Overlay<'_>> {
        let forks = self.forks.list().iter().map(|fork| Overlay {
            label: fork.label().into(),
            history: &fork.history,
            from: fork.step,
            curves: self.fork_curves.iter().find(|(id, _)| *id == fork.id).map(|(_, curves)| curves),
        });
        let compared = self.compared.iter().map(|run| Overlay {
            label: Cow::Borrowed(&*run.label),
            history: &run.history,
            from: run.from,
            curves: Some(&run.curves),
        });
        forks.chain(compared).collect()
    }

    /// The fork chosen in the tree; none where it is the first run.
    fn chosen_fork(&self) -> Option<&Fork> {
        self.fork_form.parent.and_then(|id| self.forks.list().iter().find(|fork| fork.id == id))
    }

    /// The step at which the next fork leaves its run: the cursor's, or the one that comes next in that run.
    pub fn departure(&self) -> usize {
        let taken = self.chosen_fork().map_or(self.history.rows(), |fork| fork.history.rows());
        self.view.cursor.unwrap_or(taken)
    }

    /// The learning rate of the run that is steered: the one chosen in the tree.
    pub fn steered_eta(&self) -> f64 {
        self.chosen_fork().map_or(self.eta, Fork::eta)
    }
}
