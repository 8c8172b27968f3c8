//! The picture that weight space is drawn into before egui's pass, which has no depth.

use super::pipelines::{DEPTH, FORMAT, Pipelines, SAMPLES};
use eframe::wgpu::{
    self, Color, CommandEncoder, Device, LoadOp, Operations, RenderPass, StoreOp, Texture, TextureFormat,
    TextureUsages, TextureView,
};
use egui::Rect;

/// Textures of one size.
pub(super) struct Target {
    /// In pixels.
    pub size: [u32; 2],
    /// For laying the finished picture into the window.
    pub group: wgpu::BindGroup,
    /// The finished picture, premultiplied, in gamma space.
    picture: TextureView,
    samples: TextureView,
    depth: TextureView,
}

/// The pixels of a rectangle of the window; none where it has no area or is no rectangle.
pub(super) fn size(rect: Rect, pixels_per_point: f32, most: u32) -> [u32; 2] {
    [rect.width(), rect.height()].map(|side| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates; NaN is 0"
        )]
        let pixels = (side * pixels_per_point).round() as u32;
        pixels.min(most)
    })
}

impl Target {
    /// Of at least one pixel.
    pub(super) fn new(device: &Device, size: [u32; 2], pipelines: &Pipelines) -> Self {
        let texture = |label, format: TextureFormat, samples, usage| {
            device.create_texture(&wgpu::TextureDescriptor {
                label: Some(label),
                size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
                mip_level_count: 1,
                sample_count: samples,
                dimension: wgpu::TextureDimension::D2,
                format,
                usage,
                view_formats: &[],
            })
        };
        let attachment = TextureUsages::RENDER_ATTACHMENT;
        let usage = attachment | TextureUsages::TEXTURE_BINDING;
        let picture = texture("weight space: picture", FORMAT, 1, usage);
        let samples = texture("weight space: samples", FORMAT, SAMPLES, attachment);
        let depth = texture("weight space: depth", DEPTH, SAMPLES, attachment);
        let view = |texture: &Texture| texture.create_view(&wgpu::TextureViewDescriptor::default());
        let picture = view(&picture);
        let group = pipelines.picture_group(device, &picture);
        Self { size, group, samples: view(&samples), depth: view(&depth), picture }
    }

    /// A pass over the empty picture.
    pub(super) fn begin<'a>(&self, encoder: &'a mut CommandEncoder) -> RenderPass<'a> {
        encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("weight space"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &self.samples,
                depth_slice: None,
                resolve_target: Some(&self.picture),
                ops: Operations { load: LoadOp::Clear(Color::TRANSPARENT), store: StoreOp::Discard },
            })],
            depth_stencil_attachment: Some(wgpu::RenderPassDepthStencilAttachment {
                view: &self.depth,
                depth_ops: Some(Operations { load: LoadOp::Clear(1.0), store: StoreOp::Discard }),
                stencil_ops: None,
            }),
            timestamp_writes: None,
            occlusion_query_set: None,
            multiview_mask: None,
        })
    }
}
