//! The guided tour without a window: every chapter's run, every stop, every number, every card.
//!
//! `BRINK_WRITE_PICTURES=1 cargo test --test tour` writes the stored pictures anew; `BRINK_SHOW_CARDS=DIR` puts a picture of
//! every card, with the numbers of its run, into a directory.
#![cfg(feature = "picture")]
#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "pictures/compare.rs"]
mod compare;
#[path = "pictures/texts.rs"]
mod texts;

use brink::dynamics::{InspectError, Inspection};
use brink::picture::{Curves, Facts, RunView, ViewState, encode_png, render};
use brink::run::assemble::{Sources, assemble};
use brink::run::bundled::{Bundled, names, seen};
use brink::run::replay::{Moment, Reply};
use brink::run::validity::{Light, checks, light};
use brink::run::worker::Options;
use brink::run::{Breakpoint, Command, Engine, History, Preset, Replay, Series, Worker, recording};
use brink::tour::{Action, Card, Chapter, ProseStyle, Reveal, Span, card_ui, chapters, lies_behind};
use egui::{Theme, Vec2, vec2};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The card's column in a window of 1280×800 points, its margins taken off.
const COLUMN: f32 = 302.0;
/// The same in presenter mode on a screen of 1280×800 pixels.
const PRESENTER_COLUMN: f32 = 232.0;
/// Letters of presenter mode, before its zoom.
const PRESENTER: ProseStyle = ProseStyle { text: 11.0, equation: 12.0, heading: 13.0 };

/// [`Moment::inspect`], for a moment of any lifetime.
fn look_into(moment: &mut Moment<'_>) -> Result<Inspection, InspectError> {
    moment.inspect()
}

/// A chapter's run, steered as the window does it.
struct Walk {
    worker: Worker,
    history: History,
    preset: Preset,
    inspection: Option<Inspection>,
    cursor: Option<usize>,
    ended: bool,
}

impl Walk {
    fn start(chapter: &Chapter, card: usize) -> Self {
        let wanted = chapter.source(card).recording.as_deref().and_then(recording::named);
        let (preset, engine): (Preset, Box<dyn Engine>) = if let Some(recording) = wanted {
            let recording = recording.as_ref().unwrap_or_else(|error| panic!("{error}"));
            (recording.preset.clone(), Box::new(recording.player()))
        } else {
            let preset = chapter.preset(card, &[]).unwrap_or_else(|error| panic!("{error}"));
            let engine = assemble(&preset, &Sources::default()).unwrap();
            (preset, engine)
        };
        let options = Options { paused: true, ..Options::new(preset.run.steps, preset.optimizer.eta) };
        let worker = Worker::spawn(engine, &options, || {}).unwrap();
        let history = History::new(preset.eigen.max_tracked);
        let mut walk = Self { worker, history, preset, inspection: None, cursor: None, ended: false };
        walk.worker.send(Command::Step).unwrap();
        walk.until(|history, _| history.rows() > 0, "a first step");
        walk
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
            assert!(begun.elapsed() < Duration::from_mins(1), "never: {what}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn go_to(&mut self, stop: Breakpoint, within: usize, chapter: &str) {
        self.worker.send(Command::SetBreakpoint(stop)).unwrap();
        self.worker.send(Command::Play).unwrap();
        let budget = within + 1;
        self.until(
            |history, hits| {
                assert!(history.rows() <= budget, "{chapter}: {stop} is not reached within {within} steps");
                hits.contains(&stop)
            },
            &format!("{chapter}: {stop}"),
        );
        self.worker.send(Command::ClearBreakpoint(stop)).unwrap();
    }

    /// Looks into the newest step that has a successor.
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
                self.worker.send(Command::SetEta(*eta)).unwrap();
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
    }

    fn view<T>(&self, use_view: impl FnOnce(&RunView) -> T) -> T {
        let curves = Curves::of(&self.history, self.preset.view.smoothing);
        let facts = Facts::default();
        let smoothing_steps = self.preset.view.smoothing;
        let state = ViewState { cursor: self.cursor, smoothing_steps, ..ViewState::default() };
        let still = RunView::still(&self.history, &curves, &facts, &state);
        use_view(&RunView { inspection: self.inspection.as_ref(), ..still })
    }
}

/// Every number of a card has a value.
fn check_numbers(chapter: &Chapter, card: &Card, view: &RunView) {
    for span in card.spans() {
        if let Span::Live(quantity) = span {
            let value = quantity.value(view);
            let at = view.history.rows();
            assert!(
                value.is_some(),
                "{}, {:?}: {{{}}} has no value at step {at}",
                chapter.id,
                card.heading,
                quantity.name()
            );
        }
    }
}

/// The card is drawn within its column, the answer too.
fn check_card(chapter: &Chapter, card: &Card, view: &RunView) {
    for (width, style) in [(COLUMN, ProseStyle::default()), (PRESENTER_COLUMN, PRESENTER)] {
        let show = |ui: &mut egui::Ui| {
            card_ui(ui, card, view, Reveal::Shown, &style);
        };
        let texts = texts::texts(vec2(width, 3000.0), show);
        assert!(texts.len() > 1, "{}, {:?} shows next to nothing", chapter.id, card.heading);
        for (text, rect, _) in &texts {
            let fits = rect.left() >= -1.0 && rect.right() <= width + 1.0;
            assert!(
                fits,
                "{}, {:?}: {text:?} takes {rect:?} in a column of {width}",
                chapter.id, card.heading
            );
        }
        let bottom = texts.iter().map(|(_, rect, _)| rect.bottom()).fold(0.0, f32::max);
        assert!(bottom < 640.0, "{}, {:?} is {bottom} points high: say less", chapter.id, card.heading);
    }
}

fn picture(card: &Card, view: &RunView, size: Vec2, theme: Theme) -> brink::picture::Image {
    render(size, 1.0, theme, |ui| {
        card_ui(ui, card, view, Reveal::Shown, &ProseStyle::default());
    })
}

#[test]
fn every_chapter_runs_stops_and_speaks() {
    let show = std::env::var_os("BRINK_SHOW_CARDS");
    let begun = Instant::now();
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
                if let Some(directory) = &show {
                    let image = picture(card, view, vec2(COLUMN, 560.0), Theme::Light);
                    let name = format!("{:02}-{place}-{}.png", number + 1, chapter.id);
                    let file = Path::new(directory).join(name);
                    std::fs::write(file, encode_png(&image, 1.0, &[]).unwrap()).unwrap();
                }
            });
            assert!(walk.history.value(Series::Eta, last).is_some_and(|now| now > 0.0 && eta > 0.0));
        }
        println!("{:2} {}: {:.1?}, {} steps", number + 1, chapter.id, started.elapsed(), walk.history.rows());
    }
    println!("all in {:.1?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_mins(8), "the tour is too slow: {:?}", begun.elapsed());
}

#[test]
fn the_indicator_turns_red_where_the_theory_fails_and_says_why() {
    let all = chapters().unwrap();
    let chapter = all.iter().find(|chapter| chapter.id == "limits").unwrap();
    let mut verdicts = Vec::new();
    let mut walk = Walk::start(chapter, 0);
    for (place, card) in
        chapter.cards.iter().enumerate().filter(|(place, card)| *place == 0 || card.stop.is_some())
    {
        if place > 0 && card.run.is_some() {
            walk = Walk::start(chapter, place);
        }
        walk.enter(chapter, place);
        let row = walk.cursor.unwrap_or(walk.history.rows() - 1);
        let found = checks(&walk.history, row, walk.inspection.as_ref());
        let worst = found.iter().max_by_key(|check| check.light).unwrap();
        println!(
            "{}: step {row}: {} {} {}: {}",
            card.heading,
            worst.light.name(),
            worst.name,
            worst.value,
            worst.reason
        );
        verdicts.push((light(&found).unwrap(), worst.reason));
    }
    let (first, why) = verdicts[0];
    assert!(first == Light::Red && why.contains("above 2/η"), "a start above the edge: {first:?}, {why}");
    let (last, why) = verdicts[verdicts.len() - 1];
    assert!(last > Light::Green && !why.is_empty(), "a learning rate too large: {last:?}, {why}");
}

#[test]
fn a_parabola_has_no_cycles() {
    let all = chapters().unwrap();
    for chapter in &all[..2] {
        let mut walk = Walk::start(chapter, 0);
        walk.go_to(Breakpoint::Step(24), chapter.within, &chapter.id);
        walk.view(|view| {
            assert!(view.curves.cycles().all().is_empty(), "{}", chapter.id);
            let said = brink::picture::caption(view, 20);
            assert!(
                said.contains("quadratic") && said.contains("grows by the factor") && !said.contains("cycle"),
                "{said}"
            );
        });
    }
}

#[test]
fn there_are_nineteen_chapters_with_presets_and_signs_that_have_glyphs() {
    let all = chapters().unwrap();
    assert_eq!(all.len(), 19);
    for chapter in &all {
        for card in 0..chapter.cards.len() {
            chapter.preset(card, &[]).unwrap_or_else(|error| panic!("{error}"));
        }
        assert!(chapter.cards.iter().any(Card::has_answer), "{} asks nothing", chapter.id);
        assert!(chapter.cards.iter().any(|card| card.stop.is_some()), "{} stops nowhere", chapter.id);
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
    let (history, curves, facts, state) =
        (History::new(1), Curves::default(), Facts::default(), ViewState::default());
    let view = RunView::still(&history, &curves, &facts, &state);
    let all = chapters().unwrap();
    for (chapter, card, name) in
        [(0, 0, "card-quadratics"), (11, 3, "card-sigma"), (12, 1, "card-conditions")]
    {
        for (theme, word) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
            let image = picture(&all[chapter].cards[card], &view, vec2(COLUMN, 440.0), theme);
            compare::check(&format!("{name}-{word}"), &image);
        }
    }
}
