//! Readability of the displayed texts: none is cut off or shortened, and none overlaps another.
#![allow(dead_code, reason = "each test asks for a part of it")]

use super::texts::{of_shapes, shown};
use egui::epaint::ClippedShape;
use egui::{Ui, Vec2};

/// Strictness of the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Every text must be completely visible.
    Whole,
    /// Texts above or below may be reached by scrolling.
    Scrolled,
}

/// The unreadable texts of a closure, in words.
pub fn unreadable(size: Vec2, scale: f32, strictness: Strictness, ui: impl FnMut(&mut Ui)) -> Vec<String> {
    among(&shown(size, scale, ui), strictness)
}

/// The unreadable texts among shapes, in words.
pub fn among(shapes: &[ClippedShape], strictness: Strictness) -> Vec<String> {
    let texts = of_shapes(shapes);
    let mut found = Vec::new();
    if texts.is_empty() {
        found.push("there is no text".to_owned());
    }
    for (i, (text, clip)) in texts.iter().enumerate() {
        let (words, rect) = (text.galley.text(), text.visual_bounding_rect());
        let across = rect.left() >= clip.left() - 1.0 && rect.right() <= clip.right() + 1.0;
        let upright = rect.top() >= clip.top() - 1.0 && rect.bottom() <= clip.bottom() + 1.0;
        if strictness == Strictness::Scrolled && !clip.intersects(rect) {
            continue;
        }
        if !across || strictness == Strictness::Whole && !upright {
            found.push(format!("{words:?} at {rect:?} is clipped to {clip:?}"));
        }
        if text.galley.elided || words == "…" {
            found.push(format!("{words:?} at {rect:?} is shortened"));
        }
        for (other, other_clip) in &texts[..i] {
            let common = rect.intersect(other.visual_bounding_rect()).intersect(*clip).intersect(*other_clip);
            if common.width() > 1.0 && common.height() > 2.0 {
                found.push(format!("{words:?} at {rect:?} covers {:?}", other.galley.text()));
            }
        }
    }
    found
}
