//! Every command there is, sent by a control that is found by its accessible name. The table below is a match without a
//! wildcard: a new command does not compile before it says how it is reached, and with what it is tried.

use super::hands::key;
use super::ways::{
    arrange, button, choose, existing_session, in_tour, last, layout_form, mark, open_tour, palette,
    session_form, set, type_number, type_text, unfinished,
};
use super::*;
use crate::app::state::runs::Compared;
use crate::app::state::tour::TourCommand;
use crate::picture::file::export::Film;
use crate::picture::view::ViewChange;
use crate::picture::view::choice::Choice;
use crate::picture::view::panel::Panel;
use crate::picture::view::scene_view::{Layer, SceneChange};
use crate::picture::view::source::LineSource;
use crate::run::engine::breakpoint::Breakpoint;
use crate::run::record::history::History;
use crate::run::record::series::Series;
use std::mem::discriminant;
use std::path::Path;

/// Sends a command by its controls.
type Way = fn(&mut Window, &Command);

/// One row a command: its pattern, what it is tried with, how it is sent.
macro_rules! every_command {
    ($($pattern:pat => $examples:expr, by $way:expr;)+) => {
        fn way(command: &Command) -> Way {
            match command { $($pattern => $way,)+ }
        }

        fn examples() -> Vec<Command> {
            let mut all = Vec::new();
            $(for example in $examples {
                assert!(matches!(example, $pattern), "{example:?} is tried in another command's row");
                all.push(example);
            })+
            all
        }
    };
}

use {Command as C, ViewChange as V};

every_command! {
    C::PlayPause => [C::PlayPause], by |window, _| press(window, "Play");
    C::StepForward => [C::StepForward], by button;
    C::StepBack => [C::StepBack], by button;
    C::LeapForward => [C::LeapForward], by palette;
    C::LeapBack => [C::LeapBack], by palette;
    C::ToStart => [C::ToStart], by button;
    C::ToEnd => [C::ToEnd], by button;
    C::Replay => [C::Replay], by button;
    C::ToggleLoop => [C::ToggleLoop], by mark;
    C::NextCycle => [C::NextCycle], by palette;
    C::PreviousCycle => [C::PreviousCycle], by palette;
    C::LoopCycle => [C::LoopCycle], by palette;
    C::TogglePhases => [C::TogglePhases], by |window, command| { press(window, "View"); mark(window, command); };
    C::NextExample => [C::NextExample], by palette;
    C::PreviousExample => [C::PreviousExample], by palette;
    C::NextOutput => [C::NextOutput], by palette;
    C::PreviousOutput => [C::PreviousOutput], by palette;
    C::SetReplaySpeed(_) => [2.5, 100.0, f64::INFINITY].map(C::SetReplaySpeed), by |window, command| {
        if let C::SetReplaySpeed(speed) = command { set(window, Role::SpinButton, command.name(), speed.min(1e9)); }
    };
    C::MoreSteps => [C::MoreSteps], by palette;
    C::TrainTo(_) => [C::TrainTo(5000)], by |window, _| {
        press(window, "Help");
        button(window, &C::Toggle(Form::Palette));
        type_text(window, C::Edit(FormEdit::Search(Search::default())).entry().hint, "train to 5000");
        press(window, "Train to step 5000");
    };
    C::Restart => [C::Restart], by button;
    C::OpenPreset(_) => [C::OpenPreset(1), C::OpenPreset(3)], by |window, command| {
        let C::OpenPreset(place) = command else { return };
        let title = model(window).title(*place).to_owned();
        choose(window, "Preset", &title);
    };
    C::OpenRecording(_) => [C::OpenRecording(0)], by |window, command| {
        let C::OpenRecording(place) = command else { return };
        let recording = crate::run::file::recording::bundled()[*place].as_ref().expect("a recording");
        choose(window, "Preset", &format!("Recorded: {}", recording.preset.title));
    };
    C::SetEta(_) => [C::SetEta(0.05), C::SetEta(0.5)], by |window, command| {
        if let C::SetEta(eta) = command { set(window, Role::Slider, command.name(), *eta); }
    };
    C::SetSpeed(_) => [10.0, 0.1, 3.0, 60.0, 2500.0].map(|speed| C::SetSpeed(Some(speed))), by |window, command| {
        let C::SetSpeed(Some(speed)) = command else { return };
        type_number(window, command.name(), &speed.to_string());
    };
    C::RestartFlows => [C::RestartFlows], by button;
    C::View(V::Show(_)) => [C::View(V::Show(Some([0.0, 50.0])))], by |window, _| {
        press(window, "View");
        button(window, &C::Toggle(Form::Axes));
        set(window, Role::SpinButton, "Steps: to", 50.0);
    };
    C::View(V::PlaceCursor(_)) => [C::View(V::PlaceCursor(Some(12))), C::View(V::PlaceCursor(Some(0)))], by
        |window, command| {
            let C::View(V::PlaceCursor(Some(step))) = command else { return };
            set(window, Role::SpinButton, "Cursor at step", *step as f64);
        };
    C::View(V::Hover(_)) => [C::View(V::Hover(Some(0.0)))], by |window, command| {
        let corner = window.get_by_label("Logarithmic axis: Train loss").rect().center();
        let at = |n: u8| corner + egui::vec2(60.0 * f32::from(n) - 180.0, 150.0);
        let steps = [0, 1, 2].map(|n| {
            window.hover_at(at(n));
            window.run_steps(3);
            let C::View(V::Hover(Some(step))) = last(window, command) else { panic!("nothing is below the pointer") };
            step
        });
        let apart = [steps[1] - steps[0], steps[2] - steps[1]];
        assert!(apart[0] > 5.0 && (apart[1] - apart[0]).abs() <= 1.0, "places at one distance: {steps:?}");
        for pressed in [true, false] {
            let (button, modifiers) = (egui::PointerButton::Primary, egui::Modifiers::NONE);
            window.event(egui::Event::PointerButton { pos: at(2), button, pressed, modifiers });
            window.run_steps(2);
        }
        assert_eq!(model(window).view.plots.cursor.map(|cursor| cursor as f64), Some(steps[2]), "a click takes that step");
    };
    C::View(V::Point(_)) => [C::View(V::Point(Some(LineSource::Recorded(Series::CfLoss))))], by |window, _| {
        let entry = window.get_by_label("central flow L(w(t))").rect().center();
        window.hover_at(entry);
        window.run_steps(2);
        assert!(model(window).view.plots.pointed.is_some());
        window.hover_at(egui::pos2(2.0, 2.0));
        window.run_steps(2);
        assert_eq!(model(window).view.plots.pointed, None, "nothing is pointed at any more");
    };
    C::View(V::SetLog(..)) => [C::View(V::SetLog(Panel::Loss, true))], by |window, _| {
        tick(window, "Logarithmic axis: Train loss");
    };
    C::View(V::SetRange(..)) => [C::View(V::SetRange(Panel::Loss, Some([0.0, 3.0])))], by |window, _| {
        press(window, "View");
        button(window, &C::Toggle(Form::Axes));
        set(window, Role::SpinButton, "Train loss: from", 0.0);
        set(window, Role::SpinButton, "Train loss: to", 3.0);
    };
    C::View(V::Scene(_)) => [C::View(V::Scene(SceneChange::SetFlat(false)))], by |window, _| {
        arrange(window, Arrangement::WeightSpace);
        control(window, Role::RadioButton, "Weight space as a landscape").click();
        window.run_steps(3);
    };
    C::View(V::ShowPrediction(_)) => [C::View(V::ShowPrediction(Choice { example: 1, ..Choice::default() }))], by
        |window, _| {
            arrange(window, Arrangement::Network);
            press(window, "Next example");
        };
    C::FollowRun => [C::FollowRun], by button;
    C::ToggleLogAxes => [C::ToggleLogAxes], by |window, command| { press(window, "View"); mark(window, command); };
    C::ToggleTheme => [C::ToggleTheme], by |window, command| { press(window, "View"); mark(window, command); };
    C::ToggleCentralFlow => [C::ToggleCentralFlow], by mark;
    C::ToggleFlat => [C::ToggleFlat], by |window, command| { press(window, "View"); button(window, command); };
    C::ResetScene => [C::ResetScene], by |window, command| { press(window, "View"); button(window, command); };
    C::ToggleLayer(_) => Layer::ALL.map(C::ToggleLayer), by palette;
    C::SetSmoothing(_) => [C::SetSmoothing(0.0), C::SetSmoothing(20.0)], by |window, command| {
        let C::SetSmoothing(steps) = command else { return };
        press(window, "View");
        set(window, Role::SpinButton, command.name(), *steps);
    };
    C::TogglePresenter => [C::TogglePresenter], by button;
    C::Arrange(_) => Arrangement::BUILT_IN.map(C::Arrange), by |window, command| {
        press(window, "Layout");
        button(window, command);
    };
    C::MovePanels(_) => [C::MovePanels(Box::new(Arrangement::default_tree()))], by |window, command| {
        let before = Arrangement::Compare.node(&[]).expect("built in");
        assert_eq!(layout::LayoutNode::from_tree(&model(window).layout.tree), Some(before));
        let title = window.get_by_label("Logarithmic axis: Hessian eigenvalues").rect();
        let other = window.get_by_label("Logarithmic axis: Train loss").rect();
        window.drag_at(egui::pos2(60.0, title.center().y));
        window.run_steps(3);
        for share in [0.5, 1.0] {
            window.hover_at(title.center().lerp(other.center() + egui::vec2(-40.0, 150.0), share));
            window.run_steps(2);
        }
        window.drop_at(other.center() + egui::vec2(-40.0, 150.0));
        window.run_steps(4);
        let C::MovePanels(tree) = last(window, command) else { return };
        let mut order = Panel::PLOTS;
        order.swap(0, 1);
        assert_eq!(layout::shown(&tree), order, "the first plot goes behind the second");
    };
    C::TogglePanel(_) => Panel::ALL.map(C::TogglePanel), by |window, command| {
        let C::TogglePanel(panel) = command else { return };
        press(window, "Layout");
        tick(window, panel.title());
    };
    C::Dock => [C::Dock], by |window, command| { layout_form(window); button(window, command); };
    C::Edit(FormEdit::Dock(_)) => [
        C::Edit(FormEdit::Dock(Dock { panel: Panel::Distance, ..Dock::default() })),
        C::Edit(FormEdit::Dock(Dock { side: Side::Below, ..Dock::default() })),
        C::Edit(FormEdit::Dock(Dock { other: Panel::Variance, ..Dock::default() })),
    ], by |window, command| {
        let C::Edit(FormEdit::Dock(dock)) = command else { return };
        layout_form(window);
        match (dock.panel, dock.side) {
            (Panel::Distance, _) => choose(window, "Put", Panel::Distance.title()),
            (_, Side::Below) => choose(window, "Side of the other panel", Side::Below.name()),
            _ => choose(window, "panel", Panel::Variance.title()),
        }
    };
    C::ToggleBreakpoint(_) => [
        C::ToggleBreakpoint(Breakpoint::AtEdge { k: 1 }),
        C::ToggleBreakpoint(Breakpoint::AtEdge { k: 2 }),
        C::ToggleBreakpoint(Breakpoint::AtEdge { k: 5 }),
        C::ToggleBreakpoint(Breakpoint::OscillationPeak),
        C::ToggleBreakpoint(Breakpoint::LossSpike { factor: 1.5 }),
        C::ToggleBreakpoint(Breakpoint::Divergence),
        C::ToggleBreakpoint(Breakpoint::Step(1000)),
    ], by |window, command| {
        let C::ToggleBreakpoint(breakpoint) = command else { return };
        button(window, &C::Toggle(Form::Breakpoints));
        if let Breakpoint::AtEdge { k } = breakpoint && *k > 2 {
            set(window, Role::SpinButton, "Eigenvalue to wait for", *k as f64);
        }
        tick(window, &breakpoint.to_string());
    };
    C::Edit(FormEdit::Breakpoint(_)) => [
        C::Edit(FormEdit::Breakpoint(BreakpointForm { step: 40, ..BreakpointForm::default() })),
        C::Edit(FormEdit::Breakpoint(BreakpointForm { factor: 2.0, ..BreakpointForm::default() })),
        C::Edit(FormEdit::Breakpoint(BreakpointForm { k: 4, ..BreakpointForm::default() })),
    ], by |window, command| {
        let C::Edit(FormEdit::Breakpoint(form)) = command else { return };
        button(window, &C::Toggle(Form::Breakpoints));
        match (form.step, form.k) {
            (40, _) => set(window, Role::SpinButton, "Step to stop at", 40.0),
            (_, 4) => set(window, Role::SpinButton, "Eigenvalue to wait for", 4.0),
            _ => set(window, Role::SpinButton, "Factor of a spike", 2.0),
        }
    };
    C::Fork => [C::Fork], by |window, command| { button(window, &C::Toggle(Form::Runs)); button(window, command); };
    C::Edit(FormEdit::Fork(_)) => [C::Edit(FormEdit::Fork(ForkForm { parent: None, eta: 0.25 }))], by |window, _| {
        button(window, &C::Toggle(Form::Runs));
        set(window, Role::SpinButton, "η of the fork", 0.25);
    };
    C::CloseFork(_) => [C::CloseFork(0)], by |window, command| {
        lab(window).apply(C::Fork);
        button(window, &C::Toggle(Form::Runs));
        button(window, command);
    };
    C::CloseCompared(_) => [C::CloseCompared(0)], by |window, command| {
        let label = "a saved run".to_owned();
        lab(window).model.runs.compared.push(Compared::new(label, History::new(1)));
        button(window, &C::Toggle(Form::Runs));
        button(window, command);
    };
    C::SaveSession => [C::SaveSession], by |window, command| {
        session_form(window, "/no such directory/new.brink");
        button(window, command);
    };
    C::OpenSession => [C::OpenSession], by existing_session;
    C::CompareSession => [C::CompareSession], by existing_session;
    C::ChooseSession(_) => [C::ChooseSession(Purpose::Open), C::ChooseSession(Purpose::Save)], by |window, command| {
        session_form(window, "/no such directory/new.brink");
        button(window, command);
    };
    C::Edit(FormEdit::Session(_)) => [C::Edit(FormEdit::Session("typed.brink".into()))], by |window, _| {
        press(window, "File");
        button(window, &C::Toggle(Form::Session));
        type_text(window, "File", "typed.brink");
    };
    C::OpenUnfinished => [C::OpenUnfinished], by unfinished;
    C::DiscardUnfinished => [C::DiscardUnfinished], by unfinished;
    C::CopyAddress => [C::CopyAddress], by |window, command| { press(window, "File"); button(window, command); };
    C::SaveLayout => [C::SaveLayout], by |window, command| {
        layout_form(window);
        type_text(window, "Layout name", "mine");
        button(window, command);
    };
    C::ForgetLayout(_) => [C::ForgetLayout("mine".into())], by |window, command| {
        lab(window).apply(C::Edit(FormEdit::LayoutName("mine".into())));
        lab(window).apply(C::SaveLayout);
        layout_form(window);
        button(window, command);
    };
    C::Edit(FormEdit::LayoutName(_)) => [C::Edit(FormEdit::LayoutName("mine".into()))], by |window, _| {
        layout_form(window);
        type_text(window, "Layout name", "mine");
    };
    C::Toggle(_) => Form::ALL.map(C::Toggle), by |window, command| {
        let C::Toggle(form) = command else { return };
        match form {
            Form::Palette | Form::Help => press(window, "Help"),
            Form::Session | Form::Export => press(window, "File"),
            Form::Axes => press(window, "View"),
            Form::Layout => press(window, "Layout"),
            Form::Breakpoints | Form::Runs => {}
        }
        button(window, command);
    };
    C::Edit(FormEdit::Search(_)) => [C::Edit(FormEdit::Search(Search { letters: "loss".into(), line: 0 }))], by |window, command| {
        press(window, "Help");
        button(window, &C::Toggle(Form::Palette));
        type_text(window, command.entry().hint, "loss");
    };
    C::Leave => [C::Leave], by |window, _| { button(window, &C::Toggle(Form::Runs)); key(window, Key::Escape); };
    C::Edit(FormEdit::Export(_)) => [C::Edit(FormEdit::Export(ExportForm { what: What::Film, ..ExportForm::default() }))], by |window, command| {
        press(window, "File");
        button(window, &C::Toggle(Form::Export));
        window.run_steps(8);
        let mut form = model(window).forms.export.clone();
        for what in What::ALL {
            control(window, Role::RadioButton, what.name()).click();
            window.run_steps(8);
            let size = match what {
                What::Panel => [640.0, 400.0],
                What::Film => [960.0, 600.0],
                What::Dashboard => [1280.0, 800.0],
                What::Csv | What::VisibleCsv | What::Window => form.size,
            };
            let steps = if what == form.what { form.film.steps } else { [0, model(window).runs.first.history.rows() - 1] };
            let film = Film { steps, ..form.film };
            let extension = if matches!(what, What::Csv | What::VisibleCsv) { "csv" } else { "png" };
            let path = Path::new(&form.path).with_extension(extension).display().to_string();
            form = ExportForm { what, film, size, path, ..form };
            assert_eq!(model(window).forms.export, form);
        }
        for (role, name, value) in [
            (Role::SpinButton, "Width", 320.0),
            (Role::SpinButton, "Height", 240.0),
            (Role::SpinButton, "Pixels a point", 1.25),
            (Role::SpinButton, "From step", 3.0),
            (Role::SpinButton, "To step", 9.0),
            (Role::SpinButton, "Number", 4.0),
            (Role::SpinButton, "A second", 5.0),
        ] {
            set(window, role, name, value);
        }
        form = ExportForm { size: [320.0, 240.0], scale: 1.25, ..form };
        form.film = Film { steps: [3, 9], frames: 4, per_second: 5 };
        assert_eq!(last(window, command), C::Edit(FormEdit::Export(form.clone())));
        choose(window, "Panel", Panel::Terms.title());
        form.film_panel = Some(Panel::Terms);
        assert_eq!(last(window, command), C::Edit(FormEdit::Export(form.clone())));
        control(window, Role::RadioButton, "3×").click();
        window.run_steps(3);
        form.scale = 3.0;
        assert_eq!(last(window, command), C::Edit(FormEdit::Export(form.clone())));
        type_text(window, "File", "typed.png");
        form.path = "typed.png".into();
        assert_eq!(last(window, command), C::Edit(FormEdit::Export(form)));
    };
    C::ChooseFile => [C::ChooseFile], by |window, command| {
        press(window, "File");
        button(window, &C::Toggle(Form::Export));
        window.run_steps(8);
        button(window, command);
    };
    C::Save => [C::Save], by |window, command| {
        lab(window).model.forms.export.path = "/no such directory/run.csv".into();
        press(window, "File");
        button(window, &C::Toggle(Form::Export));
        window.run_steps(8);
        button(window, command);
    };
    C::ChooseData => [C::ChooseData], by |window, command| {
        let colour = model(window).runs.presets.len() - 1;
        lab(window).apply(C::OpenPreset(colour));
        window.run_steps(3);
        button(window, command);
    };
    C::Tour(TourCommand::Toggle) => [C::Tour(TourCommand::Toggle)], by button;
    C::Tour(TourCommand::Next) => [C::Tour(TourCommand::Next)], by in_tour;
    C::Tour(TourCommand::Previous) => [C::Tour(TourCommand::Previous)], by |window, command| {
        lab(window).apply(C::Tour(TourCommand::Chapter(1)));
        window.run_steps(4);
        button(window, command);
    };
    C::Tour(TourCommand::Chapter(_)) => [C::Tour(TourCommand::Chapter(2))], by |window, command| {
        let C::Tour(TourCommand::Chapter(place)) = command else { return };
        open_tour(window);
        let title = format!("{} · {}", place + 1, model(window).tour.chapters[*place].title);
        choose(window, "Chapter", &title);
    };
    C::Tour(TourCommand::Reveal) => [C::Tour(TourCommand::Reveal)], by in_tour;
    C::Tour(TourCommand::Turn(..)) => [C::Tour(TourCommand::Turn(0, 0.5))], by |window, command| {
        let knobbed = |chapter: &crate::tour::Chapter| !chapter.knobs.is_empty();
        let chapter = model(window).tour.chapters.iter().position(knobbed).expect("a chapter with a slider");
        lab(window).apply(C::Tour(TourCommand::Chapter(chapter)));
        window.run_steps(4);
        while !model(window).tour.chapters[chapter].cards[model(window).tour.card].sliders {
            lab(window).apply(C::Tour(TourCommand::Next));
        }
        window.run_steps(4);
        let knob = model(window).tour.chapters[chapter].knobs[0].clone();
        for share in [0.3, 0.8] {
            let value = (1.0 - share) * knob.least + share * knob.most;
            set(window, Role::Slider, &knob.label, value);
            let C::Tour(TourCommand::Turn(place, turned)) = last(window, command) else { return };
            assert!(place == 0 && (turned - value).abs() <= 1e-3 * value.abs(), "{turned} instead of {value}");
        }
    };
    C::Dismiss(_) => [C::Dismiss(0)], by |window, command| {
        lab(window).model.raise(Banner::new(Level::Note, "said"));
        window.run_steps(20);
        button(window, command);
    };
    C::Quit => [C::Quit], by |window, command| { press(window, "File"); button(window, command); };
}

/// A window to try a command in, nothing sent yet.
fn ready() -> Window {
    let mut window = with_cycles();
    window.run_steps(3);
    lab(&mut window).sent.clear();
    window
}

#[test]
fn every_command_is_sent_by_a_control_with_its_name() {
    for command in examples() {
        let mut window = ready();
        way(&command)(&mut window, &command);
        let sent = &lab(&mut window).sent;
        // the value of these is what the pointer or a whole form says; their ways look at it
        let any_value = matches!(
            command,
            C::MovePanels(_)
                | C::Edit(FormEdit::Export(_))
                | C::View(V::Hover(_))
                | C::Tour(TourCommand::Turn(..))
        );
        let is_sent = if any_value {
            sent.iter().any(|other| match (other, &command) {
                (C::Edit(other), C::Edit(edit)) => discriminant(other) == discriminant(edit),
                _ => discriminant(other) == discriminant(&command),
            })
        } else {
            sent.contains(&command)
        };
        assert!(is_sent, "{command:?} is not sent, but {sent:?}");
    }
}
