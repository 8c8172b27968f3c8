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
        for text in self.fleet.beside.drain(&mut self.model.runs.beside) {
            self.model.raise(Banner::new(Level::Warning, text));
        }
        let Some(worker) = &mut self.fleet.first else { return };
        let drained = worker.try_drain(&mut self.model.runs.first.history);
        self.model.runs.first.hear_course(worker.past().course());
        let events: Vec<_> = self.model.runs.first.history.events()[self.fleet.heard.events..].to_vec();
        self.fleet.heard.events += events.len();
        for (step, event) in &events {
            if !self.tour_says(event) {
                self.model.note(*step, event);
            }
        }
        if let Some(text) = self.fleet.heard.gaps.news(&self.model.runs.first.history) {
            self.model.raise(Banner::new(Level::Warning, text));
        }
        if let Some(budget) = drained.thinned {
            self.note_thinned(budget);
        }
        for hit in drained.hits {
            self.model.runs.first.phase = RunPhase::Paused;
            // on the way to the command line's step each run stops by itself
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
            Some(Err(reason)) => self.fail(&reason),
        }
        if drained.rows > 0 {
            self.measure_pace();
        }
        if self.model.runs.first.phase != RunPhase::Training {
            self.fleet.heard.pace = None;
        }
    }

    pub(super) fn fail(&mut self, reason: &str) {
        self.model.runs.first.phase = RunPhase::Failed;
        let kept = if self.model.runs.first.history.rows() > 0 {
            ". Export what was recorded, or start anew"
        } else {
            ""
        };
        self.model.raise(Banner {
            offers_restart: self.model.runs.first.history.rows() > 0,
            offers_data: self.model.runs.first.history.rows() == 0 && self.model.needs_directory(),
            ..Banner::new(Level::Error, format!("{reason}{kept}"))
        });
    }

    fn measure_pace(&mut self) {
        let (now, rows) = (Instant::now(), self.model.runs.first.history.rows());
        let (since, first) = *self.fleet.heard.pace.get_or_insert((now, rows));
        let seconds = (now - since).as_secs_f64();
        if seconds >= 0.5 {
            self.model.runs.first.steps_per_second = Some((rows - first) as f64 / seconds);
            self.fleet.heard.pace = Some((now, rows));
        }
    }

    /// What has arrived from the forks, and what it has to say.
    fn drain_forks(&mut self) {
        let drained = self.fleet.forks.drain(&mut self.model.runs.forks);
        for (label, step, event) in self.fleet.forks.news(&self.model.runs.forks) {
            self.model.note_of_fork(&label, step, &event);
        }
        for (label, end) in drained.ends {
            self.model.note_end_of_fork(&label, &end);
        }
        if let Some(budget) = drained.thinned {
            self.note_thinned(budget);
        }
        let forks = self.model.runs.forks.list();
        self.fleet.heard.fork_gaps.retain(|(id, _)| forks.iter().any(|fork| fork.id == *id));
        let mut broken = Vec::new();
        for fork in forks {
            let place =
                self.fleet.heard.fork_gaps.iter().position(|(id, _)| *id == fork.id).unwrap_or_else(|| {
                    self.fleet.heard.fork_gaps.push((fork.id, Gaps::after(fork.begun)));
                    self.fleet.heard.fork_gaps.len() - 1
                });
            let news = self.fleet.heard.fork_gaps[place].1.news(&fork.history);
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
        self.fleet.count_extra(self.model.extra_bytes());
    }

    /// What dialogs have chosen, and what has become of an export.
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
