//! Gradient descent on the quadratic model: a parabola for each of the two largest eigenvalues at the step, and the
//! points to which `x ← (1 − ηλ) x` jumps on it. For a quadratic loss the model equals the loss, and the points are
//! those of the run.

use super::inspector::short;
use crate::picture::chart::title::title;
use crate::picture::style::numbers::subscript;
use crate::picture::style::theme::{self, Palette, Role, Weight};
use crate::picture::view::panel::Panel;
use crate::picture::view::run_view::RunView;
use crate::run::record::series::Series;
use egui::{Align2, Painter, Pos2, Rect, Sense, Shape, Stroke, Ui, UiBuilder, WidgetInfo, pos2, vec2};

/// Height of the title.
const TITLE: f32 = 22.0;
/// Height of the two lines under a parabola.
const LINES: f32 = 38.0;
/// Maximum number of jumps drawn.
const JUMPS: usize = 24;
/// Gap between two parabolas.
const GAP: f32 = 12.0;

/// One parabola.
struct Model {
    lambda: f64,
    eta: f64,
    /// Positions of gradient descent, from the start x = 1 on.
    points: Vec<f64>,
}

impl Model {
    /// The factor by which x changes per step.
    fn factor(&self) -> f64 {
        1.0 - self.eta * self.lambda
    }
}

/// The parabola of the i-th eigenvalue at a row; the jumps are those of the earlier steps, with their own η and λ.
fn model(view: &RunView, i: usize, row: usize) -> Option<Model> {
    let at = |row| view.history.value(Series::Eta, row).zip(view.history.value(Series::GdLambda(i), row));
    let (eta, lambda) = at(row)?;
    let mut points = vec![1.0];
    for before in row.saturating_sub(JUMPS)..row {
        let (eta, lambda) = at(before)?;
        points.push(points[points.len() - 1] * (1.0 - eta * lambda));
    }
    (eta.is_finite() && lambda.is_finite() && points.iter().all(|x| x.is_finite())).then_some(Model {
        lambda,
        eta,
        points,
    })
}

/// Draws the parabolas side by side.
pub(super) fn parabola_ui(ui: &mut Ui, view: &RunView) {
    let room = ui.available_rect_before_wrap();
    let (whole, response) = (room, ui.allocate_rect(room, Sense::hover()));
    if !(whole.width() > 60.0 && whole.height() > TITLE + LINES + 40.0 && whole.is_finite()) {
        return;
    }
    let palette = Palette::in_ui(ui);
    let mut child = ui.new_child(UiBuilder::new().max_rect(whole).id_salt(Panel::Parabola));
    child.set_clip_rect(whole.intersect(ui.clip_rect()));
    let painter = child.painter();
    title(&child, Panel::Parabola, whole.min, whole.width());
    let newest = view.history.rows().checked_sub(1);
    let at_cursor = |newest| view.state.cursor.map_or(newest, |cursor| cursor.min(newest));
    // a diverged process stays in the picture at its last position
    let row = newest.map(|newest| view.history.last_of_descent(at_cursor(newest)));
    let models: Vec<Model> =
        row.map(|row| (0..2).map_while(|i| model(view, i, row)).collect()).unwrap_or_default();
    let body = Rect::from_min_max(pos2(whole.left(), whole.top() + TITLE), whole.max);
    if models.is_empty() {
        let text = match row {
            None => "waiting for the first step".to_owned(),
            Some(row) => format!("no sharpness of gradient descent is recorded at step {row}"),
        };
        painter.text(body.center(), Align2::CENTER_CENTER, text, theme::label_font(), palette.faint_text);
        return;
    }
    let words: Vec<String> =
        models.iter().enumerate().map(|(i, model)| caption(i, model).join(", ")).collect();
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, words.join("; ")));
    let count = models.len() as f32;
    let width = (body.width() - GAP * (count - 1.0)) / count;
    for (i, model) in models.iter().enumerate() {
        let corner = body.min + vec2(i as f32 * (width + GAP), 0.0);
        one(painter, palette, Rect::from_min_size(corner, vec2(width, body.height())), i, model);
    }
}

fn caption(i: usize, model: &Model) -> [String; 2] {
    let index = subscript(i + 1);
    [
        format!("curvature λ{index} = {}", short(model.lambda)),
        format!("a step: times 1 − ηλ{index} = {}", short(model.factor())),
    ]
}

fn one(painter: &Painter, palette: &Palette, room: Rect, i: usize, model: &Model) {
    let plot = Rect::from_min_max(room.min, pos2(room.right(), room.bottom() - LINES));
    painter.rect_filled(plot, 0.0, palette.plot);
    painter.rect_stroke(plot, 0.0, (1.0, palette.frame), egui::StrokeKind::Inside);
    let inner = plot.shrink2(vec2(14.0, 12.0));
    let painter_in = painter.with_clip_rect(plot.intersect(painter.clip_rect()));
    let most = model.points.iter().fold(1.0_f64, |most, x| most.max(x.abs()));
    let half = 1.12 * most;
    let height = 0.5 * model.lambda.abs().max(2.0 / model.eta) * half * half;
    let screen = |x: f64, y: f64| -> Pos2 {
        #[expect(clippy::cast_possible_truncation, reason = "shares of the plot")]
        let (across, up) = ((0.5 + 0.5 * x / half) as f32, (y / height) as f32);
        pos2(egui::lerp(inner.x_range(), across), inner.bottom() - up * inner.height())
    };
    let curve = |curvature: f64| -> Vec<Pos2> {
        (-60..=60).map(|n| f64::from(n) / 60.0 * half).map(|x| screen(x, 0.5 * curvature * x * x)).collect()
    };
    let edge = palette.ink(Role::Threshold, Weight::Normal);
    let edge_line = curve(2.0 / model.eta);
    painter_in.extend(Shape::dotted_line(&edge_line, edge.color, 5.0, 0.9));
    let ink = palette.ink(Role::Eigen(i), Weight::Normal);
    painter_in.add(Shape::line(curve(model.lambda), Stroke::new(2.0, palette.faint_text)));
    let points: Vec<Pos2> = model.points.iter().map(|&x| screen(x, 0.5 * model.lambda * x * x)).collect();
    painter_in.add(Shape::line(points.clone(), Stroke::new(1.2, ink.color.gamma_multiply(0.7))));
    for (n, point) in points.iter().enumerate() {
        let newest = n + 1 == points.len();
        painter_in.circle_filled(*point, if newest { 5.5 } else { 3.0 }, ink.color);
    }
    // between the branches
    let label = pos2(plot.center().x, plot.top() + 6.0);
    painter_in.text(
        label,
        Align2::CENTER_TOP,
        "dotted: curvature 2/η",
        theme::tick_font(),
        palette.faint_text,
    );
    for (line, text) in caption(i, model).into_iter().enumerate() {
        let at = pos2(plot.center().x, plot.bottom() + 4.0 + 16.0 * line as f32);
        painter.text(at, Align2::CENTER_TOP, text, theme::label_font(), palette.text);
    }
}
