//! A card as drawn: heading, paragraphs with live numbers, equations, a question and its answer.

use super::chapter::{Card, CardBlock};
use super::quantity::Quantity;
use super::text::Span;
use crate::picture::style::equation::{Equation, spoken};
use crate::picture::style::font;
use crate::picture::style::theme::{Palette, Role};
use crate::picture::view::pointing::point_at;
use crate::picture::view::run_view::RunView;
use egui::text::{LayoutJob, TextFormat};
use egui::{
    Align, Color32, FontFamily, FontId, Frame, Galley, Hyperlink, Label, Margin, Response, Sense, Stroke, Ui,
    Vec2, WidgetInfo, vec2,
};
use std::sync::Arc;

/// Letter sizes, in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProseStyle {
    /// Size of the text.
    pub text: f32,
    /// Size of equations.
    pub equation: f32,
    /// Size of the heading.
    pub heading: f32,
    /// Minimum size of the text's letters if a card is too high.
    pub least: f32,
}

impl Default for ProseStyle {
    fn default() -> Self {
        Self { text: 14.0, equation: 16.0, heading: 17.0, least: 10.5 }
    }
}

/// Reduction of the letter size at the next attempt.
const SHRINK: f32 = 0.95;

impl ProseStyle {
    /// All letters scaled by a factor.
    fn scaled(self, factor: f32) -> Self {
        let Self { text, equation, heading, least } = self;
        Self { text: factor * text, equation: factor * equation, heading: factor * heading, least }
    }

    /// The largest letters, up to these, with which a card and its answer fit the available room; the smallest if
    /// none do. One line is kept free, so that growing numbers do not change the size.
    #[must_use]
    pub fn fitting(self, ui: &Ui, card: &Card, view: &RunView, room: Vec2) -> Self {
        let mut style = self;
        while style.text * SHRINK >= self.least
            && card_height(ui, card, view, &style, room.x) + style.line() > room.y
        {
            style = style.scaled(SHRINK);
        }
        style
    }

    /// Distance between two lines of text.
    fn line(&self) -> f32 {
        1.36 * self.text
    }

    /// Gap between two pieces.
    fn gap(&self) -> f32 {
        0.64 * self.text
    }
}

/// Whether the answer to a card's question is visible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reveal {
    /// The audience is thinking.
    #[default]
    Hidden,
    /// The answer is shown.
    Shown,
}

/// Padding inside a box.
const BOX: Margin = Margin::symmetric(9, 7);
/// Width of a box's line.
const BOX_LINE: f32 = 1.0;
/// Margin left and right of an equation.
const INDENT: f32 = 10.0;
/// Margin above and below an equation.
const AIR: f32 = 2.0;
/// Size of a subscript, relative to the text.
const LOWERED: f32 = 0.75;
/// Height of a subscript's line, in letter sizes: it is aligned with the bottom of the line, so that the baseline of
/// its letters is a fifth of a letter below that of the words.
const FOOT: f32 = 0.78;

/// Laid-out running text: each span is one section of the galley.
struct Words<'a> {
    galley: Arc<Galley>,
    spans: &'a [Span],
}

/// A laid-out piece of a card.
enum Piece<'a> {
    Words(Words<'a>),
    Equation(&'a str, Equation),
    Link(&'a str, Arc<Galley>),
    Question(Words<'a>),
    Answer(Words<'a>),
}

impl Piece<'_> {
    fn height(&self) -> f32 {
        match self {
            Self::Words(words) => words.galley.size().y,
            Self::Link(_, words) => words.size().y,
            Self::Equation(_, equation) => equation.size.y + 2.0 * AIR,
            Self::Question(words) | Self::Answer(words) => {
                words.galley.size().y + BOX.sum().y + 2.0 * BOX_LINE
            }
        }
    }
}

/// The pieces of a card at a given width, including the answer.
fn lay<'a>(ui: &Ui, card: &'a Card, view: &RunView, style: &ProseStyle, width: f32) -> Vec<Piece<'a>> {
    let palette = Palette::in_ui(ui);
    let galley = |mut job: LayoutJob, width: f32| {
        job.wrap.max_width = width;
        ui.painter().layout_job(job)
    };
    let heading = TextFormat::simple(FontId::new(style.heading, font::bold()), palette.text);
    let heading = LayoutJob::single_section(card.heading.clone(), heading);
    let mut pieces = vec![Piece::Words(Words { galley: galley(heading, width), spans: &[] })];
    let words = |spans: &'a [Span], width: f32| Words {
        galley: galley(prose(palette, spans, view, style), width),
        spans,
    };
    let boxed = width - BOX.sum().x - 2.0 * BOX_LINE;
    for block in &card.blocks {
        pieces.push(match block {
            CardBlock::Text(spans) => Piece::Words(words(spans, width)),
            CardBlock::Question(spans) => Piece::Question(words(spans, boxed)),
            CardBlock::Answer(spans) => Piece::Answer(words(spans, boxed)),
            CardBlock::Link(url) => {
                let font = FontId::new(style.text, FontFamily::Proportional);
                let format = TextFormat {
                    line_height: Some(style.line()),
                    ..TextFormat::simple(font, palette.color(Role::GradientDescent))
                };
                let shown = url.trim_start_matches("https://").to_owned();
                Piece::Link(url, galley(LayoutJob::single_section(shown, format), width))
            }
            CardBlock::Equation(text) => {
                let colors = [palette.text, palette.color(Role::GradientDescent)];
                let room = width - 2.0 * INDENT;
                let equation = Equation::wrapped(ui.painter(), text, style.equation, colors, room, &|name| {
                    value(name, view)
                });
                Piece::Equation(text, equation)
            }
        });
    }
    pieces
}

fn value(name: &str, view: &RunView) -> Option<String> {
    Quantity::named(name)?.value(view)
}

/// The height at which [`card_ui`] draws a card of a given width, with its answer revealed.
pub fn card_height(ui: &Ui, card: &Card, view: &RunView, style: &ProseStyle, width: f32) -> f32 {
    let pieces = lay(ui, card, view, style, width);
    pieces.iter().map(Piece::height).sum::<f32>() + style.gap() * (pieces.len() as f32 - 1.0)
}

/// Draws a card into the available width. Returns whether the answer was requested.
pub fn card_ui(ui: &mut Ui, card: &Card, view: &RunView, reveal: Reveal, style: &ProseStyle) -> bool {
    let palette = Palette::in_ui(ui);
    ui.spacing_mut().item_spacing.y = style.gap();
    let mut asked = false;
    for piece in lay(ui, card, view, style, ui.available_width()) {
        match piece {
            Piece::Words(words) => words_ui(ui, words),
            Piece::Link(url, words) => {
                ui.add(Hyperlink::from_label_and_url(words, url));
            }
            Piece::Equation(text, equation) => equation_ui(ui, text, &equation, view),
            Piece::Question(words) => boxed_ui(ui, palette.eta_change, |ui| {
                words_ui(ui, words);
                if card.has_answer() && reveal == Reveal::Hidden {
                    asked |= ui.button("Reveal").on_hover_text("Show the answer  [PageDown]").clicked();
                }
            }),
            Piece::Answer(words) if reveal == Reveal::Shown => {
                boxed_ui(ui, palette.frame, |ui| words_ui(ui, words));
            }
            Piece::Answer(_) => {}
        }
    }
    asked
}

/// Content with a coloured line around it.
fn boxed_ui(ui: &mut Ui, color: Color32, content_ui: impl FnOnce(&mut Ui)) {
    Frame::new()
        .stroke(Stroke::new(BOX_LINE, color))
        .fill(color.gamma_multiply(0.08))
        .corner_radius(5)
        .inner_margin(BOX)
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            content_ui(ui);
        });
}

fn prose(palette: &Palette, spans: &[Span], view: &RunView, style: &ProseStyle) -> LayoutJob {
    let color = palette.text;
    let plain = |size, color| TextFormat::simple(FontId::new(size, FontFamily::Proportional), color);
    let strong = |color| TextFormat::simple(FontId::new(style.text, font::bold()), color);
    let mut job = LayoutJob::default();
    for span in spans {
        let (text, format) = match span {
            Span::Plain(text) => (text.clone(), plain(style.text, color)),
            Span::Strong(text) => (text.clone(), strong(color)),
            Span::Lowered(text) => {
                let format = plain(LOWERED * style.text, color);
                let low =
                    TextFormat { valign: Align::BOTTOM, line_height: Some(FOOT * style.text), ..format };
                job.append(text, 0.0, low);
                continue;
            }
            // not available yet: a dash instead
            Span::Live(quantity) => match quantity.value(view) {
                Some(value) => (value, strong(palette.color(Role::GradientDescent))),
                None => ("–".to_owned(), plain(style.text, palette.faint_text)),
            },
        };
        job.append(&text, 0.0, TextFormat { line_height: Some(style.line()), ..format });
    }
    job
}

/// The text; pointing at a live number explains it and highlights its line in the plots.
fn words_ui(ui: &mut Ui, Words { galley, spans }: Words) {
    let response = ui.add(Label::new(Arc::clone(&galley)));
    let pointed = response.hover_pos().and_then(|at| {
        let letter = galley.cursor_from_pos(at - response.rect.min).index.0;
        let before: String = galley.text().chars().take(letter).collect();
        let section = galley
            .job
            .sections
            .iter()
            .position(|section| section.byte_range.contains(&before.len().into()))?;
        match spans.get(section)? {
            Span::Live(quantity) => Some(*quantity),
            _ => None,
        }
    });
    if let Some(quantity) = pointed {
        point_out(&response, quantity);
    }
}

/// Explains a number, and highlights its line.
fn point_out(response: &Response, quantity: Quantity) {
    if let Some(line) = quantity.line() {
        point_at(&response.ctx, line);
    }
    response.clone().on_hover_text(quantity.meaning());
}

/// The equation; the term below the pointer, or with the keyboard focus, is highlighted and its number explained.
fn equation_ui(ui: &mut Ui, text: &str, equation: &Equation, view: &RunView) {
    let palette = Palette::in_ui(ui);
    let size = vec2(ui.available_width(), equation.size.y + 2.0 * AIR);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let said = || WidgetInfo::labeled(egui::Role::Label, true, spoken(text, &|name| value(name, view)));
    response.widget_info(said);
    let corner = rect.min + vec2(INDENT, AIR);
    for (place, (name, term)) in equation.terms().enumerate() {
        let (term, Some(quantity)) = (term.translate(corner.to_vec2()), Quantity::named(name)) else {
            continue;
        };
        let id = response.id.with(("term", place));
        let response = ui.interact(term.expand(2.0), id, Sense::focusable_noninteractive());
        response.widget_info(|| {
            let value = quantity.value(view).unwrap_or_default();
            WidgetInfo::labeled(egui::Role::Label, true, format!("{}: {value}", quantity.meaning()))
        });
        if response.hovered() || response.has_focus() {
            let color = palette.color(Role::GradientDescent);
            ui.painter().rect_filled(term.expand(2.0), 3.0, color.gamma_multiply(0.16));
            point_out(&response, quantity);
        }
    }
    equation.draw(ui.painter(), corner);
}
