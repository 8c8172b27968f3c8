//! The tour's effects on the window: it starts runs, sets stops and arranges panels, with the same means that
//! the user has.

use super::Lab;
use crate::app::state::banner::{Banner, Level};
use crate::app::state::page::Page;
use crate::app::state::phase::RunPhase;
use crate::app::state::tour::TourCommand;
use crate::picture::view::scene_view::SceneView;
use crate::run::analysis::cycles::Cycle;
use crate::run::engine::breakpoint::Hit;
use crate::tour::{Action, Chapter, Knob, Reveal, lies_behind, passed_at};

impl Lab {
    /// Applies a tour command.
    pub(in crate::app) fn tour(&mut self, command: TourCommand) {
        let tour = &self.model.tour;
        if tour.here().is_none() {
            return;
        }
        let hidden = tour.asks();
        match command {
            TourCommand::Toggle if tour.guides => self.leave_tour(),
            TourCommand::Toggle => self.resume_tour(),
            TourCommand::Reveal => self.model.reveal(),
            // the panel shows where the command would lead
            TourCommand::Next | TourCommand::Previous if !tour.guides => self.resume_tour(),
            TourCommand::Next if Page::of(tour).turns(&self.context) => {}
            TourCommand::Next if hidden => self.model.reveal(),
            TourCommand::Next => self.next_card(),
            TourCommand::Previous => self.previous_card(),
            TourCommand::Chapter(chapter) => self.open_chapter(chapter),
            TourCommand::Turn(knob, value) => self.turn(knob, value),
        }
    }

    /// Switches to free play: the user controls the window, and the tour's place is kept.
    pub(in crate::app) fn leave_tour(&mut self) {
        if !self.model.tour.guides {
            return;
        }
        self.fleet.disarm(&mut self.model);
        let own = self.model.layout.own_look.take().unwrap_or_default();
        self.model.tour.look = Some(self.model.look());
        self.model.tour.guides = false;
        self.model.take_look(own);
    }

    /// Returns to the tour's last place; its run restarts if another run was opened in the meantime.
    fn resume_tour(&mut self) {
        self.model.enter_tour();
        if let Some(look) = self.model.tour.look.take() {
            self.model.take_look(look);
        }
        if self.model.tour.run == Some(self.fleet.number) && self.model.runs.first.phase != RunPhase::Failed {
            self.model.arrange_for_tour();
            self.enter_card(false);
        } else if self.model.tour.has_begun() {
            self.start_source();
        } else {
            let chapter = self.model.tour.chapter;
            self.open_chapter(chapter);
        }
    }

    fn next_card(&mut self) {
        let tour = &self.model.tour;
        let cards = tour.chapters[tour.chapter].cards.len();
        if tour.card + 1 < cards {
            self.go_to_card(tour.card + 1, true);
        } else if tour.chapter + 1 < tour.chapters.len() {
            self.open_chapter(tour.chapter + 1);
        }
    }

    fn previous_card(&mut self) {
        let tour = &self.model.tour;
        if tour.card > 0 {
            self.go_to_card(tour.card - 1, false);
        } else if tour.chapter > 0 {
            self.open_card(tour.chapter - 1, tour.chapters[tour.chapter - 1].last_entry());
        }
    }

    /// Shows the first card of a chapter, and starts its run.
    pub(in crate::app) fn open_chapter(&mut self, chapter: usize) {
        self.open_card(chapter, 0);
    }

    /// Shows a card of a chapter, and starts its run.
    fn open_card(&mut self, chapter: usize, card: usize) {
        if chapter >= self.model.tour.chapters.len() {
            return;
        }
        self.model.enter_tour();
        let tour = &mut self.model.tour;
        (tour.chapter, tour.card, tour.reveal, tour.look) = (chapter, card, Reveal::Hidden, None);
        let chapter = &tour.chapters[chapter];
        tour.knobs = knob_values(chapter);
        self.model.view.plots.show_central_flow = chapter.shows_central_flow(card);
        self.model.view.plots.scene = SceneView::default();
        self.start_source();
    }

    fn go_to_card(&mut self, card: usize, forward: bool) {
        let tour = &mut self.model.tour;
        let chapter = &tour.chapters[tour.chapter];
        let same_run = std::ptr::eq(chapter.source(tour.card), chapter.source(card));
        let eta = chapter.cards[card].eta();
        (tour.card, tour.reveal) = (card, Reveal::Hidden);
        self.fleet.disarm(&mut self.model);
        if !same_run {
            return self.start_source();
        }
        self.model.show_newest();
        let eta = eta.filter(|&eta| forward && eta != self.model.runs.first.eta());
        if let Some(eta) = eta {
            self.set_eta(eta);
        }
        self.model.arrange_for_tour();
        self.enter_card(eta.is_some());
    }

    /// Starts the run of the current card.
    pub(in crate::app) fn start_source(&mut self) {
        self.fleet.disarm(&mut self.model);
        let tour = &mut self.model.tour;
        let chapter = &tour.chapters[tour.chapter];
        tour.reached = vec![false; chapter.cards.len()];
        tour.moments = vec![None; chapter.cards.len()];
        let source = chapter.source(tour.card);
        let changes = knob_changes(chapter, &tour.knobs);
        let place = self.model.runs.presets.iter().position(|(name, _)| *name == source.preset);
        let preset = match (place, chapter.preset(tour.card, &changes)) {
            (Some(place), Ok(preset)) => (place, preset),
            (_, Err(error)) => return self.model.raise(Banner::new(Level::Error, error.to_string())),
            (None, Ok(_)) => {
                let text = format!("chapter {}: there is no preset {:?}", chapter.id, source.preset);
                return self.model.raise(Banner::new(Level::Error, text));
            }
        };
        let recorded = source.recording.as_deref().and_then(self.outside.recording);
        let (phases, shows) = (chapter.phases, self.model.view.plots.show_central_flow);
        let first = tour.on_the_way().or_else(|| chapter.first_stop(tour.card));
        // if a recording cannot be read, an error is shown and its live counterpart runs
        let plays = recorded.is_some_and(|recorded| self.open_recording(recorded));
        if !plays {
            let trouble = std::mem::take(&mut self.model.banners);
            self.model.choose_variant(preset.0, preset.1);
            self.start(false);
            self.model.banners.extend(trouble.into_iter().filter(|_| recorded.is_some()));
        }
        (self.model.view.plots.show_phases, self.model.view.plots.show_central_flow) = (phases, shows);
        self.start_beside();
        self.model.tour.run = Some(self.fleet.number);
        self.model.arrange_for_tour();
        self.model.tour.due = self.model.tour.here().is_some_and(|(_, card)| card.stop.is_none());
        if let Some(stop) = first {
            self.fleet.arm(&mut self.model, stop);
        }
    }

    /// Starts the light presets that train alongside the chapter's run.
    fn start_beside(&mut self) {
        let tour = &self.model.tour;
        let presets = match tour.chapters[tour.chapter].presets_beside() {
            Ok(presets) => presets,
            Err(error) => return self.model.raise(Banner::new(Level::Warning, error.to_string())),
        };
        for preset in presets {
            let title = preset.title.clone();
            let made = (self.fleet.assemble)(&preset);
            let (memory, wake) = (self.fleet.memory.clone(), self.fleet.wake());
            let (threads, beside) = (&mut self.fleet.beside, &mut self.model.runs.beside);
            let started = made.and_then(|engine| {
                threads.start(beside, engine, preset, memory, wake).map_err(|error| error.to_string())
            });
            if let Err(reason) = started {
                self.model.raise(Banner::new(
                    Level::Warning,
                    format!("{title:?} does not train beside this run: {reason}"),
                ));
            }
        }
    }

    /// Lets the run go on to the card's stop, if it is still ahead. If no step is recorded yet for the
    /// current learning rate, the edge is a new one, and earlier stops say nothing about it.
    fn enter_card(&mut self, at_new_edge: bool) {
        let tour = &mut self.model.tour;
        let stop = tour.here().and_then(|(_, card)| card.stop);
        tour.due = true;
        match stop.filter(|_| !tour.is_reached(tour.card)) {
            Some(stop) if !at_new_edge && lies_behind(stop, &self.model.runs.first.history) => {
                let step = passed_at(stop, &self.model.runs.first.history);
                self.model.tour.reach(stop, step);
            }
            Some(stop) => {
                self.fleet.arm(&mut self.model, stop);
                if self.model.runs.first.phase == RunPhase::Paused {
                    self.fleet.play_pause(&mut self.model);
                }
            }
            // a run in progress keeps the stop that lies ahead
            None if self.model.runs.first.phase == RunPhase::Training => {
                let ahead =
                    self.model.tour.here().and_then(|(chapter, _)| chapter.first_stop(self.model.tour.card));
                if let Some(stop) = ahead.filter(|&stop| !lies_behind(stop, &self.model.runs.first.history)) {
                    self.fleet.arm(&mut self.model, stop);
                }
            }
            None => {}
        }
        self.return_to_moment();
    }

    /// For a card whose stop has been passed, shows the run as it was at that stop, because the text refers
    /// to that step.
    fn return_to_moment(&mut self) {
        let Some(step) =
            self.model.tour.moment().filter(|step| step + 1 < self.model.runs.first.history.rows())
        else {
            return;
        };
        if self.model.runs.first.phase == RunPhase::Training {
            self.fleet.play_pause(&mut self.model);
        }
        self.model.view.playback.playing = false;
        self.model.place_cursor(Some(step));
        self.model.view.plots.visible = Some([0.0, step.max(1) as f64]);
    }

    /// Whether a hit belongs to the tour; if so, the panel reports it, without a banner.
    pub(in crate::app) fn tour_takes(&mut self, hit: &Hit) -> bool {
        let tour = &mut self.model.tour;
        if !tour.guides {
            return false;
        }
        if tour.armed == Some(hit.breakpoint) {
            let place = tour.reach(hit.breakpoint, Some(hit.step));
            self.fleet.disarm(&mut self.model);
            if let Some(place) = place.filter(|&place| place < self.model.tour.card) {
                self.pass(place);
            }
            return true;
        }
        // the card was changed at the moment at which the run reached the previous stop: the run goes on to
        // the new one
        let cards = tour.here().map_or(&[][..], |(chapter, _)| &chapter.cards);
        let passed = cards.iter().any(|card| card.stop == Some(hit.breakpoint));
        let late = passed && !self.model.runs.breakpoints.contains(&hit.breakpoint);
        if late && self.model.tour.armed.is_some() && self.model.runs.first.phase == RunPhase::Paused {
            self.fleet.play_pause(&mut self.model);
            self.context.request_repaint();
        }
        late
    }

    /// Lets a restarted run go on from the stop of a card before the current one.
    fn pass(&mut self, place: usize) {
        let tour = &self.model.tour;
        let Some((chapter, _)) = tour.here() else { return };
        let eta = chapter.cards[place + 1].eta();
        if let Some(eta) = eta {
            self.set_eta(eta);
        }
        // cards that were left before their stop have passed it by now
        while eta.is_none()
            && let Some(stop) = self.model.tour.on_the_way()
            && let Some(step) = passed_at(stop, &self.model.runs.first.history)
        {
            self.model.tour.reach(stop, Some(step));
        }
        let tour = &self.model.tour;
        let own = || tour.here().and_then(|(chapter, _)| chapter.first_stop(tour.card));
        let next = tour.on_the_way().or_else(own);
        if let Some(stop) = next {
            self.fleet.arm(&mut self.model, stop);
            self.fleet.play_pause(&mut self.model);
            self.context.request_repaint();
        }
    }

    /// Performs the card's actions once its stop is reached. Called when the curves are complete.
    pub(in crate::app) fn guide(&mut self) {
        if matches!(self.model.runs.first.phase, RunPhase::Ended(_) | RunPhase::Failed)
            && let Some(stop) = self.model.tour.armed
        {
            self.model.tour.reach(stop, None);
            self.model.tour.reach_here();
            self.fleet.disarm(&mut self.model);
        }
        let tour = &mut self.model.tour;
        if !tour.guides || !tour.due || tour.waits() || self.model.runs.first.history.rows() == 0 {
            return;
        }
        tour.due = false;
        let actions = tour.here().map(|(_, card)| card.actions.clone()).unwrap_or_default();
        for action in actions {
            self.act(action);
            self.context.request_repaint();
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Look => {
                let stop = self.model.tour.moment().map_or(usize::MAX, |step| step + 1);
                let last = self.model.runs.first.history.rows().min(stop).checked_sub(2);
                self.model.place_cursor(last);
            }
            Action::LoopCycle => {
                // only complete cycles can be identified; the current one cannot
                let newest = self.model.runs.first.history.rows().saturating_sub(1);
                let newest = self.model.tour.moment().map_or(newest, |step| step.min(newest));
                let whole = self.model.runs.first.curves.cycles().last_complete(newest).map(Cycle::start);
                if let Some(start) = whole {
                    self.model.place_cursor(Some(start));
                }
                self.model.loop_cycle();
            }
            Action::WholeRun => self.model.follow_run(),
            Action::Play if self.model.runs.first.phase == RunPhase::Paused => {
                self.fleet.play_pause(&mut self.model);
            }
            Action::ShowCentralFlow => self.model.view.plots.show_central_flow = true,
            // already done when the card was entered
            Action::Play | Action::SetEta(_) => {}
        }
    }

    fn turn(&mut self, knob: usize, value: f64) {
        let tour = &mut self.model.tour;
        if knob < tour.knobs.len() && value.is_finite() {
            tour.knobs[knob] = value;
            push_neighbours(&tour.chapters[tour.chapter].knobs, &mut tour.knobs, knob);
            self.start_source();
        }
    }
}

/// The values of a chapter's sliders, as given by its preset.
fn knob_values(chapter: &Chapter) -> Vec<f64> {
    let Ok(preset) = chapter.preset(0, &[]) else { return Vec::new() };
    let value = |key: &str, place: Option<usize>| match (key, place) {
        ("landscape.eigenvalues", Some(place)) => {
            preset.landscape.as_ref()?.eigenvalues.as_ref()?.get(place).copied()
        }
        _ => Some(preset.optimizer.eta),
    };
    chapter.knobs.iter().map(|knob| value(&knob.key, knob.place).unwrap_or(knob.least)).collect()
}

/// The images of a list are ordered by size: a slider that passes its neighbour pushes it along.
fn push_neighbours(knobs: &[Knob], values: &mut [f64], turned: usize) {
    let value = values[turned];
    for (knob, other) in knobs.iter().zip(values).filter(|(knob, _)| knob.key == knobs[turned].key) {
        match knob.place.cmp(&knobs[turned].place) {
            std::cmp::Ordering::Less => *other = other.max(value),
            std::cmp::Ordering::Greater => *other = other.min(value),
            std::cmp::Ordering::Equal => {}
        }
    }
}

/// The preset changes that the sliders request; the values of one list are combined into one change.
fn knob_changes(chapter: &Chapter, values: &[f64]) -> Vec<String> {
    let mut lists: Vec<(&str, Vec<String>)> = Vec::new();
    let mut changes = Vec::new();
    for (knob, value) in chapter.knobs.iter().zip(values) {
        // a number without a decimal point would be an integer
        let number = format!("{value:?}");
        match (knob.place, lists.iter_mut().find(|(key, _)| *key == knob.key)) {
            (None, _) => changes.push(format!("{}={number}", knob.key)),
            (Some(_), Some((_, list))) => list.push(number),
            (Some(_), None) => lists.push((&knob.key, vec![number])),
        }
    }
    changes.extend(lists.into_iter().map(|(key, list)| format!("{key}=[{}]", list.join(","))));
    changes
}
