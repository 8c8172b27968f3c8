//! The controls above weight space: 2-D or 3-D, layers, axes, and reset.

use crate::picture::style::numbers::subscript;
use crate::picture::view::ViewChange;
use crate::picture::view::scene::Scene;
use crate::picture::view::scene_view::{Layer, SceneChange, SceneView};
use brink_core::space::axis::Axis as AxisChoice;
use egui::{Button, Response, Role, Ui, WidgetInfo, vec2};

/// Draws the controls in one row.
pub(super) fn toolbar_ui(
    ui: &mut Ui,
    view: &SceneView,
    scene: Option<&Scene>,
    changes: &mut Vec<ViewChange>,
) {
    let mut wish = |change| changes.push(ViewChange::Scene(change));
    ui.spacing_mut().button_padding = vec2(5.0, 0.0);
    ui.spacing_mut().item_spacing.x = 4.0;
    ui.spacing_mut().interact_size.y = 17.0;
    for (flat, text, name) in
        [(true, "2-D", "Weight space from above"), (false, "3-D", "Weight space as a landscape")]
    {
        let response = ui.add(Button::new(text).selected(view.flat == flat));
        if named(response, Role::RadioButton, name, Some(view.flat == flat)).clicked() {
            wish(SceneChange::SetFlat(flat));
        }
    }
    ui.menu_button("Show", |ui| {
        for layer in Layer::ALL {
            let mut shown = view.shows(layer);
            if ui.checkbox(&mut shown, layer.name()).clicked() {
                wish(SceneChange::Toggle(layer));
            }
        }
    });
    if scene.is_some_and(|scene| scene.choosable) {
        ui.menu_button("Axes", |ui| axes_ui(ui, view, &mut wish));
    }
    let reset = ui.button("Reset");
    if named(reset, Role::Button, "Reset the view of weight space", None)
        .on_hover_text("Look as at first. Drag to turn (in 2-D to move), Shift+drag or right drag to move, wheel to magnify")
        .clicked()
    {
        wish(SceneChange::Reset);
    }
}

fn axes_ui(ui: &mut Ui, view: &SceneView, wish: &mut impl FnMut(SceneChange)) {
    ui.horizontal_top(|ui| {
        for (place, heading) in [(0, "Across"), (1, "Up")] {
            ui.vertical(|ui| {
                ui.strong(heading);
                for axis in AxisChoice::ALL {
                    let response = ui.radio(view.axes[place] == axis, name(axis));
                    let full = format!("{heading}: {}", name(axis));
                    if named(response, Role::RadioButton, &full, Some(view.axes[place] == axis)).clicked() {
                        wish(SceneChange::SetAxis(place, axis));
                    }
                }
            });
        }
        ui.vertical(|ui| {
            ui.strong("Height (3-D)");
            for third in std::iter::once(None).chain(AxisChoice::ALL.map(Some)) {
                let text = third.map_or("loss".to_owned(), name);
                let response = ui.radio(view.third == third, &text);
                let full = format!("Height: {text}");
                if named(response, Role::RadioButton, &full, Some(view.third == third)).clicked() {
                    wish(SceneChange::SetThird(third));
                }
            }
        });
    });
}

/// The name of an axis in menus.
fn name(axis: AxisChoice) -> String {
    match axis {
        AxisChoice::Eigenvector(i) => format!("u{}", subscript(i + 1)),
        AxisChoice::SharpnessGradient => "∇S".into(),
        AxisChoice::Drift => "drift".into(),
        AxisChoice::Departure => "departure".into(),
        AxisChoice::Principal(i) => format!("PC{}", i + 1),
    }
}

fn named(response: Response, role: Role, name: &str, selected: Option<bool>) -> Response {
    response.widget_info(|| match selected {
        Some(selected) => WidgetInfo::selected(role, true, selected, name),
        None => WidgetInfo::labeled(role, true, name),
    });
    response
}
