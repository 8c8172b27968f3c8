//! The palette: every command, preset, recording, chapter and panel, found by a few letters of its name; and
//! the possible meanings of a typed number.

use crate::app::command::Command;
use crate::app::command::entry::Entry;
use crate::app::command::keys::key_text;
use crate::app::state::Model;
use crate::app::state::form::{BreakpointForm, ForkForm, FormEdit, Purpose, Search};
use crate::app::state::layout::{self, Arrangement};
use crate::app::state::tour::TourCommand;
use crate::picture::style::theme::Palette;
use crate::picture::view::ViewChange;
use crate::picture::view::choice::Choice;
use crate::picture::view::panel::Panel;
use crate::picture::view::scene_view::SceneChange;
use crate::run::engine::breakpoint::Breakpoint;
use crate::run::file::recording::bundled;
use brink_core::space::axis::Axis as AxisChoice;
use egui::scroll_area::ScrollBarVisibility;
use egui::{Align, Key, Layout, Modifiers, RichText, ScrollArea, TextEdit, Ui};
use std::path::Path;

/// Width of the form, in points.
const WIDTH: f32 = 460.0;
/// Visible lines of the list.
const LINES: f32 = 18.0;
/// Height of everything above and below the list, in points.
const ABOVE: f32 = 210.0;

/// The input field, and the matching commands, best first.
pub(super) fn fields_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    ui.set_width(WIDTH);
    let mut search = model.forms.search.clone();
    // before the field consumes them
    let key = |ui: &Ui, key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let (up, down, enter) = (key(ui, Key::ArrowUp), key(ui, Key::ArrowDown), key(ui, Key::Enter));
    let label = ui.label(Command::Edit(FormEdit::Search(Search::default())).entry().hint);
    let field = ui.add(TextEdit::singleline(&mut search.letters).desired_width(f32::INFINITY));
    field.labelled_by(label.id).request_focus();
    if search.letters != model.forms.search.letters {
        search.line = 0;
    }
    let mut found = find(offers(model), &search.letters);
    found.splice(0..0, with_number(model, &search.letters));
    let last = found.len().saturating_sub(1);
    search.line = match (up, down) {
        (true, false) => search.line.saturating_sub(1),
        (false, true) => search.line + 1,
        _ => search.line,
    }
    .min(last);
    ui.add_space(4.0);
    let mut chosen = enter.then_some(search.line);
    // whole lines, and a scroll bar as a sign that there are more
    let spacing = ui.spacing();
    let line = spacing.interact_size.y + spacing.item_spacing.y;
    let lines = ((ui.content_rect().height() - ABOVE) / line).floor().clamp(3.0, LINES);
    let height = lines * line - spacing.item_spacing.y;
    let list =
        ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]);
    list.scroll_bar_visibility(ScrollBarVisibility::AlwaysVisible).show(ui, |ui| {
        if found.is_empty() {
            ui.label("No command has these letters in this order");
        }
        for (line, (title, command)) in found.iter().enumerate() {
            let response = line_ui(ui, title, command, line == search.line);
            if line == search.line && (up || down || search != model.forms.search) {
                response.scroll_to_me(None);
            }
            if response.clicked() {
                chosen = Some(line);
            }
        }
    });
    if search != model.forms.search {
        commands.push(Command::Edit(FormEdit::Search(search)));
    }
    if let Some((_, command)) = chosen.and_then(|line| found.get(line)) {
        commands.extend([Command::Leave, command.clone()]);
    }
}

fn line_ui(ui: &mut Ui, title: &str, command: &Command, selected: bool) -> egui::Response {
    let Entry { hint, shortcut, .. } = command.entry();
    ui.horizontal(|ui| {
        let response = ui.selectable_label(selected, title).on_hover_text(hint);
        if let Some(shortcut) = shortcut {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                // next to the scroll bar
                ui.add_space(14.0);
                ui.label(RichText::new(key_text(shortcut)).color(Palette::in_ui(ui).faint_text));
            });
        }
        response
    })
    .inner
}

/// Every available action, with its text in the list.
fn offers(model: &Model) -> Vec<(String, Command)> {
    let hidden = |command: &Command| {
        matches!(
            command,
            Command::Arrange(_) | Command::Leave | Command::Toggle(crate::app::state::form::Form::Palette)
        )
    };
    let mut offers: Vec<(String, Command)> = Command::simple()
        .into_iter()
        .filter(|command| !hidden(command))
        .map(|command| (command.name().to_owned(), command))
        .collect();
    offers.push(("Fork here".to_owned(), Command::Fork));
    offers.push(("Slow motion speed: max".to_owned(), Command::SetReplaySpeed(f64::INFINITY)));
    offers.push(("Speed: max".to_owned(), Command::SetSpeed(None)));
    offers.push(("Write the export".to_owned(), Command::Save));
    let path = &model.forms.session.path;
    if Path::new(path).is_file() {
        offers.push((format!("Open session: {path}"), Command::OpenSession));
        offers.push((format!("Compare with session: {path}"), Command::CompareSession));
    }
    offers.push(("Find a session to open".to_owned(), Command::ChooseSession(Purpose::Open)));
    let edges = (1..=model.current().eigen.max_tracked).map(|k| Breakpoint::AtEdge { k });
    let BreakpointForm { k: _, factor, step } = model.forms.breakpoint;
    let stops = edges.chain([
        Breakpoint::OscillationPeak,
        Breakpoint::LossSpike { factor },
        Breakpoint::Divergence,
        Breakpoint::Step(step),
    ]);
    offers.extend(stops.map(|stop| stop_at(model, stop)));
    let forks = model.runs.forks.list().iter();
    offers.extend(forks.map(|fork| (format!("Close fork: {}", fork.label()), Command::CloseFork(fork.id))));
    offers.extend(axes(model));
    offers.extend(recorded_examples(model));
    let compared = model.runs.compared.iter().enumerate();
    offers.extend(
        compared
            .map(|(place, run)| (format!("Close comparison: {}", run.label), Command::CloseCompared(place))),
    );
    let saved = model.layout.saved.iter().map(|layout| Arrangement::Saved(layout.name.clone()));
    offers.extend(
        Arrangement::BUILT_IN
            .into_iter()
            .chain(saved)
            .map(|arrangement| (format!("Layout: {}", arrangement.title()), Command::Arrange(arrangement))),
    );
    offers.extend(Panel::ALL.map(|panel| {
        let verb = if layout::has(&model.layout.tree, panel) { "Hide" } else { "Show" };
        (format!("{verb} panel: {}", panel.title()), Command::TogglePanel(panel))
    }));
    offers.extend(
        (0..model.runs.presets.len())
            .map(|place| (format!("Preset: {}", model.title(place)), Command::OpenPreset(place))),
    );
    let recordings = bundled().iter().enumerate();
    offers.extend(recordings.filter_map(|(place, recording)| {
        let title = &recording.as_ref().ok()?.preset.title;
        Some((format!("Recorded: {title}"), Command::OpenRecording(place)))
    }));
    let chapters = model.tour.chapters.iter().enumerate();
    offers.extend(chapters.map(|(place, chapter)| {
        let title = format!("Tour, chapter {}: {}", place + 1, chapter.title);
        (title, Command::Tour(TourCommand::Chapter(place)))
    }));
    offers
}

/// The directions from which weight space can be viewed, if they can be chosen.
fn axes(model: &Model) -> Vec<(String, Command)> {
    if model.runs.first.scene.as_ref().is_some_and(|scene| !scene.choosable) {
        return Vec::new();
    }
    let offer = |title: String, change| (title, Command::View(ViewChange::Scene(change)));
    let along = |place: usize, way: &'static str| {
        AxisChoice::ALL
            .map(|axis| offer(format!("Weight space {way}: {axis}"), SceneChange::SetAxis(place, axis)))
    };
    let heights = AxisChoice::ALL
        .map(|axis| offer(format!("Weight space, height: {axis}"), SceneChange::SetThird(Some(axis))));
    let loss = offer("Weight space, height: loss".into(), SceneChange::SetThird(None));
    let plane = along(0, "across").into_iter().chain(along(1, "up"));
    plane.chain([loss]).chain(heights).collect()
}

/// The examples with recorded predictions.
fn recorded_examples(model: &Model) -> Vec<(String, Command)> {
    let Some(found) = model.runs.first.history.predictions() else { return Vec::new() };
    let offer = |example: usize| {
        let choice = Choice { example, ..Choice::default() };
        let title = format!("Predictions: {}", Choice::title(found.examples(), example));
        (title, Command::View(ViewChange::ShowPrediction(choice)))
    };
    (0..found.examples().list.len()).map(offer).collect()
}

/// The entry that sets or removes a breakpoint.
fn stop_at(model: &Model, stop: Breakpoint) -> (String, Command) {
    let verb = if model.runs.breakpoints.contains(&stop) { "No longer stop" } else { "Stop" };
    (format!("{verb} where: {stop}"), Command::ToggleBreakpoint(stop))
}

/// The possible meanings of a typed number, filtered by the letters before it: a step to go to or to stop at,
/// a learning rate, speeds, the smoothing.
fn with_number(model: &Model, letters: &str) -> Vec<(String, Command)> {
    let letters = letters.trim();
    let (words, number) = letters.rsplit_once(char::is_whitespace).unwrap_or(("", letters));
    let mut offers = Vec::new();
    if let Ok(step) = number.parse::<usize>() {
        let there = Command::View(ViewChange::PlaceCursor(Some(step)));
        let recorded = step < model.most_rows();
        offers.extend(recorded.then(|| (format!("Go to step {step}"), there)));
        offers.push(stop_at(model, Breakpoint::Step(step)));
        let more = step > model.runs.first.history.rows() && model.runs.recording.is_none();
        offers.extend(more.then(|| (format!("Train to step {step}"), Command::TrainTo(step))));
    }
    if let Ok(value) = number.parse::<f64>()
        && value.is_finite()
        && value > 0.0
    {
        let fork = ForkForm { eta: value, ..model.forms.fork };
        offers.extend([
            (format!("Train with eta, η = {value}"), Command::SetEta(value)),
            (format!("Edit the fork: η = {value}"), Command::Edit(FormEdit::Fork(fork))),
            (format!("Speed: {value} steps a second"), Command::SetSpeed(Some(value))),
            (format!("Slow motion speed: {value} steps a second"), Command::SetReplaySpeed(value)),
            (format!("Smoothing: {value} steps"), Command::SetSmoothing(value)),
        ]);
    }
    find(offers, words)
}

/// The entries that contain all letters in order, best first.
fn find<T>(offers: Vec<(String, T)>, letters: &str) -> Vec<(String, T)> {
    let mut found: Vec<_> = offers
        .into_iter()
        .filter_map(|(title, offer)| Some((score(&title, letters)?, (title, offer))))
        .collect();
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found.into_iter().map(|(_, offer)| offer).collect()
}

/// The score of a match between letters and title. The letters must occur in order; they count more at the
/// starts of words and directly after one another; of equal matches, the shorter title wins. The best
/// assignment of letters to positions counts.
fn score(title: &str, letters: &str) -> Option<i32> {
    let lower = |text: &str| text.to_lowercase().chars().collect::<Vec<char>>();
    let (title, letters) = (lower(title), lower(letters));
    let letters: Vec<char> = letters.into_iter().filter(|c| !c.is_whitespace()).collect();
    // best[i]: the best score of the letters so far with the last one at position i of the title
    let mut best: Vec<Option<i32>> = Vec::new();
    for (place, letter) in letters.iter().enumerate() {
        let mut before: Option<i32> = None;
        let next = (0..title.len())
            .map(|i| {
                let adjacent = i.checked_sub(1).and_then(|i| *best.get(i)?);
                if let Some(one) = i.checked_sub(1).and_then(|i| *best.get(i)?) {
                    before = before.max(Some(one));
                }
                if title[i] != *letter {
                    return None;
                }
                let gain = match i.checked_sub(1).map(|before| title[before]) {
                    None => 10,
                    Some(before) if !before.is_alphanumeric() => 8,
                    Some(_) => 1,
                };
                let reached = if place == 0 { Some(0) } else { before.max(adjacent.map(|score| score + 8)) };
                reached.map(|score| score + gain)
            })
            .collect();
        best = next;
    }
    let best = if letters.is_empty() { Some(0) } else { best.into_iter().flatten().max() };
    let length = i32::try_from(title.len()).unwrap_or(i32::MAX);
    best.map(|score| score * 64 - if letters.is_empty() { 0 } else { length.min(63) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(letters: &str) -> String {
        let titles = [
            "Play or pause",
            "Step",
            "Step back",
            "Ten steps",
            "Preset: digits, 30% label noise",
            "Presenter",
        ];
        let found = find(titles.map(|title| (title.to_owned(), ())).into(), letters);
        found.first().map(|(title, ())| title.clone()).unwrap_or_default()
    }

    #[test]
    fn a_few_letters_find_what_is_meant() {
        assert_eq!(first("st"), "Step");
        assert_eq!(first("sb"), "Step back");
        assert_eq!(first("ten"), "Ten steps");
        assert_eq!(first("NOISE"), "Preset: digits, 30% label noise");
        assert_eq!(first("prese n"), "Presenter");
        assert_eq!(first("pp"), "Play or pause");
        assert_eq!(first("xyz"), "");
        assert_eq!(first(""), "Play or pause", "without letters, the list as it is");
    }
}
