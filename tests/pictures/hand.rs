//! Simulated pointer input on a panel: a click at a text, and the changes that the panel then requests.

use brink::picture::panel::panel_ui;
use brink::picture::style::theme;
use brink::picture::view::ViewChange;
use brink::picture::view::panel::Panel;
use brink::picture::view::run_view::RunView;
use egui::{Event, PointerButton, Pos2, RawInput, Rect, Shape, Vec2};

/// Clicks at the first text `label` that begins at or below `top`, in a panel of size `size`.
pub fn click(view: &RunView, panel: Panel, size: Vec2, label: &str, top: f32) -> Vec<ViewChange> {
    let view = RunView { controls: true, ..*view };
    let context = egui::Context::default();
    theme::install(&context);
    let frame = |events: Vec<Event>| {
        let mut changes = Vec::new();
        let screen_rect = Some(Rect::from_min_size(Pos2::ZERO, size));
        let input = RawInput { screen_rect, events, ..RawInput::default() };
        let output = context.run_ui(input, |ui| panel_ui(ui, panel, &view, &mut changes));
        let place = output.shapes.iter().find_map(|shape| match &shape.shape {
            Shape::Text(text) if text.galley.text() == label && text.pos.y >= top => {
                Some(text.visual_bounding_rect().center())
            }
            _ => None,
        });
        output.drop_without_applying_deltas();
        (changes, place)
    };
    frame(Vec::new());
    let at = frame(Vec::new()).1.unwrap_or_else(|| panic!("no {label}"));
    let button = |pressed| Event::PointerButton {
        pos: at,
        button: PointerButton::Primary,
        pressed,
        modifiers: egui::Modifiers::NONE,
    };
    frame(vec![Event::PointerMoved(at)]);
    frame(vec![button(true)]);
    frame(vec![button(false)]).0
}
