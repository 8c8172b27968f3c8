//! A figure on the GPU, uploaded once and independent of the camera.

use super::pipelines::{POINT, Pipelines};
use crate::picture::scene::figure::{BREAK, Figure, Stroke};
use crate::picture::scene::nearness::LIFT;
use eframe::wgpu::{self, BufferUsages, Device, IndexFormat, Queue, RenderPass};

/// The buffers of triangles and lines.
pub(super) struct SceneBuffers {
    surface: Option<Surface>,
    lines: Vec<Line>,
}

struct Surface {
    corners: wgpu::Buffer,
    colors: wgpu::Buffer,
    indices: wgpu::Buffer,
    count: u32,
}

struct Line {
    /// With one additional point at either end, so that every segment has two neighbours.
    points: wgpu::Buffer,
    pieces: u32,
    style: wgpu::BindGroup,
}

impl SceneBuffers {
    pub(super) fn new(device: &Device, queue: &Queue, figure: &Figure, pipelines: &Pipelines) -> Self {
        let upload = |label, contents: &[u8], usage| {
            let buffer = device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: contents.len() as u64,
                usage: usage | BufferUsages::COPY_DST,
                // a buffer of a lost device cannot be mapped, and wgpu's helper for mapping panics
                mapped_at_creation: false,
            });
            queue.write_buffer(&buffer, 0, contents);
            buffer
        };
        let fill = &figure.fill;
        let surface = (!fill.indices.is_empty()).then(|| {
            let colors: Vec<[u8; 4]> = fill.colors.iter().map(egui::Color32::to_array).collect();
            Surface {
                corners: upload(
                    "weight space: corners",
                    bytemuck::cast_slice(&fill.corners),
                    BufferUsages::VERTEX,
                ),
                colors: upload("weight space: colours", bytemuck::cast_slice(&colors), BufferUsages::VERTEX),
                indices: upload(
                    "weight space: triangles",
                    bytemuck::cast_slice(&fill.indices),
                    BufferUsages::INDEX,
                ),
                count: count(fill.indices.len()),
            }
        });
        let line = |stroke: &Stroke| {
            let end = [0.0, 0.0, 0.0, BREAK];
            let mut points = Vec::with_capacity(stroke.points.len() + 2);
            points.push(end);
            points.extend_from_slice(&stroke.points);
            points.push(end);
            let style =
                upload("weight space: style", bytemuck::cast_slice(&style(stroke)), BufferUsages::UNIFORM);
            Line {
                points: upload("weight space: line", bytemuck::cast_slice(&points), BufferUsages::VERTEX),
                pieces: count(stroke.points.len()).saturating_sub(1),
                style: pipelines.uniform_group(device, &style),
            }
        };
        let lines = figure.strokes.iter().filter(|stroke| stroke.points.len() > 1).map(line).collect();
        Self { surface, lines }
    }

    /// Draws the nearness of the surface.
    pub(super) fn draw_nearness(
        &self,
        pass: &mut RenderPass<'_>,
        pipelines: &Pipelines,
        camera: &wgpu::BindGroup,
    ) {
        if let Some(surface) = &self.surface {
            pass.set_bind_group(0, camera, &[]);
            pass.set_pipeline(&pipelines.nearness);
            surface.draw(pass);
        }
    }

    /// Draws the picture; lines are visible where the surface is not nearer.
    pub(super) fn draw(
        &self,
        pass: &mut RenderPass<'_>,
        pipelines: &Pipelines,
        camera: &wgpu::BindGroup,
        nearness: &wgpu::BindGroup,
    ) {
        pass.set_bind_group(0, camera, &[]);
        if let Some(surface) = &self.surface {
            pass.set_pipeline(&pipelines.surface);
            pass.set_vertex_buffer(1, surface.colors.slice(..));
            surface.draw(pass);
        }
        pass.set_pipeline(&pipelines.line);
        pass.set_bind_group(2, nearness, &[]);
        for line in &self.lines {
            pass.set_bind_group(1, &line.style, &[]);
            // Before, from, to, after: the same points, each shifted by one.
            for slot in 0..4 {
                pass.set_vertex_buffer(slot, line.points.slice(u64::from(slot) * POINT..));
            }
            pass.draw(0..4, 0..line.pieces);
        }
    }
}

impl Surface {
    fn draw(&self, pass: &mut RenderPass<'_>) {
        pass.set_vertex_buffer(0, self.corners.slice(..));
        pass.set_index_buffer(self.indices.slice(..), IndexFormat::Uint32);
        pass.draw_indexed(0..self.count, 0, 0..1);
    }
}

/// The uniform `Style` of `shaders/line.wgsl`.
fn style(stroke: &Stroke) -> [f32; 8] {
    let [r, g, b, a] = stroke.color.to_array().map(|channel| f32::from(channel) / 255.0);
    let [on, off] = stroke.dash.unwrap_or_default();
    [r, g, b, a, stroke.width, on, off, LIFT]
}

#[expect(clippy::cast_possible_truncation, reason = "a buffer holds far fewer")]
fn count(len: usize) -> u32 {
    len as u32
}
