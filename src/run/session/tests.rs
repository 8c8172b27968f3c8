//! What was written comes back, and what is damaged is said.

use super::columns;
use super::container::{Sections, Tag, begin, write_section};
use super::*;
use crate::dynamics::{CentralFlowRecord, Event, Process, ProcessRecord, StepOutcome, StepRecord};
use crate::run::Engine;
use crate::run::fake::Fake;
use crate::run::pyramid::Column;
use crate::run::series::Series;
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

prop_compose! {
    fn session()(
        records in prop::collection::vec(record(), 0..90),
        course in course(),
        name in ".{0,20}",
        machine in prop::option::of(".{0,20}"),
        recording in any::<bool>(),
        step in 0..100_usize,
    ) -> Session {
        let preset = preset();
        let mut history = History::new(preset.eigen.max_tracked);
        for (step, record) in records.into_iter().enumerate() {
            history.push(&StepRecord { step, ..record });
        }
        let mut shown = toml::Table::new();
        shown.insert("dark".into(), recording.into());
        let checkpoint = Fake { step: step.min(history.rows()), ..Fake::default() }.checkpoint();
        Session {
            kind: if recording { Kind::Recording } else { Kind::Session },
            checkpoints: vec![Arc::new(checkpoint)],
            breakpoints: vec![Breakpoint::Divergence, Breakpoint::AtEdge { k: 2 }, Breakpoint::Step(step)],
            machine,
            shown,
            ..Session::new(&name, preset, course, history)
        }
    }
}

/// A number as a file of this kind keeps it.
fn kept(kind: Kind, series: Series, value: f64) -> f64 {
    if kind == Kind::Session || series == Series::Eta || !value.is_finite() {
        return value;
    }
    #[expect(clippy::cast_possible_truncation, reason = "rounding is what is asked")]
    let single = value.clamp(f32::MIN.into(), f32::MAX.into()) as f32;
    single.into()
}

proptest! {
    #[test]
    fn a_session_comes_back_as_it_was(session in session()) {
        let read = Session::read_bytes(&session.to_bytes().unwrap()).unwrap();
        let Session { kind, version, name, preset, course, history, stored, paths, checkpoints, breakpoints, machine, shown, file: _ } = &read;
        prop_assert!(stored.is_none() && paths.is_none());
        prop_assert_eq!((kind, version, name), (&session.kind, &session.version, &session.name));
        prop_assert_eq!(preset.resolved_toml(), session.preset.resolved_toml());
        prop_assert_eq!((course, breakpoints), (&session.course, &session.breakpoints));
        prop_assert_eq!((machine, shown), (&session.machine, &session.shown));
        prop_assert_eq!(history.rows(), session.history.rows());
        prop_assert_eq!(format!("{:?}", history.events()), format!("{:?}", session.history.events()));
        for series in Series::kept(history.max_tracked()) {
            for row in 0..=history.rows() {
                let bits = |history: &History| history.value(series, row).map(f64::to_bits);
                let expected = session.history.value(series, row).map(|value| kept(*kind, series, value).to_bits());
                prop_assert_eq!(bits(history), expected, "{:?} at row {}", series, row);
            }
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

/// A small session's bytes.
fn bytes() -> Vec<u8> {
    let mut history = History::new(preset().eigen.max_tracked);
    for step in 0..40 {
        history.push(&StepRecord { step, eta: 0.5, ..StepRecord::default() });
    }
    Session::new("valley", preset(), Course::new(0.5), history).to_bytes().unwrap()
}

/// The same file with the content of one section changed and sealed again.
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
    write_section(&mut out, Tag::END, &[]).unwrap();
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
    assert!(said(&newer).contains("format 9; this Brink reads formats up to 2"), "{}", said(&newer));
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
fn a_learning_rate_that_is_none_is_refused() {
    let mut column = Column::default();
    (0..40).for_each(|row| column.push(row, if row == 7 { f64::NAN } else { 0.5 }));
    let text = forged(Tag::COLUMN, |content| {
        if content[1..4] == *b"eta" {
            *content = columns::encode(Series::Eta, &column, columns::Precision::Double);
        }
    });
    assert!(text.contains("COLM") && text.contains("η is NaN at row 7"), "{text}");
}

#[test]
fn checkpoints_keep_to_the_budget_and_the_newest_is_among_them() {
    let past = Past::new(Course::new(0.1), usize::MAX);
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
