//! Converts a row of a history back to the record that made it.

use crate::run::record::history::History;
use crate::run::record::series::Series;
use brink_core::dynamics::{CentralFlowRecord, Event, Process, ProcessRecord, StepRecord};

/// The record of a row; quantities without a column (substeps of the central flow) are 0.
pub(super) fn record(history: &History, row: usize) -> StepRecord {
    let get = |series| history.value(series, row);
    let or_nan = |series| get(series).unwrap_or(f64::NAN);
    let each = |series: fn(usize) -> Series| -> Vec<f64> {
        (0..history.max_tracked()).map_while(|i| get(series(i))).collect()
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts")]
    let count = |series| get(series).unwrap_or(0.0) as usize;
    let gradient_descent = get(Series::GdLoss).map(|loss| ProcessRecord {
        loss,
        grad_norm_sq: or_nan(Series::GdGradNormSq),
        lambda: each(Series::GdLambda),
        eigen_residual: or_nan(Series::GdEigenResidual),
        substeps: 0,
    });
    let gradient_flow = get(Series::GfLoss).map(|loss| ProcessRecord {
        loss,
        grad_norm_sq: or_nan(Series::GfGradNormSq),
        lambda: get(Series::GfLambda1).into_iter().collect(),
        eigen_residual: or_nan(Series::GfEigenResidual),
        substeps: count(Series::GfSubsteps),
    });
    let central_flow = get(Series::CfLoss).map(|loss| CentralFlowRecord {
        state: ProcessRecord {
            loss,
            grad_norm_sq: or_nan(Series::CfGradNormSq),
            lambda: each(Series::CfLambda),
            eigen_residual: or_nan(Series::CfEigenResidual),
            substeps: 0,
        },
        critical: count(Series::CfCritical),
        sigma: each(Series::CfSigma),
        sigma_trace: or_nan(Series::CfSigmaTrace),
        predicted_loss: get(Series::CfPredictedLoss),
        predicted_grad_norm_sq: get(Series::CfPredictedGradNormSq),
        complementarity_residual: or_nan(Series::CfComplementarityResidual),
    });
    StepRecord {
        step: row,
        eta: or_nan(Series::Eta),
        gradient_descent,
        gradient_flow,
        central_flow,
        distance_gd_cf: get(Series::DistanceGdCf),
        distance_gd_gf: get(Series::DistanceGdGf),
        displacement: each(Series::Displacement),
        hvps: count(Series::Hvps),
        ema_loss: get(Series::GdEmaLoss),
        test_loss: get(Series::TestLoss),
        train_accuracy: get(Series::TrainAccuracy),
        test_accuracy: get(Series::TestAccuracy),
        positions: Process::ALL
            .into_iter()
            .filter_map(|process| {
                let weight = |i| get(Series::Position(process, i));
                Some((process, [weight(0)?, weight(1)?]))
            })
            .collect(),
        outputs: history.predictions().map(|found| found.outputs(row)).unwrap_or_default(),
        events: events(history, row),
    }
}

fn events(history: &History, row: usize) -> Vec<Event> {
    let all = history.events();
    let first = all.partition_point(|(step, _)| *step < row);
    all[first..].iter().take_while(|(step, _)| *step == row).map(|(_, event)| event.clone()).collect()
}
