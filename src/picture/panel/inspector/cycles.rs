//! The table of cycles, and a line about the cursor's step.

use super::caption::caption;
use super::{ROW_HEIGHT, note, sentence, short, write};
use crate::picture::style::theme::{self, Palette};
use crate::picture::view::ViewChange;
use crate::picture::view::run_view::RunView;
use crate::run::analysis::cycles::{Cycle, CycleOutcome, CyclePhase};
use egui::{Align2, Color32, Rangef, Rect, ScrollArea, Sense, StrokeKind, Ui, WidgetInfo, pos2, vec2};

/// The cells of a row.
type Cells = [String; 8];

/// Column headers.
const HEADS: [&str; 8] = ["#", "start", "length", "peak S·η/2", "peak |x|", "loss spike", "drop of S", ""];
/// Explanations of the columns.
const MEANING: &str = "peak and drop of S: of its mean over two steps. loss spike: how far the loss rose above its lowest value in the cycle";

pub(super) fn cycles_ui(ui: &mut Ui, view: &RunView, changes: &mut Vec<ViewChange>) {
    let Some(step) = view.inspected_step() else { return note(ui, "waiting for the first step") };
    sentence(ui, &format!("Step {step}: {}", caption(view, step)));
    legend_ui(ui);
    let cycles = view.curves.cycles();
    if view.controls {
        ui.horizontal(|ui| {
            let mut go = |ui: &mut Ui, text: &str, target: Option<&Cycle>| {
                if ui.add_enabled(target.is_some(), egui::Button::new(text).small()).clicked() {
                    changes.extend(target.map(|cycle| ViewChange::PlaceCursor(Some(cycle.start()))));
                }
            };
            go(ui, "◀ previous cycle", cycles.previous(step));
            go(ui, "next cycle ▶", cycles.next(step));
        });
    }
    if cycles.all().is_empty() {
        return note(
            ui,
            "no cycle yet: one begins where S passes 2/η, as long as no second eigenvalue is there",
        );
    }
    // the newest step, which has no successor, belongs to the cycle before it
    let current = cycles.at(step.min(view.history.rows().saturating_sub(2)));
    table_ui(ui, view, current, changes);
}

/// A row for every cycle; the cursor's row is shaded.
fn table_ui(ui: &mut Ui, view: &RunView, current: Option<usize>, changes: &mut Vec<ViewChange>) {
    let cycles = view.curves.cycles();
    let width = ui.available_width() - 12.0;
    let palette = Palette::in_ui(ui);
    let (head, response) = ui.allocate_exact_size(vec2(width, ROW_HEIGHT), Sense::hover());
    response.on_hover_text(MEANING);
    let heads: Cells = HEADS.map(str::to_owned);
    ui.spacing_mut().item_spacing.y = 0.0;
    let (top, height) = (ui.next_widget_position().y, whole_rows(ui));
    let in_sight = Rangef::new(top, top + height);
    let rows = ScrollArea::vertical()
        .animated(false)
        .auto_shrink(false)
        .min_scrolled_height(height)
        .max_height(height);
    let places = rows.show_rows(ui, ROW_HEIGHT, cycles.all().len(), |ui, shown| {
        follow(ui, current, shown.start, in_sight);
        let numbers = shown.clone().map(|index| number(cycles.all(), index));
        let all: Vec<Cells> =
            shown.clone().zip(numbers).map(|(index, number)| cells(number, &cycles.all()[index])).collect();
        let places = places(ui, all.iter().chain([&heads]), width);
        for (index, cells) in shown.zip(&all) {
            let cycle = &cycles.all()[index];
            let number = number(cycles.all(), index);
            let sense = if view.controls { Sense::click() } else { Sense::hover() };
            let (rect, response) = ui.allocate_exact_size(vec2(width, ROW_HEIGHT), sense);
            let name = match number {
                Some(number) => format!("cycle {number} from step {}", cycle.start()),
                None => format!("settled from step {}", cycle.start()),
            };
            response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &name));
            if current == Some(index) {
                ui.painter().rect_filled(rect, 2.0, palette.grid);
            } else if response.hovered() {
                ui.painter().rect_stroke(rect, 2.0, (1.0, palette.grid), StrokeKind::Inside);
            }
            row(ui, rect, cells, &places, palette.text);
            if response.clicked() {
                changes.push(ViewChange::PlaceCursor(Some(cycle.start())));
            }
        }
        places
    });
    row(ui, head, &heads, &places.inner, palette.faint_text);
}

/// The height of the largest number of whole rows that fit.
fn whole_rows(ui: &Ui) -> f32 {
    let in_sight = ui.max_rect().bottom().min(ui.clip_rect().bottom()) - ui.next_widget_position().y;
    (in_sight / ROW_HEIGHT).floor().max(1.0) * ROW_HEIGHT
}

/// Scrolls to the cursor's cycle when it or the available room has changed, until it is `in_sight`; the row with
/// number `first` is the uppermost.
fn follow(ui: &Ui, current: Option<usize>, first: usize, in_sight: Rangef) {
    let id = ui.scope_id().with("cycle in sight");
    let Some(index) = current else { return };
    let seen = (index, in_sight.span());
    if ui.data(|data| data.get_temp(id)) == Some(seen) {
        return;
    }
    let top = ui.max_rect().top() + (index as f32 - first as f32) * ROW_HEIGHT;
    let row = Rect::from_x_y_ranges(ui.max_rect().x_range(), top..=top + ROW_HEIGHT);
    if in_sight.contains(row.center().y) {
        ui.data_mut(|data| data.insert_temp(id, seen));
    } else {
        ui.scroll_to_rect(row, None);
    }
}

/// The colours of the phases.
fn legend_ui(ui: &mut Ui) {
    let palette = Palette::in_ui(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for phase in CyclePhase::CYCLE.into_iter().chain([CyclePhase::Settled]) {
            let (rect, _) = ui.allocate_exact_size(vec2(14.0, 12.0), Sense::hover());
            ui.painter().rect_filled(rect, 2.0, palette.plot);
            ui.painter().rect_filled(rect, 2.0, palette.phase(phase));
            ui.painter().rect_stroke(rect, 2.0, (1.0, palette.frame), StrokeKind::Inside);
            note(ui, phase.name());
            ui.add_space(4.0);
        }
    });
}

/// The number of a cycle; settled stretches are not counted and have none.
fn number(all: &[Cycle], index: usize) -> Option<usize> {
    let count = all[..=index].iter().filter(|cycle| !cycle.settled).count();
    (!all[index].settled).then_some(count)
}

/// The cells of a cycle's row.
fn cells(number: Option<usize>, cycle: &Cycle) -> Cells {
    let what = match cycle.outcome {
        _ if cycle.settled => "settled",
        CycleOutcome::Open => "goes on",
        CycleOutcome::Complete => "",
        CycleOutcome::EtaChanged => "η changed",
        CycleOutcome::SecondEigenvalue => "λ₂ at edge",
        CycleOutcome::Gap => "broken off",
    };
    [
        number.map_or("–".into(), |number| number.to_string()),
        cycle.start().to_string(),
        cycle.length().to_string(),
        format!("{:.3}", 0.5 * cycle.eta * cycle.peak_sharpness),
        cycle.peak_x.map_or("–".into(), short),
        short(cycle.loss_spike),
        if cycle.sharpness_drop > 0.0 { short(cycle.sharpness_drop) } else { "–".into() },
        what.to_owned(),
    ]
}

/// The right end of every column, counted from the left: each is as wide as its widest cell, and the remaining room
/// is shared out.
fn places<'a>(ui: &Ui, rows: impl Iterator<Item = &'a Cells>, width: f32) -> [f32; HEADS.len()] {
    let mut widths = [0.0_f32; HEADS.len()];
    for cells in rows {
        for (widest, cell) in widths.iter_mut().zip(cells) {
            let galley = ui.painter().layout_no_wrap(cell.clone(), theme::label_font(), Color32::PLACEHOLDER);
            *widest = widest.max(galley.size().x);
        }
    }
    let gap = ((width - widths.iter().sum::<f32>()) / HEADS.len() as f32).max(0.0);
    let mut right = 0.0;
    widths.map(|width| {
        right += width + gap;
        right
    })
}

/// Numbers are right-aligned.
fn row(ui: &Ui, rect: Rect, cells: &Cells, places: &[f32; HEADS.len()], color: Color32) {
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    for (cell, right) in cells.iter().zip(places) {
        write(&painter, Align2::RIGHT_CENTER, pos2(rect.left() + right - 4.0, rect.center().y), cell, color);
    }
}
