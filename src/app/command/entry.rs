//! Name, help text and key of every command, in one place.

use super::Command;
use crate::app::state::form::{Form, FormEdit, Purpose};
use crate::app::state::tour::TourCommand;
use crate::picture::view::ViewChange;
use crate::picture::view::scene_view::SceneChange;
use egui::{Key, KeyboardShortcut, Modifiers};

/// The description of a command in buttons, menus, tooltips, the palette and the overlay.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its accessible name, also the label of its button.
    pub name: &'static str,
    /// What it does.
    pub hint: &'static str,
    /// The key that triggers it.
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
        // commands that discard the current run require a key combination
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
                "Steps a second of the slow motion. Drag, or click the number, type, and press Enter; max shows the next \
                 step with every picture, none left out",
            ),
            Self::MoreSteps => keyed(
                Key::M,
                "More steps",
                "Let the run and its forks take as many more steps as the preset has; a run that has ended at its last step \
                 goes on",
            ),
            Self::TrainTo(_) => {
                plain("Train to a step", "Let the run and its forks take so many steps in all")
            }
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
                 values only. Where the run or a learning rate ends, it goes over the steps on this side alone",
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
            Self::Edit(FormEdit::Dock(_)) => plain("Move panel form", "Which panel is put where"),
            Self::ToggleBreakpoint(_) => plain("Breakpoint", "Pause the run where this happens"),
            Self::Edit(FormEdit::Breakpoint(_)) => plain("Breakpoint form", "The numbers of the breakpoints"),
            Self::Fork => plain(
                "Fork here",
                "Let a second run leave this one at the cursor's step with the learning rate beside it; every plot \
                 shows both",
            ),
            Self::Edit(FormEdit::Fork(_)) => {
                plain("Fork form", "Which run to leave, and with which learning rate")
            }
            Self::CloseFork(_) => plain("Close fork", "End this run and forget it"),
            Self::CloseCompared(_) => plain("Close comparison", "Put this saved run away"),
            Self::SaveSession => control(
                Key::S,
                "Save session",
                "Write the run into a file that goes on from here: its history and checkpoints, its forks, and how they are \
                 shown",
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
            Self::Edit(FormEdit::Session(_)) => plain("Session file", "The file of the session"),
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
            Self::Edit(FormEdit::LayoutName(_)) => plain("Layout name", "The name to save the layout under"),
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
                Form::Help => keyed(
                    Key::Questionmark,
                    "Keys and symbols",
                    "What every key does, and what the symbols mean",
                ),
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
            Self::Edit(FormEdit::Search(_)) => plain("Search", "A few letters of a command's name"),
            Self::Leave => {
                keyed(Key::Escape, "Leave", "Close the form that is open, or leave presenter mode")
            }
            Self::Edit(FormEdit::Export(_)) => plain("Export form", "What to write, and where"),
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
}
