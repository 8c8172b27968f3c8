//! Coverage, colours, textures, and extreme input.

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
    let fan = [[0, 1, 2], [0, 2, 3], [0, 4, 3], [0, 1, 4]]; // one of them with the opposite orientation
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
    let mut quad =
        mesh(&[[0.0, 0.0], [256.0, 0.0], [256.0, 8.0], [0.0, 8.0]], &[[0, 1, 2], [0, 2, 3]], Color32::BLACK);
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
