//! Typesetting of equations: a small part of TeX's notation, laid out with the fonts of the plots.
//!
//! `_` lowers and `^` raises what follows, one letter or a group in braces; `\frac{a}{b}` is a fraction. Everything
//! else is typeset literally, so Greek letters and signs are typed directly. `\live{a}{name}` is the term `a` with a
//! number of the run below it, which the caller of the layout looks up by its name.

use egui::{Color32, FontFamily, FontId, Galley, Painter, Pos2, Rect, Vec2, pos2, vec2};
use std::iter::Peekable;
use std::str::Chars;
use std::sync::Arc;

/// Size of a subscript or superscript relative to the letters next to it.
const SCRIPT: f32 = 0.7;
/// Size of the parts of a fraction.
const PART: f32 = 0.86;
/// Size of a number below a term.
const NUMBER: f32 = 0.78;
/// Displacement of a subscript and of a superscript, relative to the size of the letters.
const LOWERED: f32 = 0.22;
const RAISED: f32 = 0.40;
/// The height of a fraction's line above the baseline.
const AXIS: f32 = 0.29;

/// A parsed piece of an equation.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Text(String),
    /// Subscript, superscript.
    Script(Option<Vec<Node>>, Option<Vec<Node>>),
    Fraction(Vec<Node>, Vec<Node>),
    /// A term, and the name of the number below it.
    Live(Vec<Node>, String),
}

/// Parses up to the end, or to the brace that closes the group.
fn read(chars: &mut Peekable<Chars>) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    while let Some(c) = chars.next() {
        match c {
            '}' => break,
            '{' => nodes.extend(read(chars)),
            '_' | '^' => {
                let inside = group(chars);
                let (mut lowered, mut raised) = match nodes.last() {
                    // both at one letter are placed one above the other
                    Some(Node::Script(low, high))
                        if (c == '_' && low.is_none()) || (c == '^' && high.is_none()) =>
                    {
                        let both = (low.clone(), high.clone());
                        nodes.pop();
                        both
                    }
                    _ => (None, None),
                };
                *(if c == '_' { &mut lowered } else { &mut raised }) = Some(inside);
                nodes.push(Node::Script(lowered, raised));
            }
            '\\' => {
                let name: String = std::iter::from_fn(|| chars.next_if(char::is_ascii_alphabetic)).collect();
                if name == "frac" {
                    let above = group(chars);
                    nodes.push(Node::Fraction(above, group(chars)));
                } else if name == "live" {
                    let term = group(chars);
                    nodes.push(Node::Live(term, braced(chars)));
                } else {
                    nodes.push(Node::Text(format!("\\{name}")));
                }
            }
            c => match nodes.last_mut() {
                Some(Node::Text(text)) => text.push(c),
                _ => nodes.push(Node::Text(c.to_string())),
            },
        }
    }
    nodes
}

/// One letter, or the content of braces.
fn group(chars: &mut Peekable<Chars>) -> Vec<Node> {
    match chars.next() {
        Some('{') => read(chars),
        Some(c) => vec![Node::Text(c.to_string())],
        None => Vec::new(),
    }
}

/// The letters between two braces, literally.
fn braced(chars: &mut Peekable<Chars>) -> String {
    chars.next_if_eq(&'{');
    chars.take_while(|&c| c != '}').collect()
}

/// The properties common to a whole equation.
struct Ink<'a> {
    painter: &'a Painter,
    color: Color32,
    /// Colour of the numbers below terms.
    faint: Color32,
    numbers: &'a dyn Fn(&str) -> Option<String>,
}

/// A laid-out piece, relative to the left end of its baseline.
#[derive(Clone, Default)]
struct Laid {
    width: f32,
    ascent: f32,
    descent: f32,
    /// Texts, each with its upper left corner.
    letters: Vec<(Pos2, Arc<Galley>)>,
    rules: Vec<Rect>,
    /// Terms with a number: the name, and both rectangles.
    terms: Vec<(String, Rect)>,
}

impl Laid {
    /// Appends another piece, lowered by `down`.
    fn push(&mut self, piece: &Self, down: f32) {
        self.place(piece, vec2(self.width, down));
        self.width += piece.width;
    }

    fn place(&mut self, piece: &Self, at: Vec2) {
        self.letters.extend(piece.letters.iter().map(|(corner, galley)| (*corner + at, Arc::clone(galley))));
        self.rules.extend(piece.rules.iter().map(|rule| rule.translate(at)));
        self.terms.extend(piece.terms.iter().map(|(name, rect)| (name.clone(), rect.translate(at))));
        self.ascent = self.ascent.max(piece.ascent - at.y);
        self.descent = self.descent.max(piece.descent + at.y);
    }
}

fn lay(ink: &Ink, nodes: &[Node], size: f32) -> Laid {
    let mut row = Laid::default();
    for node in nodes {
        match node {
            Node::Text(text) => row.push(&letters(ink.painter, text, size, ink.color), 0.0),
            Node::Script(lowered, raised) => {
                let part =
                    |nodes: &Option<Vec<Node>>| nodes.as_ref().map(|nodes| lay(ink, nodes, SCRIPT * size));
                let (lowered, raised) = (part(lowered), part(raised));
                let width = lowered.iter().chain(&raised).map(|part| part.width).fold(0.0, f32::max);
                let at = row.width;
                for (part, down) in [(&lowered, LOWERED), (&raised, -RAISED)] {
                    if let Some(part) = part {
                        row.place(part, vec2(at, down * size));
                    }
                }
                row.width += width + 0.04 * size;
            }
            Node::Fraction(above, below) => row.push(&fraction(ink, above, below, size), 0.0),
            Node::Live(term, name) => row.push(&live(ink, term, name, size), 0.0),
        }
    }
    row
}

fn letters(painter: &Painter, text: &str, size: f32, color: Color32) -> Laid {
    let galley = painter.layout_no_wrap(text.to_owned(), FontId::new(size, FontFamily::Proportional), color);
    let baseline = galley.rows.first().and_then(|row| Some(row.pos.y + row.row.glyphs.first()?.pos.y));
    let ascent = baseline.unwrap_or(galley.size().y);
    Laid {
        width: galley.size().x,
        ascent,
        descent: galley.size().y - ascent,
        letters: vec![(pos2(0.0, -ascent), galley)],
        ..Laid::default()
    }
}

/// A term with its number centred below it, or a dash if there is none.
fn live(ink: &Ink, term: &[Node], name: &str, size: f32) -> Laid {
    let term = lay(ink, term, size);
    let number = (ink.numbers)(name).unwrap_or_else(|| "–".to_owned());
    let number = letters(ink.painter, &number, NUMBER * size, ink.faint);
    // so that the numbers of two neighbours are separated
    let width = term.width.max(number.width + 0.4 * size);
    let mut laid = Laid { width, ..Laid::default() };
    laid.place(&term, vec2(0.5 * (width - term.width), 0.0));
    laid.place(&number, vec2(0.5 * (width - number.width), term.descent + number.ascent));
    let whole = Rect::from_min_max(pos2(0.0, -laid.ascent), pos2(width, laid.descent));
    laid.terms.push((name.to_owned(), whole));
    laid
}

fn fraction(ink: &Ink, above: &[Node], below: &[Node], size: f32) -> Laid {
    let part = |nodes| lay(ink, nodes, PART * size);
    let (above, below) = (part(above), part(below));
    let side = 0.12 * size;
    let width = above.width.max(below.width) + 2.0 * side;
    let axis = -AXIS * size;
    let mut laid = Laid { width, ..Laid::default() };
    let centred = |piece: &Laid| 0.5 * (width - piece.width);
    laid.place(&above, vec2(centred(&above), axis - above.descent - 0.07 * size));
    laid.place(&below, vec2(centred(&below), axis + below.ascent - 0.01 * size));
    laid.rules.push(Rect::from_x_y_ranges(0.5 * side..=width - 0.5 * side, axis - 0.5..=axis + 0.5));
    laid
}

/// A laid-out equation, on one line or more.
#[derive(Clone)]
pub struct Equation {
    lines: Vec<(Pos2, Laid)>,
    color: Color32,
    /// Its size in points.
    pub size: Vec2,
}

/// No term has a number.
fn none(_: &str) -> Option<String> {
    None
}

impl Equation {
    /// Lays it out on one line.
    pub fn line(painter: &Painter, text: &str, size: f32, color: Color32) -> Self {
        Self::wrapped(painter, text, size, [color; 2], f32::INFINITY, &none)
    }

    /// Lays it out on as many lines as the width requires, broken before signs such as = and + that stand between
    /// spaces. The numbers below terms have the second colour; `numbers` returns them by their names.
    pub fn wrapped(
        painter: &Painter,
        text: &str,
        size: f32,
        [color, faint]: [Color32; 2],
        width: f32,
        numbers: &dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let ink = Ink { painter, color, faint, numbers };
        let mut lines: Vec<Laid> = Vec::new();
        let space = letters(painter, "\u{a0}", size, color).width;
        for word in words(text) {
            let laid = lay(&ink, &read(&mut word.chars().peekable()), size);
            match lines.last_mut() {
                Some(line) if line.width + space + laid.width <= width => {
                    line.width += space;
                    line.push(&laid, 0.0);
                }
                // a continuation is indented
                Some(_) => {
                    let mut line = Laid { width: size, ..Laid::default() };
                    line.push(&laid, 0.0);
                    lines.push(line);
                }
                None => lines.push(laid),
            }
        }
        let mut whole = Vec2::ZERO;
        let mut placed = Vec::new();
        for line in lines {
            if whole.y > 0.0 {
                whole.y += 0.25 * size;
            }
            placed.push((pos2(0.0, whole.y + line.ascent), line.clone()));
            whole = vec2(whole.x.max(line.width), whole.y + line.ascent + line.descent);
        }
        Self { lines: placed, color, size: whole }
    }

    /// The terms with a number: the name, and both rectangles relative to the upper left corner.
    pub fn terms(&self) -> impl Iterator<Item = (&str, Rect)> {
        self.lines.iter().flat_map(|(baseline, line)| {
            let at = baseline.to_vec2();
            line.terms.iter().map(move |(name, rect)| (name.as_str(), rect.translate(at)))
        })
    }

    /// Draws it with its upper left corner at `corner`.
    pub fn draw(&self, painter: &Painter, corner: Pos2) {
        for (baseline, line) in &self.lines {
            let at = corner.to_vec2() + baseline.to_vec2();
            for (place, galley) in &line.letters {
                painter.galley(*place + at, Arc::clone(galley), self.color);
            }
            for rule in &line.rules {
                painter.rect_filled(rule.translate(at), 0.0, self.color);
            }
        }
    }
}

/// The unbreakable parts: each begins with a sign that stands between spaces, outside of braces.
fn words(text: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let parts = text.split(|c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ' ' && depth == 0
    });
    let mut words: Vec<String> = Vec::new();
    for part in parts.filter(|part| !part.is_empty()) {
        match words.last_mut() {
            Some(word) if !SIGNS.contains(&part) => {
                word.push('\u{a0}');
                word.push_str(part);
            }
            _ => words.push(part.to_owned()),
        }
    }
    words
}

/// Signs before which a line may be broken.
const SIGNS: [&str; 8] = ["=", "≈", "+", "−", "⇒", "⇔", "≤", "≥"];

/// The equation as a line of plain text, for screen readers, with the available numbers below terms.
pub fn spoken(text: &str, numbers: &dyn Fn(&str) -> Option<String>) -> String {
    fn say(nodes: &[Node], numbers: &dyn Fn(&str) -> Option<String>, said: &mut String) {
        for node in nodes {
            match node {
                Node::Text(text) => said.push_str(text),
                Node::Script(lowered, raised) => {
                    for (sign, part) in [('_', lowered), ('^', raised)] {
                        if let Some(part) = part {
                            said.push(sign);
                            say(part, numbers, said);
                        }
                    }
                }
                Node::Fraction(above, below) => {
                    say(above, numbers, said);
                    said.push('/');
                    say(below, numbers, said);
                }
                Node::Live(term, name) => {
                    say(term, numbers, said);
                    if let Some(number) = numbers(name) {
                        said.extend([" (", number.as_str(), ")"]);
                    }
                }
            }
        }
    }
    let mut said = String::new();
    say(&read(&mut text.chars().peekable()), numbers, &mut said);
    said
}

/// The names of the numbers below an equation's terms.
pub fn names(text: &str) -> Vec<String> {
    fn find(nodes: &[Node], names: &mut Vec<String>) {
        for node in nodes {
            match node {
                Node::Text(_) => {}
                Node::Script(first, second) => {
                    for nodes in first.iter().chain(second) {
                        find(nodes, names);
                    }
                }
                Node::Fraction(first, second) => {
                    find(first, names);
                    find(second, names);
                }
                Node::Live(term, name) => {
                    find(term, names);
                    names.push(name.clone());
                }
            }
        }
    }
    let mut names = Vec::new();
    find(&read(&mut text.chars().peekable()), &mut names);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Node {
        Node::Text(text.into())
    }

    #[test]
    fn indices_exponents_and_fractions_are_read() {
        let nodes = read(&mut "a_{t+1}^2\\frac{1}{2}x".chars().peekable());
        let script = Node::Script(Some(vec![text("t+1")]), Some(vec![text("2")]));
        assert_eq!(nodes, [text("a"), script, Node::Fraction(vec![text("1")], vec![text("2")]), text("x")]);
        assert_eq!(words("a = {b = c} d + e"), ["a", "=\u{a0}{b = c}\u{a0}d", "+\u{a0}e"]);
        assert_eq!(spoken("\\frac{dw}{dt} = x_{t+1}", &none), "dw/dt = x_t+1");
        assert_eq!(read(&mut "x_".chars().peekable()).len(), 2, "half a formula is drawn too");
    }

    #[test]
    fn a_narrow_equation_takes_more_lines_and_none_leaves_its_size() {
        let mut sizes = Vec::new();
        let _ = crate::picture::file::render::render(vec2(400.0, 100.0), 1.0, egui::Theme::Light, |ui| {
            let lay = |width| {
                let text = "w_{t+1} = w_t − η∇L(w_t)";
                Equation::wrapped(ui.painter(), text, 15.0, [Color32::BLACK; 2], width, &none)
            };
            sizes =
                [f32::INFINITY, 90.0].map(lay).map(|equation| (equation.lines.len(), equation.size)).to_vec();
        });
        assert_eq!(sizes[0].0, 1);
        assert!(sizes[1].0 > 1 && sizes[1].1.x <= 100.0 && sizes[1].1.y > sizes[0].1.y, "{sizes:?}");
    }

    #[test]
    fn a_term_has_its_number_below_it() {
        let text = "⟨L⟩ = \\live{\\frac{tr Σ}{η}}{trΣ/η}";
        let numbers = |name: &str| (name == "trΣ/η").then(|| "0.25".to_owned());
        assert_eq!(names(text), ["trΣ/η"]);
        assert_eq!(spoken(text, &numbers), "⟨L⟩ = tr Σ/η (0.25)");
        assert_eq!(spoken(text, &none), "⟨L⟩ = tr Σ/η");
        let mut heights = Vec::new();
        let _ = crate::picture::file::render::render(vec2(400.0, 100.0), 1.0, egui::Theme::Light, |ui| {
            let with = Equation::wrapped(ui.painter(), text, 15.0, [Color32::BLACK; 2], 300.0, &numbers);
            let without = Equation::line(ui.painter(), "⟨L⟩ = \\frac{tr Σ}{η}", 15.0, Color32::BLACK);
            let terms: Vec<Rect> = with.terms().map(|(_, rect)| rect).collect();
            assert!(
                terms.len() == 1
                    && terms[0].right() <= with.size.x
                    && terms[0].bottom() <= with.size.y + 0.01
            );
            heights = vec![with.size.y, without.size.y];
        });
        assert!(heights[0] > heights[1] + 8.0, "{heights:?}");
        assert_eq!(names("\\live{x}").len(), 1, "half a formula is read too");
    }
}
