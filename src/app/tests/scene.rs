//! Weight space in the window: its controls by their accessible names, pointer and keys over the picture.

use super::hands::key;
use super::*;
use crate::picture::scene::figure::Figure;
use crate::picture::style::theme::Palette;
use crate::picture::view::ViewChange;
use crate::picture::view::camera::{Camera, Projection};
use crate::picture::view::scene::{Scene, ScenePath};
use crate::picture::view::scene_view::{Layer, SceneChange};
use egui::{Event, Modifiers, PointerButton};
use std::sync::Arc;

const FLAT: &str = "Weight space from above";
const TURNED: &str = "Weight space as a landscape";

/// A window with weight space alone, and something in it.
fn with_scene() -> Window {
    let mut window = open();
    until(&mut window, "rows", |model| model.runs.first.history.rows() > 20);
    pause(&mut window);
    let lab = lab(&mut window);
    lab.apply(Command::Arrange(Arrangement::WeightSpace));
    // nobody looks at the run's own weights, which would take the place of the scene when the look comes in
    lab.fleet.weight_space = None;
    lab.model.runs.first.scene = Some(zigzag());
    window.run_steps(4);
    window
}

/// A path that goes to and fro.
pub(super) fn zigzag() -> Arc<Scene> {
    let points: Vec<_> = (0_u8..20).map(|i| [f32::from(i), f32::from(i % 2), 0.0]).collect();
    let path = ScenePath {
        role: crate::picture::style::theme::Role::GradientDescent,
        loss: points.iter().map(|p| p[0]).collect(),
        exact: 0..points.len(),
        points,
        first_step: 0,
        stride: 1,
    };
    Arc::new(Scene { paths: vec![path], choosable: true, ..Scene::default() })
}

fn camera(window: &Window) -> Camera {
    *model(window).view.plots.scene.camera()
}

/// The middle of the picture.
fn middle(window: &Window) -> egui::Pos2 {
    window.get_by_label_contains("weight space: arrow keys").rect().center()
}

fn drag(window: &mut Window, modifiers: Modifiers, button: PointerButton) {
    let at = middle(window);
    let press = |pos, pressed| Event::PointerButton { pos, button, pressed, modifiers };
    for event in [
        Event::PointerMoved(at),
        press(at, true),
        Event::PointerMoved(at + egui::vec2(30.0, 10.0)),
        Event::PointerMoved(at + egui::vec2(60.0, 20.0)),
        press(at + egui::vec2(60.0, 20.0), false),
    ] {
        window.event_modifiers(event, modifiers);
        window.step();
    }
    window.run_steps(2);
}

#[test]
fn weight_space_is_turned_moved_magnified_and_reset() {
    let mut window = with_scene();
    window.get_by_role_and_label(Role::RadioButton, TURNED).click();
    window.run_steps(3);
    assert!(!model(&window).view.plots.scene.flat);
    let start = camera(&window);
    drag(&mut window, Modifiers::NONE, PointerButton::Primary);
    let turned = camera(&window);
    assert!(turned.yaw != start.yaw && turned.pan == start.pan, "{turned:?}");
    drag(&mut window, Modifiers::NONE, PointerButton::Secondary);
    let moved = camera(&window);
    assert!(moved.pan[0] > 0.0 && moved.yaw == turned.yaw, "{moved:?}");
    let at = middle(&window);
    window.event(Event::PointerMoved(at));
    window.event(Event::Zoom(1.5));
    window.run_steps(2);
    assert!(camera(&window).zoom > 1.2, "{:?}", camera(&window));
    press(&mut window, "Reset the view of weight space");
    assert_eq!(camera(&window), Camera::START);
    key(&mut window, Key::V);
    assert!(model(&window).view.plots.scene.flat);
    window.get_by_role_and_label(Role::RadioButton, FLAT).click();
    window.run_steps(3);
    drag(&mut window, Modifiers::NONE, PointerButton::Primary);
    assert!(camera(&window).pan != [0.0; 2], "in the plane a drag moves");
    key(&mut window, Key::X);
    assert_eq!(camera(&window), Camera::START);
}

#[test]
fn a_click_on_a_point_of_a_path_puts_the_cursor_at_its_step() {
    let mut window = with_scene();
    for flat in [true, false] {
        lab(&mut window).apply(Command::View(ViewChange::Scene(SceneChange::SetFlat(flat))));
        window.run_steps(4);
        let rect = window.get_by_label_contains("weight space: arrow keys").rect();
        for step in [3, 11, 19] {
            let model = model(&window);
            let scene = model.runs.first.scene.clone().expect("a scene");
            let view = &model.view.plots.scene;
            let figure = Figure::new(&scene, view, true, Palette::of(Theme::Light)).expect("a figure");
            let place = figure.place(&scene.paths[0], step).expect("a place");
            let at = Projection::new(view.camera(), rect, flat).place(place);
            window.event(Event::PointerMoved(at));
            for pressed in [true, false] {
                let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
                window.event(Event::PointerButton { pos: at, button, pressed, modifiers });
                window.run_steps(2);
            }
            assert_eq!(super::model(&window).view.plots.cursor, Some(step), "flat: {flat}");
            // two clicks in a row are a double click
            std::thread::sleep(Duration::from_millis(20));
            window.run_steps(40);
        }
    }
}

#[test]
fn keys_turn_weight_space_while_it_has_the_keyboard() {
    let mut window = with_scene();
    key(&mut window, Key::V);
    window.get_by_label_contains("weight space: arrow keys").focus();
    window.run_steps(2);
    for pressed in [Key::ArrowRight, Key::ArrowUp, Key::Plus] {
        window.key_press(pressed);
        window.run_steps(2);
    }
    let now = camera(&window);
    assert!(now.yaw != Camera::START.yaw && now.pitch != Camera::START.pitch && now.zoom > 1.0, "{now:?}");
    assert!(model(&window).view.plots.cursor.is_none(), "arrows do not move the cursor then");
    window.key_press(Key::Num0);
    window.run_steps(2);
    assert_eq!(camera(&window), Camera::START);
}

#[test]
fn layers_and_axes_are_chosen() {
    let mut window = with_scene();
    press(&mut window, "Show");
    tick(&mut window, Layer::Contours.name());
    assert!(!model(&window).view.plots.scene.shows(Layer::Contours));
    lab(&mut window).apply(Command::ToggleLayer(Layer::Contours));
    assert!(model(&window).view.plots.scene.shows(Layer::Contours));
    window.key_press(Key::Escape);
    window.run_steps(3);
    press(&mut window, "Axes");
    window.get_by_role_and_label(Role::RadioButton, "Across: PC2").click();
    window.run_steps(3);
    assert_eq!(model(&window).view.plots.scene.axes[0], brink_core::space::axis::Axis::Principal(1));
}

/// Types letters into the palette, and takes its first line.
pub(super) fn by_letters(window: &mut Window, letters: &str) {
    lab(window).apply(Command::Toggle(Form::Palette));
    window.run_steps(4);
    window.event(Event::Text(letters.to_owned()));
    window.run_steps(4);
    key(window, Key::Enter);
    window.run_steps(4);
}

#[test]
fn every_axis_is_chosen_by_keyboard() {
    use brink_core::space::axis::Axis as AxisChoice;
    let mut window = with_scene();
    for axis in AxisChoice::ALL {
        by_letters(&mut window, &format!("weight space across: {axis}"));
        assert_eq!(model(&window).view.plots.scene.axes[0], axis);
        by_letters(&mut window, &format!("weight space up: {axis}"));
        assert_eq!(model(&window).view.plots.scene.axes[1], axis);
        by_letters(&mut window, &format!("weight space, height: {axis}"));
        assert_eq!(model(&window).view.plots.scene.third, Some(axis));
    }
    by_letters(&mut window, "weight space, height: loss");
    assert_eq!(model(&window).view.plots.scene.third, None);
    // where the plane is all of weight space there is nothing to choose
    lab(&mut window).model.runs.first.scene = Some(Arc::new(Scene::default()));
    let axes = model(&window).view.plots.scene.axes;
    by_letters(&mut window, "weight space across: PC2");
    assert_eq!(model(&window).view.plots.scene.axes, axes);
    key(&mut window, Key::Escape);
}
