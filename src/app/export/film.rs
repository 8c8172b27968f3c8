//! The data that an animation shows for each step in addition to the recorded data. The thread that writes it
//! has its own replay thread; the replay thread of the window continues to follow the cursor.

use crate::app::state::{Model, layout};
use crate::app::work::outside::Assemble;
use crate::picture::file::export::StepExtras;
use crate::picture::file::png::PngError;
use crate::picture::scene::landscape::of_landscape;
use crate::picture::scene::of_view::{of_paths, of_view};
use crate::picture::view::panel::Panel;
use crate::run::engine::past::Past;
use crate::run::live::lookout::{self, REPLAYED_HALF};
use crate::run::live::replay::{Make, Moment, Replay, Reply};
use crate::run::live::spectra::{FoundSpectra, Spectra};
use brink_core::dynamics::{InspectError, Inspection};
use brink_core::space::{Axis, Budget, SpaceView, Trail};
use std::sync::Arc;

/// Why an animation cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilmError {
    /// A picture cannot be encoded.
    #[error(transparent)]
    Png(#[from] PngError),
    /// A step cannot be inspected.
    #[error("{0}")]
    Look(String),
}

/// The means for recomputing a run's steps.
pub(crate) struct Reel {
    past: Arc<Past>,
    make: Box<Make>,
}

impl Reel {
    /// The reel for a run with this past and the preset of the state, if the requested animation needs one.
    pub fn of(model: &Model, past: &Arc<Past>, assemble: &Arc<Assemble>) -> Option<Self> {
        let two = model.current().landscape.as_ref().is_some_and(|landscape| landscape.start.len() == 2);
        let needs = |panel: &Panel| {
            Panel::INSPECTED.contains(panel)
                || *panel == Panel::Spectrum
                || *panel == Panel::WeightSpace && !two
        };
        if model.runs.recording.is_some() || !filmed(model).iter().any(needs) {
            return None;
        }
        let mut preset = model.current().clone();
        preset.optimizer.eta = past.course().eta_at(0);
        let assemble = Arc::clone(assemble);
        Some(Self { past: Arc::clone(past), make: Box::new(move || assemble(&preset)) })
    }
}

/// The panels of an animation.
fn filmed(model: &Model) -> Vec<Panel> {
    model.forms.export.film_panel.map_or_else(|| layout::shown(&model.layout.tree), |panel| vec![panel])
}

/// Provides the steps of an animation one after another.
pub(crate) struct Projector<'a> {
    model: &'a Model,
    replay: Option<Replay>,
}

impl<'a> Projector<'a> {
    /// A projector for a snapshot.
    ///
    /// # Errors
    /// If the operating system cannot start a thread.
    pub fn new(model: &'a Model, reel: Option<Reel>) -> std::io::Result<Self> {
        let replay = reel.map(|Reel { past, make }| Replay::spawn(past, make, || ())).transpose()?;
        Ok(Self { model, replay })
    }

    /// The additional data that the animation shows for a step. If a single panel would stay empty, this is
    /// an error; with several panels, each panel shows what it lacks.
    pub fn look(&self, step: usize) -> Result<StepExtras, FilmError> {
        let mut looked = StepExtras::default();
        for panel in filmed(self.model) {
            let found = self.add(panel, step, &mut looked);
            if self.model.forms.export.film_panel.is_some() {
                found?;
            }
        }
        Ok(looked)
    }

    /// Adds the data that one panel shows for a step.
    fn add(&self, panel: Panel, step: usize, looked: &mut StepExtras) -> Result<(), FilmError> {
        let (history, recording) = (&self.model.runs.first.history, &self.model.runs.recording);
        match panel {
            Panel::WeightSpace => {
                let paths = recording.as_ref().and_then(|recording| recording.paths.as_ref());
                let known = of_landscape(self.model.current(), history, step)
                    .or_else(|| paths.map(|paths| of_paths(paths, history, step)));
                looked.scene = Some(Arc::new(match known {
                    Some(scene) => scene,
                    None => of_view(&self.around(step)?, history),
                }));
            }
            Panel::Spectrum => {
                let found = self.ask(step, |moment| FoundSpectra::at(moment, &mut |_| ()))?;
                let found = found.map_err(|error| FilmError::Look(format!("step {step}: {error}")))?;
                looked.spectra = Some(Spectra { found: Some(found), ..Spectra::default() });
            }
            _ if looked.inspection.is_some() => {}
            Panel::Terms | Panel::SharpnessChange => {
                let found = self.ask(step, inspect)?;
                looked.inspection = Some(found.map_err(|error| FilmError::Look(error.to_string()))?);
            }
            // without the weights, the panel shows the checks that do not need them
            Panel::Validity if self.replay.is_some() => {
                looked.inspection = self.ask(step, inspect)?.ok();
            }
            _ => {}
        }
        Ok(())
    }

    fn around(&self, step: usize) -> Result<SpaceView, FilmError> {
        let scene = &self.model.view.plots.scene;
        let axes: Vec<Axis> = scene.axes.into_iter().chain(scene.third).collect();
        let first = step.saturating_sub(REPLAYED_HALF);
        let view = self
            .ask(first, move |moment| lookout::look(moment, step, &axes, &Trail::new(Budget::default())))?;
        view.ok_or_else(|| FilmError::Look(format!("step {step} cannot be looked at")))
    }

    fn ask<A: Send + 'static>(
        &self,
        step: usize,
        job: impl FnOnce(&mut Moment<'_>) -> A + Send + 'static,
    ) -> Result<A, FilmError> {
        let Some(replay) = &self.replay else {
            let text = "the panel shows what only the weights tell, and there are none: this is a recording, or the run \
                        could not be started";
            return Err(FilmError::Look(text.into()));
        };
        match replay.ask(step, job).wait() {
            Reply::Ready(found) => found.map_err(|error| FilmError::Look(error.to_string())),
            Reply::Pending | Reply::Superseded => {
                Err(FilmError::Look(format!("the thread that goes back to step {step} is gone")))
            }
        }
    }
}

fn inspect(moment: &mut Moment<'_>) -> Result<Inspection, InspectError> {
    moment.inspect()
}
