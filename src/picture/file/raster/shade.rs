//! The fill of a triangle: a colour, colours between its corners, a texture.

use super::edge::{Edge, SUBPIXELS};
use super::texture::Texture;
use egui::Color32;
use egui::epaint::Vertex;

/// A quantity that is linear over the picture: its value at the centre of pixel (0, 0) and its change per column and
/// row. It uses double precision, because in a sliver it changes quickly and (0, 0) is far away.
#[derive(Clone, Copy, Default)]
pub(super) struct Plane {
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

/// The fill of a triangle.
pub(super) enum Shade<'a> {
    /// A single colour.
    Flat(Color32),
    /// Colours interpolated between the corners.
    Gradient([Plane; 4]),
    /// A single colour times a texture (mainly text), or interpolated colours times a texture.
    Textured { texture: &'a Texture, uv: [Plane; 2], color: [Plane; 4] },
}

impl<'a> Shade<'a> {
    pub(super) fn new(v: &[Vertex; 3], edges: &[Edge; 3], area: i64, texture: &'a Texture) -> Self {
        let same_color = v[0].color == v[1].color && v[1].color == v[2].color;
        let same_uv = v[0].uv == v[1].uv && v[1].uv == v[2].uv;
        let texel = texture.sample(v[0].uv.x * texture.width as f32, v[0].uv.y * texture.height as f32);
        if same_uv && same_color {
            return Self::Flat(multiply(v[0].color.to_array().map(f32::from), texel));
        }
        // Barycentric weights from the edges opposite each corner.
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

    pub(super) fn span(&self, y: i64, from: i64, pixels: &mut [Color32]) {
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
