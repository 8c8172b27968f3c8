//! A scene made ready to be drawn from any side: lines and triangles in the box, in colour. Made anew only when the scene,
//! the layers or the theme change; turning and zooming leave it as it is.

use super::camera::TALL;
use super::colors::Map;
use super::contour::{contour, parts};
use super::frame::{Frame, Heights};
use super::view::{Layer, SceneView};
use super::{Grid, Scene, ScenePath, StableRegion};
use crate::picture::theme::{Dash, Palette, Role, Weight};
use egui::Color32;

/// Levels of the contours, at most, and one more.
const LEVELS: usize = 11;
/// Dash and gap of a dashed line, of dots, in points.
const DASHED: [f32; 2] = [7.0, 4.0];
const DOTTED: [f32; 2] = [1.6, 3.2];
/// Points of a path nearer than this to the one before, in half sides of the box, are left out.
const NEAR: f32 = 2.0e-4;
/// Points of a path that numbers keep clear of, about.
const POINTS_AVOIDED: usize = 400;
/// A break: the piece from this point to the next is not drawn.
pub const BREAK: f32 = -1.0;

/// Lines of one look.
#[derive(Clone, Debug, PartialEq)]
pub struct Stroke {
    /// In the box, each with the length of the line up to there, or [`BREAK`] where the line ends.
    pub points: Vec<[f32; 4]>,
    /// Its colour.
    pub color: Color32,
    /// Its width in points.
    pub width: f32,
    /// Lengths of dash and gap in points; `None` for a solid line.
    pub dash: Option<[f32; 2]>,
}

/// Coloured triangles over the cells of a grid: a surface, hiding what is behind it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fill {
    /// Corners in the box.
    pub corners: Vec<[f32; 3]>,
    /// Their colours.
    pub colors: Vec<Color32>,
    /// Three corners a triangle.
    pub indices: Vec<u32>,
    /// Where the triangles of each cell begin in the indices, row by row, and the end.
    pub cells: Vec<u32>,
    /// Cells along the first axis.
    pub columns: usize,
    /// Cells along the second axis.
    pub rows: usize,
}

/// A colour and the values it stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Which colours.
    pub map: Map,
    /// Which values.
    pub heights: Heights,
}

/// All that is drawn of a scene, apart from its texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What part of the plane it shows.
    pub frame: Frame,
    /// Whether it is flat.
    pub flat: bool,
    /// Heights of the surface's nodes in the box, where it hides lines.
    pub relief: Option<Grid>,
    /// The coloured plane, or surface.
    pub fill: Fill,
    /// Lines, from back to front.
    pub strokes: Vec<Stroke>,
    /// Where the level of a contour may be written, and the level.
    pub levels: Vec<([f32; 3], f32)>,
    /// What the colours mean.
    pub scale: Option<Scale>,
}

impl Figure {
    /// Of a scene as the viewer wants it, the central flow hidden or `revealed`; `None` where nothing in it has a place.
    pub fn new(scene: &Scene, view: &SceneView, revealed: bool, palette: &Palette) -> Option<Self> {
        let flat = view.flat;
        let frame = Frame::of(scene, flat)?;
        let mut figure = Self {
            frame,
            flat,
            relief: None,
            fill: Fill::default(),
            strokes: Vec::new(),
            levels: Vec::new(),
            scale: None,
        };
        let ground = figure.frame.clone();
        let (surface, region, paths) =
            (scene.surface.as_ref(), scene.region.as_ref(), scene.paths.as_slice());
        let builder = Builder { frame: &ground, flat, surface, region, paths, palette, view };
        builder.fill(&mut figure);
        if !flat {
            figure.strokes.push(box_edges(palette));
        }
        builder.contours(&mut figure);
        builder.boundary(&mut figure);
        for path in scene.paths.iter().filter(|path| revealed || path.role != Role::CentralFlow) {
            builder.path(path, &mut figure.strokes);
        }
        figure.strokes.retain(|stroke| !stroke.points.is_empty());
        Some(figure)
    }
}

impl Figure {
    /// Where a point of a path stands in the box; `None` where it is not finite, or outside a turned box.
    pub fn place(&self, path: &ScenePath, place: usize) -> Option<[f32; 3]> {
        let [x, y, z] = *path.points.get(place)?;
        let height = match path.loss.get(place) {
            _ if self.flat => 0.5,
            None if !self.frame.third => self.ground([x, y])?,
            loss => self.frame.height(z, loss.copied().unwrap_or(f32::NAN)),
        };
        let at = self.frame.place([x, y], height);
        let inside = self.flat || (at[0].abs() <= 1.0 && at[1].abs() <= 1.0);
        (inside && at.iter().all(|x| x.is_finite())).then_some(at)
    }

    /// The height of the surface, 0 to 1.
    fn ground(&self, at: [f32; 2]) -> Option<f32> {
        let [x, y, _] = self.frame.place(at, 0.5);
        Some(0.5 * (self.relief.as_ref()?.value([x, y]) / TALL + 1.0))
    }
}

struct Builder<'a> {
    frame: &'a Frame,
    flat: bool,
    surface: Option<&'a Grid>,
    region: Option<&'a StableRegion>,
    paths: &'a [ScenePath],
    palette: &'a Palette,
    view: &'a SceneView,
}

impl Builder<'_> {
    /// Whether the plane of the first two axes lies on the floor of the box: the height is a third direction.
    fn on_floor(&self) -> bool {
        self.frame.third && !self.flat
    }

    /// The height (0 to 1) of the surface at a place of the plane; NaN outside.
    fn ground(&self, at: [f32; 2]) -> f32 {
        if self.on_floor() {
            return 0.0;
        }
        match (self.surface, self.frame.loss) {
            (Some(surface), Some(heights)) => heights.share(surface.value(at)),
            _ => f32::NAN,
        }
    }

    /// A place in the box at a height, or in the plane.
    fn lift(&self, at: [f32; 2], height: f32) -> [f32; 3] {
        self.frame.place(at, if self.flat { 0.5 } else { height })
    }

    fn fill(&self, figure: &mut Figure) {
        let region =
            self.region.filter(|_| self.view.shows(Layer::Region) || self.view.shows(Layer::Sharpness));
        let loss = self.view.shows(Layer::Loss).then_some(self.surface).flatten();
        let scale = if self.view.shows(Layer::Sharpness) {
            region.and_then(|region| {
                let [low, high] = region.sharpness.extremes()?;
                let heights = Heights::linear([low, high.min((4.0 * region.edge).max(low))]);
                Some(Scale { map: Map::Inferno, heights })
            })
        } else {
            self.frame.loss.filter(|_| loss.is_some()).map(|heights| Scale { map: Map::Viridis, heights })
        };
        figure.scale = scale;
        let tinted = self.view.shows(Layer::Region);
        // A landscape has the nodes of the loss; without a loss there is nothing to stand on.
        let nodes = if self.flat || self.on_floor() {
            if scale.is_some_and(|scale| scale.map == Map::Inferno) || loss.is_none() {
                region.map(|region| &region.sharpness).or(self.surface)
            } else {
                loss
            }
        } else {
            self.surface.filter(|_| scale.is_some() || tinted)
        };
        let Some(nodes) = nodes.filter(|_| scale.is_some() || (tinted && region.is_some())) else { return };
        self.cells(nodes, region.filter(|_| tinted), scale, figure);
        if !self.flat {
            let mut relief = nodes.clone();
            relief.values.resize(nodes.columns * nodes.rows, f32::NAN);
            for row in 0..nodes.rows {
                for column in 0..nodes.columns {
                    let at = nodes.node(column, row);
                    let [_, _, z] = self.lift(at, self.ground(at));
                    relief.values[row * nodes.columns + column] = z;
                }
            }
            let [left, near, _] = self.frame.place([nodes.x.start, nodes.y.start], 0.0);
            let [right, far, _] = self.frame.place([nodes.x.end, nodes.y.end], 0.0);
            (relief.x, relief.y) = (left..right, near..far);
            figure.relief = Some(relief);
        }
    }

    /// The triangles of the cells: cut along the edge of the region, which is tinted.
    fn cells(&self, nodes: &Grid, region: Option<&StableRegion>, scale: Option<Scale>, figure: &mut Figure) {
        let Grid { columns, rows, .. } = *nodes;
        let mut places = Vec::with_capacity(columns * rows);
        let mut looks = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            for column in 0..columns {
                let at = nodes.node(column, row);
                let sharpness = region.map_or(f32::NAN, |region| region.sharpness.value(at));
                let value = match scale {
                    Some(scale) if scale.map == Map::Inferno => {
                        self.region.map_or(f32::NAN, |region| region.sharpness.value(at))
                    }
                    Some(_) => nodes.at(column, row),
                    None => 0.0,
                };
                let share = scale.map_or(0.0, |scale| scale.heights.share(value));
                let shade = if self.flat || self.on_floor() {
                    1.0
                } else {
                    relief_shade(nodes, self.frame, column, row)
                };
                places.push(self.lift(at, self.ground(at)));
                looks.push((share, shade, sharpness));
            }
        }
        let fill = &mut figure.fill;
        (fill.columns, fill.rows) = (columns - 1, rows - 1);
        let color = |share: f32, shade: f32, stable: bool| {
            let pure = scale.map_or(self.palette.plot, |scale| scale.map.color(share, self.palette.plot));
            let tinted = if stable { pure.lerp_to_gamma(self.palette.stable, STABLE_TINT) } else { pure };
            Color32::from_rgb(shaded(tinted.r(), shade), shaded(tinted.g(), shade), shaded(tinted.b(), shade))
        };
        // Every node twice: outside the region, and inside.
        for (&place, &(share, shade, _)) in places.iter().zip(&looks) {
            for stable in [false, true] {
                fill.corners.push(place);
                fill.colors.push(color(share, shade, stable));
            }
        }
        let mut cut = Vec::new();
        for row in 1..rows {
            for column in 1..columns {
                fill.cells.push(index(fill.indices.len()));
                let corner = (row - 1) * columns + column - 1;
                let corners = [corner, corner + 1, corner + columns + 1, corner + columns];
                let nodes = corners.map(|corner| looks[corner]);
                if nodes.iter().any(|(share, ..)| share.is_nan())
                    || corners.iter().any(|&c| places[c][2].is_nan())
                {
                    continue;
                }
                let sharpness = nodes.map(|(.., sharpness)| sharpness);
                let edge = region.map_or(f32::NAN, |region| region.edge);
                if sharpness.iter().any(|s| !s.is_finite()) || !edge.is_finite() {
                    quad(fill, corners, false);
                    continue;
                }
                parts(sharpness, edge, &mut cut);
                if let [(stable, _)] = cut[..] {
                    quad(fill, corners, stable);
                    continue;
                }
                for (stable, part) in &cut {
                    let first = index(fill.corners.len());
                    for &[x, y] in part {
                        let mix = |a: f32, b: f32, c: f32, d: f32| {
                            (a * (1.0 - x) + b * x) * (1.0 - y) + (d * (1.0 - x) + c * x) * y
                        };
                        let [a, b, c, d] = nodes;
                        fill.colors.push(color(mix(a.0, b.0, c.0, d.0), mix(a.1, b.1, c.1, d.1), *stable));
                        let place = corners.map(|corner| places[corner]);
                        fill.corners.push(std::array::from_fn(|axis| {
                            mix(place[0][axis], place[1][axis], place[2][axis], place[3][axis])
                        }));
                    }
                    for last in 2..index(part.len()) {
                        fill.indices.extend([first, first + last - 1, first + last]);
                    }
                }
            }
        }
        fill.cells.push(index(fill.indices.len()));
    }

    fn contours(&self, figure: &mut Figure) {
        let (Some(surface), Some(heights)) = (self.surface, self.frame.loss) else { return };
        if !self.view.shows(Layer::Contours) || (!self.flat && figure.relief.is_none()) {
            return;
        }
        let color = self.palette.plot.lerp_to_gamma(self.palette.text, 0.45);
        let mut line = Line::default();
        for level in heights.levels(LEVELS) {
            let height = if self.on_floor() { 0.0 } else { heights.share(level) };
            let lines = contour(surface, level);
            let longest = lines.iter().max_by_key(|line| line.len());
            if let Some(longest) = longest.filter(|line| line.len() > 8) {
                figure.levels.push((self.lift(self.free(longest), height), level));
            }
            for points in lines {
                line.add(points.into_iter().map(|at| self.lift(at, height)));
            }
        }
        figure.strokes.push(Stroke { points: line.points, color, width: 0.8, dash: None });
    }

    /// The place of a contour that is farthest from the paths, of some: its level is read there.
    fn free(&self, contour: &[[f32; 2]]) -> [f32; 2] {
        let candidates = contour.iter().skip(contour.len() / 8).step_by((contour.len() / 8).max(1));
        let points = self
            .paths
            .iter()
            .flat_map(|path| path.points.iter().step_by((path.points.len() / POINTS_AVOIDED).max(1)));
        let points: Vec<[f32; 3]> = points.map(|&[x, y, _]| self.frame.place([x, y], 0.5)).collect();
        let distance = |at: &[f32; 2]| {
            let [x, y, _] = self.frame.place(*at, 0.5);
            // at the rim of the picture there is no room for a number
            let rim = (1.0 - x.abs()).min(1.0 - y.abs()) * 2.0;
            let squares = points.iter().map(|point| (point[0] - x).powi(2) + (point[1] - y).powi(2));
            squares.filter(|square| square.is_finite()).fold(f32::MAX, f32::min).sqrt().min(rim)
        };
        let farthest = candidates.map(|at| (distance(at), at)).max_by(|(a, _), (b, _)| a.total_cmp(b));
        farthest.map_or(contour[contour.len() / 2], |(_, at)| *at)
    }

    /// The edge of the stable region: dotted, as 2/η is everywhere.
    fn boundary(&self, figure: &mut Figure) {
        let Some(region) = self.region.filter(|_| self.view.shows(Layer::Region)) else { return };
        if !region.edge.is_finite() || (!self.flat && figure.relief.is_none()) {
            return;
        }
        let mut line = Line::default();
        for points in contour(&region.sharpness, region.edge) {
            line.add(points.into_iter().map(|at| self.lift(at, self.ground(at))));
        }
        let ink = self.palette.ink(Role::Threshold, Weight::Normal);
        figure.strokes.push(Stroke { points: line.points, color: ink.color, width: 1.6, dash: Some(DOTTED) });
    }

    /// A path: the exact part strong, what comes from the sketch faint and below it.
    fn path(&self, path: &ScenePath, strokes: &mut Vec<Stroke>) {
        let count = path.points.len();
        let exact = path.exact.start.min(count)..path.exact.end.clamp(path.exact.start.min(count), count);
        let ink = self.palette.ink(path.role, Weight::Normal);
        let faint = self.palette.plot.lerp_to_gamma(ink.color, 0.42);
        let parts = [
            (0..(exact.start + 1).min(count), faint, 0.8),
            (exact.end.saturating_sub(1)..count, faint, 0.8),
            (exact, ink.color, 1.0),
        ];
        for (rows, color, share) in parts {
            if rows.len() < 2 {
                continue;
            }
            let mut line = Line::default();
            line.add(rows.map(|row| {
                let [x, y, z] = path.points[row];
                let loss = path.loss.get(row).copied();
                let height = match loss {
                    _ if self.flat => 0.5,
                    None if !self.frame.third => self.ground([x, y]),
                    loss => self.frame.height(z, loss.unwrap_or(f32::NAN)),
                };
                self.lift([x, y], height)
            }));
            let dash = match ink.dash {
                Dash::Solid => None,
                Dash::Dashed => Some(DASHED),
                Dash::Dotted => Some(DOTTED),
            };
            let width = share * if path.role == Role::CentralFlow { 2.2 } else { ink.width };
            strokes.push(Stroke { points: line.clipped(self.flat), color, width, dash });
        }
    }
}

/// How much of the tint's colour lies over the stable region.
const STABLE_TINT: f32 = 0.22;

fn quad(fill: &mut Fill, corners: [usize; 4], stable: bool) {
    let [a, b, c, d] = corners.map(|corner| index(2 * corner + usize::from(stable)));
    fill.indices.extend([a, b, c, a, c, d]);
}

#[expect(clippy::cast_possible_truncation, reason = "grids have far fewer nodes")]
fn index(place: usize) -> u32 {
    place as u32
}

/// Light from the upper left: slopes that look there are lighter.
fn relief_shade(nodes: &Grid, frame: &Frame, column: usize, row: usize) -> f32 {
    let Some(heights) = frame.loss else { return 1.0 };
    let at = |column: usize, row: usize| {
        heights.share(nodes.at(column.min(nodes.columns - 1), row.min(nodes.rows - 1)))
    };
    let dx = at(column + 1, row) - at(column.saturating_sub(1), row);
    let dy = at(column, row + 1) - at(column, row.saturating_sub(1));
    let slope = 0.5 * (dx * nodes.columns as f32 - dy * nodes.rows as f32);
    if slope.is_finite() { 1.0 + 0.12 * (0.5 * slope).clamp(-1.0, 1.0) } else { 1.0 }
}

fn shaded(channel: u8, shade: f32) -> u8 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    let shaded = (f32::from(channel) * shade + 0.5) as u8;
    shaded
}

/// The edges of the box's floor, and its corner posts.
fn box_edges(palette: &Palette) -> Stroke {
    let mut line = Line::default();
    let corner = |x: f32, y: f32| [x, y, -TALL];
    line.add([
        corner(-1.0, -1.0),
        corner(1.0, -1.0),
        corner(1.0, 1.0),
        corner(-1.0, 1.0),
        corner(-1.0, -1.0),
    ]);
    for (x, y) in [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)] {
        line.add([corner(x, y), [x, y, TALL]]);
    }
    Stroke { points: line.points, color: palette.frame, width: 1.0, dash: None }
}

/// Gathers pieces of lines, with their lengths.
#[derive(Default)]
struct Line {
    points: Vec<[f32; 4]>,
}

impl Line {
    /// One more piece, broken where a place is not finite.
    fn add(&mut self, places: impl IntoIterator<Item = [f32; 3]>) {
        let mut length = 0.0;
        let mut before: Option<[f32; 3]> = None;
        let mut skipped = None;
        for place in places {
            if place.iter().any(|x| !x.is_finite()) {
                self.end(skipped.take(), length, before);
                before = None;
                continue;
            }
            let step = before.map_or(0.0, |before| distance(before, place));
            if before.is_some() && step < NEAR {
                skipped = Some(place);
                continue;
            }
            length += step;
            self.points.push([place[0], place[1], place[2], length]);
            (before, skipped) = (Some(place), None);
        }
        self.end(skipped, length, before);
    }

    /// Ends a piece, at its very last place.
    fn end(&mut self, skipped: Option<[f32; 3]>, length: f32, before: Option<[f32; 3]>) {
        if let (Some([x, y, z]), Some(before)) = (skipped, before) {
            self.points.push([x, y, z, length + distance(before, [x, y, z])]);
        }
        if let Some(last) = self.points.last_mut() {
            last[3] = BREAK;
        }
    }

    /// Cut at the sides of the box, where it is one; in the plane lines may go on.
    fn clipped(self, flat: bool) -> Vec<[f32; 4]> {
        if flat { self.points } else { clip(&self.points) }
    }
}

fn distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    (0..3).map(|axis| (a[axis] - b[axis]) * (a[axis] - b[axis])).sum::<f32>().sqrt()
}

/// The parts of lines between the walls x, y = ±1.
fn clip(points: &[[f32; 4]]) -> Vec<[f32; 4]> {
    let mut out: Vec<[f32; 4]> = Vec::with_capacity(points.len());
    let mut length = 0.0;
    for pair in points.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        if a[3] == BREAK {
            continue;
        }
        let end = if b[3] == BREAK { a[3] + distance([a[0], a[1], a[2]], [b[0], b[1], b[2]]) } else { b[3] };
        let (mut from, mut to) = (0.0_f32, 1.0_f32);
        for axis in 0..2 {
            let step = b[axis] - a[axis];
            for wall in [-1.0, 1.0] {
                let (inside_a, inside_b) = ((a[axis] - wall) * wall <= 0.0, (b[axis] - wall) * wall <= 0.0);
                match (inside_a, inside_b) {
                    (false, false) => to = -1.0,
                    (false, true) => from = from.max((wall - a[axis]) / step),
                    (true, false) => to = to.min((wall - a[axis]) / step),
                    (true, true) => {}
                }
            }
        }
        if from >= to {
            continue;
        }
        let at = |share: f32| -> [f32; 4] {
            std::array::from_fn(|axis| {
                let (a, b) = (a[axis], if axis == 3 { end } else { b[axis] });
                a + share * (b - a)
            })
        };
        let (start, end) = (at(from), at(to));
        let joined = from == 0.0 && out.last().is_some_and(|last| last[..3] == start[..3]);
        if joined {
            if let Some(last) = out.last_mut() {
                last[3] = length;
            }
        } else {
            out.push(start);
        }
        length = end[3];
        out.push([end[0], end[1], end[2], BREAK]);
    }
    out
}
