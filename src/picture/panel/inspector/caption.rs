//! The events at a step, in one line made of its current values.

use super::short;
use crate::picture::view::run_view::RunView;
use crate::run::analysis::cycles::{
    CyclePhase, comparable, is_constant, mean_sharpness, recent_mean_sharpness,
};
use crate::run::record::series::Series;

/// "⟨S⟩ = 1.07·2/η: the oscillation grows by the factor 1.14 a step". ⟨S⟩ is gradient descent's two-step mean. Its
/// change is determined from the next mean; at the last two steps, which lack successors, from the last step that has
/// them. |x| is the value at the step itself.
pub fn caption(view: &RunView, step: usize) -> String {
    let x = view.history.value(Series::Displacement(0), step);
    let here = recent_mean_sharpness(view.history, step);
    let step = if step < view.history.rows() { comparable(view.history, step) } else { step };
    let value = |series| view.history.value(series, step);
    let (Some(eta), Some(here), Some(mean)) = (value(Series::Eta), here, mean_sharpness(view.history, step))
    else {
        return "no sharpness is recorded here".to_owned();
    };
    let s = format!("⟨S⟩ = {:.2}·2/η", 0.5 * eta * here);
    let does = oscillation(0.5 * eta * here);
    if is_constant(view.history, step) {
        let s = format!("S = {:.2}·2/η", 0.5 * eta * here);
        return format!(
            "{s} at every point, as on any quadratic: the oscillation along the top eigenvector {does}"
        );
    }
    let x = x.map_or(String::new(), |x| format!(", |x| = {},", short(x.abs())));
    let lowers = mean_sharpness(view.history, step + 1).is_some_and(|next| next < mean);
    match view.curves.cycles().phase(step) {
        Some(CyclePhase::Sharpening) => format!("{s}: the sharpness rises, the oscillation {does}"),
        Some(CyclePhase::Growth | CyclePhase::Decay) => format!("{s}: the oscillation {does}"),
        Some(CyclePhase::Reduction) if lowers => {
            format!("{s}: the oscillation{x} is strong and lowers the sharpness")
        }
        Some(CyclePhase::Reduction) => format!("{s}: the oscillation{x} holds the sharpness back"),
        Some(CyclePhase::Settled) => {
            format!("{s}: a settled orbit of period 2; the oscillation{x} balances the sharpening")
        }
        None if view.history.rank(step) > 1 => {
            format!("{s}: several eigenvalues swing about the edge, no cycle of one")
        }
        None => format!("{s}: no cycle here"),
    }
}

/// The behaviour of an oscillation at a sharpness of `share` times 2/η.
fn oscillation(share: f64) -> String {
    let factor = (1.0 - 2.0 * share).abs();
    let written = |value: f64| format!("{value:.2}");
    if written(factor) == "1.00" {
        "keeps its size".to_owned()
    } else if written(share) == "1.00" {
        "all but keeps its size".to_owned()
    } else if factor > 1.0 {
        format!("grows by the factor {factor:.2} a step")
    } else {
        format!("shrinks by the factor {factor:.2} a step")
    }
}

#[cfg(test)]
mod tests {
    use super::oscillation;

    #[test]
    fn an_oscillation_grows_shrinks_or_keeps_its_size() {
        assert_eq!(oscillation(1.125), "grows by the factor 1.25 a step");
        assert_eq!(oscillation(0.9), "shrinks by the factor 0.80 a step");
        for share in [0.9951, 1.0049] {
            assert_eq!(oscillation(share), "all but keeps its size", "beside 1.00·2/η");
        }
        assert_eq!(oscillation(1.002), "keeps its size");
    }
}
