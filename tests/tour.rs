//! The guided tour without a window: every chapter's run, every stop, every number, every claim of a card, and its
//! appearance.
//!
//! `BRINK_WRITE_PICTURES=1 cargo test --test behaviour tour` rewrites the stored sheets of cards;
//! `BRINK_SHOW_CARDS=DIR` writes a picture of every card, with the numbers of its run, to a directory.
#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "tour/claims.rs"]
mod claims;

use brink::picture::file::png::encode_png;
use brink::picture::file::render::render;
use brink::picture::view::run_view::RunView;
use brink::picture::view::{Facts, ViewState};
use brink::preset::Preset;
use brink::preset::checkpoint::names;
use brink::run::analysis::curves::Curves;
use brink::run::analysis::cycles::{Cycle, Cycles};
use brink::run::engine::Engine;
use brink::run::engine::assemble::assemble;
use brink::run::engine::breakpoint::Breakpoint;
use brink::run::engine::bundled::{Bundled, seen};
use brink::run::engine::problem::Sources;
use brink::run::file::recording;
use brink::run::live::message::WorkerCommand;
use brink::run::live::replay::{Moment, Replay, Reply};
use brink::run::live::worker::{Options, Worker};
use brink::run::record::history::History;
use brink::run::record::series::Series;
use brink::tour::{
    Action, Card, CardBlock, Chapter, ProseStyle, Quantity, Reveal, Span, card_height, card_ui, chapters,
    lies_behind,
};
use brink_core::dynamics::{InspectError, Inspection};
use egui::{Rect, Theme, UiBuilder, pos2, vec2};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The card's column in a window of 1280×800 points, without its margins.
const COLUMN: f32 = 302.0;
/// The same in presenter mode on a screen of 1280×800 pixels.
const PRESENTER_COLUMN: f32 = 265.0;
/// Letter size of presenter mode, before its zoom.
const PRESENTER: ProseStyle = ProseStyle { text: 11.0, equation: 12.0, heading: 13.0, least: 10.5 };

/// [`Moment::inspect`], for a moment with any lifetime.
fn look_into(moment: &mut Moment<'_>) -> Result<Inspection, InspectError> {
    moment.inspect()
}

/// A chapter's run, steered as the window steers it.
struct Walk {
    worker: Worker,
    history: History,
    preset: Preset,
    inspection: Option<Inspection>,
    cursor: Option<usize>,
    ended: bool,
}

impl Walk {
    /// With changes of the preset; a recording is not affected by them.
    fn start_with(chapter: &Chapter, card: usize, changes: &[String]) -> Self {
        let (preset, engine): (Preset, Box<dyn Engine>) = if let Some(name) = &chapter.source(card).recording
        {
            let recording = recording::named(name);
            let recording = recording.unwrap_or_else(|| panic!("{}: no recording {name}", chapter.id));
            let recording = recording.as_ref().unwrap_or_else(|error| panic!("{error}"));
            (recording.preset.clone(), Box::new(recording.player()))
        } else {
            let preset = chapter.preset(card, changes).unwrap_or_else(|error| panic!("{error}"));
            let engine = assemble(&preset, &Sources::default()).unwrap();
            (preset, engine)
        };
        let options = Options { paused: true, ..Options::new(preset.run.steps, preset.optimizer.eta) };
        let worker = Worker::spawn(engine, &options, || {}).unwrap();
        let history = History::new(preset.eigen.max_tracked);
        let mut walk = Self { worker, history, preset, inspection: None, cursor: None, ended: false };
        walk.worker.send(WorkerCommand::Step).unwrap();
        walk.until(|history, _| history.rows() > 0, "a first step");
        walk
    }

    fn start(chapter: &Chapter, card: usize) -> Self {
        Self::start_with(chapter, card, &[])
    }

    fn until(&mut self, mut holds: impl FnMut(&History, &[Breakpoint]) -> bool, what: &str) {
        let begun = Instant::now();
        loop {
            let drained = self.worker.try_drain(&mut self.history);
            self.ended |= drained.end.is_some();
            let hits: Vec<Breakpoint> = drained.hits.iter().map(|hit| hit.breakpoint).collect();
            if holds(&self.history, &hits) {
                return;
            }
            assert!(!self.ended, "the run ended before {what}");
            assert!(begun.elapsed() < Duration::from_mins(5), "never: {what}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn go_to(&mut self, stop: Breakpoint, within: usize, chapter: &str) {
        self.worker.send(WorkerCommand::SetBreakpoint(stop)).unwrap();
        self.worker.send(WorkerCommand::Play).unwrap();
        let budget = within + 1;
        self.until(
            |history, hits| {
                assert!(history.rows() <= budget, "{chapter}: {stop} is not reached within {within} steps");
                hits.contains(&stop)
            },
            &format!("{chapter}: {stop}"),
        );
        self.worker.send(WorkerCommand::ClearBreakpoint(stop)).unwrap();
    }

    /// Inspects the newest step that has a successor.
    fn look(&mut self) {
        let step = self.history.rows() - 2;
        let preset = self.preset.clone();
        let make = move || assemble(&preset, &Sources::default()).map_err(|error| error.to_string());
        let replay = Replay::spawn(Arc::clone(self.worker.past()), Box::new(make), || {}).unwrap();
        let Reply::Ready(found) = replay.ask(step, look_into).wait() else { panic!("no answer") };
        self.inspection = Some(found.unwrap().unwrap());
        self.cursor = Some(step);
    }

    fn enter(&mut self, chapter: &Chapter, place: usize) {
        let card = &chapter.cards[place];
        self.cursor = None;
        let mut changed = false;
        for action in &card.actions {
            if let Action::SetEta(eta) = action {
                self.worker.send(WorkerCommand::SetEta(*eta)).unwrap();
                changed = true;
            }
        }
        if let Some(stop) = card.stop
            && (changed || !lies_behind(stop, &self.history))
        {
            self.go_to(stop, chapter.within, &chapter.id);
        }
        if card.actions.contains(&Action::Look) {
            self.look();
        }
        if card.actions.contains(&Action::LoopCycle) {
            let newest = self.history.rows() - 1;
            let start = Cycles::of(&self.history).last_complete(newest).map(Cycle::start);
            self.cursor = Some(start.unwrap_or_else(|| panic!("{}: no whole cycle to loop", chapter.id)));
        }
    }

    fn view<T>(&self, use_view: impl FnOnce(&RunView) -> T) -> T {
        let curves = Curves::of(&self.history, self.preset.view.smoothing);
        let facts = Facts::of("", &self.preset, String::new());
        let smoothing_steps = self.preset.view.smoothing;
        let state = ViewState { cursor: self.cursor, smoothing_steps, ..ViewState::default() };
        let still = RunView::still(&self.history, &curves, &facts, &state);
        use_view(&RunView { inspection: self.inspection.as_ref(), ..still })
    }
}

/// Every number of a card has a value.
fn check_numbers(chapter: &Chapter, card: &Card, view: &RunView) {
    for quantity in card.numbers() {
        let (name, step) = (quantity.name(), view.history.rows());
        let value = quantity.value(view);
        assert!(
            value.is_some(),
            "{}, {:?}: {{{name}}} has no value at step {step}",
            chapter.id,
            card.heading
        );
    }
}

/// The card is drawn within its column, including the answer, and has the height that it reports.
fn check_card(chapter: &Chapter, card: &Card, view: &RunView) {
    for (width, style) in [(COLUMN, ProseStyle::default()), (PRESENTER_COLUMN, PRESENTER)] {
        let mut heights = (0.0, 0.0);
        let show = |ui: &mut egui::Ui| {
            let top = ui.cursor().top();
            let expected = card_height(ui, card, view, &style, ui.available_width());
            card_ui(ui, card, view, Reveal::Shown, &style);
            heights = (expected, ui.min_rect().bottom() - top);
        };
        let texts = crate::texts::texts(vec2(width, 3000.0), show);
        assert!(texts.len() > 1, "{}, {:?} shows next to nothing", chapter.id, card.heading);
        for (text, rect, _) in texts.iter().filter(|(text, ..)| !text.trim().is_empty()) {
            let fits = rect.left() >= -1.0 && rect.right() <= width + 1.0;
            assert!(
                fits,
                "{}, {:?}: {text:?} takes {rect:?} in a column of {width}",
                chapter.id, card.heading
            );
        }
        let (expected, drawn) = heights;
        assert!((expected - drawn).abs() < 2.0, "{}, {:?}: {expected}, {drawn}", chapter.id, card.heading);
    }
}

/// A chapter's cards side by side, with their answers revealed.
fn sheet(chapter: &Chapter, view: &RunView, theme: Theme) -> brink::picture::file::raster::Image {
    let style = ProseStyle::default();
    let (mut height, column) = (0.0_f32, COLUMN + 24.0);
    crate::texts::texts(vec2(COLUMN, 3000.0), |ui| {
        let heights = chapter.cards.iter().map(|card| card_height(ui, card, view, &style, COLUMN));
        height = heights.fold(0.0, f32::max);
    });
    let size = vec2(column * chapter.cards.len() as f32, height.ceil() + 24.0);
    render(size, 1.0, theme, |ui| {
        for (place, card) in chapter.cards.iter().enumerate() {
            let corner = pos2(12.0 + column * place as f32, 12.0);
            let room = Rect::from_min_size(corner, vec2(COLUMN, height));
            let mut child = ui.new_child(UiBuilder::new().max_rect(room).id_salt(place));
            card_ui(&mut child, card, view, Reveal::Shown, &style);
        }
    })
}

/// Held during a walk through all chapters: it uses all cores and is timed.
static WALKING: Mutex<()> = Mutex::new(());

#[test]
fn every_chapter_runs_stops_and_speaks() {
    let _alone = WALKING.lock().unwrap_or_else(PoisonError::into_inner);
    let show = std::env::var_os("BRINK_SHOW_CARDS");
    let begun = Instant::now();
    let (mut unsaid, mut broken) = (claims::all(), Vec::new());
    for (number, chapter) in chapters().unwrap().iter().enumerate() {
        let started = Instant::now();
        let mut walk = Walk::start(chapter, 0);
        for (place, card) in chapter.cards.iter().enumerate() {
            if place > 0 && card.run.is_some() {
                walk = Walk::start(chapter, place);
            }
            walk.enter(chapter, place);
            let (last, eta) = (walk.history.rows() - 1, walk.preset.optimizer.eta);
            walk.view(|view| {
                check_numbers(chapter, card, view);
                check_card(chapter, card, view);
                broken.extend(claims::broken(&chapter.id, &card.heading, view, &mut unsaid));
                if let Some(directory) = &show {
                    let one = Chapter { cards: vec![card.clone()], ..chapter.clone() };
                    let image = sheet(&one, view, Theme::Light);
                    let name = format!("{:02}-{place}-{}.png", number + 1, chapter.id);
                    let file = Path::new(directory).join(name);
                    std::fs::write(file, encode_png(&image, 1.0, &[]).unwrap()).unwrap();
                }
            });
            assert!(walk.history.value(Series::Eta, last).is_some_and(|now| now > 0.0 && eta > 0.0));
        }
        println!("{:2} {}: {:.1?}, {} steps", number + 1, chapter.id, started.elapsed(), walk.history.rows());
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(unsaid.is_empty(), "of cards that are not there: {unsaid:?}");
    println!("all in {:.1?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_mins(8), "the tour is too slow: {:?}", begun.elapsed());
}

/// The details of a chaotic run depend on the last bit, and therefore on the machine: no card may mention them.
#[test]
fn what_cards_claim_holds_in_other_arithmetic_too() {
    let _alone = WALKING.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut unsaid, mut broken) = (claims::all(), Vec::new());
    for chapter in chapters().unwrap() {
        let is_network = |card| chapter.preset(card, &[]).unwrap().landscape.is_none();
        let changes =
            |card| if is_network(card) { vec!["run.precision=\"f64\"".to_owned()] } else { Vec::new() };
        let mut walk = Walk::start_with(&chapter, 0, &changes(0));
        for (place, card) in chapter.cards.iter().enumerate() {
            if place > 0 && card.run.is_some() {
                walk = Walk::start_with(&chapter, place, &changes(place));
            }
            walk.enter(&chapter, place);
            walk.view(|view| {
                check_numbers(&chapter, card, view);
                broken.extend(claims::broken(&chapter.id, &card.heading, view, &mut unsaid));
            });
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_parabola_has_no_cycles() {
    let all = chapters().unwrap();
    for chapter in &all[..2] {
        let mut walk = Walk::start(chapter, 0);
        walk.go_to(Breakpoint::Step(24), chapter.within, &chapter.id);
        walk.view(|view| {
            assert!(view.curves.cycles().all().is_empty(), "{}", chapter.id);
            let said = brink::picture::panel::inspector::caption::caption(view, 20);
            assert!(
                said.contains("quadratic") && said.contains("grows by the factor") && !said.contains("cycle"),
                "{said}"
            );
        });
    }
}

#[test]
fn every_chapter_has_its_presets_asks_stops_and_types_no_number() {
    let all = chapters().unwrap();
    assert!(all.len() >= 19);
    let mut typed = Vec::new();
    for chapter in &all {
        for card in 0..chapter.cards.len() {
            chapter.preset(card, &[]).unwrap_or_else(|error| panic!("{error}"));
        }
        for preset in chapter.presets_beside().unwrap_or_else(|error| panic!("{error}")) {
            let paced = preset.view.speed.is_some() && preset.landscape.is_none();
            assert!(paced, "{}: {:?} takes what the chapter's run needs", chapter.id, preset.title);
            assemble(&preset, &Sources::default()).unwrap();
        }
        typed.extend(chapter.cards.iter().flat_map(|card| typed_numbers(&chapter.id, card)));
        let sliders = chapter.cards.iter().any(|card| card.sliders);
        assert_eq!(sliders, !chapter.knobs.is_empty(), "{}: sliders without a card", chapter.id);
        assert!(chapter.cards.iter().any(Card::has_answer), "{} asks nothing", chapter.id);
        assert!(chapter.cards.iter().any(|card| card.stop.is_some()), "{} stops nowhere", chapter.id);
    }
    assert!(typed.is_empty(), "measured numbers come from the run: {typed:#?}");
}

/// Numbers that are permitted in a text: those of the theory, counts of items in a list, chapters, the year of the
/// paper.
const OWN: [&str; 10] =
    ["|1 − ηS| < 1", "σ² = 0", "2/η", "4/η²", "η/2", "1 − ηS", "≤ 0", "ICLR 2025", "Σ = 0", "dS/dt = 0"];
/// Numbers in words that only a measurement can give.
const WORDS: [&str; 9] =
    ["twice", "thrice", "dozen", "hundred", "thousand", "million", "percent", "tenfold", "half a"];

/// The pieces of a card's running text that contain a typed number.
fn typed_numbers(chapter: &str, card: &Card) -> Vec<String> {
    let mut found = Vec::new();
    for block in &card.blocks {
        let (CardBlock::Text(spans) | CardBlock::Question(spans) | CardBlock::Answer(spans)) = block else {
            continue;
        };
        let plain = spans.iter().map(|span| match span {
            Span::Plain(text) | Span::Strong(text) => text.as_str(),
            Span::Lowered(_) | Span::Live(_) => "",
        });
        let text: String = plain.collect();
        let rest = OWN.iter().fold(text.clone(), |rest, own| rest.replace(own, ""));
        let words: Vec<&str> = rest.split_whitespace().collect();
        let digit = words.iter().enumerate().any(|(place, word)| {
            let number = word.trim_matches(|c: char| !c.is_ascii_digit());
            let listed = word.len() == 2 && word.ends_with(['.', ':']);
            let of_chapter = place > 0 && words[place - 1].eq_ignore_ascii_case("chapter");
            !number.is_empty() && !listed && !of_chapter
        });
        let lower = rest.to_lowercase();
        if digit || WORDS.iter().any(|word| lower.contains(word)) {
            found.push(format!("{chapter}, {:?}: {text}", card.heading));
        }
    }
    found
}

#[test]
fn a_typed_number_is_found_and_a_reference_is_none() {
    let typed = |text: &str| {
        let file = format!(
            "+++\ntitle = \"T\"\npreset = \"valley\"\npanels = \"loss\"\nwithin = 9\n+++\n## A\n{text}\n"
        );
        typed_numbers("x", &Chapter::parse("01-x", &file).unwrap().cards[0]).len()
    };
    assert_eq!(typed("S is 17.3 at {step}") + typed("500 digits") + typed("it is twice as high"), 3);
    assert_eq!(typed("1. S·η/2 = {S·η/2} comes to 2/η at {step}; chapter 8 says why"), 0);
}

#[test]
fn chapters_that_are_referred_to_are_there() {
    let all = chapters().unwrap();
    for card in all.iter().flat_map(|chapter| &chapter.cards) {
        let words: String = card
            .spans()
            .filter_map(|span| match span {
                Span::Plain(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        for after in words.to_lowercase().split("chapter ").skip(1) {
            let number: String = after.chars().take_while(char::is_ascii_digit).collect();
            assert!(
                number.is_empty()
                    || number.parse().is_ok_and(|number: usize| (1..=all.len()).contains(&number)),
                "{words}"
            );
        }
    }
}

#[test]
fn a_bundled_checkpoint_is_where_its_run_was() {
    for name in names() {
        let mut preset = Preset::load("digits-three").unwrap();
        preset.run.checkpoint = Some(name.to_owned());
        let mut engine = assemble(&preset, &Sources::default()).unwrap();
        let record = engine.step(preset.optimizer.eta);
        let expected = Bundled::named(name).unwrap().seen;
        let found = seen(&record);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() <= 1e-4 * expected.abs(), "{name}: {found} is not {expected}");
        }
    }
}

#[test]
fn a_checkpoint_of_another_network_is_refused() {
    let mut preset = Preset::load("digits-tanh").unwrap();
    preset.run.checkpoint = Some("digits-three-440".to_owned());
    preset.set("model.width=16").unwrap();
    let error = assemble(&preset, &Sources::default()).err().unwrap().to_string();
    assert!(error.contains("digits-three-440") && error.contains("does not fit"), "{error}");
}

#[test]
fn cards_look_as_stored() {
    let mut history = History::new(3);
    for step in 0..700 {
        history.push(&crate::sample::record(step, crate::sample::Defect::None, 2000));
    }
    let state = ViewState::default();
    let curves = Curves::of(&history, state.smoothing_steps);
    let facts = Facts { examples: Some(500), ..Facts::default() };
    let view = RunView::still(&history, &curves, &facts, &state);
    for (number, chapter) in chapters().unwrap().iter().enumerate() {
        let name = format!("cards-{:02}-{}", number + 1, chapter.id);
        crate::compare::check(&name, &sheet(chapter, &view, Theme::Light));
        // one with many equations, one with answers, one with long words
        if ["central-flow-many", "sharpening", "limits"].contains(&chapter.id.as_str()) {
            crate::compare::check(&format!("{name}-dark"), &sheet(chapter, &view, Theme::Dark));
        }
    }
}
