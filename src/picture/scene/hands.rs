//! Pointer and keyboard input in weight space: rotate, move, magnify, reset, put the cursor on a point.

use super::figure::Figure;
use crate::picture::view::ViewChange;
use crate::picture::view::camera::{Projection, half_sides};
use crate::picture::view::scene::Scene;
use crate::picture::view::scene_view::{SceneChange, SceneView};
use egui::{EventFilter, Key, Modifiers, PointerButton, Pos2, Rect, Response, Ui};

/// Radians per point of dragging.
const TURN: f32 = 0.008;
/// Displacement in half sides, and rotation in radians, per press of an arrow key.
const STEP: f32 = 0.08;
/// Magnification per press of a key.
const MAGNIFY: f32 = 1.25;
/// Maximum distance of a click from a point, in points.
const REACH: f32 = 14.0;

/// Converts pointer and keyboard input over the picture to changes.
pub(super) fn handle(
    ui: &Ui,
    response: &Response,
    view: &SceneView,
    rect: Rect,
    changes: &mut Vec<ViewChange>,
) {
    let mut wish = |change| changes.push(ViewChange::Scene(change));
    let half = half_sides(rect, view.flat);
    if response.double_clicked() {
        wish(SceneChange::Reset);
    }
    let moves = ui.input(|input| input.modifiers.shift)
        || response.dragged_by(PointerButton::Secondary)
        || response.dragged_by(PointerButton::Middle);
    let drag = response.drag_delta();
    if response.dragged() && drag != egui::Vec2::ZERO {
        if moves || view.flat {
            wish(SceneChange::Shift([drag.x / half.x, -drag.y / half.y]));
        } else {
            wish(SceneChange::Turn([-TURN * drag.x, TURN * drag.y]));
        }
    }
    if let Some(pointer) = response.hover_pos() {
        let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta.y, input.zoom_delta()));
        let factor = pinch * (0.004 * scroll).exp();
        if factor != 1.0 {
            let off = (pointer - rect.center()) / half;
            wish(SceneChange::Magnify(factor, [off.x, -off.y]));
        }
    }
    if response.has_focus() {
        let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        keys(ui, view.flat, &mut wish);
    }
}

fn keys(ui: &Ui, flat: bool, wish: &mut impl FnMut(SceneChange)) {
    let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
    let arrows = [
        (Key::ArrowLeft, [-1.0, 0.0]),
        (Key::ArrowRight, [1.0, 0.0]),
        (Key::ArrowUp, [0.0, 1.0]),
        (Key::ArrowDown, [0.0, -1.0]),
    ];
    for (key, by) in arrows {
        let by = by.map(|by: f32| STEP * by);
        if pressed(Modifiers::SHIFT, key) {
            wish(SceneChange::Shift(by));
        } else if pressed(Modifiers::NONE, key) {
            wish(if flat { SceneChange::Shift(by) } else { SceneChange::Turn(by) });
        }
    }
    for (key, factor) in [(Key::Plus, MAGNIFY), (Key::Equals, MAGNIFY), (Key::Minus, 1.0 / MAGNIFY)] {
        if pressed(Modifiers::NONE, key) {
            wish(SceneChange::Magnify(factor, [0.0; 2]));
        }
    }
    if pressed(Modifiers::NONE, Key::Num0) {
        wish(SceneChange::Reset);
    }
}

/// The step of the point nearest to the pointer, if one is near.
pub(super) fn step_near(
    scene: &Scene,
    figure: &Figure,
    projection: &Projection,
    pointer: Pos2,
) -> Option<usize> {
    let mut nearest: Option<(f32, usize)> = None;
    for path in &scene.paths {
        for place in 0..path.points.len() {
            let Some(at) = figure.place(path, place) else { continue };
            let distance = projection.place(at).distance(pointer);
            if distance <= nearest.map_or(REACH, |(distance, _)| distance) {
                nearest = Some((distance, path.first_step + place * path.stride.max(1)));
            }
        }
    }
    nearest.map(|(_, step)| step)
}
