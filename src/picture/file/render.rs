//! Renders an egui closure to a picture, without a window.

use super::raster::{Image, Rasterizer};
use super::svg::svg;
use crate::picture::style::theme;
use egui::{
    Context, FullOutput, Pos2, RawInput, Rect, TexturesDelta, Theme, Ui, Vec2, ViewportId, ViewportInfo,
};

/// Passes over a closure: layouts that measure their text need a second one, and a third one ensures stability.
const PASSES: usize = 3;
/// Longest side of a picture, in pixels.
pub(super) const LONGEST_SIDE: f32 = 16_384.0;

/// Draws the content of a closure in a fresh context: `size` points wide and high, `scale` pixels per point.
///
/// Sides are clamped to 16,384 pixels. The closure runs three times, as the first frames of a window would.
pub fn render(size: Vec2, scale: f32, theme: Theme, content_ui: impl FnMut(&mut Ui)) -> Image {
    let scale = if scale.is_finite() { scale.clamp(0.1, 16.0) } else { 1.0 };
    let size = Vec2::new(side(size.x, scale), side(size.y, scale));
    let mut rasterizer = Rasterizer::default();
    let (context, mut output) = run(size, scale, theme, content_ui, |textures| {
        rasterizer.update(textures);
        rasterizer.free(textures);
    });
    rasterizer.update(&mut output.textures_delta);
    let background = context.global_style().visuals.panel_fill;
    let primitives = context.tessellate(output.shapes, output.pixels_per_point);
    let image_size = [pixels(size.x * scale), pixels(size.y * scale)];
    let image = rasterizer.paint(&primitives, image_size, output.pixels_per_point, background);
    // The remaining textures are dropped with the rasterizer.
    output.textures_delta.free.clear();
    image
}

/// Writes the content of a closure as SVG, `size` points wide and high; see [`render`].
pub fn render_svg(size: Vec2, theme: Theme, title: &str, content_ui: impl FnMut(&mut Ui)) -> String {
    let size = Vec2::new(side(size.x, 1.0), side(size.y, 1.0));
    let forget = |textures: &mut TexturesDelta| textures.clear();
    let (context, mut output) = run(size, 1.0, theme, content_ui, forget);
    output.textures_delta.clear();
    svg(&output.shapes, size, context.global_style().visuals.panel_fill, title)
}

/// The last pass over a closure in a fresh context; `textures` receives those of the earlier passes.
fn run(
    size: Vec2,
    scale: f32,
    theme: Theme,
    mut content_ui: impl FnMut(&mut Ui),
    mut textures: impl FnMut(&mut TexturesDelta),
) -> (Context, FullOutput) {
    let context = Context::default();
    theme::install(&context);
    context.set_theme(theme);
    context.all_styles_mut(|style| style.animation_time = 0.0);
    for pass in 1..PASSES {
        let mut output = context.run_ui(input(size, scale, pass), &mut content_ui);
        textures(&mut output.textures_delta);
    }
    let output = context.run_ui(input(size, scale, PASSES), &mut content_ui);
    (context, output)
}

fn side(points: f32, scale: f32) -> f32 {
    if points.is_finite() { points.clamp(0.0, LONGEST_SIDE / scale) } else { 0.0 }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the longest side")]
fn pixels(side: f32) -> usize {
    side.round() as usize
}

fn input(size: Vec2, scale: f32, pass: usize) -> RawInput {
    let viewport = ViewportInfo { native_pixels_per_point: Some(scale), ..ViewportInfo::default() };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a constant")]
    let max_texture_side = Some(LONGEST_SIDE as usize);
    RawInput {
        screen_rect: Some(Rect::from_min_size(Pos2::ZERO, size)),
        time: Some(0.5 * pass as f64),
        viewports: std::iter::once((ViewportId::ROOT, viewport)).collect(),
        max_texture_side,
        ..RawInput::default()
    }
}
