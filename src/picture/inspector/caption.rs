//! What happens at a step, in one line made of its current values.

use super::short;
use crate::picture::run_view::RunView;
use crate::run::cycles::{comparable, is_constant, mean_sharpness, recent_mean_sharpness};
use crate::run::{Phase, Series};

/// "⟨S⟩ = 1.07·2/η: the oscillation grows by the factor 1.14 a step". ⟨S⟩ is gradient descent's two-step mean. What it does is told
/// by the next one: at the last two steps, which lack successors, by those of the last step that has them. |x| is the step's own.
pub fn caption(view: &RunView, step: usize) -> String {
    let x = view.history.value(Series::Displacement(0), step);
    let (asked, here) = (step, recent_mean_sharpness(view.history, step));
    let step = if step < view.history.rows() { comparable(view.history, step) } else { step };
    let value = |series| view.history.value(series, step);
    let (Some(eta), Some(here), Some(mean)) = (value(Series::Eta), here, mean_sharpness(view.history, step))
    else {
        return "no sharpness is recorded here".to_owned();
    };
    let s = format!("⟨S⟩ = {:.2}·2/η", 0.5 * eta * here);
    let does = oscillation((1.0 - eta * here).abs());
    if is_constant(view.history, step) {
        let s = format!("S = {:.2}·2/η", 0.5 * eta * here);
        return format!(
            "{s} at every point, as on any quadratic: the oscillation along the top eigenvector {does}"
        );
    }
    let x = x.map_or(String::new(), |x| format!(", |x| = {},", short(x.abs())));
    let next = mean_sharpness(view.history, step + 1);
    let change = next.map_or(String::new(), |next| {
        let (how, by) = if next < mean { ("lowers", mean - next) } else { ("still raises", next - mean) };
        // at the newest steps, that of a step before
        let by = if step == asked { format!(" by {} a step", short(by)) } else { String::new() };
        format!(" {how} the sharpness{by}")
    });
    match view.curves.cycles().phase(step) {
        Some(Phase::Sharpening) => format!("{s}: the sharpness rises, the oscillation {does}"),
        Some(Phase::Growth | Phase::Decay) => format!("{s}: the oscillation {does}"),
        Some(Phase::Reduction) if change.contains("lowers") => {
            format!("{s}: the oscillation{x} is strong and{change}")
        }
        Some(Phase::Reduction) => format!("{s}: the oscillation{x} holds the sharpness back"),
        Some(Phase::Settled) => {
            format!("{s}: a settled orbit of period 2; the oscillation{x} balances the sharpening")
        }
        None if view.history.rank(step) > 1 => {
            format!("{s}: several eigenvalues share the edge, no cycle of one")
        }
        None => format!("{s}: no cycle here"),
    }
}

/// What an oscillation does that is multiplied by ±`factor` in a step.
fn oscillation(factor: f64) -> String {
    match format!("{factor:.2}").as_str() {
        "1.00" => "keeps its size".to_owned(),
        shown if factor > 1.0 => format!("grows by the factor {shown} a step"),
        shown => format!("shrinks by the factor {shown} a step"),
    }
}

#[cfg(test)]
mod tests {
    use super::oscillation;

    #[test]
    fn an_oscillation_grows_shrinks_or_keeps_its_size() {
        assert_eq!(oscillation(1.25), "grows by the factor 1.25 a step");
        assert_eq!(oscillation(0.98), "shrinks by the factor 0.98 a step");
        assert_eq!(
            (oscillation(1.0), oscillation(0.9963)),
            ("keeps its size".into(), "keeps its size".into())
        );
    }
}
