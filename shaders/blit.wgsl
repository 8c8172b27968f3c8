// The finished picture into the window, pixel by pixel. The window's format decides whether colours are turned from gamma
// to linear.

@group(1) @binding(0) var picture: texture_2d<f32>;

@vertex
fn whole(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    return vec4<f32>(f32(index & 1u) * 4.0 - 1.0, f32(index >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}

fn texel(position: vec4<f32>) -> vec4<f32> {
    let at = vec2<i32>(floor(position.xy - camera.origin));
    if (any(at < vec2<i32>(0)) || any(vec2<f32>(at) >= camera.size)) {
        discard;
    }
    return textureLoad(picture, at, 0);
}

@fragment
fn gamma(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    return texel(position);
}

@fragment
fn linear(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let color = texel(position);
    let low = color.rgb / 12.92;
    let high = pow((color.rgb + 0.055) / 1.055, vec3<f32>(2.4));
    return vec4<f32>(select(high, low, color.rgb <= vec3<f32>(0.04045)), color.a);
}
