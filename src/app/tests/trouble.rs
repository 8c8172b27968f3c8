//! What goes wrong with a run, and what the window says and offers then.

use super::*;

#[test]
fn values_that_are_not_finite_are_said() {
    let engine = Fake { step_time: Duration::from_millis(2), gap_at: Some(20), ..Fake::default() };
    let mut window = sized(engine, Vec2::new(1280.0, 800.0));
    until(&mut window, "the banner", |model| !model.banners.is_empty());
    window.run_steps(2);
    assert!(window.query_by_label_contains("gd_lambda_1 = NaN at step 20").is_some());
    until(&mut window, "more rows", |model| model.runs.first.history.rows() > 40);
    assert_eq!(model(&window).banners.len(), 1, "said once");
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
    until(&mut window, "the failure", |model| model.runs.first.phase == RunPhase::Failed);
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
    assert_eq!(model(&window).runs.first.phase, RunPhase::Training);
}

#[test]
fn divergence_is_shown_with_its_step() {
    let engine = Fake { step_time: Duration::from_millis(2), diverges_at: Some(20), ..Fake::default() };
    let mut window = sized(engine, Vec2::new(1280.0, 800.0));
    until(&mut window, "the end", |model| model.runs.first.phase == RunPhase::Ended(Ending::NothingAdvances));
    window.run_steps(2);
    assert!(window.query_by_label_contains("Gradient descent diverged at step 20").is_some());
    assert_eq!(rows(&window), 21);
}

#[test]
fn a_preset_that_cannot_be_assembled_says_why() {
    let mut window = open();
    lab(&mut window).apply(Command::SetEta(1e4));
    press(&mut window, "Restart");
    assert_eq!(model(&window).runs.first.phase, RunPhase::Failed);
    assert!(window.query_by_label_contains("more than this engine takes").is_some());
}

#[test]
fn missing_data_is_asked_for_and_the_preset_starts_with_what_is_chosen() {
    let mut window = open();
    let colour = model(&window).runs.presets.len() - 1;
    lab(&mut window).apply(Command::OpenPreset(colour));
    window.run_steps(3);
    assert_eq!(model(&window).runs.first.phase, RunPhase::Failed);
    assert!(model(&window).banners[0].text.contains("CIFAR-10 is not found"));
    press(&mut window, "Choose directory…");
    until(&mut window, "word of the dialog", |model| model.banners.len() == 2);
    assert!(model(&window).banners[1].text.contains("No directory was chosen"));
    lab(&mut window).apply(Command::Dismiss(1));
    window.run_steps(3);
    press(&mut window, "Choose directory…");
    until(&mut window, "the run", |model| model.runs.first.phase == RunPhase::Training);
    let data = model(&window).current().data.clone().expect("data");
    assert_eq!(data.path, Some("chosen".into()));
    assert!(model(&window).banners.is_empty());
}
