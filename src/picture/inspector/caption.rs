//! What happens at a step, in one line made of its current values.

use super::short;
use crate::picture::run_view::RunView;
use crate::run::cycles::{comparable, is_constant, mean_sharpness};
use crate::run::{Phase, Series};

/// An oscillation that shrinks by no more than this factor a step keeps its size, for what can be seen.
const STEADY: f64 = 0.97;

/// "⟨S⟩ = 1.07·2/η: the oscillation grows by the factor 1.14 a step". ⟨S⟩ is gradient descent's two-step mean, compared with the
/// next one: at the last two steps, which lack successors, those of the last step that has them. |x| is the step's own.
pub fn caption(view: &RunView, step: usize) -> String {
    let x = view.history.value(Series::Displacement(0), step);
    let step = if step < view.history.rows() { comparable(view.history, step) } else { step };
    let value = |series| view.history.value(series, step);
    let (Some(eta), Some(mean)) = (value(Series::Eta), mean_sharpness(view.history, step)) else {
        return "no sharpness is recorded here".to_owned();
    };
    let s = format!("⟨S⟩ = {:.2}·2/η", 0.5 * eta * mean);
    let factor = format!("{:.2}", (1.0 - eta * mean).abs());
    if is_constant(view.history, step) {
        let s = format!("S = {:.2}·2/η", 0.5 * eta * mean);
        let how = if (1.0 - eta * mean).abs() > 1.0 { "grows" } else { "shrinks" };
        return format!(
            "{s} at every point, as on any quadratic: the oscillation along u₁ {how} by the factor {factor} a step"
        );
    }
    let x = x.map_or(String::new(), |x| format!(", |x| = {},", short(x.abs())));
    let next = mean_sharpness(view.history, step + 1);
    let change = next.map_or(String::new(), |next| {
        let (how, by) = if next < mean { ("lowers", mean - next) } else { ("still raises", next - mean) };
        format!(" {how} it by {} a step", short(by))
    });
    match view.curves.cycles().phase(step) {
        Some(Phase::Sharpening) if (1.0 - eta * mean).abs() > STEADY => {
            format!("{s}: the sharpness rises, the oscillation keeps its size")
        }
        Some(Phase::Sharpening) => {
            format!("{s}: the sharpness rises, the oscillation shrinks by the factor {factor} a step")
        }
        Some(Phase::Growth) => format!("{s}: the oscillation grows by the factor {factor} a step"),
        Some(Phase::Reduction) if change.contains("lowers") => {
            format!("{s}: the oscillation{x} is strong and{change}")
        }
        Some(Phase::Reduction) => format!("{s}: the oscillation{x} holds the sharpness back"),
        Some(Phase::Decay) => format!("{s}: the oscillation shrinks by the factor {factor} a step"),
        Some(Phase::Settled) => {
            format!("{s}: a settled orbit of period 2; the oscillation{x} balances the sharpening")
        }
        None if view.history.rank(step) > 1 => {
            format!("{s}: several eigenvalues are at the edge, no cycle of one")
        }
        None => format!("{s}: no cycle here"),
    }
}
