//! Messages above the plots.

/// How serious a banner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Part of what is shown does not hold.
    Warning,
    /// Something has stopped.
    Error,
}

/// A message above the plots.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "one an offer, and a banner may make several")]
pub struct Banner {
    /// How serious it is.
    pub level: Level,
    /// What happened, with numbers, and what can be done.
    pub text: String,
    /// Whether it offers to restart the flows.
    pub offers_flows: bool,
    /// Whether it offers a new run and the export.
    pub offers_restart: bool,
    /// Whether it offers to choose the directory of the data.
    pub offers_data: bool,
    /// Whether it offers to open what a crash has left.
    pub offers_unfinished: bool,
    /// Whether it says why the run waits, which is no longer true once it goes on.
    pub of_pause: bool,
}

impl Banner {
    /// A banner without offers.
    pub fn new(level: Level, text: impl Into<String>) -> Self {
        Self {
            level,
            text: text.into(),
            offers_flows: false,
            offers_restart: false,
            offers_data: false,
            offers_unfinished: false,
            of_pause: false,
        }
    }

    /// A note that says why the run waits.
    pub fn why_it_waits(text: impl Into<String>) -> Self {
        Self { of_pause: true, ..Self::new(Level::Note, text) }
    }
}
