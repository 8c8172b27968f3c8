//! What a window shows: its picture by the CPU rasterizer, and the form or menu that lies on top of it.

use super::pictures::readable::{Strictness, among};
use super::*;
use crate::picture::file::raster::{Image, Rasterizer};
use egui::epaint::ClippedShape;
use egui::{Context, Id, Order, Rect, Shape, TexturesDelta};
use std::sync::{Arc, Mutex};

/// Takes over the textures of a window.
#[derive(Clone, Default)]
pub(super) struct Screen(Arc<Mutex<Rasterizer>>);

impl Screen {
    /// Lets [`picture`] find it.
    pub fn install(self, context: &Context) {
        context.data_mut(|data| data.insert_temp(id(), self));
    }
}

impl egui_kittest::TestRenderer for Screen {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        self.0.lock().expect("no test panics while it draws").update(delta);
        // what is freed may still be on the screen
        delta.free.clear();
    }
}

fn id() -> Id {
    Id::unique("the screen of a test")
}

/// The whole window.
pub(super) fn picture(window: &Window) -> Image {
    let (context, output) = (&window.ctx, window.output());
    let screen: Screen = context.data(|data| data.get_temp(id())).expect("every window has one");
    let scale = output.pixels_per_point;
    let triangles = context.tessellate(output.shapes.clone(), scale);
    let size = context.content_rect().size() * scale;
    let size = [size.x, size.y].map(pixels);
    let background = context.global_style().visuals.panel_fill;
    screen.0.lock().expect("no test panics while it draws").paint(&triangles, size, scale, background)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
fn pixels(points: f32) -> usize {
    points.round() as usize
}

/// The form or menu on top.
pub(super) fn picture_on_top(window: &Window) -> Image {
    let whole = picture(window);
    let rect = on_top(window);
    let within = |from: f32, to: f32, most: usize| pixels(from)..pixels(to).min(most);
    let columns = within(rect.left(), rect.right(), whole.width);
    let rows = within(rect.top(), rect.bottom(), whole.height);
    let pixels = rows.clone().flat_map(|y| columns.clone().map(move |x| (x, y)));
    let pixels = pixels.map(|(x, y)| whole.pixel(x, y)).collect();
    Image { width: columns.len(), height: rows.len(), pixels }
}

/// What of the form or menu on top cannot be read.
pub(super) fn unreadable_on_top(window: &Window, strictness: Strictness) -> Vec<String> {
    let rect = on_top(window);
    let shapes = &window.output().shapes;
    let frame =
        shapes.iter().rposition(|shape| frames(&shape.shape, rect)).expect("the frame of what is on top");
    let shapes: Vec<ClippedShape> = shapes[frame..].to_vec();
    let mut found = among(&shapes, strictness);
    let screen = window.ctx.content_rect().expand(1.0);
    if !screen.contains_rect(rect) {
        found.push(format!("{rect:?} leaves the window {screen:?}"));
    }
    found
}

/// Where the form or menu on top is.
fn on_top(window: &Window) -> Rect {
    let top = window.ctx.memory(|memory| {
        let shown =
            |order| memory.areas().top_layer_id(order).filter(|layer| memory.areas().is_visible(layer));
        let layer = shown(Order::Foreground).or_else(|| shown(Order::Middle));
        layer.and_then(|layer| memory.area_rect(layer.id))
    });
    top.expect("a form or a menu is open")
}

/// Whether a shape is the background of what takes a rectangle.
fn frames(shape: &Shape, rect: Rect) -> bool {
    match shape {
        Shape::Rect(frame) => {
            let same =
                frame.rect.expand(3.0).contains_rect(rect) && rect.expand(3.0).contains_rect(frame.rect);
            same && frame.fill.is_opaque()
        }
        Shape::Vec(shapes) => shapes.iter().any(|shape| frames(shape, rect)),
        _ => false,
    }
}
