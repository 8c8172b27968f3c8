//! The live numbers of the text: named quantities, computed from the record of a run.
//!
//! Non-finite contract: a quantity that is absent or not finite has no value; the text then shows a dash.

use crate::picture::panel::inspector::short;
use crate::picture::view::run_view::RunView;
use crate::run::analysis::curves::Curve;
use crate::run::analysis::cycles::{CycleOutcome, comparable, mean_sharpness, recent_mean_sharpness};
use crate::run::analysis::validity::{Check, Light, checks, light};
use crate::run::record::series::Series;
use brink_core::dynamics::{Event, Process, StepOutcome};

/// Value of η·λ from which an eigenvalue of gradient descent, which flickers with period 2, counts as at the edge.
const AT_EDGE: f64 = 1.97;

/// Shares of 2/η that differ from 1 by at most this are 1 up to rounding.
const ROUNDING: f64 = 1e-9;

/// The value of a quantity.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Number(f64),
    Count(usize),
    Percent(f64),
    Words(String),
}

/// The definition of a quantity: a function of the view and a row.
type Find = fn(&RunView, usize) -> Option<Value>;

/// A named number of the displayed run.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    name: &'static str,
    meaning: &'static str,
    find: Find,
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Quantity {
    /// The quantity of a name.
    pub fn named(name: &str) -> Option<Self> {
        QUANTITIES.iter().find(|quantity| quantity.name == name).copied()
    }

    /// Its name, as it appears in braces in the text.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// Its meaning, for tooltips and for authors of chapters.
    pub fn meaning(self) -> &'static str {
        self.meaning
    }

    fn find(self, view: &RunView) -> Option<Value> {
        let newest = view.history.rows().checked_sub(1)?;
        let row = view.state.cursor.map_or(newest, |cursor| cursor.min(newest));
        (self.find)(view, row)
    }

    /// Its value at the cursor, or at the newest step, as a number; `None` while there is none, and for a quantity in
    /// words.
    pub fn number(self, view: &RunView) -> Option<f64> {
        match self.find(view)? {
            Value::Number(number) | Value::Percent(number) => {
                Some(number).filter(|number| number.is_finite())
            }
            Value::Count(count) => Some(count as f64),
            Value::Words(_) => None,
        }
    }

    /// Its value at the cursor, or at the newest step, in words; `None` while there is none.
    pub fn value(self, view: &RunView) -> Option<String> {
        match self.find(view)? {
            Value::Number(number) => number.is_finite().then(|| short(number)),
            Value::Percent(number) => number.is_finite().then(|| format!("{}%", short(number))),
            Value::Count(count) => Some(count.to_string()),
            Value::Words(words) => Some(words),
        }
    }
}

const fn quantity(name: &'static str, meaning: &'static str, find: Find) -> Quantity {
    Quantity { name, meaning, find }
}

/// Every live number.
pub const QUANTITIES: &[Quantity] = &[
    quantity("step", "the step", |_, row| Some(Value::Count(row))),
    quantity("n", "number of training examples", |v, _| v.facts.examples.map(Value::Count)),
    quantity("η", "learning rate", |v, row| number(v, Series::Eta, row)),
    quantity("2/η", "the edge", |v, row| Some(Value::Number(2.0 / get(v, Series::Eta, row)?))),
    quantity("times higher", "the edge over the edge at the first step", |v, row| {
        Some(Value::Number(get(v, Series::Eta, 0)? / get(v, Series::Eta, row)?))
    }),
    quantity("S", "sharpness λ₁ of gradient descent", |v, row| number(v, Series::GdLambda(0), row)),
    quantity("λ₂", "second eigenvalue of gradient descent", |v, row| number(v, Series::GdLambda(1), row)),
    quantity("λ₃", "third eigenvalue of gradient descent", |v, row| number(v, Series::GdLambda(2), row)),
    quantity("S start", "sharpness at the first step", |v, _| number(v, Series::GdLambda(0), 0)),
    quantity("start S·η/2", "sharpness at the first step in units of the edge", |v, _| {
        of_edge(v, 0, 0).map(Value::Number)
    }),
    quantity("S(w(t))", "sharpness of the central flow", |v, row| number(v, Series::CfLambda(0), row)),
    quantity("S of the flow", "sharpness of the gradient flow", |v, row| number(v, Series::GfLambda1, row)),
    quantity("S·η/2", "sharpness in units of the edge", |v, row| of_edge(v, 0, row).map(Value::Number)),
    quantity("⟨S⟩·η/2", "the sharpness of two steps on average, in units of the edge", |v, row| {
        let mean = recent_mean_sharpness(v.history, row)?;
        Some(Value::Number(0.5 * get(v, Series::Eta, row)? * mean))
    }),
    quantity("λ₂·η/2", "second eigenvalue in units of the edge", |v, row| {
        of_edge(v, 1, row).map(Value::Number)
    }),
    quantity("λ₃·η/2", "third eigenvalue in units of the edge", |v, row| {
        of_edge(v, 2, row).map(Value::Number)
    }),
    quantity("S(w(t))·η/2", "sharpness of the central flow in units of the edge", |v, row| {
        Some(Value::Number(0.5 * get(v, Series::Eta, row)? * get(v, Series::CfLambda(0), row)?))
    }),
    quantity("λ₂(w(t))·η/2", "second eigenvalue of the central flow in units of the edge", |v, row| {
        Some(Value::Number(0.5 * get(v, Series::Eta, row)? * get(v, Series::CfLambda(1), row)?))
    }),
    quantity("λ₃(w(t))·η/2", "third eigenvalue of the central flow in units of the edge", |v, row| {
        Some(Value::Number(0.5 * get(v, Series::Eta, row)? * get(v, Series::CfLambda(2), row)?))
    }),
    quantity(
        "end of the flow",
        "the step at which the gradient flow had become too sharp to go on",
        |v, row| end_of_the_flow(v, row).map(|(step, _)| Value::Count(step)),
    ),
    quantity(
        "ηS at the end of the flow",
        "η times the gradient flow's sharpness where it ended",
        |v, row| end_of_the_flow(v, row).map(|(_, eta_s)| Value::Number(eta_s)),
    ),
    quantity("S of the flow·η/2", "sharpness of the gradient flow in units of the edge", |v, row| {
        Some(Value::Number(0.5 * get(v, Series::Eta, row)? * get(v, Series::GfLambda1, row)?))
    }),
    quantity("1−ηS", "what x along u₁ is multiplied by in a step", |v, row| {
        of_edge(v, 0, row).map(|share| Value::Number(1.0 - 2.0 * share))
    }),
    quantity("1−ηλ₂", "what x along u₂ is multiplied by in a step", |v, row| {
        of_edge(v, 1, row).map(|share| Value::Number(1.0 - 2.0 * share))
    }),
    quantity("S above or below", "on which side of the edge S is", |v, row| {
        side(v, 0, row, ["above", "at", "below"])
    }),
    quantity("λ₂ above or below", "on which side of the edge λ₂ is", |v, row| {
        side(v, 1, row, ["above", "at", "below"])
    }),
    quantity("grows or shrinks", "what |x| along u₁ does", |v, row| {
        side(v, 0, row, ["grows", "keeps its size", "shrinks"])
    }),
    quantity("grows or shrinks along u₂", "what |x| along u₂ does", |v, row| {
        side(v, 1, row, ["grows", "keeps its size", "shrinks"])
    }),
    quantity("|1−ηS|", "growth of the oscillation along u₁ a step", |v, row| factor(v, 0, row)),
    quantity("|1−ηλ₂|", "growth of the oscillation along u₂ a step", |v, row| factor(v, 1, row)),
    quantity("S rises or falls", "what the two-step mean of S does from the step on", |v, row| {
        let mean = |row| mean_sharpness(v.history, row);
        let row = comparable(v.history, row);
        let (now, next) = (mean(row)?, mean(row + 1)?);
        Some(Value::Words(if next < now { "falls" } else { "rises" }.to_owned()))
    }),
    quantity("overshoot", "largest S·η/2 so far", |v, row| {
        largest((0..=row).filter_map(|row| of_edge(v, 0, row)))
    }),
    quantity("⟨overshoot⟩", "largest two-step mean of S·η/2 so far", |v, row| {
        let of_edge = |row| Some(0.5 * get(v, Series::Eta, row)? * mean_sharpness(v.history, row)?);
        largest((0..row).filter_map(of_edge))
    }),
    quantity("edge step", "the step at which S first reached 2/η", |v, row| {
        (0..=row).find(|&row| of_edge(v, 0, row).is_some_and(|x| x >= 1.0)).map(Value::Count)
    }),
    quantity("k", "eigenvalues of gradient descent at the edge", |v, row| {
        let at_edge = |i: &usize| of_edge(v, *i, row).is_some_and(|x| 2.0 * x >= AT_EDGE);
        Some(Value::Count((0..v.history.max_tracked()).take_while(at_edge).count()))
    }),
    quantity("most k", "most eigenvalues of gradient descent above the edge at once so far", |v, row| {
        let above = |row| {
            (0..v.history.max_tracked()).take_while(|&i| of_edge(v, i, row).is_some_and(|x| x >= 1.0)).count()
        };
        (0..=row).map(above).max().map(Value::Count)
    }),
    quantity("cycles", "cycles that are complete", |v, row| {
        let complete = v.curves.cycles().all().iter().filter(|cycle| {
            !cycle.settled && cycle.outcome == CycleOutcome::Complete && cycle.end() <= row + 1
        });
        Some(Value::Count(complete.count()))
    }),
    quantity("phase", "the phase of the cycle", |v, row| {
        let cycles = v.curves.cycles();
        let phase = cycles.at(row).and_then(|place| {
            cycles.all()[place].phases().find(|(_, rows)| rows.contains(&row)).map(|(phase, _)| phase.name())
        });
        Some(Value::Words(phase.unwrap_or("between two cycles").to_owned()))
    }),
    quantity("cycle length", "steps of the cycle, or of the one before", |v, row| {
        cycle(v, row, |cycle| Value::Count(cycle.length()))
    }),
    quantity(
        "cycle peak S·η/2",
        "largest two-step mean of S in the cycle, in units of the edge",
        |v, row| cycle(v, row, |cycle| Value::Number(0.5 * cycle.eta * cycle.peak_sharpness)),
    ),
    quantity("cycle drop", "how far S fell in the cycle, in percent of its peak", |v, row| {
        cycle(v, row, |cycle| Value::Percent(100.0 * cycle.sharpness_drop / cycle.peak_sharpness))
    }),
    quantity("L start", "loss at the first step", |v, _| number(v, Series::GdLoss, 0)),
    quantity("L", "loss of gradient descent", |v, row| number(v, Series::GdLoss, row)),
    quantity("L lowest", "lowest loss so far", |v, row| {
        v.history.extremes(Series::GdLoss, 0..row + 1).map(|(least, _)| Value::Number(least))
    }),
    quantity("L before", "mean loss of the 32 steps before", |v, row| {
        let before = (row.saturating_sub(32)..row).filter_map(|row| get(v, Series::GdLoss, row));
        let (sum, count) = before.fold((0.0, 0.0), |(sum, count), loss| (sum + loss, count + 1.0));
        (count > 0.0).then(|| Value::Number(sum / count))
    }),
    quantity("⟨L⟩", "smoothed loss of gradient descent", |v, row| smooth(v, Curve::Loss, row)),
    quantity("L(w(t))", "loss of the central flow", |v, row| number(v, Series::CfLoss, row)),
    quantity("L of the flow", "loss of the gradient flow", |v, row| number(v, Series::GfLoss, row)),
    quantity("L+trΣ/η", "predicted time average of the loss", |v, row| {
        number(v, Series::CfPredictedLoss, row)
    }),
    quantity("trΣ/η", "the part of the loss that the oscillation makes", |v, row| {
        Some(Value::Number(get(v, Series::CfSigmaTrace, row)? / get(v, Series::Eta, row)?))
    }),
    quantity("error of L", "prediction against smoothed loss", |v, row| {
        error(v, Series::CfPredictedLoss, Curve::Loss, row)
    }),
    quantity("error of trΣ/η", "tr Σ/η against what the smoothed loss is above L(w(t))", |v, row| {
        let excess = v.curves.value(Curve::Loss, row)? - get(v, Series::CfLoss, row)?;
        let predicted = get(v, Series::CfSigmaTrace, row)? / get(v, Series::Eta, row)?;
        Some(Value::Percent(100.0 * (predicted - excess).abs() / excess.abs()))
    }),
    quantity("L of the average", "loss at the moving average of the weights", |v, row| {
        number(v, Series::GdEmaLoss, row)
    }),
    quantity(
        "rises of L(w(t))",
        "steps at which the central flow's loss rose by more than rounding",
        |v, row| {
            let loss = |row| get(v, Series::CfLoss, row);
            let rises = (1..=row).filter(|&row| {
                loss(row - 1).zip(loss(row)).is_some_and(|(before, after)| after > before * (1.0 + 1e-6))
            });
            loss(row).map(|_| Value::Count(rises.count()))
        },
    ),
    quantity("rises of L", "steps at which gradient descent's loss rose", |v, row| {
        let loss = |row| get(v, Series::GdLoss, row);
        let rises = (1..=row)
            .filter(|&row| loss(row - 1).zip(loss(row)).is_some_and(|(before, after)| after > before));
        loss(row).map(|_| Value::Count(rises.count()))
    }),
    quantity("‖∇L‖²", "squared gradient norm of gradient descent", |v, row| {
        number(v, Series::GdGradNormSq, row)
    }),
    quantity("⟨‖∇L‖²⟩", "smoothed squared gradient norm of gradient descent", |v, row| {
        smooth(v, Curve::GradNormSq, row)
    }),
    quantity("‖∇L(w(t))‖²", "squared gradient norm of the central flow", |v, row| {
        number(v, Series::CfGradNormSq, row)
    }),
    quantity("S²x²", "what the oscillation adds to the squared gradient norm in this step", |v, row| {
        let [s, x] = [Series::CfLambda(0), Series::Displacement(0)].map(|series| get(v, series, row));
        Some(Value::Number((s? * x?).powi(2)))
    }),
    quantity("predicted ‖∇L‖²", "predicted time average of the squared gradient norm", |v, row| {
        number(v, Series::CfPredictedGradNormSq, row)
    }),
    quantity("error of ‖∇L‖²", "prediction against smoothed squared gradient norm", |v, row| {
        error(v, Series::CfPredictedGradNormSq, Curve::GradNormSq, row)
    }),
    quantity(
        "share of the bounce",
        "the oscillation's share of the predicted squared gradient norm",
        |v, row| {
            let own = get(v, Series::CfGradNormSq, row)? / get(v, Series::CfPredictedGradNormSq, row)?;
            Some(Value::Percent(100.0 * (1.0 - own)))
        },
    ),
    quantity("rank Σ", "rank of Σ", |v, row| Some(Value::Count(v.history.rank(row)))),
    quantity("first rank Σ", "rank of Σ at the first step", |v, _| Some(Value::Count(v.history.rank(0)))),
    quantity("tr Σ", "trace of Σ", |v, row| number(v, Series::CfSigmaTrace, row)),
    quantity("σ₁²", "largest eigenvalue of Σ", |v, row| or_zero(v, 0, row)),
    quantity("σ₂²", "second eigenvalue of Σ", |v, row| or_zero(v, 1, row)),
    quantity("σ₃²", "third eigenvalue of Σ", |v, row| or_zero(v, 2, row)),
    quantity("x", "displacement along the top eigenvector", |v, row| number(v, Series::Displacement(0), row)),
    quantity("|x|", "size of the displacement along the top eigenvector", |v, row| {
        Some(Value::Number(get(v, Series::Displacement(0), row)?.abs()))
    }),
    quantity("⟨x²⟩", "smoothed squared displacement along the top eigenvector", |v, row| {
        smooth(v, Curve::Variance(0), row)
    }),
    quantity("⟨x₂²⟩", "smoothed squared displacement along the second eigenvector", |v, row| {
        smooth(v, Curve::Variance(1), row)
    }),
    quantity("⟨x₃²⟩", "smoothed squared displacement along the third eigenvector", |v, row| {
        smooth(v, Curve::Variance(2), row)
    }),
    quantity("error of σ²", "σ₁² against the measured variance", |v, row| {
        error(v, Series::CfSigma(0), Curve::Variance(0), row)
    }),
    quantity("distance", "from gradient descent to the central flow", |v, row| {
        number(v, Series::DistanceGdCf, row)
    }),
    quantity("largest distance", "from gradient descent to the central flow so far", |v, row| {
        let (_, largest) = v.history.extremes(Series::DistanceGdCf, 0..row + 1)?;
        Some(Value::Number(largest))
    }),
    quantity("distance to the flow", "from gradient descent to the gradient flow", |v, row| {
        number(v, Series::DistanceGdGf, row)
    }),
    quantity("times nearer", "distance to the gradient flow over that to the central flow", |v, row| {
        Some(Value::Number(get(v, Series::DistanceGdGf, row)? / get(v, Series::DistanceGdCf, row)?))
    }),
    quantity("verdict", "the validity indicator", |v, row| {
        Some(Value::Words(light(&found(v, row)).map_or("nothing to check yet", Light::name).to_owned()))
    }),
    quantity("why", "the worst of the validity checks", |v, row| {
        let found = found(v, row);
        let light = light(&found)?;
        let worst = found.into_iter().find(|check| check.light == light)?;
        let value = worst.value.map_or(String::new(), |value| format!(" {}", short(value)));
        Some(Value::Words(match light {
            Light::Green => "every check holds".to_owned(),
            Light::Amber | Light::Red => format!("{}{value} ({})", worst.name, worst.reason),
        }))
    }),
];

/// A value at a row; for the sharpness of diverged gradient descent, the value at its last weights.
fn get(view: &RunView, series: Series, row: usize) -> Option<f64> {
    let stays = || match series {
        Series::GdLambda(_) => view.history.value(series, view.history.last_of_descent(row)),
        _ => None,
    };
    view.history.value(series, row).or_else(stays)
}

fn number(view: &RunView, series: Series, row: usize) -> Option<Value> {
    get(view, series, row).map(Value::Number)
}

fn smooth(view: &RunView, curve: Curve, row: usize) -> Option<Value> {
    view.curves.value(curve, row).map(Value::Number)
}

/// The largest of the finite values.
fn largest(values: impl Iterator<Item = f64>) -> Option<Value> {
    values.filter(|value| value.is_finite()).reduce(f64::max).map(Value::Number)
}

/// η λ_i/2.
fn of_edge(view: &RunView, i: usize, row: usize) -> Option<f64> {
    Some(0.5 * get(view, Series::Eta, row)? * get(view, Series::GdLambda(i), row)?)
}

/// One word for above the edge, one for at the edge, and one for below.
fn side(view: &RunView, i: usize, row: usize, [above, at, below]: [&str; 3]) -> Option<Value> {
    let share = of_edge(view, i, row).filter(|share| !share.is_nan())?;
    let word = match share {
        _ if (share - 1.0).abs() <= ROUNDING => at,
        _ if share > 1.0 => above,
        _ => below,
    };
    Some(Value::Words(word.to_owned()))
}

/// The step at which the gradient flow became too sharp to continue, and η·S there.
fn end_of_the_flow(view: &RunView, row: usize) -> Option<(usize, f64)> {
    view.history.events().iter().take_while(|(step, _)| *step <= row).find_map(|(step, event)| match event {
        Event::Outcome(Process::GradientFlow, StepOutcome::TooSharp { eta_s }) => Some((*step, *eta_s)),
        _ => None,
    })
}

/// The validity checks of a row.
fn found(view: &RunView, row: usize) -> Vec<Check> {
    checks(view.history, row, view.inspection, view.facts.kinks)
}

fn factor(view: &RunView, i: usize, row: usize) -> Option<Value> {
    of_edge(view, i, row).map(|share| Value::Number((1.0 - 2.0 * share).abs()))
}

/// The error of a prediction relative to the measured value, in percent.
fn error(view: &RunView, predicted: Series, measured: Curve, row: usize) -> Option<Value> {
    let measured = view.curves.value(measured, row)?;
    Some(Value::Percent(100.0 * (get(view, predicted, row)? - measured).abs() / measured))
}

/// An eigenvalue of Σ; 0 while Σ has a lower rank.
fn or_zero(view: &RunView, i: usize, row: usize) -> Option<Value> {
    get(view, Series::CfSigmaTrace, row)?;
    let sigma = get(view, Series::CfSigma(i), row).filter(|_| i < view.history.rank(row));
    Some(Value::Number(sigma.unwrap_or(0.0)))
}

/// A property of the cycle at a row, or of the one before.
fn cycle(
    view: &RunView,
    row: usize,
    of: impl Fn(&crate::run::analysis::cycles::Cycle) -> Value,
) -> Option<Value> {
    let cycles = view.curves.cycles();
    let cycle = cycles.at(row).map(|place| &cycles.all()[place]).or(cycles.previous(row))?;
    (!cycle.settled).then(|| of(cycle))
}

#[cfg(test)]
mod tests;
