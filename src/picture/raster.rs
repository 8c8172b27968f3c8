//! Draws egui's tessellated output on the CPU: textured, vertex-coloured triangles with premultiplied alpha, blended in
//! gamma space as egui's own painters do. No window, driver or GPU.
//!
//! Vertices are snapped to 1/256 of a pixel and edges are integers, so a pixel on an edge that two triangles share
//! belongs to exactly one of them, and a picture is the same bytes on every machine and for any number of threads.
//!
//! Non-finite contract: a triangle with a NaN or infinite corner is left out; corners outside ±2²⁰ pixels are clamped.

use egui::epaint::{
    ClippedPrimitive, ImageDelta, Mesh, Primitive, TextureId, Vertex, textures::TexturesDelta,
};
use egui::{Color32, Rect, TextureFilter, TextureWrapMode};
use rayon::prelude::*;
use std::collections::HashMap;

/// Units of the snapped coordinates in a pixel.
const SUBPIXELS: i64 = 256;
/// Rows drawn by one task.
const BAND_ROWS: usize = 64;
/// Farthest a corner may lie from the origin, in pixels.
const FARTHEST: f32 = 1_048_576.0;

/// A finished picture: RGBA rows from the top, 8 bits a channel, premultiplied (opaque wherever something opaque lies
/// behind).
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

/// The textures egui has uploaded, and the means to draw its meshes with them.
#[derive(Default)]
pub struct Rasterizer {
    textures: HashMap<TextureId, Texture>,
}

impl Rasterizer {
    /// Draws meshes that have colours and no texture.
    pub fn plain() -> Self {
        let mut rasterizer = Self::default();
        let white = egui::ColorImage::new([1, 1], vec![Color32::WHITE]);
        rasterizer.set(TextureId::default(), &ImageDelta::full(white, egui::TextureOptions::NEAREST));
        rasterizer
    }

    /// Takes over new and changed textures. Call it before [`Self::paint`], and [`Self::free`] after it.
    pub fn update(&mut self, delta: &mut TexturesDelta) {
        for (id, images) in delta.set.drain() {
            for image in images {
                self.set(id, &image);
            }
        }
    }

    /// Drops the textures that egui has done with.
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

    /// Draws the primitives over a background. Custom paint callbacks need a GPU and are left out.
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

/// The pixels something may touch: columns `left..right` of rows `top..bottom`.
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

/// Rows `top..` of the picture, the part one task draws.
struct Band<'a> {
    top: i64,
    width: usize,
    pixels: &'a mut [Color32],
}

impl Band<'_> {
    fn mesh(&mut self, mesh: &Mesh, texture: &Texture, window: &Window, pixels_per_point: f32) {
        let limit = mesh.vertices.len();
        for corners in mesh.indices.chunks_exact(3) {
            let corners = [corners[0] as usize, corners[1] as usize, corners[2] as usize];
            if corners.iter().all(|&i| i < limit) {
                self.triangle(corners.map(|i| mesh.vertices[i]), texture, window, pixels_per_point);
            }
        }
    }

    fn triangle(&mut self, mut v: [Vertex; 3], texture: &Texture, window: &Window, pixels_per_point: f32) {
        let Some(mut p) = snap(&v, pixels_per_point) else { return };
        let mut area = (p[1][0] - p[0][0]) * (p[2][1] - p[0][1]) - (p[1][1] - p[0][1]) * (p[2][0] - p[0][0]);
        if area < 0 {
            v.swap(1, 2);
            p.swap(1, 2);
            area = -area;
        }
        if area == 0 || v.iter().all(|corner| corner.color == Color32::TRANSPARENT) {
            return;
        }
        let bounds = |axis: usize| {
            let (a, b, c) = (p[0][axis], p[1][axis], p[2][axis]);
            (a.min(b).min(c).div_euclid(SUBPIXELS), a.max(b).max(c).div_euclid(SUBPIXELS) + 1)
        };
        let ((left, right), (top, bottom)) = (bounds(0), bounds(1));
        let window = window.intersect(&Window { left, right, top, bottom });
        if window.is_empty() {
            return;
        }
        let edges = [Edge::between(p[1], p[2]), Edge::between(p[2], p[0]), Edge::between(p[0], p[1])];
        let shade = Shade::new(&v, &edges, area, texture);
        for y in window.top..window.bottom {
            let (mut from, mut to) = (window.left, window.right);
            for edge in &edges {
                edge.narrow(y, &mut from, &mut to);
            }
            if from < to {
                let row = to_usize(y - self.top) * self.width;
                shade.span(y, from, &mut self.pixels[row + to_usize(from)..row + to_usize(to)]);
            }
        }
    }
}

/// Corners in 1/256 pixels, or nothing when one is not finite.
fn snap(v: &[Vertex; 3], pixels_per_point: f32) -> Option<[[i64; 2]; 3]> {
    let mut p = [[0; 2]; 3];
    for (p, v) in p.iter_mut().zip(v) {
        if !v.pos.is_finite() {
            return None;
        }
        for (p, x) in p.iter_mut().zip([v.pos.x, v.pos.y]) {
            let x = (x * pixels_per_point).clamp(-FARTHEST, FARTHEST);
            #[expect(clippy::cast_possible_truncation, reason = "clamped to 2^20 pixels")]
            let x = (f64::from(x) * SUBPIXELS as f64).round() as i64;
            *p = x;
        }
    }
    Some(p)
}

/// A directed edge a·x + b·y + c in units of 1/256² pixel²; inside is ≥ 0 (with the top-left rule folded into c).
#[derive(Clone, Copy)]
struct Edge {
    a: i64,
    b: i64,
    c: i64,
}

impl Edge {
    fn between([x0, y0]: [i64; 2], [x1, y1]: [i64; 2]) -> Self {
        let (dx, dy) = (x1 - x0, y1 - y0);
        let owns_its_pixels = (dy == 0 && dx > 0) || dy < 0;
        let c = dy * x0 - dx * y0 - i64::from(!owns_its_pixels);
        Self { a: -dy, b: dx, c }
    }

    /// The value at the centre of pixel (0, y), and what one pixel to the right adds.
    fn at_row(&self, y: i64) -> (i64, i64) {
        let half = SUBPIXELS / 2;
        (self.a * half + self.b * (y * SUBPIXELS + half) + self.c, self.a * SUBPIXELS)
    }

    /// Leaves of the columns `from..to` of row y those whose centre is inside.
    fn narrow(&self, y: i64, from: &mut i64, to: &mut i64) {
        let (start, step) = self.at_row(y);
        if step > 0 {
            *from = (*from).max(-start.div_euclid(step));
        } else if step < 0 {
            *to = (*to).min(start.div_euclid(-step) + 1);
        } else if start < 0 {
            *to = *from;
        }
    }
}

/// A quantity linear over the picture: its value at the centre of pixel (0, 0) and its change per column and row. In
/// double precision, because in a sliver it changes fast and (0, 0) is far away.
#[derive(Clone, Copy, Default)]
struct Plane {
    origin: f64,
    per_column: f64,
    per_row: f64,
}

impl Plane {
    fn through(values: [f32; 3], weights: &[[f64; 3]; 3]) -> Self {
        let dot = |k: usize| (0..3).map(|i| weights[i][k] * f64::from(values[i])).sum::<f64>();
        Self { origin: dot(0), per_column: dot(1), per_row: dot(2) }
    }

    fn at(&self, x: i64, y: i64) -> f32 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "colours and texture coordinates are single precision"
        )]
        let value = (self.origin + self.per_column * (x as f64) + self.per_row * (y as f64)) as f32;
        value
    }
}

/// What fills a triangle.
enum Shade<'a> {
    /// One colour.
    Flat(Color32),
    /// Colours between the corners.
    Gradient([Plane; 4]),
    /// One colour times a texture (text, most of all), or colours between the corners times a texture.
    Textured { texture: &'a Texture, uv: [Plane; 2], color: [Plane; 4] },
}

impl<'a> Shade<'a> {
    fn new(v: &[Vertex; 3], edges: &[Edge; 3], area: i64, texture: &'a Texture) -> Self {
        let same_color = v[0].color == v[1].color && v[1].color == v[2].color;
        let same_uv = v[0].uv == v[1].uv && v[1].uv == v[2].uv;
        let texel = texture.sample(v[0].uv.x * texture.width as f32, v[0].uv.y * texture.height as f32);
        if same_uv && same_color {
            return Self::Flat(multiply(v[0].color.to_array().map(f32::from), texel));
        }
        // Barycentric weights from the edges opposite to each corner.
        let weights: [[f64; 3]; 3] = std::array::from_fn(|i| {
            let Edge { a, b, c } = edges[i];
            let half = SUBPIXELS / 2;
            [a * half + b * half + c, a * SUBPIXELS, b * SUBPIXELS].map(|term| term as f64 / area as f64)
        });
        let color = |scale: [f32; 4]| {
            std::array::from_fn(|k| {
                Plane::through(v.map(|corner| f32::from(corner.color.to_array()[k]) * scale[k]), &weights)
            })
        };
        if same_uv {
            return Self::Gradient(color(texel.map(|channel| channel / 255.0)));
        }
        let uv = [
            Plane::through(v.map(|corner| corner.uv.x * texture.width as f32), &weights),
            Plane::through(v.map(|corner| corner.uv.y * texture.height as f32), &weights),
        ];
        Self::Textured { texture, uv, color: color([1.0; 4]) }
    }

    fn span(&self, y: i64, from: i64, pixels: &mut [Color32]) {
        match self {
            Self::Flat(color) if color.is_opaque() => pixels.fill(*color),
            Self::Flat(color) => pixels.iter_mut().for_each(|pixel| *pixel = over(*color, *pixel)),
            Self::Gradient(planes) => {
                for (x, pixel) in (from..).zip(pixels) {
                    *pixel = over(to_color(planes.map(|plane| plane.at(x, y))), *pixel);
                }
            }
            Self::Textured { texture, uv, color } => {
                for (x, pixel) in (from..).zip(pixels) {
                    let texel = texture.sample(uv[0].at(x, y), uv[1].at(x, y));
                    *pixel = over(multiply(color.map(|plane| plane.at(x, y)), texel), *pixel);
                }
            }
        }
    }
}

fn multiply(color: [f32; 4], texel: [f32; 4]) -> Color32 {
    to_color(std::array::from_fn(|k| color[k] * texel[k] * (1.0 / 255.0)))
}

fn to_color(channels: [f32; 4]) -> Color32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates at 0 and 255"
    )]
    let [r, g, b, a] = channels.map(|channel| (channel + 0.5) as u8);
    Color32::from_rgba_premultiplied(r, g, b, a)
}

/// `front` over `back`, premultiplied; an additive colour (alpha 0) adds.
fn over(front: Color32, back: Color32) -> Color32 {
    let rest = 255 - u32::from(front.a());
    let mix = |front: u8, back: u8| {
        let product = u32::from(back) * rest + 128;
        let faded = (product + (product >> 8)) >> 8;
        u8::try_from((u32::from(front) + faded).min(255)).unwrap_or(u8::MAX)
    };
    let ([r, g, b, a], [r0, g0, b0, a0]) = (front.to_array(), back.to_array());
    Color32::from_rgba_premultiplied(mix(r, r0), mix(g, g0), mix(b, b0), mix(a, a0))
}

/// An uploaded texture.
struct Texture {
    width: usize,
    height: usize,
    pixels: Vec<Color32>,
    nearest: bool,
    wrap: TextureWrapMode,
}

impl Texture {
    /// The colour at (u, v) in texels, channels 0–255.
    fn sample(&self, u: f32, v: f32) -> [f32; 4] {
        if self.nearest {
            return self.texel(floor(u), floor(v));
        }
        let (x, y) = (u - 0.5, v - 0.5);
        let (left, top) = (floor(x), floor(y));
        let (right_share, bottom_share) = (x - left as f32, y - top as f32);
        let (a, b) = (self.texel(left, top), self.texel(left + 1, top));
        let (c, d) = (self.texel(left, top + 1), self.texel(left + 1, top + 1));
        std::array::from_fn(|k| {
            let upper = a[k] + (b[k] - a[k]) * right_share;
            let lower = c[k] + (d[k] - c[k]) * right_share;
            upper + (lower - upper) * bottom_share
        })
    }

    fn texel(&self, x: i64, y: i64) -> [f32; 4] {
        let index = self.wrap(y, self.height) * self.width + self.wrap(x, self.width);
        self.pixels.get(index).map_or([0.0; 4], |color| color.to_array().map(f32::from))
    }

    fn wrap(&self, at: i64, size: usize) -> usize {
        let size = to_i64(size.max(1));
        to_usize(match self.wrap {
            TextureWrapMode::ClampToEdge => at.clamp(0, size - 1),
            TextureWrapMode::Repeat => at.rem_euclid(size),
            TextureWrapMode::MirroredRepeat => {
                let at = at.rem_euclid(2 * size);
                at.min(2 * size - 1 - at)
            }
        })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates; texture coordinates are small")]
fn floor(x: f32) -> i64 {
    x.floor() as i64
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
mod tests {
    use super::*;
    use egui::{ColorImage, pos2};

    const WHITE: TextureId = TextureId::Managed(0);

    fn paint(rasterizer: &Rasterizer, mesh: Mesh, size: [usize; 2]) -> Image {
        let primitive = ClippedPrimitive { clip_rect: Rect::EVERYTHING, primitive: Primitive::Mesh(mesh) };
        rasterizer.paint(&[primitive], size, 1.0, Color32::BLACK)
    }

    fn mesh(points: &[[f32; 2]], triangles: &[[u32; 3]], color: Color32) -> Mesh {
        let mut mesh = Mesh::with_texture(WHITE);
        for &[x, y] in points {
            mesh.colored_vertex(pos2(x, y), color);
        }
        mesh.indices = triangles.iter().flatten().copied().collect();
        mesh
    }

    #[test]
    fn triangles_that_share_edges_cover_every_pixel_once() {
        // A fan around an odd point: half-transparent white drawn twice would be brighter, a hole darker.
        let points = [[8.3, 6.7], [1.0, 1.0], [15.0, 1.0], [15.0, 13.0], [1.0, 13.0]];
        let fan = [[0, 1, 2], [0, 2, 3], [0, 4, 3], [0, 1, 4]]; // one of them the other way round
        let half = Color32::from_rgba_premultiplied(100, 100, 100, 100);
        let image = paint(&Rasterizer::plain(), mesh(&points, &fan, half), [17, 15]);
        for y in 0..15 {
            for x in 0..17 {
                let inside = (1..15).contains(&x) && (1..13).contains(&y);
                let expected = if inside { 100 } else { 0 };
                assert_eq!(image.pixel(x, y).r(), expected, "pixel {x}, {y}");
            }
        }
    }

    #[test]
    fn colours_run_linearly_between_corners() {
        let mut quad = mesh(
            &[[0.0, 0.0], [256.0, 0.0], [256.0, 8.0], [0.0, 8.0]],
            &[[0, 1, 2], [0, 2, 3]],
            Color32::BLACK,
        );
        quad.vertices[1].color = Color32::WHITE;
        quad.vertices[2].color = Color32::WHITE;
        let image = paint(&Rasterizer::plain(), quad, [256, 8]);
        for x in 0..256 {
            let red = i32::from(image.pixel(x, 4).r());
            assert!((red - i32::try_from(x).unwrap()).abs() <= 1, "column {x}: {red}");
        }
    }

    #[test]
    fn a_texture_is_read_at_its_texels_and_halfway_between_them() {
        let mut rasterizer = Rasterizer::plain();
        let id = TextureId::Managed(7);
        let image = ColorImage::new([2, 1], vec![Color32::BLACK, Color32::WHITE]);
        rasterizer.set(id, &ImageDelta::full(image, egui::TextureOptions::LINEAR));
        let mut quad = Mesh::with_texture(id);
        quad.add_rect_with_uv(
            Rect::from_min_max(pos2(0.0, 0.0), pos2(4.0, 2.0)),
            Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)),
            Color32::WHITE,
        );
        let row: Vec<u8> = (0..4).map(|x| paint(&rasterizer, quad.clone(), [4, 2]).pixel(x, 0).r()).collect();
        assert_eq!(row, [0, 64, 191, 255]);
    }

    #[test]
    fn corners_far_away_or_not_finite_do_no_harm() {
        let rasterizer = Rasterizer::plain();
        let far = mesh(&[[-1e30, -1e30], [1e30, -1e30], [0.0, 1e30]], &[[0, 1, 2]], Color32::RED);
        assert_eq!(paint(&rasterizer, far, [9, 9]).pixel(4, 4), Color32::RED);
        for bad in [f32::NAN, f32::INFINITY] {
            let broken = mesh(&[[bad, 0.0], [9.0, 0.0], [0.0, 9.0]], &[[0, 1, 2]], Color32::RED);
            assert_eq!(paint(&rasterizer, broken, [9, 9]).pixel(1, 1), Color32::BLACK);
        }
        let none = mesh(&[], &[], Color32::RED);
        assert!(paint(&rasterizer, none, [0, 0]).pixels.is_empty());
    }

    #[test]
    fn nothing_is_drawn_outside_the_clip_rectangle() {
        let big = mesh(&[[0.0, 0.0], [40.0, 0.0], [0.0, 40.0]], &[[0, 1, 2]], Color32::RED);
        let clip_rect = Rect::from_min_max(pos2(2.0, 3.0), pos2(5.0, 6.0));
        let primitive = ClippedPrimitive { clip_rect, primitive: Primitive::Mesh(big) };
        let image = Rasterizer::plain().paint(&[primitive], [9, 9], 1.0, Color32::BLACK);
        assert_eq!(image.pixels.iter().filter(|&&pixel| pixel == Color32::RED).count(), 9);
    }
}
