//! Looks into the cursor's step, on the replay thread, while a panel shows it; and has the spectra computed there.

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

/// The replay thread of one run, and what it was asked last.
pub(crate) struct Inspector {
    replay: Replay,
    answer: Option<Answer<Result<Inspection, InspectError>>>,
    /// A step whose answer has arrived, be it an error.
    answered: Option<usize>,
    spectrum: Spectrum,
    past: Arc<Past>,
    context: Context,
}

impl Inspector {
    /// For a run with this past. The engine of the replay thread is made at the first question.
    ///
    /// # Errors
    /// When the operating system gives no thread.
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

    /// Asks about the cursor's step where it is shown and not known, and takes in the answer. Returns what went wrong.
    pub fn update(&mut self, model: &mut Model) -> Option<String> {
        let panels = layout::shown(&model.layout.tree);
        // the inspection first: it is the shorter one
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

/// [`Moment::inspect`], for a moment of any lifetime.
fn look(moment: &mut Moment<'_>) -> Result<Inspection, InspectError> {
    moment.inspect()
}
