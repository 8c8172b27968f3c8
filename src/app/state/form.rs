//! The forms over the window: the open form, and the contents of each.

use super::export::ExportForm;
use super::layout::Dock;
use crate::run::file::session::EXTENSION;
use std::path::Path;

/// The contents of the forms.
#[derive(Clone, Debug, Default)]
pub struct Forms {
    /// The open form.
    pub open: Option<Form>,
    /// The contents of the palette.
    pub search: Search,
    /// The export form.
    pub export: ExportForm,
    /// The session form.
    pub session: SessionForm,
    /// The fork form.
    pub fork: ForkForm,
    /// The breakpoint form.
    pub breakpoint: BreakpointForm,
    /// The name in the layout form.
    pub layout_name: String,
    /// The panel placement in the layout form.
    pub dock: Dock,
}

/// An edit to a form.
#[derive(Clone, Debug, PartialEq)]
pub enum FormEdit {
    /// The contents of the palette.
    Search(Search),
    /// The export form.
    Export(ExportForm),
    /// The file in the session form.
    Session(String),
    /// The parent run and the learning rate of the fork.
    Fork(ForkForm),
    /// The numbers of the breakpoints.
    Breakpoint(BreakpointForm),
    /// The name in the layout form.
    LayoutName(String),
    /// The panel placement in the layout form.
    Dock(Dock),
}

impl Forms {
    /// Applies an edit.
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
    /// The searchable list of all commands.
    Palette,
    /// The meaning of every key and symbol.
    Help,
    /// Axis ranges set by hand.
    Axes,
    /// The breakpoints of the run.
    Breakpoints,
    /// The forks of the run.
    Runs,
    /// Saved layouts.
    Layout,
    /// The export: what to write, and where.
    Export,
    /// Sessions: runs in files.
    Session,
}

impl Form {
    /// All forms.
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

/// The letters typed into the palette, and the line of the list that Enter chooses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// The typed letters.
    pub letters: String,
    /// The chosen line, counted from 0.
    pub line: usize,
}

/// The values for the next breakpoints.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakpointForm {
    /// The eigenvalue that must reach the edge, counted from 1; never the first.
    pub k: usize,
    /// The multiple of its mean that the loss must reach.
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
    /// The parent run, which is also the steered run; `None` is the first run.
    pub parent: Option<usize>,
    /// The learning rate of the fork.
    pub eta: f64,
}

/// The purpose of choosing a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The file will be written.
    Save,
    /// The file will be read.
    Open,
}

/// The contents of the session form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionForm {
    /// The file.
    pub path: String,
    /// Whether the file holds a session of this window, so that saving again needs no confirmation.
    pub known: bool,
    /// Whether the file is being read or written.
    pub busy: bool,
    /// The outcome of the last operation: a message or an error.
    pub outcome: Option<Result<String, String>>,
}

impl SessionForm {
    /// Sets another file; a path without an extension gets the session extension.
    pub(crate) fn set_path(&mut self, path: &Path) {
        let named = path.extension().is_some() || path.as_os_str().is_empty();
        let path = if named { path.to_path_buf() } else { path.with_extension(EXTENSION) };
        *self = Self { path: path.display().to_string(), ..Self::default() };
    }

    /// Suggests a file in the working directory.
    pub(in crate::app) fn suggest(&mut self, preset: &str) {
        let stem = Path::new(preset).file_stem().unwrap_or_default().to_string_lossy();
        let directory = std::env::current_dir().unwrap_or_default();
        self.set_path(&directory.join(format!("{stem}.{EXTENSION}")));
    }
}
