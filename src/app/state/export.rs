//! The export form: what to write, at which size, and where.

use crate::picture::file::export::Film;
use crate::picture::view::panel::Panel;
use std::path::{Path, PathBuf};

/// What became of an export: the file, or why there is none.
pub type ExportOutcome = Result<PathBuf, String>;

/// What to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum What {
    /// Every column of every step, of every run.
    #[default]
    Csv,
    /// What the panels in the window show, at the steps in sight: the lines as they are drawn.
    VisibleCsv,
    /// One panel.
    Panel,
    /// The panels as they stand in the window.
    Dashboard,
    /// The window as it stands, its controls included.
    Window,
    /// The cursor as it goes through a stretch of steps.
    Film,
}

impl What {
    /// Every kind, in the order of the form.
    pub const ALL: [Self; 6] =
        [Self::Csv, Self::VisibleCsv, Self::Panel, Self::Dashboard, Self::Window, Self::Film];

    /// Its text in the form.
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

    /// The size of its picture at first, in points; the window has its own.
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
    /// What to write.
    pub what: What,
    /// Which panel, where it is one.
    pub panel: Panel,
    /// Which panel of an animation; all in the window where it is none.
    pub film_panel: Option<Panel>,
    /// The steps of an animation.
    pub film: Film,
    /// Whether a picture becomes SVG.
    pub svg: bool,
    /// Width and height of a picture, in points.
    pub size: [f32; 2],
    /// Pixels a point of a picture: two are sharp when printed, or on a projector.
    pub scale: f32,
    /// The file.
    pub path: String,
    /// Whether the system's dialog is open.
    pub choosing: bool,
    /// Whether the file is being written.
    pub saving: bool,
    /// What became of the last export.
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
    /// The extension of its file.
    pub fn extension(&self) -> &'static str {
        match self.what {
            What::Csv | What::VisibleCsv => "csv",
            What::Panel | What::Dashboard if self.svg => "svg",
            What::Panel | What::Dashboard | What::Window | What::Film => "png",
        }
    }

    /// Proposes a file in the working directory; one that was typed stays, unless `anew`.
    pub fn suggest_path(&mut self, preset: &str, anew: bool) {
        if anew || self.path.is_empty() {
            let stem = Path::new(preset).file_stem().unwrap_or_default().to_string_lossy();
            let directory = std::env::current_dir().unwrap_or_default();
            let file = directory.join(format!("brink-{stem}.{}", self.extension()));
            self.path = file.display().to_string();
        }
    }

    /// Takes a path, with the extension of what is written if it has none.
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

    /// Says something instead of an outcome.
    pub fn note(&mut self, text: &str) {
        self.outcome = Some(Err(text.to_owned()));
    }
}
