//! Perceptual colour maps: viridis for the loss, inferno for the sharpness (by S. van der Walt and N. Smith for
//! Matplotlib, dedicated to the public domain under CC0), at eleven knots each. They are mixed with the background,
//! so that the lines over them stand out.

use egui::Color32;

/// A colour map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColorMap {
    /// For the loss.
    Viridis,
    /// For the sharpness.
    Inferno,
}

const VIRIDIS: [[u8; 3]; 11] = [
    [0x44, 0x01, 0x54],
    [0x48, 0x25, 0x76],
    [0x41, 0x44, 0x87],
    [0x35, 0x60, 0x8d],
    [0x2a, 0x78, 0x8e],
    [0x21, 0x90, 0x8c],
    [0x22, 0xa8, 0x84],
    [0x43, 0xbf, 0x71],
    [0x7a, 0xd1, 0x51],
    [0xbb, 0xdf, 0x27],
    [0xfd, 0xe7, 0x25],
];

const INFERNO: [[u8; 3]; 11] = [
    [0x00, 0x00, 0x04],
    [0x16, 0x0b, 0x39],
    [0x42, 0x0a, 0x68],
    [0x6a, 0x17, 0x6e],
    [0x93, 0x26, 0x67],
    [0xbc, 0x37, 0x54],
    [0xdd, 0x51, 0x3a],
    [0xf3, 0x78, 0x19],
    [0xfc, 0xa5, 0x0a],
    [0xf6, 0xd7, 0x46],
    [0xfc, 0xff, 0xa4],
];

/// Share of the background colour in the mixture.
const WASH: f32 = 0.52;

impl ColorMap {
    /// The colour of a fraction between the smallest and the largest value, over a background. On a light background
    /// the smallest value is the lightest, on a dark one the darkest: the floor of the valley is nearest to the
    /// background.
    pub fn color(self, share: f32, ground: Color32) -> Color32 {
        let knots = match self {
            Self::Viridis => &VIRIDIS,
            Self::Inferno => &INFERNO,
        };
        let is_light = ground.intensity() > 0.5;
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        let place = (if is_light { 1.0 - share } else { share }) * (knots.len() - 1) as f32;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 9")]
        let knot = (place as usize).min(knots.len() - 2);
        let color = |[r, g, b]: [u8; 3]| Color32::from_rgb(r, g, b);
        let pure = color(knots[knot]).lerp_to_gamma(color(knots[knot + 1]), place - knot as f32);
        pure.lerp_to_gamma(ground, WASH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_run_from_the_ground_evenly() {
        for map in [ColorMap::Viridis, ColorMap::Inferno] {
            for ground in [Color32::WHITE, Color32::from_rgb(14, 16, 19)] {
                let lights: Vec<f32> =
                    (0..=20).map(|i| map.color(i as f32 / 20.0, ground).intensity()).collect();
                let away = |light: f32| (light - ground.intensity()).abs();
                let steps = lights.windows(2).map(|ends| away(ends[1]) - away(ends[0]));
                assert!(steps.clone().all(|step| step.abs() < 0.08), "{map:?}: {lights:?}");
            }
        }
        assert_eq!(
            ColorMap::Viridis.color(f32::NAN, Color32::BLACK),
            ColorMap::Viridis.color(0.0, Color32::BLACK)
        );
    }
}
