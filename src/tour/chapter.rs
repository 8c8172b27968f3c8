//! A chapter of the tour, as plain data.

use super::error::ChapterError;
use super::layout::TourColumns;
use super::quantity::Quantity;
use super::text::Span;
use crate::picture::style::equation;
use crate::preset::{Overrides, Preset};
use crate::run::engine::breakpoint::Breakpoint;
use crate::run::record::history::History;
use crate::run::record::series::Series;
use serde::Deserialize;

/// One chapter: what it says, and the run that it says it with.
#[derive(Clone, Debug, PartialEq)]
pub struct Chapter {
    /// A word for command lines: the file's name without its number.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What runs at first.
    pub source: RunSource,
    /// Light presets that train beside it, each with a place of its own on the wall.
    pub beside: Vec<RunSource>,
    /// The panels at first.
    pub layout: TourColumns,
    /// Every stop is reached within so many steps of its run.
    pub within: usize,
    /// Whether the phases of cycles are shaded.
    pub phases: bool,
    /// When the central flow's curves are shown.
    pub central_flow: CentralFlowShown,
    /// Sliders on the cards that have them.
    pub knobs: Vec<Knob>,
    /// The cards; at least one.
    pub cards: Vec<Card>,
}

/// A slider that changes one number of the preset and starts the run again.
#[derive(Clone, Debug, PartialEq)]
pub struct Knob {
    /// Its name.
    pub label: String,
    /// The key of the preset, such as `optimizer.eta`.
    pub key: String,
    /// For a list of numbers, which of them, counted from 0.
    pub place: Option<usize>,
    /// Smallest value.
    pub least: f64,
    /// Largest value.
    pub most: f64,
}

/// One thought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Card {
    /// Its heading.
    pub heading: String,
    /// What the run goes on to when the card is shown.
    pub stop: Option<Breakpoint>,
    /// What happens when the card is shown and its stop is reached.
    pub actions: Vec<Action>,
    /// Another run than the chapter's, from this card on.
    pub run: Option<RunSource>,
    /// Other panels than the chapter's, from this card on.
    pub layout: Option<TourColumns>,
    /// Whether it has the chapter's sliders.
    pub sliders: bool,
    /// What it says.
    pub blocks: Vec<CardBlock>,
    /// How many of the blocks it says already on the way to its stop: those that stand before the stop's line.
    pub ahead: usize,
}

/// When the central flow's curves are shown in a chapter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CentralFlowShown {
    /// From the first card on.
    #[default]
    Always,
    /// When an answer is revealed, or a card shows them.
    Answered,
    /// When the viewer asks for them: the chapter does not speak of them.
    Asked,
}

/// What runs: a built-in preset with changes.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSource {
    /// Its name.
    pub preset: String,
    /// Keys that are changed, each `key=value`.
    pub set: Vec<String>,
    /// The recording that plays in its place, where it comes with the program and can be read.
    pub recording: Option<String>,
}

/// A paragraph of a card.
#[derive(Clone, Debug, PartialEq)]
pub enum CardBlock {
    /// Words.
    Text(Vec<Span>),
    /// An equation on its own line, in the notation of [`crate::picture::style::equation`].
    Equation(String),
    /// An address, on its own line.
    Link(String),
    /// A question to the room.
    Question(Vec<Span>),
    /// What is hidden until it is asked for.
    Answer(Vec<Span>),
}

/// What a card does to the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Put the cursor at the newest step that can be looked into.
    Look,
    /// Show the last whole cycle and repeat it in slow motion.
    LoopCycle,
    /// Show the whole run, without a cursor.
    WholeRun,
    /// Train with another learning rate from here on.
    SetEta(f64),
    /// Let the run go on, without a stop.
    Play,
    /// Show the central flow's curves.
    ShowCentralFlow,
}

impl Chapter {
    /// What runs on a card.
    pub fn source(&self, card: usize) -> &RunSource {
        self.cards.iter().take(card + 1).rev().find_map(|card| card.run.as_ref()).unwrap_or(&self.source)
    }

    /// The panels of a card.
    pub fn layout(&self, card: usize) -> &TourColumns {
        self.cards.iter().take(card + 1).rev().find_map(|card| card.layout.as_ref()).unwrap_or(&self.layout)
    }

    /// The preset of a card, with these changes after the chapter's own.
    ///
    /// # Errors
    /// When it is not built in, or a change is refused.
    pub fn preset(&self, card: usize, changes: &[String]) -> Result<Preset, ChapterError> {
        self.load(self.source(card), changes)
    }

    /// The presets that train beside the chapter's run.
    ///
    /// # Errors
    /// When one is not built in, or a change is refused.
    pub fn presets_beside(&self) -> Result<Vec<Preset>, ChapterError> {
        self.beside.iter().map(|source| self.load(source, &[])).collect()
    }

    fn load(&self, source: &RunSource, changes: &[String]) -> Result<Preset, ChapterError> {
        let failed = |source| ChapterError::Preset { chapter: self.id.clone(), source };
        let set = [source.set.as_slice(), changes].concat();
        Preset::load_with(&source.preset, &Overrides { data: None, set }).map_err(failed)
    }

    /// Whether the central flow's curves are shown on a card before its answer is revealed.
    pub fn shows_central_flow(&self, card: usize) -> bool {
        let mut before = self.cards.iter().take(card + 1);
        self.central_flow == CentralFlowShown::Always
            || before.any(|card| card.actions.contains(&Action::ShowCentralFlow))
    }

    /// The card to show to someone who comes back from the chapter after this one: the last, if its run needs nothing that
    /// a card before it has done.
    pub fn last_entry(&self) -> usize {
        let last = self.cards.len().saturating_sub(1);
        let is_steered = |card: &Card| card.actions.iter().any(|action| matches!(action, Action::SetEta(_)));
        if self.cards.iter().any(is_steered) { 0 } else { last }
    }

    /// The card with which a card's run begins.
    pub fn run_start(&self, card: usize) -> usize {
        (0..=card)
            .rev()
            .find(|&place| self.cards.get(place).is_some_and(|card| card.run.is_some()))
            .unwrap_or(0)
    }

    /// The first stop of a card's run: that of the card, or of a later one with the same run.
    pub fn first_stop(&self, card: usize) -> Option<Breakpoint> {
        let same_run = |place: &usize| *place == card || self.cards[*place].run.is_none();
        (card..self.cards.len()).take_while(same_run).find_map(|place| self.cards[place].stop)
    }
}

impl Card {
    /// The card as it is shown until its stop is reached: what it says of the stop is not yet true, and tells the room how it
    /// will end.
    #[must_use]
    pub fn on_the_way(&self) -> Self {
        let blocks = self.blocks[..self.ahead.min(self.blocks.len())].to_vec();
        Self { heading: self.heading.clone(), blocks, ..Self::default() }
    }

    /// Whether it has a question whose answer is hidden at first.
    pub fn has_answer(&self) -> bool {
        self.blocks.iter().any(|block| matches!(block, CardBlock::Answer(_)))
    }

    /// The learning rate with which it lets the run go on.
    pub fn eta(&self) -> Option<f64> {
        self.actions.iter().find_map(|action| match action {
            Action::SetEta(eta) => Some(*eta),
            _ => None,
        })
    }

    /// Every span of its text.
    pub fn spans(&self) -> impl Iterator<Item = &Span> {
        self.blocks.iter().flat_map(|block| match block {
            CardBlock::Text(spans) | CardBlock::Question(spans) | CardBlock::Answer(spans) => {
                spans.as_slice()
            }
            CardBlock::Equation(_) | CardBlock::Link(_) => &[],
        })
    }

    /// Every live number of its text and its equations.
    pub fn numbers(&self) -> impl Iterator<Item = Quantity> {
        self.blocks.iter().flat_map(|block| match block {
            CardBlock::Text(spans) | CardBlock::Question(spans) | CardBlock::Answer(spans) => {
                let live = spans.iter().filter_map(|span| match span {
                    Span::Live(quantity) => Some(*quantity),
                    _ => None,
                });
                live.collect::<Vec<_>>()
            }
            CardBlock::Equation(text) => {
                equation::names(text).iter().filter_map(|name| Quantity::named(name)).collect()
            }
            CardBlock::Link(_) => Vec::new(),
        })
    }
}

/// The first step, since the last change of η, at which what a breakpoint waits for was there; `None` where it is still to
/// come. Peaks and spikes come again.
pub fn passed_at(stop: Breakpoint, history: &History) -> Option<usize> {
    let value = |series, row| history.value(series, row);
    let newest = history.rows().checked_sub(1)?;
    let eta = value(Series::Eta, newest);
    // backwards: the last that is found is the first
    let rows = (0..=newest).rev().take_while(|&row| value(Series::Eta, row) == eta);
    match stop {
        Breakpoint::Step(step) => (newest >= step).then_some(step),
        Breakpoint::AtEdge { k } => rows
            .filter(|&row| {
                let lambda = value(Series::GdLambda(k.saturating_sub(1)), row);
                lambda.zip(eta).is_some_and(|(lambda, eta)| lambda * eta >= 2.0)
            })
            .last(),
        Breakpoint::AtRank { k } => rows.filter(|&row| history.rank(row) >= k).last(),
        Breakpoint::OscillationPeak | Breakpoint::LossSpike { .. } | Breakpoint::Divergence => None,
    }
}

/// Whether what a breakpoint waits for lies behind already, since the last change of η.
pub fn lies_behind(stop: Breakpoint, history: &History) -> bool {
    passed_at(stop, history).is_some()
}
