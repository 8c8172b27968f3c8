//! Commands sent to the runs, and the resulting changes of the state.

use super::Fleet;
use crate::app::state::Model;
use crate::app::state::banner::{Banner, Level};
use crate::app::state::phase::RunPhase;
use crate::run::engine::breakpoint::Breakpoint;
use crate::run::live::message::{Ending, WorkerCommand};

impl Fleet {
    /// Sends a command to the run chosen in the tree.
    pub fn tell_steered(&mut self, model: &mut Model, command: WorkerCommand) {
        let Some(id) = model.forms.fork.parent else { return self.tell_first(model, command) };
        if let Err(error) = self.forks.send_to(id, command) {
            model.raise(Banner::new(Level::Warning, error.to_string()));
        }
    }

    /// Sets the learning rate of the run chosen in the tree; its planned changes are dropped.
    pub fn steer_eta(&mut self, model: &mut Model, eta: f64) {
        if model.forms.fork.parent.is_none() && eta.is_finite() && eta > 0.0 {
            model.runs.first.eta_sent = Some(eta);
            if model.runs.first.phase == RunPhase::Ended(Ending::AllSteps) {
                // the text is the same for every η, so that only one note appears while the slider moves
                let text =
                    "All steps are taken, so nothing moves yet: “More steps” (M) goes on with the new η";
                model.raise(Banner::why_it_waits(text));
            }
        }
        self.tell_steered(model, WorkerCommand::SetEta(eta));
    }

    /// Sends a command to the run and its forks.
    pub fn tell(&mut self, model: &mut Model, command: WorkerCommand) {
        self.tell_others(&mut model.runs, &command);
        self.tell_first(model, command);
    }

    /// Sends a command to the first run only.
    pub fn tell_first(&mut self, model: &mut Model, command: WorkerCommand) {
        if let Some(worker) = &mut self.first
            && let Err(error) = worker.send(command)
        {
            model.raise(Banner::new(Level::Warning, error.to_string()));
        }
    }

    /// Extends the run by the number of steps of its preset.
    pub fn more_steps(&mut self, model: &mut Model) {
        let own = model.runs.presets[model.runs.preset].1.run.steps;
        let steps = model.current().run.steps.max(model.runs.first.history.rows());
        self.train_to(model, steps.saturating_add(own));
    }

    /// Sets the total number of steps of the run and its forks; runs that had ended at their last step go on.
    pub fn train_to(&mut self, model: &mut Model, steps: usize) {
        let note = |text: String| Banner::new(Level::Note, text);
        if model.runs.recording.is_some() {
            let text = "No more steps: this is a recording, and all of it is there. Its preset runs live";
            return model.raise(note(text.into()));
        }
        let goes_on = match model.runs.first.phase {
            RunPhase::Training | RunPhase::Paused => false,
            RunPhase::Ended(Ending::AllSteps | Ending::MemoryBudget { .. }) => true,
            RunPhase::Ended(_) => {
                let text =
                    "No more steps: every process has stopped. Restart with another η, or fork before it";
                return model.raise(note(text.into()));
            }
            RunPhase::Failed => return,
        };
        let rows = model.runs.first.history.rows();
        if steps <= rows {
            return model.raise(note(format!("{rows} steps are taken already; ask for more than {steps}")));
        }
        let mut preset = model.current().clone();
        preset.run.steps = steps;
        if let Err(error) = preset.validate() {
            return model.raise(Banner::new(Level::Warning, error.to_string()));
        }
        model.runs.variant = Some(preset);
        self.tell(model, WorkerCommand::SetSteps(steps));
        if goes_on {
            model.banners.retain(|banner| !banner.offers_restart);
            model.forget_pause();
            model.runs.first.phase = RunPhase::Training;
            model.view.plots.cursor = None;
            self.tell(model, WorkerCommand::Play);
        }
    }

    /// Resumes or pauses the run; if it has ended, resumes or pauses its forks and the runs alongside it.
    pub fn play_pause(&mut self, model: &mut Model) {
        match model.runs.first.phase {
            RunPhase::Training => {
                model.runs.first.phase = RunPhase::Paused;
                self.tell(model, WorkerCommand::Pause);
            }
            RunPhase::Paused => {
                model.runs.first.phase = RunPhase::Training;
                model.forget_pause();
                self.tell(model, WorkerCommand::Play);
            }
            RunPhase::Ended(_) if model.has_taken_all() && !model.can_go_on() => {
                model.raise(Banner::why_it_waits("The run has ended: “More steps” (M) lets it go on"));
            }
            // the forks and the runs alongside may have steps left
            RunPhase::Ended(_) | RunPhase::Failed => {
                let playing = model.is_playing();
                let wish = if playing { WorkerCommand::Pause } else { WorkerCommand::Play };
                self.tell_others(&mut model.runs, &wish);
            }
        }
    }

    /// Moves the cursor forward through the recorded steps; at their end, training takes the remaining steps.
    pub fn step_forward(&mut self, model: &mut Model, steps: usize) {
        let newest = model.most_rows().saturating_sub(1);
        let (cursor, to_train) = match model.view.plots.cursor {
            Some(cursor) if cursor < newest => ((cursor + steps <= newest).then_some(cursor + steps), 0),
            _ => (None, steps),
        };
        model.place_cursor(cursor);
        if to_train > 0 && model.can_go_on() {
            if matches!(model.runs.first.phase, RunPhase::Training | RunPhase::Paused) {
                model.runs.first.phase = RunPhase::Paused;
            }
            model.forget_pause();
            for _ in 0..to_train {
                self.tell(model, WorkerCommand::Step);
            }
        }
    }

    /// Moves the cursor back through the recorded steps. From the newest step of a run in training, training
    /// pauses.
    pub fn step_back(&mut self, model: &mut Model, steps: usize) {
        let Some(newest) = model.runs.first.history.rows().checked_sub(1) else { return };
        if model.view.plots.cursor.is_none() && model.runs.first.phase == RunPhase::Training {
            self.play_pause(model);
        }
        let cursor = model.view.plots.cursor.unwrap_or(newest).min(model.most_rows() - 1);
        model.place_cursor(Some(cursor.saturating_sub(steps)));
    }

    /// Sets or removes a breakpoint of the run.
    pub fn toggle_breakpoint(&mut self, model: &mut Model, breakpoint: Breakpoint) {
        let set = &mut model.runs.breakpoints;
        if set.contains(&breakpoint) {
            set.retain(|other| *other != breakpoint);
            self.tell_first(model, WorkerCommand::ClearBreakpoint(breakpoint));
        } else {
            set.push(breakpoint);
            self.tell_first(model, WorkerCommand::SetBreakpoint(breakpoint));
        }
    }

    /// Sets the stop of the tour.
    pub fn arm(&mut self, model: &mut Model, stop: Breakpoint) {
        self.disarm(model);
        model.tour.armed = Some(stop);
        self.tell_first(model, WorkerCommand::SetBreakpoint(stop));
    }

    /// Removes the stop of the tour, unless the user has set it too.
    pub fn disarm(&mut self, model: &mut Model) {
        if let Some(stop) = model.tour.armed.take()
            && !model.runs.breakpoints.contains(&stop)
        {
            self.tell_first(model, WorkerCommand::ClearBreakpoint(stop));
        }
    }
}
