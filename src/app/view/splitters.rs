//! Keyboard access to the lines between panels: each line has a name, is reached by the Tab key, and is moved
//! by the arrow keys.

use crate::app::state::layout::Tree;
use crate::picture::view::panel::Panel;
use egui::{EventFilter, Id, Key, Modifiers, Rect, StrokeKind, Ui, accesskit, lerp, pos2, vec2};
use egui_tiles::{Container, LinearDir, Tile, TileId, Tiles};

/// The fraction of two panels' size by which a key press moves their line, and the minimum fraction of each
/// panel.
const STEP: f32 = 0.04;
const LEAST: f32 = 0.1;

/// A line between two neighbouring panels.
struct Splitter {
    container: TileId,
    neighbours: [TileId; 2],
    rect: Rect,
}

/// Names the lines of a tree that was just drawn, and moves the one with the keyboard focus.
pub(super) fn splitters_ui(ui: &Ui, tree: &mut Tree) {
    for splitter in splitters(ui, &tree.tiles) {
        let Some(id) = drawn(ui, splitter.rect) else { continue };
        let [before, after] =
            splitter.neighbours.map(|id| first_panel(&tree.tiles, id).map_or("", Panel::title));
        ui.ctx().accesskit_node_builder(id, |node| {
            node.set_role(accesskit::Role::Splitter);
            node.set_label(format!("Line between {before} and {after}"));
        });
        if !ui.memory(|memory| memory.has_focus(id)) {
            continue;
        }
        ui.painter().rect_stroke(splitter.rect, 2.0, ui.visuals().selection.stroke, StrokeKind::Inside);
        let arrows = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, arrows));
        let pressed = |key| ui.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key)) as f32;
        let forward = pressed(Key::ArrowRight) + pressed(Key::ArrowDown);
        let back = pressed(Key::ArrowLeft) + pressed(Key::ArrowUp);
        if let Some(Tile::Container(Container::Linear(linear))) = tree.tiles.get_mut(splitter.container) {
            let [before, after] = splitter.neighbours;
            let both = linear.shares[before] + linear.shares[after];
            let share = linear.shares[before] / both + STEP * (forward - back);
            if forward != back {
                let share = share.clamp(LEAST, 1.0 - LEAST);
                linear.shares.set_share(before, share * both);
                linear.shares.set_share(after, (1.0 - share) * both);
            }
        }
    }
}

fn splitters(ui: &Ui, tiles: &Tiles<Panel>) -> Vec<Splitter> {
    let width = 2.0 * ui.style().interaction.resize_grab_radius_side;
    let mut found = Vec::new();
    for (&container, tile) in tiles.iter() {
        let (Tile::Container(Container::Linear(linear)), Some(whole)) = (tile, tiles.rect(container)) else {
            continue;
        };
        for pair in linear.children.windows(2) {
            let (Some(before), Some(after)) = (tiles.rect(pair[0]), tiles.rect(pair[1])) else { continue };
            let rect = match linear.dir {
                LinearDir::Horizontal => {
                    let x = lerp(before.right()..=after.left(), 0.5);
                    Rect::from_center_size(pos2(x, whole.center().y), vec2(width, whole.height()))
                }
                LinearDir::Vertical => {
                    let y = lerp(before.bottom()..=after.top(), 0.5);
                    Rect::from_center_size(pos2(whole.center().x, y), vec2(whole.width(), width))
                }
            };
            found.push(Splitter { container, neighbours: [pair[0], pair[1]], rect });
        }
    }
    found
}

/// The line drawn there by the tiles, which give it no name and do not expose its identifier.
fn drawn(ui: &Ui, rect: Rect) -> Option<Id> {
    ui.ctx().viewport(|viewport| {
        let mut widgets = viewport.this_pass.widgets.get_layer(ui.layer_id());
        let there =
            |other: Rect| (other.min - rect.min).length() < 0.5 && (other.max - rect.max).length() < 0.5;
        widgets.find(|widget| widget.sense.senses_drag() && there(widget.rect)).map(|widget| widget.id)
    })
}

/// The first panel of a tile, in reading order.
fn first_panel(tiles: &Tiles<Panel>, id: TileId) -> Option<Panel> {
    match tiles.get(id)? {
        Tile::Pane(panel) => Some(*panel),
        Tile::Container(container) => {
            container.active_children(tiles).find_map(|child| first_panel(tiles, child))
        }
    }
}
