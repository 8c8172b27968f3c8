//! The panel: title, legend, axes and what lies between them.

use super::Scene;
use crate::picture::chart::scale::{Extent, Scale};
use crate::picture::theme::{self, Palette, Weight};
use crate::picture::view::{Panel, RunView};
use egui::{Align2, Painter, Rect, Sense, Shape, StrokeKind, Ui, pos2};

/// Height of the title.
const TITLE_HEIGHT: f32 = 22.0;
/// Left of and below the plane.
const AXES: egui::Vec2 = egui::vec2(48.0, 34.0);

/// Draws weight space into all the room there is.
pub fn weight_space_ui(ui: &mut Ui, view: &RunView) {
    let room = ui.available_rect_before_wrap();
    let whole = ui.allocate_rect(room, Sense::hover()).rect;
    if !(whole.width() > 80.0 && whole.height() > TITLE_HEIGHT + AXES.y + 20.0 && whole.is_finite()) {
        return;
    }
    let palette = Palette::in_ui(ui);
    let painter = ui.painter();
    painter.text(whole.min, Align2::LEFT_TOP, Panel::WeightSpace.title(), theme::title_font(), palette.text);
    let plane = Rect::from_min_max(
        pos2(whole.left() + AXES.x, whole.top() + TITLE_HEIGHT),
        whole.max - egui::vec2(4.0, AXES.y),
    );
    painter.rect_filled(plane, 0.0, palette.plot);
    painter.rect_stroke(plane, 0.0, (1.0, palette.frame), StrokeKind::Inside);
    match view.scene {
        Some(scene) => {
            plane_ui(&painter.with_clip_rect(plane.intersect(ui.clip_rect())), palette, scene, plane);
        }
        None => {
            painter.text(
                plane.center(),
                Align2::CENTER_CENTER,
                "no picture of weight space yet",
                theme::label_font(),
                palette.faint_text,
            );
        }
    }
}

fn plane_ui(painter: &Painter, palette: &Palette, scene: &Scene, plane: Rect) {
    let fit = |axis: usize| {
        let mut extent = Extent::default();
        scene.paths.iter().flat_map(|path| &path.points).for_each(|p| extent.include(f64::from(p[axis])));
        Scale::fit(extent, Extent::default(), false, false)
    };
    let (x, y) = (fit(0), fit(1));
    for path in &scene.paths {
        let ink = palette.ink(path.role, Weight::Normal);
        let line = path.points.iter().filter(|p| p[0].is_finite() && p[1].is_finite()).map(|p| {
            let share =
                |scale: &Scale, v: f32| (scale.place(f64::from(v)) - scale.low) / (scale.high - scale.low);
            let at = [share(&x, p[0]), share(&y, p[1])];
            #[expect(clippy::cast_possible_truncation, reason = "a share")]
            let [x, y] = at.map(|share| share as f32);
            pos2(plane.left() + x * plane.width(), plane.bottom() - y * plane.height())
        });
        painter.add(Shape::line(line.collect(), ink.stroke()));
    }
}
