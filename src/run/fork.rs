//! Runs that leave another run at one of its steps and go on with another learning rate.

use super::address::Branch;
use super::course::Course;
use super::engine::Engine;
use super::history::History;
use super::message::{Command, Ending};
use super::past::Past;
use super::worker::{CommandError, Options, Worker};
use crate::dynamics::Event;
use std::sync::Arc;

/// Most forks at a time.
pub const MOST_FORKS: usize = 4;

/// A run that left its parent at the start of a step.
#[derive(Debug)]
pub struct Fork {
    /// Its number, which no other fork of the session gets.
    pub id: usize,
    /// The fork it left; `None` is the first run.
    pub parent: Option<usize>,
    /// Its first own step; the rows before are the parent's.
    pub step: usize,
    /// The parent's rows before `step`, then its own.
    pub history: History,
    /// How it ended, once it has.
    pub end: Option<Result<Ending, String>>,
    worker: Worker,
    /// Events that were told.
    told: usize,
}

impl Fork {
    /// What to call it in a plot.
    pub fn label(&self) -> String {
        label(self.step, &self.past().course())
    }

    /// Its learning rate now.
    pub fn eta(&self) -> f64 {
        self.past().course().eta_at(usize::MAX)
    }

    /// How it was steered, and its checkpoints.
    pub fn past(&self) -> &Arc<Past> {
        self.worker.past()
    }
}

/// What to call a run in a plot that is steered so from its first own step on.
pub fn label(step: usize, course: &Course) -> String {
    let first = format!("η = {} from step {step}", course.eta_at(step));
    let later = course.eta_changes().iter().filter(|&&(later, _)| later > step);
    later.fold(first, |label, (step, eta)| format!("{label}, {eta} from {step}"))
}

/// A fork that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ForkError {
    /// There are as many as there may be.
    #[error("there are {MOST_FORKS} forks already; close one to make another")]
    TooMany,
    /// The parent has not come so far.
    #[error("step {step} has not been reached: the run it would leave has taken {taken} steps")]
    NotReached {
        /// The step asked for.
        step: usize,
        /// Steps taken.
        taken: usize,
    },
    /// The parent was closed.
    #[error("fork {0} is not there any more; choose the run to leave again")]
    NoParent(usize),
    /// A learning rate that is zero, negative or not finite.
    #[error("the learning rate η = {0} is refused; it must be a positive finite number")]
    Eta(f64),
    /// No engine.
    #[error("{0}")]
    Engine(String),
    /// No thread.
    #[error("cannot start the training thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// The forks of a run: a tree by their parents.
#[derive(Debug, Default)]
pub struct Forks {
    list: Vec<Fork>,
    made: usize,
}

impl Forks {
    /// All of them, oldest first.
    pub fn list(&self) -> &[Fork] {
        &self.list
    }

    /// Lets a run leave `parent` at the start of a step with another learning rate; `first` is the run that is no fork.
    /// `make` gives an engine of the same preset before its first step. Returns the fork's id.
    ///
    /// # Errors
    /// When there are too many forks, the step has not been reached, or the engine or its thread cannot be made.
    pub fn start(
        &mut self,
        parent: Option<usize>,
        first: (&History, &Past),
        branch: &Branch,
        make: impl FnOnce() -> Result<Box<dyn Engine>, String>,
        options: &Options,
        wake: impl Fn() + Send + 'static,
    ) -> Result<usize, ForkError> {
        if self.list.len() >= MOST_FORKS {
            return Err(ForkError::TooMany);
        }
        let step = branch.step();
        let (history, past) = match parent {
            None => first,
            Some(id) => {
                let fork = self.list.iter().find(|fork| fork.id == id).ok_or(ForkError::NoParent(id))?;
                (&fork.history, fork.past().as_ref())
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
        let worker = Worker::resume(make().map_err(ForkError::Engine)?, past, options, wake)?;
        let id = self.made;
        self.made += 1;
        let told = history.events().len();
        self.list.push(Fork { id, parent, step, history, end: None, worker, told });
        Ok(id)
    }

    /// Takes in what has arrived from all of them, without waiting. Returns the number of new rows.
    pub fn drain(&mut self) -> usize {
        let mut rows = 0;
        for fork in &mut self.list {
            let drained = fork.worker.try_drain(&mut fork.history);
            rows += drained.rows;
            fork.end = drained.end.or(fork.end.take());
        }
        rows
    }

    /// What has happened in them since the last call, with each one's label and the step.
    pub fn news(&mut self) -> Vec<(String, usize, Event)> {
        let mut news = Vec::new();
        for fork in &mut self.list {
            let events = fork.history.events();
            let label = fork.label();
            news.extend(
                events[fork.told..].iter().map(|(step, event)| (label.clone(), *step, event.clone())),
            );
            fork.told = events.len();
        }
        news
    }

    /// Sends a command to one of them.
    ///
    /// # Errors
    /// When the command carries a value outside its range.
    pub fn send_to(&mut self, id: usize, command: Command) -> Result<(), CommandError> {
        match self.list.iter_mut().find(|fork| fork.id == id) {
            Some(fork) => fork.worker.send(command),
            None => Ok(()),
        }
    }

    /// Sends a command to all of them: play, pause, speed.
    pub fn send(&mut self, command: &Command) {
        for fork in &mut self.list {
            // The first run has refused what is out of range.
            let _ = fork.worker.send(command.clone());
        }
    }

    /// Ends a fork and forgets it. Forks that left it now hang on its parent.
    pub fn close(&mut self, id: usize) {
        let Some(place) = self.list.iter().position(|fork| fork.id == id) else { return };
        let closed = self.list.remove(place);
        for fork in self.list.iter_mut().filter(|fork| fork.parent == Some(id)) {
            fork.parent = closed.parent;
        }
        closed.worker.shut_down();
    }

    /// Ends all of them.
    pub fn clear(&mut self) {
        for fork in self.list.drain(..) {
            fork.worker.shut_down();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Series;
    use crate::run::fake::Fake;
    use std::time::{Duration, Instant};

    fn drained(forks: &mut Forks) {
        let begun = Instant::now();
        while forks.list().iter().any(|fork| fork.end.is_none()) {
            assert!(begun.elapsed() < Duration::from_secs(10));
            forks.drain();
        }
    }

    #[test]
    fn a_fork_has_the_rows_of_its_parent_and_then_its_own() {
        let options = Options::new(50, 0.1);
        let mut worker = Worker::spawn(Box::new(Fake::default()), &options, || ()).unwrap();
        let mut history = History::new(1);
        while worker.try_drain(&mut history).end.is_none() {}
        let mut forks = Forks::default();
        let make = || Ok(Box::new(Fake::default()) as Box<dyn Engine>);
        let first = (&history, worker.past().as_ref());
        let a = forks.start(None, first, &Branch::new(20, 0.2), make, &options, || ()).unwrap();
        drained(&mut forks);
        let b = forks.start(Some(a), first, &Branch::new(30, 0.3), make, &options, || ()).unwrap();
        drained(&mut forks);
        let eta = |fork: usize, step: usize| forks.list()[fork].history.value(Series::Eta, step);
        assert_eq!([0, 1].map(|fork| forks.list()[fork].history.rows()), [50, 50]);
        assert_eq!([19, 20, 49].map(|step| eta(0, step)), [Some(0.1), Some(0.2), Some(0.2)]);
        assert_eq!([19, 29, 30].map(|step| eta(1, step)), [Some(0.1), Some(0.2), Some(0.3)]);
        let course: Course = forks.list()[1].past().course();
        assert_eq!(course.eta_changes(), [(20, 0.2), (30, 0.3)]);
        assert_eq!(forks.list()[1].label(), "η = 0.3 from step 30");
        assert_eq!(forks.list()[1].parent, Some(a));
        forks.close(a);
        assert_eq!((forks.list().len(), forks.list()[0].id, forks.list()[0].parent), (1, b, None));
    }

    #[test]
    fn a_fork_is_steered_alone_and_its_news_are_told_once() {
        let options = Options::new(50, 0.1);
        let mut worker = Worker::spawn(Box::new(Fake::default()), &options, || ()).unwrap();
        let mut history = History::new(1);
        while worker.try_drain(&mut history).end.is_none() {}
        let mut forks = Forks::default();
        let make = || Ok(Box::new(Fake { diverges_at: Some(47), ..Fake::default() }) as Box<dyn Engine>);
        let options = Options { paused: true, ..options };
        let branch: Branch = "20=0.2,40=0.05".parse().unwrap();
        let id =
            forks.start(None, (&history, worker.past().as_ref()), &branch, make, &options, || ()).unwrap();
        forks.send_to(id, Command::SetEta(0.3)).unwrap();
        assert!(forks.send_to(id, Command::SetEta(f64::NAN)).is_err());
        forks.send_to(id, Command::Play).unwrap();
        drained(&mut forks);
        assert_eq!(forks.list()[0].eta(), 0.3);
        assert_eq!(forks.list()[0].history.value(Series::Eta, 45), Some(0.3));
        assert_eq!(worker.past().course(), Course::new(0.1));
        let news = forks.news();
        assert!(
            matches!(&news[..], [(label, 47, Event::Outcome(..))] if label.starts_with("η = 0.3 from step 20"))
        );
        assert!(forks.news().is_empty());
    }

    #[test]
    fn what_cannot_be_forked_is_said() {
        let options = Options::new(10, 0.1);
        let mut worker = Worker::spawn(Box::new(Fake::default()), &options, || ()).unwrap();
        let mut history = History::new(1);
        while worker.try_drain(&mut history).end.is_none() {}
        let mut forks = Forks::default();
        let mut start = |parent, step, eta| {
            let make = || Ok(Box::new(Fake::default()) as Box<dyn Engine>);
            let first = (&history, worker.past().as_ref());
            forks
                .start(parent, first, &Branch::new(step, eta), make, &options, || ())
                .map_err(|error| error.to_string())
        };
        assert!(start(None, 11, 0.1).unwrap_err().contains("has taken 10 steps"));
        assert!(start(Some(7), 5, 0.1).unwrap_err().contains("fork 7"));
        assert!(start(None, 5, -0.1).unwrap_err().contains("positive finite"));
        for _ in 0..MOST_FORKS {
            start(None, 5, 0.2).unwrap();
        }
        assert!(start(None, 5, 0.2).unwrap_err().contains("close one"));
    }
}
