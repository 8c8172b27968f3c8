//! The export form: what to write, at which size, and where.

use crate::picture::file::export::Film;
use crate::picture::view::panel::Panel;
use std::path::{Path, PathBuf};

/// The outcome of an export: the written file, or the error.
pub type ExportOutcome = Result<PathBuf, String>;

/// The kind of export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum What {
    /// Every column of every step, of every run.
    #[default]
    Csv,
    /// The data shown by the window's panels for the visible steps: the lines as drawn.
    VisibleCsv,
    /// A picture of one panel.
    Panel,
    /// A picture of all panels as arranged in the window.
    Dashboard,
    /// A picture of the whole window, including its controls.
    Window,
    /// An animation of the cursor moving through a range of steps.
    Film,
}

impl What {
    /// All kinds, in the order of the form.
    pub const ALL: [Self; 6] =
        [Self::Csv, Self::VisibleCsv, Self::Panel, Self::Dashboard, Self::Window, Self::Film];

    /// Its label in the form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "Run as CSV",
            Self::VisibleCsv => "What is shown as CSV",
            Self::Panel => "One panel as a picture",
            Self::Dashboard => "The dashboard as laid out, as a picture",
            Self::Window => "Whole window as a picture",
            Self::Film => "A stretch of steps as an animated picture",
        }
    }

    pub(crate) fn is_csv(self) -> bool {
        matches!(self, Self::Csv | Self::VisibleCsv)
    }

    /// The initial size of its picture, in points; for the window, its own size is used.
    pub(crate) fn size(self) -> Option<[f32; 2]> {
        match self {
            Self::Csv | Self::VisibleCsv | Self::Window => None,
            Self::Panel => Some(Panel::default().picture_size()),
            Self::Dashboard => Some([1280.0, 800.0]),
            Self::Film => Some([960.0, 600.0]),
        }
    }
}

/// The export form.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportForm {
    /// The kind of export.
    pub what: What,
    /// The panel, for the export of a single panel.
    pub panel: Panel,
    /// The panel of an animation; `None` is all panels of the window.
    pub film_panel: Option<Panel>,
    /// The step range of an animation.
    pub film: Film,
    /// Whether pictures are written as SVG.
    pub svg: bool,
    /// Width and height of a picture, in points.
    pub size: [f32; 2],
    /// Pixels per point of a picture; two are sharp in print and on a projector.
    pub scale: f32,
    /// The file.
    pub path: String,
    /// Whether the system's dialog is open.
    pub choosing: bool,
    /// Whether the file is being written.
    pub saving: bool,
    /// The outcome of the last export.
    pub outcome: Option<ExportOutcome>,
}

impl Default for ExportForm {
    fn default() -> Self {
        Self {
            what: What::default(),
            panel: Panel::default(),
            film_panel: Some(Panel::default()),
            film: Film { steps: [0, 0], frames: 60, per_second: 10 },
            svg: false,
            size: [1280.0, 800.0],
            scale: 2.0,
            path: String::new(),
            choosing: false,
            saving: false,
            outcome: None,
        }
    }
}

impl ExportForm {
    /// The extension of the file.
    pub fn extension(&self) -> &'static str {
        match self.what {
            What::Csv | What::VisibleCsv => "csv",
            What::Panel | What::Dashboard if self.svg => "svg",
            What::Panel | What::Dashboard | What::Window | What::Film => "png",
        }
    }

    /// Suggests a file in the working directory; a typed path is kept unless `anew` is set.
    pub fn suggest_path(&mut self, preset: &str, anew: bool) {
        if anew || self.path.is_empty() {
            let stem = Path::new(preset).file_stem().unwrap_or_default().to_string_lossy();
            let directory = std::env::current_dir().unwrap_or_default();
            let file = directory.join(format!("brink-{stem}.{}", self.extension()));
            self.path = file.display().to_string();
        }
    }

    /// Sets the path; a path without an extension gets the one of the export's kind.
    pub fn set_path(&mut self, path: String) {
        self.path = path;
        if Path::new(&self.path).extension().is_none() {
            self.follow_kind();
        }
        self.outcome = None;
    }

    pub(crate) fn follow_kind(&mut self) {
        self.path = Path::new(&self.path).with_extension(self.extension()).display().to_string();
    }

    /// Shows a message in place of an outcome.
    pub fn note(&mut self, text: &str) {
        self.outcome = Some(Err(text.to_owned()));
    }
}
