//! The content of panels over the steps, as columns of numbers: the lines as they are drawn, of the run and of every
//! run that is drawn over it.

use crate::picture::chart::trace::Trace;
use crate::picture::panel::chart;
use crate::picture::style::theme::{Palette, Role, Weight};
use crate::picture::view::panel::Panel;
use crate::picture::view::run_view::RunView;
use crate::picture::view::source::LineSource;
use crate::run::analysis::curves::Curve;
use crate::run::file::csv::name_of_other;
use crate::run::record::predictions::PredictedOutput;
use crate::run::record::series::Series;
use brink_core::dynamics::Process;
use egui::Theme;

/// One column.
#[derive(Clone, Debug)]
pub struct TableColumn {
    /// Its name: that of `run.csv` if it is recorded, after `run2_` and so on if it belongs to another run.
    pub name: String,
    trace: Trace,
}

impl TableColumn {
    /// Its value at a row; `None` if the run has none.
    pub fn value(&self, view: &RunView, row: usize) -> Option<f64> {
        self.trace.value(view, row)
    }
}

/// The lines of the panels, each once.
pub fn shown(panels: &[Panel], view: &RunView) -> Vec<TableColumn> {
    let palette = Palette::of(Theme::Light);
    let mut all: Vec<TableColumn> = Vec::new();
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
                // the step's own number, without the transform of the axis
                let is_edge = name.ends_with(EDGE);
                let map = if is_edge { trace.map } else { |value| value };
                all.push(TableColumn { name, trace: Trace { map, ..trace } });
            }
        }
    }
    all
}

/// The column name of 2/η.
const EDGE: &str = "edge_2_over_eta";

/// The column name of a line; `None` for a constant level.
fn name(panel: Panel, trace: &Trace, view: &RunView) -> Option<String> {
    let own = match trace.source {
        LineSource::Recorded(Series::Eta) if panel == Panel::Sharpness => EDGE.to_owned(),
        LineSource::Recorded(series) => series.column_name(),
        LineSource::Derived(Curve::Loss) => format!("{}_smoothed", Series::GdLoss.column_name()),
        LineSource::Derived(Curve::GradNormSq) => format!("{}_smoothed", Series::GdGradNormSq.column_name()),
        LineSource::Derived(Curve::SquaredDisplacement(i)) => {
            format!("{}_squared", Series::Displacement(i).column_name())
        }
        LineSource::Derived(Curve::Variance(i)) => {
            format!("{}_squared_smoothed", Series::Displacement(i).column_name())
        }
        LineSource::Derived(Curve::Output) => {
            let found = view.history.predictions()?;
            format!("{}_smoothed", output_name(view.state.prediction.output(found.examples())))
        }
        LineSource::Output(output) => output_name(output),
        LineSource::Constant(_) => return None,
    };
    Some(match trace.overlay {
        None => own,
        Some(place) => name_of_other(place, &own),
    })
}

fn output_name(output: PredictedOutput) -> String {
    let PredictedOutput { process, example, row, column } = output;
    let process = match process {
        Process::GradientDescent => "gd",
        Process::GradientFlow => "gf",
        Process::CentralFlow => "cf",
    };
    format!("{process}_output_{}_{}_{}", example + 1, row + 1, column + 1)
}

/// The recorded series that a panel reads if it is not a plot over the steps, of this run only.
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
        // computed at one step and not recorded, or plots over the steps
        _ => Vec::new(),
    };
    let ink = palette.ink(Role::GradientDescent, Weight::Normal);
    let recorded = series.into_iter().filter(|&series| view.history.has(series));
    recorded.map(|series| Trace::recorded(series, ink, series.column_name())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::view::run_view::Overlay;
    use crate::picture::view::{Facts, ViewState};
    use crate::run::analysis::curves::Curves;
    use crate::run::record::history::History;
    use brink_core::dynamics::{CentralFlowRecord, ProcessRecord, StepRecord};

    /// A run at the edge, with two eigenvalues, that oscillates with period 2.
    fn run(eta: f64, rows: usize) -> History {
        let mut history = History::new(2);
        for step in 0..rows {
            let swing = if step % 2 == 0 { 0.5 } else { -0.5 };
            let process =
                ProcessRecord { loss: 1.0 + swing, lambda: vec![2.0 / eta, 1.0], ..ProcessRecord::default() };
            let flow = CentralFlowRecord {
                state: process.clone(),
                sigma: vec![0.25],
                predicted_loss: Some(1.5),
                ..CentralFlowRecord::default()
            };
            history.push(&StepRecord {
                step,
                eta,
                gradient_descent: Some(process),
                central_flow: Some(flow),
                displacement: vec![swing, 0.1],
                ..StepRecord::default()
            });
        }
        history
    }

    #[test]
    fn columns_are_the_lines_as_they_are_drawn() {
        let (history, other) = (run(0.5, 60), run(0.25, 80));
        let (mut curves, mut others) = (Curves::default(), Curves::default());
        curves.update(&history, 5.0, usize::MAX);
        others.update(&other, 5.0, usize::MAX);
        let (facts, mut state) =
            (Facts::default(), ViewState { smoothing_steps: 5.0, ..ViewState::default() });
        let overlays = [Overlay { label: "a fork".into(), history: &other, from: 20, curves: Some(&others) }];
        let panels = [Panel::Sharpness, Panel::Loss, Panel::Variance, Panel::Displacement, Panel::Variance];
        let names = |state: &ViewState| -> Vec<String> {
            let view = RunView { overlays: &overlays, ..RunView::still(&history, &curves, &facts, state) };
            shown(&panels, &view).into_iter().map(|column| column.name).collect()
        };
        let all = names(&state);
        for name in [
            "gd_lambda_1",
            "gd_lambda_2",
            "edge_2_over_eta",
            "gd_loss",
            "gd_loss_smoothed",
            "cf_predicted_loss",
            "displacement_1_squared",
            "displacement_1_squared_smoothed",
            "cf_sigma_1",
            "displacement_1",
            "run2_gd_lambda_1",
            "run2_edge_2_over_eta",
            "run2_gd_loss_smoothed",
            "run2_displacement_1_squared_smoothed",
            "run2_cf_sigma_1",
        ] {
            assert_eq!(all.iter().filter(|other| *other == name).count(), 1, "{name} among {all:?}");
        }
        assert!(!all.iter().any(|name| name == "run2_gd_lambda_2"), "not drawn of another run");
        state.show_central_flow = false;
        assert!(names(&state).iter().all(|name| !name.contains("cf_")), "what is hidden is not shown");

        let view = RunView { overlays: &overlays, ..RunView::still(&history, &curves, &facts, &state) };
        let columns = shown(&panels, &view);
        let value = |name: &str, row: usize| {
            let column = columns.iter().find(|column| column.name == name).expect("it is among them");
            column.value(&view, row)
        };
        assert_eq!((value("edge_2_over_eta", 3), value("run2_edge_2_over_eta", 30)), (Some(4.0), Some(8.0)));
        assert_eq!(value("displacement_1_squared", 7), Some(0.25));
        assert_eq!((value("displacement_1", 7), value("run2_displacement_1", 7)), (Some(-0.5), None));
        let smoothed = value("gd_loss_smoothed", 30).expect("a mean");
        assert!((smoothed - 1.0).abs() < 0.05, "{smoothed}");
        assert_eq!((value("gd_loss", 70), value("run2_gd_loss", 70)), (None, Some(1.5)));
    }
}
