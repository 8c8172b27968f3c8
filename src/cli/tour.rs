//! `brink tour`: the window on a chapter of the guided tour.

use super::open_window;
use brink::run::start::address::Address;
use clap::Args;
use std::process::ExitCode;
use std::time::Instant;

#[derive(Debug, Args)]
pub struct TourArgs {
    /// The chapter: its number, or its name such as stable-region [default: 1]
    #[arg(value_name = "CHAPTER")]
    chapter: Option<String>,
}

/// Opens the window.
#[cfg(feature = "picture")]
pub fn open(args: &TourArgs, started: Instant) -> anyhow::Result<ExitCode> {
    let chapters = brink::tour::chapters()?;
    let place = match &args.chapter {
        None => Some(0),
        Some(word) => match word.parse::<usize>() {
            Ok(number) => number.checked_sub(1).filter(|&place| place < chapters.len()),
            Err(_) => chapters.iter().position(|chapter| chapter.id == *word),
        },
    };
    let Some(place) = place else {
        let names: Vec<&str> = chapters.iter().map(|chapter| chapter.id.as_str()).collect();
        let word = args.chapter.as_deref().unwrap_or_default();
        anyhow::bail!(
            "there is no chapter {word:?}; there are 1 to {} and {}",
            chapters.len(),
            names.join(", ")
        );
    };
    open_window(Address::default(), Some(place), started)
}

/// Reports that there is no window.
#[cfg(not(feature = "picture"))]
pub fn open(args: &TourArgs, started: Instant) -> anyhow::Result<ExitCode> {
    let _ = &args.chapter;
    open_window(Address::default(), None, started)
}
