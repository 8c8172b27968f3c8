//! The panel: title, controls, legend, and the picture with its axes.

use super::axes::{self, Note};
use super::figure::Figure;
use super::{canvas, hands, sides, toolbar};
use crate::picture::chart::legend::sample as line_sample;
use crate::picture::chart::title::title;
use crate::picture::style::theme::{self, Palette, Role, Weight};
use crate::picture::view::ViewChange;
use crate::picture::view::camera::Projection;
use crate::picture::view::panel::Panel;
use crate::picture::view::run_view::RunView;
use crate::picture::view::scene::{Scene, ScenePath};
use crate::picture::view::scene_view::Layer;
use egui::{
    Align2, Color32, Layout, Painter, Pos2, Rect, Sense, Shape, Stroke, StrokeKind, Ui, UiBuilder,
    WidgetInfo, pos2, vec2,
};
use std::sync::Arc;

/// Height of the title, of the controls, and of a row of the legend.
const TITLE: f32 = 18.0;
const CONTROLS: f32 = 21.0;
const LEGEND: f32 = 15.0;
/// Margins left of, above, right of and below the plane seen from above.
const MARGINS: [f32; 4] = [42.0, 17.0, 4.0, 33.0];
/// Width of the colour bar with its numbers, and the minimum width of a panel that has one.
const BAR: f32 = 56.0;
const BAR_FROM: f32 = 250.0;
/// Smallest picture.
const LEAST: f32 = 24.0;
/// Height of the progress bar.
const PROGRESS: f32 = 3.0;

/// Draws weight space into the available room.
pub fn weight_space_ui(ui: &mut Ui, view: &RunView, changes: &mut Vec<ViewChange>) {
    let room = ui.available_rect_before_wrap();
    let whole = ui.allocate_rect(room, Sense::hover()).rect;
    if !(whole.width() > 60.0 && whole.height() > TITLE + LEAST && whole.is_finite()) {
        return;
    }
    let mut ui = ui.new_child(UiBuilder::new().max_rect(whole).id_salt(Panel::WeightSpace));
    ui.set_clip_rect(whole.intersect(ui.clip_rect()));
    let palette = Palette::in_ui(&ui);
    title(&ui, Panel::WeightSpace, whole.min, whole.width());
    let mut top = whole.top() + TITLE;
    let scene = view.scene.map(|scene| &**scene);
    if view.controls && whole.height() > 120.0 {
        let row = Rect::from_min_size(pos2(whole.left(), top), vec2(whole.width(), CONTROLS));
        let mut row = ui.new_child(
            UiBuilder::new()
                .max_rect(row)
                .layout(Layout::left_to_right(egui::Align::Center))
                .id_salt("controls"),
        );
        toolbar::toolbar_ui(&mut row, &view.state.scene, scene, changes);
        top += CONTROLS;
    }
    let Some(scene) = view.scene else {
        let picture = Rect::from_min_max(pos2(whole.left(), top + 2.0), whole.max);
        return says(&ui, palette, picture, "Waiting for a picture of weight space");
    };
    top = legend(&ui, palette, scene, view, Rect::from_min_max(pos2(whole.left(), top), whole.max));
    let picture = Rect::from_min_max(pos2(whole.left(), top), whole.max);
    let state = &view.state;
    let figure = canvas::figure(ui.ctx(), scene, &state.scene, state.show_central_flow, palette);
    if let Some((scene, figure)) = figure {
        picture_ui(&mut ui, palette, &scene, &figure, view, picture, changes);
    } else {
        let text = scene.note.as_deref().unwrap_or("No weights are finite: there is nothing to draw");
        says(&ui, palette, picture.shrink2(vec2(0.0, 2.0)), text);
    }
}

/// A sentence instead of a picture.
fn says(ui: &Ui, palette: &Palette, rect: Rect, text: &str) {
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    painter.rect_filled(rect, 0.0, palette.plot);
    painter.rect_stroke(rect, 0.0, (1.0, palette.frame), StrokeKind::Inside);
    Note::new(&painter, Align2::CENTER_CENTER, rect.center(), text, palette.faint_text)
        .draw(&painter, palette);
}

/// The name of a path.
fn name(role: Role) -> &'static str {
    match role {
        Role::GradientDescent | Role::Eigen(_) => "gradient descent",
        Role::CentralFlow | Role::Prediction => "central flow",
        Role::GradientFlow => "gradient flow",
        Role::Threshold => "2/η",
    }
}

/// The meaning of each line and tint; returns the lower end.
fn legend(ui: &Ui, palette: &Palette, scene: &Scene, view: &RunView, room: Rect) -> f32 {
    let mut entries: Vec<(Sample, String)> = Vec::new();
    for path in scene.paths.iter().filter(|path| path.is_seen(view)) {
        // A path may consist of several pieces.
        let text = name(path.role);
        if entries.iter().all(|(_, other)| other != text) {
            entries.push((Sample::Line(path.role), text.to_owned()));
        }
    }
    if let Some(region) = scene.region.as_ref().filter(|_| view.state.scene.shows(Layer::Region)) {
        match region.sharpness.extremes() {
            Some([low, _]) if low > region.edge => {
                entries.push((Sample::Nothing, "S > 2/η everywhere in sight".to_owned()));
            }
            _ => {
                // the weights themselves are not in the plane, and may be sharper
                let place = if scene.captured.is_some() { "stable in this plane" } else { "stable" };
                entries.push((Sample::Tint(palette.stable), format!("{place}: S ≤ 2/η")));
            }
        }
    }
    if scene.paths.iter().any(|path| path.exact.len() < path.points.len()) {
        entries.push((Sample::Nothing, "faint: from a sketch".to_owned()));
    }
    if let Some(share) = scene.captured.filter(|share| share.is_finite()) {
        let text = format!("the axes capture {} of the paths", axes::percent(share));
        entries.push((Sample::Nothing, text));
    }
    let mut at = room.min;
    let painter = ui.painter();
    for (sample, text) in entries {
        let text_galley = painter.layout_no_wrap(text.clone(), theme::label_font(), palette.text);
        let sample_width = if matches!(sample, Sample::Nothing) { 0.0 } else { 25.0 };
        let width = sample_width + text_galley.size().x;
        if at.x > room.left() && at.x + width > room.right() {
            at = pos2(room.left(), at.y + LEGEND);
        }
        let middle = at.y + 0.5 * LEGEND;
        match sample {
            Sample::Line(role) => {
                line_sample(painter, palette.ink(role, Weight::Normal), pos2(at.x, middle), 20.0);
            }
            Sample::Tint(color) => {
                let rect = Rect::from_min_size(pos2(at.x, middle - 4.5), vec2(20.0, 9.0));
                painter.rect_filled(rect, 1.0, palette.plot.lerp_to_gamma(color, 0.4));
            }
            Sample::Nothing => {}
        }
        let corner = pos2(at.x + sample_width, middle - 0.5 * text_galley.size().y);
        let rect = Rect::from_min_size(corner, text_galley.size());
        painter.galley(corner, text_galley, palette.text);
        let response = ui.interact(rect, ui.scope_id().with(("legend", &text)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &text));
        at.x += width + 12.0;
    }
    at.y + LEGEND + 2.0
}

/// The sample of an entry of the legend.
enum Sample {
    Line(Role),
    Tint(Color32),
    Nothing,
}

fn picture_ui(
    ui: &mut Ui,
    palette: &'static Palette,
    scene: &Arc<Scene>,
    figure: &Arc<Figure>,
    view: &RunView,
    room: Rect,
    changes: &mut Vec<ViewChange>,
) {
    let state = &view.state.scene;
    let has_bar = figure.scale.is_some() && room.width() >= BAR_FROM;
    let bar = if has_bar { BAR } else { 0.0 };
    let [left, top, right, bottom] = if state.flat { MARGINS } else { [0.0, 2.0, 4.0, 2.0] };
    let mut plane = Rect::from_min_max(
        pos2(room.left() + left, room.top() + top),
        pos2(room.right() - right - bar, room.bottom() - bottom),
    );
    if plane.width() < LEAST || plane.height() < LEAST {
        return;
    }
    // Whole pixels, so that a picture by the shaders is aligned with them.
    let pixels = ui.ctx().pixels_per_point();
    let whole = |at: egui::Pos2| pos2((at.x * pixels).round() / pixels, (at.y * pixels).round() / pixels);
    plane = Rect::from_min_max(whole(plane.min), whole(plane.max));
    let projection = Projection::new(state.camera(), plane, state.flat);
    let outer = ui.painter().clone();
    let painter = outer.with_clip_rect(plane.intersect(outer.clip_rect()));
    painter.rect_filled(plane, 0.0, palette.plot);
    canvas::draw(&painter, plane, figure, &projection);
    let mut notes = notes(ui, &painter, palette, scene, view, plane);
    let mut taken: Vec<Rect> = notes.iter().map(Note::ground).collect();
    if state.flat && state.shows(Layer::Region) {
        notes.extend(sides::sides(&painter, palette, scene, figure, view, (plane, &projection), &taken));
        taken = notes.iter().map(Note::ground).collect();
    }
    if state.flat {
        axes::levels(&painter, palette, figure, plane, &projection, &taken);
        axes::flat(&outer, palette, scene, figure, plane, &projection);
    } else {
        axes::turned(&painter, palette, scene, figure, &projection, &taken);
    }
    outer.rect_stroke(plane, 0.0, (1.0, palette.frame), StrokeKind::Inside);
    if has_bar {
        let edge = scene.region.as_ref().map(|region| region.edge);
        let rect = Rect::from_min_max(plane.right_top(), pos2(room.right(), plane.bottom()));
        axes::bar(&outer, palette, figure, edge, rect);
    }
    marks(&painter, palette, scene, figure, view, &projection, plane);
    if let Some(progress) = scene.progress.filter(|progress| progress.is_finite()) {
        let bar = Rect::from_min_size(plane.min, vec2(progress.clamp(0.0, 1.0) * plane.width(), PROGRESS));
        painter.rect_filled(bar, 0.0, palette.eta_change);
    }
    for note in notes {
        note.draw(&painter, palette);
    }
    if view.controls {
        let response = ui.interact(plane, ui.scope_id().with("plane"), Sense::click_and_drag());
        response.widget_info(|| {
            WidgetInfo::labeled(
                egui::Role::Image,
                true,
                "weight space: arrow keys turn or move it, + and − magnify",
            )
        });
        hands::handle(ui, &response, state, plane, changes);
        if response.has_focus() {
            outer.rect_stroke(plane, 0.0, ui.visuals().selection.stroke, StrokeKind::Inside);
        }
        if let (true, Some(pointer)) = (response.clicked(), response.interact_pointer_pos())
            && let Some(step) = hands::step_near(scene, figure, &projection, pointer)
        {
            changes.push(ViewChange::PlaceCursor(Some(step)));
        }
    }
}

impl ScenePath {
    /// Whether a process is visible: the central flow can be hidden.
    pub(super) fn is_seen(&self, view: &RunView) -> bool {
        view.state.show_central_flow || self.role != Role::CentralFlow
    }
}

/// The position of each process at the cursor's step, or at its last; an arrow towards one that is out of view.
fn marks(
    painter: &Painter,
    palette: &Palette,
    scene: &Scene,
    figure: &Figure,
    view: &RunView,
    projection: &Projection,
    plane: Rect,
) {
    let mut marked: Vec<(Role, usize, [f32; 3])> = Vec::new();
    for path in scene.paths.iter().filter(|path| path.is_seen(view)) {
        let place = match view.state.cursor {
            Some(step) => path.place_at(step),
            None => (0..path.points.len()).rev().find(|&place| figure.place(path, place).is_some()),
        };
        let Some((place, at)) = place.and_then(|place| Some((place, figure.place(path, place)?))) else {
            continue;
        };
        // Of several pieces, the one with the newest step.
        let step = path.first_step + place * path.stride.max(1);
        match marked.iter_mut().find(|(role, ..)| *role == path.role) {
            Some((_, before, _)) if *before >= step => {}
            Some(mark) => *mark = (path.role, step, at),
            None => marked.push((path.role, step, at)),
        }
    }
    for (role, _, at) in marked {
        let at = projection.place(at);
        let color = palette.ink(role, Weight::Normal).color;
        if plane.contains(at) {
            painter.circle_filled(at, 6.0, palette.plot);
            painter.circle_filled(at, 4.5, color);
        } else {
            painter.add(arrow(plane, at, color, palette.plot));
        }
    }
}

/// The point at the edge of the plane, towards a position outside.
fn arrow(plane: Rect, outside: Pos2, color: Color32, rim: Color32) -> Shape {
    let inner = plane.shrink(9.0);
    let base = inner.clamp(outside);
    let along = (outside - base).normalized();
    let across = 5.0 * along.rot90();
    let corners = vec![base + 8.0 * along, base - 3.0 * along + across, base - 3.0 * along - across];
    Shape::convex_polygon(corners, color, Stroke::new(1.0, rim))
}

/// The messages of the picture: problems, progress, renderer. For a plane, whose numbers are outside, they are at the
/// bottom; for a box, whose nearest corner and its numbers are at the bottom, they are at the top.
fn notes(
    ui: &Ui,
    painter: &Painter,
    palette: &Palette,
    scene: &Scene,
    view: &RunView,
    plane: Rect,
) -> Vec<Note> {
    let mut said: Vec<(String, Color32)> = Vec::new();
    if view.controls && !canvas::has_canvas(ui.ctx()) {
        said.push(("drawn without wgpu".to_owned(), palette.faint_text));
    }
    if let Some(progress) = scene.progress.filter(|progress| progress.is_finite()) {
        let percent = 100.0 * progress.clamp(0.0, 1.0);
        said.push((format!("computing loss and sharpness: {percent:.0}%"), palette.faint_text));
    }
    said.extend(scene.note.iter().map(|note| (note.clone(), palette.text)));
    let flat = view.state.scene.flat;
    if !flat {
        // temporary messages are farthest from the rim
        said.reverse();
    }
    let mut corner =
        if flat { plane.left_bottom() + vec2(6.0, -5.0) } else { plane.min + vec2(6.0, PROGRESS + 4.0) };
    let mut notes = Vec::new();
    for (text, color) in said {
        let anchor = if flat { Align2::LEFT_BOTTOM } else { Align2::LEFT_TOP };
        let note = Note::new(painter, anchor, corner, &text, color);
        corner.y = if flat { note.ground().top() - 3.0 } else { note.ground().bottom() + 3.0 };
        notes.push(note);
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_points_out_of_the_plane_and_lies_in_it() {
        let plane = Rect::from_min_max(pos2(0.0, 0.0), pos2(200.0, 100.0));
        let outside = [
            pos2(900.0, 50.0),
            pos2(-3000.0, 20.0),
            pos2(150.0, -40.0),
            pos2(500.0, 400.0),
            pos2(201.0, 50.0),
        ];
        for at in outside {
            let Shape::Path(path) = arrow(plane, at, Color32::RED, Color32::WHITE) else {
                panic!("no polygon")
            };
            assert!(path.points.iter().all(|corner| plane.contains(*corner)), "{at:?}: {:?}", path.points);
            let tip = path.points[0].distance(at);
            assert!(path.points[1..].iter().all(|corner| corner.distance(at) > tip), "{at:?}");
        }
    }
}
