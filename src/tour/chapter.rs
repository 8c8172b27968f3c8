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

/// One chapter: its cards, and the run that illustrates them.
#[derive(Clone, Debug, PartialEq)]
pub struct Chapter {
    /// Identifier for command lines: the file's name without its number.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The initial run.
    pub source: RunSource,
    /// Light presets that train at the same time, each with a place on the wall.
    pub beside: Vec<RunSource>,
    /// The initial panels.
    pub layout: TourColumns,
    /// Every stop is reached within this number of steps of its run.
    pub within: usize,
    /// Whether the phases of cycles are shaded.
    pub phases: bool,
    /// The time at which the central flow's curves are shown.
    pub central_flow: CentralFlowShown,
    /// Sliders on the cards that have them.
    pub knobs: Vec<Knob>,
    /// The cards; at least one.
    pub cards: Vec<Card>,
}

/// A slider that changes one number of the preset and restarts the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Knob {
    /// Its name.
    pub label: String,
    /// The key of the preset, such as `optimizer.eta`.
    pub key: String,
    /// For a list of numbers, the index of the number, counted from 0.
    pub place: Option<usize>,
    /// Smallest value.
    pub least: f64,
    /// Largest value.
    pub most: f64,
}

/// One card, which presents one idea.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Card {
    /// Its heading.
    pub heading: String,
    /// The event up to which the run continues when the card is shown.
    pub stop: Option<Breakpoint>,
    /// Actions when the card is shown and its stop is reached.
    pub actions: Vec<Action>,
    /// Another run than the chapter's, from this card on.
    pub run: Option<RunSource>,
    /// Other panels than the chapter's, from this card on.
    pub layout: Option<TourColumns>,
    /// Whether it has the chapter's sliders.
    pub sliders: bool,
    /// Its text.
    pub blocks: Vec<CardBlock>,
    /// Number of blocks that are shown before the stop is reached: those before the stop's line.
    pub ahead: usize,
}

/// The time at which the central flow's curves are shown in a chapter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CentralFlowShown {
    /// From the first card on.
    #[default]
    Always,
    /// When an answer is revealed, or a card shows them.
    Answered,
    /// When the viewer asks for them: the chapter does not mention them.
    Asked,
}

/// A run: a built-in preset with changes.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSource {
    /// The name of the preset.
    pub preset: String,
    /// The changed keys, each `key=value`.
    pub set: Vec<String>,
    /// The recording that plays instead, if it comes with the program and can be read.
    pub recording: Option<String>,
}

/// A paragraph of a card.
#[derive(Clone, Debug, PartialEq)]
pub enum CardBlock {
    /// Text.
    Text(Vec<Span>),
    /// An equation on its own line, in the notation of [`crate::picture::style::equation`].
    Equation(String),
    /// A link, on its own line.
    Link(String),
    /// A question to the audience.
    Question(Vec<Span>),
    /// The answer, hidden until it is requested.
    Answer(Vec<Span>),
}

/// An action of a card.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Put the cursor at the newest step that can be inspected.
    Look,
    /// Repeat the last whole cycle in slow motion.
    LoopCycle,
    /// Show the whole run, without a cursor.
    WholeRun,
    /// Train with another learning rate from here on.
    SetEta(f64),
    /// Continue the run, without a stop.
    Play,
    /// Show the central flow's curves.
    ShowCentralFlow,
}

impl Chapter {
    /// The run of a card.
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
    /// If it is not built in, or a change is refused.
    pub fn preset(&self, card: usize, changes: &[String]) -> Result<Preset, ChapterError> {
        self.load(self.source(card), changes)
    }

    /// The presets that train at the same time as the chapter's run.
    ///
    /// # Errors
    /// If one is not built in, or a change is refused.
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

    /// The card to show on return from the following chapter: the last one, if its run does not depend on the actions
    /// of an earlier card.
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
    /// The card as it is shown until its stop is reached: statements about the stop are not true yet, and would tell
    /// the audience the outcome.
    #[must_use]
    pub fn on_the_way(&self) -> Self {
        let blocks = self.blocks[..self.ahead.min(self.blocks.len())].to_vec();
        Self { heading: self.heading.clone(), blocks, ..Self::default() }
    }

    /// Whether it has a question whose answer is initially hidden.
    pub fn has_answer(&self) -> bool {
        self.blocks.iter().any(|block| matches!(block, CardBlock::Answer(_)))
    }

    /// The learning rate with which the card continues the run.
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

/// The first step, since the last change of η, at which the condition of a breakpoint held; `None` if it has not held
/// yet. Peaks and spikes can recur.
pub fn passed_at(stop: Breakpoint, history: &History) -> Option<usize> {
    let value = |series, row| history.value(series, row);
    let newest = history.rows().checked_sub(1)?;
    let eta = value(Series::Eta, newest);
    // backwards: the last match found is the first step
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

/// Whether the condition of a breakpoint has already held since the last change of η.
pub fn lies_behind(stop: Breakpoint, history: &History) -> bool {
    passed_at(stop, history).is_some()
}
