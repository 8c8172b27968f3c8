//! Pictures of every panel through the CPU rasterizer: against stored ones, and of runs that are empty, short, broken or
//! out of any ordinary range.
//!
//! `BRINK_WRITE_PICTURES=1 cargo test --test pictures` writes the stored pictures anew; look at them before they are
//! committed.

use crate::compare::{SHARE, check, decode, difference, stored};
use crate::readable::{Strictness, unreadable};
use crate::sample::{Defect, record};
use brink::picture::file::dashboard::dashboard_ui;
use brink::picture::file::export::{dashboard_png, panel_png, summary_png};
use brink::picture::file::raster::Image;
use brink::picture::file::render::render;
use brink::picture::panel::panel_ui;
use brink::picture::style::theme;
use brink::picture::view::panel::Panel;
use brink::picture::view::run_view::{Overlay, RunView};
use brink::picture::view::{Facts, ViewChange, ViewState};
use brink::run::analysis::curves::Curves;
use brink::run::record::history::History;
use brink_core::dynamics::{CentralFlowRecord, ProcessRecord, StepRecord};
use egui::{Theme, Vec2, vec2};

const SIZE: Vec2 = vec2(430.0, 330.0);
/// Of the wall, which shows ten runs, and of the dashboard.
const LARGE: Vec2 = vec2(960.0, 620.0);
const THEMES: [(Theme, &str); 2] = [(Theme::Light, "light"), (Theme::Dark, "dark")];

/// The step at which gradient descent diverges in the made-up run.
const DIVERGES: usize = 1150;

/// The run, `steps` long. A shorter one is the beginning of a longer one.
fn history(steps: usize, defect: Defect) -> History {
    let mut history = History::new(8);
    for step in 0..steps {
        history.push(&record(step, defect, DIVERGES));
    }
    history
}

fn facts() -> Facts {
    Facts {
        preset: "sample".into(),
        title: "A made-up run".into(),
        seed: "3".into(),
        version: "0".into(),
        command: "brink sample --at 3".into(),
        ..Facts::default()
    }
}

/// Calls `use_view` with a view of a history.
fn with_view<T>(history: &History, state: &ViewState, use_view: impl FnOnce(&RunView) -> T) -> T {
    let curves = Curves::of(history, state.smoothing_steps);
    let facts = facts();
    use_view(&RunView::still(history, &curves, &facts, state))
}

fn panel_image(history: &History, state: &ViewState, panel: Panel, theme: Theme) -> Image {
    sized_image(SIZE, history, state, panel, theme)
}

fn sized_image(size: Vec2, history: &History, state: &ViewState, panel: Panel, theme: Theme) -> Image {
    with_view(history, state, |view| {
        render(size, 1.0, theme, |ui| panel_ui(ui, panel, view, &mut Vec::new()))
    })
}

/// The run with a fork that leaves it at step 400, and a saved run that is shorter.
fn with_others<T>(state: &ViewState, use_view: impl FnOnce(&RunView) -> T) -> T {
    let mut fork = History::new(8);
    let mut saved = History::new(8);
    for step in 0..1000 {
        // a fork goes through the same faster, a saved run later
        let at = if step < 400 { step } else { step + (step - 400) / 6 };
        fork.push(&StepRecord { step, ..record(at, Defect::None, DIVERGES) });
    }
    for step in 0..700 {
        saved.push(&StepRecord { step, ..record(step * 4 / 5, Defect::None, DIVERGES) });
    }
    let curves = [&fork, &saved].map(|history| Curves::of(history, state.smoothing_steps));
    let overlays = [
        Overlay {
            label: "η = 0.09 from step 400".into(),
            history: &fork,
            from: 400,
            curves: Some(&curves[0]),
        },
        Overlay { label: "half-eta.brink".into(), history: &saved, from: 0, curves: Some(&curves[1]) },
    ];
    with_view(&history(1200, Defect::None), state, |view| use_view(&RunView { overlays: &overlays, ..*view }))
}

fn logarithmic() -> ViewState {
    ViewState { log: Panel::ALL.to_vec(), ..ViewState::default() }
}

#[test]
fn panels_look_as_stored() {
    let run = history(1200, Defect::None);
    let at_edge = ViewState { cursor: Some(655), ..ViewState::default() };
    for (theme, name) in THEMES {
        for panel in Panel::PLOTS {
            let image = panel_image(&run, &ViewState::default(), panel, theme);
            check(&format!("{}-{name}", panel.name()), &image);
        }
        check(&format!("parabola-{name}"), &panel_image(&run, &at_edge, Panel::Parabola, theme));
        for panel in [Panel::Wall, Panel::LossWall] {
            let image = sized_image(LARGE, &run, &ViewState::default(), panel, theme);
            check(&format!("{}-{name}", panel.name()), &image);
        }
    }
    check("gradient-norm-log", &panel_image(&run, &logarithmic(), Panel::GradientNorm, Theme::Light));
    let zoomed = ViewState { visible: Some([600.0, 700.0]), cursor: Some(655), ..ViewState::default() };
    check("variance-zoomed", &panel_image(&run, &zoomed, Panel::Variance, Theme::Dark));
}

#[test]
fn runs_over_one_another_look_as_stored() {
    for (theme, name) in THEMES {
        let image = with_others(&ViewState::default(), |view| {
            render(LARGE, 1.0, theme, |ui| dashboard_ui(ui, view, &mut Vec::new()))
        });
        check(&format!("other-runs-{name}"), &image);
    }
}

#[test]
fn planted_defects_are_seen() {
    let see = |panel: Panel, defect: Defect| {
        let image = panel_image(&history(1200, defect), &ViewState::default(), panel, Theme::Light);
        difference(&image, &decode(&std::fs::read(stored(&format!("{}-light", panel.name()))).unwrap()))
    };
    for (panel, defect) in [
        (Panel::Sharpness, Defect::NoCentralFlow),
        (Panel::Loss, Defect::NoCentralFlow),
        (Panel::GradientNorm, Defect::NoCentralFlow),
        (Panel::Variance, Defect::HalfSigma),
        (Panel::Displacement, Defect::HalfSigma),
        (Panel::Loss, Defect::SwappedLosses),
        (Panel::Distance, Defect::NoCentralFlow),
    ] {
        let share = see(panel, defect);
        assert!(
            share > 2.0 * SHARE,
            "{defect:?} in {panel:?} changes only {:.2}% of the pixels",
            100.0 * share
        );
    }
    assert!(see(Panel::Loss, Defect::None) <= SHARE);
}

#[test]
fn no_text_is_cut_off_or_covers_another() {
    let run = history(1200, Defect::None);
    for (size, state) in [
        (LARGE, ViewState::default()),
        (vec2(1280.0, 760.0), ViewState::default()),
        (vec2(1920.0, 1040.0), ViewState::default()),
        (vec2(1280.0, 760.0), logarithmic()),
        (vec2(700.0, 900.0), ViewState::default()),
    ] {
        for scale in [1.0, 1.25, 1.5, 2.0] {
            let dashboard = |view: &RunView| {
                unreadable(size, scale, Strictness::Whole, |ui| dashboard_ui(ui, view, &mut Vec::new()))
            };
            assert_eq!(with_view(&run, &state, dashboard), [""; 0], "{size:?} at {scale}");
            assert_eq!(with_others(&state, dashboard), [""; 0], "with other runs, {size:?} at {scale}");
        }
    }
    let at_edge = ViewState { cursor: Some(655), ..ViewState::default() };
    for (panel, sizes) in [
        (Panel::Wall, [vec2(640.0, 400.0), vec2(900.0, 700.0), LARGE]),
        (Panel::LossWall, [vec2(640.0, 400.0), vec2(900.0, 700.0), LARGE]),
        (Panel::Parabola, [SIZE, vec2(640.0, 400.0), LARGE]),
    ] {
        for size in sizes {
            let found = with_view(&run, &at_edge, |view| {
                unreadable(size, 1.0, Strictness::Whole, |ui| panel_ui(ui, panel, view, &mut Vec::new()))
            });
            assert_eq!(found, [""; 0], "{panel:?} {size:?}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_found() {
    let paint = |ui: &mut egui::Ui, x: f32| {
        let (font, ink) = (theme::label_font(), egui::Color32::BLACK);
        ui.painter().text(egui::pos2(x, 20.0), egui::Align2::LEFT_CENTER, "a few words", font, ink);
    };
    let seen = |mut ui: Box<dyn FnMut(&mut egui::Ui)>| {
        unreadable(vec2(300.0, 60.0), 1.0, Strictness::Whole, move |root| ui(root))
    };
    assert_eq!(seen(Box::new(move |ui| paint(ui, 10.0))), [""; 0]);
    assert_eq!(seen(Box::new(|_| ())), ["there is no text"]);
    let cut = seen(Box::new(move |ui| paint(ui, 280.0)));
    assert!(cut.len() == 1 && cut[0].contains("clipped"), "{cut:?}");
    let covered = seen(Box::new(move |ui| [10.0, 30.0].into_iter().for_each(|x| paint(ui, x))));
    assert!(covered.len() == 1 && covered[0].contains("covers"), "{covered:?}");
    let short = seen(Box::new(|ui| {
        ui.add(egui::Label::new("many words that have no place in three hundred points of width").truncate());
    }));
    assert!(short.len() == 1 && short[0].contains("shortened"), "{short:?}");
}

/// A run of one value everywhere.
fn constant(steps: usize, value: f64) -> History {
    let mut history = History::new(3);
    for step in 0..steps {
        let process = ProcessRecord {
            loss: value,
            grad_norm_sq: value,
            lambda: vec![value; 3],
            ..ProcessRecord::default()
        };
        history.push(&StepRecord {
            step,
            eta: 0.1,
            gradient_descent: Some(process.clone()),
            gradient_flow: Some(process.clone()),
            central_flow: Some(CentralFlowRecord {
                state: process,
                critical: 1,
                sigma: vec![value],
                sigma_trace: value,
                predicted_loss: Some(value),
                predicted_grad_norm_sq: Some(value),
                complementarity_residual: 0.0,
            }),
            distance_gd_cf: Some(value),
            distance_gd_gf: Some(value),
            displacement: vec![value],
            ..StepRecord::default()
        });
    }
    history
}

#[test]
fn odd_runs_are_drawn_without_harm() {
    let extremes =
        [0.0, -0.0, 1.0, -3.0, 1e300, -1e300, 1e-300, f64::MAX, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    for value in extremes {
        for steps in [0, 1, 2, 40] {
            let run = constant(steps, value);
            for state in [ViewState::default(), logarithmic()] {
                with_view(&run, &state, |view| {
                    render(vec2(900.0, 400.0), 0.5, Theme::Dark, |ui| dashboard_ui(ui, view, &mut Vec::new()))
                });
            }
        }
    }
}

#[test]
fn any_size_and_any_range_of_steps_is_drawn_without_harm() {
    let run = history(300, Defect::None);
    for size in [vec2(0.0, 0.0), vec2(1.0, 1.0), vec2(3.0, 700.0), vec2(700.0, 3.0), vec2(95.0, 70.0)] {
        for panel in Panel::ALL {
            with_view(&run, &ViewState::default(), |view| {
                render(size, 1.0, Theme::Light, |ui| panel_ui(ui, panel, view, &mut Vec::new()))
            });
        }
    }
    for visible in [[5.0, 5.0], [9.0, 2.0], [f64::NAN, 3.0], [-1e9, 1e12], [1e7, 2e7], [20.2, 20.9]] {
        let state = ViewState {
            visible: Some(visible),
            hover: Some(1e18),
            cursor: Some(usize::MAX),
            ..ViewState::default()
        };
        panel_image(&run, &state, Panel::Sharpness, Theme::Light);
    }
}

#[test]
fn one_infinity_does_not_blank_an_axis() {
    let (mut calm, mut broken) = (History::new(1), History::new(1));
    for step in 0..400 {
        let loss = 1.0 + 0.001 * step as f64;
        let record = |loss| StepRecord {
            step,
            eta: 0.1,
            gradient_descent: Some(ProcessRecord { loss, grad_norm_sq: 1.0, ..ProcessRecord::default() }),
            ..StepRecord::default()
        };
        calm.push(&record(loss));
        broken.push(&record(if step == 200 { f64::INFINITY } else { loss }));
    }
    let image = |run: &History| panel_image(run, &ViewState::default(), Panel::Loss, Theme::Light);
    let share = difference(&image(&calm), &image(&broken));
    assert!(share > 0.0, "the gap and its mark are seen");
    assert!(share < 0.002, "and nothing else changes: {:.2}%", 100.0 * share);
}

#[test]
fn files_carry_where_they_come_from_at_any_scale() {
    let run = history(400, Defect::None);
    with_view(&run, &ViewState::default(), |view| {
        for (bytes, width) in [
            (summary_png(view).unwrap(), 2560),
            (dashboard_png(view, vec2(640.0, 500.0), 1.0, Theme::Dark).unwrap(), 640),
            (panel_png(view, Panel::Loss, vec2(400.0, 300.0), 2.0, Theme::Light).unwrap(), 800),
        ] {
            let reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
            let info = reader.info();
            assert_eq!(info.width, width);
            let text = |keyword: &str| {
                let chunk = info.utf8_text.iter().find(|chunk| chunk.keyword == keyword).expect(keyword);
                chunk.get_text().unwrap()
            };
            assert_eq!(text("Brink preset"), "sample");
            assert_eq!(text("Brink seed"), "3");
            assert_eq!(text("Brink eta"), "0.1");
            assert_eq!(text("Brink steps"), "400");
        }
        assert!(panel_png(view, Panel::Loss, Vec2::ZERO, 1.0, Theme::Light).is_err(), "no pixels, no file");
    });
}

/// One frame of a panel with the given events; returns what the panel asks for.
fn frame(context: &egui::Context, view: &RunView, events: Vec<egui::Event>) -> Vec<ViewChange> {
    let mut changes = Vec::new();
    let input = egui::RawInput {
        screen_rect: Some(egui::Rect::from_min_size(egui::Pos2::ZERO, SIZE)),
        events,
        ..egui::RawInput::default()
    };
    context.run_ui(input, |ui| panel_ui(ui, Panel::Loss, view, &mut changes)).drop_without_applying_deltas();
    changes
}

#[test]
fn the_pointer_reads_off_selects_zooms_and_resets() {
    let run = history(400, Defect::None);
    with_view(&run, &ViewState::default(), |view| {
        let view = RunView { controls: true, ..*view };
        let context = egui::Context::default();
        theme::install(&context);
        for _ in 0..2 {
            assert_eq!(frame(&context, &view, Vec::new()), []);
        }
        let at = egui::pos2(200.0, 200.0);
        let button = |pos, pressed| egui::Event::PointerButton {
            pos,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: egui::Modifiers::NONE,
        };
        frame(&context, &view, vec![egui::Event::PointerMoved(at)]);
        let hovered = frame(&context, &view, Vec::new());
        let [ViewChange::Hover(Some(step))] = hovered[..] else { panic!("{hovered:?}") };
        assert!((100.0..250.0).contains(&step), "{step}");

        frame(&context, &view, vec![button(at, true)]);
        let clicked = frame(&context, &view, vec![button(at, false)]);
        assert!(
            clicked.iter().any(|c| matches!(c, ViewChange::PlaceCursor(Some(row)) if *row as f64 == step)),
            "{clicked:?}"
        );

        for _ in 0..40 {
            frame(&context, &view, Vec::new());
        }
        let there = egui::pos2(300.0, 150.0);
        frame(&context, &view, vec![button(at, true)]);
        frame(&context, &view, vec![egui::Event::PointerMoved(egui::pos2(250.0, 190.0))]);
        frame(&context, &view, vec![egui::Event::PointerMoved(there)]);
        let dragged = frame(&context, &view, vec![button(there, false)]);
        let shown =
            dragged.iter().find_map(|c| if let ViewChange::Show(Some(s)) = c { Some(*s) } else { None });
        let [first, last] = shown.unwrap_or_else(|| panic!("{dragged:?}"));
        assert!((first - step).abs() < 2.0 && last > first + 50.0, "{first} to {last}");

        let gone = frame(&context, &view, vec![egui::Event::PointerGone]);
        assert!(gone.iter().all(|c| !matches!(c, ViewChange::Hover(Some(_)))), "{gone:?}");
    });
}
