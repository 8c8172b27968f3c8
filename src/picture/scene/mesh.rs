//! A figure as one egui mesh, for where there is no wgpu: headless pictures, tests, the OpenGL fallback. The same picture
//! as the shaders': cells from far to near, lines with the same feather, pieces behind the surface left out.

use super::camera::Projection;
use super::figure::{BREAK, Figure, Fill, Stroke};
use super::nearness::Nearness;
use super::stroke::{Pen, Point};
use egui::epaint::{Mesh, Vertex, WHITE_UV};
use egui::{Pos2, Rect};

/// Points nearer than this to the one before, in points of the screen, are left out.
const NEAR: f32 = 0.25;
/// Most pieces of a picture of many long lines, each seen or hidden as a whole and a pixel long, or longer where there would
/// be more: what one frame may cost is bounded.
const PIECES: f32 = 400_000.0;

/// Most pieces between two points of a line.
const MOST_CUTS: usize = 4_000;

/// Draws a figure; `pixel` is the size of a pixel in points. What lies outside `clip` is left to the painter's clip.
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

/// Triangles, cells from far to near: a surface over a grid never hides a cell behind it from one drawn before.
fn fill(fill: &Fill, projection: &Projection, mesh: &mut Mesh) {
    let vertex = |(&at, &color): (&[f32; 3], _)| Vertex { pos: projection.place(at), uv: WHITE_UV, color };
    mesh.vertices.extend(fill.corners.iter().zip(&fill.colors).map(vertex));
    let [x, y, _] = projection.eye();
    // Nearer to the eye is what lies farther along the eye's direction.
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

/// Cuts a piece where it is hidden or far outside, dashes it, and draws it.
fn finish(
    stroke: &Stroke,
    piece: &[Point],
    projection: &Projection,
    hiding: Option<&Hiding>,
    clip: Rect,
    pen: &mut Pen,
) {
    let mut seen: Vec<Point> = Vec::new();
    let draw = |seen: &mut Vec<Point>, pen: &mut Pen| {
        if seen.len() > 1 {
            match stroke.dash {
                None => pen.line(seen, stroke.width, stroke.color),
                Some(dash) => {
                    let dash = dash.map(|points| points / projection.points_per_unit);
                    pen.dashes(seen, dash, stroke.width, stroke.color);
                }
            }
        }
        seen.clear();
    };
    for pair in piece.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        if outside(a.place, b.place, clip) {
            draw(&mut seen, pen);
            continue;
        }
        let Some(hiding) = hiding else {
            if seen.is_empty() {
                seen.push(a);
            }
            seen.push(b);
            continue;
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
        let cuts = ((a.place.distance(b.place) / hiding.piece).ceil() as usize).clamp(1, MOST_CUTS);
        let mut goes_on = false;
        for cut in 0..cuts {
            let (from, to) = (cut as f32 / cuts as f32, (cut + 1) as f32 / cuts as f32);
            let middle = a.towards(&b, 0.5 * (from + to));
            if hiding.surface.hides(middle.place, projection.nearness(middle.at)) {
                draw(&mut seen, pen);
                goes_on = false;
                continue;
            }
            if seen.is_empty() {
                seen.push(a.towards(&b, from));
            } else if goes_on {
                // straight on
                seen.pop();
            }
            seen.push(a.towards(&b, to));
            goes_on = true;
        }
    }
    draw(&mut seen, pen);
}

/// Whether a piece lies on the far side of one edge of the clip.
fn outside(a: Pos2, b: Pos2, clip: Rect) -> bool {
    a.x.max(b.x) < clip.left()
        || a.x.min(b.x) > clip.right()
        || a.y.max(b.y) < clip.top()
        || a.y.min(b.y) > clip.bottom()
}

/// What a surface hides.
struct Hiding {
    surface: Nearness,
    /// Longest piece of a line that is asked about once, in points of the screen.
    piece: f32,
}
