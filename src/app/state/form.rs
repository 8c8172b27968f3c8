//! The forms over the window: which one is open, and what is typed into each.

use super::export::ExportForm;
use super::layout::Dock;
use crate::run::file::session::EXTENSION;
use std::path::Path;

/// What is typed into the forms.
#[derive(Clone, Debug, Default)]
pub struct Forms {
    /// The form that is open.
    pub open: Option<Form>,
    /// What is typed into the palette.
    pub search: Search,
    /// The export form.
    pub export: ExportForm,
    /// The form of the sessions.
    pub session: SessionForm,
    /// The form of the forks.
    pub fork: ForkForm,
    /// The form of the breakpoints.
    pub breakpoint: BreakpointForm,
    /// The name in the layout form.
    pub layout_name: String,
    /// Which panel the layout form puts where.
    pub dock: Dock,
}

/// What is typed or chosen in a form.
#[derive(Clone, Debug, PartialEq)]
pub enum FormEdit {
    /// What is typed into the palette.
    Search(Search),
    /// The export form.
    Export(ExportForm),
    /// The file in the form of the sessions.
    Session(String),
    /// Which run to leave, and with which learning rate.
    Fork(ForkForm),
    /// The numbers of the breakpoints.
    Breakpoint(BreakpointForm),
    /// The name in the layout form.
    LayoutName(String),
    /// Which panel the layout form puts where.
    Dock(Dock),
}

impl Forms {
    /// Takes what is typed or chosen.
    pub(in crate::app) fn edit(&mut self, edit: FormEdit) {
        match edit {
            FormEdit::Search(search) => self.search = search,
            FormEdit::Export(form) => self.export = form,
            FormEdit::Session(path) => self.session = SessionForm { path, ..SessionForm::default() },
            FormEdit::Fork(form) => self.fork = form,
            FormEdit::Breakpoint(form) => self.breakpoint = form,
            FormEdit::LayoutName(name) => self.layout_name = name,
            FormEdit::Dock(dock) => self.dock = dock,
        }
    }
}

/// A form over the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Every command, found by a few letters.
    Palette,
    /// What every key does, and what the symbols mean.
    Help,
    /// Axis ranges by hand.
    Axes,
    /// Where the run stops by itself.
    Breakpoints,
    /// Runs that left this one.
    Runs,
    /// Saved layouts.
    Layout,
    /// What to write, and where.
    Export,
    /// Runs in files.
    Session,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Palette,
        Self::Help,
        Self::Axes,
        Self::Breakpoints,
        Self::Runs,
        Self::Layout,
        Self::Export,
        Self::Session,
    ];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Palette => "Commands",
            Self::Help => "Keys and symbols",
            Self::Axes => "Axes",
            Self::Breakpoints => "Stop where",
            Self::Runs => "Runs side by side",
            Self::Layout => "Layouts",
            Self::Export => "Export",
            Self::Session => "Sessions",
        }
    }
}

/// What is typed into the palette, and the line of the list that Enter takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// The letters.
    pub letters: String,
    /// The chosen line, counted from 0.
    pub line: usize,
}

/// The numbers of the breakpoints to set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakpointForm {
    /// Which eigenvalue must reach the edge, counted from 1: one after the first.
    pub k: usize,
    /// How many times its mean the loss must reach.
    pub factor: f64,
    /// The step.
    pub step: usize,
}

impl Default for BreakpointForm {
    fn default() -> Self {
        Self { k: 2, factor: 1.5, step: 1000 }
    }
}

/// The next fork.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ForkForm {
    /// The fork to steer and to leave; the first run where it is none.
    pub parent: Option<usize>,
    /// The learning rate to go on with.
    pub eta: f64,
}

/// What a file is chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be written.
    Save,
    /// To be read.
    Open,
}

/// The form of the sessions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionForm {
    /// The file.
    pub path: String,
    /// Whether it holds a session of this window, so that saving again needs no question.
    pub known: bool,
    /// Whether the file is being written or read.
    pub busy: bool,
    /// What became of the last one: what to say, or what went wrong.
    pub outcome: Option<Result<String, String>>,
}

impl SessionForm {
    /// Another file; one without an extension gets the sessions' own.
    pub(crate) fn set_path(&mut self, path: &Path) {
        let named = path.extension().is_some() || path.as_os_str().is_empty();
        let path = if named { path.to_path_buf() } else { path.with_extension(EXTENSION) };
        *self = Self { path: path.display().to_string(), ..Self::default() };
    }

    /// Proposes a file in the working directory.
    pub(in crate::app) fn suggest(&mut self, preset: &str) {
        let stem = Path::new(preset).file_stem().unwrap_or_default().to_string_lossy();
        let directory = std::env::current_dir().unwrap_or_default();
        self.set_path(&directory.join(format!("{stem}.{EXTENSION}")));
    }
}
