//! A plot over the steps of a run: `egui_plot` supplies frame, axes and grid; range, ticks, lines, legend, marks and
//! pointer input are implemented here.
//!
//! `egui_plot` would scan every point for its bounds, become blank because of one infinity, lose linked axes of
//! different lengths, thin out steep lines, lose dashes after a gap, and show neither dashes in its legend nor a
//! logarithmic axis. It therefore receives its bounds and its ticks, lines of at most two points per pixel are drawn
//! over it, and pointer input becomes a [`ViewChange`] that all panels share.

pub mod hands;
pub mod label;
pub mod legend;
pub mod line;
pub mod marks;
pub mod scale;
pub mod title;
pub mod trace;

use super::style::theme::{self, Palette};
use super::view::ViewChange;
use super::view::panel::Panel;
use super::view::run_view::RunView;
use egui::{Align2, Rect, Sense, Ui, UiBuilder, Vec2, pos2, vec2};
use egui_plot::{AxisHints, GridMark, Plot, PlotPoint, PlotTransform, Span};
pub use hands::is_hovered;
use scale::{AxisExtent, AxisScale, Tick};
pub use trace::OVERLAY_SIGNS;
use trace::{Fit, Trace};

/// Width of the numbers left of a plot, in points; the same in every panel, so that stacked plots align.
const AXIS_WIDTH: f32 = 46.0;
/// Height of the numbers below a plot.
const AXIS_HEIGHT: f32 = 18.0;
/// Width of the labels at the lines' ends, right of a plot.
const GUTTER_WIDTH: f32 = 36.0;
/// The same when other runs are drawn over this one: their labels have a sign.
const WIDE_GUTTER: f32 = 52.0;
/// Points per labelled tick.
const TICK_SPACING: Vec2 = vec2(76.0, 34.0);
/// Share of the visible steps, from the left, that may be cut at a linear axis: the start of a run would flatten
/// everything that follows.
const EARLY: f64 = 0.12;
/// With fewer visible steps nothing is cut.
const YOUNG: f64 = 20.0;
/// Width of the corner at the right end of the step axis that contains no number.
const CORNER: f32 = 12.0;
/// Maximum stretch of the flows' axis by a smoothed curve, before its peaks are cut.
const MAIN_STRETCH: f64 = 4.0;
/// A value this many times larger than nine tenths of its visible line has diverged, and its line is cut there.
const BLOWN_UP: f64 = 20.0;
/// The same for a quantity that grows from rounding noise to its full size and is of interest then.
const BURST: f64 = 1e6;
/// Smallest plot that is drawn.
const SMALLEST: Vec2 = vec2(24.0, 16.0);

/// A panel's plot.
pub(super) struct Chart {
    /// The panel.
    pub panel: Panel,
    /// Its lines, from back to front.
    pub traces: Vec<Trace>,
    /// Whether the zero line is always visible.
    pub zero: bool,
    /// Whether the sizes of the complementarity problem are marked.
    pub ranks: bool,
    /// Message that is shown while there are no lines.
    pub empty: &'static str,
}

/// A line ready to be drawn.
struct Drawn<'a> {
    trace: &'a Trace,
    /// Step and value.
    points: Vec<[f64; 2]>,
}

impl Chart {
    /// Draws title, legend and plot into the available room.
    pub fn show(mut self, ui: &mut Ui, view: &RunView, changes: &mut Vec<ViewChange>) {
        self.complete(view);
        let room = ui.available_rect_before_wrap();
        let whole = ui.allocate_rect(room, Sense::hover()).rect;
        if whole.width() < SMALLEST.x || whole.height() < SMALLEST.y || !whole.is_finite() {
            return;
        }
        let mut ui = ui.new_child(UiBuilder::new().max_rect(whole).id_salt(self.panel));
        ui.set_clip_rect(whole.intersect(ui.clip_rect()));
        let header = legend::header_ui(&mut ui, &self, view, changes);
        let body = Rect::from_min_max(pos2(whole.left(), header.bottom + 5.0), whole.max);
        let gutter = if view.overlays.is_empty() { GUTTER_WIDTH } else { WIDE_GUTTER };
        if body.width() < AXIS_WIDTH + gutter + SMALLEST.x || body.height() < AXIS_HEIGHT + SMALLEST.y {
            return;
        }
        let plot_size = vec2(body.width() - gutter, body.height());
        let mut plot_ui = ui.new_child(UiBuilder::new().max_rect(Rect::from_min_size(body.min, plot_size)));
        let scale = self.plot_ui(&mut plot_ui, &ui, view, changes);
        legend::unit(&ui, &header, &scale);
    }

    /// Adds the lines of the other runs, and omits those without values.
    pub fn complete(&mut self, view: &RunView) {
        let smooth = view.smooths();
        let others: Vec<Trace> = (0..view.overlays.len())
            .flat_map(|place| self.traces.iter().filter_map(move |trace| trace.of_overlay(place, smooth)))
            .collect();
        self.traces.extend(others);
        self.traces.retain(|trace| trace.has_values(view));
    }

    fn plot_ui(&self, ui: &mut Ui, outer: &Ui, view: &RunView, changes: &mut Vec<ViewChange>) -> AxisScale {
        let size = ui.available_size();
        let inner = size - vec2(AXIS_WIDTH, AXIS_HEIGHT);
        let palette = Palette::in_ui(ui);
        let pixels = inner.x * ui.pixels_per_point();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a width in pixels")]
        let buckets = (pixels as usize).max(2);
        let drawn: Vec<Drawn> = self
            .traces
            .iter()
            .map(|trace| {
                let mut points = Vec::new();
                // two per pixel, so that a dense oscillation is a band without slits
                let buckets = if trace.flickers() { 2 * buckets } else { buckets };
                trace.points(view, buckets, &mut points);
                Drawn { trace, points }
            })
            .collect();
        let log = view.is_log(self.panel);
        let [first, last] = view.steps();
        let by_hand = view.state.range(self.panel).and_then(|range| AxisScale::by_hand(range, log));
        let mut scale = by_hand.unwrap_or_else(|| fit(&drawn, [first, last], log, self.zero));
        let mut x_ticks = scale::step_ticks(first, last, count(inner.x, TICK_SPACING.x));
        // A number in the corner would overlap the word next to it.
        let corner = last - (last - first) * f64::from(CORNER / inner.x);
        x_ticks.iter_mut().filter(|tick| tick.at > corner).for_each(|tick| tick.label.clear());
        let mut y_ticks = scale.ticks(count(inner.y, TICK_SPACING.y));
        if drawn.is_empty() {
            // Without values there are no numbers.
            y_ticks.clear();
        }
        if self.ranks && by_hand.is_none() {
            // Room for the marks at the lower edge.
            scale.low -= 0.07 * (scale.high - scale.low);
        }
        let transients = view.history.transients();
        let rows = view.rows();
        let phases = if view.state.show_phases { view.curves.cycles().phases(rows) } else { Vec::new() };
        let response = plot(ui, self.panel, size, palette, x_ticks, y_ticks).show(ui, |plot| {
            plot.set_plot_bounds_x(first..=last);
            plot.set_plot_bounds_y(scale.range());
            for (phase, steps) in &phases {
                let [from, to] = [steps.start, steps.end].map(|step| step as f64);
                let color = palette.phase(*phase);
                plot.span(Span::new("", from..=to).fill(color).border_width(0.0));
            }
            for &[from, to] in &transients {
                plot.span(Span::new("", from..=to).fill(palette.shade).border_width(0.0));
            }
        });

        // the Tab key reaches it
        response.response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Figure, true, format!("Plot: {}", self.panel.title()))
        });
        let transform = response.transform;
        let painter = outer.painter();
        line::draw(painter, &drawn, &scale, &transform, view.state.pointed);
        let mut notes = label::Notes::new(painter, palette, *transform.frame());
        marks::frame(painter, palette, &transform);
        marks::events(painter, palette, &mut notes, self, view, &transform);
        marks::phases(palette, &mut notes, &phases, &transform);
        marks::cut_peaks(painter, palette, &mut notes, &drawn, &scale, &transform);
        marks::gaps(painter, palette, view, &drawn, &scale, &transform);
        marks::cursor(painter, palette, view, &drawn, &scale, &transform);
        let nothing_drawn = drawn.iter().all(|line| line.points.iter().all(|p| scale.place(p[1]).is_nan()));
        if nothing_drawn {
            marks::empty(
                painter,
                palette,
                &transform,
                if drawn.is_empty() { self.empty } else { "no values here" },
            );
        }
        let left_out = log && drawn.iter().any(|line| line.points.iter().any(|p| p[1] <= 0.0));
        if left_out {
            let corner = transform.frame().right_bottom() - vec2(4.0, 3.0);
            notes.add(Align2::RIGHT_BOTTOM, corner, "values ≤ 0 are left out", palette.faint_text);
        }
        label::line_ends(notes, &drawn, &scale, &transform);
        let responses =
            hands::Responses { response: &response.response, transform: &transform, scale: &scale };
        hands::handle(outer, self, view, &drawn, responses, changes);
        let shown = [scale.value(scale.low), scale.value(scale.high)];
        ui.data_mut(|data| data.insert_temp(range_id(self.panel), shown));
        scale
    }
}

/// The smallest and the largest value on a panel's vertical axis when it was last drawn.
pub fn shown_range(context: &egui::Context, panel: Panel) -> Option<[f64; 2]> {
    context.data(|data| data.get_temp(range_id(panel)))
}

fn range_id(panel: Panel) -> egui::Id {
    egui::Id::unique("brink: shown range").with(panel)
}

/// The vertical axis: from the finite values at the visible steps.
fn fit(drawn: &[Drawn], [first, last]: [f64; 2], log: bool, zero: bool) -> AxisScale {
    let [mut frame, mut main, mut soft] = [AxisExtent::default(); 3];
    let settled = first + EARLY * (last - first);
    let young = last - first < YOUNG;
    for line in drawn {
        let bound = match line.trace.fit {
            _ if log => f64::INFINITY,
            Fit::Burst => BURST * most(&line.points),
            _ => BLOWN_UP * most(&line.points),
        };
        for &[step, value] in &line.points {
            if step >= first && step <= last && (!log || value > 0.0) {
                let early = !log && !young && step < settled;
                let extent = match line.trace.fit {
                    _ if early || value.abs() > bound => &mut soft,
                    _ if young => &mut frame,
                    Fit::Frame | Fit::Burst => &mut frame,
                    Fit::Main => &mut main,
                    Fit::Soft => &mut soft,
                };
                extent.include(value);
            }
        }
    }
    if log || main.is_within(&frame, MAIN_STRETCH) {
        frame.merge(&main);
    } else {
        soft.merge(&main);
    }
    AxisScale::fit(frame, soft, log, zero)
}

/// The magnitude that nine tenths of a line's finite values do not exceed; infinite if there are too few to tell.
fn most(points: &[[f64; 2]]) -> f64 {
    let mut sizes: Vec<f64> = points.iter().map(|p| p[1].abs()).filter(|v| v.is_finite()).collect();
    if sizes.len() < 20 {
        return f64::INFINITY;
    }
    let place = sizes.len() * 9 / 10;
    let (_, size, _) = sizes.select_nth_unstable_by(place, f64::total_cmp);
    if *size > 0.0 { *size } else { f64::INFINITY }
}

/// An `egui_plot` without any behaviour of its own.
fn plot<'a>(
    ui: &Ui,
    panel: Panel,
    size: Vec2,
    palette: &Palette,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
) -> Plot<'a> {
    let axis = |hints: AxisHints<'a>, ticks: &[Tick]| {
        let ticks = ticks.to_vec();
        hints
            .tick_label_font(theme::tick_font())
            .tick_label_color(palette.faint_text)
            .label_spacing(0.5..=1.0)
            .formatter(move |mark: GridMark, _: &_| {
                ticks
                    .iter()
                    .find(|tick| tick.at == mark.value)
                    .map_or(String::new(), |tick| tick.label.clone())
            })
    };
    let x_axis = axis(AxisHints::new_x(), &x_ticks).min_thickness(AXIS_HEIGHT);
    let y_axis = axis(AxisHints::new_y(), &y_ticks).min_thickness(AXIS_WIDTH);
    let marks = |ticks: Vec<Tick>| {
        // A mark's step size only determines how much room its label has; the ticks are already spaced.
        move |input: egui_plot::GridInput| -> Vec<GridMark> {
            let step_size = input.bounds.1 - input.bounds.0;
            ticks.iter().map(|tick| GridMark { value: tick.at, step_size }).collect()
        }
    };
    Plot::new(ui.scope_id().with(panel))
        .width(size.x)
        .height(size.y)
        .custom_x_axes(vec![x_axis])
        .custom_y_axes(vec![y_axis])
        .x_grid_spacer(marks(x_ticks))
        .y_grid_spacer(marks(y_ticks))
        .grid_spacing(0.5..=1.0)
        .grid_color(palette.grid)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .show_x(false)
        .show_y(false)
        .sense(Sense::click_and_drag())
}

/// Number of labelled ticks for a length.
fn count(length: f32, spacing: f32) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    let count = (length / spacing) as usize;
    count.clamp(2, 12)
}

/// The screen position of a step and a value; `None` for a value without a position.
fn position(transform: &PlotTransform, scale: &AxisScale, [step, value]: [f64; 2]) -> Option<egui::Pos2> {
    let at = scale.place(value);
    (!at.is_nan()).then(|| transform.position_from_point(&PlotPoint::new(step, at)))
}
