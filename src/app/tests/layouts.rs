//! Layouts, panels that are moved, and the settings that remember them.

use super::hands::{key, paused, type_text};
use super::*;

#[test]
fn layouts_are_chosen_saved_forgotten_and_survive_the_window() {
    let directory = tempfile::tempdir().expect("a directory");
    let settings = directory.path().join("brink/settings.toml");
    let mut window = with_settings(&settings);
    key(&mut window, Key::Num1);
    assert_eq!(layout::shown(&model(&window).layout.tree), [Panel::Sharpness, Panel::Loss, Panel::Variance]);
    press(&mut window, "Layout");
    control(&window, Role::CheckBox, "Distance from gradient descent").click();
    window.run_steps(3);
    assert!(layout::has(&model(&window).layout.tree, Panel::Distance));
    key(&mut window, Key::Escape);
    lab(&mut window).apply(Command::Toggle(Form::Layout));
    window.run_steps(8);
    control(&window, Role::TextInput, "Layout name").click();
    window.run_steps(2);
    type_text(&mut window, "mine");
    press(&mut window, "Save layout");
    key(&mut window, Key::Escape);
    let mine = layout::LayoutNode::from_tree(&model(&window).layout.tree);
    tick_in(&mut window, "View", "Dark");
    lab(&mut window).close();

    let mut again = with_settings(&settings);
    assert_eq!(layout::LayoutNode::from_tree(&model(&again).layout.tree), mine);
    assert_eq!(again.ctx.theme(), Theme::Dark);
    key(&mut again, Key::Num3);
    assert_eq!(layout::shown(&model(&again).layout.tree), Panel::PLOTS);
    lab(&mut again).apply(Command::Toggle(Form::Layout));
    again.run_steps(8);
    press(&mut again, "Layout: mine");
    assert_eq!(layout::LayoutNode::from_tree(&model(&again).layout.tree), mine);
    press(&mut again, "Forget layout: mine");
    assert!(model(&again).layout.saved.is_empty());
}

#[test]
fn broken_settings_are_said_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("settings.toml");
    std::fs::write(&path, "panels = [[[").expect("a file");
    let mut window = with_settings(&path);
    assert!(model(&window).banners[0].text.contains("settings.toml"), "{:?}", model(&window).banners);
    assert_eq!(model(&window).runs.first.phase, RunPhase::Training);
    lab(&mut window).close();
    assert!(model(&with_settings(&path)).banners.is_empty());
}

#[test]
fn every_panel_can_be_hidden_and_shown() {
    let mut window = paused(10);
    for panel in Panel::PLOTS {
        lab(&mut window).apply(Command::TogglePanel(panel));
    }
    window.run_steps(3);
    assert!(window.query_by_label_contains("Every panel is hidden").is_some());
    lab(&mut window).apply(Command::TogglePanel(Panel::Loss));
    window.run_steps(3);
    assert_eq!(layout::shown(&model(&window).layout.tree), [Panel::Loss]);
}

#[test]
fn a_panel_is_dragged_by_its_title() {
    let mut window = paused(40);
    key(&mut window, Key::Num1);
    let title = window.get_by_label("Logarithmic axis: Hessian eigenvalues").rect();
    let other = window.get_by_label("Logarithmic axis: Train loss").rect();
    let from = egui::pos2(60.0, title.center().y);
    let to = other.center() + egui::vec2(-40.0, 150.0);
    window.drag_at(from);
    window.run_steps(3);
    for share in [0.3, 0.6, 1.0] {
        window.hover_at(from.lerp(to, share));
        window.run_steps(2);
    }
    window.drop_at(to);
    window.run_steps(4);
    let node = layout::LayoutNode::from_tree(&model(&window).layout.tree);
    assert_ne!(node, Arrangement::Lecture.node(&[]), "{node:?}");
    assert!(layout::has(&model(&window).layout.tree, Panel::Sharpness));
}

#[test]
fn panels_dragged_smoothing_and_phases_are_remembered() {
    let directory = tempfile::tempdir().expect("a directory");
    let settings = directory.path().join("settings.toml");
    let mut window = with_settings(&settings);
    lab(&mut window).keep_window_size(Some(Vec2::new(1000.0, 700.0)));
    lab(&mut window).apply(Command::SetSmoothing(12.0));
    lab(&mut window).apply(Command::TogglePhases);
    let tree = Arrangement::Network.node(&[]).expect("built in").tree();
    lab(&mut window).apply(Command::MovePanels(Box::new(tree.clone())));
    window.run_steps(3);
    drop(window);
    let mut again = with_settings(&settings);
    let shown = model(&again);
    assert_eq!((shown.view.plots.smoothing_steps, shown.view.plots.show_phases), (12.0, true));
    assert_eq!(shown.layout.window_size, Some([1000.0, 700.0]));
    assert_eq!(layout::shown(&shown.layout.tree), layout::shown(&tree));
    let other = shown.runs.presets[1].1.view.smoothing;
    lab(&mut again).apply(Command::OpenPreset(1));
    assert_eq!(model(&again).view.plots.smoothing_steps, other, "each preset has its own");
    lab(&mut again).apply(Command::OpenPreset(0));
    assert_eq!(model(&again).view.plots.smoothing_steps, 12.0);
    assert!(model(&again).view.plots.show_phases);
}

#[test]
fn lines_between_panels_are_moved_by_the_arrow_keys() {
    let mut window = paused(20);
    key(&mut window, Key::Num1);
    let shares = |window: &Window| match layout::LayoutNode::from_tree(&model(window).layout.tree) {
        Some(layout::LayoutNode::Columns(columns)) => columns[0].0 / (columns[0].0 + columns[1].0),
        other => panic!("{other:?}"),
    };
    let before = shares(&window);
    window.get_by_label("Line between Hessian eigenvalues and Train loss").focus();
    window.run_steps(2);
    key(&mut window, Key::ArrowRight);
    let wider = shares(&window);
    assert!(wider > before + 0.02, "{before} to {wider}");
    key(&mut window, Key::ArrowLeft);
    key(&mut window, Key::ArrowLeft);
    assert!(shares(&window) < before - 0.02, "{before} to {}", shares(&window));
    for _ in 0..40 {
        key(&mut window, Key::ArrowRight);
    }
    assert!((shares(&window) - 0.9).abs() < 1e-3, "no panel is pushed away");
    assert_eq!(model(&window).view.plots.cursor, None, "arrows do not move the cursor then");
}

#[test]
fn what_is_typed_holds_for_what_acts_on_it_in_the_same_frame() {
    let mut window = open();
    let typed = Command::Edit(FormEdit::LayoutName("late".into()));
    lab(&mut window).apply_frame(vec![Command::SaveLayout, typed]);
    let saved: Vec<&str> = model(&window).layout.saved.iter().map(|layout| layout.name.as_str()).collect();
    assert_eq!(saved, ["late"]);
}

#[test]
fn the_state_is_plain_data() {
    fn is_plain<T: Clone + std::fmt::Debug + Send + Sync + 'static>() {}
    is_plain::<Model>();
}
