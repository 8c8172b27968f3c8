//! Ways to send a command by its controls.

use super::hands::key;
use super::*;
use crate::app::state::tour::TourCommand;
use std::mem::discriminant;
use std::path::Path;

/// The last command of a kind that was sent.
pub(super) fn last(window: &mut Window, kind: &Command) -> Command {
    let same = |sent: &&Command| match (sent, kind) {
        (Command::View(sent), Command::View(kind)) => discriminant(sent) == discriminant(kind),
        (Command::Edit(sent), Command::Edit(kind)) => discriminant(sent) == discriminant(kind),
        (Command::Tour(sent), Command::Tour(kind)) => discriminant(sent) == discriminant(kind),
        _ => discriminant(*sent) == discriminant(kind),
    };
    lab(window).sent.iter().rfind(same).cloned().expect("one is sent")
}

/// The first button of the command's name.
pub(super) fn button(window: &mut Window, command: &Command) {
    let name = command.full_name();
    window.get_all_by_role_and_label(Role::Button, &name).next().expect("a button").click();
    window.run_steps(8);
}

pub(super) fn mark(window: &mut Window, command: &Command) {
    tick(window, command.name());
}

/// Through the palette: its field is found by its label, and the line by its text.
pub(super) fn palette(window: &mut Window, command: &Command) {
    press(window, "Help");
    button(window, &Command::Toggle(Form::Palette));
    type_text(window, Command::Edit(FormEdit::Search(Search::default())).entry().hint, command.name());
    control(window, Role::Button, command.name()).click();
    window.run_steps(3);
}

pub(super) fn set(window: &mut Window, role: Role, name: &str, value: f64) {
    control(window, role, name).set_value_accesskit(value);
    window.run_steps(3);
}

/// Into the number beside a slider.
pub(super) fn type_number(window: &mut Window, name: &str, text: &str) {
    control(window, Role::SpinButton, name).click();
    window.run_steps(2);
    window.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
    window.event(egui::Event::Text(text.to_owned()));
    window.step();
    key(window, Key::Enter);
}

pub(super) fn type_text(window: &mut Window, name: &str, text: &str) {
    control(window, Role::TextInput, name).click();
    window.run_steps(2);
    window.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
    window.event(egui::Event::Text(text.to_owned()));
    window.run_steps(3);
}

/// A line of a list that a box opens.
pub(super) fn choose(window: &mut Window, list: &str, line: &str) {
    control(window, Role::ComboBox, list).click();
    window.run_steps(3);
    let found = window.get_by_role_and_label(Role::Button, line);
    found.scroll_to_me();
    window.run_steps(3);
    press(window, line);
}

pub(super) fn arrange(window: &mut Window, arrangement: Arrangement) {
    press(window, "Layout");
    button(window, &Command::Arrange(arrangement));
}

pub(super) fn layout_form(window: &mut Window) {
    press(window, "Layout");
    button(window, &Command::Toggle(Form::Layout));
}

pub(super) fn session_form(window: &mut Window, path: &str) {
    lab(window).apply(Command::Edit(FormEdit::Session(path.into())));
    press(window, "File");
    button(window, &Command::Toggle(Form::Session));
}

/// The form on a file that is there (and no session).
pub(super) fn existing_session(window: &mut Window, command: &Command) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    session_form(window, &file.path().display().to_string());
    button(window, command);
}

pub(super) fn unfinished(window: &mut Window, command: &Command) {
    let model = &mut lab(window).model;
    model.runs.unfinished.push(Path::new("left.brink").into());
    model.raise(Banner { offers_unfinished: true, ..Banner::new(Level::Note, "a run was not finished") });
    window.run_steps(20);
    button(window, command);
}

pub(super) fn open_tour(window: &mut Window) {
    button(window, &Command::Tour(TourCommand::Toggle));
    until(window, "the first stop", |model| !model.tour.waits());
    window.run_steps(4);
}

pub(super) fn in_tour(window: &mut Window, command: &Command) {
    open_tour(window);
    button(window, command);
}
