//! A scene prepared for drawing from any side: coloured lines and triangles in the box. Rebuilt only if the scene,
//! the layers or the theme change; rotating and zooming do not affect it.

pub mod fill;
pub mod lines;
pub mod polyline;

use super::colors::ColorMap;
use super::frame::{Heights, SceneFrame};
use crate::picture::style::theme::{Palette, Role};
use crate::picture::view::camera::TALL;
use crate::picture::view::scene::{Scene, SceneGrid, ScenePath, StableRegion};
use crate::picture::view::scene_view::SceneView;
use egui::Color32;

/// A break: the piece from this point to the next is not drawn.
pub const BREAK: f32 = -1.0;

/// Lines of one appearance.
#[derive(Clone, Debug, PartialEq)]
pub struct Stroke {
    /// Points in the box, each with the length of the line up to it, or [`BREAK`] where the line ends.
    pub points: Vec<[f32; 4]>,
    /// Its colour.
    pub color: Color32,
    /// Its width in points.
    pub width: f32,
    /// Lengths of dash and gap in points; `None` for a solid line.
    pub dash: Option<[f32; 2]>,
}

/// Coloured triangles over the cells of a grid: a surface that hides whatever is behind it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fill {
    /// Corners in the box.
    pub corners: Vec<[f32; 3]>,
    /// Their colours.
    pub colors: Vec<Color32>,
    /// Three corners per triangle.
    pub indices: Vec<u32>,
    /// The start of each cell's triangles in the indices, row by row, and the end.
    pub cells: Vec<u32>,
    /// Cells along the first axis.
    pub columns: usize,
    /// Cells along the second axis.
    pub rows: usize,
}

/// A colour map and the values it represents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColorScale {
    /// The colour map.
    pub map: ColorMap,
    /// The scale of the values.
    pub heights: Heights,
}

/// Everything drawn of a scene, except its texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The part of the plane it shows.
    pub frame: SceneFrame,
    /// Whether it is flat.
    pub flat: bool,
    /// Heights of the surface's nodes in the box, if it hides lines.
    pub relief: Option<SceneGrid>,
    /// The coloured plane, or surface.
    pub fill: Fill,
    /// Lines, from back to front.
    pub strokes: Vec<Stroke>,
    /// Positions at which the level of a contour may be written, and the level.
    pub levels: Vec<([f32; 3], f32)>,
    /// The meaning of the colours.
    pub scale: Option<ColorScale>,
}

impl Figure {
    /// The figure of a scene in a view, with the central flow hidden or `revealed`; `None` if nothing in it has a
    /// position.
    pub fn new(scene: &Scene, view: &SceneView, revealed: bool, palette: &Palette) -> Option<Self> {
        let flat = view.flat;
        let frame = SceneFrame::of(scene, flat)?;
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
        let relief = surface.zip(ground.loss).map(|(surface, heights)| {
            let values = surface.values.iter().map(|&loss| heights.share(loss)).collect();
            SceneGrid { values, x: surface.x.clone(), y: surface.y.clone(), ..*surface }
        });
        let builder = Builder { frame: &ground, flat, surface, relief, region, paths, palette, view };
        builder.fill(&mut figure);
        if !flat {
            figure.strokes.push(lines::box_edges(palette));
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
    /// The position of a point of a path in the box; `None` if it is not finite, or outside a rotated box.
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

/// The inputs of a figure.
struct Builder<'a> {
    frame: &'a SceneFrame,
    flat: bool,
    surface: Option<&'a SceneGrid>,
    /// Heights of the surface, 0 to 1: objects on it between its nodes have the height at which it is drawn.
    relief: Option<SceneGrid>,
    region: Option<&'a StableRegion>,
    paths: &'a [ScenePath],
    palette: &'a Palette,
    view: &'a SceneView,
}

impl Builder<'_> {
    /// Whether the plane of the first two axes is the floor of the box: the height is then a third direction.
    fn on_floor(&self) -> bool {
        self.frame.third && !self.flat
    }

    /// The height (0 to 1) of the surface at a position in the plane; NaN outside.
    fn ground(&self, at: [f32; 2]) -> f32 {
        if self.on_floor() {
            return 0.0;
        }
        self.relief.as_ref().map_or(f32::NAN, |relief| relief.value(at))
    }

    /// A position in the box at a height, or in the plane.
    fn lift(&self, at: [f32; 2], height: f32) -> [f32; 3] {
        self.frame.place(at, if self.flat { 0.5 } else { height })
    }
}
