//! Forks, and saved runs to compare with.

use super::hands::{cursor, key, paused};
use super::*;
use crate::app::state::runs::Compared;
use crate::picture::view::ViewChange;
use crate::run::analysis::curves::Curve;
use crate::run::record::series::Series;
use egui::Modifiers;

#[test]
fn runs_fork_at_the_cursor_and_are_drawn_over_the_first() {
    let mut window = paused(60);
    lab(&mut window).apply(Command::View(ViewChange::PlaceCursor(Some(30))));
    key(&mut window, Key::K);
    window.run_steps(8);
    control(&window, Role::SpinButton, "η of the fork").set_value_accesskit(0.25);
    window.run_steps(3);
    press(&mut window, "Fork here");
    let fork = &model(&window).runs.forks.list()[0];
    assert_eq!((fork.step, fork.eta()), (30, 0.25));
    assert!(window.query_all_by_label_contains("η = 0.25 from step 30").next().is_some());
    key(&mut window, Key::Escape);
    key(&mut window, Key::Space);
    until(&mut window, "the fork's own rows", |model| {
        model.runs.forks.list()[0].history.value(Series::Eta, 35) == Some(0.25)
    });
    let before = model(&window).runs.first.history.rows();
    until(&mut window, "both go on", |model| model.runs.first.history.rows() > before + 5);
    let overlays = model(&window).overlays();
    assert_eq!((overlays.len(), overlays[0].from), (1, 30));
    key(&mut window, Key::Space);

    key(&mut window, Key::K);
    window.run_steps(8);
    press(&mut window, "Close fork 1");
    assert!(model(&window).runs.forks.list().is_empty());
    lab(&mut window).apply(Command::Edit(FormEdit::Fork(ForkForm { parent: None, eta: -1.0 })));
    press(&mut window, "Fork here");
    assert!(model(&window).banners.iter().any(|banner| banner.text.contains("η = -1")));
}

#[test]
fn steps_that_only_a_longer_run_has_are_reached() {
    let mut window = paused(60);
    let newest = rows(&window) - 1;
    let mut longer = crate::run::record::history::History::new(1);
    let mut engine = Fake::default();
    for _ in 0..400 {
        longer.push(&crate::run::engine::Engine::step(&mut engine, 0.1));
    }
    lab(&mut window).model.runs.compared.push(Compared::new("longer".into(), longer));
    window.run_steps(3);
    control(&window, Role::SpinButton, "Cursor at step").set_value_accesskit(350.0);
    window.run_steps(3);
    assert_eq!(cursor(&window), Some(350));
    key(&mut window, Key::ArrowRight);
    key(&mut window, Key::ArrowLeft);
    key(&mut window, Key::ArrowLeft);
    assert_eq!(cursor(&window), Some(349));
    assert_eq!(rows(&window), newest + 1, "nothing is trained to get there");
    let rect = window.get_by_label("Timeline").rect();
    let pos = egui::pos2(egui::lerp(rect.x_range(), 0.75), rect.center().y);
    for pressed in [true, false] {
        let (button, modifiers) = (egui::PointerButton::Primary, Modifiers::NONE);
        window.event(egui::Event::PointerMoved(pos));
        window.event(egui::Event::PointerButton { pos, button, pressed, modifiers });
        window.run_steps(2);
    }
    let there = cursor(&window).expect("a cursor");
    assert!(there.abs_diff(300) < 8, "{there} of 400");
    assert!(window.get_all_by_label("② longer").next().is_some(), "the legend says who is who");
    assert!(model(&window).overlays()[0].curves.is_some_and(|curves| curves.has(Curve::Loss)), "smoothed");
}

#[test]
fn a_fork_of_a_fork_leaves_at_the_newest_step_of_the_fork() {
    let mut window = paused(60);
    lab(&mut window).apply(Command::View(ViewChange::PlaceCursor(Some(30))));
    lab(&mut window).apply(Command::Edit(FormEdit::Fork(ForkForm { parent: None, eta: 0.25 })));
    lab(&mut window).apply(Command::Fork);
    lab(&mut window).apply(Command::View(ViewChange::PlaceCursor(None)));
    lab(&mut window).apply(Command::Edit(FormEdit::Fork(ForkForm { parent: Some(0), eta: 0.3 })));
    let taken = model(&window).runs.forks.list()[0].history.rows();
    assert_ne!(taken, rows(&window));
    lab(&mut window).apply(Command::Toggle(Form::Runs));
    window.run_steps(8);
    assert!(window.query_by_label(&format!("at step {taken},")).is_some(), "as the form says");
    press(&mut window, "Fork here");
    assert_eq!(model(&window).runs.forks.list()[1].step, taken);
}
