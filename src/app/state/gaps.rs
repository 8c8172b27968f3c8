//! Reports when a column receives a non-finite value: the plots have a gap there, and the viewer is told why.
//!
//! Non-finite contract: this module looks for NaN and infinities. An absent value was not computed and is not
//! reported. If a process diverges, its event reports that, and its columns are not reported.

use crate::run::record::history::History;
use crate::run::record::series::Series;
use brink_core::dynamics::Process;

/// The rows already checked and the columns already reported.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    rows: usize,
    said: Vec<Series>,
}

impl Gaps {
    /// The state for a run whose first rows are already known.
    pub fn after(rows: usize) -> Self {
        Self { rows, said: Vec::new() }
    }

    /// Checks the new rows. Returns the message to show: each column is reported once, with its first
    /// non-finite step.
    pub fn news(&mut self, history: &History) -> Option<String> {
        let new = self.rows..history.rows();
        self.rows = new.end;
        let mut found = Vec::new();
        for series in Series::all(history.max_tracked()) {
            let Some(column) = history.column(series).filter(|column| !column.is_empty()) else { continue };
            let broken = |row: &usize| column.get(*row).is_some_and(|value| !value.is_finite());
            if !self.said.contains(&series)
                && let Some(row) = new.clone().find(broken)
                && !diverged(history, series, row)
            {
                self.said.push(series);
                let value = column.get(row).unwrap_or(f64::NAN);
                found.push(format!("{} = {value} at step {row}", series.column_name()));
            }
        }
        (!found.is_empty()).then(|| {
            format!("Not finite: {}. The lines have gaps there, marked by crosses", found.join(", "))
        })
    }
}

/// Whether a process that the series depends on has diverged by the given row.
fn diverged(history: &History, series: Series, row: usize) -> bool {
    let name = series.column_name();
    let by_then = |process: &Process| history.divergence(*process).is_some_and(|step| step <= row);
    Process::ALL.into_iter().filter(by_then).any(|process| {
        let (own, short) = match process {
            Process::GradientDescent => ("gd_", "gd"),
            Process::GradientFlow => ("gf_", "gf"),
            Process::CentralFlow => ("cf_", "cf"),
        };
        let shared = name.starts_with("distance") && name.contains(short)
            || name.starts_with("displacement") && process != Process::GradientFlow
            || process == Process::GradientDescent && (name.starts_with("test") || name.starts_with("train"));
        name.starts_with(own) || shared
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use brink_core::dynamics::{Event, ProcessRecord, StepOutcome, StepRecord};

    fn push(history: &mut History, loss: f64, sharpness: f64, distance: f64, events: Vec<Event>) {
        let process = ProcessRecord { loss, lambda: vec![sharpness], ..ProcessRecord::default() };
        history.push(&StepRecord {
            step: history.rows(),
            eta: 0.1,
            gradient_descent: Some(process),
            distance_gd_cf: Some(distance),
            events,
            ..StepRecord::default()
        });
    }

    #[test]
    fn each_column_is_said_once_and_a_divergence_by_its_event_alone() {
        let (mut history, mut gaps) = (History::new(2), Gaps::default());
        push(&mut history, 1.0, 2.0, 3.0, Vec::new());
        assert_eq!(gaps.news(&history), None);
        push(&mut history, 1.0, f64::NAN, 3.0, Vec::new());
        push(&mut history, 1.0, f64::INFINITY, f64::NEG_INFINITY, Vec::new());
        let said = gaps.news(&history).expect("two columns");
        assert!(said.contains("gd_lambda_1 = NaN at step 1, distance_gd_cf = -inf at step 2"), "{said}");
        push(&mut history, 1.0, f64::NAN, 3.0, Vec::new());
        assert_eq!(gaps.news(&history), None, "said before");
        let loss = f64::INFINITY;
        let event = Event::Outcome(Process::GradientDescent, StepOutcome::Diverged { loss });
        push(&mut history, loss, f64::NAN, 3.0, vec![event]);
        assert_eq!(gaps.news(&history), None, "the event says it");
        assert_eq!(Gaps::after(4).news(&history), None, "the rest was known");
    }
}
