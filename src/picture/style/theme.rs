//! Colours, dashes and widths by role, for light and dark, and the style of the surrounding interface. They are
//! defined only here; no panel names a colour.
//!
//! The hues are those of Okabe and Ito, which are distinguishable under every common colour blindness; on dark they
//! are lightened to keep their contrast. Dash and width distinguish the processes without any colour.

use super::font;
use crate::run::analysis::cycles::CyclePhase;
use crate::run::analysis::validity::Light;
use brink_core::dynamics::inspection::Term;
use egui::{Color32, Context, FontFamily, FontId, Stroke, TextStyle, Theme, Ui};

/// The meaning of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Gradient descent: coloured, solid.
    GradientDescent,
    /// Gradient flow: red, dashed.
    GradientFlow,
    /// A state of the central flow: black (white on dark), solid.
    CentralFlow,
    /// The central flow's prediction of a time average: black (white on dark), dashed.
    Prediction,
    /// The edge 2/η: dotted.
    Threshold,
    /// A line of gradient descent's i-th eigenvalue or eigenvector, counted from 0: coloured, solid.
    Eigen(usize),
}

/// The visual weight of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Weight {
    /// Individual values: thin and faint, in the background.
    Raw,
    /// An ordinary line.
    Normal,
    /// A smoothed curve: thick.
    Smoothed,
}

/// The dash pattern of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dash {
    /// Solid.
    Solid,
    /// Dashes.
    Dashed,
    /// Dots.
    Dotted,
}

/// Widths of the lines of the first, second, … other run, in points; the run itself has a different width.
const OVERLAY_WIDTHS: [f32; 4] = [2.4, 0.9, 3.2, 2.0];

/// Opacity of the lines of the first other runs, and of the runs after them, which reuse the widths.
const OVERLAY_STRENGTHS: [f32; 2] = [0.75, 0.4];

/// The appearance of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ink {
    /// Its colour.
    pub color: Color32,
    /// The colour of its label and its marks: the full colour if the line itself is faint.
    pub label: Color32,
    /// Its width in points.
    pub width: f32,
    /// Its dash.
    pub dash: Dash,
}

impl Ink {
    /// The same line of another run drawn over the first, with its own weight.
    #[must_use]
    pub fn of_overlay(self, place: usize) -> Self {
        let width = OVERLAY_WIDTHS[place % OVERLAY_WIDTHS.len()];
        let strength = OVERLAY_STRENGTHS[place / OVERLAY_WIDTHS.len() % OVERLAY_STRENGTHS.len()];
        Self { color: self.label.gamma_multiply(strength), width, ..self }
    }

    /// Raw values of another run, behind its smoothed ones.
    #[must_use]
    pub fn behind_overlay(self, place: usize) -> Self {
        Self { color: self.of_overlay(place).color.gamma_multiply(0.4), width: 0.7, ..self }
    }

    /// Its colour and width.
    pub fn stroke(self) -> Stroke {
        Stroke::new(self.width, self.color)
    }
}

/// The colours of one theme.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Palette {
    /// Colours of the lines of the series: eigenvalue 0, 1, ….
    eigen: [Color32; 8],
    gradient_flow: Color32,
    central_flow: Color32,
    threshold: Color32,
    /// Background of the window.
    pub panel: Color32,
    /// Background of a plot.
    pub plot: Color32,
    /// Grid lines.
    pub grid: Color32,
    /// The frame of a plot.
    pub frame: Color32,
    /// Text.
    pub text: Color32,
    /// Secondary text: ticks, notes.
    pub faint_text: Color32,
    /// Shading of steps without predictions.
    pub shade: Color32,
    /// A change of η on the step axis.
    pub eta_change: Color32,
    /// Problems: a gap, a divergence.
    pub trouble: Color32,
    /// The cursor.
    pub cursor: Color32,
    /// Tint of the stable region of weight space.
    pub stable: Color32,
}

const LIGHT: Palette = Palette {
    eigen: [
        Color32::from_rgb(0x00, 0x72, 0xb2),
        Color32::from_rgb(0xe6, 0x9f, 0x00),
        Color32::from_rgb(0x00, 0x9e, 0x73),
        Color32::from_rgb(0xcc, 0x79, 0xa7),
        Color32::from_rgb(0x56, 0xb4, 0xe9),
        Color32::from_rgb(0x8c, 0x6d, 0x1f),
        Color32::from_rgb(0x6b, 0x6b, 0x6b),
        Color32::from_rgb(0x88, 0x22, 0x55),
    ],
    gradient_flow: Color32::from_rgb(0xd5, 0x2b, 0x1e),
    central_flow: Color32::from_rgb(0x00, 0x00, 0x00),
    threshold: Color32::from_rgb(0x30, 0x30, 0x30),
    panel: Color32::from_rgb(0xf7, 0xf7, 0xf8),
    plot: Color32::from_rgb(0xff, 0xff, 0xff),
    grid: Color32::from_rgb(0xe9, 0xea, 0xec),
    frame: Color32::from_rgb(0xb4, 0xb8, 0xbe),
    text: Color32::from_rgb(0x16, 0x18, 0x1c),
    faint_text: Color32::from_rgb(0x55, 0x5b, 0x63),
    shade: Color32::from_rgba_premultiplied(0x2c, 0x22, 0x08, 0x30),
    eta_change: Color32::from_rgb(0x7a, 0x3e, 0x9d),
    trouble: Color32::from_rgb(0xb0, 0x1f, 0x14),
    cursor: Color32::from_rgb(0x6a, 0x70, 0x78),
    stable: Color32::from_rgb(0x00, 0x9e, 0x73),
};

const DARK: Palette = Palette {
    eigen: [
        Color32::from_rgb(0x4f, 0xb0, 0xf0),
        Color32::from_rgb(0xf2, 0xae, 0x1c),
        Color32::from_rgb(0x2d, 0xc9, 0x9a),
        Color32::from_rgb(0xe2, 0x97, 0xc2),
        Color32::from_rgb(0xf0, 0xe4, 0x42),
        Color32::from_rgb(0xc2, 0x9f, 0x5e),
        Color32::from_rgb(0xa0, 0xa4, 0xaa),
        Color32::from_rgb(0xd0, 0x6a, 0x92),
    ],
    gradient_flow: Color32::from_rgb(0xff, 0x6a, 0x55),
    central_flow: Color32::from_rgb(0xff, 0xff, 0xff),
    threshold: Color32::from_rgb(0xd4, 0xd6, 0xda),
    panel: Color32::from_rgb(0x17, 0x19, 0x1d),
    plot: Color32::from_rgb(0x0e, 0x10, 0x13),
    grid: Color32::from_rgb(0x23, 0x26, 0x2b),
    frame: Color32::from_rgb(0x50, 0x56, 0x5e),
    text: Color32::from_rgb(0xec, 0xed, 0xef),
    faint_text: Color32::from_rgb(0xa8, 0xae, 0xb6),
    shade: Color32::from_rgba_premultiplied(0x2c, 0x24, 0x10, 0x20),
    eta_change: Color32::from_rgb(0xc8, 0x92, 0xe6),
    trouble: Color32::from_rgb(0xff, 0x7a, 0x6a),
    cursor: Color32::from_rgb(0x9a, 0xa0, 0xa8),
    stable: Color32::from_rgb(0x2d, 0xc9, 0x9a),
};

/// The light theme for a projector in a bright room: white background, black text, lines dark enough to be visible.
const HIGH_CONTRAST: Palette = Palette {
    eigen: [
        Color32::from_rgb(0x00, 0x5a, 0x96),
        Color32::from_rgb(0xb3, 0x6b, 0x00),
        Color32::from_rgb(0x00, 0x7a, 0x58),
        Color32::from_rgb(0xa8, 0x45, 0x7c),
        Color32::from_rgb(0x1c, 0x7f, 0xb8),
        Color32::from_rgb(0x6e, 0x53, 0x10),
        Color32::from_rgb(0x50, 0x50, 0x50),
        Color32::from_rgb(0x6d, 0x1b, 0x44),
    ],
    gradient_flow: Color32::from_rgb(0xc0, 0x1c, 0x10),
    threshold: Color32::BLACK,
    panel: Color32::WHITE,
    plot: Color32::WHITE,
    grid: Color32::from_rgb(0xdc, 0xde, 0xe2),
    frame: Color32::from_rgb(0x60, 0x64, 0x6a),
    text: Color32::BLACK,
    faint_text: Color32::from_rgb(0x2c, 0x30, 0x36),
    eta_change: Color32::from_rgb(0x5e, 0x22, 0x82),
    cursor: Color32::from_rgb(0x40, 0x44, 0x4a),
    ..LIGHT
};

/// The key under which a context stores whether it uses high contrast.
fn contrast_id() -> egui::Id {
    egui::Id::unique("brink: high contrast")
}

/// Switches the light theme to high contrast, or back.
pub fn set_high_contrast(context: &Context, on: bool) {
    context.data_mut(|data| data.insert_temp(contrast_id(), on));
    dress(context, Theme::Light, if on { &HIGH_CONTRAST } else { &LIGHT });
}

impl Palette {
    /// The palette of a theme.
    pub fn of(theme: Theme) -> &'static Self {
        match theme {
            Theme::Light => &LIGHT,
            Theme::Dark => &DARK,
        }
    }

    /// The palette of the theme of `ui`.
    pub fn in_ui(ui: &Ui) -> &'static Self {
        if ui.visuals().dark_mode {
            &DARK
        } else if ui.data(|data| data.get_temp(contrast_id()).unwrap_or(false)) {
            &HIGH_CONTRAST
        } else {
            &LIGHT
        }
    }

    /// The colour of a role.
    pub fn color(&self, role: Role) -> Color32 {
        match role {
            Role::GradientDescent => self.eigen[0],
            Role::GradientFlow => self.gradient_flow,
            Role::CentralFlow | Role::Prediction => self.central_flow,
            Role::Threshold => self.threshold,
            Role::Eigen(i) => self.eigen[i % self.eigen.len()],
        }
    }

    /// The colour of a term of the inspector, wherever it appears.
    pub fn term(&self, term: Term) -> Color32 {
        match term {
            Term::Gradient => self.eigen[2],
            Term::Oscillation => self.eigen[0],
            Term::Push => self.gradient_flow,
            Term::Orthogonal => self.eigen[3],
            Term::Remainder => self.faint_text,
        }
    }

    /// The tint of a cycle's phase, over a plot or on the timeline.
    pub fn phase(&self, phase: CyclePhase) -> Color32 {
        let color = match phase {
            CyclePhase::Sharpening => self.frame,
            CyclePhase::Growth => self.eigen[1],
            CyclePhase::Reduction => self.gradient_flow,
            CyclePhase::Decay => self.eigen[0],
            CyclePhase::Settled => self.eigen[2],
        };
        self.plot.lerp_to_gamma(color, 0.16)
    }

    /// The colour of a traffic light.
    pub fn light(&self, light: Light) -> Color32 {
        match light {
            Light::Green => self.eigen[2],
            Light::Amber => self.eigen[1],
            Light::Red => self.trouble,
        }
    }

    /// The appearance of a line of a role.
    pub fn ink(&self, role: Role, weight: Weight) -> Ink {
        let dash = match role {
            Role::GradientDescent | Role::CentralFlow | Role::Eigen(_) => Dash::Solid,
            Role::GradientFlow | Role::Prediction => Dash::Dashed,
            Role::Threshold => Dash::Dotted,
        };
        let color = self.color(role);
        match weight {
            // Opaque, so that a dense line is as faint as a single one.
            Weight::Raw => Ink { color: self.plot.lerp_to_gamma(color, 0.6), label: color, width: 1.0, dash },
            Weight::Normal => {
                Ink { color, label: color, width: if dash == Dash::Dotted { 1.2 } else { 1.6 }, dash }
            }
            Weight::Smoothed => Ink { color, label: color, width: 3.0, dash },
        }
    }
}

/// The title of a panel.
pub fn title_font() -> FontId {
    FontId::new(13.0, font::bold())
}

/// Font of legends and labels at the ends of lines.
pub fn label_font() -> FontId {
    FontId::new(11.0, FontFamily::Proportional)
}

/// Font of numbers at the axes, and of notes.
pub fn tick_font() -> FontId {
    FontId::new(10.5, FontFamily::Proportional)
}

/// Sets the fonts and both themes of a context. Call it once, before the first frame.
pub fn install(context: &Context) {
    context.set_fonts(font::definitions());
    for theme in [Theme::Light, Theme::Dark] {
        dress(context, theme, Palette::of(theme));
    }
}

fn dress(context: &Context, theme: Theme, palette: &Palette) {
    context.style_mut_of(theme, |style| {
        for (text_style, size) in [
            (TextStyle::Small, 10.5),
            (TextStyle::Body, 12.5),
            (TextStyle::Button, 12.5),
            (TextStyle::Monospace, 12.0),
            (TextStyle::Heading, 17.0),
        ] {
            if let Some(font) = style.text_styles.get_mut(&text_style) {
                font.size = size;
            }
        }
        // scroll handles are visible before the pointer arrives, to show that there is more content
        style.spacing.scroll.dormant_handle_opacity = 0.3;
        let visuals = &mut style.visuals;
        visuals.panel_fill = palette.panel;
        visuals.window_fill = palette.panel;
        visuals.extreme_bg_color = palette.plot;
        visuals.override_text_color = None;
        visuals.widgets.noninteractive.fg_stroke.color = palette.text;
        visuals.widgets.inactive.fg_stroke.color = palette.text;
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance as defined by WCAG 2.
    fn luminance(color: Color32) -> f32 {
        let linear = |c: u8| {
            let c = f32::from(c) / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
    }

    fn contrast(a: Color32, b: Color32) -> f32 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_and_lines_stand_out_from_what_lies_behind_them() {
        for (theme, palette, least) in
            [("light", &LIGHT, 2.0), ("dark", &DARK, 2.0), ("high contrast", &HIGH_CONTRAST, 4.0)]
        {
            for text in [palette.text, palette.faint_text, palette.trouble] {
                assert!(contrast(text, palette.panel) >= 4.5, "{theme} {text:?}");
            }
            let roles =
                (0..7).map(Role::Eigen).chain([Role::GradientFlow, Role::CentralFlow, Role::Threshold]);
            for role in roles {
                assert!(contrast(palette.color(role), palette.plot) >= least, "{theme} {role:?}");
            }
        }
    }

    #[test]
    fn every_other_run_has_a_weight_of_its_own() {
        let ink = Palette::of(Theme::Light).ink(Role::CentralFlow, Weight::Normal);
        let look = |ink: Ink| (ink.width.to_bits(), ink.color);
        let all: Vec<_> = (0..8).map(|place| look(ink.of_overlay(place))).chain([look(ink)]).collect();
        for (place, one) in all.iter().enumerate() {
            assert!(!all[..place].contains(one), "run {place} looks like one before");
        }
    }

    #[test]
    fn processes_differ_without_colour() {
        let palette = Palette::of(Theme::Light);
        let look = |role, weight| {
            let Ink { width, dash, .. } = palette.ink(role, weight);
            (width.to_bits(), dash)
        };
        assert_ne!(look(Role::CentralFlow, Weight::Normal), look(Role::Prediction, Weight::Normal));
        assert_ne!(look(Role::Threshold, Weight::Normal), look(Role::CentralFlow, Weight::Normal));
        assert_ne!(look(Role::GradientDescent, Weight::Raw), look(Role::GradientDescent, Weight::Smoothed));
        assert_ne!(look(Role::GradientDescent, Weight::Smoothed), look(Role::CentralFlow, Weight::Normal));
    }
}
