//! All plots in one picture.

use crate::picture::panel::panel_ui;
use crate::picture::view::ViewChange;
use crate::picture::view::panel::Panel;
use crate::picture::view::run_view::RunView;
use egui::{Rect, ScrollArea, Sense, Ui, UiBuilder, Vec2, vec2};

/// Gap between two panels.
const SPACING: Vec2 = vec2(14.0, 10.0);
/// Minimum width of a panel.
const LEAST_WIDTH: f32 = 300.0;
/// Minimum height of a panel; panels that do not fit are reached by scrolling.
const LEAST_HEIGHT: f32 = 190.0;

/// Share of the width for weight space next to the plots.
const SCENE_SHARE: f32 = 0.36;

/// Lays all panels out in as many columns as their number and the room suggest; weight space, if it is available and
/// there is room, on the right.
pub fn dashboard_ui(ui: &mut Ui, view: &RunView, changes: &mut Vec<ViewChange>) {
    let room = ui.available_size();
    if !(room.x >= 1.0 && room.y >= 1.0) {
        return;
    }
    let scene_width = (SCENE_SHARE * room.x).floor();
    if view.scene.is_none() || scene_width < LEAST_WIDTH {
        return plots_ui(ui, view, changes);
    }
    let (whole, _) = ui.allocate_exact_size(room, Sense::hover());
    let [mut plots, mut scene] = [whole; 2];
    scene.min.x = whole.max.x - scene_width;
    plots.max.x = scene.min.x - SPACING.x;
    plots_ui(&mut ui.new_child(UiBuilder::new().max_rect(plots).id_salt("plots")), view, changes);
    let mut child = ui.new_child(UiBuilder::new().max_rect(scene).id_salt(Panel::WeightSpace));
    panel_ui(&mut child, Panel::WeightSpace, view, changes);
}

fn plots_ui(ui: &mut Ui, view: &RunView, changes: &mut Vec<ViewChange>) {
    let room = ui.available_size();
    let columns = columns(room);
    let rows = Panel::PLOTS.len().div_ceil(columns);
    let height = (room.y - SPACING.y * (rows as f32 - 1.0)) / rows as f32;
    if height >= LEAST_HEIGHT {
        grid_ui(ui, columns, height, view, changes);
    } else {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            grid_ui(ui, columns, LEAST_HEIGHT, view, changes);
        });
    }
}

/// Three, two or one columns: the largest number that leaves each panel its width.
fn columns(room: Vec2) -> usize {
    let fits = |columns: usize| room.x >= columns as f32 * (LEAST_WIDTH + SPACING.x) - SPACING.x;
    // Two columns are easier to read in an upright window.
    let most = if room.x < 1.1 * room.y { 2 } else { 3 };
    (1..=most).rev().find(|&columns| fits(columns)).unwrap_or(1)
}

fn grid_ui(ui: &mut Ui, columns: usize, height: f32, view: &RunView, changes: &mut Vec<ViewChange>) {
    let rows = Panel::PLOTS.len().div_ceil(columns);
    let width = (ui.available_width() - SPACING.x * (columns as f32 - 1.0)) / columns as f32;
    let size = vec2(ui.available_width(), rows as f32 * (height + SPACING.y) - SPACING.y);
    let (whole, _) = ui.allocate_exact_size(size, Sense::hover());
    for (i, panel) in Panel::PLOTS.into_iter().enumerate() {
        let (row, column) = (i / columns, i % columns);
        let corner = whole.min + vec2(column as f32 * (width + SPACING.x), row as f32 * (height + SPACING.y));
        let rect = Rect::from_min_size(corner.round(), vec2(width.floor(), height.floor()));
        let mut child = ui.new_child(UiBuilder::new().max_rect(rect).id_salt(panel));
        panel_ui(&mut child, panel, view, changes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_follow_the_shape_of_the_room() {
        assert_eq!(columns(vec2(1920.0, 1000.0)), 3);
        assert_eq!(columns(vec2(1280.0, 740.0)), 3);
        assert_eq!(columns(vec2(800.0, 1000.0)), 2);
        assert_eq!(columns(vec2(400.0, 1000.0)), 1);
        assert_eq!(columns(vec2(10.0, 10.0)), 1);
    }
}
