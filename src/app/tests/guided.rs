//! The guided tour in the window.

pub(crate) mod sliders;

use super::*;
use crate::app::state::tour::TourCommand;
use crate::run::file::recording::{ReadRecording, Recording};
use crate::tour::Reveal;
use std::sync::Arc;

/// A recording of twelve steps at η = 0.5, and the same file cut off, damaged, and of the next format.
pub(super) fn recording(name: &str) -> Option<&'static ReadRecording> {
    let preset = crate::preset::Preset::load("valley").expect("a preset");
    let preset = crate::preset::Preset { run: crate::preset::Run { steps: 12, ..preset.run }, ..preset };
    let engine = Box::new(Fake::default());
    let whole = crate::run::file::recording::take(
        engine,
        ("valley", preset, "brink record valley".into()),
        |_, _| true,
    );
    let mut bytes = whole.session().to_bytes().expect("bytes");
    match name {
        "whole" => {}
        "cut" => bytes.truncate(bytes.len() / 2),
        "damaged" => {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }
        "newer" => bytes[8] += 1,
        _ => return None,
    }
    Some(Box::leak(Box::new(Recording::from_bytes(name, &bytes).map(Arc::new))))
}

/// A window at a chapter that has one card, on a recording of `moons`.
fn recorded(name: &str) -> Window {
    let text = format!(
        "+++\ntitle = \"Test\"\npreset = \"moons\"\npanels = \"loss\"\nwithin = 9\n+++\n## One\n> run moons recorded={name}\n@ step 5\nWords\n"
    );
    let chapter = crate::tour::Chapter::parse("01-test", &text).expect("a chapter");
    let mut window = quick();
    lab(&mut window).model.tour = crate::app::state::tour::Tour::of(vec![chapter]);
    key(&mut window, Key::T);
    window
}

fn key(window: &mut Window, key: Key) {
    window.key_press(key);
    window.run_steps(3);
}

fn place(window: &Window) -> (usize, usize) {
    (model(window).tour.chapter, model(window).tour.card)
}

fn running_preset(window: &Window) -> &str {
    let model = model(window);
    &model.runs.presets[model.runs.preset].0
}

fn quick() -> Window {
    sized(Fake { step_time: Duration::from_millis(1), ..Fake::default() }, Vec2::new(1280.0, 800.0))
}

#[test]
fn a_key_opens_the_tour_and_another_turns_its_pages() {
    let mut window = quick();
    let own = model(&window).layout.tree.clone();
    key(&mut window, Key::T);
    assert!(model(&window).tour.guides);
    assert_eq!((place(&window), running_preset(&window)), ((0, 0), "parabola"));
    assert_ne!(model(&window).layout.tree, own, "the chapter has panels of its own");
    assert_eq!(model(&window).tour.reveal, Reveal::Hidden);
    key(&mut window, Key::PageDown);
    assert_eq!((place(&window), model(&window).tour.reveal), ((0, 0), Reveal::Shown));
    key(&mut window, Key::PageDown);
    assert_eq!(place(&window), (0, 1));
    key(&mut window, Key::PageUp);
    assert_eq!(place(&window), (0, 0));
    let last = model(&window).tour.chapters.len() - 1;
    lab(&mut window).apply(Command::Tour(TourCommand::Chapter(last)));
    window.run_steps(2);
    assert_eq!(place(&window), (last, 0));
    press(&mut window, "Previous card");
    let cards = model(&window).tour.chapters[last - 1].cards.len();
    assert_eq!(place(&window), (last - 1, cards - 1), "back to the last card of the chapter before");
}

#[test]
fn back_from_a_chapter_after_one_that_steers_its_run_goes_to_the_first_card() {
    let mut window = quick();
    lab(&mut window).apply(Command::Tour(TourCommand::Chapter(6)));
    lab(&mut window).apply(Command::Tour(TourCommand::Previous));
    assert_eq!(place(&window), (5, 0), "its last card speaks of another learning rate");
}

#[test]
fn the_tour_and_free_play_each_keep_their_own_look() {
    let mut window = quick();
    lab(&mut window).apply(Command::TogglePhases);
    lab(&mut window).apply(Command::ToggleFlat);
    lab(&mut window).apply(Command::ToggleBreakpoint(crate::run::engine::breakpoint::Breakpoint::Step(3)));
    let look = |window: &Window| {
        let look = model(window).look();
        (crate::app::state::layout::shown(&look.tree), look.central_flow, look.phases, look.scene)
    };
    let own = look(&window);
    lab(&mut window).apply(Command::Tour(TourCommand::Chapter(3)));
    window.run_steps(2);
    let guided = look(&window);
    assert!(!guided.1 && !guided.2 && guided.3.flat, "the chapter's look: {guided:?}");
    assert!(model(&window).runs.breakpoints.is_empty(), "a stop that was meant for another run");
    lab(&mut window).apply(Command::ToggleCentralFlow);
    lab(&mut window).apply(Command::Tour(TourCommand::Toggle));
    assert_eq!(look(&window), own);
    lab(&mut window).apply(Command::Tour(TourCommand::Toggle));
    assert_eq!(look(&window), (guided.0, true, guided.2, guided.3), "as it was left");
    lab(&mut window).apply(Command::Tour(TourCommand::Chapter(4)));
    assert!(!look(&window).1, "the next chapter has a look of its own");
}

#[test]
fn a_preset_that_is_chosen_in_the_tour_is_free_play() {
    let mut window = quick();
    let own = model(&window).layout.tree.clone();
    key(&mut window, Key::T);
    lab(&mut window).apply(Command::OpenPreset(0));
    assert!(!model(&window).tour.guides);
    assert_eq!(model(&window).layout.tree, own);
}

#[test]
fn a_restarted_run_of_the_tour_goes_to_its_stop_again() {
    let mut window = quick();
    lab(&mut window).apply(Command::Tour(TourCommand::Chapter(1)));
    key(&mut window, Key::PageDown);
    key(&mut window, Key::PageDown);
    until(&mut window, "the card's stop", |model| {
        model.runs.first.phase == RunPhase::Paused && !model.tour.waits()
    });
    lab(&mut window).apply(Command::Restart);
    until(&mut window, "the card's stop again", |model| {
        model.runs.first.phase == RunPhase::Paused && !model.tour.waits()
    });
    assert_eq!(rows(&window), 4);
}

#[test]
fn a_run_that_is_begun_anew_passes_the_stops_of_the_cards_before() {
    let text = "+++\ntitle = \"Test\"\npreset = \"moons\"\npanels = \"loss\"\nwithin = 90\n+++\n\
        ## One\n@ step 3\nA\n## Two\n@ step 6\n> eta 0.4\nB\n## Three\n@ step 6\nC\n## Four\n@ step 9\nD\n";
    let chapter = crate::tour::Chapter::parse("01-test", text).expect("a chapter");
    let mut window = quick();
    lab(&mut window).model.tour = crate::app::state::tour::Tour::of(vec![chapter]);
    key(&mut window, Key::T);
    let stopped = |model: &Model| model.runs.first.phase == RunPhase::Paused && !model.tour.waits();
    for (card, rows) in [(0, 4), (1, 7), (2, 7), (3, 10)] {
        until(&mut window, "the card's stop", stopped);
        assert_eq!((place(&window).1, model(&window).runs.first.history.rows()), (card, rows));
        if card == 1 {
            assert_eq!(model(&window).runs.first.eta(), 0.4);
        }
        // free play with another preset, and back: the run comes to the same place by the same way
        key(&mut window, Key::T);
        lab(&mut window).apply(Command::OpenPreset(0));
        key(&mut window, Key::T);
        until(&mut window, "the card's stop again", stopped);
        assert_eq!((place(&window).1, model(&window).runs.first.history.rows()), (card, rows));
        assert_eq!(model(&window).runs.first.eta() == 0.4, card > 0, "card {card}");
        key(&mut window, Key::PageDown);
    }
}

#[test]
fn a_card_that_is_come_back_to_shows_the_run_as_it_was_there() {
    let text = "+++\ntitle = \"Test\"\npreset = \"moons\"\npanels = \"loss\"\nwithin = 90\n+++\n\
        ## One\n@ step 3\nStep {step}\n## Two\n@ step 6\nStep {step}\n";
    let chapter = crate::tour::Chapter::parse("01-test", text).expect("a chapter");
    let mut window = quick();
    lab(&mut window).model.tour = crate::app::state::tour::Tour::of(vec![chapter]);
    key(&mut window, Key::T);
    let stopped = |model: &Model| model.runs.first.phase == RunPhase::Paused && !model.tour.waits();
    until(&mut window, "the first stop", stopped);
    key(&mut window, Key::PageDown);
    until(&mut window, "the second", stopped);
    let seen = |window: &Window| (model(window).view.plots.cursor, model(window).view.plots.visible);
    assert_eq!(seen(&window), (None, None), "it is the newest");
    key(&mut window, Key::PageUp);
    assert_eq!(seen(&window), (Some(3), Some([0.0, 3.0])));
    assert!(window.query_by_label_contains("Step 3").is_some());
    key(&mut window, Key::PageDown);
    assert_eq!((seen(&window), rows(&window)), ((None, None), 7));
    // the run goes on in free play, and rests again at the card
    key(&mut window, Key::T);
    key(&mut window, Key::Space);
    until(&mut window, "more steps", |model| model.runs.first.history.rows() > 9);
    key(&mut window, Key::T);
    until(&mut window, "a rest", |model| model.runs.first.phase == RunPhase::Paused);
    assert_eq!(seen(&window), (Some(6), Some([0.0, 6.0])));
}

#[test]
fn nothing_tells_the_end_before_the_room_has_thought() {
    let mut window = quick();
    key(&mut window, Key::T);
    until(&mut window, "the first step", |model| model.runs.first.phase == RunPhase::Paused);
    window.run_steps(2);
    assert_eq!(rows(&window), 2, "the run waits while the question is open");
    assert!(window.query_by_label("What happens next?").is_some());
    key(&mut window, Key::PageDown);
    assert!(window.query_by_label("What happens next?").is_none(), "the answer is revealed");
    // on the way to a stop, only the heading of its card is there
    lab(&mut window).apply(Command::Tour(TourCommand::Chapter(4)));
    key(&mut window, Key::PageDown);
    let (_, card) = model(&window).tour.here().expect("a card");
    let heading = card.heading.clone();
    assert!(model(&window).tour.waits());
    assert!(
        window.query_by_label(&heading).is_some()
            && window.query_by_label_contains("nothing is visible").is_none()
    );
}

#[test]
fn what_stands_before_the_stop_is_said_on_the_way_there() {
    let text = "+++\ntitle = \"Test\"\npreset = \"moons\"\npanels = \"loss\"\nwithin = 90\n+++\n\
        ## One\nη = {η}\n\n@ step 30\nStep {step}\n";
    let chapter = crate::tour::Chapter::parse("01-test", text).expect("a chapter");
    let engine = Fake { step_time: Duration::from_millis(40), ..Fake::default() };
    let mut window = sized(engine, Vec2::new(1280.0, 800.0));
    lab(&mut window).model.tour = crate::app::state::tour::Tour::of(vec![chapter]);
    key(&mut window, Key::T);
    until(&mut window, "a step", |model| model.runs.first.history.rows() > 0);
    window.run_steps(2);
    assert!(model(&window).tour.waits());
    let says = |window: &Window, text: &str| window.query_by_label_contains(text).is_some();
    assert!(says(&window, "η = 0.2") && !says(&window, "Step 30"));
    until(&mut window, "the stop", |model| !model.tour.waits());
    window.run_steps(2);
    assert!(says(&window, "η = 0.2") && says(&window, "Step 30"));
}

#[test]
fn a_term_that_the_keyboard_comes_to_stands_out_in_the_plots() {
    let mut window = quick();
    lab(&mut window).apply(Command::Tour(TourCommand::Chapter(4)));
    window.run_steps(3);
    let name = "displacement along the top eigenvector";
    window.get_by_label_contains(name).focus();
    window.run_steps(3);
    let line = crate::picture::view::source::LineSource::Recorded(
        crate::run::record::series::Series::Displacement(0),
    );
    assert_eq!(model(&window).view.plots.pointed, Some(line));
    let at = window.get_by_label_contains(name).rect().center();
    lab(&mut window).model.view.plots.pointed = None;
    window.hover_at(at);
    window.run_steps(3);
    assert_eq!(model(&window).view.plots.pointed, Some(line), "and the pointer");
}

#[test]
fn the_run_goes_on_to_the_card_s_stop_and_waits_there() {
    let mut window = quick();
    key(&mut window, Key::T);
    key(&mut window, Key::PageDown);
    key(&mut window, Key::PageDown);
    until(&mut window, "the stop at step 8", |model| model.runs.first.phase == RunPhase::Paused);
    assert_eq!(rows(&window), 9);
    assert!(!model(&window).tour.waits() && model(&window).banners.is_empty(), "the card says it");
    // the next card has the same stop
    key(&mut window, Key::PageDown);
    assert_eq!((place(&window), model(&window).tour.waits(), rows(&window)), ((0, 2), false, 9));
    key(&mut window, Key::PageDown);
    until(&mut window, "the stop at step 24", |model| {
        model.runs.first.phase == RunPhase::Paused && model.runs.first.history.rows() == 25
    });
}

#[test]
fn a_stop_that_lies_ahead_is_kept_while_cards_before_it_are_read() {
    let mut window = quick();
    lab(&mut window).apply(Command::Tour(TourCommand::Chapter(11)));
    window.run_steps(2);
    let ahead = model(&window).tour.armed();
    assert!(ahead.is_some());
    key(&mut window, Key::PageDown);
    assert_eq!((place(&window), model(&window).tour.armed()), ((11, 1), ahead));
}

#[test]
fn a_stop_that_is_reached_while_the_page_is_turned_holds_nothing_up() {
    let mut window = quick();
    lab(&mut window).apply(Command::Tour(TourCommand::Chapter(13)));
    until(&mut window, "some steps", |model| model.runs.first.history.rows() > 2);
    key(&mut window, Key::PageDown);
    let (stop, next) = {
        let chapter = &model(&window).tour.chapters[13];
        (chapter.cards[1].stop.expect("a stop"), chapter.cards[2].stop.expect("another"))
    };
    // the window learns of the stop after the next card has set its own
    key(&mut window, Key::PageDown);
    key(&mut window, Key::PageDown);
    assert_eq!(model(&window).tour.armed(), Some(next));
    lab(&mut window).model.runs.first.phase = RunPhase::Paused;
    let hit = crate::run::engine::breakpoint::Hit { breakpoint: stop, step: 250, reason: "step 250".into() };
    assert!(lab(&mut window).tour_takes(&hit));
    window.run_steps(2);
    assert!(model(&window).banners.is_empty());
    assert_eq!(
        (model(&window).tour.armed(), &model(&window).runs.first.phase),
        (Some(next), &RunPhase::Training)
    );
}

#[test]
fn free_play_keeps_the_place_and_gives_the_panels_back() {
    let mut window = quick();
    let own = model(&window).layout.tree.clone();
    key(&mut window, Key::T);
    key(&mut window, Key::PageDown);
    key(&mut window, Key::PageDown);
    press(&mut window, "Tour");
    assert!(!model(&window).tour.guides);
    assert_eq!(model(&window).layout.tree, own);
    lab(&mut window).apply(Command::OpenPreset(0));
    window.run_steps(2);
    assert_eq!(running_preset(&window), "digits-noise");
    press(&mut window, "Tour");
    assert!(model(&window).tour.guides);
    assert_eq!((place(&window), running_preset(&window)), ((0, 1), "parabola"));
    until(&mut window, "the card's stop", |model| {
        model.runs.first.phase == RunPhase::Paused && !model.tour.waits()
    });
}

#[test]
fn a_run_that_was_left_alone_goes_on_after_free_play() {
    let mut window = quick();
    key(&mut window, Key::T);
    until(&mut window, "the first stop", |model| model.runs.first.phase == RunPhase::Paused);
    let before = rows(&window);
    key(&mut window, Key::T);
    key(&mut window, Key::T);
    assert!(rows(&window) >= before && running_preset(&window) == "parabola");
}

#[test]
fn escape_closes_the_menu_of_chapters_and_nothing_else() {
    let mut window = quick();
    key(&mut window, Key::T);
    key(&mut window, Key::F5);
    assert!(model(&window).layout.presenter);
    let menu = |window: &mut Window| {
        window.get_by_role_and_label(egui::accesskit::Role::ComboBox, "Chapter").click();
    };
    menu(&mut window);
    window.run_steps(3);
    assert!(egui::Popup::is_any_open(&window.ctx));
    key(&mut window, Key::Escape);
    assert!(!egui::Popup::is_any_open(&window.ctx) && model(&window).layout.presenter);
    key(&mut window, Key::Escape);
    assert!(!model(&window).layout.presenter);
}

#[test]
fn the_card_is_there_in_presenter_mode_too() {
    let mut window = quick();
    key(&mut window, Key::T);
    key(&mut window, Key::F5);
    assert!(model(&window).layout.presenter);
    let heading = &model(&window).tour.here().expect("a card").1.heading;
    assert!(window.query_by_label(heading).is_some());
    key(&mut window, Key::PageDown);
    key(&mut window, Key::PageDown);
    assert_eq!(place(&window), (0, 1));
    key(&mut window, Key::Escape);
    assert!(!model(&window).layout.presenter && model(&window).tour.guides);
}

#[test]
fn a_recording_plays_to_the_card_s_stop() {
    let mut window = recorded("whole");
    assert!(model(&window).runs.recording.is_some());
    until(&mut window, "the stop at step 5", |model| model.runs.first.phase == RunPhase::Paused);
    assert_eq!((rows(&window), running_preset(&window)), (6, "valley"));
    let said = &model(&window).banners[0].text;
    assert!(said.contains("This is a recording") && said.contains("brink record valley"), "{said}");
}

#[test]
fn a_recording_that_cannot_be_read_is_said_and_its_preset_runs_live() {
    for (name, reason) in [("cut", "incomplete"), ("damaged", "damaged"), ("newer", "take the newer program")]
    {
        let mut window = recorded(name);
        assert!(model(&window).runs.recording.is_none());
        assert_eq!(running_preset(&window), "moons");
        let said = &model(&window).banners[0].text;
        assert!(
            said.contains(&format!("the recording {name} cannot be played")) && said.contains(reason),
            "{said}"
        );
        until(&mut window, "the stop at step 5", |model| {
            model.runs.first.phase == RunPhase::Paused && !model.tour.waits()
        });
    }
}

#[test]
fn a_chapter_without_its_recording_runs_live_and_says_nothing() {
    let window = recorded("none");
    assert!(model(&window).banners.is_empty() && model(&window).runs.recording.is_none());
}

/// What of a card is out of sight, at the first card that does not fit a window.
fn overflow(window: Vec2, presenter: bool) -> Option<String> {
    let mut model = super::pictures::looked_at();
    (model.layout.presenter, model.tour.guides, model.tour.reveal) = (presenter, true, Reveal::Shown);
    let chapters = Arc::clone(&model.tour.chapters);
    for (place, chapter) in chapters.iter().enumerate() {
        for card in 0..chapter.cards.len() {
            (model.tour.chapter, model.tour.card) = (place, card);
            model.tour.have_reached_all();
            model.tour.knobs = vec![2.0; chapter.knobs.len()];
            let texts = super::pictures::texts(window, |ui| window_ui(ui, &model, &mut Vec::new()));
            let column = f32::min(330.0, 0.45 * window.x);
            let words =
                texts.iter().filter(|(text, rect, _)| !text.trim().is_empty() && rect.left() < column);
            for (text, rect, clip) in words {
                if rect.bottom() > clip.bottom() + 1.0 || rect.right() > clip.right() + 1.0 {
                    return Some(format!(
                        "{} in {window:?}, card {}: {text:?} at {rect:?} is cut off by {clip:?}",
                        chapter.id,
                        card + 1
                    ));
                }
            }
        }
    }
    None
}

#[test]
fn every_card_fits_with_its_answer_on_a_small_projector_too() {
    let projector = Vec2::new(1280.0, 800.0);
    for (window, presenter) in
        [(projector, false), (projector / 1.5, false), (projector / crate::app::view::presenter::ZOOM, true)]
    {
        assert_eq!(overflow(window, presenter), None);
    }
}

#[test]
fn the_key_for_the_next_card_shows_the_rest_of_this_one_first() {
    let mut window = sized(Fake::default(), Vec2::new(640.0, 330.0));
    key(&mut window, Key::T);
    lab(&mut window).apply(Command::Tour(TourCommand::Chapter(12)));
    window.run_steps(3);
    let mut turns = 0;
    while model(&window).tour.reveal == Reveal::Hidden && place(&window) == (12, 0) {
        key(&mut window, Key::PageDown);
        turns += 1;
        assert!(turns < 20, "the page never ends");
    }
    assert!(turns > 1, "the card fits: a smaller window is needed");
}

#[test]
fn the_tour_fits_a_small_window() {
    for size in [Vec2::new(1280.0, 800.0), Vec2::new(853.0, 533.0), Vec2::new(480.0, 360.0)] {
        let mut window = sized(Fake { step_time: Duration::from_millis(1), ..Fake::default() }, size);
        key(&mut window, Key::T);
        let next = control(&window, Role::Button, "Next card").rect();
        assert!(next.right() < 0.5 * size.x && next.bottom() < size.y, "{next:?} in {size:?}");
    }
}

#[test]
fn light_presets_train_beside_a_chapter_s_run_until_another_one_starts() {
    let text = "+++\ntitle = \"Test\"\npreset = \"moons\"\nbeside = [\"chebyshev view.speed=400\", \"valley\"]\npanels = \"wall\"\nwithin = 90\n+++\n\
        ## One\n@ step 50\nWords\n";
    let chapter = crate::tour::Chapter::parse("01-test", text).expect("a chapter");
    let mut window = quick();
    lab(&mut window).model.tour = crate::app::state::tour::Tour::of(vec![chapter]);
    key(&mut window, Key::T);
    let grown = |model: &Model| model.runs.beside.runs().iter().all(|run| run.history.rows() > 5);
    until(&mut window, "steps of the runs beside it", |model| {
        model.runs.beside.runs().len() == 2 && grown(model)
    });
    assert_eq!(model(&window).runs.beside.runs()[0].preset.view.speed, Some(400.0));
    let title = model(&window).runs.beside.runs()[0].preset.title.clone();
    until(&mut window, "the stop", |model| model.runs.first.phase == RunPhase::Paused);
    let place = format!("Live: {title}: not at the edge yet, live; MSE, ");
    assert!(window.query_by_label_contains(&place).is_some(), "the wall has a place for it");
    // one key holds them and lets them go on, where the run itself has ended too
    lab(&mut window).model.runs.first.phase = RunPhase::Ended(Ending::AllSteps);
    for playing in [true, false] {
        key(&mut window, Key::Space);
        assert_eq!(
            (model(&window).is_playing(), model(&window).runs.beside.are_playing()),
            (playing, playing)
        );
        assert!(model(&window).can_go_on());
    }
    lab(&mut window).apply(Command::OpenPreset(0));
    assert!(model(&window).runs.beside.runs().is_empty());
}
