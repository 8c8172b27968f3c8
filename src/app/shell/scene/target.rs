//! The picture into which weight space is drawn before egui's pass, which has no depth buffer.

use super::pipelines::{DEPTH, FORMAT, NEARNESS, Pipelines, SAMPLES};
use eframe::wgpu::{
    self, Color, CommandEncoder, Device, LoadOp, Operations, RenderPass, StoreOp, Texture, TextureFormat,
    TextureUsages, TextureView,
};
use egui::Rect;

/// Textures of one size.
pub(super) struct RenderTarget {
    /// In pixels.
    pub size: [u32; 2],
    /// For copying the finished picture into the window.
    pub group: wgpu::BindGroup,
    /// The finished picture, premultiplied, in gamma space.
    picture: TextureView,
    samples: TextureView,
    depth: TextureView,
    /// The nearness of the surface, read by the lines.
    pub nearness_group: wgpu::BindGroup,
    nearness: TextureView,
    nearest: TextureView,
}

/// The nearness of empty pixels: farther than anything in the box.
const NOTHING: f64 = -2.0;

/// The size in pixels of a rectangle of the window; zero if the rectangle is empty or invalid.
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

impl RenderTarget {
    /// A target of at least one pixel.
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
        let nearness = texture("weight space: nearness", NEARNESS, 1, usage);
        let nearest = texture("weight space: nearest", DEPTH, 1, attachment);
        let view = |texture: &Texture| texture.create_view(&wgpu::TextureViewDescriptor::default());
        let (picture, nearness) = (view(&picture), view(&nearness));
        let group = pipelines.picture_group(device, &picture);
        let nearness_group = pipelines.picture_group(device, &nearness);
        let (samples, depth, nearest) = (view(&samples), view(&depth), view(&nearest));
        Self { size, group, picture, samples, depth, nearness_group, nearness, nearest }
    }

    /// A pass that draws the nearness of the surface.
    pub(super) fn begin_nearness<'a>(&self, encoder: &'a mut CommandEncoder) -> RenderPass<'a> {
        let nothing = Color { r: NOTHING, g: 0.0, b: 0.0, a: 0.0 };
        let stored = Operations { load: LoadOp::Clear(nothing), store: StoreOp::Store };
        pass(encoder, (&self.nearness, None, stored), &self.nearest)
    }

    /// A pass over the cleared picture.
    pub(super) fn begin<'a>(&self, encoder: &'a mut CommandEncoder) -> RenderPass<'a> {
        let resolved = Operations { load: LoadOp::Clear(Color::TRANSPARENT), store: StoreOp::Discard };
        pass(encoder, (&self.samples, Some(&self.picture), resolved), &self.depth)
    }
}

/// A pass over colours, optionally resolved into another texture, and depths.
fn pass<'a>(
    encoder: &'a mut CommandEncoder,
    (view, resolve_target, ops): (&TextureView, Option<&TextureView>, Operations<Color>),
    depth: &TextureView,
) -> RenderPass<'a> {
    encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
        label: Some("weight space"),
        color_attachments: &[Some(wgpu::RenderPassColorAttachment {
            view,
            depth_slice: None,
            resolve_target,
            ops,
        })],
        depth_stencil_attachment: Some(wgpu::RenderPassDepthStencilAttachment {
            view: depth,
            depth_ops: Some(Operations { load: LoadOp::Clear(1.0), store: StoreOp::Discard }),
            stencil_ops: None,
        }),
        timestamp_writes: None,
        occlusion_query_set: None,
        multiview_mask: None,
    })
}
