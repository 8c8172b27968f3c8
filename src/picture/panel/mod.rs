//! The panels: the lines that each shows, with the usual meaning of colours and dashes.
//!
//! Gradient descent is coloured and solid (raw values faint, smoothed ones thick); the central flow is black (white
//! on dark), solid for a state and dashed for its prediction of a time average; gradient flow is red and dashed; 2/η
//! is dotted. Gradient flow is drawn on top: below the edge it coincides with the central flow, which remains visible
//! through its dashes.

pub mod inspector;
pub mod parabola;
pub mod predictions;
pub mod spectrum;
pub mod wall;

use super::chart::Chart;
use super::chart::trace::Trace;
use super::scene::panel::weight_space_ui;
use super::style::numbers::subscript;
use super::style::theme::{Palette, Role, Weight};
use super::view::ViewChange;
use super::view::panel::Panel;
use super::view::run_view::RunView;
use crate::run::analysis::curves::Curve;
use crate::run::record::series::Series;
use egui::Ui;
use inspector::inspector_ui;
use parabola::parabola_ui;
use predictions::{predictions, predictions_ui};
use spectrum::spectrum_ui;
use wall::wall_ui;

/// Draws a panel into the available room.
pub fn panel_ui(ui: &mut Ui, panel: Panel, view: &RunView, changes: &mut Vec<ViewChange>) {
    match panel {
        Panel::Sharpness
        | Panel::Loss
        | Panel::GradientNorm
        | Panel::Variance
        | Panel::Displacement
        | Panel::Distance => {
            if let Some(chart) = chart(panel, Palette::in_ui(ui), view) {
                chart.show(ui, view, changes);
            }
        }
        Panel::Cycles | Panel::Terms | Panel::SharpnessChange | Panel::Covariance | Panel::Validity => {
            inspector_ui(ui, panel, view, changes);
        }
        Panel::WeightSpace => weight_space_ui(ui, view, changes),
        Panel::Parabola => parabola_ui(ui, view),
        Panel::Wall | Panel::LossWall => wall_ui(ui, panel, view),
        Panel::Predictions => predictions_ui(ui, view, changes),
        Panel::Spectrum => spectrum_ui(ui, view),
    }
}

/// The chart of a plot over the steps; `None` for the other panels.
pub(super) fn chart(panel: Panel, palette: &Palette, view: &RunView) -> Option<Chart> {
    match panel {
        Panel::Sharpness => Some(sharpness(palette, view)),
        Panel::Loss => Some(loss(palette, view)),
        Panel::GradientNorm => Some(gradient_norm(palette, view)),
        Panel::Variance => Some(variance(palette, view)),
        Panel::Displacement => Some(displacement(palette, view)),
        Panel::Distance => Some(distance(palette, view)),
        Panel::Predictions => Some(predictions(palette, view)),
        _ => None,
    }
}

const WAITING: &str = "waiting for the first step";
const NO_CENTRAL_FLOW: &str = "needs gradient descent and the central flow";

/// Raw values: labelled if there is no smoothed curve.
fn raw(view: &RunView, trace: Trace) -> Trace {
    if view.smooths() { trace.soft() } else { trace.main().end("GD") }
}

/// The axis need not show all of this line next to the central flow and its prediction.
fn smoothed(view: &RunView, trace: Trace) -> Trace {
    let trace = trace.end("⟨GD⟩");
    if view.state.show_central_flow { trace.main() } else { trace }
}

/// Faint behind a smoothed curve.
fn raw_weight(view: &RunView) -> Weight {
    if view.smooths() { Weight::Raw } else { Weight::Normal }
}

fn smoothed_name(view: &RunView) -> String {
    format!("GD smoothed (σ = {} steps)", view.state.smoothing_steps)
}

/// The tracked eigenvalues of gradient descent, those of the central flow, the gradient flow's λ₁, and 2/η.
fn sharpness(palette: &Palette, view: &RunView) -> Chart {
    let ink = |role| palette.ink(role, Weight::Normal);
    let mut traces = Vec::new();
    for i in 0..view.tracked(Series::GdLambda) {
        let name = format!("GD λ{}", subscript(i + 1));
        let label = format!("λ{}", subscript(i + 1));
        traces.push(Trace::recorded(Series::GdLambda(i), ink(Role::Eigen(i)), name).end(label));
    }
    traces
        .push(Trace::recorded(Series::Eta, ink(Role::Threshold), "edge 2/η").map(|eta| 2.0 / eta).end("2/η"));
    if view.state.show_central_flow {
        for i in 0..view.tracked(Series::CfLambda) {
            let name = if i == 0 {
                "central flow".to_owned()
            } else {
                format!("central flow λ{}", subscript(i + 1))
            };
            let trace = Trace::recorded(Series::CfLambda(i), ink(Role::CentralFlow), name);
            traces.push(if i == 0 { trace } else { trace.unlisted() });
        }
    }
    // Beyond the edge the gradient flow's λ₁ is many times as high: it may leave the panel, otherwise 2/η would be
    // unreadable.
    traces.push(
        Trace::recorded(Series::GfLambda1, ink(Role::GradientFlow), "gradient flow λ₁").end("GF").soft(),
    );
    Chart { panel: Panel::Sharpness, traces, zero: false, ranks: true, empty: WAITING }
}

/// Gradient descent's loss, raw and smoothed, compared with the flows and the prediction.
fn loss(palette: &Palette, view: &RunView) -> Chart {
    let gd = |weight| palette.ink(Role::GradientDescent, weight);
    let ink = |role| palette.ink(role, Weight::Normal);
    let mut traces = vec![raw(view, Trace::recorded(Series::GdLoss, gd(raw_weight(view)), "GD"))];
    if view.smooths() {
        traces.push(smoothed(view, Trace::derived(Curve::Loss, gd(Weight::Smoothed), smoothed_name(view))));
    }
    if view.state.show_central_flow {
        traces.extend([
            Trace::recorded(Series::CfLoss, ink(Role::CentralFlow), "central flow L(w(t))").end("CF"),
            Trace::recorded(Series::CfPredictedLoss, ink(Role::Prediction), "prediction L + tr Σ/η")
                .end("pred."),
        ]);
    }
    traces.push(Trace::recorded(Series::GfLoss, ink(Role::GradientFlow), "gradient flow").end("GF"));
    if view.has(Series::GdEmaLoss) {
        let name = "L at GD's averaged weights";
        traces.push(Trace::recorded(Series::GdEmaLoss, ink(Role::Eigen(2)), name).end("avg."));
    }
    if view.has(Series::TestLoss) {
        let name = "L of GD on the test data";
        traces.push(Trace::recorded(Series::TestLoss, ink(Role::Eigen(3)), name).end("test").soft());
    }
    Chart { panel: Panel::Loss, traces, zero: false, ranks: false, empty: WAITING }
}

/// Gradient descent's squared gradient norm, raw and smoothed, compared with the central flow's and the prediction.
fn gradient_norm(palette: &Palette, view: &RunView) -> Chart {
    let gd = |weight| palette.ink(Role::GradientDescent, weight);
    let ink = |role| palette.ink(role, Weight::Normal);
    let mut traces = vec![raw(view, Trace::recorded(Series::GdGradNormSq, gd(raw_weight(view)), "GD"))];
    if view.smooths() {
        traces.push(smoothed(
            view,
            Trace::derived(Curve::GradNormSq, gd(Weight::Smoothed), smoothed_name(view)),
        ));
    }
    if view.state.show_central_flow {
        traces.extend([
            Trace::recorded(Series::CfGradNormSq, ink(Role::CentralFlow), "central flow ‖∇L(w(t))‖²")
                .end("CF"),
            Trace::recorded(
                Series::CfPredictedGradNormSq,
                ink(Role::Prediction),
                "prediction ‖∇L‖² + (4/η²) tr Σ",
            )
            .end("pred."),
        ]);
    }
    traces.push(
        Trace::recorded(Series::GfGradNormSq, ink(Role::GradientFlow), "gradient flow").end("GF").soft(),
    );
    Chart { panel: Panel::GradientNorm, traces, zero: false, ranks: false, empty: WAITING }
}

/// The measured squared displacement along each eigenvector of Σ, raw and smoothed, compared with Σ's eigenvalues.
fn variance(palette: &Palette, view: &RunView) -> Chart {
    let mut traces = Vec::new();
    let count = view.tracked(Series::CfSigma);
    for i in 0..count {
        let ink = |weight| palette.ink(Role::Eigen(i), weight);
        let index = subscript(i + 1);
        let raw =
            Trace::derived(Curve::SquaredDisplacement(i), ink(Weight::Raw), format!("⟨v{index}, w − w(t)⟩²"));
        let raw = raw.soft();
        traces.push(if i == 0 { raw } else { raw.unlisted() });
    }
    for i in 0..count {
        let index = subscript(i + 1);
        let name = if i == 0 {
            format!("v{index} smoothed (σ = {} steps)", view.state.smoothing_steps)
        } else {
            format!("v{index}")
        };
        let ink = palette.ink(Role::Eigen(i), Weight::Smoothed);
        traces.push(Trace::derived(Curve::Variance(i), ink, name).end(format!("v{index}")));
    }
    for i in 0..if view.state.show_central_flow { count } else { 0 } {
        let name = if i == 0 {
            "prediction: eigenvalues of Σ".to_owned()
        } else {
            format!("σ{}²", subscript(i + 1))
        };
        let trace = Trace::recorded(Series::CfSigma(i), palette.ink(Role::Prediction, Weight::Normal), name);
        traces.push(if i == 0 { trace } else { trace.unlisted() }.end(format!("σ{}²", subscript(i + 1))));
    }
    let empty = if view.history.has(Series::CfLoss) {
        "Σ = 0: no eigenvalue has come to the edge yet"
    } else {
        NO_CENTRAL_FLOW
    };
    Chart { panel: Panel::Variance, traces, zero: true, ranks: true, empty }
}

/// Gradient descent's displacement from the central flow along v₁, inside the predicted standard deviation.
fn displacement(palette: &Palette, view: &RunView) -> Chart {
    let color = palette.ink(Role::Eigen(0), Weight::Raw);
    let displacement =
        Trace::recorded(Series::Displacement(0), color, "GD: x = ⟨v₁, w − w(t)⟩").end("x").burst();
    let predicted = view.state.show_central_flow && view.has(Series::CfSigma(0));
    let mut traces = vec![displacement];
    if predicted {
        let ink = palette.ink(Role::Prediction, Weight::Normal);
        traces.extend([
            Trace::recorded(Series::CfSigma(0), ink, "prediction ±σ₁").map(f64::sqrt).end("+σ₁"),
            Trace::recorded(Series::CfSigma(0), ink, "−σ₁").map(|v| -v.sqrt()).end("−σ₁").unlisted(),
        ]);
    }
    Chart { panel: Panel::Displacement, traces, zero: true, ranks: false, empty: NO_CENTRAL_FLOW }
}

/// The distances of gradient descent from the central flow (small) and from the gradient flow (large).
fn distance(palette: &Palette, view: &RunView) -> Chart {
    let ink = |role| palette.ink(role, Weight::Normal);
    let mut traces = Vec::new();
    if view.state.show_central_flow {
        let ink = ink(Role::CentralFlow);
        traces.push(Trace::recorded(Series::DistanceGdCf, ink, "to central flow").end("CF"));
    }
    let ink = ink(Role::GradientFlow);
    traces.push(Trace::recorded(Series::DistanceGdGf, ink, "to gradient flow").end("GF"));
    Chart {
        panel: Panel::Distance,
        traces,
        zero: true,
        ranks: false,
        empty: "needs gradient descent and a flow",
    }
}
