//! Compares the picture of wgpu with that of the CPU, on any available adapter (software Vulkan suffices).
//! Without an adapter, the tests print a note and pass, unless `BRINK_REQUIRE_WGPU` is set.

use super::*;
use crate::picture::file::raster::Image;
use crate::picture::file::render::render;
use crate::picture::scene::figure::Fill;
use crate::picture::scene::landscape::of_landscape;
use crate::picture::scene::mesh::mesh;
use crate::picture::style::theme::{Palette, Role};
use crate::picture::view::camera::Camera;
use crate::picture::view::scene::{Scene, SceneGrid, ScenePath, StableRegion};
use crate::picture::view::scene_view::{Layer, SceneChange, SceneView};
use crate::preset::Preset;
use crate::run::engine::assemble::assemble;
use crate::run::engine::problem::Sources;
use crate::run::record::history::History;
use egui::{Color32, Theme, Vec2, pos2, vec2};
use network_scene::network_scene;

pub(crate) mod lost;
#[path = "../../../../tests/pictures/network_scene.rs"]
mod network_scene;

/// For the whole picture: maximum mean difference of a channel, and maximum fraction of pixels that differ by
/// more than `FAR`.
const MEAN: f64 = 4.0 / 255.0;
const SHARE: f64 = 0.02;
const FAR: u8 = 32;
/// Maximum fraction of the pixels of a single line that differ from every nearby pixel in the other picture;
/// measured values are 2.1% from above and 6.5% among hills.
const LINE_SHARE: f64 = 0.1;
/// Maximum ratio of the pixel counts of a line in the two pictures: a lost dash pattern gives a much larger
/// ratio.
const MOST_INK: f64 = 1.3;

const SIZE: Vec2 = vec2(360.0, 300.0);

/// A device without a window.
struct Gpu {
    device: Device,
    queue: Queue,
}

/// Returns `None` and prints a note if there is no adapter.
fn gpu() -> Option<Gpu> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let open = async {
        let adapter = instance.request_adapter(&wgpu::RequestAdapterOptions::default()).await.ok()?;
        adapter.request_device(&wgpu::DeviceDescriptor::default()).await.ok()
    };
    if let Some((device, queue)) = pollster::block_on(open) {
        return Some(Gpu { device, queue });
    }
    assert!(
        std::env::var_os("BRINK_REQUIRE_WGPU").is_none(),
        "BRINK_REQUIRE_WGPU is set, and there is no wgpu adapter: install a Vulkan driver (Debian: mesa-vulkan-drivers)"
    );
    eprintln!("SKIPPED: there is no wgpu adapter here, so its picture is not compared with the CPU's");
    None
}

/// A separate device that a test may break; `None` as in [`gpu`].
pub(in crate::app) fn device() -> Option<Device> {
    gpu().map(|gpu| gpu.device)
}

/// A figure from one viewpoint, in a rectangle that does not start at the window's corner.
#[derive(Clone)]
struct Shot {
    figure: Figure,
    projection: Projection,
    palette: &'static Palette,
    theme: Theme,
    scale: f32,
    flat: bool,
    /// Format of the window.
    format: TextureFormat,
}

const RECT: Rect = Rect { min: pos2(20.0, 10.0), max: pos2(340.0, 280.0) };

impl Shot {
    fn new(scene: &Scene, changes: &[SceneChange], theme: Theme, scale: f32) -> Self {
        let mut view = SceneView::default();
        for &change in changes {
            view.apply(change);
        }
        let palette = Palette::of(theme);
        let figure = Figure::new(scene, &view, true, palette).expect("a figure");
        let projection = Projection::new(view.camera(), RECT, view.flat);
        let format = TextureFormat::Rgba8Unorm;
        Self { figure, projection, palette, theme, scale, flat: view.flat, format }
    }

    fn by_cpu(&self) -> Image {
        render(SIZE, self.scale, self.theme, |ui| {
            let painter = ui.painter().with_clip_rect(RECT);
            painter.rect_filled(RECT, 0.0, self.palette.plot);
            painter.add(mesh(&self.figure, &self.projection, RECT, 1.0 / self.scale));
        })
    }

    /// Draws as the window does: a separate picture, copied into a pass over the whole window.
    fn by_wgpu(&self, gpu: &Gpu) -> Image {
        let Gpu { device, queue } = gpu;
        let format = self.format;
        let mut renderer = Renderer::new(device, format);
        let [width, height] = target::size(Rect::from_min_size(egui::Pos2::ZERO, SIZE), self.scale, 8192);
        let window = device.create_texture(&wgpu::TextureDescriptor {
            label: None,
            size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let picture =
            Picture { rect: RECT, figure: Arc::new(self.figure.clone()), projection: self.projection };
        renderer.prepare(device, queue, &mut encoder, &picture, self.scale);
        {
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                    view: &window.create_view(&wgpu::TextureViewDescriptor::default()),
                    depth_slice: None,
                    resolve_target: None,
                    ops: wgpu::Operations {
                        load: wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT),
                        store: wgpu::StoreOp::Store,
                    },
                })],
                ..wgpu::RenderPassDescriptor::default()
            });
            renderer.blit(&mut pass);
        }
        let mut pixels = read(gpu, encoder, &window, [width, height]);
        if matches!(format, TextureFormat::Bgra8Unorm | TextureFormat::Bgra8UnormSrgb) {
            for pixel in &mut pixels {
                let [b, g, r, a] = pixel.to_array();
                *pixel = Color32::from_rgba_premultiplied(r, g, b, a);
            }
        }
        // On the background that egui would have painted below it.
        let ground = Shot {
            figure: Figure { fill: Fill::default(), strokes: Vec::new(), ..self.figure.clone() },
            ..self.clone()
        };
        let Image { width, height, pixels: below } = ground.by_cpu();
        let over = |(front, back): (Color32, Color32)| {
            let rest = 1.0 - f32::from(front.a()) / 255.0;
            let mix = |front: u8, back: u8| {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
                let mixed = (f32::from(front) + rest * f32::from(back) + 0.5) as u8;
                mixed
            };
            Color32::from_rgb(mix(front.r(), back.r()), mix(front.g(), back.g()), mix(front.b(), back.b()))
        };
        Image { width, height, pixels: pixels.into_iter().zip(below).map(over).collect() }
    }

    /// The lines alone, with nothing that hides them.
    fn bare(&self) -> Self {
        let mut shot = self.clone();
        (shot.figure.fill, shot.figure.relief) = (Fill::default(), None);
        shot
    }

    /// Only one of the lines, or none.
    fn alone(&self, stroke: Option<usize>) -> Self {
        let mut shot = self.clone();
        shot.figure.strokes =
            stroke.and_then(|place| self.figure.strokes.get(place)).cloned().into_iter().collect();
        shot
    }
}

/// The pixels of a texture after the encoder's commands.
fn read(
    gpu: &Gpu,
    mut encoder: CommandEncoder,
    texture: &wgpu::Texture,
    [width, height]: [u32; 2],
) -> Vec<Color32> {
    let row = (4 * width).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
    let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: u64::from(row * height),
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    encoder.copy_texture_to_buffer(
        texture.as_image_copy(),
        wgpu::TexelCopyBufferInfo {
            buffer: &buffer,
            layout: wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(row), rows_per_image: None },
        },
        texture.size(),
    );
    gpu.queue.submit([encoder.finish()]);
    buffer.map_async(wgpu::MapMode::Read, .., |mapped| mapped.expect("the buffer can be read"));
    gpu.device
        .poll(wgpu::PollType::Wait { submission_index: None, timeout: None })
        .expect("the device answers");
    let bytes = buffer.get_mapped_range(..).expect("it is mapped");
    let rows = bytes.chunks_exact(row as usize);
    rows.flat_map(|row| row[..4 * width as usize].chunks_exact(4))
        .map(|p| Color32::from_rgba_premultiplied(p[0], p[1], p[2], p[3]))
        .collect()
}

/// The distance between two colours: the largest difference of a channel.
fn apart(a: Color32, b: Color32) -> u8 {
    a.to_array().into_iter().zip(b.to_array()).take(3).map(|(a, b)| a.abs_diff(b)).max().unwrap_or(0)
}

/// Mean difference of the channels, and the indices of the pixels that differ strongly.
fn difference(a: &Image, b: &Image) -> (f64, Vec<usize>) {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let (mut sum, mut far) = (0.0, Vec::new());
    for (place, (&a, &b)) in a.pixels.iter().zip(&b.pixels).enumerate() {
        let channels = a.to_array().into_iter().zip(b.to_array()).take(3).map(|(a, b)| a.abs_diff(b));
        sum += channels.map(f64::from).sum::<f64>();
        if apart(a, b) > FAR {
            far.push(place);
        }
    }
    (sum / (3.0 * 255.0 * a.pixels.len() as f64), far)
}

/// Whether a pixel of `a` matches the pixel of `b` at its position or next to it: the edges of a line may
/// differ by a pixel.
fn is_like_one_near(a: &Image, b: &Image, place: usize) -> bool {
    let (x, y) = (place % a.width, place / a.width);
    let near = |at: usize, end: usize| at.saturating_sub(1)..(at + 2).min(end);
    near(y, b.height)
        .any(|y| near(x, b.width).any(|x| apart(a.pixels[place], b.pixels[y * b.width + x]) <= FAR))
}

/// Whether the wgpu picture of `one` matches the CPU picture of `other`: the whole picture, and every line by
/// itself.
fn agree(gpu: &Gpu, one: &Shot, other: &Shot) -> Result<(), String> {
    pictures_agree(gpu, one, other)?;
    lines_agree(gpu, one, other)?;
    // without hidden parts, the dash pattern shows even if little of the line is visible among hills
    if one.flat { Ok(()) } else { lines_agree(gpu, &one.bare(), &other.bare()) }
}

/// Whether the whole pictures match.
fn pictures_agree(gpu: &Gpu, one: &Shot, other: &Shot) -> Result<(), String> {
    let (drawn, expected) = (one.by_wgpu(gpu), other.by_cpu());
    let (mean, far) = difference(&drawn, &expected);
    let share = far.len() as f64 / drawn.pixels.len() as f64;
    if mean > MEAN || share > SHARE {
        return Err(format!("mean difference {mean:.4}, {:.2}% of the pixels are far off", 100.0 * share));
    }
    Ok(())
}

/// Whether every line by itself matches.
fn lines_agree(gpu: &Gpu, one: &Shot, other: &Shot) -> Result<(), String> {
    let [empty_drawn, empty] = [one.alone(None).by_wgpu(gpu), other.alone(None).by_cpu()];
    for place in 0..one.figure.strokes.len().max(other.figure.strokes.len()) {
        let drawn = one.alone(Some(place)).by_wgpu(gpu);
        let expected = other.alone(Some(place)).by_cpu();
        let mut ink: Vec<usize> = difference(&expected, &empty).1;
        let ours = difference(&drawn, &empty_drawn).1;
        let [more, less] = [ink.len().max(ours.len()), ink.len().min(ours.len())];
        if more as f64 > MOST_INK * less as f64 {
            return Err(format!("line {place}: {} pixels, not {}", ours.len(), ink.len()));
        }
        ink.extend(ours);
        ink.sort_unstable();
        ink.dedup();
        let is_off = |place: &&usize| {
            !(is_like_one_near(&drawn, &expected, **place) && is_like_one_near(&expected, &drawn, **place))
        };
        let off = ink.iter().filter(is_off).count();
        if off as f64 > LINE_SHARE * ink.len() as f64 {
            return Err(format!("line {place}: {off} of its {} pixels are far off", ink.len()));
        }
    }
    Ok(())
}

fn valley() -> Scene {
    let preset = Preset::load("valley").expect("built in");
    let mut engine = assemble(&preset, &Sources::default()).expect("an engine");
    let mut history = History::new(preset.eigen.max_tracked);
    (0..200).for_each(|_| history.push(&engine.step(preset.optimizer.eta)));
    of_landscape(&preset, &history, 199).expect("a scene")
}

const TURNED: SceneChange = SceneChange::SetFlat(false);

#[test]
fn wgpu_and_cpu_draw_the_same_picture() {
    let Some(gpu) = gpu() else { return };
    let scene = valley();
    for (changes, theme, scale) in [
        (&[][..], Theme::Light, 1.0),
        (&[], Theme::Dark, 2.0),
        (&[TURNED], Theme::Light, 2.0),
        (&[TURNED, SceneChange::Turn([2.2, -0.3])], Theme::Dark, 1.0),
        (
            &[TURNED, SceneChange::Toggle(Layer::Sharpness), SceneChange::Magnify(1.7, [0.2, 0.1])],
            Theme::Light,
            1.0,
        ),
        (&[SceneChange::Toggle(Layer::Sharpness), SceneChange::Magnify(4.0, [0.3, -0.2])], Theme::Light, 1.5),
    ] {
        let shot = Shot::new(&scene, changes, theme, scale);
        if let Err(reason) = agree(&gpu, &shot, &shot) {
            panic!("{changes:?} in {theme:?} at {scale}: {reason}");
        }
    }
}

#[test]
fn faint_strokes_holes_and_three_axes_are_drawn_the_same_too() {
    let Some(gpu) = gpu() else { return };
    for (third, changes, theme, scale) in [
        (false, &[][..], Theme::Light, 2.0),
        (false, &[TURNED], Theme::Dark, 1.0),
        (true, &[TURNED], Theme::Light, 1.0),
        (true, &[TURNED, SceneChange::Turn([2.2, -0.3])], Theme::Dark, 2.0),
    ] {
        let shot = Shot::new(&network_scene(third), changes, theme, scale);
        if let Err(reason) = agree(&gpu, &shot, &shot) {
            panic!("third axis: {third}, {changes:?} in {theme:?} at {scale}: {reason}");
        }
    }
}

/// A window with a surface that encodes the written colours.
#[test]
fn a_window_in_srgb_has_the_same_colours() {
    let Some(gpu) = gpu() else { return };
    for changes in [&[][..], &[TURNED]] {
        let plain = Shot::new(&valley(), changes, Theme::Light, 1.0);
        let encoded = Shot { format: TextureFormat::Bgra8UnormSrgb, ..plain.clone() };
        let (drawn, expected) = (encoded.by_wgpu(&gpu), plain.by_wgpu(&gpu));
        let (mean, far) = difference(&drawn, &expected);
        assert!(mean < 1.0 / 255.0 && far.is_empty(), "{changes:?}: {mean}, {} pixels", far.len());
        assert_eq!(agree(&gpu, &encoded, &plain), Ok(()), "{changes:?}");
    }
}

/// A surface of 256×256 and three paths of 100,000 points, as rotated by `cargo bench --bench scene`.
fn large() -> Scene {
    let side = 256;
    let mut grid = SceneGrid { x: -1.0..1.0, y: -1.0..1.0, columns: side, rows: side, values: Vec::new() };
    for i in 0..side * side {
        let [x, y] = grid.node(i % side, i / side);
        grid.values.push(x * x + 0.3 * (3.0 * y).sin());
    }
    let path = |(role, shift): (Role, f32)| {
        let points: Vec<[f32; 3]> = (0_u16..50_000)
            .flat_map(|i| [f32::from(i), f32::from(i) + 0.5])
            .map(|i| i / 5e4)
            .map(|t| [0.9 * (40.0 * t + shift).sin() * t, 1.8 * t - 0.9, 0.0])
            .collect();
        let loss = points.iter().map(|p| p[0] * p[0] + 0.3 * (3.0 * p[1]).sin()).collect();
        ScenePath { role, loss, exact: 0..points.len(), points, first_step: 0, stride: 1 }
    };
    let roles = [Role::GradientDescent, Role::GradientFlow, Role::CentralFlow];
    Scene {
        paths: roles.into_iter().zip([0.0, 0.1, 0.2]).map(path).collect(),
        region: Some(StableRegion { sharpness: grid.clone(), edge: 0.3 }),
        surface: Some(grid),
        ..Scene::default()
    }
}

#[test]
fn a_turned_frame_of_a_large_scene_takes_the_cpu_less_than_4_ms() {
    let Some(gpu) = gpu() else { return };
    let shot = Shot::new(&large(), &[TURNED], Theme::Light, 1.0);
    assert!(shot.figure.strokes.iter().map(|stroke| stroke.points.len()).sum::<usize>() > 100_000);
    let (figure, mut renderer) =
        (Arc::new(shot.figure), Renderer::new(&gpu.device, TextureFormat::Bgra8Unorm));
    let mut times = Vec::new();
    for turn in 0_u8..40 {
        let camera = Camera { yaw: 0.1 * f32::from(turn), ..Camera::START };
        let projection = Projection::new(&camera, RECT, false);
        let picture = Picture { rect: RECT, figure: Arc::clone(&figure), projection };
        let begun = std::time::Instant::now();
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        renderer.prepare(&gpu.device, &gpu.queue, &mut encoder, &picture, 1.0);
        let commands = encoder.finish();
        times.push(begun.elapsed());
        // the time of software rendering is not interface time
        gpu.queue.submit([commands]);
        gpu.device.poll(wgpu::PollType::Wait { submission_index: None, timeout: None }).expect("it answers");
    }
    // the first frame uploads the figure
    println!("preparing and encoding: the first frame {:?}", times[0]);
    times.sort_unstable();
    println!("a turned one {:?} in the median, {:?} at most", times[20], times[38]);
    assert!(times[20] < std::time::Duration::from_millis(4), "{:?}", times[20]);
}

#[test]
fn planted_defects_fail_the_comparison() {
    let Some(gpu) = gpu() else { return };
    for (scene, changes) in [
        (valley(), &[][..]),
        (valley(), &[TURNED]),
        (network_scene(false), &[]),
        (network_scene(false), &[TURNED]),
        (network_scene(true), &[TURNED]),
    ] {
        let whole = Shot::new(&scene, changes, Theme::Light, 1.0);
        assert_eq!(agree(&gpu, &whole, &whole), Ok(()), "{changes:?}");
        for place in 0..whole.figure.strokes.len() {
            let mut missing = whole.clone();
            missing.figure.strokes[place].points.clear();
            assert!(agree(&gpu, &missing, &whole).is_err(), "{changes:?}: line {place} is missing");
            if whole.figure.strokes[place].dash.is_some() {
                let mut solid = whole.clone();
                solid.figure.strokes[place].dash = None;
                assert!(agree(&gpu, &solid, &whole).is_err(), "{changes:?}: line {place} has lost its dash");
            }
        }
        let last = whole.figure.strokes.len() - 1;
        let mut swapped = whole.clone();
        swapped.figure.strokes[last].color = whole.figure.strokes[last - 1].color;
        swapped.figure.strokes[last - 1].color = whole.figure.strokes[last].color;
        assert!(agree(&gpu, &swapped, &whole).is_err(), "{changes:?}: two colours are exchanged");
        let mut pale = whole.clone();
        pale.figure.fill.colors.fill(Color32::GRAY);
        assert!(agree(&gpu, &pale, &whole).is_err(), "{changes:?}: the surface has lost its colours");
    }
}

#[test]
fn only_what_has_changed_is_uploaded_and_drawn() {
    let Some(gpu) = gpu() else { return };
    let shot = Shot::new(&valley(), &[TURNED], Theme::Light, 1.0);
    let mut renderer = Renderer::new(&gpu.device, TextureFormat::Bgra8UnormSrgb);
    let figure = Arc::new(shot.figure.clone());
    let mut prepare = |rect: Rect, camera: &Camera| {
        let picture =
            Picture { rect, figure: Arc::clone(&figure), projection: Projection::new(camera, rect, false) };
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        renderer.prepare(&gpu.device, &gpu.queue, &mut encoder, &picture, 1.0);
        gpu.queue.submit([encoder.finish()]);
        (renderer.drawn, renderer.target.as_ref().map(|target| target.size))
    };
    let first = prepare(RECT, &Camera::START);
    assert_eq!(first.1, Some([320, 270]));
    assert_eq!(prepare(RECT, &Camera::START), first);
    let turned = prepare(RECT, &Camera { yaw: 1.0, ..Camera::START });
    assert_ne!(turned.0, first.0);
    for rect in [Rect::NOTHING, Rect::NAN, Rect::ZERO] {
        assert_eq!(prepare(rect, &Camera::START), turned, "{rect:?} has no pixels");
    }
    let half = Rect::from_min_size(RECT.min, 0.5 * RECT.size());
    assert_eq!(prepare(half, &Camera::START).1, Some([160, 135]));
}
