//! The timeline and presenter mode against stored pictures, their texts neither clipped nor one over another.
//!
//! `BRINK_WRITE_PICTURES=1 cargo test --lib app::tests::pictures` writes the stored pictures anew; look at them before they
//! are committed.

#[path = "../../../tests/pictures/compare.rs"]
mod compare;
#[path = "../../../tests/pictures/texts.rs"]
mod texts;

use super::*;
use crate::app::presenter::{ZOOM, presenter_ui};
use crate::app::timeline::timeline_ui;
use crate::picture::{Image, render, theme};
use crate::run::{Breakpoint, Engine, Hit};
use compare::check;
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
        model.history.push(&record);
    }
    model.phase = Phase::Paused;
    assert!(model.derive_curves(usize::MAX));
    model
}

/// Its cursor at a step, part of it in sight, a breakpoint, and one that was hit.
pub(super) fn looked_at() -> Model {
    let mut model = run();
    model.view.cursor = Some(130);
    model.view.visible = Some([90.0, 200.0]);
    model.breakpoints = vec![Breakpoint::Step(250)];
    let breakpoint = Breakpoint::AtEdge { k: 1 };
    model.hits.push(Hit { breakpoint, step: 52, reason: "S = 2/η".into() });
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
    scene.tree = Arrangement::WeightSpace.node(&[]).expect("built in").tree();
    scene.scene = Some(super::scene::zigzag());
    let mut tour = looked_at();
    (tour.tour.guides, tour.tour.chapter) = (true, 1);
    [("plots", looked_at()), ("weight-space", scene), ("tour", tour)]
}

/// No text is cut off at a side, and none lies over another.
fn readable(what: &str, size: Vec2, ui: impl FnMut(&mut egui::Ui)) {
    let texts = texts(size, ui);
    assert!(texts.len() > 3, "{what}: {texts:?}");
    for (i, (text, rect, clip)) in texts.iter().enumerate() {
        let inside = rect.left() >= clip.left() - 1.0 && rect.right() <= clip.right() + 1.0;
        assert!(inside, "{what}: {text:?} at {rect:?} is clipped to {clip:?}");
        for (other, other_rect, _) in &texts[..i] {
            let common = rect.intersect(*other_rect);
            let covers = common.width() > 1.0 && common.height() > 2.0;
            assert!(!covers, "{what}: {text:?} at {rect:?} covers {other:?} at {other_rect:?}");
        }
    }
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
    for width in [700.0, 1000.0, 1880.0] {
        for model in [&plain, &looked_at] {
            readable("timeline", Vec2::new(width, 44.0), |ui| timeline_ui(ui, model, &mut Vec::new()));
        }
    }
}

#[test]
fn presenter_mode_looks_as_stored() {
    for (name, model) in presentations() {
        check(&format!("presenter-{name}"), &presented(&model, SCREENS[0]));
        for screen in SCREENS {
            readable(name, screen / ZOOM, |ui| presenter_ui(ui, &model, &mut Vec::new()));
        }
    }
}
