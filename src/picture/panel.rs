//! The panels: which lines each shows, in the grammar of the field.
//!
//! Gradient descent is coloured and solid (raw values faint, smoothed ones thick), the central flow black (white on
//! dark), solid for a state and dashed for its prediction of a time average, gradient flow red and dashed, 2/η dotted.
//! Gradient flow lies on top: below the edge it is the central flow, and its dashes let that one be seen.

use super::chart::scale::subscript;
use super::chart::{Chart, trace::Trace};
use super::curves::Curve;
use super::inspector::inspector_ui;
use super::parabola::parabola_ui;
use super::predictions::predictions_ui;
use super::scene::weight_space_ui;
use super::spectrum::spectrum_ui;
use super::theme::{Palette, Role, Weight};
use super::view::{Panel, RunView, ViewChange};
use super::wall::wall_ui;
use crate::run::Series;
use egui::Ui;

/// Draws a panel into all the room there is.
pub fn panel_ui(ui: &mut Ui, panel: Panel, view: &RunView, changes: &mut Vec<ViewChange>) {
    match panel {
        Panel::Sharpness => sharpness_ui(ui, view, changes),
        Panel::Loss => loss_ui(ui, view, changes),
        Panel::GradientNorm => gradient_norm_ui(ui, view, changes),
        Panel::Variance => variance_ui(ui, view, changes),
        Panel::Displacement => displacement_ui(ui, view, changes),
        Panel::Distance => distance_ui(ui, view, changes),
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

/// The recorded series that a panel draws, or derives its curves from.
pub fn panel_series(panel: Panel, view: &RunView) -> Vec<Series> {
    let each = |series: fn(usize) -> Series| (0..view.tracked(series)).map(series).collect::<Vec<_>>();
    match panel {
        Panel::Sharpness => {
            let fixed = vec![Series::Eta, Series::GfLambda1];
            [fixed, each(Series::GdLambda), each(Series::CfLambda)].concat()
        }
        Panel::Loss => {
            let test = Some(Series::TestLoss).filter(|&series| view.history.has(series));
            let fixed = [Series::GdLoss, Series::CfLoss, Series::CfPredictedLoss, Series::GfLoss];
            fixed.into_iter().chain(test).collect()
        }
        Panel::GradientNorm => vec![
            Series::GdGradNormSq,
            Series::CfGradNormSq,
            Series::CfPredictedGradNormSq,
            Series::GfGradNormSq,
        ],
        Panel::Variance => [each(Series::Displacement), each(Series::CfSigma)].concat(),
        Panel::Displacement => vec![Series::Displacement(0), Series::CfSigma(0)],
        Panel::Distance => vec![Series::DistanceGdCf, Series::DistanceGdGf],
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
        // Computed at one step, not recorded, or no series.
        Panel::Terms | Panel::SharpnessChange | Panel::WeightSpace | Panel::Predictions | Panel::Spectrum => {
            Vec::new()
        }
        Panel::Wall => [vec![Series::Eta, Series::CfLambda(0)], each(Series::GdLambda)].concat(),
        Panel::LossWall => vec![Series::GdLoss, Series::CfPredictedLoss],
        Panel::Parabola => vec![Series::Eta, Series::GdLambda(0), Series::GdLambda(1)],
    }
}

const WAITING: &str = "waiting for the first step";
const NO_CENTRAL_FLOW: &str = "needs gradient descent and the central flow";

/// Raw values: labelled where no smoothed curve is.
fn raw(view: &RunView, trace: Trace) -> Trace {
    let trace = trace.soft();
    if view.state.smoothing_steps > 0.0 { trace } else { trace.end("GD") }
}

fn smoothed_name(view: &RunView) -> String {
    format!("GD smoothed (σ = {} steps)", view.state.smoothing_steps)
}

/// The tracked eigenvalues of gradient descent, those of the central flow, the gradient flow's λ₁, and 2/η.
pub fn sharpness_ui(ui: &mut Ui, view: &RunView, changes: &mut Vec<ViewChange>) {
    let palette = Palette::in_ui(ui);
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
    // Past the edge the gradient flow's goes many times as high: it may leave the panel, or 2/η could not be read.
    traces.push(
        Trace::recorded(Series::GfLambda1, ink(Role::GradientFlow), "gradient flow λ₁").end("GF").soft(),
    );
    Chart { panel: Panel::Sharpness, traces, zero: false, ranks: true, empty: WAITING }
        .show(ui, view, changes);
}

/// Gradient descent's loss, raw and smoothed, against the flows and the prediction.
pub fn loss_ui(ui: &mut Ui, view: &RunView, changes: &mut Vec<ViewChange>) {
    let palette = Palette::in_ui(ui);
    let gd = |weight| palette.ink(Role::GradientDescent, weight);
    let ink = |role| palette.ink(role, Weight::Normal);
    let mut traces = vec![
        raw(view, Trace::recorded(Series::GdLoss, gd(Weight::Raw), "GD")),
        Trace::derived(Curve::Loss, gd(Weight::Smoothed), smoothed_name(view)).end("GD").main(),
    ];
    if view.state.show_central_flow {
        traces.extend([
            Trace::recorded(Series::CfLoss, ink(Role::CentralFlow), "central flow L(w(t))").end("CF"),
            Trace::recorded(Series::CfPredictedLoss, ink(Role::Prediction), "prediction L + tr Σ/η")
                .end("pred."),
        ]);
    }
    traces.push(Trace::recorded(Series::GfLoss, ink(Role::GradientFlow), "gradient flow").end("GF"));
    if view.history.has(Series::GdEmaLoss) {
        let name = "L at GD's averaged weights";
        traces.push(Trace::recorded(Series::GdEmaLoss, ink(Role::Eigen(2)), name).end("avg."));
    }
    if view.history.has(Series::TestLoss) {
        let name = "L of GD on the test data";
        traces.push(Trace::recorded(Series::TestLoss, ink(Role::Eigen(3)), name).end("test").soft());
    }
    Chart { panel: Panel::Loss, traces, zero: false, ranks: false, empty: WAITING }.show(ui, view, changes);
}

/// Gradient descent's squared gradient norm, raw and smoothed, against the central flow's and the prediction.
pub fn gradient_norm_ui(ui: &mut Ui, view: &RunView, changes: &mut Vec<ViewChange>) {
    let palette = Palette::in_ui(ui);
    let gd = |weight| palette.ink(Role::GradientDescent, weight);
    let ink = |role| palette.ink(role, Weight::Normal);
    let mut traces = vec![
        raw(view, Trace::recorded(Series::GdGradNormSq, gd(Weight::Raw), "GD")),
        Trace::derived(Curve::GradNormSq, gd(Weight::Smoothed), smoothed_name(view)).end("GD").main(),
    ];
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
        .show(ui, view, changes);
}

/// The measured squared displacement along each eigenvector of Σ, raw and smoothed, against Σ's eigenvalues.
pub fn variance_ui(ui: &mut Ui, view: &RunView, changes: &mut Vec<ViewChange>) {
    let palette = Palette::in_ui(ui);
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
    Chart { panel: Panel::Variance, traces, zero: true, ranks: true, empty }.show(ui, view, changes);
}

/// Gradient descent's displacement from the central flow along v₁, inside the predicted standard deviation.
pub fn displacement_ui(ui: &mut Ui, view: &RunView, changes: &mut Vec<ViewChange>) {
    let palette = Palette::in_ui(ui);
    let color = palette.ink(Role::Eigen(0), Weight::Raw);
    let displacement = Trace::recorded(Series::Displacement(0), color, "GD: x = ⟨v₁, w − w(t)⟩").end("x");
    let predicted = view.state.show_central_flow && view.history.has(Series::CfSigma(0));
    let mut traces = vec![displacement];
    if predicted {
        let ink = palette.ink(Role::Prediction, Weight::Normal);
        traces.extend([
            Trace::recorded(Series::CfSigma(0), ink, "prediction ±σ₁").map(f64::sqrt).end("+σ₁"),
            Trace::recorded(Series::CfSigma(0), ink, "−σ₁").map(|v| -v.sqrt()).end("−σ₁").unlisted(),
        ]);
    }
    Chart { panel: Panel::Displacement, traces, zero: true, ranks: false, empty: NO_CENTRAL_FLOW }
        .show(ui, view, changes);
}

/// How far gradient descent is from the central flow (near), and from the gradient flow (far).
pub fn distance_ui(ui: &mut Ui, view: &RunView, changes: &mut Vec<ViewChange>) {
    let palette = Palette::in_ui(ui);
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
    .show(ui, view, changes);
}
