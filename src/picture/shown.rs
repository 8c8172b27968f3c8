//! What panels show over the steps, as columns of numbers: the lines as they are drawn, of the run and of every run that is
//! drawn over it.

use super::chart::trace::{Source, Trace};
use super::curves::Curve;
use super::panel::chart;
use super::theme::{Palette, Role, Weight};
use super::view::{Panel, RunView};
use crate::dynamics::Process;
use crate::run::Series;
use crate::run::csv::name_of_other;
use crate::run::predictions::Output;
use egui::Theme;

/// One column.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its name: that of `run.csv` where it is recorded, behind `run2_` and so on where it is another run's.
    pub name: String,
    trace: Trace,
}

impl Shown {
    /// Its value at a row; `None` where the run has none.
    pub fn value(&self, view: &RunView, row: usize) -> Option<f64> {
        self.trace.value(view, row)
    }
}

/// The lines of the panels, each once.
pub fn shown(panels: &[Panel], view: &RunView) -> Vec<Shown> {
    let palette = Palette::of(Theme::Light);
    let mut all: Vec<Shown> = Vec::new();
    for &panel in panels {
        let traces = match chart(panel, palette, view) {
            Some(mut chart) => {
                chart.complete(view);
                chart.traces
            }
            None => read(panel, palette, view),
        };
        for trace in traces {
            let Some(name) = name(panel, &trace, view) else { continue };
            if all.iter().all(|other| other.name != name) {
                // the step's own number, not what the axis makes of it
                let is_edge = name.ends_with(EDGE);
                let map = if is_edge { trace.map } else { |value| value };
                all.push(Shown { name, trace: Trace { map, ..trace } });
            }
        }
    }
    all
}

/// The name of 2/η.
const EDGE: &str = "edge_2_over_eta";

/// What a line is called; nothing for a level.
fn name(panel: Panel, trace: &Trace, view: &RunView) -> Option<String> {
    let own = match trace.source {
        Source::Recorded(Series::Eta) if panel == Panel::Sharpness => EDGE.to_owned(),
        Source::Recorded(series) => series.column_name(),
        Source::Derived(Curve::Loss) => format!("{}_smoothed", Series::GdLoss.column_name()),
        Source::Derived(Curve::GradNormSq) => format!("{}_smoothed", Series::GdGradNormSq.column_name()),
        Source::Derived(Curve::SquaredDisplacement(i)) => {
            format!("{}_squared", Series::Displacement(i).column_name())
        }
        Source::Derived(Curve::Variance(i)) => {
            format!("{}_squared_smoothed", Series::Displacement(i).column_name())
        }
        Source::Derived(Curve::Output) => {
            let found = view.history.predictions()?;
            format!("{}_smoothed", output_name(view.state.prediction.output(found.examples())))
        }
        Source::Output(output) => output_name(output),
        Source::Constant(_) => return None,
    };
    Some(match trace.overlay {
        None => own,
        Some(place) => name_of_other(place, &own),
    })
}

fn output_name(output: Output) -> String {
    let Output { process, example, row, column } = output;
    let process = match process {
        Process::GradientDescent => "gd",
        Process::GradientFlow => "gf",
        Process::CentralFlow => "cf",
    };
    format!("{process}_output_{}_{}_{}", example + 1, row + 1, column + 1)
}

/// What a panel that is no plot over the steps reads from the record, of this run alone.
fn read(panel: Panel, palette: &Palette, view: &RunView) -> Vec<Trace> {
    let each = |series: fn(usize) -> Series| (0..view.tracked(series)).map(series).collect::<Vec<_>>();
    let series = match panel {
        Panel::Cycles => vec![Series::Eta, Series::GdLambda(0), Series::Displacement(0), Series::GdLoss],
        Panel::Covariance => [each(Series::CfSigma), each(Series::Displacement)].concat(),
        Panel::Validity => {
            let residuals = vec![
                Series::GdEigenResidual,
                Series::CfEigenResidual,
                Series::CfComplementarityResidual,
                Series::CfCritical,
            ];
            [residuals, each(Series::CfLambda)].concat()
        }
        Panel::Wall => [vec![Series::Eta, Series::CfLambda(0)], each(Series::GdLambda)].concat(),
        Panel::LossWall => vec![Series::GdLoss, Series::CfPredictedLoss],
        Panel::Parabola => vec![Series::Eta, Series::GdLambda(0), Series::GdLambda(1)],
        // computed at one step, not recorded, or plots over the steps
        _ => Vec::new(),
    };
    let ink = palette.ink(Role::GradientDescent, Weight::Normal);
    let recorded = series.into_iter().filter(|&series| view.history.has(series));
    recorded.map(|series| Trace::recorded(series, ink, series.column_name())).collect()
}
