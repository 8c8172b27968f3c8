//! The mapping from keys to commands.

use egui::Id;

use super::Command;
use crate::app::state::form::Form;
use egui::{Key, KeyboardShortcut};

impl Command {
    /// The commands whose keys were pressed. Empty while a control has the keyboard focus: then the space bar
    /// presses that control, and letters are typed into it.
    pub fn pressed(context: &egui::Context) -> Vec<Self> {
        let focused = context.memory(egui::Memory::focused);
        if focused.is_some_and(|id| id != self::id()) {
            return Vec::new();
        }
        // the key closes an open menu
        let in_menu = egui::Popup::is_any_open(context);
        let escapes = |command: &Self| {
            command.entry().shortcut.is_some_and(|shortcut| shortcut.logical_key == Key::Escape)
        };
        Self::simple()
            .into_iter()
            .filter(|command| !(in_menu && escapes(command)) && command.is_pressed(context))
            .collect()
    }

    /// The commands whose keys were pressed while a form is open: only those that close it, save a session,
    /// or quit.
    pub fn pressed_in_form(context: &egui::Context, form: Form) -> Vec<Self> {
        let types = context.text_edit_focused();
        let save = (form == Form::Session).then_some(Self::SaveSession);
        [Self::Toggle(form), Self::Quit]
            .into_iter()
            .chain(save)
            .filter(|command| {
                let bare = command.entry().shortcut.is_some_and(|key| key.modifiers.is_none());
                !(types && bare) && command.is_pressed(context)
            })
            .collect()
    }

    fn is_pressed(&self, context: &egui::Context) -> bool {
        self.entry().shortcut.is_some_and(|shortcut| {
            context.input_mut(|input| input.consume_key(shortcut.modifiers, shortcut.logical_key))
        })
    }
}

/// The text of a key in tooltips and in the overlay.
pub(in crate::app) fn key_text(shortcut: KeyboardShortcut) -> String {
    let key = match shortcut.logical_key {
        Key::ArrowRight => "→",
        Key::ArrowLeft => "←",
        Key::Questionmark => "?",
        key => key.name(),
    };
    let mut text = String::new();
    if shortcut.modifiers.command {
        text.push_str("Ctrl+");
    }
    if shortcut.modifiers.shift {
        text.push_str("Shift+");
    }
    text.push_str(key);
    text
}

/// The identifier of the timeline, which may have the keyboard focus and still leaves the keys to the
/// commands.
pub(crate) fn id() -> Id {
    Id::unique("brink: timeline")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_stands_for_two_commands_and_none_hides_another() {
        let keys: Vec<_> = Command::simple().iter().filter_map(|c| c.entry().shortcut).collect();
        for (place, one) in keys.iter().enumerate() {
            for later in &keys[place + 1..] {
                let hidden =
                    one.logical_key == later.logical_key && later.modifiers.matches_logically(one.modifiers);
                assert!(!hidden, "{} hides {}", key_text(*one), key_text(*later));
            }
        }
    }
}
