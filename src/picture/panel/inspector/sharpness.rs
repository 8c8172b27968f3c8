//! The change of the sharpness: four predicted parts compared with the measurement, and the growth of the
//! oscillation.

use super::{ROW_HEIGHT, bar, inspected, note, sentence, short, signed, write};
use crate::picture::style::theme::Palette;
use crate::picture::view::run_view::RunView;
use brink_core::dynamics::inspection::{Center, SharpnessChange, Term};
use egui::{Align2, Color32, Rect, Sense, Ui, WidgetInfo, pos2, vec2};

/// Width of the names left of the bars.
const NAME_WIDTH: f32 = 150.0;
/// Width of the numbers right of the bars.
const NUMBER_WIDTH: f32 = 62.0;

pub(super) fn sharpness_change_ui(ui: &mut Ui, view: &RunView) {
    let Some(inspection) = inspected(ui, view) else { return };
    let k = inspection.expansion.x.len();
    let step = inspection.step;
    if k > 1 {
        let off = |lambda: &f64| 100.0 * (1.0 - 0.5 * inspection.eta * lambda).abs();
        // the display has a precision of a tenth of a percent
        let off = inspection.lambda[..k].iter().map(off).fold(0.1, f64::max);
        let rank = view.history.rank(step);
        let (at, so_far) = match inspection.center {
            Center::CentralFlow if rank < k => ("w(t)", format!(", though Σ has rank {rank} so far")),
            Center::CentralFlow => ("w(t)", String::new()),
            Center::Average => ("⟨w⟩", String::new()),
        };
        note(
            ui,
            &format!(
                "Step {step}: at {at} the first {k} eigenvalues lie within {off:.1}% of 2/η and mix; S is their mean here{so_far}"
            ),
        );
    }
    if let Some(change) = &inspection.two_step {
        let of = if k > 1 { "Mean".to_owned() } else { format!("Step {step}: mean") };
        note(ui, &format!("{of} with the next step{}", agreement(change)));
        parts_ui(ui, change, k);
    }
    if let Some(change) = &inspection.sharpness {
        note(ui, &format!("This step alone{}", agreement(change)));
        parts_ui(ui, change, k);
    } else {
        note(ui, "gradient descent goes no further: nothing to measure");
    }
    if let Some(predicted) = inspection.growth_predicted {
        let measured = inspection.growth_measured.map_or("not measured".to_owned(), short);
        sentence(
            ui,
            &format!("Growth a step: |1 − ηS| = {} predicted, {measured} measured", short(predicted)),
        );
        note(ui, "S: gradient descent's two-step mean; measured on second differences of ⟨u, w⟩");
    }
}

/// The error of the prediction, as a share of the parts, which largely cancel.
fn agreement(change: &SharpnessChange) -> String {
    let size: f64 = change.parts.iter().map(|part| part.abs()).sum();
    let off = 100.0 * (change.predicted() - change.measured).abs() / size;
    if off.is_finite() { format!("; predicted is off by {off:.1}% of its parts") } else { String::new() }
}

/// The parts, their sum, and the measured change, as bars, with k critical eigenvectors.
fn parts_ui(ui: &mut Ui, change: &SharpnessChange, k: usize) {
    let palette = Palette::in_ui(ui);
    let [sharpening, alternating, push, across] = change.parts;
    let (alternates, pushes) = match k {
        0 | 1 => ("alternating −ηxS⟨u, ∇S⟩", "push −½ηx²‖∇S‖²"),
        _ => ("alternating −η∑xᵢλᵢ⟨uᵢ, ∇S⟩", "push −½η∑xᵢxⱼ⟨Tᵢⱼ, ∇S⟩"),
    };
    let rows: [(&str, f64, Color32); 6] = [
        ("sharpening −η⟨∇S, ∇L⟩", sharpening, palette.term(Term::Gradient)),
        (alternates, alternating, palette.term(Term::Oscillation)),
        (pushes, push, palette.term(Term::Push)),
        ("across u −η⟨Hd, ∇S⟩", across, palette.term(Term::Orthogonal)),
        ("predicted: their sum", change.predicted(), palette.text),
        ("measured", change.measured, palette.faint_text),
    ];
    let most = rows.iter().map(|row| row.1.abs()).filter(|v| v.is_finite()).fold(0.0, f64::max);
    let width = ui.available_width();
    let spacing = std::mem::take(&mut ui.spacing_mut().item_spacing.y);
    for (i, (name, value, color)) in rows.into_iter().enumerate() {
        let (line, response) = ui.allocate_exact_size(vec2(width, ROW_HEIGHT - 2.0), Sense::hover());
        response.widget_info(|| {
            WidgetInfo::labeled(egui::Role::Label, true, format!("{name} {}", signed(value)))
        });
        let painter = ui.painter();
        if i == 4 {
            painter.hline(line.x_range(), line.top(), (1.0, palette.grid));
        }
        write(painter, Align2::LEFT_CENTER, pos2(line.left() + 2.0, line.center().y), name, palette.text);
        let right = line.right() - NUMBER_WIDTH;
        let room = Rect::from_x_y_ranges(
            line.left() + NAME_WIDTH..=right.max(line.left() + NAME_WIDTH),
            line.y_range(),
        );
        bar(painter, room, value, most, true, color);
        write(
            painter,
            Align2::RIGHT_CENTER,
            pos2(line.right() - 2.0, line.center().y),
            &signed(value),
            palette.text,
        );
    }
    ui.spacing_mut().item_spacing.y = spacing;
    ui.add_space(4.0);
}
