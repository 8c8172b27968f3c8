//! The facts of the run at the cursor's step, or at the newest step.

use super::caption::caption;
use super::widgets::{grouped, short};
use crate::app::state::Model;
use crate::picture::style::theme::Palette;
use crate::run::record::series::Series;
use egui::{Label, Response, RichText, Ui};

/// One line about the cycle, one line of facts.
pub(super) fn status_ui(ui: &mut Ui, model: &Model) {
    let value = |series| model.row().and_then(|row| model.runs.first.history.value(series, row));
    // the answer to a question stays hidden until the audience has had time to think
    let said = if model.tour.asks() {
        "What happens next?".to_owned()
    } else if model.tour.asks_next() {
        "\u{a0}".to_owned()
    } else {
        caption(model)
    };
    ui.add(Label::new(said).truncate())
        .on_hover_text("⟨S⟩: the sharpness averaged over two steps, for S itself flickers");
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 5.0;
        fact_ui(ui, "seed", &model.current().run.seed.to_string());
        fact_ui(ui, "parameters", &grouped(model.runs.first.parameters));
        if let Some(row) = model.row() {
            let at = if model.view.plots.cursor.is_some() { "cursor at step" } else { "at step" };
            fact_ui(ui, at, &grouped(row));
            if let Some(k) = model.at_edge(row) {
                fact_ui(ui, "now at 2/η or above", &k.to_string()).on_hover_text(
                    "So many of gradient descent's eigenvalues are at 2/η, within 1.5%, or above it",
                );
            }
        }
        if let Some(eta) = value(Series::Eta) {
            fact_ui(ui, "2/η", &short(2.0 / eta));
        }
        let residual = "‖Hu − λu‖/|λ|: how well the eigenvectors have converged";
        for (name, series, meaning) in [
            ("λ₁", Series::GdLambda(0), "The sharpness: gradient descent's largest Hessian eigenvalue"),
            ("loss", Series::GdLoss, "Gradient descent's training loss"),
            ("HVPs/step", Series::Hvps, "Hessian-vector products that the step took, of all processes"),
            ("eigen-residual GD", Series::GdEigenResidual, residual),
            ("GF", Series::GfEigenResidual, residual),
            ("CF", Series::CfEigenResidual, residual),
        ] {
            if let Some(value) = value(series) {
                fact_ui(ui, name, &short(value)).on_hover_text(meaning);
            }
        }
        // measured at a fixed interval: the most recent measurement
        let every = model.current().run.test_every.unwrap_or(1);
        for (name, series) in [
            ("test loss", Series::TestLoss),
            ("train accuracy", Series::TrainAccuracy),
            ("test accuracy", Series::TestAccuracy),
        ] {
            let last = |row| model.runs.first.history.last_value(series, row, every.saturating_sub(1));
            if let Some(value) = model.row().and_then(last) {
                fact_ui(ui, name, &short(value));
            }
        }
        if let Some(rate) = model.runs.first.steps_per_second {
            fact_ui(ui, "steps/s", &short(rate.round().max(rate.min(10.0))));
        }
    });
}

fn fact_ui(ui: &mut Ui, name: &str, value: &str) -> Response {
    let label = ui.label(RichText::new(name).color(Palette::in_ui(ui).faint_text));
    let value = ui.label(RichText::new(value).strong());
    ui.add_space(9.0);
    label | value
}
