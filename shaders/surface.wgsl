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
