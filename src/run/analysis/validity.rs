//! The degree to which the central flow's theory can be trusted at a step, with reasons.
//!
//! | check | green up to | red beyond |
//! |---|---|---|
//! | Taylor remainder / the larger of −η(∇L(w_t) − ∇L(w̄)) and 2√trΣ | 0.1 | 0.3 |
//! | gradient descent's sharpness over 2/η, averaged over two steps | 1.25 | 1.5 |
//! | gap (λ_k − λ_{k+1})/λ_k below the critical eigenvalues | 0.02 (at least) | 0.002 (below) |
//! | relative KKT residual of the complementarity problem | 1e-8 | 1e-5 |
//! | relative eigen-residual ‖Hu − λu‖/\|λ\| | 1e-3 | 1e-2 |
//! | ‖w_GD − w_CF‖ / ‖w_CF‖ | 0.03 | 0.15 |
//! | the central flow lies above the edge | never | always |
//! | the network has kinks | never | never: amber |
//!
//! Far above the edge the oscillation changes by a large factor per step, and an average over time has no meaning.
//! Values in between are amber. The overall light is the worst of the checks; NaN is red. The remainder and the
//! distance need an inspected step and are omitted without one. The remainder is compared with the displacement per
//! step of an oscillation of the predicted strength, −ηxS u = −2x u at the edge, if the present oscillation is
//! weaker: between two bursts there is almost none, and a remainder of such a step does not contradict a theory of
//! the average. A remainder below a thousandth of the step −η∇L(w_t) is green whatever its share.

use super::cycles::recent_mean_sharpness;
use crate::run::record::history::History;
use crate::run::record::series::Series;
use brink_core::dynamics::Inspection;
use brink_core::dynamics::inspection::{Center, Term};

/// The value up to which a check is green, and the value beyond which it is red.
const REMAINDER: [f64; 2] = [0.1, 0.3];
const OVERSHOOT: [f64; 2] = [1.25, 1.5];
const COMPLEMENTARITY: [f64; 2] = [1e-8, 1e-5];
const EIGEN_RESIDUAL: [f64; 2] = [1e-3, 1e-2];
const DISTANCE: [f64; 2] = [0.03, 0.15];
/// The value from which on a check is green, and the value below which it is red.
const GAP: [f64; 2] = [0.02, 0.002];

/// A traffic light.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Light {
    /// The theory holds.
    Green,
    /// The theory holds with reservations.
    Amber,
    /// The theory does not hold.
    Red,
}

impl Light {
    /// The name of the light.
    pub fn name(self) -> &'static str {
        match self {
            Self::Green => "holds",
            Self::Amber => "with reservations",
            Self::Red => "does not hold",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The name of the check.
    pub name: &'static str,
    /// Its definition, in a sentence.
    pub meaning: &'static str,
    /// Its value, if it is a matter of degree.
    pub value: Option<f64>,
    /// The value up to which (from which on, if it should be large) the light is green, and the value beyond which it
    /// is red.
    pub bounds: Option<[f64; 2]>,
    /// The resulting light.
    pub light: Light,
    /// The reason, in words.
    pub reason: &'static str,
}

/// The light of a quantity that should be small.
fn small(value: f64, [green, red]: [f64; 2]) -> Light {
    if value <= green {
        Light::Green
    } else if value <= red {
        Light::Amber
    } else {
        Light::Red
    }
}

/// All checks that can be made at a row of a run whose network may have kinks; `inspection` is used if it belongs to
/// that row.
pub fn checks(history: &History, row: usize, inspection: Option<&Inspection>, kinks: bool) -> Vec<Check> {
    let inspection = inspection.filter(|inspection| inspection.step == row);
    let mut checks = Vec::new();
    let flow_runs = history.value(Series::CfLoss, row).is_some();
    if flow_runs && history.value(Series::CfPredictedLoss, row).is_none() {
        checks.push(Check {
            name: "above the edge",
            meaning: "The central flow's sharpness over 2/η",
            value: history
                .value(Series::CfLambda(0), row)
                .zip(history.value(Series::Eta, row))
                .map(|(lambda, eta)| 0.5 * lambda * eta),
            bounds: None,
            light: Light::Red,
            reason: "the central flow lies above 2/η, where it predicts nothing",
        });
    }
    if flow_runs && kinks {
        checks.push(Check {
            name: "kinks",
            meaning: "Points where the activation has no derivative, as ReLU at 0",
            value: None,
            bounds: None,
            light: Light::Amber,
            reason: "the third derivative misses what the activation's kinks contribute",
        });
    }
    checks.extend(overshoot(history, row));
    if let Some(inspection) = inspection {
        checks.push(remainder(inspection, history.value(Series::CfSigmaTrace, row)));
        if inspection.center == Center::CentralFlow {
            checks.push(distance(inspection));
        }
    }
    checks.extend(gap(history, row));
    checks.extend(complementarity(history, row));
    checks.extend(eigen_residual(history, row));
    checks
}

/// The worst of the checks; `None` if nothing could be checked.
pub fn light(checks: &[Check]) -> Option<Light> {
    checks.iter().map(|check| check.light).max()
}

/// The remainder as a share of the displacement per step of an oscillation of the predicted strength; infinite or NaN
/// without one.
pub fn remainder_of_predicted(inspection: &Inspection, sigma_trace: Option<f64>) -> f64 {
    let predicted = 2.0 * sigma_trace.unwrap_or(0.0).max(0.0).sqrt();
    inspection.expansion.term(Term::Remainder).norm / predicted
}

fn remainder(inspection: &Inspection, sigma_trace: Option<f64>) -> Check {
    let expansion = &inspection.expansion;
    // NaN remains if the step itself is NaN
    let value = expansion.relative_remainder();
    let of_predicted = remainder_of_predicted(inspection, sigma_trace);
    let value = if of_predicted < value { of_predicted } else { value };
    let negligible = expansion.term(Term::Remainder).norm <= 1e-3 * expansion.step.norm;
    let light = if negligible { Light::Green } else { small(value, REMAINDER) };
    let reason = match light {
        Light::Green => "the cubic model explains the step",
        Light::Amber => "terms beyond the cubic model are felt",
        Light::Red => "terms beyond the cubic model rule the step",
    };
    Check {
        name: "Taylor remainder",
        meaning: "What the terms of the series leave of the step, as a share of what those after the first make up, or of what an oscillation of the predicted strength would, whichever is more",
        value: Some(value),
        bounds: Some(REMAINDER),
        light,
        reason,
    }
}

fn overshoot(history: &History, row: usize) -> Option<Check> {
    let mean = recent_mean_sharpness(history, row)?;
    let value = 0.5 * history.value(Series::Eta, row)? * mean;
    let light = small(value, OVERSHOOT);
    let reason = match light {
        Light::Green => "not far above the edge, or below it",
        Light::Amber => "above the edge: the oscillation changes fast",
        Light::Red => "far above the edge: the oscillation changes too fast to be averaged",
    };
    Some(Check {
        name: "⟨S⟩·η/2 of GD",
        meaning: "Gradient descent's sharpness over 2/η, averaged over two steps",
        value: Some(value),
        bounds: Some(OVERSHOOT),
        light,
        reason,
    })
}

fn distance(inspection: &Inspection) -> Check {
    let value = inspection.distance / inspection.weight_norm;
    let light = small(value, DISTANCE);
    let reason = match light {
        Light::Green => "gradient descent follows the central flow",
        Light::Amber => "gradient descent has come away",
        Light::Red => "gradient descent is elsewhere: restart the flows here",
    };
    Check {
        name: "‖w_GD − w_CF‖/‖w_CF‖",
        meaning: "The distance of gradient descent's weights wₜ to the central flow's w(t), as a share of the length of w(t)",
        value: Some(value),
        bounds: Some(DISTANCE),
        light,
        reason,
    }
}

fn gap(history: &History, row: usize) -> Option<Check> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
    let critical = history.value(Series::CfCritical, row).map_or(1, |k| (k as usize).max(1));
    let of_flow = history.value(Series::CfLambda(0), row).is_some();
    let lambda = |i| history.value(if of_flow { Series::CfLambda(i) } else { Series::GdLambda(i) }, row);
    let (last, next) = (lambda(critical - 1)?, lambda(critical)?);
    let value = (last - next) / last;
    let light = if value >= GAP[0] {
        Light::Green
    } else if value >= GAP[1] {
        Light::Amber
    } else {
        Light::Red
    };
    let reason = match light {
        Light::Green => "the critical eigenvectors stand apart",
        Light::Amber => "the next eigenvalue is near: eigenvectors mix",
        Light::Red => "the next eigenvalue is as large: its eigenvector belongs to the critical ones",
    };
    Some(Check {
        name: "gap to the next eigenvalue",
        meaning: "How far the largest eigenvalue that is not at the edge lies below those that are, as a share of them",
        value: Some(value),
        bounds: Some(GAP),
        light,
        reason,
    })
}

fn complementarity(history: &History, row: usize) -> Option<Check> {
    let value = history.value(Series::CfComplementarityResidual, row)?;
    let light = small(value, COMPLEMENTARITY);
    let reason = match light {
        Light::Green => "Σ is solved for",
        Light::Amber => "Σ is solved for loosely",
        Light::Red => "Σ could not be solved for and is taken as 0",
    };
    Some(Check {
        name: "complementarity residual",
        meaning: "How well Σ obeys the three conditions that determine it: no eigenvalue above 2/η, no negative variance, and none where the Hessian is below the edge",
        value: Some(value),
        bounds: Some(COMPLEMENTARITY),
        light,
        reason,
    })
}

fn eigen_residual(history: &History, row: usize) -> Option<Check> {
    let residuals =
        [Series::GdEigenResidual, Series::CfEigenResidual].map(|series| history.value(series, row));
    // A NaN must not be lost.
    let worse = |a: f64, b: f64| if a.is_nan() || a > b { a } else { b };
    let value = residuals.into_iter().flatten().reduce(worse)?;
    let light = small(value, EIGEN_RESIDUAL);
    let reason = match light {
        Light::Green => "eigenvalues and eigenvectors have converged",
        Light::Amber => "eigenvectors are rough: lower eigen.tolerance",
        Light::Red => "eigenvectors have not converged: lower eigen.tolerance, raise eigen.max_hvps",
    };
    Some(Check {
        name: "eigen-residual",
        meaning: "‖Hu − λu‖/|λ|: how well the eigenvectors have converged",
        value: Some(value),
        bounds: Some(EIGEN_RESIDUAL),
        light,
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::Light::{Amber, Green, Red};
    use super::*;
    use brink_core::dynamics::{CentralFlowRecord, ProcessRecord, StepRecord};

    fn row(eigen_residual: f64, complementarity_residual: f64, second: f64) -> History {
        let mut history = History::new(2);
        let state = ProcessRecord { lambda: vec![20.0, second], eigen_residual, ..ProcessRecord::default() };
        history.push(&StepRecord {
            eta: 0.1,
            gradient_descent: Some(state.clone()),
            central_flow: Some(CentralFlowRecord {
                state,
                critical: 1,
                complementarity_residual,
                predicted_loss: Some(1.0),
                ..CentralFlowRecord::default()
            }),
            ..StepRecord::default()
        });
        history
    }

    fn lights(history: &History) -> Vec<(&'static str, Light)> {
        checks(history, 0, None, false).into_iter().map(|check| (check.name, check.light)).collect()
    }

    #[test]
    fn each_check_has_its_bounds_and_nan_is_red() {
        let [gap, kkt, residual] =
            ["gap to the next eigenvalue", "complementarity residual", "eigen-residual"];
        let all = |gap_light, kkt_light, residual_light| {
            vec![(gap, gap_light), (kkt, kkt_light), (residual, residual_light)]
        };
        assert_eq!(lights(&row(1e-5, 1e-12, 15.0)), all(Green, Green, Green));
        assert_eq!(lights(&row(5e-3, 1e-7, 19.7)), all(Amber, Amber, Amber));
        assert_eq!(lights(&row(0.1, f64::NAN, 19.99)), all(Red, Red, Red));
        assert_eq!(light(&checks(&row(f64::NAN, 0.0, 15.0), 0, None, false)), Some(Red));
        assert_eq!(light(&checks(&History::new(1), 0, None, false)), None);
    }

    #[test]
    fn a_flow_above_the_edge_predicts_nothing() {
        let mut history = History::new(1);
        let flow = CentralFlowRecord {
            state: ProcessRecord { lambda: vec![30.0], ..ProcessRecord::default() },
            ..CentralFlowRecord::default()
        };
        history.push(&StepRecord { eta: 0.1, central_flow: Some(flow), ..StepRecord::default() });
        let found = checks(&history, 0, None, false);
        let above = found.iter().find(|check| check.name == "above the edge").unwrap();
        assert!(above.light == Light::Red && above.value.is_some_and(|value| (value - 1.5).abs() < 1e-12));
    }

    #[test]
    fn a_sharpness_that_outruns_the_oscillation_is_said() {
        let lights = [22.0, 27.0, 36.0].map(|sharpness| {
            let mut history = History::new(1);
            for (step, flicker) in [-1.0, 1.0].into_iter().enumerate() {
                let state = ProcessRecord { lambda: vec![sharpness + flicker], ..ProcessRecord::default() };
                history.push(&StepRecord {
                    step,
                    eta: 0.1,
                    gradient_descent: Some(state),
                    ..StepRecord::default()
                });
            }
            [0, 1].map(|row| checks(&history, row, None, false)[0].light)
        });
        assert_eq!(lights, [[Green; 2], [Amber; 2], [Red; 2]]);
    }

    #[test]
    fn kinks_are_a_reservation_wherever_the_flow_runs() {
        let history = row(1e-5, 1e-12, 15.0);
        assert_eq!(light(&checks(&history, 0, None, false)), Some(Green));
        let found = checks(&history, 0, None, true);
        assert_eq!(light(&found), Some(Amber));
        assert!(found[0].value.is_none() && found[0].reason.contains("kinks"));
        assert_eq!(checks(&History::new(1), 0, None, true), [], "there is no flow");
    }
}
