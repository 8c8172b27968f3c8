//! Updates weight space to the cursor or to the run while its panel is shown.

use super::outside::Assemble;
use crate::app::state::phase::RunPhase;
use crate::app::state::{Model, layout};
use crate::picture::scene::of_view::{of_paths, of_view};
use crate::picture::view::panel::Panel;
use crate::picture::view::scene::Scene;
use crate::preset::Preset;
use crate::run::engine::past::Past;
use crate::run::live::lookout::{SurveyClient, Wish};
use crate::run::live::worker::Worker;
use brink_core::space::SpaceView;
use egui::Context;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Error message if the training thread is gone and weight space cannot be evaluated.
const FAILED: &str = "The training thread has failed: nobody is left to look at weight space; start anew";

/// Interval between two progress updates while steps are repeated.
const PROGRESS: Duration = Duration::from_millis(500);

/// Evaluates weight space for one run.
pub(crate) struct WeightSpace {
    lookout: SurveyClient,
    /// The percentage of the steps already repeated, and the number of steps to repeat.
    catching_up: Option<(usize, usize)>,
}

impl WeightSpace {
    /// An evaluator for a run with this past.
    pub fn new(past: &Arc<Past>, assemble: &Arc<Assemble>, preset: Preset, context: &Context) -> Self {
        let (assemble, context) = (Arc::clone(assemble), context.clone());
        let make = Box::new(move || assemble(&preset));
        let lookout = SurveyClient::new(Arc::clone(past), make, move || context.request_repaint());
        Self { lookout, catching_up: None }
    }

    /// Requests what the panel shows, and processes the answers. Returns an error message, if any.
    pub fn update(&mut self, model: &mut Model, worker: &mut Worker, context: &Context) -> Option<String> {
        let shown = layout::shown(&model.layout.tree).contains(&Panel::WeightSpace);
        if model.runs.first.phase == RunPhase::Failed {
            if shown && model.runs.first.scene.is_none() {
                model.runs.first.scene =
                    Some(Arc::new(Scene { note: Some(FAILED.into()), ..Scene::default() }));
            }
            return None;
        }
        let wish = model.row().filter(|_| shown).map(|step| Wish {
            step,
            follows: model.view.plots.cursor.is_none(),
            axes: model.view.plots.scene.seen_axes().collect(),
        });
        let now = Instant::now();
        let changed = match self.lookout.update(worker, wish, now) {
            Ok(changed) => changed,
            Err(reason) => return Some(reason),
        };
        let catching_up = self.lookout.catching_up().map(|[done, all]| (100 * done / all.max(1), all));
        if (changed || catching_up != self.catching_up)
            && let Some(view) = self.lookout.view()
        {
            let mut scene = of_view(view, &model.runs.first.history);
            if let Some((percent, all)) = catching_up {
                let text = format!("the {all} steps before are taken once more for their paths: {percent}%");
                scene.note = Some(scene.note.map_or(text.clone(), |note| format!("{note}; {text}")));
            }
            model.runs.first.scene = Some(Arc::new(scene));
        }
        self.catching_up = catching_up;
        if let Some(due) = self.lookout.due() {
            context.request_repaint_after(due.saturating_duration_since(now));
        }
        if catching_up.is_some() {
            context.request_repaint_after(PROGRESS);
        }
        None
    }
}

/// The paths of a recording up to the played step.
pub(crate) struct RecordedPaths {
    paths: Arc<SpaceView>,
    /// The number of history rows for which the scene was drawn.
    rows: usize,
}

impl RecordedPaths {
    /// The paths before anything is drawn.
    pub fn new(paths: Arc<SpaceView>) -> Self {
        Self { paths, rows: 0 }
    }

    /// Draws the played part while the panel is shown.
    pub fn update(&mut self, model: &mut Model) {
        let Some(row) = model.runs.first.history.rows().checked_sub(1) else { return };
        let known = self.rows == row + 1 && model.runs.first.scene.is_some();
        if known || !layout::shown(&model.layout.tree).contains(&Panel::WeightSpace) {
            return;
        }
        self.rows = row + 1;
        model.runs.first.scene = Some(Arc::new(of_paths(&self.paths, &model.runs.first.history, row)));
    }
}
