//! Selects the rows of a recording to store: all rows near the edge of stability, and enough rows of quiet stretches
//! that every other row lies on straight lines between its stored neighbours.
//!
//! Non-finite contract: a row is omitted only if every series is either absent or finite throughout the gap.

use crate::run::record::history::History;
use crate::run::record::pyramid::Column;
use crate::run::record::series::Series;

/// Largest distance between two stored rows: reading expands the data by at most this factor.
pub const LARGEST_GAP: usize = 16;

/// Share of 2/η from which on the sharpness is near the edge …
const NEAR_EDGE: f64 = 0.9;
/// … and number of steps around such a row that are stored too.
const AROUND_EDGE: usize = 8;

/// Permitted deviation of a value from the line, as a share of the value …
const SHARE: f64 = 1e-3;
/// … or, for displacements and distances, which are noise in a quiet stretch, as a share of their largest value.
const SHARE_OF_LARGEST: f64 = 1e-4;

/// The value of a series in an omitted row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Between {
    /// The value on the line between the neighbours.
    Line,
    /// The value of the row before: counts and residuals.
    Before,
    /// Nothing: a series that is measured occasionally; rows that have it are stored.
    Nothing,
}

fn between(series: Series) -> Between {
    match series {
        Series::Hvps
        | Series::GfSubsteps
        | Series::CfCritical
        | Series::GdEigenResidual
        | Series::GfEigenResidual
        | Series::CfEigenResidual
        | Series::CfComplementarityResidual => Between::Before,
        Series::TestLoss | Series::TrainAccuracy | Series::TestAccuracy => Between::Nothing,
        _ => Between::Line,
    }
}

/// The rows to store, ascending, including the first and the last; no gap is longer than [`LARGEST_GAP`].
pub fn stored(history: &History) -> Vec<usize> {
    let rows = history.rows();
    let Some(last) = rows.checked_sub(1) else { return Vec::new() };
    let needed = needed(history);
    let lines: Vec<Line> = Series::kept(history.max_tracked())
        .into_iter()
        .filter(|&series| between(series) == Between::Line)
        .filter_map(|series| Line::of(history, series))
        .collect();
    let critical = |row| history.value(Series::CfCritical, row);
    let mut stored = vec![0];
    let mut from = 0;
    while from < last {
        let fits = |&to: &usize| {
            !needed[from + 1..to].contains(&true)
                && (from..to).all(|row| critical(row) == critical(to))
                && lines.iter().all(|line| line.holds(from, to))
        };
        // a longer gap may fit although a shorter one does not: the first failure ends the search
        let farthest = (from + 2..=(from + LARGEST_GAP).min(last)).take_while(fits).last();
        from = farthest.unwrap_or(from + 1);
        stored.push(from);
    }
    stored
}

/// The rows that are stored regardless of their neighbours.
fn needed(history: &History) -> Vec<bool> {
    let rows = history.rows();
    let mut needed = vec![false; rows];
    let near = |series, row| {
        let scaled = history.value(Series::Eta, row).zip(history.value(series, row));
        scaled.is_some_and(|(eta, lambda)| 0.5 * eta * lambda >= NEAR_EDGE || !lambda.is_finite())
    };
    for row in 0..rows {
        if near(Series::GdLambda(0), row) || near(Series::CfLambda(0), row) {
            needed[row.saturating_sub(AROUND_EDGE)..(row + AROUND_EDGE + 1).min(rows)].fill(true);
        }
        let measured = [Series::TestLoss, Series::TrainAccuracy, Series::TestAccuracy];
        needed[row] |= measured.iter().any(|&series| history.value(series, row).is_some());
    }
    for &(step, _) in history.events() {
        // the row before too: this row may be a jump
        needed[step.saturating_sub(1)..(step + 1).min(rows)].fill(true);
    }
    needed
}

/// A series that is interpolated between its stored rows.
struct Line<'a> {
    column: &'a Column,
    /// The permitted deviation of a value.
    least: f64,
}

impl<'a> Line<'a> {
    fn of(history: &'a History, series: Series) -> Option<Self> {
        let column = history.column(series).filter(|column| !column.is_empty())?;
        let noisy = matches!(series, Series::Displacement(_) | Series::DistanceGdCf | Series::DistanceGdGf);
        let largest = column.extremes(0..history.rows()).map_or(0.0, |(low, high)| high.max(-low));
        Some(Self { column, least: if noisy { SHARE_OF_LARGEST * largest } else { 0.0 } })
    }

    /// Whether all rows between these two are near the line.
    fn holds(&self, from: usize, to: usize) -> bool {
        let (Some(a), Some(b)) = (self.column.get(from), self.column.get(to)) else {
            return (from..=to).all(|row| self.column.get(row).is_none());
        };
        (from + 1..to).all(|row| {
            let on_line = interpolated((from, a), (to, b), row);
            self.column.get(row).is_some_and(|value| {
                let bound = (SHARE * value.abs()).max(self.least);
                on_line.is_finite() && (value - on_line).abs() <= bound
            })
        })
    }
}

fn interpolated((from, a): (usize, f64), (to, b): (usize, f64), row: usize) -> f64 {
    let share = (row - from) as f64 / (to - from) as f64;
    // exactly a if both are equal
    a + share * (b - a)
}

/// The stored rows of a column.
pub fn gathered(column: &Column, stored: &[usize]) -> Column {
    let mut out = Column::default();
    for (place, &row) in stored.iter().enumerate() {
        if let Some(value) = column.get(row) {
            out.push(place, value);
        }
    }
    out
}

/// Reconstructs the column with all rows from its stored rows.
pub fn spread(series: Series, gathered: &Column, stored: &[usize]) -> Column {
    let mut out = Column::default();
    let mut before: Option<(usize, f64)> = None;
    for (place, &row) in stored.iter().enumerate() {
        let value = gathered.get(place);
        if let Some((from, a)) = before {
            let all = from + 1..row;
            match (between(series), value) {
                (Between::Line, Some(b)) => {
                    all.for_each(|gap| out.push(gap, interpolated((from, a), (row, b), gap)));
                }
                (Between::Before, Some(_)) => all.for_each(|gap| out.push(gap, a)),
                _ => {}
            }
        }
        if let Some(value) = value {
            out.push(row, value);
        }
        before = value.map(|value| (row, value));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use brink_core::dynamics::{Event, ProcessRecord, StepRecord};

    /// A run that sharpens linearly, reaches the edge at step 180 and oscillates there.
    fn run() -> History {
        let mut history = History::new(1);
        for step in 0..260_usize {
            let wall = if step % 2 == 0 { 0.2 } else { -0.2 };
            let swing = if step < 180 { 0.0 } else { wall };
            let t = step as f64;
            history.push(&StepRecord {
                step,
                eta: 0.5,
                gradient_descent: Some(ProcessRecord {
                    loss: 2.0 - t / 400.0 + swing,
                    lambda: vec![4.0 * (t / 180.0).min(1.0) + swing],
                    ..ProcessRecord::default()
                }),
                displacement: vec![swing + 1e-6 * (7.0 * t).sin()],
                hvps: step,
                test_loss: (step == 37).then_some(1.5),
                events: if step == 61 { vec![Event::FlowsStarted] } else { Vec::new() },
                ..StepRecord::default()
            });
        }
        history
    }

    #[test]
    fn quiet_stretches_are_thinned_and_the_edge_is_not() {
        let history = run();
        let rows = stored(&history);
        assert_eq!((rows[0], rows[rows.len() - 1]), (0, 259));
        assert!(rows.windows(2).all(|pair| pair[0] < pair[1] && pair[1] - pair[0] <= LARGEST_GAP));
        let quiet = rows.iter().filter(|&&row| row < 150).count();
        assert!((12..24).contains(&quiet), "{rows:?}");
        for row in [37, 60, 61].into_iter().chain(154..260) {
            assert!(rows.contains(&row), "row {row} is left out: {rows:?}");
        }
    }

    #[test]
    fn rows_left_out_come_back_within_the_bounds() {
        let history = run();
        let rows = stored(&history);
        for series in Series::kept(1) {
            let column = history.column(series).unwrap();
            let back = spread(series, &gathered(column, &rows), &rows);
            for row in 0..history.rows() {
                let (was, is) = (column.get(row), back.get(row));
                let close = match (was, is) {
                    (Some(was), Some(is)) => (was - is).abs() <= (1e-3 * was.abs()).max(3e-5),
                    (None, None) => true,
                    _ => false,
                };
                assert!(
                    close || between(series) == Between::Before && !rows.contains(&row),
                    "{series:?} at row {row}: {was:?} became {is:?}"
                );
            }
        }
    }

    #[test]
    fn what_is_not_finite_is_no_quiet_stretch() {
        let mut history = History::new(1);
        for step in 0..40 {
            let loss = if step == 20 { f64::NAN } else { 1.0 };
            let gradient_descent = Some(ProcessRecord { loss, ..ProcessRecord::default() });
            history.push(&StepRecord { step, eta: 0.5, gradient_descent, ..StepRecord::default() });
        }
        let rows = stored(&history);
        assert!([19, 20, 21].iter().all(|row| rows.contains(row)), "{rows:?}");
        assert!(rows.len() < 12);
        assert_eq!((stored(&History::new(1)).len(), stored(&history.until(1))), (0, vec![0]));
    }
}
