//! The window without a window: every control found by its accessible name and pressed, and what goes wrong.

use super::state::layout;
use super::view::presenter;
use super::*;
use crate::picture::view::panel::Panel;
use crate::preset::{DataName, Preset};
use crate::run::engine::fake::Fake;
use crate::run::live::message::Ending;
use crate::run::record::series::Series;
use brink_core::dynamics::Event;
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
        choose_file: |form, _| Job::done(Some(std::path::Path::new(&form.path).with_file_name("chosen.csv"))),
        // nothing is chosen at first
        choose_data: |context| {
            let asked = egui::Id::unique("asked");
            let again = context.data_mut(|data| std::mem::replace(data.get_temp_mut_or_default(asked), true));
            Job::done(again.then(|| "chosen".into()))
        },
        choose_session: |_, purpose, _| {
            let chosen = if purpose == Purpose::Open { "found.brink" } else { "new" };
            Job::done(Some(chosen.into()))
        },
        recording: guided::recording,
        settings,
        autosave,
    };
    with_outside(outside, size, opening)
}

/// A window on the built-in presets' own engines.
fn on_real_engines(opening: Opening) -> Window {
    use crate::run::engine::assemble::assemble;
    use crate::run::engine::problem::Sources;
    let outside = Outside {
        assemble: std::sync::Arc::new(|preset| {
            assemble(preset, &Sources::default()).map_err(|error| error.to_string())
        }),
        choose_file: |_, _| Job::default(),
        choose_data: |_| Job::default(),
        choose_session: |_, _, _| Job::default(),
        recording: guided::recording,
        settings: None,
        autosave: None,
    };
    with_outside(outside, Vec2::new(1280.0, 800.0), opening)
}

fn with_outside(outside: Outside, size: Vec2, opening: Opening) -> Window {
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
    let screen = screen::Screen::default();
    let renderer = screen.clone();
    let builder = Harness::builder().with_size(size).renderer(renderer).with_context_setup(|context| {
        crate::picture::style::theme::install(context);
        screen.install(context);
    });
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
    model(window).runs.first.history.rows()
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
    until(&mut window, "cycles", |model| {
        model.runs.first.history.rows() > 150 && model.runs.first.curves.cycles().all().len() > 3
    });
    pause(&mut window);
    lab(&mut window).apply(Command::View(crate::picture::view::ViewChange::PlaceCursor(Some(70))));
    window
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
fn nothing_is_repainted_while_nothing_changes() {
    let mut window = open();
    until(&mut window, "rows", |model| model.runs.first.history.rows() > 10);
    pause(&mut window);
    window.run();
    for _ in 0..3 {
        window.step();
        let delay = window.output().viewport_output[&ViewportId::ROOT].repaint_delay;
        assert_eq!(delay, Duration::MAX);
    }
}

#[test]
fn the_smallest_window_and_a_huge_one_are_drawn() {
    for size in [Vec2::new(1.0, 1.0), Vec2::new(480.0, 360.0), Vec2::new(3840.0, 2160.0)] {
        let mut window = sized(Fake::default(), size);
        until(&mut window, "rows", |model| model.runs.first.history.rows() > 100);
        window.run_steps(2);
    }
}

pub(crate) mod controls;
pub(crate) mod every_command;
pub(crate) mod exports;
pub(crate) mod forks;
pub(crate) mod forms;
pub(crate) mod guided;
pub(crate) mod hands;
pub(crate) mod layouts;
pub(crate) mod network;
pub(crate) mod pictures;
pub(crate) mod scene;
pub(crate) mod screen;
pub(crate) mod sessions;
pub(crate) mod trouble;
pub(crate) mod ways;
