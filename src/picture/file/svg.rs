//! SVG output of egui shapes: lines, areas and text remain lines, areas and text.
//!
//! Every glyph of a text is positioned individually, so that it looks the same where DejaVu Sans is not installed.
//! Meshes (weight space) become embedded pictures; callbacks are omitted.

use super::png::encode_png;
use super::raster::Rasterizer;
use egui::epaint::{
    ClippedPrimitive, ClippedShape, ColorMode, Mesh, PathShape, Primitive, RectShape, Shape, StrokeKind,
    TextShape,
};
use egui::{Color32, FontFamily, Pos2, Rect, Stroke, Vec2};
use std::fmt::Write;

/// Pixels per point of embedded pictures.
const PIXELS: f32 = 2.0;
/// Longest side of embedded pictures, in points.
const LONGEST: f32 = 8000.0;

/// Writes shapes as an SVG file of `size` points on a background.
pub(super) fn svg(shapes: &[ClippedShape], size: Vec2, ground: Color32, title: &str) -> String {
    let mut file = Svg { text: String::new(), clip: None, clips: 0 };
    file.add(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\">\n<title>{2}</title>\n",
        size.x,
        size.y,
        escape(title)
    ));
    file.rect(&RectShape::filled(Rect::from_min_size(Pos2::ZERO, size), 0.0, ground));
    for ClippedShape { clip_rect, shape, transform_after_tessellation: _ } in shapes {
        file.clip(*clip_rect);
        file.shape(shape);
    }
    file.add(format_args!("{}</svg>\n", if file.clip.is_some() { "</g>\n" } else { "" }));
    file.text
}

struct Svg {
    text: String,
    /// The clip rectangle of the open group.
    clip: Option<Rect>,
    clips: usize,
}

impl Svg {
    fn add(&mut self, text: std::fmt::Arguments) {
        // writing to a String cannot fail
        let _ = self.text.write_fmt(text);
    }

    fn clip(&mut self, rect: Rect) {
        if self.clip == Some(rect) {
            return;
        }
        let end = if self.clip.replace(rect).is_some() { "</g>\n" } else { "" };
        self.clips += 1;
        let (id, [x, y, width, height]) = (self.clips, corners(rect));
        self.add(format_args!(
            "{end}<clipPath id=\"c{id}\"><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/></clipPath>\n\
             <g clip-path=\"url(#c{id})\">\n"
        ));
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| self.shape(shape)),
            Shape::Circle(circle) => {
                let (x, y, r) = (circle.center.x, circle.center.y, circle.radius);
                let paint = paint(circle.fill, circle.stroke);
                self.add(format_args!("<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"{r:.2}\"{paint}/>\n"));
            }
            Shape::LineSegment { points, stroke } => self.path(points, false, Color32::TRANSPARENT, *stroke),
            Shape::Path(PathShape { points, closed, fill, stroke }) => {
                let color = match &stroke.color {
                    ColorMode::Solid(color) => *color,
                    ColorMode::UV(_) => Color32::GRAY,
                };
                self.path(points, *closed, *fill, Stroke::new(stroke.width, color));
            }
            Shape::Rect(rect) => self.rect(rect),
            Shape::Text(text) => self.letters(text),
            Shape::Mesh(mesh) => self.picture(mesh),
            Shape::Noop
            | Shape::Ellipse(_)
            | Shape::Band(_)
            | Shape::QuadraticBezier(_)
            | Shape::CubicBezier(_)
            | Shape::Callback(_) => {}
        }
    }

    fn path(&mut self, points: &[Pos2], closed: bool, fill: Color32, stroke: Stroke) {
        if points.len() < 2 || points.iter().any(|point| !point.is_finite()) {
            return;
        }
        self.add(format_args!("<path d=\"M"));
        for point in points {
            self.add(format_args!("{:.2} {:.2} ", point.x, point.y));
        }
        let end = if closed { "Z" } else { "" };
        self.add(format_args!("{end}\"{} stroke-linejoin=\"round\"/>\n", paint(fill, stroke)));
    }

    fn rect(&mut self, shape: &RectShape) {
        let RectShape { rect, corner_radius, fill, stroke, stroke_kind, .. } = shape;
        let rect = match stroke_kind {
            StrokeKind::Inside => rect.shrink(0.5 * stroke.width),
            StrokeKind::Middle => *rect,
            StrokeKind::Outside => rect.expand(0.5 * stroke.width),
        };
        if !rect.is_positive() || (*fill == Color32::TRANSPARENT && stroke.is_empty()) {
            return;
        }
        let ([x, y, width, height], r, paint) = (corners(rect), corner_radius.nw, paint(*fill, *stroke));
        self.add(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{r}\"{paint}/>\n"
        ));
    }

    /// A mesh, as pixels.
    fn picture(&mut self, mesh: &Mesh) {
        let bounds = mesh.calc_bounds().intersect(self.clip.unwrap_or(Rect::EVERYTHING));
        if !bounds.is_positive() || !bounds.is_finite() || bounds.size().max_elem() > LONGEST {
            return;
        }
        let mut mesh = mesh.clone();
        mesh.translate(-bounds.min.to_vec2());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive size")]
        let size = [bounds.width(), bounds.height()].map(|side| (side * PIXELS).ceil() as usize);
        let primitive = ClippedPrimitive { clip_rect: Rect::EVERYTHING, primitive: Primitive::Mesh(mesh) };
        let image = Rasterizer::plain().paint(&[primitive], size, PIXELS, Color32::TRANSPARENT);
        let Ok(file) = encode_png(&image, PIXELS, &[]) else { return };
        let [x, y, _, _] = corners(bounds);
        let [width, height] = size.map(|side| side as f32 / PIXELS);
        self.add(format_args!(
            "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" href=\"data:image/png;base64,{}\"/>\n",
            base64(&file)
        ));
    }

    fn letters(&mut self, shape: &TextShape) {
        let Some(section) = shape.galley.job.sections.first() else { return };
        let color = match section.format.color {
            Color32::PLACEHOLDER => shape.fallback_color,
            color => color,
        };
        let fill = paint(shape.override_text_color.unwrap_or(color), Stroke::NONE);
        let (size, weight) = match &section.format.font_id.family {
            FontFamily::Name(_) => (section.format.font_id.size, " font-weight=\"bold\""),
            FontFamily::Proportional | FontFamily::Monospace => (section.format.font_id.size, ""),
        };
        for row in &shape.galley.rows {
            let glyphs = row.glyphs.iter().filter(|glyph| !glyph.chr.is_whitespace());
            let (mut places, mut letters, mut baseline) = (String::new(), String::new(), None);
            for glyph in glyphs {
                let at = shape.pos + row.pos.to_vec2() + glyph.pos.to_vec2();
                let _ = write!(places, "{:.2} ", at.x);
                letters.push(glyph.chr);
                baseline = baseline.or(Some(at.y));
            }
            if let Some(y) = baseline {
                let letters = escape(&letters);
                self.add(format_args!(
                    "<text x=\"{places}\" y=\"{y:.2}\" font-family=\"DejaVu Sans, sans-serif\" \
                     font-size=\"{size}\"{weight}{fill}>{letters}</text>\n"
                ));
            }
        }
    }
}

fn corners(rect: Rect) -> [f32; 4] {
    [rect.left(), rect.top(), rect.width().max(0.0), rect.height().max(0.0)]
        .map(|side| (side.clamp(-1e5, 1e5) * 100.0).round() / 100.0)
}

/// Fill and stroke as attributes.
fn paint(fill: Color32, stroke: Stroke) -> String {
    let attribute = |name: &str, color: Color32| {
        let [r, g, b, a] = color.to_srgba_unmultiplied();
        if a == 0 {
            return format!(" {name}=\"none\"");
        }
        let opacity =
            if a == 255 { String::new() } else { format!(" {name}-opacity=\"{:.3}\"", f32::from(a) / 255.0) };
        format!(" {name}=\"#{r:02x}{g:02x}{b:02x}\"{opacity}")
    };
    let mut text = attribute("fill", fill);
    if !stroke.is_empty() {
        text += &attribute("stroke", stroke.color);
        let _ = write!(text, " stroke-width=\"{}\"", stroke.width);
    }
    text
}

/// Base64: three bytes in four letters.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for letter in 0..4 {
            let sextet = bits >> (18 - 6 * letter) & 63;
            text.push(if letter > three.len() { '=' } else { char::from(LETTERS[sextet as usize]) });
        }
    }
    text
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::file::render::render_svg;

    #[test]
    fn meshes_come_out_as_pictures() {
        let file = render_svg(Vec2::new(200.0, 100.0), egui::Theme::Light, "", |ui| {
            let mut mesh = Mesh::default();
            mesh.add_colored_rect(
                Rect::from_min_max(Pos2::new(10.0, 20.0), Pos2::new(40.0, 60.0)),
                Color32::RED,
            );
            ui.painter().add(mesh);
        });
        assert!(file.contains(
            "<image x=\"10\" y=\"20\" width=\"30\" height=\"40\" href=\"data:image/png;base64,iVBOR"
        ));
        for (bytes, text) in [("", ""), ("M", "TQ=="), ("Ma", "TWE="), ("Man", "TWFu")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn lines_areas_and_text_come_out_as_such() {
        let file = render_svg(Vec2::new(200.0, 100.0), egui::Theme::Light, "a < b", |ui| {
            let painter = ui.painter();
            painter.line_segment([Pos2::new(1.0, 2.0), Pos2::new(3.0, 4.5)], (2.0, Color32::RED));
            painter.circle_filled(Pos2::new(9.0, 9.0), 3.0, Color32::from_rgba_unmultiplied(0, 0, 255, 128));
            painter.text(
                Pos2::new(10.0, 20.0),
                egui::Align2::LEFT_TOP,
                "η & λ₁",
                egui::FontId::proportional(12.0),
                Color32::BLACK,
            );
        });
        assert!(file.starts_with("<svg ") && file.ends_with("</svg>\n"));
        assert!(file.contains("<title>a &lt; b</title>"));
        assert!(
            file.contains("d=\"M1.00 2.00 3.00 4.50 \" fill=\"none\" stroke=\"#ff0000\" stroke-width=\"2\"")
        );
        assert!(file.contains("fill=\"#0000ff\" fill-opacity=\"0.502\""));
        assert!(file.contains(">η&amp;λ₁</text>"));
        assert_eq!(file.matches("<g ").count(), file.matches("</g>").count());
    }
}
