//! Weight space drawn by wgpu: a separate picture with depth and four samples per pixel, redrawn only when
//! the figure, the view or the size changes, and copied into egui's pass.

pub(crate) mod buffers;
pub(crate) mod pipelines;
pub(crate) mod target;
#[cfg(test)]
pub(crate) mod tests;

use crate::picture::scene::canvas::{Canvas, install_canvas};
use crate::picture::scene::figure::Figure;
use crate::picture::view::camera::Projection;
use buffers::SceneBuffers;
use eframe::egui_wgpu::{Callback, CallbackResources, CallbackTrait, RenderState, ScreenDescriptor};
use eframe::wgpu::{self, CommandBuffer, CommandEncoder, Device, Queue, RenderPass, TextureFormat};
use egui::{PaintCallbackInfo, Rect, Shape};
use pipelines::Pipelines;
use std::sync::Arc;
use target::RenderTarget;

/// Makes the window's wgpu draw weight space from now on.
pub(super) fn install(context: &egui::Context, state: &RenderState) {
    let renderer = Renderer::new(&state.device, state.target_format);
    state.renderer.write().callback_resources.insert(renderer);
    install_canvas(context, Arc::new(SceneWindow));
}

/// The canvas of a window.
pub(super) struct SceneWindow;

impl Canvas for SceneWindow {
    fn shape(&self, rect: Rect, figure: &Arc<Figure>, projection: &Projection) -> Shape {
        let picture = Picture { rect, figure: Arc::clone(figure), projection: *projection };
        Shape::Callback(Callback::new_paint_callback(rect, picture))
    }
}

/// The picture to draw, and its place.
struct Picture {
    /// In points of the window.
    rect: Rect,
    figure: Arc<Figure>,
    projection: Projection,
}

impl CallbackTrait for Picture {
    fn prepare(
        &self,
        device: &Device,
        queue: &Queue,
        screen: &ScreenDescriptor,
        encoder: &mut CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<CommandBuffer> {
        if let Some(renderer) = resources.get_mut::<Renderer>() {
            renderer.prepare(device, queue, encoder, self, screen.pixels_per_point);
        }
        Vec::new()
    }

    fn paint(&self, info: PaintCallbackInfo, pass: &mut RenderPass<'static>, resources: &CallbackResources) {
        if let Some(renderer) = resources.get::<Renderer>() {
            let [width, height] = info.screen_size_px;
            pass.set_viewport(0.0, 0.0, width as f32, height as f32, 0.0, 1.0);
            renderer.blit(pass);
        }
    }
}

/// The resources on the GPU.
struct Renderer {
    pipelines: Pipelines,
    camera: wgpu::Buffer,
    camera_group: wgpu::BindGroup,
    buffers: Option<(Arc<Figure>, SceneBuffers)>,
    target: Option<RenderTarget>,
    /// The camera with which the picture in the target was drawn.
    drawn: Option<[f32; CAMERA]>,
}

/// Number of floats in the uniform `Camera` of `shaders/camera.wgsl`.
const CAMERA: usize = 20;

impl Renderer {
    fn new(device: &Device, window: TextureFormat) -> Self {
        let pipelines = Pipelines::new(device, window);
        let camera = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("weight space: camera"),
            size: (CAMERA * size_of::<f32>()) as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let camera_group = pipelines.uniform_group(device, &camera);
        Self { pipelines, camera, camera_group, buffers: None, target: None, drawn: None }
    }

    /// Uploads the changes, and redraws the picture if anything has changed.
    fn prepare(
        &mut self,
        device: &Device,
        queue: &Queue,
        encoder: &mut CommandEncoder,
        picture: &Picture,
        pixels_per_point: f32,
    ) {
        let size = target::size(picture.rect, pixels_per_point, device.limits().max_texture_dimension_2d);
        if size[0] == 0 || size[1] == 0 {
            return;
        }
        let camera = camera(picture, pixels_per_point, size);
        let mut stale = self.drawn != Some(camera);
        if self.target.as_ref().is_none_or(|target| target.size != size) {
            self.target = Some(RenderTarget::new(device, size, &self.pipelines));
            stale = true;
        }
        if self.buffers.as_ref().is_none_or(|(figure, _)| !Arc::ptr_eq(figure, &picture.figure)) {
            let buffers = SceneBuffers::new(device, queue, &picture.figure, &self.pipelines);
            self.buffers = Some((Arc::clone(&picture.figure), buffers));
            stale = true;
        }
        if stale && let (Some(target), Some((_, buffers))) = (&self.target, &self.buffers) {
            queue.write_buffer(&self.camera, 0, bytemuck::cast_slice(&camera));
            let (pipelines, camera_group) = (&self.pipelines, &self.camera_group);
            buffers.draw_nearness(&mut target.begin_nearness(encoder), pipelines, camera_group);
            buffers.draw(&mut target.begin(encoder), pipelines, camera_group, &target.nearness_group);
            self.drawn = Some(camera);
        }
    }

    /// Copies the picture into a pass over the whole window.
    fn blit(&self, pass: &mut RenderPass<'_>) {
        if let Some(target) = &self.target {
            pass.set_pipeline(&self.pipelines.blit);
            pass.set_bind_group(0, &self.camera_group, &[]);
            pass.set_bind_group(1, &target.group, &[]);
            pass.draw(0..3, 0..1);
        }
    }
}

/// The uniform `Camera`: the projection in pixels of the picture.
fn camera(picture: &Picture, pixels: f32, size: [u32; 2]) -> [f32; CAMERA] {
    let Projection { rows: [across, down, near], points_per_unit } = picture.projection;
    let origin = [picture.rect.left(), picture.rect.top()].map(|side| (side * pixels).round());
    let moved = |row: [f32; 4], origin: f32| {
        let [x, y, z, offset] = row.map(|factor| factor * pixels);
        [x, y, z, offset - origin]
    };
    let mut camera = [0.0; CAMERA];
    camera[..4].copy_from_slice(&moved(across, origin[0]));
    camera[4..8].copy_from_slice(&moved(down, origin[1]));
    camera[8..12].copy_from_slice(&near);
    camera[12..14].copy_from_slice(&size.map(|side| side as f32));
    camera[14..16].copy_from_slice(&origin);
    camera[16] = pixels;
    camera[17] = points_per_unit * pixels;
    camera
}
