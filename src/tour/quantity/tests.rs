//! Live numbers of artificial histories.

use super::*;
use crate::picture::view::{Facts, ViewState};
use crate::run::analysis::curves::Curves;
use crate::run::record::history::History;
use brink_core::dynamics::{CentralFlowRecord, ProcessRecord, StepRecord};

fn values(names: &[&str], cursor: Option<usize>) -> Vec<Option<String>> {
    let mut history = History::new(2);
    for (step, (lambda, loss)) in [(10.0, 4.0), (25.0, 5.0), (20.0, 3.0)].into_iter().enumerate() {
        let state = ProcessRecord { loss, lambda: vec![lambda, 1.0], ..ProcessRecord::default() };
        history.push(&StepRecord {
            step,
            eta: 0.1,
            gradient_descent: Some(state.clone()),
            central_flow: Some(CentralFlowRecord {
                state,
                sigma: vec![0.3, 3e-25],
                sigma_trace: 0.3,
                predicted_loss: Some(f64::NAN),
                ..CentralFlowRecord::default()
            }),
            ..StepRecord::default()
        });
    }
    let (curves, facts) = (Curves::of(&history, 5.0), Facts::default());
    let state = ViewState { cursor, ..ViewState::default() };
    let view = RunView::still(&history, &curves, &facts, &state);
    names.iter().map(|name| Quantity::named(name).expect("a name").value(&view)).collect()
}

#[test]
fn numbers_come_from_the_recorded_rows() {
    let names =
        ["step", "S·η/2", "|1−ηS|", "overshoot", "edge step", "k", "rank Σ", "trΣ/η", "rises of L", "σ₂²"];
    let some = |texts: &[&str]| texts.iter().map(|text| Some((*text).to_owned())).collect::<Vec<_>>();
    assert_eq!(values(&names, None), some(&["2", "1.00", "1.00", "1.25", "1", "1", "1", "3.00", "1", "0"]));
    let sides =
        ["S above or below", "grows or shrinks", "λ₂ above or below", "1−ηS", "most k", "times higher"];
    assert_eq!(values(&sides, Some(1)), some(&["above", "grows", "below", "−1.50", "1", "1.00"]));
    let means = ["⟨overshoot⟩", "⟨S⟩·η/2"];
    assert_eq!(values(&means, None), some(&["1.12", "1.12"]), "(1.25 + 1)/2");
    assert_eq!(values(&sides[..2], None), some(&["at", "keeps its size"]), "S = 2/η");
    let at_first = values(&names[..3], Some(0));
    assert_eq!(at_first, some(&["0", "0.500", "0"]));
}

#[test]
fn a_descent_that_has_diverged_has_the_sharpness_of_where_it_stays() {
    let mut history = History::new(1);
    for (step, lambda) in [25.0, 25.0].into_iter().enumerate() {
        let state = ProcessRecord { loss: 1.0, lambda: vec![lambda], ..ProcessRecord::default() };
        history.push(&StepRecord { step, eta: 0.1, gradient_descent: Some(state), ..StepRecord::default() });
    }
    let loss = 1e9;
    history.push(&StepRecord {
        step: 2,
        eta: 0.1,
        gradient_descent: Some(ProcessRecord { loss, ..ProcessRecord::default() }),
        events: vec![Event::Outcome(Process::GradientDescent, StepOutcome::Diverged { loss })],
        ..StepRecord::default()
    });
    let (curves, facts, state) = (Curves::of(&history, 0.0), Facts::default(), ViewState::default());
    let view = RunView::still(&history, &curves, &facts, &state);
    let value = |name| Quantity::named(name).expect("a name").value(&view);
    for (name, words) in [("S", "25.0"), ("S above or below", "above"), ("|1−ηS|", "1.50"), ("step", "2")]
    {
        assert_eq!(value(name).as_deref(), Some(words), "{name}");
    }
    assert_eq!(value("L"), Some(short(loss)), "the loss is that of the step");
}

#[test]
fn what_is_absent_or_no_number_has_no_value() {
    assert_eq!(values(&["L+trΣ/η", "L of the flow", "λ₃", "edge step"], Some(0)), [None, None, None, None]);
}

#[test]
fn names_are_unique() {
    for (place, one) in QUANTITIES.iter().enumerate() {
        assert!(QUANTITIES[..place].iter().all(|other| other.name != one.name), "{}", one.name);
    }
}
