//! A card that is higher than its room: the key for the next card brings the rest into sight first.
//!
//! The panel draws and leaves here what it could not show; the guide asks for it. Both by way of egui's memory, for a view
//! does not change the model.

use super::tour::Tour;
use crate::tour::Reveal;
use egui::{Context, Id};

/// Less than this below the room's end, in points, is no text.
const LEAST: f32 = 3.0;
/// Share of the room by which a card moves up.
const TURN: f32 = 0.85;

/// A card as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    chapter: usize,
    card: usize,
    reveal: Reveal,
}

/// What was seen of a page when it was drawn last.
#[derive(Clone, Copy)]
struct SeenPage {
    page: Page,
    /// What lies above the room's top edge, and below its end.
    above: f32,
    below: f32,
    room: f32,
    /// Where the next drawing starts.
    turn: Option<f32>,
}

fn id() -> Id {
    Id::unique("brink: page of the tour")
}

impl Page {
    pub(crate) fn of(tour: &Tour) -> Self {
        Self { chapter: tour.chapter, card: tour.card, reveal: tour.reveal }
    }

    /// Notes what was drawn.
    pub(crate) fn drawn(self, context: &Context, above: f32, room: f32, height: f32) {
        let below = height - above - room;
        context
            .data_mut(|data| data.insert_temp(id(), SeenPage { page: self, above, below, room, turn: None }));
    }

    /// What the card is to be moved up by, where that was asked for.
    pub(crate) fn take_turn(self, context: &Context) -> Option<f32> {
        let seen: SeenPage = context.data(|data| data.get_temp(id()))?;
        seen.turn.filter(|_| seen.page == self)
    }

    /// Moves the card up if more of it lies below; says whether it did.
    pub(crate) fn turns(self, context: &Context) -> bool {
        let seen: Option<SeenPage> = context.data(|data| data.get_temp(id()));
        let Some(seen) = seen.filter(|seen| seen.page == self && seen.below > LEAST) else { return false };
        let turn = Some(seen.above + seen.below.min(TURN * seen.room));
        context.data_mut(|data| data.insert_temp(id(), SeenPage { turn, ..seen }));
        context.request_repaint();
        true
    }
}
