//! The texts of what a closure shows.

use brink::picture::theme;
use egui::{Rect, Shape, Ui, Vec2};

/// Every text with the rectangle it takes and the one it is clipped to.
pub fn texts(size: Vec2, mut content_ui: impl FnMut(&mut Ui)) -> Vec<(String, Rect, Rect)> {
    fn collect(shape: &Shape, clip: Rect, out: &mut Vec<(String, Rect, Rect)>) {
        match shape {
            Shape::Text(text) if !text.galley.text().is_empty() => {
                out.push((text.galley.text().to_owned(), text.visual_bounding_rect(), clip));
            }
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, clip, out)),
            _ => {}
        }
    }
    let context = egui::Context::default();
    theme::install(&context);
    let mut found = Vec::new();
    for _ in 0..3 {
        let screen_rect = Some(Rect::from_min_size(egui::Pos2::ZERO, size));
        let input = egui::RawInput { screen_rect, ..egui::RawInput::default() };
        let output = context.run_ui(input, &mut content_ui);
        found.clear();
        for shape in &output.shapes {
            collect(&shape.shape, shape.clip_rect, &mut found);
        }
        output.drop_without_applying_deltas();
    }
    found
}
