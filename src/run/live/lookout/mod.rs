//! Keeps a view of weight space up to date: requests surveys from the training thread, has discarded weights
//! recomputed on a replay thread, and receives the results. Nothing here blocks.

pub mod earlier;

use super::message::{Seen, WorkerCommand};
use super::replay::{Answer, Make, Moment, Replay, Reply};
use super::worker::{CommandError, Worker};
use crate::run::engine::course::Course;
use crate::run::engine::past::Past;
use brink_core::space::{Axis, PROCESSES, Row, SpaceView, Survey, SurveyRequest, Trail};
use earlier::Earlier;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Maximum number of steps around the cursor that are projected exactly, if their weights are kept: the number that
/// the trail's budget holds for the digits MLP.
pub const WINDOW: usize = 5000;

/// Number of steps on either side that a replay recomputes.
pub const REPLAYED_HALF: usize = 300;

/// Number of steps on either side that the first replay recomputes.
const FIRST_HALF: usize = 24;

/// If the replay of the first steps took longer, it is not followed by one of the whole window.
const QUICK: Duration = Duration::from_millis(1500);

/// Maximum number of bytes of weights that a replay may return.
const REPLAY_BUDGET: usize = 192 << 20;

/// A cursor that has not moved for this long is at rest.
const REST: Duration = Duration::from_millis(120);

/// Minimum time between two surveys of a run in progress, or for a moving cursor.
const INTERVAL: Duration = Duration::from_secs(1);

/// A slice of a survey that nobody waits for.
const SLICE: Duration = Duration::from_millis(100);

/// What the window requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// The step.
    pub step: usize,
    /// Whether it is the newest step and no cursor is placed: the view follows the run.
    pub follows: bool,
    /// Two or three axes.
    pub axes: Vec<Axis>,
}

type Rows = Vec<Arc<Row>>;

/// The receiving side of surveys.
pub struct SurveyClient {
    past: Arc<Past>,
    /// Creates the replay thread, at the first step whose weights are not kept.
    make: Option<Box<Make>>,
    wake: Arc<dyn Fn() + Send + Sync>,
    replay: Option<Replay>,
    /// The replay in progress: its rows, its start time, and the number of steps on either side.
    replaying: Option<(Answer<Rows>, Instant, usize)>,
    /// The present request, and the time since it has been in force.
    wish: Option<(Wish, Instant)>,
    /// The last request sent, and its time.
    asked: Option<(Wish, Instant)>,
    /// Whether that request was cancelled.
    given_up: bool,
    /// The early paths of a resumed run.
    earlier: Earlier,
    view: Option<Arc<SpaceView>>,
}

impl SurveyClient {
    /// For a run with this past. `make` creates the engine of a replay; `wake` is called on the replay thread when
    /// there is an answer, and must not block.
    pub fn new(past: Arc<Past>, make: Box<Make>, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let (make, wake) = (Some(make), Arc::new(wake));
        Self {
            earlier: Earlier::of(&past),
            past,
            make,
            wake,
            replay: None,
            replaying: None,
            wish: None,
            asked: None,
            given_up: false,
            view: None,
        }
    }

    /// The newest view for the present or the last request.
    pub fn view(&self) -> Option<&Arc<SpaceView>> {
        self.view.as_ref()
    }

    /// How many steps before the resumption of the run have been taken again for their paths, and of how many; `None`
    /// if there are none, or all are done.
    pub fn catching_up(&self) -> Option<[usize; 2]> {
        self.earlier.progress()
    }

    /// The time at which [`SurveyClient::update`] has work even if nothing arrives; `None`: there is no such time.
    pub fn due(&self) -> Option<Instant> {
        let (wish, since) = self.wish.as_ref()?;
        match &self.asked {
            Some((asked, _)) if asked == wish && !self.given_up => None,
            Some((_, at)) if wish.follows => Some(*at + INTERVAL),
            _ => Some(*since + REST),
        }
    }

    /// Processes a request; with `None` nothing is requested, and the training thread is left alone. Returns whether
    /// the view has changed.
    ///
    /// # Errors
    /// If the replay fails, in words.
    pub fn update(&mut self, worker: &mut Worker, wish: Option<Wish>, now: Instant) -> Result<bool, String> {
        if self.wish.as_ref().map(|(wish, _)| wish) != wish.as_ref() {
            let moved = !wish.as_ref().is_some_and(|wish| wish.follows);
            if moved && (self.is_busy() || wish.is_none()) {
                // a survey at the previous cursor position is useless
                Self::ask(worker, None);
                (self.given_up, self.replaying) = (true, None);
            }
            self.wish = wish.map(|wish| (wish, now));
        }
        let mut changed = self.take_in(worker, now)?;
        if self.wants_anew(now)
            && let Some((wish, _)) = self.wish.clone()
        {
            self.replaying = None;
            Self::ask(worker, Some(self.request(&wish, Vec::new())));
            (self.asked, self.given_up) = (Some((wish, now)), false);
        }
        changed |= self.replayed(worker)?;
        self.catch_up()?;
        Ok(changed)
    }

    fn is_busy(&self) -> bool {
        self.replaying.is_some()
            || !self.given_up
                && self.asked.as_ref().is_some_and(|(asked, _)| {
                    self.view.as_ref().is_none_or(|view| view.step != asked.step || view.progress < 1.0)
                })
    }

    fn wants_anew(&self, now: Instant) -> bool {
        let Some((wish, since)) = &self.wish else { return false };
        let Some((asked, at)) = &self.asked else { return true };
        let rested = now.saturating_duration_since(*at) >= INTERVAL;
        if asked == wish && !self.given_up {
            false
        } else if wish.follows && asked.follows && wish.axes == asked.axes {
            // the run continues: the survey in progress is still useful and is completed
            rested && !self.is_busy()
        } else {
            rested || wish.axes != asked.axes || now.saturating_duration_since(*since) >= REST
        }
    }

    fn request(&self, wish: &Wish, rows: Rows) -> SurveyRequest {
        let eta = Course::eta_at(&self.past.course(), wish.step);
        SurveyRequest {
            step: wish.step,
            eta,
            axes: wish.axes.clone(),
            most: WINDOW,
            rows,
            earlier: self.earlier.known(),
        }
    }

    fn ask(worker: &mut Worker, request: Option<SurveyRequest>) {
        let sent: Result<(), CommandError> = worker.send(WorkerCommand::Look(request.map(Arc::new)));
        debug_assert!(sent.is_ok(), "a look has no range");
    }

    fn take_in(&mut self, worker: &mut Worker, now: Instant) -> Result<bool, String> {
        let mut changed = false;
        for seen in worker.try_seen() {
            let Some((asked, _)) = self.asked.as_ref().filter(|_| !self.given_up) else { continue };
            match seen {
                Seen::View(view) if view.step == asked.step => {
                    if view.progress == 1.0 {
                        // it belongs to the request that caused them
                        self.earlier.passed_on();
                    }
                    self.view = Some(view);
                    changed = true;
                }
                Seen::NotKept { step } if step == asked.step => {
                    self.start_replay(step, FIRST_HALF, now)?;
                }
                // it belongs to a cancelled request
                Seen::View(_) | Seen::NotKept { .. } => {}
            }
        }
        Ok(changed)
    }

    /// The replay thread, created on first use.
    fn replay(&mut self) -> Result<Option<&Replay>, String> {
        if let Some(make) = self.make.take() {
            let wake = Arc::clone(&self.wake);
            let replay = Replay::spawn(Arc::clone(&self.past), make, move || wake());
            self.replay =
                Some(replay.map_err(|error| format!("No thread to go back to old weights: {error}"))?);
        }
        Ok(self.replay.as_ref())
    }

    /// Has the steps before the resumption of the run taken again, while weight space is displayed and the thread is
    /// idle; afterwards everything is surveyed again.
    fn catch_up(&mut self) -> Result<(), String> {
        if !self.earlier.is_wanted() || self.wish.is_none() || self.replaying.is_some() {
            return Ok(());
        }
        let mut earlier = std::mem::take(&mut self.earlier);
        let done = self.replay().and_then(|replay| replay.map_or(Ok(false), |replay| earlier.go_on(replay)));
        self.earlier = earlier;
        if done? {
            self.asked = None;
        }
        Ok(())
    }

    fn start_replay(&mut self, step: usize, half: usize, now: Instant) -> Result<(), String> {
        if let Some(replay) = self.replay()? {
            let last = step + half;
            let answer = replay
                .ask(step.saturating_sub(half), move |moment: &mut Moment<'_>| rows(moment, step, last));
            self.replaying = Some((answer, now, half));
        }
        Ok(())
    }

    /// Passes on the rows that a replay has returned.
    fn replayed(&mut self, worker: &mut Worker) -> Result<bool, String> {
        let Some((answer, since, half)) = &self.replaying else { return Ok(false) };
        let (half, took) = (*half, since.elapsed());
        let rows = match answer.poll() {
            Reply::Pending => return Ok(false),
            Reply::Superseded => Vec::new(),
            Reply::Ready(Ok(rows)) => rows,
            Reply::Ready(Err(error)) => {
                self.replaying = None;
                return Err(error.to_string());
            }
        };
        self.replaying = None;
        let Some((asked, _)) = self.asked.clone().filter(|_| !rows.is_empty()) else { return Ok(false) };
        let request = self.request(&asked, rows);
        Self::ask(worker, Some(request));
        if half < REPLAYED_HALF && took < QUICK {
            self.start_replay(asked.step, REPLAYED_HALF, Instant::now())?;
        }
        Ok(false)
    }
}

/// The weights of the steps from a moment's to `last`, as far as the run and the memory reach; `step` is among them.
fn rows(moment: &mut Moment<'_>, step: usize, last: usize) -> Rows {
    let mut rows = Vec::new();
    let mut bytes = 0;
    while moment.step() <= last && !moment.superseded() {
        let before = PROCESSES.map(|process| moment.weights(process));
        let Some(record) = moment.advance() else { break };
        let row = Row::of_step(&before, &record);
        bytes += row.bytes();
        rows.push(Arc::new(row));
        if bytes > REPLAY_BUDGET {
            if rows.last().is_some_and(|row| row.step() > step) {
                break;
            }
            // the older rows make room until the step is reached
            bytes -= rows.remove(0).bytes();
        }
    }
    rows
}

/// Performs a complete survey around a step, within a job: the moment is that of the step, or up to [`REPLAYED_HALF`]
/// steps before it, which are recomputed if the trail does not have them. `None` if it is superseded, or the run has
/// not reached the step.
pub fn look(moment: &mut Moment<'_>, step: usize, axes: &[Axis], trail: &Trail) -> Option<SpaceView> {
    let known = trail.row(step).is_some();
    let rows = if known { Vec::new() } else { rows(moment, step, step + REPLAYED_HALF) };
    let request = SurveyRequest {
        step,
        eta: moment.eta_at(step),
        axes: axes.to_vec(),
        most: WINDOW,
        rows,
        earlier: None,
    };
    let mut look = Survey::new(request, trail).ok()?;
    while !look.done() {
        if moment.superseded() {
            return None;
        }
        let (mut probe, stop) = moment.probe();
        look.advance(probe.as_mut(), trail, Instant::now() + SLICE, stop);
    }
    Some(look.view().clone())
}

#[cfg(test)]
mod tests;
