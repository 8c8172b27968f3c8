//! The guided tour: chapters as data, and the code to display a card. It depends on panels, presets and histories;
//! the window that walks through it is [`crate::app`].
//!
//! A chapter is one file of the directory `tour`, compiled in; `docs/adding-a-chapter.md` describes its lines.

pub mod card;
pub mod chapter;
pub mod error;
pub mod layout;
pub mod line;
pub mod parse;
pub mod quantity;
pub mod text;

pub use card::{ProseStyle, Reveal, card_height, card_ui};
pub use chapter::{
    Action, Card, CardBlock, CentralFlowShown, Chapter, Knob, RunSource, lies_behind, passed_at,
};
pub use error::ChapterError;
pub use layout::{PanelColumn, TourColumns};
pub use quantity::{QUANTITIES, Quantity};
pub use text::Span;

macro_rules! chapters {
    ($($name:literal),+ $(,)?) => {
        /// Name and text of every chapter, in order.
        const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../tour/", $name, ".md")))),+];
    };
}

chapters![
    "01-quadratics",
    "02-dimensions",
    "03-stable-region",
    "04-sharpening",
    "05-blow-up",
    "06-magic",
    "07-everywhere",
    "08-third-term",
    "09-cycle",
    "10-several",
    "11-gradient-flow",
    "12-central-flow-one",
    "13-central-flow-many",
    "14-covariance",
    "15-true-process",
    "16-loss",
    "17-gradient-norm",
    "18-networks",
    "19-limits",
];

/// All chapters, in order.
///
/// # Errors
/// If a chapter's file is invalid; a test reads all compiled-in files.
pub fn chapters() -> Result<Vec<Chapter>, ChapterError> {
    FILES.iter().map(|(name, text)| Chapter::parse(name, text)).collect()
}
