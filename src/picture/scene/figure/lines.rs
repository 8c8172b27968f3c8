//! The lines of a figure: contours, the edge of the stable region, paths, the box.

use super::polyline::Polyline;
use super::{Builder, Figure, Stroke};
use crate::picture::scene::contour::contour;
use crate::picture::style::theme::{Dash, Palette, Role, Weight};
use crate::picture::view::camera::TALL;
use crate::picture::view::scene::ScenePath;
use crate::picture::view::scene_view::Layer;

/// Maximum number of contour levels, plus one.
const LEVELS: usize = 11;
/// Dash and gap of a dashed line and of dots, in points.
const DASHED: [f32; 2] = [7.0, 4.0];
const DOTTED: [f32; 2] = [1.6, 3.2];
/// Approximate number of points of a path that numbers keep clear of.
const POINTS_AVOIDED: usize = 400;

impl Builder<'_> {
    /// Contours of the loss, and the positions at which their levels may be written.
    pub(super) fn contours(&self, figure: &mut Figure) {
        let (Some(surface), Some(heights)) = (self.surface, self.frame.loss) else { return };
        if !self.view.shows(Layer::Contours) || (!self.flat && figure.relief.is_none()) {
            return;
        }
        let color = self.palette.plot.lerp_to_gamma(self.palette.text, 0.45);
        let mut line = Polyline::default();
        for level in heights.levels(LEVELS) {
            let height = if self.on_floor() { 0.0 } else { heights.share(level) };
            let lines = contour(surface, level);
            let longest = lines.iter().max_by_key(|line| line.len());
            if let Some(longest) = longest.filter(|line| line.len() > 8) {
                figure.levels.push((self.lift(self.free(longest), height), level));
            }
            for points in lines {
                line.add(points.into_iter().map(|at| {
                    let ground = self.ground(at);
                    self.lift(at, if ground.is_nan() { height } else { ground })
                }));
            }
        }
        figure.strokes.push(Stroke { points: line.points, color, width: 0.8, dash: None });
    }

    /// The point of a contour, among several candidates, that is farthest from the paths: its level is written there.
    fn free(&self, contour: &[[f32; 2]]) -> [f32; 2] {
        let candidates = contour.iter().skip(contour.len() / 8).step_by((contour.len() / 8).max(1));
        let points = self
            .paths
            .iter()
            .flat_map(|path| path.points.iter().step_by((path.points.len() / POINTS_AVOIDED).max(1)));
        let points: Vec<[f32; 3]> = points.map(|&[x, y, _]| self.frame.place([x, y], 0.5)).collect();
        let distance = |at: &[f32; 2]| {
            let [x, y, _] = self.frame.place(*at, 0.5);
            // there is no room for a number at the rim of the picture
            let rim = (1.0 - x.abs()).min(1.0 - y.abs()) * 2.0;
            let squares = points.iter().map(|point| (point[0] - x).powi(2) + (point[1] - y).powi(2));
            squares.filter(|square| square.is_finite()).fold(f32::MAX, f32::min).sqrt().min(rim)
        };
        let farthest = candidates.map(|at| (distance(at), at)).max_by(|(a, _), (b, _)| a.total_cmp(b));
        farthest.map_or(contour[contour.len() / 2], |(_, at)| *at)
    }

    /// The edge of the stable region: dotted, as 2/η is everywhere.
    pub(super) fn boundary(&self, figure: &mut Figure) {
        let Some(region) = self.region.filter(|_| self.view.shows(Layer::Region)) else { return };
        if !region.edge.is_finite() || (!self.flat && figure.relief.is_none()) {
            return;
        }
        let mut line = Polyline::default();
        for points in contour(&region.sharpness, region.edge) {
            line.add(points.into_iter().map(|at| self.lift(at, self.ground(at))));
        }
        let ink = self.palette.ink(Role::Threshold, Weight::Normal);
        figure.strokes.push(Stroke { points: line.points, color: ink.color, width: 1.6, dash: Some(DOTTED) });
    }

    /// A path: the exact part is strong, the part from the sketch faint and below it.
    pub(super) fn path(&self, path: &ScenePath, strokes: &mut Vec<Stroke>) {
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
            let mut line = Polyline::default();
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

/// The edges of the box's floor, and its corner posts.
pub(super) fn box_edges(palette: &Palette) -> Stroke {
    let mut line = Polyline::default();
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
