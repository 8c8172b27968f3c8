//! A scene made ready to be drawn from any side: lines and triangles in the box, in colour. Made anew only when the scene,
//! the layers or the theme change; turning and zooming leave it as it is.

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
pub struct ColorScale {
    /// Which colours.
    pub map: ColorMap,
    /// Which values.
    pub heights: Heights,
}

/// All that is drawn of a scene, apart from its texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What part of the plane it shows.
    pub frame: SceneFrame,
    /// Whether it is flat.
    pub flat: bool,
    /// Heights of the surface's nodes in the box, where it hides lines.
    pub relief: Option<SceneGrid>,
    /// The coloured plane, or surface.
    pub fill: Fill,
    /// Lines, from back to front.
    pub strokes: Vec<Stroke>,
    /// Where the level of a contour may be written, and the level.
    pub levels: Vec<([f32; 3], f32)>,
    /// What the colours mean.
    pub scale: Option<ColorScale>,
}

impl Figure {
    /// Of a scene as the viewer wants it, the central flow hidden or `revealed`; `None` where nothing in it has a place.
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

/// What a figure is made from.
struct Builder<'a> {
    frame: &'a SceneFrame,
    flat: bool,
    surface: Option<&'a SceneGrid>,
    /// Heights of the surface, 0 to 1: between its nodes what lies on it is as high as it is drawn.
    relief: Option<SceneGrid>,
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
        self.relief.as_ref().map_or(f32::NAN, |relief| relief.value(at))
    }

    /// A place in the box at a height, or in the plane.
    fn lift(&self, at: [f32; 2], height: f32) -> [f32; 3] {
        self.frame.place(at, if self.flat { 0.5 } else { height })
    }
}
