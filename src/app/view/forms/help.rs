//! The overlay of keys: every command that has a key, the pointer actions, and the symbols.

use crate::app::command::Command;
use crate::app::command::keys::key_text;
use crate::picture::style::theme::Palette;
use egui::{Grid, Label, RichText, ScrollArea, Ui, vec2};

/// Width of a column of explanations, in points.
const WIDTH: f32 = 470.0;

/// The pointer actions in a plot and on the timeline.
const POINTER: [(&str, &str); 7] = [
    ("Point", "read all lines of a plot at a step"),
    ("Click", "put the cursor there, in every panel; secondary click puts it away"),
    ("Drag", "choose the steps to show"),
    ("Scroll", "zoom along the steps; with Alt, zoom the vertical axis"),
    ("Double click", "the whole run, and the vertical axis fitted again"),
    ("Drag a title", "move the panel beside, above or onto another one"),
    ("Drag the timeline", "move the cursor; its right end is the newest step"),
];

/// The symbols used in plots, cards and formulas, in agreement with `docs/window.md`.
const SYMBOLS: [(&str, &str); 10] = [
    ("S, λ₁, λ₂ …", "the sharpness, that is the largest eigenvalue λ₁ of the Hessian H, and the next ones"),
    ("η, 2/η", "the learning rate, and the edge of stability that belongs to it"),
    ("wₜ, w(t)", "the weights of gradient descent, and of the central flow, at the same step"),
    ("u, u₁, u₂ …", "the Hessian's eigenvectors at w(t); for a quadratic they are called q₁, q₂ …"),
    ("Σ, σ₁², σ₂² …", "the predicted covariance of the oscillation, and its eigenvalues"),
    ("v₁, v₂ …", "eigenvectors of Σ; with one eigenvalue at the edge, and below it, v₁ is u"),
    ("Tᵢⱼ", "∇⟨uᵢ, H uⱼ⟩: how H between two eigenvectors changes with the weights; T₁₁ is ∇S"),
    ("x", "how far gradient descent is from the central flow along u, or v₁"),
    ("k, rank", "how many eigenvalues have come to the edge, and how many of Σ are not zero"),
    (
        "⟨…⟩",
        "a mean over time: over two steps for S, smoothed by a Gaussian in the plots; with a comma, ⟨a, b⟩, the inner product",
    ),
];

/// Every key, the pointer actions, and the symbols.
pub(super) fn keys_ui(ui: &mut Ui) {
    let height = (ui.ctx().content_rect().height() - 180.0).max(120.0);
    ScrollArea::vertical().max_height(height).min_scrolled_height(height).show(ui, |ui| {
        Grid::new("keys").num_columns(3).spacing(vec2(14.0, 5.0)).striped(true).show(ui, |ui| {
            heading_ui(ui, "Keys");
            for command in Command::simple() {
                let entry = command.entry();
                let Some(shortcut) = entry.shortcut else { continue };
                row_ui(ui, &key_text(shortcut), &command.full_name(), entry.hint);
            }
            heading_ui(ui, "Pointer");
            for (what, effect) in POINTER {
                row_ui(ui, what, "", effect);
            }
            heading_ui(ui, "Symbols");
            for (symbol, meaning) in SYMBOLS {
                row_ui(ui, symbol, "", meaning);
            }
        });
    });
}

fn heading_ui(ui: &mut Ui, text: &str) {
    ui.heading(text);
    ui.end_row();
}

fn row_ui(ui: &mut Ui, key: &str, name: &str, effect: &str) {
    ui.label(RichText::new(key).strong());
    ui.label(name);
    ui.scope(|ui| {
        ui.set_max_width(WIDTH);
        ui.add(Label::new(RichText::new(effect).color(Palette::in_ui(ui).faint_text)).wrap());
    });
    ui.end_row();
}

#[cfg(test)]
mod tests {
    use super::SYMBOLS;

    #[test]
    fn the_manual_explains_the_same_symbols() {
        let manual = include_str!("../../../../docs/window.md");
        for (symbol, meaning) in SYMBOLS {
            assert!(manual.contains(&format!("| {symbol} | {meaning} |")), "{symbol}");
        }
    }
}
