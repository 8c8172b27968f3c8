//! The step of gradient descent as an equation, with the current size of each term below it.

use crate::picture::style::equation::Equation as Formula;
use crate::picture::style::theme::{self, Palette};
use brink_core::dynamics::inspection::{Center, Expansion, Term};
use egui::{Galley, Painter, Rect, StrokeKind, Ui, pos2, vec2};
use std::sync::Arc;

/// Size of the letters of the formula.
const SIZE: f32 = 15.0;
/// Gap between two pieces.
const GAP: f32 = 7.0;
/// Margin around a piece.
const MARGIN: f32 = 3.0;

/// A piece of the equation: its text, the number below it, and the term it stands for.
struct Piece {
    term: Option<Term>,
    formula: Formula,
    number: Arc<Galley>,
}

/// The layout of the equation: the position of each piece.
pub(super) struct TermEquation {
    pieces: Vec<(Piece, Rect)>,
    /// Total size.
    pub size: egui::Vec2,
}

/// The text of a term of a series with k critical eigenvectors around a point.
pub(super) fn term_text(term: Term, center: Center, k: usize) -> String {
    let at = match center {
        Center::CentralFlow => "w(t)",
        Center::Average => "⟨w⟩",
    };
    match (term, k) {
        (Term::Gradient, _) => format!("−η∇L({at})"),
        (Term::Oscillation, 1) => "−η x S u".to_owned(),
        (Term::Oscillation, _) => "−η ∑_i x_i λ_i u_i".to_owned(),
        (Term::Push, 1) => "−½ η x² ∇S".to_owned(),
        (Term::Push, _) => "−½ η ∑_{ij} x_i x_j T_{ij}".to_owned(),
        (Term::Orthogonal, _) => "−η H d".to_owned(),
        (Term::Remainder, _) => "remainder".to_owned(),
    }
}

impl TermEquation {
    /// Lays the equation out from the left, in as many lines as the width requires.
    pub(super) fn new(ui: &Ui, expansion: &Expansion, center: Center, width: f32) -> Self {
        let painter = ui.painter();
        let palette = Palette::in_ui(ui);
        let number =
            |value: f64| painter.layout_no_wrap(super::short(value), theme::label_font(), palette.faint_text);
        let mut pieces = vec![Piece {
            term: None,
            formula: Formula::line(painter, "w_{t+1} − w_t", SIZE, palette.text),
            number: number(expansion.step.norm),
        }];
        for (i, term) in Term::ALL.into_iter().enumerate() {
            let text = term_text(term, center, expansion.x.len());
            let sign = match (i, text.strip_prefix('−')) {
                (0, _) => format!("=  {text}"),
                (_, Some(rest)) => format!("−  {rest}"),
                (_, None) => format!("+  {text}"),
            };
            pieces.push(Piece {
                term: Some(term),
                formula: Formula::line(painter, &sign, SIZE, palette.term(term)),
                number: number(expansion.term(term).norm),
            });
        }
        let mut at = pos2(MARGIN, MARGIN);
        let mut size = egui::Vec2::ZERO;
        let mut placed = Vec::new();
        for piece in pieces {
            let formula = piece.formula.size;
            let piece_size =
                vec2(formula.x.max(piece.number.size().x), formula.y + piece.number.size().y + 1.0);
            if at.x + piece_size.x > width - MARGIN && at.x > MARGIN {
                at = pos2(MARGIN, at.y + piece_size.y + 2.0 * MARGIN + 2.0);
            }
            let rect = Rect::from_min_size(at, piece_size);
            size = size.max(rect.max.to_vec2() + vec2(MARGIN, MARGIN));
            at.x += piece_size.x + GAP;
            placed.push((piece, rect));
        }
        Self { pieces: placed, size }
    }

    /// The term at a position relative to the equation's corner.
    pub(super) fn term_at(&self, at: egui::Pos2) -> Option<Term> {
        self.pieces
            .iter()
            .find(|(_, rect)| rect.expand(MARGIN).contains(at))
            .and_then(|(piece, _)| piece.term)
    }

    /// Draws it with its corner at `corner`; the pointed-at term is highlighted.
    pub(super) fn draw(
        &self,
        painter: &Painter,
        palette: &Palette,
        corner: egui::Pos2,
        pointed: Option<Term>,
    ) {
        for (piece, rect) in &self.pieces {
            let rect = rect.translate(corner.to_vec2());
            if let Some(term) = piece.term.filter(|&term| Some(term) == pointed) {
                let color = palette.term(term);
                painter.rect_filled(rect.expand(MARGIN), 3.0, color.gamma_multiply(0.16));
                painter.rect_stroke(rect.expand(MARGIN), 3.0, (1.0, color), StrokeKind::Inside);
            }
            piece.formula.draw(painter, rect.min);
            let number =
                pos2(rect.center().x - 0.5 * piece.number.size().x, rect.bottom() - piece.number.size().y);
            painter.galley(number, piece.number.clone(), palette.text);
        }
    }
}
