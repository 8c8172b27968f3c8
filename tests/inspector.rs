//! The inspector's panels, drawn from real runs through the CPU rasterizer.
//!
//! `BRINK_WRITE_PICTURES=1 cargo test --test behaviour inspector` rewrites the stored pictures; look at them before
//! they are committed.
#![expect(clippy::unwrap_used, reason = "a test")]

use crate::compare::check;
use crate::sample::{Defect, record};
use crate::texts::texts;
use brink::picture::file::raster::Image;
use brink::picture::file::render::render;
use brink::picture::panel::inspector::caption::caption;
use brink::picture::panel::panel_ui;
use brink::picture::style::theme::{self, Palette};
use brink::picture::view::panel::Panel;
use brink::picture::view::run_view::RunView;
use brink::picture::view::{Facts, ViewChange, ViewState};
use brink::preset::Preset;
use brink::run::analysis::curves::Curves;
use brink::run::analysis::cycles::{Cycle, CycleOutcome, Cycles};
use brink::run::analysis::validity::{Light, checks};
use brink::run::engine::assemble::assemble;
use brink::run::engine::problem::Sources;
use brink::run::record::history::History;
use brink_core::dynamics::Inspection;
use brink_core::dynamics::inspection::Term;
use egui::{Pos2, Rect, Shape, Theme, Vec2, vec2};

const SIZE: Vec2 = vec2(470.0, 330.0);
/// A step in the growth of the second cycle.
const GROWTH: usize = 120;

/// The preset `valley`, and the inspection of one of its steps.
struct Looked {
    history: History,
    inspection: Option<Inspection>,
    state: ViewState,
}

impl Looked {
    fn valley(step: usize) -> Self {
        Self::run("valley", step)
    }

    fn run(preset: &str, step: usize) -> Self {
        let preset = Preset::load(preset).unwrap();
        let eta = preset.optimizer.eta;
        let mut engine = assemble(&preset, &Sources::default()).unwrap();
        let mut history = History::new(preset.eigen.max_tracked);
        let mut inspection = None;
        for at in 0..preset.run.steps.min(200) {
            if at == step {
                inspection = Some(engine.inspect(eta).unwrap());
            }
            history.push(&engine.step(eta));
        }
        let state = ViewState {
            cursor: Some(step),
            smoothing_steps: 10.0,
            show_phases: true,
            ..ViewState::default()
        };
        Self { history, inspection, state }
    }

    fn view<T>(&self, use_view: impl FnOnce(&RunView) -> T) -> T {
        let curves = Curves::of(&self.history, self.state.smoothing_steps);
        let facts = Facts { preset: "valley".into(), ..Facts::default() };
        use_view(&RunView {
            inspection: self.inspection.as_ref(),
            ..RunView::still(&self.history, &curves, &facts, &self.state)
        })
    }

    fn image(&self, panel: Panel, size: Vec2, theme: Theme) -> Image {
        self.view(|view| render(size, 1.0, theme, |ui| panel_ui(ui, panel, view, &mut Vec::new())))
    }
}

/// A run with two eigenvalues at the edge.
fn two() -> Looked {
    let mut history = History::new(8);
    (0..900).for_each(|step| history.push(&record(step, Defect::None, 1150)));
    Looked { history, inspection: None, state: ViewState { cursor: Some(780), ..ViewState::default() } }
}

/// Steps of a run with several eigenvalues at the edge, inspected once its first burst is over.
fn several() -> Vec<Inspection> {
    let preset = Preset::load("digits-three-at-edge").unwrap();
    let eta = preset.optimizer.eta;
    let mut engine = assemble(&preset, &Sources::default()).unwrap();
    let mut looked = Vec::new();
    for step in 0..=SEVERAL {
        if step % 25 == 0 && step >= 50 {
            looked.push(engine.inspect(eta).unwrap());
        }
        engine.step(eta);
    }
    looked
}

/// The last step of [`several`].
const SEVERAL: usize = 150;

#[test]
fn with_several_eigenvalues_at_the_edge_their_mean_changes_as_predicted() {
    for inspection in several() {
        let (k, step) = (inspection.expansion.x.len(), inspection.step);
        assert!(k >= 2, "step {step}: {k}");
        let (alone, two) = (inspection.sharpness.unwrap(), inspection.two_step.unwrap());
        let size = |change: &brink_core::dynamics::inspection::SharpnessChange| {
            change.parts.iter().map(|part| part.abs()).sum::<f64>()
        };
        let off = (alone.predicted() - alone.measured).abs();
        assert!(off < 0.2 * size(&alone), "step {step}: off by {off} in {alone:?}");
        assert!(two.parts[1].abs() < 0.3 * alone.parts[1].abs(), "step {step}: {two:?} beside {alone:?}");
        assert_eq!((inspection.growth_predicted, inspection.growth_measured), (None, None));
    }
}

#[test]
fn panels_look_as_stored() {
    let (looked, several) = (Looked::valley(GROWTH), Looked::run("digits-three-at-edge", SEVERAL));
    for (theme, name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        for panel in [Panel::Cycles, Panel::Terms, Panel::SharpnessChange, Panel::Validity] {
            check(&format!("{}-{name}", panel.name()), &looked.image(panel, SIZE, theme));
        }
        check(
            &format!("sharpness-change-several-{name}"),
            &several.image(Panel::SharpnessChange, SIZE, theme),
        );
        check(&format!("covariance-{name}"), &two().image(Panel::Covariance, SIZE, theme));
        check(&format!("phases-{name}"), &looked.image(Panel::Sharpness, SIZE, theme));
    }
}

/// Every text of a panel with its rectangle and its clip rectangle.
fn texts_of(looked: &Looked, panel: Panel, size: Vec2) -> Vec<(String, egui::Rect, egui::Rect)> {
    looked.view(|view| texts(size, |ui| panel_ui(ui, panel, view, &mut Vec::new())))
}

#[test]
fn no_text_is_clipped_at_the_side_or_covers_another() {
    let (valley, two) = (Looked::valley(GROWTH), two());
    for size in [SIZE, vec2(420.0, 500.0), vec2(900.0, 400.0)] {
        for panel in Panel::INSPECTOR {
            let looked = if panel == Panel::Covariance { &two } else { &valley };
            let texts = texts_of(looked, panel, size);
            assert!(texts.len() > 5, "{panel:?}: {texts:?}");
            for (i, (text, rect, clip)) in texts.iter().enumerate() {
                assert!(
                    rect.left() >= clip.left() - 1.0 && rect.right() <= clip.right() + 1.0,
                    "{text:?} at {rect:?} is clipped to {clip:?} ({panel:?}, {size:?})"
                );
                for (other, other_rect, _) in &texts[..i] {
                    let common = rect.intersect(*other_rect);
                    let covers = common.width() > 1.0 && common.height() > 2.0;
                    assert!(
                        !covers,
                        "{text:?} at {rect:?} covers {other:?} at {other_rect:?} ({panel:?}, {size:?})"
                    );
                }
            }
        }
    }
}

#[test]
fn panels_say_what_they_show() {
    let valley = Looked::valley(GROWTH);
    let said = |panel: Panel| {
        let texts = texts_of(&valley, panel, vec2(900.0, 600.0));
        texts.into_iter().map(|(text, ..)| text).collect::<Vec<_>>().join("|")
    };
    let inspection = valley.inspection.as_ref().unwrap();
    assert!(
        said(Panel::SharpnessChange)
            .contains(&format!("{:.2} predicted", inspection.growth_predicted.unwrap()))
    );
    assert!(said(Panel::Terms).contains("remainder"));
    assert!(said(Panel::Validity).contains("with reservations"), "{}", said(Panel::Validity));
    assert!(said(Panel::Cycles).contains("the oscillation grows by the factor 1.25 a step"));
    // A step that was not inspected is not shown as if it had been.
    let elsewhere = Looked { state: ViewState { cursor: Some(50), ..ViewState::default() }, ..valley };
    let terms = texts_of(&elsewhere, Panel::Terms, SIZE);
    assert!(terms.iter().any(|(text, ..)| text.contains("step 50 is not looked into")), "{terms:?}");
}

#[test]
fn a_cycle_that_what_is_smoothed_cannot_average_is_said_also_while_it_is_open() {
    let cycles = Cycles::of(&Looked::valley(0).history);
    let [.., whole, open] = cycles.all() else { panic!("{cycles:?}") };
    assert_eq!((whole.outcome, open.outcome), (CycleOutcome::Complete, CycleOutcome::Open));
    let said = |step: usize| {
        let texts = texts_of(&Looked::valley(step), Panel::Covariance, SIZE);
        texts.into_iter().map(|(text, ..)| text).collect::<Vec<_>>().join(" ")
    };
    let says = |cycle: &Cycle, takes: &str| {
        format!("as that from step {} on, which {takes} {} steps", cycle.start(), cycle.length())
    };
    let longer = if open.length() >= whole.length() { (open, "so far has taken") } else { (whole, "takes") };
    let middle = whole.start() + whole.length() / 2;
    for (step, sees) in [
        (middle, says(whole, "takes")),
        (open.start(), says(longer.0, longer.1)),
        (199, says(open, "so far has taken")),
    ] {
        assert!(said(step).contains(&sees), "{step}: {sees}: {}", said(step));
    }
}

#[test]
fn the_caption_follows_the_phases() {
    let valley = Looked::valley(GROWTH);
    valley.view(|view| {
        for (step, words) in [
            (10, "⟨S⟩ = 0.94·2/η: the sharpness rises"),
            (40, "the oscillation grows by the factor 1.15 a step"),
            (58, "is strong and lowers the sharpness"),
            (62, "the oscillation shrinks by the factor"),
            (100_000, "no sharpness is recorded here"),
        ] {
            assert!(caption(view, step).contains(words), "step {step}: {}", caption(view, step));
        }
    });
    two().view(|view| {
        assert!(
            caption(view, 780).contains("several eigenvalues swing about the edge"),
            "{}",
            caption(view, 780)
        );
    });
}

#[test]
fn odd_runs_sizes_and_steps_are_drawn_without_harm() {
    let empty = Looked { history: History::new(1), inspection: None, state: ViewState::default() };
    let mut valley = Looked::valley(GROWTH);
    for panel in Panel::INSPECTOR {
        empty.image(panel, SIZE, Theme::Light);
        for size in
            [vec2(0.0, 0.0), vec2(60.0, 40.0), vec2(3.0, 700.0), vec2(700.0, 30.0), vec2(130.0, 200.0)]
        {
            valley.image(panel, size, Theme::Dark);
        }
    }
    if let Some(inspection) = &mut valley.inspection {
        inspection.expansion.terms[1].norm = f64::NAN;
        inspection.expansion.terms[2].along_u = f64::INFINITY;
        inspection.sharpness = None;
        inspection.two_step = None;
        inspection.growth_measured = Some(f64::NAN);
    }
    for cursor in [0, GROWTH, usize::MAX] {
        valley.state.cursor = Some(cursor);
        for panel in Panel::INSPECTOR {
            valley.image(panel, SIZE, Theme::Light);
        }
    }
}

#[test]
fn the_table_moves_the_cursor() {
    let valley = Looked::valley(GROWTH);
    let click = |label| valley.view(|view| crate::hand::click(view, Panel::Cycles, SIZE, label, 0.0));
    assert_eq!(click("next cycle ▶"), [ViewChange::PlaceCursor(Some(136))]);
    assert_eq!(click("◀ previous cycle"), [ViewChange::PlaceCursor(Some(64))]);
    assert_eq!(click("0.279"), [ViewChange::PlaceCursor(Some(64))], "the row of the second cycle");
}

#[test]
fn the_row_of_the_cursor_is_in_sight_and_none_is_cut() {
    let mut valley = Looked::valley(0);
    let cycles = Cycles::of(&valley.history);
    for cycle in cycles.all() {
        valley.state.cursor = Some(cycle.start());
        // there is room for a row and a half
        let texts = texts_of(&valley, Panel::Cycles, vec2(SIZE.x, 130.0));
        let start = cycle.start().to_string();
        let whole = |(_, rect, clip): &(String, Rect, Rect)| clip.expand(1.0).contains_rect(*rect);
        let rows: Vec<_> =
            texts.iter().filter(|(_, rect, clip)| clip.width() > 0.0 && rect.intersects(*clip)).collect();
        assert!(rows.iter().any(|text| text.0 == start), "cycle from {start}: {texts:?}");
        assert!(rows.iter().all(|text| whole(text)), "{texts:?}");
    }
}

/// A panel with room for all of its bars.
const ROOM: Vec2 = vec2(640.0, 420.0);

/// The items highlighted in the colours of terms while the pointer is at a position: frames in the equation, and rows
/// of bars.
fn standing_out(looked: &Looked, at: Pos2) -> [Vec<(Term, Rect)>; 2] {
    let palette = Palette::of(Theme::Light);
    let context = egui::Context::default();
    theme::install(&context);
    context.set_theme(Theme::Light);
    let (mut frames, mut rows) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let input = egui::RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, ROOM)),
            events: vec![egui::Event::PointerMoved(at)],
            ..egui::RawInput::default()
        };
        let output = looked.view(|view| {
            let view = RunView { controls: true, ..*view };
            context.run_ui(input, |ui| panel_ui(ui, Panel::Terms, &view, &mut Vec::new()))
        });
        (frames, rows) = (Vec::new(), Vec::new());
        for shape in &output.shapes {
            let Shape::Rect(rect) = &shape.shape else { continue };
            for term in Term::ALL {
                let color = palette.term(term);
                if rect.stroke.width > 0.0 && rect.stroke.color == color {
                    frames.push((term, rect.rect));
                } else if rect.fill == color.gamma_multiply(0.12) {
                    rows.push((term, rect.rect));
                }
            }
        }
        output.drop_without_applying_deltas();
    }
    [frames, rows]
}

#[test]
fn a_term_that_is_pointed_at_stands_out_in_the_equation_and_in_the_bars() {
    let valley = Looked::valley(GROWTH);
    let texts = texts_of(&valley, Panel::Terms, ROOM);
    let name = |name: &str| texts.iter().find(|(text, ..)| text == name).expect(name).1;
    let names = ["gradient", "oscillation", "push (cubic)", "across u", "remainder"].map(name);
    assert_eq!(standing_out(&valley, Pos2::ZERO), [vec![], vec![]], "nothing is pointed at");
    for (term, name) in Term::ALL.into_iter().zip(names) {
        let [frames, rows] = standing_out(&valley, name.center());
        let ([(framed, frame)], [(marked, row)]) = (&frames[..], &rows[..]) else {
            panic!("{frames:?} {rows:?}")
        };
        assert_eq!((*framed, *marked), (term, term));
        assert!(row.contains_rect(name.shrink(1.0)) && row.width() > 0.9 * ROOM.x, "{row:?}");
        assert!(frame.bottom() < names[0].top(), "the equation is above the bars");
        assert_eq!(standing_out(&valley, frame.center()), [frames, rows], "and the other way");
    }
}

#[test]
fn between_two_bursts_the_remainder_of_a_step_says_nothing_against_the_theory() {
    let check = |step| {
        let looked = Looked::valley(step);
        let checks = checks(&looked.history, step, looked.inspection.as_ref(), false);
        let remainder = looked.inspection.unwrap().expansion.relative_remainder();
        (remainder, checks.iter().find(|check| check.name == "Taylor remainder").unwrap().light)
    };
    // hardly any oscillation: the remainder is most of the small step, and little compared with the prediction of Σ
    let calm = (70..110).map(check).max_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
    assert!(calm.0 > 0.3 && calm.1 == Light::Green, "{calm:?}");
}
