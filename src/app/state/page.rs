//! Paging of a card that is taller than its panel: the key for the next card first scrolls to the rest of the
//! card.
//!
//! The panel draws the card and records which part it could not show; the guide reads this. Both use egui's
//! memory, because a view does not change the model.

use super::tour::Tour;
use crate::tour::Reveal;
use egui::{Context, Id};

/// An overhang below the panel's end smaller than this, in points, contains no text.
const LEAST: f32 = 3.0;
/// Fraction of the panel's height by which a card scrolls.
const TURN: f32 = 0.85;

/// The identity of a displayed card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    chapter: usize,
    card: usize,
    reveal: Reveal,
}

/// The visible part of a page when it was last drawn.
#[derive(Clone, Copy)]
struct SeenPage {
    page: Page,
    /// The heights that lie above the panel's top edge and below its end.
    above: f32,
    below: f32,
    room: f32,
    /// The offset at which the next drawing starts.
    turn: Option<f32>,
}

fn id() -> Id {
    Id::unique("brink: page of the tour")
}

impl Page {
    pub(crate) fn of(tour: &Tour) -> Self {
        Self { chapter: tour.chapter, card: tour.card, reveal: tour.reveal }
    }

    /// Records what was drawn.
    pub(crate) fn drawn(self, context: &Context, above: f32, room: f32, height: f32) {
        let below = height - above - room;
        context
            .data_mut(|data| data.insert_temp(id(), SeenPage { page: self, above, below, room, turn: None }));
    }

    /// The offset to which the card should scroll, if that was requested.
    pub(crate) fn take_turn(self, context: &Context) -> Option<f32> {
        let seen: SeenPage = context.data(|data| data.get_temp(id()))?;
        seen.turn.filter(|_| seen.page == self)
    }

    /// Scrolls the card if more of it lies below; returns whether it did.
    pub(crate) fn turns(self, context: &Context) -> bool {
        let seen: Option<SeenPage> = context.data(|data| data.get_temp(id()));
        let Some(seen) = seen.filter(|seen| seen.page == self && seen.below > LEAST) else { return false };
        let turn = Some(seen.above + seen.below.min(TURN * seen.room));
        context.data_mut(|data| data.insert_temp(id(), SeenPage { turn, ..seen }));
        context.request_repaint();
        true
    }
}
