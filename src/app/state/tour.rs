//! Where the tour is: chapter and card, what was revealed, which stop the run goes on to.

use super::look::Appearance;
use crate::run::engine::breakpoint::Breakpoint;
use crate::tour::{Card, Chapter, ChapterError, Reveal, chapters};
use std::sync::Arc;

/// What can be asked of the tour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TourCommand {
    /// Open it, or leave it for free play; its place stays.
    Toggle,
    /// The answer, or the next card.
    Next,
    /// The card before.
    Previous,
    /// The first card of a chapter, counted from 0.
    Chapter(usize),
    /// Show the answer to the card's question.
    Reveal,
    /// Move a slider of the chapter, by its place, and start the run again.
    Turn(usize, f64),
}

/// The tour as the window shows it.
#[derive(Clone, Debug)]
pub struct Tour {
    /// All chapters; empty where they cannot be read.
    pub chapters: Arc<[Chapter]>,
    /// The chapter, counted from 0.
    pub chapter: usize,
    /// The card within it, counted from 0.
    pub card: usize,
    /// Whether the tour guides; otherwise its place waits.
    pub guides: bool,
    /// Whether the card's answer is shown.
    pub reveal: Reveal,
    /// Values of the chapter's sliders.
    pub knobs: Vec<f64>,
    /// Which cards' stops have been reached; by card.
    pub(crate) reached: Vec<bool>,
    /// The steps at which they were, as far as they are known; by card.
    pub(crate) moments: Vec<Option<usize>>,
    /// What the run goes on to at present.
    pub(crate) armed: Option<Breakpoint>,
    /// Whether the actions of the card are still to be done.
    pub(crate) due: bool,
    /// The number of the run that the tour started last.
    pub(in crate::app) run: Option<u64>,
    /// Its look while the viewer plays freely.
    pub(crate) look: Option<Appearance>,
}

impl Tour {
    /// At the first card, not yet opened.
    ///
    /// # Errors
    /// When a chapter breaks the rules.
    pub fn new() -> Result<Self, ChapterError> {
        Ok(Self::of(chapters()?))
    }

    /// Of other chapters.
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

    /// The chapter and its card.
    pub fn here(&self) -> Option<(&Chapter, &Card)> {
        let chapter = self.chapters.get(self.chapter)?;
        Some((chapter, chapter.cards.get(self.card)?))
    }

    /// What a learning rate means while a card has a slider for it: to move that one, as far as it goes.
    pub(in crate::app) fn eta_knob(&self, eta: f64) -> Option<TourCommand> {
        let (chapter, _) = self.here().filter(|(_, card)| self.guides && card.sliders)?;
        let place = chapter.knobs.iter().position(|knob| knob.key == "optimizer.eta")?;
        let knob = &chapter.knobs[place];
        Some(TourCommand::Turn(place, eta.clamp(knob.least, knob.most)))
    }

    /// Whether a question is put to the room whose answer is still hidden.
    pub fn asks(&self) -> bool {
        let has_answer = self.here().is_some_and(|(_, card)| card.has_answer());
        self.guides && has_answer && self.reveal == Reveal::Hidden
    }

    /// Whether the card after this one asks.
    pub fn asks_next(&self) -> bool {
        let next = self.chapters.get(self.chapter).and_then(|chapter| chapter.cards.get(self.card + 1));
        self.guides && next.is_some_and(Card::has_answer)
    }

    /// Whether the tour has been opened once.
    pub fn has_begun(&self) -> bool {
        self.run.is_some()
    }

    /// Whether a stop of the chapter has been reached.
    pub fn has_stopped(&self) -> bool {
        self.reached.contains(&true)
    }

    /// Whether the run is to go on before the card can be read to the end.
    pub fn waits(&self) -> bool {
        self.here().is_some_and(|(_, card)| card.stop.is_some()) && !self.is_reached(self.card)
    }

    /// What the run goes on to.
    pub fn armed(&self) -> Option<Breakpoint> {
        self.armed
    }

    /// As if every stop of the chapter lay behind.
    #[cfg(test)]
    pub(in crate::app) fn have_reached_all(&mut self) {
        self.reached = vec![true; self.chapters[self.chapter].cards.len()];
    }

    /// The step at which the stop of the card that is shown was reached.
    pub(crate) fn moment(&self) -> Option<usize> {
        self.moments.get(self.card).copied().flatten().filter(|_| self.is_reached(self.card))
    }

    pub(crate) fn is_reached(&self, card: usize) -> bool {
        self.reached.get(card).copied().unwrap_or(false)
    }

    /// The first card before the one that is shown whose stop the run, begun anew, has yet to pass.
    pub(crate) fn on_the_way(&self) -> Option<Breakpoint> {
        let chapter = self.chapters.get(self.chapter)?;
        let before = chapter.run_start(self.card)..self.card;
        before.filter(|&place| !self.is_reached(place)).find_map(|place| chapter.cards[place].stop)
    }

    /// Marks the cards of the run, up to the one that is shown, that wait for a stop, or the next one that does; of a stop that
    /// comes again and again the first alone; `step` is where it was reached. Returns the last that is marked.
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

    /// The run has ended: nothing more is to come.
    pub(crate) fn reach_here(&mut self) {
        let card = self.card;
        self.reached.iter_mut().take(card + 1).for_each(|reached| *reached = true);
    }
}
