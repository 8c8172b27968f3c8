//! Labels on both sides of the border of the stable region: its tint may resemble that of the loss nearby.

use super::axes::Note;
use super::figure::Figure;
use crate::picture::style::theme::Palette;
use crate::picture::view::camera::Projection;
use crate::picture::view::run_view::RunView;
use crate::picture::view::scene::{Scene, StableRegion};
use egui::{Align2, Painter, Pos2, Rect, lerp, pos2};

/// Candidate positions for a word along a side of the picture.
const PLACES: usize = 14;
/// Number of points of a path that a word keeps clear of, and sampling distance on the lines between them, in points
/// of the screen.
const POINTS: usize = 120;
const APART: f32 = 30.0;
/// Side of a cell, in points: one position per cell counts.
const CELL: f32 = 15.0;
/// Minimum and sufficient distance of a word from the border of the region, a path and the rim, in points.
const NEAREST: f32 = 20.0;
const FAR: f32 = 60.0;

/// Draws the two words, if the border is visible and there is room, clear of `taken`.
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
        let border: Vec<Pos2> =
            places.iter().filter(|(_, side)| *side != stable).map(|&(other, _)| other).collect();
        if border.is_empty() {
            continue;
        }
        let nearest = |at: Pos2, others: &[Pos2]| {
            others.iter().map(|other| other.distance_sq(at)).fold(FAR * FAR, f32::min).sqrt()
        };
        let room = |at: Pos2| {
            let rim = (at.x - plane.left()).min(plane.right() - at.x);
            nearest(at, &border).min(nearest(at, &obstacles)).min(rim)
        };
        let here = places.iter().filter(|(_, side)| *side == stable).map(|&(at, _)| (room(at), at));
        let mut best: Vec<(f32, Pos2)> = here.filter(|(room, _)| *room >= NEAREST).collect();
        best.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let note = best.into_iter().find_map(|(_, at)| {
            let note = Note::new(painter, Align2::CENTER_CENTER, at, text, palette.faint_text);
            let ground = note.ground();
            let clear = |other: Rect| !other.intersects(ground);
            let free = plane.contains_rect(ground)
                && taken.iter().copied().all(clear)
                && notes.iter().map(Note::ground).all(clear);
            free.then_some(note)
        });
        notes.extend(note);
    }
    notes
}

/// Positions all over the picture, each with a flag for stable.
fn places(region: &StableRegion, figure: &Figure, plane: Rect, projection: &Projection) -> Vec<(Pos2, bool)> {
    let all = (0..PLACES * PLACES).map(|place| {
        let share = |i: usize| (i as f32 + 0.5) / PLACES as f32;
        pos2(lerp(plane.x_range(), share(place % PLACES)), lerp(plane.y_range(), share(place / PLACES)))
    });
    let there = all.map(|at| (at, region.sharpness.value(in_weight_space(at, figure, projection))));
    there.filter(|(_, s)| !s.is_nan()).map(|(at, s)| (at, s <= region.edge)).collect()
}

/// The plane coordinates of a position in a picture seen from above.
fn in_weight_space(at: Pos2, figure: &Figure, projection: &Projection) -> [f32; 2] {
    let share = |place: f32, row: usize| (place - projection.rows[row][3]) / projection.rows[row][row];
    [(at.x, 0), (at.y, 1)].map(|(place, axis)| figure.frame.value(axis, share(place, axis)))
}

/// Positions on the visible paths.
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
    // one of several that are close together
    #[expect(clippy::cast_possible_truncation, reason = "within the picture")]
    let cell = |at: &Pos2| ((at.x / CELL) as i32, (at.y / CELL) as i32);
    there.sort_unstable_by_key(cell);
    there.dedup_by_key(|at| cell(at));
    there
}
