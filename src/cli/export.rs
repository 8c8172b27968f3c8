//! `brink export`: a moment of a run as a file.

use super::{interruptible, say};
use anyhow::{Context, bail};
use brink::run::file::csv::{self, Other};
use brink::run::live::fork::label;
use brink::run::start::address::Address;
use brink::run::start::compute::Computed;
use brink_core::space::Budget;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

pub(super) const FILES: &str = "\
What is written follows the extension of --out:
  .csv   every column of every step, of forks too, below a line that says how to open the run again
  .png   one panel, a layout, or the six plots; with --film an animated PNG
  .svg   one panel, a layout, or the six plots

Every file names the preset, the seed, the learning rates, the version and the command that opens the moment again.
Exit status: 0, or 2 with one message that says what is wrong, and nothing written.";

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    address: Address,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// One panel, by its name (a wrong one lists them) [default: the six plots]
    #[arg(long, value_name = "PANEL")]
    panel: Option<String>,
    /// The panels of one of the window's layouts, by its name (a wrong one lists them)
    #[arg(long, value_name = "LAYOUT", conflicts_with = "panel")]
    layout: Option<String>,
    /// Width and height in points [default: 1280x800; one panel 640x400, but a wall 1280x800]
    #[arg(long, value_name = "WIDTHxHEIGHT")]
    size: Option<String>,
    /// Pixels a point, 0.1 to 8: 1, 1.5, 2, 3, ...; at most 16384 pixels on each side
    #[arg(long, value_name = "SCALE", default_value = "2")]
    scale: String,
    /// Light lines on a dark ground
    #[arg(long)]
    dark: bool,
    /// Let the cursor go through these steps: an animated PNG
    #[arg(long, value_name = "FROM..TO")]
    film: Option<String>,
    /// Pictures of the animation, 1 to 1000
    #[arg(long, value_name = "N", default_value = "60")]
    frames: String,
    /// Pictures a second, 1 to 60
    #[arg(long, value_name = "N", default_value = "10")]
    per_second: String,
}

/// Computes the moment and writes it.
pub(super) fn write(args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let extension = args.out.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    let drawing = match extension.as_deref() {
        Some("csv") => None,
        Some(picture @ ("png" | "svg")) => Some(drawing(args, picture)?),
        _ => bail!("--out {}: .csv, .png or .svg says what to write", args.out.display()),
    };
    // before the computation, which may take minutes
    let directory = args.out.parent().filter(|directory| !directory.as_os_str().is_empty());
    if let Some(directory) = directory.filter(|directory| !directory.is_dir()) {
        bail!("--out {}: there is no directory {}", args.out.display(), directory.display());
    }
    let (cancel, _) = interruptible()?;
    let mut steps = 0;
    let shows_weights = drawing.as_ref().is_some_and(|drawing| drawing.shows_weights);
    let trail = shows_weights.then(Budget::default);
    let mut computed = Computed::at(&args.address, trail, &cancel, &mut |record| {
        steps += 1;
        if steps % 1000 == 0 {
            eprintln!("step {}", record.step);
        }
    })?;
    let address = computed.address(args.address.at);
    let written = match drawing {
        None => {
            let columns = csv::columns(&computed.preset);
            let origin = format!("Brink {}: {address}", env!("CARGO_PKG_VERSION"));
            let forks = computed.forks.iter();
            let labels: Vec<String> = forks.map(|(step, course, _)| label(*step, course)).collect();
            let others: Vec<Other> = computed
                .forks
                .iter()
                .zip(&labels)
                .map(|((from, _, history), label)| Other { label, from: *from, history })
                .collect();
            csv::write_runs(&computed.history, &others, &columns, &origin, &args.out)
        }
        Some(drawing) => {
            use std::io::Write;
            let bytes = (drawing.draw)(&mut computed, &address)?;
            brink::run::file::files::write_whole(&args.out, |file| file.write_all(&bytes))
        }
    };
    written.with_context(|| {
        format!("cannot write {}; --out names a file that can be written", args.out.display())
    })?;
    let (name, rows) = (&computed.name, computed.history.rows());
    say(&format!("{} is written: {rows} steps of {name}", args.out.display()));
    Ok(ExitCode::SUCCESS)
}

/// Draws a moment as the bytes of a file.
type Draw = Box<dyn FnOnce(&mut Computed, &Address) -> anyhow::Result<Vec<u8>>>;

/// A picture to be made.
struct Drawing {
    draw: Draw,
    /// Whether it shows weight space.
    shows_weights: bool,
}

#[cfg(not(feature = "picture"))]
fn drawing(args: &ExportArgs, _: &str) -> anyhow::Result<Drawing> {
    let out = args.out.display();
    bail!("--out {out}: this brink was built without the feature `picture`; .csv can be written")
}

/// Checks the options before anything is computed.
#[cfg(feature = "picture")]
fn drawing(args: &ExportArgs, extension: &str) -> anyhow::Result<Drawing> {
    use super::picture::Subject;
    use brink::picture::file::export::{
        Film, SCALES, SIDES, animation_png, content_png, content_svg, pixels,
    };
    use brink::picture::view::panel::Panel;
    use brink::picture::view::run_view::{Overlay, RunView};
    use brink::run::analysis::curves::Curves;
    use std::borrow::Cow;
    let subject = Subject::named(args.panel.as_deref(), args.layout.as_deref())?;
    let size = match &args.size {
        Some(text) => {
            let sides =
                text.split_once('x').map(|(width, height)| [width, height].map(|side| side.trim().parse()));
            match sides {
                Some([Ok(width), Ok(height)]) if [width, height].iter().all(|side| SIDES.contains(side)) => {
                    egui::vec2(width, height)
                }
                _ => bail!("--size {text}: WIDTHxHEIGHT in points is allowed, each from 100 to 8000"),
            }
        }
        None => subject.size(),
    };
    let scale: f32 = within("--scale", &args.scale, *SCALES.start(), *SCALES.end())?;
    if extension == "png" {
        pixels(size, scale).with_context(|| format!("--scale {scale}"))?;
    }
    let theme = if args.dark { egui::Theme::Dark } else { egui::Theme::Light };
    let frames = within("--frames", &args.frames, 1, Film::MOST)?;
    let per_second = within("--per-second", &args.per_second, 1, 60)?;
    let film = match &args.film {
        Some(text) => {
            let steps =
                text.split_once("..").map(|(first, last)| [first, last].map(|step| step.trim().parse()));
            match steps {
                Some([Ok(first), Ok(last)]) if first <= last => {
                    Some(Film { steps: [first, last], frames, per_second })
                }
                _ => bail!("--film {text}: FROM..TO is allowed, two steps in order"),
            }
        }
        None => None,
    };
    let svg = extension == "svg";
    if let (true, Some(film)) = (svg, &args.film) {
        bail!("--film {film} has no place with .svg: an animation is a .png");
    }
    let shows_weights = subject.panels().contains(&Panel::WeightSpace);
    let draw: Draw = Box::new(move |computed, address| {
        let Computed { preset, history, forks, recording, walk, .. } = computed;
        let facts = super::picture::facts(preset, address);
        let mut state = super::picture::state(preset);
        state.cursor = address.at;
        let mut curves = Curves::default();
        curves.follow(history.predictions().map(|found| state.prediction.output(found.examples())));
        curves.update(history, state.smoothing_steps, usize::MAX);
        let newest = history.rows().saturating_sub(1);
        let fork_curves = forks.iter().map(|(_, _, history)| Curves::of(history, state.smoothing_steps));
        let fork_curves: Vec<_> = fork_curves.collect();
        let overlays: Vec<_> = forks
            .iter()
            .zip(&fork_curves)
            .map(|((step, course, history), curves)| Overlay {
                label: Cow::Owned(brink::run::live::fork::label(*step, course)),
                history,
                from: *step,
                curves: Some(curves),
            })
            .collect();
        let seen = subject.clone();
        let mut look = |step: usize| seen.look((preset, history), recording.as_deref(), walk.as_mut(), step);
        let view = RunView { overlays: &overlays, ..RunView::still(history, &curves, &facts, &state) };
        if let Some(film) = film {
            if film.steps[1] >= history.rows() {
                bail!("--film {}..{}: the run has {} steps", film.steps[0], film.steps[1], history.rows());
            }
            return animation_png(&view, subject.ui(), size, scale, theme, &film, look);
        }
        let looked = look(address.at.unwrap_or(newest).min(newest))?;
        let view = looked.in_view(&view);
        Ok(if svg {
            content_svg(&view, size, theme, subject.ui()).into_bytes()
        } else {
            content_png(&view, size, scale, theme, subject.ui())?
        })
    });
    Ok(Drawing { draw, shows_weights })
}

/// A number between two others.
#[cfg(feature = "picture")]
fn within<T>(option: &str, text: &str, least: T, most: T) -> anyhow::Result<T>
where
    T: std::str::FromStr + PartialOrd + Copy + std::fmt::Display,
{
    match text.trim().parse() {
        Ok(number) if number >= least && number <= most => Ok(number),
        _ => bail!("{option} {text}: a number from {least} to {most} is allowed"),
    }
}
