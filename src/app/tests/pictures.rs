//! The bars, the timeline, the whole window and presenter mode against stored pictures, with texts that can be read at every
//! scale factor.
//!
//! `BRINK_WRITE_PICTURES=1 cargo test --lib app::tests::pictures` writes the stored pictures anew; look at them before they
//! are committed.

#[path = "../../../tests/pictures/compare.rs"]
pub(super) mod compare;
#[path = "../../../tests/pictures/readable.rs"]
pub(super) mod readable;
#[path = "../../../tests/pictures/texts.rs"]
mod texts;

use super::*;
use crate::app::view::presenter::{ZOOM, presenter_ui};
use crate::app::view::timeline::timeline_ui;
use crate::app::view::window_ui;
use crate::picture::file::raster::Image;
use crate::picture::file::render::render;
use crate::picture::style::theme;
use crate::run::engine::Engine;
use crate::run::engine::assemble::assemble;
use crate::run::engine::breakpoint::{Breakpoint, Hit};
use crate::run::engine::problem::Sources;
use compare::check;
use readable::{Strictness, unreadable};
pub(super) use texts::texts;

const TIMELINE: Vec2 = Vec2::new(1000.0, 44.0);
/// A small and a large projector, in pixels.
const SCREENS: [Vec2; 2] = [Vec2::new(1280.0, 800.0), Vec2::new(1920.0, 1080.0)];

/// A paused run of 300 steps with cycles, a change of η and a restart of the flows.
fn run() -> Model {
    let mut model = Model::new(presets(), 0);
    let mut engine = Fake { cycle_steps: Some(40), ..Fake::default() };
    for step in 0..300 {
        if step == 220 {
            engine.restart_flows();
        }
        let mut record = engine.step(if step < 180 { 0.12 } else { 0.1 });
        if step == 180 {
            record.events.push(Event::EtaChanged { eta: 0.1 });
        }
        model.runs.first.history.push(&record);
    }
    model.runs.first.phase = RunPhase::Paused;
    assert!(model.derive_curves(usize::MAX));
    model
}

/// Its cursor at a step, part of it in sight, a breakpoint, and one that was hit.
pub(super) fn looked_at() -> Model {
    let mut model = run();
    model.view.plots.cursor = Some(130);
    model.view.plots.visible = Some([90.0, 200.0]);
    model.runs.breakpoints = vec![Breakpoint::Step(250)];
    let breakpoint = Breakpoint::AtEdge { k: 1 };
    model.runs.first.hits.push(Hit { breakpoint, step: 52, reason: "S = 2/η".into() });
    model
}

/// As in the window: three plots, large.
fn presented(model: &Model, screen: Vec2) -> Image {
    render(screen / ZOOM, ZOOM, Theme::Light, |ui| {
        theme::set_high_contrast(ui.ctx(), true);
        presenter_ui(ui, model, &mut Vec::new());
    })
}

/// Three plots; weight space beside two; a card of the tour beside two.
fn presentations() -> [(&'static str, Model); 3] {
    let mut scene = looked_at();
    scene.layout.tree = Arrangement::WeightSpace.node(&[]).expect("built in").tree();
    scene.runs.first.scene = Some(super::scene::zigzag());
    let mut tour = looked_at();
    (tour.tour.guides, tour.tour.chapter) = (true, 1);
    [("plots", looked_at()), ("weight-space", scene), ("tour", tour)]
}

/// The valley with its cursor in the growth of a cycle, and that step looked into: nothing is made up.
fn valley(arrangement: &Arrangement) -> Model {
    let presets = presets();
    let place = presets.iter().position(|(name, _)| name == "valley").expect("built in");
    let mut model = Model::new(presets, place);
    let mut engine = assemble(model.current(), &Sources::default()).expect("it is valid");
    for step in 0..model.current().run.steps {
        if step == GROWTH {
            model.runs.first.inspection =
                Some(engine.inspect(model.runs.first.eta()).expect("gradient descent runs"));
        }
        model.runs.first.history.push(&engine.step(model.runs.first.eta()));
    }
    model.runs.first.parameters = engine.dim();
    model.view.plots.cursor = Some(GROWTH);
    model.layout.tree = arrangement.node(&[]).expect("built in").tree();
    model.look_at_landscape();
    assert!(model.derive_curves(usize::MAX));
    model
}

/// In the second cycle.
const GROWTH: usize = 120;

/// One banner of each kind.
fn with_banners(mut model: Model) -> Model {
    let unfinished = "A run of Digits was not finished: 1200 steps, saved 3 minutes ago";
    model.raise(Banner { offers_unfinished: true, ..Banner::new(Level::Note, unfinished) });
    model.note(220, &Event::StartedAboveEdge { eta_s: 2.34 });
    let diverged = brink_core::dynamics::StepOutcome::Diverged { loss: f64::INFINITY };
    model.note(290, &Event::Outcome(brink_core::dynamics::Process::GradientDescent, diverged));
    model
}

#[test]
fn the_bars_look_as_stored_and_can_be_read() {
    let mut bars = looked_at();
    for panel in crate::app::state::layout::shown(&bars.layout.tree) {
        crate::app::state::layout::toggle(&mut bars.layout.tree, panel);
    }
    let mut training = run();
    training.layout.tree = bars.layout.tree.clone();
    training.runs.first.phase = RunPhase::Training;
    let bars = with_banners(bars);
    for (name, size, model) in
        [("bars", Vec2::new(1280.0, 330.0), &bars), ("bars-training", Vec2::new(1280.0, 210.0), &training)]
    {
        for (theme, shade) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
            let image = render(size, 1.0, theme, |ui| window_ui(ui, model, &mut Vec::new()));
            check(&format!("{name}-{shade}"), &image);
        }
        for scale in SCALES {
            let found =
                unreadable(size, scale, Strictness::Whole, |ui| window_ui(ui, model, &mut Vec::new()));
            assert_eq!(found, [""; 0], "{name} at {scale}");
        }
    }
}

/// Scale factors of screens.
const SCALES: [f32; 4] = [1.0, 1.25, 1.5, 2.0];

#[test]
fn the_whole_window_can_be_read_at_every_scale_factor() {
    let mut all = Vec::new();
    for arrangement in Arrangement::BUILT_IN {
        let model = valley(&arrangement);
        for (pixels, scale, strictness) in [
            ([1280.0, 800.0], 1.0, Strictness::Whole),
            ([1920.0, 1080.0], 1.0, Strictness::Whole),
            ([2560.0, 1600.0], 2.0, Strictness::Whole),
            ([1920.0, 1200.0], 1.5, Strictness::Whole),
            // what does not fit is scrolled to
            ([1280.0, 800.0], 1.25, Strictness::Scrolled),
            ([1280.0, 800.0], 1.5, Strictness::Scrolled),
            ([1920.0, 1080.0], 2.0, Strictness::Scrolled),
        ] {
            let size = Vec2::from(pixels) / scale;
            let found = unreadable(size, scale, strictness, |ui| window_ui(ui, &model, &mut Vec::new()));
            all.extend(found.iter().map(|text| format!("{arrangement:?}, {pixels:?} at {scale}: {text}")));
        }
    }
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn a_single_step_under_the_lens_looks_as_stored() {
    let model = valley(&Arrangement::Inspect);
    let image = render(SCREENS[0], 1.0, Theme::Light, |ui| window_ui(ui, &model, &mut Vec::new()));
    check("window-inspect", &image);
}

#[test]
fn the_timeline_looks_as_stored() {
    let (plain, looked_at) = (run(), looked_at());
    for (theme, name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        let image =
            |model: &Model| render(TIMELINE, 1.0, theme, |ui| timeline_ui(ui, model, &mut Vec::new()));
        check(&format!("timeline-{name}"), &image(&looked_at));
        check(&format!("timeline-newest-{name}"), &image(&plain));
    }
    for (width, scale) in
        [700.0, 1000.0, 1880.0].into_iter().flat_map(|width| SCALES.map(|scale| (width, scale)))
    {
        for model in [&plain, &looked_at] {
            let size = Vec2::new(width, 44.0);
            let found =
                unreadable(size, scale, Strictness::Whole, |ui| timeline_ui(ui, model, &mut Vec::new()));
            assert_eq!(found, [""; 0], "{width} points at {scale}");
        }
    }
}

#[test]
fn presenter_mode_looks_as_stored() {
    for (name, model) in presentations() {
        check(&format!("presenter-{name}"), &presented(&model, SCREENS[0]));
        for screen in SCREENS {
            let ui = |ui: &mut egui::Ui| presenter_ui(ui, &model, &mut Vec::new());
            assert_eq!(
                unreadable(screen / ZOOM, ZOOM, Strictness::Scrolled, ui),
                [""; 0],
                "{name} on {screen:?}"
            );
        }
    }
}
