//! The fonts of every picture and window: DejaVu Sans, which has the mathematical signs, with egui's own fonts as the
//! fallback for icons.

use egui::{FontData, FontDefinitions, FontFamily};
use std::sync::Arc;

/// Every character beyond ASCII that the program uses.
pub const NEEDED: &str = "∇⟨⟩⪰⪯⊥‖ηλσΣΔδβνθ·×±√∞≈≤≥→←−–—…⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺₀₁₂₃₄₅₆₇₈₉½°▲▼▶◀❚●○✕②③④⑤⑥⑦⑧⑨";

/// The family for titles.
pub fn bold() -> FontFamily {
    FontFamily::Name("bold".into())
}

/// Puts DejaVu Sans before egui's fonts in every family, and adds a bold family.
pub fn definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let mut add = |name: &str, bytes: &'static [u8]| {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    };
    add("DejaVu Sans", include_bytes!("../../../assets/fonts/DejaVuSans.ttf"));
    add("DejaVu Sans Bold", include_bytes!("../../../assets/fonts/DejaVuSans-Bold.ttf"));
    let fallback = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    let with = |first: &str| {
        let mut names = vec![first.to_owned()];
        names.extend(fallback.iter().cloned());
        names
    };
    let (regular, strong) = (with("DejaVu Sans"), with("DejaVu Sans Bold"));
    fonts.families.insert(FontFamily::Proportional, regular);
    fonts.families.insert(bold(), strong);
    if let Some(monospace) = fonts.families.get_mut(&FontFamily::Monospace) {
        // After Hack, whose digits have equal widths, for the signs it lacks.
        monospace.insert(1.min(monospace.len()), "DejaVu Sans".to_owned());
    }
    fonts
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{FontId, epaint::text::TextOptions};

    #[test]
    fn every_sign_the_program_writes_has_a_glyph() {
        let mut fonts = egui::epaint::Fonts::new(TextOptions::default(), definitions());
        let mut view = fonts.with_pixels_per_point(1.0);
        for family in [FontFamily::Proportional, FontFamily::Monospace, bold()] {
            let font = FontId::new(12.0, family);
            for sign in NEEDED.chars() {
                assert!(view.has_glyph(&font, sign), "{font:?} has no {sign}");
            }
            assert!(!view.has_glyph(&font, '\u{10fffe}'), "the test tells a missing glyph");
        }
    }
}
