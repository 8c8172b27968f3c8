//! What the pointer or the keyboard points at: an entry of a legend, a term of an equation, a number in a text. Plots let the
//! line behind it stand out.
//!
//! Whatever is pointed at says so while it is drawn; the window takes it up at the end of the frame, into
//! [`super::ViewState::pointed`].

use super::source::LineSource;
use egui::{Context, Id};

fn id() -> Id {
    Id::unique("brink: pointed at")
}

/// Says that a line is pointed at; to be said in every frame.
pub fn point_at(context: &Context, line: LineSource) {
    context.data_mut(|data| data.insert_temp(id(), line));
}

/// The line that was pointed at in this frame; it is forgotten.
pub fn take_pointed(context: &Context) -> Option<LineSource> {
    let found = context.data(|data| data.get_temp(id()));
    context.data_mut(|data| data.remove::<LineSource>(id()));
    found
}
