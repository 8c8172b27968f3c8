//! The sliders of a chapter.

use super::*;

#[test]
fn sliders_stay_where_they_are_while_one_is_dragged() {
    let mut window = quick();
    key(&mut window, Key::T);
    (0..3).for_each(|_| key(&mut window, Key::PageDown));
    assert_eq!(place(&window), (0, 2));
    let seen = |window: &Window| {
        assert!(window.query_by_label_contains("Move the sliders").is_some(), "the card stays");
        window.get_by_role_and_label(egui::accesskit::Role::Slider, "left S").rect()
    };
    until(&mut window, "the stop", |model| model.runs.first.phase == RunPhase::Paused && !model.tour.waits());
    let before = seen(&window);
    lab(&mut window).apply(Command::Tour(TourCommand::Turn(0, 21.5)));
    window.run_steps(2);
    assert!(model(&window).tour.waits(), "the run goes to the stop again");
    assert_eq!(seen(&window), before);
    // the window's slider is the card's while the card has one
    lab(&mut window).apply(Command::SetEta(0.08));
    until(&mut window, "the stop", |model| model.runs.first.phase == RunPhase::Paused && !model.tour.waits());
    let eta = |row| model(&window).runs.first.history.value(crate::run::record::series::Series::Eta, row);
    assert_eq!((model(&window).tour.knobs[2], eta(0), eta(8)), (0.08, Some(0.08), Some(0.08)));
    lab(&mut window).apply(Command::SetEta(5.0));
    assert_eq!(model(&window).tour.knobs[2], 0.2, "as far as the slider goes");
}

#[test]
fn a_slider_of_the_chapter_changes_its_preset_and_starts_it_again() {
    let mut window = quick();
    key(&mut window, Key::T);
    lab(&mut window).apply(Command::Tour(TourCommand::Turn(1, 12.5)));
    window.run_steps(2);
    let landscape = model(&window).current().landscape.clone().expect("a landscape");
    assert_eq!(landscape.eigenvalues, Some(vec![22.0, 12.5]));
    // the larger stays on the left
    lab(&mut window).apply(Command::Tour(TourCommand::Turn(1, 25.0)));
    assert_eq!(model(&window).tour.knobs[..2], [25.0, 25.0]);
    lab(&mut window).apply(Command::Tour(TourCommand::Turn(0, 22.0)));
    assert_eq!(model(&window).tour.knobs[..2], [22.0, 22.0]);
    lab(&mut window).apply(Command::Tour(TourCommand::Turn(1, 12.5)));
    window.run_steps(2);
    let landscape = model(&window).current().landscape.clone().expect("a landscape");
    lab(&mut window).apply(Command::Tour(TourCommand::Turn(2, 0.15)));
    window.run_steps(2);
    assert_eq!((model(&window).runs.first.eta(), model(&window).current().optimizer.eta), (0.15, 0.15));
    lab(&mut window).apply(Command::Tour(TourCommand::Turn(9, 1.0)));
    lab(&mut window).apply(Command::Tour(TourCommand::Turn(0, f64::NAN)));
    assert_eq!(model(&window).current().landscape.as_ref(), Some(&landscape), "neither is a slider's value");
}

#[test]
fn a_descent_that_the_sliders_make_diverge_is_told_by_the_panel_alone() {
    let engine = Fake { step_time: Duration::from_millis(1), diverges_at: Some(4), ..Fake::default() };
    let mut window = sized(engine, Vec2::new(1280.0, 800.0));
    key(&mut window, Key::T);
    let ended = |model: &Model| matches!(model.runs.first.phase, RunPhase::Ended(_)) && !model.tour.waits();
    (0..5).for_each(|_| key(&mut window, Key::PageDown));
    until(&mut window, "the end", ended);
    window.run_steps(3);
    assert_eq!((place(&window), model(&window).banners.len()), ((0, 3), 0));
    for said in ["Gradient descent has diverged: the run ends at step 4", "The larger S lies below"] {
        assert!(window.query_by_label_contains(said).is_some(), "{said}");
    }
    // in free play nobody else says it
    key(&mut window, Key::T);
    window.key_press_modifiers(egui::Modifiers::COMMAND, Key::R);
    until(&mut window, "the banner", |model| model.banners.len() == 1);
    assert!(window.query_by_label_contains("diverged at step 4 (loss inf) and the run ends there").is_some());
}
