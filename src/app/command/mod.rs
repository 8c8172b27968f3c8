//! Everything a user can ask for: one enum behind buttons, keys, menus, tooltips, the palette, the overlay of keys and
//! tests. A new action is one variant here and one line in [`Command::entry`].

pub(crate) mod entry;
pub(crate) mod keys;

pub use entry::Entry;
pub(super) use keys::key_text;

use super::state::form::{Form, FormEdit, Purpose};
use super::state::layout::{Arrangement, Tree};
use super::state::tour::TourCommand;
use crate::picture::view::ViewChange;
use crate::picture::view::panel::Panel;
use crate::picture::view::scene_view::Layer;
use crate::run::engine::breakpoint::Breakpoint;

/// A wish of the user, applied by [`super::lab::Lab::apply`].
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
    /// Let the run take as many more steps as its preset has; one that has taken all of them goes on.
    MoreSteps,
    /// Let the run take so many steps in all.
    TrainTo(usize),
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
    /// Stop the run where this happens, or no more.
    ToggleBreakpoint(Breakpoint),
    /// Let a run leave another one at the cursor's step, as the form of the forks says.
    Fork,
    /// End a fork, by its number, and forget it.
    CloseFork(usize),
    /// Put a saved run away that is compared with, by its place.
    CloseCompared(usize),
    /// Write the run and its forks into a session file.
    SaveSession,
    /// Go on with the session of the form's file.
    OpenSession,
    /// Draw the session of the form's file over the present run.
    CompareSession,
    /// Choose the session's file in the system's dialog.
    ChooseSession(Purpose),
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
    /// Show a form, or hide it.
    Toggle(Form),
    /// What is typed or chosen in a form. It counts before the other commands of the same frame, wherever it stands.
    Edit(FormEdit),
    /// Leave the form that is open, or presenter mode.
    Leave,
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

impl Command {
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
            Self::MoreSteps,
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
}
