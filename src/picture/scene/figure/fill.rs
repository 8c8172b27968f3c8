//! The coloured plane, or the surface of the loss, cut along the edge of the stable region.

use super::{Builder, ColorScale, Figure, Fill};
use crate::picture::scene::colors::ColorMap;
use crate::picture::scene::contour::parts;
use crate::picture::scene::frame::{Heights, SceneFrame};
use crate::picture::view::scene::{SceneGrid, StableRegion};
use crate::picture::view::scene_view::Layer;
use egui::Color32;

impl Builder<'_> {
    /// The triangles, their colours, and the data for hiding lines.
    pub(super) fn fill(&self, figure: &mut Figure) {
        let region =
            self.region.filter(|_| self.view.shows(Layer::Region) || self.view.shows(Layer::Sharpness));
        let loss = self.view.shows(Layer::Loss).then_some(self.surface).flatten();
        let scale = if self.view.shows(Layer::Sharpness) {
            region.and_then(|region| {
                let [low, high] = region.sharpness.extremes()?;
                let heights = Heights::linear([low, high.min((4.0 * region.edge).max(low))]);
                Some(ColorScale { map: ColorMap::Inferno, heights })
            })
        } else {
            self.frame
                .loss
                .filter(|_| loss.is_some())
                .map(|heights| ColorScale { map: ColorMap::Viridis, heights })
        };
        figure.scale = scale;
        let tinted = self.view.shows(Layer::Region);
        // A landscape has the nodes of the loss; without a loss there is no surface.
        let nodes = if self.flat || self.on_floor() {
            if scale.is_some_and(|scale| scale.map == ColorMap::Inferno) || loss.is_none() {
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
    fn cells(
        &self,
        nodes: &SceneGrid,
        region: Option<&StableRegion>,
        scale: Option<ColorScale>,
        figure: &mut Figure,
    ) {
        let SceneGrid { columns, rows, .. } = *nodes;
        let mut places = Vec::with_capacity(columns * rows);
        let mut looks = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            for column in 0..columns {
                let at = nodes.node(column, row);
                let sharpness = region.map_or(f32::NAN, |region| region.sharpness.value(at));
                let value = match scale {
                    Some(scale) if scale.map == ColorMap::Inferno => {
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
        // Every node occurs twice: outside the region, and inside.
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
}

/// Opacity of the tint over the stable region.
const STABLE_TINT: f32 = 0.22;

fn quad(fill: &mut Fill, corners: [usize; 4], stable: bool) {
    let [a, b, c, d] = corners.map(|corner| index(2 * corner + usize::from(stable)));
    fill.indices.extend([a, b, c, a, c, d]);
}

#[expect(clippy::cast_possible_truncation, reason = "grids have far fewer nodes")]
fn index(place: usize) -> u32 {
    place as u32
}

/// Light from the upper left: slopes that face it are lighter.
fn relief_shade(nodes: &SceneGrid, frame: &SceneFrame, column: usize, row: usize) -> f32 {
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
