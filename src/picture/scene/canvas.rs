//! Who draws a figure: the window's wgpu, where it has put itself forward, or egui's meshes.

use super::camera::Projection;
use super::figure::Figure;
use super::mesh::mesh;
use super::view::SceneView;
use super::{Layer, Scene};
use crate::picture::theme::Palette;
use egui::{Context, Id, Painter, Rect, Shape};
use std::sync::Arc;

/// Draws figures by other means than meshes.
pub trait Canvas: Send + Sync {
    /// A shape that draws the figure into a rectangle of the screen. The figure is the same `Arc` as long as nothing
    /// in it changes.
    fn shape(&self, rect: Rect, figure: &Arc<Figure>, projection: &Projection) -> Shape;
}

#[derive(Clone)]
struct Installed(Arc<dyn Canvas>);

fn canvas_id() -> Id {
    Id::unique("brink: canvas of weight space")
}

/// Lets a context draw weight space by a canvas from now on.
pub fn install_canvas(context: &Context, canvas: Arc<dyn Canvas>) {
    context.data_mut(|data| data.insert_temp(canvas_id(), Installed(canvas)));
}

/// Lets a context draw weight space by meshes from now on.
pub fn remove_canvas(context: &Context) {
    context.data_mut(|data| data.remove::<Installed>(canvas_id()));
}

/// Whether a context has a canvas.
pub fn has_canvas(context: &Context) -> bool {
    context.data(|data| data.get_temp::<Installed>(canvas_id()).is_some())
}

/// Draws a figure into a rectangle.
pub(super) fn draw(painter: &Painter, rect: Rect, figure: &Arc<Figure>, projection: &Projection) {
    let canvas: Option<Installed> = painter.ctx().data(|data| data.get_temp(canvas_id()));
    let painter = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
    match canvas {
        Some(Installed(canvas)) => {
            painter.add(canvas.shape(rect, figure, projection));
        }
        None => {
            painter.add(mesh(figure, projection, rect, 1.0 / painter.ctx().pixels_per_point()));
        }
    }
}

/// The figure made last, and of what.
#[derive(Clone)]
struct Made {
    scene: Arc<Scene>,
    flat: bool,
    layers: Vec<Layer>,
    revealed: bool,
    palette: &'static Palette,
    figure: Option<Arc<Figure>>,
}

/// The figure of a scene, made anew only where something in it has changed.
pub(super) fn figure(
    context: &Context,
    scene: &Arc<Scene>,
    view: &SceneView,
    revealed: bool,
    palette: &'static Palette,
) -> Option<Arc<Figure>> {
    let id = Id::unique("brink: figure of weight space");
    let made: Option<Made> = context.data(|data| data.get_temp(id));
    if let Some(made) = made
        && Arc::ptr_eq(&made.scene, scene)
        && made.flat == view.flat
        && made.layers == view.layers
        && made.revealed == revealed
        && std::ptr::eq(made.palette, palette)
    {
        return made.figure;
    }
    let figure = Figure::new(scene, view, revealed, palette).map(Arc::new);
    let (flat, layers) = (view.flat, view.layers.clone());
    let made = Made { scene: Arc::clone(scene), flat, layers, revealed, palette, figure: figure.clone() };
    context.data_mut(|data| data.insert_temp(id, made));
    figure
}
