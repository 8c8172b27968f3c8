//! The item that the pointer or the keyboard focus points at: an entry of a legend, a term of an equation, a number
//! in a text. Plots highlight the corresponding line.
//!
//! The item reports itself while it is drawn; at the end of the frame the window moves the report into
//! [`super::ViewState::pointed`].

use super::source::LineSource;
use egui::{Context, Id};

fn id() -> Id {
    Id::unique("brink: pointed at")
}

/// Reports that a line is pointed at; must be called in every frame.
pub fn point_at(context: &Context, line: LineSource) {
    context.data_mut(|data| data.insert_temp(id(), line));
}

/// Takes the line that was pointed at in this frame.
pub fn take_pointed(context: &Context) -> Option<LineSource> {
    let found = context.data(|data| data.get_temp(id()));
    context.data_mut(|data| data.remove::<LineSource>(id()));
    found
}
