//! The inspector: cycles, and one inspected step. Its panels are functions of a [`RunView`], like the plots.

pub mod caption;
pub mod covariance;
pub mod cycles;
pub mod equation;
pub mod sharpness;
pub mod terms;
pub mod validity;

use crate::picture::chart::title::title;
use crate::picture::style::theme::{self, Palette};
use crate::picture::view::ViewChange;
use crate::picture::view::panel::Panel;
use crate::picture::view::run_view::{InspectionScope, RunView};
use brink_core::dynamics::Inspection;
use egui::{Align2, Color32, Label, Painter, Pos2, Rect, RichText, ScrollArea, Ui, UiBuilder, pos2};

/// Height of a title, the same as above a plot.
const TITLE_HEIGHT: f32 = 22.0;
/// Height of a row of a table or of bars.
const ROW_HEIGHT: f32 = 18.0;

/// Draws one of [`Panel::INSPECTOR`].
pub(super) fn inspector_ui(ui: &mut Ui, panel: Panel, view: &RunView, changes: &mut Vec<ViewChange>) {
    let Some(body) = title_ui(ui, panel) else { return };
    let mut ui = ui.new_child(UiBuilder::new().max_rect(body).id_salt(panel));
    ui.spacing_mut().item_spacing.y = 4.0;
    if panel == Panel::Cycles {
        return cycles::cycles_ui(&mut ui, view, changes);
    }
    ScrollArea::vertical().auto_shrink(false).show(&mut ui, |ui| match panel {
        Panel::Terms => terms::terms_ui(ui, view),
        Panel::SharpnessChange => sharpness::sharpness_change_ui(ui, view),
        Panel::Covariance => covariance::covariance_ui(ui, view),
        _ => validity::validity_ui(ui, view),
    });
}

/// Takes the available room, and writes a panel's title at its top. Returns the rectangle below it; `None` if there
/// is no room.
pub(super) fn title_ui(ui: &mut Ui, panel: Panel) -> Option<Rect> {
    let room = ui.available_rect_before_wrap();
    let whole = ui.allocate_rect(room, egui::Sense::hover()).rect;
    if !(whole.width() > 40.0 && whole.height() > TITLE_HEIGHT + 10.0 && whole.is_finite()) {
        return None;
    }
    ui.set_clip_rect(whole.intersect(ui.clip_rect()));
    title(ui, panel, whole.min, whole.width());
    Some(Rect::from_min_max(pos2(whole.left(), whole.top() + TITLE_HEIGHT), whole.max))
}

/// The inspection of the present step; without one, draws a hint on how to get it.
fn inspected<'a>(ui: &mut Ui, view: &RunView<'a>) -> Option<&'a Inspection> {
    let step = view.inspected_step();
    let found = view.inspection.filter(|inspection| Some(inspection.step) == step);
    if found.is_none() {
        let text = match step {
            None => "waiting for the first step".to_owned(),
            Some(step) => match view.looking {
                InspectionScope::Nowhere => {
                    format!("step {step} is not looked into: there are no weights to look at")
                }
                InspectionScope::AtCursor if view.state.cursor.is_none() => {
                    "pause, or put the cursor on a step, to look into it".to_owned()
                }
                InspectionScope::AtCursor | InspectionScope::Everywhere => {
                    format!("looking into step {step} …")
                }
            },
        };
        note(ui, &text);
    }
    found
}

/// A remark in faint text, on as many lines as needed.
pub(super) fn note(ui: &mut Ui, text: &str) {
    let color = Palette::in_ui(ui).faint_text;
    ui.add(Label::new(RichText::new(text).font(theme::label_font()).color(color)).wrap());
}

/// A sentence.
fn sentence(ui: &mut Ui, text: &str) {
    let color = Palette::in_ui(ui).text;
    ui.add(Label::new(RichText::new(text).color(color)).wrap());
}

/// Text in the size of labels; returns its rectangle.
fn write(painter: &Painter, anchor: Align2, at: Pos2, text: &str, color: Color32) -> Rect {
    painter.text(at, anchor, text, theme::label_font(), color)
}

/// A number with its sign, in few digits.
fn signed(value: f64) -> String {
    let text = short(value);
    if value > 0.0 { format!("+{text}") } else { text }
}

/// A number in three digits.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    let text = if size == 0.0 {
        "0".to_owned()
    } else if !value.is_finite() {
        return crate::picture::style::numbers::read_out(value);
    } else if (1e-3..1e4).contains(&size) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between −1 and 5")]
        let decimals = (2.0 - size.log10().floor()).max(0.0) as usize;
        format!("{value:.decimals$}")
    } else {
        #[expect(clippy::cast_possible_truncation, reason = "an exponent")]
        let exponent = size.log10().floor() as i32;
        let mantissa = value / 10f64.powi(exponent);
        format!("{mantissa:.2}·10{}", crate::picture::style::numbers::superscript(exponent))
    };
    text.replace('-', "−")
}

/// A horizontal bar from `zero` to a value, in a rectangle whose sides are the values `−most` and `most` (or 0 and
/// `most`).
fn bar(painter: &Painter, rect: Rect, value: f64, most: f64, signed: bool, color: Color32) {
    #[expect(clippy::cast_possible_truncation, reason = "a share")]
    let share = if most > 0.0 && value.is_finite() { (value / most).clamp(-1.0, 1.0) as f32 } else { 0.0 };
    let zero = if signed { rect.center().x } else { rect.left() };
    let length = share * if signed { 0.5 * rect.width() } else { rect.width() };
    let inner = rect.shrink2(egui::vec2(0.0, 3.0));
    let filled = Rect::from_x_y_ranges(zero.min(zero + length)..=zero.max(zero + length), inner.y_range());
    painter.rect_filled(filled, 1.0, color);
    painter.vline(zero, rect.y_range(), (1.0, color.gamma_multiply(0.6)));
}

#[cfg(test)]
mod tests {
    use super::{short, signed};

    #[test]
    fn numbers_have_three_digits() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1.00"),
            (-0.012_34, "−0.0123"),
            (123.4, "123"),
            (9999.0, "9999"),
            (2.5e-7, "2.50·10⁻⁷"),
            (-3.0e9, "−3.00·10⁹"),
            (f64::NAN, "nan"),
            (f64::INFINITY, "∞"),
        ] {
            assert_eq!(short(value), text);
        }
        assert_eq!((signed(2.0), signed(-2.0)), ("+2.00".into(), "−2.00".into()));
    }
}
