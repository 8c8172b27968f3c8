//! Forks: runs that leave another run at one of its steps and continue with another learning rate.

use super::message::{Ending, WorkerCommand};
use super::worker::{CommandError, Options, Worker};
use crate::run::engine::Engine;
use crate::run::engine::branch::Branch;
use crate::run::engine::course::Course;
use crate::run::engine::past::Past;
use crate::run::file::session::forks::{MOST_FORKS, SavedFork};
use crate::run::record::history::History;
use brink_core::dynamics::Event;
use std::sync::Arc;

/// A run that left its parent run at the start of a step.
#[derive(Clone, Debug)]
pub struct Fork {
    /// Its number, which is unique among the forks of the session.
    pub id: usize,
    /// The parent fork; `None` is the first run.
    pub parent: Option<usize>,
    /// Its first own step; the rows before it belong to the parent.
    pub step: usize,
    /// The parent's rows before `step`, followed by its own rows.
    pub history: History,
    /// The number of rows with which it started: those of the parent run, and its own rows from a session.
    pub begun: usize,
    /// The way it ended, if it has.
    pub end: Option<Result<Ending, String>>,
    /// Its course, as far as it is known.
    pub course: Course,
}

impl Fork {
    /// The fork in its current state, as a session stores it, with its newest checkpoint unless that is
    /// larger than `most` bytes. `forks` are all forks, in order.
    fn saved(&self, forks: &[Self], past: &Past, most: usize) -> SavedFork {
        let rows = self.history.rows();
        let newest = past.checkpoints().into_iter().rev().find(|kept| kept.step() <= rows);
        let own = newest.filter(|kept| kept.step() > self.step && kept.bytes() <= most);
        SavedFork {
            parent: self.parent.and_then(|id| forks.iter().position(|other| other.id == id)),
            step: self.step,
            course: past.course(),
            history: self.history.clone(),
            checkpoints: own.into_iter().collect(),
        }
    }

    /// Its label in a plot.
    pub fn label(&self) -> String {
        label(self.step, &self.course)
    }

    /// Its current learning rate.
    pub fn eta(&self) -> f64 {
        self.course.eta_at(usize::MAX)
    }
}

/// The plot label of a run that follows this course from its first own step on.
pub fn label(step: usize, course: &Course) -> String {
    let first = format!("η = {} from step {step}", course.eta_at(step));
    let later = course.eta_changes().iter().filter(|&&(later, _)| later > step);
    later.fold(first, |label, (step, eta)| format!("{label}, {eta} from {step}"))
}

/// Why a fork cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum ForkError {
    /// The maximum number of forks exists already.
    #[error("there are {MOST_FORKS} forks already; close one to make another")]
    TooMany,
    /// The parent has not reached the step.
    #[error("step {step} has not been reached: the run it would leave has taken {taken} steps")]
    NotReached {
        /// The requested step.
        step: usize,
        /// The number of steps taken.
        taken: usize,
    },
    /// The parent was closed.
    #[error("fork {0} is not there any more; choose the run to leave again")]
    NoParent(usize),
    /// The learning rate is zero, negative or not finite.
    #[error("the learning rate η = {0} is refused; it must be a positive finite number")]
    Eta(f64),
    /// The engine cannot be created.
    #[error("{0}")]
    Engine(String),
    /// The thread cannot be started.
    #[error("cannot start the training thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// The messages that have arrived from the forks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DrainedForks {
    /// The number of new rows of all forks.
    pub rows: usize,
    /// The checkpoint budget in bytes, if a fork had to drop checkpoints for the first time.
    pub thinned: Option<usize>,
    /// The forks that have ended: label and ending of each.
    pub ends: Vec<(String, Result<Ending, String>)>,
}

/// The forks of a run: a tree defined by their parents. [`ForkThreads`] train them.
#[derive(Clone, Debug, Default)]
pub struct Forks {
    list: Vec<Fork>,
    /// Whether the last request to them was to train.
    playing: bool,
}

impl Forks {
    /// All forks, oldest first.
    pub fn list(&self) -> &[Fork] {
        &self.list
    }

    /// Whether any fork has not yet ended.
    pub fn are_live(&self) -> bool {
        self.list.iter().any(|fork| fork.end.is_none())
    }

    /// Whether the forks that have not ended are training, according to the last request.
    pub fn are_playing(&self) -> bool {
        self.playing && self.are_live()
    }

    /// Removes all forks.
    pub fn clear(&mut self) {
        self.list.clear();
    }
}

/// The worker that trains a fork.
#[derive(Debug)]
struct ForkThread {
    /// The fork's number.
    id: usize,
    worker: Worker,
    /// The number of events already reported.
    told: usize,
}

/// The threads that train the forks, in the order of the list of forks.
#[derive(Debug, Default)]
pub struct ForkThreads {
    threads: Vec<ForkThread>,
    made: usize,
}

impl ForkThreads {
    /// The past of a fork: its course and its checkpoints.
    pub fn past(&self, id: usize) -> Option<&Arc<Past>> {
        self.threads.iter().find(|thread| thread.id == id).map(|thread| thread.worker.past())
    }

    /// All forks in their current state, each with its newest checkpoint unless that is larger than `most`
    /// bytes.
    pub fn saved(&self, forks: &Forks, most: usize) -> Vec<SavedFork> {
        let all = &forks.list;
        all.iter().filter_map(|fork| Some(fork.saved(all, self.past(fork.id)?, most))).collect()
    }

    /// Creates a fork of `parent` at the start of a step, with another learning rate; `first` is the first
    /// run. `make` creates an engine of the same preset before its first step. Returns the fork's id.
    ///
    /// # Errors
    /// If there are too many forks, if the step has not been reached, or if the engine or its thread cannot
    /// be created.
    #[expect(clippy::too_many_arguments, reason = "all that makes a fork")]
    pub fn start(
        &mut self,
        forks: &mut Forks,
        parent: Option<usize>,
        first: (&History, &Past),
        branch: &Branch,
        make: impl FnOnce() -> Result<Box<dyn Engine>, String>,
        options: &Options,
        wake: impl Fn() + Send + 'static,
    ) -> Result<usize, ForkError> {
        if forks.list.len() >= MOST_FORKS {
            return Err(ForkError::TooMany);
        }
        let step = branch.step();
        let (history, past) = match parent {
            None => first,
            Some(id) => {
                let fork = forks.list.iter().find(|fork| fork.id == id);
                fork.map(|fork| &fork.history)
                    .zip(self.past(id).map(Arc::as_ref))
                    .ok_or(ForkError::NoParent(id))?
            }
        };
        let taken = past.steps_taken().min(history.rows());
        if step > taken {
            return Err(ForkError::NotReached { step, taken });
        }
        let (history, past) = (history.until(step), past.until(step));
        past.steer(|course| branch.steer(course));
        let course = past.course();
        if !course.is_valid() {
            return Err(ForkError::Eta(course.eta_at(step)));
        }
        let engine = make().map_err(ForkError::Engine)?;
        self.add(forks, parent, step, history, past, engine, options, wake)
    }

    #[expect(clippy::too_many_arguments, reason = "all that makes a fork")]
    fn add(
        &mut self,
        forks: &mut Forks,
        parent: Option<usize>,
        step: usize,
        history: History,
        past: Past,
        engine: Box<dyn Engine>,
        options: &Options,
        wake: impl Fn() + Send + 'static,
    ) -> Result<usize, ForkError> {
        let options = Options { recorded: history.most_bytes(), ..options.clone() };
        let course = past.course();
        let worker = Worker::resume(engine, past, &options, wake)?;
        forks.playing = !options.paused;
        let id = self.made;
        self.made += 1;
        let (begun, told) = (history.rows(), history.events().len());
        forks.list.push(Fork { id, parent, step, history, begun, end: None, course });
        self.threads.push(ForkThread { id, worker, told });
        Ok(id)
    }

    /// Continues the forks of a session, each from its saved state; `first` is the past of the first run.
    /// Returns their ids, in order.
    ///
    /// # Errors
    /// If an engine or its thread cannot be created; the preceding forks remain.
    pub fn restore(
        &mut self,
        forks: &mut Forks,
        saved: Vec<SavedFork>,
        first: &Past,
        make: impl Fn() -> Result<Box<dyn Engine>, String>,
        options: &Options,
        wake: impl Fn() + Send + Clone + 'static,
    ) -> Result<Vec<usize>, ForkError> {
        let mut ids: Vec<usize> = Vec::new();
        for SavedFork { parent, step, course, history, mut checkpoints } in saved {
            let parent = parent.and_then(|place| ids.get(place).copied());
            let left = parent.and_then(|id| self.past(id));
            let past = left.map_or(first, Arc::as_ref).until(step);
            let mut engine = make().map_err(ForkError::Engine)?;
            // checkpoints that do not fit are dropped, and their steps are recomputed
            checkpoints.retain(|kept| engine.restore(kept).is_ok());
            past.steer(|own| *own = course);
            past.extend(checkpoints, history.rows());
            ids.push(self.add(forks, parent, step, history, past, engine, options, wake.clone())?);
        }
        Ok(ids)
    }

    /// Processes the messages that have arrived from all forks, without waiting.
    pub fn drain(&mut self, forks: &mut Forks) -> DrainedForks {
        let mut all = DrainedForks::default();
        for (fork, thread) in forks.list.iter_mut().zip(&mut self.threads) {
            let drained = thread.worker.try_drain(&mut fork.history);
            fork.course = thread.worker.past().course();
            all.rows += drained.rows;
            all.thinned = all.thinned.or(drained.thinned);
            if drained.rows > 0 {
                // a fork that had ended goes on
                fork.end = None;
            }
            if let Some(end) = drained.end {
                all.ends.push((fork.label(), end.clone()));
                fork.end = Some(end);
            }
        }
        all
    }

    /// The events of the forks since the last call, each with the fork's label and the step.
    pub fn news(&mut self, forks: &Forks) -> Vec<(String, usize, Event)> {
        let mut news = Vec::new();
        for (fork, thread) in forks.list.iter().zip(&mut self.threads) {
            let events = fork.history.events();
            let label = fork.label();
            news.extend(
                events[thread.told..].iter().map(|(step, event)| (label.clone(), *step, event.clone())),
            );
            thread.told = events.len();
        }
        news
    }

    /// Sends a command to a fork.
    ///
    /// # Errors
    /// If the command carries a value outside its range.
    pub fn send_to(&mut self, id: usize, command: WorkerCommand) -> Result<(), CommandError> {
        match self.threads.iter_mut().find(|thread| thread.id == id) {
            Some(thread) => thread.worker.send(command),
            None => Ok(()),
        }
    }

    /// Sends a command to all forks: play, pause, speed.
    pub fn send(&mut self, forks: &mut Forks, command: &WorkerCommand) {
        forks.playing = match command {
            WorkerCommand::Play => true,
            WorkerCommand::Pause | WorkerCommand::Step => false,
            _ => forks.playing,
        };
        if matches!(command, WorkerCommand::SetSteps(_)) {
            for fork in &mut forks.list {
                // a fork that has ended may go on; if it does not, it reports its end again
                fork.end = fork.end.take().filter(Result::is_err);
            }
        }
        for thread in &mut self.threads {
            // The first run has already rejected values out of range.
            let _ = thread.worker.send(command.clone());
        }
    }

    /// Ends and removes a fork. Its own forks become forks of its parent.
    pub fn close(&mut self, forks: &mut Forks, id: usize) {
        if let Some(place) = forks.list.iter().position(|fork| fork.id == id) {
            let closed = forks.list.remove(place);
            for fork in forks.list.iter_mut().filter(|fork| fork.parent == Some(id)) {
                fork.parent = closed.parent;
            }
        }
        if let Some(place) = self.threads.iter().position(|thread| thread.id == id) {
            self.threads.remove(place).worker.shut_down();
        }
    }

    /// Ends and removes all forks.
    pub fn clear(&mut self, forks: &mut Forks) {
        forks.clear();
        for thread in self.threads.drain(..) {
            thread.worker.shut_down();
        }
    }
}

#[cfg(test)]
mod tests;
