//! A light that indicates whether the theory holds at this step, with the reasons in words.

use super::{ROW_HEIGHT, note, short, write};
use crate::picture::style::theme::{self, Palette};
use crate::picture::view::run_view::RunView;
use crate::run::analysis::validity::{Check, Light, checks, light};
use egui::{Align2, Label, Painter, Pos2, RichText, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

pub(super) fn validity_ui(ui: &mut Ui, view: &RunView) {
    let Some(step) = view.inspected_step() else { return note(ui, "waiting for the first step") };
    let checks = checks(view.history, step, view.inspection, view.facts.kinks);
    let Some(worst) = light(&checks) else { return note(ui, "nothing to check at this step") };
    let palette = Palette::in_ui(ui);
    let width = ui.available_width();
    let (line, response) = ui.allocate_exact_size(vec2(width, 26.0), Sense::hover());
    let verdict = format!("Step {step}: {}", worst.name());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &verdict));
    sign(ui.painter(), palette, line.left_center() + vec2(11.0, 0.0), 8.0, worst);
    let at = line.left_center() + vec2(27.0, 0.0);
    ui.painter().text(at, Align2::LEFT_CENTER, &verdict, theme::title_font(), palette.text);
    for check in &checks {
        let (line, response) = ui.allocate_exact_size(vec2(width, ROW_HEIGHT), Sense::hover());
        response.widget_info(|| {
            let value = check.value.map_or(String::new(), |value| format!("{}, ", short(value)));
            let words = format!("{}: {value}{}", check.name, check.light.name());
            WidgetInfo::labeled(egui::Role::Label, true, words)
        });
        response.on_hover_text(meaning_of(check));
        sign(ui.painter(), palette, line.left_center() + vec2(11.0, 0.0), 5.0, check.light);
        let at = pos2(line.left() + 27.0, line.center().y);
        let end = write(ui.painter(), Align2::LEFT_CENTER, at, check.name, palette.text).right();
        let value = pos2(end + 8.0, line.center().y);
        let end = check.value.map_or(end, |number| {
            write(ui.painter(), Align2::LEFT_CENTER, value, &short(number), palette.faint_text).right()
        });
        // next to it if there is room, otherwise below
        let font = theme::label_font();
        let reason = ui.painter().layout_no_wrap(check.reason.to_owned(), font.clone(), palette.faint_text);
        if end + 12.0 + reason.size().x <= line.right() {
            write(
                ui.painter(),
                Align2::LEFT_CENTER,
                pos2(end + 12.0, line.center().y),
                check.reason,
                palette.faint_text,
            );
            continue;
        }
        ui.horizontal(|ui| {
            ui.add_space(27.0);
            let text = RichText::new(check.reason).font(font).color(palette.faint_text);
            ui.add(Label::new(text).wrap());
        });
    }
    if view.inspection.is_none_or(|inspection| inspection.step != step) {
        note(ui, "The Taylor remainder and the distance are added where a step is looked into.");
    }
}

/// The definition of a check, and the values at which its light changes.
fn meaning_of(check: &Check) -> String {
    let bounds = check.bounds.map(|[green, red]| {
        let (to, beyond) = if green < red { ("up to", "beyond") } else { ("from", "below") };
        format!(". Holds {to} {}, does not {beyond} {}", short(green), short(red))
    });
    format!("{}{}", check.meaning, bounds.unwrap_or_default())
}

/// A disc, a triangle or a square: distinguishable without colour.
fn sign(painter: &Painter, palette: &Palette, at: Pos2, radius: f32, light: Light) {
    let color = palette.light(light);
    match light {
        Light::Green => {
            painter.circle_filled(at, radius, color);
        }
        Light::Amber => {
            let corner = |x: f32, y: f32| at + radius * vec2(x, y);
            let points = vec![corner(0.0, -1.1), corner(1.1, 0.8), corner(-1.1, 0.8)];
            painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
        }
        Light::Red => {
            let side = vec2(1.8 * radius, 1.8 * radius);
            painter.rect_filled(egui::Rect::from_center_size(at, side), 1.0, color);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meaning_says_where_the_light_changes() {
        let said = |bounds| {
            let meaning = "How far";
            meaning_of(&Check { name: "", meaning, value: None, bounds, light: Light::Green, reason: "" })
        };
        assert_eq!(said(None), "How far");
        assert_eq!(said(Some([1.25, 1.5])), "How far. Holds up to 1.25, does not beyond 1.50");
        assert_eq!(said(Some([0.02, 0.002])), "How far. Holds from 0.0200, does not below 0.00200");
    }
}
