//! The wgpu pipelines for the shaders in `shaders/`.

use eframe::wgpu::{
    self, BindGroup, BindGroupLayout, BlendState, CompareFunction, Device, PrimitiveTopology, RenderPipeline,
    ShaderModule, ShaderStages, TextureFormat, VertexAttribute, VertexBufferLayout, VertexFormat,
    VertexStepMode,
};

/// Format of the picture: gamma space, like egui's colours.
pub(super) const FORMAT: TextureFormat = TextureFormat::Rgba8Unorm;
/// Format of the depth buffer.
pub(super) const DEPTH: TextureFormat = TextureFormat::Depth32Float;
/// Format of the nearness of the surface at each pixel. It is not a depth texture, because OpenGL's shaders
/// cannot read a single pixel of one.
pub(super) const NEARNESS: TextureFormat = TextureFormat::R32Float;
/// Samples per pixel.
pub(super) const SAMPLES: u32 = 4;

const CAMERA: &str = include_str!("../../../../shaders/camera.wgsl");
const SURFACE: &str = include_str!("../../../../shaders/surface.wgsl");
const LINE: &str = include_str!("../../../../shaders/line.wgsl");
const BLIT: &str = include_str!("../../../../shaders/blit.wgsl");

/// The pipelines, and the layouts of their inputs.
pub(super) struct Pipelines {
    /// Coloured triangles, with the nearest in front.
    pub surface: RenderPipeline,
    /// The nearness of these triangles, one sample per pixel.
    pub nearness: RenderPipeline,
    /// Line segments, hidden by nearer triangles.
    pub line: RenderPipeline,
    /// Copies the picture into the window.
    pub blit: RenderPipeline,
    uniform: BindGroupLayout,
    texture: BindGroupLayout,
}

/// The differences between the pipelines.
struct Recipe<'a> {
    label: &'a str,
    shader: &'a str,
    entries: [&'a str; 2],
    buffers: &'a [Option<VertexBufferLayout<'a>>],
    topology: PrimitiveTopology,
    groups: &'a [Option<&'a BindGroupLayout>],
    format: TextureFormat,
    blend: Option<BlendState>,
    depth: Depth,
    samples: u32,
}

/// The use of the depth buffer.
#[derive(Clone, Copy, PartialEq)]
enum Depth {
    /// There is no depth buffer.
    None,
    /// The nearest fragment is kept.
    Nearest,
    /// The depth buffer is present but ignored.
    Ignored,
}

impl Pipelines {
    pub(super) fn new(device: &Device, window: TextureFormat) -> Self {
        let uniform = layout(
            device,
            ShaderStages::VERTEX_FRAGMENT,
            wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Uniform,
                has_dynamic_offset: false,
                min_binding_size: None,
            },
        );
        let texture = layout(
            device,
            ShaderStages::FRAGMENT,
            wgpu::BindingType::Texture {
                sample_type: wgpu::TextureSampleType::Float { filterable: false },
                view_dimension: wgpu::TextureViewDimension::D2,
                multisampled: false,
            },
        );
        let at = |format, location| [VertexAttribute { format, offset: 0, shader_location: location }];
        let (corner, color) = (at(VertexFormat::Float32x3, 0), at(VertexFormat::Unorm8x4, 1));
        let buffer = |array_stride, step_mode, attributes| {
            Some(VertexBufferLayout { array_stride, step_mode, attributes })
        };
        let points = [0, 1, 2, 3].map(|location| at(VertexFormat::Float32x4, location));
        let surface = pipeline(
            device,
            &Recipe {
                label: "weight space: surface",
                shader: SURFACE,
                entries: ["corner", "color"],
                buffers: &[
                    buffer(12, VertexStepMode::Vertex, &corner),
                    buffer(4, VertexStepMode::Vertex, &color),
                ],
                topology: PrimitiveTopology::TriangleList,
                groups: &[Some(&uniform)],
                format: FORMAT,
                blend: None,
                depth: Depth::Nearest,
                samples: SAMPLES,
            },
        );
        let nearness = pipeline(
            device,
            &Recipe {
                label: "weight space: nearness",
                shader: SURFACE,
                entries: ["near_corner", "nearness"],
                buffers: &[buffer(12, VertexStepMode::Vertex, &corner)],
                topology: PrimitiveTopology::TriangleList,
                groups: &[Some(&uniform)],
                format: NEARNESS,
                blend: None,
                depth: Depth::Nearest,
                samples: 1,
            },
        );
        let line = pipeline(
            device,
            &Recipe {
                label: "weight space: lines",
                shader: LINE,
                entries: ["piece", "cover"],
                buffers: &points.each_ref().map(|point| buffer(POINT, VertexStepMode::Instance, point)),
                topology: PrimitiveTopology::TriangleStrip,
                groups: &[Some(&uniform), Some(&uniform), Some(&texture)],
                format: FORMAT,
                blend: Some(BlendState::PREMULTIPLIED_ALPHA_BLENDING),
                depth: Depth::Ignored,
                samples: SAMPLES,
            },
        );
        let blit = pipeline(
            device,
            &Recipe {
                label: "weight space: into the window",
                shader: BLIT,
                entries: ["whole", if window.is_srgb() { "linear" } else { "gamma" }],
                buffers: &[],
                topology: PrimitiveTopology::TriangleList,
                groups: &[Some(&uniform), Some(&texture)],
                format: window,
                blend: Some(BlendState::PREMULTIPLIED_ALPHA_BLENDING),
                depth: Depth::None,
                samples: 1,
            },
        );
        Self { surface, nearness, line, blit, uniform, texture }
    }

    /// The bind group of a uniform buffer for a pipeline.
    pub(super) fn uniform_group(&self, device: &Device, buffer: &wgpu::Buffer) -> BindGroup {
        group(device, &self.uniform, buffer.as_entire_binding())
    }

    /// The bind group of a picture for [`Pipelines::blit`], or of the surface's nearness for
    /// [`Pipelines::line`].
    pub(super) fn picture_group(&self, device: &Device, view: &wgpu::TextureView) -> BindGroup {
        group(device, &self.texture, wgpu::BindingResource::TextureView(view))
    }
}

fn layout(device: &Device, visibility: ShaderStages, ty: wgpu::BindingType) -> BindGroupLayout {
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("weight space"),
        entries: &[wgpu::BindGroupLayoutEntry { binding: 0, visibility, ty, count: None }],
    })
}

fn group(device: &Device, layout: &BindGroupLayout, resource: wgpu::BindingResource<'_>) -> BindGroup {
    device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("weight space"),
        layout,
        entries: &[wgpu::BindGroupEntry { binding: 0, resource }],
    })
}

fn module(device: &Device, shader: &str) -> ShaderModule {
    device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some("weight space"),
        source: wgpu::ShaderSource::Wgsl(format!("{CAMERA}\n{shader}").into()),
    })
}

fn pipeline(device: &Device, recipe: &Recipe<'_>) -> RenderPipeline {
    let module = module(device, recipe.shader);
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(recipe.label),
        bind_group_layouts: recipe.groups,
        immediate_size: 0,
    });
    let [vertex, fragment] = recipe.entries;
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some(recipe.label),
        layout: Some(&layout),
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: Some(vertex),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            buffers: recipe.buffers,
        },
        primitive: wgpu::PrimitiveState { topology: recipe.topology, ..wgpu::PrimitiveState::default() },
        depth_stencil: (recipe.depth != Depth::None).then(|| wgpu::DepthStencilState {
            format: DEPTH,
            depth_write_enabled: Some(recipe.depth == Depth::Nearest),
            depth_compare: Some(match recipe.depth {
                Depth::Nearest => CompareFunction::LessEqual,
                Depth::None | Depth::Ignored => CompareFunction::Always,
            }),
            stencil: wgpu::StencilState::default(),
            bias: wgpu::DepthBiasState::default(),
        }),
        multisample: wgpu::MultisampleState { count: recipe.samples, ..wgpu::MultisampleState::default() },
        fragment: Some(wgpu::FragmentState {
            module: &module,
            entry_point: Some(fragment),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            targets: &[Some(wgpu::ColorTargetState {
                format: recipe.format,
                blend: recipe.blend,
                write_mask: wgpu::ColorWrites::ALL,
            })],
        }),
        multiview_mask: None,
        cache: None,
    })
}

/// Size of a point in bytes.
pub(crate) const POINT: u64 = size_of::<[f32; 4]>() as u64;
