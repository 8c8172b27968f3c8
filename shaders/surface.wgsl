// The coloured plane, or the surface of the loss. Colours are in gamma space, as everywhere in egui.

struct Corner {
    @builtin(position) position: vec4<f32>,
    @location(0) color: vec4<f32>,
}

@vertex
fn corner(@location(0) at: vec3<f32>, @location(1) color: vec4<f32>) -> Corner {
    let p = place(at);
    return Corner(clip(p.xy, p.z), color);
}

@fragment
fn color(in: Corner) -> @location(0) vec4<f32> {
    return in.color;
}

// How near to the eye it is at the middle of each pixel, for the lines that it may hide.

struct Near {
    @builtin(position) position: vec4<f32>,
    @location(0) nearness: f32,
}

@vertex
fn near_corner(@location(0) at: vec3<f32>) -> Near {
    let p = place(at);
    return Near(clip(p.xy, p.z), p.z);
}

@fragment
fn nearness(in: Near) -> @location(0) vec4<f32> {
    return vec4<f32>(in.nearness, 0.0, 0.0, 1.0);
}
