//! The threads of the runs that train alongside the first one.

use crate::app::state::beside::Beside;
use crate::picture::view::run_view::Neighbour;
use crate::preset::Preset;
use crate::run::analysis::curves::Curves;
use crate::run::engine::Engine;
use crate::run::engine::memory::Memory;
use crate::run::live::message::WorkerCommand;
use crate::run::live::worker::{Options, Worker};
use crate::run::record::history::History;

/// One thread per run while it trains, in the order of the runs' list.
#[derive(Debug, Default)]
pub(in crate::app) struct BesideThreads {
    workers: Vec<Option<Worker>>,
}

impl BesideThreads {
    /// Starts another run at the speed of its preset, within the memory limit of the window's runs.
    ///
    /// # Errors
    /// If the operating system cannot start a thread.
    pub fn start(
        &mut self,
        beside: &mut Beside,
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
        let history = History::new(preset.eigen.max_tracked);
        beside.runs.push(Neighbour { preset, parameters, history, curves: Curves::default() });
        beside.playing = true;
        beside.live += 1;
        Ok(())
    }

    /// Processes the messages that have arrived, without waiting. Returns the messages about runs that have
    /// failed.
    pub fn drain(&mut self, beside: &mut Beside) -> Vec<String> {
        let mut failed = Vec::new();
        for (run, place) in beside.runs.iter_mut().zip(&mut self.workers) {
            let end = place.as_mut().and_then(|worker| worker.try_drain(&mut run.history).end);
            if end.is_some() {
                *place = None;
                beside.live -= 1;
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

    /// Pauses, resumes or stops the runs; every other command applies to the first run only.
    pub fn send(&mut self, beside: &mut Beside, command: &WorkerCommand) {
        if matches!(command, WorkerCommand::Play | WorkerCommand::Pause | WorkerCommand::Stop) {
            beside.playing = matches!(command, WorkerCommand::Play);
            for worker in self.workers.iter_mut().flatten() {
                // none of the three commands carries a value that could be rejected
                let _ = worker.send(command.clone());
            }
        }
    }

    /// Ends and removes all runs.
    pub fn clear(&mut self, beside: &mut Beside) {
        beside.clear();
        for worker in self.workers.drain(..).flatten() {
            worker.shut_down();
        }
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

    fn drained(threads: &mut BesideThreads, beside: &mut Beside) -> Vec<String> {
        let (begun, mut said) = (Instant::now(), Vec::new());
        while beside.are_live() {
            assert!(begun.elapsed() < Duration::from_secs(10));
            said.extend(threads.drain(beside));
        }
        said
    }

    #[test]
    fn neighbours_train_and_their_copy_keeps_what_was_recorded() {
        let (mut threads, mut beside) = (BesideThreads::default(), Beside::default());
        let memory = Memory::default();
        for _ in 0..2 {
            let started =
                threads.start(&mut beside, Box::new(Fake::default()), fifty_steps(), memory.clone(), || ());
            started.expect("a thread");
        }
        assert!(drained(&mut threads, &mut beside).is_empty());
        while !beside.derive_curves(1 << 20) {}
        let copy = beside.clone();
        assert_eq!([&beside, &copy].map(|all| all.runs()[1].history.rows()), [50, 50]);
        threads.clear(&mut beside);
        assert!(beside.runs().is_empty() && copy.runs().len() == 2);
    }

    #[test]
    fn one_that_fails_says_which() {
        let (mut threads, mut beside) = (BesideThreads::default(), Beside::default());
        let engine = Fake { panics_at: Some(7), ..Fake::default() };
        let started = threads.start(&mut beside, Box::new(engine), fifty_steps(), Memory::default(), || ());
        started.expect("a thread");
        let said = drained(&mut threads, &mut beside);
        assert!(said.len() == 1 && said[0].contains("Chebyshev"), "{said:?}");
        assert_eq!(beside.runs()[0].history.rows(), 7);
    }
}
