//! Pointer input in a plot: read values, place the cursor, select steps, zoom, reset.

use super::{Chart, Drawn, legend, marks, scale};
use crate::picture::style::theme::{self, Palette};
use crate::picture::view::ViewChange;
use crate::picture::view::panel::Panel;
use crate::picture::view::run_view::RunView;
use egui::{Align2, Id, PointerButton, Pos2, Rect, Response, Ui, pos2, vec2};
use egui_plot::PlotTransform;

/// Minimum number of steps on the axis.
const LEAST_STEPS: f64 = 4.0;
/// Shortest drag that selects, in points.
const SHORTEST_DRAG: f32 = 6.0;

/// The result of `egui_plot`.
#[derive(Clone, Copy)]
pub(super) struct Responses<'a> {
    pub response: &'a Response,
    pub transform: &'a PlotTransform,
    pub scale: &'a scale::AxisScale,
}

/// Converts pointer input to changes of the view, and shows the read-out.
pub(super) fn handle(
    ui: &Ui,
    chart: &Chart,
    view: &RunView,
    drawn: &[Drawn],
    Responses { response, transform, scale }: Responses,
    changes: &mut Vec<ViewChange>,
) {
    if !view.controls {
        return;
    }
    let step_at = |pos: Pos2| transform.value_from_position(pos).x;
    if let Some(pos) = response.hover_pos() {
        hover(ui, view, step_at(pos).round(), changes);
    }
    if let Some(pos) = response.hover_pos()
        && let Some(row) = view.row_at(step_at(pos))
        && !response.dragged()
    {
        read_out(ui, view, drawn, transform, pos, row);
    }
    if response.double_clicked() {
        changes.extend([ViewChange::Show(None), ViewChange::SetRange(chart.panel, None)]);
    } else if let (true, Some(pos)) = (response.clicked(), response.interact_pointer_pos()) {
        changes.push(ViewChange::PlaceCursor(view.row_at(step_at(pos))));
    } else if response.secondary_clicked() {
        changes.push(ViewChange::PlaceCursor(None));
    }
    select(ui, response, transform, changes);
    let [first, last] = view.steps();
    if response.dragged_by(PointerButton::Middle) || response.dragged_by(PointerButton::Secondary) {
        let shift =
            f64::from(-response.drag_delta().x) * (last - first) / f64::from(transform.frame().width());
        changes.push(ViewChange::Show(Some(keep_inside(view, first + shift, last + shift))));
    }
    if let Some(pos) = response.hover_pos() {
        let (scroll, pinch, alt) =
            ui.input(|input| (input.smooth_scroll_delta, input.zoom_delta(), input.modifiers.alt));
        if alt && scroll.y != 0.0 {
            changes.push(zoom_values(chart.panel, transform, scale, pos, scroll.y));
            return;
        }
        let factor = f64::from(pinch) * f64::from(scroll.y * 0.004).exp();
        if factor != 1.0 {
            let centre = step_at(pos);
            let [a, b] = [centre + (first - centre) / factor, centre + (last - centre) / factor];
            if b - a >= LEAST_STEPS {
                let all = a <= 0.0 && b >= view.last_step();
                changes.push(ViewChange::Show((!all).then(|| keep_inside(view, a, b))));
            }
        }
        if scroll.x != 0.0 {
            let shift = f64::from(-scroll.x) * (last - first) / f64::from(transform.frame().width());
            changes.push(ViewChange::Show(Some(keep_inside(view, first + shift, last + shift))));
        }
    }
}

/// Zooms the vertical axis around the pointer.
fn zoom_values(
    panel: Panel,
    transform: &PlotTransform,
    scale: &scale::AxisScale,
    pos: Pos2,
    scroll: f32,
) -> ViewChange {
    let centre = transform.value_from_position(pos).y;
    let factor = f64::from(scroll * 0.004).exp();
    let range = [scale.low, scale.high].map(|end| scale.value(centre + (end - centre) / factor));
    ViewChange::SetRange(panel, Some(range))
}

/// A range of steps moved into the longest run, preserving its length if possible.
fn keep_inside(view: &RunView, first: f64, last: f64) -> [f64; 2] {
    let whole = view.last_step();
    let length = (last - first).clamp(LEAST_STEPS.min(whole), whole);
    let first = first.clamp(0.0, whole - length);
    [first, first + length]
}

/// Reports the step below the pointer. The window detects that there is none any more: the plot may have disappeared.
fn hover(ui: &Ui, view: &RunView, step: f64, changes: &mut Vec<ViewChange>) {
    let pass = ui.ctx().cumulative_pass_nr();
    ui.data_mut(|data| data.insert_temp(hovered_id(), pass));
    if view.state.hover != Some(step) {
        changes.push(ViewChange::Hover(Some(step)));
        ui.ctx().request_repaint();
    }
}

/// Whether the pointer is over a plot that this pass has drawn.
pub fn is_hovered(context: &egui::Context) -> bool {
    let pass = context.cumulative_pass_nr();
    context.data(|data| data.get_temp(hovered_id())) == Some(pass)
}

fn hovered_id() -> Id {
    Id::unique("brink: last pass with the pointer over a plot")
}

/// A drag over steps selects them.
fn select(ui: &Ui, response: &Response, transform: &PlotTransform, changes: &mut Vec<ViewChange>) {
    let dragging = response.dragged_by(PointerButton::Primary);
    let released = response.drag_stopped_by(PointerButton::Primary);
    if !dragging && !released {
        return;
    }
    let id = response.id.with("selection");
    let Some(now) = response.interact_pointer_pos().or(ui.input(|input| input.pointer.latest_pos())) else {
        return;
    };
    if response.drag_started() {
        let origin = ui.input(|input| input.pointer.press_origin()).unwrap_or(now);
        ui.data_mut(|data| data.insert_temp(id, origin));
    }
    let Some(origin) = ui.data(|data| data.get_temp::<Pos2>(id)) else { return };
    let frame = *transform.frame();
    let left = origin.x.min(now.x).max(frame.left());
    let right = origin.x.max(now.x).min(frame.right());
    if dragging {
        let palette = Palette::in_ui(ui);
        let rect = Rect::from_x_y_ranges(left..=right, frame.y_range());
        ui.painter().rect_filled(rect, 0.0, palette.cursor.gamma_multiply(0.25));
        return;
    }
    ui.data_mut(|data| data.remove_temp::<Pos2>(id));
    if right - left >= SHORTEST_DRAG {
        let steps = [left, right].map(|x| transform.value_from_position(pos2(x, frame.center().y)).x);
        if steps[1] - steps[0] >= LEAST_STEPS {
            changes.push(ViewChange::Show(Some(steps)));
        }
    }
}

/// Every line's value at a row, next to the pointer.
fn read_out(ui: &Ui, view: &RunView, drawn: &[Drawn], transform: &PlotTransform, pos: Pos2, row: usize) {
    let palette = Palette::in_ui(ui);
    let painter =
        ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Tooltip, ui.scope_id().with("read-out")));
    let text = |text: String| painter.layout_no_wrap(text, theme::label_font(), palette.text);
    let eta = marks::eta_at(view, row).map_or(String::new(), |eta| format!(" · η = {eta}"));
    let title = text(format!("step {row}{eta}"));
    let rows: Vec<_> = drawn
        .iter()
        .filter_map(|line| {
            let value = line.trace.value(view, row)?;
            Some((line.trace.ink, text(line.trace.name.clone()), text(scale::read_out(value))))
        })
        .collect();
    let (sample, gap, height) = (18.0, 6.0, 15.0);
    let widest = |widths: &mut dyn Iterator<Item = f32>| widths.fold(0.0, f32::max);
    let name_width = widest(&mut rows.iter().map(|row| row.1.size().x));
    let value_width = widest(&mut rows.iter().map(|row| row.2.size().x));
    let width = (sample + gap + name_width + 2.0 * gap + value_width).max(title.size().x);
    let size = vec2(width, height * (rows.len() as f32 + 1.0) + 2.0) + vec2(14.0, 10.0);
    let frame = transform.frame();
    // On the side with more room, inside the window.
    let anchor = if pos.x > frame.center().x { Align2::RIGHT_TOP } else { Align2::LEFT_TOP };
    let offset = if pos.x > frame.center().x { vec2(-14.0, 8.0) } else { vec2(14.0, 8.0) };
    let mut rect = anchor.anchor_size(pos + offset, size);
    let screen = ui.ctx().content_rect();
    rect = rect.translate(vec2(0.0, (screen.bottom() - 4.0 - rect.bottom()).min(0.0)));
    rect = rect.translate(vec2((4.0 - rect.left()).max(0.0), (4.0 - rect.top()).max(0.0)));
    painter.rect(rect, 4.0, palette.panel, (1.0, palette.frame), egui::StrokeKind::Inside);
    let mut corner = rect.min + vec2(7.0, 5.0);
    painter.galley(corner, title, palette.text);
    for (ink, name, value) in rows {
        corner.y += height;
        let middle = corner + vec2(0.0, 0.5 * height);
        legend::sample(&painter, ink, middle, sample);
        let centred = |x: f32, size: egui::Vec2| pos2(x, middle.y - 0.5 * size.y);
        painter.galley(centred(corner.x + sample + gap, name.size()), name, palette.text);
        painter.galley(centred(rect.right() - 7.0 - value.size().x, value.size()), value, palette.text);
    }
}
