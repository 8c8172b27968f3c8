//! Loss of a graphics device.

use super::*;
use eframe::egui_wgpu::RendererOptions;

/// A test device is lost while a picture is shown: drawing the next picture, and egui's empty one, has no
/// effect.
#[test]
fn a_picture_of_a_device_that_is_gone_is_no_panic() {
    let Some(Gpu { device, queue }) = gpu() else { return };
    let errors = Arc::new(std::sync::Mutex::new(Vec::new()));
    let heard = Arc::clone(&errors);
    device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
        heard.lock().expect("no panic").push(error.to_string());
    }));
    let format = TextureFormat::Rgba8Unorm;
    let mut egui_renderer = eframe::egui_wgpu::Renderer::new(&device, format, RendererOptions::default());
    let mut renderer = Renderer::new(&device, format);
    let window = device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d { width: 360, height: 300, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT,
        view_formats: &[],
    });
    let mut draw = |figure: Figure, rect: Rect| {
        let projection = Projection::new(&Camera::START, rect, false);
        let picture = Picture { rect, figure: Arc::new(figure), projection };
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let screen = ScreenDescriptor { size_in_pixels: [360, 300], pixels_per_point: 1.0 };
        egui_renderer.update_buffers(&device, &queue, &mut encoder, &[], &screen);
        renderer.prepare(&device, &queue, &mut encoder, &picture, 1.0);
        {
            let view = window.create_view(&wgpu::TextureViewDescriptor::default());
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                    view: &view,
                    depth_slice: None,
                    resolve_target: None,
                    ops: wgpu::Operations::default(),
                })],
                ..wgpu::RenderPassDescriptor::default()
            });
            renderer.blit(&mut pass);
        }
        queue.submit([encoder.finish()]);
    };
    let figure = Shot::new(&valley(), &[TURNED], Theme::Light, 1.0).figure;
    draw(figure.clone(), RECT);
    assert!(errors.lock().expect("no panic").is_empty(), "{errors:?}");
    device.destroy();
    // another figure and another size: everything is created again
    draw(figure, Rect::from_min_size(RECT.min, 0.5 * RECT.size()));
}
