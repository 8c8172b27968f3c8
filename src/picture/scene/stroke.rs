//! Lines as triangles: solid within, fading over one pixel at the sides, rounded at ends and sharp bends. The shader
//! `shaders/line.wgsl` covers pixels by the same rule.

use egui::epaint::{Mesh, Vertex, WHITE_UV};
use egui::{Color32, Pos2, Vec2, pos2, vec2};

/// Cosine of the sharpest bend at which the sides of two pieces still meet in one point.
const MITRE: f32 = 0.5;
/// Most dashes of one piece.
const MOST_DASHES: f32 = 2000.0;
/// Corners of a round end.
const ROUND: u8 = 10;

/// A point of a line.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// On the screen.
    pub place: Pos2,
    /// In the box.
    pub at: [f32; 3],
    /// Length of the line up to here, in the box.
    pub length: f32,
}

impl Point {
    /// A share of the way to another point.
    pub fn towards(&self, other: &Self, share: f32) -> Self {
        let mix = |a: f32, b: f32| a + share * (b - a);
        Self {
            place: pos2(mix(self.place.x, other.place.x), mix(self.place.y, other.place.y)),
            at: std::array::from_fn(|axis| mix(self.at[axis], other.at[axis])),
            length: mix(self.length, other.length),
        }
    }
}

/// Draws lines into a mesh.
pub struct Pen<'a> {
    /// Where to.
    pub mesh: &'a mut Mesh,
    /// The size of a pixel, in points.
    pub pixel: f32,
}

/// Across a line: distance from the middle, and coverage there.
struct Profile {
    inner: f32,
    outer: f32,
    color: Color32,
}

impl Pen<'_> {
    fn profile(&self, width: f32, color: Color32) -> Profile {
        let (half, feather) = (0.5 * width, 0.5 * self.pixel);
        // A line thinner than a pixel never covers one whole.
        let most = ((half + feather) / self.pixel).min(1.0);
        Profile { inner: (half - feather).max(0.0), outer: half + feather, color: color.gamma_multiply(most) }
    }

    /// A solid line with round ends.
    pub fn line(&mut self, points: &[Point], width: f32, color: Color32) {
        let profile = self.profile(width, color);
        let places: Vec<Pos2> = points.iter().map(|point| point.place).collect();
        let bends = self.body(&places, &profile);
        for place in bends.into_iter().chain([places[0], places[places.len() - 1]]) {
            self.disc(place, &profile);
        }
    }

    /// A dashed line: dash and gap in lengths of the box, counted from the line's beginning.
    pub fn dashes(&mut self, points: &[Point], [on, off]: [f32; 2], width: f32, color: Color32) {
        let period = on + off;
        if !(period > 0.0 && period.is_finite()) {
            return;
        }
        let profile = self.profile(width, color);
        let mut dash: Vec<Pos2> = Vec::new();
        let finish = |pen: &mut Self, dash: &mut Vec<Pos2>| {
            pen.dash(dash, &profile);
            dash.clear();
        };
        for pair in points.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            if (b.length - a.length) / period > MOST_DASHES {
                // No dash could be told from the next.
                finish(self, &mut dash);
                self.body(&[a.place, b.place], &profile);
                continue;
            }
            let mut length = a.length;
            while length < b.length {
                let phase = length.rem_euclid(period);
                let is_on = phase < on;
                // The end of this dash or gap; at least a little farther, whatever rounding does.
                let next = f32::max(
                    length.next_up(),
                    length + (if is_on { on } else { period } - phase).max(1e-3 * period),
                );
                if is_on {
                    let at = |length: f32| a.towards(&b, (length - a.length) / (b.length - a.length)).place;
                    if dash.is_empty() {
                        dash.push(at(length));
                    }
                    dash.push(at(next.min(b.length)));
                }
                if next < b.length && is_on {
                    finish(self, &mut dash);
                }
                length = next;
            }
        }
        finish(self, &mut dash);
    }

    /// One dash; its ends fade over one pixel, as its sides do.
    fn dash(&mut self, dash: &mut Vec<Pos2>, profile: &Profile) {
        let half = 0.5 * self.pixel;
        // What is nearer to an end than the end is moved would turn the dash back on itself.
        while dash.len() > 2 && dash[1].distance(dash[0]) < self.pixel {
            dash.remove(1);
        }
        while dash.len() > 2 && dash[dash.len() - 2].distance(dash[dash.len() - 1]) < self.pixel {
            dash.remove(dash.len() - 2);
        }
        let ends = |dash: &[Pos2]| match *dash {
            [first, second, .., before, last] => Some((direction(second, first)?, direction(before, last)?)),
            [first, last] => Some((direction(last, first)?, direction(first, last)?)),
            [first, middle, last] => Some((direction(middle, first)?, direction(middle, last)?)),
            _ => None,
        };
        let Some((backwards, forwards)) = ends(dash) else { return };
        let last = dash.len() - 1;
        dash[0] -= half * backwards;
        dash[last] -= half * forwards;
        for place in self.body(dash, profile) {
            self.disc(place, profile);
        }
        let clear = Profile { color: Color32::TRANSPARENT, ..*profile };
        for (end, along) in [(dash[0], backwards), (dash[last], forwards)] {
            let normal = vec2(-along.y, along.x);
            let (a, b) = (self.row(end, normal, profile), self.row(end + self.pixel * along, normal, &clear));
            self.strip(a, b);
        }
    }

    /// Between two rows.
    fn strip(&mut self, start: u32, end: u32) {
        for side in 0..3 {
            let (a, b) = (start + side, end + side);
            // The diagonals run outwards from the full middle: coverage in a corner is the least of its two sides'.
            let triangles =
                if side == 0 { [a, b, a + 1, a + 1, b, b + 1] } else { [a, b, b + 1, a, b + 1, a + 1] };
            self.mesh.indices.extend(triangles);
        }
    }

    /// The sides of a line without ends; returns the bends that are too sharp for its sides to meet.
    fn body(&mut self, places: &[Pos2], profile: &Profile) -> Vec<Pos2> {
        let mut bends = Vec::new();
        let mut before: Option<(u32, Option<Vec2>)> = None;
        for (i, pair) in places.windows(2).enumerate() {
            let Some(along) = direction(pair[0], pair[1]) else { continue };
            let normal = vec2(-along.y, along.x);
            let start = match before {
                None => self.row(pair[0], normal, profile),
                // The row that ended the piece before, turned half-way, serves both.
                Some((row, Some(turned))) if turned == normal => row,
                Some(_) => {
                    bends.push(pair[0]);
                    self.row(pair[0], normal, profile)
                }
            };
            let next = places[i + 1..].windows(2).find_map(|pair| direction(pair[0], pair[1]));
            let (end, expected) = match next {
                Some(next) if next.dot(along) > MITRE => {
                    let turned = vec2(-next.y, next.x);
                    let middle = (normal + turned) / (1.0 + normal.dot(turned));
                    (self.row(pair[1], middle, profile), Some(turned))
                }
                _ => (self.row(pair[1], normal, profile), None),
            };
            self.strip(start, end);
            before = Some((end, expected));
        }
        bends
    }

    /// Four corners across a line.
    fn row(&mut self, place: Pos2, normal: Vec2, profile: &Profile) -> u32 {
        let first = self.next();
        for (side, color) in [
            (-profile.outer, Color32::TRANSPARENT),
            (-profile.inner, profile.color),
            (profile.inner, profile.color),
            (profile.outer, Color32::TRANSPARENT),
        ] {
            self.corner(place + side * normal, color);
        }
        first
    }

    /// A round end or bend.
    fn disc(&mut self, place: Pos2, profile: &Profile) {
        let first = self.next();
        self.corner(place, profile.color);
        for corner in 0..ROUND {
            let angle = std::f32::consts::TAU * f32::from(corner) / f32::from(ROUND);
            self.corner(place + profile.inner * Vec2::angled(angle), profile.color);
            self.corner(place + profile.outer * Vec2::angled(angle), Color32::TRANSPARENT);
        }
        let round = u32::from(ROUND);
        for corner in 0..round {
            let (a, b) = (first + 1 + 2 * corner, first + 1 + 2 * ((corner + 1) % round));
            self.mesh.indices.extend([first, a, b, a, a + 1, b + 1, a, b + 1, b]);
        }
    }

    fn corner(&mut self, pos: Pos2, color: Color32) {
        self.mesh.vertices.push(Vertex { pos, uv: WHITE_UV, color });
    }

    fn next(&self) -> u32 {
        u32::try_from(self.mesh.vertices.len()).unwrap_or(u32::MAX)
    }
}

fn direction(from: Pos2, to: Pos2) -> Option<Vec2> {
    let step = to - from;
    let length = step.length();
    (length > 0.0 && length.is_finite()).then(|| step / length)
}
