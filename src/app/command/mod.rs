//! All actions of the user: one enum behind buttons, keys, menus, tooltips, the palette, the overlay of keys
//! and tests. A new action needs one variant here and one line in [`Command::entry`].

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

/// A user command, applied by [`super::lab::Lab::apply`].
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Resume or pause training.
    PlayPause,
    /// One step forward: the cursor moves through the recorded steps; at the newest step, training takes a
    /// step.
    StepForward,
    /// One step back through the recorded steps.
    StepBack,
    /// Ten steps forward.
    LeapForward,
    /// Ten steps back.
    LeapBack,
    /// Move the cursor to the first step.
    ToStart,
    /// Remove the cursor: everything shows the newest step.
    ToEnd,
    /// Start or stop the playback of the recorded steps.
    Replay,
    /// Let the playback loop over the displayed steps, or play all steps once.
    ToggleLoop,
    /// Move the cursor to the start of the next cycle.
    NextCycle,
    /// Move the cursor to the start of the previous cycle.
    PreviousCycle,
    /// Show the cycle at the cursor, and loop over it in slow motion.
    LoopCycle,
    /// Shade the phases of the cycles, or do not.
    TogglePhases,
    /// Show the predictions of the next recorded example.
    NextExample,
    /// Show the predictions of the previous recorded example.
    PreviousExample,
    /// Show the predictions of the next class or position.
    NextOutput,
    /// Show the predictions of the previous class or position.
    PreviousOutput,
    /// Set the steps per second of the playback.
    SetReplaySpeed(f64),
    /// Extend the run by the number of steps of its preset; a run that has taken all its steps goes on.
    MoreSteps,
    /// Set the total number of steps of the run.
    TrainTo(usize),
    /// Restart the preset at step 0 with the current learning rate.
    Restart,
    /// Start the preset at this index of the menu.
    OpenPreset(usize),
    /// Play the built-in recording with this index.
    OpenRecording(usize),
    /// Train with this learning rate from the next step on.
    SetEta(f64),
    /// Limit the steps per second; `None` is unlimited.
    SetSpeed(Option<f64>),
    /// Restart the central flow and the gradient flow from gradient descent's weights.
    RestartFlows,
    /// A request of a panel.
    View(ViewChange),
    /// Show the whole run as it grows, without a cursor and with all axes fitted.
    FollowRun,
    /// Use logarithmic axes everywhere, or linear ones.
    ToggleLogAxes,
    /// Switch between the dark and the light theme.
    ToggleTheme,
    /// Hide or show the central flow's curves.
    ToggleCentralFlow,
    /// Show weight space from above, or as a landscape.
    ToggleFlat,
    /// Restore the initial view of weight space.
    ResetScene,
    /// Show or hide this layer of weight space.
    ToggleLayer(Layer),
    /// Set the standard deviation of the smoothing, in steps.
    SetSmoothing(f64),
    /// Enter or leave presenter mode: full screen for a projector, with three large plots and nothing else.
    TogglePresenter,
    /// Arrange the panels according to this layout.
    Arrange(Arrangement),
    /// Take over the arrangement of panels that were dragged.
    MovePanels(Box<Tree>),
    /// Show or hide a panel.
    TogglePanel(Panel),
    /// Place a panel next to another one, according to the layout form.
    Dock,
    /// Set or remove this breakpoint of the run.
    ToggleBreakpoint(Breakpoint),
    /// Fork a run at the cursor's step, according to the fork form.
    Fork,
    /// End and remove a fork, given by its number.
    CloseFork(usize),
    /// Remove a saved run from the comparison, given by its index.
    CloseCompared(usize),
    /// Write the run and its forks to a session file.
    SaveSession,
    /// Continue the session in the form's file.
    OpenSession,
    /// Draw the session in the form's file over the current run.
    CompareSession,
    /// Choose the session file in the system's dialog.
    ChooseSession(Purpose),
    /// Continue the run left by a crash.
    OpenUnfinished,
    /// Remove the run left by a crash.
    DiscardUnfinished,
    /// Copy the command line that reopens this moment to the clipboard.
    CopyAddress,
    /// Save the current arrangement under the name in the layout form.
    SaveLayout,
    /// Delete a saved layout.
    ForgetLayout(String),
    /// Show or hide a form.
    Toggle(Form),
    /// An edit to a form. It is applied before the other commands of the same frame, whatever their order.
    Edit(FormEdit),
    /// Leave the open form, or presenter mode.
    Leave,
    /// Choose the export file in the system's dialog.
    ChooseFile,
    /// Write the file of the export form.
    Save,
    /// Choose the CIFAR-10 directory in the system's dialog, and start the preset with it.
    ChooseData,
    /// A command to the guided tour.
    Tour(TourCommand),
    /// Dismiss the banner at this index.
    Dismiss(usize),
    /// Close the window.
    Quit,
}

impl Command {
    /// The commands without a value, in the order of the overlay; of those with the same key, the one with
    /// more modifiers comes first.
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

    /// Its accessible name, also the label of its button.
    pub fn name(&self) -> &'static str {
        self.entry().name
    }

    /// Its name together with its subject.
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
