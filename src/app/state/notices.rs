//! Messages above the plots about the run and its forks.

use super::Model;
use super::banner::{Banner, Level};
use super::form::Form;
use super::phase::RunPhase;
use crate::run::live::message::Ending;
use brink_core::dynamics::{Event, Process, StepOutcome};

/// Maximum number of banners shown at a time.
const BANNERS: usize = 3;

impl Model {
    /// Shows the message of a fork's event: an event that stops or spoils one of its processes.
    pub fn note_of_fork(&mut self, label: &str, step: usize, event: &Event) {
        let (level, text) = match event {
            Event::Outcome(process, StepOutcome::Diverged { loss }) => {
                let name = process.name();
                (
                    Level::Error,
                    format!("{name} diverged at step {step} (loss {loss:.3e}) and stays where it was"),
                )
            }
            Event::Outcome(process, StepOutcome::TooSharp { eta_s }) => {
                let name = process.name();
                (
                    Level::Warning,
                    format!("{name} became too sharp to integrate at step {step} (η·S = {eta_s:.1})"),
                )
            }
            Event::Trouble(process, text) => {
                (Level::Warning, format!("{}, step {step}: {text}", process.name()))
            }
            _ => return,
        };
        self.raise(Banner::new(level, format!("Fork “{label}”: {text}")));
    }

    /// Shows how a fork has ended, unless it ended with its last step; the events report what stopped its
    /// processes.
    pub fn note_end_of_fork(&mut self, label: &str, end: &Result<Ending, String>) {
        let (level, text) = match end {
            Err(reason) => (Level::Error, reason.clone()),
            Ok(ending @ Ending::MemoryBudget { .. }) => (Level::Note, format!("it has ended: {ending}")),
            Ok(Ending::AllSteps | Ending::NothingAdvances | Ending::Stopped) => return,
        };
        self.raise(Banner::new(level, format!("Fork “{label}”: {text}")));
    }

    /// Shows the message of an event.
    pub fn note(&mut self, step: usize, event: &Event) {
        match event {
            Event::Outcome(process, StepOutcome::Diverged { loss }) => {
                let alone = *process == Process::GradientDescent && self.ended_with_descent().is_some();
                let end = if alone { "the run ends there" } else { "stays where it was; the others go on" };
                self.raise(Banner {
                    offers_restart: *process == Process::GradientDescent,
                    ..Banner::new(
                        Level::Error,
                        format!(
                            "{} diverged at step {step} (loss {loss:.3e}) and {end}. Choose a smaller η, then restart",
                            capitalized(*process)
                        ),
                    )
                });
            }
            Event::Outcome(process, StepOutcome::TooSharp { eta_s }) => self.raise(Banner::new(
                Level::Warning,
                format!(
                    "{} became too sharp to integrate at step {step} (η·S = {eta_s:.1}) and stays where it is",
                    capitalized(*process)
                ),
            )),
            Event::StartedAboveEdge { eta_s } => self.raise(Banner {
                offers_flows: true,
                ..Banner::new(
                    Level::Warning,
                    format!(
                        "The central flow is above the edge since step {step} (η·λ₁ = {eta_s:.2} > 2): its predictions \
                         are left out until it is back"
                    ),
                )
            }),
            Event::BackBelowEdge | Event::FlowsStarted => self.banners.retain(|banner| !banner.offers_flows),
            Event::Trouble(process, text) => {
                self.raise(Banner::new(Level::Warning, format!("{}, step {step}: {text}", capitalized(*process))));
            }
            Event::Outcome(_, StepOutcome::Advanced | StepOutcome::EnteredEdge { .. })
            | Event::EtaChanged { .. } => {}
        }
    }

    /// The step at which gradient descent diverged, if this ended the run.
    pub(crate) fn ended_with_descent(&self) -> Option<usize> {
        self.runs
            .first
            .history
            .divergence(Process::GradientDescent)
            .filter(|&step| !self.runs.first.history.has_flows(step))
    }

    /// Adds a banner. Of the banners that offer to restart the flows, only the newest is kept; at most
    /// `BANNERS` are kept in all.
    pub fn raise(&mut self, banner: Banner) {
        self.banners
            .retain(|other| other.text != banner.text && !(banner.offers_flows && other.offers_flows));
        self.banners.push(banner);
        if self.banners.len() > BANNERS {
            self.banners.remove(0);
        }
    }

    /// Reports that the run has failed or could not be started.
    pub(in crate::app) fn fail(&mut self, reason: &str) {
        self.runs.first.phase = RunPhase::Failed;
        let kept =
            if self.runs.first.history.rows() > 0 { ". Export what was recorded, or start anew" } else { "" };
        self.raise(Banner {
            offers_restart: self.runs.first.history.rows() > 0,
            offers_data: self.runs.first.history.rows() == 0 && self.needs_directory(),
            ..Banner::new(Level::Error, format!("{reason}{kept}"))
        });
    }

    /// Reports that some checkpoints were dropped.
    pub(in crate::app) fn note_thinned(&mut self, budget: usize) {
        let text = format!(
            "Looking into an old step takes a little longer from now on: the checkpoints fill their {} MiB, and every other \
             one goes",
            budget >> 20
        );
        self.raise(Banner::new(Level::Note, text));
    }

    /// Reports the outcome of a file operation above the plots if its form is not open.
    pub(in crate::app) fn tell_outcome(&mut self) {
        if self.forms.open == Some(Form::Session) {
            return;
        }
        match self.forms.session.outcome.clone() {
            Some(Ok(text)) => self.raise(Banner::new(Level::Note, text)),
            Some(Err(reason)) => self.raise(Banner::new(Level::Warning, reason)),
            None => {}
        }
    }

    /// Removes the banner that explains why the run is paused.
    pub(crate) fn forget_pause(&mut self) {
        self.banners.retain(|banner| !banner.of_pause);
    }
}

/// The name of a process, capitalized for the start of a sentence.
fn capitalized(process: Process) -> String {
    let (first, rest) = process.name().split_at(1);
    first.to_uppercase() + rest
}
