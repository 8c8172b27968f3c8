//! The guided tour in the window: a panel of cards at the left, and a guide that sends the same commands as the user does.

mod guide;
mod page;
mod panel;
mod state;

pub use state::{Tour, TourCommand};

pub(super) use panel::{card_column_ui, tour_ui};
