//! Draws egui's tessellated output on the CPU: textured, vertex-coloured triangles with premultiplied alpha, blended
//! in gamma space as egui's own painters do. It needs no window, driver or GPU.
//!
//! Vertices are snapped to 1/256 of a pixel and edges are integers, so a pixel on an edge that two triangles share
//! belongs to exactly one of them, and a picture is the same bytes on every machine and for any number of threads.
//!
//! Non-finite contract: a triangle with a NaN or infinite corner is omitted; corners outside ±2²⁰ pixels are clamped.

pub mod edge;
pub mod shade;
pub mod texture;
pub mod triangle;

use egui::epaint::textures::TexturesDelta;
use egui::epaint::{ClippedPrimitive, ImageDelta, Mesh, Primitive, TextureId};
use egui::{Color32, Rect, TextureFilter};
use rayon::prelude::*;
use std::collections::HashMap;
use texture::Texture;
use triangle::Band;

/// Rows drawn by one task.
const BAND_ROWS: usize = 64;

/// A finished picture: RGBA rows from the top, 8 bits per channel, premultiplied (opaque wherever something opaque
/// lies behind).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// `width · height` pixels.
    pub pixels: Vec<Color32>,
}

impl Image {
    /// The pixel in column x of row y (from the top).
    pub fn pixel(&self, x: usize, y: usize) -> Color32 {
        self.pixels[y * self.width + x]
    }

    /// Red, green, blue, alpha of every pixel.
    pub fn rgba(&self) -> Vec<u8> {
        self.pixels.iter().flat_map(Color32::to_array).collect()
    }
}

/// The textures that egui has uploaded, and the state needed to draw its meshes with them.
#[derive(Default)]
pub struct Rasterizer {
    textures: HashMap<TextureId, Texture>,
}

impl Rasterizer {
    /// For meshes that have colours and no texture.
    pub fn plain() -> Self {
        let mut rasterizer = Self::default();
        let white = egui::ColorImage::new([1, 1], vec![Color32::WHITE]);
        rasterizer.set(TextureId::default(), &ImageDelta::full(white, egui::TextureOptions::NEAREST));
        rasterizer
    }

    /// Stores new and changed textures. Call it before [`Self::paint`], and [`Self::free`] after it.
    pub fn update(&mut self, delta: &mut TexturesDelta) {
        for (id, images) in delta.set.drain() {
            for image in images {
                self.set(id, &image);
            }
        }
    }

    /// Drops the textures that egui no longer needs.
    pub fn free(&mut self, delta: &mut TexturesDelta) {
        for id in delta.free.drain() {
            self.textures.remove(&id);
        }
    }

    fn set(&mut self, id: TextureId, delta: &ImageDelta) {
        let egui::ImageData::Color(image) = &delta.image;
        let [width, height] = image.size;
        match delta.pos {
            None => {
                let texture = Texture {
                    width,
                    height,
                    pixels: image.pixels.clone(),
                    nearest: delta.options.magnification == TextureFilter::Nearest,
                    wrap: delta.options.wrap_mode,
                };
                self.textures.insert(id, texture);
            }
            Some([x, y]) => {
                let Some(texture) = self.textures.get_mut(&id) else { return };
                for (row, line) in image.pixels.chunks_exact(width.max(1)).enumerate() {
                    let start = (y + row) * texture.width + x;
                    texture.pixels[start..start + width].copy_from_slice(line);
                }
            }
        }
    }

    /// Draws the primitives over a background. Custom paint callbacks need a GPU and are omitted.
    pub fn paint(
        &self,
        primitives: &[ClippedPrimitive],
        [width, height]: [usize; 2],
        pixels_per_point: f32,
        background: Color32,
    ) -> Image {
        let mut pixels = vec![background; width * height];
        let meshes: Vec<(Window, &Mesh, &Texture)> = primitives
            .iter()
            .filter_map(|primitive| {
                let Primitive::Mesh(mesh) = &primitive.primitive else { return None };
                let texture = self.textures.get(&mesh.texture_id)?;
                Some((Window::of(primitive.clip_rect, pixels_per_point, [width, height]), mesh, texture))
            })
            .collect();
        let band_len = BAND_ROWS * width.max(1);
        pixels.par_chunks_mut(band_len).enumerate().for_each(|(i, pixels)| {
            let top = to_i64(i * BAND_ROWS);
            let mut band = Band { top, width, pixels };
            let rows = Window { top, bottom: top + to_i64(BAND_ROWS), left: 0, right: to_i64(width) };
            for (window, mesh, texture) in &meshes {
                let window = window.intersect(&rows);
                if !window.is_empty() {
                    band.mesh(mesh, texture, &window, pixels_per_point);
                }
            }
        });
        Image { width, height, pixels }
    }
}

/// The pixels that a primitive may touch: columns `left..right` of rows `top..bottom`.
#[derive(Clone, Copy)]
struct Window {
    left: i64,
    right: i64,
    top: i64,
    bottom: i64,
}

impl Window {
    fn of(rect: Rect, pixels_per_point: f32, [width, height]: [usize; 2]) -> Self {
        let pixel = |points: f32, limit: usize| to_pixel((points * pixels_per_point).round(), limit);
        Self {
            left: pixel(rect.min.x, width),
            right: pixel(rect.max.x, width),
            top: pixel(rect.min.y, height),
            bottom: pixel(rect.max.y, height),
        }
    }

    fn intersect(&self, other: &Self) -> Self {
        Self {
            left: self.left.max(other.left),
            right: self.right.min(other.right),
            top: self.top.max(other.top),
            bottom: self.bottom.min(other.bottom),
        }
    }

    fn is_empty(&self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to the picture")]
fn to_pixel(x: f32, limit: usize) -> i64 {
    x.clamp(0.0, limit as f32) as i64
}

#[expect(clippy::cast_possible_wrap, reason = "picture and texture sizes")]
fn to_i64(x: usize) -> i64 {
    x as i64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "never negative where it is called"
)]
fn to_usize(x: i64) -> usize {
    x as usize
}

#[cfg(test)]
mod tests;
