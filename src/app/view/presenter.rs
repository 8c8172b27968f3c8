//! Presenter mode: at most three plots in large letters, and nothing else.

use super::tour::card_column_ui;
use super::widgets::{grouped, short};
use crate::app::command::Command;
use crate::app::state::banner::Level;
use crate::app::state::{Model, layout};
use crate::picture::panel::panel_ui;
use crate::picture::style::theme::{self, Palette};
use crate::picture::view::panel::Panel;
use crate::picture::view::run_view::RunView;
use crate::run::record::series::Series;
use crate::tour::ProseStyle;
use egui::{Align2, CentralPanel, Frame, Margin, Rect, Ui, UiBuilder, vec2};

/// Zoom of the whole interface; the smallest letters become 22 points high.
pub(crate) const ZOOM: f32 = 2.1;

/// Maximum number of plots shown.
const PLOTS: usize = 3;
/// Gap between two plots, in points before the zoom.
const GAP: f32 = 10.0;
/// Fraction of the width used by the tour's card.
const CARDS: f32 = 0.45;
/// Letter sizes of the tour's card, before the zoom.
const PROSE: ProseStyle = ProseStyle { text: 11.0, equation: 12.0, heading: 13.0, least: 10.5 };
/// Height of the line of facts.
const LINE: f32 = 16.0;

/// The first three plots of the layout, and one line with facts or the newest message.
pub(crate) fn presenter_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let palette = Palette::in_ui(ui);
    let frame = Frame::new().fill(palette.panel).inner_margin(Margin::symmetric(10, 6));
    let mut changes = Vec::new();
    CentralPanel::default().frame(frame).show(ui, |ui| {
        let room = ui.max_rect();
        let (mut plots, line) = room.split_top_bottom_at_y(room.bottom() - LINE);
        if model.tour.guides {
            let (cards, rest) = plots.split_left_right_at_x(plots.left() + CARDS * plots.width());
            plots = rest;
            plots.min.x += GAP;
            let mut child = ui.new_child(UiBuilder::new().max_rect(cards).id_salt("cards"));
            card_column_ui(&mut child, model, &PROSE, commands);
        }
        let mut panels = layout::shown(&model.layout.tree);
        if panels.is_empty() {
            panels.push(Panel::Sharpness);
        }
        panels.truncate(if model.tour.guides { PLOTS - 1 } else { PLOTS });
        // next to a card, a panel that is not a plot needs the full height
        if model.tour.guides && panels.first().is_some_and(|panel| !Panel::PLOTS.contains(panel)) {
            panels.truncate(1);
        }
        let overlays = model.overlays();
        let view = RunView { overlays: &overlays, switches: false, ..model.run_view() };
        for (panel, rect) in panels.iter().zip(places(plots, panels.len())) {
            let mut child = ui.new_child(UiBuilder::new().max_rect(rect).id_salt(panel));
            panel_ui(&mut child, *panel, &view, &mut changes);
        }
        let (text, color) = match model.banners.last() {
            Some(banner) if banner.level != Level::Note => (banner.text.clone(), palette.trouble),
            Some(banner) => (banner.text.clone(), palette.text),
            None => (facts(model), palette.text),
        };
        let mut child = ui.new_child(UiBuilder::new().max_rect(line));
        let text = egui::RichText::new(text).font(theme::label_font()).color(color);
        child.add(egui::Label::new(text).truncate());
    });
    commands.extend(changes.into_iter().map(Command::View));
}

/// One large plot on the left with the others to its right; stacked vertically if the window is in portrait
/// format.
fn places(room: Rect, count: usize) -> Vec<Rect> {
    let upright = room.width() < room.height();
    match count {
        0 | 1 => vec![room],
        _ if upright || count == PLOTS - 1 && room.width() < 1.7 * room.height() => stack(room, count),
        _ => {
            let left = Rect::from_min_size(room.min, vec2(0.58 * (room.width() - GAP), room.height()));
            let right = Rect::from_min_max(left.right_top() + vec2(GAP, 0.0), room.max);
            std::iter::once(left).chain(stack(right, count - 1)).collect()
        }
    }
}

fn stack(room: Rect, count: usize) -> Vec<Rect> {
    let height = (room.height() - GAP * (count as f32 - 1.0)) / count as f32;
    let size = vec2(room.width(), height);
    let place =
        |i: usize| Align2::LEFT_TOP.anchor_size(room.min + vec2(0.0, i as f32 * (height + GAP)), size);
    (0..count).map(place).collect()
}

fn facts(model: &Model) -> String {
    let title = model.title(model.runs.preset);
    let Some(row) = model.row() else { return title.to_owned() };
    let value = |series| model.runs.first.history.value(series, row);
    let eta = value(Series::Eta).map(|eta| format!("η = {}", short(eta)));
    let sharpness = value(Series::Eta).zip(value(Series::GdLambda(0)));
    let sharpness = sharpness.map(|(eta, lambda)| format!("S = {} · 2/η", short(0.5 * lambda * eta)));
    let step = format!("step {}", grouped(row));
    let known = [Some(title.to_owned()), Some(step), eta, sharpness];
    known.into_iter().flatten().collect::<Vec<_>>().join("  ·  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_letters_can_be_read_from_the_last_row() {
        let smallest = theme::tick_font().size.min(theme::label_font().size);
        assert!(smallest * ZOOM >= 22.0, "{} points", smallest * ZOOM);
    }

    #[test]
    fn plots_fill_the_room_and_none_covers_another() {
        for size in [vec2(914.0, 514.0), vec2(610.0, 380.0), vec2(380.0, 610.0)] {
            let room = Rect::from_min_size(egui::Pos2::ZERO, size);
            for count in 1..=PLOTS {
                let places = places(room, count);
                assert_eq!(places.len(), count);
                for (i, one) in places.iter().enumerate() {
                    assert!(room.expand(0.5).contains_rect(*one), "{one:?} in {room:?}");
                    assert!(places[..i].iter().all(|other| !other.shrink(0.5).intersects(*one)));
                }
            }
        }
    }
}
