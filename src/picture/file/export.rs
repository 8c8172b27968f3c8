//! Pictures for files: the summary of a run, a panel, the plots, or any other drawing of a view.

use super::dashboard::dashboard_ui;
use super::png::{PngError, encode_animation, encode_png};
use super::raster::Image;
use super::render::{LONGEST_SIDE, render, render_svg};
use crate::picture::panel::panel_ui;
use crate::picture::style::theme::{self, Palette};
use crate::picture::view::ViewState;
use crate::picture::view::panel::Panel;
use crate::picture::view::run_view::RunView;
use crate::picture::view::scene::Scene;
use crate::run::analysis::curves::Curves;
use crate::run::live::spectra::Spectra;
use crate::run::record::history::History;
use brink_core::dynamics::Inspection;
use egui::{Align, CentralPanel, Frame, Layout, Margin, Theme, Ui, Vec2, vec2};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Size of `summary.png`, in points.
pub const SUMMARY_SIZE: Vec2 = vec2(1280.0, 800.0);

/// Permitted side lengths of a picture, in points.
pub const SIDES: RangeInclusive<f32> = 100.0..=8000.0;

/// Permitted numbers of pixels per point.
pub const SCALES: RangeInclusive<f32> = 0.1..=8.0;

impl Curves {
    /// The complete curves of a finished history.
    pub fn of(history: &History, smoothing_steps: f64) -> Self {
        let mut curves = Self::default();
        curves.update(history, smoothing_steps, usize::MAX);
        curves
    }
}

/// The picture that a headless run writes: the six plots, light, at twice the resolution of 1280×800.
///
/// # Errors
/// See [`encode_png`].
pub fn summary_png(view: &RunView) -> Result<Vec<u8>, PngError> {
    dashboard_png(view, SUMMARY_SIZE, 2.0, Theme::Light)
}

/// Width and height of a picture in pixels.
///
/// # Errors
/// If it has more pixels than permitted.
pub fn pixels(size: Vec2, scale: f32) -> Result<[usize; 2], PngError> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    let [width, height] = [size.x, size.y].map(|side| (side * scale).round() as usize);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a constant")]
    let most = LONGEST_SIDE as usize;
    if width.max(height) > most {
        return Err(PngError::TooLarge { width, height, most });
    }
    Ok([width, height])
}

/// The six plots as a PNG file of `size` points at `scale` pixels per point.
///
/// # Errors
/// See [`content_png`].
pub fn dashboard_png(view: &RunView, size: Vec2, scale: f32, theme: Theme) -> Result<Vec<u8>, PngError> {
    content_png(view, size, scale, theme, subject(None))
}

/// One panel as a PNG file of `size` points at `scale` pixels per point.
///
/// # Errors
/// See [`content_png`].
pub fn panel_png(
    view: &RunView,
    panel: Panel,
    size: Vec2,
    scale: f32,
    theme: Theme,
) -> Result<Vec<u8>, PngError> {
    content_png(view, size, scale, theme, subject(Some(panel)))
}

/// The drawing of a view by a closure, below a caption, as a PNG file of `size` points at `scale` pixels per point.
///
/// # Errors
/// See [`encode_png`] and [`pixels`].
pub fn content_png(
    view: &RunView,
    size: Vec2,
    scale: f32,
    theme: Theme,
    content_ui: impl FnMut(&mut Ui, &RunView),
) -> Result<Vec<u8>, PngError> {
    pixels(size, scale)?;
    encode_png(&picture(view, size, scale, theme, content_ui), scale, &texts(view))
}

/// The drawing of a view by a closure, below a caption, as an SVG file of `size` points.
pub fn content_svg(
    view: &RunView,
    size: Vec2,
    theme: Theme,
    mut content_ui: impl FnMut(&mut Ui, &RunView),
) -> String {
    let mut state = view.state.clone();
    state.hover = None;
    let still = RunView { controls: false, state: &state, ..*view };
    let origin: Vec<String> = texts(view).into_iter().map(|(key, text)| format!("{key}: {text}")).collect();
    render_svg(size, theme, &origin.join("; "), |ui| {
        captioned_ui(ui, &still, |ui| content_ui(ui, &still));
    })
}

/// Draws a panel, or the six plots for `None`.
pub fn subject(panel: Option<Panel>) -> impl FnMut(&mut Ui, &RunView) {
    move |ui, view| match panel {
        Some(panel) => panel_ui(ui, panel, view, &mut Vec::new()),
        None => dashboard_ui(ui, view, &mut Vec::new()),
    }
}

/// The steps of an animation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Film {
    /// First and last step.
    pub steps: [usize; 2],
    /// Number of pictures, which are spread over the steps between first and last; 1 to [`Film::MOST`].
    pub frames: u32,
    /// Pictures per second; at least 1.
    pub per_second: u16,
}

impl Film {
    /// Maximum number of pictures of an animation.
    pub const MOST: u32 = 1000;

    /// The step that a picture shows.
    fn step(&self, frame: u32) -> usize {
        let [first, last] = self.steps;
        let share = f64::from(frame) / f64::from(self.frames.saturating_sub(1).max(1));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most the last step")]
        let passed = (share * last.saturating_sub(first) as f64).round() as usize;
        first + passed
    }
}

/// Data computed at one step, in addition to the recorded data.
#[derive(Clone, Debug, Default)]
pub struct StepExtras {
    /// The inspected step.
    pub inspection: Option<Inspection>,
    /// Weight space around the step.
    pub scene: Option<Arc<Scene>>,
    /// The Hessian's spectra at the step.
    pub spectra: Option<Spectra>,
}

impl StepExtras {
    /// A view that shows these data; missing data stay as they were.
    pub fn in_view<'a>(&'a self, view: &RunView<'a>) -> RunView<'a> {
        let Self { inspection, scene, spectra } = self;
        RunView {
            inspection: inspection.as_ref().or(view.inspection),
            scene: scene.as_ref().or(view.scene),
            spectra: spectra.as_ref().or(view.spectra),
            ..*view
        }
    }
}

/// The drawing of a view by a closure, below a caption, as an animated PNG file: the cursor goes through the steps of
/// a film. `look` provides the data for each step, in ascending order.
///
/// # Errors
/// See [`encode_animation`] and [`pixels`]; or the error of `look`.
pub fn animation_png<E: From<PngError>>(
    view: &RunView,
    mut content_ui: impl FnMut(&mut Ui, &RunView),
    size: Vec2,
    scale: f32,
    theme: Theme,
    film: &Film,
    mut look: impl FnMut(usize) -> Result<StepExtras, E>,
) -> Result<Vec<u8>, E> {
    pixels(size, scale)?;
    let frames = film.frames.clamp(1, Film::MOST);
    let mut failed = None;
    let mut seen: Option<(usize, StepExtras)> = None;
    let images = (0..frames).map_while(|frame| {
        let step = film.step(frame);
        // with more pictures than steps, some steps are shown twice
        if seen.as_ref().is_none_or(|(at, _)| *at != step) {
            match look(step) {
                Ok(looked) => seen = Some((step, looked)),
                Err(error) => {
                    failed = Some(error);
                    return None;
                }
            }
        }
        let (_, looked) = seen.as_ref()?;
        let state = ViewState { cursor: Some(step), ..view.state.clone() };
        let view = RunView { state: &state, ..looked.in_view(view) };
        Some(picture(&view, size, scale, theme, &mut content_ui))
    });
    let bytes = encode_animation(frames, images, (1, film.per_second.max(1)), &texts(view));
    match failed {
        Some(error) => Err(error),
        None => Ok(bytes?),
    }
}

/// A caption above the drawing of `content_ui`; no switches, no pointer.
fn picture(
    view: &RunView,
    size: Vec2,
    scale: f32,
    theme: Theme,
    mut content_ui: impl FnMut(&mut Ui, &RunView),
) -> Image {
    let mut state = view.state.clone();
    state.hover = None;
    let view = RunView { controls: false, state: &state, ..*view };
    render(size, scale, theme, |ui| captioned_ui(ui, &view, |ui| content_ui(ui, &view)))
}

fn captioned_ui(ui: &mut Ui, view: &RunView, content_ui: impl FnOnce(&mut Ui)) {
    let palette = Palette::in_ui(ui);
    let frame = Frame::new().fill(palette.panel).inner_margin(Margin::symmetric(12, 10));
    CentralPanel::default().frame(frame).show(ui, |ui| {
        ui.with_layout(Layout::top_down(Align::Min), |ui| {
            let caption =
                egui::RichText::new(view.caption()).font(theme::label_font()).color(palette.faint_text);
            ui.add(egui::Label::new(caption).wrap());
            ui.add_space(4.0);
            content_ui(ui);
        });
    });
}

/// The origin stored in a picture: keywords and texts.
pub fn texts(view: &RunView) -> Vec<(String, String)> {
    let facts = view.facts;
    [
        ("Title", facts.title.clone()),
        ("Software", format!("Brink {}", facts.version)),
        ("Brink preset", facts.preset.clone()),
        ("Brink seed", facts.seed.clone()),
        ("Brink eta", view.etas().join(", ")),
        ("Brink command", facts.command.clone()),
        ("Brink steps", view.history.rows().to_string()),
        ("Brink smoothing", format!("{} steps", view.state.smoothing_steps)),
    ]
    .map(|(keyword, text)| (keyword.to_owned(), text))
    .to_vec()
}
