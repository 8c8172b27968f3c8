//! The export form: pictures, animations and tables, and what it says where they cannot be written.

use super::*;

/// Fills in the export form and presses Save.
pub(super) fn export(window: &mut Window, what: What, path: &std::path::Path) {
    if model(window).form != Some(Form::Export) {
        press(window, "File");
        window.get_all_by_role_and_label(Role::Button, "Export…").next().expect("a button").click();
        // The form finds its size and its place.
        window.run_steps(8);
    }
    control(window, Role::RadioButton, what.name()).click();
    window.run_steps(8);
    assert_eq!(model(window).export.what, what);
    control(window, Role::TextInput, "File").click();
    window.run_steps(2);
    window.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
    window.event(egui::Event::Text(path.display().to_string()));
    window.run_steps(2);
    press(window, "Save");
    until(window, "an outcome", |model| model.export.outcome.is_some());
}

fn png_size(path: &std::path::Path) -> (u32, u32) {
    let file = std::io::BufReader::new(std::fs::File::open(path).expect("a file"));
    let reader = png::Decoder::new(file).read_info().expect("a PNG file");
    (reader.info().width, reader.info().height)
}

#[test]
fn panels_and_the_whole_window_are_written_at_both_resolutions() {
    let mut window =
        sized(Fake { step_time: Duration::from_millis(1), ..Fake::default() }, Vec2::new(900.0, 640.0));
    until(&mut window, "rows", |model| model.history.rows() > 50);
    pause(&mut window);
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("π picture.png");

    export(&mut window, What::Window, &path);
    assert_eq!(png_size(&path), (1800, 1280));
    control(&window, Role::RadioButton, "1×").click();
    window.run_steps(3);
    export(&mut window, What::Window, &path);
    assert_eq!(png_size(&path), (900, 640));

    export(&mut window, What::Panel, &path);
    let single = png_size(&path);
    control(&window, Role::ComboBox, "Panel").click();
    window.run_steps(3);
    press(&mut window, Panel::Loss.title());
    assert_eq!(model(&window).export.panel, Panel::Loss);
    control(&window, Role::RadioButton, "2×").click();
    window.run_steps(3);
    export(&mut window, What::Panel, &path);
    assert_eq!(png_size(&path), (2 * single.0, 2 * single.1));
    export(&mut window, What::Dashboard, &path);
    assert!(png_size(&path).0 > 2000);
    control(&window, Role::SpinButton, "Width").set_value_accesskit(500.0);
    control(&window, Role::SpinButton, "Height").set_value_accesskit(300.0);
    window.run_steps(3);
    export(&mut window, What::Dashboard, &path);
    assert_eq!(png_size(&path), (1000, 600));
    assert_eq!(
        std::fs::read_dir(directory.path()).expect("a directory").count(),
        1,
        "no temporary file stays"
    );
}

#[test]
fn pictures_become_svg_and_steps_an_animation() {
    let mut window =
        sized(Fake { step_time: Duration::from_millis(1), ..Fake::default() }, Vec2::new(900.0, 800.0));
    until(&mut window, "rows", |model| model.history.rows() > 50);
    pause(&mut window);
    let directory = tempfile::tempdir().expect("a directory");
    export(&mut window, What::Panel, &directory.path().join("panel.png"));
    control(&window, Role::RadioButton, "SVG").click();
    window.run_steps(3);
    assert!(model(&window).export.path.ends_with("panel.svg"));
    press(&mut window, "Save");
    until(&mut window, "an outcome", |model| model.export.outcome.is_some());
    let svg = std::fs::read_to_string(directory.path().join("panel.svg")).expect("a file");
    assert!(svg.starts_with("<svg") && svg.contains("Brink preset: "), "{}", &svg[..200]);

    lab(&mut window).apply(Command::View(crate::picture::ViewChange::Show(Some([10.0, 20.0]))));
    window.run_steps(2);
    let path = directory.path().join("film.png");
    control(&window, Role::RadioButton, What::Film.name()).click();
    window.run_steps(4);
    assert_eq!(model(&window).export.film.steps, [10, 20], "the steps in sight are offered");
    control(&window, Role::SpinButton, "Number").set_value_accesskit(4.0);
    control(&window, Role::SpinButton, "Width").set_value_accesskit(200.0);
    control(&window, Role::SpinButton, "Height").set_value_accesskit(120.0);
    window.run_steps(3);
    export(&mut window, What::Film, &path);
    let outcome = model(&window).export.outcome.clone();
    assert!(outcome.as_ref().is_some_and(Result::is_ok), "{outcome:?}");
    let file = std::io::BufReader::new(std::fs::File::open(&path).expect("a file"));
    let reader = png::Decoder::new(file).read_info().expect("a PNG file");
    assert_eq!(reader.info().animation_control.map(|control| control.num_frames), Some(4));
}

#[test]
fn what_is_shown_becomes_csv() {
    let mut window = open();
    until(&mut window, "rows", |model| model.history.rows() > 30);
    pause(&mut window);
    lab(&mut window).apply(Command::View(crate::picture::ViewChange::Show(Some([10.0, 20.0]))));
    for panel in Panel::PLOTS.into_iter().filter(|&panel| panel != Panel::Loss) {
        lab(&mut window).apply(Command::TogglePanel(panel));
    }
    window.run_steps(2);
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("shown.csv");
    export(&mut window, What::VisibleCsv, &path);
    let csv = std::fs::read_to_string(&path).expect("a file");
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!((lines.len(), lines[1].split(',').count()), (13, 5), "{csv}");
    assert!(lines[2].starts_with("10,"), "{csv}");
}

#[test]
fn an_export_that_fails_says_why_and_the_dialog_fills_in_the_path() {
    let mut window = open();
    until(&mut window, "rows", |model| model.history.rows() > 3);
    export(&mut window, What::Csv, std::path::Path::new("/no such directory/run.csv"));
    let outcome = model(&window).export.outcome.clone().expect("an outcome");
    assert!(outcome.is_err_and(|reason| reason.contains("/no such directory/run.csv")));
    press(&mut window, "Choose…");
    until(&mut window, "a chosen file", |model| model.export.path.ends_with("chosen.csv"));
    assert_eq!(model(&window).export.outcome, None);
}
