//! Messages that arrive from training threads, dialogs and writer threads.

use super::Lab;
use crate::app::state::banner::{Banner, Level};
use crate::app::state::phase::RunPhase;
use crate::run::live::message::{Ending, WorkerCommand};

impl Lab {
    /// Processes the messages of the training threads.
    pub(super) fn drain(&mut self) {
        self.fleet.drain_forks(&mut self.model);
        for text in self.fleet.beside.drain(&mut self.model.runs.beside) {
            self.model.raise(Banner::new(Level::Warning, text));
        }
        let Some(worker) = &mut self.fleet.first else { return };
        let drained = worker.try_drain(&mut self.model.runs.first.history);
        self.model.runs.first.hear_course(worker.past().course());
        let events: Vec<_> = self.model.runs.first.history.events()[self.fleet.heard.events..].to_vec();
        self.fleet.heard.events += events.len();
        for (step, event) in &events {
            if !self.model.tour_says(event, self.fleet.number) {
                self.model.note(*step, event);
            }
        }
        if let Some(text) = self.fleet.heard.gaps.news(&self.model.runs.first.history) {
            self.model.raise(Banner::new(Level::Warning, text));
        }
        if let Some(budget) = drained.thinned {
            self.model.note_thinned(budget);
        }
        for hit in drained.hits {
            self.model.runs.first.phase = RunPhase::Paused;
            // on the way to the step of the command line, each run stops by itself
            if self.plan.at.is_none() {
                self.fleet.tell_others(&mut self.model.runs, &WorkerCommand::Pause);
            }
            if self.tour_takes(&hit) {
                continue;
            }
            self.model.raise(Banner::why_it_waits(hit.to_string()));
            self.model.runs.first.hits.push(hit);
        }
        match drained.end {
            None => {}
            Some(Ok(ending)) => {
                self.model.runs.first.phase = RunPhase::Ended(ending);
                let said = ending == Ending::NothingAdvances && self.model.ended_with_descent().is_some();
                if !(said || matches!(ending, Ending::AllSteps | Ending::Stopped)) {
                    self.model.raise(Banner {
                        offers_restart: true,
                        ..Banner::new(Level::Note, format!("The run has ended: {ending}"))
                    });
                }
            }
            Some(Err(reason)) => self.model.fail(&reason),
        }
        if drained.rows > 0 {
            self.fleet.heard.measure_pace(&mut self.model.runs.first);
        }
        if self.model.runs.first.phase != RunPhase::Training {
            self.fleet.heard.pace = None;
        }
    }

    /// Accounts for the memory of the derived curves and of the saved runs drawn over the current run.
    pub(super) fn count_memory(&mut self) {
        self.fleet.count_extra(self.model.extra_bytes());
    }

    /// Processes the results of dialogs and of an export.
    pub(super) fn take_in_files(&mut self) {
        if let Some(chosen) = self.files.chosen.poll() {
            self.model.forms.export.choosing = false;
            match chosen.ok().flatten() {
                Some(path) => self.model.forms.export.set_path(path.display().to_string()),
                None => self.model.forms.export.note("No file was chosen; a path can be typed"),
            }
        }
        if let Some(chosen) = self.files.data.poll() {
            if let Some(directory) = chosen.ok().flatten() {
                self.model.set_directory(&directory);
                self.start(false);
            } else {
                let text = "No directory was chosen; data.path or BRINK_DATA can name one";
                self.model.raise(Banner { offers_data: true, ..Banner::new(Level::Note, text) });
            }
        }
        if let Some(saved) = self.files.saved.poll() {
            self.model.forms.export.saving = false;
            let failed = |_| Err("the writing thread has failed; nothing is written".into());
            self.model.forms.export.outcome = Some(saved.unwrap_or_else(failed));
        }
    }
}
