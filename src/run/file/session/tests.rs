//! A written file reads back unchanged, and a damaged one gives an error.

use super::container::{Sections, begin, end, write_section};
use super::tag::Tag;
use super::{columns, *};
use crate::run::engine::Engine;
use crate::run::engine::fake::Fake;
use crate::run::record::pyramid::Column;
use crate::run::record::series::Series;
use brink_core::dynamics::{CentralFlowRecord, Event, Process, ProcessRecord, StepOutcome, StepRecord};
use proptest::prelude::*;

fn preset() -> Preset {
    Preset::load("valley").unwrap()
}

/// A number, absent or computed, finite or not.
fn value() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        2 => Just(None),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MIN_POSITIVE]).prop_map(Some),
        6 => any::<f64>().prop_map(Some),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (1e-6..1e3).prop_map(|eta| Event::EtaChanged { eta }),
        any::<f64>()
            .prop_map(|loss| Event::Outcome(Process::GradientDescent, StepOutcome::Diverged { loss })),
        ".{0,30}".prop_map(|text| Event::Trouble(Process::CentralFlow, text)),
        Just(Event::FlowsStarted),
    ]
}

prop_compose! {
    fn record()(
        eta in 1e-6..1e3_f64,
        values in prop::collection::vec(value(), 8),
        lambda in prop::collection::vec(any::<f64>(), 0..3),
        has in prop::array::uniform3(any::<bool>()),
        events in prop::collection::vec(event(), 0..3),
    ) -> StepRecord {
        let number = |i: usize| values[i].unwrap_or(i as f64);
        let process = || ProcessRecord {
            loss: number(0),
            grad_norm_sq: number(1),
            lambda: lambda.clone(),
            eigen_residual: number(2),
            substeps: 4,
        };
        StepRecord {
            eta,
            gradient_descent: has[0].then(process),
            gradient_flow: has[1].then(process),
            central_flow: has[2].then(|| CentralFlowRecord {
                state: process(),
                predicted_loss: values[3],
                ..CentralFlowRecord::default()
            }),
            distance_gd_cf: values[4],
            displacement: lambda.clone(),
            ema_loss: values[5],
            test_loss: values[6],
            train_accuracy: values[7],
            hvps: 7,
            events,
            ..StepRecord::default()
        }
    }
}

prop_compose! {
    fn course()(
        etas in prop::collection::btree_map(0..1000_usize, 1e-9..1e9_f64, 0..5),
        restarts in prop::collection::btree_set(0..1000_usize, 0..4),
    ) -> Course {
        let mut course = Course::new(0.25);
        for (step, eta) in etas {
            course.set_eta(step, eta);
        }
        for step in restarts {
            course.restart_flows(step);
        }
        course
    }
}

/// A fork before its parent is known.
#[derive(Clone, Debug)]
struct Forked {
    parent: Option<prop::sample::Index>,
    at: prop::sample::Index,
    records: Vec<StepRecord>,
    course: Course,
}

prop_compose! {
    fn fork()(
        parent in prop::option::of(any::<prop::sample::Index>()),
        at in any::<prop::sample::Index>(),
        records in prop::collection::vec(record(), 0..40),
        course in course(),
    ) -> Forked {
        Forked { parent, at, records, course }
    }
}

prop_compose! {
    fn session()(
        records in prop::collection::vec(record(), 0..90),
        course in course(),
        name in ".{0,20}",
        machine in prop::option::of(".{0,20}"),
        recording in any::<bool>(),
        step in 0..100_usize,
        forks in prop::collection::vec(fork(), 0..5),
        reasons in prop::collection::vec((".{0,30}", any::<prop::sample::Index>()), 0..4),
    ) -> Session {
        let preset = preset();
        let mut history = History::new(preset.eigen.max_tracked);
        for (step, record) in records.into_iter().enumerate() {
            history.push(&StepRecord { step, ..record });
        }
        let mut shown = toml::Table::new();
        shown.insert("dark".into(), recording.into());
        let checkpoint = Fake { step: step.min(history.rows()), ..Fake::default() }.checkpoint();
        let hits = reasons.into_iter().filter(|_| history.rows() > 0).map(|(reason, at)| {
            Hit { breakpoint: Breakpoint::OscillationPeak, step: at.index(history.rows()), reason }
        });
        let mut saved: Vec<SavedFork> = Vec::new();
        for Forked { parent, at, records, course } in forks.into_iter().filter(|_| !recording).take(4) {
            let parent = parent.map(|parent| parent.index(saved.len() + 1)).filter(|&place| place < saved.len());
            let left = parent.map_or(&history, |place| &saved[place].history);
            let step = at.index(left.rows() + 1);
            let mut own = left.until(step);
            for record in records {
                own.push(&StepRecord { step: own.rows(), ..record });
            }
            let newest = (own.rows() > step).then(|| Fake { step: own.rows(), ..Fake::default() }.checkpoint());
            let checkpoints = newest.into_iter().map(Arc::new).collect();
            saved.push(SavedFork { parent, step, course, history: own, checkpoints });
        }
        Session {
            hits: hits.collect(),
            forks: saved,
            kind: if recording { SessionKind::Recording } else { SessionKind::Session },
            checkpoints: vec![Arc::new(checkpoint)],
            breakpoints: vec![Breakpoint::Divergence, Breakpoint::AtEdge { k: 2 }, Breakpoint::Step(step)],
            machine,
            shown,
            ..Session::new(&name, preset, course, history)
        }
    }
}

/// A number as a file of this kind stores it.
fn kept(kind: SessionKind, series: Series, value: f64) -> f64 {
    if kind == SessionKind::Session || series == Series::Eta || !value.is_finite() {
        return value;
    }
    #[expect(clippy::cast_possible_truncation, reason = "rounding is what is asked")]
    let single = value.clamp(f32::MIN.into(), f32::MAX.into()) as f32;
    single.into()
}

fn same_history(read: &History, was: &History, kind: SessionKind) -> Result<(), TestCaseError> {
    prop_assert_eq!(read.rows(), was.rows());
    prop_assert_eq!(format!("{:?}", read.events()), format!("{:?}", was.events()));
    for series in Series::kept(read.max_tracked()) {
        for row in 0..=read.rows() {
            let bits = read.value(series, row).map(f64::to_bits);
            let expected = was.value(series, row).map(|value| kept(kind, series, value).to_bits());
            prop_assert_eq!(bits, expected, "{:?} at row {}", series, row);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_session_comes_back_as_it_was(session in session()) {
        let read = Session::read_bytes(&session.to_bytes().unwrap()).unwrap();
        let Session { kind, version, name, preset, course, history, stored, paths, checkpoints, breakpoints, hits, forks, machine, shown, file: _ } = &read;
        prop_assert!(stored.is_none() && paths.is_none());
        prop_assert_eq!((kind, version, name), (&session.kind, &session.version, &session.name));
        prop_assert_eq!(preset.resolved_toml(), session.preset.resolved_toml());
        prop_assert_eq!((course, breakpoints), (&session.course, &session.breakpoints));
        prop_assert_eq!((machine, shown), (&session.machine, &session.shown));
        prop_assert_eq!(hits, &session.hits);
        same_history(history, &session.history, *kind)?;
        prop_assert_eq!(forks.len(), session.forks.len());
        for (fork, was) in forks.iter().zip(&session.forks) {
            let SavedFork { parent, step, course, history, checkpoints } = fork;
            prop_assert_eq!((parent, step, course), (&was.parent, &was.step, &was.course));
            prop_assert_eq!(format!("{checkpoints:?}"), format!("{:?}", was.checkpoints));
            same_history(history, &was.history, *kind)?;
        }
        prop_assert_eq!(checkpoints.len(), 1);
        prop_assert_eq!(format!("{checkpoints:?}"), format!("{:?}", session.checkpoints));
    }

    #[test]
    fn no_change_of_a_byte_goes_unseen(session in session(), place in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let mut bytes = session.to_bytes().unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let error = Session::read_bytes(&bytes).map(|_| ()).unwrap_err().to_string();
        prop_assert!(error.len() > 40, "{}", error);
    }
}

/// The bytes of a small session.
fn bytes() -> Vec<u8> {
    let mut history = History::new(preset().eigen.max_tracked);
    for step in 0..40 {
        history.push(&StepRecord { step, eta: 0.5, ..StepRecord::default() });
    }
    Session::new("valley", preset(), Course::new(0.5), history).to_bytes().unwrap()
}

/// The same file with the content of one section changed and its checksum updated.
fn forged(tag: Tag, change: impl Fn(&mut Vec<u8>)) -> String {
    let (bytes, mut out) = (bytes(), Vec::new());
    begin(&mut out).unwrap();
    let mut sections = Sections::open(bytes.as_slice()).unwrap();
    while let Some(mut section) = sections.next().unwrap() {
        if section.tag == tag {
            change(&mut section.content);
        }
        write_section(&mut out, section.tag, &section.content).unwrap();
    }
    end(&mut out).unwrap();
    match Session::read_bytes(&out) {
        Ok(_) => "it was read".into(),
        Err(error) => error.to_string(),
    }
}

fn replaced(tag: Tag, old: &str, new: &str) -> String {
    forged(tag, |content| {
        let text = String::from_utf8(content.clone()).unwrap();
        assert!(text.contains(old), "{text}");
        *content = text.replace(old, new).into_bytes();
    })
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let whole = bytes();
    let said = |bytes: &[u8]| Session::read_bytes(bytes).map(|_| ()).unwrap_err().to_string();
    assert!(said(b"").contains("no Brink session"));
    assert!(said(b"step,eta\n0,0.5\n").contains("no Brink session"));
    assert!(said(&whole[..9]).contains("incomplete"));
    for end in [30, 200, whole.len() - 1] {
        let text = said(&whole[..end]);
        assert!(text.contains("incomplete") && text.contains("byte "), "{text}");
    }
    let mut newer = whole.clone();
    newer[8] = 9;
    assert!(said(&newer).contains("format 9; this Brink reads formats up to 3"), "{}", said(&newer));
    let mut long = whole.clone();
    long[12 + 4 + 6] = 1;
    assert!(said(&long).contains("claims 281474976"), "{}", said(&long));
    let newer =
        replaced(Tag::PRESET, concat!("version = \"", env!("CARGO_PKG_VERSION")), "version = \"99.0.0");
    assert!(newer.contains("99.0.0") && newer.contains("preset"), "{newer}");
    assert!(replaced(Tag::HEAD, "rows = 40", "rows = 4000000000000").contains("rows = 4000000000000"));
    assert!(replaced(Tag::HEAD, "rows = 40", "rows = 39").contains("the run 39"));
    assert!(replaced(Tag::HEAD, "rows = 40", "rows = 41").contains("η is absent at row 40"));
    for eta in ["nan", "-0.5", "inf"] {
        let text = replaced(Tag::HEAD, "0.5", eta);
        assert!(text.contains("HEAD") && text.contains("positive and finite"), "{text}");
    }
    assert!(forged(Tag::HEAD, |content| content.truncate(20)).contains("section HEAD"));
    assert!(forged(Tag::EVENTS, |content| content[0] = 200).contains("section EVTS"));
    assert!(forged(Tag::COLUMN, |content| content[1] = b'?').contains("there is no column"));
}

#[test]
fn a_version_that_is_damaged_is_seen() {
    for format in [0, 1, 2] {
        let mut damaged = bytes();
        damaged[8] = format;
        let error = Session::read_bytes(&damaged).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("another version of the format"), "{error}");
    }
}

/// The error for a file with two forks in which the heading of the second was changed.
fn forged_fork(parent: Option<usize>, step: usize, rows: usize) -> String {
    let mut history = History::new(preset().eigen.max_tracked);
    for step in 0..40 {
        history.push(&StepRecord { step, eta: 0.5, ..StepRecord::default() });
    }
    let course = Course::new(0.5);
    let fork = SavedFork {
        parent: None,
        step: 40,
        course: course.clone(),
        history: history.clone(),
        checkpoints: Vec::new(),
    };
    let mut second = SavedFork { parent, step, ..fork.clone() };
    // its history determines the number of rows
    second.history = History::of(history.max_tracked(), rows, Vec::new(), Vec::new(), None);
    let session = Session { forks: vec![fork, second], ..Session::new("valley", preset(), course, history) };
    match Session::read_bytes(&session.to_bytes().unwrap()) {
        Ok(_) => "it was read".into(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_fork_that_cannot_be_one_is_said() {
    assert_eq!(forged_fork(None, 40, 40), "it was read");
    assert_eq!(forged_fork(Some(0), 7, 7), "it was read");
    let error = forged_fork(Some(1), 7, 7);
    assert!(error.contains("section FORK") && error.contains("it left fork Some(1) of 1"), "{error}");
    let error = forged_fork(None, 41, 41);
    assert!(error.contains("a fork of 41 rows that left a run of 40 rows at step 41"), "{error}");
    let error = forged_fork(None, 20, 10);
    assert!(error.contains("a fork of 10 rows that left"), "{error}");
    let error = forged_fork(None, 20, 30);
    assert!(error.contains("no section COLM"), "a fork's own rows have a learning rate: {error}");
}

#[test]
fn a_learning_rate_that_is_none_is_refused() {
    let mut column = Column::default();
    (0..40).for_each(|row| column.push(row, if row == 7 { f64::NAN } else { 0.5 }));
    let text = forged(Tag::COLUMN, |content| {
        if content[1..4] == *b"eta" {
            *content = columns::encode(Series::Eta, &column, columns::ColumnPrecision::Double);
        }
    });
    assert!(text.contains("COLM") && text.contains("η is NaN at row 7"), "{text}");
}

#[test]
fn checkpoints_keep_to_the_budget_and_the_newest_is_among_them() {
    let past = Past::new(Course::new(0.1), &Shelf::new(usize::MAX));
    for step in 0..50 {
        past.keep(Fake { step, ..Fake::default() }.checkpoint());
    }
    let size = past.checkpoints()[1].bytes();
    let mut history = History::new(1);
    for step in 0..41 {
        history.push(&StepRecord { step, eta: 0.5, ..StepRecord::default() });
    }
    let mut session = Session::new("valley", preset(), Course::new(0.1), history);
    let mut steps = |budget, most| {
        session.keep_checkpoints(&past, budget, most);
        session.checkpoints.iter().map(|kept| kept.step()).collect::<Vec<_>>()
    };
    assert_eq!(steps(5 * size, size), [0, 10, 20, 30, 41]);
    assert_eq!(steps(0, size), [41]);
    assert_eq!(steps(usize::MAX, size).len(), 42);
    session.checkpoints.clear();
    session.keep_checkpoints(&past, usize::MAX, size - 1);
    assert!(session.checkpoints.is_empty());
}
