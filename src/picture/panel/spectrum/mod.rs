//! The spectrum of the Hessian at one step: the number of eigenvalues per bin on a logarithmic axis, with the edge
//! 2/η and the tracked eigenvalues marked.

pub mod plot;

use super::inspector::{note, short, title_ui};
use crate::picture::scene::of_view::ending;
use crate::picture::style::theme::{Palette, Role};
use crate::picture::view::panel::Panel;
use crate::picture::view::run_view::RunView;
use crate::run::live::spectra::{FoundSpectra, Spectra};
use brink_core::dynamics::Process;
use brink_core::spectrum::Distribution;
use brink_core::spectrum::distribution::SpectrumMethod;
use egui::{Rect, Sense, Ui, UiBuilder, WidgetInfo, vec2};

/// Smallest plot that is drawn.
const LEAST_PLOT: f32 = 60.0;

/// The spectra at gradient descent's and the central flow's weights.
pub(super) fn spectrum_ui(ui: &mut Ui, view: &RunView) {
    let Some(body) = title_ui(ui, Panel::Spectrum) else { return };
    let mut ui = ui.new_child(UiBuilder::new().max_rect(body).id_salt("spectrum"));
    ui.spacing_mut().item_spacing.y = 3.0;
    let nothing = Spectra::default();
    let Spectra { found, progress, trouble } = view.spectra.unwrap_or(&nothing);
    if let Some((step, share)) = progress {
        progress_ui(&mut ui, *step, *share);
    }
    if let Some(trouble) = trouble {
        note(&mut ui, trouble);
    }
    let Some(found) = found else {
        if progress.is_none() && trouble.is_none() {
            note(
                &mut ui,
                "computed in the background while this panel is shown: at the cursor, or every few seconds",
            );
        }
        return;
    };
    for trouble in &found.troubles {
        note(&mut ui, &format!("Step {}: {trouble}", found.step));
    }
    let shown = shown(view, found);
    let ended: Vec<String> =
        [(Process::GradientDescent, &found.gradient_descent), (Process::CentralFlow, &found.central_flow)]
            .into_iter()
            .filter(|(process, found)| {
                found.is_none() && (*process != Process::CentralFlow || view.state.show_central_flow)
            })
            .filter_map(|(process, _)| ending(process, view.history))
            .collect();
    if shown.is_empty() {
        let why = if ended.is_empty() {
            "neither process runs here, or this is a recording".to_owned()
        } else {
            ended.join("; ")
        };
        return note(&mut ui, &format!("Step {}: no weights to take the Hessian at: {why}", found.step));
    }
    for ended in ended {
        note(&mut ui, &format!("Step {}: {ended}, and has no spectrum", found.step));
    }
    note(&mut ui, &heading(found, &shown));
    for (name, _, distribution) in &shown {
        note(&mut ui, &summary(name, distribution, found.eta));
    }
    let room = ui.available_rect_before_wrap();
    if room.height() < LEAST_PLOT || room.width() < 2.0 * LEAST_PLOT {
        return;
    }
    let response = ui.allocate_rect(room, Sense::hover());
    let words: Vec<String> =
        shown.iter().map(|(name, _, distribution)| summary(name, distribution, found.eta)).collect();
    let words = format!("Spectrum at step {}. {}", found.step, words.join(". "));
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &words));
    let pointer = response.hover_pos().filter(|_| view.controls);
    plot::draw(&ui, room, (view, found), &shown, pointer);
}

/// The distributions to draw, from back to front.
fn shown<'a>(view: &RunView, found: &'a FoundSpectra) -> Vec<(&'static str, Role, &'a Distribution)> {
    let central = found.central_flow.as_ref().filter(|_| view.state.show_central_flow);
    let descent = found.gradient_descent.as_ref().map(|d| ("gradient descent", Role::GradientDescent, d));
    let central = central.map(|d| ("central flow", Role::CentralFlow, d));
    descent.into_iter().chain(central).filter(|(.., d)| !d.atoms.is_empty()).collect()
}

/// The method by which the numbers were computed.
fn heading(found: &FoundSpectra, shown: &[(&'static str, Role, &Distribution)]) -> String {
    let (step, (_, _, first)) = (found.step, &shown[0]);
    match first.source {
        SpectrumMethod::Dense => format!(
            "Step {step}: all {} eigenvalues, in bins of width {} (computed in {:.1} s)",
            first.dim(),
            short(plot::bin_width(found, shown)),
            found.took.as_secs_f64(),
        ),
        SpectrumMethod::Quadrature { probes, steps } => format!(
            "Step {step}: density of {:.0} eigenvalues by Lanczos quadrature ({probes} random vectors, {steps} steps), \
             broadened by σ = {}, per {} (computed in {:.1} s)",
            first.dim(),
            short(plot::broadening(found, shown)),
            short(plot::bin_width(found, shown)),
            found.took.as_secs_f64(),
        ),
    }
}

/// Summary of a spectrum in three numbers.
fn summary(name: &str, distribution: &Distribution, eta: f64) -> String {
    let [low, high] = distribution.range().unwrap_or_default();
    let dim = distribution.dim();
    let edge = 2.0 / eta;
    let above = dim - distribution.cumulative(edge);
    // Rounding leaves zero eigenvalues on either side of zero.
    let negative = distribution.cumulative(-1e-4 * high.abs().max(low.abs()));
    format!(
        "{name}: from {} to {} = {:.3}·2/η, {:.0} above 2/η, {:.0}% negative",
        short(low),
        short(high),
        high / edge,
        above.max(0.0),
        (100.0 * negative / dim).max(0.0),
    )
}

/// The progress of the computation.
fn progress_ui(ui: &mut Ui, step: usize, share: f32) {
    let palette = Palette::in_ui(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 4.0), Sense::hover());
    let words = format!("spectrum at step {step}: {:.0}% computed", 100.0 * share);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::ProgressIndicator, true, &words));
    ui.painter().rect_filled(rect, 2.0, palette.grid);
    let done = Rect::from_min_size(rect.min, vec2(share.clamp(0.0, 1.0) * rect.width(), rect.height()));
    ui.painter().rect_filled(done, 2.0, palette.color(Role::GradientDescent));
    response.on_hover_text(words);
}
