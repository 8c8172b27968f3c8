//! A card as it is drawn: heading, paragraphs with live numbers, equations, a question and its answer.

use super::chapter::{Block, Card};
use super::text::Span;
use crate::picture::equation::{Equation, spoken};
use crate::picture::{Palette, RunView, font};
use egui::text::{LayoutJob, TextFormat};
use egui::{Align, Color32, FontFamily, FontId, Frame, Label, Margin, Sense, Stroke, Ui, WidgetInfo};

/// Sizes of the letters, in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProseStyle {
    /// Of the text.
    pub text: f32,
    /// Of equations.
    pub equation: f32,
    /// Of the heading.
    pub heading: f32,
}

impl Default for ProseStyle {
    fn default() -> Self {
        Self { text: 14.0, equation: 16.0, heading: 17.0 }
    }
}

/// Whether the answer to a card's question is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reveal {
    /// The room thinks.
    #[default]
    Hidden,
    /// It is told.
    Shown,
}

/// Draws a card into the width there is. Returns whether the answer was asked for.
pub fn card_ui(ui: &mut Ui, card: &Card, view: &RunView, reveal: Reveal, style: &ProseStyle) -> bool {
    let palette = Palette::in_ui(ui);
    ui.spacing_mut().item_spacing.y = 9.0;
    let heading = egui::RichText::new(&card.heading).font(FontId::new(style.heading, font::bold()));
    ui.add(Label::new(heading.color(palette.text)).wrap());
    let mut asked = false;
    for block in &card.blocks {
        match block {
            Block::Text(spans) => prose_ui(ui, spans, view, style, palette.text),
            Block::Equation(text) => equation_ui(ui, text, style),
            Block::Question(spans) => boxed_ui(ui, palette.eta_change, |ui| {
                prose_ui(ui, spans, view, style, palette.text);
                if card.has_answer() && reveal == Reveal::Hidden {
                    asked |= ui.button("Reveal").on_hover_text("Show the answer  [PageDown]").clicked();
                }
            }),
            Block::Answer(spans) if reveal == Reveal::Shown => {
                boxed_ui(ui, palette.frame, |ui| prose_ui(ui, spans, view, style, palette.text));
            }
            Block::Answer(_) => {}
        }
    }
    asked
}

/// Something with a coloured line around it.
fn boxed_ui(ui: &mut Ui, color: Color32, content_ui: impl FnOnce(&mut Ui)) {
    Frame::new()
        .stroke(Stroke::new(1.0, color))
        .fill(color.gamma_multiply(0.08))
        .corner_radius(5)
        .inner_margin(Margin::symmetric(9, 7))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            content_ui(ui);
        });
}

fn prose_ui(ui: &mut Ui, spans: &[Span], view: &RunView, style: &ProseStyle, color: Color32) {
    let palette = Palette::in_ui(ui);
    let plain = |size, color| TextFormat::simple(FontId::new(size, FontFamily::Proportional), color);
    let strong = |color| TextFormat::simple(FontId::new(style.text, font::bold()), color);
    let mut job = LayoutJob::default();
    for span in spans {
        let (text, format) = match span {
            Span::Plain(text) => (text.clone(), plain(style.text, color)),
            Span::Strong(text) => (text.clone(), strong(color)),
            Span::Lowered(text) => {
                (text.clone(), TextFormat { valign: Align::BOTTOM, ..plain(0.72 * style.text, color) })
            }
            // not yet there: a dash in its place
            Span::Live(quantity) => match quantity.value(view) {
                Some(value) => (value, strong(palette.color(crate::picture::Role::GradientDescent))),
                None => ("–".to_owned(), plain(style.text, palette.faint_text)),
            },
        };
        let format = TextFormat { line_height: Some(1.36 * style.text), ..format };
        job.append(&text, 0.0, format);
    }
    ui.add(Label::new(job).wrap());
}

fn equation_ui(ui: &mut Ui, text: &str, style: &ProseStyle) {
    let palette = Palette::in_ui(ui);
    let indent = 10.0;
    let width = ui.available_width() - 2.0 * indent;
    let equation = Equation::wrapped(ui.painter(), text, style.equation, palette.text, width);
    let size = egui::vec2(ui.available_width(), equation.size.y + 4.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, spoken(text)));
    equation.draw(ui.painter(), rect.min + egui::vec2(indent, 2.0));
}
