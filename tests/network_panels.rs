//! The panels about the network itself, its predictions and the Hessian's spectrum, drawn from real runs through the
//! CPU rasterizer.
//!
//! `BRINK_WRITE_PICTURES=1 cargo test --test behaviour network_panels` rewrites the stored pictures; look at them
//! before they are committed.
#![expect(clippy::unwrap_used, reason = "a test")]

use crate::compare::check;
use crate::texts::texts;
use brink::picture::file::raster::Image;
use brink::picture::file::render::render;
use brink::picture::panel::panel_ui;
use brink::picture::view::choice::Choice;
use brink::picture::view::panel::Panel;
use brink::picture::view::run_view::RunView;
use brink::picture::view::{Facts, ViewChange, ViewState};
use brink::preset::Preset;
use brink::run::analysis::curves::Curves;
use brink::run::engine::assemble::assemble;
use brink::run::engine::problem::Sources;
use brink::run::live::spectra::{FoundSpectra, Spectra};
use brink::run::record::history::History;
use brink::run::record::predictions::Input;
use brink_core::dynamics::Process;
use egui::{Theme, Vec2, vec2};
use std::time::Duration;

const SIZE: Vec2 = vec2(560.0, 380.0);
const PANELS: [Panel; 2] = [Panel::Predictions, Panel::Spectrum];

/// A run, with the spectra at the start of the step after it.
struct Looked {
    history: History,
    spectra: Spectra,
    state: ViewState,
}

impl Looked {
    fn run(name: &str, sets: &[&str], steps: usize) -> Self {
        let mut preset = Preset::load(name).unwrap();
        for set in sets {
            preset.set(set).unwrap();
        }
        let eta = preset.optimizer.eta;
        let mut engine = assemble(&preset, &Sources::default()).unwrap();
        let mut history = History::new(preset.eigen.max_tracked);
        if let Some(examples) = engine.examples() {
            history.watch(examples);
        }
        (1..steps).for_each(|_| history.push(&engine.step(eta)));
        let mut of = |process| engine.spectrum(process, &mut |_| true).map(Result::unwrap);
        let found = FoundSpectra {
            step: steps - 1,
            eta,
            gradient_descent: of(Process::GradientDescent),
            central_flow: of(Process::CentralFlow),
            troubles: Vec::new(),
            took: Duration::from_millis(400),
        };
        history.push(&engine.step(eta));
        let spectra = Spectra { found: Some(found), ..Spectra::default() };
        Self { history, spectra, state: ViewState { smoothing_steps: 8.0, ..ViewState::default() } }
    }

    fn view<T>(&self, use_view: impl FnOnce(&RunView) -> T) -> T {
        let mut curves = Curves::default();
        let predictions = self.history.predictions();
        curves.follow(predictions.map(|found| self.state.prediction.output(found.examples())));
        curves.update(&self.history, self.state.smoothing_steps, usize::MAX);
        let facts = Facts::default();
        use_view(&RunView {
            spectra: Some(&self.spectra),
            ..RunView::still(&self.history, &curves, &facts, &self.state)
        })
    }

    fn image(&self, panel: Panel, size: Vec2, theme: Theme) -> Image {
        self.scaled(panel, size, 1.0, theme)
    }

    fn scaled(&self, panel: Panel, size: Vec2, scale: f32, theme: Theme) -> Image {
        self.view(|view| render(size, scale, theme, |ui| panel_ui(ui, panel, view, &mut Vec::new())))
    }

    fn texts(&self, panel: Panel, size: Vec2) -> Vec<(String, egui::Rect, egui::Rect)> {
        self.view(|view| {
            let view = RunView { controls: true, ..*view };
            texts(size, |ui| panel_ui(ui, panel, &view, &mut Vec::new()))
        })
    }

    fn said(&self, panel: Panel) -> String {
        self.texts(panel, SIZE).into_iter().map(|(text, ..)| text).collect::<Vec<_>>().join("|")
    }
}

/// Digits under cross-entropy at the edge; 682 parameters: all eigenvalues.
fn digits() -> Looked {
    let sets = ["model.width=8", "data.n=60", "run.precision=f64", "optimizer.eta=0.7"];
    Looked::run("digits-ce", &sets, 160)
}

fn sequences() -> Looked {
    Looked::run("transformer", &["data.n=20", "run.precision=f64"], 40)
}

fn pairs() -> Looked {
    Looked::run("chebyshev", &["run.precision=f64"], 60)
}

#[test]
fn panels_look_as_stored() {
    let (digits, sequences, pairs) = (digits(), sequences(), pairs());
    for (theme, name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        for panel in PANELS {
            for (scale, of_scale) in [(1.0, ""), (2.0, "-2x")] {
                let image = digits.scaled(panel, SIZE, scale, theme);
                check(&format!("{}-{name}{of_scale}", panel.name()), &image);
            }
        }
    }
    check("predictions-tokens", &sequences.image(Panel::Predictions, SIZE, Theme::Light));
    check("predictions-tokens-dark-2x", &sequences.scaled(Panel::Predictions, SIZE, 2.0, Theme::Dark));
    check("predictions-numbers", &pairs.image(Panel::Predictions, SIZE, Theme::Dark));
    check("predictions-numbers-light-2x", &pairs.scaled(Panel::Predictions, SIZE, 2.0, Theme::Light));
    check("spectrum-density", &sequences.image(Panel::Spectrum, SIZE, Theme::Light));
    check("spectrum-density-dark-2x", &sequences.scaled(Panel::Spectrum, SIZE, 2.0, Theme::Dark));
}

#[test]
fn no_text_is_clipped_at_the_side_or_covers_another() {
    for looked in [digits(), sequences(), pairs()] {
        for size in [SIZE, vec2(420.0, 300.0), vec2(900.0, 500.0)] {
            for panel in PANELS {
                let texts = looked.texts(panel, size);
                assert!(texts.len() > 8, "{panel:?}: {texts:?}");
                for (i, (text, rect, clip)) in texts.iter().enumerate() {
                    let inside = rect.left() >= clip.left() - 1.0 && rect.right() <= clip.right() + 1.0;
                    assert!(inside, "{text:?} at {rect:?} is clipped to {clip:?} ({panel:?}, {size:?})");
                    for (other, other_rect, _) in &texts[..i] {
                        let common = rect.intersect(*other_rect);
                        let covers = common.width() > 1.0 && common.height() > 3.0;
                        assert!(!covers, "{text:?} covers {other:?} at {rect:?} ({panel:?}, {size:?})");
                    }
                }
            }
        }
    }
}

#[test]
fn panels_say_what_they_show() {
    let mut digits = digits();
    let said = digits.said(Panel::Predictions);
    for words in ["GD: probability of class 0", "central flow", "right answer: 1", "label 0", "(1 of 10)"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    digits.state.prediction = Choice { example: 3, row: None, column: Some(8) };
    let said = digits.said(Panel::Predictions);
    assert!(said.contains("probability of class 8") && said.contains("right answer: 0"), "{said}");
    assert!(said.contains("label 3"), "{said}");
    let said = digits.said(Panel::Spectrum);
    assert!(said.contains("Step 159: all 682 eigenvalues") && said.contains("2/η"), "{said}");
    digits.state.show_central_flow = false;
    assert!(!digits.said(Panel::Predictions).contains("central flow"));
    assert!(!digits.said(Panel::Spectrum).contains("central flow"));

    let sequences = sequences();
    let said = sequences.said(Panel::Predictions);
    for words in ["input", "target", "GD says", "CF says", "output of token"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(sequences.said(Panel::Spectrum).contains("by Lanczos quadrature (6 random vectors, 80 steps)"));

    let mut valley = Looked::run("valley", &[], 30);
    assert!(valley.said(Panel::Predictions).contains("this loss is a formula"));
    assert!(valley.said(Panel::Spectrum).contains("all 2 eigenvalues"));
    valley.spectra = Spectra { found: None, progress: Some((7, 0.4)), trouble: Some("no way".into()) };
    assert!(valley.said(Panel::Spectrum).contains("no way"));
}

#[test]
fn the_picture_is_the_example_pixel_by_pixel() {
    let digits = digits();
    let Input::Picture(picture) = &digits.history.predictions().unwrap().examples().list[0].input else {
        panic!("a digit")
    };
    let image = digits.image(Panel::Predictions, SIZE, Theme::Light);
    // The picture in the strip: its left and lower edges are those of the panel.
    let side = 80;
    let (left, top) = (0, 380 - side);
    for (row, column) in [(0, 0), (0, 3), (3, 5), (4, 1), (7, 2), (7, 7)] {
        let center = |place: usize| (2 * place + 1) * side / 16;
        let found = image.pixel(left + center(column), top + center(row));
        let [r, ..] = picture.pixels[row * 8 + column];
        assert!(found.r().abs_diff(r) <= 1 && found.r() == found.g(), "{found:?} for {r} at {row}, {column}");
    }
}

#[test]
fn odd_runs_and_sizes_are_drawn_without_harm() {
    let draw = |looked: &Looked, size| {
        for panel in PANELS {
            looked.image(panel, size, Theme::Dark);
        }
    };
    let mut looked = digits();
    looked.state.prediction = Choice { example: 99, row: Some(99), column: Some(99) };
    for cursor in [None, Some(0), Some(usize::MAX)] {
        looked.state.cursor = cursor;
        for size in [
            vec2(0.0, 0.0),
            vec2(60.0, 40.0),
            vec2(3.0, 700.0),
            vec2(700.0, 30.0),
            vec2(130.0, 300.0),
            vec2(220.0, 180.0),
        ] {
            draw(&looked, size);
        }
    }
    let empty = Looked { history: History::new(1), spectra: Spectra::default(), ..digits() };
    draw(&empty, SIZE);
    let diverged = Looked::run("digits-ce", &["optimizer.eta=900", "model.width=4", "data.n=20"], 1);
    draw(&diverged, SIZE);
}

/// Clicks at a position of the panel of predictions, below its curve.
fn clicked(looked: &Looked, label: &str) -> Vec<ViewChange> {
    let mut changes = looked.view(|view| crate::hand::click(view, Panel::Predictions, SIZE, label, 250.0));
    changes.retain(|change| matches!(change, ViewChange::ShowPrediction(_)));
    changes
}

#[test]
fn buttons_columns_and_positions_choose_what_is_shown() {
    let digits = digits();
    let of = |example, row, column| [ViewChange::ShowPrediction(Choice { example, row, column })];
    assert_eq!(clicked(&digits, "▶"), of(1, None, None));
    assert_eq!(clicked(&digits, "◀"), of(9, None, None));
    assert_eq!(clicked(&digits, "▼"), of(0, Some(0), Some(1)));
    assert_eq!(clicked(&digits, "▲"), of(0, Some(0), Some(9)));
    assert_eq!(clicked(&digits, "7"), of(0, Some(0), Some(7)));
    let found = digits.history.predictions().unwrap();
    let mut choice = Choice::default();
    for _ in 0..10 {
        choice = choice.next_output(found.examples(), true);
    }
    assert_eq!(choice.output(found.examples()), Choice::default().output(found.examples()), "once round");
}
