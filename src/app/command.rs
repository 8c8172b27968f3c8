//! Everything a user can ask for: one enum behind buttons, keys, tooltips and tests.

use super::export::ExportForm;
use crate::picture::ViewChange;
use egui::{Key, KeyboardShortcut, Modifiers};

/// A wish of the user, applied by [`super::Lab::apply`].
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Go on training, or pause.
    PlayPause,
    /// Take one step, then pause.
    StepForward,
    /// Start the preset again at step 0, with the present learning rate.
    Restart,
    /// Start the preset at this place of the menu.
    OpenPreset(usize),
    /// Train with this learning rate from the next step on.
    SetEta(f64),
    /// At most this many steps a second; `None` is unlimited.
    SetSpeed(Option<f64>),
    /// Anchor central and gradient flow anew at gradient descent's weights.
    RestartFlows,
    /// What a panel asks for.
    View(ViewChange),
    /// Show the whole run as it grows, without a cursor.
    FollowRun,
    /// Logarithmic axes everywhere, or linear ones.
    ToggleLogAxes,
    /// Dark on light, or light on dark.
    ToggleTheme,
    /// Hide the central flow's curves, or show them.
    ToggleCentralFlow,
    /// Standard deviation of the smoothing, in steps.
    SetSmoothing(f64),
    /// Show the export form, or hide it.
    ToggleExport,
    /// The export form as edited.
    EditExport(ExportForm),
    /// Choose the file in the system's dialog.
    ChooseFile,
    /// Write the file of the export form.
    Save,
    /// Choose the directory of CIFAR-10 in the system's dialog, and start the preset with it.
    ChooseData,
    /// Put away the banner at this place.
    Dismiss(usize),
    /// Close the window.
    Quit,
}

impl Command {
    /// The commands that have a key of their own.
    pub const KEYED: [Self; 10] = [
        Self::PlayPause,
        Self::StepForward,
        Self::Restart,
        Self::RestartFlows,
        Self::FollowRun,
        Self::ToggleLogAxes,
        Self::ToggleTheme,
        Self::ToggleCentralFlow,
        Self::ToggleExport,
        Self::Quit,
    ];

    /// Its accessible name, also the text of its button.
    pub fn name(&self) -> &'static str {
        match self {
            Self::PlayPause => "Play or pause",
            Self::StepForward => "Step",
            Self::Restart => "Restart",
            Self::OpenPreset(_) => "Preset",
            Self::SetEta(_) => "η",
            Self::SetSpeed(_) => "Speed",
            Self::RestartFlows => "Restart flows here",
            Self::View(_) => "View",
            Self::FollowRun => "Whole run",
            Self::ToggleLogAxes => "Log axes",
            Self::ToggleTheme => "Dark",
            Self::ToggleCentralFlow => "Central flow",
            Self::SetSmoothing(_) => "Smoothing",
            Self::ToggleExport => "Export…",
            Self::EditExport(_) => "Export form",
            Self::ChooseFile => "Choose…",
            Self::Save => "Save",
            Self::ChooseData => "Choose directory…",
            Self::Dismiss(_) => "Dismiss",
            Self::Quit => "Quit",
        }
    }

    /// What it does, for the tooltip.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::PlayPause => "Go on training, or pause between two steps",
            Self::StepForward => "Take one step of every process, then pause",
            Self::Restart => "Start again at step 0, with the learning rate of the slider",
            Self::OpenPreset(_) => "Start another run",
            Self::SetEta(_) => {
                "The learning rate, from the next step on; all processes go on from where they are. Drag, or click the \
                 number, type, and press Enter"
            }
            Self::SetSpeed(_) => "Steps a second, at most. Drag, or click the number, type, and press Enter",
            Self::RestartFlows => {
                "Anchor central flow and gradient flow anew at gradient descent's present weights"
            }
            Self::View(_) => "Move in the plots",
            Self::FollowRun => "Show every step as the run grows, and put the cursor away",
            Self::ToggleLogAxes => "Logarithmic vertical axes where the quantity is positive",
            Self::ToggleTheme => "Light lines on a dark ground",
            Self::ToggleCentralFlow => "Show the central flow's curves: predict first, then reveal",
            Self::SetSmoothing(_) => {
                "Standard deviation of the Gaussian smoothing of gradient descent's curves, in steps; 0 shows raw \
                 values only"
            }
            Self::ToggleExport => "Write the run as CSV, or panels as PNG",
            Self::EditExport(_) => "What to write, and where",
            Self::ChooseFile => "Choose the file in the system's dialog; a path can always be typed instead",
            Self::Save => "Write the file",
            Self::ChooseData => {
                "Choose the directory that holds data_batch_1.bin and so on, and start the preset with it; the key \
                 data.path or the environment variable BRINK_DATA can name it too"
            }
            Self::Dismiss(_) => "Put this message away",
            Self::Quit => "End the run and close the window",
        }
    }

    /// The key that sends it.
    pub fn shortcut(&self) -> Option<KeyboardShortcut> {
        let key = match self {
            Self::PlayPause => Key::Space,
            Self::StepForward => Key::ArrowRight,
            Self::RestartFlows => Key::F,
            Self::FollowRun => Key::Home,
            Self::ToggleLogAxes => Key::L,
            Self::ToggleTheme => Key::D,
            Self::ToggleCentralFlow => Key::C,
            Self::ToggleExport => Key::E,
            // what loses the run that is shown takes two keys
            Self::Restart => return Some(KeyboardShortcut::new(Modifiers::COMMAND, Key::R)),
            Self::Quit => return Some(KeyboardShortcut::new(Modifiers::COMMAND, Key::Q)),
            _ => return None,
        };
        Some(KeyboardShortcut::new(Modifiers::NONE, key))
    }

    /// The tooltip: what it does, and its key.
    pub fn tooltip(&self) -> String {
        match self.shortcut() {
            None => self.hint().to_owned(),
            Some(shortcut) => {
                let key = match shortcut.logical_key {
                    Key::ArrowRight => "→",
                    key => key.name(),
                };
                let with = if shortcut.modifiers.is_none() { "" } else { "Ctrl+" };
                format!("{}  [{with}{key}]", self.hint())
            }
        }
    }

    /// The commands whose keys were pressed. None while a control has the keyboard: the space bar then presses that
    /// control, and letters are typed.
    pub fn pressed(context: &egui::Context) -> Vec<Self> {
        if context.memory(|memory| memory.focused().is_some()) {
            return Vec::new();
        }
        let pressed = |command: &Self| {
            command.shortcut().is_some_and(|shortcut| {
                context.input_mut(|input| input.consume_key(shortcut.modifiers, shortcut.logical_key))
            })
        };
        Self::KEYED.into_iter().filter(pressed).collect()
    }
}
