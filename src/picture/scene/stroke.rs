//! Lines as triangles: solid within, fading over one pixel at the sides, rounded at ends and sharp bends. The shader
//! `shaders/line.wgsl` covers pixels by the same rule.

use super::dash::ScreenDash;
use egui::epaint::{Mesh, Vertex, WHITE_UV};
use egui::{Color32, Pos2, Vec2, pos2, vec2};

/// Cosine of the sharpest bend at which the sides of two pieces still meet in one point.
const MITRE: f32 = 0.5;
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
    #[must_use]
    pub fn towards(&self, other: &Self, share: f32) -> Self {
        let mix = |a: f32, b: f32| a + share * (b - a);
        Self {
            place: pos2(mix(self.place.x, other.place.x), mix(self.place.y, other.place.y)),
            at: std::array::from_fn(|axis| mix(self.at[axis], other.at[axis])),
            length: mix(self.length, other.length),
        }
    }
}

/// A place on a line, and how much of the line is seen there, 0 to 1; in between it changes evenly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StrokeSample {
    /// On the screen.
    pub place: Pos2,
    /// The share.
    pub seen: f32,
}

/// Gathers the samples of a line, without those that lie evenly between two others.
#[derive(Default)]
pub struct Samples {
    list: Vec<StrokeSample>,
    /// Whether the last one is on the piece that is being gathered, and not at its end.
    between: bool,
}

impl Samples {
    /// Between two points, at shares of the way that ascend from 0 to 1; `visible` is asked there.
    pub fn piece(
        &mut self,
        a: &Point,
        b: &Point,
        shares: impl IntoIterator<Item = f32>,
        dash: Option<ScreenDash>,
        pixel: f32,
        visible: impl Fn(&Point) -> bool,
    ) {
        // the length of the line that one pixel of it takes
        let of_pixel = pixel * (b.length - a.length) / a.place.distance(b.place).max(f32::MIN_POSITIVE);
        self.between = false;
        for share in shares {
            let point = a.towards(b, share);
            let seen = match dash {
                _ if !visible(&point) => 0.0,
                Some(dash) => dash.covers(point.length, of_pixel),
                None => 1.0,
            };
            self.push(StrokeSample { place: point.place, seen });
        }
    }

    fn push(&mut self, sample: StrokeSample) {
        if let [.., before, last] = self.list[..]
            && self.between
            && before.seen == last.seen
            && last.seen == sample.seen
        {
            self.list.pop();
        }
        // the first of a piece stays where the one before has ended
        self.between = self.list.last().is_some_and(|last| last.place != sample.place);
        if self.between || self.list.is_empty() {
            self.list.push(sample);
        }
    }

    /// All of them; there are none from now on.
    pub fn take(&mut self) -> Vec<StrokeSample> {
        self.between = false;
        std::mem::take(&mut self.list)
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
#[derive(Clone, Copy)]
struct Profile {
    inner: f32,
    outer: f32,
    color: Color32,
}

impl Profile {
    fn seen(self, share: f32) -> Self {
        Self { color: if share < 1.0 { self.color.gamma_multiply(share) } else { self.color }, ..self }
    }
}

impl Pen<'_> {
    fn profile(&self, width: f32, color: Color32) -> Profile {
        let (half, feather) = (0.5 * width, 0.5 * self.pixel);
        // A line thinner than a pixel never covers one whole.
        let most = ((half + feather) / self.pixel).min(1.0);
        Profile { inner: (half - feather).max(0.0), outer: half + feather, color: color.gamma_multiply(most) }
    }

    /// A line as far as it is seen; `round` says whether its ends are.
    pub fn line(&mut self, samples: &[StrokeSample], width: f32, color: Color32, round: bool) {
        let profile = self.profile(width, color);
        let mut discs = self.body(samples, &profile);
        if let ([first, .., last], true) = (samples, round) {
            discs.extend([*first, *last]);
        }
        for disc in discs.into_iter().filter(|disc| disc.seen > 0.0) {
            self.disc(disc.place, &profile.seen(disc.seen));
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
    fn body(&mut self, samples: &[StrokeSample], profile: &Profile) -> Vec<StrokeSample> {
        let mut bends = Vec::new();
        let mut before: Option<(u32, Option<Vec2>)> = None;
        for (i, pair) in samples.windows(2).enumerate() {
            let [a, b] = [pair[0], pair[1]];
            let Some(along) = direction(a.place, b.place) else { continue };
            if a.seen <= 0.0 && b.seen <= 0.0 {
                before = None;
                continue;
            }
            let normal = vec2(-along.y, along.x);
            let start = match before {
                None => self.row(a, normal, profile),
                // The row that ended the piece before, turned half-way, serves both.
                Some((row, Some(turned))) if turned == normal => row,
                Some(_) => {
                    bends.push(a);
                    self.row(a, normal, profile)
                }
            };
            let next = samples[i + 1..].windows(2).find_map(|pair| direction(pair[0].place, pair[1].place));
            let (end, expected) = match next {
                Some(next) if next.dot(along) > MITRE => {
                    let turned = vec2(-next.y, next.x);
                    let middle = (normal + turned) / (1.0 + normal.dot(turned));
                    (self.row(b, middle, profile), Some(turned))
                }
                _ => (self.row(b, normal, profile), None),
            };
            self.strip(start, end);
            before = Some((end, expected));
        }
        bends
    }

    /// Four corners across a line.
    fn row(&mut self, sample: StrokeSample, normal: Vec2, profile: &Profile) -> u32 {
        let first = self.next();
        let color = profile.seen(sample.seen).color;
        for (side, color) in [
            (-profile.outer, Color32::TRANSPARENT),
            (-profile.inner, color),
            (profile.inner, color),
            (profile.outer, Color32::TRANSPARENT),
        ] {
            self.corner(sample.place + side * normal, color);
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
