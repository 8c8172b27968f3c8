//! A chapter's file: a head of TOML between two lines `+++`, then cards.
//!
//! | line | meaning |
//! |---|---|
//! | `## heading` | a new card |
//! | `@ stop` | the run continues to this stop: `edge 1`, `rank 2`, `peak`, `spike 1.5`, `divergence`, `step 200` |
//! | `> run PRESET key=value …` | another run from this card on; with `recorded=NAME` that recording instead |
//! | `> panels …` | other panels from this card on |
//! | `> sliders` | the chapter's sliders appear below this card |
//! | `> eta 0.06` | the run continues with this learning rate |
//! | `> action` | when the card is shown and its stop is reached: `look`, `loop cycle`, `whole run`, `play`, `show
//! central flow` |
//! | `= equation` | an equation on its own line; `\live{term}{number}` puts a live number below a term |
//! | `? question` | to the audience, up to the next empty line |
//! | `! answer` | hidden until it is requested, up to the next empty line |
//! | `https://…` | a link |
//! | other lines | a paragraph, up to the next empty line |

use super::chapter::{Action, Card, CardBlock, CentralFlowShown, Chapter, Knob, RunSource};
use super::error::ChapterError;
use super::layout::TourColumns;
use super::quantity::Quantity;
use super::text::{self, Span};
use crate::picture::style::equation;
use crate::run::engine::breakpoint::Breakpoint;
use serde::Deserialize;

/// The head's keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    title: String,
    preset: String,
    #[serde(default)]
    set: Vec<String>,
    recording: Option<String>,
    #[serde(default)]
    beside: Vec<String>,
    panels: String,
    within: usize,
    #[serde(default)]
    phases: bool,
    #[serde(default)]
    central_flow: CentralFlowShown,
    #[serde(default)]
    knobs: Vec<RawKnob>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKnob {
    label: String,
    key: String,
    place: Option<usize>,
    least: f64,
    most: f64,
}

/// The line between head and cards.
const FENCE: &str = "+++";

impl Chapter {
    /// Parses a chapter's file; `name` is the name of the file, `NN-id`.
    ///
    /// # Errors
    /// If a line cannot be parsed, or the head is invalid.
    pub fn parse(name: &str, file: &str) -> Result<Self, ChapterError> {
        let id = name.split_once('-').map_or(name, |(_, id)| id).to_owned();
        let head_error = |reason: String| ChapterError::Head { chapter: name.to_owned(), reason };
        let mut parts = file.splitn(3, FENCE);
        let (Some(""), Some(head), Some(body)) = (parts.next().map(str::trim), parts.next(), parts.next())
        else {
            return Err(head_error(format!("the file must start with a line {FENCE} and have a second one")));
        };
        let parsed: Head = toml::from_str(head).map_err(|error| head_error(error.message().to_owned()))?;
        let Head { title, preset, set, recording, beside, panels, within, phases, central_flow, knobs } =
            parsed;
        let layout = TourColumns::parse(&panels).map_err(head_error)?;
        let first_line = head.lines().count();
        let cards = cards(body, |line, reason| ChapterError::Line {
            chapter: name.to_owned(),
            line: first_line + line + 1,
            reason,
        })?;
        if cards.is_empty() {
            return Err(head_error("no card follows it; a card starts with a line `## heading`".into()));
        }
        let knobs = knobs.into_iter().map(|raw| {
            let RawKnob { label, key, place, least, most } = raw;
            Knob { label, key, place, least, most }
        });
        let knobs = knobs.collect();
        let source = RunSource { preset, set, recording };
        let beside =
            beside.iter().map(|run| RunSource::parse(run)).collect::<Result<_, _>>().map_err(head_error)?;
        Ok(Self { id, title, source, beside, layout, within, phases, central_flow, knobs, cards })
    }
}

fn cards(body: &str, at: impl Fn(usize, String) -> ChapterError) -> Result<Vec<Card>, ChapterError> {
    let mut cards: Vec<Card> = Vec::new();
    let mut paragraph = String::new();
    let mut kind: fn(Vec<Span>) -> CardBlock = CardBlock::Text;
    // the empty line ends the last paragraph
    for (number, line) in body.lines().chain([""]).enumerate() {
        let line = line.trim();
        let wrong = |reason| at(number, reason);
        let (sign, rest) = match line.split_once(' ') {
            Some((sign @ ("##" | "@" | ">" | "=" | "?" | "!"), rest)) => (sign, rest.trim()),
            _ => ("", line),
        };
        let ends = line.is_empty() || !sign.is_empty() || line.starts_with("https://");
        if ends && !paragraph.is_empty() {
            let block = kind(text::spans(&std::mem::take(&mut paragraph)).map_err(wrong)?);
            kind = CardBlock::Text;
            cards.last_mut().ok_or_else(|| wrong(NO_CARD.into()))?.blocks.push(block);
        }
        if sign == "##" {
            cards.push(Card { heading: rest.to_owned(), ..Card::default() });
            continue;
        }
        if line.is_empty() {
            continue;
        }
        let card = cards.last_mut().ok_or_else(|| wrong(NO_CARD.into()))?;
        match sign {
            "@" => (card.stop, card.ahead) = (Some(stop(rest).map_err(wrong)?), card.blocks.len()),
            ">" => order(card, rest).map_err(wrong)?,
            "=" => card.blocks.push(equation(rest).map_err(wrong)?),
            "?" => (kind, paragraph) = (CardBlock::Question, rest.to_owned()),
            "!" => (kind, paragraph) = (CardBlock::Answer, rest.to_owned()),
            _ if line.starts_with("https://") => card.blocks.push(CardBlock::Link(line.to_owned())),
            _ => {
                if !paragraph.is_empty() {
                    paragraph.push(' ');
                }
                paragraph.push_str(line);
            }
        }
    }
    Ok(cards)
}

/// An equation; every live number that it names must exist.
fn equation(text: &str) -> Result<CardBlock, String> {
    let unknown = equation::names(text).into_iter().find(|name| Quantity::named(name).is_none());
    match unknown {
        Some(name) => Err(format!("there is no live number {{{name}}}")),
        None => Ok(CardBlock::Equation(text.to_owned())),
    }
}

/// Precedes, in the line of a run, the name of the recording that plays instead.
const RECORDED: &str = "recorded=";

const NO_CARD: &str = "this stands before the first card; a card starts with a line `## heading`";

fn stop(text: &str) -> Result<Breakpoint, String> {
    let refused = || {
        format!("{text:?} is no stop; `edge 1`, `rank 2`, `peak`, `spike 1.5`, `divergence`, `step 200` are")
    };
    let (word, number) = text.split_once(' ').unwrap_or((text, ""));
    let count = || number.parse::<usize>().map_err(|_| refused());
    let stop = match word {
        "edge" => Breakpoint::AtEdge { k: count()? },
        "rank" => Breakpoint::AtRank { k: count()? },
        "peak" => Breakpoint::OscillationPeak,
        "spike" => Breakpoint::LossSpike { factor: number.parse().map_err(|_| refused())? },
        "divergence" => Breakpoint::Divergence,
        "step" => Breakpoint::Step(count()?),
        _ => return Err(refused()),
    };
    if stop.is_valid() { Ok(stop) } else { Err(refused()) }
}

impl RunSource {
    /// Parses `PRESET key=value … recorded=NAME`.
    fn parse(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace().map(str::to_owned);
        let preset = words.next().ok_or("a run needs the name of a preset")?;
        let mut set: Vec<String> = words.collect();
        let recording = set.iter().position(|word| word.starts_with(RECORDED)).map(|place| set.remove(place));
        let recording = recording.map(|word| word[RECORDED.len()..].to_owned());
        Ok(Self { preset, set, recording })
    }
}

/// A change or an action of a card.
fn order(card: &mut Card, text: &str) -> Result<(), String> {
    if let Some(run) = text.strip_prefix("run ") {
        card.run = Some(RunSource::parse(run)?);
    } else if let Some(panels) = text.strip_prefix("panels ") {
        card.layout = Some(TourColumns::parse(panels)?);
    } else if text == "sliders" {
        card.sliders = true;
    } else {
        card.actions.push(action(text)?);
    }
    Ok(())
}

fn action(text: &str) -> Result<Action, String> {
    Ok(match text {
        "look" => Action::Look,
        "loop cycle" => Action::LoopCycle,
        "whole run" => Action::WholeRun,
        "play" => Action::Play,
        "show central flow" => Action::ShowCentralFlow,
        _ => match text.strip_prefix("eta ").map(str::parse::<f64>) {
            Some(Ok(eta)) if eta.is_finite() && eta > 0.0 => Action::SetEta(eta),
            _ => {
                return Err(format!(
                    "{text:?} is no action; `run PRESET`, `panels …`, `sliders`, `look`, `loop cycle`, `whole run`, `play`, \
                     `show central flow` and `eta 0.06` are"
                ));
            }
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "+++\ntitle = \"T\"\npreset = \"valley\"\npanels = \"loss*2 | sharpness / distance\"\nwithin = 9\n+++\n";

    fn reason(body: &str) -> String {
        Chapter::parse("01-x", &format!("{HEAD}{body}")).expect_err("refused").to_string()
    }

    #[test]
    fn a_chapter_has_cards_with_stops_equations_and_answers() {
        let body = "## One\nfirst\nline\n\n= S = 2\n? why\n! so\n## Two\n@ edge 2\n> eta 0.5\ntext\n";
        let chapter = Chapter::parse("01-x", &format!("{HEAD}{body}")).expect("a chapter");
        assert_eq!((chapter.id.as_str(), chapter.cards.len()), ("x", 2));
        assert_eq!(chapter.cards[0].blocks.len(), 4);
        assert!(chapter.cards[0].has_answer() && !chapter.cards[1].has_answer());
        assert_eq!(chapter.cards[1].actions, [Action::SetEta(0.5)]);
        assert_eq!(chapter.first_stop(0), Some(Breakpoint::AtEdge { k: 2 }));
        assert_eq!(chapter.layout.0[0].share, 2.0);
        assert_eq!(chapter.layout(1).panels().len(), 3);
        let other = Chapter::parse(
            "01-x",
            &format!("{HEAD}## A\n## B\n> run moons run.steps=7\n> panels loss\n@ peak\n"),
        );
        let other = other.expect("a chapter");
        assert_eq!((other.source(0).preset.as_str(), other.source(1).preset.as_str()), ("valley", "moons"));
        assert_eq!(other.preset(1, &[]).expect("a preset").run.steps, 7);
        assert_eq!(other.first_stop(0), None, "the stop is of another run");
        assert_eq!(other.layout(1).panels().len(), 1);
    }

    #[test]
    fn what_means_nothing_is_named_with_its_line() {
        assert!(reason("## A\n@ never\n").contains("line 8"), "{}", reason("## A\n@ never\n"));
        assert!(reason("## A\n> jump\n").contains("jump"));
        assert!(reason("words\n").contains("before the first card"));
        assert!(reason("").contains("no card"));
        assert!(reason("## A\n{pi}\n").contains("{pi}"));
        assert!(reason("## A\n= x = \\live{y}{pi}\n").contains("{pi}"));
        assert!(reason("## A\n@ rank 0\n").contains("rank 0"));
        let text = HEAD.replace("loss*2", "loos");
        assert!(Chapter::parse("01-x", &text).expect_err("refused").to_string().contains("loos"));
        assert!(Chapter::parse("01-x", "## A\n").is_err());
    }
}
