//! Keeps a view of weight space up to date: asks the training thread for looks, has old weights computed again on a replay
//! thread, and takes in what comes back. Nothing here waits.

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

/// Most steps around the cursor that are projected exactly, as far as their weights are kept: what the trail's budget holds
/// of the digits MLP.
pub const WINDOW: usize = 5000;

/// Steps on either side that a replay computes again.
pub const REPLAYED_HALF: usize = 300;

/// Steps on either side that a replay computes again at first.
const FIRST_HALF: usize = 24;

/// A replay of the first steps that took longer is not followed by one of the whole window.
const QUICK: Duration = Duration::from_millis(1500);

/// Bytes of weights that a replay may bring.
const REPLAY_BUDGET: usize = 192 << 20;

/// A cursor that has not moved for so long rests.
const REST: Duration = Duration::from_millis(120);

/// Least time between two looks at a run that goes on, or for a cursor that keeps moving.
const INTERVAL: Duration = Duration::from_secs(1);

/// A slice of a look that nobody waits for.
const SLICE: Duration = Duration::from_millis(100);

/// What the window wants to see.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// The step.
    pub step: usize,
    /// Whether it is the newest one and no cursor is placed: the run is followed.
    pub follows: bool,
    /// Two or three axes.
    pub axes: Vec<Axis>,
}

type Rows = Vec<Arc<Row>>;

/// The watcher's side.
pub struct SurveyClient {
    past: Arc<Past>,
    /// Makes the replay thread, at the first step whose weights are not kept.
    make: Option<Box<Make>>,
    wake: Arc<dyn Fn() + Send + Sync>,
    replay: Option<Replay>,
    /// Under way on the replay thread: the rows, since when, and the steps on either side.
    replaying: Option<(Answer<Rows>, Instant, usize)>,
    /// What is wanted, and since when.
    wish: Option<(Wish, Instant)>,
    /// What was asked last, and when.
    asked: Option<(Wish, Instant)>,
    /// Whether that was given up.
    given_up: bool,
    /// The paths of a run that was taken up again, before it was.
    earlier: Earlier,
    view: Option<Arc<SpaceView>>,
}

impl SurveyClient {
    /// For a run with this past. `make` makes the engine of a replay; `wake` is called when it has an answer, on its thread,
    /// and must not block.
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

    /// The newest view of what is, or was last, asked for.
    pub fn view(&self) -> Option<&Arc<SpaceView>> {
        self.view.as_ref()
    }

    /// How many steps before the run was taken up again have been taken once more for their paths, and of how many; `None`
    /// where there are none, or all have.
    pub fn catching_up(&self) -> Option<[usize; 2]> {
        self.earlier.progress()
    }

    /// When [`SurveyClient::update`] has something to do though nothing arrives; `None`: not of its own accord.
    pub fn due(&self) -> Option<Instant> {
        let (wish, since) = self.wish.as_ref()?;
        match &self.asked {
            Some((asked, _)) if asked == wish && !self.given_up => None,
            Some((_, at)) if wish.follows => Some(*at + INTERVAL),
            _ => Some(*since + REST),
        }
    }

    /// Sees to a wish; with `None` nothing is wanted, and the training thread is left alone. Whether the view is another one.
    ///
    /// # Errors
    /// When the replay fails, in words.
    pub fn update(&mut self, worker: &mut Worker, wish: Option<Wish>, now: Instant) -> Result<bool, String> {
        if self.wish.as_ref().map(|(wish, _)| wish) != wish.as_ref() {
            let moved = !wish.as_ref().is_some_and(|wish| wish.follows);
            if moved && (self.is_busy() || wish.is_none()) {
                // a look at where the cursor was is of no use
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
            // the run goes on: what is under way is of use, and is seen to its end
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
                        // it is of the request that brought them
                        self.earlier.passed_on();
                    }
                    self.view = Some(view);
                    changed = true;
                }
                Seen::NotKept { step } if step == asked.step => {
                    self.start_replay(step, FIRST_HALF, now)?;
                }
                // of a request that is given up
                Seen::View(_) | Seen::NotKept { .. } => {}
            }
        }
        Ok(changed)
    }

    /// The replay thread, made where it is needed first.
    fn replay(&mut self) -> Result<Option<&Replay>, String> {
        if let Some(make) = self.make.take() {
            let wake = Arc::clone(&self.wake);
            let replay = Replay::spawn(Arc::clone(&self.past), make, move || wake());
            self.replay =
                Some(replay.map_err(|error| format!("No thread to go back to old weights: {error}"))?);
        }
        Ok(self.replay.as_ref())
    }

    /// Has the steps before the run was taken up again taken once more, while weight space is looked at and the thread has
    /// nothing else to do; then everything is looked at anew.
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

    /// Passes on the rows that a replay has brought.
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

/// The weights of the steps from a moment's to `last`, as far as the run has come and memory goes; `step` is among them.
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
            // the older ones make room until the step is reached
            bytes -= rows.remove(0).bytes();
        }
    }
    rows
}

/// Looks around a step to the end, within a job: the moment is that of the step, or up to [`REPLAYED_HALF`] steps before it,
/// which are computed again where the trail does not have them. `None` where it is superseded, or the run has not come to
/// the step.
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
