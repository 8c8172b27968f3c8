//! Everything a user can ask for: one enum behind buttons, keys, menus, tooltips, the palette, the overlay of keys and
//! tests. A new action is one variant here and one line in [`Command::entry`].

use super::breakpoint_form::BreakpointForm;
use super::export::ExportForm;
use super::fork_form::ForkForm;
use super::forms::{Form, Search};
use super::layout::{Arrangement, Dock, Tree};
use super::session::Purpose;
use super::tour::TourCommand;
use crate::picture::scene::{Layer, SceneChange};
use crate::picture::{Panel, ViewChange};
use crate::run::Breakpoint;
use egui::{Key, KeyboardShortcut, Modifiers};

/// A wish of the user, applied by [`super::Lab::apply`].
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Go on training, or pause.
    PlayPause,
    /// One step forward: of the cursor through what is recorded, of the training at its head.
    StepForward,
    /// One step back, through what is recorded.
    StepBack,
    /// Ten steps forward.
    LeapForward,
    /// Ten steps back.
    LeapBack,
    /// The cursor to the first step.
    ToStart,
    /// The cursor away: everything shows the newest step.
    ToEnd,
    /// Let the cursor play through what is recorded, or stop it there.
    Replay,
    /// Let the replay repeat the steps that are shown, or all of them once.
    ToggleLoop,
    /// The cursor to where the next cycle starts.
    NextCycle,
    /// The cursor to where the cycle before starts.
    PreviousCycle,
    /// Show the cycle at the cursor, and repeat it in slow motion.
    LoopCycle,
    /// Shade the phases of the cycles, or not.
    TogglePhases,
    /// The predictions of the next recorded example.
    NextExample,
    /// The predictions of the recorded example before.
    PreviousExample,
    /// The predictions of the next class or position.
    NextOutput,
    /// The predictions of the class or position before.
    PreviousOutput,
    /// Steps a second of the replay.
    SetReplaySpeed(f64),
    /// Start the preset again at step 0, with the present learning rate.
    Restart,
    /// Start the preset at this place of the menu.
    OpenPreset(usize),
    /// Play the recording at this place among those that come with the program.
    OpenRecording(usize),
    /// Train with this learning rate from the next step on.
    SetEta(f64),
    /// At most this many steps a second; `None` is unlimited.
    SetSpeed(Option<f64>),
    /// Anchor central and gradient flow anew at gradient descent's weights.
    RestartFlows,
    /// What a panel asks for.
    View(ViewChange),
    /// Show the whole run as it grows, without a cursor, all axes fitted.
    FollowRun,
    /// Logarithmic axes everywhere, or linear ones.
    ToggleLogAxes,
    /// Dark on light, or light on dark.
    ToggleTheme,
    /// Hide the central flow's curves, or show them.
    ToggleCentralFlow,
    /// Look at weight space from above, or as a landscape.
    ToggleFlat,
    /// Look at weight space as at first.
    ResetScene,
    /// Draw this over weight space, or do not.
    ToggleLayer(Layer),
    /// Standard deviation of the smoothing, in steps.
    SetSmoothing(f64),
    /// Full screen for a projector: three plots, large, nothing else.
    TogglePresenter,
    /// Arrange the panels as this layout says.
    Arrange(Arrangement),
    /// The panels as they were dragged.
    MovePanels(Box<Tree>),
    /// Show a panel, or hide it.
    TogglePanel(Panel),
    /// Put a panel beside another one, as the layout form says.
    Dock,
    /// Which panel the layout form puts where.
    EditDock(Dock),
    /// Stop the run where this happens, or no more.
    ToggleBreakpoint(Breakpoint),
    /// The form of the breakpoints as edited.
    EditBreakpoint(BreakpointForm),
    /// Let a run leave another one at the cursor's step, as the form of the forks says.
    Fork,
    /// The form of the forks as edited.
    EditFork(ForkForm),
    /// End a fork, by its number, and forget it.
    CloseFork(usize),
    /// Put a saved run away that is compared with, by its place.
    CloseCompared(usize),
    /// Write the run that is steered into a session file.
    SaveSession,
    /// Go on with the session of the form's file.
    OpenSession,
    /// Draw the session of the form's file over the present run.
    CompareSession,
    /// Choose the session's file in the system's dialog.
    ChooseSession(Purpose),
    /// The file in the form of the sessions.
    EditSession(String),
    /// Go on with the run that a crash has left.
    OpenUnfinished,
    /// Remove the run that a crash has left.
    DiscardUnfinished,
    /// Put the command line that opens this moment again into the clipboard.
    CopyAddress,
    /// Keep the present arrangement under the name of the layout form.
    SaveLayout,
    /// Forget a saved layout.
    ForgetLayout(String),
    /// The name in the layout form.
    NameLayout(String),
    /// Show a form, or hide it.
    Toggle(Form),
    /// What is typed into the palette.
    EditSearch(Search),
    /// Leave the form that is open, or presenter mode.
    Leave,
    /// The export form as edited.
    EditExport(ExportForm),
    /// Choose the file in the system's dialog.
    ChooseFile,
    /// Write the file of the export form.
    Save,
    /// Choose the directory of CIFAR-10 in the system's dialog, and start the preset with it.
    ChooseData,
    /// Walk through the guided tour.
    Tour(TourCommand),
    /// Put away the banner at this place.
    Dismiss(usize),
    /// Close the window.
    Quit,
}

/// What buttons, menus, tooltips, the palette and the overlay say of a command.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its accessible name, also the text of its button.
    pub name: &'static str,
    /// What it does.
    pub hint: &'static str,
    /// The key that sends it.
    pub shortcut: Option<KeyboardShortcut>,
}

impl Command {
    /// Name, help and key, in one place.
    #[expect(clippy::too_many_lines, reason = "one arm a command")]
    pub fn entry(&self) -> Entry {
        let plain = |name, hint| Entry { name, hint, shortcut: None };
        let with = |modifiers, key, name, hint| {
            let shortcut = Some(KeyboardShortcut::new(modifiers, key));
            Entry { name, hint, shortcut }
        };
        let keyed = |key, name, hint| with(Modifiers::NONE, key, name, hint);
        // what loses the run that is shown takes two keys
        let control = |key, name, hint| with(Modifiers::COMMAND, key, name, hint);
        match self {
            Self::PlayPause => {
                keyed(Key::Space, "Play or pause", "Go on training, or pause between two steps")
            }
            Self::StepForward => keyed(
                Key::ArrowRight,
                "Step",
                "One step forward: of the cursor through what is recorded; at its end every process takes a step",
            ),
            Self::StepBack => keyed(Key::ArrowLeft, "Step back", "One step back through what is recorded"),
            Self::LeapForward => {
                with(Modifiers::SHIFT, Key::ArrowRight, "Ten steps", "Ten steps forward, as by single ones")
            }
            Self::LeapBack => with(
                Modifiers::SHIFT,
                Key::ArrowLeft,
                "Ten steps back",
                "Ten steps back through what is recorded",
            ),
            Self::ToStart => keyed(Key::Home, "First step", "Put the cursor at the first step"),
            Self::ToEnd => {
                keyed(Key::End, "Newest step", "Put the cursor away: everything shows the newest step again")
            }
            Self::Replay => keyed(
                Key::S,
                "Slow motion",
                "Let the cursor play through what is recorded, from where it is; training goes on or rests as it does",
            ),
            Self::ToggleLoop => keyed(
                Key::O,
                "Loop",
                "Let the slow motion repeat the steps that the plots show; drag in a plot to choose them",
            ),
            Self::NextCycle => keyed(Key::N, "Next cycle", "Put the cursor where the next cycle starts"),
            Self::PreviousCycle => {
                keyed(Key::P, "Previous cycle", "Put the cursor where this cycle, or the one before, starts")
            }
            Self::LoopCycle => keyed(
                Key::Z,
                "Loop this cycle",
                "Show the cycle at the cursor (or the newest one) alone, and repeat it in slow motion",
            ),
            Self::TogglePhases => keyed(
                Key::H,
                "Phases",
                "Shade the phases of each cycle: sharpening, growth, reduction, decay; or a settled orbit",
            ),
            Self::NextExample => {
                keyed(Key::J, "Next example", "Show the predictions of the next recorded example")
            }
            Self::PreviousExample => with(
                Modifiers::SHIFT,
                Key::J,
                "Previous example",
                "Show the predictions of the recorded example before",
            ),
            Self::NextOutput => keyed(
                Key::Y,
                "Next output",
                "Show the predictions of the example's next class, position after position",
            ),
            Self::PreviousOutput => with(
                Modifiers::SHIFT,
                Key::Y,
                "Previous output",
                "Show the predictions of the example's class before, position before position",
            ),
            Self::SetReplaySpeed(_) => plain(
                "Slow motion speed",
                "Steps a second of the slow motion. Drag, or click the number, type, and press Enter",
            ),
            Self::Restart => {
                control(Key::R, "Restart", "Start again at step 0, with the learning rate of the slider")
            }
            Self::OpenPreset(_) => plain("Preset", "Start another run"),
            Self::OpenRecording(_) => plain("Recording", "Play a recorded run"),
            Self::SetEta(_) => plain(
                "η",
                "The learning rate, from the next step on; all processes go on from where they are. Drag, or click \
                 the number, type, and press Enter",
            ),
            Self::SetSpeed(_) => {
                plain("Speed", "Steps a second, at most. Drag, or click the number, type, and press Enter")
            }
            Self::RestartFlows => keyed(
                Key::F,
                "Restart flows here",
                "Anchor central flow and gradient flow anew at gradient descent's present weights",
            ),
            Self::View(ViewChange::Scene(SceneChange::SetAxis(..) | SceneChange::SetThird(_))) => {
                plain("Axis of weight space", "Look at weight space along this direction")
            }
            Self::View(ViewChange::ShowPrediction(_)) => {
                plain("Predictions", "Show what the network answers on this example")
            }
            Self::View(_) => plain("View", "Move in the plots"),
            Self::FollowRun => keyed(
                Key::W,
                "Whole run",
                "Show every step as the run grows, fit all axes, and put the cursor away",
            ),
            Self::ToggleLogAxes => {
                keyed(Key::L, "Log axes", "Logarithmic vertical axes where the quantity is positive")
            }
            Self::ToggleTheme => keyed(Key::D, "Dark", "Light lines on a dark ground"),
            Self::ToggleCentralFlow => {
                keyed(Key::C, "Central flow", "Show the central flow's curves: predict first, then reveal")
            }
            Self::ToggleFlat => keyed(
                Key::V,
                "Weight space in 2-D or 3-D",
                "Look at weight space from above, or as a landscape of the loss",
            ),
            Self::ResetScene => keyed(
                Key::X,
                "Reset weight space",
                "Look at weight space as at first: not turned, moved or magnified",
            ),
            Self::ToggleLayer(layer) => plain(layer.name(), "Draw this over weight space, or do not"),
            Self::SetSmoothing(_) => plain(
                "Smoothing",
                "Standard deviation of the Gaussian smoothing of gradient descent's curves, in steps; 0 shows raw \
                 values only. Where the run or a learning rate ends, the mean goes over the steps on this side alone, \
                 and so lags behind a slope",
            ),
            Self::TogglePresenter => keyed(
                Key::F5,
                "Presenter",
                "For a projector: full screen, the layout's first three plots, large; Escape leaves",
            ),
            Self::Arrange(arrangement) => {
                let hint = "Arrange the panels as this layout says";
                match arrangement.key() {
                    Some(key) => keyed(key, "Layout", hint),
                    None => plain("Layout", hint),
                }
            }
            Self::MovePanels(_) => plain("Panels", "Move the panels"),
            Self::TogglePanel(_) => plain("Panel", "Show this panel, or hide it"),
            Self::Dock => plain("Move panel", "Put this panel beside the other one"),
            Self::EditDock(_) => plain("Move panel form", "Which panel is put where"),
            Self::ToggleBreakpoint(_) => plain("Breakpoint", "Pause the run where this happens"),
            Self::EditBreakpoint(_) => plain("Breakpoint form", "The numbers of the breakpoints"),
            Self::Fork => plain(
                "Fork here",
                "Let a second run leave this one at the cursor's step with the learning rate beside it; every plot \
                 shows both",
            ),
            Self::EditFork(_) => plain("Fork form", "Which run to leave, and with which learning rate"),
            Self::CloseFork(_) => plain("Close fork", "End this run and forget it"),
            Self::CloseCompared(_) => plain("Close comparison", "Put this saved run away"),
            Self::SaveSession => control(
                Key::S,
                "Save session",
                "Write the run into a file that goes on from here: the run chosen among the forks, its history and \
                 checkpoints",
            ),
            Self::OpenSession => {
                plain("Open session", "Go on with the run in this file; the present one ends")
            }
            Self::CompareSession => {
                plain("Compare with it", "Draw the run in this file over the present one")
            }
            Self::ChooseSession(Purpose::Open) => plain(
                "Find session",
                "Find a session in the system's dialog; a path can always be typed instead",
            ),
            Self::ChooseSession(Purpose::Save) => plain(
                "New session file",
                "Name a new file in the system's dialog; a path can always be typed instead",
            ),
            Self::EditSession(_) => plain("Session file", "The file of the session"),
            Self::OpenUnfinished => {
                plain("Open", "Go on with the run that was not finished; the present one ends")
            }
            Self::DiscardUnfinished => plain("Discard", "Remove the run that was not finished"),
            Self::CopyAddress => plain(
                "Copy the command",
                "Put the command line that opens this moment again, with its forks and its cursor, into the clipboard",
            ),
            Self::SaveLayout => plain("Save layout", "Keep the present arrangement under this name"),
            Self::ForgetLayout(_) => plain("Forget layout", "Forget this saved layout"),
            Self::NameLayout(_) => plain("Layout name", "The name to save the layout under"),
            Self::Toggle(form) => match form {
                Form::Export => keyed(
                    Key::E,
                    "Export…",
                    "Write the run as CSV, panels as PNG or SVG, a stretch of steps as an animation",
                ),
                Form::Palette => control(
                    Key::K,
                    "Commands…",
                    "Find a command, a preset, a chapter or a panel by a few letters of its name, or with a number",
                ),
                Form::Help => keyed(Key::Questionmark, "Keys", "What every key does"),
                Form::Axes => keyed(Key::A, "Axes…", "Set the range of every axis by hand"),
                Form::Breakpoints => keyed(
                    Key::B,
                    "Breakpoints…",
                    "Let the run stop by itself: at the edge, at a peak, at a spike, at a step",
                ),
                Form::Runs => keyed(
                    Key::K,
                    "Forks…",
                    "Let runs leave this one at the cursor's step with another learning rate, side by side",
                ),
                Form::Layout => plain("Layouts…", "Move panels, save their arrangement, or forget one"),
                Form::Session => {
                    control(Key::O, "Sessions…", "Save the run into a file, open one, or compare with one")
                }
            },
            Self::EditSearch(_) => plain("Search", "A few letters of a command's name"),
            Self::Leave => {
                keyed(Key::Escape, "Leave", "Close the form that is open, or leave presenter mode")
            }
            Self::EditExport(_) => plain("Export form", "What to write, and where"),
            Self::ChooseFile => {
                plain("Choose…", "Choose the file in the system's dialog; a path can always be typed instead")
            }
            Self::Save => plain("Save", "Write the file of the export form"),
            Self::ChooseData => plain(
                "Choose directory…",
                "Choose the directory that holds data_batch_1.bin and so on, and start the preset with it; the key \
                 data.path or the environment variable BRINK_DATA can name it too",
            ),
            Self::Tour(TourCommand::Toggle) => keyed(
                Key::T,
                "Tour",
                "Open the guided tour, or leave it for free play; it goes on where it was left",
            ),
            Self::Tour(TourCommand::Next) => keyed(
                Key::PageDown,
                "Next card",
                "The answer to the card's question, or the next card of the tour",
            ),
            Self::Tour(TourCommand::Previous) => {
                keyed(Key::PageUp, "Previous card", "The card of the tour before this one")
            }
            Self::Tour(TourCommand::Chapter(_)) => {
                plain("Chapter", "Open a chapter of the tour; its run starts")
            }
            Self::Tour(TourCommand::Reveal) => plain("Reveal", "Show the answer to the card's question"),
            Self::Tour(TourCommand::Turn(..)) => plain("Slider", "Start the chapter's run with this value"),
            Self::Dismiss(_) => plain("Dismiss", "Put this message away"),
            Self::Quit => control(Key::Q, "Quit", "End the run and close the window"),
        }
    }

    /// The commands that carry no value, in the order of the overlay; those with the same key but more modifiers
    /// first.
    pub fn simple() -> Vec<Self> {
        let mut commands = vec![
            Self::PlayPause,
            Self::LeapForward,
            Self::LeapBack,
            Self::StepForward,
            Self::StepBack,
            Self::ToStart,
            Self::ToEnd,
            Self::Replay,
            Self::ToggleLoop,
            Self::NextCycle,
            Self::PreviousCycle,
            Self::LoopCycle,
            Self::TogglePhases,
            Self::PreviousExample,
            Self::NextExample,
            Self::PreviousOutput,
            Self::NextOutput,
            Self::Restart,
            Self::RestartFlows,
            Self::FollowRun,
            Self::ToggleCentralFlow,
            Self::ToggleLogAxes,
            Self::ToggleTheme,
            Self::TogglePresenter,
            Self::Tour(TourCommand::Toggle),
            Self::Tour(TourCommand::Next),
            Self::Tour(TourCommand::Previous),
            Self::SaveSession,
            Self::CopyAddress,
        ];
        commands.extend([Self::ToggleFlat, Self::ResetScene]);
        commands.extend(Layer::ALL.map(Self::ToggleLayer));
        commands.extend(Form::ALL.map(Self::Toggle));
        commands.extend(Arrangement::BUILT_IN.map(Self::Arrange));
        commands.extend([Self::Leave, Self::Quit]);
        commands
    }

    /// Its accessible name, also the text of its button.
    pub fn name(&self) -> &'static str {
        self.entry().name
    }

    /// Its name, with what it is about.
    pub fn full_name(&self) -> String {
        let name = self.name();
        match self {
            Self::Arrange(arrangement) => format!("{name}: {}", arrangement.title()),
            Self::ToggleBreakpoint(breakpoint) => format!("{name}: {breakpoint}"),
            Self::CloseFork(id) => format!("{name} {}", id + 1),
            Self::CloseCompared(place) => format!("{name} {}", place + 1),
            Self::ForgetLayout(layout) => format!("{name}: {layout}"),
            Self::TogglePanel(panel) => format!("{name}: {}", panel.title()),
            _ => name.to_owned(),
        }
    }

    /// The tooltip: what it does, and its key.
    pub fn tooltip(&self) -> String {
        let Entry { hint, shortcut, .. } = self.entry();
        shortcut.map_or(hint.to_owned(), |shortcut| format!("{hint}  [{}]", key_text(shortcut)))
    }

    /// The commands whose keys were pressed. None while a control has the keyboard: the space bar then presses that
    /// control, and letters are typed.
    pub fn pressed(context: &egui::Context) -> Vec<Self> {
        let focused = context.memory(egui::Memory::focused);
        if focused.is_some_and(|id| id != super::timeline::id()) {
            return Vec::new();
        }
        Self::simple().into_iter().filter(|command| command.is_pressed(context)).collect()
    }

    /// The commands whose keys were pressed while a form is open: those that put it away, save a session, or quit.
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

/// A key as it is written in tooltips and in the overlay.
pub(super) fn key_text(shortcut: KeyboardShortcut) -> String {
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
