//! The line of the plots to which a live number belongs.

use super::quantity::Quantity;
use crate::picture::view::source::LineSource;
use crate::run::analysis::curves::Curve;
use crate::run::record::series::Series;

impl Quantity {
    /// The line of which it is a value, or from which it is computed.
    pub fn line(self) -> Option<LineSource> {
        let recorded = |series| Some(LineSource::Recorded(series));
        match self.name() {
            "η" | "2/η" => recorded(Series::Eta),
            "S" | "S start" | "S·η/2" | "⟨S⟩·η/2" | "start S·η/2" | "1−ηS" | "|1−ηS|" | "overshoot"
            | "⟨overshoot⟩" | "S above or below" | "S rises or falls" | "cycle peak S·η/2" | "cycle drop"
            | "edge step" => recorded(Series::GdLambda(0)),
            "λ₂" | "λ₂·η/2" | "1−ηλ₂" | "|1−ηλ₂|" | "λ₂ above or below" => {
                recorded(Series::GdLambda(1))
            }
            "λ₃" | "λ₃·η/2" => recorded(Series::GdLambda(2)),
            "S(w(t))" | "S(w(t))·η/2" => recorded(Series::CfLambda(0)),
            "λ₂(w(t))·η/2" => recorded(Series::CfLambda(1)),
            "λ₃(w(t))·η/2" => recorded(Series::CfLambda(2)),
            "S of the flow" | "S of the flow·η/2" | "ηS at the end of the flow" => {
                recorded(Series::GfLambda1)
            }
            "L" | "L start" | "L lowest" | "L before" | "rises of L" => recorded(Series::GdLoss),
            "⟨L⟩" => Some(LineSource::Derived(Curve::Loss)),
            "L(w(t))" | "rises of L(w(t))" => recorded(Series::CfLoss),
            "L of the flow" => recorded(Series::GfLoss),
            "L+trΣ/η" | "trΣ/η" | "error of L" | "error of trΣ/η" => recorded(Series::CfPredictedLoss),
            "L of the average" => recorded(Series::GdEmaLoss),
            "‖∇L‖²" => recorded(Series::GdGradNormSq),
            "⟨‖∇L‖²⟩" => Some(LineSource::Derived(Curve::GradNormSq)),
            "‖∇L(w(t))‖²" => recorded(Series::CfGradNormSq),
            "predicted ‖∇L‖²" | "error of ‖∇L‖²" | "share of the bounce" => {
                recorded(Series::CfPredictedGradNormSq)
            }
            "σ₁²" | "tr Σ" | "error of σ²" => recorded(Series::CfSigma(0)),
            "σ₂²" => recorded(Series::CfSigma(1)),
            "σ₃²" => recorded(Series::CfSigma(2)),
            "x" | "|x|" | "S²x²" | "grows or shrinks" => recorded(Series::Displacement(0)),
            "⟨x²⟩" => Some(LineSource::Derived(Curve::Variance(0))),
            "⟨x₂²⟩" => Some(LineSource::Derived(Curve::Variance(1))),
            "⟨x₃²⟩" => Some(LineSource::Derived(Curve::Variance(2))),
            "distance" | "largest distance" => recorded(Series::DistanceGdCf),
            "distance to the flow" | "times nearer" => recorded(Series::DistanceGdGf),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::style::equation;
    use crate::tour::chapter::CardBlock;
    use crate::tour::quantity::QUANTITIES;

    #[test]
    fn every_number_of_an_equation_and_most_others_have_a_line() {
        for card in crate::tour::chapters().expect("chapters").iter().flat_map(|chapter| &chapter.cards) {
            for block in &card.blocks {
                let CardBlock::Equation(text) = block else { continue };
                for name in equation::names(text) {
                    let quantity = Quantity::named(&name).expect("a quantity");
                    assert!(quantity.line().is_some(), "{name}");
                }
            }
        }
        let named = QUANTITIES.iter().filter(|quantity| quantity.line().is_some()).count();
        assert!(named >= 50, "{named}");
    }
}
