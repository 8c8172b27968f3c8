//! A figure as one egui mesh, for use without wgpu: headless pictures, tests, the OpenGL fallback. The picture equals
//! that of the shaders: cells from far to near, lines with the same feather, pieces behind the surface omitted.

use super::dash::ScreenDash;
use super::figure::{BREAK, Figure, Fill, Stroke};
use super::nearness::Nearness;
use super::stroke::{Pen, Point, Samples};
use crate::picture::view::camera::Projection;
use egui::epaint::{Mesh, Vertex, WHITE_UV};
use egui::{Pos2, Rect};

/// Points closer than this to the previous one, in points of the screen, are omitted.
const NEAR: f32 = 0.25;
/// Maximum number of pieces in a picture of many long lines. Each piece is visible or hidden as a whole and is a
/// pixel long, or longer if there would be more: this bounds the cost of one frame.
const PIECES: f32 = 400_000.0;

/// Maximum number of pieces between two points of a line.
const MOST_CUTS: usize = 4_000;

/// Draws a figure; `pixel` is the size of a pixel in points. Parts outside `clip` are left to the painter's clip.
pub fn mesh(figure: &Figure, projection: &Projection, clip: Rect, pixel: f32) -> Mesh {
    let mut mesh = Mesh::default();
    fill(&figure.fill, projection, &mut mesh);
    let hiding = figure.relief.is_some().then(|| {
        let length: f32 = figure.strokes.iter().map(|stroke| length(stroke, projection)).sum();
        Hiding {
            surface: Nearness::of(&figure.fill, projection, clip, pixel),
            piece: pixel.max(length / PIECES),
        }
    });
    for stroke in &figure.strokes {
        draw(stroke, projection, hiding.as_ref(), clip.expand(4.0), Pen { mesh: &mut mesh, pixel });
    }
    mesh
}

/// Triangles, cells from far to near: over a grid, a cell drawn later is never behind one drawn before.
fn fill(fill: &Fill, projection: &Projection, mesh: &mut Mesh) {
    let vertex = |(&at, &color): (&[f32; 3], _)| Vertex { pos: projection.place(at), uv: WHITE_UV, color };
    mesh.vertices.extend(fill.corners.iter().zip(&fill.colors).map(vertex));
    let [x, y, _] = projection.eye();
    // Nearer to the eye means farther along the direction to the eye.
    let order = |count: usize, ascending: bool| {
        (0..count).map(move |place| if ascending { place } else { count - 1 - place })
    };
    for row in order(fill.rows, y >= 0.0) {
        for column in order(fill.columns, x >= 0.0) {
            let cell = row * fill.columns + column;
            let Some([from, to]) = fill.cells.get(cell..cell + 2).map(|ends| [ends[0], ends[1]]) else {
                continue;
            };
            mesh.indices.extend(fill.indices.get(from as usize..to as usize).into_iter().flatten());
        }
    }
}

/// Length of a stroke on the screen, in points.
fn length(stroke: &Stroke, projection: &Projection) -> f32 {
    let place = |point: &[f32; 4]| projection.place([point[0], point[1], point[2]]);
    let pieces = stroke.points.windows(2).filter(|pair| pair[0][3] != BREAK);
    pieces.map(|pair| place(&pair[0]).distance(place(&pair[1]))).filter(|length| length.is_finite()).sum()
}

/// Draws the pieces of a stroke.
fn draw(stroke: &Stroke, projection: &Projection, hiding: Option<&Hiding>, clip: Rect, mut pen: Pen) {
    let mut piece: Vec<Point> = Vec::new();
    let mut length = 0.0;
    for (place, &[x, y, z, _]) in stroke.points.iter().enumerate() {
        let at = [x, y, z];
        let begins = place == 0 || stroke.points[place - 1][3] == BREAK;
        if begins {
            length = stroke.points[place][3].max(0.0);
        } else {
            let [a, b, c, _] = stroke.points[place - 1];
            length += ((x - a).powi(2) + (y - b).powi(2) + (z - c).powi(2)).sqrt();
        }
        let point = Point { place: projection.place(at), at, length };
        let ends = stroke.points[place][3] == BREAK;
        if ends || piece.last().is_none_or(|last| last.place.distance(point.place) >= NEAR) {
            piece.push(point);
        }
        if ends {
            finish(stroke, &piece, projection, hiding, clip, &mut pen);
            piece.clear();
        }
    }
}

/// Draws a piece if it is visible and not far outside.
fn finish(
    stroke: &Stroke,
    piece: &[Point],
    projection: &Projection,
    hiding: Option<&Hiding>,
    clip: Rect,
    pen: &mut Pen,
) {
    let dash =
        stroke.dash.and_then(|dash| ScreenDash::new(dash.map(|points| points / projection.points_per_unit)));
    let visible = |point: &Point| {
        hiding.is_none_or(|hiding| !hiding.surface.hides(point.place, projection.nearness(point.at)))
    };
    let mut samples = Samples::default();
    let finish = |samples: &mut Samples, pen: &mut Pen| {
        let samples = samples.take();
        if samples.len() > 1 {
            pen.line(&samples, stroke.width, stroke.color, dash.is_none());
        }
    };
    let mut shares = Vec::new();
    for pair in piece.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let Some([from, to]) = inside(a.place, b.place, clip) else {
            finish(&mut samples, pen);
            continue;
        };
        if from > 0.0 {
            finish(&mut samples, pen);
        }
        let (span, length) = (a.place.distance(b.place), b.length - a.length);
        shares.clear();
        shares.extend([from, to]);
        if let Some(hiding) = hiding {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
            let cuts = (((to - from) * span / hiding.piece).ceil() as usize).clamp(1, MOST_CUTS);
            shares.extend((1..cuts).map(|cut| from + (to - from) * cut as f32 / cuts as f32));
        }
        if let Some(dash) = dash.filter(|_| length > 0.0) {
            let ends = [from, to].map(|share| a.length + share * length);
            let bends = dash.bends(ends, pen.pixel * length / span);
            shares.extend(bends.map(|bend| ((bend - a.length) / length).clamp(from, to)));
        }
        shares.sort_by(f32::total_cmp);
        samples.piece(&a, &b, shares.iter().copied(), dash, pen.pixel, visible);
        if to < 1.0 {
            finish(&mut samples, pen);
        }
    }
    finish(&mut samples, pen);
}

/// The fractions between which a piece is within the clip; `None` if it is not, or is not finite.
fn inside(a: Pos2, b: Pos2, clip: Rect) -> Option<[f32; 2]> {
    if !(b - a).is_finite() {
        return None;
    }
    let (mut from, mut to) = (0.0_f32, 1.0_f32);
    for (start, end, [low, high]) in
        [(a.x, b.x, [clip.left(), clip.right()]), (a.y, b.y, [clip.top(), clip.bottom()])]
    {
        let step = end - start;
        if step == 0.0 {
            if !(low..=high).contains(&start) {
                return None;
            }
            continue;
        }
        let [enters, leaves] = [low, high].map(|side| (side - start) / step);
        (from, to) = (from.max(enters.min(leaves)), to.min(enters.max(leaves)));
    }
    (from < to).then_some([from, to])
}

/// The part that a surface hides.
struct Hiding {
    surface: Nearness,
    /// Longest piece of a line that is tested once, in points of the screen.
    piece: f32,
}
