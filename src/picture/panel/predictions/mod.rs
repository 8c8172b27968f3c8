//! The network's output on one example: the curve of one output over the steps, and below it the example with all its
//! outputs at the cursor.

pub mod answers;
pub mod input;
pub mod sequence;

use crate::picture::chart::Chart;
use crate::picture::chart::trace::Trace;
use crate::picture::scene::of_view::ending;
use crate::picture::style::theme::{self, Palette, Role, Weight};
use crate::picture::view::ViewChange;
use crate::picture::view::choice::Choice;
use crate::picture::view::panel::Panel;
use crate::picture::view::run_view::RunView;
use crate::run::analysis::curves::Curve;
use crate::run::record::predictions::store::Predictions;
use crate::run::record::predictions::{ExampleKind, Examples, Input, PredictedOutput};
use brink_core::dynamics::Process;
use egui::{Align, Layout, Rect, Sense, Ui, UiBuilder, pos2, vec2};

/// Height of the strip with the example.
const STRIP: f32 = 104.0;
/// Minimum height of the plot above it; if there is less room, the strip is omitted.
const LEAST_PLOT: f32 = 130.0;
/// Height of the line with the example's name and the buttons.
const LINE: f32 = 20.0;

const WAITING: &str = "waiting for the first step";
/// Message for the steps before a session was saved.
const KEPT_NOWHERE: &str = "a session keeps no outputs: they are recorded again from its next step on";

/// The network's outputs on an example over the steps.
pub(super) fn predictions_ui(ui: &mut Ui, view: &RunView, changes: &mut Vec<ViewChange>) {
    let whole = ui.available_rect_before_wrap();
    let found = view.history.predictions();
    let strip = if found.is_some() && whole.height() >= STRIP + LEAST_PLOT { STRIP } else { 0.0 };
    let plot = Rect::from_min_max(whole.min, pos2(whole.right(), whole.bottom() - strip));
    let mut plot_ui = ui.new_child(UiBuilder::new().max_rect(plot).id_salt("plot"));
    predictions(Palette::in_ui(ui), view).show(&mut plot_ui, view, changes);
    if let Some(found) = found.filter(|_| strip > 0.0) {
        let rect = Rect::from_min_max(pos2(whole.left(), plot.bottom() + 4.0), whole.max);
        let mut strip_ui = ui.new_child(UiBuilder::new().max_rect(rect).id_salt("example"));
        strip_ui.set_clip_rect(rect.intersect(ui.clip_rect()));
        strip_ui_of(&mut strip_ui, view, found, changes);
    }
    ui.allocate_rect(whole, Sense::hover());
}

/// The chosen output over the steps.
pub(super) fn predictions(palette: &Palette, view: &RunView) -> Chart {
    let (traces, empty) = match view.history.predictions() {
        Some(found) => {
            (traces(palette, view, found), if view.history.rows() == 0 { WAITING } else { KEPT_NOWHERE })
        }
        None => {
            (Vec::new(), "no outputs are recorded: this loss is a formula, or the recording is an old one")
        }
    };
    Chart { panel: Panel::Predictions, traces, zero: true, ranks: false, empty }
}

/// The lines of the chosen output.
fn traces(palette: &Palette, view: &RunView, found: &Predictions) -> Vec<Trace> {
    let examples = found.examples();
    let output = view.state.prediction.output(examples);
    let of = |process| PredictedOutput { process, ..output };
    let what = output_name(examples, output);
    let gd = |weight| palette.ink(Role::GradientDescent, weight);
    let raw = |weight| Trace::output(of(Process::GradientDescent), gd(weight), format!("GD: {what}"));
    let mut traces = if view.smooths() {
        let name = format!("GD smoothed (σ = {} steps)", view.state.smoothing_steps);
        let smoothed = Trace::derived(Curve::Output, gd(Weight::Smoothed), name);
        vec![raw(Weight::Raw).soft(), smoothed.end("⟨GD⟩").main()]
    } else {
        vec![raw(Weight::Normal).end("GD")]
    };
    if view.state.show_central_flow {
        let ink = palette.ink(Role::CentralFlow, Weight::Normal);
        traces.push(Trace::output(of(Process::CentralFlow), ink, "central flow").end("CF"));
    }
    let ink = palette.ink(Role::GradientFlow, Weight::Normal);
    traces.push(Trace::output(of(Process::GradientFlow), ink, "gradient flow").end("GF"));
    if let Some(target) = target(examples, output) {
        let ink = palette.ink(Role::Threshold, Weight::Normal);
        traces.push(Trace::constant(target, ink, format!("right answer: {target}")).end("y"));
    }
    traces
}

/// The target of an output.
pub(crate) fn target(examples: &Examples, output: PredictedOutput) -> Option<f64> {
    examples.list[output.example].targets[output.row * examples.columns + output.column]
}

/// The description of an output.
fn output_name(examples: &Examples, output: PredictedOutput) -> String {
    let position = if examples.rows > 1 { format!(" at position {}", output.row + 1) } else { String::new() };
    let column = output.column;
    match (examples.kind, &examples.list[output.example].input) {
        (ExampleKind::Probabilities, _) if examples.binary => format!("probability of class 1{position}"),
        (ExampleKind::Probabilities, Input::Tokens(_)) => format!("probability of token {column}{position}"),
        (ExampleKind::Probabilities, _) => format!("probability of class {column}{position}"),
        (ExampleKind::Values, Input::Tokens(_)) => format!("output of token {column}{position}"),
        (ExampleKind::Values, _) if examples.columns == 1 => format!("the output{position}"),
        (ExampleKind::Values, _) => format!("output {column}{position}"),
    }
}

/// The step whose outputs the strip shows: the cursor's, or the newest.
fn shown_step(view: &RunView) -> Option<usize> {
    let newest = view.history.rows().checked_sub(1)?;
    Some(view.state.cursor.unwrap_or(newest).min(newest))
}

/// The example, and its outputs at the cursor.
fn strip_ui_of(ui: &mut Ui, view: &RunView, found: &Predictions, changes: &mut Vec<ViewChange>) {
    let examples = found.examples();
    let output = view.state.prediction.output(examples);
    let example = &examples.list[output.example];
    let rect = ui.max_rect();
    let line = Rect::from_min_size(rect.min, vec2(rect.width(), LINE));
    let mut line_ui =
        ui.new_child(UiBuilder::new().max_rect(line).layout(Layout::left_to_right(Align::Center)));
    line_ui_of(&mut line_ui, view, found, output, changes);
    let body = Rect::from_min_max(pos2(rect.left(), line.bottom() + 4.0), rect.max);
    let step = shown_step(view);
    match &example.input {
        Input::Picture(picture) => {
            let side = body.height();
            let size = vec2(side * picture.width as f32 / picture.height as f32, side);
            let place = Rect::from_min_size(body.min, size.min(vec2(0.3 * body.width(), side)));
            input::picture_ui(ui, place, picture, example.index);
            let rest = Rect::from_min_max(pos2(place.right() + 14.0, body.top()), body.max);
            answers::answers_ui(ui, rest, (view, found), output, step, changes);
        }
        Input::Tokens(tokens) => {
            sequence::sequence_ui(ui, body, (view, found), output, (tokens, step), changes);
        }
        Input::Numbers(_) | Input::Withheld => {
            let words = match &example.input {
                Input::Numbers(numbers) => input::numbers_text(numbers),
                _ => "The recording does not hold this input: it is not ours to pass on".to_owned(),
            };
            let width = (0.34 * body.width()).min(190.0);
            input::text_ui(ui, Rect::from_min_size(body.min, vec2(width, body.height())), &words);
            let rest = Rect::from_min_max(pos2(body.left() + width + 10.0, body.top()), body.max);
            answers::answers_ui(ui, rest, (view, found), output, step, changes);
        }
    }
}

/// The example's name, and the buttons to select others.
fn line_ui_of(
    ui: &mut Ui,
    view: &RunView,
    found: &Predictions,
    output: PredictedOutput,
    changes: &mut Vec<ViewChange>,
) {
    let (palette, examples) = (Palette::in_ui(ui), found.examples());
    let text = format!("{}{}", Choice::title(examples, output.example), endings(view, found, output));
    let text = egui::RichText::new(text).font(theme::label_font()).color(palette.text);
    if view.controls {
        let choice = view.state.prediction;
        for (sign, name, next) in [
            ("◀", "Previous example", choice.next_example(examples, false)),
            ("▶", "Next example", choice.next_example(examples, true)),
            ("▲", "Previous output", choice.next_output(examples, false)),
            ("▼", "Next output", choice.next_output(examples, true)),
        ] {
            let response = ui.add(egui::Button::new(sign).small());
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
            if response.on_hover_text(name).clicked() {
                changes.push(ViewChange::ShowPrediction(next));
            }
        }
        ui.menu_button("Examples", |ui| {
            for example in 0..examples.list.len() {
                if ui.radio(example == output.example, Choice::title(examples, example)).clicked() {
                    let choice = Choice { example, ..Choice::default() };
                    changes.push(ViewChange::ShowPrediction(choice));
                }
            }
        });
    }
    ui.add(egui::Label::new(text).truncate());
}

/// The processes that have no outputs at a step because they have ended, in words.
fn endings(view: &RunView, found: &Predictions, output: PredictedOutput) -> String {
    let Some(step) = shown_step(view) else { return String::new() };
    let of = |(process, ..): (Process, &str, egui::Color32)| {
        let silent = found.value(PredictedOutput { process, ..output }, step).is_none();
        ending(process, view.history).filter(|_| silent)
    };
    let ended = processes(view, Palette::of(egui::Theme::Light)).into_iter().filter_map(of);
    ended.fold(String::new(), |text, ended| text + " · " + &ended)
}

/// The appearance of the processes in the strip, in the order in which their numbers are drawn.
fn processes(view: &RunView, palette: &Palette) -> Vec<(Process, &'static str, egui::Color32)> {
    let mut all = vec![(Process::GradientDescent, "GD", palette.color(Role::GradientDescent))];
    if view.state.show_central_flow {
        all.push((Process::CentralFlow, "CF", palette.color(Role::CentralFlow)));
    }
    all
}
