//! The forms and menus over the window: against stored pictures, with texts that can be read, and by the Tab key.
//!
//! `BRINK_WRITE_PICTURES=1 cargo test --lib app::tests::forms` writes the stored pictures anew; look at them before they are
//! committed.

use super::pictures::compare::check;
use super::pictures::readable::Strictness;
use super::screen::{picture_on_top, unreadable_on_top};
use super::*;
use crate::app::state::layout::LayoutNode as Arranged;
use crate::app::state::runs::Compared;
use crate::picture::view::ViewChange;
use crate::run::engine::breakpoint::{Breakpoint, Hit};
use crate::run::record::history::History;
use egui_kittest::kittest::NodeT;
use std::collections::BTreeSet;

/// Where the run of these windows stands.
const STOP: usize = 60;

/// A window on a paused run that is the same every time: with a fork, a saved run, breakpoints, a layout and a range by hand.
fn stopped(size: Vec2) -> Window {
    let engine = Fake { step_time: Duration::from_millis(1), cycle_steps: Some(20), ..Fake::default() };
    let opening = Opening { at: Some(STOP), ..Opening::default() };
    let mut window = built(engine, size, opening, None, None);
    until(&mut window, "the stop", |model| model.view.plots.cursor == Some(STOP));
    let lab = lab(&mut window);
    for command in [
        Command::View(ViewChange::PlaceCursor(Some(30))),
        Command::Edit(FormEdit::Fork(ForkForm { parent: None, eta: 0.25 })),
        Command::Fork,
        Command::View(ViewChange::SetRange(Panel::Loss, Some([0.0, 1.5]))),
        Command::Edit(FormEdit::LayoutName("My three plots".into())),
        Command::SaveLayout,
    ] {
        lab.apply(command);
    }
    let model = &mut lab.model;
    model.runs.compared.push(Compared::new("half-eta".into(), History::new(1)));
    model.runs.breakpoints = vec![Breakpoint::AtEdge { k: 1 }, Breakpoint::Step(5000)];
    model.runs.first.hits =
        vec![Hit { breakpoint: Breakpoint::OscillationPeak, step: 12, reason: "|x| = 0.31".into() }];
    model.forms.export.path = "/runs/brink-digits-noise.csv".into();
    model.forms.session.path = "/runs/digits-noise.brink".into();
    model.banners.clear();
    model.runs.first.steps_per_second = None;
    window.run_steps(3);
    window
}

fn show(window: &mut Window, form: Form) {
    lab(window).apply(Command::Toggle(form));
    // it finds its size and its place
    window.run_steps(8);
}

/// The name of a picture, its form, and what is chosen in it before.
type Look = (&'static str, Form, fn(&mut Model));

/// Every form, and what is chosen in it before it is looked at.
fn looks() -> Vec<Look> {
    fn nothing(_: &mut Model) {}
    vec![
        ("palette", Form::Palette, |model| model.forms.search.letters = "loss".into()),
        ("keys", Form::Help, nothing),
        ("axes", Form::Axes, nothing),
        ("breakpoints", Form::Breakpoints, nothing),
        ("runs", Form::Runs, nothing),
        ("layouts", Form::Layout, nothing),
        ("sessions", Form::Session, |model| {
            model.forms.session.outcome = Some(Err("the file is damaged at byte 17".into()));
        }),
        ("export-table", Form::Export, nothing),
        ("export-film", Form::Export, |model| {
            model.forms.export.what = What::Film;
            model.forms.export.film.steps = [0, STOP];
            model.forms.export.path = "/runs/brink-digits-noise.png".into();
        }),
    ]
}

/// What may be scrolled to.
fn strictness(form: Form) -> Strictness {
    if matches!(form, Form::Palette | Form::Help) { Strictness::Scrolled } else { Strictness::Whole }
}

#[test]
fn forms_look_as_stored_and_can_be_read() {
    let mut window = stopped(Vec2::new(1280.0, 800.0));
    for name in ["light", "dark"] {
        for (look, form, choose) in looks() {
            show(&mut window, form);
            choose(&mut lab(&mut window).model);
            window.run_steps(4);
            check(&format!("form-{look}-{name}"), &picture_on_top(&window));
            assert_eq!(unreadable_on_top(&window, strictness(form)), [""; 0], "{look}");
            show(&mut window, form);
        }
        lab(&mut window).apply(Command::ToggleTheme);
        window.run_steps(3);
    }
}

#[test]
fn menus_can_be_read() {
    let mut window = stopped(Vec2::new(1280.0, 800.0));
    for name in ["Layout", "View", "File", "Help"] {
        press(&mut window, name);
        window.run_steps(4);
        check(&format!("menu-{}", name.to_lowercase()), &picture_on_top(&window));
        assert_eq!(unreadable_on_top(&window, Strictness::Whole), [""; 0], "{name}");
        window.key_press(Key::Escape);
        window.run_steps(4);
    }
    // its lines are the presets, which come and go
    control(&window, Role::ComboBox, "Preset").click();
    window.run_steps(5);
    assert_eq!(unreadable_on_top(&window, Strictness::Scrolled), [""; 0]);
}

#[test]
fn forms_fit_a_small_window_and_any_scale() {
    for (pixels, scale) in
        [([1280.0, 800.0], 1.25), ([1280.0, 800.0], 1.5), ([1920.0, 1080.0], 1.5), ([2560.0, 1600.0], 2.0)]
    {
        let mut window = stopped(Vec2::from(pixels) / scale);
        let screen = window.input_mut().viewports.entry(ViewportId::ROOT).or_default();
        screen.native_pixels_per_point = Some(scale);
        window.run_steps(3);
        for (look, form, choose) in looks() {
            show(&mut window, form);
            choose(&mut lab(&mut window).model);
            window.run_steps(4);
            assert_eq!(unreadable_on_top(&window, strictness(form)), [""; 0], "{look} at {scale}");
            show(&mut window, form);
        }
    }
}

/// Controls by their identifiers and names: those that can be used, and those that the Tab key comes to.
fn controls(window: &mut Window) -> [BTreeSet<String>; 2] {
    let mut seen = BTreeSet::new();
    let name = |node: &Node| {
        let node = node.accesskit_node();
        format!("{:?} {:?} {:?}", node.role(), node.label().unwrap_or_default(), node.locate().0)
    };
    let of = |window: &Window, which: fn(&Node) -> bool| -> BTreeSet<String> {
        window.root().children_recursive().filter(which).map(|node| name(&node)).collect()
    };
    let usable = |window: &Window| {
        of(window, |node| {
            let node = node.accesskit_node();
            egui::accessibility::is_input(node.role()) && !node.is_hidden() && !node.is_disabled()
        })
    };
    let focused = |window: &Window| of(window, |node| node.accesskit_node().is_focused());
    // a second round where something has come in meanwhile
    for _ in 0..2 {
        let there = usable(window);
        for _ in 0..2 * there.len() + 20 {
            if there.is_subset(&seen) {
                break;
            }
            window.key_press(Key::Tab);
            window.run_steps(1);
            seen.extend(focused(window));
        }
    }
    let usable = usable(window);
    [usable, seen]
}

#[test]
fn every_control_of_every_form_has_a_name_and_is_reached_by_the_tab_key() {
    let mut window = stopped(Vec2::new(1280.0, 800.0));
    lab(&mut window).apply(Command::Arrange(Arrangement::Lecture));
    // the palette keeps the keyboard in its field: arrows go through its lines
    for form in Form::ALL.into_iter().filter(|&form| form != Form::Palette) {
        show(&mut window, form);
        if form == Form::Export {
            lab(&mut window).model.forms.export.what = What::Film;
            window.run_steps(3);
        }
        let [usable, reached] = controls(&mut window);
        assert!(usable.len() > 25, "{form:?}: {usable:?}");
        let unreached: Vec<_> = usable.difference(&reached).collect();
        assert!(unreached.is_empty(), "{form:?}: not reached: {unreached:#?}");
        let unnamed: Vec<_> = reached.iter().filter(|name| name.contains("\"\"")).collect();
        assert!(unnamed.is_empty(), "{form:?}: without a name: {unnamed:#?}");
        assert_eq!(window.unnamed_widgets(), [""; 0], "{form:?}");
        show(&mut window, form);
    }
}

#[test]
fn every_control_of_every_layout_has_a_name_and_is_reached_by_the_tab_key() {
    let mut window = stopped(Vec2::new(1280.0, 800.0));
    let mut trees: Vec<_> = Arrangement::BUILT_IN.iter().filter_map(|layout| layout.node(&[])).collect();
    let panel = |panel: Panel| Arranged::Panel(panel.name().to_owned());
    let tabs = Arranged::Tabs(vec![panel(Panel::Loss), panel(Panel::Variance)]);
    trees.push(Arranged::Columns(vec![(1.0, panel(Panel::Sharpness)), (1.0, tabs)]));
    for arrangement in trees {
        lab(&mut window).apply(Command::MovePanels(Box::new(arrangement.tree())));
        window.run_steps(4);
        let [usable, reached] = controls(&mut window);
        let unreached: Vec<_> = usable.difference(&reached).collect();
        assert!(unreached.is_empty(), "{arrangement:?}: not reached: {unreached:#?}");
        let unnamed: Vec<_> = reached.iter().filter(|name| name.contains("\"\"")).collect();
        assert!(unnamed.is_empty(), "{arrangement:?}: without a name: {unnamed:#?}");
        assert_eq!(window.unnamed_widgets(), [""; 0], "{arrangement:?}");
    }
}
