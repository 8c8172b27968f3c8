//! Messages above the plots.

/// The severity of a banner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Information.
    Note,
    /// Part of the displayed data is not valid.
    Warning,
    /// Something has stopped.
    Error,
}

/// A message above the plots.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "one an offer, and a banner may make several")]
pub struct Banner {
    /// The severity.
    pub level: Level,
    /// What happened, with numbers, and what the user can do.
    pub text: String,
    /// Whether it offers to restart the flows.
    pub offers_flows: bool,
    /// Whether it offers a new run and the export.
    pub offers_restart: bool,
    /// Whether it offers to choose the data directory.
    pub offers_data: bool,
    /// Whether it offers to open the run left by a crash.
    pub offers_unfinished: bool,
    /// Whether it explains why the run is paused; such a banner is obsolete once the run goes on.
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

    /// A note that explains why the run is paused.
    pub fn why_it_waits(text: impl Into<String>) -> Self {
        Self { of_pause: true, ..Self::new(Level::Note, text) }
    }
}
