//! Transfer of the threads' messages into the state.

use super::{Fleet, Heard};
use crate::app::state::Model;
use crate::app::state::banner::{Banner, Level};
use crate::app::state::gaps::Gaps;
use crate::app::state::run::Run;
use crate::run::live::worker::Options;
use std::time::Instant;

impl Heard {
    /// Measures the steps per second of the run.
    pub fn measure_pace(&mut self, run: &mut Run) {
        let (now, rows) = (Instant::now(), run.history.rows());
        let (since, first) = *self.pace.get_or_insert((now, rows));
        let seconds = (now - since).as_secs_f64();
        if seconds >= 0.5 {
            run.steps_per_second = Some((rows - first) as f64 / seconds);
            self.pace = Some((now, rows));
        }
    }
}

impl Fleet {
    /// Processes the messages of the forks and shows what they report.
    pub fn drain_forks(&mut self, model: &mut Model) {
        let drained = self.forks.drain(&mut model.runs.forks);
        for (label, step, event) in self.forks.news(&model.runs.forks) {
            model.note_of_fork(&label, step, &event);
        }
        for (label, end) in drained.ends {
            model.note_end_of_fork(&label, &end);
        }
        if let Some(budget) = drained.thinned {
            model.note_thinned(budget);
        }
        let forks = model.runs.forks.list();
        self.heard.fork_gaps.retain(|(id, _)| forks.iter().any(|fork| fork.id == *id));
        let mut broken = Vec::new();
        for fork in forks {
            let place = self.heard.fork_gaps.iter().position(|(id, _)| *id == fork.id).unwrap_or_else(|| {
                self.heard.fork_gaps.push((fork.id, Gaps::after(fork.begun)));
                self.heard.fork_gaps.len() - 1
            });
            let news = self.heard.fork_gaps[place].1.news(&fork.history);
            broken.extend(news.map(|text| format!("Fork “{}”: {text}", fork.label())));
        }
        for text in broken {
            model.raise(Banner::new(Level::Warning, text));
        }
    }

    /// Inspects the cursor's step and evaluates weight space if their panels are shown.
    pub fn look(&mut self, model: &mut Model) {
        if let Some(reason) = self.inspector.as_mut().and_then(|inspector| inspector.update(model)) {
            model.raise(Banner::new(Level::Note, reason));
        }
        if let Some((weight_space, worker)) = self.weight_space.as_mut().zip(self.first.as_mut())
            && let Some(reason) = weight_space.update(model, worker, &self.context)
        {
            model.raise(Banner::new(Level::Note, reason));
        }
        if let Some(paths) = &mut self.recorded_paths {
            paths.update(model);
        }
    }

    /// The options for a run of the window.
    pub fn options(&self, model: &Model, paused: bool) -> Options {
        let preset = model.current();
        Options {
            speed: model.runs.speed,
            paused,
            memory: self.memory.clone(),
            ..Options::new(preset.run.steps, preset.optimizer.eta)
        }
    }
}
