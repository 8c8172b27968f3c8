//! Which side of its border the stable region is on, written on both: its tint may be that of the loss nearby.

use super::axes::Note;
use super::camera::Projection;
use super::{Figure, Scene, StableRegion};
use crate::picture::run_view::RunView;
use crate::picture::theme::Palette;
use egui::{Align2, Painter, Pos2, Rect, lerp, pos2};

/// Places along a side of the picture at which a word may stand.
const PLACES: usize = 14;
/// Points of a path that a word keeps away from, and how far apart on the lines between them it is looked, in points of the screen.
const POINTS: usize = 120;
const APART: f32 = 30.0;
/// Nearest to the border of the region, to a path and to the rim that a word may stand, and as far as it needs to, in points.
const NEAREST: f32 = 20.0;
const FAR: f32 = 60.0;

/// The two words, where the border is in sight and there is room; away from what is `taken`.
pub(super) fn sides(
    painter: &Painter,
    palette: &Palette,
    scene: &Scene,
    figure: &Figure,
    view: &RunView,
    (plane, projection): (Rect, &Projection),
    taken: &[Rect],
) -> Vec<Note> {
    let Some(region) = &scene.region else { return Vec::new() };
    let places = places(region, figure, plane, projection);
    let obstacles = obstacles(scene, figure, view, plane, projection);
    let mut notes: Vec<Note> = Vec::new();
    for (text, stable) in [("stable", true), ("S > 2/η", false)] {
        let room = |at: Pos2| {
            let others =
                places.iter().filter(|(_, side)| *side != stable).map(|(other, _)| other.distance(at));
            let border = others.fold(f32::INFINITY, f32::min);
            let paths = obstacles.iter().map(|other| other.distance(at)).fold(f32::INFINITY, f32::min);
            let rim = (at.x - plane.left()).min(plane.right() - at.x);
            border.is_finite().then_some(border.min(paths).min(rim).min(FAR))
        };
        let free = |note: &Note| {
            let ground = note.ground();
            let clear = |other: &Rect| !other.intersects(ground);
            plane.contains_rect(ground)
                && taken.iter().all(clear)
                && notes.iter().all(|other| clear(&other.ground()))
        };
        let candidates = places.iter().filter(|(_, side)| *side == stable).filter_map(|(at, _)| {
            let room = room(*at).filter(|room| *room >= NEAREST)?;
            let note = Note::new(painter, Align2::CENTER_CENTER, *at, text, palette.faint_text);
            free(&note).then_some((room, note))
        });
        let best = candidates.max_by(|(a, _), (b, _)| a.total_cmp(b));
        notes.extend(best.map(|(_, note)| note));
    }
    notes
}

/// Places all over the picture, and whether each is stable.
fn places(region: &StableRegion, figure: &Figure, plane: Rect, projection: &Projection) -> Vec<(Pos2, bool)> {
    let all = (0..PLACES * PLACES).map(|place| {
        let share = |i: usize| (i as f32 + 0.5) / PLACES as f32;
        pos2(lerp(plane.x_range(), share(place % PLACES)), lerp(plane.y_range(), share(place / PLACES)))
    });
    let there = all.map(|at| (at, region.sharpness.value(in_weight_space(at, figure, projection))));
    there.filter(|(_, s)| !s.is_nan()).map(|(at, s)| (at, s <= region.edge)).collect()
}

/// What a place of a picture seen from above stands for.
fn in_weight_space(at: Pos2, figure: &Figure, projection: &Projection) -> [f32; 2] {
    let share = |place: f32, row: usize| (place - projection.rows[row][3]) / projection.rows[row][row];
    [(at.x, 0), (at.y, 1)].map(|(place, axis)| figure.frame.value(axis, share(place, axis)))
}

/// Places that the paths that are seen go through.
fn obstacles(
    scene: &Scene,
    figure: &Figure,
    view: &RunView,
    plane: Rect,
    projection: &Projection,
) -> Vec<Pos2> {
    let near = plane.expand(FAR);
    let mut there = Vec::new();
    for path in scene.paths.iter().filter(|path| path.is_seen(view)) {
        let stride = path.exact.len().div_ceil(POINTS).max(1);
        let mut before: Option<Pos2> = None;
        for place in path.exact.clone().step_by(stride) {
            let Some(at) = figure.place(path, place).map(|at| projection.place(at)) else { continue };
            let from = before.replace(at).unwrap_or(at);
            // a line that leaves the picture is not followed far
            let [from, to] = [from, at].map(|end| near.clamp(end));
            let pieces = (from.distance(to) / APART).ceil().max(1.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some dozens")]
            let pieces = pieces as u16;
            there.extend((1..=pieces).map(|i| from.lerp(to, f32::from(i) / f32::from(pieces))));
        }
    }
    there
}
