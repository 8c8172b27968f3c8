//! The timeline below the plots: the whole run on one line, with the cursor, the displayed range and the
//! events.

use super::transport::running;
use super::widgets::{command_button, grouped, toggle_ui};
use crate::app::command::Command;
use crate::app::command::keys::id;
use crate::app::state::Model;
use crate::app::state::phase::RunPhase;
use crate::picture::style::theme::{self, Palette};
use crate::picture::view::ViewChange;
use crate::picture::view::run_view::RunView;
use crate::run::engine::breakpoint::Breakpoint;
use brink_core::dynamics::{Event, StepOutcome};
use egui::{
    Align2, DragValue, EventFilter, Painter, PointerButton, Pos2, Rect, Response, RichText, Sense, Shape,
    Stroke, StrokeKind, TextStyle, Ui, WidgetInfo, WidgetText, pos2, vec2,
};

/// Height of the line including its marks, in points.
const HEIGHT: f32 = 30.0;
/// Height of the bar itself.
const BAR: f32 = 12.0;
/// Within this distance of the end, in points, the pointer selects the newest step.
const END: f32 = 5.0;
/// A slow motion with at least this many steps per second counts as unlimited.
const UNLIMITED: f64 = 1e6;
/// Minimum distance between two marks of one kind, in points.
const APART: f32 = 3.0;

/// The timeline, preceded by the controls of the slow motion.
pub(crate) fn timeline_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        let text = if model.view.playback.playing { "❚❚ Slow motion" } else { "▶ Slow motion" };
        ui.add_enabled_ui(model.runs.first.history.rows() > 1, |ui| {
            command_button(ui, &Command::Replay, Some(text), commands);
        });
        replay_speed_ui(ui, model, commands);
        toggle_ui(ui, &Command::ToggleLoop, model.view.playback.looping, commands);
        ui.separator();
        cursor_field_ui(ui, model, commands);
        line_ui(ui, model, commands);
    });
}

/// The speed of the slow motion.
fn replay_speed_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let named = Command::SetReplaySpeed(model.view.playback.speed);
    let mut speed = model.view.playback.speed.min(UNLIMITED);
    let a_point = 0.01 * speed.max(1.0);
    let field = DragValue::new(&mut speed)
        .range(0.01..=UNLIMITED)
        .speed(a_point)
        .custom_formatter(|speed, _| match speed {
            UNLIMITED.. => "max".to_owned(),
            1000.0.. => format!("{speed:.0} /s"),
            _ => {
                let text = format!("{speed:.2}");
                format!("{} /s", text.strip_suffix('0').unwrap_or(&text))
            }
        })
        .custom_parser(|text| match text.trim().trim_end_matches("/s").trim() {
            "max" | "∞" | "inf" => Some(UNLIMITED),
            number => number.parse().ok(),
        })
        .update_while_editing(false);
    let response = ui.add_sized(vec2(64.0, ui.spacing().interact_size.y), field);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::SpinButton, true, named.name()));
    if response.on_hover_text(named.tooltip()).changed() {
        let speed = if speed < UNLIMITED { speed } else { f64::INFINITY };
        commands.push(Command::SetReplaySpeed(speed));
    }
}

/// The step of the cursor (or the newest step) as an editable number.
fn cursor_field_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let newest = model.most_rows().saturating_sub(1);
    let mut step = model.view.plots.cursor.or(model.row()).unwrap_or(0);
    let field = DragValue::new(&mut step).range(0..=newest).prefix("step ").update_while_editing(false);
    let response = ui
        .add_enabled_ui(newest > 0, |ui| ui.add_sized(vec2(84.0, ui.spacing().interact_size.y), field))
        .inner;
    response.widget_info(|| WidgetInfo::labeled(egui::Role::SpinButton, newest > 0, "Cursor at step"));
    let hint = "The step that all panels show. Drag, or click the number, type, and press Enter";
    if response.on_hover_text(hint).changed() {
        commands.push(Command::View(ViewChange::PlaceCursor(Some(step))));
    }
}

/// The mapping from steps to positions on the line.
struct Place {
    bar: Rect,
    newest: usize,
}

impl Place {
    fn x(&self, step: f64) -> f32 {
        let share = (step / self.newest.max(1) as f64).clamp(0.0, 1.0);
        #[expect(clippy::cast_possible_truncation, reason = "a share")]
        let share = share as f32;
        self.bar.left() + share * self.bar.width()
    }

    /// The step at a position; `None` at the end, which stands for the newest step at any time.
    fn step(&self, x: f32) -> Option<usize> {
        if x > self.bar.right() - END {
            return None;
        }
        let share = ((x - self.bar.left()) / self.bar.width()).clamp(0.0, 1.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most the newest step"
        )]
        let step = (f64::from(share) * self.newest as f64).round() as usize;
        Some(step)
    }
}

fn line_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let palette = Palette::in_ui(ui);
    let running = running(model, palette);
    let badges = [("recorded", palette.faint_text), ("newest", palette.faint_text), running]
        .map(|(text, color)| RichText::new(text).color(color).strong());
    // the widest badge, so that the line does not move during dragging
    let badge = badges
        .iter()
        .map(|text| {
            WidgetText::from(text.clone()).into_galley(ui, None, f32::INFINITY, TextStyle::Body).size().x
        })
        .fold(0.0, f32::max);
    let width = (ui.available_width() - badge - ui.spacing().item_spacing.x).max(40.0);
    let (_, rect) = ui.allocate_space(vec2(width, HEIGHT));
    let response = ui.interact(rect, id(), Sense::click_and_drag());
    let bar = Rect::from_center_size(rect.center(), vec2(rect.width() - 12.0, BAR));
    let place = Place { bar, newest: model.most_rows().saturating_sub(1) };
    let painter = ui.painter_at(rect.expand(2.0));
    bar_ui(&painter, palette, model, &place);
    events_ui(&painter, palette, model, &place);
    breakpoints_ui(&painter, palette, model, &place);
    cursor_ui(&painter, palette, model, &place, rect);
    if response.has_focus() {
        painter.rect_stroke(rect, 3.0, ui.visuals().selection.stroke, StrokeKind::Inside);
        // the arrow keys belong to the commands
        let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id(), filter));
    }
    scrub(&response, model, &place, commands);
    let at = model.view.plots.cursor.or(model.row()).unwrap_or(0);
    response.widget_info(|| WidgetInfo::slider(true, at as f64, "Timeline"));
    if let Some(pos) = response.hover_pos().filter(|_| !response.dragged()) {
        let step = place.step(pos.x).unwrap_or(place.newest);
        let phase = model
            .runs
            .first
            .curves
            .cycles()
            .phase(step)
            .map_or(String::new(), |phase| format!(" · {}", phase.name()));
        response.on_hover_text_at_pointer(format!("step {}{phase}", grouped(step)));
    }
    let [recorded, newest, running] = badges;
    ui.label(match model.view.plots.cursor {
        Some(_) => recorded,
        None if model.runs.first.phase == RunPhase::Training => running,
        None => newest,
    });
}

/// The recorded steps, the range shown in the plots, and the ranges without predictions.
fn bar_ui(painter: &Painter, palette: &Palette, model: &Model, place: &Place) {
    let bar = place.bar;
    painter.rect_filled(bar, 3.0, palette.plot);
    let overlays = model.overlays();
    let view = RunView { overlays: &overlays, ..model.run_view() };
    let mut free_from = bar.left();
    for (phase, steps) in model.runs.first.curves.cycles().phases(0..model.runs.first.history.rows()) {
        let right = place.x(steps.end as f64);
        // phases too short to be visible are merged
        if right - free_from >= 1.0 {
            let left = place.x(steps.start as f64).max(free_from);
            let rect = Rect::from_x_y_ranges(left..=right, bar.y_range());
            painter.rect_filled(rect, 0.0, palette.phase(phase));
            free_from = right;
        }
    }
    for [from, to] in view.history.transients() {
        let rect = Rect::from_x_y_ranges(place.x(from)..=place.x(to), bar.y_range());
        painter.rect_filled(rect, 0.0, palette.shade);
    }
    painter.rect_stroke(bar, 3.0, (1.0, palette.frame), StrokeKind::Middle);
    if model.view.plots.visible.is_some() {
        let [first, last] = view.steps();
        let shown = Rect::from_x_y_ranges(place.x(first)..=place.x(last), bar.expand(2.0).y_range());
        painter.rect(
            shown,
            2.0,
            palette.cursor.gamma_multiply(0.25),
            (1.0, palette.cursor),
            StrokeKind::Middle,
        );
    }
}

/// Changes of η above the bar, eigenvalues reaching the edge below it, and stopped processes across it.
fn events_ui(painter: &Painter, palette: &Palette, model: &Model, place: &Place) {
    let bar = place.bar;
    let (mut last_eta, mut last_rank, mut ranks) = (f32::NEG_INFINITY, f32::NEG_INFINITY, 0);
    let arriving = model.run_view().arriving();
    for (step, event) in model.runs.first.history.events() {
        let x = place.x(*step as f64);
        match event {
            Event::EtaChanged { .. } if *step > 0 && x - last_eta > APART => {
                last_eta = x;
                wedge(painter, pos2(x, bar.top() - 1.0), -6.0, palette.eta_change);
            }
            Event::Outcome(process, StepOutcome::EnteredEdge { k }) if *process == arriving && *k > ranks => {
                ranks = *k;
                if *step > 0 && x - last_rank > APART {
                    last_rank = x;
                    wedge(painter, pos2(x, bar.bottom() + 1.0), 6.0, palette.faint_text);
                }
            }
            Event::Outcome(_, StepOutcome::Diverged { .. } | StepOutcome::TooSharp { .. })
            | Event::Trouble(..) => {
                painter.vline(x, bar.expand(3.0).y_range(), Stroke::new(2.0, palette.trouble));
            }
            Event::FlowsStarted if *step > 0 => {
                painter.vline(x, bar.y_range(), Stroke::new(1.0, palette.faint_text));
            }
            _ => {}
        }
    }
}

/// The steps at which the run has stopped, and those at which it will stop.
fn breakpoints_ui(painter: &Painter, palette: &Palette, model: &Model, place: &Place) {
    let middle = place.bar.center().y;
    for breakpoint in &model.runs.breakpoints {
        if let Breakpoint::Step(step) = breakpoint
            && *step <= place.newest
        {
            painter.circle_stroke(pos2(place.x(*step as f64), middle), 3.5, (1.5, palette.trouble));
        }
    }
    for hit in &model.runs.first.hits {
        painter.circle_filled(pos2(place.x(hit.step as f64), middle), 3.5, palette.trouble);
    }
    for fork in model.runs.forks.list() {
        let at = pos2(place.x(fork.step as f64), place.bar.top() - 1.0);
        painter.line_segment([at, at + vec2(5.0, -7.0)], (2.0, palette.text));
    }
}

/// A wedge with its tip at `tip` and its base `height` below it (above it if negative).
fn wedge(painter: &Painter, tip: Pos2, height: f32, color: egui::Color32) {
    let corners = vec![tip, tip + vec2(3.5, height), tip + vec2(-3.5, height)];
    painter.add(Shape::convex_polygon(corners, color, Stroke::NONE));
}

/// The cursor with its step, or a knob at the newest step.
fn cursor_ui(painter: &Painter, palette: &Palette, model: &Model, place: &Place, rect: Rect) {
    let Some(cursor) = model.view.plots.cursor else {
        let newest = model.runs.first.history.rows().saturating_sub(1);
        let head = pos2(place.x(newest as f64), place.bar.center().y);
        painter.circle(head, 5.0, palette.panel, (2.0, palette.text));
        return;
    };
    let x = place.x(cursor as f64);
    painter.vline(x, rect.y_range(), (2.0, palette.text));
    let text = painter.layout_no_wrap(grouped(cursor), theme::label_font(), palette.text);
    let left = if x + 8.0 + text.size().x > rect.right() { x - 6.0 - text.size().x } else { x + 6.0 };
    let at = Align2::LEFT_CENTER.anchor_size(pos2(left, place.bar.center().y), text.size());
    painter.rect_filled(at.expand2(vec2(3.0, 0.0)), 2.0, palette.panel.gamma_multiply(0.85));
    painter.galley(at.min, text, palette.text);
}

fn scrub(response: &Response, model: &Model, place: &Place, commands: &mut Vec<Command>) {
    let scrubs = response.clicked() || response.dragged_by(PointerButton::Primary);
    if let (true, Some(pos)) = (scrubs && model.most_rows() > 1, response.interact_pointer_pos()) {
        let cursor = place.step(pos.x);
        if cursor != model.view.plots.cursor {
            commands.push(Command::View(ViewChange::PlaceCursor(cursor)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_places_agree_and_the_end_is_the_newest_step() {
        let bar = Rect::from_min_size(pos2(10.0, 0.0), vec2(1000.0, BAR));
        let place = Place { bar, newest: 500 };
        for step in [0, 1, 250, 490] {
            assert_eq!(place.step(place.x(step as f64)), Some(step));
        }
        assert_eq!(place.step(bar.right()), None);
        assert_eq!(Place { bar, newest: 0 }.x(0.0), bar.left());
    }
}
