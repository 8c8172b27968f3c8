//! What arrives from training threads, from dialogs and from threads that write.

use super::Lab;
use crate::app::state::banner::{Banner, Level};
use crate::app::state::gaps::Gaps;
use crate::app::state::phase::RunPhase;
use crate::run::live::message::{Ending, WorkerCommand};
use std::time::Instant;

impl Lab {
    /// What has arrived from the training threads.
    pub(super) fn drain(&mut self) {
        self.drain_forks();
        for text in self.model.beside.drain() {
            self.model.raise(Banner::new(Level::Warning, text));
        }
        let Some(worker) = &mut self.worker else { return };
        let drained = worker.try_drain(&mut self.model.history);
        let events: Vec<_> = self.model.history.events()[self.noted_events..].to_vec();
        self.noted_events += events.len();
        for (step, event) in &events {
            if !self.tour_says(event) {
                self.model.note(*step, event);
            }
        }
        if let Some(text) = self.gaps.news(&self.model.history) {
            self.model.raise(Banner::new(Level::Warning, text));
        }
        if let Some(eta) = self.model.run_view().eta().filter(|_| self.planned) {
            self.model.eta = eta;
        }
        if let Some(budget) = drained.thinned {
            self.note_thinned(budget);
        }
        for hit in drained.hits {
            self.model.phase = RunPhase::Paused;
            // on the way to the command line's step each run stops by itself
            if self.at.is_none() {
                self.model.forks.send(&WorkerCommand::Pause);
                self.model.beside.send(&WorkerCommand::Pause);
            }
            if self.tour_takes(&hit) {
                continue;
            }
            self.model.raise(Banner::why_it_waits(hit.to_string()));
            self.model.hits.push(hit);
        }
        match drained.end {
            None => {}
            Some(Ok(ending)) => {
                self.model.phase = RunPhase::Ended(ending);
                let said = ending == Ending::NothingAdvances && self.model.ended_with_descent().is_some();
                if !(said || matches!(ending, Ending::AllSteps | Ending::Stopped)) {
                    self.model.raise(Banner {
                        offers_restart: true,
                        ..Banner::new(Level::Note, format!("The run has ended: {ending}"))
                    });
                }
            }
            Some(Err(reason)) => self.fail(&reason),
        }
        if drained.rows > 0 {
            self.measure_pace();
        }
        if self.model.phase != RunPhase::Training {
            self.pace = None;
        }
    }

    pub(super) fn fail(&mut self, reason: &str) {
        self.model.phase = RunPhase::Failed;
        let kept =
            if self.model.history.rows() > 0 { ". Export what was recorded, or start anew" } else { "" };
        self.model.raise(Banner {
            offers_restart: self.model.history.rows() > 0,
            offers_data: self.model.history.rows() == 0 && self.model.needs_directory(),
            ..Banner::new(Level::Error, format!("{reason}{kept}"))
        });
    }

    fn measure_pace(&mut self) {
        let (now, rows) = (Instant::now(), self.model.history.rows());
        let (since, first) = *self.pace.get_or_insert((now, rows));
        let seconds = (now - since).as_secs_f64();
        if seconds >= 0.5 {
            self.model.steps_per_second = Some((rows - first) as f64 / seconds);
            self.pace = Some((now, rows));
        }
    }

    /// What has arrived from the forks, and what it has to say.
    fn drain_forks(&mut self) {
        let drained = self.model.forks.drain();
        for (label, step, event) in self.model.forks.news() {
            self.model.note_of_fork(&label, step, &event);
        }
        for (label, end) in drained.ends {
            self.model.note_end_of_fork(&label, &end);
        }
        if let Some(budget) = drained.thinned {
            self.note_thinned(budget);
        }
        let forks = self.model.forks.list();
        self.fork_gaps.retain(|(id, _)| forks.iter().any(|fork| fork.id == *id));
        let mut broken = Vec::new();
        for fork in forks {
            let place = self.fork_gaps.iter().position(|(id, _)| *id == fork.id).unwrap_or_else(|| {
                self.fork_gaps.push((fork.id, Gaps::after(fork.begun)));
                self.fork_gaps.len() - 1
            });
            let news = self.fork_gaps[place].1.news(&fork.history);
            broken.extend(news.map(|text| format!("Fork “{}”: {text}", fork.label())));
        }
        for text in broken {
            self.model.raise(Banner::new(Level::Warning, text));
        }
    }

    fn note_thinned(&mut self, budget: usize) {
        let text = format!(
            "Looking into an old step takes a little longer from now on: the checkpoints fill their {} MiB, and every other \
             one goes",
            budget >> 20
        );
        self.model.raise(Banner::new(Level::Note, text));
    }

    /// Counts what is derived from the runs, and the saved runs that are drawn over them.
    pub(super) fn count_memory(&mut self) {
        self.extra.set(self.model.extra_bytes());
    }

    /// What dialogs have chosen, and what has become of an export.
    pub(super) fn take_in_files(&mut self) {
        if let Some(chosen) = self.chosen_file.poll() {
            self.model.export.choosing = false;
            match chosen.ok().flatten() {
                Some(path) => self.model.export.set_path(path.display().to_string()),
                None => self.model.export.note("No file was chosen; a path can be typed"),
            }
        }
        if let Some(chosen) = self.chosen_data.poll() {
            if let Some(directory) = chosen.ok().flatten() {
                self.model.set_directory(&directory);
                self.start(false);
            } else {
                let text = "No directory was chosen; data.path or BRINK_DATA can name one";
                self.model.raise(Banner { offers_data: true, ..Banner::new(Level::Note, text) });
            }
        }
        if let Some(saved) = self.saved.poll() {
            self.model.export.saving = false;
            let failed = |_| Err("the writing thread has failed; nothing is written".into());
            self.model.export.outcome = Some(saved.unwrap_or_else(failed));
        }
    }
}
