//! The export form: pictures, animations and tables, and what it says where they cannot be written.

use super::*;

/// Fills in the export form and presses Save.
pub(super) fn export(window: &mut Window, what: What, path: &std::path::Path) {
    if model(window).forms.open != Some(Form::Export) {
        press(window, "File");
        window.get_all_by_role_and_label(Role::Button, "Export…").next().expect("a button").click();
        // The form finds its size and its place.
        window.run_steps(8);
    }
    control(window, Role::RadioButton, what.name()).click();
    window.run_steps(8);
    assert_eq!(model(window).forms.export.what, what);
    control(window, Role::TextInput, "File").click();
    window.run_steps(2);
    window.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
    window.event(egui::Event::Text(path.display().to_string()));
    window.run_steps(2);
    press(window, "Save");
    until(window, "an outcome", |model| model.forms.export.outcome.is_some());
}

fn png_size(path: &std::path::Path) -> (u32, u32) {
    let file = std::io::BufReader::new(std::fs::File::open(path).expect("a file"));
    let reader = png::Decoder::new(file).read_info().expect("a PNG file");
    (reader.info().width, reader.info().height)
}

#[test]
fn panels_and_the_whole_window_are_written_at_any_resolution() {
    let mut window =
        sized(Fake { step_time: Duration::from_millis(1), ..Fake::default() }, Vec2::new(900.0, 640.0));
    until(&mut window, "rows", |model| model.runs.first.history.rows() > 50);
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
    assert_eq!(model(&window).forms.export.panel, Panel::Loss);
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
    for (name, size) in [("1.5×", (750, 450)), ("3×", (1500, 900))] {
        control(&window, Role::RadioButton, name).click();
        window.run_steps(3);
        export(&mut window, What::Dashboard, &path);
        assert_eq!(png_size(&path), size);
    }
    control(&window, Role::SpinButton, "Pixels a point").set_value_accesskit(1.23);
    window.run_steps(3);
    assert!(window.query_by_label("615 × 369 pixels").is_some());
    export(&mut window, What::Dashboard, &path);
    assert_eq!(png_size(&path), (615, 369));

    control(&window, Role::SpinButton, "Width").set_value_accesskit(8000.0);
    control(&window, Role::SpinButton, "Pixels a point").set_value_accesskit(8.0);
    window.run_steps(3);
    lab(&mut window).model.forms.export.outcome = None;
    window.run_steps(3);
    press(&mut window, "Save");
    until(&mut window, "an outcome", |model| model.forms.export.outcome.is_some());
    let outcome = model(&window).forms.export.outcome.clone().expect("an outcome");
    assert!(outcome.is_err_and(|reason| reason.contains("64000 × 2400 pixels") && reason.contains("16384")));
    assert_eq!(png_size(&path), (615, 369), "the file is as it was");
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
    until(&mut window, "rows", |model| model.runs.first.history.rows() > 50);
    pause(&mut window);
    let directory = tempfile::tempdir().expect("a directory");
    export(&mut window, What::Panel, &directory.path().join("panel.png"));
    control(&window, Role::RadioButton, "SVG").click();
    window.run_steps(3);
    assert!(model(&window).forms.export.path.ends_with("panel.svg"));
    press(&mut window, "Save");
    until(&mut window, "an outcome", |model| model.forms.export.outcome.is_some());
    let svg = std::fs::read_to_string(directory.path().join("panel.svg")).expect("a file");
    assert!(svg.starts_with("<svg") && svg.contains("Brink preset: "), "{}", &svg[..200]);

    lab(&mut window).apply(Command::View(crate::picture::view::ViewChange::Show(Some([10.0, 20.0]))));
    window.run_steps(2);
    let path = directory.path().join("film.png");
    control(&window, Role::RadioButton, What::Film.name()).click();
    window.run_steps(4);
    assert_eq!(model(&window).forms.export.film.steps, [10, 20], "the steps in sight are offered");
    control(&window, Role::SpinButton, "Number").set_value_accesskit(4.0);
    control(&window, Role::SpinButton, "Width").set_value_accesskit(200.0);
    control(&window, Role::SpinButton, "Height").set_value_accesskit(120.0);
    window.run_steps(3);
    export(&mut window, What::Film, &path);
    let outcome = model(&window).forms.export.outcome.clone();
    assert!(outcome.as_ref().is_some_and(Result::is_ok), "{outcome:?}");
    let file = std::io::BufReader::new(std::fs::File::open(&path).expect("a file"));
    let reader = png::Decoder::new(file).read_info().expect("a PNG file");
    assert_eq!(reader.info().animation_control.map(|control| control.num_frames), Some(4));
}

#[test]
fn the_dashboard_is_drawn_as_it_is_laid_out() {
    let mut window =
        sized(Fake { step_time: Duration::from_millis(1), ..Fake::default() }, Vec2::new(900.0, 800.0));
    until(&mut window, "rows", |model| model.runs.first.history.rows() > 50);
    pause(&mut window);
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("laid out.svg");
    for (arrangement, titles) in [
        (Arrangement::Lecture, vec![Panel::Sharpness, Panel::Loss, Panel::Variance]),
        (Arrangement::Network, vec![Panel::Sharpness, Panel::Loss, Panel::Predictions, Panel::Spectrum]),
    ] {
        lab(&mut window).apply(Command::Arrange(arrangement));
        let model = &mut lab(&mut window).model;
        (model.forms.export.what, model.forms.export.svg) = (What::Dashboard, true);
        model.forms.export.path = path.display().to_string();
        lab(&mut window).apply(Command::Save);
        until(&mut window, "an outcome", |model| {
            model.forms.export.outcome.is_some() && !model.forms.export.saving
        });
        let svg = std::fs::read_to_string(&path).expect("a file");
        // what stands between tags; spaces have no place of their own there
        let texts = svg.split('<').filter_map(|tag| tag.split_once('>')).map(|(_, text)| text);
        let texts: String = texts.flat_map(str::split_whitespace).collect();
        for panel in Panel::ALL {
            let title: String = panel.title().split_whitespace().collect();
            assert_eq!(texts.contains(&title), titles.contains(&panel), "{panel:?}");
        }
    }
}

#[test]
fn what_is_shown_becomes_csv() {
    let mut window = open();
    lab(&mut window).apply(Command::SetSmoothing(5.0));
    until(&mut window, "rows", |model| model.runs.first.history.rows() > 30);
    pause(&mut window);
    lab(&mut window).apply(Command::View(crate::picture::view::ViewChange::Show(Some([10.0, 20.0]))));
    for panel in Panel::PLOTS.into_iter().filter(|&panel| panel != Panel::Loss) {
        lab(&mut window).apply(Command::TogglePanel(panel));
    }
    window.run_steps(2);
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("shown.csv");
    export(&mut window, What::VisibleCsv, &path);
    let csv = std::fs::read_to_string(&path).expect("a file");
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!((lines.len(), lines[1]), (13, "step,gd_loss,gd_loss_smoothed,cf_loss"), "{csv}");
    assert!(lines[2].starts_with("10,"), "{csv}");
}

/// Columns by name: steps and values.
type Columns = std::collections::BTreeMap<String, Vec<(usize, f64)>>;

/// The columns of a table by name, each with its values by step; and the comments above it.
fn table(path: &std::path::Path) -> (Vec<String>, Columns) {
    let text = std::fs::read_to_string(path).expect("a file");
    let (comments, lines): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('#'));
    let names: Vec<&str> = lines[0].split(',').collect();
    let mut columns = Columns::new();
    for (column, name) in names.iter().enumerate().skip(1) {
        let value = |line: &&str| {
            let fields: Vec<&str> = line.split(',').collect();
            assert_eq!(fields.len(), names.len());
            Some((fields[0].parse().ok()?, fields[column].parse().ok()?))
        };
        let values = lines[1..].iter().filter_map(value).collect();
        assert!(columns.insert((*name).to_owned(), values).is_none(), "{name} twice");
    }
    (comments.into_iter().map(str::to_owned).collect(), columns)
}

#[test]
fn tables_tell_forks_and_compared_runs_apart() {
    let engine = Fake { step_time: Duration::from_millis(1), cycle_steps: Some(20), ..Fake::default() };
    let mut window = sized(engine, Vec2::new(1280.0, 800.0));
    until(&mut window, "rows", |model| model.runs.first.history.rows() > 60);
    pause(&mut window);
    lab(&mut window).apply(Command::View(crate::picture::view::ViewChange::PlaceCursor(Some(30))));
    lab(&mut window).apply(Command::Edit(FormEdit::Fork(ForkForm { parent: None, eta: 0.25 })));
    lab(&mut window).apply(Command::Fork);
    let saved = model(&window).runs.first.history.until(12);
    lab(&mut window).model.runs.compared.push(crate::app::state::runs::Compared::new("before".into(), saved));
    press(&mut window, "Play");
    let count = rows(&window);
    until(&mut window, "rows of the fork", |model| model.runs.forks.list()[0].history.rows() > count + 20);
    pause(&mut window);
    lab(&mut window).apply(Command::SetSmoothing(5.0));
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("all.csv");

    export(&mut window, What::Csv, &path);
    let (comments, columns) = table(&path);
    assert!(comments[0].contains("--fork 30=0.25"), "{comments:?}");
    assert_eq!(comments[1..], ["# run2: η = 0.25 from step 30", "# run3: before"]);
    let steps = |name: &str| columns[name].iter().map(|(step, _)| *step).collect::<Vec<_>>();
    let forked = model(&window).runs.forks.list()[0].history.rows();
    assert_eq!(steps("gd_loss"), (0..rows(&window)).collect::<Vec<_>>());
    assert_eq!(steps("run2_gd_loss"), (30..forked).collect::<Vec<_>>());
    assert_eq!(steps("run3_gd_loss"), (0..12).collect::<Vec<_>>());
    assert!(columns["run2_eta"].iter().all(|(_, eta)| *eta == 0.25));
    assert!(!columns.contains_key("gd_loss_smoothed"), "what is recorded, and nothing else");

    export(&mut window, What::VisibleCsv, &path);
    let (_, columns) = table(&path);
    for name in ["gd_loss_smoothed", "run2_gd_loss_smoothed", "run3_gd_loss_smoothed", "run2_cf_loss"] {
        assert!(columns.contains_key(name), "{name} is missing: {:?}", columns.keys());
    }
    let eta = columns["edge_2_over_eta"][0].1;
    assert_eq!(Some(2.0 / eta), model(&window).runs.first.history.value(Series::Eta, 0));
    assert!(columns["run2_edge_2_over_eta"].iter().all(|(_, edge)| *edge == 8.0));
    for (name, curves) in [("gd_loss_smoothed", &model(&window).runs.first.curves)] {
        for &(step, value) in &columns[name] {
            let drawn =
                curves.value(crate::run::analysis::curves::Curve::Loss, step).expect("a smoothed value");
            assert!((value - drawn).abs() <= 1e-12 * drawn.abs(), "{name} at {step}: {value}, drawn {drawn}");
        }
    }
    // what is hidden is not shown
    lab(&mut window).apply(Command::ToggleCentralFlow);
    export(&mut window, What::VisibleCsv, &path);
    let (_, columns) = table(&path);
    assert!(columns.keys().all(|name| !name.contains("cf_")), "{:?}", columns.keys());
}

#[test]
fn an_export_that_fails_says_why_and_the_dialog_fills_in_the_path() {
    let mut window = open();
    until(&mut window, "rows", |model| model.runs.first.history.rows() > 3);
    export(&mut window, What::Csv, std::path::Path::new("/no such directory/run.csv"));
    let outcome = model(&window).forms.export.outcome.clone().expect("an outcome");
    assert!(outcome.is_err_and(|reason| reason.contains("/no such directory/run.csv")));
    press(&mut window, "Choose…");
    until(&mut window, "a chosen file", |model| model.forms.export.path.ends_with("chosen.csv"));
    assert_eq!(model(&window).forms.export.outcome, None);
}
