//! Inspects the cursor's step on the replay thread while a panel shows it, and computes the spectra there.

use super::outside::Assemble;
use super::spectrum::Spectrum;
use crate::app::state::{Model, layout};
use crate::picture::view::panel::Panel;
use crate::picture::view::run_view::InspectionScope;
use crate::run::engine::past::Past;
use crate::run::live::replay::{Answer, Moment, Replay, Reply};
use brink_core::dynamics::{InspectError, Inspection};
use egui::Context;
use std::sync::Arc;

/// The replay thread of one run, and the last request to it.
pub(crate) struct Inspector {
    replay: Replay,
    answer: Option<Answer<Result<Inspection, InspectError>>>,
    /// The step whose answer has arrived, which may be an error.
    answered: Option<usize>,
    spectrum: Spectrum,
    past: Arc<Past>,
    context: Context,
}

impl Inspector {
    /// An inspector for a run with this past. The engine of the replay thread is created at the first
    /// request.
    ///
    /// # Errors
    /// If the operating system cannot start a thread.
    pub fn new(
        past: &Arc<Past>,
        assemble: &Arc<Assemble>,
        preset: crate::preset::Preset,
        context: &Context,
    ) -> std::io::Result<Self> {
        let (assemble, waking) = (Arc::clone(assemble), context.clone());
        let make = Box::new(move || assemble(&preset));
        let replay = Replay::spawn(Arc::clone(past), make, move || waking.request_repaint())?;
        Ok(Self {
            replay,
            answer: None,
            answered: None,
            spectrum: Spectrum::default(),
            past: Arc::clone(past),
            context: context.clone(),
        })
    }

    /// Requests the inspection of the cursor's step if it is shown and not known, and processes the answer.
    /// Returns an error message, if any.
    pub fn update(&mut self, model: &mut Model) -> Option<String> {
        let panels = layout::shown(&model.layout.tree);
        // the inspection comes first because it takes less time
        let trouble = self.inspect(model, panels.iter().any(|panel| Panel::INSPECTED.contains(panel)));
        let shown = panels.contains(&Panel::Spectrum);
        self.spectrum.update(&self.replay, &self.past, &self.context, (model, shown));
        trouble
    }

    fn inspect(&mut self, model: &mut Model, shown: bool) -> Option<String> {
        let view = model.run_view();
        let wanted = view.looking == InspectionScope::Everywhere || view.state.cursor.is_some();
        let step = view.inspected_step().filter(|_| shown && wanted)?;
        if self.answered != Some(step) && self.answer.as_ref().is_none_or(|answer| answer.step() != step) {
            self.answer = Some(self.replay.ask(step, look));
        }
        let answer = self.answer.as_ref()?;
        let found = match answer.poll() {
            Reply::Pending => return None,
            Reply::Superseded => {
                self.answer = None;
                return None;
            }
            Reply::Ready(found) => found,
        };
        self.answered = Some(answer.step());
        self.answer = None;
        match found {
            Ok(Ok(inspection)) => {
                model.runs.first.inspection = Some(inspection);
                None
            }
            Ok(Err(error)) => Some(error.to_string()),
            Err(error) => Some(error.to_string()),
        }
    }
}

/// [`Moment::inspect`] for a moment of any lifetime.
fn look(moment: &mut Moment<'_>) -> Result<Inspection, InspectError> {
    moment.inspect()
}
