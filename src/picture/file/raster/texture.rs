//! Textures and their interpolation between texels.

use super::{to_i64, to_usize};
use egui::{Color32, TextureWrapMode};

/// An uploaded texture.
pub(super) struct Texture {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<Color32>,
    pub(super) nearest: bool,
    pub(super) wrap: TextureWrapMode,
}

impl Texture {
    /// The colour at (u, v) in texels, channels 0–255.
    pub(super) fn sample(&self, u: f32, v: f32) -> [f32; 4] {
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
