//! The panels in their tiles, rearranged by dragging their titles.

use super::splitters::splitters_ui;
use crate::app::command::Command;
use crate::app::state::Model;
use crate::app::state::layout::{self, Arrangement, Tree};
use crate::picture::panel::panel_ui;
use crate::picture::style::theme::Palette;
use crate::picture::view::ViewChange;
use crate::picture::view::panel::Panel;
use crate::picture::view::run_view::RunView;
use egui::{CursorIcon, Rect, ScrollArea, Sense, Stroke, Ui, Vec2, WidgetText, pos2, vec2};
use egui_tiles::{Behavior, Container, LinearDir, ResizeState, Tile, TileId, Tiles, UiResponse};

/// Gap between two panels, in points.
const GAP: f32 = 12.0;
/// Minimum width of a panel.
const LEAST_WIDTH: f32 = 220.0;
/// Minimum height of a panel; panels that do not fit are reached by scrolling.
const LEAST_HEIGHT: f32 = 180.0;
/// Height of the title strip, by which a panel is dragged.
const TITLE_HEIGHT: f32 = 18.0;
/// Width left free at the right end of the strip for the axis switch.
const SWITCH_WIDTH: f32 = 36.0;

/// The panels as arranged; in one column if the window is too narrow for the arrangement.
pub(super) fn panels_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let mut changes = Vec::new();
    let overlays = model.overlays();
    let view = RunView { overlays: &overlays, ..model.run_view() };
    let mut tree = model.layout.tree.clone();
    tree_ui(ui, &mut tree, &view, &mut changes);
    if tree != model.layout.tree {
        commands.push(Command::MovePanels(Box::new(tree)));
    }
    commands.extend(changes.into_iter().map(Command::View));
}

/// The panels of a built-in layout, for a picture.
pub fn arranged_ui(ui: &mut Ui, arrangement: &Arrangement, view: &RunView) {
    if let Some(node) = arrangement.node(&[]) {
        tree_ui(ui, &mut node.tree(), view, &mut Vec::new());
    }
}

/// The panels of a tree; moving a panel changes the tree.
pub(crate) fn tree_ui(ui: &mut Ui, tree: &mut Tree, view: &RunView, changes: &mut Vec<ViewChange>) {
    let room = ui.available_size();
    if !(room.x >= 1.0 && room.y >= 1.0) {
        return;
    }
    if tree.is_empty() {
        ui.centered_and_justified(|ui| ui.label("Every panel is hidden: choose a layout, or show a panel"));
        return;
    }
    let is_tabbed = |tile: &Tile<Panel>| matches!(tile, Tile::Container(Container::Tabs(_)));
    let tabbed = tree.tiles.iter().filter(|(_, tile)| is_tabbed(tile)).map(|(&id, _)| id).collect();
    let least = tree.root().map_or(Vec2::ZERO, |root| least(&tree.tiles, root));
    if least.x > room.x {
        return column_ui(ui, tree, view, changes);
    }
    if least.y > room.y {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            tree.set_height(least.y);
            tree.ui(&mut Docked { view, changes, clip: ui.clip_rect(), tabbed }, ui);
            splitters_ui(ui, tree);
        });
        tree.set_height(f32::INFINITY);
    } else {
        tree.ui(&mut Docked { view, changes, clip: ui.clip_rect(), tabbed }, ui);
        splitters_ui(ui, tree);
    }
}

/// The minimum size at which the panels of a tile are readable.
fn least(tiles: &Tiles<Panel>, id: TileId) -> Vec2 {
    match tiles.get(id) {
        None => Vec2::ZERO,
        Some(Tile::Pane(_)) => vec2(LEAST_WIDTH, LEAST_HEIGHT),
        Some(Tile::Container(container)) => {
            let children = container.children().map(|&child| least(tiles, child));
            let dir = match container {
                Container::Linear(linear) => Some(linear.dir),
                Container::Tabs(_) | Container::Grid(_) => None,
            };
            let sum = |a: f32, b: f32| if a > 0.0 { a + GAP + b } else { b };
            children.fold(Vec2::ZERO, |all, child| match dir {
                Some(LinearDir::Horizontal) => vec2(sum(all.x, child.x), all.y.max(child.y)),
                Some(LinearDir::Vertical) => vec2(all.x.max(child.x), sum(all.y, child.y)),
                None => all.max(child + vec2(0.0, 24.0)),
            })
        }
    }
}

fn column_ui(ui: &mut Ui, tree: &Tree, view: &RunView, changes: &mut Vec<ViewChange>) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        for panel in layout::shown(tree) {
            let size = vec2(ui.available_width(), LEAST_HEIGHT);
            ui.allocate_ui(size, |ui| panel_ui(ui, panel, view, changes));
            ui.add_space(GAP);
        }
    });
}

struct Docked<'a, 'v> {
    view: &'a RunView<'v>,
    changes: &'a mut Vec<ViewChange>,
    /// The visible part: without it, the tiles would draw over the surroundings of a scrolled region.
    clip: Rect,
    /// The tab groups.
    tabbed: Vec<TileId>,
}

impl Behavior<Panel> for Docked<'_, '_> {
    fn pane_ui(&mut self, ui: &mut Ui, _: TileId, panel: &mut Panel) -> UiResponse {
        let rect = ui.max_rect();
        ui.set_clip_rect(ui.clip_rect().intersect(self.clip));
        panel_ui(ui, *panel, self.view, self.changes);
        let width = (rect.width() - SWITCH_WIDTH).max(0.0);
        let strip = Rect::from_min_size(pos2(rect.left(), rect.top()), vec2(width, TITLE_HEIGHT));
        // the Tab key skips the strip: without a pointer, panels are moved in the layout form
        let handle = ui.interact(strip, ui.scope_id().with(("title", *panel)), Sense::DRAG);
        if handle.on_hover_cursor(CursorIcon::Grab).drag_started() {
            UiResponse::DragStarted
        } else {
            UiResponse::None
        }
    }

    fn tab_title_for_pane(&mut self, panel: &Panel) -> WidgetText {
        panel.title().into()
    }

    /// Tabs are moved individually: the strip behind them would be a tab stop without a name.
    fn is_tile_draggable(&self, _: &Tiles<Panel>, id: TileId) -> bool {
        !self.tabbed.contains(&id)
    }

    fn gap_width(&self, _: &egui::Style) -> f32 {
        GAP
    }

    fn min_size(&self) -> f32 {
        LEAST_HEIGHT.min(LEAST_WIDTH)
    }

    fn resize_stroke(&self, style: &egui::Style, state: ResizeState) -> Stroke {
        match state {
            ResizeState::Idle => Stroke::NONE,
            ResizeState::Hovering => style.visuals.widgets.hovered.fg_stroke,
            ResizeState::Dragging => style.visuals.widgets.active.fg_stroke,
        }
    }

    fn tab_bar_color(&self, visuals: &egui::Visuals) -> egui::Color32 {
        visuals.panel_fill
    }

    fn dragged_overlay_color(&self, visuals: &egui::Visuals) -> egui::Color32 {
        let palette = Palette::of(if visuals.dark_mode { egui::Theme::Dark } else { egui::Theme::Light });
        palette.panel.gamma_multiply(0.6)
    }
}
