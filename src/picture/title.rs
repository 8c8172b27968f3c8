//! A panel's title.

use super::theme::{self, Palette};
use super::view::Panel;
use egui::text::{LayoutJob, TextWrapping};
use egui::{FontId, Pos2, Rect, Ui};

/// Writes a panel's title with its upper left corner at `at`, at most `width` points wide: in smaller letters where it is too
/// long, and cut off where that does not help. Returns where it stands.
pub(super) fn title(ui: &Ui, panel: Panel, at: Pos2, width: f32) -> Rect {
    let color = Palette::in_ui(ui).text;
    let layout = |size: f32| {
        let font = FontId { size, ..theme::title_font() };
        let mut job = LayoutJob::simple_singleline(panel.title().to_owned(), font, color);
        job.wrap = TextWrapping::truncate_at_width(width);
        ui.painter().layout_job(job)
    };
    let whole = layout(theme::title_font().size);
    let title = if whole.elided { layout(theme::label_font().size) } else { whole };
    let rect = Rect::from_min_size(at, title.size());
    ui.painter().galley(at, title, color);
    rect
}
