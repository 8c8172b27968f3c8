// One piece of a line an instance: a rectangle around it, whose pixels are covered by their distance from the piece. At a
// bend the line through the bend that halves the angle parts the pixels of one piece from those of the next, so that none
// is covered twice. `src/picture/scene/stroke.rs` covers pixels by the same rule. A piece is seen as wide as it is where its
// middle is not behind the surface, as in `src/picture/scene/mesh.rs`.

struct Style {
    // Premultiplied, in gamma space.
    color: vec4<f32>,
    // In points: width, dash, gap (0: solid).
    width: f32,
    on: f32,
    off: f32,
    // How far the line stands above what it lies on, in half sides of the box.
    lift: f32,
}

@group(1) @binding(0) var<uniform> style: Style;
// The nearness of the surface, at the middle of each pixel.
@group(2) @binding(0) var surface: texture_2d<f32>;

struct Piece {
    @builtin(position) position: vec4<f32>,
    // In pixels.
    @location(0) at: vec2<f32>,
    @location(1) @interpolate(flat) ends: vec4<f32>,
    // The directions (of length 1) across the parting lines at both ends; 0 where nothing joins.
    @location(2) @interpolate(flat) joints: vec4<f32>,
    // Length of the line up to the first end, and of this piece, in the box.
    @location(3) @interpolate(flat) lengths: vec2<f32>,
    // Of both ends.
    @location(4) @interpolate(flat) nearness: vec2<f32>,
}

fn direction(step: vec2<f32>) -> vec2<f32> {
    return step / max(length(step), 1e-6);
}

// Across the line that halves the angle between two directions; 0 where they are opposite.
fn parting(before: vec2<f32>, after: vec2<f32>) -> vec2<f32> {
    let sum = before + after;
    return select(vec2<f32>(0.0), direction(sum), length(sum) > 0.02);
}

// A negative fourth number: the line ends there.
@vertex
fn piece(
    @builtin(vertex_index) index: u32,
    @location(0) before: vec4<f32>,
    @location(1) from_: vec4<f32>,
    @location(2) to: vec4<f32>,
    @location(3) after: vec4<f32>,
) -> Piece {
    let a = place(from_.xyz);
    let b = place(to.xyz);
    let step = b.xy - a.xy;
    if (from_.w < 0.0 || length(step) < 1e-4) {
        let none = vec2<f32>(0.0);
        return Piece(vec4<f32>(2.0, 2.0, 0.0, 1.0), none, vec4<f32>(0.0), vec4<f32>(0.0), none, none);
    }
    let along = direction(step);
    let reach = 0.5 * style.width * camera.pixels + 1.5;
    let side = vec2<f32>(f32(index & 1u), f32(index >> 1u)) * 2.0 - 1.0;
    let end = select(a, b, side.x > 0.0);
    let at = end.xy + reach * (side.x * along + side.y * vec2<f32>(-along.y, along.x));

    var joints = vec4<f32>(0.0);
    if (before.w >= 0.0) {
        joints = vec4<f32>(parting(direction(a.xy - place(before.xyz).xy), along), joints.zw);
    }
    if (to.w >= 0.0) {
        joints = vec4<f32>(joints.xy, parting(along, direction(place(after.xyz).xy - b.xy)));
    }
    let lengths = vec2<f32>(from_.w, distance(from_.xyz, to.xyz));
    return Piece(clip(at, 0.0), at, vec4<f32>(a.xy, b.xy), joints, lengths, vec2<f32>(a.z, b.z));
}

// The nearness of the surface at a place, linear between the middles of four pixels.
fn surface_at(at: vec2<f32>) -> f32 {
    let last = vec2<f32>(textureDimensions(surface)) - 1.0;
    let p = clamp(at - 0.5, vec2<f32>(0.0), last);
    let low = vec2<i32>(p);
    let high = min(low + 1, vec2<i32>(last));
    let share = p - floor(p);
    let above = mix(textureLoad(surface, low, 0).r, textureLoad(surface, vec2<i32>(high.x, low.y), 0).r, share.x);
    let below = mix(textureLoad(surface, vec2<i32>(low.x, high.y), 0).r, textureLoad(surface, high, 0).r, share.x);
    return mix(above, below, share.y);
}

@fragment
fn cover(in: Piece) -> @location(0) vec4<f32> {
    let a = in.ends.xy;
    let b = in.ends.zw;
    let span = max(distance(a, b), 1e-6);
    let along = (b - a) / span;
    let on_line = clamp(dot(in.at - a, along), 0.0, span);
    if (dot(in.at - a, in.joints.xy) < 0.0 || dot(in.at - b, in.joints.zw) > 0.0) {
        discard;
    }
    let middle = a + on_line * along;
    if (mix(in.nearness.x, in.nearness.y, on_line / span) + style.lift < surface_at(middle)) {
        discard;
    }
    let away = distance(in.at, middle);
    var covered = clamp(0.5 * style.width * camera.pixels + 0.5 - away, 0.0, 1.0);
    if (style.off > 0.0) {
        // Dash and gap in the box; a pixel is covered as far as its length along the line lies in dashes.
        let on = style.on * camera.pixels / camera.unit;
        let period = on + style.off * camera.pixels / camera.unit;
        let of_pixel = max(in.lengths.y, 1e-9) / span;
        if (period < 0.5 * of_pixel) {
            covered *= on / period;
        } else {
            let start = in.lengths.x + on_line / span * in.lengths.y - 0.5 * of_pixel;
            let begin = start - period * floor(start / period);
            let end = begin + of_pixel;
            let whole = floor(end / period);
            let dashed = whole * on + min(end - whole * period, on) - min(begin, on);
            covered *= clamp(dashed / of_pixel, 0.0, 1.0);
        }
        // No round ends.
        let beyond = dot(in.at - a, along);
        if (beyond < -0.5 && all(in.joints.xy == vec2<f32>(0.0))) || (beyond > span + 0.5 && all(in.joints.zw == vec2<f32>(0.0))) {
            discard;
        }
    }
    return style.color * covered;
}
