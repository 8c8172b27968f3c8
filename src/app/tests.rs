//! The window without a window: every control found by its accessible name and pressed, and what goes wrong.

use super::*;
use crate::dynamics::Event;
use crate::picture::Panel;
use crate::run::fake::Fake;
use crate::run::preset::DataName;
use crate::run::{Ending, Preset, Series};
use crossbeam_channel::bounded;
use egui::{Key, Role, Theme, Vec2, ViewportId};
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, Node};
use std::time::{Duration, Instant};

/// The lab is made in the first frame: it wants the context.
type Window = Harness<'static, Option<Lab>>;

fn model(window: &Window) -> &Model {
    window.state().as_ref().expect("the first frame is drawn").model()
}

fn lab(window: &mut Window) -> &mut Lab {
    window.state_mut().as_mut().expect("the first frame is drawn")
}

fn presets() -> Vec<(String, Preset)> {
    Preset::built_in().into_iter().map(|(name, preset)| (name.to_owned(), preset)).collect()
}

/// The built-in presets and one of CIFAR-10.
fn presets_with_cifar() -> Vec<(String, Preset)> {
    let mut presets = presets();
    let text = "title = \"Colour\"\n[data]\nname = \"cifar10\"\n[optimizer]\neta = 0.1\n";
    presets.push(("colour".into(), Preset::parse(text).expect("a preset")));
    presets
}

fn needs_data(preset: &Preset) -> bool {
    preset.data.as_ref().is_some_and(|data| data.name == DataName::Cifar10 && data.path.is_none())
}

fn sized(engine: Fake, size: Vec2) -> Window {
    built(engine, size, Opening::default(), None, None)
}

/// A window that remembers its settings in a file.
fn with_settings(path: &std::path::Path) -> Window {
    let engine = Fake { step_time: Duration::from_millis(1), ..Fake::default() };
    built(engine, Vec2::new(1280.0, 800.0), Opening::default(), Some(path.to_path_buf()), None)
}

fn built(
    engine: Fake,
    size: Vec2,
    opening: Opening,
    settings: Option<std::path::PathBuf>,
    autosave: Option<(std::path::PathBuf, Duration)>,
) -> Window {
    let outside = Outside {
        assemble: std::sync::Arc::new(move |preset| match preset.optimizer.eta {
            _ if needs_data(preset) => Err("CIFAR-10 is not found".into()),
            eta if eta > 1e3 => Err(format!("η = {eta} is more than this engine takes")),
            _ => Ok(Box::new(engine.clone())),
        }),
        choose_file: |form, _| {
            let (sender, receiver) = bounded(1);
            let chosen = std::path::Path::new(&form.path).with_file_name("chosen.csv");
            sender.send(Some(chosen)).ok()?;
            Some(receiver)
        },
        // nothing is chosen at first
        choose_data: |context| {
            let (sender, receiver) = bounded(1);
            let asked = egui::Id::unique("asked");
            let again = context.data_mut(|data| std::mem::replace(data.get_temp_mut_or_default(asked), true));
            sender.send(again.then(|| "chosen".into())).ok()?;
            Some(receiver)
        },
        choose_session: |_, purpose, _| {
            let (sender, receiver) = bounded(1);
            let chosen = if purpose == Purpose::Open { "found.brink" } else { "new" };
            sender.send(Some(chosen.into())).ok()?;
            Some(receiver)
        },
        recording: guided::recording,
        settings,
        autosave,
    };
    let mut begin = Some((opening, outside));
    let draw = move |ui: &mut egui::Ui, lab: &mut Option<Lab>| {
        let context = ui.ctx().clone();
        let lab = lab.get_or_insert_with(|| {
            let (opening, outside) = begin.take().expect("one lab a window");
            Lab::new(presets_with_cifar(), 0, opening, outside, &context)
        });
        lab.logic();
        lab.ui(ui);
    };
    let builder = Harness::builder().with_size(size).with_context_setup(crate::picture::theme::install);
    let mut window = builder.build_ui_state(draw, None);
    window.run_steps(3);
    window
}

/// A window on an engine that takes two hundred steps a second.
fn open() -> Window {
    sized(Fake { step_time: Duration::from_millis(5), ..Fake::default() }, Vec2::new(1280.0, 800.0))
}

/// Draws frames until the condition holds; fails after ten seconds.
fn until(window: &mut Window, what: &str, mut holds: impl FnMut(&Model) -> bool) {
    let start = Instant::now();
    while !holds(model(window)) {
        assert!(start.elapsed() < Duration::from_secs(10), "never: {what}");
        std::thread::sleep(Duration::from_millis(2));
        window.step();
    }
}

fn press(window: &mut Window, name: &str) {
    control(window, Role::Button, name).click();
    window.run_steps(3);
}

fn tick(window: &mut Window, name: &str) {
    control(window, Role::CheckBox, name).click();
    window.run_steps(3);
}

/// A mark in a menu; the menu is put away again.
fn tick_in(window: &mut Window, menu: &str, name: &str) {
    press(window, menu);
    tick(window, name);
    press(window, menu);
}

fn control<'a>(window: &'a Window, role: Role, name: &'a str) -> Node<'a> {
    window.get_by_role_and_label(role, name)
}

fn pause(window: &mut Window) {
    press(window, "Pause");
    std::thread::sleep(Duration::from_millis(50));
    window.run_steps(3);
}

fn rows(window: &Window) -> usize {
    model(window).history.rows()
}

/// A paused window on a run with cycles and recorded outputs, its cursor at step 70.
fn with_cycles() -> Window {
    let engine = Fake {
        step_time: Duration::from_micros(200),
        cycle_steps: Some(20),
        examples: Some(network::examples()),
        ..Fake::default()
    };
    let mut window = sized(engine, Vec2::new(1280.0, 800.0));
    until(&mut window, "cycles", |model| model.history.rows() > 150 && model.curves.cycles().all().len() > 3);
    pause(&mut window);
    lab(&mut window).apply(Command::View(crate::picture::ViewChange::PlaceCursor(Some(70))));
    window
}

#[test]
fn it_opens_training_and_pauses_plays_steps_and_restarts() {
    let mut window = open();
    assert_eq!(model(&window).phase, Phase::Training);
    until(&mut window, "rows", |model| model.history.rows() > 10);

    pause(&mut window);
    assert_eq!(model(&window).phase, Phase::Paused);
    let paused_at = rows(&window);
    press(&mut window, "Step");
    until(&mut window, "one more row", |model| model.history.rows() == paused_at + 1);

    press(&mut window, "Play");
    assert_eq!(model(&window).phase, Phase::Training);
    until(&mut window, "more rows", |model| model.history.rows() > paused_at + 5);

    let before = rows(&window);
    press(&mut window, "Restart");
    assert!(rows(&window) < before, "{} rows", rows(&window));
    until(&mut window, "a new run", |model| model.history.value(Series::GdLoss, 0) == Some(1.0));
}

#[test]
fn keys_do_what_buttons_do() {
    let mut window = open();
    let key = |window: &mut Window, key| {
        window.key_press(key);
        window.run_steps(3);
    };
    key(&mut window, Key::Space);
    assert_eq!(model(&window).phase, Phase::Paused);
    std::thread::sleep(Duration::from_millis(50));
    window.run_steps(2);
    let paused_at = rows(&window);
    key(&mut window, Key::ArrowRight);
    until(&mut window, "one more row", |model| model.history.rows() == paused_at + 1);
    key(&mut window, Key::D);
    assert_eq!(model(&window).theme, Theme::Dark);
    key(&mut window, Key::C);
    assert!(!model(&window).view.show_central_flow);
    key(&mut window, Key::L);
    assert!(model(&window).all_log());
    key(&mut window, Key::E);
    assert!(model(&window).form == Some(Form::Export));
    key(&mut window, Key::D);
    assert_eq!(model(&window).theme, Theme::Dark, "letters are for the form while it is open");
    key(&mut window, Key::Escape);
    assert_eq!(model(&window).form, None);
    key(&mut window, Key::F);
    key(&mut window, Key::End);
    key(&mut window, Key::ArrowRight);
    let restarted =
        |model: &Model| model.history.events().iter().any(|(_, event)| *event == Event::FlowsStarted);
    until(&mut window, "restarted flows", restarted);
    let before = rows(&window);
    key(&mut window, Key::R);
    assert!(rows(&window) >= before, "one key alone loses no run");
    window.key_press_modifiers(egui::Modifiers::COMMAND, Key::R);
    window.run_steps(3);
    until(&mut window, "a new run", |model| {
        model.phase == Phase::Training && model.history.events().is_empty()
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
fn banners_of_several_kinds_leave_the_window_to_the_plots() {
    let mut window = open();
    pause(&mut window);
    let controls = |window: &Window| window.get_by_label("Whole run").rect().top();
    let status = |window: &Window| window.get_by_label("parameters").rect().top();
    let before = (controls(&window), status(&window));
    for (level, text) in
        [(Level::Warning, "the first of three"), (Level::Note, "the second"), (Level::Error, "the third")]
    {
        lab(&mut window)
            .model
            .raise(Banner { offers_restart: level == Level::Note, ..Banner::new(level, text) });
        window.run_steps(20);
    }
    assert_eq!((controls(&window), status(&window)), before);
    let lowest = window.get_by_label("the third").rect().bottom();
    assert!(lowest < 0.3 * 800.0, "three banners reach down to {lowest}");
}

#[test]
fn a_typed_eta_counts_when_it_is_whole() {
    let mut window = open();
    pause(&mut window);
    let before = model(&window).eta;
    control(&window, Role::SpinButton, "η").click();
    window.run_steps(3);
    window.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
    window.run_steps(2);
    for letter in ["0", ".", "0", "8"] {
        window.input_mut().events.push(egui::Event::Text(letter.into()));
        window.run_steps(2);
        assert_eq!(model(&window).eta, before, "half a number was taken");
    }
    window.key_press(Key::Enter);
    window.run_steps(3);
    assert_eq!(model(&window).eta, 0.08);
    assert!(model(&window).banners.is_empty(), "{:?}", model(&window).banners);
}

#[test]
fn every_choice_of_the_view_has_its_effect() {
    let mut window = open();
    tick_in(&mut window, "View", "Dark");
    assert_eq!(model(&window).theme, Theme::Dark);
    assert_eq!(window.ctx.theme(), Theme::Dark);
    tick(&mut window, "Central flow");
    assert!(!model(&window).view.show_central_flow);
    tick_in(&mut window, "View", "Log axes");
    assert!(model(&window).all_log());
    assert!(!model(&window).view.log.contains(&Panel::Displacement), "a quantity with a sign");
    tick_in(&mut window, "View", "Log axes");
    assert!(model(&window).view.log.is_empty());

    press(&mut window, "View");
    control(&window, Role::SpinButton, "Smoothing").set_value_accesskit(20.0);
    window.run_steps(3);
    assert_eq!(model(&window).view.smoothing_steps, 20.0);

    let zoom = crate::picture::ViewChange::Show(Some([1.0, 5.0]));
    lab(&mut window).apply(Command::View(zoom));
    press(&mut window, "Whole run");
    assert_eq!(model(&window).view.visible, None);
}

#[test]
fn the_learning_rate_acts_on_the_running_processes() {
    let mut window = open();
    until(&mut window, "rows", |model| model.history.rows() > 3);
    control(&window, Role::Slider, "η").set_value_accesskit(0.2);
    until(&mut window, "the new η in the records", |model| {
        model
            .history
            .rows()
            .checked_sub(1)
            .is_some_and(|row| model.history.value(Series::Eta, row) == Some(0.2))
    });
    assert_eq!(model(&window).phase, Phase::Training, "a change never resets");

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
    assert_eq!(model(&window).eta, 7.5);
    typed(&mut window, "0");
    assert_eq!(model(&window).eta, 7.5, "zero is refused");
    assert!(window.query_by_label_contains("η = 0 is refused").is_some());
    press(&mut window, "Dismiss");
    assert!(model(&window).banners.is_empty());
}

#[test]
fn the_speed_is_limited_and_unlimited() {
    let mut window = open();
    control(&window, Role::Slider, "Speed").set_value_accesskit(6.0);
    window.run_steps(3);
    assert_eq!(model(&window).speed, Some(10.0));
    control(&window, Role::Slider, "Speed").set_value_accesskit(13.0);
    window.run_steps(3);
    assert_eq!(model(&window).speed, None);
}

#[test]
fn the_slider_leaves_a_speed_as_it_is_and_keys_go_to_the_next_notch() {
    let mut window = open();
    for speed in [60.0, 40.0, 3.0, 0.3, 2500.0] {
        lab(&mut window).apply(Command::SetSpeed(Some(speed)));
        window.run_steps(5);
        assert_eq!(model(&window).speed, Some(speed), "drawing the slider has changed it");
    }
    lab(&mut window).apply(Command::SetSpeed(Some(60.0)));
    control(&window, Role::Slider, "Speed").focus();
    window.run_steps(3);
    for (key, speed) in [(Key::ArrowRight, 100.0), (Key::ArrowRight, 200.0), (Key::ArrowLeft, 100.0)] {
        window.key_press(key);
        window.run_steps(3);
        assert_eq!(model(&window).speed, Some(speed));
    }
    let rect = control(&window, Role::Slider, "Speed").rect();
    let at = egui::pos2(rect.left() + 0.3 * rect.width(), rect.center().y);
    for pressed in [true, false] {
        let (button, modifiers) = (egui::PointerButton::Primary, egui::Modifiers::NONE);
        window.event(egui::Event::PointerMoved(at));
        window.event(egui::Event::PointerButton { pos: at, button, pressed, modifiers });
        window.run_steps(2);
    }
    let speed = model(&window).speed.expect("a speed");
    assert!([0.2, 0.5, 1.0, 2.0, 5.0, 10.0].contains(&speed), "the pointer stops at notches: {speed}");
}

#[test]
fn values_that_are_not_finite_are_said() {
    let engine = Fake { step_time: Duration::from_millis(2), gap_at: Some(20), ..Fake::default() };
    let mut window = sized(engine, Vec2::new(1280.0, 800.0));
    until(&mut window, "the banner", |model| !model.banners.is_empty());
    window.run_steps(2);
    assert!(window.query_by_label_contains("gd_lambda_1 = NaN at step 20").is_some());
    until(&mut window, "more rows", |model| model.history.rows() > 40);
    assert_eq!(model(&window).banners.len(), 1, "said once");
}

#[test]
fn another_preset_starts_another_run() {
    let mut window = open();
    let other = model(&window).presets[1].1.clone();
    control(&window, Role::ComboBox, "Preset").click();
    window.run_steps(3);
    press(&mut window, &other.title);
    let model = model(&window);
    assert_eq!((model.preset, model.eta), (1, other.optimizer.eta));
    assert_eq!(model.view.smoothing_steps, other.view.smoothing);
    until(&mut window, "its first rows", |model| model.history.rows() > 0);
}

#[test]
fn flows_above_the_edge_are_announced_and_can_be_restarted() {
    let engine = Fake { step_time: Duration::from_millis(2), above_edge_at: Some(5), ..Fake::default() };
    let mut window = sized(engine, Vec2::new(1280.0, 800.0));
    until(&mut window, "a warning", |model| model.banners.iter().any(|banner| banner.offers_flows));
    assert!(model(&window).banners[0].text.contains("2.50 > 2"));
    window.step();
    // One in the bar, one in the banner: both send the same command.
    let all = window.get_all_by_role_and_label(Role::Button, "Restart flows here");
    all.last().expect("the banner's button").click();
    window.run_steps(2);
    until(&mut window, "the warning gone", |model| model.banners.is_empty());
}

#[test]
fn a_failed_worker_keeps_its_data_and_a_new_run_starts() {
    let engine = Fake { step_time: Duration::from_millis(2), panics_at: Some(40), ..Fake::default() };
    let mut window = sized(engine, Vec2::new(1280.0, 800.0));
    until(&mut window, "the failure", |model| model.phase == Phase::Failed);
    window.run_steps(2);
    assert!(window.query_by_label_contains("the answer at step 40 is not 42").is_some());
    assert_eq!(rows(&window), 40);

    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("kept rows.csv");
    exports::export(&mut window, What::Csv, &path);
    let csv = std::fs::read_to_string(&path).expect("a file");
    assert_eq!(csv.lines().count(), 42, "where it comes from, a header and every row");
    assert!(csv.starts_with("# Brink ") && csv.contains(": brink "), "{csv}");

    lab(&mut window).apply(Command::Toggle(Form::Export));
    window.run_steps(2);
    let buttons = window.get_all_by_role_and_label(Role::Button, "Restart");
    buttons.last().expect("the banner's button").click();
    window.run_steps(2);
    assert_eq!(model(&window).phase, Phase::Training);
}

#[test]
fn divergence_is_shown_with_its_step() {
    let engine = Fake { step_time: Duration::from_millis(2), diverges_at: Some(20), ..Fake::default() };
    let mut window = sized(engine, Vec2::new(1280.0, 800.0));
    until(&mut window, "the end", |model| model.phase == Phase::Ended(Ending::NothingAdvances));
    window.run_steps(2);
    assert!(window.query_by_label_contains("Gradient descent diverged at step 20").is_some());
    assert_eq!(rows(&window), 21);
}

#[test]
fn a_preset_that_cannot_be_assembled_says_why() {
    let mut window = open();
    lab(&mut window).apply(Command::SetEta(1e4));
    press(&mut window, "Restart");
    assert_eq!(model(&window).phase, Phase::Failed);
    assert!(window.query_by_label_contains("more than this engine takes").is_some());
}

#[test]
fn nothing_is_repainted_while_nothing_changes() {
    let mut window = open();
    until(&mut window, "rows", |model| model.history.rows() > 10);
    pause(&mut window);
    window.run();
    for _ in 0..3 {
        window.step();
        let delay = window.output().viewport_output[&ViewportId::ROOT].repaint_delay;
        assert_eq!(delay, Duration::MAX);
    }
}

#[test]
fn every_control_is_reached_by_the_tab_key() {
    let mut window = open();
    until(&mut window, "rows", |model| model.history.rows() > 5);
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
fn the_smallest_window_and_a_huge_one_are_drawn() {
    for size in [Vec2::new(1.0, 1.0), Vec2::new(480.0, 360.0), Vec2::new(3840.0, 2160.0)] {
        let mut window = sized(Fake::default(), size);
        until(&mut window, "rows", |model| model.history.rows() > 100);
        window.run_steps(2);
    }
}

#[test]
fn missing_data_is_asked_for_and_the_preset_starts_with_what_is_chosen() {
    let mut window = open();
    let colour = model(&window).presets.len() - 1;
    lab(&mut window).apply(Command::OpenPreset(colour));
    window.run_steps(3);
    assert_eq!(model(&window).phase, Phase::Failed);
    assert!(model(&window).banners[0].text.contains("CIFAR-10 is not found"));
    press(&mut window, "Choose directory…");
    until(&mut window, "word of the dialog", |model| model.banners.len() == 2);
    assert!(model(&window).banners[1].text.contains("No directory was chosen"));
    lab(&mut window).apply(Command::Dismiss(1));
    window.run_steps(3);
    press(&mut window, "Choose directory…");
    until(&mut window, "the run", |model| model.phase == Phase::Training);
    let data = model(&window).current().data.clone().expect("data");
    assert_eq!(data.path, Some("chosen".into()));
    assert!(model(&window).banners.is_empty());
}

mod every_command;
mod exports;
mod guided;
mod hands;
mod network;
mod pictures;
mod scene;
mod sessions;
