//! Timeline, palette, keys, axes, cycles, breakpoints, presenter mode.

use super::*;
use crate::picture::view::ViewChange;
use egui::Modifiers;

pub(super) fn key(window: &mut Window, key: Key) {
    window.key_press(key);
    window.run_steps(3);
}

fn shifted(window: &mut Window, key: Key) {
    window.key_press_modifiers(Modifiers::SHIFT, key);
    window.run_steps(3);
}

pub(super) fn type_text(window: &mut Window, text: &str) {
    window.event(egui::Event::Text(text.to_owned()));
    window.run_steps(3);
}

pub(super) fn cursor(window: &Window) -> Option<usize> {
    model(window).view.plots.cursor
}

/// A window with at least `count` recorded steps, paused.
pub(super) fn paused(count: usize) -> Window {
    let mut window =
        sized(Fake { step_time: Duration::from_millis(1), ..Fake::default() }, Vec2::new(1280.0, 800.0));
    until(&mut window, "rows", |model| model.runs.first.history.rows() > count);
    pause(&mut window);
    window
}

#[test]
fn steps_go_back_through_the_record_and_forward_to_its_head_and_on() {
    let mut window = open();
    until(&mut window, "rows", |model| model.runs.first.history.rows() > 30);
    press(&mut window, "Step back");
    assert_eq!(model(&window).runs.first.phase, RunPhase::Paused, "who steps back wants to look");
    std::thread::sleep(Duration::from_millis(50));
    window.run_steps(2);
    let newest = rows(&window) - 1;
    press(&mut window, "Newest step");
    assert_eq!(cursor(&window), None);
    key(&mut window, Key::ArrowLeft);
    key(&mut window, Key::ArrowLeft);
    assert_eq!(cursor(&window), Some(newest - 2));
    shifted(&mut window, Key::ArrowLeft);
    assert_eq!(cursor(&window), Some(newest - 12));
    shifted(&mut window, Key::ArrowRight);
    assert_eq!(cursor(&window), Some(newest - 2));
    press(&mut window, "Step");
    key(&mut window, Key::ArrowRight);
    assert_eq!(cursor(&window), Some(newest));
    assert_eq!(rows(&window), newest + 1, "nothing is trained before the head");
    key(&mut window, Key::ArrowRight);
    until(&mut window, "one more row", |model| model.runs.first.history.rows() == newest + 2);
    assert_eq!(cursor(&window), None);
    shifted(&mut window, Key::ArrowRight);
    until(&mut window, "ten more rows", |model| model.runs.first.history.rows() == newest + 12);
    press(&mut window, "First step");
    assert_eq!(cursor(&window), Some(0));
    key(&mut window, Key::ArrowLeft);
    assert_eq!(cursor(&window), Some(0));
    key(&mut window, Key::End);
    assert_eq!(cursor(&window), None);
    key(&mut window, Key::Home);
    assert_eq!(cursor(&window), Some(0));
}

#[test]
fn the_timeline_is_scrubbed_and_its_end_is_the_newest_step() {
    let mut window = paused(100);
    let rect = window.get_by_label("Timeline").rect();
    let newest = rows(&window) - 1;
    let click = |window: &mut Window, share: f32| {
        let pos = egui::pos2(egui::lerp(rect.x_range(), share), rect.center().y);
        window.hover_at(pos);
        window.run_steps(2);
        for pressed in [true, false] {
            window.event(egui::Event::PointerButton {
                pos,
                button: egui::PointerButton::Primary,
                pressed,
                modifiers: Modifiers::NONE,
            });
            window.run_steps(2);
        }
    };
    click(&mut window, 0.5);
    let middle = cursor(&window).expect("a cursor");
    assert!(middle.abs_diff(newest / 2) <= 2, "{middle} of {newest}");
    click(&mut window, 0.9999);
    assert_eq!(cursor(&window), None);
}

#[test]
fn slow_motion_plays_the_record_and_repeats_what_is_shown() {
    let mut window = paused(60);
    lab(&mut window).apply(Command::View(ViewChange::Show(Some([10.0, 14.0]))));
    control(&window, Role::SpinButton, "Slow motion speed").set_value_accesskit(200.0);
    window.run_steps(3);
    assert_eq!(model(&window).view.playback.speed, 200.0);
    tick(&mut window, "Loop");
    press(&mut window, "Slow motion");
    assert!(model(&window).view.playback.playing);
    let mut seen = Vec::new();
    until(&mut window, "the loop twice", |model| {
        seen.extend(model.view.plots.cursor);
        seen.windows(2).filter(|pair| pair[1] < pair[0]).count() > 1
    });
    assert!(seen.iter().all(|step| (10..=14).contains(step)), "{seen:?}");
    let trained = rows(&window);
    key(&mut window, Key::S);
    assert!(!model(&window).view.playback.playing);
    assert_eq!(rows(&window), trained, "the training rests");
    key(&mut window, Key::O);
    key(&mut window, Key::W);
    key(&mut window, Key::S);
    until(&mut window, "the end", |model| !model.view.playback.playing);
    assert_eq!(cursor(&window), Some(trained - 1));
}

#[test]
fn the_palette_finds_commands_presets_and_panels() {
    let mut window = paused(10);
    window.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.run_steps(5);
    assert_eq!(model(&window).forms.open, Some(Form::Palette));
    type_text(&mut window, "dark");
    key(&mut window, Key::Enter);
    assert_eq!((model(&window).layout.theme, model(&window).forms.open), (Theme::Dark, None));

    press(&mut window, "Help");
    press(&mut window, "Commands…");
    assert_eq!(model(&window).forms.search, Search::default(), "what was typed before is gone");
    type_text(&mut window, "step");
    key(&mut window, Key::ArrowDown);
    key(&mut window, Key::Enter);
    assert_eq!(cursor(&window), Some(rows(&window) - 2), "the second line is a step back");

    press(&mut window, "Help");
    press(&mut window, "Commands…");
    type_text(&mut window, "hide loss");
    window.run_steps(3);
    press(&mut window, "Hide panel: Train loss");
    assert!(!layout::has(&model(&window).layout.tree, Panel::Loss));

    press(&mut window, "Help");
    press(&mut window, "Commands…");
    type_text(&mut window, "preset cheb");
    key(&mut window, Key::Enter);
    assert_eq!(model(&window).runs.presets[model(&window).runs.preset].0, "chebyshev");
}

#[test]
fn letters_go_to_the_field_of_the_palette_and_escape_closes_it() {
    let mut window = paused(10);
    press(&mut window, "Help");
    press(&mut window, "Commands…");
    for letter in [Key::D, Key::Space, Key::W] {
        key(&mut window, letter);
    }
    assert_eq!(
        (model(&window).layout.theme, &model(&window).runs.first.phase),
        (Theme::Light, &RunPhase::Paused)
    );
    key(&mut window, Key::Escape);
    assert_eq!(model(&window).forms.open, None);
}

#[test]
fn the_overlay_names_every_key() {
    let mut window = paused(10);
    key(&mut window, Key::Questionmark);
    window.run_steps(6);
    for command in Command::simple().into_iter().filter(|command| command.entry().shortcut.is_some()) {
        assert!(window.query_all_by_label(&command.full_name()).next().is_some(), "{command:?} is missing");
    }
    key(&mut window, Key::Questionmark);
    assert_eq!(model(&window).forms.open, None);
}

#[test]
fn axes_are_set_by_hand_and_fitted_again() {
    let mut window = paused(40);
    key(&mut window, Key::A);
    window.run_steps(6);
    control(&window, Role::SpinButton, "Train loss: to").set_value_accesskit(3.0);
    window.run_steps(3);
    let [low, high] = model(&window).view.plots.range(Panel::Loss).expect("a range");
    assert!(low < 0.2 && high == 3.0, "{low} {high}");
    window.run_steps(2);
    assert_eq!(crate::picture::chart::shown_range(&window.ctx, Panel::Loss), Some([low, high]));
    control(&window, Role::SpinButton, "Steps: to").set_value_accesskit(20.0);
    window.run_steps(3);
    assert_eq!(model(&window).view.plots.visible, Some([0.0, 20.0]));
    control(&window, Role::CheckBox, "Train loss: by hand").click();
    window.run_steps(3);
    assert_eq!(model(&window).view.plots.range(Panel::Loss), None);
    key(&mut window, Key::Escape);
    press(&mut window, "Whole run");
    assert_eq!(model(&window).view.plots.visible, None);
}

#[test]
fn presenter_mode_shows_plots_alone_and_escape_leaves() {
    let mut window = paused(40);
    tick_in(&mut window, "View", "Dark");
    key(&mut window, Key::F5);
    assert!(model(&window).layout.presenter);
    assert_eq!((window.ctx.theme(), window.ctx.zoom_factor()), (Theme::Light, presenter::ZOOM));
    assert!(window.query_by_label("Preset").is_none(), "no chrome");
    key(&mut window, Key::C);
    assert!(!model(&window).view.plots.show_central_flow, "keys go on working");
    key(&mut window, Key::Escape);
    assert!(!model(&window).layout.presenter);
    assert_eq!((window.ctx.theme(), window.ctx.zoom_factor()), (Theme::Dark, 1.0));
    assert!(window.query_by_label("Preset").is_some());
}

/// A window on a run that goes round and round the edge.
fn cycling() -> Window {
    let engine = Fake { step_time: Duration::from_millis(1), cycle_steps: Some(40), ..Fake::default() };
    let mut window = sized(engine, Vec2::new(1280.0, 800.0));
    until(&mut window, "cycles", |model| model.runs.first.history.rows() > 200);
    pause(&mut window);
    window
}

#[test]
fn the_cursor_goes_from_cycle_to_cycle_and_one_is_looped() {
    let mut window = cycling();
    let starts: Vec<usize> = model(&window)
        .runs
        .first
        .curves
        .cycles()
        .all()
        .iter()
        .map(crate::run::analysis::cycles::Cycle::start)
        .collect();
    assert!(starts.len() >= 4, "{starts:?}");
    key(&mut window, Key::Home);
    let mut seen = Vec::new();
    for _ in 0..3 {
        key(&mut window, Key::N);
        seen.extend(cursor(&window));
    }
    let after_start = starts.iter().position(|&start| start > 0).expect("a later cycle");
    assert_eq!(seen, starts[after_start..after_start + 3]);
    key(&mut window, Key::P);
    assert_eq!(cursor(&window), Some(seen[1]));
    assert!(window.query_by_label_contains("sharpening: ⟨S⟩ = ").is_some());

    key(&mut window, Key::Z);
    let [first, last] = model(&window).view.plots.visible.expect("the cycle in sight");
    assert_eq!((first, last), (seen[1] as f64, seen[2] as f64 - 1.0));
    assert!(model(&window).view.playback.playing && model(&window).view.playback.looping);
    assert!(model(&window).view.plots.show_phases);
    key(&mut window, Key::H);
    assert!(!model(&window).view.plots.show_phases);
}

#[test]
fn a_step_that_cannot_be_looked_into_is_said_once() {
    let mut window = paused(40);
    lab(&mut window).apply(Command::TogglePanel(Panel::Terms));
    lab(&mut window).apply(Command::View(crate::picture::view::ViewChange::PlaceCursor(Some(12))));
    until(&mut window, "an answer", |model| !model.banners.is_empty());
    window.run_steps(5);
    // The made-up engine has nothing to look into.
    assert_eq!(model(&window).banners.len(), 1, "{:?}", model(&window).banners);
    assert!(
        model(&window).banners[0].text.contains("step 12 cannot be inspected"),
        "{:?}",
        model(&window).banners
    );
    assert!(model(&window).runs.first.inspection.is_none());
}

#[test]
fn the_run_stops_at_a_breakpoint_and_says_which_and_why() {
    let mut window = open();
    key(&mut window, Key::B);
    window.run_steps(6);
    control(&window, Role::SpinButton, "Step to stop at").set_value_accesskit(40.0);
    window.run_steps(3);
    tick(&mut window, "step 40");
    assert_eq!(model(&window).runs.breakpoints, [crate::run::engine::breakpoint::Breakpoint::Step(40)]);
    until(&mut window, "the stop", |model| !model.runs.first.hits.is_empty());
    assert_eq!((rows(&window), &model(&window).runs.first.phase), (41, &RunPhase::Paused));
    assert!(model(&window).banners[0].text.starts_with("Paused at step 40"), "{:?}", model(&window).banners);
    tick(&mut window, "step 40");
    assert!(model(&window).runs.breakpoints.is_empty());
    tick(&mut window, "a process diverges");
    key(&mut window, Key::Escape);
    key(&mut window, Key::Space);
    until(&mut window, "more rows", |model| model.runs.first.history.rows() > 50);
    press(&mut window, "Restart");
    assert_eq!(
        model(&window).runs.breakpoints,
        [crate::run::engine::breakpoint::Breakpoint::Divergence],
        "they stay for the next run of the preset"
    );
}

#[test]
fn a_number_in_the_palette_is_a_step_a_rate_or_a_speed() {
    let mut window = paused(60);
    let stop = crate::run::engine::breakpoint::Breakpoint::Step(5000);
    for (letters, line, command) in [
        ("go 12", "Go to step 12", Command::View(ViewChange::PlaceCursor(Some(12)))),
        ("5000", "Stop where: step 5000", Command::ToggleBreakpoint(stop)),
        ("eta 0.05", "Train with eta, η = 0.05", Command::SetEta(0.05)),
        ("speed 3", "Speed: 3 steps a second", Command::SetSpeed(Some(3.0))),
        ("smo 20", "Smoothing: 20 steps", Command::SetSmoothing(20.0)),
    ] {
        lab(&mut window).sent.clear();
        press(&mut window, "Help");
        press(&mut window, "Commands…");
        type_text(&mut window, letters);
        press(&mut window, line);
        assert!(lab(&mut window).sent.contains(&command), "{command:?} is not sent");
    }
    let chapter = model(&window).tour.chapters[3].title.clone();
    let line = format!("Tour, chapter 4: {chapter}");
    let mut choose = |letters: &str, line: &str| {
        press(&mut window, "Help");
        press(&mut window, "Commands…");
        type_text(&mut window, letters);
        window.run_steps(3);
        press(&mut window, line);
    };
    choose("tour, chapter 4:", &line);
    assert_eq!(model(&window).tour.chapter, 3);
}

#[test]
fn the_title_names_seed_and_every_learning_rate() {
    let mut window = open();
    until(&mut window, "rows", |model| model.runs.first.history.rows() > 3);
    let title = model(&window).window_title();
    assert!(title.contains("seed bundled") && title.contains(env!("CARGO_PKG_VERSION")), "{title}");
}
