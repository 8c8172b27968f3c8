//! A wall of small plots: the present run, the runs that train at the same time, and every bundled recording. One
//! version shows the sharpness in units of the edge, the other the real and the predicted loss. A recording that
//! cannot be read shows the reason in its place; an architecture with neither a run nor a recording has a place that
//! names the preset that runs live.

use super::inspector::short;
use crate::picture::chart::title::title;
use crate::picture::style::theme::{self, Ink, Palette, Role, Weight};
use crate::picture::view::panel::Panel;
use crate::picture::view::run_view::RunView;
use crate::preset::{ArchitectureName, LossKind, Preset};
use crate::run::analysis::curves::{Curve, Curves};
use crate::run::analysis::outline::Outline;
use crate::run::file::recording::{Recording, bundled};
use crate::run::record::history::History;
use crate::run::record::series::Series;
use egui::text::LayoutJob;
use egui::{
    Color32, Galley, Painter, Pos2, Rect, ScrollArea, Sense, Shape, Ui, UiBuilder, Vec2, WidgetInfo, pos2,
    vec2,
};
use std::sync::{Arc, OnceLock};

/// Height of the title.
const TITLE: f32 = 22.0;
/// Minimum size of a plot, without its caption.
const LEAST: Vec2 = vec2(140.0, 44.0);
/// Gap between a plot and its caption.
const CAPTION_GAP: f32 = 2.0;
/// Maximum number of lines of a title or a sentence of a caption.
const LINES: usize = 3;
/// Gap between two plots.
const GAP: f32 = 12.0;

/// Every architecture that has a place on the wall, with a preset that runs live.
const ARCHITECTURES: [(ArchitectureName, &str); 7] = [
    (ArchitectureName::Mlp, "digits-mlp"),
    (ArchitectureName::Cnn, "cnn"),
    (ArchitectureName::Resnet, "resnet"),
    (ArchitectureName::Vit, "vit"),
    (ArchitectureName::Lstm, "lstm"),
    (ArchitectureName::Transformer, "transformer"),
    (ArchitectureName::Mamba, "mamba"),
];

/// One place on the wall.
struct Exhibit<'a> {
    title: String,
    /// Its content and its origin; the latter is omitted if there is little room.
    caption: [String; 2],
    /// `None` if there is no run of an architecture.
    run: Option<(&'a History, &'a Curves)>,
}

impl Exhibit<'_> {
    /// Title and caption, broken into lines of a given width.
    fn lines(&self, painter: &Painter, palette: &Palette, width: f32, detailed: bool) -> Vec<Arc<Galley>> {
        let [what, origin] = &self.caption;
        let origin = Some((origin, palette.faint_text)).filter(|_| detailed);
        let texts = [(&self.title, palette.text), (what, palette.faint_text)].into_iter().chain(origin);
        let layout = |(text, color): (&String, Color32)| {
            let mut job = LayoutJob::simple(text.clone(), theme::tick_font(), color, width);
            job.wrap.max_rows = LINES;
            painter.layout_job(job)
        };
        texts.map(layout).collect()
    }
}

/// The layout of the plots.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Grid {
    columns: usize,
    /// Size of a plot without its caption.
    plot: Vec2,
    caption: f32,
    /// Whether captions state the origin of a run.
    detailed: bool,
}

impl Grid {
    /// Uses as many columns as make each plot about 1.6 times as wide as high, and respects its minimum size: with
    /// complete captions if possible. `caption` is the height of the highest caption at a width. If there is too
    /// little room for all plots, the wall scrolls.
    fn of(count: usize, room: Vec2, caption: impl Fn(f32, bool) -> f32) -> Self {
        let most = (1..=count).take_while(|&n| n == 1 || room.x / n as f32 >= LEAST.x).last().unwrap_or(1);
        let of = |columns: usize, detailed: bool| {
            let rows = count.div_ceil(columns) as f32;
            let width = (room.x - GAP * (columns as f32 - 1.0)) / columns as f32;
            let caption = caption(width, detailed);
            let height = (room.y - GAP * (rows - 1.0)) / rows - caption;
            Self { columns, plot: vec2(width, height), caption, detailed }
        };
        let shape = |grid: &Self| (grid.plot.x / grid.plot.y / 1.6).ln().abs();
        let best = |detailed: bool| {
            let fit = (1..=most).map(|n| of(n, detailed)).filter(|grid| grid.plot.y >= LEAST.y);
            fit.min_by(|a, b| shape(a).total_cmp(&shape(b)))
        };
        let scrolled = || {
            let grid = of(most, false);
            Self { plot: vec2(grid.plot.x, LEAST.y), ..grid }
        };
        best(true).or_else(|| best(false)).unwrap_or_else(scrolled)
    }

    /// Size of a plot with its caption.
    fn cell(&self) -> Vec2 {
        self.plot + vec2(0.0, self.caption)
    }

    fn height(&self, count: usize) -> f32 {
        let rows = count.div_ceil(self.columns) as f32;
        rows * (self.cell().y + GAP) - GAP
    }

    /// Position of the i-th plot relative to the first.
    fn corner(&self, i: usize) -> Vec2 {
        let step = self.cell() + vec2(GAP, GAP);
        vec2((i % self.columns) as f32 * step.x, (i / self.columns) as f32 * step.y)
    }
}

/// A recording with its smoothed curves, derived once.
struct Recorded {
    recording: &'static Recording,
    curves: Curves,
}

fn recorded() -> &'static [Recorded] {
    static DERIVED: OnceLock<Vec<Recorded>> = OnceLock::new();
    DERIVED.get_or_init(|| {
        let derive = |recording: &'static std::sync::Arc<Recording>| {
            let curves = Curves::of(&recording.history, recording.preset.view.smoothing);
            Recorded { recording, curves }
        };
        bundled().iter().filter_map(|recording| recording.as_ref().ok()).map(derive).collect()
    })
}

/// Draws the wall; the panel selects its quantity.
pub(super) fn wall_ui(ui: &mut Ui, panel: Panel, view: &RunView) {
    let room = ui.available_rect_before_wrap();
    let response = ui.allocate_rect(room, Sense::hover());
    if !(room.width() > 60.0 && room.height() > TITLE + 60.0 && room.is_finite()) {
        return;
    }
    let palette = Palette::in_ui(ui);
    let mut child = ui.new_child(UiBuilder::new().max_rect(room).id_salt(panel));
    child.set_clip_rect(room.intersect(ui.clip_rect()));
    let painter = child.painter();
    title(&child, panel, room.min, room.width());
    let title = if view.facts.title.is_empty() { &view.facts.preset } else { &view.facts.title };
    let how = if view.facts.recorded { "recorded" } else { "live" };
    let live = Exhibit {
        title: format!("This run: {title}"),
        caption: [
            live_says(ui, (panel, 0), view.history, view.curves),
            format!("{how}; {}{} steps", said_of_loss(view.facts.loss), view.history.rows()),
        ],
        run: Some((view.history, view.curves)),
    };
    let beside = view.beside.iter().enumerate().map(|(place, run)| Exhibit {
        title: format!("Live: {}", run.preset.title),
        caption: [
            live_says(ui, (panel, 1 + place), &run.history, &run.curves),
            format!(
                "live; {}{} steps, {} parameters",
                said_of_loss(Some(run.preset.loss_kind())),
                run.history.rows(),
                run.parameters,
            ),
        ],
        run: Some((&run.history, &run.curves)),
    });
    let others = recorded().iter().map(|Recorded { recording, curves }| Exhibit {
        title: recording.preset.title.clone(),
        caption: [
            said(panel, &recording.outline),
            format!("recorded; {}{}", said_of_loss(Some(recording.preset.loss_kind())), recording.size()),
        ],
        run: Some((&*recording.history, curves)),
    });
    let broken = bundled().iter().filter_map(|recording| recording.as_ref().err()).map(|error| Exhibit {
        title: format!("Recording {}", error.name),
        caption: ["cannot be played".to_owned(), error.problem.to_string()],
        run: None,
    });
    let mut exhibits: Vec<Exhibit> =
        std::iter::once(live).chain(beside).chain(others).chain(broken).collect();
    exhibits.extend(absent(&view.facts.preset));
    let words: Vec<String> =
        exhibits.iter().map(|exhibit| format!("{}: {}", exhibit.title, exhibit.caption.join(", "))).collect();
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, words.join("; ")));
    let body = Rect::from_min_max(pos2(room.left(), room.top() + TITLE), room.max);
    let highest = |width: f32, detailed: bool| {
        let height = |exhibit: &Exhibit| -> f32 {
            exhibit.lines(painter, palette, width, detailed).iter().map(|text| text.size().y).sum()
        };
        CAPTION_GAP + exhibits.iter().map(height).fold(0.0, f32::max)
    };
    let grid = Grid::of(exhibits.len(), body.size(), highest);
    let flow = view.state.show_central_flow;
    let mut child = child.new_child(UiBuilder::new().max_rect(body));
    ScrollArea::vertical().auto_shrink(false).show(&mut child, |ui| {
        let size = vec2(body.width(), grid.height(exhibits.len()));
        let (whole, _) = ui.allocate_exact_size(size, Sense::hover());
        for (i, exhibit) in exhibits.iter().enumerate() {
            let corner = whole.min + grid.corner(i);
            one(ui.painter(), palette, corner, &grid, (panel, flow), exhibit);
        }
    });
}

/// A place for every architecture that is neither running nor recorded.
fn absent(running: &str) -> Vec<Exhibit<'static>> {
    static BUILT_IN: OnceLock<Vec<(&'static str, Preset)>> = OnceLock::new();
    let built_in = BUILT_IN.get_or_init(Preset::built_in);
    let named = |name: &str| built_in.iter().find(|(known, _)| *known == name).map(|(_, preset)| preset);
    let recordings = recorded().iter().map(|found| &found.recording.preset);
    let networks = recordings.chain(named(running)).filter(|preset| preset.landscape.is_none());
    let shown: Vec<ArchitectureName> = networks.map(|preset| preset.model.architecture).collect();
    let missing = ARCHITECTURES.iter().filter(|(name, _)| !shown.contains(name));
    let place = |&(_, preset): &(_, &str)| {
        Some(Exhibit {
            title: named(preset)?.title.clone(),
            caption: ["not recorded".to_owned(), format!("the preset {preset} runs live")],
            run: None,
        })
    };
    missing.filter_map(place).collect()
}

/// The loss of a network, in front of the description of its size; `None` for a landscape.
fn said_of_loss(loss: Option<LossKind>) -> &'static str {
    match loss {
        Some(LossKind::Mse) => "MSE, ",
        Some(LossKind::Ce) => "cross-entropy, ",
        None => "",
    }
}

/// The outline of a running run, by its panel and place: recomputed when the run has grown by a fiftieth, and when it
/// has stopped growing, since this takes the whole record.
fn live_says(ui: &Ui, place: (Panel, usize), history: &History, curves: &Curves) -> String {
    let id = egui::Id::unique("brink: said of a live run").with(place);
    let rows = history.rows();
    let known: Option<(usize, usize, String)> = ui.data(|data| data.get_temp(id));
    let (at, text) = match known {
        Some((at, _, text)) if at == rows => (at, text),
        Some((at, seen, text)) if seen != rows && (at..at + at / 50).contains(&rows) => (at, text),
        _ => {
            let outline = Outline::of(history, |row| curves.value(Curve::Loss, row));
            (rows, said(place.0, &outline))
        }
    };
    ui.data_mut(|data| data.insert_temp(id, (at, rows, text.clone())));
    text
}

/// The content of a plot, in numbers from its data.
fn said(panel: Panel, outline: &Outline) -> String {
    let Some(edge) = outline.edge() else { return "not at the edge yet".to_owned() };
    match (panel, outline.loss_error) {
        (Panel::LossWall, Some(error)) => {
            format!("prediction off by {}% in the median", short(100.0 * error))
        }
        (Panel::LossWall, None) => "no prediction yet".to_owned(),
        _ => {
            let drops = if outline.drops == 1 { "drop" } else { "drops" };
            format!("at the edge from step {edge}, k = {}, {} {drops} of S", outline.k(), outline.drops)
        }
    }
}

/// Draws one plot, with or without the central flow's lines.
fn one(
    painter: &Painter,
    palette: &Palette,
    corner: Pos2,
    grid: &Grid,
    (panel, flow): (Panel, bool),
    exhibit: &Exhibit,
) {
    let plot = Rect::from_min_size(corner, grid.plot);
    painter.rect_filled(plot, 0.0, palette.plot);
    let lines = match exhibit.run {
        Some(run) if panel == Panel::LossWall => losses(palette, run, plot.width(), flow),
        Some((history, _)) => eigenvalues(palette, history, plot.width(), flow),
        None => Vec::new(),
    };
    let rows = exhibit.run.map_or(0, |(history, _)| history.rows());
    let finite = lines.iter().flat_map(|(line, _)| line).map(|point| point[1]).filter(|y| y.is_finite());
    let most = finite.fold(if panel == Panel::LossWall { 1e-300 } else { 1.25 }, f64::max);
    let last = (rows.max(2) - 1) as f64;
    let inner = plot.shrink2(vec2(3.0, 4.0));
    let screen = |point: [f64; 2]| -> Pos2 {
        #[expect(clippy::cast_possible_truncation, reason = "shares of the plot")]
        let (across, up) = ((point[0] / last) as f32, (point[1] / most) as f32);
        pos2(egui::lerp(inner.x_range(), across), inner.bottom() - up * inner.height())
    };
    let within = painter.with_clip_rect(plot.intersect(painter.clip_rect()));
    if panel == Panel::Wall {
        let edge = palette.ink(Role::Threshold, Weight::Normal);
        let line = [screen([0.0, 1.0]), screen([last, 1.0])];
        within.extend(Shape::dotted_line(&line, edge.color, 4.0, 0.8));
    }
    for (line, ink) in &lines {
        for part in line.split(|point| !point[1].is_finite()).filter(|part| part.len() > 1) {
            let points: Vec<Pos2> = part.iter().map(|&point| screen(point)).collect();
            let dashed = ink.dash == theme::Dash::Dashed;
            if dashed {
                within.extend(Shape::dashed_line(&points, ink.stroke(), 5.0, 3.0));
            } else {
                within.add(Shape::line(points, ink.stroke()));
            }
        }
    }
    painter.rect_stroke(plot, 0.0, (1.0, palette.frame), egui::StrokeKind::Inside);
    let mut at = plot.left_bottom() + vec2(0.0, CAPTION_GAP);
    for text in exhibit.lines(painter, palette, grid.plot.x, grid.detailed) {
        let height = text.size().y;
        painter.galley(at, text, palette.text);
        at.y += height;
    }
}

type Line = (Vec<[f64; 2]>, Ink);

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a width in points")]
fn recorded_line(history: &History, series: Series, width: f32) -> Vec<[f64; 2]> {
    let mut line = Vec::new();
    history.polyline(series, 0..history.rows(), width.max(2.0) as usize, &mut line);
    line
}

/// η λ_i/2 of gradient descent and of the central flow.
fn eigenvalues(palette: &Palette, history: &History, width: f32, flow: bool) -> Vec<Line> {
    let scaled = |series| -> Vec<[f64; 2]> {
        let eta = |row: f64| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a row")]
            let row = row as usize;
            history.value(Series::Eta, row).unwrap_or(f64::NAN)
        };
        recorded_line(history, series, width).into_iter().map(|[row, y]| [row, 0.5 * eta(row) * y]).collect()
    };
    let count = (0..history.max_tracked()).take_while(|&i| history.has(Series::GdLambda(i))).count();
    let descent =
        (0..count).rev().map(|i| (scaled(Series::GdLambda(i)), palette.ink(Role::Eigen(i), Weight::Normal)));
    let flow = flow.then(|| (scaled(Series::CfLambda(0)), palette.ink(Role::CentralFlow, Weight::Normal)));
    descent.chain(flow).collect()
}

/// Gradient descent's loss, raw and smoothed, and the prediction.
fn losses(palette: &Palette, (history, curves): (&History, &Curves), width: f32, flow: bool) -> Vec<Line> {
    let mut smoothed = Vec::new();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a width in points")]
    curves.polyline(Curve::Loss, 0..history.rows(), width.max(2.0) as usize, &mut smoothed);
    let mut lines = vec![
        (recorded_line(history, Series::GdLoss, width), palette.ink(Role::GradientDescent, Weight::Raw)),
        (smoothed, palette.ink(Role::GradientDescent, Weight::Smoothed)),
    ];
    if flow {
        let line = recorded_line(history, Series::CfPredictedLoss, width);
        lines.push((line, palette.ink(Role::Prediction, Weight::Normal)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_architecture_has_a_place() {
        let preset = |name: &str| Preset::load(name).expect("a built-in preset");
        for (architecture, name) in ARCHITECTURES {
            assert_eq!(preset(name).model.architecture, architecture, "{name}");
        }
        let recorded: Vec<_> =
            recorded().iter().map(|found| found.recording.preset.model.architecture).collect();
        let places = absent("digits-noise").len();
        let missing = ARCHITECTURES
            .iter()
            .filter(|(name, _)| *name != ArchitectureName::Mlp && !recorded.contains(name));
        assert_eq!(places, missing.count());
        assert_eq!(
            absent("parabola").len(),
            places + usize::from(!recorded.contains(&ArchitectureName::Mlp))
        );
    }

    #[test]
    fn the_wall_fills_the_room_it_has() {
        let caption = |width: f32, detailed: bool| if detailed && width < 200.0 { 86.0 } else { 44.0 };
        let columns = |count, room| Grid::of(count, room, caption).columns;
        assert_eq!(columns(1, vec2(900.0, 600.0)), 1);
        assert_eq!(columns(8, vec2(1500.0, 900.0)), 3);
        assert_eq!(columns(8, vec2(270.0, 1200.0)), 1);
        // no room for complete captions, or for all plots at once
        let small = Grid::of(10, vec2(640.0, 378.0), caption);
        assert!(!small.detailed && small.plot.y >= LEAST.y && small.height(10) <= 378.0, "{small:?}");
        let least = Grid::of(10, vec2(220.0, 158.0), caption);
        assert!(least.plot.y == LEAST.y && least.height(10) > 158.0, "{least:?}");
    }
}
