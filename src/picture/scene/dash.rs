//! Dashes, as in the shader `shaders/line.wgsl`: a pixel is covered in proportion to the part of its length along the
//! line that lies in dashes. If dash and gap are longer than a pixel, ends fade over one pixel; if they are shorter,
//! as on a line that runs away from the eye, the opacity of the line is the share of its dashes.

/// A gap and a dash together shorter than this number of pixels are drawn as their mean.
const LEAST: f32 = 0.5;

/// Dash and gap, in lengths of the box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScreenDash {
    on: f32,
    period: f32,
}

impl ScreenDash {
    /// `None` if there is no dash or no gap.
    pub fn new([on, off]: [f32; 2]) -> Option<Self> {
        let period = on + off;
        (on > 0.0 && off > 0.0 && period.is_finite()).then_some(Self { on, period })
    }

    /// Coverage of a pixel in the line: the pixel spans an interval of the line around `length`.
    pub fn covers(self, length: f32, of_pixel: f32) -> f32 {
        let Self { on, period } = self;
        if !(of_pixel > 0.0 && of_pixel.is_finite()) {
            return if length.rem_euclid(period) < on { 1.0 } else { 0.0 };
        }
        if period < LEAST * of_pixel {
            return on / period;
        }
        let from = (length - 0.5 * of_pixel).rem_euclid(period);
        let to = from + of_pixel;
        let whole = (to / period).floor();
        let dashed = whole * on + (to - whole * period).min(on) - from.min(on);
        (dashed / of_pixel).clamp(0.0, 1.0)
    }

    /// Positions between two lengths at which the covered share of a pixel begins or stops changing, in no particular
    /// order.
    pub fn bends(self, [from, to]: [f32; 2], of_pixel: f32) -> impl Iterator<Item = f32> {
        let Self { on, period } = self;
        let half = 0.5 * of_pixel;
        let told_apart = half.is_finite() && period >= LEAST * of_pixel;
        let number = |length: f32| if told_apart { (length / period).floor() } else { 0.0 };
        let (first, last) = (number(from - half), number(to + half));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most some for every pixel"
        )]
        let count = if told_apart { (last - first).max(0.0) as usize + 1 } else { 0 };
        (0..count)
            .flat_map(move |place| {
                let begin = (first + place as f32) * period;
                [begin - half, begin + half, begin + on - half, begin + on + half]
            })
            .filter(move |bend| (from..to).contains(bend))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The share of a pixel that lies in dashes, determined by sampling many positions in it.
    fn counted(dash: ScreenDash, length: f32, of_pixel: f32) -> f32 {
        let places = 2000_u16;
        let inside = (0..places).filter(|&place| {
            let share = (f32::from(place) + 0.5) / f32::from(places) - 0.5;
            (length + share * of_pixel).rem_euclid(dash.period) < dash.on
        });
        inside.count() as f32 / f32::from(places)
    }

    #[test]
    fn a_pixel_is_covered_as_far_as_it_lies_in_dashes() {
        let dash = ScreenDash::new([0.03, 0.05]).expect("a dash");
        for of_pixel in [0.001, 0.01, 0.04, 0.07, 0.11, 0.155] {
            for step in 0_u8..200 {
                let length = 0.0041 * f32::from(step);
                let (covers, counted) = (dash.covers(length, of_pixel), counted(dash, length, of_pixel));
                assert!((covers - counted).abs() < 5e-3, "{length}, {of_pixel}: {covers}, not {counted}");
            }
        }
        // too short to be distinguished, and zero length
        assert!((dash.covers(0.4, 5.0) - 0.375).abs() < 1e-6);
        assert_eq!((dash.covers(0.01, 0.0), dash.covers(0.05, 0.0)), (1.0, 0.0));
    }

    #[test]
    fn between_its_bends_coverage_changes_evenly() {
        let dash = ScreenDash::new([0.03, 0.05]).expect("a dash");
        for of_pixel in [0.004, 0.02, 0.06, 0.15] {
            let range = [0.013, 0.61];
            let mut bends: Vec<f32> = dash.bends(range, of_pixel).chain(range).collect();
            bends.sort_by(f32::total_cmp);
            assert!(bends.len() > 20 && bends.iter().all(|bend| (range[0]..=range[1]).contains(bend)));
            for pair in bends.windows(2) {
                let at = |share: f32| dash.covers(pair[0] + share * (pair[1] - pair[0]), of_pixel);
                let straight = 0.5 * (at(0.25) + at(0.75));
                assert!((at(0.5) - straight).abs() < 2e-3, "{pair:?}, {of_pixel}");
            }
        }
        assert_eq!(dash.bends([0.0, 1e9], 1.0).count(), 0, "too short to be told apart");
    }

    #[test]
    fn no_dash_is_none() {
        for dash in [[0.0, 1.0], [1.0, 0.0], [f32::NAN, 1.0], [f32::INFINITY, 1.0]] {
            assert_eq!(ScreenDash::new(dash), None);
        }
    }
}
