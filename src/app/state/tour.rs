//! The state of the tour: its chapter and card, the revealed answers, and the stop that the run is heading
//! for.

use super::look::Appearance;
use crate::run::engine::breakpoint::Breakpoint;
use crate::tour::{Card, Chapter, ChapterError, Reveal, chapters};
use std::sync::Arc;

/// A command to the tour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TourCommand {
    /// Open the tour, or leave it for free play; its place is kept.
    Toggle,
    /// Reveal the answer, or go to the next card.
    Next,
    /// Go to the previous card.
    Previous,
    /// Go to the first card of a chapter, counted from 0.
    Chapter(usize),
    /// Reveal the answer to the card's question.
    Reveal,
    /// Move a slider of the chapter, given by its index, and restart the run.
    Turn(usize, f64),
}

/// The tour as the window shows it.
#[derive(Clone, Debug)]
pub struct Tour {
    /// All chapters; empty if they cannot be read.
    pub chapters: Arc<[Chapter]>,
    /// The chapter, counted from 0.
    pub chapter: usize,
    /// The card within it, counted from 0.
    pub card: usize,
    /// Whether the tour is active; otherwise its place is only kept.
    pub guides: bool,
    /// Whether the card's answer is revealed.
    pub reveal: Reveal,
    /// The values of the chapter's sliders.
    pub knobs: Vec<f64>,
    /// Whether the stop of each card has been reached; indexed by card.
    pub(crate) reached: Vec<bool>,
    /// The steps at which the stops were reached, as far as they are known; indexed by card.
    pub(crate) moments: Vec<Option<usize>>,
    /// The stop that the run is heading for.
    pub(crate) armed: Option<Breakpoint>,
    /// Whether the card's actions are still pending.
    pub(crate) due: bool,
    /// The number of the run that the tour started last.
    pub(in crate::app) run: Option<u64>,
    /// The tour's appearance, kept during free play.
    pub(crate) look: Option<Appearance>,
}

impl Tour {
    /// A tour at its first card, not yet opened.
    ///
    /// # Errors
    /// If a chapter breaks the rules.
    pub fn new() -> Result<Self, ChapterError> {
        Ok(Self::of(chapters()?))
    }

    /// A tour of the given chapters.
    pub fn of(chapters: Vec<Chapter>) -> Self {
        Self {
            chapters: chapters.into(),
            chapter: 0,
            card: 0,
            guides: false,
            reveal: Reveal::Hidden,
            knobs: Vec::new(),
            reached: Vec::new(),
            moments: Vec::new(),
            armed: None,
            due: false,
            run: None,
            look: None,
        }
    }

    /// The current chapter and card.
    pub fn here(&self) -> Option<(&Chapter, &Card)> {
        let chapter = self.chapters.get(self.chapter)?;
        Some((chapter, chapter.cards.get(self.card)?))
    }

    /// The command that a learning rate stands for while the card has a slider for it: moving that slider,
    /// within its range.
    pub(in crate::app) fn eta_knob(&self, eta: f64) -> Option<TourCommand> {
        let (chapter, _) = self.here().filter(|(_, card)| self.guides && card.sliders)?;
        let place = chapter.knobs.iter().position(|knob| knob.key == "optimizer.eta")?;
        let knob = &chapter.knobs[place];
        Some(TourCommand::Turn(place, eta.clamp(knob.least, knob.most)))
    }

    /// Whether the card asks a question whose answer is still hidden.
    pub fn asks(&self) -> bool {
        let has_answer = self.here().is_some_and(|(_, card)| card.has_answer());
        self.guides && has_answer && self.reveal == Reveal::Hidden
    }

    /// Whether the next card asks a question.
    pub fn asks_next(&self) -> bool {
        let next = self.chapters.get(self.chapter).and_then(|chapter| chapter.cards.get(self.card + 1));
        self.guides && next.is_some_and(Card::has_answer)
    }

    /// Whether the tour has been opened before.
    pub fn has_begun(&self) -> bool {
        self.run.is_some()
    }

    /// Whether any stop of the chapter has been reached.
    pub fn has_stopped(&self) -> bool {
        self.reached.contains(&true)
    }

    /// Whether the run has to go on before the card can be read to its end.
    pub fn waits(&self) -> bool {
        self.here().is_some_and(|(_, card)| card.stop.is_some()) && !self.is_reached(self.card)
    }

    /// The stop that the run is heading for.
    pub fn armed(&self) -> Option<Breakpoint> {
        self.armed
    }

    /// Marks every stop of the chapter as reached.
    #[cfg(test)]
    pub(in crate::app) fn have_reached_all(&mut self) {
        self.reached = vec![true; self.chapters[self.chapter].cards.len()];
    }

    /// The step at which the stop of the current card was reached.
    pub(crate) fn moment(&self) -> Option<usize> {
        self.moments.get(self.card).copied().flatten().filter(|_| self.is_reached(self.card))
    }

    pub(crate) fn is_reached(&self, card: usize) -> bool {
        self.reached.get(card).copied().unwrap_or(false)
    }

    /// The stop of the first card before the current one that a restarted run has not yet passed.
    pub(crate) fn on_the_way(&self) -> Option<Breakpoint> {
        let chapter = self.chapters.get(self.chapter)?;
        let before = chapter.run_start(self.card)..self.card;
        before.filter(|&place| !self.is_reached(place)).find_map(|place| chapter.cards[place].stop)
    }

    /// Marks the cards of the run that wait for a stop: those up to the current card, or else the next card
    /// that waits for it. For a recurring stop, only the first such card is marked. `step` is where the stop
    /// was reached. Returns the last marked card.
    pub(crate) fn reach(&mut self, stop: Breakpoint, step: Option<usize>) -> Option<usize> {
        let chapter = self.chapters.get(self.chapter)?;
        let start = chapter.run_start(self.card);
        let waits = |place: &usize| chapter.cards[*place].stop == Some(stop) && !self.is_reached(*place);
        let recurs = matches!(stop, Breakpoint::OscillationPeak | Breakpoint::LossSpike { .. });
        let most = if recurs { 1 } else { usize::MAX };
        let mut marked: Vec<usize> = (start..=self.card).filter(waits).take(most).collect();
        if marked.is_empty() {
            marked.extend((start..chapter.cards.len()).find(waits));
        }
        for &place in &marked {
            *self.reached.get_mut(place)? = true;
            *self.moments.get_mut(place)? = step;
        }
        marked.last().copied()
    }

    /// Marks the current card's stop as reached, because the run has ended and nothing more will come.
    pub(crate) fn reach_here(&mut self) {
        let card = self.card;
        self.reached.iter_mut().take(card + 1).for_each(|reached| *reached = true);
    }
}
