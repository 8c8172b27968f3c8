//! A history returns what was stored: by example, and compared with a list of records.

use super::*;
use brink_core::dynamics::StepOutcome;
use proptest::prelude::*;

fn record(step: usize) -> StepRecord {
    let t = step as f64;
    let process = |offset: f64| ProcessRecord {
        loss: t + offset,
        grad_norm_sq: t + offset + 0.1,
        lambda: vec![t + offset + 0.2, t + offset + 0.3, t + offset + 0.4],
        eigen_residual: 1e-5,
        substeps: 4,
    };
    StepRecord {
        step,
        eta: 0.12,
        gradient_descent: Some(process(1.0)),
        gradient_flow: Some(process(2.0)),
        central_flow: Some(CentralFlowRecord {
            state: process(3.0),
            critical: 1,
            sigma: vec![t],
            sigma_trace: t,
            predicted_loss: Some(t + 5.0),
            predicted_grad_norm_sq: Some(t + 6.0),
            complementarity_residual: 1e-12,
        }),
        distance_gd_cf: Some(t + 7.0),
        distance_gd_gf: Some(t + 8.0),
        displacement: vec![t + 9.0],
        hvps: 11,
        ema_loss: Some(t + 10.0),
        test_loss: Some(t + 11.0),
        train_accuracy: Some(0.5),
        test_accuracy: Some(0.25),
        positions: vec![(Process::CentralFlow, [t, -t])],
        outputs: [const { Vec::new() }; 3],
        events: Vec::new(),
    }
}

#[test]
fn every_field_lands_in_its_column() {
    let mut history = History::new(2);
    for step in 0..40 {
        history.push(&record(step));
    }
    let expected = [
        (Series::Eta, 0.12),
        (Series::GdLoss, 31.0),
        (Series::GdGradNormSq, 31.1),
        (Series::GdLambda(0), 31.2),
        (Series::GdLambda(1), 31.3),
        (Series::GdEigenResidual, 1e-5),
        (Series::GfLoss, 32.0),
        (Series::GfGradNormSq, 32.1),
        (Series::GfLambda1, 32.2),
        (Series::GfSubsteps, 4.0),
        (Series::GfEigenResidual, 1e-5),
        (Series::CfLoss, 33.0),
        (Series::CfGradNormSq, 33.1),
        (Series::CfLambda(0), 33.2),
        (Series::CfLambda(1), 33.3),
        (Series::CfEigenResidual, 1e-5),
        (Series::CfComplementarityResidual, 1e-12),
        (Series::CfCritical, 1.0),
        (Series::CfSigma(0), 30.0),
        (Series::CfSigmaTrace, 30.0),
        (Series::CfPredictedLoss, 35.0),
        (Series::CfPredictedGradNormSq, 36.0),
        (Series::DistanceGdCf, 37.0),
        (Series::DistanceGdGf, 38.0),
        (Series::Displacement(0), 39.0),
        (Series::Hvps, 11.0),
        (Series::TestLoss, 41.0),
        (Series::TrainAccuracy, 0.5),
        (Series::TestAccuracy, 0.25),
        (Series::GdEmaLoss, 40.0),
    ];
    for (series, value) in expected {
        let found = history.value(series, 30);
        assert!(found.is_some_and(|found| (found - value).abs() < 1e-12), "{series:?}: {found:?}");
    }
    assert_eq!(history.positions(Process::CentralFlow).nth(30), Some([30.0, -30.0]));
    assert!(history.positions(Process::GradientFlow).all(|at| at[0].is_nan()));
    let absent = [Series::CfSigma(1), Series::Displacement(1), Series::GdLambda(2)];
    for series in Series::all(2).into_iter().chain([Series::GdLambda(2)]) {
        let expected = !absent.contains(&series);
        assert_eq!(history.has(series), expected, "{series:?}");
    }
}

#[test]
fn absent_nan_and_infinite_are_told_apart() {
    let mut history = History::new(1);
    for step in 0..4 {
        let mut next = record(step);
        let with_loss = |loss| Some(ProcessRecord { loss, ..ProcessRecord::default() });
        match step {
            1 => next.gradient_descent = None,
            2 => next.gradient_descent = with_loss(f64::NAN),
            3 => next.gradient_descent = with_loss(f64::INFINITY),
            _ => {}
        }
        history.push(&next);
    }
    assert_eq!(history.value(Series::GdLoss, 0), Some(1.0));
    assert_eq!(history.value(Series::GdLoss, 1), None);
    assert_eq!(history.last_value(Series::GdLoss, 1, 1), Some(1.0));
    assert_eq!(history.last_value(Series::GdLoss, 1, 0), None);
    assert!(history.value(Series::GdLoss, 2).is_some_and(f64::is_nan));
    assert_eq!(history.value(Series::GdLoss, 3), Some(f64::INFINITY));
    assert_eq!(history.extremes(Series::GdLoss, 0..4), Some((1.0, 1.0)));
    let mut line = Vec::new();
    history.polyline(Series::GdLoss, 0..4, 100, &mut line);
    assert_eq!(line.len(), 2);
    assert!(line[0] == [0.0, 1.0] && line[1][0] == 1.0 && line[1][1].is_nan());
}

#[test]
fn a_process_that_stopped_leaves_a_gap_behind_it() {
    let mut history = History::new(1);
    for step in 0..100 {
        let mut next = record(step);
        if step >= 50 {
            next.gradient_descent = None;
        }
        if step == 50 {
            next.events.push(Event::Outcome(
                Process::GradientDescent,
                StepOutcome::Diverged { loss: f64::INFINITY },
            ));
        }
        history.push(&next);
    }
    let mut line = Vec::new();
    history.polyline(Series::GdLoss, 0..100, 10, &mut line);
    let last = line.pop().expect("a gap");
    assert!(last[0] == 50.0 && last[1].is_nan(), "{last:?}");
    assert_eq!(line.last(), Some(&[49.0, 50.0]));
    assert!(line.iter().all(|point| point[1].is_finite()));
    assert_eq!(history.events().len(), 1);
    assert_eq!(history.events()[0].0, 50);
}

/// A history as a list of records.
#[derive(Clone, Debug, Default)]
struct Naive(Vec<StepRecord>);

/// The value of a series in a record, of a run with two tracked eigenvalues.
fn value_in(record: &StepRecord, series: Series) -> Option<f64> {
    let StepRecord { eta, gradient_descent, gradient_flow, central_flow, displacement, hvps, .. } = record;
    let (gd, gf, cf) = (gradient_descent.as_ref(), gradient_flow.as_ref(), central_flow.as_ref());
    let residual = |process: &ProcessRecord| (!process.lambda.is_empty()).then_some(process.eigen_residual);
    let at = |process: Process, i: usize| {
        record.positions.iter().find(|(other, _)| *other == process).map(|(_, place)| place[i])
    };
    match series {
        Series::Eta => Some(*eta),
        Series::GdLoss => gd.map(|gd| gd.loss),
        Series::GdGradNormSq => gd.map(|gd| gd.grad_norm_sq),
        Series::GdLambda(i) => gd?.lambda.get(i).copied(),
        Series::GdEigenResidual => residual(gd?),
        Series::GfLoss => gf.map(|gf| gf.loss),
        Series::GfGradNormSq => gf.map(|gf| gf.grad_norm_sq),
        Series::GfLambda1 => gf?.lambda.first().copied(),
        Series::GfSubsteps => gf.map(|gf| gf.substeps as f64),
        Series::GfEigenResidual => residual(gf?).filter(|residual| !residual.is_nan()),
        Series::CfLoss => cf.map(|cf| cf.state.loss),
        Series::CfGradNormSq => cf.map(|cf| cf.state.grad_norm_sq),
        Series::CfLambda(i) => cf?.state.lambda.get(i).copied(),
        Series::CfEigenResidual => residual(&cf?.state),
        Series::CfComplementarityResidual => cf.map(|cf| cf.complementarity_residual),
        Series::CfCritical => cf.map(|cf| cf.critical as f64),
        Series::CfSigma(i) => cf?.sigma.get(i).copied(),
        Series::CfSigmaTrace => cf.map(|cf| cf.sigma_trace),
        Series::CfPredictedLoss => cf?.predicted_loss,
        Series::CfPredictedGradNormSq => cf?.predicted_grad_norm_sq,
        Series::DistanceGdCf => record.distance_gd_cf,
        Series::DistanceGdGf => record.distance_gd_gf,
        Series::Displacement(i) => displacement.get(i).copied(),
        Series::Hvps => Some(*hvps as f64),
        Series::GdEmaLoss => record.ema_loss,
        Series::TestLoss => record.test_loss,
        Series::TrainAccuracy => record.train_accuracy,
        Series::TestAccuracy => record.test_accuracy,
        Series::Position(process, i) => at(process, i),
    }
}

impl Naive {
    fn value(&self, series: Series, row: usize) -> Option<f64> {
        value_in(self.0.get(row)?, series)
    }

    fn extremes(&self, series: Series, rows: Range<usize>) -> Option<(f64, f64)> {
        let values = || {
            let rows = rows.start.min(self.0.len())..rows.end.min(self.0.len());
            rows.filter_map(|row| self.value(series, row)).filter(|value| value.is_finite())
        };
        values().reduce(f64::min).zip(values().reduce(f64::max))
    }
}

/// An operation on a history.
#[derive(Clone, Debug)]
enum Deed {
    Push(Box<StepRecord>),
    Until(prop::sample::Index),
    /// Appends the rows that a file has beyond a step to the rows that a fork has before it.
    SplitAndExtend(prop::sample::Index),
}

/// Absent, not finite, or one of a few finite values, so that ties are common.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        9 => (-8..8_i32).prop_map(f64::from),
        4 => -1e300..1e300_f64,
    ]
}

prop_compose! {
    fn process()(
        numbers in prop::array::uniform3(number()),
        lambda in prop::collection::vec(number(), 0..3),
        substeps in 0..9_usize,
    ) -> ProcessRecord {
        let [loss, grad_norm_sq, eigen_residual] = numbers;
        ProcessRecord { loss, grad_norm_sq, lambda, eigen_residual, substeps }
    }
}

prop_compose! {
    fn central_flow()(
        state in process(),
        critical in 0..3_usize,
        sigma in prop::collection::vec(number(), 0..3),
        numbers in prop::array::uniform2(number()),
        predicted in prop::array::uniform2(prop::option::of(number())),
    ) -> CentralFlowRecord {
        let [sigma_trace, complementarity_residual] = numbers;
        let [predicted_loss, predicted_grad_norm_sq] = predicted;
        CentralFlowRecord {
            state, critical, sigma, sigma_trace, predicted_loss, predicted_grad_norm_sq, complementarity_residual,
        }
    }
}

prop_compose! {
    fn any_record()(
        eta in 1e-3..1.0_f64,
        gradient_descent in prop::option::weighted(0.9, process()),
        gradient_flow in prop::option::of(process()),
        central_flow in prop::option::of(central_flow()),
        optional in prop::array::uniform6(prop::option::of(number())),
        displacement in prop::collection::vec(number(), 0..3),
        hvps in 0..99_usize,
        place in prop::option::of(prop::array::uniform2(number())),
        happens in prop::collection::vec(0..3_u8, 0..2),
    ) -> StepRecord {
        let event = |which| match which {
            0 => Event::FlowsStarted,
            1 => Event::EtaChanged { eta },
            _ => Event::Trouble(Process::CentralFlow, "none".into()),
        };
        let [distance_gd_cf, distance_gd_gf, ema_loss, test_loss, train_accuracy, test_accuracy] = optional;
        StepRecord {
            step: 0,
            eta,
            gradient_descent,
            gradient_flow,
            central_flow,
            distance_gd_cf,
            distance_gd_gf,
            displacement,
            hvps,
            ema_loss,
            test_loss,
            train_accuracy,
            test_accuracy,
            positions: place.map(|place| (Process::GradientFlow, place)).into_iter().collect(),
            outputs: [const { Vec::new() }; 3],
            events: happens.into_iter().map(event).collect(),
        }
    }
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        40 => any_record().prop_map(|record| Deed::Push(Box::new(record))),
        1 => any::<prop::sample::Index>().prop_map(Deed::Until),
        1 => any::<prop::sample::Index>().prop_map(Deed::SplitAndExtend),
    ]
}

/// All series that have a column.
fn all_series() -> Vec<Series> {
    Series::kept(2)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_history_is_a_list_of_records(
        deeds in prop::collection::vec(deed(), 0..160),
        ranges in prop::collection::vec((0..200_usize, 0..200_usize), 4),
        back in 0..9_usize,
    ) {
        let (mut history, mut naive) = (History::new(2), Naive::default());
        for deed in deeds {
            match deed {
                Deed::Push(record) => {
                    let record = StepRecord { step: naive.0.len(), ..*record };
                    history.push(&record);
                    naive.0.push(record);
                }
                Deed::Until(at) => {
                    let rows = at.index(naive.0.len() + 3);
                    history = history.until(rows);
                    naive.0.truncate(rows);
                }
                Deed::SplitAndExtend(at) => {
                    let rows = at.index(naive.0.len() + 1);
                    let columns = all_series().into_iter();
                    let columns: Vec<_> = columns
                        .filter_map(|series| Some((series, history.column(series)?.clone())))
                        .collect();
                    let later = history.events().iter().filter(|(step, _)| *step >= rows).cloned().collect();
                    let mut left = history.until(rows);
                    left.extend(naive.0.len(), &columns, later);
                    history = left;
                }
            }
            prop_assert!(history.heap_bytes() <= history.most_bytes() + 65_536);
        }
        prop_assert_eq!(history.rows(), naive.0.len());
        let rows = naive.0.len();
        let same = |a: Option<f64>, b: Option<f64>| a == b || a.zip(b).is_some_and(|(a, b)| a.is_nan() && b.is_nan());
        for series in all_series() {
            for row in 0..=rows {
                let (found, expected) = (history.value(series, row), naive.value(series, row));
                prop_assert!(same(found, expected), "{series:?} at row {row}: {found:?}, not {expected:?}");
                let expected = (row.saturating_sub(back)..=row).rev().find_map(|row| naive.value(series, row));
                prop_assert!(same(history.last_value(series, row, back), expected), "{series:?} before row {row}");
            }
            prop_assert_eq!(history.has(series), (0..rows).any(|row| naive.value(series, row).is_some()));
            for &(a, b) in &ranges {
                let (found, expected) =
                    (history.extremes(series, a.min(b)..a.max(b)), naive.extremes(series, a.min(b)..a.max(b)));
                prop_assert_eq!(found, expected, "{:?} in {}..{}", series, a.min(b), a.max(b));
            }
        }
        let events: Vec<(usize, Event)> = naive
            .0
            .iter()
            .flat_map(|record| record.events.iter().map(|event| (record.step, event.clone())))
            .collect();
        prop_assert_eq!(history.events(), &events[..]);
        let places: Vec<[f64; 2]> = history.positions(Process::GradientFlow).collect();
        prop_assert_eq!(places.len(), rows);
    }
}
