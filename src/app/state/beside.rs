//! Runs that train beside the first one: light presets, live, each with a place of its own on the wall.

use crate::picture::view::run_view::Neighbour;
use crate::preset::Preset;
use crate::run::analysis::curves::Curves;
use crate::run::engine::Engine;
use crate::run::engine::memory::Memory;
use crate::run::live::message::WorkerCommand;
use crate::run::live::worker::Options;
use crate::run::live::worker::Worker;
use crate::run::record::history::History;

/// Those that train now; in a copy for a picture, without their threads.
#[derive(Debug, Default)]
pub struct Beside {
    runs: Vec<Neighbour>,
    /// One a run, while it trains.
    workers: Vec<Option<Worker>>,
    /// Whether they were last asked to go on.
    playing: bool,
}

impl Beside {
    /// What they have recorded.
    pub fn runs(&self) -> &[Neighbour] {
        &self.runs
    }

    /// Starts another one, at its preset's own speed, within the memory of the window's runs.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(
        &mut self,
        engine: Box<dyn Engine>,
        preset: Preset,
        memory: Memory,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<()> {
        let options = Options {
            speed: preset.view.speed,
            memory,
            ..Options::new(preset.run.steps, preset.optimizer.eta)
        };
        let parameters = engine.dim();
        self.workers.push(Some(Worker::spawn(engine, &options, wake)?));
        self.playing = true;
        let history = History::new(preset.eigen.max_tracked);
        self.runs.push(Neighbour { preset, parameters, history, curves: Curves::default() });
        Ok(())
    }

    /// Takes in what has arrived, without waiting. Returns what is to be said of those that have failed.
    pub fn drain(&mut self) -> Vec<String> {
        let mut failed = Vec::new();
        for (run, place) in self.runs.iter_mut().zip(&mut self.workers) {
            let end = place.as_mut().and_then(|worker| worker.try_drain(&mut run.history).end);
            if end.is_some() {
                *place = None;
            }
            if let Some(Err(reason)) = end {
                failed.push(format!(
                    "{:?}, which trains beside this run, has failed: {reason}",
                    run.preset.title
                ));
            }
        }
        failed
    }

    /// Brings the derived curves up to the histories, each with about so many multiplications. Returns whether they are
    /// complete.
    pub fn derive_curves(&mut self, budget: usize) -> bool {
        let share = budget / self.runs.len().max(1);
        self.runs.iter_mut().fold(true, |complete, run| {
            complete & run.curves.update(&run.history, run.preset.view.smoothing, share)
        })
    }

    /// Whether any of them has not come to its end.
    pub fn are_live(&self) -> bool {
        self.workers.iter().any(Option::is_some)
    }

    /// Whether those that have not come to their ends go on, as far as they were last asked to.
    pub fn are_playing(&self) -> bool {
        self.playing && self.are_live()
    }

    /// Lets them pause, go on or stop; everything else is meant for the first run.
    pub fn send(&mut self, command: &WorkerCommand) {
        if matches!(command, WorkerCommand::Play | WorkerCommand::Pause | WorkerCommand::Stop) {
            self.playing = matches!(command, WorkerCommand::Play);
            for worker in self.workers.iter_mut().flatten() {
                // none of the three carries a value that could be refused
                let _ = worker.send(command.clone());
            }
        }
    }

    /// Ends all of them.
    pub fn clear(&mut self) {
        self.runs.clear();
        for worker in self.workers.drain(..).flatten() {
            worker.shut_down();
        }
    }

    /// What they have recorded, without their threads and what is derived.
    #[must_use]
    pub fn copied(&self) -> Self {
        let copy = |run: &Neighbour| Neighbour {
            preset: run.preset.clone(),
            parameters: run.parameters,
            history: run.history.clone(),
            curves: Curves::default(),
        };
        Self { runs: self.runs.iter().map(copy).collect(), workers: Vec::new(), playing: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::engine::fake::Fake;
    use std::time::{Duration, Instant};

    fn fifty_steps() -> Preset {
        let mut preset = Preset::load("chebyshev").expect("a built-in preset");
        preset.run.steps = 50;
        preset
    }

    fn drained(beside: &mut Beside) -> Vec<String> {
        let (begun, mut said) = (Instant::now(), Vec::new());
        while beside.workers.iter().any(Option::is_some) {
            assert!(begun.elapsed() < Duration::from_secs(10));
            said.extend(beside.drain());
        }
        said
    }

    #[test]
    fn neighbours_train_and_their_copy_keeps_what_was_recorded() {
        let (mut beside, memory) = (Beside::default(), Memory::default());
        for _ in 0..2 {
            let started = beside.start(Box::new(Fake::default()), fifty_steps(), memory.clone(), || ());
            started.expect("a thread");
        }
        assert!(drained(&mut beside).is_empty());
        while !beside.derive_curves(1 << 20) {}
        let copy = beside.copied();
        assert_eq!([&beside, &copy].map(|all| all.runs()[1].history.rows()), [50, 50]);
        beside.clear();
        assert!(beside.runs().is_empty() && copy.runs().len() == 2);
    }

    #[test]
    fn one_that_fails_says_which() {
        let mut beside = Beside::default();
        let engine = Fake { panics_at: Some(7), ..Fake::default() };
        let started = beside.start(Box::new(engine), fifty_steps(), Memory::default(), || ());
        started.expect("a thread");
        let said = drained(&mut beside);
        assert!(said.len() == 1 && said[0].contains("Chebyshev"), "{said:?}");
        assert_eq!(beside.runs()[0].history.rows(), 7);
    }
}
