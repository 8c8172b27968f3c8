//! The panel of the tour: the chapters, the card, the stop that the run is heading for, and the navigation.

use super::widgets::{command_button, short};
use crate::app::command::Command;
use crate::app::state::Model;
use crate::app::state::page::Page;
use crate::app::state::phase::RunPhase;
use crate::app::state::tour::{Tour, TourCommand};
use crate::picture::style::theme::Palette;
use crate::tour::{ProseStyle, card_ui};
use egui::{
    Align, Button, Color32, ComboBox, Frame, Layout, Margin, Panel, Rect, RichText, Role, ScrollArea, Sense,
    Slider, TextStyle, Ui, WidgetInfo, pos2, vec2,
};

/// Initial width of the panel, in points.
const WIDTH: f32 = 356.0;
/// Height of the chapter bar.
const BAR: f32 = 7.0;
/// Minimum scale of a long chapter title before it is truncated.
const SMALLEST_TITLE: f32 = 0.8;
/// In a column lower than this, in points, the card also takes the space of the chapter bar.
const LOW: f32 = 440.0;

/// The panel at the left edge of the window.
pub(in crate::app) fn tour_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let palette = Palette::in_ui(ui);
    let frame = Frame::new().fill(palette.plot).inner_margin(Margin::symmetric(14, 10));
    // at most what the plots leave
    let most = (0.42 * ui.available_width()).max(200.0);
    Panel::left("tour").frame(frame).default_size(WIDTH.min(most)).size_range(200.0..=most).show(ui, |ui| {
        card_column_ui(ui, model, &ProseStyle::default(), commands);
    });
}

/// The chapter's heading, its card and the buttons, using all available space.
pub(in crate::app) fn card_column_ui(
    ui: &mut Ui,
    model: &Model,
    style: &ProseStyle,
    commands: &mut Vec<Command>,
) {
    let tour = &model.tour;
    let Some((chapter, card)) = tour.here() else { return };
    let low = ui.available_height() < LOW;
    chapters_ui(ui, tour, commands);
    if !low {
        ui.add_space(4.0);
        progress_ui(ui, tour, commands);
    }
    ui.add_space(if low { 2.0 } else { 8.0 });
    let clear = Frame::new();
    Panel::bottom("tour: way on").frame(clear).show_separator_line(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = if low { 3.0 } else { 6.0 };
        ui.add_space(ui.spacing().item_spacing.y);
        if card.sliders {
            // not after the text, whose length changes with its numbers while a slider is dragged
            knobs_ui(ui, tour, commands);
            ui.add_space(ui.spacing().item_spacing.y);
        }
        status_ui(ui, model);
        way_ui(ui, tour, chapter.cards.len(), commands);
    });
    let page = Page::of(tour);
    let mut area = ScrollArea::vertical().id_salt((tour.chapter, tour.card)).auto_shrink(false);
    if let Some(down) = page.take_turn(ui.ctx()) {
        area = area.vertical_scroll_offset(down);
    }
    let shown = area.show(ui, |ui| {
        let overlays = model.overlays();
        let view = crate::picture::view::run_view::RunView { overlays: &overlays, ..model.run_view() };
        let room = vec2(ui.available_width(), ui.clip_rect().height());
        let style = style.fitting(ui, card, &view, room);
        let ahead = (tour.waits() && !card.sliders).then(|| card.on_the_way());
        let shown = ahead.as_ref().unwrap_or(card);
        if card_ui(ui, shown, &view, tour.reveal, &style) {
            commands.push(Command::Tour(TourCommand::Reveal));
        }
    });
    page.drawn(ui.ctx(), shown.state.clamped_offset().y, shown.inner_rect.height(), shown.content_size.y);
}

fn chapters_ui(ui: &mut Ui, tour: &Tour, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            command_button(ui, &Command::Tour(TourCommand::Toggle), Some("Free play"), commands);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let title = |place: usize| format!("{} · {}", place + 1, tour.chapters[place].title);
                let width = ui.available_width() - 8.0;
                let choice = ComboBox::from_id_salt("chapter")
                    .selected_text(fitting(ui, title(tour.chapter), width - ui.spacing().icon_width - 20.0))
                    .width(width)
                    .height(500.0)
                    .truncate()
                    .show_ui(ui, |ui| {
                        for place in 0..tour.chapters.len() {
                            if ui.selectable_label(place == tour.chapter, title(place)).clicked() {
                                commands.push(Command::Tour(TourCommand::Chapter(place)));
                            }
                        }
                    });
                let named = Command::Tour(TourCommand::Chapter(tour.chapter));
                choice.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, named.name()));
                choice.response.on_hover_text(title(tour.chapter));
            });
        });
    });
}

/// A title, scaled down if it would be truncated.
fn fitting(ui: &Ui, title: String, width: f32) -> RichText {
    let font = TextStyle::Button.resolve(ui.style());
    let whole =
        ui.fonts_mut(|fonts| fonts.layout_no_wrap(title.clone(), font.clone(), Color32::WHITE)).size().x;
    RichText::new(title).strong().size(font.size * (width / whole).clamp(SMALLEST_TITLE, 1.0))
}

/// One mark per chapter; a click opens the chapter.
fn progress_ui(ui: &mut Ui, tour: &Tour, commands: &mut Vec<Command>) {
    let palette = Palette::in_ui(ui);
    let (bar, response) = ui.allocate_exact_size(vec2(ui.available_width(), BAR + 4.0), Sense::click());
    let count = tour.chapters.len();
    let name = format!("Chapter {} of {count}", tour.chapter + 1);
    response.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, &name));
    let width = bar.width() / count as f32;
    for place in 0..count {
        let left = bar.left() + place as f32 * width;
        let mark = Rect::from_min_max(
            pos2(left + 1.0, bar.top() + 2.0),
            pos2(left + width - 1.0, bar.top() + 2.0 + BAR),
        );
        let color = match place.cmp(&tour.chapter) {
            std::cmp::Ordering::Less => {
                palette.color(crate::picture::style::theme::Role::GradientDescent).gamma_multiply(0.55)
            }
            std::cmp::Ordering::Equal => palette.color(crate::picture::style::theme::Role::GradientDescent),
            std::cmp::Ordering::Greater => palette.grid,
        };
        ui.painter().rect_filled(mark, 2.0, color);
    }
    let pointed = response.hover_pos().map(|at| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the bar")]
        let place = ((at.x - bar.left()) / width).max(0.0) as usize;
        place.min(count - 1)
    });
    if let Some(place) = pointed {
        if response.clicked() {
            commands.push(Command::Tour(TourCommand::Chapter(place)));
        }
        response.on_hover_text(format!("{} · {}", place + 1, tour.chapters[place].title));
    }
}

fn knobs_ui(ui: &mut Ui, tour: &Tour, commands: &mut Vec<Command>) {
    let Some((chapter, _)) = tour.here() else { return };
    for (place, (knob, value)) in chapter.knobs.iter().zip(&tour.knobs).enumerate() {
        let mut value = *value;
        ui.horizontal(|ui| {
            let label = ui.label(&knob.label).on_hover_text("The run starts again with its new value");
            ui.spacing_mut().slider_width = (ui.available_width() - 70.0).max(60.0);
            let slider = Slider::new(&mut value, knob.least..=knob.most)
                .update_while_editing(false)
                .custom_formatter(|value, _| short(value));
            // no tooltip, because it would cover the next slider
            if ui.add(slider).labelled_by(label.id).changed() {
                commands.push(Command::Tour(TourCommand::Turn(place, value)));
            }
        });
    }
}

/// The current step of the run, and the stop that it is heading for.
fn status_ui(ui: &mut Ui, model: &Model) {
    let palette = Palette::in_ui(ui);
    let tour = &model.tour;
    let text = match (&model.runs.first.phase, tour.armed()) {
        (RunPhase::Training, Some(stop)) => format!("● The run goes on until {}", said(stop)),
        (RunPhase::Training, None) => "● The run goes on".to_owned(),
        (RunPhase::Paused, Some(stop)) => format!("Paused; Space goes on until {}", said(stop)),
        (RunPhase::Paused, None) if tour.waits() => "Paused".to_owned(),
        (RunPhase::Paused, None) => "The run waits for you".to_owned(),
        (RunPhase::Ended(_), _) => match model.ended_with_descent() {
            Some(step) => format!("Gradient descent has diverged: the run ends at step {step}"),
            None => "The run is complete".to_owned(),
        },
        (RunPhase::Failed, _) => "The run has failed".to_owned(),
    };
    let color =
        if model.runs.first.phase == RunPhase::Training { palette.eta_change } else { palette.faint_text };
    ui.add(egui::Label::new(RichText::new(text).color(color)).wrap());
}

fn said(stop: crate::run::engine::breakpoint::Breakpoint) -> String {
    stop.to_string()
}

fn way_ui(ui: &mut Ui, tour: &Tour, cards: usize, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y += 4.0;
        let first = tour.chapter == 0 && tour.card == 0;
        ui.add_enabled_ui(!first, |ui| {
            command_button(ui, &Command::Tour(TourCommand::Previous), Some("‹ Back"), commands);
        });
        ui.label(RichText::new(format!("{} / {cards}", tour.card + 1)).color(Palette::in_ui(ui).faint_text));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let last = tour.chapter + 1 == tour.chapters.len() && tour.card + 1 == cards;
            let hidden = tour.here().is_some_and(|(_, card)| card.has_answer())
                && tour.reveal == crate::tour::Reveal::Hidden;
            let text = match (hidden, tour.card + 1 < cards) {
                (true, _) => "Reveal ›",
                (false, true) => "Next ›",
                (false, false) => "Next chapter ›",
            };
            let next = Command::Tour(TourCommand::Next);
            let size = vec2(110.0, ui.spacing().interact_size.y);
            let button = ui.add_enabled_ui(!last || hidden, |ui| {
                ui.add_sized(size, Button::new(RichText::new(text).strong()))
            });
            let response = button.inner.on_hover_text(next.tooltip());
            response.widget_info(|| WidgetInfo::labeled(Role::Button, response.enabled(), next.name()));
            if response.clicked() {
                commands.push(next);
            }
        });
    });
}
