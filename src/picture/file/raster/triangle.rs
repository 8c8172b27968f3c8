//! Triangles: the pixels that belong to them.

use super::edge::{Edge, SUBPIXELS};
use super::shade::Shade;
use super::texture::Texture;
use super::{Window, to_usize};
use egui::Color32;
use egui::epaint::{Mesh, Vertex};

/// Maximum distance of a corner from the origin, in pixels.
const FARTHEST: f32 = 1_048_576.0;

/// Rows `top..` of the picture, the part that one task draws.
pub(super) struct Band<'a> {
    pub(super) top: i64,
    pub(super) width: usize,
    pub(super) pixels: &'a mut [Color32],
}

impl Band<'_> {
    pub(super) fn mesh(&mut self, mesh: &Mesh, texture: &Texture, window: &Window, pixels_per_point: f32) {
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

/// Corners in 1/256 pixels, or `None` if one is not finite.
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
