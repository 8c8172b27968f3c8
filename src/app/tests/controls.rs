//! The bars' controls and their keys.

use super::hands::key;
use super::*;
use crate::run::record::series::Series;
use brink_core::dynamics::Event;
use egui::Theme;

#[test]
fn it_opens_training_and_pauses_plays_steps_and_restarts() {
    let mut window = open();
    assert_eq!(model(&window).runs.first.phase, RunPhase::Training);
    until(&mut window, "rows", |model| model.runs.first.history.rows() > 10);

    pause(&mut window);
    assert_eq!(model(&window).runs.first.phase, RunPhase::Paused);
    let paused_at = rows(&window);
    press(&mut window, "Step");
    until(&mut window, "one more row", |model| model.runs.first.history.rows() == paused_at + 1);

    press(&mut window, "Play");
    assert_eq!(model(&window).runs.first.phase, RunPhase::Training);
    until(&mut window, "more rows", |model| model.runs.first.history.rows() > paused_at + 5);

    let before = rows(&window);
    press(&mut window, "Restart");
    assert!(rows(&window) < before, "{} rows", rows(&window));
    until(&mut window, "a new run", |model| model.runs.first.history.value(Series::GdLoss, 0) == Some(1.0));
}

#[test]
fn keys_do_what_buttons_do() {
    let mut window = open();
    let key = |window: &mut Window, key| {
        window.key_press(key);
        window.run_steps(3);
    };
    key(&mut window, Key::Space);
    assert_eq!(model(&window).runs.first.phase, RunPhase::Paused);
    std::thread::sleep(Duration::from_millis(50));
    window.run_steps(2);
    let paused_at = rows(&window);
    key(&mut window, Key::ArrowRight);
    until(&mut window, "one more row", |model| model.runs.first.history.rows() == paused_at + 1);
    key(&mut window, Key::D);
    assert_eq!(model(&window).layout.theme, Theme::Dark);
    key(&mut window, Key::C);
    assert!(!model(&window).view.plots.show_central_flow);
    key(&mut window, Key::L);
    assert!(model(&window).all_log());
    key(&mut window, Key::E);
    assert!(model(&window).forms.open == Some(Form::Export));
    key(&mut window, Key::D);
    assert_eq!(model(&window).layout.theme, Theme::Dark, "letters are for the form while it is open");
    key(&mut window, Key::Escape);
    assert_eq!(model(&window).forms.open, None);
    key(&mut window, Key::F);
    key(&mut window, Key::End);
    key(&mut window, Key::ArrowRight);
    let restarted = |model: &Model| {
        model.runs.first.history.events().iter().any(|(_, event)| *event == Event::FlowsStarted)
    };
    until(&mut window, "restarted flows", restarted);
    let before = rows(&window);
    key(&mut window, Key::R);
    assert!(rows(&window) >= before, "one key alone loses no run");
    window.key_press_modifiers(egui::Modifiers::COMMAND, Key::R);
    window.run_steps(3);
    until(&mut window, "a new run", |model| {
        model.runs.first.phase == RunPhase::Training && model.runs.first.history.events().is_empty()
    });
}

#[test]
fn the_quit_key_closes_the_window() {
    let mut window = open();
    let commands = |window: &Window| window.output().viewport_output[&ViewportId::ROOT].commands.clone();
    assert!(!commands(&window).contains(&egui::ViewportCommand::Close));
    // In one frame: the harness's own key press takes several, and the last one's output is looked at.
    window.input_mut().events.push(egui::Event::Key {
        key: Key::Q,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: egui::Modifiers::COMMAND,
    });
    window.step();
    assert!(commands(&window).contains(&egui::ViewportCommand::Close));
}

#[test]
fn a_typed_eta_counts_when_it_is_whole() {
    let mut window = open();
    pause(&mut window);
    let before = model(&window).runs.first.eta();
    control(&window, Role::SpinButton, "η").click();
    window.run_steps(3);
    window.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
    window.run_steps(2);
    for letter in ["0", ".", "0", "8"] {
        window.input_mut().events.push(egui::Event::Text(letter.into()));
        window.run_steps(2);
        assert_eq!(model(&window).runs.first.eta(), before, "half a number was taken");
    }
    window.key_press(Key::Enter);
    window.run_steps(3);
    assert_eq!(model(&window).runs.first.eta(), 0.08);
    assert!(model(&window).banners.is_empty(), "{:?}", model(&window).banners);
}

#[test]
fn every_choice_of_the_view_has_its_effect() {
    let mut window = open();
    tick_in(&mut window, "View", "Dark");
    assert_eq!(model(&window).layout.theme, Theme::Dark);
    assert_eq!(window.ctx.theme(), Theme::Dark);
    tick(&mut window, "Central flow");
    assert!(!model(&window).view.plots.show_central_flow);
    tick_in(&mut window, "View", "Log axes");
    assert!(model(&window).all_log());
    assert!(!model(&window).view.plots.log.contains(&Panel::Displacement), "a quantity with a sign");
    tick_in(&mut window, "View", "Log axes");
    assert!(model(&window).view.plots.log.is_empty());

    press(&mut window, "View");
    control(&window, Role::SpinButton, "Smoothing").set_value_accesskit(20.0);
    window.run_steps(3);
    assert_eq!(model(&window).view.plots.smoothing_steps, 20.0);

    let zoom = crate::picture::view::ViewChange::Show(Some([1.0, 5.0]));
    lab(&mut window).apply(Command::View(zoom));
    press(&mut window, "Whole run");
    assert_eq!(model(&window).view.plots.visible, None);
}

#[test]
fn the_learning_rate_acts_on_the_running_processes() {
    let mut window = open();
    until(&mut window, "rows", |model| model.runs.first.history.rows() > 3);
    control(&window, Role::Slider, "η").set_value_accesskit(0.2);
    until(&mut window, "the new η in the records", |model| {
        model
            .runs
            .first
            .history
            .rows()
            .checked_sub(1)
            .is_some_and(|row| model.runs.first.history.value(Series::Eta, row) == Some(0.2))
    });
    assert_eq!(model(&window).runs.first.phase, RunPhase::Training, "a change never resets");

    // Typed, also outside the slider's reach.
    let typed = |window: &mut Window, text: &str| {
        control(window, Role::SpinButton, "η").click();
        window.run_steps(2);
        window.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
        window.event(egui::Event::Text(text.to_owned()));
        window.step();
        window.key_press(Key::Enter);
        window.run_steps(3);
    };
    typed(&mut window, "7.5");
    assert_eq!(model(&window).runs.first.eta(), 7.5);
    typed(&mut window, "0");
    assert_eq!(model(&window).runs.first.eta(), 7.5, "zero is refused");
    assert!(window.query_by_label_contains("η = 0 is refused").is_some());
    press(&mut window, "Dismiss");
    assert!(model(&window).banners.is_empty());
}

#[test]
fn the_speed_is_limited_and_unlimited() {
    let mut window = open();
    control(&window, Role::Slider, "Speed").set_value_accesskit(6.0);
    window.run_steps(3);
    assert_eq!(model(&window).runs.speed, Some(10.0));
    control(&window, Role::Slider, "Speed").set_value_accesskit(13.0);
    window.run_steps(3);
    assert_eq!(model(&window).runs.speed, None);
}

#[test]
fn the_slider_leaves_a_speed_as_it_is_and_keys_go_to_the_next_notch() {
    let mut window = open();
    for speed in [60.0, 40.0, 3.0, 0.3, 2500.0] {
        lab(&mut window).apply(Command::SetSpeed(Some(speed)));
        window.run_steps(5);
        assert_eq!(model(&window).runs.speed, Some(speed), "drawing the slider has changed it");
    }
    lab(&mut window).apply(Command::SetSpeed(Some(60.0)));
    control(&window, Role::Slider, "Speed").focus();
    window.run_steps(3);
    for (key, speed) in [(Key::ArrowRight, 100.0), (Key::ArrowRight, 200.0), (Key::ArrowLeft, 100.0)] {
        window.key_press(key);
        window.run_steps(3);
        assert_eq!(model(&window).runs.speed, Some(speed));
    }
    let rect = control(&window, Role::Slider, "Speed").rect();
    let at = egui::pos2(rect.left() + 0.3 * rect.width(), rect.center().y);
    for pressed in [true, false] {
        let (button, modifiers) = (egui::PointerButton::Primary, egui::Modifiers::NONE);
        window.event(egui::Event::PointerMoved(at));
        window.event(egui::Event::PointerButton { pos: at, button, pressed, modifiers });
        window.run_steps(2);
    }
    let speed = model(&window).runs.speed.expect("a speed");
    assert!([0.2, 0.5, 1.0, 2.0, 5.0, 10.0].contains(&speed), "the pointer stops at notches: {speed}");
}

#[test]
fn another_preset_starts_another_run() {
    let mut window = open();
    let other = model(&window).runs.presets[1].1.clone();
    control(&window, Role::ComboBox, "Preset").click();
    window.run_steps(3);
    press(&mut window, &other.title);
    let model = model(&window);
    assert_eq!((model.runs.preset, model.runs.first.eta()), (1, other.optimizer.eta));
    assert_eq!(model.view.plots.smoothing_steps, other.view.smoothing);
    until(&mut window, "its first rows", |model| model.runs.first.history.rows() > 0);
}

#[test]
fn every_control_is_reached_by_the_tab_key() {
    let mut window = open();
    until(&mut window, "rows", |model| model.runs.first.history.rows() > 5);
    pause(&mut window);
    let names = [
        "Preset",
        "Restart",
        "Central flow",
        "Whole run",
        "Layout",
        "View",
        "Forks…",
        "Breakpoints…",
        "File",
        "Tour",
        "Presenter",
        "Help",
        "Play",
        "First step",
        "Step back",
        "Step",
        "Newest step",
        "Slow motion",
        "Slow motion speed",
        "Loop",
        "Cursor at step",
        "Timeline",
        "Speed",
        "η",
        "Restart flows here",
    ];
    let mut missing: Vec<_> = names.to_vec();
    for _ in 0..120 {
        window.key_press(Key::Tab);
        window.run_steps(2);
        missing.retain(|name| !window.get_all_by_label(name).any(|node| node.is_focused()));
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn why_a_run_waits_is_said_until_it_goes_on() {
    let mut window = open();
    lab(&mut window).apply(Command::ToggleBreakpoint(crate::run::engine::breakpoint::Breakpoint::Step(8)));
    until(&mut window, "the stop", |model| model.runs.first.phase == RunPhase::Paused);
    assert!(model(&window).banners[0].text.contains("Paused at step 8"));
    lab(&mut window).apply(Command::View(crate::picture::view::ViewChange::PlaceCursor(Some(2))));
    assert_eq!(model(&window).banners.len(), 1, "looking back, it still waits");
    press(&mut window, "Play");
    assert!(model(&window).banners.is_empty());
}

#[test]
fn the_play_key_on_a_run_without_steps_left_says_how_to_go_on() {
    let mut window = open();
    pause(&mut window);
    lab(&mut window).model.runs.first.phase = RunPhase::Ended(Ending::AllSteps);
    key(&mut window, Key::Space);
    let [said] = &model(&window).banners[..] else { panic!("a note") };
    assert!(said.text.contains("More steps"), "{}", said.text);
    press(&mut window, "More steps");
    assert!(model(&window).banners.is_empty());
}

#[test]
fn another_learning_rate_for_a_run_without_steps_left_offers_more() {
    let mut window = open();
    pause(&mut window);
    let rows = rows(&window);
    lab(&mut window).model.runs.first.phase = RunPhase::Ended(Ending::AllSteps);
    lab(&mut window).apply(Command::SetEta(0.25));
    window.run_steps(20);
    lab(&mut window).apply(Command::SetEta(0.3));
    let [said] = &model(&window).banners[..] else { panic!("one note while the slider moves") };
    assert!(said.text.contains("new η") && said.text.contains("More steps"), "{}", said.text);
    press(&mut window, "More steps");
    assert!(model(&window).banners.is_empty());
    until(&mut window, "steps with it", |model| model.runs.first.history.rows() > rows + 3);
}
