//! The report at the end of a run without a window, in addition to its milestones.

use crate::run::record::history::History;
use crate::run::record::series::Series;

/// The largest eigen-residuals of the run, and the last test loss and accuracies, one line for each that exists.
pub fn closing_lines(history: &History) -> Vec<String> {
    [residuals(history), measured(history)].into_iter().flatten().collect()
}

fn residuals(history: &History) -> Option<String> {
    let processes = [
        ("gradient descent", Series::GdEigenResidual),
        ("gradient flow", Series::GfEigenResidual),
        ("central flow", Series::CfEigenResidual),
    ];
    let largest = processes.into_iter().filter_map(|(name, series)| {
        let (_, largest) = history.extremes(series, 0..history.rows())?;
        Some(format!("{name} {largest:.1e}"))
    });
    let list = largest.collect::<Vec<_>>().join(", ");
    (!list.is_empty()).then(|| format!("largest relative eigen-residual: {list}"))
}

fn measured(history: &History) -> Option<String> {
    let last = history.rows().checked_sub(1)?;
    let value = |row, series| history.value(series, row);
    let row = history.column(Series::TestLoss)?.end().checked_sub(1)?.min(last);
    let mut line = format!("at step {row}: test loss {:.4}", value(row, Series::TestLoss)?);
    for (name, series) in [("train accuracy", Series::TrainAccuracy), ("test accuracy", Series::TestAccuracy)]
    {
        if let Some(share) = value(row, series) {
            line = format!("{line}, {name} {:.1}%", 100.0 * share);
        }
    }
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use brink_core::dynamics::{ProcessRecord, StepRecord};

    #[test]
    fn the_worst_residuals_and_the_last_measurements_are_said() {
        let mut history = History::new(2);
        assert_eq!(closing_lines(&history), Vec::<String>::new());
        for step in 0..7 {
            let process = |residual: f64| {
                let eigen_residual = if step == 3 { 2.0 * residual } else { residual };
                Some(ProcessRecord { lambda: vec![1.0], eigen_residual, ..ProcessRecord::default() })
            };
            let measured = (step % 2 == 0 && step < 5).then_some(f64::from(u8::try_from(step).unwrap()));
            history.push(&StepRecord {
                step,
                gradient_descent: process(1e-3),
                gradient_flow: process(1e-4),
                test_loss: measured,
                test_accuracy: measured.map(|x| x / 10.0),
                ..StepRecord::default()
            });
        }
        assert_eq!(
            closing_lines(&history),
            [
                "largest relative eigen-residual: gradient descent 2.0e-3, gradient flow 2.0e-4",
                "at step 4: test loss 4.0000, test accuracy 40.0%"
            ]
        );
    }
}
