// From the box that holds a scene to the picture; the rows are those of `Projection`, in pixels of the picture.

struct Camera {
    // Pixels from the left, pixels from the top, nearness to the eye; each the factors of x, y, z and a constant.
    across: vec4<f32>,
    down: vec4<f32>,
    near: vec4<f32>,
    // Width and height of the picture, in pixels.
    size: vec2<f32>,
    // Where its upper left corner is in the window, in pixels.
    origin: vec2<f32>,
    // Pixels of a point.
    pixels: f32,
    // Pixels that a unit of the box takes, about.
    unit: f32,
    padding: vec2<f32>,
}

@group(0) @binding(0) var<uniform> camera: Camera;

// Pixels from the left and the top, and nearness.
fn place(at: vec3<f32>) -> vec3<f32> {
    let p = vec4<f32>(at, 1.0);
    return vec3<f32>(dot(camera.across, p), dot(camera.down, p), dot(camera.near, p));
}

// Nothing in the box is nearer or farther than 1.5 of its half sides.
fn clip(at: vec2<f32>, nearness: f32) -> vec4<f32> {
    let share = at / camera.size;
    return vec4<f32>(2.0 * share.x - 1.0, 1.0 - 2.0 * share.y, 0.5 - 0.25 * nearness, 1.0);
}
