//! Sessions: saved, opened, compared with, kept in case of a crash; the command line that opens a moment again; which run is
//! steered; and every key.

pub(crate) mod going_on;
pub(crate) mod paths;

use super::hands::{key, paused};
use super::*;
use crate::picture::view::ViewChange;
use crate::picture::view::scene_view::SceneChange;
use crate::run::engine::branch::Branch;
use egui::Modifiers;
use std::path::Path;

fn control_key(window: &mut Window, key: Key) {
    window.key_press_modifiers(Modifiers::COMMAND, key);
    window.run_steps(4);
}

/// The form of the sessions, open on a file.
fn form(window: &mut Window, path: &Path) {
    lab(window).apply(Command::Edit(FormEdit::Session(path.display().to_string())));
    lab(window).apply(Command::Toggle(Form::Session));
    window.run_steps(8);
}

/// A file with the session of a paused window of so many rows.
fn saved(path: &Path) -> usize {
    let mut window = paused(40);
    lab(&mut window).apply(Command::SetSmoothing(7.0));
    form(&mut window, path);
    press(&mut window, "Save session");
    until(&mut window, "the file", |model| model.forms.session.known);
    assert!(window.query_by_label_contains("Saved: ").is_some());
    rows(&window)
}

fn kept(directory: &Path, start: &str) -> usize {
    let names = std::fs::read_dir(directory).expect("a directory");
    names
        .filter(|name| name.as_ref().is_ok_and(|name| name.file_name().to_string_lossy().starts_with(start)))
        .count()
}

#[test]
fn a_saved_run_is_opened_and_goes_on() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("the lecture.brink");
    let count = saved(&path);
    let mut window = open();
    form(&mut window, &path);
    press(&mut window, "Open session");
    until(&mut window, "the session", |model| model.forms.session.known);
    window.run_steps(3);
    assert_eq!(
        (rows(&window), &model(&window).runs.first.phase, model(&window).forms.open),
        (count, &RunPhase::Paused, None)
    );
    assert_eq!(model(&window).view.plots.smoothing_steps, 7.0, "shown as it was");
    let places = model(&window).runs.presets.len();
    press(&mut window, "Play");
    until(&mut window, "more rows", |model| model.runs.first.history.rows() > count + 5);
    for row in 0..count + 5 {
        let loss = model(&window).runs.first.history.value(Series::GdLoss, row);
        assert_eq!(loss, Some(1.0 / (1.0 + row as f64)), "row {row}");
    }
    // saving again needs no question, and opening again no second entry of the menu
    control_key(&mut window, Key::S);
    until(&mut window, "the file", |model| {
        model.banners.iter().any(|banner| banner.text.starts_with("Saved"))
    });
    assert_eq!(model(&window).forms.open, None);
    form(&mut window, &path);
    press(&mut window, "Open session");
    until(&mut window, "the session", |model| model.forms.open.is_none());
    assert!(rows(&window) > count && model(&window).runs.presets.len() == places);
}

#[test]
fn a_saved_run_is_compared_with_and_put_away() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("before.brink");
    let count = saved(&path);
    let mut window = paused(20);
    let mine = rows(&window);
    form(&mut window, &path);
    press(&mut window, "Compare with it");
    until(&mut window, "the run", |model| model.runs.compared.len() == 1);
    assert_eq!(rows(&window), mine, "the present run stays");
    let overlays = model(&window).overlays();
    assert_eq!(
        (overlays[0].label.as_ref(), overlays[0].history.rows(), overlays[0].from),
        ("before", count, 0)
    );
    key(&mut window, Key::Escape);
    key(&mut window, Key::K);
    window.run_steps(8);
    press(&mut window, "Close comparison 1");
    assert!(model(&window).runs.compared.is_empty());
    // nor is it drawn over a run of something else
    form(&mut window, &path);
    press(&mut window, "Compare with it");
    until(&mut window, "the run", |model| model.runs.compared.len() == 1);
    let other = (model(&window).runs.preset + 1) % model(&window).runs.presets.len();
    lab(&mut window).apply(Command::OpenPreset(other));
    assert!(model(&window).runs.compared.is_empty());
}

#[test]
fn a_damaged_session_leaves_the_run_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("notes.brink");
    std::fs::write(&path, "buy milk").expect("a file");
    let mut window = paused(20);
    let mine = rows(&window);
    form(&mut window, &path);
    press(&mut window, "Open session");
    until(&mut window, "a word", |model| model.forms.session.outcome.is_some());
    let outcome = model(&window).forms.session.outcome.clone();
    assert!(outcome.is_some_and(|outcome| outcome.is_err_and(|error| error.contains("no Brink session"))));
    assert_eq!(rows(&window), mine);
    press(&mut window, "Find session");
    until(&mut window, "the dialog", |model| model.forms.session.path == "found.brink");
    press(&mut window, "New session file");
    until(&mut window, "the dialog", |model| model.forms.session.path == "new.brink");
    press(&mut window, "Copy the command");
    assert!(model(&window).forms.session.outcome.as_ref().is_some_and(Result::is_ok));
}

#[test]
fn an_unfinished_run_survives_a_crash_and_nothing_else() {
    let directory = tempfile::tempdir().expect("a directory");
    let start = || {
        let engine = Fake { step_time: Duration::from_millis(2), ..Fake::default() };
        let autosave = Some((directory.path().to_path_buf(), Duration::from_millis(100)));
        built(engine, Vec2::new(1280.0, 800.0), Opening::default(), None, autosave)
    };
    let there = |path: &Path| kept(path, "autosave-") > 0;
    let mut window = start();
    assert!(model(&window).runs.unfinished.is_empty());
    until(&mut window, "an autosave", |_| there(directory.path()));
    let mut beside = start();
    assert!(model(&beside).runs.unfinished.is_empty(), "another window's run is none of this one's business");
    lab(&mut beside).close();
    // as a crash ends it
    drop(window);

    let mut window = start();
    assert!(window.query_by_label_contains("was not finished").is_some());
    lab(&mut window).apply(Command::Restart);
    window.run_steps(3);
    press(&mut window, "Open");
    until(&mut window, "the run", |model| model.runs.unfinished.is_empty());
    assert!(rows(&window) > 1 && model(&window).runs.first.phase == RunPhase::Paused);
    assert!(window.query_by_label_contains("was not finished").is_none());
    drop(window);

    let mut window = start();
    press(&mut window, "Discard");
    assert_eq!(kept(directory.path(), "left-"), 0);
    until(&mut window, "an autosave", |_| there(directory.path()));
    lab(&mut window).close();
    assert!(!there(directory.path()), "closed at the user's wish");
}

#[test]
fn a_command_line_leads_to_its_moment() {
    let engine = Fake { step_time: Duration::from_millis(1), ..Fake::default() };
    let mut course = crate::run::engine::course::Course::new(0.5);
    course.set_eta(20, 0.4);
    let forks = vec![Branch::new(10, 0.3)];
    let opening = Opening { course: Some(course), forks, at: Some(30), session: None };
    let mut window = built(engine, Vec2::new(1280.0, 800.0), opening, None, None);
    until(&mut window, "the moment", |model| model.view.plots.cursor == Some(30));
    until(&mut window, "the fork", |model| model.runs.forks.list()[0].history.rows() == 31);
    assert_eq!((rows(&window), &model(&window).runs.first.phase), (31, &RunPhase::Paused));
    assert_eq!(model(&window).runs.first.eta(), 0.4, "what was planned has come");
    let address = lab(&mut window).address().to_string();
    assert!(address.starts_with("brink digits-noise --set optimizer.eta=0.5"), "{address}");
    for word in ["--eta-at 20=0.4", "--fork 10=0.3", "--at 30"] {
        assert!(address.contains(word), "{word} in {address}");
    }
}

#[test]
fn the_run_chosen_in_the_tree_is_steered_and_its_end_is_said() {
    let engine = Fake { step_time: Duration::from_millis(1), diverges_at: Some(400), ..Fake::default() };
    let mut window = sized(engine, Vec2::new(1280.0, 800.0));
    until(&mut window, "rows", |model| model.runs.first.history.rows() > 60);
    pause(&mut window);
    let first = model(&window).runs.first.eta();
    lab(&mut window).apply(Command::View(ViewChange::PlaceCursor(Some(30))));
    lab(&mut window).apply(Command::Fork);
    let fork = &model(&window).runs.forks.list()[0];
    let (id, eta) = (fork.id, fork.eta());
    assert!(eta < first, "a fork with the same learning rate would show nothing");
    lab(&mut window).apply(Command::Edit(FormEdit::Fork(ForkForm { parent: Some(id), eta })));
    lab(&mut window).apply(Command::SetEta(0.25));
    lab(&mut window).apply(Command::RestartFlows);
    key(&mut window, Key::Space);
    until(&mut window, "its learning rate", |model| {
        model.runs.forks.list()[0].history.value(Series::Eta, 40) == Some(0.25)
    });
    assert_eq!((model(&window).runs.first.eta(), model(&window).steered_eta()), (first, 0.25));
    let restarted = |model: &Model| {
        model.runs.forks.list()[0].history.events().iter().any(|(_, event)| *event == Event::FlowsStarted)
    };
    assert!(restarted(model(&window)));
    assert!(
        model(&window).runs.first.history.events().iter().all(|(_, event)| *event != Event::FlowsStarted)
    );
    until(&mut window, "the divergence", |model| {
        model
            .banners
            .iter()
            .any(|banner| banner.text.starts_with("Fork “η") && banner.text.contains("diverged at step 400"))
    });
}

/// What a key can change, in words.
fn digest(model: &Model) -> String {
    let (view, phase, eta) = (&model.view.plots, &model.runs.first.phase, model.runs.first.eta());
    let (theme, tree, presenter) = (model.layout.theme, &model.layout.tree, model.layout.presenter);
    let (form, playback) = (model.forms.open, model.view.playback);
    let (rows, steps) = (model.runs.first.history.rows(), model.current().run.steps);
    format!("{view:?} {phase:?} {eta} {theme:?} {form:?} {playback:?} {tree:?} {presenter} {rows} {steps}")
}

#[test]
fn every_key_does_something_that_shows() {
    for command in Command::simple() {
        let Some(shortcut) = command.entry().shortcut else { continue };
        // what closes the window has a test of its own, and what the training answers to shows at its next step
        if matches!(command, Command::Quit | Command::RestartFlows) {
            continue;
        }
        let mut window = with_cycles();
        match command {
            Command::Leave => lab(&mut window).apply(Command::Toggle(Form::Help)),
            Command::Arrange(Arrangement::Compare) => {
                lab(&mut window).apply(Command::Arrange(Arrangement::Lecture));
            }
            Command::ResetScene => {
                let nearer = ViewChange::Scene(SceneChange::Magnify(2.0, [0.0, 0.0]));
                lab(&mut window).apply(Command::View(nearer));
            }
            _ => {}
        }
        window.run_steps(3);
        let before = digest(model(&window));
        window.key_press_modifiers(shortcut.modifiers, shortcut.logical_key);
        window.run_steps(3);
        assert_ne!(digest(model(&window)), before, "{}", command.full_name());
    }
}
