//! The texts that a closure draws.

use brink::picture::style::theme;
use egui::epaint::{ClippedShape, TextShape};
use egui::{Context, RawInput, Rect, Shape, Ui, Vec2, ViewportId, ViewportInfo};

/// Every text with its rectangle and its clip rectangle.
#[allow(dead_code, reason = "some tests only ask whether texts can be read")]
pub fn texts(size: Vec2, content_ui: impl FnMut(&mut Ui)) -> Vec<(String, Rect, Rect)> {
    let text =
        |(text, clip): (TextShape, Rect)| (text.galley.text().to_owned(), text.visual_bounding_rect(), clip);
    of_shapes(&shown(size, 1.0, content_ui)).into_iter().map(text).collect()
}

/// The output of a closure in a window of `size` points at `scale` pixels per point, after its layout has settled.
pub fn shown(size: Vec2, scale: f32, mut content_ui: impl FnMut(&mut Ui)) -> Vec<ClippedShape> {
    let context = Context::default();
    theme::install(&context);
    context.all_styles_mut(|style| style.animation_time = 0.0);
    let mut shapes = Vec::new();
    for pass in 1..5 {
        let viewport = ViewportInfo { native_pixels_per_point: Some(scale), ..ViewportInfo::default() };
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(egui::Pos2::ZERO, size)),
            time: Some(0.5 * f64::from(pass)),
            viewports: std::iter::once((ViewportId::ROOT, viewport)).collect(),
            ..RawInput::default()
        };
        let mut output = context.run_ui(input, &mut content_ui);
        shapes = std::mem::take(&mut output.shapes);
        output.drop_without_applying_deltas();
    }
    shapes
}

/// Every text among shapes, with its clip rectangle.
pub fn of_shapes(shapes: &[ClippedShape]) -> Vec<(TextShape, Rect)> {
    fn collect(shape: &Shape, clip: Rect, out: &mut Vec<(TextShape, Rect)>) {
        match shape {
            Shape::Text(text) if !text.galley.text().is_empty() => out.push((text.clone(), clip)),
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, clip, out)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    for shape in shapes {
        collect(&shape.shape, shape.clip_rect, &mut found);
    }
    found
}
