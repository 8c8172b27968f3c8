//! A panel's title.

use crate::picture::style::theme::{self, Palette};
use crate::picture::view::panel::Panel;
use egui::text::{LayoutJob, TextWrapping};
use egui::{FontId, Pos2, Rect, Ui};

/// Minimum size of its letters, as a share of the usual size.
const LEAST: f32 = 0.6;

/// Writes a panel's title with its upper left corner at `at`, at most `width` points wide: in smaller letters if it
/// is too long, and truncated if that does not suffice. Returns its rectangle.
pub(crate) fn title(ui: &Ui, panel: Panel, at: Pos2, width: f32) -> Rect {
    let color = Palette::in_ui(ui).text;
    let layout = |share: f32, width: f32| {
        let usual = theme::title_font();
        let font = FontId { size: usual.size * share, ..usual };
        let mut job = LayoutJob::simple_singleline(panel.title().to_owned(), font, color);
        job.wrap = TextWrapping::truncate_at_width(width);
        ui.painter().layout_job(job)
    };
    let natural = layout(1.0, f32::INFINITY);
    // slightly less than fits: letters are placed on whole pixels
    let share = 0.98 * width / natural.size().x.max(1.0);
    let title = if natural.size().x <= width { natural } else { layout(share.max(LEAST), width) };
    let rect = Rect::from_min_size(at, title.size());
    ui.painter().galley(at, title, color);
    rect
}
